"""The strip of answers without one layer, under the ticks of the layer bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from bertscope_tui.inspection.strip_views import agreement_glyph, answer_words, shade
from bertscope_tui.inspection.views import Look
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import Run
from bertscope_tui.tui.widgets.strips import Ticks

if TYPE_CHECKING:
    from bertscope_tui.engine.skipping import Skipped


@dataclass(frozen=True, slots=True, eq=False)
class SkipStrip:
    """The answers that are there, that of the whole network first; ``note`` says why not more."""

    found: tuple[Skipped, ...] = ()
    note: str = ""

    def at(self, layer: int | None) -> Skipped | None:
        """Return the answer without a layer; None where it is not there."""
        return next((one for one in self.found if one.layer == layer), None)


def skip_line(strip: SkipStrip, ticks: Ticks, layer: int, look: Look, width: int) -> list[Run]:
    """Return the strip: whether the answer survives and how probable it is, and that here."""
    runs: list[Run] = [(set_cell_size(" without", ticks.left), ink(None, dim=True))]
    for one in ticks.layers(layer):
        found = strip.at(one) if one else None
        if found is None or found.prediction is None:
            runs.append((" " * ticks.step, ink(None)))
            continue
        glyph = agreement_glyph("same" if found.survives else "other", look)
        colour = look.colour("answer") if found.survives else None
        probability = found.prediction.probability
        runs.append((glyph, ink(colour, bold=probability >= 0.5, underline=one == layer)))
        runs.append((shade(probability, look) * (ticks.step - 1), ink(colour)))
    room = max(width - ticks.end - 1, 0)
    return [*runs, (f" {_words(strip, layer, room)}", ink(None))]


def _words(strip: SkipStrip, layer: int, room: int) -> str:
    """Return the answer without this layer in words; that of all layers at the embeddings."""
    found = strip.at(layer or None)
    if found is None or found.prediction is None:
        return _cut(strip.note, room)
    name = f"without layer {layer}: " if layer else "with all layers: "
    tail = "" if not layer else ", same" if found.survives else ", other"
    if strip.note:
        tail += f" ({strip.note})"
    best = found.prediction.n_best[0]
    if cell_len(name) + cell_len(tail) + 14 > room:
        name, tail = "", tail.removesuffix(f" ({strip.note})")
    return _cut(f"{name}{answer_words(best, max(room - len(name) - len(tail), 8))}{tail}", room)


def _cut(words: str, room: int) -> str:
    return words if cell_len(words) <= room else f"{set_cell_size(words, max(room - 1, 0))}…"
