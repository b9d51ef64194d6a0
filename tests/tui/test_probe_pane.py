"""The pane of probes: bars of the open model at this layer, and what they are held against."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bertscope_tui.models.card import Card, write_card
from bertscope_tui.tui.app import BertscopeApp
from tests.tui.fakes import dataset_of, entry_of, model_info, sample_of
from tests.tui.made_probes import made_model, made_result, stored
from tests.tui.snapshots import compare_svg, compare_text
from tests.tui.support import (
    MEDIUM,
    SMALL,
    fake_app,
    messages_of,
    press,
    ready,
    settle,
    text_in,
    until,
)

TASKS = ("nel", "coref", "rel", "ques", "sup")
RISING = [layer / 20 for layer in range(13)]


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The hash of the weights of the fakes' model, which lies in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BERTSCOPE_CACHE", str(tmp_path / "cache"))
    return made_model(tmp_path)


def tuned_from(folder: Path, sha256: str, *, there: bool) -> None:
    """Say on the card of the fakes' model that it comes from these weights, ``there`` or gone."""
    card = Card("toy", base="plain", base_sha256=sha256)
    if there:
        (folder / "made" / "plain" / "config.json").write_text('{"model_type": "bert"}')
        card = replace(card, base_path=str(folder / "made" / "plain"), base_sha256=None)
    write_card(folder / "made" / "toy", card)


async def shown(pilot: object, app: BertscopeApp) -> str:
    """Return the pane as soon as the store was read."""
    await until(pilot, lambda: app.probes.results is not None, "the results")  # type: ignore[arg-type]
    await settle(pilot)  # type: ignore[arg-type]
    return text_in(app.inspector.probes)


def line_of(pane: str, task: str) -> str:
    return next(line for line in pane.splitlines() if task.upper() in line)


def bar_of(line: str) -> int:
    """Return how many cells of a line are filled."""
    return len(re.findall("[█#]", line))


async def test_a_bar_is_as_long_as_macro_f1_and_moves_with_the_layer(weights: str) -> None:
    stored(made_result(weights, "nel", scores=RISING))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "end")
        at_last = line_of(await shown(pilot, app), "nel")
        assert "60.0" in at_last
        assert "25.0" in at_last, "the majority's score stands beside it"
        room = bar_of(at_last) / 0.6
        for layer in (0, 4, 8):
            await press(pilot, str(layer), "g")
            pane = text_in(app.inspector.probes)
            assert f"layer {layer}" in pane
            line = line_of(pane, "nel")
            assert f"{100 * RISING[layer]:.1f}" in line
            assert abs(bar_of(line) - RISING[layer] * room) <= 1.5


async def test_tasks_come_in_the_papers_order_and_say_where_they_were_not_probed(
    weights: str,
) -> None:
    stored(*(made_result(weights, task) for task in ("sup", "coref")))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        pane = await shown(pilot, app)
        assert re.findall("NEL|COREF|REL|QUES|SUP", pane) == [task.upper() for task in TASKS]
        for task in ("nel", "rel", "ques"):
            assert "not probed" in line_of(pane, task)


async def test_a_model_that_was_not_probed_says_how_to(weights: str) -> None:
    stored(made_result("of another model"))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        pane = await shown(pilot, app)
        assert "was not probed" in pane
        assert app.probes.results_of_open_model() == ()


@pytest.mark.parametrize("there", [True, False], ids=["there", "gone"])
async def test_the_base_has_a_mark_and_a_number_where_it_was_probed_on_the_same_data(
    weights: str, tmp_path: Path, there: bool
) -> None:
    base = made_model(tmp_path, "plain", seed=1)
    tuned_from(tmp_path, base, there=there)
    app, _ = fake_app()
    own = made_result(weights, "nel", scores=RISING)
    of_base = made_result(base, "nel", scores=[0.4] * 13, model="plain")
    stored(
        own,
        of_base,
        made_result(weights, "rel"),
        made_result(base, "rel", data="other data", model="plain"),
    )
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        pane = await shown(pilot, app)
        assert "40.0" in line_of(pane, "nel")
        assert "◆" in line_of(pane, "nel")
        assert "◆" not in line_of(pane, "rel"), "other data cannot be held against it"
        assert "◆ not tuned" in pane
        assert "◆ plain" in pane
        assert app.probes.base_results() == (of_base,)


async def test_a_base_that_was_not_probed_on_these_data_is_named(
    weights: str, tmp_path: Path
) -> None:
    tuned_from(tmp_path, "base", there=False)
    stored(made_result(weights), made_result("base", data="other", model="plain"))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        pane = await shown(pilot, app)
        assert "◆ plain: not probed on this" in pane
        assert "not tuned" not in pane


