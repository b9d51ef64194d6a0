"""The verb ``trainings``: what it lists, shows, stops and removes."""

from __future__ import annotations

import pytest

from bertscope_tui.training.plan import Plan, Source
from bertscope_tui.training.runs import (
    STATE,
    DevPoint,
    LossPoint,
    RunWriter,
    create_run,
    holding,
    run_folder,
)


@pytest.fixture
def done() -> str:
    """Return the name of a run that is over."""
    plan = Plan(name="over", base="stories-base", head="span", train=Source("/data/stories"))
    folder = create_run(plan)
    with holding(folder):
        writer = RunWriter(folder)
        for step in (10, 20, 30):
            writer.add(LossPoint(0, step, 3.0 / step, 1e-5, float(step)))
        writer.add(DevPoint(0, 20, 1.0, 0.75, 0.5, 0.75, 20.0))
        writer.say(state="done", step=30, steps=30, message="model over, 0.750")
    return "over"


def test_without_trainings_it_says_how_to_begin_one(command):
    assert "finetune" in command("trainings").out
    assert command("trainings", "--json").json == {
        "schema": "bertscope.trainings/1",
        "trainings": [],
    }


def test_trainings_are_listed_with_state_and_best_score(command, done):
    head, row = command("trainings").out.splitlines()
    assert head.split() == ["training", "state", "step", "best", "of", "time", "left"]
    assert row.split()[:5] == ["over", "done", "30/30", "0.750", "F1"]
    listed = command("trainings", "list", "--json").json["trainings"]
    assert [(one["name"], one["state"], one["best_score"]) for one in listed] == [
        ("over", "done", 0.75)
    ]


def test_a_training_is_shown_with_its_curves(command, done):
    out = command("trainings", "show", done).out
    assert "base      stories-base" in out
    assert "training loss" in out
    assert "dev F1" in out
    assert "●" in out
    assert "\x1b" not in out
    assert all(len(line) <= 80 for line in out.splitlines() if "│" in line)


def test_it_is_drawn_in_ascii_where_that_is_asked_for(command, done):
    out = command("trainings", "show", done, "--ascii").out
    chart = out[out.index("training loss") :]
    assert chart.isascii()


def test_json_has_every_point_and_the_plan(command, done):
    found = command("trainings", "show", done, "--json").json
    assert found["schema"] == "bertscope.training/1"
    assert [point["step"] for point in found["losses"]] == [10, 20, 30]
    assert found["scores"][0]["exact_match"] == 0.5
    assert found["plan"]["settings"]["epochs"] == 5


def test_a_name_that_is_not_there_is_one_line_with_those_that_are(command, done):
    failed = command("trainings", "show", "../over")
    assert failed.code == 2
    assert "there are: over" in failed.err


def test_a_run_that_is_over_cannot_be_stopped(command, done):
    failed = command("trainings", "stop", done)
    assert failed.code == 2
    assert "not running" in failed.err


def test_removing_asks_where_somebody_can_answer(command, done):
    refused = command("trainings", "remove", done)
    assert refused.code == 2
    assert "--yes" in refused.err
    assert command("trainings", "remove", done, "--yes").code == 0
    assert not run_folder(done).exists()


def test_a_damaged_run_is_listed_and_hides_no_other(command, done):
    folder = create_run(Plan(name="odd", base="b", head="span", train=Source("/d")))
    (folder / STATE).write_text("{")
    (folder / "plan.json").write_text("[]")
    out = command("trainings").out
    assert "damaged" in out
    assert "over" in out
    assert command("trainings", "show", "odd").code == 0
