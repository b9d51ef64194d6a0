"""Two runs over the same data: what one has right that the other has wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bertscope_tui.analysis.paired import mcnemar
from bertscope_tui.data.hygiene import shown
from bertscope_tui.errors import InputError
from bertscope_tui.scans.reading import Reader
from bertscope_tui.scans.records import NOT_RUN, RIGHT, WRONG, Columns, Run

SCHEMA = "bertscope.compare/1"

_SAME = {
    "data_sha256": "they are over different data",
    "format": "the data were read in different ways",
    "variant": "they are over different variants of the data",
    "split": "they are over different splits",
    "tasks": "they are over different tasks",
    "keep_yes_no": "yes/no questions are kept in only one of them",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A question that one run has right and the other wrong, or both wrong.

    ``before`` and ``after`` are the answers of the two runs, ``failures`` the kinds of failure,
    None where an answer is right or its run is not classified.
    """

    place: int
    sample_id: str
    question: str
    gold: str
    before: str
    after: str
    failures: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from run ``a`` to run ``b``, over the ``samples`` questions scored in both.

    ``p_value`` is McNemar's exact test of whether the two are equally good.
    """

    a: Run
    b: Run
    samples: int
    both_right: int
    fixed: tuple[Change, ...]
    broken: tuple[Change, ...]
    both_wrong: tuple[Change, ...]
    p_value: float

    @property
    def shares(self) -> tuple[float, float] | None:
        """Return the parts of the common questions that each has right, None without any."""
        if not self.samples:
            return None
        return (
            (self.both_right + len(self.broken)) / self.samples,
            (self.both_right + len(self.fixed)) / self.samples,
        )


def compare(store: Reader, a: Run, b: Run) -> Comparison:
    """Compare two runs question by question; one that could not be run counts as wrong.

    Questions that only one of them has finished do not count. Raises InputError where the runs
    are not over the same data.
    """
    if a.id == b.id:
        raise InputError(f"{shown(a.name)} cannot be compared with itself", remedy="name two runs")
    for name, why in _SAME.items():
        if getattr(a, name) != getattr(b, name):
            raise InputError(
                f"the runs {shown(a.name)} and {shown(b.name)} cannot be compared: {why}",
                remedy="scan the same data with both models",
            )
    before, after = store.columns(a.id), store.columns(b.id)
    rows = {int(place): row for row, place in enumerate(after.places)}
    found: dict[tuple[bool, bool], list[Change]] = {
        (True, False): [],
        (False, True): [],
        (False, False): [],
    }
    samples = both_right = 0
    for row, place in enumerate(before.places):
        other = rows.get(int(place))
        if other is None:
            continue
        marks = int(before.right[row]), int(after.right[other])
        if not all(mark in (RIGHT, WRONG, NOT_RUN) for mark in marks):
            continue
        samples += 1
        sides = marks[0] == RIGHT, marks[1] == RIGHT
        if all(sides):
            both_right += 1
        else:
            found[sides].append(_change(before, row, after, other))
    fixed, broken = found[False, True], found[True, False]
    return Comparison(
        a,
        b,
        samples,
        both_right,
        tuple(fixed),
        tuple(broken),
        tuple(found[False, False]),
        mcnemar(len(fixed), len(broken)),
    )


def comparison_object(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON values: ids of what changed, and each change in full.

    The schema is that of the verb ``compare``; a store has no states, so ``cka`` is None.
    """
    shares = comparison.shares

    def full(change: Change) -> dict[str, Any]:
        return {
            "id": change.sample_id,
            "place": change.place,
            "question": change.question,
            "gold": change.gold,
            "predictions": [change.before, change.after],
            "failures": list(change.failures),
        }

    return {
        "schema": SCHEMA,
        "runs": [comparison.a.name, comparison.b.name],
        "models": [comparison.a.model, comparison.b.model],
        "dataset": comparison.a.dataset,
        "samples": comparison.samples,
        "cka": None,
        "scored": comparison.samples,
        "right": [
            comparison.both_right + len(comparison.broken),
            comparison.both_right + len(comparison.fixed),
        ],
        "exact_match": None if shares is None else list(shares),
        "both_right": comparison.both_right,
        "both_wrong": [change.sample_id for change in comparison.both_wrong],
        "fixed": [change.sample_id for change in comparison.fixed],
        "broken": [change.sample_id for change in comparison.broken],
        "mcnemar_p": comparison.p_value,
        "changes": [full(change) for change in (*comparison.fixed, *comparison.broken)],
    }


def _change(before: Columns, row: int, after: Columns, other: int) -> Change:
    return Change(
        place=int(before.places[row]),
        sample_id=before.ids[row],
        question=before.questions[row],
        gold=before.golds[row],
        before=before.predictions[row],
        after=after.predictions[other],
        failures=(before.failures[row], after.failures[other]),
    )
