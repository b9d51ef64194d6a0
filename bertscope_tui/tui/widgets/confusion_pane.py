"""Which labels are taken for which, as shades."""

from __future__ import annotations

from rich.cells import cell_len

from bertscope_tui.inspection.views import Look
from bertscope_tui.plots.heatmap import heatmap
from bertscope_tui.plots.picture import Picture
from bertscope_tui.probes.labels import confusion_of
from bertscope_tui.probes.records import ProbeResult
from bertscope_tui.tui.theming import in_colour
from bertscope_tui.tui.widgets.picture_pane import PicturePane

_FIELD = 4
"""Cells that a number takes with the gap before it."""

_AROUND = 4
"""Rows that the axis takes."""


class ConfusionPane(PicturePane):
    """Rows are gold labels, columns what was said; as many labels as there is room for."""

    def __init__(self) -> None:
        super().__init__(id="confusions", title="confusions")
        self.border_subtitle = "rows gold, columns said, shares of a row"
        self._look: Look | None = None
        self._result: ProbeResult | None = None
        self._layer = 0

    def show(self, result: ProbeResult, layer: int, look: Look) -> None:
        """Show the confusions of a result at a layer."""
        if (result, layer, look) != (self._result, self._layer, self._look):
            self._result, self._layer, self._look = result, layer, look
            self.border_title = f"confusions at layer {layer}"
            self.redraw()

    def draw(self, width: int, height: int) -> Picture | str:
        """Return the most frequent labels' confusions in this room."""
        one, look = self._result, self._look
        if one is None or look is None:
            return ""
        longest = max((cell_len(label) for label in one.labels), default=0)
        across = (width - 1 - min(longest, width // 4)) // _FIELD
        found = confusion_of(one, self._layer, max(min(across, height - _AROUND), 1))
        if found is None:
            return "Targets of this task can have several labels: none is taken for another."
        more = ""
        if len(found.labels) < len(one.labels):
            more = f", the {len(found.labels)} most frequent of {len(one.labels)} labels"
        return heatmap(
            found.shares,
            width=width,
            height=height,
            row_labels=found.labels,
            column_labels=found.labels,
            cut_columns=True,
            title=f"said{more}",
            ramp=look.theme.ramp,
            colour=in_colour(),
            ascii=look.ascii,
        )
