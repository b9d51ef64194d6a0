"""Lines over a common axis: series of numbers in, a finished `Picture` out.

A line is drawn in braille dots, eight to a cell, and carries its series' glyph at some of the
points that it goes through, so that lines are told apart without colour. (ASCII terminals get
full stops for the dots.) As in the scatter, it is decided here which cell shows what; `canvas`
has plotext draw the marks and the axes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bertscope_tui.data.hygiene import printable
from bertscope_tui.plots.axes import one_cell, paint_axes, titles
from bertscope_tui.plots.canvas import arrange, draw
from bertscope_tui.plots.cells import cells_of, clusters, shorten
from bertscope_tui.plots.lines import Dot, Place, clipped, trace
from bertscope_tui.plots.picture import PLAIN, Picture, Run, Sheet, Style, to_text
from bertscope_tui.plots.view import Tick, View, drawable, ticks

__all__ = ["Limits", "Picture", "Run", "Series", "curves", "to_text"]

Limits = tuple[float | None, float | None]
"""Lower and upper end of an axis; None: as far as the data go."""

_ACROSS, _DOWN = 2, 4
"""Braille dots in a cell."""

_BRAILLE = 0x2800
_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The bit of each dot by column and row of the cell (Unicode 16, chapter 21.1)."""

_MARK_EVERY = 8
"""Columns between two glyphs on a line with many points."""

_NOTHING = 1e-280
"""Extents below this are taken for none: their differences would not be floats."""

_LONGEST_NAME = 32
_TICKS_FROM = (24, 7)
_HEADED_FROM = 5
"""Rows from which one is spent on title and legend."""

Cell = tuple[int, int]
Owners = dict[Cell, tuple[str, Style]]


@dataclass(frozen=True, slots=True)
class Series:
    """One line: ``ys`` over ``xs``, joined in the order in which they are given.

    A value that is not finite leaves a gap. ``glyph`` takes one cell; ``colour`` is ``"#rrggbb"``,
    an ANSI name, or None for the default. A ``strong`` series lies over the others, in bold.
    """

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    glyph: str
    colour: str | None = None
    strong: bool = False


