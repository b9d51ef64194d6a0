"""Probing from the app: the form, how far the work is, how it ends and how it is stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bertscope_tui.data.probing.records import PROBE_TASKS
from bertscope_tui.inspection.probe_run import (
    ProbeAdvanced,
    ProbeEnded,
    ProbeKept,
    ProbeRequest,
    ProbeSource,
)
from bertscope_tui.models.card import Card, write_card
from bertscope_tui.probes import store
from bertscope_tui.probes.records import ProbeProgress
from bertscope_tui.tui.app import BertscopeApp
from bertscope_tui.tui.screens.ask import AskScreen
from bertscope_tui.tui.screens.probe_form import ProbeForm
from bertscope_tui.tui.screens.probes import ProbesScreen
from tests.tiny_models import tiny_folder
from tests.tui.fakes import FakeService
from tests.tui.made_probes import made_model, made_result, stored
from tests.tui.snapshots import compare_text
from tests.tui.support import (
    MEDIUM,
    SMALL,
    fake_app,
    messages_of,
    press,
    ready,
    real_app,
    settle,
    text_in,
    text_of,
    until,
    write_jsonl,
)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The hash of the weights of the fakes' model, which lies in the working directory."""
    monkeypatch.chdir(tmp_path)
    return made_model(tmp_path)


def with_base(folder: Path) -> None:
    """Give the fakes' model a card that names a model beside it."""
    made_model(folder, "plain", seed=1)
    place = folder / "made" / "plain"
    (place / "config.json").write_text('{"model_type": "bert"}')
    write_card(folder / "made" / "toy", Card("toy", base="plain", base_path=str(place)))


async def form_of(pilot: object, app: BertscopeApp) -> ProbeForm:
    """Open the form from the screen of probes."""
    await press(pilot, "P", "a")  # type: ignore[arg-type]
    await until(pilot, lambda: isinstance(app.screen, ProbeForm), "the form")  # type: ignore[arg-type]
    await settle(pilot)  # type: ignore[arg-type]
    assert isinstance(app.screen, ProbeForm)
    return app.screen


async def begun(pilot: object, app: BertscopeApp, fake: FakeService) -> ProbeRequest:
    """Begin with what the form has at first."""
    await form_of(pilot, app)
    await press(pilot, "enter")  # type: ignore[arg-type]
    return fake.probed[-1]


def progress(job: int = 0, done: int = 30, left: float | None = None) -> ProbeAdvanced:
    """How far a made-up work is."""
    at = ProbeProgress("toy", "nel", "made", job, 10, "probes", done, 100, 75.0)
    return ProbeAdvanced(at, left)


# -- the form ----------------------------------------------------------------------------------


async def test_enter_probes_the_open_model_and_its_base_on_all_bundled_examples(
    weights: str, tmp_path: Path
) -> None:
    with_base(tmp_path)
    app, fake = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        request = await begun(pilot, app, fake)
        assert isinstance(app.screen, ProbesScreen)
        assert request.entry is app.session.model_entry
        assert request.sources == tuple(ProbeSource(task) for task in PROBE_TASKS)
        assert request.base is not None
        assert request.base.name == "plain"
        assert not request.random
        assert request.options.seeds == 3
        assert request.options.controls
        assert request.jobs == 10


async def test_every_choice_of_the_form_is_in_the_request(weights: str, tmp_path: Path) -> None:
    with_base(tmp_path)
    trec = tmp_path / "train_5500.label"
    trec.write_text("HUM:ind Who left ?\n")
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await form_of(pilot, app)
        await press(pilot, "right", "down", "left", "tab", "right", "down")  # only the last two
        await press(pilot, "space")
        await press(pilot, *str(trec), "enter")
        await settle(pilot)
        await press(pilot, "down", "down", "right")  # fine labels
        await press(pilot, "down", "right")  # not the base
        await press(pilot, "down", "right")  # random weights
        await press(pilot, "down", "backspace", "5")
        await press(pilot, "down", "right", "down", "right")  # no controls, another pooling
        await press(pilot, "down", *"1,000", "down", "right", "enter")
        (request,) = fake.probed
        assert request.sources == (ProbeSource("ques", trec, fine=True), ProbeSource("sup"))
        assert request.base is None
        assert request.random
        assert request.again
        options = request.options
        assert (options.seeds, options.controls, options.limit) == (5, False, 1000)
        assert options.settings.pooling == "mean"
        fake.tell_probes(ProbeEnded(0, 4, stopped=True))
        await settle(pilot)
        again = await begun(pilot, app, fake)
        assert again == replace(request, again=False), "the same choices go on"


async def test_what_is_wrong_is_said_at_its_field_and_nothing_begins(weights: str) -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await form_of(pilot, app)
        await press(pilot, "space", *"/no/such/file", "enter")
        assert "there is no such file or folder" in text_of(app)
        await press(pilot, "enter")
        assert not fake.probed
        await press(pilot, *["right"] * 2)  # from the path on to the bundled ones and to none
        for _ in PROBE_TASKS[1:]:
            await press(pilot, "down", "right")
        await press(pilot, "enter")
        assert "one task at least" in text_of(app)
        await press(pilot, "left", *["down"] * 7, "backspace", "0", "enter")
        assert "a whole number from 1 to 100" in text_of(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, ProbesScreen)
        assert not fake.probed


