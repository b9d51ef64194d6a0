from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.data.hygiene import clean, printable, shown

ANY = st.text(alphabet=st.characters(codec=None), max_size=40)


def test_escape_sequences_become_visible_and_keep_their_length() -> None:
    assert clean("\x1b[31mred\x1b[0m") == "␛[31mred␛[0m"
    assert clean("a\tb\nc\r") == "a b c "
    assert clean("\x07\x7f\x9b2J") == "␇␡\ufffd2J"


@pytest.mark.parametrize("code", [0x202E, 0x2066, 0x200B, 0x200D, 0xAD, 0xFEFF, 0xE0041, 0x3164])
def test_what_has_no_width_or_turns_text_round_is_made_visible(code: int) -> None:
    assert clean(f"a{chr(code)}b") == "a·b"


def test_letters_accents_and_emoji_stay() -> None:
    for text in ("naïve e\u0301", "日本語", "مرحبا", "😀 ❤", "[b]not markup[/b]"):
        assert clean(text) == text


def test_flags_become_their_letters_and_skin_tones_blanks() -> None:
    assert clean("🇩🇪 👋🏽") == "DE 👋 "


@given(ANY)
def test_cleaning_keeps_the_length_and_leaves_nothing_a_terminal_obeys(text: str) -> None:
    result = clean(text)
    assert len(result) == len(text)
    assert not {unicodedata.category(c) for c in result} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not any(c.isspace() and c != " " for c in result)
    assert clean(result) == result
    result.encode("utf-8")


@given(ANY)
def test_a_label_has_no_combining_marks_and_is_never_blank(piece: str) -> None:
    label = printable(piece)
    assert not any(unicodedata.category(c).startswith("M") for c in label)
    assert bool(label.strip()) == bool(piece)
    assert printable(label) == label


def test_a_label_is_composed_where_it_can_be() -> None:
    assert printable("e\u0301") == "é"
    assert printable("x\u0302") == "x"
    assert printable("\u0301") == "◌"
    assert printable("  ") == "␣"
    assert printable("") == ""
    assert printable("\u1161") == "·"


def test_values_in_messages_are_cleaned_and_cut() -> None:
    assert shown("a\x1bb") == "'a␛b'"
    assert shown("x" * 100, 10) == "'xxxxxxxxx…'"
    assert shown([1, 2]) == "'[1, 2]'"
