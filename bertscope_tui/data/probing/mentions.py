"""Mentions of entities, and the pairs of them that coreference probing asks about.

As in Tenney et al. 2019 ("What do you learn from context?") both mentions of a pair stand in the
same text, normally a sentence. Annotations have only positive pairs; the negative ones are pairs
of mentions of different entities, and a sample of them is drawn.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from bertscope_tui.data.probing.records import ProbeTarget
from bertscope_tui.data.records import Span

SAME, DIFFERENT = "true", "false"
"""Labels of a pair that refers to one entity, and of one that does not."""


@dataclass(frozen=True, slots=True, order=True)
class Mention:
    """A span and the entity that it refers to."""

    span: Span
    entity: str


class Brackets:
    """Opening and closing marks of nested or crossing mentions, as they come.

    Marks of one entity nest; those of different entities may cross. ``lost`` says what could not
    be matched.
    """

    def __init__(self) -> None:
        self._open: dict[str, list[tuple[int, str]]] = {}
        self.lost: list[str] = []

    def opened(self, key: str, token: int, kind: str = "") -> None:
        """Begin a mention of the entity ``key`` (of a type, where one is marked) at a token."""
        self._open.setdefault(key, []).append((token, kind))

    def closed(self, key: str, token: int) -> tuple[int, int, str, str] | None:
        """End the mention of ``key`` that was opened last: first, last token, entity, type."""
        begun = self._open.get(key)
        if not begun:
            self.lost.append(f"a mention of {key} ends that did not begin")
            return None
        first, kind = begun.pop()
        return first, token, key, kind

    def finish(self) -> None:
        """Count what is still open as lost, and begin anew."""
        for key, begun in self._open.items():
            self.lost.extend(f"a mention of {key} begins that does not end" for _ in begun)
        self._open = {}


def pairs_of(
    texts: Sequence[Iterable[Mention]], *, negatives: float | None, seed: str
) -> Iterator[tuple[ProbeTarget, ...]]:
    """Yield the pairs of mentions within each text of one document, in the order of the texts.

    All pairs of one entity are kept. Of the other pairs of the document at most ``negatives``
    times as many are drawn (all of them where it is None, as Tenney et al. give them to their
    probe); a document without a positive pair yields none. The draw depends on ``seed`` and the
    document alone. Two mentions at the same place make no pair.
    """
    pairs: list[list[tuple[Mention, Mention]]] = []
    for mentions in texts:
        ordered = sorted(set(mentions))
        pairs.append([(a, b) for a, b in combinations(ordered, 2) if a.span != b.span])
    different = [
        (place, index)
        for place, found in enumerate(pairs)
        for index, (a, b) in enumerate(found)
        if a.entity != b.entity
    ]
    kept = set(different)
    if negatives is not None:
        same = sum(map(len, pairs)) - len(different)
        number = min(len(different), round(negatives * same))
        kept = set(random.Random(seed).sample(different, number))
    for place, found in enumerate(pairs):
        yield tuple(
            ProbeTarget((a.span, b.span), (SAME if a.entity == b.entity else DIFFERENT,))
            for index, (a, b) in enumerate(found)
            if a.entity == b.entity or (place, index) in kept
        )
