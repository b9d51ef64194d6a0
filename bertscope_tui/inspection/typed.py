"""A sample made of a question and a context that somebody typed, in place of a data set."""

from __future__ import annotations

from collections.abc import Sequence

from bertscope_tui.data.records import Answer, Origin, QASample, Span
from bertscope_tui.data.sentences import sentence_spans, touched
from bertscope_tui.errors import InputError


def typed_sample(question: str, context: str, answers: Sequence[str] = ()) -> QASample:
    """Return a record of the question, the context and the gold answers.

    An answer's span is its first place in the context, as written or else in other case; an
    answer that is not in it has none. The sentences with the answers are the supporting facts.
    Raises InputError where question, context or an answer is blank.
    """
    for name, text in (("question", question), ("context", context)):
        if not text.strip():
            raise InputError(f"--{name}: nothing but blanks")
    if any(not answer.strip() for answer in answers):
        raise InputError("--answer: nothing but blanks")
    gold = tuple(Answer(answer, _find(answer, context)) for answer in answers)
    sentences = sentence_spans(context)
    supporting = {
        sentence
        for answer in gold
        if answer.span is not None
        for sentence in touched(sentences, answer.span)
    }
    return QASample(
        id="typed",
        question=question,
        context=context,
        answers=gold,
        sentences=sentences,
        supporting=tuple(sorted(supporting)),
        origin=Origin("command line", "--question"),
    )


def _find(answer: str, context: str) -> Span | None:
    start = context.find(answer)
    if start < 0 and len(context.lower()) == len(context):
        # Lower-casing may change the length of a text, and places in it mean nothing then.
        start = context.lower().find(answer.lower())
    if start < 0 or start + len(answer) > len(context):
        return None
    return Span(start, start + len(answer))
