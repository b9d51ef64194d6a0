"""Batches of windows of like length, so that little is spent on padding."""

from __future__ import annotations

from collections.abc import Sequence


def length_buckets(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Group the indices of ``lengths`` into batches, the longest windows first.

    A batch times its longest window stays within ``budget`` tokens; a window longer than the
    budget is a batch of its own. Equal lengths keep their order, so the result is deterministic.
    """
    batches: list[list[int]] = []
    room = 0
    for index in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if room == 0:
            batches.append([])
            room = max(1, budget // max(1, lengths[index]))
        batches[-1].append(index)
        room -= 1
    return batches
