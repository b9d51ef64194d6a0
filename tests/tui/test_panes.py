"""Which panes are on screen, which has the focus, and what happens when the terminal changes."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from bertscope_tui.tui.app import BertscopeApp
from bertscope_tui.tui.screens.panes import PANES as NAMED_PANES
from tests.tui.fakes import dataset_of, model_info, sample_of
from tests.tui.support import (
    LARGE,
    MEDIUM,
    PANES,
    SMALL,
    check_layout,
    fake_app,
    lines_of,
    messages_of,
    press,
    ready,
    settle,
    text_in,
    text_of,
)


def visible(app: BertscopeApp) -> set[str]:
    """Return the ids of the panes that are on screen."""
    return {pane for pane in PANES if app.inspector.query_one(f"#{pane}").region.area > 0}


async def resize(pilot: Pilot[int], size: tuple[int, int]) -> None:
    """Change the terminal's size and let the app settle."""
    await pilot.resize_terminal(*size)
    await settle(pilot)


@pytest.mark.parametrize("size", [SMALL, MEDIUM])
async def test_tab_visits_every_pane_and_comes_round(size: tuple[int, int]) -> None:
    app, _ = fake_app()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        for pane in [*PANES[1:], PANES[0]]:
            await press(pilot, "tab")
            assert app.focused is not None
            assert app.focused.id == pane
            assert pane in visible(app)
            check_layout(app)
        for pane in reversed(PANES):
            await press(pilot, "shift+tab")
            assert app.focused is not None
            assert app.focused.id == pane
            assert pane in visible(app)


async def test_a_wide_terminal_shows_all_panes_at_once() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert visible(app) == set(PANES)
        assert not app.inspector.tabs.display


async def test_a_narrow_terminal_shows_the_picture_and_one_more_pane() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        seen = {}
        for pane in PANES:
            app.inspector.activate(pane)
            await settle(pilot)
            seen[pane] = visible(app)
        assert seen == {
            "samples": {"samples", "scatter"},
            "text": {"text", "scatter"},
            "scatter": {"scatter"},
            "tokens": {"tokens", "neighbours", "scatter"},
            "probes": {"probes", "scatter"},
            "neighbours": {"tokens", "neighbours", "scatter"},
            "picker": {"picker", "scatter"},
        }


async def test_a_click_on_a_tab_brings_its_pane() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        tabs = text_in(app.inspector.tabs)
        for pane, name in NAMED_PANES:
            await pilot.click(app.inspector.tabs, offset=(tabs.index(name) + 1, 0))
            await settle(pilot)
            assert app.focused is not None
            assert app.focused.id == pane
            assert f"[{name}]" in text_in(app.inspector.tabs)


async def test_a_click_in_a_pane_gives_it_the_focus_and_marks_its_tab() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await pilot.click(app.inspector.scatter, offset=(6, 2))
        await settle(pilot)
        assert app.focused is app.inspector.scatter
        assert "[picture]" in text_in(app.inspector.tabs)
        await press(pilot, "tab")
        assert "[tokens]" in text_in(app.inspector.tabs)


@pytest.mark.parametrize("size", [SMALL, MEDIUM])
async def test_z_gives_each_pane_the_whole_screen_and_takes_it_back(size: tuple[int, int]) -> None:
    app, _ = fake_app()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        before = text_of(app)
        for pane in PANES:
            app.inspector.activate(pane)
            await press(pilot, "z")
            assert visible(app) == {pane}
            region = app.inspector.query_one(f"#{pane}").region
            assert (region.width, region.height) >= (size[0] - 2, size[1] - 4), pane
            await press(pilot, "z" if pane != "text" else "escape")
            assert app.inspector.maximized is None
            check_layout(app)
        app.inspector.activate("samples")
        await settle(pilot)
        assert text_of(app) == before


async def test_layers_can_be_stepped_in_a_picture_on_the_whole_screen() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        app.inspector.activate("scatter")
        await press(pilot, "z", "left", "c", "tab")
        assert app.inspector.at_layer == 11
        assert app.inspector.maximized is None, "Tab leaves the whole screen"


async def test_the_panes_fold_and_unfold_with_the_terminal() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "t", "left")
        wide = text_in(app.inspector.scatter), text_in(app.inspector.neighbours)
        for size in [SMALL, (50, 15), SMALL, (60, 20), LARGE, (119, 48), (160, 35), MEDIUM]:
            await resize(pilot, size)
            check_layout(app)
            if size == (50, 15):
                assert "This terminal is 50×15" in text_of(app)
                assert "60×20" in text_of(app)
                assert not visible(app)
            elif size in (LARGE, MEDIUM):
                assert visible(app) == set(PANES)
            else:
                assert visible(app) == {"tokens", "neighbours", "scatter"}
        assert (text_in(app.inspector.scatter), text_in(app.inspector.neighbours)) == wide
        assert app.focused is app.inspector.tokens
        assert app.inspector.selected == 10
        assert app.inspector.at_layer == 11


@pytest.mark.parametrize("size", [(59, 20), (60, 19), (20, 6), (1, 1), (200, 10)])
async def test_a_terminal_that_is_too_small_says_so_and_does_not_break(
    size: tuple[int, int],
) -> None:
    app, _ = fake_app()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        if size[0] >= 20:
            assert "60×20" in text_of(app)
        await press(pilot, "left", "down", "t", "z", "tab", "escape")
        await resize(pilot, (60, 20))
        check_layout(app)
        assert "60×20" not in text_of(app)


async def test_a_terminal_resized_while_a_dialog_is_open_is_laid_out_anew_behind_it() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "question_mark")
        await resize(pilot, SMALL)
        await press(pilot, "escape")
        assert visible(app) == {"samples", "scatter"}
        check_layout(app)


