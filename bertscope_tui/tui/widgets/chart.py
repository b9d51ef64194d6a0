"""One chart of curves over layers, or a few sentences in its place."""

from __future__ import annotations

from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from bertscope_tui.data.hygiene import clean
from bertscope_tui.plots.curves import curves
from bertscope_tui.scans.charts import Chart
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.wrapping import broken


class ChartPane(Widget):
    """Draws its chart anew when the chart, the size or the theme changes, and only then."""

    ALLOW_MAXIMIZE = True

    def __init__(self, *, id: str, title: str, ascii_only: bool) -> None:  # noqa: A002
        super().__init__(id=id, classes="pane")
        self.border_title = title
        self._ascii = ascii_only
        self._chart: Chart | None = None
        self._message = ""
        self._strips: list[Strip] | None = None

    def show(self, chart: Chart | None, message: str = "") -> None:
        """Show a chart, or the message where there is none."""
        if (chart, message) != (self._chart, self._message):
            self._chart, self._message = chart, message
            self._redraw()

    def on_resize(self, event: events.Resize) -> None:
        """The chart follows the pane."""
        self._redraw()

    def notify_style_update(self) -> None:
        """Lines carry the pane's colours, so they go stale with them."""
        super().notify_style_update()
        self._redraw()

    def render_line(self, y: int) -> Strip:
        """Return one line."""
        if self._strips is None:
            self._strips = self._draw()
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, self.rich_style)

    def _redraw(self) -> None:
        self._strips = None
        self.refresh()

    def _draw(self) -> list[Strip]:
        width, height = self.size
        base, chart = self.rich_style, self._chart
        if chart is None:
            lines = broken(clean(self._message), max(width - 2, 10))
            return [Strip.blank(width, base)] * max((height - len(lines)) // 2, 0) + [
                Strip([Segment(line.center(width), base)]).adjust_cell_length(width, base)
                for line in lines
            ]
        picture = curves(
            chart.series,
            width=width,
            height=height,
            title=chart.title,
            x_title="layer",
            x_limits=(0, max(chart.layers, 1)),
            y_limits=chart.limits,
            whole_x=True,
            ascii=self._ascii,
        )
        return [
            Strip(
                [
                    Segment(run.text, base + ink(run.colour, bold=run.bold, dim=run.dim))
                    for run in row
                ],
                width,
            )
            for row in picture.rows
        ]
