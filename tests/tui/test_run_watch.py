"""Looking at the folders of trainings: once at first, then only at what has changed."""

from __future__ import annotations

import fcntl
import shutil
import threading

import pytest

from bertscope_tui.training.runs import LOCK, Run, runs_dir
from bertscope_tui.tui import run_watch
from bertscope_tui.tui.run_watch import RunWatch
from tests.tui.made_runs import make_run, points_of, write_log, write_state


@pytest.fixture
def reads(monkeypatch) -> list[str]:
    """Take down which runs are read."""
    names: list[str] = []
    read = run_watch.read_run

    def noted(name: str) -> Run:
        names.append(name)
        return read(name)

    monkeypatch.setattr(run_watch, "read_run", noted)
    return names


def watch() -> RunWatch:
    return RunWatch(lambda runs: None)


def test_at_first_everything_is_told_even_nothing() -> None:
    assert watch().read() == ()


def test_only_what_has_changed_is_read_again(reads: list[str]) -> None:
    make_run("one", "stopped", 500, updated=1.0)
    folder = make_run("two", "stopped", 500, updated=2.0)
    looking = watch()
    assert [run.name for run in looking.read() or ()] == ["two", "one"]
    reads.clear()
    assert looking.read() is None
    assert reads == []
    write_log(folder, points_of(0, 1000))
    found = looking.read()
    assert found is not None
    assert len(found[0].losses) == 40
    assert reads == ["two"]
    write_state(folder, state="done", step=1000, updated=3.0)
    found = looking.read()
    assert found is not None
    assert found[0].status.state == "done"
    assert looking.read() is None


def test_runs_that_come_and_go_are_told() -> None:
    make_run("one", "stopped", 500)
    looking = watch()
    looking.read()
    folder = make_run("two", "stopped", 500)
    assert len(looking.read() or ()) == 2
    shutil.rmtree(folder)
    assert len(looking.read() or ()) == 1
    shutil.rmtree(runs_dir())
    assert looking.read() == ()
    assert looking.read() is None


def test_a_process_that_goes_away_is_seen_by_its_lock() -> None:
    folder = make_run("one", "running", 500)
    looking = watch()
    with (folder / LOCK).open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        assert [run.status.state for run in looking.read() or ()] == ["running"]
        assert looking.read() is None
    assert [run.status.state for run in looking.read() or ()] == ["killed"]
    assert looking.read() is None


def test_the_thread_goes_on_after_a_failure_and_ends_when_it_is_told(monkeypatch, caplog) -> None:
    told = threading.Event()
    looking = RunWatch(lambda runs: told.set())
    read, failed = looking.read, threading.Event()

    def failing() -> tuple[Run, ...] | None:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("a disk that is not there")
        return read()

    monkeypatch.setattr(looking, "read", failing)
    before = set(threading.enumerate())
    looking.start()
    assert failed.wait(30)
    (thread,) = set(threading.enumerate()) - before
    assert thread.daemon
    looking.look(often=True)
    assert told.wait(30)
    looking.close()
    thread.join(30)
    assert not thread.is_alive()
    assert "cannot read the trainings" in caplog.text
