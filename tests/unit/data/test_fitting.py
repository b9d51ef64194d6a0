from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.data.fitting import fit
from bertscope_tui.data.open import open_dataset
from bertscope_tui.data.records import Answer, Origin, QASample, Span
from tests.shared_files import shared


def words(question: str, context: str) -> int:
    return len(question.split()) + len(context.split())


def sample(paragraphs: list[str], optional: list[int], answer: Span | None = None) -> QASample:
    """Build a sample of paragraphs joined by blanks; ``optional`` lists which may go, in order."""
    spans: list[Span] = []
    for paragraph in paragraphs:
        start = spans[-1].end + 1 if spans else 0
        spans.append(Span(start, start + len(paragraph)))
    context = " ".join(paragraphs)
    return QASample(
        id="s",
        question="who ?",
        context=context,
        answers=(Answer("?" if answer is None else answer.of(context), answer),),
        sentences=tuple(spans),
        supporting=tuple(s for place, s in enumerate(spans) if place not in optional),
        origin=Origin("f", "[0]"),
        optional=tuple(spans[place] for place in optional),
    )


def test_a_sample_that_fits_is_the_same_object() -> None:
    whole = sample(["a b", "c d"], [1])
    assert fit(whole, words, 6) is whole
    bare = replace(whole, optional=())
    assert fit(bare, words, 1) is bare


def test_parts_go_in_their_order_and_only_as_many_as_needed() -> None:
    whole = sample(["a b", "c d", "e f", "g h"], [3, 1])
    fitted = fit(whole, words, 8)
    assert fitted.context == "a b c d e f"
    assert [span.of(fitted.context) for span in fitted.optional] == ["c d"]
    assert fit(whole, words, 1).context == "a b e f"


def test_dropping_every_part_leaves_no_blanks_behind() -> None:
    assert fit(sample(["a", "b", "c"], [2, 1, 0]), words, 0).context == ""
    assert fit(sample(["a", "b", "c"], [0, 1]), words, 0).context == "c"


def test_an_answer_in_a_dropped_part_keeps_its_text_without_a_span() -> None:
    whole = sample(["a b", "c d"], [1], Span(4, 5))
    assert whole.answers == (Answer("c", Span(4, 5)),)
    assert fit(whole, words, 4).answers == (Answer("c", None),)


def test_a_blank_that_belongs_to_another_span_stays() -> None:
    whole = replace(sample(["ab", "c", "d"], [1]), answers=(Answer("b ", Span(1, 3)),))
    fitted = fit(whole, words, 1)
    span = fitted.answers[0].span
    assert span is not None
    assert span.of(fitted.context) == "b "


@given(
    paragraphs=st.lists(
        st.text(alphabet="ab .é😀\n", min_size=1, max_size=8), min_size=1, max_size=6
    ),
    data=st.data(),
    limit=st.integers(0, 12),
)
def test_every_span_that_is_kept_covers_the_same_text(
    paragraphs: list[str], data: st.DataObject, limit: int
) -> None:
    order = data.draw(st.permutations(range(len(paragraphs))))
    optional = order[: data.draw(st.integers(0, len(order)))]
    length = len(" ".join(paragraphs))
    start = data.draw(st.integers(0, length - 1))
    answer = Span(start, data.draw(st.integers(start + 1, length)))
    whole = sample(paragraphs, optional, answer)
    fitted = fit(whole, words, limit)

    def kept(spans: tuple[Span, ...], context: str) -> list[str]:
        return [span.of(context) for span in spans]

    dropped = len(whole.optional) - len(fitted.optional)
    expected = [
        span.of(whole.context) for span in whole.sentences if span not in whole.optional[:dropped]
    ]
    assert kept(fitted.sentences, fitted.context) == expected
    assert kept(fitted.supporting, fitted.context) == kept(whole.supporting, whole.context)
    assert kept(fitted.optional, fitted.context) == kept(whole.optional[dropped:], whole.context)
    span = fitted.answers[0].span
    if span is not None:
        assert span.of(fitted.context) == answer.of(whole.context)
    assert words(fitted.question, fitted.context) <= limit or not fitted.optional


@pytest.mark.real
def test_real_distractor_samples_fit_and_keep_their_facts() -> None:
    data = open_dataset(shared("data/hotpotqa/hotpot_dev_distractor_v1.json"))
    shortened = 0
    for whole in data.samples:
        fitted = fit(whole, words, 250)
        shortened += fitted is not whole
        assert "  " not in fitted.context or "  " in whole.context
        assert [s.of(fitted.context) for s in fitted.supporting] == [
            s.of(whole.context) for s in whole.supporting
        ]
        for answer in fitted.answers:
            assert answer.span is None or answer.span.of(fitted.context) == answer.text
    assert shortened > 50
