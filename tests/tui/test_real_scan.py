"""Scans with the real engine on a tiny random network: from the key to the store and the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from bertscope_tui.data.open import open_dataset
from bertscope_tui.engine import scanning as engine_scanning
from bertscope_tui.engine.scoring import ReadOptions, score_dataset
from bertscope_tui.scans.locking import is_running
from bertscope_tui.scans.records import Run
from bertscope_tui.scans.store import Store
from bertscope_tui.tui.screens.scans import ScansScreen
from bertscope_tui.tui.screens.triage import TriageScreen
from tests.tiny_models import copy_of, tiny_folder, tiny_model
from tests.tui.support import (
    MEDIUM,
    messages_of,
    press,
    ready,
    settle,
    text_in,
    text_of,
    until,
    write_jsonl,
)
from tests.tui.test_real_engine import Make, real_app, records

__all__ = ["real_app"]

COUNT = 30


class Gate:
    """Lets a scan finish so many batches; then it waits, giving way to everything else."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.batches = 1
        self.runs = 0
        self.given_way = 0


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Hold every scan after its first batch until the test opens the gate."""
    gate = Gate()
    before = engine_scanning.Scanner.run

    def run(scanner: Any, cancelled: Callable[[], bool] = lambda: False) -> Iterator[Any]:
        gate.runs += 1
        for batch in before(scanner, cancelled):
            yield batch
            gate.batches -= 1
            while gate.batches <= 0 and not gate.open.is_set():
                if cancelled():
                    gate.given_way += 1
                    raise engine_scanning.Cancelled
                threading.Event().wait(0.002)

    monkeypatch.setattr(engine_scanning.Scanner, "run", run)
    yield gate
    gate.open.set()


def long_records() -> list[dict[str, object]]:
    """Return records of many lengths, so that they make several batches."""
    return [
        record | {"context": "And then some words. " * (number * 7) + str(record["context"])}
        for number, record in enumerate(records(COUNT))
    ]


def stored() -> Sequence[Run]:
    with Store(readonly=True) as store:
        return store.runs()


async def begun(pilot: Pilot[Any], app: Any, *keys: str) -> ScansScreen:
    """Begin a scan of what is open."""
    await ready(pilot)
    await press(pilot, "R")
    await until(pilot, lambda: app.scans.runs is not None, "the scans")
    await press(pilot, "a", *keys, "enter")
    screen = app.screen
    assert isinstance(screen, ScansScreen)
    return screen


async def test_a_scan_finishes_and_gives_the_answers_that_scoring_gives(
    tmp_path: Path, real_app: Make
) -> None:
    path = write_jsonl(tmp_path, long_records())
    app = real_app(tiny_folder("bert"), path)
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await begun(pilot, app)
        await until(pilot, lambda: stored() and stored()[0].state == "done", "the end")
        await until(pilot, lambda: "done" in text_in(screen.list), "the state on screen")
        assert "is done: 30/30" in " ".join(messages_of(app))
        await until(pilot, lambda: app.inspector.samples.scored == COUNT, "the marks")
        await press(pilot, "enter")
        table = app.screen
        assert isinstance(table, TriageScreen)
        await until(pilot, lambda: table.triage.table is not None, "the table")
        assert table.triage.table is not None
        columns = table.triage.table.columns
        assert columns.places.tolist() == list(range(COUNT))
        data = open_dataset(path)
        options = ReadOptions().for_dataset(data)
        found = list(score_dataset(tiny_model("bert"), data.samples, options=options))
        assert columns.predictions == [one.prediction for one in found]
        f1 = [one.scores.f1 for one in found if one.scores is not None]
        assert columns.f1.tolist() == pytest.approx(f1)


async def test_a_sample_is_opened_while_a_scan_runs_and_the_scan_goes_on_after_it(
    tmp_path: Path, real_app: Make, gate: Gate
) -> None:
    app = real_app(tiny_folder("bert"), write_jsonl(tmp_path, long_records()))
    async with app.run_test(size=MEDIUM) as pilot:
        await begun(pilot, app)
        await until(pilot, lambda: stored() and stored()[0].done, "the first batch")
        assert is_running(stored()[0].name)
        await press(pilot, "q", "j")
        await until(
            pilot,
            lambda: app.session.extraction and app.session.extraction.sample.id == "q1",
            "the sample",
        )
        await ready(pilot)
        assert gate.given_way
        assert app.session.scanning is not None
        assert f"/{COUNT}" in text_of(app).splitlines()[0].split("2/30", 1)[1]
        gate.open.set()
        await until(pilot, lambda: stored()[0].state == "done", "the end")
        assert gate.runs > 1
        await until(pilot, lambda: app.session.scanning is None, "the end on screen")
        await settle(pilot)
        assert "R shows it" in messages_of(app)[-1]
        assert not is_running(stored()[0].name)


async def test_a_scan_that_is_stopped_keeps_what_is_done_and_goes_on_later(
    tmp_path: Path, real_app: Make, gate: Gate
) -> None:
    app = real_app(tiny_folder("bert"), write_jsonl(tmp_path, long_records()))
    async with app.run_test(size=MEDIUM) as pilot:
        await begun(pilot, app)
        await until(pilot, lambda: stored() and stored()[0].done, "the first batch")
        done = stored()[0].done
        await until(pilot, lambda: app.scans.runs and app.scans.runs[0].done == done, "the list")
        await settle(pilot)
        await press(pilot, "s", "y")
        await until(pilot, lambda: app.session.scanning is None, "the stop")
        assert (stored()[0].state, stored()[0].done) == ("stopped", done)
        await until(pilot, lambda: app.scans.runs[0].state == "stopped", "the state")
        await settle(pilot)
        # What is left is scored for the sample list by now; going on takes over from that.
        gate.open.set()
        await press(pilot, "r")
        await until(pilot, lambda: stored()[0].state == "done", "the end")
        assert stored()[0].resumed_from == done
        assert stored()[0].done == COUNT


async def test_another_model_stops_a_scan_and_what_is_done_stays(
    tmp_path: Path, real_app: Make, gate: Gate
) -> None:
    other = copy_of(tiny_folder("bert"), tmp_path / "other")
    app = real_app(tiny_folder("bert"), write_jsonl(tmp_path, long_records()))
    async with app.run_test(size=MEDIUM) as pilot:
        await begun(pilot, app)
        await until(pilot, lambda: stored() and stored()[0].done, "the first batch")
        await press(pilot, "q")
        app.inspector.open_model(str(other))
        await until(pilot, lambda: app.session.scanning is None, "the stop")
        await ready(pilot)
        assert "was stopped at" in " ".join(messages_of(app))
        assert stored()[0].state == "stopped"
        gate.open.set()


async def test_quitting_in_the_middle_of_a_scan_loses_nothing(
    tmp_path: Path, real_app: Make, gate: Gate
) -> None:
    app = real_app(tiny_folder("bert"), write_jsonl(tmp_path, long_records()))
    async with app.run_test(size=MEDIUM) as pilot:
        await begun(pilot, app)
        await until(pilot, lambda: stored() and stored()[0].done, "the first batch")
        done = stored()[0].done
        await press(pilot, "q", "q")
    assert app.session.close(20.0)
    assert (stored()[0].state, stored()[0].done) == ("stopped", done)


async def test_a_name_of_other_data_is_refused_by_the_store_in_one_line(
    tmp_path: Path, real_app: Make
) -> None:
    path = write_jsonl(tmp_path, records())
    app = real_app(tiny_folder("bert"), path)
    async with app.run_test(size=MEDIUM) as pilot:
        await begun(pilot, app, "ctrl+u", *"mine")
        await until(pilot, lambda: stored() and stored()[0].state == "done", "the end")
        await until(pilot, lambda: app.session.scanning is None, "the end on screen")
        with Store() as store:
            run = store.run("mine")
            store.stop(run.id)
        write_jsonl(tmp_path, records(3))
        await until(
            pilot, lambda: app.scans.runs and app.scans.runs[0].state == "stopped", "the state"
        )
        await settle(pilot)
        await press(pilot, "r")
        await until(pilot, lambda: "cannot go on" in " ".join(messages_of(app)), "the reason")
        assert "have changed" in messages_of(app)[-1]
