"""The signals of a scan, computed pair by pair in float64 from docs/signals.md."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def shown_tokens(states: Array, ordinary: Sequence[int]) -> list[int]:
    """Leave the first of the ordinary tokens out where its norm dwarfs the others' somewhere."""
    first, others = ordinary[0], ordinary[1:]
    for layer in states[1:]:
        norms = [math.sqrt(sum(float(x) ** 2 for x in layer[token])) for token in others]
        own = math.sqrt(sum(float(x) ** 2 for x in layer[first]))
        if norms and own > 4 * float(np.median(norms)):
            return list(others)
    return list(ordinary)


def centred(layer: Array, shown: Sequence[int]) -> dict[int, Array]:
    """Take the mean of the shown tokens off each of them."""
    mean = sum(layer[token] for token in shown) / len(shown)
    return {token: layer[token] - mean for token in shown}


def match(
    vectors: dict[int, Array], question: Sequence[int], context: Sequence[int], of: Collection[int]
) -> float:
    """Count how often a pair of the set is nearer than a pair of the rest, ties half."""

    def cosine(one: int, other: int) -> float:
        x, y = vectors[one], vectors[other]
        length = math.sqrt(float(x @ x) * float(y @ y))
        return round(float(x @ y) / length, 5) if length else 0.0

    inside = [cosine(q, c) for q in question for c in context if c in of]
    outside = [cosine(q, c) for q in question for c in context if c not in of]
    if not inside or not outside:
        return math.nan
    won = 0.0
    for value in inside:
        for other in outside:
            won += 1.0 if value > other else 0.5 if value == other else 0.0
    return won / (len(inside) * len(outside))


def separation(vectors: dict[int, Array], answer: Collection[int]) -> float:
    """Compare squared distances from the mean of the others."""
    inside = [vector for token, vector in vectors.items() if token in answer]
    outside = [vector for token, vector in vectors.items() if token not in answer]
    if not inside or not outside:
        return math.nan
    middle = sum(outside) / len(outside)
    far = sum(float(((one - middle) ** 2).sum()) for one in inside) / len(inside)
    near = sum(float(((one - middle) ** 2).sum()) for one in outside) / len(outside)
    return math.sqrt(far / near) if near else math.nan


def homogeneity(vectors: dict[int, Array]) -> float:
    """Return the participation ratio of the covariance's eigenvalues over the largest it can be."""
    rows = np.stack(list(vectors.values()))
    values = np.linalg.svd(rows, compute_uv=False) ** 2
    most = min(len(rows) - 1, rows.shape[1])
    squares = float((values**2).sum())
    return float(values.sum()) ** 2 / squares / most if most > 0 and squares else math.nan
