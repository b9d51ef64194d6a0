"""Which tokens of a window are question, sentence, fact or answer, as arrays for the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.data.records import QASample, Span
from bertscope_tui.data.scoring import normalise_answer
from bertscope_tui.engine.encoding import Encoded, Window
from bertscope_tui.engine.scanned import Sight

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_SIGHTS: tuple[Sight, ...] = ("unplaced", "truncated", "untokenised", "too long", "seen")
"""From the one that keeps an answer farthest from being given."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where a window's tokens are, all ``(tokens,)``.

    ``begins`` and ``ends`` are characters (0 for special tokens); ``question`` and ``context`` say
    which part a token is of; ``sentence`` is the place of the first sentence that a context token
    touches, else -1.
    """

    begins: Ints
    ends: Ints
    question: Bools
    context: Bools
    sentence: Ints

    def touching(self, spans: Sequence[Span]) -> Bools:
        """Return which context tokens share a character with one of the spans.

        A token that covers no character counts as the one it stands at, as in `engine.roles`.
        """
        found = np.zeros(len(self.begins), dtype=np.bool_)
        stops = np.maximum(self.ends, self.begins + 1)
        for span in spans:
            if span.end > span.start:
                found |= (self.begins < span.end) & (stops > span.start)
        return found & self.context


def layout(window: Window, sample: QASample) -> Layout:
    """Return where the tokens of a window are; ``sample`` is the one it was cut from."""
    tokens = window.tokens
    begins = np.array([token.start for token in tokens], dtype=np.int64)
    ends = np.array([token.end for token in tokens], dtype=np.int64)
    parts = [token.part for token in tokens]
    context = np.array([part == "context" for part in parts], dtype=np.bool_)
    question = np.array([part == "question" for part in parts], dtype=np.bool_)
    sentence = np.full(len(tokens), -1, dtype=np.int64)
    if sample.sentences:
        # Sentences are in order and do not overlap, so their ends are in order as well.
        starts = np.array([span.start for span in sample.sentences])
        stops = np.array([span.end for span in sample.sentences])
        place = np.searchsorted(stops, begins, side="right")
        inside = np.minimum(place, len(stops) - 1)
        touched = (place < len(stops)) & (starts[inside] < np.maximum(ends, begins + 1))
        sentence = np.where(touched & context, inside, -1)
    return Layout(begins, ends, question, context, sentence)


def sentence_at(sample: QASample, span: Span | None) -> int | None:
    """Return the place of the sentence in which a span begins, or None."""
    if span is None:
        return None
    for place, sentence in enumerate(sample.sentences):
        if sentence.start <= span.start < sentence.end:
            return place
    return None


def sight_of(
    encoded: Encoded, longest: int, *, labels: Sequence[str] = (), classifies: bool = False
) -> Sight:
    """Say whether the model can give a gold answer at all, or what keeps it from it.

    Of several gold answers the one that comes nearest decides. An answer is spelled by a run of
    tokens whose characters equal it by the rules of exact match, so that a run which leaves out an
    outer full stop does. Without gold answer, and for an impossible question, there is nothing
    that could be lost: ``seen``.
    """
    sample = encoded.sample
    if sample.impossible or not sample.answers:
        return "seen"
    if classifies:
        known = {normalise_answer(label) for label in labels}
        gold = [normalise_answer(answer.text) for answer in sample.answers]
        return "seen" if any(text in known for text in gold) else "unplaced"
    spans = {answer.span for answer in sample.answers if answer.span is not None}
    best = max(
        (_sight(encoded, span, longest) for span in sorted(spans)),
        key=_SIGHTS.index,
        default=_SIGHTS[0],
    )
    return best


def _sight(encoded: Encoded, span: Span, longest: int) -> Sight:
    found: Sight = "truncated"
    for window in encoded.windows:
        if window.start <= span.start and span.end <= window.end:
            found = max(found, _spelling(window, encoded.sample, span, longest), key=_SIGHTS.index)
    return found


def _spelling(window: Window, sample: QASample, span: Span, longest: int) -> Sight:
    """Try the runs that begin and end at the outermost and the innermost tokens of the span."""
    tokens = [
        (token.start, token.end)
        for token in window.tokens
        if token.part == "context" and token.end > token.start
    ]
    touching = [i for i, (start, end) in enumerate(tokens) if start < span.end and end > span.start]
    if not touching:
        return "untokenised"
    inner = [i for i in touching if span.start <= tokens[i][0] and tokens[i][1] <= span.end]
    wanted = normalise_answer(span.of(sample.context))
    found: Sight = "untokenised"
    for first in {touching[0], *inner[:1]}:
        for last in {touching[-1], *inner[-1:]}:
            text = sample.context[tokens[first][0] : tokens[last][1]]
            if first > last or normalise_answer(text) != wanted:
                continue
            if last - first < longest:
                return "seen"
            found = "too long"
    return found
