"""How far a picture in two dimensions may be trusted about who is near whom."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 5
"""How many neighbours of each token in the picture are looked at, where there are enough."""


def squared_distances(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the squared Euclidean distances ``(points, points)`` of ``(points, dim)``."""
    return distances_of(points @ points.T)


def distances_of(gram: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return squared distances from inner products ``(points, points)``."""
    lengths = np.diagonal(gram)
    found: NDArray[np.float64] = lengths[:, None] + lengths[None, :] - 2.0 * gram
    np.maximum(found, 0.0, out=found)
    np.fill_diagonal(found, 0.0)
    return found


def trustworthiness(
    squared: NDArray[np.float64],
    coordinates: NDArray[np.float32],
    neighbours: int = NEIGHBOURS,
) -> float:
    """Return the trustworthiness of a picture, from 0 to 1; NaN for less than three points.

    ``squared`` are the squared distances ``(points, points)`` in the full space, ``coordinates``
    ``(points, 2)`` the places in the picture. Of the ``neighbours`` nearest of each point in the
    picture (fewer where there are not twice as many points), those that are not among as many
    nearest in the full space are counted by how far down that list they stand (Venna and Kaski
    2001, "Neighborhood preservation in nonlinear projection methods", as in scikit-learn). Where
    points are equally far those with the lower index come first.
    """
    count = len(squared)
    k = min(neighbours, math.ceil(count / 2) - 1)
    if k < 1:
        return math.nan
    flat = squared_distances(coordinates.astype(np.float64))
    np.fill_diagonal(flat, np.inf)
    if k < count - 1:
        near = np.argpartition(flat, k - 1, axis=1)[:, :k]
        # Of equally far points the partition takes any; the rule is the lower index.
        edge = np.take_along_axis(flat, near, axis=1).max(axis=1, keepdims=True)
        tied = (flat <= edge).sum(axis=1) > k
        near[tied] = np.argsort(flat[tied], axis=1, kind="stable")[:, :k]
    else:
        near = np.argsort(flat, axis=1, kind="stable")[:, :k]
    rows = np.arange(count)[:, None]
    penalty = 0
    for column in near.T:
        there = squared[rows[:, 0], column][:, None]
        nearer = squared < there
        nearer |= (squared == there) & (np.arange(count) < column[:, None])
        # The point itself is at distance 0 and counts as nearer, so this is the rank from 1,
        # unless the neighbour coincides with it and has the lower index.
        ranks = nearer.sum(axis=1) + 1 - nearer[rows[:, 0], rows[:, 0]]
        penalty += int(np.maximum(ranks - k, 0).sum())
    return 1.0 - penalty * 2.0 / (count * k * (2.0 * count - 3.0 * k - 1.0))
