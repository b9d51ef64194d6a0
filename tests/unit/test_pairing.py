"""One sample as two models see it, against direct formulas on their hidden states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances

from bertscope_tui.analysis.projection import Recipe
from bertscope_tui.inspection.pairing import Pair, pair, see_beside, turned_onto
from bertscope_tui.inspection.pipeline import extract, project, read
from bertscope_tui.inspection.snapshots import Extraction
from bertscope_tui.inspection.typed import typed_sample
from tests.tiny_models import tiny_model

SAMPLE = typed_sample(
    "Where did the lantern maker walk?",
    "The lantern maker walked to the mill. Mary carried a basket of pears. John left the kitchen "
    "and dropped the apple.",
)


def seen(name: str, sample=SAMPLE, window: int | None = None) -> Extraction:
    model = tiny_model(name)
    return extract(model, read(model, sample), window=window)


def pair_of(first: str, second: str) -> Pair:
    one = seen(first)
    return pair(one, see_beside(one, tiny_model(second), SAMPLE))


def changed(pair: Pair, side: int) -> np.ndarray:
    """Return the changes of a side by sorting scikit-learn's cosines."""
    count = len(pair.units)
    k = min(8, count - 2)
    means = [
        np.stack(
            [
                extraction.states[:, list(pair.tokens(s, unit))].astype(float).mean(axis=1)
                for unit in range(count)
            ],
            axis=1,
        )
        for s, extraction in enumerate((pair.extraction(0), pair.extraction(1)))
    ]
    own, other = means[side], means[1 - side]
    found = np.zeros((len(own), count))
    for layer in range(len(own)):
        there = round(layer * (len(other) - 1) / (len(own) - 1))
        near = []
        for states in (own[layer], other[there]):
            cosines = cosine_similarity(states - states.mean(axis=0))
            np.fill_diagonal(cosines, -2)
            near.append([set(np.argsort(-row, kind="stable")[:k]) for row in cosines])
        found[layer] = [1 - len(a & b) / k for a, b in zip(*near, strict=True)]
    return found


@pytest.mark.parametrize("names", [("bert", "gpt2"), ("roberta", "bert"), ("bert", "electra")])
def test_changes_are_the_part_of_neighbours_that_differ_at_the_same_depth(names) -> None:
    found = pair_of(*names)
    assert len(found.units) > 20
    for side in (0, 1):
        np.testing.assert_allclose(found.changes[side], changed(found, side), atol=1e-3)


@pytest.mark.parametrize("side", [0, 1])
def test_the_nearest_that_are_listed_are_those_that_changes_count(side) -> None:
    found = pair_of("bert", "gpt2")
    last = found.extraction(side).layers
    for unit in range(0, len(found.units), 5):
        for layer in range(last + 1):
            own = {one.token for one in found.nearest(side, layer, unit)}
            there = found.layer_beside(side, layer)
            other = {one.token for one in found.nearest(1 - side, there, unit)}
            share = 1 - len(own & other) / len(own)
            assert share == pytest.approx(found.changes[side][layer, unit])


def test_a_model_beside_itself_changes_nothing() -> None:
    found = pair_of("bert", "bert")
    assert not found.changes[0].any()
    assert not found.changes[1].any()


def test_units_are_the_same_characters_on_both_sides_and_lead_back_from_every_token() -> None:
    found = pair_of("bert", "gpt2")
    for number, unit in enumerate(found.units):
        whole = SAMPLE.question if unit.part == "question" else SAMPLE.context
        assert found.text(number) == whole[unit.start : unit.end]
        for side in (0, 1):
            tokens = [found.extraction(side).tokens[n] for n in found.tokens(side, number)]
            assert min(one.start for one in tokens) == unit.start
            assert max(one.end for one in tokens) == unit.end
            assert {found.unit_of(side, one.index) for one in tokens} == {number}
    special = next(one.index for one in found.extraction(0).tokens if one.part == "special")
    assert found.unit_of(0, special) is None


@pytest.mark.parametrize(
    "recipe",
    [Recipe(), Recipe(fit="joint"), Recipe(aligned=False), Recipe("ica"), Recipe("tsne")],
    ids=str,
)
@pytest.mark.parametrize("side", [0, 1])
def test_a_picture_is_turned_by_the_best_turn_and_keeps_every_distance(side, recipe) -> None:
    found = pair_of("bert", "gpt2")
    own, target = (project(found.extraction(s), recipe) for s in (side, 1 - side))
    for layer in range(found.extraction(side).layers + 1):
        there = found.layer_beside(side, layer)
        turned = turned_onto(found, side, own, layer, target, there).projection
        before = own.projection.coordinates[layer]
        np.testing.assert_allclose(
            euclidean_distances(turned.coordinates[layer]), euclidean_distances(before), atol=1e-3
        )
        if recipe in (Recipe(), Recipe("tsne")):
            turn = _best_turn(found, side, own, layer, target, there)
            np.testing.assert_allclose(turned.coordinates[layer], before @ turn, atol=1e-3)
        else:
            assert turned is own.projection


def _best_turn(found, side, own, layer, target, there) -> np.ndarray:
    """Return what scipy's orthogonal Procrustes makes of the places of what both show."""
    rows = []
    for number in range(len(found.units)):
        ends = []
        for pictures, s, place in ((own, side, layer), (target, 1 - side, there)):
            shown = pictures.projection.shown.tolist()
            token = found.tokens(s, number)[0]
            if token in shown:
                ends.append(pictures.projection.coordinates[place][shown.index(token)])
        if len(ends) == 2:
            rows.append(ends)
    points = np.array(rows, dtype=float)
    points -= points.mean(axis=0)
    return orthogonal_procrustes(points[:, 0], points[:, 1])[0]


def test_a_picture_is_left_as_it_is_while_the_other_one_is_not_there() -> None:
    found = pair_of("bert", "gpt2")
    own, target = (project(found.extraction(side)) for side in (0, 1))
    missing = target.projection.coordinates.copy()
    missing[1] = np.nan
    target = replace(target, projection=replace(target.projection, coordinates=missing))
    assert turned_onto(found, 0, own, 1, target, 1) is own


def test_the_second_model_shows_the_window_that_has_most_of_the_first_one() -> None:
    sample = replace(SAMPLE, context=" ".join(f"Word{n} stands here." for n in range(200)))
    model = tiny_model("bert")
    reading = read(model, sample)
    assert len(reading.encoded.windows) > 2
    for window in (0, len(reading.encoded.windows) - 1):
        first = extract(model, reading, window=window)
        other = see_beside(first, tiny_model("electra"), sample)
        assert other.window.index == window
        assert (other.window.start, other.window.end) == (first.window.start, first.window.end)


def test_two_words_are_too_few_to_have_neighbours_that_change() -> None:
    sample = typed_sample("?", "John")
    one = seen("bert", sample)
    found = pair(one, see_beside(one, tiny_model("bert"), sample))
    assert len(found.units) == 2
    assert np.isnan(found.changes[0]).all()
    assert found.nearest(0, 1, 0) == ()
