"""Bootstrap intervals of means: how far a score may be off because of the questions drawn.

Efron 1979, "Bootstrap methods: another look at the jackknife": the questions are drawn again with
replacement, as many as there are, and the mean is taken each time; the interval lies between two
percentiles of these means. Questions count as independent of each other, which those about one
paragraph or story are not quite; that makes the interval a little too narrow there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Interval = tuple[float, float]

RESAMPLES = 2000
_CELLS = 4_000_000
"""Counts held at once: 32 MB."""


def mean_interval(
    values: Sequence[float], *, level: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> Interval | None:
    """Return the percentile bootstrap interval of the mean of ``values``, None where there is none.

    A resample's mean only depends on how often each distinct value was drawn, and those counts
    are multinomial with the shares of the values as probabilities. Drawing the counts is the same
    as drawing questions, and takes time by the number of distinct scores, which are few: 2 for
    exact match, some hundreds for F1. Deterministic for a ``seed``.
    """
    if not len(values):
        return None
    distinct, counts = np.unique(np.asarray(values, dtype=np.float64), return_counts=True)
    total = int(counts.sum())
    generator = np.random.default_rng(seed)
    rows = max(1, _CELLS // distinct.size)
    means = np.concatenate(
        [
            generator.multinomial(total, counts / total, size=min(rows, resamples - done))
            @ distinct
            / total
            for done in range(0, resamples, rows)
        ]
    )
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
