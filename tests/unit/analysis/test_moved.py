from __future__ import annotations

import numpy as np

from bertscope_tui.analysis.moved import displacement
from tests.reference.displacement import displacement_by_hand


def test_the_distance_is_that_of_plain_loops() -> None:
    draw = np.random.default_rng(3)
    before = draw.normal(size=(4, 7, 5)).astype(np.float32)
    after = draw.normal(size=(4, 9, 5)).astype(np.float32)
    pairs = [(0, 3), (2, 2), (6, 8), (5, 0)]
    found = displacement(before, after, pairs)
    assert found.shape == (4, 4)
    np.testing.assert_allclose(found, displacement_by_hand(before, after, pairs), atol=1e-6)


def test_words_that_stay_have_not_moved_and_scale_does_not_matter() -> None:
    draw = np.random.default_rng(4)
    states = draw.normal(size=(3, 6, 5)).astype(np.float32)
    pairs = [(n, n) for n in range(6)]
    assert not displacement(states, states, pairs).any()
    other = draw.normal(size=(3, 6, 5)).astype(np.float32)
    np.testing.assert_allclose(
        displacement(states * 8, other * 8, pairs), displacement(states, other, pairs), rtol=1e-5
    )


def test_a_single_word_has_no_spread_to_measure_by() -> None:
    one, other = np.zeros((1, 1, 2), np.float32), np.ones((1, 1, 2), np.float32)
    assert displacement(one, one, [(0, 0)]).tolist() == [[0.0]]
    assert displacement(one, other, [(0, 0)]).tolist() == [[np.inf]]
    assert displacement(one, other, []).shape == (1, 0)
