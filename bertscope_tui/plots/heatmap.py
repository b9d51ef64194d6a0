"""A table of numbers as shades: rows and columns in, a finished `Picture` out.

Where there is room every field carries its number, so that nothing depends on colour alone, and
without colour fields are filled with shading characters. As in the scatter it is decided here
which cell shows what; `canvas` has plotext draw the marks and the axes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bertscope_tui.data.hygiene import printable
from bertscope_tui.plots.axes import paint_axes, titles
from bertscope_tui.plots.canvas import arrange, draw
from bertscope_tui.plots.cells import cells_of, clusters, shorten
from bertscope_tui.plots.picture import Picture, Run, Sheet, Style, to_text
from bertscope_tui.plots.view import View

__all__ = ["Picture", "Run", "heatmap", "to_text"]

_SHADES = " ░▒▓█"
_ASCII_SHADES = " .-+#"
_NOTHING = "?"
"""In a field whose number is not known."""

_WIDEST_FIELD = 6
_HIGHEST_FIELD = 2
_NUMBER = 3
"""Cells that a number takes: ``.07``, ``.93``, ``1.0``."""

_LONGEST_LABEL = 24
_TICKS_FROM = (8, 4)

Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Field:
    """One number of the table, where it stands and how it is shaded."""

    left: int
    top: int
    index: int
    value: float
    share: float


def heatmap(
    values: Sequence[Sequence[float]],
    *,
    width: int,
    height: int,
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    low: float = 0.0,
    high: float = 1.0,
    title: str = "",
    ramp: Sequence[str] = (),
    ascii: bool = False,  # noqa: A002 - named after the option that it follows
    colour: bool = True,
    axis_colour: str | None = None,
    cut_columns: bool = False,
) -> Picture:
    """Draw ``values``, rows from the top, into at most ``width`` x ``height`` cells.

    ``low`` and ``high`` are the ends of the shades; a number that is not finite has none. ``ramp``
    are ``"#rrggbb"`` from low to high, used where ``colour`` is allowed. Every n-th row or column
    is left out where there are too many for the room. Of column labels that are wider than their
    fields some are left out as well, or with ``cut_columns`` all are cut short. The cell map of the
    picture leads to ``row * columns + column`` of the table, and so do its positions. Where there
    is no room for a picture the rows are blank.
    """
    width, height = max(width, 0), max(height, 0)
    rows, columns = len(values), max((len(row) for row in values), default=0)
    view = View(0.0, float(max(columns, 1)), 0.0, float(max(rows, 1)))
    names = [shorten(clusters(printable(name)), _LONGEST_LABEL, "") for name in row_labels]
    tick_width = min(max((cells_of(name) for name in names), default=0), width // 4)
    down = math.ceil(rows / max(height - 3, 1))
    across = math.ceil(columns / max(width - 1 - tick_width, 1))
    if width < 8 or height < 5 or not rows or not columns:
        return Picture(width, height, Sheet([""] * height, width).runs(), view)
    kept_rows, kept_columns = range(0, rows, down), range(0, columns, across)
    field_width = min((width - 1 - tick_width) // len(kept_columns), _WIDEST_FIELD)
    field_height = min((height - 3) // len(kept_rows), _HIGHEST_FIELD)
    if cut_columns:
        most = max(field_width - 1, 1)
        column_labels = [_cut(label, most) for label in column_labels]
    inner = len(kept_columns) * field_width, len(kept_rows) * field_height
    x_title, _ = titles(title, "", width, ascii)
    layout = arrange(
        max(1 + tick_width + inner[0], 4 * tick_width, 24),
        max(inner[1] + 2 + int(bool(x_title)), 5),
        tick_width=tick_width,
        tick_row=True,
        titles=bool(x_title),
        ticks_from=_TICKS_FROM,
    )
    fields = [
        _Field(
            place * field_width,
            line * field_height,
            row * columns + column,
            value,
            _share(value, low, high),
        )
        for line, row in enumerate(kept_rows)
        for place, column in enumerate(kept_columns)
        if column < len(values[row])
        for value in (float(values[row][column]),)
    ]
    coloured = bool(ramp) and colour
    marks: dict[str, list[Cell]] = {}
    for field in fields:
        known = not math.isnan(field.share)
        glyph = " " if coloured and known else _shade(field.share, ascii)
        if glyph != " ":
            marks.setdefault(glyph, []).extend(_cells(field, field_width, field_height))
    middle_x, middle_y = (field_width - 1) // 2, (field_height - 1) // 2
    drawn = draw(
        layout,
        marks,
        x_ticks=_column_ticks([column_labels[n] for n in kept_columns], field_width),
        y_ticks=[
            (line * field_height + middle_y, _flush(row_labels[row], tick_width))
            for line, row in enumerate(kept_rows)
        ],
        x_title=x_title,
        ascii_only=ascii,
    )
    sheet = Sheet(drawn, width)
    axes = Style(axis_colour) if axis_colour and colour else Style(dim=True)
    paint_axes(sheet, layout, axes)
    cells: dict[Cell, tuple[int, ...]] = {}
    positions: dict[int, Cell] = {}
    for field in fields:
        x, y = layout.left + field.left, field.top
        for column, row in _cells(field, field_width, field_height):
            cells[layout.left + column, row] = (field.index,)
        positions[field.index] = (x + middle_x, y + middle_y)
        style = _style(field.share, ramp) if coloured else Style()
        if coloured:
            for line in range(field_height):
                sheet.paint(x, y + line, field_width, style)
        if field_width >= _NUMBER:
            number = tuple((letter, 1) for letter in _number(field.value))
            sheet.write(x + (field_width - len(number)) // 2, y + middle_y, number, style)
    return Picture(
        width=width,
        height=layout.height,
        rows=sheet.runs(),
        view=view,
        cells=cells,
        positions=positions,
        canvas=(layout.left, 0, inner[0], inner[1]),
    )


def _share(value: float, low: float, high: float) -> float:
    """Return where a number stands between the ends, from 0 to 1; NaN for one that is not known."""
    if not math.isfinite(value):
        return math.nan
    return min(max((value - low) / (high - low), 0.0), 1.0) if high > low else 0.0


def _shade(share: float, ascii_only: bool) -> str:
    if math.isnan(share):
        return _NOTHING
    shades = _ASCII_SHADES if ascii_only else _SHADES
    return shades[min(int(share * len(shades)), len(shades) - 1)]


def _style(share: float, ramp: Sequence[str]) -> Style:
    if math.isnan(share):
        return Style(dim=True)
    return Style(ramp[min(int(share * len(ramp)), len(ramp) - 1)], reverse=True)


def _cells(field: _Field, width: int, height: int) -> list[Cell]:
    return [
        (field.left + column, field.top + row) for row in range(height) for column in range(width)
    ]


def _number(value: float) -> str:
    """Return a number in three cells at most, as ``.07`` or ``1.0``."""
    if not math.isfinite(value):
        return _NOTHING
    text = f"{value:.2f}".replace("0.", ".", 1)
    return text if len(text) <= _NUMBER else f"{value:.0f}." if abs(value) >= 10 else f"{value:.1f}"


def _column_ticks(labels: Sequence[str], field_width: int) -> list[tuple[int, str]]:
    """Return the labels that fit beside each other, each in the middle of its field."""
    names = [printable(label) for label in labels]
    longest = max((len(name) for name in names), default=0)
    every = max(1, math.ceil((longest + 1) / field_width))
    return [
        (place * field_width + (field_width - 1) // 2, name)
        for place, name in enumerate(names)
        if place % every == 0
    ]


def _cut(label: str, width: int) -> str:
    return "".join(cluster for cluster, _ in shorten(clusters(printable(label)), width, ""))


def _flush(label: str, width: int) -> str:
    parts = shorten(clusters(printable(label)), width, "")
    return " " * (width - cells_of(parts)) + "".join(cluster for cluster, _ in parts)
