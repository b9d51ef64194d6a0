"""One scan as the user works through it: what is listed and how, marks and their undoing.

It outlives the screen that shows it, so that coming back from the inspector finds the same line,
filter and order. The store is read and written on a thread of its own; everything here is called
by the screens' thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import TypeVar

import numpy as np

from bertscope_tui.analysis.failures import FailureKind
from bertscope_tui.scans.classifying import classify_run
from bertscope_tui.scans.records import Mark, Run
from bertscope_tui.scans.store import Store
from bertscope_tui.scans.table import COLUMNS, WHICH, Column, Filter, Rows, Sort, Table, Which
from bertscope_tui.tui.background import Background, Task

_SHARE = 10
"""Reading what is new takes at most one part in so many of the time while a scan runs."""

_DESCENDING: frozenset[Column] = frozenset(("confidence",))
"""What is looked at from its high end first."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Undone:
    place: int
    before: Mark


class Triage:
    """The table of a scan, a filter, an order and a cursor.

    ``changed`` is called when something came from the store, ``failed`` with one line when that
    did not work.
    """

    def __init__(
        self,
        background: Background,
        run: Run,
        *,
        changed: Callable[[], None],
        failed: Callable[[str], None],
    ) -> None:
        self.run = run
        self.table: Table | None = None
        self.wanted = Filter()
        self.sort = Sort()
        self.rows: Rows = np.empty(0, dtype=np.intp)
        self.cursor = 0
        self._here: int | None = None
        self.message = "reading the scan …"
        self._background = background
        self._changed, self._failed = changed, failed
        self._task: Task | None = None
        self._after = 0
        self._next_look = 0.0
        self._marked: dict[int, Mark] = {}
        self._undo: list[_Undone] = []
        self._read(whole=True)

    # -- reading -------------------------------------------------------------------------------

    def follow(self, run: Run) -> None:
        """Take note of how far the scan is by now, and read what is new."""
        before, self.run = self.run, run
        if run.id != before.id:  # it was begun anew
            self._undo.clear()
            self._marked.clear()
            self._read(whole=True)
        elif run.classified and not before.classified:
            self._read(whole=True)
        elif before.state == "running" and run.state != "running" and not run.classified:
            self._read(whole=True)  # stopped half way: what is there is sorted into kinds now
        elif self.table is not None and run.done > len(self.table):
            self._read(whole=False)

    def close(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()

    def _read(self, *, whole: bool) -> None:
        if not whole and (self._task is not None or monotonic() < self._next_look):
            return
        self.close()
        table = None if whole else self.table
        run, after, sort = self.run, self._after, self.sort
        began = monotonic()

        def work(cancelled: Callable[[], bool]) -> tuple[Table, int]:
            classify = whole and run.state != "running" and not run.classified
            if classify:
                with Store() as store:
                    classify_run(store, run, cancelled=cancelled)
            with Store(readonly=True) as store:
                more, last = store.columns_since(run.id, 0 if table is None else after)
            made = Table(more) if table is None else table.extended(more)
            made.prepare([sort.column] if run.state == "running" else COLUMNS)
            return made, last

        def done(found: tuple[Table, int]) -> None:
            self._task = None
            self._next_look = monotonic() + _SHARE * (monotonic() - began)
            table, self._after = found
            for own, mark in self._marked.items():
                row = table.row_of(own)
                if row is not None:
                    table.mark(row, mark)
            self.table = table
            self._list()
            self._changed()

        def failed(message: str) -> None:
            self._task = None
            self._next_look = monotonic() + 1.0
            if self.table is None:
                self.message = message
            self._changed()
            self._failed(message)

        self._task = self._background.submit(work, done, failed)

    # -- what is listed ------------------------------------------------------------------------

    @property
    def selected(self) -> int | None:
        """Return the number in the table of the sample under the cursor."""
        return int(self.rows[self.cursor]) if self.cursor < len(self.rows) else None

    def show_only(self, wanted: Filter) -> None:
        """List the samples that are wanted.

        The cursor stays on its sample if that is listed, and comes back to it if it is again.
        """
        self.wanted = wanted
        self._list()

    def sort_by(self, column: Column) -> None:
        """Sort by a column, the other way round if it is the one that is sorted by."""
        if column == self.sort.column:
            self.turn()
        else:
            self._sort(Sort(column, descending=column in _DESCENDING))

    def turn(self) -> None:
        """Sort the other way round."""
        self._sort(replace(self.sort, descending=not self.sort.descending))

    def _sort(self, sort: Sort) -> None:
        self.sort = sort
        self._list()

    def next_which(self, step: int) -> None:
        """List all, the wrong or the right ones, or those without a score if there are any."""
        table = self.table
        if table is None:
            return
        there: list[Which] = [
            one for one in WHICH if one != "unscored" or table.right + table.wrong < len(table)
        ]
        self.show_only(replace(self.wanted, which=_next(there, self.wanted.which, step)))

    def next_kind(self, step: int) -> None:
        """List one failure kind of those there are, or all again."""
        if self.table is not None:
            kinds: list[FailureKind | None] = [None, *(kind for kind, _ in self.table.kinds())]
            self.show_only(replace(self.wanted, kind=_next(kinds, self.wanted.kind, step)))

    def list_kind(self, kind: FailureKind) -> None:
        """List the samples of one kind of failure and no others."""
        self.show_only(Filter(kind=kind))

    def next_tag(self, step: int) -> None:
        """List the samples of one tag of those in use, or all again."""
        if self.table is not None:
            tags: list[str | None] = [None, *(tag for tag, _ in self.table.tags())]
            self.show_only(replace(self.wanted, tag=_next(tags, self.wanted.tag, step)))

    def next_wrong(self, direction: int) -> bool:
        """Put the cursor on the next wrong answer that is listed; say whether there is one."""
        if self.table is None:
            return False
        found = self.table.next_wrong(self.rows, self.cursor, direction)
        if found is not None:
            self.put_cursor(found)
        return found is not None

    def go_to(self, sample_id: str) -> None:
        """Put the cursor on a sample; it stays where it is if that is not listed."""
        if self.table is not None:
            ids = self.table.columns.ids
            lines = (line for line, row in enumerate(self.rows) if ids[row] == sample_id)
            self.put_cursor(next(lines, self.cursor))

    def put_cursor(self, line: int) -> None:
        """Put the cursor on a line, the nearest there is."""
        self.cursor = min(max(line, 0), max(len(self.rows) - 1, 0))
        self.stay()

    def stay(self) -> None:
        """Take the sample under the cursor for the one that the user is at."""
        row = self.selected
        if row is not None and self.table is not None:
            self._here = int(self.table.columns.places[row])

    def places(self) -> list[int]:
        """Return the places of what is listed, in order."""
        if self.table is None:
            return []
        found: list[int] = self.table.columns.places[self.rows].tolist()
        return found

    def _list(self) -> None:
        if self.table is None:
            return
        tag = self.wanted.tag
        if tag is not None and all(tag != one for one, _ in self.table.tags()):
            # Its last mark was taken back: an empty table would have no key that leads out of it.
            self.wanted = replace(self.wanted, tag=None)
        self.rows = self.table.select(self.wanted, self.sort)
        line = None if self._here is None else self.table.line_of(self.rows, self._here)
        self.cursor = 0 if line is None else line
        self.message = (
            "no sample is like that: f, c, t and / choose others"
            if len(self.table)
            else "no sample is finished yet"
        )

    # -- marks ---------------------------------------------------------------------------------

    def mark_of(self, row: int) -> Mark:
        """Return the tags and the note of a sample."""
        assert self.table is not None
        return Mark(self.table.columns.tags[row], self.table.columns.notes[row])

    def mark(self, row: int, mark: Mark) -> None:
        """Mark a sample, in the store as well; `undo` takes it back."""
        assert self.table is not None
        before = self.mark_of(row)
        if mark != before:
            place = int(self.table.columns.places[row])
            self._undo.append(_Undone(place, before))
            self._write(place, mark, before)

    def undo(self) -> int | None:
        """Take the last mark back and go there; return its place, or None without one."""
        if not self._undo or self.table is None:
            return None
        last = self._undo.pop()
        row = self.table.row_of(last.place)
        if row is not None:
            self._write(last.place, last.before, self.mark_of(row))
            self._here = last.place
            self._list()
        return last.place

    def _write(self, place: int, mark: Mark, before: Mark) -> None:
        """Show a mark at once and put it into the store; it goes if the store does not take it."""
        self._show_mark(place, mark)
        run_id = self.run.id

        def work(cancelled: Callable[[], bool]) -> None:
            with Store() as store:
                store.mark(run_id, place, mark)

        def failed(message: str) -> None:
            self._show_mark(place, before)
            self._changed()
            self._failed(message)

        self._background.submit(work, lambda _: None, failed)

    def _show_mark(self, place: int, mark: Mark) -> None:
        self._marked[place] = mark
        row = None if self.table is None else self.table.row_of(place)
        if self.table is not None and row is not None:
            self.table.mark(row, mark)


def _next(values: Sequence[_T], now: _T, step: int) -> _T:
    """Return the value after ``now``, or before it, round about."""
    return values[(values.index(now) + step) % len(values)] if now in values else values[0]
