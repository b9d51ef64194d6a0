"""The probes asked about the open sample: beside the text and in the list of tokens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Static

from bertscope_tui.data.probing.records import ProbeTask
from bertscope_tui.inspection.probing import probe_sample
from bertscope_tui.probes import store
from bertscope_tui.probes.run import probe
from bertscope_tui.tui.app import BertscopeApp
from tests.tiny_models import tiny_folder, tiny_model
from tests.tui.fakes import FakeService, dataset_of, model_info, sample_of
from tests.tui.made_probes import made_model, made_result, stored
from tests.tui.made_sample_probes import fact_chance, made_sample_probes
from tests.tui.snapshots import compare_svg, compare_text
from tests.tui.support import (
    MEDIUM,
    SMALL,
    check_layout,
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
from tests.unit.probes.made import QUICK, entities

SAMPLES = [sample_of(n, words=24) for n in range(4)]
TASKS: tuple[ProbeTask, ...] = ("nel", "ques", "sup")


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The hash of the weights of the fakes' model, which lies in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BERTSCOPE_CACHE", str(tmp_path / "cache"))
    return made_model(tmp_path)


def app_with_probes(weights: str, **more: Any) -> tuple[BertscopeApp, FakeService]:
    """Return an app whose model has results for all three tasks."""
    stored(*(made_result(weights, task) for task in TASKS))
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)], **more)
    fake.derived["probes"] = made_sample_probes(fake.extraction(SAMPLES[0]), weights)
    return app, fake


async def probed(pilot: Pilot[Any], *keys: str) -> BertscopeApp:
    """Ask the probes, go to layer 6 if no other keys are said, and return the app."""
    app = await ready(pilot)
    await until(pilot, lambda: app.probes.results_of_open_model(), "the results")
    await press(pilot, "A", *(keys or ("6", "g")))
    return app


def words_in(app: BertscopeApp) -> str:
    """Return the text pane on one line."""
    lines = [line.strip("│┃ ") for line in text_in(app.inspector.text).splitlines()]
    return " ".join(lines)


async def test_the_text_has_the_chance_of_every_sentence_and_the_type_of_the_question(
    weights: str,
) -> None:
    app, _ = app_with_probes(weights)
    async with app.run_test(size=(160, 60)) as pilot:
        await probed(pilot)
        app.inspector.action_zoom_pane()
        app.inspector.activate("text")
        app.inspector.action_zoom_pane()
        await settle(pilot)
        text = text_in(app.inspector.text)
        sample = SAMPLES[0]
        for place, sentence in enumerate(sample.sentences):
            chance = fact_chance(6, place)
            glyph = "●" if chance >= 0.5 else "·"
            first = sentence.of(sample.context).split()[0]
            mark = f"[{glyph}{chance:.2f}]" if place == 0 else f" {glyph}{chance:.2f}"
            assert re.search(rf"{re.escape(mark)} {first}", text), place
        assert "probes layer 6: question" in text
        assert "1 of 1 facts found" in text
        assert "layer 6: " in text.splitlines()[-1]  # in sight wherever the text is scrolled to


async def test_the_key_is_answered_where_text_and_tokens_are_folded_away(weights: str) -> None:
    app, _ = app_with_probes(weights)
    async with app.run_test(size=SMALL) as pilot:
        await probed(pilot)
        assert not app.inspector.text.display
        (said,) = [one for one in messages_of(app) if "facts found" in one]
        assert "Tab leads to the text" in said
        await press(pilot, "tab", "A", "A")
        assert app.inspector.text.display
        assert sum("facts found" in one for one in messages_of(app)) == 1


async def test_text_that_was_folded_away_says_what_holds_at_the_layer_when_it_comes_back(
    weights: str,
) -> None:
    app, _ = app_with_probes(weights)
    async with app.run_test(size=SMALL) as pilot:
        await probed(pilot)
        await press(pilot, "left", "left")
        assert not app.inspector.text.display
        await press(pilot, "tab")
        assert app.inspector.text.display
        assert "probes layer 4:" in words_in(app)
        await press(pilot, "shift+tab", "end", "tab")
        assert "probes layer 12:" in words_in(app)
        body = app.inspector.text.query_one("#text-body", Static)
        assert isinstance(body.content, Content)
        assert body.size.height == len(body.content.wrap(body.size.width))


async def test_another_layer_shows_what_is_said_there_without_asking_again(weights: str) -> None:
    app, fake = app_with_probes(weights)
    async with app.run_test(size=MEDIUM) as pilot:
        await probed(pilot)
        assert "1 of 1 facts found" in words_in(app)
        assert "[●0.50]" in words_in(app)
        await press(pilot, "left")
        assert "0 of 1 facts found" in words_in(app)
        assert "[·0.42]" in words_in(app)
        assert "layer 5" in text_in(app.inspector.tokens)
        await press(pilot, "end")
        assert "[●1.00]" in words_in(app)
        assert [one.kind for one in fake.requests].count("probes") == 1


async def test_the_text_has_room_for_all_its_lines_where_the_next_layer_says_more(
    weights: str,
) -> None:
    app, fake = app_with_probes(weights)
    fake.derived["probes"] = made_sample_probes(
        fake.extraction(SAMPLES[0]),
        weights,
        types=("NUM", "HUM", "of many words " * 12, "of as many words " * 12),
    )
    async with app.run_test(size=MEDIUM) as pilot:
        await probed(pilot)
        body, heights = app.inspector.text.query_one("#text-body", Static), set()
        for _ in range(6):
            await press(pilot, "l")
            content = body.content
            assert isinstance(content, Content)
            assert body.size.height == len(content.wrap(body.size.width))
            heights.add(body.size.height)
        assert len(heights) > 1, heights


async def test_tokens_have_the_label_of_their_word_and_the_chance_of_their_sentence(
    weights: str,
) -> None:
    app, fake = app_with_probes(weights)
    async with app.run_test(size=MEDIUM) as pilot:
        await probed(pilot)
        said = app.inspector.sample_probes
        assert said is not None
        tokens = text_in(app.inspector.tokens)
        assert "entity, fact, layer 6" in tokens
        extraction = fake.extraction(SAMPLES[0])
        seen = 0
        for line in tokens.splitlines():
            match = re.match(r"[│┃][ >~] *(\d+) \S (\S+)", line)
            if match is None:
                continue
            token = int(match[1])
            found = said.entity(6, token)
            sentence = extraction.sentences[token]
            if found is None:
                assert not re.search(r"(place|person|thing) +\d", line)
            else:
                seen += 1
                assert f"{found[0]:<9} {found[1]:.2f}" in line
            if sentence is not None:
                assert re.search(rf"[●·]{fact_chance(6, sentence):.2f}", line)
        assert seen > 5


async def test_a_selected_token_has_its_word_named_beside_the_text(weights: str) -> None:
    app, fake = app_with_probes(weights)
    async with app.run_test(size=MEDIUM) as pilot:
        await probed(pilot)
        extraction = fake.extraction(SAMPLES[0])
        said = app.inspector.sample_probes
        assert said is not None
        token = next(n for n, word in enumerate(said.word_of) if word is not None)
        app.inspector.select(token)
        app.inspector.text.scroll_home(animate=False)
        await settle(pilot)
        label, chance = said.entity(6, token) or ("", 0)
        word = extraction.tokens[token].text.rstrip(".")
        assert f"'{word}' {label} {chance:.2f}" in words_in(app)


async def test_the_same_key_hides_what_the_probes_say(weights: str) -> None:
    app, fake = app_with_probes(weights)
    async with app.run_test(size=MEDIUM) as pilot:
        app = await ready(pilot)
        before = text_in(app.inspector.text), text_in(app.inspector.tokens)
        await probed(pilot, "end")
        assert text_in(app.inspector.tokens) != before[1]
        await press(pilot, "A")
        app.inspector.text.scroll_home(animate=False)
        await settle(pilot)
        assert text_in(app.inspector.tokens) == before[1]
        assert "probes" not in words_in(app)
        assert app.inspector.sample_probes is None
        await press(pilot, "A")
        assert [one.kind for one in fake.requests].count("probes") == 2


async def test_without_probes_one_line_says_how_to_get_some(weights: str) -> None:
    stored(made_result(weights, "rel"), made_result("another", "nel"))
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=MEDIUM) as pilot:
        await probed(pilot, "end")
        assert "P, then a, trains some (or bertscope-tui probe)" in messages_of(app)[-1]
        assert "probes" not in [one.kind for one in fake.requests]
        assert "entity, fact" not in text_of(app)


async def test_the_next_sample_is_asked_about_too_and_shows_nothing_of_the_one_before(
    weights: str,
) -> None:
    app, fake = app_with_probes(weights)
    async with app.run_test(size=MEDIUM) as pilot:
        await probed(pilot)
        fake.held.add("probes")
        await press(pilot, "down")
        await ready(pilot)
        assert app.inspector.sample_probes is None
        assert "asking them …" in words_in(app)
        assert "entity, fact" not in text_of(app)
        fake.derived["probes"] = made_sample_probes(fake.extraction(SAMPLES[1]), weights)
        fake.answer(fake.last("probes"))
        await settle(pilot)
        assert app.inspector.sample_probes is fake.derived["probes"]
        assert "layer 6: question" in words_in(app)


async def test_what_was_called_off_or_did_not_work_can_be_asked_again(weights: str) -> None:
    app, fake = app_with_probes(weights, held=["probes"])
    async with app.run_test(size=MEDIUM) as pilot:
        await probed(pilot)
        await press(pilot, "escape")
        fake.answer(fake.last("probes"))
        await settle(pilot)
        assert "nothing was said: A asks again" in words_in(app)
        await press(pilot, "A")
        fake.fail(fake.last("probes"), "made/x.safetensors: cannot be read")
        await settle(pilot)
        assert "cannot be read" in messages_of(app)[-1]
        assert "nothing was said: A asks again" in words_in(app)
        await press(pilot, "A")
        fake.answer(fake.last("probes"))
        await settle(pilot)
        assert "layer 6: question" in words_in(app)


async def test_other_results_of_the_model_are_asked_in_their_turn(weights: str) -> None:
    app, fake = app_with_probes(weights)
    async with app.run_test(size=MEDIUM) as pilot:
        await probed(pilot)
        stored(made_result(weights, "nel", data="newer", created="2026-02-02T00:00:00+00:00"))
        app.probes.read()
        await until(
            pilot,
            lambda: [one.kind for one in fake.requests].count("probes") == 2,
            "the probes to be asked again",
        )
        app.probes.read()  # nothing new this time
        await until(pilot, lambda: app.probes._reading is None, "the store")
        await settle(pilot)
        assert [one.kind for one in fake.requests].count("probes") == 2


async def test_another_model_is_asked_with_its_own_probes_or_says_that_it_has_none(
    weights: str, tmp_path: Path
) -> None:
    made_model(tmp_path, "plain", seed=1)
    app, fake = app_with_probes(weights, models=[model_info(), model_info("plain")])
    async with app.run_test(size=MEDIUM) as pilot:
        await probed(pilot)
        app.inspector.open_model("plain")
        await ready(pilot)
        await until(pilot, lambda: app.probes.lineage is not None, "the other model's results")
        await settle(pilot)
        assert app.inspector.sample_probes is None
        assert "plain has no probes" in words_in(app)
        app.inspector.open_model("toy")
        await until(pilot, lambda: app.inspector.sample_probes is not None, "the probes")
        assert [one.kind for one in fake.requests].count("probes") == 2


async def test_text_from_labels_is_shown_and_never_obeyed(weights: str) -> None:
    app, fake = app_with_probes(weights)
    fake.derived["probes"] = made_sample_probes(
        fake.extraction(SAMPLES[0]),
        labels=("[red]a\x1b[2J", "[/]", "\u202eb"),
        types=("[bold]x\x07", "[@click=app.quit]q[/]", "[/nope]"),
    )
    async with app.run_test(size=MEDIUM) as pilot:
        await probed(pilot)
        text = text_of(app)
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)
        assert "[/nope]" in text or "[bold]x␇" in text or "[@click" in text
        assert "[red]a␛" in text or "[/]" in text


async def test_a_token_that_is_chosen_is_in_sight_behind_all_the_marks(weights: str) -> None:
    samples = [sample_of(0, words=300)]
    stored(*(made_result(weights, task) for task in TASKS))
    app, fake = fake_app(datasets=[dataset_of(samples)])
    fake.derived["probes"] = made_sample_probes(fake.extraction(samples[0]), weights)
    async with app.run_test(size=MEDIUM) as pilot:
        await probed(pilot)
        extraction = fake.extraction(samples[0])
        for token in (30, 150, 290, 299, 60):
            app.inspector.select(token)
            sentence = extraction.sentences[token]
            assert sentence is not None
            sought = f"{fact_chance(6, sentence):.2f}", extraction.tokens[token].text
            await until(
                pilot,
                lambda sought=sought: all(one in text_in(app.inspector.text) for one in sought),
                f"token {token} to be in sight",
            )


@pytest.mark.parametrize("size", [(60, 20), SMALL, MEDIUM], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_every_size_has_room_for_it_and_ascii_has_marks_of_its_own(
    weights: str, size: tuple[int, int], ascii_only: bool
) -> None:
    app, _ = app_with_probes(weights, options={"ascii": ascii_only})
    async with app.run_test(size=size) as pilot:
        await probed(pilot)
        app.inspector.select(8)
        for pane in ("text", "tokens"):
            app.inspector.activate(pane)
            await settle(pilot)
            check_layout(app)
            shown = text_in(app.inspector.query_one(f"#{pane}"))
            assert ("o0.50" if ascii_only else "●0.50") in shown
            if ascii_only:
                assert shown.isascii() or not re.search("[●·…]", shown)


async def test_the_real_engine_says_what_the_probes_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERTSCOPE_CACHE", str(tmp_path / "cache"))
    result = probe(tiny_model("bert"), entities(), QUICK)
    store.keep(result)
    context = "Mary carried a basket of pears. John left the kitchen and dropped the apple."
    record = {"id": "a", "question": "Who left?", "context": context, "answers": ["John"]}
    path = write_jsonl(tmp_path, [record])
    app = real_app(tiny_folder("bert"), path)
    async with app.run_test(size=MEDIUM) as pilot:
        await probed(pilot, "1", "g")
        await until(pilot, lambda: app.inspector.sample_probes is not None, "the probes")
        said, extraction = app.inspector.sample_probes, app.session.extraction
        assert said is not None
        assert extraction is not None
        expected = probe_sample(extraction, [result.result])
        assert said.entities is not None
        assert expected.entities is not None
        np.testing.assert_array_equal(said.entities.chances, expected.entities.chances)
        label, chance = expected.entity(1, extraction.roles.index("answer")) or ("", 0)
        app.inspector.select(extraction.roles.index("answer"))
        await settle(pilot)
        assert f"{label:<9} {chance:.2f}" in text_in(app.inspector.tokens)
        assert app.session.close(10)


@pytest.mark.parametrize("size", [SMALL, MEDIUM], ids="{0[0]}x{0[1]}".format)
async def test_it_looks_as_it_did_when_it_was_looked_at(
    weights: str, size: tuple[int, int]
) -> None:
    app, _ = app_with_probes(weights)
    async with app.run_test(size=size) as pilot:
        await probed(pilot)
        if size == SMALL:
            app.inspector.activate("text")
            await settle(pilot)
        compare_svg(app, f"probe-sample-{size[0]}x{size[1]}")


async def test_it_looks_as_it_did_in_ascii(weights: str) -> None:
    app, _ = app_with_probes(weights, options={"ascii": True})
    async with app.run_test(size=(100, 30)) as pilot:
        await probed(pilot, "7", "g", "t")
        compare_text(app, "probe-sample-ascii")
