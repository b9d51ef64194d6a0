"""A path through the picture: numbered stations, linked by dots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

Cell = tuple[int, int]

_STEPS = 1000
"""The most dots of one link: a canvas has no more cells in a line."""


@dataclass(frozen=True, slots=True)
class Station:
    """A place on the path in data units, by name; one of them is ``here``."""

    name: str
    x: float
    y: float
    here: bool = False


@dataclass(frozen=True, slots=True)
class PlacedName:
    """A station's name with the cell of its first character."""

    column: int
    row: int
    name: str
    here: bool


def names_of(cells: Sequence[tuple[Station, Cell | None]], columns: int) -> tuple[PlacedName, ...]:
    """Place the names of those stations that have a cell, so that none hides another.

    The station that is here comes first, then the two ends, then the others from the last on.
    Where a name has no room its station is one of the dots. None reaches beyond the last column.
    """
    last = len(cells) - 1
    order = sorted(
        range(len(cells)),
        key=lambda place: (not cells[place][0].here, place not in (0, last), -place),
    )
    taken: set[Cell] = set()
    placed = []
    for place in order:
        station, cell = cells[place]
        if cell is None:
            continue
        column, row = min(cell[0], columns - len(station.name)), cell[1]
        own = [(column + offset, row) for offset in range(-1, len(station.name) + 1)]
        if column < 0 or not taken.isdisjoint(own[1:-1]):
            continue
        # A blank at both ends: 1 and 2 side by side would read as 12.
        taken.update(own)
        placed.append(PlacedName(column, row, station.name, station.here))
    return tuple(placed)


def dots_of(path: Sequence[tuple[float, float]], columns: int, rows: int) -> frozenset[Cell]:
    """Return the cells of the lines between neighbours on a path, given in cells and parts of them.

    The path may leave the canvas; only what is on it is returned.
    """
    cells: set[Cell] = set()
    for start, end in pairwise(path):
        cells.update(_line(start, end, columns, rows))
    return frozenset(cells)


def _line(
    start: tuple[float, float], end: tuple[float, float], columns: int, rows: int
) -> Iterator[Cell]:
    (x, y), (to_x, to_y) = start, end
    across, down = to_x - x, to_y - y
    low, high = 0.0, 1.0
    # Liang and Barsky 1984: the part of the line that is on the canvas.
    for change, room in ((-across, x), (across, columns - x), (-down, y), (down, rows - y)):
        if change == 0:
            if room < 0:
                return
        elif change < 0:
            low = max(low, room / change)
        else:
            high = min(high, room / change)
    if low > high:
        return
    steps = min(int(max(abs(across), abs(down)) * (high - low)) + 1, _STEPS)
    for step in range(steps + 1):
        part = low + (high - low) * step / steps
        yield (
            min(max(int(x + across * part), 0), columns - 1),
            min(max(int(y + down * part), 0), rows - 1),
        )
