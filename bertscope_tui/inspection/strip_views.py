"""What the strips under the layer bar say of phases and of the answers by layer: words and glyphs.

The command line uses the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bertscope_tui.analysis.phase_scores import PHASES, Phase
from bertscope_tui.analysis.phases import ENOUGH, TITLES
from bertscope_tui.data.hygiene import clean
from bertscope_tui.plots.cells import cells_of, clusters, shorten

if TYPE_CHECKING:
    from bertscope_tui.analysis.phases import Phases
    from bertscope_tui.engine.answers import Candidate
    from bertscope_tui.inspection.lens import Agreement, Lens
    from bertscope_tui.inspection.views import Look
    from bertscope_tui.themes import ThemeSpec

SHORT: dict[Phase, str] = {
    "semantic": "semantic",
    "entity": "entities",
    "match": "match",
    "answer": "answer",
}
"""One word for each phase; no two begin with the same letter, which alone may stand for one."""

AGREEMENT_NAMES: dict[Agreement, str] = {
    "right": "the layer's answer is right",
    "same": "it is the final answer, or where that is",
    "other": "another answer",
    "unknown": "the head has no answer from this layer",
}

_AGREEMENT: dict[Agreement, tuple[str, str]] = {
    "right": ("✓", "+"),
    "same": ("●", "o"),
    "other": ("·", "."),
    "unknown": ("?", "?"),
}
_SHADES = ("░▒▓█", ".-+#")
_BAR = 10
_LISTED = 3


def phase_colour(phase: Phase, theme: ThemeSpec) -> str:
    """Return the colour of a phase: the theme's ramp from the first phase to the last."""
    ramp = theme.ramp
    return ramp[PHASES.index(phase) * (len(ramp) - 1) // (len(PHASES) - 1)]


def strength_words(phases: Phases, layer: int, *, short: bool = False) -> str:
    """Return the phase of a layer with its normalised score there, and the area it comes from."""
    phase = phases.layers[layer]
    if phase is None:
        return ""
    row = PHASES.index(phase)
    normal, area = float(phases.normal[row, layer]), float(phases.scores[row, layer])
    if short:
        return f"{SHORT[phase]} {normal:.2f}"
    return f"{TITLES[phase]} {normal:.2f} of 1 (area {area:.2f})"


def no_phases_words(phases: Phases) -> str:
    """Return in a few words why there are no phases; `Phases.reason` is the whole sentence."""
    known = sum(1 for row in phases.scores if bool((row == row).all()))
    if known < 2:
        return "no phases: fewer than two have a score"
    needed = ENOUGH if known >= ENOUGH else 2
    if not phases.seen:
        return f"no phases: none shows, {needed} would have to"
    names = " and ".join(SHORT[phase] for phase in phases.seen)
    verb = "shows" if len(phases.seen) == 1 else "show"
    return f"no phases: only {names} {verb}, {needed} would have to"


def agreement_glyph(agreement: Agreement, look: Look) -> str:
    """Return the sign of a layer's answer: right, the same as the final one, another."""
    return _AGREEMENT[agreement][look.ascii]


def shade(probability: float, look: Look) -> str:
    """Return the shade of a probability, from light to full in four steps."""
    shades = _SHADES[look.ascii]
    return shades[min(int(probability * len(shades)), len(shades) - 1)]


def answer_words(candidate: Candidate, room: int | None = None, *, cut: str = "…") -> str:
    """Return an answer and its probability as clean text, the answer cut to fit ``room`` cells."""
    number = f" {candidate.probability:.2f}"
    text = clean(candidate.text) or "(no answer)"
    if room is not None:
        parts = shorten(clusters(text), max(room - len(number), 1), cut)
        text = "".join(part for part, _ in parts)
    return f"{text}{number}"


def lead_words(lens: Lens, *, short: bool = False) -> str:
    """Return from which layer on the final answer leads."""
    if lens.leads_from is None:
        return ""
    if short:
        return f"final from {lens.leads_from}"
    if lens.leads_from == 0:
        return "the final answer leads in all layers"
    return f"the final answer leads from layer {lens.leads_from}"


def n_best_words(candidates: Sequence[Candidate], room: int, *, cut: str = "…") -> str:
    """Return as many answers with their probabilities as fit ``room`` cells, one at least.

    Long ones are cut so that three fit.
    """
    each = max((room - 4) // 3, 12)
    said = ""
    for candidate in candidates:
        words = answer_words(candidate, min(each, room), cut=cut)
        joined = f"{said}  {words}" if said else words
        if cells_of(clusters(joined)) > room:
            break
        said = joined
    return said


def lens_lines(lens: Lens, look: Look, width: int) -> Iterator[str]:
    """Yield the best answers of each layer, a line each, with a bar for the first one of them."""
    yield "Answers by layer"
    if lens.reason:
        yield f"  {lens.reason}"
    if lens.leads_from is not None:
        yield f"  {lead_words(lens)}"
    full, empty = ("#", ".") if look.ascii else ("█", "░")
    for layer, (one, agreement) in enumerate(zip(lens.layers, lens.agreement, strict=True)):
        if one is None:
            continue
        filled = round(one.probability * _BAR)
        bar = full * filled + empty * (_BAR - filled)
        head = f"  {layer:>3} {agreement_glyph(agreement, look)} {bar}  "
        yield head + n_best_words(one.n_best[:_LISTED], max(width - len(head), 8), cut="~")
