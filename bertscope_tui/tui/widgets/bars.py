"""The three one-line bars: status on top, pane tabs of the folded layout, keys at the bottom."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from bertscope_tui.tui.actions import Action
from bertscope_tui.tui.theming import ink

Run = tuple[str, Style]


class Bar(Widget):
    """One line of styled text, cut at the right edge."""

    DEFAULT_CSS = "Bar { height: 1; }"

    def line(self, width: int) -> list[Run]:
        """Return the runs of the line; for subclasses to say."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        width, base = self.size.width, self.rich_style
        strip = Strip([Segment(text, base + style) for text, style in self.line(width)])
        return strip.adjust_cell_length(width, base)


class StatusBar(Bar):
    """Model, data set and sample on the left; what the engine does on the right."""

    def __init__(self) -> None:
        super().__init__(id="status")
        self._left = " bertscope"
        self._right = ""
        self._busy = False

    def show(self, left: str, right: str, *, busy: bool) -> None:
        """Show both sides; the right one has two thirds of the line where they do not both fit."""
        if (left, right, busy) != (self._left, self._right, self._busy):
            self._left, self._right, self._busy = left, right, busy
            self.refresh()

    def line(self, width: int) -> list[Run]:
        """Return both sides, as far apart as the width allows."""
        right = _cut(self._right, width * 2 // 3)
        left = _cut(self._left, max(width - cell_len(right) - 2, 1))
        gap = max(width - cell_len(left) - cell_len(right) - 1, 0)
        return [
            (left, ink(None, bold=True)),
            (" " * gap, Style.null()),
            (right, ink(None, bold=self._busy)),
        ]


def _cut(text: str, room: int) -> str:
    """Return a text that fits, with a sign where some of it was cut off."""
    return text if cell_len(text) <= room else f"{set_cell_size(text, max(room - 1, 0))}…"


class PaneTabs(Bar):
    """The panes by name, where not all are on screen at once."""

    class PaneClicked(Message):
        """The user clicked a pane's name."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, panes: Sequence[tuple[str, str]]) -> None:
        super().__init__(id="tabs")
        self._panes = tuple(panes)
        self._active = ""

    def show(self, active: str) -> None:
        """Mark the pane that has the focus."""
        if active != self._active:
            self._active = active
            self.refresh()

    def line(self, width: int) -> list[Run]:
        """Return the names, the active one reversed and in brackets."""
        runs: list[Run] = []
        for pane, name in self._panes:
            active = pane == self._active
            text = f"[{name}]" if active else f" {name} "
            runs.append((text, ink(None, bold=active, reverse=active)))
        hint = "  Tab: next pane"
        if sum(len(text) for text, _ in runs) + len(hint) <= width:
            runs.append((hint, ink(None, dim=True)))
        return runs

    def on_click(self, event: events.Click) -> None:
        """Go to the pane whose name was clicked."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        start = 0
        for pane, name in self._panes:
            if start <= offset.x < start + len(name) + 2:
                self.post_message(self.PaneClicked(pane))
            start += len(name) + 2


class KeyBar(Bar):
    """The keys that matter most, as many as fit; a click does what the key does."""

    class KeyClicked(Message):
        """The user clicked an action."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(
        self, actions: Sequence[Action], first: Sequence[tuple[str, str, str]] = ()
    ) -> None:
        """Show the actions with a footer; ``first`` has (key, word, action) that go before them."""
        super().__init__(id="keys")
        self._entries = [(f" {key} ", f"{word} ", action) for key, word, action in first] + [
            (f" {action.shown.split('  ')[0]} ", f"{action.footer} ", action.name)
            for action in actions
            if action.footer
        ]

    def line(self, width: int) -> list[Run]:
        """Return the entries that fit, the last two before the others."""
        runs: list[Run] = []
        for key, text, _ in self._fitting(width):
            runs += [(key, ink(None, bold=True)), (text, ink(None, dim=True))]
        return runs

    def on_click(self, event: events.Click) -> None:
        """Do what the clicked entry says."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        start = 0
        for key, text, action in self._fitting(self.size.width):
            if start <= offset.x < start + len(key) + len(text):
                self.post_message(self.KeyClicked(action))
            start += len(key) + len(text)

    def _fitting(self, width: int) -> list[tuple[str, str, str]]:
        last = self._entries[-2:]
        room = width - sum(len(key) + len(text) for key, text, _ in last)
        kept = []
        for entry in self._entries[:-2]:
            room -= len(entry[0]) + len(entry[1])
            if room < 0:
                break
            kept.append(entry)
        return kept + last
