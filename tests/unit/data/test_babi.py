from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertscope_tui.data.open import open_dataset
from bertscope_tui.data.records import Dataset
from bertscope_tui.errors import DataError

STORY = """\
1 Kim is in the hall.
2 Lee took the cup.
3 Where is Kim? \thall\t1
4 Kim went to the attic.
5 Where is Kim?\tattic\t4
6 Is Lee in the attic? \tno\t2 4
7 What is carried?\tcup,plate\t4 2
1 Kim is in the shed.
2 Where is Kim?\tshed\t1
"""


def opened(
    tmp_path: Path, text: str = STORY, name: str = "qa3_made-up_test.txt", **options: Any
) -> Dataset:
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8"))
    return open_dataset(path, **options)


def test_questions_of_a_story_share_its_growing_context(tmp_path: Path) -> None:
    data = opened(tmp_path, variant="classification")
    assert [sample.context for sample in data.samples] == [
        "Kim is in the hall. Lee took the cup.",
        *["Kim is in the hall. Lee took the cup. Kim went to the attic."] * 3,
        "Kim is in the shed.",
    ]
    assert [sample.id for sample in data.samples] == [
        *[f"qa3_made-up_test:story1:q{n}" for n in (1, 2, 3, 4)],
        "qa3_made-up_test:story2:q1",
    ]
    assert len({sample.group for sample in data.samples}) == 2
    assert {sample.task_name for sample in data.samples} == {"3"}
    assert data.samples[0].question == "Where is Kim?"
    assert data.samples[4].origin.record == "line 9"


def test_supporting_numbers_count_question_lines_and_come_in_story_order(tmp_path: Path) -> None:
    data = opened(tmp_path)
    facts = [[span.of(s.context) for span in s.supporting] for s in data.samples]
    assert facts == [
        ["Kim is in the hall."],
        ["Kim went to the attic."],
        ["Lee took the cup.", "Kim went to the attic."],
        ["Lee took the cup.", "Kim went to the attic."],
        ["Kim is in the shed."],
    ]


def test_the_span_variant_appends_all_answers_of_the_task(tmp_path: Path) -> None:
    data = opened(tmp_path)
    assert (data.format, data.variant, data.task, data.labels) == ("babi", "span", "span", ())
    tail = " attic cup,plate hall no shed"
    for sample in data.samples:
        assert sample.context.endswith("." + tail)
        assert sample.sentences[-1].end == len(sample.context) - len(tail)
        span = sample.answers[0].span
        assert span is not None
        assert span.of(sample.context) == sample.answers[0].text


def test_the_answer_lies_in_a_supporting_fact_or_else_in_the_appended_list(tmp_path: Path) -> None:
    data = opened(tmp_path)
    inside = []
    for sample in data.samples:
        span = sample.answers[0].span
        assert span is not None
        inside.append(any(span.overlaps(fact) for fact in sample.supporting))
    assert inside == [True, True, False, False, True]


def test_the_last_mention_counts_and_only_as_a_whole_word(tmp_path: Path) -> None:
    text = "1 Kim saw a cat, a cat and catfish.\n2 Cats are many.\n3 What?\tcat\t2 1\n"
    (sample,) = opened(tmp_path, text).samples
    span = sample.answers[0].span
    assert span is not None
    assert span.start == sample.context.index("a cat and") + 2


def test_a_verdict_is_never_taken_from_the_story(tmp_path: Path) -> None:
    text = "1 Kim is no longer in the hall.\n2 Is Kim in the hall?\tno\t1\n"
    (sample,) = opened(tmp_path, text).samples
    span = sample.answers[0].span
    assert span is not None
    assert span.start == len(sample.context) - 2


def test_the_classification_variant_has_labels_and_leaves_the_context_alone(tmp_path: Path) -> None:
    data = opened(tmp_path, variant="classification")
    assert data.task == "classification"
    assert data.labels == ("attic", "cup,plate", "hall", "no", "shed")
    assert all(sample.answers[0].span is None for sample in data.samples)


def test_a_folder_gives_all_its_tasks_in_order_with_unique_ids(tmp_path: Path) -> None:
    for name in ("qa10_b_test.txt", "qa2_a_train.txt", "qa2_a_test.txt"):
        (tmp_path / name).write_text(STORY, encoding="utf-8")
    (tmp_path / "LICENSE.txt").write_text("Free to use.", encoding="utf-8")
    (tmp_path / "picture.bin").write_bytes(bytes(range(256)))
    data = open_dataset(tmp_path)
    assert len(data.samples) == 15
    assert [data.samples[place].id.split("_")[0] for place in (0, 5, 10)] == ["qa2", "qa2", "qa10"]
    assert [data.samples[place].task_name for place in (0, 5, 10)] == ["2", "2", "10"]
    assert data.problems == ()


