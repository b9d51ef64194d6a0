"""The screen of phases over a data set: heat maps, segments, a search, and what it gives way to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bertscope_tui.analysis.phase_scores import PHASES
from bertscope_tui.analysis.phases import TITLES, Phases, run_phases
from bertscope_tui.inspection.phase_run import PhaseRun
from bertscope_tui.inspection.phase_search import PhasesAdvanced, PhasesEnded
from bertscope_tui.inspection.survey import Failure
from tests.tui.fakes import dataset_of, model_info
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
)


def phases_over(layers: int = 12, samples: int = 40, strength: float = 0.4) -> Phases:
    """Return the phases of samples in which each phase is strongest in its part of the layers."""
    count = layers + 1
    middle = (np.arange(len(PHASES)) + 0.5)[:, None] * count / len(PHASES) - 0.5
    scores = 0.5 + strength * np.exp(-(((np.arange(count) - middle) / count * 4) ** 2))
    noise = np.random.default_rng(0).normal(0, 0.02, (samples, *scores.shape))
    return run_phases(scores + noise)


def run_of(layers: int = 12, *, wrong: bool = True, model: str = "toy") -> PhaseRun:
    return PhaseRun(
        model_info(model, layers=layers),
        "samples",
        phases_over(layers),
        phases_over(layers, 30),
        phases_over(layers, 10, 0.2) if wrong else None,
        (Failure("s5", "too long"),),
        "made/samples.jsonl",
    )


async def search(pilot, fake, *keys: str) -> None:
    """Open the screen and begin a search over what is typed."""
    await press(pilot, "G", "a", *keys, "enter")
    assert fake.last("search")


async def test_phases_over_the_open_data_are_searched_and_shown() -> None:
    app, fake = fake_app(datasets=[dataset_of(6)])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "G")
        assert "nothing was looked for yet: a looks for phases" in text_of(app)
        await press(pilot, "a")
        assert "phases of toy over samples" in text_of(app)
        assert "empty: all 6" in text_of(app)
        await press(pilot, "3", "enter")
        assert fake.last("search").what == (app.session.dataset, 3)
        assert "phases of toy over samples: waiting" in lines_of(app)[0]
        fake.tell_search(PhasesAdvanced(1, 3, 75.0))
        await settle(pilot)
        assert "phases of toy over samples 1/3 1:15 left" in lines_of(app)[0]
        found = run_of()
        fake.tell_search(PhasesEnded(found, 3))
        await settle(pilot)
        assert "1 could not be run" in lines_of(app)[0]
        for name, phases in (("every", found.every), ("right", found.right)):
            shown = text_in(app.screen.query_one(f"#{name}")).replace("│", "")
            for phase, first, last in phases.segments():
                assert f"{TITLES[phase]} {first} to {last}" in " ".join(shown.split())
            assert f"{phases.samples} samples" in shown
        assert "order that fits best: semantic, entities, match, answer" in text_of(app)


async def test_numbers_of_the_heat_map_are_those_of_the_phases_and_v_shows_areas() -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await search(pilot, fake)
        found = run_of()
        fake.tell_search(PhasesEnded(found, 6))
        await settle(pilot)

        def numbers() -> list[list[float]]:
            rows = [
                line.split("┤")[1].strip(" │").split()
                for line in text_in(app.screen.query_one("#every")).split("\n")
                if "┤" in line
            ]
            return [[float(number) for number in row] for row in rows]

        np.testing.assert_allclose(numbers(), found.every.normal, atol=0.006)
        await press(pilot, "v")
        assert "areas under the ROC curve, 0.5 is chance" in text_of(app)
        np.testing.assert_allclose(numbers(), found.every.scores, atol=0.006)
        await press(pilot, "v")
        np.testing.assert_allclose(numbers(), found.every.normal, atol=0.006)


async def test_segments_and_their_support_stand_below_the_columns_of_their_layers() -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await search(pilot, fake)
        found = run_of().every
        fake.tell_search(PhasesEnded(run_of(), 6))
        await settle(pilot)
        lines = text_in(app.screen.query_one("#every")).split("\n")
        ticks = next(line for line in lines if line.split()[1:4] == ["0", "1", "2"])
        names = next(line for line in lines if line.startswith("│ phase "))
        shares = next(line for line in lines if line.startswith("│ support "))
        for phase, first, _ in found.segments():
            label = {"entity": "entities"}.get(phase, phase)
            place = ticks.index(f" {first} ") + 1
            assert names.index(label) <= place < names.index(label) + 6
        given = [float(number) for number in shares.strip("│ ").split()[1:]]
        np.testing.assert_allclose(given, found.support, atol=0.006)


async def test_no_phases_and_too_few_answers_are_results() -> None:
    app, fake = fake_app()
    noise = run_phases(0.5 + np.random.default_rng(1).normal(0, 0.02, (30, 4, 13)))
    assert not noise.found
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await search(pilot, fake)
        model = model_info()
        fake.tell_search(PhasesEnded(PhaseRun(model, "samples", noise, noise, None, ()), 6))
        await settle(pilot)
        assert noise.reason[:40] in text_in(app.screen.query_one("#every"))
        assert "fewer than two wrong answers" in text_in(app.screen.query_one("#wrong"))
        assert "│ phase " not in text_of(app)


@pytest.mark.parametrize("layers", [2, 12, 24, 48])
@pytest.mark.parametrize("size", [(60, 20), SMALL, MEDIUM, LARGE], ids="{0[0]}x{0[1]}".format)
async def test_every_depth_fits_every_size(size, layers: int) -> None:
    app, fake = fake_app(models=[model_info(layers=layers)])
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await search(pilot, fake)
        fake.tell_search(PhasesEnded(run_of(layers), 6))
        await settle(pilot)
        panes = ["all samples", "right answers", "wrong answers"]
        if size in (MEDIUM, LARGE):
            assert all(name in text_of(app) for name in panes)
        else:
            for name in panes:
                assert name in text_of(app)
                assert text_of(app).count("answer") >= 2
                await press(pilot, "tab")
        assert all(len(line) == size[0] for line in lines_of(app))


async def test_shades_stand_for_numbers_where_there_is_no_room_for_them() -> None:
    app, fake = fake_app(models=[model_info(layers=48)])
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await search(pilot, fake)
        fake.tell_search(PhasesEnded(run_of(48), 6))
        await settle(pilot)
        assert {"░", "▒", "▓", "█"} <= set(text_of(app))


async def test_a_search_goes_on_behind_the_inspector_and_is_told_when_it_is_done() -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await search(pilot, fake)
        await press(pilot, "q")
        assert app.screen is app.inspector
        fake.tell_search(PhasesAdvanced(2, 6, 8.0))
        await settle(pilot)
        assert "phases of toy over samples 2/6" in lines_of(app)[0]
        fake.tell_search(PhasesEnded(run_of(), 6))
        await settle(pilot)
        assert "phases of toy over samples: done, G shows them" in messages_of(app)[-1]
        assert "2/6" not in lines_of(app)[0]
        await press(pilot, "G")
        assert "order that fits best" in text_of(app)


async def test_a_search_is_stopped_only_if_that_is_meant_and_only_one_runs() -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "G", "s")
        assert "nothing is under way" in messages_of(app)[-1]
        await press(pilot, "a", "enter", "a")
        assert "one search at a time" in messages_of(app)[-1]
        await press(pilot, "s", "n")
        assert not fake.searches[0]._stop.is_set()
        await press(pilot, "s", "y")
        assert fake.searches[0]._stop.is_set()
        fake.tell_search(PhasesEnded(None, 2))
        await settle(pilot)
        assert "stopped at 2 samples" in messages_of(app)[-1]
        await press(pilot, "a", "escape")
        assert len(fake.searches) == 1


async def test_what_a_search_that_is_over_still_tells_is_not_shown() -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await search(pilot, fake)
        fake.tell_search(PhasesEnded(None, 1))
        fake.tell_search(PhasesAdvanced(3, 6, 1.0))
        fake.tell_search(PhasesEnded(run_of(), 6))
        await settle(pilot)
        assert app.phase_runs.shown is None
        assert app.phase_runs.words == ""


async def test_a_search_that_fails_is_told_in_one_line() -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await search(pilot, fake)
        fake.tell_search(PhasesEnded(None, 0, "no sample [bold]could\nbe run"))
        await settle(pilot)
        assert "that did not work" in messages_of(app)[-1]
        assert "no sample [bold]could" in messages_of(app)[-1]
        assert "\n" not in messages_of(app)[-1]


@pytest.mark.parametrize("typed", ["0", "x", "1.5"])
async def test_a_limit_that_makes_no_sense_is_refused_where_it_stands(typed: str) -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "G", "a", *typed, "enter")
        assert "one sample at least" in text_of(app) or "a whole number" in text_of(app)
        assert not fake.searches
        await press(pilot, *["backspace"] * len(typed), "7", "enter")
        assert fake.last("search").what == (app.session.dataset, None), "seven of six are all"


async def test_a_large_data_set_is_offered_in_part() -> None:
    app, fake = fake_app(datasets=[dataset_of(250)], held=["scores"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await search(pilot, fake)
        assert fake.last("search").what == (app.session.dataset, 200)


async def test_results_of_a_session_are_kept_and_turned_through() -> None:
    app, fake = fake_app(models=[model_info(), model_info("other", layers=6)])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await search(pilot, fake)
        await press(pilot, "n")
        assert "no other result" in messages_of(app)[-1]
        fake.tell_search(PhasesEnded(run_of(), 6))
        await settle(pilot)
        await press(pilot, "a", "enter")
        fake.tell_search(PhasesEnded(run_of(6, model="other"), 6))
        await settle(pilot)
        assert "▸ other ▸ samples" in lines_of(app)[0]
        assert "2/2" in lines_of(app)[0]
        assert "of what is not open now" in lines_of(app)[0]
        await press(pilot, "N")
        assert "▸ toy ▸ samples" in lines_of(app)[0]
        assert "not open" not in lines_of(app)[0]
        await press(pilot, "n", "escape")
        await press(pilot, "G")
        assert "▸ toy ▸ samples" in lines_of(app)[0], "that of what is open comes first"
        await press(pilot, "a", "enter")
        fake.tell_search(PhasesEnded(run_of(), 6))
        await settle(pilot)
        assert "2/2" in lines_of(app)[0], "the same again takes the place of the first"


async def test_results_of_two_variants_of_one_data_set_are_kept_and_told_apart() -> None:
    one, other = (replace(dataset_of(6), variant=name) for name in ("distractor", "support-only"))
    app, fake = fake_app(datasets=[one])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        for dataset in (one, other):
            app.session.dataset = dataset
            await search(pilot, fake)
            found = replace(run_of(), path=dataset.path, variant=dataset.variant)
            fake.tell_search(PhasesEnded(found, 6))
            await settle(pilot)
            assert f"samples ({dataset.variant})" in text_of(app).splitlines()[0]
            await press(pilot, "escape")
        app.session.dataset = one
        await press(pilot, "G")
        assert "samples (distractor)" in text_of(app).splitlines()[0]
        assert "1/2" in text_of(app).splitlines()[0]


async def test_without_a_model_there_is_nothing_to_look_for() -> None:
    app, fake = fake_app(held=["model"])
    async with app.run_test(size=MEDIUM) as pilot:
        await settle(pilot)
        await press(pilot, "G", "a")
        assert "open a model and a data set first" in messages_of(app)[-1]
        assert not fake.searches


async def test_how_phases_are_told_has_every_score_and_scrolls() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "G", "i")
        seen = text_of(app)
        for _ in range(6):
            await press(pilot, "pagedown")
            seen += text_of(app)
        for title in (*TITLES.values(), "Segments", "No phases", "Support"):
            assert title in seen
        await press(pilot, "escape")
        assert app.screen is app.phase_runs.screen
        await press(pilot, "question_mark")
        first = next(line for line in lines_of(app) if line.strip("│ "))
        assert "help" in first or "Phases over a data set" in text_of(app)


async def test_the_screen_as_a_picture() -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await search(pilot, fake)
        fake.tell_search(PhasesEnded(run_of(), 6))
        await settle(pilot)
        compare_svg(app, "phases-160x48")


async def test_the_screen_in_ascii_as_text() -> None:
    app, fake = fake_app(options={"ascii": True})
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await search(pilot, fake)
        fake.tell_search(PhasesEnded(run_of(), 6))
        await settle(pilot)
        assert all(line.isascii() for line in lines_of(app))
        compare_text(app, "phases-ascii")
