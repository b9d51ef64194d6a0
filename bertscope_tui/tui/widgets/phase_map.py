"""Phases of many samples: a heat map of layer and phase, and the segments below its columns."""

from __future__ import annotations

import os

from rich.cells import set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from bertscope_tui.analysis.phase_scores import PHASES
from bertscope_tui.analysis.phases import TITLES, Phases
from bertscope_tui.inspection.strip_views import SHORT
from bertscope_tui.inspection.views import Look, phases_words
from bertscope_tui.plots.heatmap import heatmap
from bertscope_tui.plots.picture import Picture
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import Run
from bertscope_tui.tui.widgets.strip_pane import StripPane
from bertscope_tui.tui.widgets.strips import phase_blocks
from bertscope_tui.tui.widgets.wrapping import broken

_WIDE = 96
"""Cells from which phases have their whole names beside the heat map."""

_ALONE = 8
"""Cells of a field that has no other beside it."""

_NUMBER = 3
"""Cells of a field that has its number in it."""


_WHOLE = 0.995
"""From here on a share is written as 1."""


class PhaseMap(StripPane):
    """Draws its phases anew when they, the size or the theme change, and only then."""

    def __init__(self, look: Look, *, id: str, title: str) -> None:  # noqa: A002
        super().__init__(id=id, title=title)
        self._look = look
        self._phases: Phases | None = None
        self._message = ""
        self._areas = False

    def show(self, phases: Phases | None, message: str = "", *, areas: bool = False) -> None:
        """Show phases, or the message where there are none.

        ``areas`` asks for the areas under the ROC curve in place of each phase stretched from 0
        at its lowest layer to 1 at its highest.
        """
        if (phases, message, areas) != (self._phases, self._message, self._areas):
            self._phases, self._message, self._areas = phases, message, areas
            self.border_subtitle = "" if phases is None else f"{phases.samples:,} samples"
            self.redraw()

    def show_look(self, look: Look) -> None:
        """Draw in other colours."""
        self._look = look
        self.redraw()

    def make_strips(self) -> list[Strip]:
        """Return result, map and segments, or the message."""
        if self._phases is None:
            return self.words(self._message)
        return [self._strip(runs) for runs in self._lines(self._phases)]

    def _strip(self, runs: list[Run]) -> Strip:
        base = self.rich_style
        strip = Strip([Segment(text, base + style) for text, style in runs])
        return strip.adjust_cell_length(self.size.width, base)

    def _lines(self, phases: Phases) -> list[list[Run]]:
        width, height = self.size
        head = [[(f" {line}", ink(None, bold=True))] for line in _result(phases, width - 2)]
        tail = [[(f" {line}", ink(None, dim=True))] for line in self._tail(phases, width - 2)]
        picture = self._heatmap(phases, height - len(head) - len(tail) - 2)
        body = [
            [(run.text, ink(run.colour, bold=run.bold, dim=run.dim, reverse=run.reverse))
             for run in row]
            for row in picture.rows
        ]  # fmt: skip
        return [*head, *body, *self._segments(phases, picture), *tail]

    def _heatmap(self, phases: Phases, height: int) -> Picture:
        width, look = self.size.width, self._look
        layers = phases.scores.shape[1]
        names = [TITLES[one].removesuffix(" matching") for one in PHASES]
        if width < _WIDE:
            names = [SHORT[one] for one in PHASES]
        room = (width - 1 - max(map(len, names))) // layers
        return heatmap(
            (phases.scores if self._areas else phases.normal).tolist(),
            width=width,
            height=height,
            row_labels=names,
            column_labels=[str(layer) for layer in range(layers)],
            title="layer",
            ramp=look.theme.ramp,
            ascii=look.ascii,
            # Where a field has no room for its number, a shade has to stand beside the colour.
            colour=room >= _NUMBER and "NO_COLOR" not in os.environ,
        )

    def _segments(self, phases: Phases, picture: Picture) -> list[list[Run]]:
        """Return the phase of each layer, and its support, below the columns of the heat map."""
        columns = {
            layer: picture.positions[layer][0]
            for layer in range(phases.scores.shape[1])
            if layer in picture.positions
        }
        if not columns or not phases.found:
            return []
        places = list(columns.values())
        step = places[1] - places[0] if len(places) > 1 else _ALONE
        # A number stands in the middle of its field.
        begin = places[0] - (step - 1) // 2
        named = phase_blocks([phases.layers[layer] for layer in columns], step, self._look)
        lines = [[(set_cell_size(" phase", begin), ink(None, dim=True)), *named]]
        if phases.support is not None:
            shares = "".join(_share(float(phases.support[layer]), step) for layer in columns)
            head = set_cell_size(" support", begin)
            lines.append([(head, ink(None, dim=True)), (shares, ink(None))])
        return lines

    def _tail(self, phases: Phases, room: int) -> list[str]:
        said = (
            "areas under the ROC curve, 0.5 is chance"
            if self._areas
            else ("each phase from 0 at its lowest layer to 1 at its highest")
        )
        lines = broken(said, room)
        if phases.order and phases.order_support is not None:
            order = ", ".join(SHORT[phase] for phase in phases.order)
            words = f"order that fits best: {order} ({phases.order_support:.0%} of resamples)"
            lines += broken(words, room)
        return lines


def _result(phases: Phases, room: int) -> list[str]:
    return broken(phases_words(phases), max(room, 10))


def _share(share: float, cells: int) -> str:
    """Return a share in a field: a number where there is room, else a sign of its tenth."""
    if cells <= _NUMBER:
        return ("+" if share >= _WHOLE else str(int(share * 10))).center(cells)
    text = f"{share:.2f}".replace("0.", ".", 1) if share < _WHOLE else "1.0"
    return text.center(cells)
