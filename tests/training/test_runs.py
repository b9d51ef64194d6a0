"""Runs on disk: what a reader sees of a process that works, stops, dies or never began."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from bertscope_tui.errors import InputError
from bertscope_tui.training.plan import Plan, Source
from bertscope_tui.training.runs import (
    LOG,
    PLAN,
    STATE,
    DevPoint,
    LossPoint,
    RunWriter,
    create_run,
    holding,
    is_locked,
    list_runs,
    read_run,
    remove_run,
    run_folder,
    runs_dir,
)


def _plan(name: str = "one", **more: object) -> Plan:
    return Plan(name=name, base="b", head="span", train=Source("/data"), **more)  # type: ignore[arg-type]


def _loss(step: int, member: int = 0) -> LossPoint:
    return LossPoint(member, step, 1.0 / step, 1e-5, float(step))


def _dev(step: int, score: float, member: int = 0) -> DevPoint:
    return DevPoint(member, step, 1.0, score, score, score, float(step))


def test_a_new_run_waits_and_can_be_begun():
    create_run(_plan())
    run = read_run("one")
    assert run.status.state == "waiting"
    assert run.resumable
    assert run.plan == _plan()


def test_what_the_process_writes_is_what_a_reader_sees():
    folder = create_run(_plan())
    with holding(folder):
        writer = RunWriter(folder)
        writer.say(step=4, steps=10, eta_seconds=6.0)
        writer.add(_loss(4))
        writer.add(_dev(4, 0.5))
        writer.add(_dev(8, 0.7))
        writer.add(_dev(9, 0.7))
        run = read_run("one")
    assert run.status.state == "running"
    assert (run.status.step, run.status.steps) == (4, 10)
    assert run.losses == (_loss(4),)
    assert run.best == _dev(8, 0.7)
    assert not run.resumable


def test_a_run_whose_process_is_gone_without_a_word_is_killed_and_resumable():
    folder = create_run(_plan())
    program = (
        "import os, time\n"
        "from pathlib import Path\n"
        "from bertscope_tui.training.runs import RunWriter, holding\n"
        f"folder = Path({str(folder)!r})\n"
        "with holding(folder):\n"
        "    RunWriter(folder).say(step=1)\n"
        "    print('at work', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert read_run("one").status.state == "running"
        assert is_locked(folder)
        process.kill()
    run = read_run("one")
    assert run.status.state == "killed"
    assert run.resumable
    assert "--resume one" in run.status.message


def test_a_second_process_is_refused_while_one_is_at_work():
    folder = create_run(_plan())
    with holding(folder), pytest.raises(InputError, match="another process"), holding(folder):
        pass


def test_looking_at_a_run_does_not_keep_a_process_from_beginning():
    folder = create_run(_plan())
    for _ in range(20):
        is_locked(folder)
    with holding(folder):
        assert is_locked(folder)
    assert not is_locked(folder)


def test_half_a_line_of_a_killed_process_spoils_nothing():
    folder = create_run(_plan())
    with holding(folder):
        RunWriter(folder).add(_loss(1))
    with (folder / LOG).open("a") as stream:
        stream.write('{"kind": "loss", "member": 0, "st')
    assert read_run("one").losses == (_loss(1),)
    with holding(folder):
        RunWriter(folder).add(_loss(2))
    assert read_run("one").losses == (_loss(1), _loss(2))


def test_points_after_the_checkpoint_are_taken_back():
    folder = create_run(_plan())
    with holding(folder):
        writer = RunWriter(folder)
        for step in (2, 4, 6):
            writer.add(_loss(step))
        writer.add(_dev(5, 0.1))
        writer.add(_loss(2, member=1))
        writer.forget_after(0, 4)
    run = read_run("one")
    assert [point.step for point in run.losses] == [2, 4]
    assert run.scores == ()


def test_the_seconds_of_an_earlier_process_are_counted_on():
    folder = create_run(_plan())
    with holding(folder):
        writer = RunWriter(folder)
        time.sleep(0.05)
        writer.say(state="stopped")
    before = read_run("one").status.seconds
    with holding(folder):
        writer = RunWriter(folder)
        assert writer.seconds >= before >= 0.05


def test_an_unfinished_run_is_not_overwritten_unless_asked_for():
    create_run(_plan())
    with pytest.raises(InputError, match="--resume one"):
        create_run(_plan())
    create_run(_plan(force=True))
    assert read_run("one").plan == _plan(force=True)


def test_a_finished_run_gives_way_to_a_new_one():
    folder = create_run(_plan())
    with holding(folder):
        RunWriter(folder).say(state="done")
    create_run(_plan())
    assert read_run("one").status.state == "waiting"


def test_a_running_one_is_neither_overwritten_nor_removed():
    folder = create_run(_plan())
    with holding(folder):
        RunWriter(folder).say(step=1)
        with pytest.raises(InputError, match="is running"):
            create_run(_plan(force=True))
        with pytest.raises(InputError, match="is running"):
            remove_run("one")
    remove_run("one")
    assert not folder.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"state": 1, "colour": 2}', "\x00\xff"])
def test_a_damaged_state_is_said_and_hurts_no_other_run(content):
    create_run(_plan("good"))
    folder = create_run(_plan("bad"))
    (folder / STATE).write_text(content)
    states = {run.name: run.status.state for run in list_runs()}
    assert states == {"good": "waiting", "bad": "failed"}


def test_a_damaged_plan_is_listed_with_its_problem():
    folder = create_run(_plan())
    (folder / PLAN).write_text("{")
    run = read_run("one")
    assert run.plan is None
    assert run.problem is not None
    assert "plan.json" in run.problem
    assert not run.resumable


def test_lines_of_a_log_that_are_no_points_are_passed_over():
    folder = create_run(_plan())
    lines = [
        "7",
        "null",
        '{"kind": "loss"}',
        '{"kind": "other"}',
        json.dumps({"kind": "dev", "x": 1}),
    ]
    (folder / LOG).write_text("\n".join(lines) + "\n")
    assert read_run("one").losses == ()


def test_without_a_folder_there_are_no_runs():
    assert list_runs() == []
    assert not runs_dir().exists()
    assert read_run("nothing").plan is None
    assert not run_folder("nothing").exists()
