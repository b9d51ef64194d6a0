"""The best turn of one picture onto another, by trying angles: slow, plain, independent."""

from __future__ import annotations

from typing import Any

import numpy as np


def best_turn_distance(picture: Any, target: Any, steps: int = 7200) -> float:
    """Return the smallest sum of squared distances over all turns, mirrored or not."""
    best = np.inf
    for mirrored in (1.0, -1.0):
        for angle in np.arange(steps) * 2 * np.pi / steps:
            turn = np.array(
                [
                    [np.cos(angle), -np.sin(angle)],
                    [mirrored * np.sin(angle), mirrored * np.cos(angle)],
                ]
            )
            best = min(best, float(((picture @ turn.T - target) ** 2).sum()))
    return best
