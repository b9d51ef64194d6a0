"""Fine-tuning on the screen: the list of runs, their curves, and what can be done with them."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from bertscope_tui import paths
from bertscope_tui.errors import InputError
from bertscope_tui.training import detached
from bertscope_tui.training.runs import LOCK, LOG, PLAN, STATE, run_folder, runs_dir
from bertscope_tui.tui.app import BertscopeApp
from bertscope_tui.tui.screens.ask import AskScreen
from bertscope_tui.tui.screens.training import TrainingScreen
from bertscope_tui.tui.widgets.curves import CurvesPane
from bertscope_tui.tui.widgets.runs import FactsPane, RunList
from tests.tui.fakes import entry_of, model_info
from tests.tui.made_runs import (
    made_model,
    make_grid,
    make_run,
    points_of,
    row_of,
    write_log,
    write_state,
)
from tests.tui.snapshots import compare_svg, compare_text
from tests.tui.support import (
    LARGE,
    MEDIUM,
    SMALL,
    fake_app,
    lines_of,
    messages_of,
    press,
    ready,
    settle,
    text_in,
    text_of,
    until,
)


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Hold a run as the process at work on it does."""
    with (folder / LOCK).open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


async def opened(pilot: Pilot[Any], runs: int = 1) -> TrainingScreen:
    """Open the screen of trainings and wait until ``runs`` of them are listed."""
    app = await ready(pilot)
    await press(pilot, "f")
    screen = app.screen
    assert isinstance(screen, TrainingScreen)
    await until(pilot, lambda: app.trainings.runs is not None, "the trainings")
    await until(pilot, lambda: len(app.trainings.runs or ()) == runs, f"{runs} trainings")
    await settle(pilot)
    return screen


def check_screen(app: BertscopeApp) -> None:
    """Assert that every line is as wide as the screen and that no pane leaves it."""
    width, height = app.size
    lines = lines_of(app)
    assert len(lines) == height
    assert {cell_len(line) for line in lines} == {width}
    for kind in (RunList, CurvesPane, FactsPane):
        assert app.screen.region.contains_region(app.screen.query_one(kind).region)


# -- the list -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(60, 20), SMALL, MEDIUM, LARGE], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_all_kinds_of_runs_are_listed_at_every_size(
    size: tuple[int, int], ascii_only: bool
) -> None:
    make_run("finished", "done", 2000, updated=900.0)
    make_run("gone", "running", 600, updated=800.0)
    make_run("broken", "failed", 150, updated=700.0, message="the disk is full")
    make_run("halted", "stopped", 1000, updated=600.0)
    with at_work(make_grid("busy")):
        app, _ = fake_app(options={"ascii": ascii_only})
        async with app.run_test(size=size) as pilot:
            screen = await opened(pilot, 5)
            check_screen(app)
            text = text_of(app)
            assert "fine-tuning" in text
            assert "5 trainings, 1 running" in text
            for name, word in [("busy", "running"), ("finished", "done"), ("gone", "killed")]:
                assert word in row_of(app, name)
            await press(pilot, "j", "j", "j")
            assert "failed" in row_of(app, "broken")
            await press(pilot, "down")
            assert "stopped" in row_of(app, "halted")
            assert screen.list.selected is not None
            assert screen.list.selected.name == "halted"
            await press(pilot, "up", "k")
            assert screen.list.selected.name == "gone"
            if ascii_only:
                assert text.isascii()


async def test_a_run_says_how_far_it_is_its_best_score_and_what_is_left() -> None:
    with at_work(make_grid("busy")):
        app, _ = fake_app()
        async with app.run_test(size=MEDIUM) as pilot:
            await opened(pilot)
            row = row_of(app, "busy")
            assert "4/6: 900/2,000" in row
            assert "0.964" in row
            assert "34:00" in row


async def test_the_facts_say_what_is_trained_on_what_and_how() -> None:
    with at_work(make_grid("busy")):
        app, _ = fake_app()
        async with app.run_test(size=LARGE) as pilot:
            await opened(pilot)
            facts = text_in(app.screen.query_one(FactsPane))
            for words in [
                "stories-base",
                "stories (span, train)  /data/stories",
                "stories (span, test)",
                "babi-span",
                "lr 3e-5 linear",
                "lr=2e-5,3e-5,5e-5 schedule=linear,cosine (6 trainings)",
                "46:00 of work, 0.4 s a step, 34:00 to go",
                "F1 0.964, exact match 0.944 at step 2,000 of lr=2e-5 schedule=linear",
                "it will be in",
                str(run_folder("busy")),
            ]:
                assert words in facts


