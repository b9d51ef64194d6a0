"""Clusters, trails and neighbours by layer as snapshots, against scikit-learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bertscope_tui.analysis.geometry import nearest, nearest_by_layer
from bertscope_tui.analysis.projection import Recipe, gathered
from bertscope_tui.errors import Cancelled
from bertscope_tui.inspection.overlays import (
    layer_clusters,
    near_by_layer,
    no_trail,
    trail_of,
)
from bertscope_tui.inspection.pipeline import project
from bertscope_tui.inspection.snapshots import Extraction, PictureChoice
from bertscope_tui.inspection.views import clusters_words, legend, token_look
from tests.reference.neighbours import neighbours
from tests.tui.fakes import extraction_of, model_info, sample_of
from tests.unit.test_views import LOOK


@pytest.fixture
def extraction() -> Extraction:
    return extraction_of(sample_of(0, words=40), model_info(layers=4))


@pytest.mark.parametrize("k", [None, 3])
def test_silhouette_and_agreement_are_those_of_scikit_learn(
    extraction: Extraction, k: int | None
) -> None:
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    pictures = project(extraction)
    for found in layer_clusters(pictures, range(5), k):
        states = extraction.states[found.layer, pictures.projection.shown].astype(float)
        labels = found.clusters.labels
        assert found.clusters.silhouette == pytest.approx(
            silhouette_score(states, labels), abs=1e-3
        )
        if k is None:
            best = max(
                silhouette_score(states, KMeans(n, n_init=20, random_state=0).fit_predict(states))
                for n in range(2, 9)
            )
            assert found.clusters.silhouette >= best - 0.02, "another optimum may be found"
        places = pictures.projection.coordinates[found.layer]
        seen = KMeans(found.clusters.k, n_init=20, random_state=0).fit_predict(places)
        # Where the plane has several clusterings that are as good, ours may be another one.
        assert found.agreement == pytest.approx(adjusted_rand_score(labels, seen), abs=0.2)
        assert found.chosen == (k is not None)
        assert found.numbers == dict(
            zip(pictures.projection.shown.tolist(), labels.tolist(), strict=True)
        )


@pytest.mark.parametrize("by", ["cosine", "euclidean"])
def test_neighbours_of_every_layer_are_those_of_scikit_learn(
    extraction: Extraction, by: str
) -> None:
    choice = PictureChoice(Recipe())
    found = near_by_layer(extraction, choice, 9, by, k=5)  # type: ignore[arg-type]
    among = list(extraction.shown(special=False, outliers=False))
    assert len(found.layers) == 5
    for layer, near in enumerate(found.layers):
        wanted = neighbours(extraction.states[layer], 9, among, 5, by)
        assert [one.token for one in near] == [token for token, _, _ in wanted]
        figures = [(one.cosine, one.euclidean) for one in near]
        assert np.allclose(figures, [one[1:] for one in wanted], atol=1e-3)


def test_newcomers_are_those_that_were_not_among_the_nearest_of_the_layer_below(
    extraction: Extraction,
) -> None:
    states = np.random.default_rng(0).normal(size=extraction.states.shape).astype(np.float32)
    drawn = replace(extraction, states=states)
    found = near_by_layer(drawn, PictureChoice(Recipe()), 9, "cosine", k=4)
    assert found.newcomers(0) == frozenset()
    for layer in range(1, 5):
        below, here = ({one.token for one in found.layers[n]} for n in (layer - 1, layer))
        assert found.newcomers(layer) == here - below
    assert any(found.newcomers(layer) for layer in range(5))


def test_neighbours_by_layer_are_the_same_as_layer_by_layer_and_can_be_cancelled(
    extraction: Extraction,
) -> None:
    among = range(1, 20)
    made = nearest_by_layer(extraction.states, 3, among, 6)
    assert made == tuple(nearest(layer, 3, among, 6) for layer in extraction.states)
    asked = iter([False, False, True])
    with pytest.raises(Cancelled):
        nearest_by_layer(extraction.states, 3, among, cancelled=lambda: next(asked))


def test_a_trail_has_the_places_of_its_token_and_none_for_a_layer_that_is_missing(
    extraction: Extraction,
) -> None:
    pictures = project(extraction)
    trail = trail_of(pictures, 9)
    assert trail is not None
    place = pictures.projection.shown.tolist().index(9)
    assert np.array_equal(np.array(trail.places), pictures.projection.coordinates[:, place])
    part = gathered(5, pictures.projection.shown, Recipe(), [])
    empty = trail_of(replace(pictures, projection=part), 9)
    assert empty is not None
    assert empty.places == (None,) * 5
    assert trail_of(pictures, 0) is None, "a hidden token has none"


@pytest.mark.parametrize(
    ("recipe", "word"),
    [
        (Recipe(), ""),
        (Recipe(fit="joint"), ""),
        (Recipe("tsne", "joint"), ""),
        (Recipe(aligned=False), "turned"),
        (Recipe("ica"), "independent components"),
        (Recipe("tsne"), "by itself"),
    ],
)
def test_trails_are_only_on_axes_that_layers_share(
    extraction: Extraction, recipe: Recipe, word: str
) -> None:
    assert word in no_trail(recipe)
    assert bool(no_trail(recipe)) == bool(word)
    assert (trail_of(project(extraction, recipe), 9) is None) == bool(word)


def test_clusters_are_told_by_number_and_words_have_all_three_figures(
    extraction: Extraction,
) -> None:
    found = layer_clusters(project(extraction), [2])[0]
    for token, number in found.numbers.items():
        glyph, colour = token_look(extraction, token, "clusters", LOOK, found.numbers)
        assert glyph == str(number)
        assert colour == LOOK.theme.sequence[number % len(LOOK.theme.sequence)]
    assert token_look(extraction, 0, "clusters", LOOK, found.numbers)[0] == LOOK.glyph("special")
    for short in (False, True):
        words = clusters_words(found, short=short)
        assert f"{found.clusters.silhouette:.2f}" in words
        assert f"{found.agreement:.2f}" in words
        entries = legend(extraction, "clusters", LOOK, short=short, clusters=found)
        assert len(entries) == found.clusters.k + 1
    assert "as chosen" in clusters_words(layer_clusters(project(extraction), [2], 4)[0])
    assert legend(extraction, "clusters", LOOK) == []
