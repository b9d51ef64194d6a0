"""How many failures of each kind there are, as bars to choose from."""

from __future__ import annotations

from collections.abc import Mapping

from bertscope_tui.analysis.failures import TITLES, FailureKind
from bertscope_tui.scans.pages import bar_lines
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import LineList, Run


class KindList(LineList):
    """The kinds of failure, the most frequent first."""

    def __init__(self, *, ascii_only: bool) -> None:
        super().__init__(id="kinds", title="kinds of failure")
        self._ascii = ascii_only
        self._rows: list[tuple[FailureKind, int]] = []
        self.message = "counting …"

    @property
    def row_count(self) -> int:
        """Return the number of kinds; a sentence where they are not known."""
        return max(len(self._rows), 1)

    @property
    def selected(self) -> FailureKind | None:
        """Return the kind under the cursor."""
        return self._rows[self.cursor][0] if self.cursor < len(self._rows) else None

    def show(self, kinds: Mapping[FailureKind, int] | None, message: str) -> None:
        """Show these counts, or a message where there are none."""
        self._rows = sorted((kinds or {}).items(), key=lambda row: -row[1])
        self.message = message
        self.rows_changed()

    def selectable(self, index: int) -> bool:
        """Kinds can be chosen, the sentence in their place cannot."""
        return index < len(self._rows)

    def row(self, index: int, width: int) -> list[Run]:
        """Return one kind: its name, count, share, and bar."""
        if not self._rows:
            return [(self.message, ink(None, dim=True))]
        rows = [(TITLES[kind], count) for kind, count in self._rows]
        line = bar_lines(rows, width, ascii=self._ascii)[index]
        return [(line, ink(None, dim=not self._rows[index][1]))]
