"""How far words moved, one word after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


def displacement_by_hand(
    before: Any, after: Any, pairs: Sequence[tuple[int, int]]
) -> list[list[float]]:
    """Return for each layer the distance of each pair over the words' spread before."""
    rows = []
    for old, new in zip(before.tolist(), after.tolist(), strict=True):
        words = [old[one] for one, _ in pairs]
        middle = [sum(column) / len(words) for column in zip(*words, strict=True)]
        spread = math.sqrt(sum(math.dist(word, middle) ** 2 for word in words) / len(words))
        rows.append([math.dist(old[one], new[other]) / spread for one, other in pairs])
    return rows
