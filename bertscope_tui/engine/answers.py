"""From logits to an answer: the best span over all windows, and the runners-up.

A span is valid when it begins and ends in the context of one window, does not run backwards, has
at most ``max_answer_tokens`` tokens and covers at least one character. Its score is the sum of
its start and end logits (Devlin et al. 2019, section 4.2). All valid spans are looked at, not only
those of the best starts and ends, so the first of the list is the true maximum. The "maximum
context" rule of the original BERT code, which lets a token count only in the window where it has
most context, is not used: the best score over windows decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.data.records import Span
from bertscope_tui.engine.encoding import Encoded, Window
from bertscope_tui.engine.forward import WindowOutput
from bertscope_tui.errors import EngineError


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible answer, found in ``window``; ``span`` is None for a label or "no answer"."""

    text: str
    span: Span | None
    probability: float
    window: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """The model's answer; the first of ``n_best`` is the answer itself."""

    text: str
    span: Span | None
    probability: float
    window: int
    n_best: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class _Scored:
    score: float
    window: int
    start: int
    end: int


def predict(
    encoded: Encoded,
    outputs: Sequence[WindowOutput],
    *,
    labels: Sequence[str] = (),
    n_best: int = 20,
    max_answer_tokens: int = 30,
    allow_null: bool = False,
) -> Prediction | None:
    """Return the best answer, or None for a network without a head.

    Span head: probabilities are the softmax over the scores of the n-best list, as in the SQuAD
    scripts; one span found in several windows counts once, with its best score; equal scores are
    ordered by window, start and end. Where no valid span exists the text is empty, the span None
    and the probability 1. ``allow_null`` is SQuAD 2.0's rule: the smallest score over windows of
    the classification token as start and end stands for "no answer" (text "", span None) and wins
    where it beats every span; networks without such a token never answer so.

    Classification head: the label of the window that is surest, with its probabilities.

    Raises EngineError where a logit is not finite.
    """
    if outputs and outputs[0].class_logits is not None:
        return _best_label(encoded.windows, outputs, labels, n_best)
    if not outputs or outputs[0].start_logits is None:
        return None
    found = _best_spans(encoded.windows, outputs, n_best, max_answer_tokens)
    null = _null(encoded.windows, outputs) if allow_null else None
    if null is not None:
        # Stable, so that a span with the same score stays before "no answer".
        found = sorted([*found, null], key=lambda item: -item.score)[:n_best]
    if not found:
        empty = Candidate("", None, 1.0, 0)
        return Prediction("", None, 1.0, 0, (empty,))
    probabilities = _softmax(np.array([item.score for item in found]))
    context = encoded.sample.context
    candidates = tuple(
        Candidate(
            text=context[item.start : item.end],
            span=Span(item.start, item.end) if item.end > item.start else None,
            probability=float(probability),
            window=item.window,
        )
        for item, probability in zip(found, probabilities, strict=True)
    )
    best = candidates[0]
    return Prediction(best.text, best.span, best.probability, best.window, candidates)


def _best_spans(
    windows: Sequence[Window], outputs: Sequence[WindowOutput], n_best: int, longest: int
) -> list[_Scored]:
    best: dict[tuple[int, int], _Scored] = {}
    for window, output in zip(windows, outputs, strict=True):
        for item in _window_spans(window, output, n_best, longest):
            held = best.get((item.start, item.end))
            if held is None or item.score > held.score:
                best[item.start, item.end] = item
    order = sorted(best.values(), key=lambda i: (-i.score, i.window, i.start, i.end))
    return order[:n_best]


def _window_spans(window: Window, output: WindowOutput, n_best: int, longest: int) -> list[_Scored]:
    """Return the ``n_best`` best spans of one window with different characters.

    ``scores[i, k]`` is the sum for the span from context token ``i`` to ``i + k``: a band of the
    square of all pairs, which keeps a long window cheap.
    """
    places = np.array([t.index for t in window.tokens if t.part == "context"], dtype=np.int64)
    if places.size == 0 or output.start_logits is None or output.end_logits is None:
        return []
    tokens = [window.tokens[place] for place in places]
    begins = np.array([token.start for token in tokens])
    ends = np.array([token.end for token in tokens])
    starts = _finite(output.start_logits[places], window)
    stops = _finite(output.end_logits[places], window)
    width = min(max(1, longest), places.size)
    last = np.arange(places.size)[:, None] + np.arange(width)[None, :]
    inside = last < places.size
    last = np.minimum(last, places.size - 1)
    valid = inside & (ends[last] > begins[:, None])
    scores = np.where(valid, starts[:, None] + stops[last], -np.inf)
    usable = int(valid.sum())
    take = min(n_best, usable)
    while take:
        # All that reach the score of the last one taken, so that ties never depend on the
        # order in which a partial sort leaves them.
        flat = scores.ravel()
        threshold = np.partition(flat, flat.size - take)[flat.size - take]
        rows, columns = np.nonzero(scores >= threshold)
        found: dict[tuple[int, int], _Scored] = {}
        order = np.lexsort((columns, rows, -scores[rows, columns]))
        for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
            start, end = int(begins[row]), int(ends[last[row, column]])
            score = float(scores[row, column])
            found.setdefault((start, end), _Scored(score, window.index, start, end))
        if len(found) >= n_best or take == usable:
            return list(found.values())
        take = min(2 * take, usable)
    return []


def _null(windows: Sequence[Window], outputs: Sequence[WindowOutput]) -> _Scored | None:
    scores = [
        _Scored(
            float(output.start_logits[window.cls]) + float(output.end_logits[window.cls]),
            window.index,
            0,
            0,
        )
        for window, output in zip(windows, outputs, strict=True)
        if window.cls is not None
        and output.start_logits is not None
        and output.end_logits is not None
    ]
    return min(scores, key=lambda item: item.score, default=None)


def _best_label(
    windows: Sequence[Window], outputs: Sequence[WindowOutput], labels: Sequence[str], n_best: int
) -> Prediction:
    rows = [
        _softmax(_finite(output.class_logits, None))
        for output in outputs
        if output.class_logits is not None
    ]
    surest = max(range(len(rows)), key=lambda place: float(rows[place].max()))
    row, window = rows[surest], windows[surest].index
    names = [labels[k] if k < len(labels) else f"LABEL_{k}" for k in range(row.size)]
    order = sorted(range(row.size), key=lambda k: (-row[k], k))[:n_best]
    candidates = tuple(Candidate(names[k], None, float(row[k]), window) for k in order)
    best = candidates[0]
    return Prediction(best.text, None, best.probability, window, candidates)


def _finite(values: NDArray[np.float32], window: Window | None) -> NDArray[np.float64]:
    if not np.isfinite(values).all():
        where = "" if window is None else f" in window {window.index + 1}"
        raise EngineError(
            f"the network's logits{where} are not finite numbers", remedy="try --dtype float32"
        )
    return values.astype(np.float64)


def _softmax(values: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted: NDArray[np.float64] = np.exp(values - values.max())
    total: NDArray[np.float64] = shifted / shifted.sum()
    return total
