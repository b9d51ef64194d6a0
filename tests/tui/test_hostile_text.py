"""Nothing in a data set, a model's name or a file's name is obeyed by the screen."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bertscope_tui.data.records import Problem, QASample
from bertscope_tui.tui.app import BertscopeApp
from tests.tui.fakes import dataset_of, entry_of, model_info, sample_of
from tests.tui.support import (
    MEDIUM,
    SMALL,
    check_layout,
    drawn,
    fake_app,
    messages_of,
    press,
    ready,
    settle,
    text_in,
    text_of,
)

EVIL = (
    "[bold]x[/] [/b] \\[i] [@click=app.quit]q[/] "
    "\x1b[31mred\x1b[2J\x07\x9b5m\x00\r\n\ttab\x7f\u202e"
)
"""Markup, links, colours, erasing, bell, C1, NUL, line breaks and a bidirectional override."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")

LANGUAGES = {
    "emoji": "👍🏽 👨‍👩‍👧 family 🇩🇪 flag ❤️ heart ☺ end",
    "wide": "北京 は 日本語 の テキスト です 한국어 text",
    "right to left": "שלום עולם مرحبا بالعالم mixed טקסט",
    "combining": "e\u0301te\u0301 Z\u0335a\u0300\u0301\u0302lgo नमस्ते ภาษาไทย",
    "odd spaces": "a\u00a0b\u3000c\u2003d\u200be \u115f \u3164 f",
    "surrogates": "lone \ud800 and \udfff halves",
}


def evil_sample() -> QASample:
    """Return a sample with the evil text in every field."""
    sample = sample_of(
        0, question=EVIL, context=f"{EVIL} plain words here {EVIL}", sample_id=EVIL, answers=[EVIL]
    )
    return replace(sample, origin=replace(sample.origin, path=EVIL, record=EVIL), group=EVIL)


def check_harmless(app: BertscopeApp) -> None:
    """Assert that no segment on screen has a control character or something to click on."""
    for line in drawn(app):
        for segment in line:
            found = CONTROL.search(segment.text)
            assert not found, f"{found.group()!r} in {segment.text!r}" if found else ""
            assert segment.control is None
            if segment.style is not None:
                assert "@click" not in segment.style.meta
                assert segment.style.link is None
    check_layout(app)


@pytest.mark.parametrize("size", [SMALL, MEDIUM])
async def test_markup_and_escape_sequences_are_shown_and_not_obeyed(size: tuple[int, int]) -> None:
    dataset = replace(
        dataset_of([evil_sample(), sample_of(1)], name=EVIL, path="made/e.jsonl"),
        problems=(Problem(EVIL, EVIL),),
        skipped=1,
    )
    info = replace(
        model_info(EVIL), architecture=EVIL, model_type=EVIL, notes=(EVIL,), device=EVIL, dtype=EVIL
    )
    app, _ = fake_app(
        datasets=[dataset],
        models=[info],
        entries=[entry_of(info), entry_of(replace(info, name="b"), problem=EVIL)],
        wrong=[EVIL],
    )
    async with app.run_test(size=size, notifications=True) as pilot:
        await ready(pilot)
        for keys in [
            [],
            ["tab"],
            ["tab", "z"],
            ["z", "t", "s"],
            ["end", "up", "up"],
            ["tab", "c"],
            ["tab", "c"],
            ["n"],
            ["m"],
            ["escape", "d"],
            ["escape", "slash", "left_square_bracket", "b", "enter"],
        ]:
            await press(pilot, *keys)
            check_harmless(app)
        assert app.is_running


async def test_markup_shows_literally_in_every_pane() -> None:
    dataset = dataset_of([evil_sample()], name="[bold]set")
    app, _ = fake_app(datasets=[dataset], models=[model_info("[bold]model")])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        screen = app.inspector
        extraction = app.session.extraction
        assert extraction is not None
        screen.select([token.text for token in extraction.tokens].index("[bold]x[/]"))
        await settle(pilot)
        assert "[bold]model ▸ [bold]set" in text_of(app).splitlines()[0]
        assert "[bold]model" in text_in(screen.picker)
        assert "[bold]set" in text_in(screen.picker)
        assert "[bold]x[/]" in text_in(screen.samples)
        text = text_in(screen.text)
        assert text.startswith("╭─ text [bold]x[/] [/b] \\[i] [@click=app"), text
        assert "★ [bold]x[/] [/b] \\[i] [@click=app.quit]q[/] ␛[31mred␛[2J␇�5m␀" in text
        assert "[bold]x[/]" in text_in(screen.tokens)
        assert "nearest '[bold]x[/]'" in text_in(screen.neighbours)
        assert "[bold]x[/]" in text_in(screen.layer_bar)
        await press(pilot, "slash", "left_square_bracket", *"bold", "right_square_bracket", "enter")
        assert "samples 1 of 1 with '[bold]'" in text_in(screen.samples)
        await press(pilot, "m")
        assert "[bold]model" in text_of(app)


