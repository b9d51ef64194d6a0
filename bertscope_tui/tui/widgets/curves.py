"""Loss and development score of a training over its steps."""

from __future__ import annotations

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from bertscope_tui.data.hygiene import clean
from bertscope_tui.inspection.views import Look
from bertscope_tui.plots.curves import Limits, Series, curves
from bertscope_tui.plots.picture import Picture
from bertscope_tui.training.runs import Run
from bertscope_tui.training.views import RunCurves, curves_of
from bertscope_tui.tui.theming import ink

_BESIDE = 56
"""Columns from which two charts may stand side by side …"""

_STACKED = 22
"""… and rows from which they stand one above the other in any case."""


class CurvesPane(Widget):
    """Two charts over the same steps, side by side or one above the other."""

    ALLOW_MAXIMIZE = True

    def __init__(self, look: Look) -> None:
        super().__init__(id="curves", classes="pane")
        self.border_title = "curves"
        self._look = look
        self._run: Run | None = None
        self._curves: RunCurves | None = None
        self._message = ""
        self._strips: list[Strip] = []

    def show(self, run: Run | None, *, message: str = "") -> None:
        """Show the curves of a run, or ``message`` where it has none yet."""
        if run is not None and run is self._run:
            return
        self._run, made = run, None
        if run is not None and (run.losses or run.scores):
            made = curves_of(run, self._look.theme, ascii=self._look.ascii)
        if (made, message) != (self._curves, self._message):
            self._curves, self._message = made, message
            self._redraw()

    def show_look(self, look: Look, run: Run | None) -> None:
        """Draw in other colours."""
        self._look, self._run = look, None
        self.show(run, message=self._message)

    def on_resize(self, event: events.Resize) -> None:
        """The charts follow the pane."""
        self._redraw()

    def notify_style_update(self) -> None:
        """Lines carry the pane's colours, so they go stale with them."""
        super().notify_style_update()
        self._redraw()

    def render_line(self, y: int) -> Strip:
        """Return one line."""
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, self.rich_style)

    def _redraw(self) -> None:
        """Draw the charts and have the terminal told the lines that are others."""
        before, self._strips = self._strips, self._draw()
        if len(before) != len(self._strips):
            self.refresh()
            return
        for y, (old, new) in enumerate(zip(before, self._strips, strict=True)):
            if old != new:
                self.refresh(Region(0, y, self.size.width, 1))

    def _draw(self) -> list[Strip]:
        width, height = self.size
        found, base = self._curves, self.rich_style
        if found is None:
            middle = clean(self._message)[:width].center(width)
            return [
                Strip([Segment(middle if y == height // 2 else " " * width, base)], width)
                for y in range(height)
            ]
        if height >= _STACKED or width < _BESIDE:
            above = height - height // 2
            pictures = [
                [self._chart(found.losses, "training loss", (0.0, None), width, above)],
                [self._scores(found, width, height - above)],
            ]
        else:
            half = (width - 1) // 2
            left = self._chart(found.losses, "training loss", (0.0, None), half, height)
            pictures = [[left, self._scores(found, width - 1 - half, height)]]
        return [strip for row in pictures for strip in self._beside(row)]

    def _scores(self, found: RunCurves, width: int, height: int) -> Picture:
        return self._chart(found.scores, f"dev {found.metric}", (0.0, 1.0), width, height)

    def _chart(
        self, series: tuple[Series, ...], title: str, limits: Limits, width: int, height: int
    ) -> Picture:
        assert self._curves is not None
        return curves(
            series,
            width=width,
            height=height,
            title=title,
            x_title="step",
            x_limits=(0, self._curves.steps),
            y_limits=limits,
            whole_x=True,
            ascii=self._look.ascii,
        )

    def _beside(self, pictures: list[Picture]) -> list[Strip]:
        """Return the lines of pictures of one height, side by side."""
        base = self.rich_style
        strips = []
        for rows in zip(*(picture.rows for picture in pictures), strict=True):
            segments: list[Segment] = []
            for row in rows:
                if segments:
                    segments.append(Segment(" ", base))
                segments += [
                    Segment(run.text, base + ink(run.colour, bold=run.bold, dim=run.dim))
                    for run in row
                ]
            strips.append(Strip(segments, self.size.width))
        return strips
