from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.data.records import QASample
from bertscope_tui.engine.encoding import Encoded, encode
from bertscope_tui.errors import DataError
from bertscope_tui.models.loading import LoadedModel
from tests.engine.samples import QUESTION, SENTENCES, long_sample, make_sample, span_of
from tests.tiny_models import KINDS, tiny_model


def _check(encoded: Encoded, model: LoadedModel, question: str, limit: int) -> None:
    """Assert what must hold of every encoding, whatever the text."""
    context = encoded.sample.context
    for place, window in enumerate(encoded.windows):
        assert (window.index, window.count) == (place, len(encoded.windows))
        assert len(window.tokens) == len(window.input_ids) <= limit
        assert [token.index for token in window.tokens] == list(range(len(window.tokens)))
        for token in window.tokens:
            if token.part == "special":
                assert (token.start, token.end, token.text) == (0, 0, token.piece)
                continue
            text = context if token.part == "context" else question
            assert 0 <= token.start <= token.end <= len(text)
            assert token.text == text[token.start : token.end]
            assert token.text == token.text.strip()
        told = [token for token in window.tokens if token.part == "context"]
        assert told
        assert window.start == min(token.start for token in told)
        assert window.end == max(token.end for token in told)
        if window.type_ids is not None:
            assert len(window.type_ids) == len(window.input_ids)


@pytest.mark.parametrize("kind", KINDS)
def test_windows_are_those_of_the_tokenizer_itself(kind: str) -> None:
    model = tiny_model(kind)
    sample = long_sample()
    encoded = encode(sample, model, max_tokens=64, stride=16)
    expected = model.tokenizer(
        sample.question,
        sample.context,
        truncation="only_second",
        max_length=64,
        stride=16,
        return_overflowing_tokens=True,
    )
    assert len(encoded.windows) > 2
    assert [list(window.input_ids) for window in encoded.windows] == expected["input_ids"]
    assert encoded.notes == ()
    _check(encoded, model, sample.question, 64)


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_of_the_context_is_in_some_window(kind: str) -> None:
    model = tiny_model(kind)
    sample = long_sample(3)
    encoded = encode(sample, model, max_tokens=64, stride=16)
    covered = set()
    for window in encoded.windows:
        for token in window.tokens:
            if token.part == "context":
                covered |= set(range(token.start, token.end))
    assert {i for i, c in enumerate(sample.context) if not c.isspace()} <= covered


@pytest.mark.parametrize("kind", ["gpt2", "roberta", "llama", "modernbert"])
def test_byte_level_tokens_do_not_carry_the_blank_before_them(kind: str) -> None:
    model = tiny_model(kind)
    encoded = encode(make_sample(), model, max_tokens=150)
    harbour = next(t for t in encoded.windows[0].tokens if t.piece == "Ġharbour")
    assert harbour.text == "harbour"
    assert (harbour.start, harbour.end) == (
        SENTENCES[0].index("harbour"),
        SENTENCES[0].index(" to the"),
    )


@pytest.mark.parametrize("kind", ["albert", "deberta-v2"])
def test_metaspace_tokens_stand_for_their_word(kind: str) -> None:
    encoded = encode(make_sample(), tiny_model(kind))
    assert any(t.piece == "▁harbour" and t.text == "harbour" for t in encoded.windows[0].tokens)


AWKWARD = [
    "a b c",
    "👩‍👩‍👧‍👦 went to the 🏖️ and 🇫🇷.",
    "e\u0301te\u0301 cafe\u0301 n\u0303 a\u0300\u0301\u0302\u0303",
    "ذهب صانع الفوانيس إلى الطاحونة القديمة",
    "灯笼匠人日出前从港口走到老磨坊。",
    "tab\tnew\nline\r\n\x1b[31mred\x1b[0m\x00\u200b\u202eevil\ufeff",
    "   blanks   before and after   ",
    "half a surrogate \ud83d here",
    "[SEP] <s> </s> [CLS] <|endoftext|> [PAD]",
]


@pytest.mark.parametrize("kind", ["bert", "gpt2", "llama", "albert", "roberta"])
@pytest.mark.parametrize("context", AWKWARD)
def test_awkward_texts_keep_their_offsets(kind: str, context: str) -> None:
    model = tiny_model(kind)
    sample = make_sample(context=context, question=f" {context} ")
    encoded = encode(sample, model, max_tokens=160)
    _check(encoded, model, sample.question, 160)
    assert encoded.sample is sample


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["bert", "gpt2", "albert", "roberta"]),
    context=st.text(min_size=1, max_size=120),
    question=st.text(max_size=60),
    size=st.integers(16, 160),
    stride=st.integers(0, 200),
)
def test_any_text_is_encoded_or_refused_in_one_line(
    kind: str, context: str, question: str, size: int, stride: int
) -> None:
    model = tiny_model(kind)
    sample = make_sample(context=context, question=question)
    encoded: Encoded | None = None
    refusal = ""
    try:
        encoded = encode(sample, model, max_tokens=size, stride=stride)
    except DataError as error:
        refusal = str(error)
    if encoded is None:
        assert "finds no token" in refusal
        assert "\n" not in refusal
    else:
        _check(encoded, model, question, size)


