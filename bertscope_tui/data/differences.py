"""What differs between two texts, word by word: for showing an edit, and for carrying spans over.

Words, single blanks and single signs are compared, so that a changed letter is a changed word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from bertscope_tui.data.records import Span

_WORD = re.compile(r"\w+|\s|[^\w\s]")
_SENTENCE_END = ".!?"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of two texts: ``before`` became ``after``; ``same`` says that they are equal.

    One of the two may be empty, never both.
    """

    before: Span
    after: Span
    same: bool


def differences(before: str, after: str) -> tuple[Piece, ...]:
    """Return the pieces of both texts in order; together they are all of each text.

    A stretch that was only taken out, or only put in, begins where a sentence does if it may as
    well be seen so: of "Mary went. Mary ran." without its first sentence, "Mary went. " is gone and
    not "went. Mary ".
    """
    old, new = _WORD.findall(before), _WORD.findall(after)
    shorter = min(len(old), len(new))
    head = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    rest = shorter - head
    tail = next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)
    inner = old[head : len(old) - tail], new[head : len(new) - tail]
    ranges = [(0, head, 0, head, True)]
    for tag, a, b, c, d in SequenceMatcher(None, *inner).get_opcodes():
        ranges.append((head + a, head + b, head + c, head + d, tag == "equal"))
    ranges.append((len(old) - tail, len(old), len(new) - tail, len(new), True))
    ranges = _without_gaps(list(_joined(ranges)), old)
    places = _places(old), _places(new)
    return tuple(
        Piece(Span(places[0][a], places[0][b]), Span(places[1][c], places[1][d]), same)
        for a, b, c, d, same in _aligned(_joined(ranges), old, new)
    )


def restored(original: str, shown: str, edited: str) -> str:
    """Return ``edited``, an edit of ``shown``, with what was not touched as ``original`` has it.

    ``shown`` is the original with other characters, one for each: what a screen shows of blanks
    and control characters.
    """
    if original == shown:
        return edited
    return "".join(
        piece.before.of(original) if piece.same else piece.after.of(edited)
        for piece in differences(shown, edited)
    )


def carried(span: Span, pieces: Sequence[Piece]) -> Span | None:
    """Return where a span of the first text is in the second, None where it was touched."""
    for piece in pieces:
        if piece.same and piece.before.start <= span.start and span.end <= piece.before.end:
            by = piece.after.start - piece.before.start
            return Span(span.start + by, span.end + by)
    return None


_Range = tuple[int, int, int, int, bool]


def _places(words: Sequence[str]) -> list[int]:
    """Return where each word starts, and where the last one ends."""
    places = [0]
    for word in words:
        places.append(places[-1] + len(word))
    return places


def _joined(ranges: Sequence[_Range]) -> Iterator[_Range]:
    """Yield the ranges without empty ones, neighbours of a kind as one."""
    now: _Range | None = None
    for a, b, c, d, same in ranges:
        if a == b and c == d:
            continue
        if now is not None and now[4] == same:
            now = (now[0], b, now[2], d, same)
            continue
        if now is not None:
            yield now
        now = (a, b, c, d, same)
    if now is not None:
        yield now


def _without_gaps(ranges: Sequence[_Range], old: Sequence[str]) -> list[_Range]:
    """Take blanks between two changes as changed: words that were replaced belong together."""
    last = len(ranges) - 1
    return [
        (a, b, c, d, same and not (0 < place < last and all(map(str.isspace, old[a:b]))))
        for place, (a, b, c, d, same) in enumerate(ranges)
    ]


def _aligned(ranges: Iterator[_Range], old: Sequence[str], new: Sequence[str]) -> Iterator[_Range]:
    """Move what was only taken out, or only put in, to the beginning of a sentence if it fits.

    The same text stands before and behind it then, and goes to its other side.
    """
    made = list(ranges)
    for place in range(1, len(made)):
        a, b, c, d, same = made[place]
        if same or (a != b and c != d):
            continue
        words, start, end = (old, a, b) if c == d else (new, c, d)
        by = _slide(words, start, end, room=made[place - 1][1] - made[place - 1][0])
        if not by:
            continue
        e, f, g, h, _ = made[place - 1]
        made[place - 1] = (e, f - by, g, h - by, True)
        made[place] = (a - by, b - by, c - by, d - by, False)
        if place + 1 < len(made):
            e, f, g, h, _ = made[place + 1]
            made[place + 1] = (e - by, f, g - by, h, True)
        else:
            made.append((b - by, b, d - by, d, True))
    return _joined(made)


def _slide(words: Sequence[str], start: int, end: int, room: int) -> int:
    """Return by how many words a stretch moves forward in the text to begin a sentence, or 0."""
    by = 0
    while True:
        first = start - by
        begins = first == 0 or (
            first >= 2 and words[first - 1].isspace() and words[first - 2] in _SENTENCE_END
        )
        if begins:
            return by
        if by == room or words[first - 1] != words[end - by - 1]:
            return 0
        by += 1
