"""Every real file is read whole, and compared with what the raw file says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bertscope_tui.data.open import guess_format, open_dataset
from bertscope_tui.data.records import QASample
from bertscope_tui.errors import DataError
from tests.shared_files import shared
from tests.unit.data.test_open import check

pytestmark = pytest.mark.real

OTHERS = (
    "trec/train_5500.label semeval2010_task8/TRAIN_FILE.TXT gap/gap-development.tsv gum babi "
    "README.md wnut17/wnut17train.conll"
)
BABI = "data/babi/tasks_1-20_v1-2"


@pytest.mark.parametrize(
    ("name", "questions", "unanswerable"),
    [
        ("squad/train-v1.1.json", 11_877, 0),
        ("squad/dev-v2.0.json", 2_557, 1_334),
        ("xquad/xquad.en.json", 613, 0),
        ("squadshifts/new_wiki_v1.0.json", 3_717, 0),
    ],
)
def test_squad_files_are_read_whole(name: str, questions: int, unanswerable: int) -> None:
    path = shared(f"data/{name}")
    data = open_dataset(path)
    assert guess_format(path) == data.format == "squad"
    assert (len(data.samples), data.skipped, data.problems) == (questions, 0, ())
    assert sum(sample.impossible for sample in data.samples) == unanswerable
    check(data)
    root = json.loads(path.read_text(encoding="utf-8"))
    raw = [
        (paragraph["context"], question)
        for article in root["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]
    for sample, (context, question) in zip(data.samples, raw, strict=True):
        assert (sample.id, sample.context) == (question["id"], context)
        starts = [a.span.start for a in sample.answers if a.span is not None]
        assert starts == list(dict.fromkeys(a["answer_start"] for a in question["answers"])) or (
            len({(a["answer_start"], a["text"]) for a in question["answers"]}) == len(starts)
        )
        bare = "".join(span.of(context) for span in sample.sentences)
        assert re.sub(r"\s", "", bare) == re.sub(r"\s", "", context)
        if sample.answers:
            first = sample.answers[0].span
            assert first is not None
            assert sample.supporting == tuple(s for s in sample.sentences if s.overlaps(first))
            assert sample.supporting


def pairs(value: Any, first: str, second: str) -> list[Any]:
    if isinstance(value, dict):
        return list(zip(value[first], value[second], strict=True))
    return list(value)


@pytest.mark.parametrize(
    ("name", "kept", "yes_no"),
    [
        ("hotpot_train_v1.1.json", 91, 9),
        ("hotpot_dev_distractor_v1.json", 332, 24),
        ("hf_hotpot_qa_distractor_validation.json", 59, 7),
    ],
)
def test_hotpotqa_files_are_read_whole(name: str, kept: int, yes_no: int) -> None:
    path = shared(f"data/hotpotqa/{name}")
    raw = {record.get("_id", record.get("id")): record for record in json.loads(path.read_bytes())}
    data = open_dataset(path)
    only = open_dataset(path, variant="support-only")
    assert guess_format(path) == data.format == "hotpotqa"
    assert (len(data.samples), data.left_out, data.skipped) == (kept, yes_no, 0)
    assert len(open_dataset(path, keep_yes_no=True).samples) == kept + yes_no
    check(data)
    check(only)
    for sample, short in zip(data.samples, only.samples, strict=True):
        record = raw[sample.id]
        paragraphs = pairs(record["context"], "title", "sentences")
        facts = {tuple(fact) for fact in pairs(record["supporting_facts"], "title", "sent_id")}
        expected = [
            sentence.strip()
            for title, sentences in paragraphs
            for index, sentence in enumerate(sentences)
            if (title, index) in facts
        ]
        for one in (sample, short):
            assert [span.of(one.context) for span in one.supporting] == expected
            assert one.answers[0].span is not None
            assert one.answers[0].text == record["answer"]
        assert short.context == " ".join(expected)
        gold = {title for title, _ in facts}
        others = [title for title, _ in paragraphs if title not in gold]
        assert len(sample.optional) == round(len(others) / 2.7)
        shown = [
            sentence.strip()
            for title, sentences in paragraphs
            if title in gold or title in others[: len(sample.optional)]
            for sentence in sentences
            if sentence.strip()
        ]
        assert [span.of(sample.context) for span in sample.sentences] == shown


def test_both_hotpotqa_layouts_give_the_same_samples() -> None:
    original = open_dataset(shared("data/hotpotqa/hotpot_dev_distractor_v1.json"))
    columnar = open_dataset(shared("data/hotpotqa/hf_hotpot_qa_distractor_validation.json"))
    for sample in columnar.samples:
        place = original.place(sample.id)
        assert place is not None
        twin = original.samples[place]
        assert (sample.context, sample.answers) == (twin.context, twin.answers)
        assert (sample.supporting, sample.optional) == (twin.supporting, twin.optional)


def raw_questions(path: Path) -> list[tuple[str, str, list[str], list[str]]]:
    """Return question, answer, story so far and supporting lines, straight from the file."""
    result = []
    lines: dict[int, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        number, _, rest = line.partition(" ")
        if number == "1":
            lines = {}
        if "\t" not in rest:
            lines[int(number)] = rest.strip()
            continue
        question, answer, ids = rest.split("\t")
        facts = [lines[n] for n in sorted(int(text) for text in ids.split())]
        result.append((question.strip(), answer, list(lines.values()), facts))
    return result


def sentences(sample: QASample, *, supporting: bool = False) -> list[str]:
    spans = sample.supporting if supporting else sample.sentences
    return [span.of(sample.context) for span in spans]


@pytest.mark.parametrize(
    ("folder", "questions"), [("en", 33_822), ("en-10k", 110_004), ("en-valid-10k", 1_000)]
)
def test_babi_folders_are_read_whole(folder: str, questions: int) -> None:
    data = open_dataset(shared(f"{BABI}/{folder}"))
    assert (len(data.samples), data.skipped, data.problems) == (questions, 0, ())
    assert len({sample.task_name for sample in data.samples}) == {"en": 20, "en-10k": 19}.get(
        folder, 1
    )


@pytest.mark.parametrize("task", range(1, 21))
def test_every_babi_task_says_what_the_file_says(task: int) -> None:
    (path,) = shared(f"{BABI}/en").glob(f"qa{task}_*_test.txt")
    raw = raw_questions(path)
    answers = sorted({answer for _, answer, _, _ in raw})
    spans = open_dataset(path)
    labelled = open_dataset(path, variant="classification")
    check(spans)
    assert labelled.labels == tuple(answers)
    assert guess_format(path) == "babi"
    for sample, other, (question, answer, story, facts) in zip(
        spans.samples, labelled.samples, raw, strict=True
    ):
        assert sample.question == other.question == question
        assert other.context == " ".join(story)
        assert sample.context == " ".join([*story, *answers])
        assert sentences(sample) == sentences(other) == story
        assert sentences(sample, supporting=True) == facts
        assert sample.answers[0].text == answer
        assert sample.answers[0].span is not None
        assert sample.task_name == str(task)


@pytest.mark.parametrize("name", OTHERS.split())
def test_files_of_other_kinds_are_no_data_sets(name: str) -> None:
    path = shared(f"data/{name}")
    assert guess_format(path) is None
    with pytest.raises(DataError) as error:
        open_dataset(path)
    assert str(error.value).isprintable()
