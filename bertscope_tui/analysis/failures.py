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
    taken for a wrong label. Levels are at ``quartile`` of the right answers where there are at
    least ``least_right`` of them; else ``match``, ``separation`` and ``last_part`` hold (the part
    of the layers, counted from the last one, through which the lens must stay with the answer).
    """

    low_confidence: float = 0.35
    high_confidence: float = 0.8
    gold_share: float = 0.02
    quartile: float = 0.25
    least_right: int = 30
    match: float = 0.75
    separation: float = 1.5
    last_part: float = 1 / 3


THRESHOLDS: Final = Thresholds()


@dataclass(frozen=True, slots=True)
class Levels:
    """What the signals of a right answer reach.

    ``match`` is the peak, over layers 1 to L, of the question's match with the sentence of the
    answer (with the supporting facts where answers are labels), ``separation`` the answer
    separation at layer L, ``stable_from`` the layer from which on the lens gives the final answer,
    ``match_layer`` the layer at which right answers usually first reach ``match``: None where that
    is not known. ``samples`` is how many right answers this is from; 0: fixed values.
    """

    match: float
    separation: float
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
    least, quartile = thresholds.least_right, thresholds.quartile
    chosen = signals[right]
    match, match_layer = thresholds.match, None
    first = min(1, layers)
    curves = _match_of(chosen)[:, first:]
    curves = curves[np.isfinite(curves).any(axis=1)]
    if len(curves) >= least:
        match = float(np.quantile(np.nanmax(curves, axis=1), quartile))
        reached = np.nan_to_num(curves, nan=-np.inf) >= match
        where = reached.argmax(axis=1)[reached.any(axis=1)]
        match_layer = first + int(np.median(where))
    separation = thresholds.separation
    apart = chosen[:, SIGNALS.index("answer_separation"), layers]
    apart = apart[np.isfinite(apart)]
    if len(apart) >= least:
        separation = float(np.quantile(apart, quartile))
    stable_from = layers - int(thresholds.last_part * layers)
    lens = chosen[:, SIGNALS.index("lens_correct")]
    lens = lens[np.isfinite(lens).all(axis=1)]
    if len(lens) >= least:
        other = lens[:, ::-1] != 1.0
        ends = np.where(other.any(axis=1), layers + 1 - other.argmax(axis=1), 0)
        stable_from = int(np.quantile(ends, 1 - quartile, method="lower"))
    samples = len(chosen) if len(chosen) >= least else 0
    return Levels(match, separation, stable_from, match_layer, samples)


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
    wherever in the context it stands.
    """
    if scanned.right is not False or scanned.prediction is None:
        return None
    reading = read(scanned, gold)
    return (
        _lost(scanned)
        or _boundary(scanned, reading)
        or _label_suspect(scanned, reading, levels, thresholds)
        or _low_confidence(reading, levels, thresholds)
        or _wrong_fact(scanned, reading)
        or _right_fact(scanned, reading)
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
        f"{_beside('begins', span.start - gold.start)} and {_beside('ends', span.end - gold.end)}."
    )
    return Failure("boundary", evidence, reading.stable_from)


def _label_suspect(
    scanned: Scanned, reading: Reading, levels: Levels, thresholds: Thresholds
) -> Failure | None:
    if (
        scanned.impossible
        or reading.confidence < thresholds.high_confidence
        or reading.gold_share > thresholds.gold_share
        or reading.stable_from is None
        or reading.stable_from > levels.stable_from
        or not _reaches(reading.match, levels.match)
        or (reading.separation is not None and reading.separation < levels.separation)
        or (reading.on_fact is False and _reaches(reading.facts, levels.match))
    ):
        return None
    assert reading.match is not None
    evidence = (
        f"Confidence is {reading.confidence:.2f} and the gold answer's {reading.gold_share:.2f}, "
        f"the question is matched as in right answers ({reading.match.value:.2f}), and the lens "
        f"gives this answer from layer {reading.stable_from} on."
    )
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


def _wrong_fact(scanned: Scanned, reading: Reading) -> Failure | None:
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
        return Failure("wrong-fact", f"{evidence} ({_of(reading.match)}).", reading.match.layer)
    facts = _facts(scanned.facts)
    ahead = reading.ahead
    if ahead is not None:
        where = _layers(ahead.first, ahead.last, scanned)
        evidence = (
            f"The question matches {name}, not {facts}, {where} "
            f"({ahead.own:.2f} against {ahead.facts:.2f} at layer {ahead.layer})."
        )
        return Failure("wrong-fact", evidence, ahead.first)
    if reading.facts is None:
        evidence = f"The answer is taken from {name}; {facts} cannot be compared in its window."
    else:
        evidence = (
            f"The answer is taken from {name}, although the question matches {facts} better "
            f"({_of(reading.facts)} against {_of(reading.match)} at most)."
        )
    return Failure("wrong-fact", evidence, reading.stable_from)


