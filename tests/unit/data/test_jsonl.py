from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bertscope_tui.data.open import open_dataset
from bertscope_tui.data.records import Answer, Dataset, Span

CONTEXT = "Kim has a cat. The cat 😀 naps."


def record(**fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": "j1",
        "question": "Who naps?",
        "context": CONTEXT,
        "answers": ["cat"],
        "supporting": [[15, 30]],
    }
    made.update(fields)
    return {key: value for key, value in made.items() if value is not None}


def opened(tmp_path: Path, *lines: object) -> Dataset:
    path = tmp_path / "own.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts), encoding="utf-8")
    return open_dataset(path)


def test_a_line_becomes_a_sample(tmp_path: Path) -> None:
    data = opened(tmp_path, record())
    (sample,) = data.samples
    assert (data.format, data.variant, data.problems) == ("jsonl", None, ())
    assert sample.supporting == (Span(15, 30),)
    assert sample.facts_given
    assert [span.of(CONTEXT) for span in sample.sentences] == ["Kim has a cat.", "The cat 😀 naps."]
    assert sample.origin.record == "line 1"


def test_a_text_answer_is_found_in_the_supporting_spans_first(tmp_path: Path) -> None:
    (sample,) = opened(tmp_path, record()).samples
    assert sample.answers == (Answer("cat", Span(19, 22)),)
    (sample,) = opened(tmp_path, record(supporting=None)).samples
    assert sample.answers == (Answer("cat", Span(10, 13)),)
    assert sample.supporting == sample.sentences[:1]


def test_answers_may_carry_offsets(tmp_path: Path) -> None:
    entries = [
        {"text": "cat", "start": 10},
        {"start": 0, "end": 3},
        {"text": "cat", "start": 19, "end": 22},
        {"text": "naps"},
    ]
    (sample,) = opened(tmp_path, record(answers=entries)).samples
    assert sample.answers == (
        Answer("cat", Span(10, 13)),
        Answer("Kim", Span(0, 3)),
        Answer("cat", Span(19, 22)),
        Answer("naps", Span(25, 29)),
    )


def test_an_answer_that_is_nowhere_has_no_span_and_is_listed(tmp_path: Path) -> None:
    data = opened(tmp_path, record(answers=["dog"]))
    assert data.samples[0].answers == (Answer("dog", None),)
    assert data.problems[0].what.startswith("answers[0]: does not occur")


def test_an_id_is_made_from_the_line_where_there_is_none(tmp_path: Path) -> None:
    data = opened(tmp_path, record(id=None), "", record(id=7), record(id=None))
    assert [sample.id for sample in data.samples] == ["line1", "7", "line4"]


def test_own_sentences_go_before_the_splitter(tmp_path: Path) -> None:
    (sample,) = opened(tmp_path, record(sentences=[[15, 30], [0, 8]])).samples
    assert sample.sentences == (Span(0, 8), Span(15, 30))


def test_impossible_questions_and_questions_without_gold_answers(tmp_path: Path) -> None:
    data = opened(tmp_path, record(answers=[], impossible=True), record(id="j2", answers=[]))
    assert [sample.impossible for sample in data.samples] == [True, False]
    assert [sample.answers for sample in data.samples] == [(), ()]


def test_samples_of_one_context_share_a_group_and_its_text(tmp_path: Path) -> None:
    data = opened(tmp_path, record(), record(id="j2"), record(id="j3", context=CONTEXT + " Bye."))
    one, two, three = data.samples
    assert one.group == two.group != three.group
    assert one.context is two.context
    assert one.sentences is two.sentences


def test_packed_files_are_read_too_whatever_their_name(tmp_path: Path) -> None:
    for name in ("own.jsonl.gz", "own.txt"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(json.dumps(record()).encode()))
        data = open_dataset(path)
        assert (data.name, len(data.samples)) == ("own", 1)


def test_unusual_line_separators_inside_a_text_do_not_end_the_line(tmp_path: Path) -> None:
    text = json.dumps(record(context="Kim.\u2028The cat.\x85"), ensure_ascii=False)
    assert len(opened(tmp_path, text.replace("[[15, 30]]", "[[0, 4]]")).samples) == 1


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{broken", "not valid JSON at column 2"),
        ('{"question": "Who?', "not valid JSON at column 14"),
        ("[]", "record: a list where an object was expected"),
        ("12", "record: a number where an object was expected"),
        ("[" * 100_000, "not usable JSON: nested too deeply"),
        ('{"id": ' + "9" * 5000 + "}", "not usable JSON"),
        (record(question=None), "question: missing"),
        (record(context=""), "context: empty"),
        (record(context={"a": 1}), "context: an object where a text was expected"),
        (record(answers=None), "answers: missing"),
        (record(answers="cat"), "answers: a text where a list was expected"),
        (record(answers=[3]), "answers[0]: a number where a text was expected"),
        (record(answers=[{"text": "cat", "start": 11}]), "answers[0].start: 11 has"),
        (record(answers=[{"text": "cat", "start": 10, "end": 14}]), "answers[0].end: 14"),
        (record(answers=[{"start": 5, "end": 5}]), "answers[0].start: '[5, 5]'"),
        (record(answers=[{}]), "answers[0].text: missing"),
        (record(supporting=[[0, 99]]), "supporting[0]: '[0, 99]' is no span"),
        (record(supporting=[[5, 3]]), "supporting[0]: '[5, 3]' is no span"),
        (record(supporting=[[0]]), "supporting[0]: 1 numbers"),
        (record(supporting=[0, 5]), "supporting[0]: a number where a list was expected"),
        (record(sentences=[[0, 5], [4, 8]]), "sentences: two of them overlap"),
        (record(impossible=1), "impossible: a number where true or false"),
        (record(impossible=True), "answers: not empty although impossible is true"),
        (record(), "id: 'j1' was used before, at own.jsonl: line 1"),
    ],
)
def test_a_bad_line_is_skipped_and_named_and_the_rest_stays(
    tmp_path: Path, line: object, what: str
) -> None:
    if isinstance(line, dict) and "was used" not in what:
        line = line | {"id": "bad"}
    data = opened(tmp_path, record(), line, record(id="last"))
    assert [sample.id for sample in data.samples] == ["j1", "last"]
    assert data.skipped == 1
    (problem,) = data.problems
    assert problem.where == "own.jsonl: line 2"
    assert problem.what.startswith(what)


def test_a_bad_first_line_does_not_hide_the_format(tmp_path: Path) -> None:
    data = opened(tmp_path, "# my notes", record())
    assert (data.format, data.skipped) == ("jsonl", 1)


def test_a_line_that_is_no_utf8_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    bad = json.dumps(record(id="bad", question="caf?")).encode().replace(b"caf?", b"caf\xe9")
    path.write_bytes(json.dumps(record()).encode() + b"\n" + bad)
    data = open_dataset(path)
    assert len(data.samples) == 1
    assert data.problems[0].what == "question: not valid UTF-8"
