"""A pane with one picture drawn in characters, or a few sentences in its place."""

from __future__ import annotations

from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from bertscope_tui.data.hygiene import clean
from bertscope_tui.plots.picture import Picture
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.wrapping import broken


class PicturePane(Widget):
    """Draws its picture anew when `redraw` says so, the size or the theme changes; only then."""

    ALLOW_MAXIMIZE = True

    def __init__(self, *, id: str, title: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="pane")
        self.border_title = title
        self._strips: list[Strip] | None = None

    def draw(self, width: int, height: int) -> Picture | str:
        """Return the picture in this room, or what to say instead; for subclasses."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Have the picture drawn again."""
        self._strips = None
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """The picture follows the pane."""
        self.redraw()

    def notify_style_update(self) -> None:
        """Lines carry the pane's colours, so they go stale with them."""
        super().notify_style_update()
        self.redraw()

    def render_line(self, y: int) -> Strip:
        """Return one line."""
        if self._strips is None:
            self._strips = self._draw()
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, self.rich_style)

    def _draw(self) -> list[Strip]:
        width, height = self.size
        base, found = self.rich_style, self.draw(*self.size)
        if isinstance(found, str):
            lines = broken(clean(found), max(width - 2, 10))
            return [Strip.blank(width, base)] * max((height - len(lines)) // 2, 0) + [
                Strip([Segment(line.center(width), base)]).adjust_cell_length(width, base)
                for line in lines
            ]
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
            for row in found.rows
        ]