async def test_a_pane_clicked_in_a_wide_terminal_is_the_one_a_narrow_one_shows() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await pilot.click(app.inspector.text, offset=(5, 5))
        await resize(pilot, SMALL)
        assert visible(app) == {"text", "scatter"}
        assert app.focused is app.inspector.text


async def test_escape_undoes_one_thing_at_a_time() -> None:
    app, fake = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        screen = app.inspector
        await press(pilot, "slash", *"ing", "enter", "t", "z")
        fake.held.add("project")
        screen.action_special()
        screen.action_play()
        screen.action_digit("7")
        states = []
        for _ in range(7):
            await press(pilot, "escape")
            if fake.last("project").job.cancelled() and fake.held:
                fake.held.clear()
                fake.answer(fake.last("project"))
                await settle(pilot)
            states.append(
                (
                    screen.digits,
                    screen.playing,
                    bool(fake.held),
                    screen.maximized is not None,
                    screen.selected,
                    screen.samples.query_text,
                    screen.active,
                )
            )
        assert states == [
            ("", True, True, True, 10, "ing", "tokens"),
            ("", False, True, True, 10, "ing", "tokens"),
            ("", False, False, True, 10, "ing", "tokens"),
            ("", False, False, False, 10, "ing", "tokens"),
            ("", False, False, False, None, "ing", "tokens"),
            ("", False, False, False, None, "", "tokens"),
            ("", False, False, False, None, "", "samples"),
        ]
        await press(pilot, "escape")
        assert app.is_running


async def test_the_key_bar_does_what_it_says_when_clicked() -> None:
    app, _ = fake_app(wrong=["s2"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        screen = app.inspector
        bar = text_in(screen.query_one("#keys"))

        async def click(label: str) -> None:
            await pilot.click("#keys", offset=(bar.index(label) + 1, 0))
            await settle(pilot)

        await click("↑↓ sample")
        assert app.session.sample is not None
        assert app.session.sample.id == "s1"
        await click("n next wrong")
        assert app.session.sample.id == "s2"
        await click("t token")
        assert screen.selected is not None
        await click("c colours")
        assert screen.mode == "sentences"
        await click("Tab pane")
        assert screen.active == "probes"
        await click("/ search")
        assert screen.search.display
        await press(pilot, "escape")
        await click("? help")
        assert app.screen is not screen
        await press(pilot, "escape")
        await click("q quit")
        assert app.return_value == 0


@pytest.mark.parametrize("size", [(60, 20), SMALL])
async def test_help_and_quit_are_in_the_key_bar_of_every_terminal(size: tuple[int, int]) -> None:
    app, _ = fake_app()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        bar = lines_of(app)[-1]
        assert "? help" in bar
        assert "q quit" in bar


async def test_q_leaves() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await pilot.press("q")
    assert app.return_value == 0


async def test_enter_and_clicks_in_the_picker_open_models_and_data_sets() -> None:
    others = dataset_of([sample_of(40)], name="others", path="made/others.jsonl")
    app, _ = fake_app(
        models=[model_info(), model_info("second", layers=4)], datasets=[dataset_of(), others]
    )
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        screen = app.inspector
        rows = text_in(screen.picker).splitlines()
        assert [row.strip("│ ").split("  ")[0] for row in rows[1:7]] == [
            "models",
            "> toy",
            "second",
            "data sets",
            "> samples",
            "others",
        ]
        await pilot.click(screen.picker, offset=(5, 3))
        await ready(pilot)
        assert app.session.model is not None
        assert app.session.model.name == "second"
        assert "> second" in text_in(screen.picker)
        assert "> toy" not in text_in(screen.picker)
        await press(pilot, "down", "down", "enter")
        await ready(pilot)
        assert app.session.dataset is not None
        assert app.session.dataset.name == "others"
        assert "> others" in text_in(screen.picker)
        await pilot.click(screen.picker, offset=(5, 4))
        assert app.session.dataset.name == "others", "a heading opens nothing"


async def test_the_status_line_says_what_is_open_and_where() -> None:
    app, fake = fake_app(held=["sample"])
    async with app.run_test(size=MEDIUM) as pilot:
        await settle(pilot)
        assert "extracting · Esc cancels" in lines_of(app)[0]
        fake.answer(fake.last("sample"))
        await ready(pilot)
        assert lines_of(app)[0].startswith(" bertscope ▸ toy ▸ samples ▸ 1/6 ")
        assert lines_of(app)[0].rstrip().endswith("cpu float32")


async def test_a_model_on_its_way_leaves_nothing_of_the_old_one_on_screen() -> None:
    app, fake = fake_app(models=[model_info(), model_info("second", layers=4)], wrong=["s0"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "t")
        fake.held.add("model")
        app.inspector.open_model("second")
        await settle(pilot)
        screen = app.inspector
        assert "predicted" not in text_of(app)
        assert "thing 0" in text_in(screen.text), "the text itself stays"
        assert "✗" not in text_of(app)
        assert "✓" not in text_of(app)
        assert "wrong of" not in text_in(screen.samples)
        assert "layer –" in text_in(screen.layer_bar)
        assert "no model" in lines_of(app)[0]
        fake.fail(fake.last("model"), "second: no weights")
        await settle(pilot)
        assert "that did not work: second: no weights" in messages_of(app)
        assert "second: no weights" in text_in(screen.scatter)
        fake.held.clear()
        await press(pilot, "t", "down")
        assert "thing 1" in text_in(screen.text)
        screen.open_model("toy")
        await ready(pilot)
        assert "toy" in lines_of(app)[0]
