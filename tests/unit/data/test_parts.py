"""Splits and tasks of a bAbI folder: parts of it, with the answers of the whole."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.data.open import open_dataset, splits_in
from bertscope_tui.errors import DataError
from tests.shared_files import shared
from tests.unit.data.test_open import CONTENTS

FILES = {
    "qa1_places_train.txt": ["hall", "shed", "attic"],
    "qa1_places_test.txt": ["hall", "barn"],
    "qa2_things_train.txt": ["cup"],
    "qa2_things_test.txt": ["plate"],
    "qa2_things_valid.txt": ["cup", "bowl"],
}


def story(answers: list[str]) -> str:
    return "".join(f"1 It is {word}.\n2 What is it?\t{word}\t1\n" for word in answers)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, answers in FILES.items():
        (tmp_path / name).write_text(story(answers), "utf-8")
    return tmp_path


def answers(folder: Path, **part: Any) -> list[str]:
    return [sample.answers[0].text for sample in open_dataset(folder, **part).samples]


def test_a_split_keeps_the_questions_of_its_files(folder):
    assert answers(folder, split="train") == ["hall", "shed", "attic", "cup"]
    assert answers(folder, split="test") == ["hall", "barn", "plate"]
    assert answers(folder, split="valid") == ["cup", "bowl"]
    assert len(answers(folder)) == sum(map(len, FILES.values()))


def test_tasks_keep_the_questions_of_their_files_however_their_numbers_are_written(folder):
    assert answers(folder, tasks=["1"], split="test") == ["hall", "barn"]
    assert answers(folder, tasks=["02", "2"], split="train") == ["cup"]
    data = open_dataset(folder, tasks=["2", "1"], split="test")
    assert (data.split, data.tasks) == ("test", ("1", "2"))
    assert {sample.task_name for sample in data.samples} == {"1", "2"}


def test_every_part_of_a_task_lists_the_same_possible_answers(folder):
    tails = {
        split: [sample.context.partition(". ")[2] for sample in samples]
        for split in ("train", "test")
        for samples in [open_dataset(folder, split=split, tasks=["1"]).samples]
    }
    assert set(tails["train"] + tails["test"]) == {"attic barn hall shed"}


def test_every_part_has_the_labels_of_the_whole_folder(folder):
    labels = ("attic", "barn", "bowl", "cup", "hall", "plate", "shed")
    for part in ({}, {"split": "test"}, {"split": "valid", "tasks": ["2"]}):
        assert open_dataset(folder, variant="classification", **part).labels == labels


def test_defects_outside_the_part_are_not_counted(folder):
    broken = folder / "qa1_places_train.txt"
    broken.write_text(broken.read_text("utf-8") + "3 What?\t\t1\n", "utf-8")
    (folder / "qa9_empty_train.txt").write_text("nothing\n", "utf-8")
    whole = open_dataset(folder)
    train = open_dataset(folder, split="train")
    test = open_dataset(folder, split="test")
    assert (whole.skipped, train.skipped, test.skipped) == (2, 2, 0)
    assert test.problems == ()


def test_a_single_file_has_the_split_and_the_task_of_its_name(folder):
    path = folder / "qa2_things_valid.txt"
    assert answers(path, split="valid", tasks=["2"]) == ["cup", "bowl"]
    with pytest.raises(DataError, match=r"no split 'train'.*there is valid"):
        open_dataset(path, split="train")
    with pytest.raises(DataError, match=r"no task '1'.*there are 2"):
        open_dataset(path, tasks=["1"])


def test_what_is_not_there_is_refused_with_what_is(folder):
    with pytest.raises(DataError, match=r"no split 'dev'.*train and valid and test"):
        open_dataset(folder, split="dev")
    with pytest.raises(DataError, match=r"no task '1' in its valid split.*there are 2"):
        open_dataset(folder, split="valid", tasks=["2", "1"])
    with pytest.raises(DataError, match=r"no task 'one'.*numbers"):
        open_dataset(folder, tasks=["one"])


def test_a_folder_whose_files_have_no_split_says_so(tmp_path):
    (tmp_path / "stories.txt").write_text(story(["cup"]), "utf-8")
    assert splits_in(tmp_path) == ()
    with pytest.raises(DataError, match=r"no split 'test'.*_train, _valid or _test"):
        open_dataset(tmp_path, split="test")
    with pytest.raises(DataError, match=r"no task '1'.*qa1_"):
        open_dataset(tmp_path, tasks=["1"])


@pytest.mark.parametrize("name", ["squad", "hotpotqa", "jsonl"])
@pytest.mark.parametrize("part", [{"split": "test"}, {"tasks": ["1"]}], ids=["split", "tasks"])
def test_formats_without_parts_refuse_them(tmp_path, name, part):
    path = tmp_path / "data.json"
    path.write_text(CONTENTS[name], "utf-8")
    with pytest.raises(DataError, match=f"in a {name} data set.*leave it out"):
        open_dataset(path, **part)
    assert splits_in(path) == ()


def test_splits_are_told_in_the_order_of_their_use(folder):
    assert splits_in(folder) == ("train", "valid", "test")
    assert splits_in(folder / "qa1_places_test.txt") == ("test",)
    for name in ("qa1_places_train.txt", "qa2_things_train.txt"):
        (folder / name).write_text("no story", "utf-8")
    assert splits_in(folder) == ("valid", "test")
    assert splits_in(folder / "not there") == ()


def test_packed_files_have_splits_too_and_a_second_copy_does_not_double_ids(tmp_path):
    packed = tmp_path / "qa1_places_test.txt.gz"
    packed.write_bytes(gzip.compress(story(["hall", "barn"]).encode()))
    assert splits_in(tmp_path) == ("test",)
    assert answers(tmp_path, split="test") == ["hall", "barn"]
    (tmp_path / "qa1_places_test.txt").write_text(story(["hall", "barn"]), "utf-8")
    data = open_dataset(tmp_path, split="test")
    assert (len(data.samples), data.skipped) == (2, 2)


_WORDS = st.lists(st.sampled_from(["red", "blue", "green", "yes", "no"]), min_size=1, max_size=4)


@settings(deadline=None, max_examples=40)
@given(
    files=st.dictionaries(
        st.tuples(st.integers(1, 20), st.sampled_from(["train", "valid", "test"])),
        _WORDS,
        min_size=1,
        max_size=6,
    ),
    variant=st.sampled_from(["span", "classification"]),
)
def test_the_parts_of_a_folder_are_the_whole_without_a_change(files, variant):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for (task, split), words in files.items():
            (folder / f"qa{task}_made-up_{split}.txt").write_text(story(words), "utf-8")
        whole = open_dataset(folder, variant=variant)
        assert len({sample.id for sample in whole.samples}) == len(whole.samples)
        by_split = [
            sample
            for split in splits_in(folder)
            for sample in open_dataset(folder, variant=variant, split=split).samples
        ]
        by_task = [
            sample
            for task in sorted({str(task) for task, _ in files})
            for sample in open_dataset(folder, variant=variant, tasks=[task]).samples
        ]
        assert sorted(by_split, key=lambda s: s.id) == sorted(whole.samples, key=lambda s: s.id)
        assert sorted(by_task, key=lambda s: s.id) == sorted(whole.samples, key=lambda s: s.id)


@pytest.mark.real
def test_the_real_splits_add_up_and_list_the_same_answers():
    folder = shared("data/babi/tasks_1-20_v1-2/en")
    names = [path.name for path in folder.glob("qa*.txt")]
    assert splits_in(folder) == ("train", "test")
    parts = {split: open_dataset(folder, split=split) for split in ("train", "test")}
    for split, data in parts.items():
        count = sum(
            line.count("\t") > 0
            for name in names
            if name.endswith(f"_{split}.txt")
            for line in (folder / name).read_text("utf-8").splitlines()
        )
        assert (len(data.samples), data.skipped) == (count, 0)
        assert {sample.task_name for sample in data.samples} == {str(n) for n in range(1, 21)}
    tails = {
        split: {
            (s.task_name, s.context[s.sentences[-1].end :]) for s in data.samples if s.sentences
        }
        for split, data in parts.items()
    }
    assert tails["train"] == tails["test"]
    assert len(tails["test"]) == 20
    fifteen = open_dataset(folder, split="test", tasks=["15"])
    assert {sample.task_name for sample in fifteen.samples} == {"15"}


def test_json_with_a_split_in_its_name_is_still_no_story(tmp_path):
    path = tmp_path / "qa1_x_test.txt"
    path.write_text(json.dumps({"data": []}), "utf-8")
    assert splits_in(path) == ()
