"""Area under the ROC curve within folds, and how far it may be off.

The area is the chance that a sample of one kind has a larger score than one of the other kind
(Hanley and McNeil 1982), half a chance where they are equal. Scores that come from different
models, one for each fold of a cross-validation, must not be compared with each other: a model that
saw fewer errors gives lower scores all over, and a comparison across folds would come out below
one half where there is nothing to be known. So only pairs of one fold count, all alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 500


@dataclass(frozen=True, slots=True)
class Area:
    """An area under the ROC curve and its 95 % interval; 0.5 is chance."""

    value: float
    low: float
    high: float


def fold_area(
    scores: NDArray[np.floating],
    positive: NDArray[np.bool_],
    folds: NDArray[np.integer],
    draws: NDArray[np.floating],
) -> Area | None:
    """Return the area for scores ``(n,)`` of samples, over pairs of the same fold.

    ``draws`` ``(resamples, n)`` says how often each sample is in each bootstrap resample (see
    `group_draws`); the interval lies between percentiles of the areas of these. None where no fold
    has samples of both kinds.
    """
    above = pairs = 0.0
    drawn_above, drawn_pairs = np.zeros(len(draws)), np.zeros(len(draws))
    for fold in np.unique(folds):
        yes = np.flatnonzero(positive & (folds == fold))
        no = np.flatnonzero(~positive & (folds == fold))
        if not (yes.size and no.size):
            continue
        wins = np.sign(scores[yes][:, None] - scores[no][None, :]).astype(np.float32) / 2 + 0.5
        above += float(wins.sum(dtype=np.float64))
        pairs += wins.size
        drawn_yes, drawn_no = draws[:, yes], draws[:, no]
        drawn_above += ((drawn_yes @ wins) * drawn_no).sum(axis=1)
        drawn_pairs += drawn_yes.sum(axis=1) * drawn_no.sum(axis=1)
    if not pairs:
        return None
    kept = drawn_above[drawn_pairs > 0] / drawn_pairs[drawn_pairs > 0]
    low, high = np.quantile(kept, [0.025, 0.975]) if kept.size else (0.0, 1.0)
    return Area(above / pairs, float(low), float(high))


def group_draws(
    groups: NDArray[np.integer], *, resamples: int = RESAMPLES, seed: int = 0
) -> NDArray[np.float32]:
    """Return ``(resamples, n)``: how often each sample is drawn where whole groups are drawn.

    ``groups`` ``(n,)`` are numbers from 0; as many groups are drawn as there are, with replacement.
    """
    size = int(groups.max(initial=-1)) + 1
    if not size:
        return np.zeros((resamples, 0), np.float32)
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(size, np.full(size, 1 / size), size=resamples)
    return counts[:, groups].astype(np.float32)


def group_folds(
    positive: NDArray[np.bool_], groups: NDArray[np.integer], count: int, *, seed: int = 0
) -> NDArray[np.int64]:
    """Return the fold of each sample, ``(n,)``, no group in two of them.

    Groups with most positive samples are placed first, each into the fold that has fewest of them
    (then fewest samples), in an order that the seed decides among equals: every fold gets its share
    of both kinds.
    """
    size = int(groups.max(initial=-1)) + 1
    sizes = np.bincount(groups, minlength=size)
    positives = np.bincount(groups, weights=positive, minlength=size)
    shuffled = np.random.default_rng(seed).permutation(size)
    order = shuffled[np.lexsort((-sizes[shuffled], -positives[shuffled]))]
    held = np.zeros((count, 2))
    fold_of = np.zeros(size, dtype=np.int64)
    for group in order:
        fold = min(range(count), key=lambda one: (held[one, 0], held[one, 1], one))
        if positives[group] == 0:
            fold = min(range(count), key=lambda one: (held[one, 1], one))
        fold_of[group] = fold
        held[fold] += positives[group], sizes[group]
    folds: NDArray[np.int64] = fold_of[groups]
    return folds


def numbered(names: Sequence[str]) -> NDArray[np.int64]:
    """Return a number from 0 for each name, equal for equal names, in order of first sight."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)
