"""Areas, exact tests and cluster errors as they are told: by counting, with whole numbers."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from fractions import Fraction


def auroc_by_counting(
    scores: Sequence[float], positive: Sequence[bool], folds: Sequence[Hashable] | None = None
) -> float | None:
    """Return the share of pairs (one of each kind, of one fold) with the positive one above."""
    above = pairs = 0.0
    for one, (score, yes) in enumerate(zip(scores, positive, strict=True)):
        for other, (against, other_yes) in enumerate(zip(scores, positive, strict=True)):
            if not yes or other_yes or (folds is not None and folds[one] != folds[other]):
                continue
            pairs += 1
            above += 1.0 if score > against else 0.5 if score == against else 0.0
    return above / pairs if pairs else None


def mcnemar_by_summing(fixed: int, broken: int) -> float:
    """Return the chance of a split at least as uneven, heads or tails for every change."""
    changes = fixed + broken
    smaller = min(fixed, broken)
    ways = sum(math.comb(changes, k) for k in range(changes + 1) if min(k, changes - k) <= smaller)
    return float(Fraction(ways, 2**changes))


def cluster_error(values: Sequence[float], groups: Sequence[Hashable]) -> float:
    """Return the standard error of a mean of values that go together in groups."""
    mean = sum(values) / len(values)
    sums: dict[Hashable, float] = {}
    for value, group in zip(values, groups, strict=True):
        sums[group] = sums.get(group, 0.0) + value - mean
    count = len(sums)
    total = sum(one**2 for one in sums.values()) * count / (count - 1)
    return math.sqrt(total) / len(values)