async def test_curves_have_the_glyphs_of_the_legend_and_the_training_at_work_first() -> None:
    with at_work(make_grid("busy")):
        app, _ = fake_app()
        async with app.run_test(size=MEDIUM) as pilot:
            await opened(pilot)
            curves = text_in(app.screen.query_one(CurvesPane))
            assert "training loss  ■ 3e-5 cosine  ● 2e-5 linear" in curves
            assert "dev F1  ■ 3e-5 cosine" in curves
            for glyph in "●◆▲■":
                assert curves.count(glyph) > 4
            assert "2000" in curves
            assert "1.0┤" in curves


async def test_a_small_screen_has_curves_or_facts_by_tab() -> None:
    make_run("one", "done", 2000, message="more to say than there are lines for " * 6)
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot)
        assert "training loss" in text_of(app)
        assert "dev F1" in text_of(app)
        assert "Tab facts" in " ".join(text_of(app).split())
        await press(pilot, "tab")
        assert "training loss" not in text_of(app)
        assert "settings" in text_of(app)
        top = text_of(app)
        await press(pilot, "pagedown")
        assert text_of(app) != top
        await press(pilot, "pageup")
        assert text_of(app) == top
        await press(pilot, "shift+tab")
        assert "training loss" in text_of(app)


async def test_below_the_smallest_size_it_says_so() -> None:
    make_run("one", "done", 2000)
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await pilot.resize_terminal(59, 19)
        await settle(pilot)
        assert "needs at least 60×20" in text_of(app)
        await pilot.resize_terminal(120, 40)
        await settle(pilot)
        check_screen(app)
        await press(pilot, "escape")
        assert app.screen is not screen


async def test_without_runs_there_is_a_hint() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, 0)
        assert "no training yet: a begins one" in text_of(app)
        for key in ("s", "r", "x", "enter", "j", "k", "tab", "pagedown"):
            await press(pilot, key)
        assert "no training is selected" in messages_of(app)[-1]
        assert isinstance(app.screen, TrainingScreen)


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_back_leads_to_the_inspector_and_not_out(key: str) -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, 0)
        await press(pilot, key)
        assert app.screen is app.inspector
        assert app.is_running


# -- it follows the folders -----------------------------------------------------------------------


async def test_a_run_that_goes_on_is_followed_without_a_key() -> None:
    folder = make_run("one", "running", 500)
    with at_work(folder):
        app, _ = fake_app()
        async with app.run_test(size=MEDIUM) as pilot:
            await opened(pilot)
            assert "500/2,000" in row_of(app, "one")
            before = text_in(app.screen.query_one(CurvesPane))
            write_log(folder, points_of(0, 1500))
            write_state(folder, state="running", step=1500, updated=1001.0)
            await until(pilot, lambda: "1,500/2,000" in row_of(app, "one"), "the step")
            assert text_in(app.screen.query_one(CurvesPane)) != before


async def test_a_run_that_another_process_begins_appears_and_the_cursor_stays() -> None:
    make_run("first", "done", 2000, updated=500.0)
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await opened(pilot)
        make_run("newer", "stopped", 100, updated=900.0)
        await until(pilot, lambda: "newer" in text_of(app), "the new run")
        assert screen.list.selected is not None
        assert screen.list.selected.name == "first"


async def test_a_process_that_is_killed_is_noticed_although_no_file_changes() -> None:
    folder = make_run("one", "running", 500)
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        with at_work(folder):
            await opened(pilot)
            assert "running" in row_of(app, "one")
        await until(pilot, lambda: "killed" in row_of(app, "one"), "the kill")


async def test_nothing_is_told_as_long_as_nothing_changes(monkeypatch) -> None:
    make_run("one", "done", 2000)
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await opened(pilot)
        told: list[object] = []
        monkeypatch.setattr(app.trainings, "take", told.append)
        reads = 0
        read = app.trainings._watch.read

        def counted() -> object:
            nonlocal reads
            reads += 1
            return read()

        monkeypatch.setattr(app.trainings._watch, "read", counted)
        for _ in range(3):
            done = reads
            app.trainings.look()
            await until(pilot, lambda done=done: reads > done, "another look")
        assert told == []


# -- what is told in the inspector ----------------------------------------------------------------


async def test_the_start_tells_what_runs_and_what_has_ended_since_and_only_once() -> None:
    make_run("finished", "done", 2000)
    make_run("broken", "failed", 100)
    folder = make_run("busy", "running", 500)
    with at_work(folder):
        for again in (False, True):
            app, _ = fake_app()
            async with app.run_test(size=SMALL) as pilot:
                await ready(pilot)
                await until(pilot, lambda app=app: app.trainings.runs is not None, "the runs")
                await settle(pilot)
                told = "\n".join(messages_of(app))
                assert "training busy is running (25%)" in told
                assert ("training finished has finished" in told) is not again
                assert ("training broken has failed" in told) is not again
                assert ("f shows it" if again else "f shows them") in told


