"""What each token is to the question: the predicted answer, the gold one, a fact, and so on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np

from bertscope_tui.data.records import QASample, Span
from bertscope_tui.engine.encoding import Token, Window

Role = Literal["answer", "gold", "question", "fact", "context", "special"]

ROLES: tuple[Role, ...] = ("answer", "gold", "question", "fact", "context", "special")
"""In order of precedence: a token has the first role that fits."""


def assign_roles(window: Window, sample: QASample, predicted: Span | None) -> tuple[Role, ...]:
    """Return one role for each token of the window, special tokens included.

    A context token has the role of a span as soon as it shares one character with it; a token
    that covers no character has the role of the place it stands at.
    """
    answer = _touched(window, [predicted] if predicted else [])
    gold = _touched(window, [answer.span for answer in sample.answers if answer.span])
    fact = _touched(window, sample.supporting)
    return tuple(_role(token, answer, gold, fact) for token in window.tokens)


def sentence_ids(window: Window, sample: QASample) -> tuple[int | None, ...]:
    """Return for each token the place in ``sample.sentences`` of the first sentence it touches.

    None for question and special tokens and for context outside every sentence.
    """
    characters = np.full(len(sample.context) + 1, -1, dtype=np.int64)
    for place in range(len(sample.sentences) - 1, -1, -1):
        span = sample.sentences[place]
        characters[span.start : span.end] = place
    found: list[int | None] = []
    for token in window.tokens:
        if token.part != "context":
            found.append(None)
            continue
        inside = characters[token.start : max(token.end, token.start + 1)]
        touched = inside[inside >= 0]
        found.append(int(touched[0]) if touched.size else None)
    return tuple(found)


def _role(token: Token, answer: set[int], gold: set[int], fact: set[int]) -> Role:
    if token.part != "context":
        return token.part
    for role, members in (("answer", answer), ("gold", gold), ("fact", fact)):
        if token.index in members:
            return role  # type: ignore[return-value]
    return "context"


def _touched(window: Window, spans: Iterable[Span]) -> set[int]:
    """Return the indices of the context tokens that share a character with one of the spans."""
    ranges = [(span.start, span.end) for span in spans if span.end > span.start]
    return {
        token.index
        for token in window.tokens
        if token.part == "context"
        and any(
            token.start < end and start < max(token.end, token.start + 1) for start, end in ranges
        )
    }
