"""The one place that knows plotext: marks and axes in, rows of plain characters out.

plotext is asked to draw on a plane whose unit is the screen cell: the ruler limits are the
first and the last cell, and every mark and tick sits on a whole number. Its scaling is then
the identity, whatever the data are, and the caller, who put each point into a cell, knows
where it was drawn. (Given raw data, plotext widens limits that are close together relative to
their size, and its rounding at the cell borders is its own.)

Colour is not given to plotext either: the caller knows which point owns a cell, so the picture
is built without colour and painted afterwards, which leaves theme colours as they were written
and spares parsing escape sequences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_ASCII = str.maketrans(
    {"─": "-", "│": "|", "└": "+", "┤": "+", "┬": "+", "┴": "+", "├": "+", "┼": "+"}
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the canvas lies inside a picture, in cells; the rest is axes, ticks and titles."""

    width: int
    height: int
    left: int
    columns: int
    rows: int
    axes: bool
    x_ticks: bool
    y_ticks: bool
    titles: bool


def arrange(
    width: int,
    height: int,
    *,
    tick_width: int,
    tick_row: bool,
    titles: bool,
    ticks_from: tuple[int, int] = (30, 9),
) -> Layout:
    """Share ``width`` x ``height`` cells (one at least) between the canvas and what is around it.

    ``tick_width`` is the width of the labels of the vertical axis (0: it has none), ``tick_row``
    says whether the horizontal one has any, ``ticks_from`` the smallest size that gets them.
    Small pictures give up ticks first, then titles, then the axes: the points come before the
    furniture.
    """
    axes = width >= 16 and height >= 5
    roomy = width >= ticks_from[0] and height >= ticks_from[1]
    y_ticks = roomy and 0 < tick_width <= width // 4
    x_ticks = roomy and tick_row
    titles = axes and titles and width >= 24 and height >= 7
    left = int(axes) + (tick_width if y_ticks else 0)
    return Layout(
        width=width,
        height=height,
        left=left,
        columns=width - left,
        rows=height - int(axes) - int(x_ticks) - int(titles),
        axes=axes,
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        titles=titles,
    )


def draw(
    layout: Layout,
    marks: Mapping[str, Sequence[tuple[int, int]]],
    *,
    x_ticks: Sequence[tuple[int, str]] = (),
    y_ticks: Sequence[tuple[int, str]] = (),
    x_title: str = "",
    y_title: str = "",
    ascii_only: bool = False,
) -> list[str]:
    """Draw with plotext and return ``layout.height`` strings of ``layout.width`` characters.

    ``marks`` maps a glyph of one cell to its ``(column, row)`` cells, counted from the top left
    of the canvas; a cell may be named once. Tick cells count columns from the left and rows
    from the top of the canvas. The labels of the vertical ticks must all have the width that
    the layout was made for. Where the layout has a row for titles, one must not be blank:
    plotext drops the row otherwise. Nothing but one-cell characters may be in the texts.
    """
    figure = _new_figure()
    figure.plot_size(layout.width, layout.height)
    figure.theme("colorless")
    figure.axes(False, axis="x", side="upper")
    figure.axes(False, axis="y", side="right")
    if not layout.axes:
        figure.axes(False)
    if layout.titles:
        figure.label(x_title or None, axis="x", side="lower")
        figure.label(y_title or None, axis="y", side="left")
    bottom = layout.rows - 1
    across, up = figure.ruler("x", "lower"), figure.ruler("y", "left")
    # One column or row alone would be a range of no width, which plotext warns about on stdout.
    across.lim(0, max(1, layout.columns - 1))
    up.lim(0, max(1, bottom))
    x_ticks = x_ticks if layout.x_ticks else ()
    y_ticks = y_ticks if layout.y_ticks else ()
    across.ticks([cell for cell, _ in x_ticks], [text for _, text in x_ticks])
    up.ticks([bottom - cell for cell, _ in y_ticks], [text for _, text in y_ticks])
    for glyph, cells in marks.items():
        signal = figure.signal(
            [column for column, _ in cells], [bottom - row for _, row in cells], marker=glyph
        )
        # plotext collects the colours of every point, one object each, to choose the next
        # one of its cycle: two thirds of the whole time, for a cycle that is not used here.
        signal._get_unique_pixels = list
        figure.draw(signal)
    text: str = figure.build().string(colorless=True)
    if ascii_only:
        text = text.translate(_ASCII)
    return text.split("\n")[: layout.height]


@lru_cache(maxsize=1)
def _terminal() -> Any:
    """Return a plotext terminal of our own that does not clip plots to the real one."""
    import plotext

    terminal = type(plotext.terminal)()
    terminal.limit(False, False)
    return terminal


def _new_figure() -> Any:
    """Return a fresh figure: plotext offers one global figure, which pictures must not share."""
    import plotext

    return type(plotext.figure)(_terminal())
