"""The screen of probes and that of labels: what they show, and what their keys do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bertscope_tui.errors import BertscopeError
from bertscope_tui.probes import store
from bertscope_tui.probes.records import ProbeResult
from bertscope_tui.tui.app import BertscopeApp
from bertscope_tui.tui.screens.ask import AskScreen
from bertscope_tui.tui.screens.probe_labels import ProbeLabelsScreen
from bertscope_tui.tui.screens.probes import ProbesScreen
from tests.tui.fakes import model_info
from tests.tui.made_probes import made_model, made_result, stored
from tests.tui.snapshots import compare_svg, compare_text
from tests.tui.support import (
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

RISING = [layer / 20 for layer in range(13)]
FALLING = RISING[::-1]


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The hash of the weights of the fakes' model, which lies in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BERTSCOPE_CACHE", str(tmp_path / "cache"))
    return made_model(tmp_path)


def family(weights: str) -> tuple[ProbeResult, ...]:
    """Results of the open model, of another and of random weights for two tasks."""
    return tuple(
        result
        for task in ("nel", "sup")
        for result in (
            made_result(weights, task, scores=RISING),
            made_result("plain", task, model="plain", scores=FALLING),
            made_result(weights, task, random=True, scores=[0.1] * 13),
        )
    )


async def opened(pilot: object, app: BertscopeApp) -> ProbesScreen:
    """Press P and return the screen once the results are listed."""
    await until(pilot, lambda: app.probes.results is not None, "the results")  # type: ignore[arg-type]
    await press(pilot, "P")  # type: ignore[arg-type]
    screen = app.screen
    assert isinstance(screen, ProbesScreen)
    await settle(pilot)  # type: ignore[arg-type]
    return screen


async def test_results_are_listed_by_task_with_their_best_layer_and_the_majority(
    weights: str,
) -> None:
    stored(*family(weights))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        screen = await opened(pilot, app)
        rows = text_in(screen.list).splitlines()[2:8]
        assert [re.search("NEL|SUP", row).group() for row in rows] == [*["NEL"] * 3, *["SUP"] * 3]  # type: ignore[union-attr]
        own = next(row for row in rows if "toy " in row and "random" not in row)
        assert re.search(r"● NEL +toy +made +12 +60\.0 +25\.0", own), own
        plain = next(row for row in rows if "plain" in row)
        assert re.search(r"  NEL +plain +made +0 +60\.0 +25\.0", plain), plain
        assert screen.list.selected is not None
        assert screen.list.selected.model == "toy", "the cursor starts at the open model's"


async def test_curves_are_those_of_every_model_on_the_same_task_and_data(weights: str) -> None:
    other = made_result(weights, "nel", data="other data", scores=[0.9] * 13)
    stored(*family(weights), other)
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        screen = await opened(pilot, app)
        app.probes.choose(family(weights)[0])
        screen.list.select(family(weights)[0].identity)
        screen.show_selected()
        await settle(pilot)
        chart = text_in(screen.curves)
        for name in ("● toy", "◆ plain", "▲ toy (random weights)", "- majority"):
            assert name in chart
        assert "made" in chart.splitlines()[0]
        with_intervals = chart.count("┼")
        assert with_intervals > 10
        await press(pilot, "i")
        assert text_in(screen.curves).count("┼") == 0
        screen.list.select(other.identity)
        screen.show_selected()
        await settle(pilot)
        assert "plain" not in text_in(screen.curves)


async def test_the_heat_map_is_of_one_model_from_its_worst_to_its_best_layer(
    weights: str,
) -> None:
    stored(*family(weights))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        screen = await opened(pilot, app)
        assert not screen.heat.region.area
        await press(pilot, "m")
        heat = text_in(screen.heat)
        assert "toy" in heat.splitlines()[0]
        for task in ("NEL", "SUP"):
            line = next(line for line in heat.splitlines() if task in line)
            shades = re.findall(r"\.\d\d|1\.0", line)
            assert shades[0] == ".00"
            assert shades[6] == ".50"
            assert shades[-1] == "1.0"
        await press(pilot, "m")
        assert screen.curves.region.area


async def test_one_key_leads_from_the_picture_to_the_heat_map_and_another_to_the_curves(
    weights: str,
) -> None:
    stored(*family(weights))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        for key, here, away in (("F", "heat", "curves"), ("P", "curves", "heat")):
            await press(pilot, key)
            screen = app.screen
            assert isinstance(screen, ProbesScreen)
            await until(pilot, lambda: app.probes.results is not None, "the results")
            await settle(pilot)
            assert getattr(screen, here).region.area
            assert not getattr(screen, away).region.area
            await press(pilot, "escape")
            assert app.screen is app.inspector


async def test_without_colour_shades_are_signs(
    weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stored(*family(weights))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        screen = await opened(pilot, app)
        await press(pilot, "m")
        assert set("░▒▓█") <= set(text_in(screen.heat))
        await press(pilot, "enter")
        assert "█" in text_in(app.screen.query_one("#confusions"))


async def test_facts_say_what_a_result_is_of_and_what_was_computed(weights: str) -> None:
    stored(made_result(weights, "rel"), made_result(weights, "sup", controls=False))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        screen = await opened(pilot, app)
        facts = text_in(screen.facts)
        assert "relations, 3 labels" in facts
        assert "centre of gravity 6.00" in facts
        assert "160/20/20" in facts
        await press(pilot, "down")
        assert "centre of gravity" not in text_in(screen.facts)


async def test_only_the_open_models_results_on_demand(weights: str) -> None:
    stored(*family(weights))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        screen = await opened(pilot, app)
        await press(pilot, "f")
        assert "plain" not in text_in(screen.list)
        assert text_in(screen.list).count("toy") == 4
        await press(pilot, "f")
        assert "plain" in text_in(screen.list)


async def test_a_result_is_put_into_the_inspectors_bars_if_it_is_of_the_open_model(
    weights: str,
) -> None:
    old = made_result(weights, data="old", scores=[0.11] * 13)
    new = made_result(weights, data="new", scores=[0.22] * 13, created="2026-02-01T00:00:00+00:00")
    stored(old, new, made_result("plain", model="plain"))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        screen = await opened(pilot, app)
        screen.list.select(old.identity)
        await press(pilot, "b")
        assert re.search("● NEL +toy +old", text_in(screen.list))
        await press(pilot, "q")
        assert app.screen is app.inspector
        assert "11.0" in text_in(app.inspector.probes)
        screen = await opened(pilot, app)
        screen.list.select(made_result("plain", model="plain").identity)
        await press(pilot, "b")
        assert "none" in messages_of(app)[-1]


async def test_a_result_is_removed_only_after_a_yes(weights: str) -> None:
    result = made_result(weights)
    stored(result)
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await opened(pilot, app)
        await press(pilot, "x")
        assert isinstance(app.screen, AskScreen)
        await press(pilot, "n")
        assert store.stored()[0] == [result]
        await press(pilot, "x", "y")
        await until(pilot, lambda: app.probes.results == (), "the list without it")
        await settle(pilot)
        assert store.stored()[0] == []
        assert "no result yet" in text_of(app)
        for key in ("enter", "b", "x"):
            await press(pilot, key)
            assert "no result is selected" in messages_of(app)[-1]


async def test_folded_the_facts_take_the_pictures_place(weights: str) -> None:
    stored(*family(weights))
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        screen = await opened(pilot, app)
        assert screen.curves.region.area
        assert not screen.facts.region.area
        await press(pilot, "tab")
        assert screen.facts.region.area
        assert not screen.curves.region.area
        await pilot.resize_terminal(60, 20)
        await settle(pilot)
        top = text_in(screen.facts)
        await press(pilot, "pagedown")
        assert text_in(screen.facts) != top
        await press(pilot, "pageup", "shift+tab")
        assert screen.curves.region.area
        assert all(len(line) == 60 for line in lines_of(app))


# -- labels ------------------------------------------------------------------------------------


async def test_labels_have_their_f1_at_the_layer_and_follow_it(weights: str) -> None:
    stored(made_result(weights, scores=RISING))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await opened(pilot, app)
        await press(pilot, "enter")
        screen = app.screen
        assert isinstance(screen, ProbeLabelsScreen)

        def f1() -> list[str]:
            return re.findall(r"(\d+\.\d) +33\.3", text_in(screen.labels))

        assert f1() == ["60.0", "30.0", "20.0"], "the best layer comes first"
        for key, layer in (("left", 11), ("h", 10), ("l", 11), ("home", 0), ("right", 1),
                           ("end", 12), ("home", 0), ("b", 12)):  # fmt: skip
            await press(pilot, key)
            assert f1()[0] == f"{100 * RISING[layer]:.1f}"
            assert f"layer {layer}/12" in text_of(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, ProbesScreen)


async def test_confusions_are_shares_of_the_gold_label(weights: str) -> None:
    stored(made_result(weights, scores=RISING))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await opened(pilot, app)
        await press(pilot, "enter", "home", "right", "right")  # layer 2: 20 right, 2 for each other
        screen = app.screen
        assert isinstance(screen, ProbeLabelsScreen)
        row = next(line for line in text_in(screen.confusions).splitlines() if "person┤" in line)
        assert re.findall(r"\.\d\d", row) == [".08", ".83", ".08"]
        await press(pilot, "down")
        assert re.search(r"person 83\.3, \w+ 8\.3, \w+ 8\.3 +\(targets of person\)", text_of(app))
        await press(pilot, "up", "pagedown", "pageup")
        assert "targets of place" in text_of(app)


async def test_the_scores_of_the_layer_stand_below(weights: str) -> None:
    stored(made_result(weights, scores=[0.6] * 13), made_result(weights, "ques", controls=False))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await opened(pilot, app)
        await press(pilot, "enter")
        shown = text_of(app)
        for text in (
            "60.0 (55.0 to 65.0), majority 25.0",
            "20.0, majority 50.0; micro-F1 30.0",
            "accuracy 10.0 on the control task, selectivity 10.0",
            "400 bits, 500 without a model",
            "centre of gravity 6.00 (std 0.25)",
        ):
            assert text in shown
        await press(pilot, "n")
        assert "question type" in text_of(app)
        assert "selectivity" not in text_of(app)
        await press(pilot, "N")
        assert "named entities" in text_of(app)


async def test_targets_with_several_labels_have_no_confusions(weights: str) -> None:
    stored(made_result(weights, single=False))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await opened(pilot, app)
        await press(pilot, "enter")
        assert "can have several labels" in text_of(app)
        assert "taken for" not in text_in(app.screen.facts)  # type: ignore[attr-defined]


async def test_enter_in_the_pane_leads_to_the_task_at_this_layer_and_esc_back(
    weights: str,
) -> None:
    stored(made_result(weights, "coref"))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await until(pilot, lambda: app.probes.results is not None, "the results")
        app.inspector.activate("probes")
        await press(pilot, "3", "g", "down", "enter")
        assert isinstance(app.screen, ProbeLabelsScreen)
        assert "coreference" in text_of(app)
        assert "layer 3/12" in text_of(app)
        await press(pilot, "q")
        assert app.screen is app.inspector
        await press(pilot, "up", "enter")
        assert isinstance(app.screen, ProbesScreen), "that task was not probed"
        await press(pilot, "escape")
        assert app.screen is app.inspector


async def test_many_labels_show_as_many_confusions_as_there_is_room_for(weights: str) -> None:
    stored(made_result(weights, labels=[f"label {n}" for n in range(50)]))
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await opened(pilot, app)
        await press(pilot, "enter", "tab")
        assert re.search(r"the \d+ most frequent of 50 labels", text_of(app))
        await press(pilot, "shift+tab", "pagedown", "pagedown")
        assert "targets of label" in text_of(app)


async def test_help_and_themes_reach_both_screens(weights: str) -> None:
    stored(*family(weights))
    app, _ = fake_app()
    async with app.run_test(size=(100, 200)) as pilot:
        await ready(pilot)
        await opened(pilot, app)
        await press(pilot, "question_mark")
        assert text_of(app).index("Probes, after P") < text_of(app).index("Layers")
        await press(pilot, "escape")
        app.choose_theme("paper")
        await press(pilot, "enter", "question_mark")
        assert text_of(app).index("Labels of a probe") < text_of(app).index("Layers")
        await press(pilot, "escape")
        app.choose_theme("dusk")
        await settle(pilot)
        offered = {command.title for command in app.get_system_commands(app.screen)}
        assert "The model's next task" in offered


async def test_a_terminal_too_small_says_so(weights: str) -> None:
    stored(*family(weights))
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await opened(pilot, app)
        await pilot.resize_terminal(50, 15)
        await settle(pilot)
        assert "at least 60×20" in text_of(app)
        await pilot.resize_terminal(60, 20)
        await settle(pilot)
        await press(pilot, "enter", "tab")
        assert all(len(line) == 60 for line in lines_of(app))


async def test_names_cannot_paint_the_screen(weights: str) -> None:
    bad = "\x1b[31m[red]x[/red]\x1b[0m"
    stored(made_result(weights, data=bad, labels=(bad, "b", "c")))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await opened(pilot, app)
        assert "\x1b" not in text_of(app)
        await press(pilot, "m", "enter")
        assert "\x1b" not in text_of(app)
        assert "[red]" in text_of(app)


async def test_a_store_that_cannot_be_read_is_told(
    weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise BertscopeError("the disk is gone")

    monkeypatch.setattr(store, "stored", broken)
    app, _ = fake_app(models=[model_info()])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await opened(pilot, app)
        assert any("the disk is gone" in one for one in messages_of(app))


@pytest.mark.parametrize("size", [SMALL, MEDIUM], ids="{0[0]}x{0[1]}".format)
async def test_the_screens_as_pictures(weights: str, size: tuple[int, int]) -> None:
    stored(*family(weights))
    app, _ = fake_app()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await opened(pilot, app)
        compare_svg(app, f"probes-{size[0]}x{size[1]}")
        await press(pilot, "m")
        compare_svg(app, f"probes-heat-{size[0]}x{size[1]}")
        await press(pilot, "enter")
        compare_svg(app, f"probe-labels-{size[0]}x{size[1]}")


async def test_the_screens_in_ascii_as_text(weights: str) -> None:
    stored(*family(weights))
    app, _ = fake_app(options={"ascii": True})
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await opened(pilot, app)
        assert text_of(app).isascii()
        compare_text(app, "probes-ascii")
        await press(pilot, "m")
        assert text_of(app).isascii()
        await press(pilot, "enter", "tab")
        assert text_of(app).isascii()
        compare_text(app, "probe-labels-ascii")
