from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bertscope_tui.data.open import open_dataset
from bertscope_tui.data.records import Answer, Dataset, Span
from bertscope_tui.errors import DataError

CONTEXT = "Ann baked bread. Bob ate it in Rome, near Rome's wall.\nEve 😀 slept."


def question(**fields: Any) -> dict[str, Any]:
    record = {
        "id": "q1",
        "question": "Where did Bob eat?",
        "answers": [{"text": "Rome", "answer_start": 31}],
    }
    record.update(fields)
    return {key: value for key, value in record.items() if value is not None}


def opened(tmp_path: Path, *questions: object, context: object = CONTEXT) -> Dataset:
    root = {"version": "1.1", "data": [{"paragraphs": [{"context": context, "qas": questions}]}]}
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(root), encoding="utf-8")
    return open_dataset(path)


def test_a_question_becomes_a_sample_with_its_sentence_as_supporting_fact(tmp_path: Path) -> None:
    data = opened(tmp_path, question())
    (sample,) = data.samples
    assert (data.name, data.format, data.variant, data.window) == ("tiny", "squad", None, 384)
    assert sample.answers == (Answer("Rome", Span(31, 35)),)
    assert [span.of(CONTEXT) for span in sample.sentences] == [
        "Ann baked bread.",
        "Bob ate it in Rome, near Rome's wall.",
        "Eve 😀 slept.",
    ]
    assert sample.supporting == (sample.sentences[1],)
    assert sample.origin.record == "data[0].paragraphs[0].qas[0]"
    assert not sample.impossible


def test_supporting_facts_are_those_of_the_first_answer_also_across_sentences(
    tmp_path: Path,
) -> None:
    answers = [
        {"text": "wall.\nEve", "answer_start": 49},
        {"text": "Ann", "answer_start": 0},
    ]
    (sample,) = opened(tmp_path, question(answers=answers)).samples
    assert sample.supporting == sample.sentences[1:]


def test_equal_answers_are_kept_once_and_the_same_text_elsewhere_stays(tmp_path: Path) -> None:
    first, second = {"text": "Rome", "answer_start": 31}, {"text": "Rome", "answer_start": 42}
    (sample,) = opened(tmp_path, question(answers=[second, first, second])).samples
    assert sample.answers == (Answer("Rome", Span(42, 46)), Answer("Rome", Span(31, 35)))


def test_questions_of_one_paragraph_share_a_group(tmp_path: Path) -> None:
    data = opened(tmp_path, question(), question(id="q2"))
    assert len({sample.group for sample in data.samples}) == 1


def test_unanswerable_questions_are_marked(tmp_path: Path) -> None:
    data = opened(
        tmp_path,
        question(is_impossible=True, answers=[]),
        question(id="q2", is_impossible=False),
        question(id="q3", is_impossible=False, answers=[]),
        question(id="q4", is_impossible=True),
    )
    assert [sample.impossible for sample in data.samples] == [True, False, True, True]
    assert [len(sample.answers) for sample in data.samples] == [0, 1, 0, 0]
    assert data.skipped == 0
    assert [problem.where[-6:] for problem in data.problems] == ["qas[2]", "qas[3]"]


@pytest.mark.parametrize(
    ("text", "start", "mended"),
    [("Bob", 16, Span(17, 20)), (" Bob ", 17, Span(17, 20)), ("\tBob", 16, Span(17, 20))],
)
def test_an_offset_that_misses_by_blanks_is_mended_and_listed(
    tmp_path: Path, text: str, start: int, mended: Span
) -> None:
    data = opened(tmp_path, question(answers=[{"text": text, "answer_start": start}]))
    assert data.samples[0].answers == (Answer("Bob", mended),)
    assert data.skipped == 0
    assert "answers[0].answer_start" in data.problems[0].what


