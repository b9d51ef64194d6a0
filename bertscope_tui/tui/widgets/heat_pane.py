"""A table of numbers as shades, or a few sentences in its place."""

from __future__ import annotations

from dataclasses import dataclass

from bertscope_tui.inspection.views import Look
from bertscope_tui.plots.heatmap import heatmap
from bertscope_tui.plots.picture import Picture
from bertscope_tui.tui.theming import in_colour
from bertscope_tui.tui.widgets.picture_pane import PicturePane


@dataclass(frozen=True, slots=True)
class Heat:
    """A table of fractions from 0 to 1 with its labels; ``title`` says what the columns are."""

    values: tuple[tuple[float, ...], ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    title: str


class HeatPane(PicturePane):
    """Shades with their numbers in them, where there is room; signs alone without colour."""

    def __init__(self, look: Look, *, id: str, title: str) -> None:  # noqa: A002
        super().__init__(id=id, title=title)
        self._look = look
        self._heat: Heat | None = None
        self._message = ""

    def show(self, heat: Heat | None, message: str = "", *, look: Look | None = None) -> None:
        """Show a table, or the message where there is none."""
        now = (heat, message, look or self._look)
        if now != (self._heat, self._message, self._look):
            self._heat, self._message, self._look = now
            self.redraw()

    def draw(self, width: int, height: int) -> Picture | str:
        """Return the table in this room."""
        heat = self._heat
        if heat is None:
            return self._message
        return heatmap(
            heat.values,
            width=width,
            height=height,
            row_labels=heat.rows,
            column_labels=heat.columns,
            title=heat.title,
            ramp=self._look.theme.ramp,
            colour=in_colour(),
            ascii=self._look.ascii,
        )