async def test_of_several_data_sets_the_newest_is_shown_unless_another_is_chosen(
    weights: str,
) -> None:
    old = made_result(weights, scores=[0.11] * 13, data="old", created="2026-01-01T00:00:00+00:00")
    new = made_result(weights, scores=[0.22] * 13, data="new", created="2026-02-01T00:00:00+00:00")
    stored(old, new)
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert "22.0" in await shown(pilot, app)
        app.probes.choose(old)
        await settle(pilot)
        assert "11.0" in await shown(pilot, app)
        app.probes.choose(new)
        assert app.probes.results_of_open_model() == (new,)


async def test_random_weights_are_no_results_of_the_model(weights: str) -> None:
    stored(made_result(weights, random=True))
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert "was not probed" in await shown(pilot, app)


async def test_another_model_shows_its_own_results(weights: str, tmp_path: Path) -> None:
    second = made_model(tmp_path, "second", seed=2)
    stored(
        made_result(weights, scores=[0.11] * 13),
        made_result(second, scores=[0.22] * 13, model="second"),
    )
    app, _ = fake_app(models=[model_info(), model_info("second")])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert "11.0" in await shown(pilot, app)
        app.inspector.open_model("second")
        await ready(pilot)
        await until(pilot, lambda: "22.0" in text_in(app.inspector.probes), "the other's")
        assert "11.0" not in text_in(app.inspector.probes)


async def test_while_a_model_is_opened_nothing_of_the_old_one_is_shown(weights: str) -> None:
    stored(made_result(weights, scores=[0.11] * 13))
    app, fake = fake_app(models=[model_info(), model_info("second")])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert "11.0" in await shown(pilot, app)
        fake.held.add("model")
        app.inspector.open_model("second")
        await settle(pilot)
        assert "11.0" not in text_in(app.inspector.probes)
        assert "no model is open" in text_in(app.inspector.probes)
        fake.answer(fake.last("model"))
        await ready(pilot)
        await until(pilot, lambda: not app.probes.looking, "the results")
        assert "was not probed" in await shown(pilot, app)


async def test_a_damaged_file_is_told_and_the_rest_is_shown(weights: str, tmp_path: Path) -> None:
    stored(made_result(weights, scores=[0.11] * 13))
    (tmp_path / "cache" / "probes" / "broken.json").write_text("{}")
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert "11.0" in await shown(pilot, app)
        assert [one for one in messages_of(app) if "broken.json" in one]
        app.probes.read()
        await settle(pilot)
        assert len([one for one in messages_of(app) if "broken.json" in one]) == 1


async def test_without_colour_every_mark_is_a_sign_of_its_own(weights: str, tmp_path: Path) -> None:
    tuned_from(tmp_path, "base", there=False)
    base = made_result("base", scores=[0.8] * 13, model="plain")
    stored(made_result(weights, scores=[0.5] * 13), base)
    app, _ = fake_app(options={"ascii": True})
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        pane = await shown(pilot, app)
        assert pane.isascii()
        line = line_of(pane, "nel")
        assert re.search(r"NEL +#+\|#+ +o +50\.0 o80\.0 \|25\.0", line), line


@pytest.mark.parametrize("size", [SMALL, MEDIUM], ids="{0[0]}x{0[1]}".format)
async def test_the_pane_as_a_picture(weights: str, tmp_path: Path, size: tuple[int, int]) -> None:
    info = model_info()
    app, _ = fake_app(
        models=[info],
        entries=[entry_of(info)],
        datasets=[dataset_of([sample_of(n, words=48) for n in range(12)])],
    )
    tuned_from(tmp_path, "base", there=False)
    stored(
        *(made_result(weights, task) for task in TASKS),
        *(made_result("base", task, model="plain", scores=[0.5] * 13) for task in TASKS[1:]),
    )
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await shown(pilot, app)
        app.inspector.activate("probes")
        await press(pilot, "3", "g")
        compare_svg(app, f"probe-pane-{size[0]}x{size[1]}")


async def test_the_pane_on_the_smallest_screen_as_text(weights: str) -> None:
    stored(*(made_result(weights, task) for task in TASKS))
    app, _ = fake_app()
    async with app.run_test(size=(60, 20)) as pilot:
        await ready(pilot)
        await shown(pilot, app)
        app.inspector.activate("probes")
        await settle(pilot)
        compare_text(app, "probe-pane-smallest")
