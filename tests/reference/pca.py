"""Principal components by singular value decomposition: slow, plain, independent."""

from __future__ import annotations

from typing import Any

import numpy as np


def reference_pca(states: Any, shown: list[int]) -> tuple[Any, Any]:
    """Return coordinates ``(layers, shown, 2)`` and shares of variance ``(layers, 2)``."""
    coordinates, shares = [], []
    for layer in states:
        points = np.asarray(layer, dtype=np.float64)[shown]
        points = points - points.mean(axis=0, keepdims=True)
        left, singular, right = np.linalg.svd(points, full_matrices=False)
        picture = np.zeros((len(shown), 2))
        share = np.zeros(2)
        for axis in range(min(2, len(singular))):
            biggest = int(np.argmax(np.abs(right[axis])))
            sign = -1.0 if right[axis][biggest] < 0 else 1.0
            picture[:, axis] = sign * left[:, axis] * singular[axis]
            share[axis] = singular[axis] ** 2 / (singular**2).sum()
        coordinates.append(picture)
        shares.append(share)
    return np.stack(coordinates), np.stack(shares)


def largest_relative_difference(ours: Any, theirs: Any) -> float:
    """Compare coordinates up to the sign of each axis, relative to the spread of the axis."""
    worst = 0.0
    for mine, other in zip(ours, theirs, strict=True):
        for axis in range(2):
            scale = np.abs(other[:, axis]).max() or 1.0
            same = np.abs(mine[:, axis] - other[:, axis]).max()
            flipped = np.abs(mine[:, axis] + other[:, axis]).max()
            worst = max(worst, float(min(same, flipped) / scale))
    return worst
