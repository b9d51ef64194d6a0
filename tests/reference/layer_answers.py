"""The best answer by a layer's logits, every pair of tokens tried one by one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertscope_tui.engine.encoding import Token


def best_span(tokens: Sequence[Token], logits: np.ndarray, longest: int) -> tuple[float, int, int]:
    """Return ``(score, start, end)`` of the best span of context tokens; characters, half-open.

    ``logits`` is ``(tokens, 2)``: starts and ends. At most ``longest`` tokens, one character at
    least; of equal scores the first.
    """
    best = (-np.inf, -1, -1)
    places = [token.index for token in tokens if token.part == "context"]
    for number, first in enumerate(places):
        for last in places[number : number + longest]:
            start, end = tokens[first].start, tokens[last].end
            score = float(logits[first, 0]) + float(logits[last, 1])
            if end > start and score > best[0]:
                best = (score, start, end)
    return best
