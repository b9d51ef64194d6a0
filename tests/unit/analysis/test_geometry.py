from __future__ import annotations

import numpy as np
import pytest

from bertscope_tui.analysis.geometry import nearest
from tests.reference.neighbours import neighbours


@pytest.fixture
def states() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(30, 7)).astype(np.float32) + 5.0


def _by_hand(states: np.ndarray, token: int, among: list[int]) -> list[tuple[int, float, float]]:
    points = states.astype(float)
    centred = points - points[among].mean(axis=0)
    rows = []
    for other in among:
        if other != token:
            cosine = centred[token] @ centred[other]
            cosine /= np.sqrt((centred[token] ** 2).sum() * (centred[other] ** 2).sum())
            rows.append((other, cosine, np.sqrt(((points[token] - points[other]) ** 2).sum())))
    return rows


def test_cosine_neighbours_are_those_found_by_hand(states: np.ndarray) -> None:
    among = list(range(2, 25))
    expected = sorted(_by_hand(states, 5, among), key=lambda row: -row[1])[:8]
    found = nearest(states, 5, among)
    assert [n.token for n in found] == [row[0] for row in expected]
    np.testing.assert_allclose([n.cosine for n in found], [row[1] for row in expected])
    np.testing.assert_allclose([n.euclidean for n in found], [row[2] for row in expected])


def test_euclidean_neighbours_come_by_distance(states: np.ndarray) -> None:
    among = list(range(30))
    expected = sorted(_by_hand(states, 0, among), key=lambda row: row[2])[:4]
    found = nearest(states, 0, among, k=4, by="euclidean")
    assert [n.token for n in found] == [row[0] for row in expected]


def test_cosines_are_taken_around_the_mean_of_the_shown_tokens(states: np.ndarray) -> None:
    shifted = states + 100.0
    ours = nearest(states, 1, range(30), k=29)
    other = nearest(shifted, 1, range(30), k=29)
    np.testing.assert_allclose([n.cosine for n in ours], [n.cosine for n in other], atol=1e-3)
    assert min(n.cosine for n in other) < 0.0


def test_a_token_outside_the_compared_ones_has_neighbours_too(states: np.ndarray) -> None:
    found = nearest(states, 0, [4, 5, 6])
    assert {n.token for n in found} == {4, 5, 6}


def test_the_token_itself_and_repeats_are_not_listed(states: np.ndarray) -> None:
    assert sorted(n.token for n in nearest(states, 3, [3, 3, 7, 7, 9])) == [7, 9]


def test_without_others_there_is_no_neighbour(states: np.ndarray) -> None:
    assert nearest(states, 3, [3]) == ()
    assert nearest(states, 3, []) == ()
    assert nearest(states, 3, range(30), k=0) == ()


def test_equal_states_are_ordered_by_index_without_a_division_by_zero() -> None:
    found = nearest(np.ones((5, 4), dtype=np.float32), 2, range(5))
    assert [n.token for n in found] == [0, 1, 3, 4]
    assert all(n.cosine == 0.0 and n.euclidean == 0.0 for n in found)


@pytest.mark.parametrize("by", ["cosine", "euclidean"])
def test_neighbours_are_those_that_scikit_learn_finds(by: str) -> None:
    random = np.random.default_rng(3)
    states = (random.normal(size=(60, 48)) + 5.0).astype(np.float32)
    among = sorted(random.choice(60, size=40, replace=False).tolist())
    for token in (among[0], among[17]):
        ours = nearest(states, token, among, k=8, by=by)  # type: ignore[arg-type]
        expected = neighbours(states, token, among, 8, by)
        assert [found.token for found in ours] == [other for other, _, _ in expected]
        assert [found.cosine for found in ours] == pytest.approx([c for _, c, _ in expected])
        assert [found.euclidean for found in ours] == pytest.approx([d for _, _, d in expected])
