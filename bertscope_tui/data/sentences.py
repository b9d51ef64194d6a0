"""Sentence spans of running text, by offset.

The boundaries are those of sentencex, which counts code points as Python does. Each span is
trimmed of white space, so ``span.of(text)`` is the sentence and the blanks between sentences
belong to none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from bertscope_tui.data.records import Span

# sentencex slices at a byte after any white space as if it were one byte long, and panics after
# U+00A0 or U+2028; surrogates cannot be handed to it at all. One code point for one keeps offsets.
_UNSAFE = re.compile(r"[^\S\x00-\x7f]|[\ud800-\udfff]")
# Its time grows with the square of the number of sentences, so long texts go in pieces.
_PIECE = 4096


def sentence_spans(text: str) -> tuple[Span, ...]:
    """Return the sentences of ``text`` in order, trimmed, not overlapping, none of them blank."""
    from sentencex import get_sentence_boundaries

    safe = _UNSAFE.sub(lambda match: " " if match[0].isspace() else "\ufffd", text)
    spans: list[Span] = []
    start, size = 0, _PIECE
    while start < len(safe):
        piece = safe[start : start + size]
        bounds = [(b["start_index"], b["end_index"]) for b in get_sentence_boundaries("en", piece)]
        last = start + size >= len(safe)
        if not last and len(bounds) < 2:
            size *= 2
            continue
        # The last sentence of a piece may go on in the next one, which therefore begins with it.
        whole = bounds if last else bounds[:-1]
        for left, right in whole:
            span = _trimmed(text, start + left, start + right)
            if span is not None:
                spans.append(span)
        start = len(safe) if last else start + bounds[-1][0]
        size = _PIECE
    return tuple(spans)


def _trimmed(text: str, start: int, end: int) -> Span | None:
    """Return the span without outer white space, or None where nothing is left."""
    part = text[start:end]
    inner = part.strip()
    if not inner:
        return None
    start += len(part) - len(part.lstrip())
    return Span(start, start + len(inner))


def touched(sentences: Sequence[Span], span: Span) -> tuple[Span, ...]:
    """Return those of the ordered ``sentences`` that share at least one character with ``span``."""
    first = bisect_right(sentences, span.start, key=lambda sentence: sentence.end)
    found: list[Span] = []
    for sentence in sentences[first:]:
        if sentence.start >= span.end:
            break
        if sentence.overlaps(span):
            found.append(sentence)
    return tuple(found)


class SentenceCache:
    """Sentence spans of each distinct text of one file, worked out once."""

    def __init__(self) -> None:
        self._spans: dict[str, tuple[Span, ...]] = {}

    def spans(self, text: str) -> tuple[Span, ...]:
        """Return ``sentence_spans(text)``, from memory where the text was seen before."""
        spans = self._spans.get(text)
        if spans is None:
            spans = self._spans[text] = sentence_spans(text)
        return spans