async def test_many_ended_runs_are_told_in_few_lines() -> None:
    for number in range(9):
        make_run(f"run-{number}", "done", 2000)
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await until(pilot, lambda: app.trainings.runs is not None, "the runs")
        await settle(pilot)
        (message,) = [message for message in messages_of(app) if "training" in message]
        assert message.count("has finished") == 3
        assert message.endswith("and 6 more\nf shows them")


async def test_a_training_that_finishes_is_told_and_its_model_is_listed() -> None:
    folder = make_run("mine", "running", 500)
    with at_work(folder):
        app, fake = fake_app()
        async with app.run_test(size=MEDIUM) as pilot:
            await ready(pilot)
            await until(pilot, lambda: app.trainings.runs is not None, "the runs")
            opened_before = len([r for r in fake.requests if r.kind == "model"])
            fake.entries.append(entry_of(model_info("mine")))
            write_state(folder, state="done", step=2000, updated=2000.0)
            app.trainings.look()
            message = "training mine has finished, f shows it"
            await until(pilot, lambda: message in messages_of(app), "the news")
            await until(pilot, lambda: len(app.listing.models) == 2, "the list of models")
            await settle(pilot)
            assert "mine  toy, 12 layers" in text_of(app)
            assert len([r for r in fake.requests if r.kind == "model"]) == opened_before


# -- damaged and hostile folders ------------------------------------------------------------------


async def test_damaged_folders_are_listed_and_hurt_nothing() -> None:
    (make_run("plan", "done", 500) / PLAN).write_text("{", encoding="utf-8")
    (make_run("types", "done", 500) / PLAN).write_text('{"schema": "bertscope.plan/1"}')
    (make_run("deep", "done", 500) / PLAN).write_text("[" * 100_000)
    (make_run("state", "running", 500) / STATE).write_text('{"state": 7, "step": "x"}')
    (make_run("bytes", "done", 500) / STATE).write_bytes(b"\xff\xfe\x00")
    log = make_run("log", "stopped", 500) / LOG
    with log.open("a", encoding="utf-8") as stream:
        stream.write('{"kind": "loss", "member": 0, "step": 525, "loss": NaN, "lr": 1, ')
        stream.write('"seconds": 1}\n{"kind": "dev", "score": "high"}\nnonsense\n{"kind"')
    (runs_dir() / "no-plan").mkdir()
    (runs_dir() / "a-file").write_text("x")
    app, _ = fake_app()
    async with app.run_test(size=LARGE) as pilot:
        await opened(pilot, 6)
        assert "damaged" in row_of(app, "plan")
        assert "damaged" in row_of(app, "types")
        assert "damaged" in row_of(app, "deep")
        assert "failed" in row_of(app, "state")
        assert "stopped" in row_of(app, "log")
        for _ in range(6):
            await press(pilot, "j")
            check_screen(app)
        for key in ("r", "enter", "s"):
            await press(pilot, key)
        assert isinstance(app.screen, TrainingScreen)


async def test_hostile_names_and_messages_are_shown_and_not_obeyed() -> None:
    folder = make_run("plain", "failed", 100, message="\x1b]0;owned\x07 \u202egnp.\x9b31m")
    name = "\x1b[31mred\u202e[b]\\[x\n漢字"
    folder.rename(runs_dir() / name)
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await opened(pilot)
        check_screen(app)
        text = text_of(app)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "␛[31mred·[b]" in text
        await press(pilot, "x")
        assert isinstance(app.screen, AskScreen)
        await press(pilot, "y")
        await until(pilot, lambda: not (runs_dir() / name).exists(), "its end")
        await until(pilot, lambda: screen.list.selected is None, "the empty list")


# -- what can be done with a run ------------------------------------------------------------------


async def test_stopping_is_asked_about_first(monkeypatch) -> None:
    stopped: list[str] = []
    monkeypatch.setattr(detached, "stop_run", stopped.append)
    with at_work(make_run("one", "running", 500)):
        app, _ = fake_app()
        async with app.run_test(size=SMALL) as pilot:
            await opened(pilot)
            for key in ("n", "escape", "q", "enter"):
                await press(pilot, "s")
                assert "Stop one?" in text_of(app)
                await press(pilot, key)
                assert isinstance(app.screen, TrainingScreen)
            assert stopped == []
            await press(pilot, "s", "y")
            assert stopped == ["one"]
            await press(pilot, "x")
            assert isinstance(app.screen, TrainingScreen), "one at work is not removed"
            assert "stop it first" in messages_of(app)[-1]


