"""What kind of failure a wrong answer is, why, and at which layer it first shows.

The paper (van Aken et al. 2019, section 5.3, "Observation of Failure States") sees two kinds of
wrong answers in the hidden states: those that go through the phases of a right one, but around the
wrong sentence, and those of low confidence, which go through no phases at all. The rules here put
that into numbers, add what is no failure of the network (an answer that no window holds, a label
that may be wrong), and are tried in one order, so that a wrong answer has exactly one kind. They
are judgements by thresholds, not measurements: docs/triage.md says how often planted failures come
out as what they are.

"As in right answers" is relative to the run: `levels_of` takes the quartiles of its right answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.readings import Peak, Reading, read
from bertscope_tui.analysis.wording import beside, facts_named, figure, layers_named
from bertscope_tui.engine.scanned import SIGNALS, Scanned, Sight

FailureKind = Literal[
    "wrong-fact",
    "right-fact-wrong-span",
    "boundary",
    "low-confidence",
    "lost-answer",
    "label-suspect",
    "other",
]
KINDS: Final[tuple[FailureKind, ...]] = get_args(FailureKind)
"""In the order in which they are listed; `rules` has the order in which they are tried."""

TITLES: Final[dict[FailureKind, str]] = {
    "wrong-fact": "wrong supporting fact",
    "right-fact-wrong-span": "right fact, wrong span",
    "boundary": "boundary (overlaps gold)",
    "low-confidence": "low confidence, no phases",
    "lost-answer": "answer lost before the model",
    "label-suspect": "possible label error",
    "other": "none of these",
}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Every number in the rules.

    ``low_confidence`` and ``high_confidence`` are probabilities of the prediction in its n-best
    list; ``gold_share`` is the largest probability there that a gold answer may have and still be
    taken for a wrong label; ``lead`` is by how much a sentence must match better than the facts
    for it to be said that it does. Levels are the ``quartile`` and the ``twentieth`` of the right
    answers where there are at least ``least_right`` of them; else ``match`` and ``separation``
    hold for both, and ``last_part``, the part of the layers, counted from the last one, through
    which the lens must point at the answer.
    """

    low_confidence: float = 0.35
    high_confidence: float = 0.5
    gold_share: float = 0.02
    lead: float = 0.03
    quartile: float = 0.25
    twentieth: float = 0.05
    least_right: int = 30
    match: float = 0.5
    separation: float = 2.0
    last_part: float = 1 / 3


THRESHOLDS: Final = Thresholds()


@dataclass(frozen=True, slots=True)
class Levels:
    """What the signals of a right answer reach.

    ``match`` is the peak, over layers 1 to L, of the question's match with the sentence of the
    answer (with the supporting facts where answers are labels), ``separation`` the answer
    separation at layer L: three quarters of the right answers reach these, nineteen of twenty
    ``least_match`` and ``least_separation``. ``stable_from`` is the layer, before the last one,
    from which on the lens gives the final answer for three quarters of them. ``match_layer`` is
    the layer of that peak in the middle right answer, None where it is not known.
    ``samples`` is how many right answers this is from; 0: fixed values.
    """

    match: float
    separation: float
    least_match: float
    least_separation: float
    stable_from: int
    match_layer: int | None = None
    samples: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """The kind of a wrong answer, why in one sentence, and the layer at which it first shows.

    ``first_layer`` is None where no layer can be named.
    """

    kind: FailureKind
    evidence: str
    first_layer: int | None


def levels_of(
    signals: NDArray[np.float32], right: NDArray[np.bool_], thresholds: Thresholds = THRESHOLDS
) -> Levels:
    """Return the levels of a run from ``(samples, len(SIGNALS), layers + 1)`` and ``(samples,)``.

    Each is from those right answers that have its signal, or fixed where they are too few.
    """
    layers = signals.shape[2] - 1
    least = thresholds.least_right
    shares = (thresholds.quartile, thresholds.twentieth)
    chosen = signals[right]
    match, match_layer = (thresholds.match,) * 2, None
    first = min(1, layers)
    curves = _match_of(chosen)[:, first:]
    curves = curves[np.isfinite(curves).any(axis=1)]
    if len(curves) >= least:
        match = _quantiles(np.nanmax(curves, axis=1), shares)
        match_layer = first + int(np.median(np.nanargmax(curves, axis=1)))
    separation = (thresholds.separation,) * 2
    apart = chosen[:, SIGNALS.index("answer_separation"), layers]
    apart = apart[np.isfinite(apart)]
    if len(apart) >= least:
        separation = _quantiles(apart, shares)
    stable_from = layers - int(thresholds.last_part * layers)
    lens = chosen[:, SIGNALS.index("lens_correct")]
    lens = lens[np.isfinite(lens).all(axis=1)]
    if len(lens) >= least:
        other = lens[:, ::-1] != 1.0
        ends = np.where(other.any(axis=1), layers + 1 - other.argmax(axis=1), 0)
        stable_from = int(np.quantile(ends, 1 - thresholds.quartile, method="lower"))
    return Levels(
        match=match[0],
        separation=separation[0],
        least_match=match[1],
        least_separation=separation[1],
        stable_from=max(0, min(stable_from, layers - 1)),
        match_layer=match_layer,
        samples=len(chosen) if len(chosen) >= least else 0,
    )


