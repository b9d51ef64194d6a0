"""Hidden states in two dimensions: exact principal components, one picture per layer.

Components come from the smaller of the two Gram matrices (tokens by tokens or dimensions by
dimensions). Both have the same eigenvalues other than zero, and a sample has fewer tokens than a
network has dimensions, or the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.errors import Cancelled, EngineError

Floats = NDArray[np.float32]

_COMPONENTS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Positions of the shown tokens in every layer.

    ``coordinates`` is ``(layers + 1, shown, 2)`` float32, ``explained`` ``(layers + 1, 2)`` the
    share of the variance (0 to 1) on each axis, ``shown`` ``(shown,)`` the token indices.
    """

    method: str
    coordinates: Floats
    explained: NDArray[np.float64]
    shown: NDArray[np.int64]


def pca(
    states: Floats,
    shown: Sequence[int] | NDArray[np.int64],
    cancelled: Callable[[], bool] | None = None,
) -> Projection:
    """Project the ``shown`` tokens of ``states`` ``(layers + 1, tokens, dim)`` on two components.

    Each layer is centred over the shown tokens and fitted by itself. The sign of a component is
    fixed so that its entry of largest size is positive (the rule of scikit-learn's ``PCA``).
    Components without variance (one token, identical tokens, two tokens on the second axis) give
    coordinates and shares of zero. ``cancelled`` is asked before every layer.

    Raises EngineError, naming the layer, where a state is not a finite number; Cancelled.
    """
    places = np.asarray(shown, dtype=np.int64)
    coordinates = np.zeros((states.shape[0], places.size, _COMPONENTS), dtype=np.float32)
    explained = np.zeros((states.shape[0], _COMPONENTS))
    for layer in range(states.shape[0]):
        if cancelled is not None and cancelled():
            raise Cancelled
        points = states[layer, places].astype(np.float64)
        if not np.isfinite(points).all():
            raise EngineError(
                f"layer {layer} has hidden states that are not finite numbers",
                remedy="try --dtype float32",
            )
        if places.size > 1:
            noise = places.size * np.finfo(np.float64).eps * np.abs(points).max()
            points -= points.mean(axis=0)
            # Identical tokens differ from their mean by rounding errors, which have no direction.
            if np.abs(points).max() > noise:
                coordinates[layer], explained[layer] = _two_components(points)
    return Projection("pca", coordinates, explained, places)


def _two_components(points: NDArray[np.float64]) -> tuple[Floats, NDArray[np.float64]]:
    """Return coordinates ``(tokens, 2)`` and shares ``(2,)`` of centred ``(tokens, dim)``."""
    from scipy.linalg import eigh

    tokens, width = points.shape
    by_tokens = tokens <= width
    gram = points @ points.T if by_tokens else points.T @ points
    size = gram.shape[0]
    total = float(np.trace(gram))
    coordinates = np.zeros((tokens, _COMPONENTS), dtype=np.float32)
    shares = np.zeros(_COMPONENTS)
    values, vectors = eigh(
        gram,
        subset_by_index=(max(0, size - _COMPONENTS), size - 1),
        check_finite=False,
        overwrite_a=True,
    )
    # Below this an eigenvalue is the rounding error of the largest one.
    smallest = float(values[-1]) * size * np.finfo(np.float64).eps
    for axis in range(min(_COMPONENTS, size)):
        value, vector = float(values[-1 - axis]), vectors[:, -1 - axis]
        if value <= smallest:
            continue
        if by_tokens:
            loading = points.T @ vector
            scores = vector * np.sqrt(value)
        else:
            loading = vector
            scores = points @ vector
        if loading[np.argmax(np.abs(loading))] < 0:
            scores = -scores
        coordinates[:, axis] = scores
        shares[axis] = value / total
    return coordinates, shares
