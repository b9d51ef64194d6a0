"""What the signals of one sample come to: peaks, stretches of layers, shares of the n-best list.

The rules of `failures` are written in these words. Layers count from 0, the embeddings. Peaks are
looked for from layer 1 on, because at layer 0 a question matches whatever repeats its words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.data.scoring import exact_match
from bertscope_tui.engine.scanned import Scanned, Signal


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest value of a curve from layer 1 on, and its layer."""

    value: float
    layer: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """Layers ``first`` to ``last`` (included) in which a sentence matches better than the facts.

    ``layer`` is that of the largest match in between, ``own`` and ``facts`` the two there.
    """

    first: int
    last: int
    layer: int
    own: float
    facts: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A sample in the words of the rules; whatever cannot be known is None.

    ``confidence`` is the probability of the answer in its n-best list; ``gold_share`` the largest
    that a gold answer has there, 0 where none is in the list. ``sentence`` is the place of the
    sentence in which the answer begins or, where answers are labels or stand in no sentence, of
    the one that matches the question best; ``on_fact`` says whether it is a supporting fact.
    ``match`` is the peak of the question's match with the sentence of the answer (with the facts
    where there is no such sentence), ``facts`` that with the facts; ``separation`` and
    ``gold_separation`` are those of the answer and of the gold answer at the last layer. ``ahead``
    is where ``sentence`` matches better than the facts, around its peak. ``stable_from`` is
    `stable_from`.
    """

    confidence: float
    gold_share: float
    sentence: int | None
    on_fact: bool | None
    match: Peak | None
    facts: Peak | None
    separation: float | None
    gold_separation: float | None
    ahead: Ahead | None
    stable_from: int | None


def read(scanned: Scanned, gold: Sequence[str] = ()) -> Reading:
    """Return what there is to say of a sample that has a prediction.

    ``gold`` are the texts of gold answers; a candidate is one of them by the rules of exact match,
    or where it overlaps a gold span.
    """
    assert scanned.prediction is not None
    own, facts = _curve(scanned, "predicted_match"), _curve(scanned, "fact_match")
    sentence, rival = scanned.predicted_sentence, own
    if sentence is None:
        sentence, rival = _best(scanned, _curve(scanned, "best_match"))
    on_fact = None if sentence is None or not scanned.facts else sentence in scanned.facts
    return Reading(
        confidence=scanned.prediction.probability,
        gold_share=_gold_share(scanned, gold),
        sentence=sentence,
        on_fact=on_fact,
        match=_peak(own if own is not None else facts),
        facts=_peak(facts),
        separation=_last(scanned, "answer_separation"),
        gold_separation=_last(scanned, "gold_separation"),
        ahead=_ahead(rival, facts),
        stable_from=stable_from(scanned.lens),
    )


def stable_from(lens: NDArray[np.int32] | None) -> int | None:
    """Return the first layer from which on the lens points where it points at the last layer.

    ``lens`` is ``(layers + 1, 2)``. Spans point at the same place where they have half of their
    characters in common (as F1, two times the common ones over all): the head reads earlier layers
    less sharply and often takes a word more or less there.
    """
    if lens is None or not len(lens):
        return None
    same = same_place(lens)
    return 0 if same.all() else int(np.flatnonzero(~same)[-1]) + 1


def same_place(lens: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Say for each layer of a lens whether it points where the last one points; `stable_from`."""
    (starts, ends), (start, end) = lens.T, lens[-1]
    same: NDArray[np.bool_] = (lens == lens[-1]).all(axis=1)
    if end > start:
        common = np.minimum(ends, end) - np.maximum(starts, start)
        same |= 4 * common >= ends - starts + end - start
    return same


def _last(scanned: Scanned, name: Signal) -> float | None:
    values = scanned.signal(name)
    return None if values is None or not np.isfinite(values[-1]) else float(values[-1])


def _curve(scanned: Scanned, name: Signal) -> NDArray[np.float32] | None:
    """Return a signal over the layers, None where it has no value from layer 1 on."""
    values = scanned.signal(name)
    if values is None or not np.isfinite(_inner(values)).any():
        return None
    return values


def _inner(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values[1:] if len(values) > 1 else values


def _peak(values: NDArray[np.float32] | None) -> Peak | None:
    if values is None:
        return None
    layer = int(np.nanargmax(_inner(values))) + len(values) - len(_inner(values))
    return Peak(float(values[layer]), layer)


def _best(
    scanned: Scanned, values: NDArray[np.float32] | None
) -> tuple[int | None, NDArray[np.float32] | None]:
    """Return the sentence that is best where any sentence matches most, and where it is best."""
    peak = _peak(values)
    if values is None or peak is None or scanned.best_sentence is None:
        return None, None
    sentence = int(scanned.best_sentence[peak.layer])
    if sentence < 0:
        return None, None
    return sentence, np.where(scanned.best_sentence == sentence, values, np.float32(np.nan))


def _ahead(own: NDArray[np.float32] | None, facts: NDArray[np.float32] | None) -> Ahead | None:
    peak = _peak(own)
    if own is None or facts is None or peak is None or not own[peak.layer] > facts[peak.layer]:
        return None
    better = own > facts  # False beside NaN
    first = last = peak.layer
    while first > 0 and better[first - 1]:
        first -= 1
    while last + 1 < len(better) and better[last + 1]:
        last += 1
    return Ahead(first, last, peak.layer, peak.value, float(facts[peak.layer]))


def _gold_share(scanned: Scanned, gold: Sequence[str]) -> float:
    assert scanned.prediction is not None
    shares = [
        one.probability
        for one in scanned.prediction.n_best
        if (one.span is not None and any(one.span.overlaps(span) for span in scanned.gold_spans))
        or (gold and exact_match(one.text, gold) == 1.0)
    ]
    return max(shares, default=0.0)
