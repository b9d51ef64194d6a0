"""A drawn picture: rows of styled text, and which token is where.

A picture is frozen and knows nothing of the screen it goes to; colours are the strings that
the caller gave, so that the terminal's colour depth is decided where it is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bertscope_tui.plots.view import View


@dataclass(frozen=True, slots=True)
class Style:
    """How a cell looks; ``colour`` is ``"#rrggbb"``, an ANSI name, or None for the default."""

    colour: str | None = None
    bold: bool = False
    dim: bool = False
    reverse: bool = False
    underline: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring cells of one row that look the same; the fields are those of `Style`."""

    text: str
    colour: str | None = None
    bold: bool = False
    dim: bool = False
    reverse: bool = False
    underline: bool = False


PLAIN = Style()


class Sheet:
    """A grid of cells to draw on; rows are exactly ``width`` cells wide whatever is written."""

    def __init__(self, rows: Sequence[str], width: int) -> None:
        """Start from plain rows of one-cell characters; short ones are filled with blanks."""
        self._text = [list(row[:width].ljust(width)) for row in rows]
        self._styles: list[Style] = [PLAIN]
        self._numbers: dict[Style, int] = {PLAIN: 0}
        self._flat: set[int] = set()
        self._paint = [[0] * width for _ in self._text]

    def paint(self, x: int, y: int, length: int, style: Style) -> None:
        """Give ``length`` cells from ``(x, y)`` rightwards a style."""
        self._paint[y][x : x + length] = [self._number(style)] * length

    def write(self, x: int, y: int, parts: Sequence[tuple[str, int]], style: Style) -> None:
        """Write clusters of known widths from ``(x, y)``; they must fit into the row."""
        row, start = self._text[y], x
        for cluster, size in parts:
            row[x] = cluster
            row[x + 1 : x + size] = [""] * (size - 1)
            x += size
        self.paint(start, y, x - start, style)

    def runs(self) -> tuple[tuple[Run, ...], ...]:
        """Return each row as runs."""
        return tuple(map(self._row_runs, self._text, self._paint))

    def _number(self, style: Style) -> int:
        number = self._numbers.get(style)
        if number is None:
            number = self._numbers[style] = len(self._styles)
            self._styles.append(style)
            if not (style.reverse or style.underline):
                self._flat.add(number)
        return number

    def _row_runs(self, text: list[str], paint: list[int]) -> tuple[Run, ...]:
        """Cut a row where its style changes; blanks of no style go on with what is before them.

        Between two points of a role there is then one run instead of three: less to build, and
        fewer bytes to a terminal at the other end of a slow line.
        """
        runs = []
        start, end = 0, len(paint)
        while start < end:
            number = paint[start]
            flat = number in self._flat
            stop = start + 1
            while stop < end and (
                paint[stop] == number or (flat and not paint[stop] and text[stop] == " ")
            ):
                stop += 1
            style = self._styles[number]
            runs.append(
                Run(
                    "".join(text[start:stop]),
                    style.colour,
                    style.bold,
                    style.dim,
                    style.reverse,
                    style.underline,
                )
            )
            start = stop
        return tuple(runs)


@dataclass(frozen=True, slots=True)
class Picture:
    """A scatter or a chart as it goes to a screen or a page.

    ``rows`` has ``height`` rows of exactly ``width`` cells. ``cells`` maps ``(x, y)``, counted
    from the top left of the whole picture, to the tokens drawn there, topmost first;
    ``positions`` maps each drawn token to its cell; ``labels`` maps each labelled token to
    ``(x, y, cells)`` of its label; a chart of curves has none of the three. ``view`` is the part
    of the plane that is shown, and ``canvas`` is ``(x, y, columns, rows)`` of the area it fills.
    """

    width: int
    height: int
    rows: tuple[tuple[Run, ...], ...]
    view: View
    cells: Mapping[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)
    positions: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    labels: Mapping[int, tuple[int, int, int]] = field(default_factory=dict)
    canvas: tuple[int, int, int, int] = (0, 0, 0, 0)

    def token_at(self, x: int, y: int, reach: int = 1) -> int | None:
        """Return the token drawn or labelled at a cell, or else the nearest within ``reach``.

        A terminal cell is about twice as high as wide, so a row counts as two columns;
        ``reach`` is in rows.
        """
        found = self.cells.get((x, y))
        if found:
            return found[0]
        for token, (left, row, cells) in self.labels.items():
            if row == y and left <= x < left + cells:
                return token
        near = [
            ((column - x) ** 2 + 4 * (row - y) ** 2, row, column)
            for row in range(y - reach, y + reach + 1)
            for column in range(x - 2 * reach, x + 2 * reach + 1)
            if (column, row) in self.cells
        ]
        if not near:
            return None
        _, row, column = min(near)
        return self.cells[column, row][0]

    def data_at(self, x: int, y: int) -> tuple[float, float] | None:
        """Return the data coordinates in the middle of a cell, None outside the canvas."""
        left, top, columns, rows = self.canvas
        column, row = x - left, y - top
        if not (0 <= column < columns and 0 <= row < rows):
            return None
        view = self.view
        across, down = (column + 0.5) / columns, (row + 0.5) / rows
        return (
            view.x_low + across * (view.x_high - view.x_low),
            view.y_high - down * (view.y_high - view.y_low),
        )


_ANSI_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


def to_text(picture: Picture, colour: bool = False) -> str:
    """Return the picture as lines of text.

    Without ``colour`` there is no control sequence in it and blanks at the ends of lines are
    dropped. With it, colours are rounded to the 256 that every terminal of today has.
    """
    if not colour:
        return "\n".join("".join(run.text for run in row).rstrip() for row in picture.rows)
    return "\n".join("".join(map(_escaped, row)) for row in picture.rows)


def _escaped(run: Run) -> str:
    codes = [
        code
        for code, wanted in (
            ("1", run.bold),
            ("2", run.dim),
            ("4", run.underline),
            ("7", run.reverse),
        )
        if wanted
    ]
    if run.colour is not None:
        codes.append(_foreground(run.colour))
    codes = [code for code in codes if code]
    return f"\x1b[{';'.join(codes)}m{run.text}\x1b[0m" if codes else run.text


def _foreground(colour: str) -> str:
    if colour.startswith("#") and len(colour) == 7:
        return f"38;5;{xterm256(colour)}"
    name = colour.removeprefix("ansi_")
    bright = name.startswith("bright_")
    name = name.removeprefix("bright_")
    if name not in _ANSI_NAMES:
        return ""
    return str((90 if bright else 30) + _ANSI_NAMES.index(name))


_CUBE = (0, 95, 135, 175, 215, 255)


def xterm256(colour: str) -> int:
    """Return the nearest of the 216 cube and 24 grey colours of xterm to ``"#rrggbb"``."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    steps = [min(range(6), key=lambda step: abs(_CUBE[step] - part)) for part in (red, green, blue)]
    grey = min(23, max(0, round(((red + green + blue) / 3 - 8) / 10)))
    of_cube = tuple(_CUBE[step] for step in steps)
    of_grey = (8 + 10 * grey,) * 3

    def distance(other: tuple[int, ...]) -> int:
        return sum((a - b) ** 2 for a, b in zip(other, (red, green, blue), strict=True))

    if distance(of_grey) < distance(of_cube):
        return 232 + grey
    return 16 + 36 * steps[0] + 6 * steps[1] + steps[2]
