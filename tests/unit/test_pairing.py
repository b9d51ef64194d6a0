"""One sample as two models see it, against direct formulas on their hidden states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances

from bertscope_tui.analysis.projection import Recipe
from bertscope_tui.inspection.pairing import Pair, pair, see_beside
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


def pair_of(first: str, second: str, recipe: Recipe | None = None) -> Pair:
    one = project(seen(first), recipe)
    return pair(one, see_beside(one.extraction, tiny_model(second), SAMPLE))


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


def test_a_model_beside_itself_changes_nothing_and_has_the_same_pictures() -> None:
    found = pair_of("bert", "bert")
    assert not found.changes[0].any()
    one, other = (pictures.projection.coordinates for pictures in found.pictures)
    np.testing.assert_allclose(one, other, atol=1e-4)


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
def test_pictures_of_the_second_model_keep_every_distance_of_their_own(recipe) -> None:
    found = pair_of("bert", "gpt2", recipe)
    alone = project(found.extraction(1), recipe).projection
    beside = found.pictures[1].projection
    assert beside.recipe == recipe
    assert beside.shown.tolist() == alone.shown.tolist()
    for layer in range(len(alone.coordinates)):
        np.testing.assert_allclose(
            euclidean_distances(beside.coordinates[layer]),
            euclidean_distances(alone.coordinates[layer]),
            atol=1e-3,
        )
    turned = not np.allclose(alone.coordinates, beside.coordinates, atol=1e-4)
    assert turned == (recipe in (Recipe(), Recipe("tsne")))


def test_the_turn_is_the_best_that_an_orthogonal_procrustes_finds() -> None:
    from scipy.linalg import orthogonal_procrustes

    found = pair_of("bert", "gpt2")
    first = found.pictures[0].projection
    alone = project(found.extraction(1)).projection
    places = [{t: n for n, t in enumerate(one.shown.tolist())} for one in (first, alone)]
    rows = []
    for layer in range(len(alone.coordinates)):
        there = found.layer_beside(1, layer)
        for number in range(len(found.units)):
            one, other = found.tokens(0, number)[0], found.tokens(1, number)[0]
            if one in places[0] and other in places[1]:
                target = first.coordinates[there][places[0][one]]
                rows.append((alone.coordinates[layer][places[1][other]], target))
    moved, target = (np.array(side, dtype=float) for side in zip(*rows, strict=True))
    turn, _ = orthogonal_procrustes(moved, target)
    np.testing.assert_allclose(
        found.pictures[1].projection.coordinates, alone.coordinates @ turn, atol=1e-3
    )


def test_tokens_are_shown_on_both_sides_as_the_first_pictures_show_them() -> None:
    one = project(seen("bert"), special=True, outliers=True)
    found = pair(one, see_beside(one.extraction, tiny_model("gpt2"), SAMPLE))
    assert found.pictures[1].special
    assert found.pictures[1].outliers
    assert len(found.pictures[1].projection.shown) == len(found.extraction(1).tokens)


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
    one = project(seen("bert", sample))
    found = pair(one, see_beside(one.extraction, tiny_model("bert"), sample))
    assert len(found.units) == 2
    assert np.isnan(found.changes[0]).all()
    assert found.nearest(0, 1, 0) == ()
