from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.data.differences import carried, differences, restored
from bertscope_tui.data.editing import without_sentence
from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.records import Span
from bertscope_tui.inspection.typed import typed_sample

TEXTS = st.text(alphabet="ab .!\n\té東\u0301\x1b", max_size=40)


def words(before: str, after: str) -> list[tuple[str, str]]:
    """Return what was replaced by what."""
    return [
        (piece.before.of(before), piece.after.of(after))
        for piece in differences(before, after)
        if not piece.same
    ]


@given(TEXTS, TEXTS)
@settings(deadline=None)
def test_the_pieces_are_both_texts_in_order_and_equal_ones_are_equal(
    before: str, after: str
) -> None:
    pieces = differences(before, after)
    assert "".join(piece.before.of(before) for piece in pieces) == before
    assert "".join(piece.after.of(after) for piece in pieces) == after
    for piece in pieces:
        assert piece.before.of(before) or piece.after.of(after)
        if piece.same:
            assert piece.before.of(before) == piece.after.of(after)
    for one, other in pairwise(pieces):
        assert one.same != other.same


def test_equal_texts_are_one_piece_and_empty_ones_none() -> None:
    assert [piece.same for piece in differences("Mary went.", "Mary went.")] == [True]
    assert differences("", "") == ()


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ("Mary went.", "Mary ran.", [("went", "ran")]),
        ("a wolf", "a big wolf", [("", "big ")]),
        ("Who are afraid of cats?", "Who fear cats?", [("are afraid of", "fear")]),
        ("one two three", "eins zwei three", [("one two", "eins zwei")]),
        ("", "Mary", [("", "Mary")]),
    ],
)
def test_words_are_compared_whole_and_replaced_ones_belong_together(
    before: str, after: str, changes: list[tuple[str, str]]
) -> None:
    assert words(before, after) == changes


SENTENCES = st.lists(
    st.lists(st.sampled_from(("mary", "went", "the", "dog")), min_size=1, max_size=4).map(
        lambda found: " ".join(found).capitalize() + "."
    ),
    min_size=2,
    max_size=6,
)


@given(SENTENCES, st.data())
@settings(deadline=None)
def test_a_sentence_that_was_struck_out_is_shown_as_a_whole(
    sentences: list[str], data: st.DataObject
) -> None:
    sample = typed_sample("Who?", " ".join(sentences))
    place = data.draw(st.integers(0, len(sample.sentences) - 1))
    struck = without_sentence(sample, place)
    found = words(sample.context, struck.context)
    assert len(found) == 1
    assert found[0][1] == ""
    # Where the same sentence stands twice in a row, either may be the one that is gone.
    assert found[0][0].strip() == sample.sentences[place].of(sample.context)


def test_spans_are_carried_over_unless_they_were_touched() -> None:
    before, after = "Emily is a wolf. It sleeps.", "Emily is a big wolf. It runs."
    pieces = differences(before, after)
    wolf = Span(before.index("wolf"), before.index("wolf") + 4)
    there = carried(wolf, pieces)
    assert there is not None
    assert there.of(after) == "wolf"
    assert carried(Span(0, 5), pieces) == Span(0, 5)
    assert carried(Span(before.index("sleeps"), len(before) - 1), pieces) is None
    assert carried(Span(before.index("a wolf"), wolf.end), pieces) is None


def test_what_was_not_touched_stays_as_it_was_behind_what_a_screen_shows() -> None:
    original = "Mary\twent.\nShe said \x1b[31m."
    edited = clean(original).replace("went", "ran")
    assert restored(original, clean(original), edited) == "Mary\tran.\nShe said \x1b[31m."
    assert restored("plain", "plain", "other") == "other"


@given(TEXTS)
def test_a_text_that_was_only_looked_at_is_not_changed(text: str) -> None:
    assert restored(text, clean(text), clean(text)) == text
