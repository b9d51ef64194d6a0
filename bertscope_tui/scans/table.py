"""The samples of one run as a table: filtered, sorted and searched fast enough for every key.

All of it is done on arrays of a number for each sample, and on texts that were folded once, so
that a hundred thousand samples take some milliseconds. Nothing here knows of screens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.failures import KINDS, FailureKind

if TYPE_CHECKING:
    from bertscope_tui.scans.records import Columns, Mark

Column = Literal[
    "place",
    "right",
    "f1",
    "confidence",
    "question",
    "prediction",
    "gold",
    "failure",
    "first_layer",
]
COLUMNS: tuple[Column, ...] = get_args(Column)
"""What a table can be sorted by, in the order in which it is shown."""

Which = Literal["all", "wrong", "right", "unscored"]
WHICH: tuple[Which, ...] = get_args(Which)
"""``unscored``: no gold answer is known, or the sample could not be run."""

_TEXTS: tuple[Column, ...] = ("question", "prediction", "gold")

_CODES = {str(kind): code for code, kind in enumerate(KINDS)}

_PIECE = 8192
"""Texts sorted in one go: no other thread gets its turn meanwhile."""

Rows = NDArray[np.intp]
"""Numbers of samples in their table, in the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which samples are listed: those that everything here holds for.

    ``kind`` and ``tag`` are None where they may be any; ``text`` is looked for in id, question,
    answers, failure kind, tags and note, upper and lower case being the same.
    """

    which: Which = "all"
    kind: FailureKind | None = None
    tag: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Sort:
    """By which column, and which way; what has no value comes last both ways."""

    column: Column = "place"
    descending: bool = False


class Table:
    """The samples of a run. Marks may change; everything else is as it was read.

    Samples are numbered as they were read, which need not be the order of the data set; ``by
    place`` they are in the data set's.
    """

    def __init__(self, columns: Columns, _folded: Sequence[str] = ()) -> None:
        self.columns = columns
        self._by_place = np.argsort(columns.places, kind="stable")
        self._keys: dict[Column, NDArray[np.float64]] = {}
        self._orders: dict[Sort, Rows] = {}
        rest = range(len(_folded), len(columns.places))
        self._folded = [*_folded, *(self._fold(row) for row in rest)]
        self._kinds = np.array(
            [-1 if kind is None else _CODES[kind] for kind in columns.failures], dtype=np.int8
        )

    def __len__(self) -> int:
        return len(self.columns.places)

    def extended(self, more: Columns) -> Table:
        """Return a table with samples that were finished since, which this one has not."""
        joined: dict[str, Any] = {}
        for name in (one.name for one in fields(more)):
            old, new = getattr(self.columns, name), getattr(more, name)
            joined[name] = [*old, *new] if isinstance(old, list) else np.concatenate([old, new])
        return Table(replace(self.columns, **joined), self._folded)

    # -- what there is -------------------------------------------------------------------------

    @property
    def wrong(self) -> int:
        """Return how many answers are wrong."""
        return int(np.count_nonzero(self.columns.right == 0))

    @property
    def right(self) -> int:
        """Return how many answers are right."""
        return int(np.count_nonzero(self.columns.right == 1))

    def kinds(self) -> list[tuple[FailureKind, int]]:
        """Return the failure kinds that occur, in their fixed order, with their counts."""
        counts = np.bincount(self._kinds[self._kinds >= 0], minlength=len(KINDS)).tolist()
        return [(kind, count) for kind, count in zip(KINDS, counts, strict=True) if count]

    def tags(self) -> list[tuple[str, int]]:
        """Return the tags in use with their counts, the most frequent first."""
        counts = Counter(tag for tags in self.columns.tags for tag in tags)
        return sorted(counts.items(), key=lambda found: (-found[1], found[0]))

    # -- listing -------------------------------------------------------------------------------

    def prepare(self, columns: Sequence[Column] = COLUMNS) -> None:
        """Find orders now, which takes a while for texts, and not when they are asked for."""
        for column in columns:
            for descending in (False, True):
                self._order(Sort(column, descending))

    def select(self, wanted: Filter, sort: Sort) -> Rows:
        """Return the samples that are wanted, sorted; equals stay in the data set's order."""
        order = self._order(sort)
        mask = self._mask(wanted)
        return order if mask is None else order[mask[order]]

    def next_wrong(self, rows: Rows, at: int, direction: int) -> int | None:
        """Return the next line with a wrong answer from line ``at`` on, not counting it.

        ``rows`` is what `select` gave, ``direction`` 1 or -1; None where there is none.
        """
        wrong = np.flatnonzero(self.columns.right[rows] == 0)
        if direction > 0:
            found = int(np.searchsorted(wrong, at, side="right"))
        else:
            found = int(np.searchsorted(wrong, at, side="left")) - 1
        return int(wrong[found]) if 0 <= found < len(wrong) else None

    def line_of(self, rows: Rows, place: int) -> int | None:
        """Return the line on which the sample at a place of the data set is listed, or None."""
        found = np.flatnonzero(self.columns.places[rows] == place)
        return int(found[0]) if len(found) else None

    def row_of(self, place: int) -> int | None:
        """Return the number of the sample at a place of the data set, or None."""
        found = int(np.searchsorted(self.columns.places, place, sorter=self._by_place))
        if found == len(self) or self.columns.places[self._by_place[found]] != place:
            return None
        return int(self._by_place[found])

    # -- marks ---------------------------------------------------------------------------------

    def mark(self, row: int, mark: Mark) -> None:
        """Take in the tags and the note that a sample has now."""
        self.columns.tags[row] = mark.tags
        self.columns.notes[row] = mark.note
        self._folded[row] = self._fold(row)

    # -- inside --------------------------------------------------------------------------------

    def _fold(self, row: int) -> str:
        found = self.columns
        parts = (
            *(found.ids[row], found.questions[row], found.predictions[row], found.golds[row]),
            *(found.failures[row] or "", *found.tags[row], found.notes[row]),
        )
        return "\n".join(parts).casefold()

    def _order(self, sort: Sort) -> Rows:
        """Return all samples in an order, which is kept: filters change more often."""
        found = self._orders.get(sort)
        if found is None:
            key = self._key(sort.column)[self._by_place]
            places = np.argsort(-key if sort.descending else key, kind="stable")
            found = self._orders[sort] = self._by_place[places]
        return found

    def _mask(self, wanted: Filter) -> NDArray[np.bool_] | None:
        """Return which samples are wanted, in the order in which they were read; None: all."""
        if wanted == Filter():
            return None
        right = self.columns.right
        mask = np.ones(len(right), dtype=bool)
        if wanted.which == "unscored":
            mask &= right < 0
        elif wanted.which != "all":
            mask &= right == (1 if wanted.which == "right" else 0)
        if wanted.kind is not None:
            mask &= self._kinds == KINDS.index(wanted.kind)
        # Texts are looked at last, and only those of samples that are left.
        if wanted.tag is not None:
            tag, tags = wanted.tag, self.columns.tags
            mask[mask] = [tag in tags[row] for row in np.flatnonzero(mask).tolist()]
        needle = wanted.text.strip().casefold()
        if needle:
            folded = self._folded
            mask[mask] = [needle in folded[row] for row in np.flatnonzero(mask).tolist()]
        return mask

    def _key(self, column: Column) -> NDArray[np.float64]:
        """Return a number for each sample by which the column sorts; NaN where it has no value."""
        found = self._keys.get(column)
        if found is None:
            found = self._keys[column] = self._make_key(column)
        return found

    def _make_key(self, column: Column) -> NDArray[np.float64]:
        columns = self.columns
        if column in _TEXTS:
            texts = {
                "question": columns.questions,
                "prediction": columns.predictions,
                "gold": columns.golds,
            }[column]
            return _ranks([text.casefold() for text in texts])
        if column == "f1":
            return columns.f1.astype(np.float64)
        if column == "confidence":
            return columns.confidence.astype(np.float64)
        if column == "place":
            return columns.places.astype(np.float64)
        numbers: NDArray[np.integer] = columns.right
        if column == "failure":
            numbers = self._kinds
        elif column == "first_layer":
            numbers = columns.first_layers
        return np.where(numbers < 0, np.nan, numbers.astype(np.float64))


def _ranks(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return the place of each text among the sorted ones; equal texts share theirs.

    The texts are sorted in pieces, which the last step only merges (Python's sort finds stretches
    that are sorted already), so that other threads get their turns.
    """
    order: list[int] = []
    for start in range(0, len(texts), _PIECE):
        piece = range(start, min(start + _PIECE, len(texts)))
        order += sorted(piece, key=texts.__getitem__)
    order.sort(key=texts.__getitem__)
    fresh = [texts[one] != texts[other] for one, other in zip(order[1:], order, strict=False)]
    ranks = np.empty(len(texts), dtype=np.float64)
    ranks[order] = np.concatenate([[0], np.cumsum(fresh)])[: len(texts)]
    return ranks
