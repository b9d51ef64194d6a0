"""What lists and curves say about runs."""

from __future__ import annotations

import math

import pytest

from bertscope_tui.themes import bundled_themes
from bertscope_tui.training.plan import Source
from bertscope_tui.training.runs import read_run
from bertscope_tui.training.views import (
    curves_of,
    duration,
    facts,
    member_names,
    news,
    number,
    percent,
    progress,
    share,
)
from tests.tui.made_runs import GRID, make_grid, make_run, plan_named, write_state

THEME = bundled_themes()["dusk"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (math.nan, "-"),
        (math.inf, "-"),
        (-1.0, "-"),
        (0.0, "0:00"),
        (59.6, "1:00"),
        (309.0, "5:09"),
        (3909.0, "1:05:09"),
        (100 * 3600.0, "4 d 4 h"),
        (1e12, ">100 d"),
    ],
)
def test_times(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(3e-5, "3e-5"), (0.1, "0.1"), (1.5e-10, "1.5e-10"), (5.0, "5")]
)
def test_settings_are_written_as_people_write_them(value, text):
    assert number(value) == text


def test_how_far_a_run_is():
    make_run("one", "running", 500)
    run = read_run("one")
    assert (progress(run), percent(run)) == ("500/2,000", "25%")
    make_grid("many", member=3, step=1000)
    run = read_run("many")
    assert (progress(run), share(run)) == ("4/6: 1,000/2,000", 3.5 / 6)
    make_run("done", "done", 1999)
    assert percent(read_run("done")) == "100%"
    make_run("new", "waiting", 0, steps=0)
    assert (progress(read_run("new")), percent(read_run("new"))) == ("-", "-")
    folder = make_run("odd", "stopped", 0)
    write_state(folder, state="stopped", step=9_000, member=7, members=2)
    assert percent(read_run("odd")) == "100%"


def test_what_became_of_a_run_in_a_few_words():
    for state, words in [
        ("done", "has finished"),
        ("failed", "has failed"),
        ("stopped", "was stopped"),
        ("running", "was killed"),
        ("waiting", "is waiting (0%)"),
    ]:
        make_run(state, state, 0)
        assert news(read_run(state)) == f"training {state} {words}"


def test_trainings_of_a_grid_are_named_by_what_differs_in_the_order_they_are_run():
    plan = plan_named("x", grid=GRID)
    names = member_names(plan)
    assert names[:2] == ["lr=2e-5 schedule=linear", "lr=2e-5 schedule=cosine"]
    assert len(names) == len(list(plan.members())) == 6
    for name, settings in zip(names, plan.members(), strict=True):
        assert name == f"lr={number(settings.lr)} schedule={settings.schedule}"
    assert member_names(plan, short=True)[0] == "2e-5 linear"
    one = plan_named("x", grid=GRID[:1])
    assert member_names(one, short=True)[0] == "lr=2e-5"
    assert member_names(plan_named("x")) == member_names(None) == [""]


def test_curves_have_the_points_of_the_log_and_one_line_for_each_training():
    make_grid("many", "running", member=2, step=500)
    made = curves_of(read_run("many"), THEME)
    assert [len(line.xs) for line in made.losses] == [80, 80, 20]
    assert [list(line.xs) for line in made.scores][2] == [250, 500]
    assert len({line.glyph for line in made.losses}) == 3
    assert len({line.colour for line in made.losses}) == 3
    assert made.steps == 2000
    assert made.metric == "F1"


def test_the_best_training_is_the_strong_one_once_none_is_at_work():
    make_grid("many", "stopped", member=2, step=500)
    made = curves_of(read_run("many"), THEME)
    assert [line.strong for line in made.losses] == [True, False, False]
    make_run("one", "done", 500)
    assert not curves_of(read_run("one"), THEME).losses[0].strong


def test_a_log_of_trainings_that_the_plan_does_not_have_is_drawn_all_the_same():
    folder = make_run("one", "done", 500)
    with (folder / "log.jsonl").open("a") as stream:
        stream.write(
            '{"kind": "loss", "member": 7, "step": 25, "loss": 1.0, "lr": 1e-5, "seconds": 1}\n'
            '{"kind": "loss", "member": -1, "step": 9000, "loss": 1.0, "lr": 1e-5, "seconds": 1}\n'
        )
    made = curves_of(read_run("one"), THEME, ascii=True)
    assert [line.name for line in made.losses] == ["training 0", "", "training 8"]
    assert made.steps == 9000
    assert all(line.glyph.isascii() for line in made.losses)


def test_the_facts_of_a_classification_are_about_accuracy_and_labels():
    make_run(
        "labels",
        "running",
        500,
        plan={
            "head": "classification",
            "preset": "babi-class",
            "train": Source("/d/tales", "classification", tasks=("1", "2"), limit=5000),
            "dev": None,
        },
    )
    said = dict(facts(read_run("labels")))
    assert said["head"] == "classification, preset babi-class"
    assert said["data"] == "tales (classification, tasks 1, 2, 5,000 questions)  /d/tales"
    assert said["dev data"] == "held out of the data"
    assert said["best"].startswith("accuracy 0.")
    assert "goes on" in said["state"], "a killed one says how"


def test_facts_are_text_that_no_terminal_obeys():
    make_run("one", "failed", 10, message="\x1b[31m\n\u202e", plan={"base": "\x9b31m"})
    for label, text in facts(read_run("one")):
        assert label.isascii()
        assert text.isprintable(), text
