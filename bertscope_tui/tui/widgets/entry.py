"""A line to type in whose keys take effect in the order in which they were pressed."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.widgets import Input


class Entry(Input):
    """An input that acts on Enter and on the up and down arrows itself, at once.

    Textual runs bindings only after the key went up to the app, while letters are taken in on
    the spot: of keys that wait together, as in a paste or on a slow line, Enter would come after
    what was typed behind it.
    """

    def __init__(
        self,
        *,
        placeholder: str,
        enter: Callable[[str], None] | None = None,
        arrow: Callable[[int], None] | None = None,
        tab: Callable[[], None] | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        """``enter`` gets the text on Enter (None: it is posted as submitted).

        ``arrow`` gets 1 for down and -1 for up; ``tab`` is called on Tab.
        """
        super().__init__(placeholder=placeholder, id=id)
        self._enter = enter
        self._arrow = arrow
        self._tab = tab

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter" and self._enter is not None:
            self._enter(self.value)
        elif event.key == "enter":
            await self.action_submit()
        elif event.key in ("up", "down") and self._arrow is not None:
            self._arrow(1 if event.key == "down" else -1)
        elif event.key == "tab" and self._tab is not None:
            self._tab()
        else:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
