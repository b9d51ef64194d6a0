"""Two principal and two independent components of points in many dimensions.

Components come from the smaller of the two Gram matrices (points by points or dimensions by
dimensions). Both have the same eigenvalues other than zero, and a sample has fewer tokens than a
network has dimensions, or the other way round.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

COMPONENTS = 2

_ICA_STEPS = 200
_ICA_TOLERANCE = 1e-6


def centred(points: Doubles) -> Doubles | None:
    """Return ``points`` ``(points, dim)`` less their mean, None where they are all the same.

    Identical points differ from their mean by rounding errors, which have no direction.
    """
    if len(points) < 2:
        return None
    noise = len(points) * np.finfo(np.float64).eps * np.abs(points).max()
    moved: Doubles = points - points.mean(axis=0)
    return moved if np.abs(moved).max() > noise else None


def principal_components(points: Doubles, gram: Doubles | None = None) -> tuple[Doubles, Doubles]:
    """Return coordinates ``(points, 2)`` on two principal components, and shares ``(2,)``.

    ``points`` are ``(points, dim)`` and centred; the shares are of their variance. ``gram`` is
    ``points @ points.T`` where it is known already; it is needed only where there are no more
    points than dimensions. Components without variance are zero.
    """
    count, width = points.shape
    by_points = count <= width
    if not by_points:
        gram = points.T @ points
    elif gram is None:
        gram = points @ points.T
    values, vectors = _largest(gram)
    scores = np.zeros((count, COMPONENTS))
    for axis, (value, vector) in enumerate(zip(values, vectors.T, strict=True)):
        if value > 0:
            loading = points.T @ vector if by_points else vector
            along = vector * np.sqrt(value) if by_points else points @ vector
            scores[:, axis] = _sign(loading) * along
    total = float(np.trace(gram))
    shares: Doubles = values / total if total > 0 else values
    return scores, shares


def principal_directions(scatter: Doubles) -> Doubles:
    """Return the unit directions ``(2, dim)`` of the two components of a scatter matrix.

    ``scatter`` is ``(dim, dim)``, the sum of the outer products of centred points. A component
    without variance is zero.
    """
    values, vectors = _largest(scatter)
    found = np.zeros((COMPONENTS, scatter.shape[0]))
    for axis, (value, vector) in enumerate(zip(values, vectors.T, strict=True)):
        if value > 0:
            found[axis] = _sign(vector) * vector
    return found


def _largest(gram: Doubles) -> tuple[Doubles, Doubles]:
    """Return the two largest eigenvalues, zero where they are rounding noise, and their vectors."""
    from scipy.linalg import eigh

    size = gram.shape[0]
    found, vectors = eigh(gram, subset_by_index=(max(0, size - COMPONENTS), size - 1))
    values = np.zeros(COMPONENTS)
    # Below this an eigenvalue is the rounding error of the largest one.
    smallest = float(found[-1]) * size * np.finfo(np.float64).eps
    for axis, value in enumerate(found[::-1]):
        values[axis] = value if value > smallest else 0.0
    best: Doubles = np.pad(vectors[:, ::-1], ((0, 0), (0, COMPONENTS - len(found))))
    return values, best


def _sign(loading: Doubles) -> float:
    """Return the sign that makes the entry of largest size positive (scikit-learn's rule)."""
    return -1.0 if loading[np.argmax(np.abs(loading))] < 0 else 1.0


def independent_components(scores: Doubles, seed: int) -> Doubles:
    """Return ``(points, 2)`` independent components of unit variance in the plane of ``scores``.

    ``scores`` are the two principal components. FastICA (Hyvärinen 1999, "Fast and robust
    fixed-point algorithms for independent component analysis"), symmetric, with the log-cosh
    contrast: the whitened plane is turned until its two axes are as far from Gaussian as can be.
    The start of the iteration is drawn by ``seed``. The axis nearer to the first principal
    component comes first, and points the same way. With one component only that one is scaled;
    without any everything is zero.
    """
    count = len(scores)
    spread = np.sqrt((scores**2).sum(axis=0) / max(count, 1))
    white: Doubles = np.divide(scores, spread, out=np.zeros_like(scores), where=spread > 0)
    if not (spread > 0).all():
        return white
    turn = _decorrelated(np.random.default_rng(seed).normal(size=(COMPONENTS, COMPONENTS)))
    for _ in range(_ICA_STEPS):
        slope = np.tanh(turn @ white.T)
        bend = (1.0 - slope**2).mean(axis=1)
        following = _decorrelated(slope @ white / count - bend[:, None] * turn)
        change = np.abs(np.abs((following * turn).sum(axis=1)) - 1.0).max()
        turn = following
        if change < _ICA_TOLERANCE:
            break
    if abs(turn[1, 0]) > abs(turn[0, 0]):
        turn = turn[::-1]
    turn = turn * np.where(np.diag(turn) < 0, -1.0, 1.0)[:, None]
    result: Doubles = white @ turn.T
    return result


def _decorrelated(turn: Doubles) -> Doubles:
    """Return the orthogonal matrix nearest to ``turn``."""
    left, _, right = np.linalg.svd(turn)
    nearest: Doubles = left @ right
    return nearest
