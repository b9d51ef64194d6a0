"""What is known of the sample under the cursor of the table: why, answers, marks."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from bertscope_tui.analysis.failures import TITLES
from bertscope_tui.data.hygiene import clean
from bertscope_tui.scans.table import Table
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.wrapping import broken

_LABEL = 11
_WHY_LINES = 3
_LONGEST = 2000

_Line = tuple[str, str]


class DetailPane(Widget):
    """A few lines about one sample; the most telling ones come first and are cut last."""

    def __init__(self, *, ascii_only: bool) -> None:
        super().__init__(id="detail")
        self._cut = "~" if ascii_only else "…"
        self._table: Table | None = None
        self._row: int | None = None

    def show(self, table: Table | None, row: int | None) -> None:
        """Show the sample with this number in the table, or nothing."""
        self._table, self._row = table, row
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one line."""
        width, base = self.size.width, self.rich_style
        lines = self._lines(width)
        if y >= len(lines):
            return Strip.blank(width, base)
        label, text = lines[y]
        strip = Strip(
            [
                Segment(f" {label:<{_LABEL - 1}}", base + ink(None, dim=True)),
                Segment(text, base + ink(None)),
            ]
        )
        return strip.adjust_cell_length(width, base)

    def _lines(self, width: int) -> list[_Line]:
        table, row = self._table, self._row
        if table is None or row is None:
            return []
        found, room = table.columns, max(width - _LABEL - 1, 10)
        kind = found.failures[row]
        title = next((words for one, words in TITLES.items() if one == kind), kind)
        why = f"{title}. {found.evidence[row]}" if title else found.evidence[row]
        why = why[:1].upper() + why[1:]
        lines: list[_Line] = []
        if why:
            text = broken(clean(why[:_LONGEST]), room)
            if len(text) > _WHY_LINES:
                text = [
                    *text[: _WHY_LINES - 1],
                    self._fitted(" ".join(text[_WHY_LINES - 1 :]), room),
                ]
            lines += [("" if number else "why", line) for number, line in enumerate(text)]
        lines.append(("predicted", self._fitted(found.predictions[row] or "(no answer)", room)))
        lines.append(("gold", self._fitted(found.golds[row] or "(no answer)", room)))
        marks = ", ".join(found.tags[row])
        if found.notes[row]:
            marks += f"{' - ' if marks else ''}{found.notes[row]}"
        if marks:
            lines.append(("marks", self._fitted(marks, room)))
        lines.append(("question", self._fitted(found.questions[row], room)))
        lines.append(("id", self._fitted(found.ids[row], room)))
        return lines

    def _fitted(self, text: str, room: int) -> str:
        text = clean(text.strip()[:_LONGEST])
        return text if cell_len(text) <= room else f"{set_cell_size(text, room - 1)}{self._cut}"
