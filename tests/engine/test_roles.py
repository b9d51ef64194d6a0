from __future__ import annotations

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.data.records import Answer, QASample, Span
from bertscope_tui.engine.encoding import Token, Window, encode
from bertscope_tui.engine.roles import ROLES, assign_roles, sentence_ids
from tests.engine.samples import SENTENCES, hand_made, make_sample, span_of
from tests.tiny_models import tiny_model

CONTEXT = " ".join(SENTENCES)


def _sample(gold: str = "the old mill", facts: tuple[str, ...] = (SENTENCES[0],)) -> QASample:
    return dataclasses.replace(
        make_sample(context=CONTEXT),
        answers=(Answer(gold, span_of(CONTEXT, gold)),),
        sentences=tuple(span_of(CONTEXT, sentence) for sentence in SENTENCES),
        supporting=tuple(span_of(CONTEXT, fact) for fact in facts),
    )


def _window(sample: QASample) -> Window:
    return encode(sample, tiny_model("bert")).windows[0]


def _roles_by_text(sample: QASample, predicted: Span | None) -> dict[str, list[str]]:
    window = _window(sample)
    found: dict[str, list[str]] = {}
    for token, role in zip(window.tokens, assign_roles(window, sample, predicted), strict=True):
        found.setdefault(role, []).append(token.text)
    return found


def test_each_token_has_the_first_role_that_fits() -> None:
    found = _roles_by_text(_sample(), span_of(CONTEXT, "old mill before"))
    assert found["answer"] == ["old", "mill", "before"]
    assert found["gold"] == ["the"]
    assert found["question"] == ["Where", "did", "the", "lantern", "maker", "go", "?"]
    assert "harbour" in found["fact"]
    assert "keys" in found["context"]
    assert found["special"] == ["[CLS]", "[SEP]", "[SEP]"]


def test_the_same_words_elsewhere_are_not_the_answer() -> None:
    sample = _sample(gold="the garden gate", facts=())
    found = _roles_by_text(sample, None)
    assert found["gold"] == ["the", "garden", "gate"]
    assert "answer" not in found
    assert "fact" not in found


def test_an_answer_that_is_no_span_gives_no_gold_role() -> None:
    sample = dataclasses.replace(_sample(), answers=(Answer("yes"),))
    assert "gold" not in _roles_by_text(sample, None)


def test_half_a_token_in_the_span_is_enough() -> None:
    start = CONTEXT.index("harbour") + 3
    assert _roles_by_text(_sample(), Span(start, start + 1))["answer"] == ["harbour"]


def test_an_empty_span_touches_nothing() -> None:
    start = CONTEXT.index("harbour") + 3
    assert "answer" not in _roles_by_text(_sample(), Span(start, start))


def test_a_token_without_characters_has_the_role_of_its_place() -> None:
    encoded = hand_made([["one", "two"]])
    window = encoded.windows[0]
    empty = Token(len(window.tokens), "x", "", "context", 5, 5)
    window = dataclasses.replace(window, tokens=(*window.tokens, empty))
    assert assign_roles(window, encoded.sample, Span(4, 7))[-1] == "answer"
    assert assign_roles(window, encoded.sample, Span(0, 3))[-1] == "context"


def test_sentences_are_numbered_as_in_the_sample() -> None:
    sample = _sample()
    window = _window(sample)
    for token, place in zip(window.tokens, sentence_ids(window, sample), strict=True):
        if token.part != "context":
            assert place is None
        else:
            assert place is not None
            span = sample.sentences[place]
            assert span.start <= token.start < token.end <= span.end


def test_text_between_sentences_belongs_to_none() -> None:
    sample = dataclasses.replace(_sample(), sentences=(span_of(CONTEXT, SENTENCES[1]),))
    window = _window(sample)
    ids = dict(zip((t.text for t in window.tokens), sentence_ids(window, sample), strict=True))
    assert ids["keys"] == 0
    assert ids["harbour"] is None


_SPANS = st.tuples(st.integers(0, len(CONTEXT)), st.integers(0, 30)).map(
    lambda pair: Span(pair[0], min(len(CONTEXT), pair[0] + pair[1]))
)


@settings(max_examples=60, deadline=None)
@given(
    gold=st.lists(_SPANS, max_size=3), facts=st.lists(_SPANS, max_size=3), answer=st.none() | _SPANS
)
def test_roles_follow_from_shared_characters_alone(
    gold: list[Span], facts: list[Span], answer: Span | None
) -> None:
    sample = dataclasses.replace(
        _sample(),
        answers=tuple(Answer(span.of(CONTEXT), span) for span in gold),
        supporting=tuple(facts),
    )
    window = _window(sample)
    groups = [
        ("answer", [answer] if answer else []),
        ("gold", gold),
        ("fact", facts),
    ]
    for token, role in zip(window.tokens, assign_roles(window, sample, answer), strict=True):
        assert role in ROLES
        if token.part != "context":
            assert role == token.part
            continue
        own = set(range(token.start, token.end))
        fitting = [
            name for name, spans in groups if any(own & set(range(s.start, s.end)) for s in spans)
        ]
        assert role == (fitting[0] if fitting else "context")
