"""Turning one picture onto another, so that stepping from layer to layer does not make it jump.

Only turns and mirror images, about the middle of the picture: no distance between two tokens
changes.
"""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

_QUARTER_TURNS = tuple(
    np.array(
        [
            [first if order[0] == axis else 0.0, second if order[1] == axis else 0.0]
            for axis in (0, 1)
        ]
    )
    for order in permutations((0, 1))
    for first, second in product((1.0, -1.0), repeat=2)
)
"""The eight turns and mirror images that lay axes onto axes."""


def turn_onto(picture: Doubles, target: Doubles) -> Doubles:
    """Return the orthogonal ``(2, 2)`` that lays ``picture`` onto ``target`` by least squares.

    Both are ``(points, 2)`` and centred; ``picture @ turn`` is the turned picture. Schönemann 1966,
    "A generalized solution of the orthogonal Procrustes problem", without scaling.
    """
    left, _, right = np.linalg.svd(picture.T @ target)
    turn: Doubles = left @ right
    return turn


def quarter_turn_onto(picture: Doubles, target: Doubles) -> Doubles:
    """Return the best turn of `turn_onto` among those that leave axes axes."""
    overlap = picture.T @ target
    return max(_QUARTER_TURNS, key=lambda turn: float((turn * overlap).sum()))
