"""Shorten a context by leaving out its optional parts until question and context fit a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from bertscope_tui.data.records import QASample, Span


def fit(sample: QASample, count_tokens: Callable[[str, str], int], limit: int) -> QASample:
    """Drop optional parts, the first to go first, until the sample has at most ``limit`` tokens.

    ``count_tokens(question, context)`` counts everything a model is given, special tokens
    included. Spans are moved with their text, so each that is kept covers the same characters
    as before; sentences and supporting facts that lost a character are dropped, and an answer that
    lost one keeps its text without a span. The result's ``optional`` holds what is left of the
    list; it may still be longer than ``limit`` when nothing optional remains. The same object
    comes back when nothing has to go.
    """
    while sample.optional and count_tokens(sample.question, sample.context) > limit:
        sample = cut_out(sample, sample.optional[0])
    return sample


def cut_out(sample: QASample, part: Span) -> QASample:
    """Return the sample without the characters of ``part`` and one blank at the seam.

    Spans are moved and dropped as by `fit`.
    """
    cut = _with_seam(sample, part)

    def moved(span: Span) -> Span | None:
        if span.end <= cut.start:
            return span
        if span.start >= cut.end:
            length = cut.end - cut.start
            return Span(span.start - length, span.end - length)
        return None

    def kept(spans: Iterable[Span]) -> tuple[Span, ...]:
        return tuple(new for new in map(moved, spans) if new is not None)

    return replace(
        sample,
        context=sample.context[: cut.start] + sample.context[cut.end :],
        answers=tuple(
            replace(answer, span=None if answer.span is None else moved(answer.span))
            for answer in sample.answers
        ),
        sentences=kept(sample.sentences),
        supporting=kept(sample.supporting),
        optional=kept(sample.optional),
    )


def _with_seam(sample: QASample, part: Span) -> Span:
    """Widen ``part`` by the blank that would otherwise be doubled, or left at the text's edge.

    A blank that belongs to another span stays.
    """
    text, start, end = sample.context, part.start, part.end
    blank_after = end == len(text) or text[end].isspace()
    if start > 0 and text[start - 1].isspace() and blank_after:
        wider = Span(start - 1, end)
    elif start == 0 and end < len(text) and blank_after:
        wider = Span(start, end + 1)
    else:
        return part
    added = Span(start - 1, start) if wider.start < start else Span(end, end + 1)
    spans = [*sample.sentences, *sample.supporting, *sample.optional]
    spans += [answer.span for answer in sample.answers if answer.span is not None]
    return part if any(span.overlaps(added) for span in spans) else wider