def _right_fact(scanned: Scanned, reading: Reading) -> Failure | None:
    if reading.sentence is None or not reading.on_fact:
        return None
    matched = (
        ""
        if reading.match is None
        else (
            f" (matched with the question by {_of(reading.match)} at layer {reading.match.layer})"
        )
    )
    lens = (
        ""
        if reading.stable_from is None
        else (f"; the lens gives this answer from layer {reading.stable_from} on")
    )
    evidence = (
        f"Sentence {reading.sentence + 1} is a supporting fact{matched}, but another answer is "
        f"taken{lens}."
    )
    return Failure("right-fact-wrong-span", evidence, reading.stable_from)


def _other(scanned: Scanned, reading: Reading) -> Failure:
    assert scanned.prediction is not None
    if scanned.prediction.text == "":
        evidence = f"The model gives no answer, with a confidence of {reading.confidence:.2f}"
        if reading.facts is not None and scanned.facts:
            evidence += f"; the question matches {_facts(scanned.facts)} by {_of(reading.facts)}"
    else:
        missing = "sentence of the answer" if scanned.facts else "supporting fact"
        evidence = f"No {missing} is known; confidence is {reading.confidence:.2f}"
        if reading.sentence is not None:
            evidence += f" for an answer from sentence {reading.sentence + 1}"
    return Failure("other", f"{evidence}.", reading.stable_from)


def _reaches(peak: Peak | None, level: float) -> bool:
    return peak is not None and peak.value >= level


def _of(peak: Peak | None) -> str:
    return "-" if peak is None else f"{peak.value:.2f}"


def _beside(verb: str, distance: int) -> str:
    if distance == 0:
        return f"{verb} where that does"
    noun = "character" if abs(distance) == 1 else "characters"
    return f"{verb} {abs(distance)} {noun} {'before' if distance < 0 else 'after'} it"


def _facts(places: Sequence[int]) -> str:
    """Name supporting facts by their numbers from 1; from four on they are counted."""
    numbers = [str(place + 1) for place in sorted(places)]
    if len(numbers) == 1:
        return f"the supporting fact (sentence {numbers[0]})"
    if len(numbers) > 3:
        return f"the {len(numbers)} supporting facts"
    return f"the supporting facts (sentences {', '.join(numbers[:-1])} and {numbers[-1]})"


def _layers(first: int, last: int, scanned: Scanned) -> str:
    end = 0 if scanned.signals is None else scanned.signals.shape[1] - 1
    if last == end:
        return "at every layer" if first == 0 else f"from layer {first} on"
    return f"at layer {first}" if first == last else f"from layer {first} to {last}"


def rules(
    levels: Levels | None = None, thresholds: Thresholds = THRESHOLDS
) -> list[tuple[FailureKind, str]]:
    """Return each kind with its rule in a sentence, in the order in which they are tried.

    With ``levels`` the sentences have the figures of a run.
    """
    match = f" ({levels.match:.2f})" if levels is not None else ""
    apart = f" ({levels.separation:.2f})" if levels is not None else ""
    stable = f" ({levels.stable_from})" if levels is not None else ""
    return [
        (
            "lost-answer",
            "No window holds the gold answer whole, no run of whole tokens spells it, it has too "
            "many tokens, or it is no part of the context at all.",
        ),
        ("boundary", "The answer shares characters with a gold answer."),
        (
            "label-suspect",
            f"Confidence of {thresholds.high_confidence:.2f} or more, at most "
            f"{thresholds.gold_share:.2f} for any gold answer; match{match} and separation{apart} "
            f"as in right answers; the lens gives the answer from such a layer{stable} on as in "
            "right answers; and not both the answer's sentence and a supporting fact are matched.",
        ),
        (
            "low-confidence",
            f"Confidence below {thresholds.low_confidence:.2f}, and neither match{match} nor "
            f"separation{apart} gets to the level of right answers.",
        ),
        (
            "wrong-fact",
            "The answer's sentence (where it has none: the sentence that matches the question "
            "best) is no supporting fact, or the question has no answer.",
        ),
        ("right-fact-wrong-span", "That sentence is a supporting fact, the answer is another."),
        ("other", "No supporting facts are known, or the model gives no answer."),
    ]
