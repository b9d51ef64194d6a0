"""The list of results of probing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich.cells import cell_len, set_cell_size

from bertscope_tui.data.hygiene import clean
from bertscope_tui.probes.records import ProbeIdentity, ProbeResult
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import LineList, Run

_WIDE = 70
_SHORTEST = 8


class ProbeList(LineList):
    """Results by task, data and model; the cursor stays on its result."""

    def __init__(self, *, ascii_only: bool) -> None:
        super().__init__(id="results", title="results")
        self._cut, self._shown_mark = ("~", "*") if ascii_only else ("…", "●")
        self._results: tuple[ProbeResult, ...] | None = None
        self._shown: frozenset[ProbeIdentity] = frozenset()
        self._empty = ""

    @property
    def row_count(self) -> int:
        """Return the number of lines: a heading and the results, or a sentence."""
        return 1 + len(self._results or ())

    @property
    def selected(self) -> ProbeResult | None:
        """Return the result under the cursor."""
        place = self.cursor - 1
        found = self._results
        return found[place] if found and 0 <= place < len(found) else None

    def show(
        self, results: Sequence[ProbeResult], shown: Collection[ProbeIdentity], empty: str
    ) -> None:
        """List these results, those in the inspector's pane marked; ``empty`` says why none."""
        now = self.selected
        self._results, self._shown, self._empty = tuple(results), frozenset(shown), empty
        identities = [one.identity for one in results]
        place = identities.index(now.identity) if now and now.identity in identities else 0
        self.set_reactive(LineList.cursor, place + 1 if identities else 0)
        self.rows_changed()

    def select(self, identity: ProbeIdentity) -> bool:
        """Put the cursor on a result; say whether it is listed."""
        for row, one in enumerate(self._results or (), start=1):
            if one.identity == identity:
                self.place_cursor(row)
                return True
        return False

    def selectable(self, index: int) -> bool:
        """The heading cannot be chosen."""
        return index > 0

    def row(self, index: int, width: int) -> list[Run]:
        """Return the heading, or a result in columns."""
        if self._results is None:
            return [("looking for results …", ink(None, dim=True))]
        if not self._results:
            return [(self._empty, ink(None, dim=True))]
        if index == 0:
            head = self._columns(width, "  task", "model", "data", "layer", "F1", "major.")
            return [(head, ink(None, bold=True, dim=True))]
        one = self._results[index - 1]
        mark = self._shown_mark if one.identity in self._shown else " "
        best = one.best
        line = self._columns(
            width,
            f"{mark} {one.identity.task.upper()}",
            clean(one.model),
            clean(one.data),
            str(best.layer),
            f"{100 * best.macro_f1:.1f}",
            f"{100 * one.majority.macro_f1:.1f}",
        )
        return [(line, ink(None, bold=one.identity in self._shown))]

    def _columns(
        self, width: int, task: str, model: str, data: str, layer: str, f1: str, majority: str
    ) -> str:
        """Set a line in columns; where there is little room the data stand behind the model."""
        rest = f" {layer:>5} {f1:>6} {majority:>6}"
        room = max(width - len(rest) - 8, 2 * _SHORTEST)
        share = room * 3 // 5 if width >= _WIDE else room // 2
        return f"{task:<8}{self._fitted(model, share - 1)} {self._fitted(data, room - share)}{rest}"

    def _fitted(self, text: str, room: int) -> str:
        if cell_len(text) > room:
            text = f"{set_cell_size(text, room - 1)}{self._cut}"
        return set_cell_size(text, room)
