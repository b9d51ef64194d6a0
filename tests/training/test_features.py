"""Windows to learn from, against a straightforward reading of the same tokens."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.data.records import Answer, Span
from bertscope_tui.engine.encoding import encode
from bertscope_tui.training.features import answer_tokens, label_features, span_features
from tests.engine.samples import SENTENCES, make_sample
from tests.tiny_models import KINDS, LABELS, tiny_model

CONTEXT = " ".join(SENTENCES)


def _answered(text: str, context: str = CONTEXT):
    start = context.index(text)
    return make_sample(context=context, answers=(Answer(text, Span(start, start + len(text))),))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("answer", ["the old mill", "harbour", "café", "1893.", "The"])
def test_the_marked_tokens_spell_the_answer_with_every_tokenizer(kind, answer):
    model = tiny_model(kind)
    sample = _answered(answer)
    made = span_features(model, [sample], max_tokens=160, stride=16)
    window = encode(sample, model, max_tokens=160, stride=16).windows[0]
    row = made.rows[0]
    assert row.ids.tolist() == list(window.input_ids)
    tokens = window.tokens[row.start : row.end + 1]
    assert CONTEXT[tokens[0].start : tokens[-1].end].strip() == answer
    assert all(token.part == "context" for token in tokens)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(CONTEXT) - 1), st.integers(1, 40), st.sampled_from(["bert", "gpt2"]))
def test_marked_tokens_are_the_first_and_last_that_touch_the_span(start, length, kind):
    end = min(len(CONTEXT), start + length)
    window = encode(make_sample(), tiny_model(kind), max_tokens=160, stride=16).windows[0]
    place = answer_tokens(window, Span(start, end))
    touching = [
        index
        for index, token in enumerate(window.tokens)
        if token.part == "context" and set(range(token.start, token.end)) & set(range(start, end))
    ]
    if end > window.end or start < window.start:
        assert place is None
    else:
        assert place == ((touching[0], touching[-1]) if touching else None)


def test_windows_without_the_answer_point_at_the_classification_token_where_some_have_none():
    model = tiny_model("bert")
    sample = _answered("1893.", " ".join(SENTENCES * 2).replace("1893.", "1894.", 1))
    impossible = make_sample(impossible=True)
    made = span_features(model, [sample, impossible], max_tokens=48, stride=8)
    alone = len(span_features(model, [impossible], max_tokens=48, stride=8).rows)
    own = made.rows[: len(made.rows) - alone]
    assert made.windows_without == len(own) - 1 > 0
    assert {(row.start, row.end) for row in own[:-1]} == {(0, 0)}
    assert own[-1].start > 0


def test_windows_without_the_answer_are_left_out_where_every_question_has_one():
    model = tiny_model("bert")
    sample = _answered("1893.", " ".join(SENTENCES * 2).replace("1893.", "1894.", 1))
    made = span_features(model, [sample], max_tokens=48, stride=8)
    assert made.windows_without > 0
    (row,) = made.rows
    assert row.start > 0


def test_an_unanswerable_question_points_at_the_classification_token():
    made = span_features(
        tiny_model("bert"), [make_sample(impossible=True)], max_tokens=160, stride=16
    )
    assert (made.rows[0].start, made.rows[0].end) == (0, 0)
    assert made.problems == ()


def test_a_question_whose_answer_is_no_span_is_listed_and_not_learnt_from():
    sample = make_sample(answers=(Answer("yes"),))
    made = span_features(
        tiny_model("bert"), [sample, _answered("harbour")], max_tokens=160, stride=16
    )
    assert len(made.rows) == 1
    assert made.problems[0].where == "stories.jsonl, line 1"
    assert "no answer" in made.problems[0].what


def test_an_answer_longer_than_any_window_is_listed():
    sample = make_sample(answers=(Answer(CONTEXT, Span(0, len(CONTEXT))),))
    made = span_features(tiny_model("bert"), [sample], max_tokens=48, stride=8)
    assert made.rows == ()
    assert "no window" in made.problems[0].what


def test_labels_are_numbered_in_their_order_and_unknown_ones_listed():
    model = tiny_model("bert", "classification")
    samples = [make_sample(answers=(Answer(text),)) for text in ("yes", "no", "perhaps")]
    made = label_features(model, samples, LABELS, max_tokens=160, stride=16)
    assert [row.label for row in made.rows] == [LABELS.index("yes"), LABELS.index("no")]
    assert len(made.problems) == 1
