"""The scatter of one layer: points with roles in, a finished `Picture` out.

What is drawn where is decided here, cell by cell; `canvas` has plotext draw the marks and the
axes, and the words are laid over the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bertscope_tui.data.hygiene import printable
from bertscope_tui.plots.axes import one_cell, paint_axes, titles
from bertscope_tui.plots.canvas import Layout, arrange, draw
from bertscope_tui.plots.cells import Clusters, cells_of, clusters, shorten
from bertscope_tui.plots.labels import Board, Placed, Wish
from bertscope_tui.plots.picture import PLAIN, Picture, Run, Sheet, Style, to_text
from bertscope_tui.plots.trail import PlacedName, Station, dots_of, names_of
from bertscope_tui.plots.view import View, drawable, ticks

__all__ = ["Picture", "Point", "Run", "Station", "Style", "View", "scatter", "to_text"]

_LONGEST_LABEL = 18
_LONGEST_LOUD_LABEL = 32
_CELLS_PER_LABEL = 45
"""Where the caller sets no budget, one label for so many cells of the canvas."""


@dataclass(frozen=True, slots=True)
class Point:
    """One token in the plane.

    ``glyph`` takes one cell. ``colour`` is ``"#rrggbb"``, an ANSI name, or None for the
    default. A higher ``priority`` is drawn over a lower one and labelled before it. ``label``
    may be any text: it is cleaned before it is drawn; an empty one is never shown.
    """

    token: int
    x: float
    y: float
    glyph: str
    colour: str | None
    priority: int
    label: str


Cell = tuple[int, int]
"""Column and row, counted from the top left of the canvas."""


def scatter(
    points: Sequence[Point],
    *,
    width: int,
    height: int,
    view: View | None = None,
    x_title: str = "",
    y_title: str = "",
    highlighted: Sequence[int] = (),
    label_budget: int | None = None,
    ascii: bool = False,  # noqa: A002 - named after the option that it follows
    colour: bool = True,
    axis_colour: str | None = None,
    trail: Sequence[Station] = (),
    trail_colour: str | None = None,
) -> Picture:
    """Draw ``points`` into ``width`` x ``height`` cells.

    ``view`` defaults to all points; those outside it are neither drawn nor in the maps.
    ``highlighted`` has the selected token first, then its neighbours: they are drawn on top and
    always labelled, the selected one reversed and with its label in brackets, so that it can be
    told without colour. At most ``label_budget`` other labels are placed (None: by size). With
    ``ascii`` the axes are ASCII as well; the glyphs are the caller's. Axes are dim, or in
    ``axis_colour``. A ``trail`` is drawn over the points: its stations by name, the one that is
    here reversed, and dots between them where nothing else is. Where there is no room for a
    picture the rows are blank.
    """
    shown = View.fit((point.x, point.y) for point in points) if view is None else view
    width, height = max(width, 0), max(height, 0)
    if width < 4 or height < 2:
        return Picture(width, height, Sheet([""] * height, width).runs(), shown)
    loud = {token: rank for rank, token in reversed(list(enumerate(highlighted)))}
    x_ticks = ticks(shown.x_low, shown.x_high, max(2, width // 20))
    y_ticks = ticks(shown.y_low, shown.y_high, max(2, height // 6))
    tick_width = max((len(tick.label) for tick in y_ticks), default=0)
    x_title, y_title = titles(x_title, y_title, width, ascii)
    layout = arrange(
        width,
        height,
        tick_width=tick_width,
        tick_row=bool(x_ticks),
        titles=bool(x_title or y_title),
    )
    columns, rows, left = layout.columns, layout.rows, layout.left
    by_cell = _by_cell(points, shown, columns, rows, loud)
    drawn = draw(
        layout,
        _marks(by_cell),
        x_ticks=[(_nearest(tick.fraction, columns), tick.label) for tick in x_ticks],
        y_ticks=[
            (_nearest(1.0 - tick.fraction, rows), tick.label.rjust(tick_width)) for tick in y_ticks
        ],
        x_title=x_title,
        y_title=y_title,
        ascii_only=ascii,
    )
    sheet = Sheet(drawn, width)
    paint_axes(sheet, layout, Style(axis_colour) if axis_colour and colour else Style(dim=True))
    for (column, row), there in by_cell.items():
        sheet.paint(left + column, row, 1, _style(there[0], loud, colour, text=False))
    path = [_place(station.x, station.y, shown, columns, rows) for station in trail]
    cells = [(int(x), int(y)) if 0 <= x < columns and 0 <= y < rows else None for x, y in path]
    names = names_of(list(zip(trail, cells, strict=True)), columns)
    _draw_dots(
        sheet,
        dots_of(path, columns, rows) - by_cell.keys(),
        left,
        ascii,
        trail_colour if colour else None,
    )
    placed = _place_labels(by_cell, layout, loud, label_budget, ascii, names)
    for point, label in placed:
        style = _style(point, loud, colour, text=True)
        sheet.write(left + label.column, label.row, label.parts, style)
    for name in names:
        style = Style(trail_colour if colour else None, bold=True, reverse=name.here)
        sheet.write(left + name.column, name.row, [(sign, 1) for sign in name.name], style)
    return Picture(
        width=width,
        height=height,
        rows=sheet.runs(),
        view=shown,
        cells={
            (left + column, row): tuple([point.token for point in there])
            for (column, row), there in by_cell.items()
        },
        positions={
            point.token: (left + column, row)
            for (column, row), there in by_cell.items()
            for point in there
        },
        labels={label.token: (left + label.column, label.row, label.cells) for _, label in placed},
        canvas=(left, 0, columns, rows),
    )


def _place(x: float, y: float, view: View, columns: int, rows: int) -> tuple[float, float]:
    """Return a place in cells and parts of them, from the top left; the borders belong to it."""
    across = (x - view.x_low) / ((view.x_high - view.x_low) or 1.0)
    down = (view.y_high - y) / ((view.y_high - view.y_low) or 1.0)
    last = 1.0 - 1e-9
    return (
        (last if across == 1.0 else across) * columns,
        (last if down == 1.0 else down) * rows,
    )


def _draw_dots(
    sheet: Sheet, dots: Iterable[Cell], left: int, ascii_only: bool, colour: str | None
) -> None:
    sign = ":" if ascii_only else "•"
    style = Style(colour, dim=colour is None)
    for column, row in dots:
        sheet.write(left + column, row, [(sign, 1)], style)


def _nearest(fraction: float, cells: int) -> int:
    return min(max(int(fraction * cells), 0), cells - 1)


def _by_cell(
    points: Iterable[Point], view: View, columns: int, rows: int, loud: Mapping[int, int]
) -> dict[Cell, list[Point]]:
    """Return the points in view by cell, in each cell the one to be seen first."""
    x_low, x_high, y_low, y_high = view.x_low, view.x_high, view.y_low, view.y_high
    x_span, y_span = (x_high - x_low) or 1.0, (y_high - y_low) or 1.0
    by_cell: dict[Cell, list[Point]] = {}
    for point in points:
        x, y = point.x, point.y
        if x_low <= x <= x_high and y_low <= y <= y_high and drawable(x, y):
            cell = (
                min(int((x - x_low) / x_span * columns), columns - 1),
                min(int((y_high - y) / y_span * rows), rows - 1),
            )
            by_cell.setdefault(cell, []).append(point)
    quiet = len(loud)
    for there in by_cell.values():
        if len(there) > 1:
            there.sort(key=lambda one: (loud.get(one.token, quiet), -one.priority, one.token))
    return by_cell


def _marks(by_cell: Mapping[Cell, Sequence[Point]]) -> dict[str, list[Cell]]:
    marks: dict[str, list[Cell]] = {}
    for cell, there in by_cell.items():
        marks.setdefault(one_cell(there[0].glyph), []).append(cell)
    return marks


@lru_cache(maxsize=1024)
def _styled(colour: str | None, loud: bool, selected: bool, text: bool) -> Style:
    if not (colour or loud):
        return PLAIN
    return Style(colour, bold=loud, reverse=selected, underline=text and loud and not selected)


def _style(point: Point, loud: Mapping[int, int], colour: bool, *, text: bool) -> Style:
    rank = loud.get(point.token)
    return _styled(point.colour if colour else None, rank is not None, rank == 0, text)


def _place_labels(
    by_cell: Mapping[Cell, Sequence[Point]],
    layout: Layout,
    loud: Mapping[int, int],
    budget: int | None,
    ascii_only: bool,
    names: Sequence[PlacedName],
) -> list[tuple[Point, Placed]]:
    """Choose who gets a label and where: the highlighted, then the most important roles."""
    if layout.columns < 8:
        return []
    if budget is None:
        budget = max(4, layout.columns * layout.rows // _CELLS_PER_LABEL)
    mark = "~" if ascii_only else "…"
    priorities = sorted({there[0].priority for there in by_cell.values()})
    level_of = {priority: level for level, priority in enumerate(priorities, start=1)}
    board = Board(layout.columns, layout.rows)
    for name in names:
        for column in range(name.column, name.column + len(name.name)):
            board.put_point(column, name.row, 1, loud=True)
    wanted: list[tuple[tuple[int, int, bool, int], Cell, Point]] = []
    quiet = len(loud)
    for cell, there in by_cell.items():
        top = there[0]
        board.put_point(*cell, level_of[top.priority], loud=top.token in loud)
        for point in there:
            rank = loud.get(point.token, quiet)
            if rank == quiet and point is not top:
                break
            # Words before punctuation: where a comma lies is seldom the question.
            order = (rank, -point.priority, not _is_word(point.label), point.token)
            wanted.append((order, cell, point))
    wanted.sort(key=lambda one: one[0])
    wishes = []
    for (rank, *_), cell, point in wanted:
        parts = _label_parts(point.label, rank < quiet, rank == 0 < quiet, mark)
        level = level_of.get(point.priority, 1)
        wishes.append(
            Wish(point.token, *cell, parts, cells_of(parts), level, level > 1, rank < quiet)
        )
    # A letter or digit as a glyph would read as the first of the word.
    gap = int(any(there[0].glyph.isalnum() for there in by_cell.values()))
    placed = board.place(wishes, budget=budget, gap=gap, mark=mark)
    points = {point.token: point for _, _, point in wanted}
    return [(points[label.token], label) for label in placed]


@lru_cache(maxsize=8192)
def _label_parts(label: str, loud: bool, selected: bool, mark: str) -> Clusters:
    text = clusters(printable(label).strip())
    parts = shorten(text, _LONGEST_LOUD_LABEL if loud else _LONGEST_LABEL, mark)
    return (("[", 1), *parts, ("]", 1)) if selected and parts else parts


@lru_cache(maxsize=8192)
def _is_word(label: str) -> bool:
    return any(character.isalnum() for character in label)
