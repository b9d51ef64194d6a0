from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.data.editing import edited, with_context, with_question, without_sentence
from bertscope_tui.data.open import open_dataset
from bertscope_tui.data.records import Answer, QASample, Span
from bertscope_tui.data.saving import append_jsonl, write_jsonl
from bertscope_tui.errors import DataError, DiskError, InputError
from bertscope_tui.inspection.typed import typed_sample
from tests.shared_files import shared

CONTEXT = "Emily is a wolf. Wolves are afraid of cats. The cat sleeps."


def sample(answer: str = "cats") -> QASample:
    return typed_sample("What is Emily afraid of?", CONTEXT, (answer,))


def texts(spans: tuple[Span, ...], context: str) -> list[str]:
    return [span.of(context) for span in spans]


def test_another_question_changes_nothing_else() -> None:
    before = sample()
    after = with_question(before, "Who sleeps?")
    assert after == replace(before, question="Who sleeps?")
    with pytest.raises(InputError, match="blank"):
        with_question(before, " \n")


def test_a_sentence_is_struck_out_with_one_blank_and_the_spans_behind_it_move() -> None:
    after = without_sentence(sample(), 0)
    assert after.context == "Wolves are afraid of cats. The cat sleeps."
    assert texts(after.sentences, after.context) == [
        "Wolves are afraid of cats.",
        "The cat sleeps.",
    ]
    assert texts(after.supporting, after.context) == ["Wolves are afraid of cats."]
    assert after.answers[0].span is not None
    assert after.answers[0].span.of(after.context) == "cats"


def test_an_answer_goes_with_its_sentence_but_keeps_its_text() -> None:
    after = without_sentence(sample(), 1)
    assert after.context == "Emily is a wolf. The cat sleeps."
    assert after.answers == (Answer("cats", None),)
    assert after.supporting == ()
    last = without_sentence(sample(), 2)
    assert last.context == "Emily is a wolf. Wolves are afraid of cats."


def test_a_sentence_that_is_none_and_the_only_one_cannot_be_struck_out() -> None:
    for place in (-1, 3):
        with pytest.raises(InputError, match="no sentence"):
            without_sentence(sample(), place)
    with pytest.raises(InputError, match="only sentence"):
        without_sentence(typed_sample("Who?", "Only one.", ()), 0)


def test_a_word_put_in_moves_what_is_behind_it() -> None:
    after = with_context(sample(), CONTEXT.replace("a wolf", "a big grey wolf"))
    assert texts(after.sentences, after.context) == [
        "Emily is a big grey wolf.",
        "Wolves are afraid of cats.",
        "The cat sleeps.",
    ]
    assert texts(after.supporting, after.context) == ["Wolves are afraid of cats."]
    assert after.answers[0].span is not None
    assert after.answers[0].span.of(after.context) == "cats"


def test_a_changed_fact_stays_a_fact_and_a_changed_answer_loses_its_place() -> None:
    after = with_context(sample(), CONTEXT.replace("cats", "mice"))
    assert texts(after.supporting, after.context) == ["Wolves are afraid of mice."]
    assert after.answers == (Answer("cats", None),)


def test_an_answer_that_was_moved_within_its_sentence_is_found_again() -> None:
    after = with_context(sample(), CONTEXT.replace("Wolves are afraid of cats", "Cats? No: cats"))
    assert after.answers[0].span is not None
    assert after.answers[0].span.of(after.context) == "cats"
    assert texts(after.supporting, after.context) == ["Cats?", "No: cats."]


def test_a_sentence_put_behind_the_others_is_one_more() -> None:
    after = with_context(sample(), CONTEXT + " A dog barks.")
    assert texts(after.sentences, after.context)[-1] == "A dog barks."
    assert len(after.sentences) == 4
    assert after.supporting == sample().supporting
    first = with_context(sample(), "A dog barks. " + CONTEXT)
    assert texts(first.sentences, first.context)[0] == "A dog barks."
    assert texts(first.supporting, first.context) == ["Wolves are afraid of cats."]


def test_letters_put_right_behind_a_sentence_belong_to_it() -> None:
    after = with_context(sample(), CONTEXT.replace("The cat sleeps.", "The cat sleeps.. now"))
    assert "".join(texts(after.sentences, after.context)[2:]).endswith("now")


def test_a_context_that_is_the_same_or_wholly_another() -> None:
    assert with_context(sample(), CONTEXT) == sample()
    after = with_context(sample(), "Nothing here. Only cats.")
    assert texts(after.sentences, after.context) == ["Nothing here.", "Only cats."]
    assert after.answers[0].span == Span(19, 23)
    with pytest.raises(InputError, match="blank"):
        with_context(sample(), "\t ")