def test_an_offset_into_a_context_without_its_leading_blanks_is_mended(tmp_path: Path) -> None:
    data = opened(tmp_path, question(), context="\n " + CONTEXT)
    assert data.samples[0].answers == (Answer("Rome", Span(33, 37)),)
    assert len(data.problems) == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"id": None}, "id: missing"),
        ({"id": True}, "id: true or false"),
        ({"id": ""}, "id: empty"),
        ({"question": None}, "question: missing"),
        ({"question": 7}, "question: a number where a text was expected"),
        ({"question": " \n"}, "question: empty"),
        ({"answers": None}, "answers: missing"),
        ({"answers": []}, "answers: empty"),
        ({"answers": {"text": ["Rome"]}}, "answers: an object where a list was expected"),
        ({"answers": ["Rome"]}, "answers[0]: a text where an object was expected"),
        ({"answers": [{"text": "Rome"}]}, "answers[0].answer_start: missing"),
        ({"answers": [{"answer_start": 3}]}, "answers[0].text: missing"),
        ({"answers": [{"text": "", "answer_start": 3}]}, "answers[0].text: empty"),
        ({"answers": [{"text": "Rome", "answer_start": "31"}]}, "answers[0].answer_start: a text"),
        ({"answers": [{"text": "Rome", "answer_start": True}]}, "answers[0].answer_start: true"),
        ({"answers": [{"text": "Rome", "answer_start": 10**30}]}, "answers[0].answer_start: a num"),
        ({"answers": [{"text": "Rome", "answer_start": 30.5}]}, "answers[0].answer_start: a num"),
        ({"answers": [{"text": "Rome", "answer_start": 32}]}, "answers[0].answer_start: 32 has"),
        ({"answers": [{"text": "Rome", "answer_start": -5}]}, "answers[0].answer_start: -5 lies"),
        ({"answers": [{"text": "Rome", "answer_start": 999}]}, "answers[0].answer_start: 999"),
        ({"is_impossible": "no"}, "is_impossible: a text where true or false was expected"),
    ],
)
def test_a_bad_record_is_skipped_and_named_and_the_rest_stays(
    tmp_path: Path, fields: dict[str, object], field: str
) -> None:
    data = opened(tmp_path, question(id="good"), question(**fields), question(id="also good"))
    assert [sample.id for sample in data.samples] == ["good", "also good"]
    assert data.skipped == 1
    (problem,) = data.problems
    assert problem.where == "tiny.json: data[0].paragraphs[0].qas[1]"
    assert problem.what.startswith(field)
    assert "\n" not in problem.what


def test_a_second_record_with_the_same_id_is_skipped(tmp_path: Path) -> None:
    data = opened(tmp_path, question(), question(question="When?"))
    assert [sample.question for sample in data.samples] == ["Where did Bob eat?"]
    assert data.skipped == 1
    assert "'q1' was used before, at tiny.json: data[0].paragraphs[0].qas[0]" in (
        data.problems[0].what
    )


def test_bad_articles_and_paragraphs_cost_only_their_own_questions(tmp_path: Path) -> None:
    good = {"context": CONTEXT, "qas": [question()]}
    root = {
        "data": [
            None,
            {"title": "no paragraphs"},
            {"paragraphs": [{"qas": [question(), question()]}, {"context": CONTEXT}, 3, good]},
            {"paragraphs": [{"context": " ", "qas": [question(id="blank")]}]},
        ]
    }
    path = tmp_path / "mixed.json"
    path.write_text(json.dumps(root), encoding="utf-8")
    data = open_dataset(path)
    assert len(data.samples) == 1
    assert data.skipped == 7
    assert [problem.where for problem in data.problems] == [
        "mixed.json: data[0]",
        "mixed.json: data[1]",
        "mixed.json: data[2].paragraphs[0]",
        "mixed.json: data[2].paragraphs[1]",
        "mixed.json: data[2].paragraphs[2]",
        "mixed.json: data[3].paragraphs[0]",
    ]
    assert data.problems[2].what == "context: missing (2 records)"


def test_a_file_without_one_usable_question_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"tiny\.json: no usable record; 1 skipped.*id: missing"):
        opened(tmp_path, question(id=None))
    with pytest.raises(DataError, match=r"tiny\.json: no questions in it"):
        opened(tmp_path)


def test_control_characters_stay_in_the_record_and_out_of_messages(tmp_path: Path) -> None:
    nasty = "\x1b[31mRome\x1b[0m is \x00 red."
    answers = [{"text": "Rome", "answer_start": 5}]
    data = opened(
        tmp_path, question(answers=answers), question(id="\x1b[2J", answers=[]), context=nasty
    )
    assert data.samples[0].context == nasty
    assert data.samples[0].answers[0].span == Span(5, 9)
    assert "\x1b" not in str(data.problems)


def test_a_lone_surrogate_is_replaced_and_offsets_stay(tmp_path: Path) -> None:
    data = opened(
        tmp_path,
        question(answers=[{"text": "Rome", "answer_start": 2}]),
        context="\ud800 Rome. \udc80",
    )
    assert data.samples[0].context == "\ufffd Rome. \ufffd"
    assert "2 lone surrogate(s)" in data.problems[0].what
    assert data.skipped == 0
