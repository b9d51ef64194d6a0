"""Straight lines on a grid of dots: cut to the grid, then dot by dot."""

from __future__ import annotations

from collections.abc import Iterator

Place = tuple[float, float]
"""Column and row in dots, counted from the top left; need not lie on the grid."""

Dot = tuple[int, int]

_FAR = 1e9
"""Places farther off are moved here: squares of them would not be floats."""


def clipped(start: Place, end: Place, right: int, bottom: int) -> tuple[Dot, Dot] | None:
    """Return the dots at the ends of what a line has within ``0 … right`` x ``0 … bottom``.

    None where it passes by. (Liang and Barsky 1984: each border cuts the line's parameter.)
    """
    x, y = _near(start[0]), _near(start[1])
    dx, dy = _near(end[0]) - x, _near(end[1]) - y
    enters, leaves = 0.0, 1.0
    for slope, room in (
        (-dx, x + 0.5),
        (dx, right + 0.5 - x),
        (-dy, y + 0.5),
        (dy, bottom + 0.5 - y),
    ):
        if slope == 0:
            if room < 0:
                return None
            continue
        at = room / slope
        if slope < 0:
            enters = max(enters, at)
        else:
            leaves = min(leaves, at)
    if enters > leaves:
        return None

    def dot(at: float) -> Dot:
        return (
            min(max(round(x + at * dx), 0), right),
            min(max(round(y + at * dy), 0), bottom),
        )

    return dot(enters), dot(leaves)


def trace(start: Dot, end: Dot) -> Iterator[Dot]:
    """Yield the dots of a line, both ends included, each next to the one before it.

    (Bresenham 1965, for all eight directions.)
    """
    (x, y), (to_x, to_y) = start, end
    across, down = abs(to_x - x), -abs(to_y - y)
    step_x, step_y = (1 if to_x >= x else -1), (1 if to_y >= y else -1)
    error = across + down
    while True:
        yield x, y
        if (x, y) == (to_x, to_y):
            return
        twice = 2 * error
        if twice >= down:
            error += down
            x += step_x
        if twice <= across:
            error += across
            y += step_y


def _near(value: float) -> float:
    return min(max(value, -_FAR), _FAR)