def test_a_context_of_hundreds_of_windows_is_cut_in_order() -> None:
    model = tiny_model("bert")
    context = (" ".join(SENTENCES) + "\n") * 350
    assert len(context) > 100_000
    encoded = encode(make_sample(context=context), model, stride=40)
    assert len(encoded.windows) > 200
    starts = [window.start for window in encoded.windows]
    assert starts == sorted(set(starts))
    assert encoded.windows[-1].end == len(context) - 1
    for before, after in zip(encoded.windows, encoded.windows[1:], strict=False):
        assert after.start < before.end


def test_windows_are_no_longer_than_the_positions_of_the_network() -> None:
    model = tiny_model("roberta")
    encoded = encode(long_sample(), model, max_tokens=5000)
    assert max(len(window.tokens) for window in encoded.windows) == model.info.max_tokens == 160


@pytest.mark.parametrize("kind", KINDS)
def test_a_question_longer_than_the_window_is_cut_with_a_note(kind: str) -> None:
    model = tiny_model(kind)
    question = "which of the seven keys " * 200
    encoded = encode(make_sample(question=question), model, max_tokens=100, stride=20)
    _check(encoded, model, question, 100)
    assert any("cut to its first" in note for note in encoded.notes)
    first = encoded.windows[0].tokens
    asked = sum(token.part == "question" for token in first)
    told = sum(token.part == "context" for token in first)
    assert 0 < asked <= 50 <= told + 5


def test_a_question_that_fits_is_left_alone_with_its_blanks() -> None:
    model = tiny_model("bert")
    question = f"  {QUESTION} \n"
    encoded = encode(make_sample(question=question), model)
    first = next(token for token in encoded.windows[0].tokens if token.part == "question")
    assert (first.text, first.start) == ("Where", 2)
    assert encoded.notes == ()


def test_a_stride_too_wide_for_the_window_is_lowered_with_a_note() -> None:
    model = tiny_model("bert")
    encoded = encode(long_sample(), model, max_tokens=64, stride=128)
    assert any("share" in note for note in encoded.notes)
    assert len(encoded.windows) > 3


def test_one_window_needs_no_note_about_the_stride() -> None:
    sample = make_sample(context="A short context.")
    assert encode(sample, tiny_model("bert"), max_tokens=64, stride=128).notes == ()


@pytest.mark.parametrize("context", [" ", "\n\t ", "\u200b\ufeff", "\x00\x01"])
def test_a_context_without_tokens_is_refused_with_its_place(context: str) -> None:
    with pytest.raises(DataError, match=r"stories\.jsonl, line 1, context"):
        encode(make_sample(context=context), tiny_model("bert"))


def test_a_window_without_room_is_refused() -> None:
    with pytest.raises(DataError, match="no room"):
        encode(make_sample(), tiny_model("bert"), max_tokens=5)


def _with_optional() -> QASample:
    context = " ".join(SENTENCES)
    return dataclasses.replace(
        make_sample(context=context),
        sentences=tuple(span_of(context, sentence) for sentence in SENTENCES),
        optional=(span_of(context, SENTENCES[1]), span_of(context, SENTENCES[2])),
    )


def test_optional_parts_go_only_as_far_as_the_window_needs() -> None:
    model = tiny_model("bert")
    sample = _with_optional()
    whole = len(encode(sample, model, max_tokens=160).windows[0].tokens)
    assert encode(sample, model, max_tokens=160).sample is sample
    encoded = encode(sample, model, max_tokens=whole - 3)
    assert len(encoded.windows) == 1
    assert SENTENCES[1] not in encoded.sample.context
    assert SENTENCES[2] in encoded.sample.context
    assert any("left out" in note for note in encoded.notes)
    _check(encoded, model, sample.question, whole - 3)


def test_type_ids_are_kept_only_where_the_network_takes_them() -> None:
    def types(kind: str) -> tuple[int, ...] | None:
        return encode(make_sample(), tiny_model(kind)).windows[0].type_ids

    bert = types("bert")
    assert bert is not None
    assert set(bert) == {0, 1}
    assert types("distilbert") is None
    assert types("deberta-v2") is None
    assert types("llama") is None


def test_the_classification_token_is_known_where_there_is_one() -> None:
    assert encode(make_sample(), tiny_model("bert")).windows[0].cls == 0
    assert encode(make_sample(), tiny_model("roberta")).windows[0].cls == 0
    assert encode(make_sample(), tiny_model("gpt2")).windows[0].cls is None
    assert encode(make_sample(), tiny_model("llama")).windows[0].cls is None
