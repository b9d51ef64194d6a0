"""The samples of a scan in columns: a heading that says how they are sorted, and the lines."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from rich.cells import cell_len, set_cell_size
from textual import events
from textual.message import Message

from bertscope_tui.data.hygiene import clean
from bertscope_tui.scans.table import COLUMNS, Column, Filter, Rows, Sort, Table
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.bars import Bar
from bertscope_tui.tui.widgets.line_list import LineList, Run

_NAMES: dict[Column, str] = {
    "place": "#",
    "right": "",
    "f1": "F1",
    "confidence": "conf",
    "question": "question",
    "prediction": "predicted",
    "gold": "gold",
    "failure": "kind",
    "first_layer": "L",
}
_NARROW_KIND, _KIND, _WIDE_KIND = 11, 14, 21
_KIND_FROM, _WIDE_KIND_FROM = 100, 150
_ANSWERS_FROM, _GOLD_FROM = 36, 48
"""Cells for texts from which the predicted answer has a column, and the gold one as well."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that there is room for, with the cells that each has."""

    widths: tuple[tuple[Column, int], ...]

    @classmethod
    def of(cls, width: int, longest: int) -> Layout:
        """Lay out a table of ``width`` cells; ``longest`` is its largest number of a sample."""
        kind = _KIND if width >= _KIND_FROM else _NARROW_KIND
        kind = _WIDE_KIND if width >= _WIDE_KIND_FROM else kind
        fixed: dict[Column, int] = {
            "place": max(len(f"{longest}"), 3),
            "right": 2,
            "f1": 4,
            "confidence": 6,
            "failure": kind,
            "first_layer": 3,
        }
        room = max(width - sum(fixed.values()) - len(fixed), 0)
        texts: dict[Column, int] = {"question": room}
        if room >= _GOLD_FROM:
            answer = min((room - 2) // 4, 32)
            texts = {"question": room - 2 - 2 * answer, "prediction": answer, "gold": answer}
        elif room >= _ANSWERS_FROM:
            answer = (room - 1) * 2 // 5
            texts = {"question": room - 1 - answer, "prediction": answer}
        sizes = fixed | texts
        return cls(tuple((column, sizes[column]) for column in COLUMNS if column in sizes))


class FilterBar(Bar):
    """What is listed, in words, and how many that are."""

    def __init__(self, *, ascii_only: bool) -> None:
        super().__init__(id="listed")
        self._ascii = ascii_only
        self._runs: list[Run] = []

    def show(self, table: Table | None, wanted: Filter, listed: int) -> None:
        """Show what is wanted of a table; ``listed`` samples are so."""
        runs: list[Run] = []
        if table is not None:
            counts = {"all": len(table), "wrong": table.wrong, "right": table.right}
            for which, count in counts.items():
                chosen = which == wanted.which
                text = f"[{which} {count:,}]" if chosen else f" {which} {count:,} "
                runs.append((text, ink(None, bold=chosen, dim=not chosen)))
            if wanted.which == "unscored":
                runs.append(("[unscored]", ink(None, bold=True)))
            parts = [
                f"kind {wanted.kind}" if wanted.kind else "",
                f"tag {clean(wanted.tag)}" if wanted.tag is not None else "",
                f"'{clean(wanted.text)}'" if wanted.text else "",
            ]
            parts = [part for part in parts if part]
            if parts:
                arrow = " > " if self._ascii else " ▸ "
                text = "".join(f"{arrow}{part}" for part in parts)
                runs.append((f"{text}: {listed:,}", ink(None, bold=True)))
        self._runs = runs
        self.refresh()

    def line(self, width: int) -> list[Run]:
        """Return the filter as it was shown last."""
        return self._runs


class TableHead(Bar):
    """The names of the columns behind the digits that sort by them, the sorted one marked."""

    class Clicked(Message):
        """The user clicked the name of a column."""

        def __init__(self, column: Column) -> None:
            super().__init__()
            self.column = column

    def __init__(self) -> None:
        super().__init__(id="table-head")
        self._layout = Layout(())
        self._sort = Sort()

    def show(self, layout: Layout, sort: Sort) -> None:
        """Show these columns, sorted in this way."""
        if (layout, sort) != (self._layout, self._sort):
            self._layout, self._sort = layout, sort
            self.refresh()

    def line(self, width: int) -> list[Run]:
        """Return the names; the column that is sorted by has an arrow."""
        runs: list[Run] = []
        for column, size in self._layout.widths:
            sorted_by = column == self._sort.column
            arrow = ("▼" if self._sort.descending else "▲") if sorted_by else ""
            text = f"{COLUMNS.index(column) + 1}{_NAMES[column]}"[: size - len(arrow)] + arrow
            runs.append((f"{text:<{size}}", ink(None, bold=True, reverse=sorted_by)))
            runs.append((" ", ink(None)))
        return runs[:-1]

    def on_click(self, event: events.Click) -> None:
        """Sort by the column that was clicked."""
        offset = event.get_content_offset(self)
        start = 0
        for column, size in self._layout.widths:
            if offset is not None and start <= offset.x < start + size:
                self.post_message(self.Clicked(column))
            start += size + 1


class TableList(LineList):
    """The listed samples of a table; only what is on screen is ever looked at."""

    def __init__(self, *, ascii_only: bool) -> None:
        super().__init__(id="table", title="")
        self.remove_class("pane")
        self._mark_right, self._mark_wrong = ("+", "x") if ascii_only else ("✓", "✗")
        self._cut = "~" if ascii_only else "…"
        self._table: Table | None = None
        self._rows: Rows = np.empty(0, dtype=np.intp)
        self.message = ""
        self.layout_now = Layout(())

    @property
    def row_count(self) -> int:
        """Return how many samples are listed; a sentence where there are none."""
        return max(len(self._rows), 1)

    @property
    def listed(self) -> Rows:
        """Return the samples that are listed, by their numbers in the table."""
        return self._rows

    @property
    def selected(self) -> int | None:
        """Return the number in the table of the sample under the cursor."""
        return int(self._rows[self.cursor]) if self.cursor < len(self._rows) else None

    def show(self, table: Table | None, rows: Rows, cursor: int, message: str) -> None:
        """List these samples with the cursor on a line, or a message where there are none."""
        self._table, self._rows, self.message = table, rows, message
        self.set_reactive(LineList.cursor, min(max(cursor, 0), max(len(rows) - 1, 0)))
        self.rows_changed()

    def rows_changed(self) -> None:
        """Lay the columns out anew: the width or the numbers are others."""
        longest = 0
        if self._table is not None and len(self._table):
            longest = int(self._table.columns.places.max()) + 1
        self.layout_now = Layout.of(self.scrollable_content_region.width, longest)
        super().rows_changed()

    def selectable(self, index: int) -> bool:
        """Samples can be chosen, the sentence in their place cannot."""
        return index < len(self._rows)

    def row(self, index: int, width: int) -> list[Run]:
        """Return one sample in columns."""
        table = self._table
        if table is None or index >= len(self._rows):
            return [(f" {clean(self.message)}", ink(None, dim=True))]
        row = int(self._rows[index])
        runs: list[Run] = []
        for column, size in self.layout_now.widths:
            text, right = self._text(table, row, column)
            if cell_len(text) > size:
                text = f"{set_cell_size(text, size - 1)}{self._cut}"
            runs.append((set_cell_size(text.rjust(size) if right else text, size) + " ", ink(None)))
        return self._coloured(table, row, runs)

    def _text(self, table: Table, row: int, column: Column) -> tuple[str, bool]:
        """Return what stands in a column, and whether at its right end."""
        found = table.columns
        if column == "place":
            return f"{int(found.places[row]) + 1}", True
        if column == "right":
            right = int(found.right[row])
            signs = {1: self._mark_right, 0: self._mark_wrong, -1: "-"}
            return signs.get(right, "!") + (" *"[bool(found.tags[row] or found.notes[row])]), False
        if column in ("f1", "confidence"):
            value = float((found.f1 if column == "f1" else found.confidence)[row])
            return "-" if math.isnan(value) else f"{value:.2f}", True
        if column == "failure":
            return found.failures[row] or "", False
        if column == "first_layer":
            layer = int(found.first_layers[row])
            return "" if layer < 0 else f"{layer}", True
        texts = {
            "question": found.questions,
            "prediction": found.predictions,
            "gold": found.golds,
        }[column]
        # What stands beyond the column is not looked at: answers may be pages long.
        return clean(texts[row].lstrip()[: 2 * self.size.width]), False

    def _coloured(self, table: Table, row: int, runs: list[Run]) -> list[Run]:
        """Colour the mark, which says the same without colour."""
        right = int(table.columns.right[row])
        if right >= 0:
            colour = self.app.theme_variables["text-success" if right else "text-error"]
            place = [column for column, _ in self.layout_now.widths].index("right")
            runs[place] = (runs[place][0], ink(colour, bold=True))
        return runs
