"""The failure kinds of a run: its right answers give the levels, its wrong ones are sorted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bertscope_tui.analysis.failures import FailureKind, classify, levels_of
from bertscope_tui.engine.scoring import never
from bertscope_tui.errors import Cancelled
from bertscope_tui.scans.records import RIGHT, WRONG, Run
from bertscope_tui.scans.store import Store

_AT_ONCE = 100


class Sorting:
    """The wrong answers of a run on their way to their kinds; may be interrupted and taken up."""

    def __init__(self, store: Store, run: Run) -> None:
        """Find what right answers reach, and which answers are wrong."""
        self._store = store
        self._run = run
        # Counted first: a sample that another process adds meanwhile leaves the run unclassified.
        self._samples = store.count(run.id)
        places, signals, right, _, _ = store.signals(run.id)
        self._levels = levels_of(signals, right == RIGHT)
        self._left: list[int] = places[right == WRONG].astype(np.int64).tolist()
        self._found: list[tuple[int, FailureKind, str, int | None]] = []

    def run(self, cancelled: Callable[[], bool] = never) -> None:
        """Keep the kinds of all in place of those there were; raises `Cancelled` before that."""
        while self._left:
            if cancelled():
                raise Cancelled
            part, self._left = self._left[:_AT_ONCE], self._left[_AT_ONCE:]
            for row in self._store.rows(self._run.id, part):
                failure = classify(row.scanned, self._levels, gold=row.gold)
                if failure is not None:
                    place = row.scanned.place
                    self._found.append((place, failure.kind, failure.evidence, failure.first_layer))
        self._store.set_failures(self._run.id, self._found, samples=self._samples)


def classify_run(store: Store, run: Run, *, cancelled: Callable[[], bool] = never) -> None:
    """Give every wrong answer among the finished samples its kind, in place of those it had.

    Raises `Cancelled`, with nothing changed.
    """
    Sorting(store, run).run(cancelled)
