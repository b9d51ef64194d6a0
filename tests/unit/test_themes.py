"""Theme files: the bundled ones can be read by eyes, broken ones are said to be broken."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import Color, ColorSystem

from bertscope_tui.themes import (
    DEFAULT_THEME,
    RAMP_LEAST,
    ROLE_KEYS,
    SEQUENCE_LEAST,
    ThemeSpec,
    bundled_themes,
    load_themes,
)

BUNDLED = bundled_themes()
WITH_RGB = {name: theme for name, theme in BUNDLED.items() if not theme.ansi}

GOOD = """
name = "mine"
title = "My theme"
dark = true
sequence = ["#111111", "#222222", "#333333", "#444444", "#555555", "#666666", "#777777", "#888888"]
ramp = ["#111111", "#222222", "#333333", "#444444", "#555555", "ansi_red"]

[colours]
primary = "#0000ff"
foreground = "#ffffff"
background = "#000000"
surface = "#000000"
panel = "#101010"

[variables]
border-blurred = "#333333"
input-selection-background = "#0000ff 35%"
block-cursor-text-style = "bold reverse"

[roles]
answer = { colour = "#ff0000", glyph = "◆", ascii = "#" }
gold = { colour = "#ffff00", glyph = "◇", ascii = "@" }
question = { colour = "#ffaa00", glyph = "★", ascii = "*" }
fact = { colour = "#00aaaa", glyph = "●", ascii = "o" }
context = { colour = "#999999", glyph = "·", ascii = "." }
special = { colour = "#cc99ff", glyph = "×", ascii = "x" }
"""


def _load(folder: Path, text: str | bytes, name: str = "theme.toml"):
    data = text if isinstance(text, bytes) else text.encode()
    (folder / name).write_bytes(data)
    return load_themes([folder])


def _luminance(colour: str) -> float:
    """Relative luminance, as the Web Content Accessibility Guidelines 2.1 define it."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _on_256(colour: str) -> str:
    """What a terminal without true colour is sent, which is rich's choice."""
    return Color.parse(colour).downgrade(ColorSystem.EIGHT_BIT).get_truecolor().hex


def _grounds(theme: ThemeSpec) -> list[str]:
    return [theme.colours[key] for key in ("background", "surface")]


def test_the_bundled_themes_are_there_and_whole():
    from bertscope_tui.paths import resources

    themes, problems = load_themes([resources("themes")])
    assert problems == []
    assert {"dusk", "paper", "okabe-ito", "contrast", "ansi"} <= set(themes)
    assert DEFAULT_THEME in themes
    assert {theme.dark for theme in themes.values()} == {True, False}
    assert any(theme.ansi for theme in themes.values())


@pytest.mark.parametrize("theme", BUNDLED.values(), ids=list(BUNDLED))
def test_a_bundled_theme_tells_roles_apart_by_glyph_alone(theme):
    assert set(theme.roles) == set(ROLE_KEYS)
    for field in ("glyph", "ascii"):
        glyphs = [getattr(theme.roles[role], field) for role in ROLE_KEYS]
        assert len(set(glyphs)) == len(glyphs)
        assert all(cell_len(glyph) == 1 for glyph in glyphs)
    assert all(style.ascii.isascii() for style in theme.roles.values())
    assert len({style.colour for style in theme.roles.values()}) == len(ROLE_KEYS)


@pytest.mark.parametrize("theme", WITH_RGB.values(), ids=list(WITH_RGB))
def test_role_colours_can_be_read_on_the_ground(theme):
    for ground in _grounds(theme):
        for role, style in theme.roles.items():
            least = 3.0 if role == "context" else 4.5
            assert _contrast(style.colour, ground) >= least, (role, ground)
        assert _contrast(theme.colours["foreground"], ground) >= 7.0


@pytest.mark.parametrize("theme", WITH_RGB.values(), ids=list(WITH_RGB))
def test_sentence_and_position_colours_can_be_read_on_the_ground(theme):
    assert len(theme.sequence) >= SEQUENCE_LEAST
    assert len(theme.ramp) >= RAMP_LEAST
    for colour in (*theme.sequence, *theme.ramp):
        assert min(_contrast(colour, ground) for ground in _grounds(theme)) >= 3.0, colour


def test_the_high_contrast_theme_keeps_seven_to_one():
    theme = BUNDLED["contrast"]
    for style in theme.roles.values():
        assert min(_contrast(style.colour, ground) for ground in _grounds(theme)) >= 7.0


@pytest.mark.parametrize("theme", WITH_RGB.values(), ids=list(WITH_RGB))
def test_rounded_to_256_colours_roles_stay_apart_and_readable(theme):
    colours = {role: _on_256(style.colour) for role, style in theme.roles.items()}
    for (one, first), (other, second) in combinations(colours.items(), 2):
        assert first != second, (one, other)
    for ground in _grounds(theme):
        for role, colour in colours.items():
            assert _contrast(colour, _on_256(ground)) >= 3.0, role
    assert len({_on_256(colour) for colour in theme.sequence}) == len(theme.sequence)
    assert len({_on_256(colour) for colour in theme.ramp}) == len(theme.ramp)


