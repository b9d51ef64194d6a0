"""A line to type in that takes Enter when it is pressed."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class Entry(Input):
    """An input whose submitted value is what stood there when Enter was pressed.

    Textual runs the binding of Enter only after the event went up to the app, and by then the
    keys typed after it may have become part of the value.
    """

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            await self.action_submit()
        else:
            await super()._on_key(event)
