from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.analysis.clustering import (
    adjusted_rand,
    agreement,
    cluster,
    kmeans,
    silhouette,
)
from bertscope_tui.analysis.projection import project
from bertscope_tui.errors import Cancelled, InputError


def _groups(tokens: int, groups: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return points of groups that lie far apart, and the group of each."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(scale=12.0, size=(groups, width))
    group = rng.permutation(np.arange(tokens) % groups)
    points = middles[group] + rng.normal(size=(tokens, width)) + 5.0
    return points.astype(np.float32), group


@pytest.mark.parametrize(("groups", "width"), [(2, 8), (3, 200), (5, 40), (7, 300)])
def test_groups_that_lie_apart_are_found_and_counted(groups: int, width: int) -> None:
    points, group = _groups(70, groups, width)
    found = cluster(points, range(70))
    assert found.k == groups
    assert adjusted_rand(found.labels, group) == 1.0
    assert [k for k, _ in found.tried] == list(range(2, 9))
    assert dict(found.tried)[groups] == max(value for _, value in found.tried)


@pytest.mark.parametrize(("tokens", "width"), [(40, 100), (150, 12)])
@pytest.mark.parametrize("k", [2, 4, 6])
def test_it_comes_as_near_to_the_tokens_as_scikit_learn(tokens: int, width: int, k: int) -> None:
    from sklearn.cluster import KMeans

    points = np.random.default_rng(tokens + k).normal(size=(tokens, width)) * np.geomspace(
        3, 0.3, width
    )
    labels = kmeans(points, k)
    ours = sum(
        ((points[labels == one] - points[labels == one].mean(axis=0)) ** 2).sum()
        for one in range(k)
    )
    theirs = KMeans(k, n_init=8, random_state=0).fit(points).inertia_
    assert ours <= theirs * 1.002


@pytest.mark.parametrize("seed", range(6))
def test_of_few_tokens_it_finds_what_scikit_learn_needs_many_starts_for(seed: int) -> None:
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(seed)
    points = rng.normal(size=(36, 60)) * np.geomspace(4, 0.2, 60)
    for k in (5, 6, 7, 8):
        labels = kmeans(points, k)
        ours = sum(
            ((points[labels == one] - points[labels == one].mean(axis=0)) ** 2).sum()
            for one in range(k)
        )
        assert ours <= KMeans(k, n_init=60, random_state=0).fit(points).inertia_ * 1.001


@settings(max_examples=50, deadline=None)
@given(tokens=st.integers(3, 30), k=st.integers(2, 5), seed=st.integers(0, 9999))
def test_the_silhouette_equals_that_of_scikit_learn(tokens: int, k: int, seed: int) -> None:
    from sklearn.metrics import silhouette_score

    rng = np.random.default_rng(seed)
    points = rng.normal(size=(tokens, 6))
    labels = rng.integers(0, k, size=tokens)
    if not 2 <= len(set(labels.tolist())) < tokens:
        assert math.isnan(silhouette(points, labels))
    else:
        expected = silhouette_score(points, labels)
        assert silhouette(points, labels) == pytest.approx(expected, abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(
    one=st.lists(st.integers(0, 4), min_size=2, max_size=30),
    seed=st.integers(0, 9999),
)
def test_the_rand_index_equals_that_of_scikit_learn(one: list[int], seed: int) -> None:
    from sklearn.metrics import adjusted_rand_score

    other = np.random.default_rng(seed).integers(0, 4, size=len(one))
    expected = adjusted_rand_score(one, other)
    assert adjusted_rand(np.array(one), other) == pytest.approx(expected, abs=1e-3)


def test_a_picture_of_the_same_groups_agrees_and_one_of_others_does_not() -> None:
    points, _ = _groups(60, 3, 50, seed=2)
    found = cluster(points, range(60))
    shown = project(points[None], range(60)).coordinates[0]
    assert agreement(found, shown) == 1.0
    mixed = np.random.default_rng(0).permutation(shown)
    assert abs(agreement(found, mixed)) < 0.2


def test_clusters_are_numbered_by_size_and_list_their_tokens() -> None:
    points = np.zeros((11, 4), dtype=np.float32)
    points[2:5] += 10.0
    points[5:11] -= 10.0
    points += np.random.default_rng(0).normal(scale=0.1, size=points.shape).astype(np.float32)
    points[0] = np.nan
    found = cluster(points, range(1, 11), k=3)
    assert found.members(0) == (5, 6, 7, 8, 9, 10)
    assert found.members(1) == (2, 3, 4)
    assert found.members(2) == (1,)
    assert found.of_token(3) == 1
    assert found.of_token(0) is None


def test_the_same_seed_gives_the_same_clusters_and_the_number_can_be_given() -> None:
    points = np.random.default_rng(7).normal(size=(50, 20)).astype(np.float32)
    one, other = (cluster(points, range(50), k=5, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.labels, other.labels)
    assert one.k == 5
    assert sorted(set(one.labels.tolist())) == list(range(5))
    assert one.silhouette == pytest.approx(silhouette(points, one.labels))
    assert [k for k, _ in cluster(points, range(50), between=(3, 5)).tried] == [3, 4, 5]


@pytest.mark.parametrize("tokens", [0, 1])
def test_less_than_two_tokens_are_one_cluster_at_most(tokens: int) -> None:
    found = cluster(np.ones((3, 4), dtype=np.float32), range(tokens))
    assert (found.k, found.labels.tolist(), found.tried) == (tokens, [0] * tokens, ())
    assert math.isnan(found.silhouette)


def test_identical_tokens_are_one_cluster_and_pairs_of_them_never_parted() -> None:
    same = np.full((20, 8), 3.3, dtype=np.float32)
    assert cluster(same, range(20)).k == 1
    same[10:] += 1.0
    found = cluster(same, range(20), k=6)
    assert found.k == 2
    assert found.members(0) == tuple(range(10))
    assert found.silhouette == pytest.approx(1.0)


def test_three_tokens_are_two_clusters_with_a_silhouette() -> None:
    points = np.array([[0, 0], [0, 1], [9, 9]], dtype=np.float32)
    found = cluster(points, range(3))
    assert (found.k, found.members(0)) == (2, (0, 1))
    assert found.silhouette > 0.5


def test_a_number_of_clusters_below_one_is_refused() -> None:
    points = np.zeros((4, 2), dtype=np.float32)
    for between in ((0, 3), (4, 3)):
        with pytest.raises(InputError):
            cluster(points, range(4), between=between)
    with pytest.raises(InputError):
        cluster(points, range(4), k=0)


def test_clustering_is_cancelled_between_steps_of_one_number_of_clusters() -> None:
    points = np.random.default_rng(7).normal(size=(30, 6)).astype(np.float32)
    asked = iter([False, False, True])
    with pytest.raises(Cancelled):
        cluster(points, range(30), k=4, cancelled=lambda: next(asked))


@settings(max_examples=40, deadline=None)
@given(tokens=st.integers(1, 15), k=st.integers(1, 8), seed=st.integers(0, 999))
def test_every_cluster_has_a_token_and_no_more_are_made_than_asked_for(
    tokens: int, k: int, seed: int
) -> None:
    points = np.random.default_rng(seed).integers(0, 3, size=(tokens, 2)).astype(np.float32)
    found = cluster(points, range(tokens), k=k)
    assert found.k <= k
    assert sorted(set(found.labels.tolist())) == list(range(found.k))
    sizes = np.bincount(found.labels)
    assert (np.diff(sizes) <= 0).all()
