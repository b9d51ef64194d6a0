"""Results that are kept, and the table that is made of them."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from bertscope_tui import paths
from bertscope_tui.data.open import open_dataset
from bertscope_tui.data.records import Dataset
from bertscope_tui.errors import DiskError
from bertscope_tui.evaluation import store
from bertscope_tui.evaluation.evaluate import evaluate
from bertscope_tui.evaluation.table import COLUMNS, PAPER, read_table, table_object
from bertscope_tui.models.loading import load_model
from tests.tiny_models import copy_of, tiny_folder
from tests.unit.data.test_open import CONTENTS
from tests.unit.data.test_parts import FILES, story


@pytest.fixture
def cached() -> Path:
    """A model in the cache."""
    folder = paths.cache_dir() / "models" / "mine"
    folder.parent.mkdir(parents=True)
    return copy_of(tiny_folder("bert"), folder)


@pytest.fixture
def stories(tmp_path: Path) -> Path:
    folder = tmp_path / "my-stories"
    folder.mkdir()
    for name, answers in FILES.items():
        (folder / name).write_text(story(answers), "utf-8")
    return folder


def kept(model: Path, dataset: Dataset, **options: bool) -> Path:
    return store.keep(evaluate(load_model(model, device="cpu"), dataset), **options)


def cells(name: str = "mine") -> dict[str, object]:
    rows, problems = read_table()
    assert problems == []
    (row,) = [one for one in table_object(rows)["rows"] if one["model"] == name]
    return row["cells"]


def data_file(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / f"my-{kind}.json"
    path.write_text(CONTENTS[kind], "utf-8")
    return path


def test_the_paper_comes_first_and_what_was_not_evaluated_is_empty(cached):
    rows, problems = read_table()
    assert problems == []
    assert [(row.model, row.source) for row in rows[:2]] == [("BERT", "paper"), ("GPT-2", "paper")]
    figures = [[round(100 * cell.value, 1) for cell in row.cells] for row in rows[:2]]
    assert figures == [[87.9, 56.8, 80.4, 93.4], [74.9, 54.0, 64.6, 99.9]]
    assert set(PAPER) == {"BERT", "GPT-2"}
    mine = next(row for row in rows if row.model == "mine")
    assert (mine.source, mine.cells) == ("cache", (None,) * len(COLUMNS))


def test_every_kind_of_data_has_its_column(cached, tmp_path, stories):
    hotpot = data_file(tmp_path, "hotpotqa")
    opened = {
        "squad": open_dataset(data_file(tmp_path, "squad")),
        "hotpotqa_distractor": open_dataset(hotpot),
        "hotpotqa_sp": open_dataset(hotpot, variant="support-only"),
        "babi": open_dataset(stories, split="test"),
    }
    for place, (key, dataset) in enumerate(opened.items()):
        kept(cached, dataset)
        found = cells()
        assert [one for one, cell in found.items() if cell is not None] == list(opened)[: place + 1]
        assert found[key]["count"] == len(dataset.samples)
        assert found[key]["dataset"] == dataset.name
        assert 0 <= found[key]["value"] <= 1
    assert (found["babi"]["split"], found["babi"]["tasks"]) == ("test", 2)
    assert found["hotpotqa_sp"]["yes_no"] == "left out"


@pytest.mark.parametrize(
    "part",
    [
        {},
        {"split": "train"},
        {"split": "test", "tasks": ["1"]},
        {"split": "test", "tasks": ["1", "2"]},
    ],
    ids=["with training questions", "training", "one task", "chosen tasks"],
)
def test_training_questions_and_single_tasks_stay_out_of_the_table(cached, stories, part):
    kept(cached, open_dataset(stories, **part))
    assert cells()["babi"] is None


def test_the_newest_result_of_a_column_is_shown(cached, tmp_path, monkeypatch):
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    for path, day in ((second, "02"), (first, "01")):
        path.write_text(CONTENTS["squad"], "utf-8")
        monkeypatch.setattr(store, "now", lambda day=day: f"2026-01-{day}T00:00:00+00:00")
        kept(cached, open_dataset(path))
    assert cells()["squad"]["dataset"] == "second"
    monkeypatch.setattr(store, "now", lambda: "2026-01-03T00:00:00+00:00")
    kept(cached, open_dataset(first))
    assert cells()["squad"]["dataset"] == "first"
    assert len(list(store.folder().iterdir())) == 2


def test_a_result_follows_a_model_that_is_moved(cached, tmp_path):
    elsewhere = copy_of(cached, tmp_path / "elsewhere")
    kept(elsewhere, open_dataset(data_file(tmp_path, "squad")))
    assert cells()["squad"] is not None  # the same weights
    shutil.rmtree(elsewhere)
    assert cells()["squad"] is not None


def test_a_result_leaves_a_model_that_was_trained_anew(cached, tmp_path):
    kept(cached, open_dataset(data_file(tmp_path, "squad")))
    weights = cached / "model.safetensors"
    tensors = load_file(weights)
    tensors["qa_outputs.bias"] = tensors["qa_outputs.bias"] + 1
    save_file(tensors, weights, metadata={"format": "pt"})
    os.utime(weights, ns=(1, 1))
    assert cells()["squad"] is None


def test_a_model_of_another_folder_is_in_the_table_while_it_is_there(cached, tmp_path):
    other = copy_of(tiny_folder("distilbert"), tmp_path / "other")
    kept(other, open_dataset(data_file(tmp_path, "squad")))
    assert cells("other")["squad"]["dataset"] == "my-squad"
    shutil.rmtree(other)
    rows, _ = read_table()
    assert "other" not in [row.model for row in rows]


def test_damaged_results_are_named_and_hurt_no_other(cached, tmp_path):
    path = kept(cached, open_dataset(data_file(tmp_path, "squad")))
    content = json.loads(path.read_text("utf-8"))
    spoiled = {
        "text": "{",
        "list": "[]",
        "foreign": "{}",
        "count": json.dumps({**content, "result": {**content["result"], "count": "many"}}),
        "score": json.dumps({**content, "result": {**content["result"], "f1": 7}}),
    }
    for name, text in spoiled.items():
        (store.folder() / f"{name}.json").write_text(text, "utf-8")
    (store.folder() / ".half.json.123").write_text("{", "utf-8")
    found, problems = store.stored()
    assert len(found) == 1
    assert len(problems) == len(spoiled)
    assert all(str(store.folder()) in line and "\n" not in line for line in problems)


def test_a_stored_result_reads_back_as_it_was(cached, stories):
    dataset = open_dataset(stories, split="test", variant="classification")
    path = kept(cached, dataset)
    (found,), _ = store.stored()
    assert (found.model.name, Path(found.model.path)) == ("mine", cached)
    assert (found.data.name, found.data.split, found.data.splits) == (
        "my-stories",
        "test",
        ("test",),
    )
    assert {Path(one.path).name for one in found.data.files} == set(FILES)
    assert all(len(one.sha256) == 64 for one in found.data.files)
    assert found.count == len(dataset.samples)
    assert found.accuracy == found.exact_match
    assert path.name.startswith("mine--my-stories--")


def test_a_store_that_cannot_be_written_is_said(cached, tmp_path):
    dataset = open_dataset(data_file(tmp_path, "squad"))
    store.folder().write_text("in the way", "utf-8")
    with pytest.raises(DiskError, match="evaluations"):
        kept(cached, dataset)


def test_names_of_models_and_data_make_no_paths(cached, tmp_path):
    found = evaluate(load_model(cached, device="cpu"), open_dataset(data_file(tmp_path, "squad")))
    odd = replace(found, model=replace(found.model, name="../hub/ä\n model"))
    path = store.keep(odd)
    assert path.parent == store.folder()
    assert path.is_file()
    (read,), _ = store.stored()
    assert read.model.name == "../hub/ä\n model"
