"""Clusters of a layer's tokens in the full space, and whether a picture shows the same ones.

The source paper (van Aken et al. 2019, section 3.1) uses k-means "to verify that clusters in 2D
space represent the actual distribution in high-dimensional vector space". The number of clusters
is chosen by the silhouette, and agreement with the picture is the adjusted Rand index. Distances
are Euclidean, for which centring makes no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.trust import distances_of
from bertscope_tui.errors import Cancelled, InputError

Doubles = NDArray[np.float64]
Labels = NDArray[np.int64]

RANGE = (2, 8)
"""Fewest and most clusters that are tried."""

_STARTS = 8, 32
"""Fewest and most runs: few tokens need more, and many take longer for each."""

_REFINED = 2, 8
"""Fewest and most of the best runs, whose tokens are moved one by one."""

_PLACES = 4096
"""Tokens times runs that are aimed at, between fewest and most."""

_STEPS = 100
_MOVES = 100


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """The clusters of one layer.

    ``labels`` ``(shown,)`` counts them from 0, the largest first (of equal ones that of the first
    token). ``silhouette`` is that of this clustering, from -1 to 1, NaN where there is one cluster
    only; ``tried`` has ``(k, silhouette)`` of every number of clusters that was tried. ``shown``
    are the tokens.
    """

    labels: Labels
    k: int
    silhouette: float
    tried: tuple[tuple[int, float], ...]
    shown: Labels

    def members(self, cluster: int) -> tuple[int, ...]:
        """Return the tokens of a cluster, in order."""
        return tuple(self.shown[self.labels == cluster].tolist())

    def of_token(self, token: int) -> int | None:
        """Return the cluster of a token, None where it is not shown."""
        found = self.labels[self.shown == token]
        return int(found[0]) if found.size else None


def cluster(
    layer_states: NDArray[np.float32],
    shown: Sequence[int] | Labels,
    *,
    k: int | None = None,
    between: tuple[int, int] = RANGE,
    seed: int = 0,
    cancelled: Callable[[], bool] | None = None,
) -> Clusters:
    """Cluster the ``shown`` tokens of one layer ``(tokens, dim)`` by k-means in the full space.

    Without ``k`` the number between the two ends of ``between`` with the best silhouette is taken,
    the smaller of equal ones. There are never more clusters than different states, and the
    silhouette is not known unless there are fewer. Identical tokens are one cluster.
    ``cancelled`` is asked before each step; raises Cancelled, InputError for a ``k`` or a range
    below 1.
    """
    low, high = between if k is None else (k, k)
    if low < 1 or high < low:
        raise InputError(f"{low} to {high} is no range of numbers of clusters")
    places = np.asarray(shown, dtype=np.int64)
    points = layer_states[places].astype(np.float64)
    points = points - points.mean(axis=0) if len(points) else points
    gram = points @ points.T
    squared = distances_of(gram)
    # Distances below this are rounding errors of the inner products.
    noise = 1e-12 * float(np.diagonal(gram).max(initial=0.0))
    different = _different(squared, noise)
    if different < 2 or high < 2:
        labels = np.zeros(places.size, dtype=np.int64)
        return Clusters(labels, min(1, places.size), np.nan, (), places)
    distances = np.sqrt(squared)
    best: tuple[float, int, Labels] | None = None
    tried = []
    for count in range(min(max(low, 2), different), min(high, different) + 1):
        labels = _kmeans(points, gram, squared, count, seed, cancelled)
        value = _silhouette(distances, labels, count)
        tried.append((count, value))
        # Twelve digits, so that rounding does not choose between equal ones.
        rank = round(value, 12) if value == value else -2.0
        if best is None or rank > best[0]:
            best = rank, count, labels
    assert best is not None
    _, count, labels = best
    return Clusters(labels, count, dict(tried)[count], tuple(tried), places)


def kmeans(points: NDArray[np.floating], k: int, *, seed: int = 0) -> Labels:
    """Return the cluster ``(points,)`` of each of ``points`` ``(points, dim)``, numbered by size.

    The best of 8 to 32 starts by k-means++ (Arthur and Vassilvitskii 2007) drawn by ``seed``, more
    for fewer points, the best quarter of them improved by moves of single points. There are fewer
    clusters than ``k`` where there are fewer different points.
    """
    moved = np.asarray(points, dtype=np.float64)
    moved = moved - moved.mean(axis=0) if len(moved) else moved
    gram = moved @ moved.T
    squared = distances_of(gram)
    noise = 1e-12 * float(np.diagonal(gram).max(initial=0.0))
    count = min(k, _different(squared, noise))
    if count < 2:
        return np.zeros(len(moved), dtype=np.int64)
    return _kmeans(moved, gram, squared, count, seed)


def silhouette(points: NDArray[np.floating], labels: Labels) -> float:
    """Return the mean silhouette (Rousseeuw 1987), from -1 to 1.

    A token alone in its cluster has 0. NaN for less than two clusters, and where every token is
    alone.
    """
    moved = np.asarray(points, dtype=np.float64)
    moved = moved - moved.mean(axis=0) if len(moved) else moved
    _, numbered = np.unique(labels, return_inverse=True)
    count = int(numbered.max(initial=-1)) + 1
    return _silhouette(np.sqrt(distances_of(moved @ moved.T)), numbered, count)


def agreement(clusters: Clusters, coordinates: NDArray[np.floating], *, seed: int = 0) -> float:
    """Return how far the clusters are those that a picture ``(shown, 2)`` shows.

    The picture is clustered by itself, into as many, and the two are compared by the adjusted Rand
    index: 1 for the same clusters, about 0 for unrelated ones.
    """
    return adjusted_rand(clusters.labels, kmeans(coordinates, clusters.k, seed=seed))


def adjusted_rand(one: Labels, other: Labels) -> float:
    """Return the adjusted Rand index of two clusterings (Hubert and Arabie 1985): 1 at most.

    Two clusterings that are both one cluster, or both single tokens, agree fully.
    """
    _, rows = np.unique(one, return_inverse=True)
    _, columns = np.unique(other, return_inverse=True)
    table = np.zeros((rows.max(initial=-1) + 1, columns.max(initial=-1) + 1), dtype=np.int64)
    np.add.at(table, (rows, columns), 1)
    both = _pairs(table)
    first, second = _pairs(table.sum(axis=1)), _pairs(table.sum(axis=0))
    every = _pairs(np.array([len(rows)]))
    expected = first * second / every if every else 0.0
    largest = (first + second) / 2
    return 1.0 if largest == expected else float((both - expected) / (largest - expected))


def _pairs(counts: NDArray[np.int64]) -> float:
    return float((counts * (counts - 1) // 2).sum())


def _different(squared: Doubles, noise: float) -> int:
    """Return how many different points there are."""
    same = squared <= noise
    return int((same.argmax(axis=1) == np.arange(len(squared))).sum()) if len(squared) else 0


def _kmeans(
    points: Doubles,
    gram: Doubles,
    squared: Doubles,
    k: int,
    seed: int,
    cancelled: Callable[[], bool] | None = None,
) -> Labels:
    """Return the best of several runs; all of them are moved on together, as one product.

    Where no token is nearer to another centre any more, the best runs go on with single tokens:
    one that leaves its cluster moves both centres, and that can pay where the nearest centre is
    its own (Hartigan and Wong 1979). Few tokens have many states in which only this helps.
    """
    rng = np.random.default_rng([seed, k])
    fewest, most = _STARTS
    runs = min(max(_PLACES // len(points), fewest), most)
    labels = squared[_starts(squared, k, runs, rng)].argmin(axis=1)
    for _ in range(_STEPS):
        _poll(cancelled)
        far, sizes = _to_centres(points, gram, labels, k)
        following = far.argmin(axis=1)
        for run in np.flatnonzero((sizes == 0).any(axis=1)):
            _refill(following[run], far[run], k)
        if (following == labels).all():
            break
        labels = following
    fewest, most = _REFINED
    best = np.argsort(_costs(far, labels, gram), kind="stable")
    labels = labels[best[: min(max(runs // 4, fewest), most)]]
    for _ in range(_MOVES):
        _poll(cancelled)
        far, sizes = _to_centres(points, gram, labels, k)
        moved = _with_best_move(far, sizes, labels, 1e-10 * float(np.trace(gram)))
        if moved is labels:
            break
        labels = moved
    far, _ = _to_centres(points, gram, labels, k)
    return _by_size(labels[int(np.argmin(_costs(far, labels, gram)))])


def _poll(cancelled: Callable[[], bool] | None) -> None:
    if cancelled is not None and cancelled():
        raise Cancelled


def _to_centres(points: Doubles, gram: Doubles, labels: Labels, k: int) -> tuple[Doubles, Doubles]:
    """Return squared distances to the centres ``(runs, k, points)``, and sizes ``(runs, k)``.

    An empty cluster is infinitely far.
    """
    runs, (count, width) = len(labels), points.shape
    member = (labels[:, None, :] == np.arange(k)[None, :, None]).astype(np.float64)
    sizes = member.sum(axis=2)
    shares = member.reshape(runs * k, count) / np.maximum(sizes.reshape(-1, 1), 1.0)
    if width < count:
        centres = shares @ points
        inner, middle = centres @ points.T, (centres**2).sum(axis=1)
    else:
        inner = shares @ gram
        middle = (inner * shares).sum(axis=1)
    far = np.diagonal(gram) + middle[:, None] - 2.0 * inner
    far[sizes.ravel() == 0] = np.inf
    return far.reshape(runs, k, count), sizes


def _costs(far: Doubles, labels: Labels, gram: Doubles) -> Doubles:
    """Return the sum of each run's squared distances, of the sum without any clusters.

    To ten digits, so that of equal runs the first is taken wherever this is computed.
    """
    found = np.take_along_axis(far, labels[:, None, :], axis=1).sum(axis=(1, 2))
    rounded: Doubles = np.round(found / max(float(np.trace(gram)), 1e-300), 10)
    return rounded


def _with_best_move(far: Doubles, sizes: Doubles, labels: Labels, least: float) -> Labels:
    """Return labels in which one token of each run has gone where the run gains most by it.

    The same ``labels`` where no run gains ``least`` by any token.
    """
    added = far * (np.maximum(sizes, 1.0) / (sizes + 1.0))[:, :, None]
    np.put_along_axis(added, labels[:, None, :], np.inf, axis=1)
    own = np.take_along_axis(far, labels[:, None, :], axis=1)[:, 0]
    beside = np.take_along_axis(sizes, labels, axis=1)
    # Who is alone in a cluster is its centre, and stays.
    saved = np.where(beside > 1, own * beside / np.maximum(beside - 1.0, 1.0), 0.0)
    gained = saved - added.min(axis=1)
    runs = np.arange(len(labels))
    token = gained.argmax(axis=1)
    better = gained[runs, token] > least
    if not better.any():
        return labels
    moved = labels.copy()
    moved[runs[better], token[better]] = added.argmin(axis=1)[runs, token][better]
    return moved


def _starts(squared: Doubles, k: int, runs: int, rng: np.random.Generator) -> Labels:
    """Draw ``(runs, k)`` points that are far from each other.

    Each is drawn by its squared distance to the nearest so far, a few times, and the one that
    brings all points nearest is taken (greedy k-means++, as in scikit-learn).
    """
    draws = 2 + int(np.log(k))
    chosen = [rng.integers(len(squared), size=runs)]
    nearest = squared[chosen[0]].copy()
    each = np.arange(runs)
    for _ in range(k - 1):
        summed = nearest.cumsum(axis=1)
        wanted = rng.random((runs, draws)) * summed[:, -1:]
        drawn = (summed[:, None, :] <= wanted[:, :, None]).sum(axis=2)
        drawn = np.minimum(drawn, len(squared) - 1)
        left = np.minimum(nearest[:, None, :], squared[drawn])
        best = left.sum(axis=2).argmin(axis=1)
        chosen.append(drawn[each, best])
        nearest = left[each, best]
    return np.stack(chosen, axis=1)


def _refill(labels: Labels, far: Doubles, k: int) -> None:
    """Give each empty cluster the point that is farthest from its own centre."""
    sizes = np.bincount(labels, minlength=k)
    for empty in np.flatnonzero(sizes == 0):
        own = far[labels, np.arange(len(labels))].copy()
        own[sizes[labels] < 2] = -1.0
        place = int(own.argmax())
        sizes[labels[place]] -= 1
        labels[place], far[empty, place] = empty, 0.0
        sizes[empty] = 1


def _by_size(labels: Labels) -> Labels:
    """Number clusters by falling size, those of equal size by their first token."""
    names, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    numbers = np.empty(int(names.max()) + 1, dtype=np.int64)
    numbers[names[order]] = np.arange(len(names))
    return numbers[labels]


def _silhouette(distances: Doubles, labels: Labels, k: int) -> float:
    member = (labels[:, None] == np.arange(k)).astype(np.float64)
    sizes = member.sum(axis=0)
    if k < 2 or k >= len(labels):
        return float("nan")
    sums = distances @ member
    own = sizes[labels]
    within = sums[np.arange(len(labels)), labels] / np.maximum(own - 1.0, 1.0)
    to_others = sums / sizes
    to_others[np.arange(len(labels)), labels] = np.inf
    without = to_others.min(axis=1)
    larger = np.maximum(within, without)
    each = np.divide(without - within, larger, out=np.zeros_like(larger), where=larger > 0)
    return float(np.where(own > 1, each, 0.0).mean())