def _quantiles(values: NDArray[np.float32], shares: tuple[float, float]) -> tuple[float, float]:
    one, other = np.quantile(values, shares)
    return float(one), float(other)


def _match_of(signals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the match with the answer's sentence, with the facts where that is not known."""
    own = signals[:, SIGNALS.index("predicted_match")]
    facts = signals[:, SIGNALS.index("fact_match")]
    return np.where(np.isfinite(own).any(axis=1, keepdims=True), own, facts)


def classify(
    scanned: Scanned,
    levels: Levels,
    thresholds: Thresholds = THRESHOLDS,
    *,
    gold: Sequence[str] = (),
) -> Failure | None:
    """Return the failure that a wrong answer is, None for a right one and where nothing is known.

    ``gold`` are the texts of the gold answers; with them a gold answer is found in the n-best list
    wherever in the context it stands. Where the data name the supporting facts, and these are not
    just the sentences of the gold answer, an answer from elsewhere has two things of the data set
    against it, and no label is suspected.
    """
    if scanned.right is not False or scanned.prediction is None:
        return None
    reading = read(scanned, gold)
    return (
        _lost(scanned)
        or _boundary(scanned, reading)
        or _label_suspect(scanned, reading, levels, thresholds)
        or _low_confidence(reading, levels, thresholds)
        or _wrong_fact(scanned, reading, thresholds)
        or _right_fact(reading)
        or _other(scanned, reading)
    )


_LOST: Final[dict[Sight, str]] = {
    "unplaced": "The gold answer is no part of the context and no label, so it cannot be given.",
    "truncated": "No window holds the gold answer whole.",
    "untokenised": "No run of whole tokens spells the gold answer.",
    "too long": "The gold answer has more tokens than an answer may have.",
}


def _lost(scanned: Scanned) -> Failure | None:
    if scanned.sight == "seen" or scanned.impossible:
        return None
    return Failure("lost-answer", _LOST[scanned.sight], 0)


def _boundary(scanned: Scanned, reading: Reading) -> Failure | None:
    span = None if scanned.prediction is None else scanned.prediction.span
    over = [] if span is None else [gold for gold in scanned.gold_spans if span.overlaps(gold)]
    if span is None or not over or scanned.scores is None:
        return None
    gold = min(over, key=lambda one: abs(one.start - span.start) + abs(one.end - span.end))
    evidence = (
        f"The answer overlaps the gold answer (F1 {scanned.scores.f1:.2f}): it "
        f"{beside('begins', span.start - gold.start)} and {beside('ends', span.end - gold.end)}."
    )
    return Failure("boundary", evidence, reading.stable_from)


def _label_suspect(
    scanned: Scanned, reading: Reading, levels: Levels, thresholds: Thresholds
) -> Failure | None:
    apart, gold_apart = reading.separation, reading.gold_separation
    if (
        scanned.impossible
        or scanned.prediction is None
        or scanned.prediction.text == ""
        or reading.confidence < thresholds.high_confidence
        or reading.gold_share > thresholds.gold_share
        or reading.stable_from is None
        or reading.stable_from > levels.stable_from
        or (reading.match is not None and reading.match.value < levels.least_match)
        or (apart is not None and apart < levels.least_separation)
        # The fact that the answer needs may be in another window than the one it was read from.
        or (scanned.windows > 1 and scanned.facts and reading.facts is None)
        or (scanned.facts_given and scanned.predicted_sentence is not None and not reading.on_fact)
        # A gold answer that is set apart was a candidate: the model chose between two.
        or (gold_apart is not None and gold_apart >= levels.least_separation)
    ):
        return None
    signs = [
        f"confidence is {reading.confidence:.2f} and the gold answer's {reading.gold_share:.2f}",
        f"the lens points at this answer from layer {reading.stable_from} on",
    ]
    if reading.match is not None:
        signs.insert(1, f"the question's match is {reading.match.value:.2f}")
    if apart is not None and gold_apart is not None:
        signs.insert(-1, f"separation is {apart:.2f} and the gold answer's {gold_apart:.2f}")
    evidence = f"All is as in a right answer: {', '.join(signs[:-1])}, and {signs[-1]}."
    return Failure("label-suspect", evidence, reading.stable_from)


def _low_confidence(reading: Reading, levels: Levels, thresholds: Thresholds) -> Failure | None:
    apart = reading.separation
    if (
        reading.confidence >= thresholds.low_confidence
        or _reaches(reading.match, levels.match)
        or (apart is not None and apart >= levels.separation)
    ):
        return None
    parts = []
    if reading.match is not None:
        parts.append(f"the question is matched by {reading.match.value:.2f} ({levels.match:.2f})")
    if apart is not None:
        parts.append(f"the answer set apart by {apart:.2f} ({levels.separation:.2f})")
    rest = f": {' and '.join(parts)}, right answers' level in brackets" if parts else ""
    evidence = f"Confidence is {reading.confidence:.2f} and no phases show{rest}."
    layer = levels.match_layer
    if layer is None and reading.match is not None:
        layer = reading.match.layer
    return Failure("low-confidence", evidence, layer)


def _wrong_fact(scanned: Scanned, reading: Reading, thresholds: Thresholds) -> Failure | None:
    if reading.sentence is None or (scanned.facts and reading.on_fact):
        return None
    if not scanned.facts and not scanned.impossible:
        return None
    name = f"sentence {reading.sentence + 1}"
    if scanned.impossible:
        evidence = f"The context has no answer, and the model takes one from {name}"
        if reading.match is None:
            return Failure("wrong-fact", f"{evidence}.", reading.stable_from)
        evidence += f", which the question matches best at layer {reading.match.layer}"
        return Failure("wrong-fact", f"{evidence} ({figure(reading.match)}).", reading.match.layer)
    facts = facts_named(scanned.facts)
    ahead = reading.ahead
    if ahead is not None and ahead.own - ahead.facts >= thresholds.lead:
        end = 0 if scanned.signals is None else scanned.signals.shape[1] - 1
        where = layers_named(ahead.first, ahead.last, end)
        evidence = (
            f"The question matches {name}, not {facts}, {where} "
            f"({ahead.own:.2f} against {ahead.facts:.2f} at layer {ahead.layer})."
        )
        return Failure("wrong-fact", evidence, ahead.first)
    evidence = f"The answer is taken from {name}"
    if reading.facts is None or reading.match is None:
        evidence += f"; {facts} cannot be compared in its window."
    elif reading.facts.value >= reading.match.value:
        evidence += (
            f", although the question matches {facts} no less "
            f"({figure(reading.facts)} against {figure(reading.match)} at most)."
        )
    else:
        evidence += (
            f", which the question matches hardly better than {facts} "
            f"({figure(reading.match)} against {figure(reading.facts)} at most)."
        )
    return Failure("wrong-fact", evidence, reading.stable_from)


def _right_fact(reading: Reading) -> Failure | None:
    if reading.sentence is None or not reading.on_fact:
        return None
    evidence = f"Sentence {reading.sentence + 1} is a supporting fact"
    if reading.match is not None:
        evidence += f" (match {figure(reading.match)} at layer {reading.match.layer})"
    evidence += ", but another answer is taken"
    if reading.stable_from is not None:
        evidence += f"; the lens points at it from layer {reading.stable_from} on"
    return Failure("right-fact-wrong-span", f"{evidence}.", reading.stable_from)


def _other(scanned: Scanned, reading: Reading) -> Failure:
    assert scanned.prediction is not None
    if scanned.prediction.text == "":
        evidence = f"The model gives no answer, with a confidence of {reading.confidence:.2f}"
        if reading.facts is not None and scanned.facts:
            evidence += (
                f"; the question matches {facts_named(scanned.facts)} by {figure(reading.facts)}"
            )
    else:
        missing = "sentence of the answer" if scanned.facts else "supporting fact"
        evidence = f"No {missing} is known; confidence is {reading.confidence:.2f}"
        if reading.sentence is not None:
            evidence += f" for an answer from sentence {reading.sentence + 1}"
    return Failure("other", f"{evidence}.", reading.stable_from)


def _reaches(peak: Peak | None, level: float) -> bool:
    return peak is not None and peak.value >= level


def rules(
    levels: Levels | None = None, thresholds: Thresholds = THRESHOLDS
) -> list[tuple[FailureKind, str]]:
    """Return each kind with its rule in a sentence, in the order in which they are tried.

    With ``levels`` the sentences have the figures of a run.
    """

    def known(name: str) -> str:
        value = None if levels is None else getattr(levels, name)
        return (
            "" if value is None else f" ({value:.2f})" if name != "stable_from" else f" ({value})"
        )

    return [
        (
            "lost-answer",
            "No window holds the gold answer whole, no run of whole tokens spells it, it has too "
            "many tokens, or it is no part of the context at all.",
        ),
        ("boundary", "The answer shares characters with a gold answer."),
        (
            "label-suspect",
            f"Confidence of {thresholds.high_confidence:.2f} or more and at most "
            f"{thresholds.gold_share:.2f} for any gold answer; match{known('least_match')} and "
            f"separation{known('least_separation')} as nineteen of twenty right answers have "
            "them, but not the gold answer's separation; the lens points at the answer from the "
            f"layer{known('stable_from')} on by which three quarters of the right answers are "
            "given; and the answer is from a supporting fact, where the data set names those. Not "
            "where no answer is given, none is right, or the facts are in another window.",
        ),
        (
            "low-confidence",
            f"Confidence below {thresholds.low_confidence:.2f}, and neither match"
            f"{known('match')} nor separation{known('separation')} is as three quarters of the "
            "right answers have it.",
        ),
        (
            "wrong-fact",
            "The answer's sentence (where it has none: the sentence that matches the question "
            "best) is no supporting fact, or the question has no answer.",
        ),
        ("right-fact-wrong-span", "That sentence is a supporting fact, the answer is another."),
        ("other", "No supporting facts are known, or the model gives no answer."),
    ]
