"""From samples to what a step of training takes: windows with the place of the answer in them.

Windows are cut exactly as the inspector cuts them (`bertscope_tui.engine.encoding.encode`), so a
model is looked at on the very inputs that it was trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.data.records import Problem, QASample, Span
from bertscope_tui.engine.encoding import Window, encode
from bertscope_tui.errors import DataError
from bertscope_tui.models.loading import LoadedModel


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """One window to learn from.

    ``ids`` ``(tokens,)`` int32; ``type_ids`` ``(tokens,)`` int32 or None. ``start`` and ``end`` are
    the first and the last token of the answer, for span heads; where the window does not hold
    the whole answer both are the token that stands for "not here". ``label`` is the class, or -1.
    """

    ids: NDArray[np.int32]
    type_ids: NDArray[np.int32] | None
    start: int
    end: int
    label: int


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """All windows of a data set; ``problems`` lists the samples that gave none, ``windows_without``
    counts windows of answerable questions that do not hold the answer, which are learnt from only
    where the data have unanswerable questions."""

    rows: tuple[Feature, ...]
    problems: tuple[Problem, ...]
    windows_without: int


def span_features(
    model: LoadedModel,
    samples: Sequence[QASample],
    *,
    max_tokens: int,
    stride: int,
    progress: Callable[[int], None] | None = None,
) -> Features:
    """Cut samples into windows and find the first gold answer that is a span in each.

    The "not here" token is the classification token, else the first of the window (Devlin et al.
    2019 for SQuAD 2.0). Where every question has an answer, windows without it are left out: an
    empty answer is no candidate there when the model is asked. A sample without any span that is
    not marked unanswerable, or whose answer no window holds whole, is a problem and gives nothing.
    """
    rows: list[Feature] = []
    problems: list[Problem] = []
    without = 0
    knows_nowhere = any(sample.impossible for sample in samples)
    for count, sample in enumerate(samples, start=1):
        spans = [answer.span for answer in sample.answers if answer.span is not None]
        if not spans and not sample.impossible:
            problems.append(_problem(sample, "no answer in the context"))
            continue
        try:
            encoded = encode(sample, model, max_tokens=max_tokens, stride=stride)
        except DataError as error:
            problems.append(_problem(sample, error.message))
            continue
        # Paragraphs that do not fit are dropped in encoding, and spans move along.
        spans = [a.span for a in encoded.sample.answers if a.span is not None]
        places = [answer_tokens(window, spans[0]) if spans else None for window in encoded.windows]
        if spans and not any(places):
            problems.append(_problem(sample, "no window holds the whole answer"))
            continue
        for window, place in zip(encoded.windows, places, strict=True):
            nowhere = window.cls if window.cls is not None else 0
            start, end = place or (nowhere, nowhere)
            if spans and place is None:
                without += 1
                if not knows_nowhere:
                    continue
            rows.append(_feature(window, start, end, -1))
        if progress is not None:
            progress(count)
    return Features(tuple(rows), tuple(problems), without)


def label_features(
    model: LoadedModel,
    samples: Sequence[QASample],
    labels: Sequence[str],
    *,
    max_tokens: int,
    stride: int,
    progress: Callable[[int], None] | None = None,
) -> Features:
    """Cut samples into windows that each carry the class of the sample's first answer."""
    numbers = {label: place for place, label in enumerate(labels)}
    rows: list[Feature] = []
    problems: list[Problem] = []
    for count, sample in enumerate(samples, start=1):
        label = numbers.get(sample.answers[0].text) if sample.answers else None
        if label is None:
            problems.append(_problem(sample, "its answer is none of the labels"))
            continue
        try:
            encoded = encode(sample, model, max_tokens=max_tokens, stride=stride)
        except DataError as error:
            problems.append(_problem(sample, error.message))
            continue
        rows.extend(_feature(window, 0, 0, label) for window in encoded.windows)
        if progress is not None:
            progress(count)
    return Features(tuple(rows), tuple(problems), 0)


def answer_tokens(window: Window, span: Span) -> tuple[int, int] | None:
    """Return the first and last token of ``span`` in a window, or None where it is not all there.

    Tokens that share a character with the span count: an answer may begin or end inside a word.
    """
    if span.start < window.start or span.end > window.end:
        return None
    inside = [
        token.index
        for token in window.tokens
        if token.part == "context" and token.start < span.end and token.end > span.start
    ]
    return (inside[0], inside[-1]) if inside else None


def _feature(window: Window, start: int, end: int, label: int) -> Feature:
    types = window.type_ids
    return Feature(
        np.array(window.input_ids, dtype=np.int32),
        None if types is None else np.array(types, dtype=np.int32),
        start,
        end,
        label,
    )


def _problem(sample: QASample, what: str) -> Problem:
    return Problem(f"{sample.origin.path}, {sample.origin.record}", what)