async def test_a_model_without_a_base_says_so_in_the_form(weights: str) -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await form_of(pilot, app)
        assert "it has none" in text_of(app)
        compare_text(app, "probe-form")


async def test_without_a_model_there_is_nothing_to_probe() -> None:
    app, _ = fake_app(held=["model"])
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "P", "a")
        assert "open a model first" in messages_of(app)[-1]


# -- at work -----------------------------------------------------------------------------------


async def test_how_far_it_is_stands_in_the_status_lines(weights: str) -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await begun(pilot, app, fake)
        assert "probing: reading" in text_of(app)
        fake.tell_probes(progress())
        await settle(pilot)
        assert "probing 1/10 NEL toy: probes 30% at most 1:15 left of it" in text_of(app)
        await press(pilot, "q")
        fake.tell_probes(progress(job=2, done=50, left=610.0))
        await settle(pilot)
        assert "probing 3/10 NEL toy: probes 50% 10:10 left" in text_of(app)


async def test_nothing_asks_for_probes_while_they_are_trained(weights: str) -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await begun(pilot, app, fake)
        assert "a probes the open model" not in text_of(app)
        assert "it is being probed" in text_of(app)
        await press(pilot, "q")
        assert "this model is being probed" in text_in(app.inspector.probes)
        result = made_result(weights, scores=[0.11] * 13)
        stored(result)
        fake.tell_probes(ProbeKept(result, 1, 10))
        await until(pilot, lambda: app.probes.results == (result,), "the result")
        await settle(pilot)
        assert "not probed yet" in text_in(app.inspector.probes)
        assert "P, then a" not in text_in(app.inspector.probes)
        fake.tell_probes(ProbeEnded(1, 10, stopped=True))
        await settle(pilot)
        await until(
            pilot, lambda: "P, then a" in text_in(app.inspector.probes), "what is not probed"
        )


async def test_a_result_is_shown_as_soon_as_it_is_there(weights: str) -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await begun(pilot, app, fake)
        result = made_result(weights, scores=[0.11] * 13)
        stored(result)
        fake.tell_probes(ProbeKept(result, 1, 10))
        await until(pilot, lambda: app.probes.results == (result,), "the result")
        await settle(pilot)
        assert "11.0" in text_of(app)
        await press(pilot, "escape")
        assert "11.0" in text_in(app.inspector.probes)


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (ProbeEnded(10, 10), "probing is done: 10 results"),
        (ProbeEnded(3, 10, stopped=True), "stopped with 3 of 10 results"),
        (ProbeEnded(2, 10, error="f.txt: not a known format"), "f.txt: not a known format"),
    ],
    ids=["done", "stopped", "failed"],
)
async def test_how_it_ended_is_told(weights: str, ended: ProbeEnded, words: str) -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await begun(pilot, app, fake)
        fake.tell_probes(ended)
        await settle(pilot)
        assert words in messages_of(app)[-1]
        assert app.probes.words == ""
        await begun(pilot, app, fake)
        assert len(fake.probed) == 2, "there can be another one now"


async def test_s_stops_it_after_a_yes_and_so_does_esc_in_the_inspector(weights: str) -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "P", "s")
        assert "nothing is being probed" in messages_of(app)[-1]
        await begun(pilot, app, fake)
        probing = fake.probing
        assert probing is not None
        await press(pilot, "s")
        assert isinstance(app.screen, AskScreen)
        await press(pilot, "n")
        assert not probing._stop.is_set()
        await press(pilot, "q", "escape")
        assert isinstance(app.screen, AskScreen)
        assert "Stop probing toy?" in text_of(app)
        await press(pilot, "y")
        assert probing._stop.is_set()


async def test_one_probing_at_a_time(weights: str) -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await begun(pilot, app, fake)
        await press(pilot, "a")
        assert "toy is being probed" in messages_of(app)[-1]
        assert len(fake.probed) == 1


# -- with the engine ---------------------------------------------------------------------------


async def test_a_real_model_is_probed_while_the_inspector_goes_on(tmp_path: Path) -> None:
    records = [
        {"id": f"q{n}", "question": f"Who left {n} ?", "context": "Mary left the mill. John slept.",
         "answers": [{"text": "Mary", "start": 0}]}
        for n in range(3)
    ]  # fmt: skip
    app = real_app(tiny_folder("bert"), write_jsonl(tmp_path, records))
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await form_of(pilot, app)
        for _ in PROBE_TASKS[:-1]:
            await press(pilot, "right", "down")
        await press(pilot, *["down"] * 3, "backspace", "1", "down", "right", "down", "down")
        await press(pilot, *"60", "enter", "q")
        assert app.probes.words
        await press(pilot, "left", "down")
        await ready(pilot)
        await until(pilot, lambda: not app.probes.words, "the end")
        await until(pilot, lambda: app.probes.results_of_open_model(), "the result")
        assert "probing is done: 1 result," in messages_of(app)[-1]
        (result,) = app.probes.results_of_open_model()
        assert (result.identity.task, result.options.seeds, result.options.limit) == ("sup", 1, 60)
        assert store.stored()[0] == [result]
        await settle(pilot)
        layer = app.inspector.at_layer
        assert layer is not None
        score = result.layers[layer].macro_f1
        assert f"{100 * score:.1f}" in text_in(app.inspector.probes)
