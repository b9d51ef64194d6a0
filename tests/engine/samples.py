"""Samples for the engine's tests, and a tokenless way to make windows by hand."""

from __future__ import annotations

from bertscope_tui.data.records import Answer, Origin, QASample, Span
from bertscope_tui.engine.encoding import Encoded, Part, Token, Window

QUESTION = "Where did the lantern maker go?"
SENTENCES = (
    "The lantern maker walked from the harbour to the old mill before sunrise.",
    "Nobody knew which of the seven keys opened the garden gate in winter.",
    "Mary carried a basket of pears; John left the kitchen and dropped the apple.",
    "A café on the corner sold 42 kinds of bread, cheese and honey in 1893.",
)


def make_sample(
    context: str = " ".join(SENTENCES),
    question: str = QUESTION,
    answers: tuple[Answer, ...] = (),
    **more: object,
) -> QASample:
    """Return a sample with the fields a test does not care about filled in."""
    fields: dict[str, object] = {"sentences": (), "supporting": ()}
    return QASample(
        id="one",
        question=question,
        context=context,
        answers=answers,
        origin=Origin("stories.jsonl", "line 1"),
        **{**fields, **more},  # type: ignore[arg-type]
    )


def long_sample(repeats: int = 6) -> QASample:
    """Return a sample that takes several windows of the small models."""
    return make_sample(context=" ".join(SENTENCES * repeats))


def hand_made(words: list[list[str]], question: str = "who") -> Encoded:
    """Return windows over ``" ".join``-ed words: ``[CLS] question [SEP] words [SEP]``.

    Each inner list is one window; its words are found in the context in order.
    """
    context = " ".join(word for window in words for word in window)
    windows, at = [], 0
    for place, members in enumerate(words):
        tokens = [_special(0, "[CLS]"), Token(1, question, question, "question", 0, len(question))]
        tokens.append(_special(2, "[SEP]"))
        start = at
        for word in members:
            tokens.append(_context(len(tokens), word, at))
            at += len(word) + 1
        tokens.append(_special(len(tokens), "[SEP]"))
        windows.append(make_window(place, len(words), tokens, start, at - 1))
    return Encoded(make_sample(context=context, question=question), tuple(windows))


def make_window(place: int, count: int, tokens: list[Token], start: int, end: int) -> Window:
    """Return a window of these tokens, with the classification token first."""
    return Window(place, count, tuple(range(len(tokens))), None, tuple(tokens), start, end, 0)


def span_of(context: str, text: str) -> Span:
    """Return the span of the first occurrence of ``text``."""
    start = context.index(text)
    return Span(start, start + len(text))


def _special(index: int, piece: str) -> Token:
    return Token(index, piece, piece, "special", 0, 0)


def _context(index: int, word: str, start: int) -> Token:
    part: Part = "context"
    return Token(index, word, word, part, start, start + len(word))
