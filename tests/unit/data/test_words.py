"""Words of a text: by its characters alone, in any script."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.data.words import words_of

_TEXT = st.text(st.one_of(st.characters(), st.sampled_from("a b-'.,7é\u0301東ไย์")), max_size=60)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't go to the U.S. now.", ["Don't", "go", "to", "the", "U.S", "now"]),
        ("a well-known 3.5% of 1,000, twice", ["a", "well-known", "3.5", "of", "1,000", "twice"]),
        ("yes,no -a- b--c", ["yes", "no", "a", "b", "c"]),
        ("cafe\u0301s \u0301x", ["cafe\u0301s", "x"]),
        ("a-\u0301b", ["a", "b"]),
        ("東京Tower", ["東", "京", "Tower"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        (" … \n", []),
        ("", []),
    ],
)
def test_words_are_letters_and_digits_with_what_joins_them(text: str, words: list[str]) -> None:
    assert [span.of(text) for span in words_of(text)] == words


@given(_TEXT)
def test_words_are_in_order_and_hold_every_letter_and_digit_once(text: str) -> None:
    found = words_of(text)
    assert all(one.end <= other.start for one, other in pairwise(found))
    inside = {place for one in found for place in range(one.start, one.end)}
    for place, character in enumerate(text):
        if character.isalnum():
            assert place in inside
        elif character.isspace():
            assert place not in inside
    for one in found:
        assert text[one.start].isalnum()
        last = text[one.end - 1]
        assert last.isalnum() or unicodedata.category(last).startswith("M")