def curves(
    series: Sequence[Series],
    *,
    width: int,
    height: int,
    title: str = "",
    x_title: str = "",
    x_limits: Limits = (None, None),
    y_limits: Limits = (None, None),
    whole_x: bool = False,
    ascii: bool = False,  # noqa: A002 - named after the option that it follows
    colour: bool = True,
    axis_colour: str | None = None,
) -> Picture:
    """Draw ``series`` into ``width`` x ``height`` cells.

    The first row has ``title`` (what the vertical axis measures) and the legend, with as many
    names as fit. Limits fix the ends of an axis, and what lies beyond them is cut off; ``whole_x``
    allows only whole numbers on the horizontal axis (steps, layers). With ``ascii`` lines and axes
    are ASCII; the glyphs are the caller's. Axes are dim, or in ``axis_colour``. Where there is no
    room for a chart the rows are blank.
    """
    width, height = max(width, 0), max(height, 0)
    pieces = [list(_pieces(one)) for one in series]
    points = [point for parts in pieces for part in parts for point in part]
    view = View(
        *_extent([x for x, _ in points], x_limits), *_extent([y for _, y in points], y_limits)
    )
    if width < 4 or height < 2:
        return Picture(width, height, Sheet([""] * height, width).runs(), view)
    head = int(height >= _HEADED_FROM and bool(title or any(one.name for one in series)))
    x_ticks = _ticks_across(view, width, whole_x)
    y_ticks = ticks(view.y_low, view.y_high, max(2, height // 4))
    tick_width = max((len(tick.label) for tick in y_ticks), default=0)
    x_title, _ = titles(x_title, "", width, ascii)
    layout = arrange(
        width,
        height - head,
        tick_width=tick_width,
        tick_row=bool(x_ticks),
        titles=bool(x_title) and height >= _HEADED_FROM + 5,
        ticks_from=_TICKS_FROM,
    )
    columns, rows, left = layout.columns, layout.rows, layout.left
    owners: Owners = {}
    for place in sorted(range(len(series)), key=lambda n: (series[n].strong, -n)):
        one = series[place]
        style = _style(one, colour)
        dots, marks = _drawn(pieces[place], view, columns, rows, stagger=place)
        for cell, bits in dots.items():
            owners[cell] = ("." if ascii else chr(_BRAILLE + bits), style)
        owners.update(dict.fromkeys(marks, (one_cell(one.glyph), style)))
    by_glyph: dict[str, list[Cell]] = {}
    for cell, (glyph, _) in owners.items():
        by_glyph.setdefault(glyph, []).append(cell)
    drawn = draw(
        layout,
        by_glyph,
        x_ticks=_tick_cells(x_ticks, columns, across=True),
        y_ticks=[
            (cell, label.rjust(tick_width))
            for cell, label in _tick_cells(y_ticks, rows, across=False)
        ],
        x_title=x_title,
        ascii_only=ascii,
    )
    sheet = Sheet([*[""] * head, *drawn], width)
    axes = Style(axis_colour) if axis_colour and colour else Style(dim=True)
    paint_axes(sheet, layout, axes, top=head)
    for (column, row), (_, style) in owners.items():
        sheet.paint(left + column, head + row, 1, style)
    if head:
        _write_head(sheet, title, series, width, colour, "~" if ascii else "…")
    return Picture(width, height, sheet.runs(), view, canvas=(left, head, columns, rows))


def _pieces(one: Series) -> Iterator[list[tuple[float, float]]]:
    """Yield the stretches of a series between its gaps."""
    piece: list[tuple[float, float]] = []
    for x, y in zip(one.xs, one.ys, strict=False):
        if drawable(x, y):
            piece.append((x, y))
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece


def _extent(values: Sequence[float], limits: Limits) -> tuple[float, float]:
    """Return the ends of an axis: as asked for, else those of the data, never equal."""
    low, high = limits
    if low is None:
        low = min(values, default=0.0 if high is None else high - 1.0)
    if high is None:
        high = max(values, default=low + 1.0)
    size = max(abs(low), abs(high))
    if high - low > max(1e-9 * size, _NOTHING):
        return low, high
    half = size / 2 if size > _NOTHING else 1.0
    if limits[0] is not None:
        return low, max(high, low) + 2 * half
    if limits[1] is not None:
        return min(low, high) - 2 * half, high
    return low - half, high + half


def _ticks_across(view: View, width: int, whole: bool) -> tuple[Tick, ...]:
    about = max(2, width // 16)
    if not whole:
        return ticks(view.x_low, view.x_high, about)
    about = max(1, min(about, int(min(view.x_high - view.x_low, 1e9))))
    found = ticks(view.x_low, view.x_high, about)
    # Between two whole numbers there is no scale without fractions.
    return tuple(tick for tick in found if "." not in tick.label or "e" in tick.label)


def _tick_cells(found: Sequence[Tick], cells: int, *, across: bool) -> list[tuple[int, str]]:
    """Return the cells of ticks, by the same rounding as that of the lines' dots."""
    per_cell = _ACROSS if across else _DOWN
    last = cells * per_cell - 1
    return [
        (round((tick.fraction if across else 1.0 - tick.fraction) * last) // per_cell, tick.label)
        for tick in found
    ]


def _drawn(
    pieces: Sequence[Sequence[tuple[float, float]]],
    view: View,
    columns: int,
    rows: int,
    *,
    stagger: int,
) -> tuple[Mapping[Cell, int], set[Cell]]:
    """Return the dots of a line as bits by cell, and the cells that get its glyph.

    The first and the last point of every stretch have one, and those between at a distance.
    ``stagger`` shifts them, so that the glyphs of lines that lie close do not hide each other.
    """
    across, down = columns * _ACROSS - 1, rows * _DOWN - 1
    bits: dict[Cell, int] = {}
    marks: set[Cell] = set()

    def place_of(point: tuple[float, float]) -> Place:
        x, y = point
        return (
            (x - view.x_low) / (view.x_high - view.x_low) * across,
            (view.y_high - y) / (view.y_high - view.y_low) * down,
        )

    def mark(place: Place) -> None:
        if -0.5 <= place[0] <= across + 0.5 and -0.5 <= place[1] <= down + 0.5:
            marks.add((round(place[0]) // _ACROSS, round(place[1]) // _DOWN))

    def put(dot: Dot) -> None:
        cell = dot[0] // _ACROSS, dot[1] // _DOWN
        bits[cell] = bits.get(cell, 0) | _BITS[dot[0] % _ACROSS][dot[1] % _DOWN]

    for piece in pieces:
        places = _thinned([place_of(point) for point in piece], across)
        mark(places[0])
        mark(places[-1])
        due = places[0][0] + (_MARK_EVERY + 3 * stagger % _MARK_EVERY) * _ACROSS
        for before, after in itertools.pairwise(places):
            part = clipped(before, after, across, down)
            if part is not None:
                for dot in trace(*part):
                    put(dot)
            # Where points are few each has its glyph, on steep stretches as well.
            if after[0] >= due or abs(after[0] - before[0]) >= _MARK_EVERY:
                mark(after)
                due = after[0] + _MARK_EVERY * _ACROSS
    return bits, marks


def _thinned(places: list[Place], across: int) -> list[Place]:
    """Leave out points that change nothing where there are many more of them than dots.

    Of neighbours in one column of dots the first, the lowest, the highest and the last are kept,
    in their order: the line covers the same dots.
    """
    if len(places) <= 4 * across:
        return places
    kept: list[Place] = []
    for _, found in itertools.groupby(places, key=lambda place: round(place[0])):
        alike = list(found)
        if len(alike) > 4:
            rows = [y for _, y in alike]
            wanted = {0, rows.index(min(rows)), rows.index(max(rows)), len(alike) - 1}
            alike = [alike[number] for number in sorted(wanted)]
        kept += alike
    return kept


def _style(one: Series, colour: bool) -> Style:
    if not (colour and one.colour) and not one.strong:
        return PLAIN
    return Style(one.colour if colour else None, bold=one.strong)


def _write_head(
    sheet: Sheet, title: str, series: Sequence[Series], width: int, colour: bool, mark: str
) -> None:
    """Write title and legend; strong series are named first, what does not fit is counted."""
    named = [one for one in sorted(series, key=lambda one: not one.strong) if one.name]
    x = _write(sheet, 0, title, width, Style(bold=True), mark)
    for place, one in enumerate(named):
        start = x + 2 if x else 0
        name = shorten(clusters(printable(one.name).strip()), _LONGEST_NAME, mark)
        left_out = f"  +{len(named) - place} more"
        rest = len(f"  +{len(named) - place - 1} more") if place + 1 < len(named) else 0
        end = start + 2 + cells_of(name)
        if end + rest > width:
            _write(sheet, x, left_out if x else left_out.strip(), width - x, Style(dim=True), mark)
            return
        style = _style(one, colour)
        sheet.write(start, 0, ((one_cell(one.glyph), 1),), style)
        sheet.write(start + 2, 0, name, Style(bold=one.strong) if one.strong else PLAIN)
        x = end


def _write(sheet: Sheet, x: int, text: str, room: int, style: Style, mark: str) -> int:
    """Write a text as far as it fits and return where it ends."""
    parts = shorten(clusters(printable(text)), max(room, 0), mark) if text else ()
    if parts:
        sheet.write(x, 0, parts, style)
    return x + cells_of(parts)