@pytest.mark.parametrize("theme", WITH_RGB.values(), ids=list(WITH_RGB))
def test_grounds_stay_grey_when_rounded_to_256_colours(theme):
    for key in ("background", "surface", "panel", "boost"):
        red, green, blue = (
            int(_on_256(theme.colours[key])[start : start + 2], 16) for start in (1, 3, 5)
        )
        assert red == green == blue, key


@pytest.mark.parametrize("theme", BUNDLED.values(), ids=list(BUNDLED))
async def test_textual_takes_a_bundled_theme(theme):
    from textual.app import App
    from textual.widgets import Input

    from bertscope_tui.tui.theming import textual_theme

    class Bare(App[None]):
        def compose(self):
            yield Input()

    app = Bare()
    async with app.run_test() as pilot:
        app.register_theme(textual_theme(theme))
        app.theme = theme.name
        await pilot.pause()
        assert app.get_css_variables()["role-answer"] == theme.roles["answer"].colour


def test_a_good_file_gives_its_theme(tmp_path):
    themes, problems = _load(tmp_path, GOOD)
    assert problems == []
    theme = themes["mine"]
    assert (theme.title, theme.dark, theme.ansi) == ("My theme", True, False)
    assert theme.colours["primary"] == "#0000ff"
    assert theme.colours["input-selection-background"] == "#0000ff 35%"
    assert theme.roles["gold"].glyph == "◇"
    assert theme.ramp[-1] == "ansi_red"
    assert "error" not in theme.colours


BROKEN = {
    "not TOML": ("name = ", "", "is not TOML"),
    "no name": (GOOD.replace('name = "mine"', ""), "name", "missing"),
    "a name of blanks": (GOOD.replace('"mine"', '"my theme"'), "name", "lower-case"),
    "a name that is a number": (GOOD.replace('"mine"', "3"), "name", "not a line of text"),
    "dark is a word": (GOOD.replace("dark = true", 'dark = "yes"'), "dark", "true or false"),
    "dark is missing": (GOOD.replace("dark = true", ""), "dark", "missing"),
    "a colour name": (GOOD.replace("#0000ff", "blue", 1), "colours.primary", "#rrggbb"),
    "a short colour": (GOOD.replace("#101010", "#111"), "colours.panel", "#rrggbb"),
    "an ANSI name that is none": (GOOD.replace("ansi_red", "ansi_pink"), "ramp[5]", "ansi_pink"),
    "no ground": (GOOD.replace('background = "#000000"', ""), "colours.background", "missing"),
    "no colours": (GOOD.split("[colours]")[0], "colours", "missing"),
    "a variable with a semicolon": (
        GOOD.replace("bold reverse", "bold; } Screen { display: none"),
        "variables.block-cursor-text-style",
        "neither a colour",
    ),
    "a wide glyph": (GOOD.replace('"◆"', '"漢"'), "roles.answer.glyph", "one cell"),
    "an empty glyph": (GOOD.replace('"◆"', '""'), "roles.answer.glyph", "text"),
    "a glyph of two letters": (GOOD.replace('"◆"', '"ab"'), "roles.answer.glyph", "one cell"),
    "a combining glyph": (GOOD.replace('"◆"', '"\\u0301"'), "roles.answer.glyph", "one cell"),
    "a control glyph": (GOOD.replace('"◆"', '"\\u001b"'), "roles.answer.glyph", "not a line"),
    "a blank glyph": (GOOD.replace('"◆"', '" "'), "roles.answer.glyph", "one cell"),
    "equal glyphs": (GOOD.replace('"◇"', '"◆"'), "roles.gold.glyph", "'answer'"),
    "equal ASCII glyphs": (GOOD.replace('"@"', '"#"'), "roles.gold.ascii", "'answer'"),
    "an ASCII glyph that is not": (GOOD.replace('"@"', '"◈"'), "roles.gold.ascii", "not ASCII"),
    "a role left out": (
        "\n".join(line for line in GOOD.splitlines() if not line.startswith("fact")),
        "roles.fact",
        "missing",
    ),
    "a role that is a word": (
        GOOD.replace('special = { colour = "#cc99ff", glyph = "×", ascii = "x" }', 'special = "x"'),
        "roles.special",
        "not a table",
    ),
    "a short sequence": (GOOD.replace('"#111111", "#222222",', "", 1), "sequence", "6 colours"),
    "a sequence that is a word": (
        GOOD.replace("sequence = [", 'unused = "x"\nsequenc = ['),
        "sequence",
        "missing",
    ),
}


