"""The table of a run: filters, orders and searches, against doing the same one by one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.analysis.failures import KINDS
from bertscope_tui.scans.records import NOT_RUN, RIGHT, UNKNOWN, WRONG, Columns, Mark
from bertscope_tui.scans.table import COLUMNS, Column, Filter, Sort, Table


def columns_of(rows: list[dict[str, Any]]) -> Columns:
    """Return columns in the order of ``rows``; what they do not say is made up."""
    full = [
        {
            "place": number,
            "id": f"q{number}",
            "question": "",
            "prediction": "",
            "gold": "",
            "right": RIGHT,
            "f1": 1.0,
            "confidence": 0.5,
            "failure": None,
            "first_layer": -1,
            "evidence": "",
            "tags": (),
            "note": "",
            **row,
        }
        for number, row in enumerate(rows)
    ]
    return Columns(
        places=np.array([row["place"] for row in full], np.int32),
        ids=[row["id"] for row in full],
        questions=[row["question"] for row in full],
        predictions=[row["prediction"] for row in full],
        golds=[row["gold"] for row in full],
        right=np.array([row["right"] for row in full], np.int8),
        f1=np.array([row["f1"] for row in full], np.float32),
        confidence=np.array([row["confidence"] for row in full], np.float32),
        failures=[row["failure"] for row in full],
        first_layers=np.array([row["first_layer"] for row in full], np.int16),
        evidence=[row["evidence"] for row in full],
        tags=[row["tags"] for row in full],
        notes=[row["note"] for row in full],
    )


def many(count: int = 100_000) -> Columns:
    """Return columns of a large run, with the samples in no order."""
    draw = np.random.default_rng(7)
    order = draw.permutation(count).astype(np.int32)
    right = draw.choice(np.array([RIGHT, WRONG, UNKNOWN, NOT_RUN], np.int8), count)
    kinds = [KINDS[n % len(KINDS)] if mark == WRONG else None for n, mark in enumerate(right)]
    return Columns(
        places=order,
        ids=[f"q{place}" for place in order],
        questions=[f"Who saw the {place % 977}th bird at {place % 24} o'clock?" for place in order],
        predictions=[f"Answer {place % 313}" for place in order],
        golds=[f"ANSWER {place % 211}" for place in order],
        right=right,
        f1=np.where(right < 0, np.nan, draw.random(count)).astype(np.float32),
        confidence=draw.random(count).astype(np.float32),
        failures=list(kinds),
        first_layers=draw.integers(-1, 13, count).astype(np.int16),
        evidence=[""] * count,
        tags=[("odd",) if place % 1000 == 7 else () for place in order],
        notes=[""] * count,
    )


def value_of(columns: Columns, row: int, column: Column) -> Any:
    """Return what a sample is sorted by, None where it has no value."""
    if column == "failure":
        kind = columns.failures[row]
        return None if kind is None else [str(one) for one in KINDS].index(kind)
    texts = {
        "question": columns.questions,
        "prediction": columns.predictions,
        "gold": columns.golds,
    }
    if column in texts:
        return texts[column][row].casefold()
    numbers = {
        "place": columns.places,
        "right": columns.right,
        "f1": columns.f1,
        "confidence": columns.confidence,
        "first_layer": columns.first_layers,
    }
    value = float(numbers[column][row])
    none = value < 0 if column in ("right", "first_layer") else math.isnan(value)
    return None if none else value


def wanted_by(columns: Columns, row: int, wanted: Filter) -> bool:
    """Say whether a sample is wanted, by reading its fields one after the other."""
    mark = int(columns.right[row])
    if wanted.which == "wrong" and mark != WRONG:
        return False
    if wanted.which == "right" and mark != RIGHT:
        return False
    if wanted.which == "unscored" and mark >= 0:
        return False
    if wanted.kind is not None and columns.failures[row] != wanted.kind:
        return False
    if wanted.tag is not None and wanted.tag not in columns.tags[row]:
        return False
    texts = [
        *(columns.ids[row], columns.questions[row], columns.predictions[row], columns.golds[row]),
        *(columns.failures[row] or "", *columns.tags[row], columns.notes[row]),
    ]
    return any(wanted.text.strip().casefold() in text.casefold() for text in texts)


def listed_by(columns: Columns, wanted: Filter, sort: Sort) -> list[int]:
    """Return what `Table.select` has to, one sample at a time."""
    rows = sorted(range(len(columns.ids)), key=lambda row: int(columns.places[row]))
    rows = [row for row in rows if wanted_by(columns, row, wanted)]
    having = [row for row in rows if value_of(columns, row, sort.column) is not None]
    having.sort(key=lambda row: value_of(columns, row, sort.column), reverse=False)
    if sort.descending:
        by_value: dict[Any, list[int]] = {}
        for row in having:
            by_value.setdefault(value_of(columns, row, sort.column), []).append(row)
        having = [row for value in sorted(by_value, reverse=True) for row in by_value[value]]
    return having + [row for row in rows if value_of(columns, row, sort.column) is None]


TEXTS = st.text(alphabet="aAbBßé \n_x", max_size=4)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "question": TEXTS,
            "prediction": TEXTS,
            "gold": TEXTS,
            "right": st.sampled_from([RIGHT, WRONG, UNKNOWN, NOT_RUN]),
            "f1": st.sampled_from([0.0, 0.25, 1.0, math.nan]),
            "confidence": st.sampled_from([0.1, 0.5, 0.9, math.nan]),
            "failure": st.sampled_from([None, *KINDS]),
            "first_layer": st.integers(-1, 3),
            "tags": st.sampled_from([(), ("a",), ("a", "Bb")]),
            "note": TEXTS,
        }
    ),
    max_size=12,
)
FILTERS = st.builds(
    Filter,
    which=st.sampled_from(["all", "wrong", "right", "unscored"]),
    kind=st.sampled_from([None, None, *KINDS[:2]]),
    tag=st.sampled_from([None, None, "a", "Bb"]),
    text=st.sampled_from(["", "a", "SS", "b", "é", " ", "q1"]),
)
SORTS = st.builds(Sort, st.sampled_from(COLUMNS), st.booleans())


@given(rows=ROWS, wanted=FILTERS, sort=SORTS, data=st.data())
def test_what_is_listed_is_what_reading_every_sample_gives(
    rows: list[dict[str, Any]], wanted: Filter, sort: Sort, data: st.DataObject
) -> None:
    places = data.draw(st.permutations(range(len(rows))))
    columns = columns_of([row | {"place": place} for row, place in zip(rows, places, strict=True)])
    assert Table(columns).select(wanted, sort).tolist() == listed_by(columns, wanted, sort)


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("descending", [False, True])
def test_a_hundred_thousand_samples_are_sorted_as_one_by_one(
    column: Column, descending: bool
) -> None:
    columns = many()
    sort, wanted = Sort(column, descending), Filter("wrong", text="BIRD at 7")
    assert Table(columns).select(wanted, sort).tolist() == listed_by(columns, wanted, sort)


def test_everything_is_listed_once_without_a_filter() -> None:
    table = Table(many())
    table.prepare()
    for column in COLUMNS:
        rows = table.select(Filter(), Sort(column))
        assert np.array_equal(np.sort(rows), np.arange(100_000))


@given(rows=ROWS, wanted=FILTERS, sort=SORTS, cut=st.integers(0, 12), data=st.data())
def test_a_table_that_was_extended_is_the_one_read_at_once(
    rows: list[dict[str, Any]], wanted: Filter, sort: Sort, cut: int, data: st.DataObject
) -> None:
    places = data.draw(st.permutations(range(len(rows))))
    full = [
        row | {"place": place, "id": f"q{place}"} for row, place in zip(rows, places, strict=True)
    ]
    whole = Table(columns_of(full))
    first = Table(columns_of(full[:cut]))
    first.prepare()
    extended = first.extended(columns_of(full[cut:]))
    assert len(extended) == len(whole)
    assert extended.select(wanted, sort).tolist() == whole.select(wanted, sort).tolist()
    assert len(first) == min(cut, len(full)), "the first one is as it was"


@given(rows=ROWS, sort=SORTS, at=st.integers(0, 12), direction=st.sampled_from([1, -1]))
def test_the_next_wrong_answer_is_the_nearest_that_is_listed(
    rows: list[dict[str, Any]], sort: Sort, at: int, direction: int
) -> None:
    table = Table(columns_of(rows))
    listed = table.select(Filter(), sort)
    at = min(at, max(len(listed) - 1, 0))
    ahead = range(at + 1, len(listed)) if direction > 0 else range(at - 1, -1, -1)
    wrong = [line for line in ahead if rows[int(listed[line])]["right"] == WRONG]
    assert table.next_wrong(listed, at, direction) == (wrong[0] if wrong else None)


def test_a_sample_is_found_by_its_place_in_the_data_set() -> None:
    table = Table(columns_of([{"place": place} for place in (5, 2, 9)]))
    rows = table.select(Filter(), Sort("place", descending=True))
    assert [table.row_of(place) for place in (2, 5, 9, 3, 10)] == [1, 0, 2, None, None]
    assert [table.line_of(rows, place) for place in (9, 5, 2, 3)] == [0, 1, 2, None]


def test_kinds_and_tags_are_counted() -> None:
    table = Table(
        columns_of(
            [
                {"right": WRONG, "failure": "boundary", "tags": ("b", "a")},
                {"right": WRONG, "failure": "wrong-fact", "tags": ("b",)},
                {"right": WRONG, "failure": "boundary"},
                {"right": NOT_RUN},
                {},
            ]
        )
    )
    assert table.kinds() == [("wrong-fact", 1), ("boundary", 2)]
    assert table.tags() == [("b", 2), ("a", 1)]
    assert (table.right, table.wrong, len(table)) == (1, 3, 5)


def test_a_mark_is_found_by_its_tag_and_its_words_until_it_is_taken_back() -> None:
    table = Table(columns_of([{}, {}, {}]))
    before = replace(Mark())
    table.mark(1, Mark(("look again",), "a Strange one"))
    assert table.select(Filter(tag="look again"), Sort()).tolist() == [1]
    assert table.select(Filter(text="STRANGE"), Sort()).tolist() == [1]
    table.mark(1, before)
    assert table.select(Filter(tag="look again"), Sort()).tolist() == []
    assert table.select(Filter(text="strange"), Sort()).tolist() == []


def test_an_empty_run_is_an_empty_table() -> None:
    table = Table(columns_of([]))
    table.prepare()
    for column in COLUMNS:
        rows = table.select(Filter("wrong", text="a"), Sort(column, descending=True))
        assert rows.tolist() == []
    assert table.next_wrong(table.select(Filter(), Sort()), 0, 1) is None
    assert (table.kinds(), table.tags(), table.row_of(0)) == ([], [], None)
