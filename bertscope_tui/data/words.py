"""Where the words of a text begin and end, found from its characters alone."""

from __future__ import annotations

import re
import unicodedata

from bertscope_tui.data.records import Span

_JOINERS = frozenset("'’ʼ.-‐‑_&·\u200c\u200d")
"""Characters that belong to a word where they stand between two of its characters."""

_ALONE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
"""Letters of scripts that put no blanks between words: each stands for itself."""


def words_of(text: str) -> tuple[Span, ...]:
    """Return the words of ``text`` in order; no two overlap.

    A word is a run of letters, digits and the marks on them, with apostrophes, full stops and
    hyphens inside it (``don't``, ``U.S``, ``well-known``), and commas inside numbers. In Chinese,
    Japanese, Thai and others that are written without blanks a word is one character with its
    marks. Symbols and punctuation are in no word.
    """
    found: list[Span] = []
    start: int | None = None
    end = 0
    for place, character in enumerate(text):
        if start is not None and place == end and unicodedata.category(character).startswith("M"):
            end = place + 1
            continue
        if character.isalnum():
            alone = _ALONE.match(character) is not None
            joined = place == end or (place == end + 1 and _joins(text, end))
            if start is not None and (alone or not joined or _ALONE.match(text[start])):
                found.append(Span(start, end))
                start = None
            if start is None:
                start = place
            end = place + 1
    if start is not None:
        found.append(Span(start, end))
    return tuple(found)


def _joins(text: str, place: int) -> bool:
    """Say whether what stands between two letters or digits belongs to a word with them."""
    if text[place] == ",":
        return text[place - 1].isdigit() and text[place + 1].isdigit()
    return text[place] in _JOINERS