@pytest.mark.parametrize(("text", "key", "words"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_file_is_reported_with_its_key_and_passed_over(tmp_path, text, key, words):
    (tmp_path / "a-good-one.toml").write_text(GOOD.replace('"mine"', '"other"'), "utf-8")
    themes, problems = _load(tmp_path, text)
    assert set(themes) == {"other"}
    (found,) = problems
    assert found.reason.startswith("passed over: ")
    assert key in found.reason
    assert words in found.reason
    assert found.file.name == "theme.toml"
    assert "theme.toml" in str(found)
    assert "\n" not in str(found)


def test_every_fault_of_a_file_is_in_one_line(tmp_path):
    text = GOOD.replace("dark = true", "").replace("#ff0000", "red").replace('"◇"', '"漢"')
    _, (problem,) = _load(tmp_path, text)
    assert problem.reason == (
        "passed over: dark missing; roles.answer.colour: red is not '#rrggbb' or an ANSI name; "
        "roles.gold.glyph: '漢' is not one character of one cell"
    )


def test_of_many_faults_the_first_are_named_and_the_others_counted(tmp_path):
    _, (problem,) = _load(tmp_path, 'title = "x"\n[colours]\ntint = 1\n')
    assert problem.reason == (
        "passed over: name, dark, colours.primary, colours.foreground, and 6 more missing; "
        "unknown and not used: colours.tint"
    )
    _, (problem,) = _load(tmp_path, GOOD.replace('"#111111", "#222222", "#333333"', "1, 2, 3"))
    assert problem.reason.count("sequence[") == 3
    assert problem.reason.endswith("; and 3 more")


def test_a_problem_is_about_the_theme_that_the_file_names_or_is_called_after(tmp_path):
    _, (problem,) = _load(tmp_path, GOOD.replace("dark = true", ""), "evening.toml")
    assert problem.is_about("mine")
    assert problem.is_about("evening")
    assert not problem.is_about("dusk")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("colour = 1\n" + GOOD, "colour"),
        (GOOD.replace("[variables]", 'tint = "#ffffff"\n[variables]'), "colours.tint"),
        (GOOD.replace('ascii = "#"', 'ascii = "#", bold = true'), "roles.answer.bold"),
        (GOOD + 'other = { colour = "#ffffff", glyph = "y", ascii = "y" }', "roles.other"),
    ],
)
def test_an_unknown_key_is_reported_and_the_theme_used(tmp_path, text, key):
    themes, problems = _load(tmp_path, text)
    assert set(themes) == {"mine"}
    assert [problem.reason for problem in problems] == [f"unknown and not used: {key}"]


def test_a_file_that_is_not_utf8_is_reported(tmp_path):
    themes, problems = _load(tmp_path, GOOD.encode("utf-16"))
    assert themes == {}
    assert "UTF-8" in problems[0].reason


def test_a_file_that_cannot_be_opened_is_reported(tmp_path):
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "gone.toml").symlink_to(tmp_path / "nowhere")
    themes, problems = load_themes([tmp_path])
    assert themes == {}
    assert {problem.file.name for problem in problems} == {"folder.toml", "gone.toml"}


def test_escape_sequences_in_a_file_never_come_out_in_a_report(tmp_path):
    text = GOOD.replace('"#0000ff"', '"\\u001b[31m"', 1).replace(
        "[variables]", '"\\u001b[2J" = "#000000"\n[variables]'
    )
    _, problems = _load(tmp_path, text)
    (problem,) = problems
    assert str(problem).isprintable()
    assert "[31m" in str(problem)
    assert "[2J" in str(problem)


def test_a_later_folder_replaces_a_theme_of_the_same_name(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    (one / "x.toml").write_text(GOOD, "utf-8")
    (other / "y.toml").write_text(GOOD.replace("My theme", "Mine, later"), "utf-8")
    themes, problems = load_themes([one, other])
    assert problems == []
    assert themes["mine"].title == "Mine, later"


def test_a_broken_replacement_leaves_the_theme_it_would_have_replaced(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    (one / "x.toml").write_text(GOOD, "utf-8")
    (other / "x.toml").write_text(GOOD.replace("dark = true", "dark = 3"), "utf-8")
    themes, problems = load_themes([one, other])
    assert themes["mine"].title == "My theme"
    assert len(problems) == 1


def test_the_second_theme_of_a_name_in_one_folder_is_reported(tmp_path):
    (tmp_path / "a.toml").write_text(GOOD, "utf-8")
    (tmp_path / "b.toml").write_text(GOOD.replace("My theme", "Second"), "utf-8")
    themes, problems = load_themes([tmp_path])
    assert themes["mine"].title == "My theme"
    assert problems[0].file.name == "b.toml"
    assert "a.toml" in problems[0].reason


def test_a_folder_that_does_not_exist_has_no_themes(tmp_path):
    assert load_themes([tmp_path / "nowhere"]) == ({}, [])


def test_a_folder_that_is_a_file_is_reported(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    themes, problems = load_themes([file])
    assert themes == {}
    assert problems[0].file == file


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_no_content_makes_the_loader_raise(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("themes")
    lines = GOOD.splitlines()
    place = data.draw(st.integers(0, len(lines) - 1))
    junk = data.draw(
        st.one_of(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
            st.sampled_from(["roles = 1", "x = [[[[", "[roles.answer]", "sequence = {}", "'' = 1"]),
        )
    )
    lines[place] = junk
    themes, problems = _load(folder, "\n".join(lines))
    assert themes or problems


def test_importing_the_loader_imports_neither_textual_nor_rich():
    code = (
        "import sys, bertscope_tui.themes\n"
        "print([m for m in ('textual', 'rich', 'numpy', 'plotext') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
