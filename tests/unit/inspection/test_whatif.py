"""A sample before and after an edit: which words are the same, how pictures are turned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bertscope_tui.analysis.projection import Recipe
from bertscope_tui.data.editing import with_context, with_question, without_sentence
from bertscope_tui.errors import InputError
from bertscope_tui.inspection.choice import available_themes
from bertscope_tui.inspection.pipeline import extract, project, read
from bertscope_tui.inspection.typed import typed_sample
from bertscope_tui.inspection.views import Look
from bertscope_tui.inspection.whatif import (
    common_tokens,
    counterpart,
    moved,
    outcome,
    outcome_words,
    turned_onto,
    with_edits,
)
from tests.reference.procrustes import best_turn_distance
from tests.tiny_models import tiny_model
from tests.tui.fakes import extraction_of, model_info, pictures_of, sample_of

CONTEXT = "Mary went to the mill. John left the kitchen. Mary carried a basket of pears."
SAMPLE = typed_sample("Where is Mary?", CONTEXT, ("the mill",))


def extraction(sample=SAMPLE, kind: str = "bert", **given):
    model = tiny_model(kind)
    return extract(model, read(model, sample), **given)


@pytest.mark.parametrize("kind", ["bert", "gpt2", "roberta"])
def test_common_tokens_are_those_of_words_that_were_left(kind: str) -> None:
    before, after = extraction(kind=kind), extraction(without_sentence(SAMPLE, 1), kind)
    pairs = common_tokens(before, after)
    for one, other in pairs:
        old, new = before.tokens[one], after.tokens[other]
        assert (old.part, old.text.strip()) == (new.part, new.text.strip())
    left = [before.tokens[one] for one, _ in pairs if before.tokens[one].part == "context"]
    struck = before.sample.sentences[1]
    assert left
    assert not [t for t in left if struck.start < t.start < struck.end]
    # Every word that was left is there, the second Mary as herself and not as the first.
    behind = [t for t in before.tokens if t.part == "context" and t.start > struck.end + 1]
    assert {t.index for t in behind} <= {one for one, _ in pairs}


def test_a_changed_word_is_in_no_pair_and_has_no_counterpart() -> None:
    before = extraction_of(sample_of(0))
    after = extraction_of(with_question(before.sample, "Where was thing 0 ?"))
    was = next(t.index for t in before.tokens if t.text == "is")
    assert counterpart(before, was, after) is None
    thing = next(t.index for t in before.tokens if t.text == "thing")
    there = counterpart(before, thing, after)
    assert there is not None
    assert after.tokens[there].text == "thing"


def test_outliers_are_in_no_pair() -> None:
    before = extraction_of(sample_of(0), outlier=True)
    assert 1 not in {one for one, _ in common_tokens(before, before)}


@pytest.mark.parametrize("kind", ["bert", "gpt2"])
def test_pictures_are_turned_onto_those_before_as_well_as_turning_can(kind: str) -> None:
    before, after = extraction(kind=kind), extraction(without_sentence(SAMPLE, 1), kind)
    old, new = project(before), project(after)
    words = common_tokens(before, after)
    turned = turned_onto(new, old, words)
    places = [
        (old.projection.shown.tolist().index(one), new.projection.shown.tolist().index(other))
        for one, other in words
    ]
    for layer in range(before.layers + 1):
        raw = new.projection.coordinates[layer].astype(float)
        now = turned.projection.coordinates[layer].astype(float)
        gaps = [np.linalg.norm(p[:, None] - p[None], axis=-1) for p in (raw, now)]
        np.testing.assert_allclose(gaps[0], gaps[1], atol=1e-4)
        target = old.projection.coordinates[layer, [one for one, _ in places]].astype(float)
        ours = now[[other for _, other in places]]
        theirs = raw[[other for _, other in places]]
        target, ours, theirs = (p - p.mean(axis=0) for p in (target, ours, theirs))
        best = best_turn_distance(theirs, target)
        assert ((ours - target) ** 2).sum() <= best + 1e-3
    again = turned_onto(turned, old, words)
    np.testing.assert_allclose(
        again.projection.coordinates, turned.projection.coordinates, atol=1e-4
    )


def test_what_says_something_by_its_axes_keeps_them() -> None:
    before, after = extraction(), extraction(without_sentence(SAMPLE, 1))
    words = common_tokens(before, after)
    raw = Recipe(aligned=False)
    new = project(after, raw)
    assert turned_onto(new, project(before, raw), words) is new
    assert turned_onto(new, project(before), words) is new
    for recipe in (Recipe(fit="joint"), Recipe("ica")):
        old, new = project(before, recipe), project(after, recipe)
        turned = turned_onto(new, old, words).projection.coordinates
        same = np.sort(np.abs(turned), axis=2), np.sort(np.abs(new.projection.coordinates), axis=2)
        np.testing.assert_allclose(*same, atol=1e-5)
    joint = Recipe(fit="joint")
    old, new = project(before, joint), project(after, joint)
    signs = turned_onto(new, old, words).projection.coordinates / new.projection.coordinates
    assert np.unique(np.round(signs, 3), axis=1).shape[1] == 1, "all layers alike"
    assert len(np.unique(np.round(signs.reshape(-1, 2), 3), axis=0)) == 1


def test_layers_that_are_not_there_yet_are_left_as_they_are() -> None:
    before, after = extraction(), extraction(without_sentence(SAMPLE, 1))
    words = common_tokens(before, after)
    old, new = project(before), project(after)
    partly = new.projection.coordinates.copy()
    partly[1] = np.nan
    some = replace(new, projection=replace(new.projection, coordinates=partly))
    found = turned_onto(some, old, words).projection.coordinates
    whole = turned_onto(new, old, words).projection.coordinates
    assert np.isnan(found[1]).all()
    np.testing.assert_array_equal(found[[0, 2]], whole[[0, 2]])


def test_pictures_with_no_word_in_common_or_of_another_model_are_not_turned() -> None:
    one = extraction_of(sample_of(0))
    new = pictures_of(one)
    new = replace(new, projection=replace(new.projection, recipe=Recipe()))
    assert turned_onto(new, new, ()) is new
    other = replace(new, extraction=replace(one, model=model_info("other")))
    assert turned_onto(new, other, common_tokens(one, one)) is new


def test_words_are_listed_by_how_far_they_moved() -> None:
    before, after = extraction(), extraction(without_sentence(SAMPLE, 1))
    found = moved(before, after)
    assert found.distances.shape == (before.layers + 1, len(found.pairs))
    for layer in range(before.layers + 1):
        distances = [distance for _, distance in found.most(layer)]
        assert distances == sorted(distances, reverse=True)
        assert len(found.most(layer, 2)) == 2
    # In front of the edit, positions and so embeddings are the same.
    at = {pair: place for place, pair in enumerate(found.pairs)}
    first = [at[pair] for pair in found.pairs if pair[0] == pair[1]]
    assert np.allclose(found.distances[0, first], 0.0, atol=1e-6)
    assert (found.distances[1:, first] > 0).all()


def test_edits_are_made_together_and_sentences_counted_as_they_were() -> None:
    found = with_edits(SAMPLE, strike=(0, 1), question="Who has pears?")
    assert found.context == "Mary carried a basket of pears."
    assert (found.question, found.id) == ("Who has pears?", "typed-edited")
    assert found.answers[0].span is None
    other = with_edits(SAMPLE, context="Mary went to the mill.")
    assert other == replace(
        with_context(SAMPLE, "Mary went to the mill."), id=other.id, origin=other.origin
    )
    with pytest.raises(InputError, match="no sentence 3"):
        with_edits(SAMPLE, strike=(3,))


def test_an_answer_is_told_in_a_few_words() -> None:
    look = Look(next(iter(available_themes()[0].values())))
    wrong = extraction_of(sample_of(0), wrong=True)
    words = outcome_words(outcome(wrong.prediction, wrong.scores), look)
    assert wrong.prediction is not None
    assert words == f"{wrong.prediction.text} p 0.75 ✗ F1 0.25"
    right = extraction_of(sample_of(0))
    plain = Look(look.theme, ascii=True)
    assert outcome_words(outcome(right.prediction, right.scores), plain, short=True).endswith(
        " p 0.75 +"
    )
    assert outcome_words(None, look) == "(no prediction)"
