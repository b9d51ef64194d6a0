"""Samples as files: JSON lines say everything, CSV is no formula, Markdown shows what is there."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from dataclasses import replace
from html import unescape
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.engine.scanned import SIGNALS
from bertscope_tui.scans.export import FORMATS, export
from bertscope_tui.scans.records import Run, SampleRow
from tests.unit.scans.made import LAYERS, could_not_run, made_sample, made_scanned

TEXTS = st.text(st.characters(), max_size=30)
PLAIN = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cf")), max_size=30)
STARTS = st.sampled_from(["=", "+", "-", "@", "'", "\t=", " =", "\uff1d", "\n+", "''", "\u2003@"])
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class _Named:
    name, model, dataset, layers = "run", "m*odel", "data", LAYERS


RUN: Run = _Named()  # type: ignore[assignment]


def made_row(**changes: Any) -> SampleRow:
    scanned = made_scanned(3)
    row = SampleRow(
        scanned=scanned,
        question="What is it?",
        gold=("one", "two"),
        group="paragraph 0",
        task_name=None,
        failure="wrong-fact",
        evidence="question matches sentence 3, not the supporting fact, from layer 2 on",
        first_layer=2,
        tags=("a", "b"),
        note="a note",
    )
    return replace(row, **changes)


def written(row: SampleRow, form: Any) -> str:
    return "".join(export(RUN, [row], form))


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@given(TEXTS, TEXTS, TEXTS)
def test_json_lines_keep_every_text_and_are_one_line_each(question, note, tag):
    text = written(made_row(question=question, note=note, tags=(tag,), gold=(note,)), "jsonl")
    assert text.count("\n") == 1
    text.encode("utf-8")
    assert not STEERING.search(text[:-1])
    found = json.loads(text)
    assert (found["question"], found["note"], found["tags"], found["gold"]) == (
        question,
        note,
        [tag],
        [note],
    )


def test_json_lines_have_the_fields_that_were_promised():
    row = made_row()
    assert row.scanned.signals is not None
    row.scanned.signals[1, 2] = np.nan
    found = json.loads(written(row, "jsonl"))
    fields = "id question prediction gold exact_match f1 confidence failure evidence first_layer"
    assert set(found) >= {*fields.split(), "tags", "note", "signals"}
    assert set(found["signals"]) == set(SIGNALS)
    assert all(len(values) == LAYERS + 1 for values in found["signals"].values())
    assert found["signals"][SIGNALS[1]][2] is None
    assert found["first_layer"] == 2


@pytest.mark.parametrize("form", FORMATS)
def test_a_sample_that_could_not_be_run_is_exported_with_its_reason(form):
    row = made_row(scanned=could_not_run(5), failure=None, evidence="", first_layer=None)
    text = written(row, form)
    assert "no room for the question" in text
    if form == "csv":
        (cells,) = table(text)
        assert (cells["prediction"], cells["f1"], cells[f"{SIGNALS[0]}_0"]) == ("", "", "")


def _whole(text: str) -> str:
    """Return what CSV is to give back of a text."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(STARTS, PLAIN)
def test_no_cell_of_a_spreadsheet_is_a_formula_and_one_quote_away_is_the_text(start, rest):
    text = start + rest
    (cells,) = table(written(made_row(question=text, note=text), "csv"))
    for name in ("question", "note"):
        assert cells[name].startswith("'")
        assert cells[name][1:] == _whole(text)


@given(TEXTS)
def test_cells_hold_nothing_that_steers_and_everything_else(text):
    whole = written(made_row(question=text), "csv")
    whole.encode("utf-8")
    assert not STEERING.search(whole)
    cell, expected = table(whole)[0]["question"], _whole(text)
    assert cell.lstrip()[:1] not in tuple("=+-@\uff1d\uff0b\uff0d\uff20")
    if len(cell) > len(expected):
        assert cell[0] == "'"
        cell = cell[1:]
    for found, wanted in zip(cell, expected, strict=True):
        assert found == wanted or STEERING.match(wanted) or unicodedata.category(wanted) == "Cs"


def test_numbers_in_cells_stay_numbers():
    row = made_row()
    assert row.scanned.signals is not None
    row.scanned.signals[0, 0] = -0.25
    (cells,) = table(written(row, "csv"))
    assert cells[f"{SIGNALS[0]}_0"] == "-0.25"
    assert (cells["place"], cells["right"], cells["first_layer"]) == ("3", "0", "2")
    assert float(cells["confidence"]) == 0.5
    assert (cells["gold"], cells["tags"]) == ("one | two", "a b")


@given(PLAIN)
def test_markdown_means_nothing_but_the_text(text):
    whole = written(made_row(question="q", note=text), "md")
    lines = [line for line in whole.split("\n") if line.startswith("- note: ")]
    body = lines[0].removeprefix("- note: ") if lines else ""
    assert not re.search(r"[`*_\[\]#|~<>$@]|://", re.sub(r"\\.", "", body))
    assert unescape(re.sub(r"\\(.)", r"\1", body)) == " ".join(text.split())


@given(TEXTS)
def test_markdown_holds_nothing_that_steers(text):
    whole = written(made_row(question=text, note=text, tags=(text,), gold=(text,)), "md")
    whole.encode("utf-8")
    assert not STEERING.search(whole)


def test_markdown_of_a_hostile_sample_reads_as_it_should():
    nasty = "<script>x</script> | [a](http://x) **b** `c`\n# no heading\x1b[31m"
    row = made_row(
        question=nasty, note=nasty, scanned=made_scanned(3, sample_id="#1 <b>"), tags=("|",)
    )
    text = written(row, "md")
    assert "<script" not in text
    assert "\\[a\\](http\\://x)" in text
    assert "\n# no heading" not in text
    assert text.count("\n## ") == 1
    assert "## ✗ 4: \\#1 &lt;b&gt;" in text
    assert "- evidence: question matches sentence 3" in text
    assert f"| {SIGNALS[0].replace('_', chr(92) + '_')} |" in text
    assert text.startswith("# run\n\nAnswers of m\\*odel to data\n")


@pytest.mark.parametrize("form", FORMATS)
def test_samples_are_written_one_after_the_other(form):
    asked = 0

    def rows():
        nonlocal asked
        for place in range(1000):
            asked += 1
            yield made_row(scanned=made_scanned(place), question=made_sample(place).question)

    parts = export(RUN, rows(), form)
    for _ in range(5):
        next(parts)
    assert asked <= 5