def test_possible_answers_are_those_of_all_files_of_the_task(tmp_path: Path) -> None:
    for name, answer in (
        ("qa2_x_train.txt", "attic"),
        ("qa2_x_test.txt", "hall"),
        ("qa3_x.txt", "pub"),
    ):
        (tmp_path / name).write_text(f"1 Kim left.\n2 Where to?\t{answer}\t1\n", encoding="utf-8")
    contexts = [sample.context for sample in open_dataset(tmp_path).samples]
    assert contexts == ["Kim left. attic hall"] * 2 + ["Kim left. pub"]


def test_a_broken_task_file_in_a_folder_is_listed_and_the_rest_stays(tmp_path: Path) -> None:
    (tmp_path / "qa1_fine.txt").write_text(STORY, encoding="utf-8")
    (tmp_path / "qa2_utf16.txt").write_text(STORY, encoding="utf-16")
    (tmp_path / "qa4_prose.txt").write_text("Once upon a time.", encoding="utf-8")
    data = open_dataset(tmp_path)
    assert len(data.samples) == 5
    assert data.skipped == 2
    assert [problem.where for problem in data.problems] == [
        "qa2_utf16.txt: whole file",
        "qa4_prose.txt: whole file",
    ]


def test_a_folder_of_folders_names_the_ones_to_open(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "qa1_x_test.txt").write_text(STORY, encoding="utf-8")
    with pytest.raises(DataError, match="open one of the folders in it: en"):
        open_dataset(tmp_path)


def test_windows_line_ends_and_blank_lines_change_nothing(tmp_path: Path) -> None:
    plain = opened(tmp_path)
    changed = opened(tmp_path, "\ufeff" + STORY.replace("\n", "\r\n\r\n"))
    assert [s.context for s in plain.samples] == [s.context for s in changed.samples]
    assert [s.answers for s in plain.samples] == [s.answers for s in changed.samples]


@pytest.mark.parametrize(
    ("line", "what", "lost"),
    [
        ("3 Where?\t\t1", "answer: empty", 1),
        ("3 \tattic\t1", "question: empty", 1),
        ("3 Where?\tattic\tone", "supporting facts: 'one' is no line number", 1),
        ("no number here", "no line number: 'no number here'", 2),
        ("2 Twice the same number.", "number 2 after 2", 2),
    ],
)
def test_a_bad_line_costs_its_question_and_a_bad_statement_the_rest_of_its_story(
    tmp_path: Path, line: str, what: str, lost: int
) -> None:
    text = f"1 Kim left.\n2 Lee came.\n{line}\n4 Where?\thall\t1\n1 Joe sat.\n2 Who?\tJoe\t1\n"
    data = opened(tmp_path, text)
    assert [sample.answers[0].text for sample in data.samples] == ["hall", "Joe"][lost - 1 :]
    assert data.skipped == lost
    assert data.problems[0].where == "qa3_made-up_test.txt: line 3"
    assert data.problems[0].what.startswith(what)


def test_a_number_of_no_statement_is_left_out_and_listed(tmp_path: Path) -> None:
    text = "1 Kim left.\n2 Who?\tKim\t1\n3 Who then?\tKim\t1 2 7\n4 Who now?\tKim\n"
    data = opened(tmp_path, text)
    assert [len(sample.supporting) for sample in data.samples] == [1, 1, 0]
    assert data.skipped == 0
    assert [problem.what for problem in data.problems] == [
        "supporting facts: 2 is no earlier statement; left out",
        "supporting facts: 7 is no earlier statement; left out",
        "supporting facts: none given",
    ]


def test_a_question_before_any_statement_is_skipped(tmp_path: Path) -> None:
    data = opened(tmp_path, "1 Who?\tKim\t1\n" + STORY)
    assert data.skipped == 1
    assert data.problems[0].what.startswith("story: empty")


def test_a_byte_that_is_no_utf8_costs_the_rest_of_its_story(tmp_path: Path) -> None:
    path = tmp_path / "qa1_x.txt"
    path.write_bytes(STORY.replace("took", "t\x01ok").encode().replace(b"\x01", b"\xff"))
    data = open_dataset(path)
    assert len(data.samples) == 1
    assert data.problems[0].what == "statement: not valid UTF-8"
