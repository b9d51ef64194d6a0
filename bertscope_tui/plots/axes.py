"""What pictures in cells have in common around their canvas: titles, tick cells, dim axes."""

from __future__ import annotations

from functools import lru_cache

from bertscope_tui.plots.canvas import Layout
from bertscope_tui.plots.cells import width_of
from bertscope_tui.plots.picture import Sheet, Style


def titles(x_title: str, y_title: str, width: int, ascii_only: bool) -> tuple[str, str]:
    """Say which axis is which, and keep the two from meeting in the row that they share."""
    right, up, mark = ("->", "^", "~") if ascii_only else ("→", "↑", "…")
    across = f"{x_title} {right}" if x_title else ""
    upward = f"{up} {y_title}" if y_title else ""
    # The first title is centred, so half of it lies towards the second.
    if len(upward) + 1 > width // 2 - len(across) // 2:
        across, upward = x_title, y_title  # the arrows go first: the words say which is which
    upward = single_cells(upward, max(width // 3 - 1, min(len(y_title), 7)), mark)
    return single_cells(across, 2 * (width // 2 - len(upward) - 1) + 1, mark), upward


def single_cells(text: str, room: int, mark: str) -> str:
    """Cut ``text`` to ``room``, with a stand-in for what plotext would give the wrong width."""
    plain = "".join(character if width_of(character) == 1 else "?" for character in text)
    return plain if len(plain) <= room else plain[: room - len(mark)] + mark


@lru_cache(maxsize=256)
def one_cell(glyph: str) -> str:
    """Return the glyph, or a stand-in for one that would push the rest of its row aside."""
    return glyph if len(glyph) == 1 and glyph != " " and width_of(glyph) == 1 else "?"


def paint_axes(sheet: Sheet, layout: Layout, style: Style, *, top: int = 0) -> None:
    """Give what is left of and below the canvas a style; ``top`` rows lie above the canvas."""
    if layout.left:
        for row in range(layout.rows):
            sheet.paint(0, top + row, layout.left, style)
    for row in range(layout.rows, layout.height):
        sheet.paint(0, top + row, layout.width, style)
