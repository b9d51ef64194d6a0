"""The labels of a task with a bar of their F1 at one layer."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from bertscope_tui.data.hygiene import clean
from bertscope_tui.inspection.views import Look
from bertscope_tui.probes.labels import LabelRow
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import LineList, Run

_NUMBERS = 13
_NARROWEST = 8
_EIGHTHS = " ▏▎▍▌▋▊▉"


class LabelList(LineList):
    """A line for each label; the cursor stays in its place as the layer changes.

    It marks the name alone, and leaves the bar its colour.
    """

    WHOLE_ROW = False

    def __init__(self, look: Look) -> None:
        super().__init__(id="labels", title="labels")
        self._look = look
        self._rows: tuple[LabelRow, ...] = ()

    @property
    def row_count(self) -> int:
        """Return the number of lines: a heading and the labels."""
        return 1 + len(self._rows)

    @property
    def selected(self) -> str | None:
        """Return the label under the cursor."""
        place = self.cursor - 1
        return self._rows[place].label if 0 <= place < len(self._rows) else None

    def selectable(self, index: int) -> bool:
        """The heading cannot be chosen."""
        return index > 0

    def show(self, rows: Sequence[LabelRow], *, look: Look | None = None) -> None:
        """List these labels."""
        same = [row.label for row in rows] == [row.label for row in self._rows]
        self._rows, self._look = tuple(rows), look or self._look
        if not same:
            self.set_reactive(LineList.cursor, 1 if rows else 0)
        self.rows_changed()

    def row(self, index: int, width: int) -> list[Run]:
        """Return the heading, or a label with its bar, F1 and share of the targets."""
        longest = max((cell_len(clean(row.label)) for row in self._rows), default=0)
        name = max(min(longest, (width - _NUMBERS) // 2), _NARROWEST)
        bar = max(width - name - _NUMBERS - 1, 0)
        if index == 0:
            head = f"{set_cell_size('label', name)} {' ' * bar}{'F1':>6}{'share':>7}"
            return [(head, ink(None, bold=True, dim=True))]
        row = self._rows[index - 1]
        label = clean(row.label)
        if cell_len(label) > name:
            label = f"{set_cell_size(label, name - 1)}{'~' if self._look.ascii else '…'}"
        f1 = "-" if row.f1 is None else f"{100 * row.f1:.1f}"
        share = "-" if row.share is None else f"{100 * row.share:.1f}"
        here = index == self.cursor
        style = ink(None, bold=here, reverse=here and self.has_focus, underline=here)
        return [
            (set_cell_size(label, name), style),
            (" ", ink(None)),
            (self._bar(row.f1 or 0.0, bar), ink(self._look.theme.colours.get("primary"))),
            (f"{f1:>6}", ink(None, bold=True)),
            (f"{share:>7}", ink(None, dim=True)),
        ]

    def _bar(self, value: float, room: int) -> str:
        if self._look.ascii:
            return ("#" * round(value * room)).ljust(room)
        whole, rest = divmod(round(value * room * 8), 8)
        return ("█" * whole + (_EIGHTHS[rest] if rest else "")).ljust(room)
