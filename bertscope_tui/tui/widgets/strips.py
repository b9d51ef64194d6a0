"""The strips under the ticks of the layer bar: phases, and what the head answers from each layer.

Plain functions from what is known to runs of text; `bertscope_tui.tui.widgets.layer_bar` draws
them in columns that are those of the ticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from rich.cells import cell_len, set_cell_size

from bertscope_tui.analysis.phase_scores import Phase
from bertscope_tui.analysis.phases import Phases
from bertscope_tui.inspection.lens import Lens
from bertscope_tui.inspection.strip_views import (
    SHORT,
    agreement_glyph,
    answer_words,
    lead_words,
    n_best_words,
    no_phases_words,
    phase_colour,
    shade,
    strength_words,
)
from bertscope_tui.inspection.views import Look
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import Run

Which = Literal["phases", "answers", "both", "none"]
WHICH: tuple[Which, ...] = ("phases", "answers", "both", "none")
"""In the order in which a key turns them."""

_STEADY = 0.5
"""From this probability on a cell is bold, where there is no room for a shade."""


_LEAST_ANSWER = 14
"""Cells of an answer with its probability that are worth more than saying where it leads."""


@dataclass(frozen=True, slots=True)
class Ticks:
    """Where the layers 0 to ``last`` stand in a line: every so many share a tick.

    ``left`` cells are before the first tick; ticks are ``step`` cells apart and stand for
    ``every`` layers each.
    """

    last: int
    left: int
    step: int
    every: int

    @classmethod
    def fitting(cls, last: int, left: int, room: int) -> Ticks:
        """Return ticks for layers 0 to ``last`` that take at most about ``room`` cells."""
        step = max(min((room - 1) // max(last, 1), 6), 1)
        every = max(-(-last // max(room - 1, 1)), 1) if last * step + 1 > room else 1
        return cls(last, left, step, every)

    @property
    def groups(self) -> int:
        """Return the number of ticks."""
        return self.last // self.every + 1

    @property
    def end(self) -> int:
        """Return the column after the last layer's cells."""
        return self.left + self.groups * self.step

    def column(self, layer: int) -> int:
        """Return the column of the tick that stands for a layer."""
        return self.left + layer // self.every * self.step

    def layers(self, layer: int) -> tuple[int, ...]:
        """Return the layers that each tick shows: the first of its group, or the current one."""
        shown = [group * self.every for group in range(self.groups)]
        if 0 <= layer <= self.last:
            shown[layer // self.every] = layer
        return tuple(shown)

    def owner(self, column: int, layer: int) -> int | None:
        """Return the layer at a column; ``layer`` is the current one."""
        if not self.left <= column < self.end:
            return None
        return self.layers(layer)[(column - self.left) // self.step]


@dataclass(frozen=True, slots=True, eq=False)
class Strips:
    """Which strips are shown, and what is in them; a note stands where something is not there."""

    which: Which = "none"
    phases: Phases | None = None
    phases_note: str = ""
    lens: Lens | None = None
    lens_note: str = ""

    @property
    def has_phases(self) -> bool:
        """Say whether phases are shown."""
        return self.which in ("phases", "both")

    @property
    def has_answers(self) -> bool:
        """Say whether answers by layer are shown."""
        return self.which in ("answers", "both")

    @property
    def height(self) -> int:
        """Return the lines that the strips take: answers have one more for the runners-up."""
        return int(self.has_phases) + 2 * int(self.has_answers)


def phase_line(strips: Strips, ticks: Ticks, layer: int, look: Look, width: int) -> list[Run]:
    """Return the strip of phases: a block for each, and how strong that of this layer is."""
    runs = [_head("phases", ticks)]
    phases = strips.phases
    if phases is None or not phases.found:
        words = strips.phases_note if phases is None else no_phases_words(phases)
        return [*runs, (_cut(words, width - ticks.left), ink(None, dim=True))]
    runs += phase_blocks([phases.layers[one] for one in ticks.layers(layer)], ticks.step, look)
    room = width - ticks.end - 1
    words = strength_words(phases, layer)
    if cell_len(words) > room:
        words = strength_words(phases, layer, short=True)
    return [*runs, (f" {_cut(words, room)}", ink(None))]


def phase_blocks(phases: Sequence[Phase | None], cells: int, look: Look) -> list[Run]:
    """Return a block for each stretch of one phase, ``cells`` for each of its places.

    The name of the phase stands in it, or as much of that as fits.
    """
    runs: list[Run] = []
    place = 0
    for phase, group in groupby(phases):
        count = len(list(group))
        place += count
        size = cells * count
        if phase is None:
            runs.append((" " * size, ink(None)))
            continue
        # A gap between two blocks, so that they can be told apart without their colours.
        block = size - 1 if size > 1 and place < len(phases) else size
        style = ink(phase_colour(phase, look.theme), bold=True, reverse=True)
        runs += [(set_cell_size(SHORT[phase], block), style), (" " * (size - block), ink(None))]
    return runs


def answer_line(strips: Strips, ticks: Ticks, layer: int, look: Look, width: int) -> list[Run]:
    """Return the strip of answers: a sign and a shade for each layer, and that of this layer."""
    runs = [_head("answers", ticks)]
    lens = strips.lens
    if lens is None or lens.layers[-1] is None:
        words = strips.lens_note if lens is None else lens.reason
        return [*runs, (_cut(words, width - ticks.left), ink(None, dim=True))]
    for one in ticks.layers(layer):
        prediction, agreement = lens.layers[one], lens.agreement[one]
        glyph = agreement_glyph(agreement, look)
        probability = prediction.probability if prediction is not None else 0.0
        fill = " " if prediction is None else shade(probability, look)
        colour = _colour(agreement, look)
        bold = probability >= _STEADY
        runs.append((glyph, ink(colour, bold=bold, underline=one == layer)))
        runs.append((fill * (ticks.step - 1), ink(colour)))
    room = width - ticks.end - 1
    now = lens.layers[layer]
    lead = lead_words(lens) or lens.reason
    if now is None:
        return [*runs, (f" {_cut(lead, room)}", ink(None, dim=True))]
    # The shorter the room, the fewer words about where the answer leads, and then none.
    whole = cell_len(answer_words(now.n_best[0]))
    short = lead_words(lens, short=True)
    for words in (lead, short, short.removeprefix("final "), ""):
        rest = room - (cell_len(words) + 2 if words else 0)
        if rest >= min(whole, _LEAST_ANSWER) or not words:
            break
    tail = f"  {words}" if words else ""
    style = ink(_colour(lens.agreement[layer], look), bold=True)
    said = answer_words(now.n_best[0], max(rest, 1))
    return [*runs, (f" {_cut(said, rest)}", style), (tail, ink(None, dim=True))]


def runners_up_line(strips: Strips, ticks: Ticks, layer: int, width: int) -> list[Run]:
    """Return the best answers of this layer with their probabilities, as many as fit."""
    lens = strips.lens
    now = None if lens is None else lens.layers[layer]
    if now is None:
        return []
    words = n_best_words(now.n_best, width - ticks.left - 1)
    return [_head(f"at {layer}", ticks), (words, ink(None, dim=True))]


def _colour(agreement: str, look: Look) -> str | None:
    if agreement == "right":
        return look.colour("gold")
    return look.colour("answer") if agreement == "same" else None


def _head(name: str, ticks: Ticks) -> Run:
    return set_cell_size(f" {name}", ticks.left), ink(None, dim=True)


def _cut(words: str, room: int) -> str:
    return words if cell_len(words) <= room else f"{set_cell_size(words, max(room - 1, 0))}…"
