from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bertscope_tui.data.open import open_dataset
from bertscope_tui.data.records import Answer, Dataset
from bertscope_tui.errors import DataError

GOLD_ONE = ["Ann's dog is Rex.", " Rex was born in Oslo.", "He barks."]
GOLD_TWO = ["Oslo is the capital of Norway.", "", " It is cold."]


def record(distractors: int = 8, **fields: Any) -> dict[str, Any]:
    context: list[Any] = [
        [f"D{n}", [f"Fact {n} is dull.", f" Norway {n}."]] for n in range(distractors)
    ]
    context.insert(1 if distractors else 0, ["Rex", GOLD_ONE])
    context.append(["Oslo", GOLD_TWO])
    made: dict[str, Any] = {
        "_id": "h1",
        "question": "In which country was Ann's dog born?",
        "answer": "Norway",
        "supporting_facts": [["Rex", 1], ["Oslo", 0]],
        "context": context,
        "type": "bridge",
        "level": "easy",
    }
    made.update(fields)
    return {key: value for key, value in made.items() if value is not None}


def columnar(original: dict[str, Any]) -> dict[str, Any]:
    changed = dict(original)
    changed["id"] = changed.pop("_id")
    changed["context"] = {
        "title": [title for title, _ in original["context"]],
        "sentences": [sentences for _, sentences in original["context"]],
    }
    changed["supporting_facts"] = {
        "title": [title for title, _ in original["supporting_facts"]],
        "sent_id": [index for _, index in original["supporting_facts"]],
    }
    return changed


def opened(tmp_path: Path, *records: object, **options: Any) -> Dataset:
    path = tmp_path / "hot.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    return open_dataset(path, **options)


def test_all_gold_paragraphs_and_one_distractor_in_2_7_are_kept_in_file_order(
    tmp_path: Path,
) -> None:
    data = opened(tmp_path, record())
    (sample,) = data.samples
    assert (data.format, data.variant, data.window) == ("hotpotqa", "distractor", 512)
    assert sample.context == (
        "Fact 0 is dull. Norway 0. Ann's dog is Rex. Rex was born in Oslo. He barks. "
        "Fact 1 is dull. Norway 1. Fact 2 is dull. Norway 2. "
        "Oslo is the capital of Norway. It is cold."
    )
    assert [span.of(sample.context) for span in sample.optional] == [
        "Fact 2 is dull. Norway 2.",
        "Fact 1 is dull. Norway 1.",
        "Fact 0 is dull. Norway 0.",
    ]
    assert [span.of(sample.context) for span in sample.supporting] == [
        "Rex was born in Oslo.",
        "Oslo is the capital of Norway.",
    ]
    assert len(sample.sentences) == 11


def test_the_answer_is_looked_for_in_the_supporting_sentences_first(tmp_path: Path) -> None:
    (sample,) = opened(tmp_path, record()).samples
    (answer,) = sample.answers
    assert answer.span is not None
    assert sample.supporting[1].start < answer.span.start < sample.supporting[1].end


def test_an_answer_outside_the_supporting_sentences_is_found_in_a_gold_paragraph(
    tmp_path: Path,
) -> None:
    (sample,) = opened(tmp_path, record(answer="cold")).samples
    assert sample.answers[0].span is not None
    assert sample.answers[0].span.of(sample.context) == "cold"


def test_an_answer_that_is_nowhere_has_no_span_and_is_listed(tmp_path: Path) -> None:
    data = opened(tmp_path, record(answer="Sweden"))
    assert data.samples[0].answers == (Answer("Sweden", None),)
    assert data.skipped == 0
    assert data.problems[0].what.startswith("answer: does not occur")


def test_support_only_keeps_nothing_but_the_supporting_sentences(tmp_path: Path) -> None:
    facts = [["Oslo", 0], ["Rex", 1], ["Oslo", 0]]
    data = opened(tmp_path, record(supporting_facts=facts), variant="support-only")
    (sample,) = data.samples
    assert sample.context == "Rex was born in Oslo. Oslo is the capital of Norway."
    assert sample.sentences == sample.supporting
    assert len(sample.sentences) == 2
    assert sample.optional == ()