async def test_notifications_show_markup_literally_title_and_text() -> None:
    dataset = replace(
        dataset_of(2, name="[bold]set\x1b[31m"),
        problems=(Problem("[red]line 3\x1b[0m", "[blue]no answer"),),
        skipped=1,
    )
    app, _ = fake_app(datasets=[dataset])
    async with app.run_test(size=MEDIUM, notifications=True) as pilot:
        await ready(pilot)
        await settle(pilot)
        text = " ".join(text_of(app).split())
        assert "[red]line 3␛[0m" in text
        assert "[blue]no" in text
        assert "[bold]set␛[31m" in text
        assert len(messages_of(app)) == 1
        check_harmless(app)


async def test_an_error_message_is_one_harmless_line() -> None:
    app, fake = fake_app(held=["model"])
    async with app.run_test(size=MEDIUM, notifications=True) as pilot:
        await settle(pilot)
        fake.fail(fake.last("model"), f"toy: {EVIL}")
        await settle(pilot)
        await settle(pilot)
        check_harmless(app)
        assert "[bold]x[/]" in text_in(app.inspector.scatter)


@pytest.mark.parametrize("kind", LANGUAGES)
async def test_every_script_keeps_every_line_as_wide_as_the_screen(kind: str) -> None:
    text = LANGUAGES[kind]
    sample = sample_of(0, question=text, context=f"{text}. " * 3, sample_id=text, answers=[text])
    dataset = dataset_of([sample, sample_of(1)], name=text)
    app, _ = fake_app(datasets=[dataset], models=[model_info(text)], wrong=[text])
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        for pane in ("samples", "text", "tokens", "picker", "scatter"):
            app.inspector.activate(pane)
            await settle(pilot)
            check_harmless(app)
        for token in (1, 3, 7, 9):
            app.inspector.select(token)
            await settle(pilot)
            check_harmless(app)


async def test_the_shown_text_keeps_the_letters_of_every_script() -> None:
    text = "北京 שלום नमस्ते 👍 été"
    app, _ = fake_app(datasets=[dataset_of([sample_of(0, question=text, context=text)])])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert f"★ {text}" in text_in(app.inspector.text)


async def test_a_context_of_a_hundred_thousand_characters_is_no_burden() -> None:
    sample = sample_of(0, words=16_000)
    assert len(sample.context) > 90_000
    app, _ = fake_app(
        datasets=[dataset_of([sample, sample_of(1)])], models=[model_info(layers=2)], windows=200
    )
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "tab")
        assert "window 1/200" in text_in(app.inspector.layer_bar)
        check_harmless(app)
        await press(pilot, "W")
        await ready(pilot)
        assert "window 200/200" in text_in(app.inspector.layer_bar)
        await press(pilot, "pagedown")
        check_harmless(app)


async def test_a_long_context_says_that_it_is_cut_and_by_how_much() -> None:
    sample = sample_of(0, words=16_000)
    app, _ = fake_app(datasets=[dataset_of([sample])], models=[model_info(layers=2)], windows=200)
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        pane = app.inspector.text
        app.inspector.activate("text")
        await settle(pilot)
        pane.scroll_end(animate=False)
        await settle(pilot)
        await settle(pilot)
        assert "characters more" in text_in(pane)


async def test_file_names_with_escape_sequences_are_harmless(tmp_path: Path) -> None:
    dataset = dataset_of(2, name="\x1b[2Jset", path=str(tmp_path / "\x1b[2Jset.jsonl"))
    app, _ = fake_app(datasets=[dataset], held=["dataset"])
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await settle(pilot)
        check_harmless(app)
        await press(pilot, "d")
        check_harmless(app)
        assert "␛[2Jset" in text_of(app)
