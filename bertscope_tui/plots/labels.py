"""Place the words next to their points so that none hides another.

Labels go one by one, most wanted first, each to the first of a few places around its point that
is free. They are laid over plotext's rows rather than drawn by plotext, which measures text by
code points and drops what does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bertscope_tui.plots.cells import Clusters, cells_of, shorten

_LABEL = 255
_LOUD = 254
_MOST_LEVELS = 253
_SHORTEST = 4
"""A label is not cut below this many cells; less says nothing."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A label that somebody wants: its point's cell, its text, and how far it may go.

    ``parts`` take ``cells`` cells; a wish without any is passed over. ``level`` is that of its
    point on the board. A label with ``covers`` may lie over points of lower levels where there
    is no free place. One that ``must`` be shown is cut or moved when there is no place for it.
    """

    token: int
    column: int
    row: int
    parts: Clusters
    cells: int
    level: int
    covers: bool = False
    must: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A label with a place: the cell of its first character, counted within the canvas."""

    token: int
    column: int
    row: int
    parts: Clusters
    cells: int


class Board:
    """What is taken on a canvas of ``columns`` x ``rows`` cells."""

    def __init__(self, columns: int, rows: int) -> None:
        """Start empty."""
        self._columns = columns
        self._rows = [bytearray(columns) for _ in range(rows)]

    def put_point(self, column: int, row: int, level: int, *, loud: bool = False) -> None:
        """Note a point of a level (1: least important); nothing may cover a ``loud`` one."""
        level = _LOUD if loud else min(max(level, 1), _MOST_LEVELS)
        if level > self._rows[row][column]:
            self._rows[row][column] = level

    def place(
        self, wishes: Sequence[Wish], *, budget: int, gap: int, mark: str
    ) -> tuple[Placed, ...]:
        """Place the wishes in their order until ``budget`` labels have been; musts do not count.

        ``gap`` blanks are kept between a point and the label beside it; ``mark`` ends labels
        that were cut.
        """
        placed = []
        for wish in wishes:
            if budget <= 0 and not wish.must:
                continue
            found = self._find(wish, gap, mark)
            if found is None:
                continue
            self._rows[found.row][found.column : found.column + found.cells] = (
                bytes((_LABEL,)) * found.cells
            )
            placed.append(found)
            if not wish.must:
                budget -= 1
        return tuple(placed)

    def _find(self, wish: Wish, gap: int, mark: str) -> Placed | None:
        if self._rows[wish.row][wish.column] == _LABEL:
            return None  # Its point went under a more important label.
        parts, cells = wish.parts, wish.cells
        if cells > self._columns:
            parts = shorten(parts, self._columns, mark)
            cells = cells_of(parts)
        if not cells:
            return None
        places = list(self._around(wish, cells, gap))
        for column, row in places:
            if self._free(column, row, cells, wish):
                return Placed(wish.token, column, row, parts, cells)
        if wish.covers or wish.must:
            for column, row in places:
                if self._coverable(column, row, cells, wish.level):
                    return Placed(wish.token, column, row, parts, cells)
        return self._insist(wish, places, parts, gap, mark) if wish.must else None

    def _insist(
        self,
        wish: Wish,
        places: list[tuple[int, int]],
        parts: Clusters,
        gap: int,
        mark: str,
    ) -> Placed | None:
        cells = cells_of(parts)
        for column, row in places:
            if self._coverable(column, row, cells, _LOUD):
                return Placed(wish.token, column, row, parts, cells)
        shorter = cells - 2
        while shorter >= _SHORTEST:
            cut = shorten(parts, shorter, mark)
            size = cells_of(cut)
            for column, row in self._around(wish, size, gap):
                if size and self._coverable(column, row, size, _LOUD):
                    return Placed(wish.token, column, row, cut, size)
            shorter -= 2
        return self._elsewhere(wish, parts)

    def _elsewhere(self, wish: Wish, parts: Clusters) -> Placed | None:
        """Find the nearest place anywhere; rows count double, being twice as high as wide."""
        cells = cells_of(parts)
        best: tuple[int, int, int] | None = None
        for row in range(len(self._rows)):
            for column in range(self._columns - cells + 1):
                middle = column + cells // 2
                far = (middle - wish.column) ** 2 + 4 * (row - wish.row) ** 2
                if (best is None or far < best[0]) and self._coverable(column, row, cells, _LOUD):
                    best = (far, column, row)
        return None if best is None else Placed(wish.token, best[1], best[2], parts, cells)

    def _around(self, wish: Wish, cells: int, gap: int) -> Iterator[tuple[int, int]]:
        """Yield the places that are wholly on the canvas: right, left, above, below, corners."""
        x, y, room = wish.column, wish.row, self._columns - cells
        right, left = x + 1 + gap, x - gap - cells
        if right <= room:
            yield right, y
        if left >= 0:
            yield left, y
        middle = min(max(x - (cells - 1) // 2, 0), room)
        rows = [row for row in (y - 1, y + 1) if 0 <= row < len(self._rows)]
        for row in rows:
            yield middle, row
        for row in rows:
            if x + 1 <= room:
                yield x + 1, row
            if x - cells >= 0:
                yield x - cells, row

    def _free(self, column: int, row: int, cells: int, wish: Wish) -> bool:
        """Nothing under the label, nor right beside it but its own point."""
        line = self._rows[row]
        end = column + cells
        if line.count(0, column, end) != cells:
            return False
        own = wish.column if row == wish.row else -1
        before, after = column - 1, end
        if before >= 0 and line[before] and before != own:
            return False
        return not (after < self._columns and line[after] and after != own)

    def _coverable(self, column: int, row: int, cells: int, level: int) -> bool:
        """Only points below ``level`` under the label, and no other label right beside it."""
        line = self._rows[row]
        end = column + cells
        if max(line[column:end]) >= level:
            return False
        if column > 0 and line[column - 1] == _LABEL:
            return False
        return not (end < self._columns and line[end] == _LABEL)
