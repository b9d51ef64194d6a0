"""A fine-tuning while it is being written down: what it becomes, and which field is wrong."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui import paths
from bertscope_tui.models.cache import check_name
from bertscope_tui.training.draft import (
    Data,
    Draft,
    DraftError,
    check,
    head_of,
    plan_of,
    preferred,
    presets_for,
    splits_of,
    suggested_eval_steps,
    suggested_name,
)
from bertscope_tui.training.plan import PRESETS, Plan, Settings, Source
from bertscope_tui.training.runs import create_run, read_run
from tests.tui.made_runs import make_run


def model(folder: Path, *, tokenizer: bool = True) -> Path:
    """Write a folder that the catalogue takes for a model."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"architectures": ["BertModel"]}')
    if tokenizer:
        (folder / "tokenizer.json").write_text("{}")
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"0000")
    return folder


@pytest.fixture
def stories(tmp_path: Path) -> Path:
    folder = tmp_path / "tales"
    folder.mkdir()
    for split in ("test", "train"):
        text = "1 Mary went to the hall.\n2 Where is Mary?\thall\t1\n"
        (folder / f"qa1_one_{split}.txt").write_text(text)
    return folder


@pytest.fixture
def draft(stories: Path) -> Draft:
    model(paths.cached_models_dir() / "toy")
    return Draft(base="toy", data=Data(stories, "span"), split="train", name="new")


def wrong(draft: Draft) -> tuple[str, str]:
    """Return the field that a draft fails at, and what is said."""
    with pytest.raises(DraftError) as caught:
        plan_of(draft)
    return caught.value.field, str(caught.value)


def changed(draft: Draft, **changes: object) -> Draft:

    return replace(draft, **changes)  # type: ignore[arg-type]


def test_a_draft_becomes_the_plan_that_its_run_can_be_resumed_from(draft, stories):
    dev = Data(stories, "span")
    made = plan_of(changed(draft, dev=dev, dev_split="test", grid="lr=1e-5,2e-5", preset=None))
    assert made == Plan(
        name="new",
        base="toy",
        head="span",
        train=Source(str(stories), "span", "train"),
        dev=Source(str(stories), "span", "test"),
        grid=(("lr", ("1e-5", "2e-5")),),
    )
    create_run(made)
    assert read_run("new").plan == made


def test_a_folder_as_base_is_named_by_its_whole_path(draft, tmp_path, monkeypatch):
    model(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    assert plan_of(changed(draft, base="./mine")).base == str(tmp_path / "mine")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"base": ""}, "base", "no model to begin with"),
        ({"base": "nothing-like-it"}, "base", "no model 'nothing-like-it'"),
        ({"data": None}, "data", "no data set"),
        ({"data": Data(Path("/nowhere"), None)}, "data", "/nowhere: not there"),
        ({"dev": Data(Path("/nowhere"), "span")}, "dev", "not there"),
        ({"name": "  "}, "name", "a name is needed"),
        ({"name": "../up"}, "name", "cannot be the name"),
        ({"name": "toy"}, "name", "there is a model 'toy'"),
        ({"lr": "nan"}, "lr", "not between"),
        ({"lr": "1_0"}, "lr", "not between"),
        ({"batch_size": "1e3"}, "batch_size", "not a whole number"),
        ({"epochs": "inf"}, "epochs", "not above 0"),
        ({"max_steps": "0"}, "max_steps", "not 1 or more"),
        ({"eval_steps": ""}, "eval_steps", "a whole number is needed"),
        ({"seed": str(2**32)}, "seed", "not from 0"),
        ({"grid": "lr=1,2"}, "grid", "not between"),
        ({"grid": "lr=1e-5 lr=2e-5"}, "grid", "given twice"),
        ({"grid": "\x1b[31m=1"}, "grid", "no setting"),
    ],
)
def test_the_first_field_that_is_wrong_is_named(draft, changes, field, words):
    found, message = wrong(changed(draft, **changes))
    assert found == field
    assert words in message
    assert "\n" not in message
    with pytest.raises(DraftError):
        check(changed(draft, **changes), field)


def test_a_model_with_a_problem_is_no_base(draft):
    model(paths.cached_models_dir() / "torn", tokenizer=False)
    assert wrong(changed(draft, base="torn")) == ("base", "torn: no tokenizer files")


def test_a_name_is_free_again_when_its_run_is_done_and_its_model_gone(draft):
    make_run("new", "stopped", 100)
    assert wrong(draft)[0] == "name"
    make_run("new", "done", 100, plan={"force": True})
    assert plan_of(draft).name == "new"


def test_scoring_on_what_was_learnt_from_or_on_another_kind_of_answer_is_refused(draft, stories):
    same = changed(draft, dev=draft.data, dev_split="train")
    assert wrong(same) == ("dev", "the same questions as those learnt from")
    other = changed(draft, dev=Data(stories, "classification"))
    assert wrong(other)[0] == "dev"


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_each_preset_is_offered_for_its_data_and_gives_its_head_and_window(draft, stories, preset):
    data = Data(stories, preset.variant)
    assert preset in presets_for(data)
    assert head_of(data) == preset.head
    for name in (preset.name, None):
        made = plan_of(changed(draft, data=data, preset=name))
        assert made.head == preset.head
        assert made.settings.max_tokens == preset.max_tokens


def test_splits_are_there_where_there_is_a_choice(stories, tmp_path):
    assert splits_of(Data(stories, "span")) == ("train", "test")
    (stories / "qa1_one_train.txt").unlink()
    assert splits_of(Data(stories, "span")) == ()
    assert splits_of(Data(tmp_path / "nothing", None)) == ()
    assert splits_of(None) == ()
    assert preferred(("train", "test"), "test") == "test"
    assert preferred(("valid",), "test") == "valid"
    assert preferred((), "test") == ""


@given(st.text(max_size=150), st.lists(st.text(max_size=4), max_size=5))
def test_a_suggested_name_can_be_a_model_s_and_is_not_taken(stem, others):
    taken: list[str] = list(others)
    for _ in range(3):
        name = suggested_name(None, stem, taken)
        check_name(name)
        assert name.casefold() not in {other.casefold() for other in taken}
        taken.append(name.upper())


def test_names_are_numbered_and_say_when_answers_are_labels():
    data = Data(Path("stories"), "span")
    assert suggested_name(data, "stories", []) == "stories"
    assert suggested_name(data, "stories", ["Stories", "stories-2"]) == "stories-3"
    labels = Data(Path("stories"), "classification")
    assert suggested_name(labels, "my stories.v1", []) == "my-stories.v1-labels"


@given(st.integers(1, 10**7))
def test_about_ten_scores_fall_into_a_training(questions):
    steps = int(suggested_eval_steps(questions))
    assert re.fullmatch("[125]0+", str(steps))
    assert 10 <= steps <= 1000
    total = questions * Settings().epochs / Settings().batch_size
    if 10 < steps < 1000:
        assert 10 <= total / steps <= 25


def test_scores_that_come_often_have_losses_between_them(draft):
    assert plan_of(changed(draft, eval_steps="10")).settings.log_steps == 1
    assert plan_of(changed(draft, eval_steps="1000")).settings.log_steps == 25
