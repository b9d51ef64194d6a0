"""Which tokens are near each other in the full space of a layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.errors import Cancelled

Measure = Literal["cosine", "euclidean"]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another token with its cosine similarity (-1 to 1) and its Euclidean distance."""

    token: int
    cosine: float
    euclidean: float


def nearest(
    layer_states: NDArray[np.float32],
    token: int,
    among: Sequence[int],
    k: int = 8,
    by: Measure = "cosine",
) -> tuple[Neighbour, ...]:
    """Return the ``k`` tokens of ``among`` nearest to ``token``, the nearest first.

    ``layer_states`` is ``(tokens, dim)``. Hidden states lie in a narrow cone (Ethayarajh 2019,
    arXiv:1909.00512), where every cosine is near 1; so the cosine is taken after centring on the
    mean of ``among`` at this layer. The Euclidean distance needs no centring. A state without
    length has cosine 0. Equal measures are ordered by index; the token itself is never listed.
    """
    others = np.array(sorted({index for index in among if index != token}), dtype=np.int64)
    if others.size == 0 or k <= 0:
        return ()
    points = layer_states[others].astype(np.float64)
    origin = layer_states[token].astype(np.float64)
    distances = np.linalg.norm(points - origin, axis=1)
    middle = layer_states[np.array(among, dtype=np.int64)].astype(np.float64).mean(axis=0)
    points, origin = points - middle, origin - middle
    lengths = np.linalg.norm(points, axis=1) * np.linalg.norm(origin)
    cosines = np.divide(points @ origin, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    cosines = np.clip(cosines, -1.0, 1.0)
    keys = -cosines if by == "cosine" else distances
    order = np.lexsort((others, keys))[:k]
    return tuple(
        Neighbour(int(others[place]), float(cosines[place]), float(distances[place]))
        for place in order
    )


def nearest_by_layer(
    states: NDArray[np.float32],
    token: int,
    among: Sequence[int],
    k: int = 8,
    by: Measure = "cosine",
    *,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[tuple[Neighbour, ...], ...]:
    """Return `nearest` for every layer of ``states`` ``(layers + 1, tokens, dim)``.

    ``cancelled`` is asked before each layer; raises Cancelled.
    """
    made = []
    for layer_states in states:
        if cancelled is not None and cancelled():
            raise Cancelled
        made.append(nearest(layer_states, token, among, k, by))
    return tuple(made)
