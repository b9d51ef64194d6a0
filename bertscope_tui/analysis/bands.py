"""Means of curves over layers with 95 % bands, where some values are missing.

Questions about one paragraph or story are not independent of each other, so the standard error is
that of clusters (Liang and Zeger 1986, with the factor G/(G-1) for G groups): where every sample
is a group of its own it is the usual standard error of a mean. The band is the mean plus or minus
that times the 97.5 % point of Student's t with G-1 degrees of freedom; it holds layer by layer, and
not for the whole curve at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """A mean curve; all arrays are ``(layers + 1,)``.

    ``mean`` is NaN where no sample has a value, ``low`` and ``high`` where fewer than two groups
    have one. ``count`` is how many samples have one.
    """

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    count: NDArray[np.int64]


def band_of(
    values: NDArray[np.floating], groups: Sequence[str] | None = None, *, level: float = 0.95
) -> Band:
    """Return the mean of ``(samples, layers + 1)`` values that are not NaN, with its band.

    ``groups`` has one name for each sample; without it each sample is a group.
    """
    from scipy.special import stdtrit

    known = np.isfinite(values)
    count = known.sum(axis=0)
    filled = np.where(known, values, 0.0).astype(np.float64)
    mean = np.divide(filled.sum(axis=0), count, out=np.full(count.shape, np.nan), where=count > 0)
    numbers = np.arange(len(values))
    if groups is not None:
        numbers = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)[1]
    size = int(numbers.max(initial=-1)) + 1
    residuals = np.where(known, filled - mean, 0.0)
    sums = np.zeros((size, values.shape[1]))
    present = np.zeros((size, values.shape[1]), dtype=bool)
    np.add.at(sums, numbers, residuals)
    np.logical_or.at(present, numbers, known)
    clusters = present.sum(axis=0)
    enough = clusters > 1
    freedom = np.where(enough, clusters - 1.0, 1.0)
    squares = (sums**2).sum(axis=0) * clusters / freedom
    error = np.sqrt(squares) / np.maximum(count, 1)
    half = np.where(enough, stdtrit(freedom, (1 + level) / 2) * error, np.nan)
    return Band(mean, mean - half, mean + half, count)
