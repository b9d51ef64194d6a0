"""The failure kinds of a run: its right answers give the levels, its wrong ones are sorted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bertscope_tui.analysis.failures import Failure, classify, levels_of
from bertscope_tui.engine.scoring import never
from bertscope_tui.errors import Cancelled
from bertscope_tui.scans.records import RIGHT, WRONG, Run
from bertscope_tui.scans.store import Store


def classify_run(store: Store, run: Run, *, cancelled: Callable[[], bool] = never) -> None:
    """Give every wrong answer among the finished samples its kind, in place of those it had.

    Raises `Cancelled`, with nothing changed.
    """
    # Counted first: a sample that another process adds meanwhile leaves the run unclassified.
    samples = store.count(run.id)
    places, signals, right, _, _ = store.signals(run.id)
    levels = levels_of(signals, right == RIGHT)
    facts_given = run.format in ("babi", "hotpotqa")  # elsewhere mostly the answer's sentences
    wrong = np.flatnonzero(right == WRONG)
    del signals
    found: list[tuple[int, Failure]] = []
    for row in store.rows(run.id, places[wrong].tolist()):
        if cancelled():
            raise Cancelled
        failure = classify(row.scanned, levels, gold=row.gold, facts_given=facts_given)
        if failure is not None:
            found.append((row.scanned.place, failure))
    store.set_failures(
        run.id,
        ((place, one.kind, one.evidence, one.first_layer) for place, one in found),
        samples=samples,
    )
