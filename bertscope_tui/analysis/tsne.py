"""t-SNE for a few thousand points at most, exact, and cancelled between any two steps.

Van der Maaten and Hinton 2008, "Visualizing Data using t-SNE", with the settings of scikit-learn's
exact method: at the sizes of a window (512 tokens) exact gradients are as fast as approximate ones,
and a step takes milliseconds, so that another layer need not wait for this one to be finished.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.trust import squared_distances
from bertscope_tui.errors import Cancelled

Doubles = NDArray[np.float64]

PERPLEXITY = 30.0
EXAGGERATION = 12.0
EXAGGERATED_STEPS = 250
STEPS = 1000

_START = 1e-4
_SHAKE = 1e-5
_SMALLEST = float(np.finfo(np.float64).eps)
_SMALLEST_GRADIENT = 1e-7
_CHECK_EVERY = 50


def perplexity_for(count: int) -> float:
    """Return the perplexity for so many points: 30, and less where there are few.

    A third of the other points, but more than one: that is what the nearest alone would be.
    """
    return min(PERPLEXITY, max((count - 1) / 3.0, 1.5))


def tsne(
    squared: Doubles,
    start: Doubles,
    *,
    seed: int = 0,
    perplexity: float | None = None,
    steps: int = STEPS,
    shake: float = _SHAKE,
    cancelled: Callable[[], bool] | None = None,
) -> Doubles:
    """Return the places ``(points, 2)``, centred, of points with these squared distances.

    ``squared`` is ``(points, points)``; there must be three points or more. ``start`` ``(points,
    2)`` is scaled down to a standard deviation of 1e-4 on its first axis and shaken by ``seed``
    with a tenth of that, which also parts identical points. ``cancelled`` is asked in every step;
    raises Cancelled.
    """
    count = len(squared)
    likely = _affinities(squared, perplexity_for(count) if perplexity is None else perplexity)
    spread = float(start[:, 0].std())
    places = start / spread * _START if spread > 0 else np.zeros_like(start)
    places = places + np.random.default_rng(seed).normal(scale=shake, size=places.shape)
    rate = max(count / EXAGGERATION / 4.0, 50.0)
    # Large pictures are bound by memory, small ones by precision.
    kind = np.float64 if count <= 256 else np.float32
    likely = likely.astype(kind)
    early = min(EXAGGERATED_STEPS, steps)
    places = _descend(likely * kind(EXAGGERATION), places, early, 0.5, rate, cancelled)
    places = _descend(likely, places, steps - early, 0.8, rate, cancelled)
    centred: Doubles = places - places.mean(axis=0)
    return centred


def divergence(squared: Doubles, places: Doubles, perplexity: float | None = None) -> float:
    """Return the Kullback-Leibler divergence that t-SNE makes small, for these places."""
    count = len(squared)
    likely = _affinities(squared, perplexity_for(count) if perplexity is None else perplexity)
    near = 1.0 / (1.0 + squared_distances(places))
    np.fill_diagonal(near, 0.0)
    found = np.maximum(near / near.sum(), _SMALLEST)
    return float((likely * np.log(np.maximum(likely, _SMALLEST) / found)).sum())


def _affinities(squared: Doubles, perplexity: float) -> Doubles:
    """Return how likely each pair is, ``(points, points)``, all together 1.

    The width of each point's Gaussian is found by bisection, for all points at once, so that the
    entropy is the logarithm of ``perplexity``.
    """
    count = len(squared)
    others = ~np.eye(count, dtype=bool)
    far = squared[others].reshape(count, count - 1)
    # Only differences matter; this keeps the largest term of each row from vanishing. The scale
    # makes the first guess of the bisection a good one.
    far = far - far.min(axis=1, keepdims=True)
    scale = far.mean(axis=1, keepdims=True)
    far = np.divide(far, scale, out=np.zeros_like(far), where=scale > 0)
    wanted = np.log(perplexity)
    low, high = np.zeros((count, 1)), np.full((count, 1), np.inf)
    narrow = np.ones((count, 1))
    for _ in range(100):
        weights = np.exp(-far * narrow)
        total = weights.sum(axis=1, keepdims=True)
        weights /= total
        entropy = np.log(total) + narrow * (far * weights).sum(axis=1, keepdims=True)
        over = entropy > wanted
        if np.abs(entropy - wanted).max() <= 1e-7:
            break
        low, high = np.where(over, narrow, low), np.where(over, high, narrow)
        narrow = np.where(np.isinf(high), narrow * 2.0, (low + high) / 2.0)
        # Several nearest at one distance have more entropy than is wanted, however narrow.
        narrow = np.minimum(narrow, 1e12)
    found = np.zeros((count, count))
    found[others] = weights.ravel()
    found = found + found.T
    return found / max(float(found.sum()), _SMALLEST)


def _descend(
    likely: NDArray[Any],
    places: Doubles,
    steps: int,
    momentum: float,
    rate: float,
    cancelled: Callable[[], bool] | None,
) -> Doubles:
    """Go down the gradient with momentum and a gain for each coordinate (Jacobs 1988)."""
    update, gains = np.zeros_like(places), np.ones_like(places)
    room = np.empty_like(likely), np.empty_like(likely)
    for step in range(steps):
        if cancelled is not None and cancelled():
            raise Cancelled
        gradient = _gradient(likely, places, room)
        rising = update * gradient < 0.0
        gains = np.maximum(np.where(rising, gains + 0.2, gains * 0.8), 0.01)
        update = momentum * update - rate * gains * gradient
        places = places + update
        if (step + 1) % _CHECK_EVERY == 0 and np.linalg.norm(gradient) <= _SMALLEST_GRADIENT:
            break
    return places


def _gradient(
    likely: NDArray[Any], places: Doubles, room: tuple[NDArray[Any], NDArray[Any]]
) -> Doubles:
    """Return the gradient; ``room`` is written over, which spares half of the time."""
    near, pull = room
    flat = places.astype(likely.dtype)
    _squared(flat, near, pull)
    near += 1.0
    np.reciprocal(near, out=near)
    np.fill_diagonal(near, 0.0)
    np.multiply(near, -1.0 / float(near.sum()), out=pull)
    pull += likely
    pull *= near
    rows = pull.sum(axis=1)[:, None].astype(np.float64)
    found: Doubles = 4.0 * (rows * places - pull @ flat)
    return found


def _squared(flat: NDArray[Any], into: NDArray[Any], room: NDArray[Any]) -> None:
    # Differences, not inner products: at the start everything is within 1e-4.
    np.subtract.outer(flat[:, 0], flat[:, 0], out=into)
    np.subtract.outer(flat[:, 1], flat[:, 1], out=room)
    into *= into
    room *= room
    into += room
