"""A pane whose lines are made once and kept until what is drawn, its room or its colours change."""

from __future__ import annotations

from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from bertscope_tui.data.hygiene import clean
from bertscope_tui.plots.picture import Picture
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.wrapping import broken


class StripPane(Widget):
    """Has its lines made by `make_strips` when `redraw` says so, and by itself on another size."""

    ALLOW_MAXIMIZE = True

    def __init__(self, *, id: str, title: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="pane")
        self.border_title = title
        self._strips: list[Strip] | None = None

    def make_strips(self) -> list[Strip]:
        """Return the lines for the size that the pane has now; for subclasses."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Have the lines made again."""
        self._strips = None
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """What is drawn follows the pane."""
        self.redraw()

    def notify_style_update(self) -> None:
        """Lines carry the pane's colours, so they go stale with them."""
        super().notify_style_update()
        self.redraw()

    def render_line(self, y: int) -> Strip:
        """Return one line."""
        if self._strips is None:
            self._strips = self.make_strips()
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, self.rich_style)

    def words(self, message: str) -> list[Strip]:
        """Return lines with a message in the middle of the pane."""
        width, height = self.size
        base = self.rich_style
        lines = broken(clean(message), max(width - 2, 10))
        return [Strip.blank(width, base)] * max((height - len(lines)) // 2, 0) + [
            Strip([Segment(line.center(width), base)]).adjust_cell_length(width, base)
            for line in lines
        ]

    def rows(self, picture: Picture) -> list[Strip]:
        """Return the rows of a picture as lines of the pane's width."""
        width, base = self.size.width, self.rich_style
        return [
            Strip(
                [
                    Segment(
                        run.text,
                        base + ink(run.colour, bold=run.bold, dim=run.dim, reverse=run.reverse),
                    )
                    for run in row
                ]
            ).adjust_cell_length(width, base)
            for row in picture.rows
        ]
