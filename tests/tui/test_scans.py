"""The list of scans: beginning, stopping, going on, removing, and what the status line says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from bertscope_tui.engine.scoring import SampleScore, Scores
from bertscope_tui.inspection.scanning import DataSource, ScanAdvanced, ScanEnded, ScanMarks
from bertscope_tui.scans.records import Run
from bertscope_tui.scans.scan import ScanProgress
from bertscope_tui.scans.store import Store, lock
from bertscope_tui.tui.screens.ask import AskScreen
from bertscope_tui.tui.screens.scans import ScansScreen
from bertscope_tui.tui.screens.triage import TriageScreen
from bertscope_tui.tui.screens.triage_forms import FormScreen
from bertscope_tui.tui.widgets.runs import FactsPane
from bertscope_tui.tui.widgets.scan_list import ScanList
from tests.tui.fakes import dataset_of, model_info
from tests.tui.made_scans import make_scan, samples_of, scanned_of
from tests.tui.snapshots import compare_text
from tests.tui.support import (
    LARGE,
    MEDIUM,
    SMALL,
    fake_app,
    messages_of,
    press,
    ready,
    settle,
    text_in,
    text_of,
    until,
)
from tests.tui.test_hostile_text import EVIL, check_harmless
from tests.tui.test_triage import app_of, check_screen
from tests.unit.scans.made import made_spec

SAMPLES = samples_of(24)


async def opened(pilot: Pilot[Any], runs: int = 1) -> ScansScreen:
    """Open the screen of scans and wait until ``runs`` of them are listed."""
    app = await ready(pilot)
    await press(pilot, "R")
    screen = app.screen
    assert isinstance(screen, ScansScreen)
    await until(pilot, lambda: app.scans.runs is not None, "the scans")
    await until(pilot, lambda: len(app.scans.runs or ()) == runs, f"{runs} scans")
    await settle(pilot)
    return screen


def row_of(screen: ScansScreen, name: str) -> str:
    """Return the line of a scan in the list."""
    lines = text_in(screen.list).splitlines()
    return next(line for line in lines if f" {name} " in line)


def end_of(name: str, run: Run | None = None, *, done: int = 5, error: str | None = None) -> Any:
    """Return the last word of a scan."""
    return ScanEnded(name, run, done, error)


# -- the list -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(60, 20), SMALL, MEDIUM, LARGE], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_scans_are_listed_with_their_state_and_scores_at_every_size(
    size: tuple[int, int], ascii_only: bool
) -> None:
    make_scan("finished", SAMPLES)
    make_scan("halted", SAMPLES, done=10)
    app = app_of(SAMPLES, options={"ascii": ascii_only})
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot, 2)
        check_screen(app)
        assert "2 scans, 0 running" in text_of(app)
        assert "10/24" in row_of(screen, "halted")
        assert "stopped" in row_of(screen, "halted")
        assert "done" in row_of(screen, "finished")
        assert "0.667" in row_of(screen, "finished")
        await press(pilot, "down")
        assert screen.list.selected is not None
        assert screen.list.selected.name == "finished"
        await press(pilot, "up", "j", "k")
        assert screen.list.selected.name == "halted"
        if ascii_only:
            assert text_of(app).isascii()


async def test_the_facts_say_what_was_scanned_and_how() -> None:
    make_scan("finished", SAMPLES, split="test", tasks=("1", "2"), skipped=3, limit=24)
    app = app_of(SAMPLES)
    async with app.run_test(size=LARGE) as pilot:
        screen = await opened(pilot)
        facts = text_in(screen.query_one(FactsPane))
        for words in (
            "done, 24/24 40.0/s",
            "toy (BertForQuestionAnswering, 12 layers)",
            "samples (split test, 1, 2)",
            "exact match 0.667, F1 0.667",
            "24, spread over the data, 3 records skipped",
            "384 tokens, 128 of overlap",
            "2,400 tokens",
        ):
            assert words in facts


async def test_the_facts_scroll_where_they_do_not_fit() -> None:
    make_scan("finished", SAMPLES)
    app = app_of(SAMPLES)
    async with app.run_test(size=(60, 20)) as pilot:
        await opened(pilot)
        top = text_of(app)
        await press(pilot, "pagedown")
        assert text_of(app) != top
        await press(pilot, "pageup")
        assert text_of(app) == top


async def test_without_scans_there_is_a_hint_and_no_key_does_harm() -> None:
    app = app_of(SAMPLES)
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, 0)
        assert "no scan yet: a scans the open data" in text_of(app)
        for key in ("s", "r", "x", "c", "o", "enter", "j", "k", "pagedown"):
            await press(pilot, key)
        assert "no scan is selected" in messages_of(app)[-1]
        assert isinstance(app.screen, ScansScreen)
        assert not Path(Store(readonly=True).path).exists(), "looking writes nothing"


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_back_leads_to_the_inspector_and_not_out(key: str) -> None:
    app = app_of(SAMPLES)
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, 0)
        await press(pilot, key)
        assert app.screen is app.inspector
        assert app.is_running
        await press(pilot, "l")
        assert app.inspector.at_layer == 12


async def test_help_and_the_palette_have_the_keys_of_scans() -> None:
    app = app_of(SAMPLES)
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await opened(pilot, 0)
        await press(pilot, "question_mark")
        assert "Scans, after R" in "".join(text_of(app).splitlines()[:6])
        await press(pilot, "escape")
        assert app.screen is screen
        offered = {command.title for command in app.get_system_commands(app.screen)}
        assert "Go on with a scan that was stopped" in offered
        app.choose_theme("paper")
        await settle(pilot)
        check_screen(app)


# -- beginning ------------------------------------------------------------------------------------


async def test_a_scan_begins_with_what_is_open_and_the_status_line_follows_it() -> None:
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=MEDIUM) as pilot:
        await opened(pilot, 0)
        await press(pilot, "a")
        assert isinstance(app.screen, FormScreen)
        assert "scan samples with toy" in text_of(app)
        await press(pilot, "enter")
        data, request, name = fake.scanned[-1]
        assert data is app.session.dataset
        assert (name, request.name, request.limit) == ("toy-samples", "toy-samples", None)
        await press(pilot, "q")
        assert "toy-samples: waiting" in text_of(app)
        fake.tell_scan(ScanAdvanced(name, ScanProgress("preparing", 0, 0)))
        await settle(pilot)
        assert "toy-samples: preparing" in text_of(app)
        fake.tell_scan(ScanAdvanced(name, ScanProgress("scanning", 8, 24, 4.0, 900.0, 4.0)))
        await settle(pilot)
        assert "toy-samples 8/24 4.0/s 0:04 left" in text_of(app)
        run = make_scan("toy-samples", SAMPLES)
        fake.tell_scan(end_of(name, run))
        await until(pilot, lambda: app.session.scanning is None, "the end")
        await settle(pilot)
        assert "toy-samples is done: 24/24 40.0/s; R shows it" in messages_of(app)[-1]
        assert "toy-samples" not in text_of(app).splitlines()[0]


async def test_the_form_wants_a_name_that_is_free_and_a_number_that_is_one() -> None:
    make_scan("toy-samples", SAMPLES)
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await press(pilot, "a", "ctrl+u", *"no/name", "enter")
        assert "cannot be the name" in text_of(app)
        await press(pilot, "ctrl+u", *"toy-samples", "enter")
        assert "there is such a scan" in text_of(app)
        await press(pilot, "ctrl+u", *"mine", "tab", *"ten", "enter")
        assert "a whole number" in text_of(app)
        await press(pilot, "ctrl+u", "0", "enter")
        assert "one sample at least" in text_of(app)
        assert fake.scanned == []
        await press(pilot, "ctrl+u", *"10", "enter")
        assert fake.scanned[-1][2] == "mine"
        assert fake.scanned[-1][1].limit == 10
        assert app.screen is screen
        await press(pilot, "a", "enter")
        assert "one scan at a time" in messages_of(app)[-1]
        assert len(fake.scanned) == 1


async def test_the_suggested_name_is_one_that_is_free_and_escape_begins_nothing() -> None:
    make_scan("toy-samples", SAMPLES)
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot)
        await press(pilot, "a")
        assert "toy-samples-2" in text_of(app)
        await press(pilot, "escape")
        assert fake.scanned == []


async def test_a_model_without_a_head_is_not_scanned() -> None:
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)], models=[model_info(head=None)])
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, 0)
        await press(pilot, "a")
        assert "makes no prediction" in messages_of(app)[-1]
        assert fake.scanned == []


# -- marks of the sample list ---------------------------------------------------------------------


async def test_the_sample_list_gets_its_marks_from_the_scan_and_no_scoring_runs_beside_it() -> None:
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)], held=["scores"])
    async with app.run_test(size=MEDIUM) as pilot:
        await opened(pilot, 0)
        begun = len(fake.scoring)
        await press(pilot, "a", "enter", "q")
        marks = tuple(
            SampleScore(SAMPLES[n].id, "x", 0.5, Scores(float(n < 3), 0.25)) for n in range(1, 5)
        )
        fake.tell_scan(ScanMarks(marks))
        await until(pilot, lambda: app.inspector.samples.scored >= 5, "the marks")
        await press(pilot, "n")
        assert app.session.sample is SAMPLES[3]
        await press(pilot, "n", "n")
        assert "looking for a wrong one" in text_of(app), "more may come from the scan"
        assert len(fake.scoring) == begun
        fake.tell_scan(end_of("toy-samples"))
        await until(pilot, lambda: len(fake.scoring) > begun, "the rest of the scoring")
        assert {"s1", "s2", "s3", "s4"} <= fake.left_out[-1]


async def test_other_data_are_scored_while_a_scan_runs() -> None:
    other = dataset_of(3, name="others", path="made/others.jsonl")
    app, _ = fake_app(datasets=[dataset_of(SAMPLES), other])
    async with app.run_test(size=MEDIUM) as pilot:
        await opened(pilot, 0)
        await press(pilot, "a", "enter", "q")
        app.session.open_dataset(Path(other.path), None)
        await until(pilot, lambda: app.inspector.samples.scored == 3, "the marks")
        assert app.session.scanning is not None


# -- stopping and going on ------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["s", "escape"])
async def test_a_scan_of_ours_is_stopped_after_a_question(key: str) -> None:
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=MEDIUM) as pilot:
        await opened(pilot, 0)
        await press(pilot, "a", "enter")
        with lock("toy-samples"), Store() as store:
            run = store.create(made_spec(name="toy-samples", total=24))
            rows = [
                (scanned_of(sample, place, right=True), sample)
                for place, sample in enumerate(SAMPLES[:6])
            ]
            store.add(run.id, rows, seconds=2.0, tokens=100)
            screen = app.screen
            assert isinstance(screen, ScansScreen)
            await until(pilot, lambda: "6/24" in text_in(screen.list), "the run")
            assert "1 running" in text_of(app)
            await press(pilot, "x", "r")
            assert "is running" in messages_of(app)[-1]
            await press(pilot, key)
            assert isinstance(app.screen, AskScreen)
            assert "Stop the scan toy-samples?" in text_of(app)
            assert "6/24" in text_of(app), "how far it is stays in sight"
            assert fake.scanning is not None
            await press(pilot, "n")
            assert not fake.scanning._stop.is_set()
            await press(pilot, key, "y")
            assert fake.scanning._stop.is_set()
            fake.tell_scan(end_of("toy-samples", done=6))
            await until(pilot, lambda: app.session.scanning is None, "the end")
        assert "toy-samples was stopped at 6 samples; r goes on with it" in messages_of(app)[-1]
        await until(pilot, lambda: "stopped" in row_of(screen, "toy-samples"), "the state")


async def test_the_question_whether_to_stop_goes_when_the_scan_ends_by_itself() -> None:
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await opened(pilot, 0)
        await press(pilot, "a", "enter", "s", "escape")
        assert isinstance(app.screen, AskScreen)
        fake.tell_scan(end_of("toy-samples", done=24))
        await until(pilot, lambda: app.screen is screen, "the screen of scans")
        assert fake.scanning is not None
        assert not fake.scanning._stop.is_set()


async def test_escape_in_the_inspector_asks_before_it_stops_a_scan() -> None:
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=MEDIUM) as pilot:
        await opened(pilot, 0)
        await press(pilot, "a", "enter", "q", "escape")
        assert isinstance(app.screen, AskScreen)
        await press(pilot, "y")
        assert fake.scanning is not None
        assert fake.scanning._stop.is_set()


async def test_a_scan_of_another_process_is_shown_as_running_and_left_alone() -> None:
    app = app_of(SAMPLES)
    async with app.run_test(size=MEDIUM) as pilot:
        with lock("theirs"), Store() as store:
            store.create(made_spec(name="theirs", total=24))
            screen = await opened(pilot)
            assert "running" in row_of(screen, "theirs")
            await press(pilot, "s")
            assert "runs in another process" in messages_of(app)[-1]
            await press(pilot, "escape")
            assert app.screen is app.inspector, "there is nothing of ours to ask about"
        await press(pilot, "R")
        screen = app.screen
        assert isinstance(screen, ScansScreen)
        await until(pilot, lambda: "stopped" in text_in(screen.list), "the end")


async def test_a_table_grows_while_its_scan_goes_on() -> None:
    app = app_of(SAMPLES)
    async with app.run_test(size=MEDIUM) as pilot:
        with lock("theirs"), Store() as store:
            run = store.create(made_spec(name="theirs", total=24, layers=12))
            for place in (7, 3):
                row = (scanned_of(SAMPLES[place], place, right=False), SAMPLES[place])
                store.add(run.id, [row], seconds=1.0, tokens=100)
            await opened(pilot)
            await press(pilot, "enter")
            screen = app.screen
            assert isinstance(screen, TriageScreen)
            await until(pilot, lambda: screen.triage.table is not None, "the table")
            await press(pilot, "down")
            assert screen.triage.places() == [3, 7]
            for place in (1, 5, 20):
                row = (scanned_of(SAMPLES[place], place, right=True), SAMPLES[place])
                store.add(run.id, [row], seconds=1.0, tokens=100)
            await until(pilot, lambda: len(screen.triage.rows) == 5, "the new rows")
            assert screen.triage.places() == [1, 3, 5, 7, 20]
            assert screen.triage.cursor == 3, "the cursor stays on its sample"
            await settle(pilot)
            assert "thing 20 " in text_in(screen.list)
            assert "5/24" in text_of(app)
            assert "all 5" in text_in(screen.filter)


async def test_a_scan_goes_on_with_its_own_part_of_the_data_and_its_options() -> None:
    run = make_scan("toy-samples", SAMPLES, done=10, split="test", tasks=("3",), limit=20)
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=MEDIUM) as pilot:
        await opened(pilot)
        await press(pilot, "r")
        data, request, name = fake.scanned[-1]
        assert name == "toy-samples"
        assert data == DataSource(Path(run.dataset_path), None, "test", ("3",))
        assert (request.limit, request.options) == (20, run.options)


async def test_a_scan_goes_on_once_its_model_is_opened() -> None:
    make_scan("toy-samples", SAMPLES, done=10)
    app, fake = fake_app(
        datasets=[dataset_of(SAMPLES)], models=[model_info("elsewhere"), model_info("toy")]
    )
    async with app.run_test(size=MEDIUM) as pilot:
        await opened(pilot)
        await press(pilot, "r")
        await until(pilot, lambda: fake.scanned, "the scan")
        assert "opening toy" in messages_of(app)[0]
        assert app.session.model is not None
        assert app.session.model.name == "toy"


async def test_a_scan_that_is_done_does_not_go_on() -> None:
    make_scan("toy-samples", SAMPLES)
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=MEDIUM) as pilot:
        await opened(pilot)
        await press(pilot, "r")
        assert "nothing to go on with" in messages_of(app)[-1]
        await press(pilot, "s")
        assert "nothing to stop" in messages_of(app)[-1]
        assert fake.scanned == []


async def test_a_scan_that_fails_says_why_in_one_line() -> None:
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=MEDIUM) as pilot:
        await opened(pilot, 0)
        await press(pilot, "a", "enter")
        fake.tell_scan(end_of("toy-samples", error="the disk is full \x1b[2J"))
        await until(pilot, lambda: app.session.scanning is None, "the end")
        await settle(pilot)
        assert "toy-samples: the disk is full" in messages_of(app)[-1]
        check_harmless(app)


# -- removing -------------------------------------------------------------------------------------


async def test_a_scan_is_removed_after_a_question() -> None:
    make_scan("first", SAMPLES)
    make_scan("second", SAMPLES)
    app = app_of(SAMPLES)
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await opened(pilot, 2)
        await press(pilot, "x")
        assert "Remove second with its 24 samples, tags and notes?" in text_of(app)
        await press(pilot, "n")
        assert len(app.scans.runs or ()) == 2
        await press(pilot, "x", "y")
        await until(pilot, lambda: len(app.scans.runs or ()) == 1, "the removal")
        assert "second was removed" in " ".join(messages_of(app))
        await settle(pilot)
        assert screen.list.selected is not None
        assert screen.list.selected.name == "first"
        with Store(readonly=True) as store:
            assert [run.name for run in store.runs()] == ["first"]


async def test_a_scan_whose_sample_is_open_can_be_removed() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of(SAMPLES)
    async with app.run_test(size=MEDIUM) as pilot:
        await opened(pilot)
        await press(pilot, "enter")
        screen = app.screen
        assert isinstance(screen, TriageScreen)
        await until(pilot, lambda: screen.triage.table is not None, "the table")
        await press(pilot, "enter")
        await ready(pilot)
        await press(pilot, "R", "x", "y")
        await until(pilot, lambda: app.scans.runs == (), "the removal")
        await press(pilot, "q", "escape")
        assert app.screen is app.inspector, "there is nothing to come back to"


# -- text of others, and as a whole ---------------------------------------------------------------


async def test_no_text_of_a_run_is_obeyed() -> None:
    spec = {"model": EVIL, "dataset": EVIL, "variant": EVIL, "architecture": EVIL}
    make_scan("one", SAMPLES, **spec, dataset_path=EVIL)
    make_scan("two", SAMPLES, **spec)
    app = app_of(SAMPLES)
    async with app.run_test(size=MEDIUM) as pilot:
        await opened(pilot, 2)
        for key in ("j", "pagedown", "c", "escape", "r", "x", "n", "enter", "q"):
            await press(pilot, key)
            check_screen(app)
            check_harmless(app)


async def test_the_list_as_text() -> None:
    make_scan("toy-samples", SAMPLES)
    make_scan("toy-halted", SAMPLES, done=10)
    app = app_of(SAMPLES)
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, 2)
        lines = text_in(screen.query_one(ScanList)).splitlines()
        assert len(lines) > 4
        screen.facts.display = False  # paths and times are others on every machine
        await settle(pilot)
        compare_text(app, "scans")