@pytest.mark.parametrize("variant", ["distractor", "support-only"])
def test_both_layouts_give_the_same_sample(tmp_path: Path, variant: str) -> None:
    original = opened(tmp_path, record(), variant=variant)
    other = opened(tmp_path, columnar(record()), variant=variant)
    assert original.samples == other.samples


def test_yes_no_questions_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    records = (record(), record(_id="h2", answer="yes"), record(_id="h3", answer="no"))
    data = opened(tmp_path, *records)
    assert (len(data.samples), data.left_out, data.skipped) == (1, 2, 0)
    kept = opened(tmp_path, *records, keep_yes_no=True)
    assert (len(kept.samples), kept.left_out) == (3, 0)
    assert kept.samples[1].answers == (Answer("yes", None),)
    assert kept.problems == ()
    with pytest.raises(DataError, match="all 2 are yes/no questions"):
        opened(tmp_path, *records[1:])


@pytest.mark.parametrize("fact", [["Rex", 3], ["Rex", -1], ["Nobody", 0], ["Oslo", 1]])
def test_a_fact_that_names_no_sentence_is_left_out_and_listed(
    tmp_path: Path, fact: list[object]
) -> None:
    data = opened(tmp_path, record(supporting_facts=[fact, ["Oslo", 0]]))
    (sample,) = data.samples
    assert len(sample.supporting) == 1
    assert data.skipped == 0
    (problem,) = data.problems
    assert problem.where == "hot.json: [0]"
    assert problem.what.startswith("supporting_facts[0]: ")


def test_gold_paragraphs_stay_although_their_only_fact_is_out_of_range(tmp_path: Path) -> None:
    raw = record(supporting_facts=[["Rex", 9]])
    (sample,) = opened(tmp_path, raw).samples
    assert "Rex was born in Oslo." in sample.context
    assert sample.supporting == ()
    with pytest.raises(DataError, match="none of them is a sentence"):
        opened(tmp_path, raw, variant="support-only")


def test_repeated_titles_are_searched_for_the_sentence(tmp_path: Path) -> None:
    context = [["T", ["Only one."]], ["T", ["First.", " Norway second."]]]
    raw = record(context=context, supporting_facts=[["T", 1]])
    (sample,) = opened(tmp_path, raw).samples
    assert [span.of(sample.context) for span in sample.supporting] == ["Norway second."]


@pytest.mark.parametrize(("distractors", "kept"), [(0, 0), (1, 0), (2, 1), (3, 1), (5, 2), (8, 3)])
def test_records_with_fewer_paragraphs_are_reduced_by_the_same_factor(
    tmp_path: Path, distractors: int, kept: int
) -> None:
    (sample,) = opened(tmp_path, record(distractors)).samples
    assert len(sample.optional) == kept


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"_id": None}, "id: missing"),
        ({"question": ""}, "question: empty"),
        ({"answer": None}, "answer: missing"),
        ({"answer": ["Norway"]}, "answer: a list where a text was expected"),
        ({"context": None}, "context: missing"),
        ({"context": []}, "context: empty"),
        ({"context": [["Rex", ["", " "]]]}, "context: empty"),
        ({"context": [["Rex"]]}, "context[0]: 1 values where two were expected"),
        ({"context": [["Rex", "text"]]}, "context[0]: a text where a list was expected"),
        ({"context": [["Rex", [None]]]}, "context[0]: sentence 0: null where a text"),
        ({"context": {"title": ["Rex"]}}, "context.sentences: missing"),
        ({"context": {"title": ["Rex"], "sentences": []}}, "context: 1 entries in title, but 0"),
        ({"supporting_facts": None}, "supporting_facts: missing"),
        ({"supporting_facts": [["Rex", "1"]]}, "supporting_facts[0]: a text where a whole number"),
        ({"supporting_facts": [["Nobody", 0]]}, "supporting_facts: none of the titles"),
        ({"supporting_facts": {"title": ["Rex"], "sent_id": 1}}, "supporting_facts.sent_id: a num"),
    ],
)
def test_a_bad_record_is_skipped_and_named(
    tmp_path: Path, fields: dict[str, object], what: str
) -> None:
    data = opened(tmp_path, record(), record(**{"_id": "bad", **fields}))
    assert [sample.id for sample in data.samples] == ["h1"]
    assert data.skipped == 1
    assert data.problems[-1].where == "hot.json: [1]"
    assert what in [problem.what[: len(what)] for problem in data.problems]
