"""Terminals without colours, without Unicode, and with the sixteen colours of their own."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from bertscope_tui.tui.app import BertscopeApp
from bertscope_tui.tui.plain import _SIGNS, AsciiFilter
from tests.tui.support import (
    MEDIUM,
    SMALL,
    drawn,
    fake_app,
    lines_of,
    press,
    ready,
    settle,
    text_in,
)


def check_ascii(app: BertscopeApp) -> None:
    """Assert that nothing on screen is outside ASCII."""
    for number, line in enumerate(lines_of(app)):
        foreign = sorted({character for character in line if not character.isascii()})
        assert not foreign, f"{foreign} in line {number}: {line.rstrip()!r}"


@pytest.mark.parametrize("size", [SMALL, MEDIUM])
async def test_with_ascii_nothing_outside_ascii_is_drawn(size: tuple[int, int]) -> None:
    app, fake = fake_app(
        options={"ascii": True}, wrong=["s0", "s1"], outlier=True, held=["scores", "sample"]
    )
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        check_ascii(app)
        fake.answer(fake.last("sample"))
        fake.held.clear()
        await ready(pilot)
        check_ascii(app)
        for keys in [
            ["1", "home"],
            ["escape", "space", "t"],
            ["c"],
            ["c", "s", "o"],
            ["tab", "plus"],
            ["tab"],
            ["tab", "n"],
            ["tab", "slash", "x"],
            ["escape", "m"],
            ["escape", "question_mark"],
        ]:
            await press(pilot, *keys)
            check_ascii(app)


async def test_with_ascii_a_terminal_that_is_too_small_is_told_in_ascii() -> None:
    app, _ = fake_app(options={"ascii": True})
    async with app.run_test(size=(50, 10)) as pilot:
        await ready(pilot)
        check_ascii(app)


async def test_with_ascii_notifications_are_ascii() -> None:
    app, _ = fake_app(options={"ascii": True, "warnings": ("something is odd",)})
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await press(pilot, "s")
        check_ascii(app)


async def test_with_ascii_the_roles_still_differ() -> None:
    app, _ = fake_app(options={"ascii": True}, wrong=["s0"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        legend = text_in(app.inspector.scatter).splitlines()[-2]
        for entry in ("# predicted answer", "@ gold answer", "* question", "o supporting fact"):
            assert entry in legend


def test_every_plain_sign_takes_as_many_cells_as_the_one_it_stands_for() -> None:
    signs = "".join(_SIGNS)
    assert len(set(signs)) == len(signs)
    for group, plain in _SIGNS.items():
        assert plain.isascii()
        assert {cell_len(sign) for sign in group} == {len(plain)}


def test_letters_of_data_are_left_as_they_are() -> None:
    (segment,) = AsciiFilter().apply([Segment("│北京 été · …", Style(bold=True))], Color(0, 0, 0))
    assert segment.text == "|北京 été . ~"
    assert segment.style == Style(bold=True)


async def test_no_color_leaves_no_colour_on_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app, _ = fake_app(wrong=["s0"])
    assert app.no_color
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "t")
        # The filter works on the way to the terminal: these are its lines.
        for strip in app.screen._compositor.render_strips():
            for filter_ in app._filters:
                strip = strip.apply_filter(filter_, app.screen.background_colors[1])
            for segment in strip:
                for colour in (segment.style.color, segment.style.bgcolor):
                    if colour is None or colour.is_default:
                        continue
                    red, green, blue = colour.get_truecolor()
                    assert red == green == blue, segment


async def test_without_colour_the_selected_token_and_the_cursor_are_still_marked() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "t")
        assert "[jetty]" in text_in(app.inspector.scatter)
        reversed_lines = [
            number
            for number, line in enumerate(drawn(app))
            if any(s.style is not None and s.style.reverse and s.text.strip() for s in line)
        ]
        rows = text_in(app.inspector.tokens).splitlines()
        top = app.inspector.tokens.region.y
        (cursor,) = [n for n, row in enumerate(rows) if row[1:2] == ">"]
        assert top + cursor in reversed_lines


async def test_the_ansi_theme_uses_the_terminals_own_colours() -> None:
    app, _ = fake_app(options={"theme": "ansi"}, wrong=["s0"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        own = 0
        for strip in app.screen._compositor.render_strips():
            for segment in strip:
                if segment.style is None or not segment.text.strip():
                    continue
                for colour in (segment.style.color, segment.style.bgcolor):
                    if colour is not None:
                        assert colour.triplet is None, segment
                        own += colour.number is not None
        assert own > 10