def test_a_changed_sample_gets_an_id_that_is_free() -> None:
    first = edited(sample())
    assert first.id == "typed-edited"
    assert first.origin.record == "--question, edited"
    second = edited(first, {"typed-edited", "typed-edited-2"})
    assert second.id == "typed-edited-3"
    assert second.origin.record == "--question, edited"


WORDS = st.sampled_from(["Mary", "the", "milk", "went.", "東京", "é", "🙂", "Why?", "a\u0301", "x"])
TEXTS = st.lists(WORDS, min_size=1, max_size=14).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(old=TEXTS, new=TEXTS, answer=st.integers(0, 13))
def test_whatever_is_changed_every_span_has_its_text(old: str, new: str, answer: int) -> None:
    words = old.split()
    before = typed_sample("Who?", old, (words[answer % len(words)],))
    after = with_context(before, new)
    assert after.context == new
    for one, other in zip(after.sentences, after.sentences[1:], strict=False):
        assert one.end <= other.start
    covered = "".join(texts(after.sentences, new))
    assert "".join(covered.split()) == "".join(new.split())
    assert set(after.supporting) <= set(after.sentences)
    for given_answer in after.answers:
        assert given_answer.text == before.answers[0].text
        if given_answer.span is not None:
            assert given_answer.span.of(new) == given_answer.text
        else:
            assert given_answer.text not in new


@settings(max_examples=100, deadline=None)
@given(old=TEXTS, new=TEXTS, place=st.integers(0, 6))
def test_changed_samples_are_read_back_as_they_were_saved(
    tmp_path_factory: pytest.TempPathFactory, old: str, new: str, place: int
) -> None:
    before = typed_sample("Who is it?", old, (old.split()[0],))
    changed = [before, edited(with_context(before, new), {before.id})]
    if len(before.sentences) > 1:
        struck = without_sentence(before, place % len(before.sentences))
        changed.append(edited(struck, {one.id for one in changed}))
    path = tmp_path_factory.mktemp("saved") / "edited.jsonl"
    write_jsonl(path, changed)
    read = open_dataset(path)
    assert (read.format, read.skipped) == ("jsonl", 0)
    for one, other in zip(read.samples, changed, strict=True):
        for field in ("id", "question", "context", "answers", "sentences", "supporting"):
            assert getattr(one, field) == getattr(other, field)


def test_unanswerable_questions_and_odd_characters_are_saved_too(tmp_path: Path) -> None:
    odd = replace(
        sample(), answers=(), impossible=True, supporting=(), question="a \u2028 \x1b[31m b?"
    )
    path = tmp_path / "odd.jsonl"
    write_jsonl(path, [odd])
    (back,) = open_dataset(path).samples
    assert (back.impossible, back.question, back.supporting) == (True, odd.question, ())


def test_samples_are_added_to_a_file_of_their_kind_and_to_no_other(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    append_jsonl(path, [sample()])
    path.write_text(path.read_text().rstrip("\n"))
    append_jsonl(path, [edited(without_sentence(sample(), 0))])
    assert [one.id for one in open_dataset(path).samples] == ["typed", "typed-edited"]
    with pytest.raises(DataError, match="already"):
        append_jsonl(path, [sample()])
    other = tmp_path / "squad.json"
    text = shared("data/xquad/xquad.en.json").read_bytes()
    other.write_bytes(text)
    with pytest.raises(DataError, match="not a data set of JSON lines"):
        append_jsonl(other, [sample()])
    assert other.read_bytes() == text
    packed = tmp_path / "packed.jsonl"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(DataError, match="packed"):
        append_jsonl(packed, [edited(sample())])
    with pytest.raises(DiskError):
        write_jsonl(tmp_path / "no" / "folder.jsonl", [sample()])


def test_every_sentence_of_real_samples_can_be_struck_out_and_saved(tmp_path: Path) -> None:
    for file in ("squad/dev-v2.0.json", "babi/tasks_1-20_v1-2/en/qa15_basic-deduction_test.txt"):
        samples = open_dataset(shared(f"data/{file}")).samples[::150]
        changed = [
            replace(without_sentence(one, place), id=f"{one.id} {place}")
            for one in samples
            if len(one.sentences) > 1
            for place in range(len(one.sentences))
        ]
        path = tmp_path / "struck.jsonl"
        write_jsonl(path, changed)
        read = open_dataset(path)
        assert (len(read.samples), read.skipped) == (len(changed), 0)
        for one, other in zip(read.samples, changed, strict=True):
            assert (one.context, one.sentences) == (other.context, other.sentences)
            assert [answer.span for answer in one.answers] == [
                answer.span for answer in other.answers
            ]
