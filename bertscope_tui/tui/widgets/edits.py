"""What an edit put in and took out, as marks in a text: ``{+put in+}`` and ``[-taken out-]``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from textual.content import Content

from bertscope_tui.data.differences import Piece, differences
from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.records import QASample
from bertscope_tui.inspection.views import Look
from bertscope_tui.inspection.whatif import outcome_words
from bertscope_tui.tui.whatif import History, WhatIf

Part = Literal["question", "context"]

_LONGEST = 240
"""Characters of what was taken out that are shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Edits:
    """What the text pane says of the edits of a sample.

    ``lines`` stand above everything; ``base`` is the sample that the text is set against, None
    where it is the one before all edits.
    """

    lines: tuple[Content, ...] = ()
    base: QASample | None = None


@dataclass(frozen=True, slots=True)
class Insert:
    """Something to be put into a text that is shown, before the character at ``place``."""

    place: int
    content: Content


@dataclass(frozen=True, slots=True)
class Placed:
    """A text with what was put into it; ``added`` has ``(place in the text, characters)``."""

    content: Content
    added: tuple[tuple[int, int], ...] = ()

    def place(self, offset: int) -> int:
        """Return where the character that was at ``offset`` is now."""
        return offset + sum(count for place, count in self.added if place <= offset)


def put_into(content: Content, inserts: Sequence[Insert]) -> Placed:
    """Put things into a text; of several at one place the first comes first."""
    if not inserts:
        return Placed(content)
    parts, done = [], 0
    ordered = sorted(inserts, key=lambda one: one.place)
    for one in ordered:
        parts += [content[done : one.place], one.content]
        done = one.place
    added = tuple((one.place, len(one.content)) for one in ordered)
    return Placed(Content("").join([*parts, content[done:]]), added)


def part_of(sample: QASample, part: Part) -> str:
    """Return the question or the context of a sample."""
    return sample.question if part == "question" else sample.context


class Changes:
    """What differs between two texts, found once for as long as both stay the same."""

    def __init__(self) -> None:
        self._texts = ("", "")
        self._pieces: tuple[Piece, ...] = ()

    def between(self, before: str, after: str) -> Changes:
        """Look at these texts."""
        if (before, after) != self._texts:
            self._texts = before, after
            self._pieces = tuple(one for one in differences(before, after) if not one.same)
        return self

    def marked(
        self, content: Content, low: int, others: Sequence[Insert]
    ) -> tuple[Content, list[Insert]]:
        """Return a slice of the later text, from ``low`` on, and what is to be put into it.

        What was taken out stands before ``others`` at the same place, which stand before what
        was put in.
        """
        ends: list[Insert] = []
        gone: list[Insert] = []
        begins: list[Insert] = []
        for piece in self._pieces:
            start, end = piece.after.start - low, piece.after.end - low
            if start < 0 or end > len(content):
                continue
            if piece.before.end > piece.before.start:
                words = _cut(piece.before.of(self._texts[0]))
                gone.append(Insert(start, Content.styled(f"[-{words}-]", "strike dim")))
            if end > start:
                content = content.stylize("bold italic", start, end)
                begins.append(Insert(start, Content.styled("{+", "bold")))
                ends.append(Insert(end, Content.styled("+}", "bold")))
        return content, [*ends, *gone, *others, *begins]


def _cut(text: str) -> str:
    text = clean(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def edit_lines(history: History, what_if: WhatIf, look: Look) -> tuple[Content, ...]:
    """Return what was done to a sample, and the answers before and after, the shown one bold."""
    arrow = " -> " if look.ascii else " → "
    keys = [
        *(["u goes back"] if history.at else []),
        *(["U goes on"] if history.at + 1 < len(history.steps) else []),
    ]
    place = f"edit {history.at} of {len(history.steps) - 1}"
    done = history.steps[history.at].what or "as the data have it"
    head = Content.assemble(
        (f"* {place}", "bold"), f"  {clean(done)}", (f"  ({', '.join(keys)})", "dim")
    )
    parts: list[Content] = []
    for number, step in enumerate(history.steps):
        words = "?"
        if what_if.known(step.sample):
            words = outcome_words(what_if.outcome(step.sample), look)
        here = number == history.at
        parts.append(Content.styled(f"[{words}]", "bold") if here else Content(words))
    return head, Content.assemble("  ", Content(arrow).join(parts))
