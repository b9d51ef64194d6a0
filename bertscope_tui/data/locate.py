"""Tie answer texts to the characters of the context that they stand for."""

from __future__ import annotations

from collections.abc import Iterable

from bertscope_tui.data.fields import FieldError
from bertscope_tui.data.hygiene import shown
from bertscope_tui.data.records import Answer, Span


def checked_answer(context: str, text: str, start: int, field: str, notes: list[str]) -> Answer:
    """Return the answer ``text`` at ``start`` of the context.

    Where the text does not stand exactly there, but does when only white space is stepped over
    (around the answer, or before the whole context), the answer is moved and the change noted.
    Otherwise ``FieldError``, which names ``field``, where the offset came from.
    """
    if start >= 0 and context.startswith(text, start):
        return Answer(text, Span(start, start + len(text)))
    if not 0 <= start < len(context):
        raise FieldError(f"{field}: {start} lies outside the context's {len(context)} characters")
    core = text.strip()
    inset = len(context) - len(context.lstrip())
    for place in (_next_word(context, start), start + inset):
        if context.startswith(core, place):
            notes.append(f"{field}: moved from {start} to {place} over white space")
            return Answer(core, Span(place, place + len(core)))
    found = context[start : start + len(text)]
    raise FieldError(f"{field}: {start} has {shown(found)} there, not the answer {shown(text)}")


def _next_word(text: str, start: int) -> int:
    while start < len(text) and text[start].isspace():
        start += 1
    return start


def find_words(text: str, words: str, start: int, end: int, *, last: bool = False) -> Span | None:
    """Return the first (or last) occurrence of ``words`` in ``text[start:end]`` as whole words.

    An occurrence counts where no letter or digit of it is continued by a letter or digit outside.
    """
    found: Span | None = None
    place = text.find(words, start, end) if words else -1
    while place >= 0:
        stop = place + len(words)
        if not (_joined(text, place) or _joined(text, stop)):
            found = Span(place, stop)
            if not last:
                break
        place = text.find(words, place + 1, end)
    return found


def _joined(text: str, cut: int) -> bool:
    """Say whether a cut before ``text[cut]`` goes through a word."""
    return 0 < cut < len(text) and text[cut - 1].isalnum() and text[cut].isalnum()


def find_answer(text: str, words: str, preferred: Iterable[Iterable[Span]]) -> Span | None:
    """Return the occurrence of ``words`` that most likely is the answer.

    ``preferred`` lists groups of regions, the best group first; a whole-word occurrence in a group
    goes before any other there, and the whole text comes after all groups. None where the words
    do not occur at all.
    """
    if not words:
        return None
    for group in (*preferred, (Span(0, len(text)),)):
        regions = tuple(group)
        for region in regions:
            found = find_words(text, words, region.start, region.end)
            if found is not None:
                return found
        for region in regions:
            place = text.find(words, region.start, region.end)
            if place >= 0:
                return Span(place, place + len(words))
    return None
