"""Two models side by side, and their layers over the data set, on made-up models."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot

from bertscope_tui.inspection.comparing import Comparison
from bertscope_tui.tui.app import BertscopeApp
from bertscope_tui.tui.screens.cka import CkaScreen
from bertscope_tui.tui.screens.side_by_side_keys import SideBySideScreen
from bertscope_tui.tui.whatif import Before
from tests.tui.fakes import FakeService, dataset_of, extraction_of, model_info, sample_of
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

SMALLEST = (60, 20)
SAMPLES = [sample_of(n, words=32) for n in range(6)]
MODELS = [model_info("deep", layers=12), model_info("flat", layers=6, head=None)]


def comparison(rows: int = 13, columns: int = 7) -> Comparison:
    """Return a comparison of the two models whose numbers come from a formula."""
    row, column = np.ogrid[0:rows, 0:columns]
    return Comparison(
        models=(MODELS[0], MODELS[1]),
        dataset="samples",
        samples=6,
        units=210,
        cka=1.0 - np.abs(row / (rows - 1) - column / (columns - 1)) * 0.9,
        change=np.linspace(0.0, 0.6, rows),
        failures=(),
        scored=6,
        right=(4, 3),
        fixed=("s1",),
        broken=("s0", "s3"),
        mcnemar_p=1.0,
    )


@asynccontextmanager
async def side_by_side(
    size: tuple[int, int] = MEDIUM,
    *,
    held: Iterable[str] = (),
    keys: Iterable[str] = ("C", "enter"),
    derived: Mapping[str, object] | None = None,
    **service: Any,
) -> AsyncIterator[tuple[Pilot[Any], BertscopeApp, FakeService]]:
    service = {"datasets": [dataset_of(SAMPLES)], "models": MODELS} | service
    app, fake = fake_app(held=held, **service)
    fake.compared = comparison()
    fake.derived |= derived or {}
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await press(pilot, *keys)
        yield pilot, app, fake


def screen_of(app: BertscopeApp) -> SideBySideScreen:
    assert isinstance(app.screen, SideBySideScreen)
    return app.screen


async def test_both_models_show_pictures_predictions_and_layers_at_the_same_depth() -> None:
    async with side_by_side() as (pilot, app, _):
        screen = screen_of(app)
        left, right = screen.pictures
        assert "A layer 12 of 12 · deep" in text_in(left)
        assert "B layer 6 of 6 · flat" in text_in(right)
        for layer, other in [(11, 6), (10, 5), (9, 4), (8, 4), (7, 4)]:
            await press(pilot, "left")
            assert f"layer {layer} of 12" in text_in(left)
            # Halves go to the even neighbour, as Python rounds.
            assert f"layer {other} of 6" in text_in(right), layer
            assert f"A layer {layer:>2}/12" in text_in(screen.bars[0])
            assert f"B layer {other}/6" in text_in(screen.bars[1])
        assert "p 0.75  ✓ F1 1.00" in text_in(screen.bars[0])
        assert "no prediction" in text_in(screen.bars[1])
        await press(pilot, "home")
        assert (screen.layer_of(0), screen.layer_of(1)) == (0, 0)
        await press(pilot, "end", "h", "l", "right")
        assert (screen.layer_of(0), screen.layer_of(1)) == (12, 6)
        assert "A 0 MB, B 0 MB, cpu float32" in lines_of(app)[0]
        assert any("5.0 GB of cpu memory are free" in told for told in messages_of(app))


async def test_the_base_of_the_model_is_offered_first(monkeypatch: pytest.MonkeyPatch) -> None:
    app, fake = fake_app(models=[*MODELS, model_info("base")])
    entries = {entry.name: entry for entry in fake.entries}
    monkeypatch.setattr("bertscope_tui.models.catalog.find_base", lambda entry: entries["base"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "C")
        offered = text_in(app.screen.query_one("#pick-list")).splitlines()
        assert "base  deep before fine-tuning" in text_of(app)
        assert not any(" deep  " in line for line in offered), "the open model itself is not"
        await press(pilot, "enter")
        assert app.comparing.other is not None
        assert app.comparing.other.name == "base"


async def test_without_a_sample_there_is_nothing_to_compare() -> None:
    app, _ = fake_app(held=["model"])
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "C")
        assert app.screen is app.inspector
        assert messages_of(app) == ["the model is on its way"]


async def test_the_first_model_is_on_screen_while_the_other_is_on_its_way() -> None:
    async with side_by_side(held=["second", "pair"]) as (pilot, app, fake):
        screen = screen_of(app)
        assert "PC1" in text_in(screen.pictures[0])
        assert "opening flat" in text_in(screen.pictures[1])
        assert "waiting for both models" in text_in(screen.words)
        await press(pilot, "left", "x", "t", "a")
        assert screen.at_layer == 11
        fake.answer(fake.last("second"))
        await settle(pilot)
        assert "extracting beside" in text_in(screen.pictures[1])
        fake.answer(fake.last("pair"))
        await settle(pilot)
        assert "PC1" in text_in(screen.pictures[1])
        assert screen.words.row_count > 20


async def test_a_word_is_marked_in_both_pictures_with_what_is_near_it() -> None:
    async with side_by_side() as (pilot, app, _):
        screen = screen_of(app)
        pair = app.comparing.pair
        assert pair is not None
        await press(pilot, "t")
        assert screen.unit is not None
        word = pair.text(screen.unit)
        assert pair.extraction(0).roles[pair.tokens(0, screen.unit)[0]] == "answer"
        for picture in screen.pictures:
            assert f"[{word}]" in text_in(picture)
        await press(pilot, "down", "j", "up", "k", "pagedown", "pageup")
        word = pair.text(screen.unit)
        near = text_in(screen.near)
        assert f"nearest '{word}'" in near
        layers = screen.layer_of(0) or 0, screen.layer_of(1) or 0
        for side in (0, 1):
            for found in pair.nearest(side, layers[side], screen.unit):
                assert pair.text(found.token)[:6] in near
        both = round((1 - pair.changes[0][layers[0], screen.unit]) * 8)
        assert f"{both} of 8 in both" in near
        await press(pilot, "t", "escape")
        assert screen.unit is None
        assert "[" not in text_in(screen.pictures[0]).replace("[CLS]", "")


async def test_words_are_listed_as_in_the_text_or_the_most_changed_first() -> None:
    async with side_by_side() as (pilot, app, _):
        screen, pair = screen_of(app), app.comparing.pair
        assert pair is not None
        changes = pair.changes[0]

        def order() -> list[int]:
            rows = range(1, screen.words.row_count)
            return [unit for row in rows if (unit := screen.words.unit_at(row)) is not None]

        assert order() == list(range(len(pair.units)))
        await press(pilot, "a")
        assert "most changed here first" in text_in(screen.words)
        amounts = changes[12, order()]
        assert (np.diff(amounts) <= 0).all()
        await press(pilot, "h", "h", "h")
        assert (np.diff(changes[9, order()]) <= 0).all(), "the order follows the layer"
        await press(pilot, "t")
        assert screen.unit == order()[0], "the cursor starts at the most changed one"
        await press(pilot, "a")
        assert (np.diff(changes.mean(axis=0)[order()]) <= 1e-9).all()
        assert screen.words.cursor == order().index(screen.unit) + 1, "the cursor stays on its word"
        here = f"{changes[9, screen.unit]:.2f}".removeprefix("0")
        line = next(line for line in text_in(screen.words).splitlines() if "> " in line)
        assert here in line
        await press(pilot, "a")
        assert order() == list(range(len(pair.units)))


async def test_swapped_sides_step_through_the_layers_of_the_other_model() -> None:
    async with side_by_side() as (pilot, app, _):
        screen = screen_of(app)
        await press(pilot, "left", "left", "x")
        assert "B layer 5 of 6 · flat" in text_in(screen.pictures[0])
        assert "A layer 10 of 12 · deep" in text_in(screen.pictures[1])
        assert "B layer 5/6" in text_in(screen.bars[0])
        pair = app.comparing.pair
        assert pair is not None
        await press(pilot, "t", "left")
        assert screen.unit is not None
        change = f"{pair.changes[1][4, screen.unit]:.2f}".removeprefix("0")
        line = next(line for line in text_in(screen.words).splitlines() if "> " in line)
        assert change in line
        assert screen.layer_of(0) == 8
        await press(pilot, "x")
        assert (screen.layer_of(0), screen.layer_of(1)) == (8, 4)


async def test_a_click_on_a_token_selects_its_word_and_one_on_a_bar_goes_to_the_layer() -> None:
    async with side_by_side() as (pilot, app, _):
        screen, pair = screen_of(app), app.comparing.pair
        assert pair is not None
        right = screen.pictures[1]
        assert right.picture is not None
        token, place = next(
            (token, place)
            for token, place in right.picture.positions.items()
            if right.picture.token_at(*place) == token
        )
        await pilot.click(right, offset=(place[0] + 1, place[1] + 1))
        await settle(pilot)
        assert screen.unit == pair.unit_of(1, token)
        for bar, side in ((screen.bars[1], 1), (screen.bars[0], 0)):
            line = text_in(bar).splitlines()[0]
            await pilot.click(bar, offset=(line.index("┼"), 0))
            assert screen.layer_of(side) == 0
            await press(pilot, "end")


async def test_a_token_that_one_model_alone_reads_is_no_word() -> None:
    async with side_by_side() as (pilot, app, _):
        await press(pilot, "s")
        screen = screen_of(app)
        left = screen.pictures[0]
        assert left.picture is not None
        assert "special tokens shown" in messages_of(app)
        await pilot.click(left, offset=_special_token_place(app))
        await settle(pilot)
        assert screen.unit is None
        assert "only A reads this" in messages_of(app)


def _special_token_place(app: BertscopeApp) -> tuple[int, int]:
    left = screen_of(app).pictures[0]
    assert left.picture is not None
    pair = app.comparing.pair
    assert pair is not None
    x, y = next(
        place
        for token, place in left.picture.positions.items()
        if pair.extraction(0).tokens[token].part == "special"
        and left.picture.token_at(*place) == token
    )
    return x + 1, y + 1


async def test_the_next_sample_is_run_by_both_models_and_nothing_of_the_last_one_stays() -> None:
    async with side_by_side(wrong=["s3"]) as (pilot, app, fake):
        screen = screen_of(app)
        await press(pilot, "t", "t")
        fake.held.add("pair")
        await press(pilot, "down")
        assert screen.unit is None
        assert app.session.sample is SAMPLES[1]
        assert app.comparing.pair is None
        assert "extracting beside" in text_in(screen.pictures[1])
        assert "samples 2/6" in lines_of(app)[0]
        late = fake.last("pair")
        await press(pilot, "down")
        fake.answer_late(late)
        await settle(pilot)
        assert app.comparing.pair is None, "an answer about the sample before is dropped"
        fake.answer(fake.last("pair"))
        await settle(pilot)
        assert app.comparing.pair is not None
        assert app.comparing.pair.extraction(0).sample is SAMPLES[2]
        assert app.comparing.pair.extraction(1).sample is SAMPLES[2]
        fake.held.clear()
        await press(pilot, "up", "n")
        assert app.session.sample is SAMPLES[3]
        await press(pilot, "N")
        assert app.session.sample is SAMPLES[3]
        assert app.comparing.pair.extraction(0).sample is SAMPLES[3]


async def test_windows_and_outliers_are_those_of_both_pictures() -> None:
    async with side_by_side(windows=2, outlier=True) as (pilot, app, _):
        assert app.comparing.pictures is not None
        assert not app.comparing.pictures.outliers
        await press(pilot, "o")
        assert app.comparing.pictures.outliers
        await press(pilot, "w")
        assert app.comparing.pair is not None
        assert app.comparing.pair.extraction(0).window.index == 1
        bar = screen_of(app).bars[0]
        assert "window 2/2, answer in 1" in text_in(bar)
        await press(pilot, "W")
        assert "window 1/2 " in text_in(bar)
        assert app.comparing.pair.extraction(0).window.index == 0


async def test_an_outlier_of_the_second_model_alone_can_be_shown_and_its_size_is_said() -> None:
    async with side_by_side(outlier_beside=True) as (pilot, app, _):
        await press(pilot, "o")
        assert app.comparing.pictures is not None
        assert app.comparing.pictures.outliers
        told = messages_of(app)[-2:]
        assert told[0].startswith(
            "A: no token's norm stands out here: the first one's is at most 1.0"
        )
        assert told[1] == "B: outlier shown: its norm is 7 times the median"
        await press(pilot, "o")
        assert not app.comparing.pictures.outliers
        assert messages_of(app)[-1] == "B: outlier hidden: its norm is 7 times the median"


async def test_methods_and_orientation_are_those_of_both_pictures() -> None:
    async with side_by_side() as (pilot, app, _):
        screen = screen_of(app)
        for keys, title in (["y"], "PC1 "), (["v", "v"], "IC1"), (["v"], "t-SNE 1"), (["V"], "IC1"):
            await press(pilot, *keys)
            assert all(title in text_in(picture) for picture in screen.pictures), title
        assert app.session.choice.recipe.method == "ica"


@pytest.mark.parametrize("size", [LARGE, MEDIUM, SMALL, SMALLEST])
async def test_each_picture_says_how_far_to_trust_it_however_narrow_it_is(
    size: tuple[int, int],
) -> None:
    async with side_by_side(size=size) as (pilot, app, _):
        screen = screen_of(app)
        for keys, method in (["home"], "PCA"), (["V"], "t-SNE"):
            await press(pilot, *keys)
            for picture in screen.pictures:
                border = f"{picture.border_title} {picture.border_subtitle}"
                assert method in border
                assert re.search(r"tr(ust|ustworthiness|\.) \d\.\d\d", border), border


async def test_a_picture_that_is_still_being_made_is_never_replaced_by_another_one() -> None:
    async with side_by_side(slow=True, held=["pair"]) as (pilot, app, fake):
        screen = screen_of(app)
        fake.answer(fake.last("pair"), parts=2, end=False)
        await settle(pilot)
        assert "PC1" in text_in(screen.pictures[1])
        await press(pilot, "home")
        assert "PC1" in text_in(screen.pictures[0])
        assert "PCA, layer 0: being made" in text_in(screen.pictures[1])
        await press(pilot, "v")
        assert "being made" in text_in(screen.pictures[1])
        fake.answer(fake.last("pair"))
        await settle(pilot)
        assert "PC1" in text_in(screen.pictures[1])
        assert app.comparing.pictures is not None
        assert app.comparing.pictures.projection.recipe.fit == "joint"


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_pressed_and_answered_when_the_two_sides_are_of_one_sample(
    seed: int,
) -> None:
    """Keys at random, answers late, in parts and out of order: nothing stale, nothing mixed."""
    chance = random.Random(seed)
    held = ("sample", "project", "pair")
    keys = (*("left", "right", "home", "x", "t", "a", "c") * 2, "down", "up", "v", "V", "s", "y")
    async with side_by_side(slow=True) as (pilot, app, fake):
        screen = screen_of(app)
        fake.held.update(held)
        waiting, drawn_twice = len(fake.requests), 0
        for _ in range(60):
            await press(pilot, chance.choice(keys))
            for _ in range(chance.choice([0, 1, 3])):
                asked = [one for one in fake.requests[waiting:] if one.kind in held]
                if not asked:
                    break
                request = asked[-1] if chance.random() < 0.7 else chance.choice(asked)
                if request.job.cancelled() and chance.random() < 0.5:
                    fake.answer_late(request)
                else:
                    fake.answer(request, parts=chance.choice([1, 2, None, None]), end=False)
                await settle(pilot)
            session, comparing = app.session, app.comparing
            if comparing.pair is not None:
                assert comparing.pair.extraction(0) is session.extraction
                assert comparing.pair.extraction(1).sample.id == session.extraction.sample.id
            if comparing.pictures is not None:
                assert comparing.pair is not None
                assert comparing.pictures.extraction is comparing.pair.extraction(1)
                assert comparing.pictures.choice == session.choice
            for picture, side in zip(screen.pictures, screen.sides, strict=True):
                drawn = picture._pictures
                if drawn is not None:
                    assert drawn.extraction is screen.seen(side)
                    assert drawn.choice == session.choice
                    assert drawn.projection.has(screen.layer_of(side) or 0)
            drawn_twice += all(picture._pictures is not None for picture in screen.pictures)
        assert drawn_twice > 0, "now and then both are there"


async def test_colours_labels_and_zoom_are_the_same_in_both_pictures() -> None:
    async with side_by_side() as (pilot, app, _):
        screen = screen_of(app)
        await press(pilot, "c")
        assert all("sentence" in text_in(picture) for picture in screen.pictures)
        await press(pilot, "c", "c", "b")
        words = [one.text for one in SAMPLES[0].answers]
        assert all(words[0] not in text_in(picture) for picture in screen.pictures)
        await press(pilot, "b", "plus", "equals_sign", "minus")
        assert [round(picture.zoom, 1) for picture in screen.pictures] == [1.5, 1.5]
        await press(pilot, "r")
        assert [picture.zoom for picture in screen.pictures] == [1.0, 1.0]


async def test_tab_goes_through_the_panes_and_z_gives_one_the_screen() -> None:
    async with side_by_side(SMALL) as (pilot, app, _):
        screen = screen_of(app)
        seen = []
        for _ in range(4):
            await press(pilot, "tab")
            seen.append(screen.active)
        assert seen == ["right", "words", "near", "left"]
        await press(pilot, "shift+tab")
        assert screen.active == "near"
        await press(pilot, "tab", "z")
        assert screen.maximized is screen.pictures[0]
        await press(pilot, "escape")
        assert screen.maximized is None
        await press(pilot, "t", "tab", "down", "enter")
        assert screen.unit is not None
        assert isinstance(app.screen, SideBySideScreen), "Enter chose a word among the nearest"


@pytest.mark.parametrize("key", ["q", "escape"])
async def test_leaving_lets_the_other_model_go_and_keeps_the_place(key: str) -> None:
    async with side_by_side() as (pilot, app, fake):
        await press(pilot, "down", "left", "left", "t")
        unit, pair = screen_of(app).unit, app.comparing.pair
        assert unit is not None
        assert pair is not None
        if key == "escape":
            await press(pilot, "tab", "escape", "escape")
            await press(pilot, "left")
        await press(pilot, key)
        assert app.screen is app.inspector
        assert fake.second is not None
        assert fake.second.closed
        assert app.comparing.other is None
        assert app.session.sample is SAMPLES[1]
        assert app.inspector.at_layer == (9 if key == "escape" else 10)
        if key == "q":
            assert app.inspector.selected == pair.tokens(0, unit)[0]


async def test_enter_goes_on_with_the_model_on_the_left() -> None:
    async with side_by_side() as (pilot, app, _):
        await press(pilot, "left", "left", "x", "enter")
        await ready(pilot)
        assert app.screen is app.inspector
        assert app.session.model is not None
        assert app.session.model.name == "flat"
        assert app.inspector.at_layer == 5


async def test_escape_cancels_what_is_on_its_way_and_m_chooses_another_model() -> None:
    async with side_by_side(held=["second"]) as (pilot, app, fake):
        opening = fake.last("second")
        await press(pilot, "escape")
        assert opening.job.cancelled()
        fake.answer(opening)
        await settle(pilot)
        screen = screen_of(app)
        assert "cancelled: m chooses a model" in text_in(screen.pictures[1])
        await press(pilot, "down", "v", "x")
        assert "cancelled: m chooses a model" in text_in(screen.pictures[1]), "on other samples too"
        assert "no second model: m chooses one" in text_in(screen.words)
        fake.held.clear()
        await press(pilot, "m", "enter")
        assert app.comparing.pair is not None


async def test_a_sample_that_the_second_model_was_not_let_see_says_so() -> None:
    async with side_by_side() as (pilot, app, fake):
        fake.held.add("pair")
        await press(pilot, "down", "escape")
        fake.answer(fake.last("pair"))
        await settle(pilot)
        screen = screen_of(app)
        assert "cancelled: another sample may do" in text_in(screen.pictures[1])
        assert "B has not seen this sample" in text_in(screen.words)
        fake.held.clear()
        await press(pilot, "down")
        assert "PC1" in text_in(screen.pictures[1])
        assert app.comparing.pair is not None


async def test_what_does_not_work_is_said_in_one_line_and_the_first_model_stays() -> None:
    async with side_by_side(held=["second"]) as (pilot, app, fake):
        line = "flat: needs 9.0 GB of cpu memory beside deep, which has 1.0 GB; 2.0 GB are free"
        fake.fail(fake.last("second"), line)
        await settle(pilot)
        assert any(line in told for told in messages_of(app))
        assert "PC1" in text_in(screen_of(app).pictures[0])
        await press(pilot, "K")
        assert "the other model is not there yet" in messages_of(app)


async def test_hostile_names_and_words_are_only_text() -> None:
    sample = sample_of(0, context="[red]x\x1b[31m [/] [b] plain words are here.", answers=["[/]"])
    models = [model_info("deep[/b]"), model_info("[red]flat\x1b")]
    async with side_by_side(datasets=[dataset_of([sample])], models=models) as (pilot, app, _):
        await press(pilot, "t", "down")
        assert "[red]" in text_in(screen_of(app).words)
        assert "\x1b" not in text_of(app)


@pytest.mark.parametrize("size", [SMALLEST, LARGE], ids="{0[0]}x{0[1]}".format)
async def test_words_that_do_not_fit_show_that_they_are_cut(size: tuple[int, int]) -> None:
    sample = sample_of(0, context="Donaudampfschifffahrtsgesellschaft 東京都千代田区丸の内 is it.")
    async with side_by_side(size, datasets=[dataset_of([sample])]) as (pilot, app, _):
        screen = screen_of(app)
        await press(pilot, "t")
        assert re.search(r"Dona\w*… ", text_in(screen.words))
        await press(pilot, *["down"] * 2)
        assert re.search("[一-龥]…", text_in(screen.words))
        assert "…" in text_in(screen.near)


async def test_a_word_with_too_few_others_says_so_instead_of_asking_for_a_choice() -> None:
    sample = sample_of(0, question="?", context="x", answers=["x"])
    async with side_by_side(datasets=[dataset_of([sample])]) as (pilot, app, _):
        near = screen_of(app).near
        assert "choose a word" in text_in(near)
        await press(pilot, "t")
        assert "choose a word" not in text_in(near)
        assert "too few words here" in text_in(near)
        assert "0 of 0" not in text_in(near)


async def test_the_list_of_words_says_what_its_numbers_are() -> None:
    async with side_by_side() as (pilot, app, _):
        words = screen_of(app).words
        assert "neighbours changed" in text_in(words)
        await pilot.resize_terminal(*SMALLEST)
        await settle(pilot)
        assert f"words {words.row_count - 1} " in text_in(words)
        assert "here by lay" not in text_in(words).replace("here by layer", "")


@pytest.mark.parametrize("size", [SMALLEST, SMALL, MEDIUM, LARGE], ids="{0[0]}x{0[1]}".format)
async def test_everything_has_its_place_at_every_size(size: tuple[int, int]) -> None:
    async with side_by_side(size) as (pilot, app, _):
        screen = screen_of(app)
        await press(pilot, "t")
        regions = [
            widget.region
            for widget in (*screen.pictures, *screen.bars, screen.words, screen.near, screen.status)
        ]
        for number, region in enumerate(regions):
            assert region.area
            assert screen.region.contains_region(region)
            assert not any(region.overlaps(other) for other in regions[:number])
        await press(pilot, "K", "enter", "up")
        assert isinstance(app.screen, CkaScreen)
        assert "▼" in text_in(app.screen.heat)
        await pilot.resize_terminal(50, 18)
        await settle(pilot)
        assert "needs at least 60×20" in text_of(app)


async def test_help_and_the_palette_have_the_keys_of_the_screen() -> None:
    async with side_by_side() as (pilot, app, _):
        offered = {command.title for command in app.get_system_commands(app.screen)}
        assert "Swap the sides" in offered
        await press(pilot, "question_mark")
        assert "Two models side by side, after C" in text_of(app)
        assert "Swap the sides" in text_of(app)
        await press(pilot, "escape")
        app.choose_theme("paper")
        await settle(pilot)
        assert screen_of(app).look.theme.name == "paper"


# -- all layers over the data set ----------------------------------------------------------------


async def layers_screen(pilot: Pilot[Any], app: BertscopeApp, *typed: str) -> CkaScreen:
    await press(pilot, "K", *typed, "enter")
    assert isinstance(app.screen, CkaScreen)
    return app.screen


async def test_the_map_says_the_likeness_of_every_pair_of_layers_at_the_cursor() -> None:
    found = comparison()
    async with side_by_side() as (pilot, app, fake):
        screen = await layers_screen(pilot, app, "4")
        assert fake.second is not None
        assert fake.second.limits == [4]
        shown = text_in(screen.heat)
        assert "A 12" in shown
        assert "layer of B" in shown
        a, b = 12, 6
        for key in ("left", "down", "h", "j", "up", "k", "right", "l"):
            await press(pilot, key)
            a += {"up": 1, "k": 1, "down": -1, "j": -1}.get(key, 0)
            b += {"right": 1, "l": 1, "left": -1, "h": -1}.get(key, 0)
            a, b = min(a, 12), min(b, 6)
            alike = found.cka[a].argmax()
            assert f"A {a} and B {b}: CKA {found.cka[a, b]:.3f}" in text_of(app)
            assert f"most like A {a} is B {alike} ({found.cka[a].max():.3f})" in text_of(app)
        assert "The layers side by side" in text_of(app)
        facts = text_in(screen.facts)
        assert "A 4, B 3 of 6" in facts
        assert "only A has right: 2 (s0, s3)" in facts
        assert "exact p = 1" in facts
        await press(pilot, "down", "down", "left", "left", "m", "pagedown", "pageup")
        assert f"A 10 and B {found.cka[10].argmax()}: " in text_of(app)
        await press(pilot, "enter")
        assert screen_of(app).layer_of(0) == 10


async def test_a_comparison_goes_on_behind_the_pictures_and_is_not_asked_for_twice() -> None:
    async with side_by_side(held=["compare"]) as (pilot, app, fake):
        await layers_screen(pilot, app)
        assert "comparing …" in text_of(app)
        request = fake.last("compare")
        fake._post(_progress(request.job.id, 3, 6))
        await settle(pilot)
        assert "comparing 3/6 - s stops" in lines_of(app)[0]
        await press(pilot, "a")
        assert "the comparison is under way: s stops it" in messages_of(app)
        await press(pilot, "escape")
        assert "comparing 3/6" in lines_of(app)[0]
        assert app.session.scoring == "", "it is no progress of the marks"
        fake.answer(request)
        await settle(pilot)
        assert "all layers are compared: K shows it" in messages_of(app)
        await press(pilot, "K")
        assert "CKA 1.000" in text_of(app)
        await press(pilot, "a", "x", "enter")
        assert "a whole number" in text_of(app)
        await press(pilot, "escape", "escape")
        assert isinstance(app.screen, SideBySideScreen)


def _progress(job: int, done: int, total: int) -> Any:
    from bertscope_tui.engine.jobs import JobProgress

    return JobProgress(job, "comparing", done, total)


async def test_samples_that_only_one_model_has_right_are_stepped_through() -> None:
    async with side_by_side() as (pilot, app, _):
        await press(pilot, "d")
        assert app.session.sample is SAMPLES[0]
        assert any("K compares over the data set" in told for told in messages_of(app))
        await layers_screen(pilot, app)
        await press(pilot, "q")
        for key, number, who in [("d", 1, "B"), ("d", 3, "A"), ("d", 0, "A"), ("D", 3, "A")]:
            await press(pilot, key)
            assert app.session.sample is SAMPLES[number]
            assert messages_of(app)[-1] == f"only {who} has this one right"
            assert app.comparing.pair is not None
            assert app.comparing.pair.extraction(1).sample is SAMPLES[number]


async def test_an_edited_sample_has_its_place_and_the_data_are_stepped_through_as_they_are() -> (
    None
):
    keys = ("j", "j", "j", "X", "enter", "C", "enter")
    known = {"before": Before((), extraction_of(SAMPLES[3], MODELS[0]), None)}
    async with side_by_side(keys=keys, derived=known) as (pilot, app, _):
        assert app.session.sample is not SAMPLES[3]
        assert "samples 4/6, edit 1/1" in lines_of(app)[0]
        await layers_screen(pilot, app)
        await press(pilot, "q", "D")
        assert app.session.sample is SAMPLES[1]
        assert messages_of(app)[-1] == "only B has this one right"
        await press(pilot, "d")
        assert app.session.sample is SAMPLES[3], "that one is right or wrong, not its edit"
        assert "samples 4/6, edit 0/1" in lines_of(app)[0]


@pytest.mark.parametrize("size", [SMALL, SMALLEST], ids="{0[0]}x{0[1]}".format)
async def test_the_place_in_the_data_comes_before_the_sizes_of_the_models(
    size: tuple[int, int],
) -> None:
    async with side_by_side(size) as (pilot, app, _):
        assert "deep (A) and flat (B) ▸ samples 1/6" in lines_of(app)[0]
        await pilot.resize_terminal(*LARGE)
        await settle(pilot)
        assert "A 0 MB, B 0 MB" in lines_of(app)[0]


async def test_long_names_of_models_do_not_hide_which_sample_is_open() -> None:
    models = [model_info("a-model-with-a-very-long-name"), model_info("another-such-model-or-so")]
    async with side_by_side(SMALLEST, models=models) as (pilot, app, _):
        await press(pilot, "down")
        assert "samples 2/6" in lines_of(app)[0]
        assert "a-mo…" in text_in(screen_of(app).pictures[0])


async def test_a_comparison_can_be_stopped_and_is_asked_about_before_it_is_lost() -> None:
    async with side_by_side(held=["compare"]) as (pilot, app, fake):
        await layers_screen(pilot, app)
        await press(pilot, "q", "q")
        assert "Stop the comparison over the data set?" in text_of(app)
        await press(pilot, "n")
        assert isinstance(app.screen, SideBySideScreen)
        await press(pilot, "K", "s")
        request = fake.last("compare")
        assert request.job.cancelled()
        fake.answer(request)
        await settle(pilot)
        assert "a compares over the data set" in text_of(app)
        await press(pilot, "q", "q")
        assert app.screen is app.inspector


async def test_a_click_on_a_field_moves_the_cursor_there() -> None:
    async with side_by_side() as (pilot, app, _):
        screen = await layers_screen(pilot, app)
        picture = screen.heat._picture
        assert picture is not None
        index = 3 * 7 + 2  # the fourth row from the top, which is layer 9
        x, y = picture.positions[index]
        await pilot.click(screen.heat, offset=(x + 1, y + 2))
        await settle(pilot)
        assert "A 9 and B 2: CKA" in text_of(app)


async def test_many_layers_in_little_room_can_all_be_reached() -> None:
    models = [model_info("deep", layers=24), model_info("deeper", layers=48)]
    async with side_by_side(SMALL, models=models) as (pilot, app, fake):
        fake.compared = comparison(25, 49)
        screen = await layers_screen(pilot, app)
        for a in range(24, -1, -1):
            assert f"A {a} and B 48: CKA" in text_of(app)
            await press(pilot, "down")
        assert "▼" in text_in(screen.heat)


async def test_side_by_side_as_pictures() -> None:
    async with side_by_side() as (pilot, app, _):
        app.clear_notifications()
        await press(pilot, "7", "h", "h", "t", "a")
        compare_svg(app, "side-by-side-160x48")
        await layers_screen(pilot, app)
        app.clear_notifications()
        await press(pilot, "down", "down", "left")
        compare_svg(app, "cka-160x48")


async def test_the_smallest_screens_and_ascii_as_text() -> None:
    async with side_by_side(SMALL, options={"ascii": True}) as (pilot, app, _):
        app.clear_notifications()
        await press(pilot, "h", "t")
        compare_text(app, "side-by-side-ascii")
        await layers_screen(pilot, app)
        await until(pilot, lambda: app.comparing.found is not None, "the comparison")
        await press(pilot, "down", "left")
        compare_text(app, "cka-ascii")
        assert all(line.isascii() for line in lines_of(app))
