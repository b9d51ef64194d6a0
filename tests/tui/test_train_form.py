"""The form by which a fine-tuning is begun."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.events import Key, Paste
from textual.pilot import Pilot

from bertscope_tui.training import detached
from bertscope_tui.training.plan import Plan, Settings, Source
from bertscope_tui.training.runs import create_run
from bertscope_tui.tui import trainings
from bertscope_tui.tui.app import BertscopeApp
from bertscope_tui.tui.screens.pick import PickScreen
from bertscope_tui.tui.screens.train_form import TrainFields, TrainForm
from bertscope_tui.tui.screens.training import TrainingScreen
from bertscope_tui.tui.widgets.picker import DatasetChoice
from tests.tui.fakes import dataset_of, entry_of, model_info
from tests.tui.made_runs import made_model, make_run, row_of
from tests.tui.snapshots import compare_text
from tests.tui.support import (
    MEDIUM,
    SMALL,
    fake_app,
    messages_of,
    press,
    ready,
    settle,
    text_of,
    until,
)


@pytest.fixture
def begun(monkeypatch) -> list[Plan]:
    """Take down plans in place of beginning to work on them."""
    plans: list[Plan] = []

    def start(plan: Plan) -> None:
        create_run(plan)
        plans.append(plan)

    monkeypatch.setattr(detached, "start_detached", start)
    return plans


@pytest.fixture
def stories(tmp_path: Path) -> Path:
    """Make a folder of bAbI stories with two splits."""
    folder = tmp_path / "tales"
    folder.mkdir()
    for split in ("train", "test"):
        story = "1 Mary went to the hall.\n2 Where is Mary?\thall\t1\n"
        (folder / f"qa1_one_{split}.txt").write_text(story)
    return folder


def app_on(stories: Path, variant: str = "span") -> BertscopeApp:
    """Return an app whose open data set is that of the stories, and whose model exists."""
    made_model("toy")
    app, _ = fake_app(
        datasets=[dataset_of(name="tales", path=str(stories))], options={"variant": variant}
    )
    return app


async def form_of(pilot: Pilot[Any], stories: Path) -> TrainForm:
    """Open the form for a new training on the stories in both of their variants."""
    app = await ready(pilot)
    app.listing.datasets = [
        DatasetChoice("tales", stories, name) for name in ("span", "classification")
    ]
    await press(pilot, "f", "a")
    form = pilot.app.screen
    assert isinstance(form, TrainForm)
    return form


async def test_three_keys_begin_a_training_on_what_is_open(
    begun: list[Plan], stories: Path
) -> None:
    app = app_on(stories)
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        app.listing.datasets = [DatasetChoice("tales", stories, "span")]
        await press(pilot, "f", "a", "enter")
        (plan,) = begun
        assert plan.name == "tales"
        assert plan.base == "toy"
        assert plan.head == "span"
        assert plan.train == Source(str(stories), "span", "train")
        assert plan.dev is None
        assert plan.preset == "babi-span"
        assert plan.settings == Settings(eval_steps=10, log_steps=1), "six questions"
        screen = app.screen
        assert isinstance(screen, TrainingScreen)
        await until(pilot, lambda: screen.list.selected is not None, "the new run")
        assert "waiting" in row_of(app, "tales")
        assert "training tales has begun; it goes on without the app" in messages_of(app)


async def test_every_field_goes_into_the_plan(begun: list[Plan], stories: Path) -> None:
    app = app_on(stories)
    async with app.run_test(size=MEDIUM) as pilot:
        await form_of(pilot, stories)
        await press(pilot, "down", "down", "right")  # the other split
        await press(pilot, "tab", "right", "tab")  # scored on the same stories …
        await press(pilot, "right", "tab", "right", "tab")  # … of the other split; no preset
        await press(pilot, *["backspace"] * 5, *"mine", "tab")
        await press(pilot, "ctrl+u", *"2e-5", "down", "home", "delete", "down", "end", *".5")
        await press(pilot, "down", *"300", "down", "home", "delete", *"3", "end", *"0")
        await press(pilot, "down", *"7")
        await press(pilot, "down", *"lr=1e-5,2e-5 schedule=linear,cosine".replace(" ", "_"))
        await press(pilot, *["left"] * len("schedule=linear,cosine"), "backspace", "space")
        await press(pilot, "enter")
        (plan,) = begun
        assert plan.name == "mine"
        assert plan.train.split == "test"
        assert plan.dev == Source(str(stories), "span", "train")
        assert plan.preset is None
        assert plan.settings == Settings(
            lr=2e-5, batch_size=6, epochs=5.5, max_steps=300, eval_steps=300, log_steps=25, seed=7
        )
        assert plan.grid == (("lr", ("1e-5", "2e-5")), ("schedule", ("linear", "cosine")))


async def test_the_head_the_preset_and_the_name_follow_the_data_set(
    begun: list[Plan], stories: Path
) -> None:
    app = app_on(stories)
    async with app.run_test(size=SMALL) as pilot:
        await form_of(pilot, stories)
        await press(pilot, "down", "right")
        shown = text_of(app)
        assert "classification" in shown
        assert "babi-class" in shown
        assert "tales-labels" in shown
        await press(pilot, "enter")
        (plan,) = begun
        assert (plan.head, plan.train.variant) == ("classification", "classification")
        assert (plan.preset, plan.name) == ("babi-class", "tales-labels")


async def test_a_name_is_suggested_that_nothing_else_has(stories: Path) -> None:
    made_model("tales-2")
    app = app_on(stories)
    make_run("tales", "done", 100)
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        app.listing.models.append(entry_of(model_info("Tales-2")))
        await until(pilot, lambda: app.trainings.runs, "the runs")
        await form_of(pilot, stories)
        assert "tales-3" in text_of(app)


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        (7, "no/name", "'no/name' cannot be the name of a model"),
        (7, "", "a name is needed"),
        (7, "toy", "there is a model 'toy' in the cache"),
        (7, "halted", "a training of this name is stopped"),
        (8, "fast", "'fast' is not a number"),
        (8, "2", "lr: 2.0 is not between 0 and 1"),
        (9, "0", "batch-size: 0 is not 1 or more"),
        (9, "", "a whole number is needed"),
        (10, "-1", "epochs: -1.0 is not above 0"),
        (11, "1.5", "'1.5' is not a whole number"),
        (12, "0", "eval-steps: 0 is not 1 or more"),
        (13, "-3", "seed: -3 is not from 0 up to 2^32"),
        (14, "lr", "grid: 'lr' is not KEY=VALUE,VALUE"),
        (14, "colour=red", "grid: no setting 'colour'"),
        (14, "schedule=up", "schedule: 'up' is none of linear, cosine, constant"),
    ],
)
async def test_what_is_wrong_is_said_below_its_field(
    field: int, typed: str, words: str, begun: list[Plan], stories: Path
) -> None:
    make_run("halted", "stopped", 100)
    app = app_on(stories)
    async with app.run_test(size=MEDIUM) as pilot:
        await form_of(pilot, stories)
        # The head follows the data, so it is passed over.
        await press(pilot, *["down"] * (field - (field > 6)), "ctrl+u", *typed, "enter")
        assert begun == []
        lines = text_of(app).splitlines()
        (row,) = [number for number, line in enumerate(lines) if "> " in line and "┃" in line]
        assert f"! {words}" in lines[row + 1]
        await press(pilot, "ctrl+u", "up")
        await press(pilot, "escape")
        assert isinstance(app.screen, TrainingScreen)


async def test_an_error_is_said_when_a_field_is_left_and_goes_when_it_is_mended(
    stories: Path,
) -> None:
    app = app_on(stories)
    async with app.run_test(size=SMALL) as pilot:
        await form_of(pilot, stories)
        await press(pilot, *["down"] * 7, *"x")
        assert "is not a number" not in text_of(app)
        await press(pilot, "down")
        assert "'3e-5x' is not a number" in text_of(app)
        await press(pilot, "up", "backspace", "down")
        assert "is not a number" not in text_of(app)


async def test_values_are_listed_and_a_path_can_be_typed(
    begun: list[Plan], stories: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"question": "Who?", "context": "Ann.", "answers": ["Ann"]}\n')
    app = app_on(stories)
    async with app.run_test(size=MEDIUM) as pilot:
        await form_of(pilot, stories)
        await press(pilot, "space")
        assert isinstance(app.screen, PickScreen)
        await press(pilot, *"nowhere/at/all", "enter")
        assert "no model 'nowhere/at/all'" in text_of(app)
        await press(pilot, "right", "down", "space", *str(other), "enter")
        await press(pilot, "enter")
        (plan,) = begun
        assert plan.base == "toy"
        assert plan.train == Source(str(other))
        assert plan.preset == "squad"
        assert plan.name == "other"


async def test_keys_typed_ahead_go_where_they_belong(begun: list[Plan], stories: Path) -> None:
    app = app_on(stories)
    async with app.run_test(size=SMALL) as pilot:
        await form_of(pilot, stories)
        for key in ["tab"] * 6 + ["ctrl+u", "m", "y", "tab", "ctrl+u", "1", "e", "minus", "4"]:
            app.post_message(Key(key, "-" if key == "minus" else key if len(key) == 1 else None))
        app.post_message(Key("enter", "\r"))
        await until(pilot, lambda: begun, "the plan")
        assert begun[0].name == "my"
        assert begun[0].settings.lr == 1e-4


async def test_a_paste_goes_into_the_field_without_what_a_terminal_obeys(stories: Path) -> None:
    app = app_on(stories)
    async with app.run_test(size=SMALL) as pilot:
        form = await form_of(pilot, stories)
        await press(pilot, *["down"] * 6, "ctrl+u")
        form.query_one(TrainFields).post_message(Paste("a\x1b[31mb\nc"))
        await settle(pilot)
        assert "a␛[31mb c" in text_of(app)


async def test_without_models_and_data_the_form_says_what_is_missing(begun: list[Plan]) -> None:
    app, _ = fake_app(entries=[], held=["dataset"])
    async with app.run_test(size=(60, 20)) as pilot:
        await settle(pilot)
        app.listing.datasets = []
        await press(pilot, "f", "a", "enter")
        assert "no model to begin with" in " ".join(text_of(app).split())
        assert begun == []
        await press(pilot, "left", "right", "space", "escape", "escape")
        assert isinstance(app.screen, TrainingScreen)


async def test_a_training_that_cannot_be_begun_says_why(monkeypatch, stories: Path) -> None:
    def refuse(plan: Plan) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(detached, "start_detached", refuse)
    app = app_on(stories)
    async with app.run_test(size=SMALL) as pilot:
        await form_of(pilot, stories)
        await press(pilot, "enter")
        assert "! cannot be begun: No space left on device" in text_of(app)


async def test_the_base_of_the_open_model_is_what_is_begun_with(
    monkeypatch, begun: list[Plan], stories: Path
) -> None:
    made_model("toy-base")
    base = entry_of(model_info("toy-base", head=None))
    monkeypatch.setattr(trainings, "find_base", lambda entry: base)
    app = app_on(stories)
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        app.listing.models.append(base)
        await form_of(pilot, stories)
        await press(pilot, "enter")
        assert begun[0].base == "toy-base"


async def test_the_form_as_text(stories: Path) -> None:
    app = app_on(stories)
    async with app.run_test(size=SMALL) as pilot:
        await form_of(pilot, stories)
        await press(pilot, *["down"] * 7, "backspace", "enter")
        compare_text(app, "training-form")
