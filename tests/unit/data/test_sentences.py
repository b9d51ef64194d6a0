from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.data.records import Span
from bertscope_tui.data.sentences import SentenceCache, sentence_spans, touched

PARTS = (
    "A|b|. |? |! |\n\n|\r\n|\xa0|\u2028|\x85|\u3000|😀|👩\u200d💻|日本語。|e\u0301|مرحبا. |“|”|(|)|"
    "「|」|Dr.|U.S.|\u200b|\x1b[31m|\x00|\ud800|\t|i.e. |'"
)
PIECES = st.sampled_from(PARTS.split("|"))
UNITS = "The quick fox ran. |word |a|「あ。|“a. |(a. |A.B.|\n|?! |😀. |'. |\n\n|Mr. |e\u0301 "
TEXT = st.one_of(st.lists(PIECES, max_size=60).map("".join), st.text(max_size=80))


def texts(text: str) -> list[str]:
    return [span.of(text) for span in sentence_spans(text)]


def test_sentences_are_trimmed_and_found_by_offset() -> None:
    text = "  Tea is hot.  Is it?\n\nYes! "
    assert texts(text) == ["Tea is hot.", "Is it?", "Yes!"]
    assert sentence_spans(text)[0] == Span(2, 13)


def test_emoji_and_cjk_count_as_one_character_each() -> None:
    text = "😀😀 Hello. 日本語です。次の文。 End."
    assert texts(text) == ["😀😀 Hello.", "日本語です。", "次の文。", "End."]


def test_white_space_of_more_than_one_byte_does_no_harm() -> None:
    for blank in "\xa0\u2003\u2028\u2029\x85\u3000":
        text = f"It was{blank}J. Smith.{blank}He left.{blank}"
        assert "".join(texts(text)).replace(blank, "").startswith("It was")


def test_a_lone_surrogate_does_no_harm() -> None:
    assert texts("One \ud800 here. Two.") == ["One \ud800 here.", "Two."]


def test_blank_text_has_no_sentences() -> None:
    assert sentence_spans("") == ()
    assert sentence_spans(" \n\n\t\u2028 ") == ()


@given(TEXT)
@settings(max_examples=300)
def test_spans_index_back_and_leave_out_nothing_but_blanks(text: str) -> None:
    spans = sentence_spans(text)
    end = 0
    for span in spans:
        assert text[end : span.start].strip() == ""
        assert span.of(text) == span.of(text).strip() != ""
        end = span.end
    assert text[end:].strip() == ""


@pytest.mark.parametrize("unit", UNITS.split("|"))
def test_a_context_of_200_000_characters_is_split_in_linear_time(unit: str) -> None:
    text = (unit * (200_000 // len(unit) + 1))[:200_000]
    began = time.perf_counter()
    spans = sentence_spans(text)
    assert time.perf_counter() - began < 6  # twice that, were it quadratic
    bare = "".join("".join(span.of(text).split()) for span in spans)
    assert bare == "".join(text.split())


def test_a_long_text_is_split_as_its_parts_are() -> None:
    part = "The fox ran over the hill. It was late, i.e. dark! Dr. Owl said no.\n"
    one = [span.of(part) for span in sentence_spans(part)]
    assert texts(part * 1000) == one * 1000


def test_sentences_that_touch_a_span_are_those_that_share_a_character() -> None:
    sentences = (Span(0, 5), Span(6, 10), Span(10, 15), Span(16, 20))
    assert touched(sentences, Span(5, 6)) == ()
    assert touched(sentences, Span(9, 11)) == (Span(6, 10), Span(10, 15))
    assert touched(sentences, Span(0, 20)) == sentences
    assert touched((), Span(0, 3)) == ()


def test_the_cache_answers_as_the_function_does() -> None:
    cache = SentenceCache()
    text = "One. Two."
    assert cache.spans(text) == sentence_spans(text)
    assert cache.spans(text) is cache.spans("One. " + "Two.")
