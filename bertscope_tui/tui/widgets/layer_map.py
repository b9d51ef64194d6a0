"""A table of numbers over the layers of two models, with a cursor in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from bertscope_tui.data.hygiene import clean
from bertscope_tui.inspection.survey_pages import layer_map
from bertscope_tui.inspection.views import Look
from bertscope_tui.plots.heatmap import Picture
from bertscope_tui.tui.widgets.strip_pane import StripPane

if TYPE_CHECKING:
    from bertscope_tui.inspection.comparing import Comparison

Cell = tuple[int, int]
"""A layer of the first model and one of the second."""


class LayerMapPane(StripPane, can_focus=True):
    """Draws its map anew when the numbers, the size, the theme or the cursor change.

    Signs on its edges mark two pairs of layers: ``●`` that which is ``here``, ``▶`` and ``▼`` the
    cursor, whose field is drawn unlike the others as well.
    """

    class CellClicked(Message):
        """The user clicked the number of a pair of layers."""

        def __init__(self, cell: Cell) -> None:
            super().__init__()
            self.cell = cell

    def __init__(self, look: Look) -> None:
        super().__init__(id="heat", title="linear CKA")
        self._look = look
        self._found: Comparison | None = None
        self._cursor: Cell = (0, 0)
        self._here: Cell = (0, 0)
        self._message = ""
        self._picture: Picture | None = None

    def show(self, found: Comparison | None, cursor: Cell, here: Cell, message: str = "") -> None:
        """Show a comparison, or the message where there is none."""
        self._found, self._cursor, self._here = found, cursor, here
        self._message = message
        names = ("", "") if found is None else tuple(clean(one.name) for one in found.models)
        title = f"linear CKA: rows A {names[0]}, columns B {names[1]}" if found else "linear CKA"
        self.border_title = title.replace("[", "\\[")
        self.redraw()

    def show_look(self, look: Look) -> None:
        """Draw with another theme."""
        self._look = look
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """A click on a number moves the cursor there."""
        offset = event.get_content_offset(self)
        if offset is None or self._picture is None or self._found is None:
            return
        index = self._picture.token_at(offset.x, offset.y - 1)
        if index is not None:
            self.post_message(self.CellClicked(self._cell_of(index)))

    def _cell_of(self, index: int) -> Cell:
        assert self._found is not None
        rows, columns = self._found.cka.shape
        row, column = divmod(index, columns)
        return rows - 1 - row, column

    def make_strips(self) -> list[Strip]:
        """Return the map with its signs, or the message."""
        width, height = self.size
        base = self.rich_style
        if self._found is None:
            self._picture = None
            return self.words(self._message)
        over, beside, dot = ("v", ">", "o") if self._look.ascii else ("▼", "▶", "●")
        marks = {self._here[0]: dot} | {self._cursor[0]: beside}
        picture = layer_map(
            self._found,
            self._look,
            width=width,
            height=height - 1,
            colour=not self.app.no_color,
            marks=marks,
        )
        self._picture = picture
        strips = [self._with_cursor(strip, y) for y, strip in enumerate(self.rows(picture))]
        edge = [" "] * width
        places = self._columns()
        for layer, sign in ((self._here[1], dot), (self._cursor[1], over)):
            if places:
                edge[places[min(places, key=lambda column: abs(column - layer))]] = sign
        return [Strip([Segment("".join(edge), base + Style(bold=True))], width), *strips]

    def _columns(self) -> dict[int, int]:
        """Return where the columns that are drawn stand; some are left out where room is scarce."""
        if self._picture is None:
            return {}
        return {self._cell_of(index)[1]: x for index, (x, _) in self._picture.positions.items()}

    def _with_cursor(self, strip: Strip, y: int) -> Strip:
        """Draw the cursor's field the other way round."""
        assert self._picture is not None
        xs = [
            x
            for (x, line), (index, *_) in self._picture.cells.items()
            if line == y and self._cell_of(index) == self._cursor
        ]
        if not xs:
            return strip
        start, end = min(xs), max(xs) + 1
        before, field, after = strip.divide([start, end, strip.cell_length])
        turned = [
            Segment(
                text, (style or Style()) + Style(reverse=not (style and style.reverse), bold=True)
            )
            for text, style, _ in field
        ]
        return Strip.join([before, Strip(turned), after])
