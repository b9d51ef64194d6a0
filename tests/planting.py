"""Failures planted into samples that a model answers right."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from bertscope_tui.data.records import Answer, QASample, Span
from bertscope_tui.data.scoring import normalise_answer


def with_distracting_copy(
    sample: QASample, answers: Sequence[str], draw: random.Random
) -> QASample | None:
    """Put a copy of the supporting sentence behind it, with another answer of like form in it.

    None where the answer is in no single supporting sentence or no other answer is like it.
    """
    gold = sample.answers[0]
    if gold.span is None:
        return None
    facts = [one for one in sample.supporting if one.start <= gold.span.start <= one.end]
    others = [
        text
        for text in answers
        if _form(text) == _form(gold.text)
        and normalise_answer(text) != normalise_answer(gold.text)
        and text not in sample.context
    ]
    if len(facts) != 1 or gold.span.end > facts[0].end or not others:
        return None
    fact, other = facts[0], draw.choice(others)
    words = sample.context
    copy = words[fact.start : gold.span.start] + other + words[gold.span.end : fact.end]
    return _inserted(sample, fact.end, copy)


def with_later_copy(
    sample: QASample, answers: Sequence[str], draw: random.Random
) -> QASample | None:
    """Tell the supporting sentence of a story once more at its end, with another answer."""
    gold = sample.answers[0].text
    facts = [one for one in sample.supporting if gold in one.of(sample.context)]
    others = [text for text in answers if text != gold and text in sample.context]
    if not facts or not others:
        return None
    copy = facts[-1].of(sample.context).replace(gold, draw.choice(others))
    return _inserted(sample, max(one.end for one in sample.sentences), copy)


def with_wrong_label(
    sample: QASample, answers: Sequence[Answer], draw: random.Random
) -> QASample | None:
    """Make another answer the gold one; the facts that a data set names stay as they are.

    ``answers`` are those of other questions about the same context. None where all share a word
    with the right one.
    """
    words = set(normalise_answer(sample.answers[0].text).split())
    others = [
        one
        for one in answers
        if one.span is not None and not words & set(normalise_answer(one.text).split())
    ]
    if not others:
        return None
    return replace(sample, id=f"{sample.id}-label", answers=(draw.choice(others),))


def with_unspellable_label(sample: QASample) -> QASample | None:
    """Cut the first and the last character off the gold answer, which splits words."""
    span = sample.answers[0].span
    if span is None or span.end - span.start < 6:
        return None
    part = Span(span.start + 1, span.end - 1)
    text = part.of(sample.context)
    return replace(sample, id=f"{sample.id}-cut", answers=(Answer(text, part),))


def _form(text: str) -> tuple[bool, bool, int]:
    return bool(re.search(r"\d", text)), text[:1].isupper(), min(len(text.split()), 4)


def _inserted(sample: QASample, at: int, sentence: str) -> QASample:
    """Put a sentence into the context at a place between two sentences, with a blank before it."""
    size = len(sentence) + 1

    def moved(span: Span) -> Span:
        return Span(span.start + size, span.end + size) if span.start >= at else span

    return replace(
        sample,
        id=f"{sample.id}-copy",
        context=f"{sample.context[:at]} {sentence}{sample.context[at:]}",
        answers=tuple(
            replace(one, span=None if one.span is None else moved(one.span))
            for one in sample.answers
        ),
        sentences=tuple(
            sorted([*map(moved, sample.sentences), Span(at + 1, at + 1 + len(sentence))])
        ),
        supporting=tuple(map(moved, sample.supporting)),
    )
