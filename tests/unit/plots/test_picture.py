"""Pictures as text, and colours rounded to those of a 256-colour terminal."""

from __future__ import annotations

import pytest
from rich.color import Color, ColorSystem

from bertscope_tui.plots.picture import Picture, Run, Sheet, Style, to_text, xterm256
from bertscope_tui.plots.view import View

VIEW = View(-1, 1, -1, 1)


def _lines(*runs):
    return Picture(9, 1, (tuple(runs),), VIEW)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (Run("a"), "a"),
        (Run("a", "#ff0000"), "\x1b[38;5;196ma\x1b[0m"),
        (Run("a", "ansi_red", bold=True), "\x1b[1;31ma\x1b[0m"),
        (Run("a", "ansi_bright_cyan"), "\x1b[96ma\x1b[0m"),
        (Run("a", "ansi_default"), "a"),
        (Run("a", dim=True, reverse=True, underline=True), "\x1b[2;4;7ma\x1b[0m"),
    ],
)
def test_a_run_becomes_the_sequences_of_its_style(run, expected):
    assert to_text(_lines(run), colour=True) == expected


def test_blanks_at_line_ends_are_dropped_from_plain_text():
    assert to_text(_lines(Run("  a  "), Run("  "))) == "  a"


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#ff5f5f", "#00afaf", "#949494"])
def test_colours_of_the_256_palette_are_their_own_nearest(colour):
    number = xterm256(colour)
    triplet = Color.from_ansi(number).get_truecolor()
    assert triplet.hex == colour


@pytest.mark.parametrize("colour", ["#d55e00", "#1fb5b5", "#7a5a00", "#9298ab", "#123456"])
def test_the_rounded_colour_is_at_least_as_near_as_richs(colour):
    def distance(number):
        wanted = Color.parse(colour).get_truecolor()
        got = Color.from_ansi(number).get_truecolor()
        return sum((a - b) ** 2 for a, b in zip(wanted, got, strict=True))

    other = Color.parse(colour).downgrade(ColorSystem.EIGHT_BIT).number
    assert other is not None
    assert distance(xterm256(colour)) <= distance(other)


def test_neighbouring_cells_that_look_the_same_are_one_run():
    sheet = Sheet(["a b c"], 7)
    red = Style("#ff0000")
    sheet.paint(0, 0, 1, red)
    sheet.paint(2, 0, 1, red)
    assert sheet.runs() == ((Run("a b ", "#ff0000"), Run("c  ")),)


def test_blanks_beside_reversed_or_underlined_cells_stay_plain():
    sheet = Sheet(["a b"], 3)
    sheet.paint(0, 0, 1, Style(reverse=True))
    assert sheet.runs() == ((Run("a", reverse=True), Run(" b")),)


def test_a_wide_character_takes_two_cells_of_its_row():
    sheet = Sheet(["......"], 6)
    sheet.write(1, 0, (("漢", 2), ("a", 1)), Style("#ff0000"))
    assert sheet.runs() == ((Run("."), Run("漢a", "#ff0000"), Run("..")),)
