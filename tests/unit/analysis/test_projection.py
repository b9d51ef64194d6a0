from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.analysis.projection import pca
from bertscope_tui.errors import Cancelled, EngineError
from tests.reference.pca import largest_relative_difference, reference_pca


def _states(layers: int, tokens: int, width: int, seed: int = 0) -> np.ndarray:
    """Return states whose axes differ in spread, off the origin, as those of a network do."""
    rng = np.random.default_rng(seed)
    spread = np.geomspace(8.0, 0.1, width)
    return (rng.normal(size=(layers, tokens, width)) * spread + 3.0).astype(np.float32)


@pytest.mark.parametrize(("tokens", "width"), [(40, 96), (96, 40), (3, 16), (200, 24), (2, 16)])
def test_coordinates_equal_those_of_a_singular_value_decomposition(tokens: int, width: int) -> None:
    states = _states(3, tokens, width)
    shown = list(range(tokens))
    ours = pca(states, shown)
    coordinates, shares = reference_pca(states, shown)
    if tokens == 2:
        coordinates[:, :, 1] = 0.0
    np.testing.assert_allclose(ours.coordinates, coordinates, atol=1e-3)
    np.testing.assert_allclose(ours.explained, shares, atol=1e-9)


@pytest.mark.parametrize(("tokens", "width"), [(60, 128), (128, 60)])
def test_coordinates_and_signs_equal_scikit_learn(tokens: int, width: int) -> None:
    from sklearn.decomposition import PCA

    states = _states(2, tokens, width, seed=4)
    ours = pca(states, range(tokens))
    for layer in range(2):
        theirs = PCA(n_components=2, svd_solver="full")
        expected = theirs.fit_transform(states[layer].astype(np.float64))
        np.testing.assert_allclose(ours.coordinates[layer], expected, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(ours.explained[layer], theirs.explained_variance_ratio_)


def test_one_huge_token_does_not_cost_the_others_their_precision() -> None:
    states = _states(2, 50, 80)
    states[:, 0] *= 1000.0
    shown = list(range(50))
    expected, _ = reference_pca(states, shown)
    assert largest_relative_difference(pca(states, shown).coordinates, expected) < 1e-3


def test_only_the_shown_tokens_are_fitted_and_placed() -> None:
    states = _states(2, 20, 12)
    changed = states.copy()
    changed[:, 0] = 1e6
    shown = [3, 4, 9, 17]
    ours, other = pca(states, shown), pca(changed, shown)
    assert ours.coordinates.shape == (2, 4, 2)
    assert ours.shown.tolist() == shown
    np.testing.assert_array_equal(ours.coordinates, other.coordinates)


@pytest.mark.parametrize("shown", [[], [0]])
def test_no_token_and_one_token_stand_at_the_origin(shown: list[int]) -> None:
    ours = pca(_states(3, 4, 8), shown)
    assert ours.coordinates.shape == (3, len(shown), 2)
    assert not ours.coordinates.any()
    assert not ours.explained.any()


def test_two_tokens_lie_on_the_first_axis() -> None:
    states = _states(1, 2, 8)
    ours = pca(states, [0, 1])
    distance = np.linalg.norm(states[0, 0].astype(float) - states[0, 1])
    assert abs(ours.coordinates[0, 0, 0] - ours.coordinates[0, 1, 0]) == pytest.approx(distance)
    assert ours.coordinates[0, 0, 0] == pytest.approx(-ours.coordinates[0, 1, 0])
    assert not ours.coordinates[0, :, 1].any()
    np.testing.assert_allclose(ours.explained[0], [1.0, 0.0])


def test_identical_tokens_stand_at_the_origin_with_nothing_explained() -> None:
    states = np.repeat(_states(2, 1, 16), 30, axis=1)
    ours = pca(states, range(30))
    assert not ours.coordinates.any()
    assert not ours.explained.any()


def test_tokens_on_one_line_have_no_second_axis() -> None:
    line = np.outer(np.arange(10.0), np.ones(6)).astype(np.float32)
    ours = pca(line[None], range(10))
    np.testing.assert_allclose(ours.explained[0], [1.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(ours.coordinates[0, :, 1], 0.0, atol=1e-4)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_state_that_is_no_number_is_refused_with_its_layer(value: float) -> None:
    states = _states(4, 6, 8)
    states[2, 3, 1] = value
    with pytest.raises(EngineError, match="layer 2"):
        pca(states, range(6))


def test_a_token_left_out_may_be_anything() -> None:
    states = _states(2, 6, 8)
    states[1, 0] = np.inf
    assert np.isfinite(pca(states, range(1, 6)).coordinates).all()


def test_cancelling_stops_between_layers() -> None:
    asked = iter([False, False, True])
    with pytest.raises(Cancelled):
        pca(_states(5, 6, 8), range(6), lambda: next(asked))


@settings(max_examples=40, deadline=None)
@given(
    tokens=st.integers(1, 12),
    width=st.integers(1, 12),
    seed=st.integers(0, 10_000),
    repeated=st.booleans(),
)
def test_shares_are_shares_and_distances_never_grow(
    tokens: int, width: int, seed: int, repeated: bool
) -> None:
    states = _states(1, tokens, width, seed)
    if repeated:
        states[0, tokens // 2 :] = states[0, 0]
    ours = pca(states, range(tokens))
    assert (ours.explained >= 0).all()
    assert ours.explained.sum() <= 1 + 1e-9
    assert ours.explained[0, 0] >= ours.explained[0, 1]
    flat = np.linalg.norm(ours.coordinates[0][:, None] - ours.coordinates[0][None], axis=2)
    full = np.linalg.norm(states[0].astype(float)[:, None] - states[0][None], axis=2)
    assert (flat <= full + 1e-3 * (1 + full)).all()
