"""One chart of curves over layers, or a few sentences in its place."""

from __future__ import annotations

from bertscope_tui.plots.curves import curves
from bertscope_tui.plots.picture import Picture
from bertscope_tui.scans.charts import Chart
from bertscope_tui.tui.widgets.picture_pane import PicturePane


class ChartPane(PicturePane):
    """Draws its chart anew when the chart, the size or the theme changes, and only then."""

    def __init__(self, *, id: str, title: str, ascii_only: bool) -> None:  # noqa: A002
        super().__init__(id=id, title=title)
        self._ascii = ascii_only
        self._chart: Chart | None = None
        self._message = ""

    def show(self, chart: Chart | None, message: str = "") -> None:
        """Show a chart, or the message where there is none."""
        if (chart, message) != (self._chart, self._message):
            self._chart, self._message = chart, message
            self.redraw()

    def draw(self, width: int, height: int) -> Picture | str:
        """Return the chart in this room."""
        chart = self._chart
        if chart is None:
            return self._message
        return curves(
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