async def test_a_run_that_can_be_gone_on_with_is(monkeypatch) -> None:
    resumed: list[str] = []
    monkeypatch.setattr(detached, "resume_detached", resumed.append)
    make_run("halted", "stopped", 500, updated=900.0)
    make_run("finished", "done", 2000, updated=800.0)
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, 2)
        await press(pilot, "r")
        assert resumed == ["halted"]
        assert "halted goes on" in messages_of(app)
        await press(pilot, "j", "r")
        assert resumed == ["halted"]
        assert "nothing to go on with" in messages_of(app)[-1]


async def test_what_does_not_work_is_said_in_one_line(monkeypatch) -> None:
    def refuse(name: str) -> None:
        raise InputError(f"training {name} belongs to another user")

    def no_room(name: str) -> None:
        raise OSError(28, "No space left on device")

    make_run("halted", "stopped", 500)
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot)
        monkeypatch.setattr(detached, "resume_detached", refuse)
        await press(pilot, "r")
        assert "belongs to another user" in messages_of(app)[-1]
        monkeypatch.setattr(detached, "resume_detached", no_room)
        await press(pilot, "r")
        assert "No space left" in messages_of(app)[-1]


async def test_removing_is_asked_about_and_takes_the_folder_only() -> None:
    folder = make_run("one", "done", 2000)
    model = made_model("one")
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot)
        await press(pilot, "x", "n")
        assert folder.exists()
        await press(pilot, "x", "y")
        assert not folder.exists()
        assert model.exists()
        await until(pilot, lambda: "no training yet" in text_of(app), "the empty list")


async def test_enter_opens_the_model_of_a_finished_run() -> None:
    make_run("mine", "done", 2000)
    made_model("mine")
    app, fake = fake_app(models=[model_info(), model_info("mine")])
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot)
        await press(pilot, "enter")
        assert app.screen is app.inspector
        await ready(pilot)
        assert fake.last("model").what == "mine"
        assert app.session.model is not None
        assert app.session.model.name == "mine"


@pytest.mark.parametrize(("state", "words"), [("stopped", "no model yet"), ("done", "not there")])
async def test_enter_says_why_there_is_no_model(state: str, words: str) -> None:
    make_run("mine", state, 2000)
    app, fake = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot)
        asked = len(fake.requests)
        await press(pilot, "enter")
        assert words in messages_of(app)[-1]
        assert isinstance(app.screen, TrainingScreen)
        assert len(fake.requests) == asked


async def test_every_key_of_the_screen_is_in_its_bar_in_help_or_both() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, 0)
        bar = " ".join(lines_of(app)[-1].split())
        assert bar == ("↑↓ a new s stop r go on x remove Enter open Tab facts ? help Esc back")
        await press(pilot, "question_mark")
        assert "help" in text_of(app)
        assert "Go on with a training" in text_of(app)  # its own keys come first
        await press(pilot, "escape")
        assert isinstance(app.screen, TrainingScreen)
        offered = {command.title for command in app.get_system_commands(app.screen)}
        assert "Go on with a training" in offered
        assert "Next layer" not in offered


async def test_a_click_selects_a_run_and_another_on_the_bar_does_what_its_key_does() -> None:
    make_run("first", "done", 2000, updated=900.0)
    make_run("second", "done", 2000, updated=800.0)
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, 2)
        await pilot.click("#runs", offset=(5, 3))
        await settle(pilot)
        assert screen.list.selected is not None
        assert screen.list.selected.name == "second"
        assert "curves of second" in text_of(app)
        await pilot.click("#keys", offset=(76, 0))
        await settle(pilot)
        assert app.screen is app.inspector


# -- pictures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, MEDIUM], ids="{0[0]}x{0[1]}".format)
async def test_the_screen_as_a_picture(size: tuple[int, int], monkeypatch) -> None:
    monkeypatch.setattr(paths, "cache_dir", lambda: Path("cache"))
    monkeypatch.chdir(paths.config_file().parent.parent)
    make_run("finished", "done", 2000, updated=900.0)
    make_run("broken", "failed", 150, updated=700.0, message="the disk is full")
    with at_work(make_grid("busy")):
        app, _ = fake_app()
        async with app.run_test(size=size) as pilot:
            await opened(pilot, 3)
            compare_svg(app, f"training-{size[0]}x{size[1]}")


async def test_the_screen_in_ascii_as_text(monkeypatch) -> None:
    monkeypatch.setattr(paths, "cache_dir", lambda: Path("cache"))
    monkeypatch.chdir(paths.config_file().parent.parent)
    make_run("finished", "done", 2000, updated=900.0)
    with at_work(make_grid("busy")):
        app, _ = fake_app(options={"ascii": True})
        async with app.run_test(size=(120, 40)) as pilot:
            await opened(pilot, 2)
            compare_text(app, "training-ascii")
