"""The figures of a scan, and two scans compared."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import pytest
from textual.pilot import Pilot

from bertscope_tui.analysis.early import Early
from bertscope_tui.analysis.failures import TITLES
from bertscope_tui.errors import Cancelled
from bertscope_tui.scans.locking import lock
from bertscope_tui.scans.records import Run, RunSpec
from bertscope_tui.scans.store import Store
from bertscope_tui.tui.screens import overview as overview_module
from bertscope_tui.tui.screens.comparison import ComparisonScreen
from bertscope_tui.tui.screens.overview import OverviewScreen
from bertscope_tui.tui.screens.page import PageScreen
from bertscope_tui.tui.screens.pick import PickScreen
from bertscope_tui.tui.screens.scans import ScansScreen
from bertscope_tui.tui.screens.triage import TriageScreen
from bertscope_tui.tui.widgets.chart import ChartPane
from bertscope_tui.tui.widgets.kinds import KindList
from tests.tui.fakes import dataset_of
from tests.tui.made_scans import failure_of, make_scan, samples_of, scanned_of
from tests.tui.snapshots import compare_svg
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
from tests.tui.test_scans import opened
from tests.tui.test_triage import app_of, check_screen

SAMPLES = samples_of(60)
MANY = samples_of(120)


async def figures(pilot: Pilot[Any], runs: int = 1, *, early: bool = True) -> OverviewScreen:
    """Open the figures of the first scan and wait until they are there."""
    await opened(pilot, runs)
    await press(pilot, "o")
    screen = pilot.app.screen
    assert isinstance(screen, OverviewScreen)
    await until(pilot, lambda: screen._overview is not None, "the means")
    if early:
        await until(pilot, lambda: screen._early is not None, "the early errors")
    await settle(pilot)
    return screen


def add_rows(store: Store, run: Run, places: range) -> None:
    """Finish some more samples; every third one is wrong."""
    rows = [(scanned_of(MANY[place], place, right=place % 3 != 0), MANY[place]) for place in places]
    store.add(run.id, rows, seconds=1.0, tokens=100)


def made_spec_of(run: Run) -> RunSpec:
    """Return what a run was made from, so that it can be taken up again."""
    return RunSpec(
        **{one.name: getattr(run, one.name) for one in fields(RunSpec) if hasattr(run, one.name)},
        asks_accuracy=False,
    )


async def look_again(pilot: Pilot[Any]) -> None:
    """Have the app look at the store now, and wait until it has."""
    scans = pilot.app.scans  # type: ignore[attr-defined]
    await until(pilot, lambda: scans._looking is None, "the last look")
    scans._look_now()
    await until(pilot, lambda: scans._looking is None, "a look at the store")
    await settle(pilot)


# -- figures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(60, 20), SMALL, MEDIUM, LARGE], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_kinds_are_counted_and_curves_drawn_at_every_size(
    size: tuple[int, int], ascii_only: bool
) -> None:
    make_scan("toy-samples", MANY)
    app = app_of(MANY, options={"ascii": ascii_only})
    async with app.run_test(size=size) as pilot:
        await figures(pilot)
        check_screen(app)
        kinds = text_in(app.screen.query_one(KindList))
        wrong = range(0, 120, 3)
        for kind, title in TITLES.items():
            line = next(line for line in kinds.splitlines() if title in line)
            count = sum(failure_of(place)[0] == kind for place in wrong)
            assert line.split(title)[1].split()[0] == str(count)
        assert "80 right, 40 wrong" in kinds
        chart = text_in(app.screen.query_one("#signals", ChartPane))
        for mark in ("o right", "x wrong") if ascii_only else ("● right", "✗ wrong"):
            assert mark in chart
        await press(pilot, "tab")
        early = text_in(app.screen.query_one("#early", ChartPane))
        assert "hidden states" in early
        assert "120 answers, 40 wrong, 60 paragraphs"[:20] in early
        check_screen(app)
        if ascii_only:
            assert text_of(app).isascii()


async def test_the_signal_is_chosen_with_the_arrows_round_about() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of(SAMPLES)
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await figures(pilot)
        assert "match with the supporting facts" in text_in(screen.signals)
        await press(pilot, "right")
        assert "match with the answer's sentence" in text_in(screen.signals)
        await press(pilot, "l")
        assert "signals 3/9" in text_in(screen.signals)
        await press(pilot, "left", "h", "h")
        assert "signals 9/9" in text_in(screen.signals)
        app.choose_theme("paper")
        await settle(pilot)
        check_screen(app)
        assert "signals 9/9" in text_in(screen.signals)


async def test_a_kind_leads_to_its_samples_and_back_leads_to_the_table() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of(SAMPLES)
    async with app.run_test(size=SMALL) as pilot:
        screen = await figures(pilot)
        await press(pilot, "down", "j", "up", "k", "down")
        kind = screen.kinds.selected
        assert kind is not None
        await press(pilot, "enter")
        table = app.screen
        assert isinstance(table, TriageScreen)
        await until(pilot, lambda: table.triage.table is not None, "the table")
        await settle(pilot)
        listed = [place for place in range(0, 60, 3) if failure_of(place)[0] == kind]
        assert table.triage.places() == listed
        await press(pilot, "o")
        assert isinstance(app.screen, OverviewScreen)
        await press(pilot, "escape")
        back = app.screen
        assert isinstance(back, TriageScreen)
        assert back.triage is table.triage
        assert back.triage.places() == listed


async def test_the_figures_of_a_scan_at_work_follow_it_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(overview_module, "_SHARE", 0)
    run = make_scan("theirs", MANY, done=40, classified=False)
    with lock("theirs"), Store() as store:
        store.create(made_spec_of(run))
        app = app_of(MANY)
        async with app.run_test(size=MEDIUM) as pilot:
            screen = await figures(pilot)
            assert "40 of 40 samples so far" in text_of(app)
            add_rows(store, run, range(40, 44))
            await look_again(pilot)
            assert "40 of 44 samples so far" in text_of(app), "four more are not worth it"
            add_rows(store, run, range(44, 120))
            await look_again(pilot)
            await until(pilot, lambda: "120 of 120 samples so far" in text_of(app), "new means")
            assert screen._overview is not None
            assert (screen._overview.right, screen._overview.wrong) == (80, 40)
            store.finish(run.id)
            await look_again(pilot)
            await until(pilot, lambda: "so far" not in text_of(app), "the end")


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_back_leads_to_the_list(key: str) -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of(SAMPLES)
    async with app.run_test(size=SMALL) as pilot:
        await figures(pilot)
        await press(pilot, key)
        assert isinstance(app.screen, ScansScreen)


async def test_the_rules_have_the_levels_of_the_scan_and_help_its_keys() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of(SAMPLES)
    async with app.run_test(size=LARGE) as pilot:
        await figures(pilot)
        await press(pilot, "i")
        assert isinstance(app.screen, PageScreen)
        assert "As in right answers of this scan (40 right answers)" in text_of(app)
        await press(pilot, "escape", "question_mark")
        assert "Figures of a scan" in "".join(text_of(app).splitlines()[:8])
        await press(pilot, "escape", "shift+tab")
        assert isinstance(app.screen, OverviewScreen)


async def test_too_few_errors_are_said_in_place_of_a_curve() -> None:
    make_scan("toy-samples", SAMPLES, wrong=[3, 9])
    app = app_of(SAMPLES)
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await figures(pilot)
        words = " ".join(text_in(screen.early).replace("│", " ").split())
        assert "2 wrong and 58 right answers are too few" in words


async def test_a_run_without_an_error_says_so() -> None:
    make_scan("toy-samples", SAMPLES, wrong=[])
    app = app_of(SAMPLES)
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await figures(pilot)
        assert "no answer is wrong" in text_in(screen.kinds)
        await press(pilot, "enter", "j")
        assert app.screen is screen


async def test_what_is_being_computed_is_called_off_when_the_screen_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_scan("toy-samples", SAMPLES)
    begun, called_off = threading.Event(), threading.Event()

    def slow(store: Store, run: Run, *, cancelled: Callable[[], bool], seed: int = 0) -> Early:
        begun.set()
        while not cancelled():
            threading.Event().wait(0.005)
        called_off.set()
        raise Cancelled

    monkeypatch.setattr(overview_module, "early_of", slow)
    app = app_of(SAMPLES)
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await figures(pilot, early=False)
        await until(pilot, begun.is_set, "the beginning")
        assert "learning to tell wrong answers" in text_in(screen.early)
        await press(pilot, "escape")
        await until(pilot, called_off.is_set, "the end")
        assert isinstance(app.screen, ScansScreen)


@pytest.mark.parametrize("size", [SMALL, MEDIUM], ids="{0[0]}x{0[1]}".format)
async def test_the_figures_as_a_picture(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = "what is learnt differs in the last digit between machines"
    monkeypatch.setattr(
        overview_module, "early_of", lambda *_, **__: Early(reason, 120, 40, 60, 120)
    )
    make_scan("toy-samples", MANY)
    app = app_of(MANY)
    async with app.run_test(size=size) as pilot:
        await figures(pilot)
        compare_svg(app, f"figures-{size[0]}x{size[1]}")


# -- two scans ------------------------------------------------------------------------------------


async def compared(pilot: Pilot[Any], runs: int = 2) -> ComparisonScreen:
    """Compare the older scan with the newer one and wait for what comes out."""
    await opened(pilot, runs)
    await press(pilot, "down", "c")
    assert isinstance(pilot.app.screen, PickScreen)
    await press(pilot, "enter")
    screen = pilot.app.screen
    assert isinstance(screen, ComparisonScreen)
    await until(pilot, lambda: screen._found is not None, "the comparison")
    await settle(pilot)
    return screen


def make_two(samples: Sequence[Any] = SAMPLES, **spec: Any) -> None:
    make_scan("before", samples, wrong=[1, 4, 9, 20], **spec)
    make_scan("after", samples, wrong=[4, 30, 31], **spec)


def selected(screen: ComparisonScreen) -> str:
    change = screen.list.selected
    assert change is not None
    return change.sample_id


@pytest.mark.parametrize("size", [(60, 20), SMALL, MEDIUM], ids="{0[0]}x{0[1]}".format)
async def test_what_was_fixed_and_what_broke_is_listed_with_the_test(size: tuple[int, int]) -> None:
    make_two()
    app = app_of(SAMPLES)
    async with app.run_test(size=size) as pilot:
        screen = await compared(pilot)
        check_screen(app)
        words = " ".join(text_of(app).split())
        assert "60 questions in both" in words
        assert "3 fixed, 2 broken, 1 wrong in both" in words
        assert "McNemar's exact test: p = 1" in words
        assert [change.sample_id for change in screen._changes()] == ["s1", "s9", "s20"]
        await press(pilot, "down", "j", "j", "up")
        assert selected(screen) == "s9"
        await press(pilot, "k", "pagedown")
        assert selected(screen) == "s20"
        await press(pilot, "pageup", "tab")
        assert [change.sample_id for change in screen._changes()] == ["s30", "s31"]
        assert "[broken]" in text_of(app)
        await press(pilot, "tab")
        assert [change.sample_id for change in screen._changes()] == ["s4"]
        await press(pilot, "shift+tab", "question_mark", "escape", "q")
        assert isinstance(app.screen, ScansScreen)


async def test_a_question_opens_with_either_model_and_escape_comes_back_to_its_line() -> None:
    make_two()
    app, _ = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=MEDIUM) as pilot:
        await compared(pilot)
        await press(pilot, "tab", "j", "enter")
        assert app.screen is app.inspector
        await ready(pilot)
        assert app.session.sample is SAMPLES[31]
        await press(pilot, "escape")
        back = app.screen
        assert isinstance(back, ComparisonScreen)
        await settle(pilot)
        assert selected(back) == "s31"
        assert "[broken]" in text_of(app)
        await press(pilot, "b")
        await ready(pilot)
        assert app.session.sample is SAMPLES[31]


async def test_a_scan_of_other_data_is_not_offered() -> None:
    make_scan("one", SAMPLES)
    make_scan("two", SAMPLES, data_sha256="c" * 64)
    app = app_of(SAMPLES)
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await opened(pilot, 2)
        await press(pilot, "c")
        assert "no other scan of samples" in messages_of(app)[-1]
        assert app.screen is screen


async def test_scans_of_different_parts_of_the_data_are_refused_with_the_reason() -> None:
    make_scan("one", SAMPLES, split="train")
    make_scan("two", SAMPLES, split="test")
    app = app_of(SAMPLES)
    async with app.run_test(size=MEDIUM) as pilot:
        await opened(pilot, 2)
        await press(pilot, "c", "enter")
        await until(pilot, lambda: messages_of(app), "the reason")
        assert "different splits" in messages_of(app)[-1]
        await press(pilot, "tab", "enter", "b", "j", "escape")
        assert isinstance(app.screen, ScansScreen)


async def test_no_text_of_two_scans_is_obeyed() -> None:
    samples = [*SAMPLES]
    for place, text in ((1, EVIL), (9, "👩‍👩‍👧 北京 \u202e[b]")):
        samples[place] = replace(SAMPLES[place], question=text, id=text)
    make_two(samples, model=EVIL, dataset=EVIL)
    app = app_of(samples)
    async with app.run_test(size=SMALL) as pilot:
        await compared(pilot)
        for key in ("j", "k", "tab", "tab", "tab"):
            await press(pilot, key)
            check_screen(app)
            check_harmless(app)
