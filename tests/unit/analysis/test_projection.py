from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.analysis.projection import (
    FITS,
    METHODS,
    LayerPicture,
    Method,
    Projection,
    Recipe,
    by_layer,
    gathered,
    layer_order,
    project,
)
from bertscope_tui.errors import Cancelled, EngineError, InputError
from tests.reference.pca import largest_relative_difference, reference_pca
from tests.reference.procrustes import best_turn_distance

RAW = Recipe(aligned=False)
RECIPES = [
    Recipe(method, fit, aligned)
    for method in METHODS
    for fit in FITS
    for aligned in ((True, False) if fit == "layer" else (True,))
]


def pca(states: np.ndarray, shown: Sequence[int]) -> Projection:
    """Project by PCA, each layer as it comes."""
    return project(states, shown, RAW)


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


@pytest.mark.parametrize("recipe", RECIPES)
def test_cancelling_stops_between_layers(recipe: Recipe) -> None:
    asked = iter([False, False, True])
    with pytest.raises(Cancelled):
        project(_states(5, 6, 8), range(6), recipe, cancelled=lambda: next(asked))


def test_tsne_is_cancelled_between_its_steps() -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 20

    with pytest.raises(Cancelled):
        project(_states(1, 30, 8), range(30), Recipe("tsne"), cancelled=cancelled)


def _drifting(layers: int, tokens: int, width: int, seed: int = 0) -> np.ndarray:
    """Return layers of which each is the one below, changed a little and turned in space."""
    rng = np.random.default_rng(seed)
    layer = rng.normal(size=(tokens, width)) * np.geomspace(8.0, 0.1, width)
    made = [layer]
    for _ in range(layers - 1):
        layer = made[-1] + rng.normal(scale=0.3, size=(tokens, width))
        turn, _ = np.linalg.qr(rng.normal(size=(width, width)))
        made.append(layer @ turn)
    return np.array(made, dtype=np.float32)


def _distances(places: np.ndarray) -> np.ndarray:
    return np.linalg.norm(places[:, None].astype(float) - places[None].astype(float), axis=2)


@pytest.mark.parametrize("method", METHODS)
def test_turning_keeps_every_distance_and_what_is_known_of_the_picture(method: Method) -> None:
    states = _drifting(5, 30, 16)
    raw = project(states, range(30), Recipe(method, aligned=False))
    turned = project(states, range(30), Recipe(method, aligned=True))
    for layer in range(5):
        size = np.abs(raw.coordinates[layer]).max()
        expected = _distances(raw.coordinates[layer])
        np.testing.assert_allclose(
            _distances(turned.coordinates[layer]), expected, rtol=1e-3, atol=1e-5 * size
        )
    np.testing.assert_array_equal(raw.explained, turned.explained)
    np.testing.assert_allclose(raw.trustworthiness, turned.trustworthiness, atol=1e-3)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_each_layer_lies_as_well_on_the_one_below_as_turning_can_make_it(method: Method) -> None:
    states = _drifting(6, 25, 12, seed=3)
    made = project(states, range(25), Recipe(method)).coordinates.astype(float)
    for below, above in pairwise(made):
        now = float(((above - below) ** 2).sum())
        assert now <= best_turn_distance(above, below) * (1 + 1e-3) + 1e-9


@settings(max_examples=60, deadline=None)
@given(
    tokens=st.integers(1, 9),
    width=st.integers(1, 9),
    seed=st.integers(0, 9999),
    repeated=st.booleans(),
    method=st.sampled_from(["pca", "ica"]),
)
def test_turning_keeps_distances_of_any_tokens(
    tokens: int, width: int, seed: int, repeated: bool, method: Method
) -> None:
    states = _states(4, tokens, width, seed)
    if repeated:
        states[1:3, tokens // 2 :] = states[1:3, :1]
    raw = project(states, range(tokens), Recipe(method, aligned=False)).coordinates
    turned = project(states, range(tokens), Recipe(method)).coordinates
    for one, other in zip(raw, turned, strict=True):
        size = np.abs(one).max(initial=0.0)
        np.testing.assert_allclose(_distances(other), _distances(one), rtol=1e-3, atol=1e-5 * size)


def test_a_turn_or_mirror_image_of_the_layer_below_makes_the_same_picture() -> None:
    first = _states(1, 40, 12, seed=9)[0].astype(np.float64)
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(12, 12)))
    states = np.array([first, first @ turn, -first], dtype=np.float32)
    made = project(states, range(40), Recipe()).coordinates
    np.testing.assert_allclose(made[1], made[0], atol=1e-2)
    np.testing.assert_allclose(made[2], made[0], atol=1e-2)


def test_the_axes_of_independent_components_stay_axes_when_turned() -> None:
    states = _drifting(4, 40, 10)
    raw = project(states, range(40), Recipe("ica", aligned=False)).coordinates
    turned = project(states, range(40), Recipe("ica")).coordinates
    for one, other in zip(raw, turned, strict=True):
        columns = [np.abs(one[:, axis]) for axis in (0, 1)]
        for axis in (0, 1):
            assert any(np.allclose(np.abs(other[:, axis]), column) for column in columns)


@pytest.mark.parametrize(("tokens", "width"), [(60, 30), (30, 60)])
@pytest.mark.parametrize("seed", [0, 5])
def test_independent_components_equal_those_of_scikit_learn(
    tokens: int, width: int, seed: int
) -> None:
    from sklearn.decomposition import FastICA

    rng = np.random.default_rng(seed)
    sources = np.stack([rng.laplace(size=tokens), rng.uniform(-1, 1, size=tokens)], axis=1)
    states = (sources @ rng.normal(size=(2, width)) * 5 + 1).astype(np.float32)[None]
    states += rng.normal(scale=0.01, size=states.shape).astype(np.float32)
    ours = project(states, range(tokens), Recipe("ica", aligned=False, seed=seed)).coordinates[0]
    theirs = FastICA(2, whiten="unit-variance", tol=1e-10, max_iter=5000, random_state=seed)
    expected = theirs.fit_transform(states[0].astype(np.float64))
    alike = np.abs(ours.T.astype(float) @ expected) / tokens
    np.testing.assert_allclose(np.sort(alike.ravel())[2:], 1.0, atol=1e-3)
    np.testing.assert_allclose(np.sort(alike.ravel())[:2], 0.0, atol=5e-2)
    np.testing.assert_allclose(ours.std(axis=0), 1.0, rtol=1e-3)


@pytest.mark.parametrize(("layers", "tokens", "width"), [(3, 20, 100), (5, 40, 16)])
def test_the_joint_fit_is_the_pca_of_all_layers_stacked(
    layers: int, tokens: int, width: int
) -> None:
    states = _drifting(layers, tokens + 1, width)
    states[:, 0] = np.inf
    shown = list(range(1, tokens + 1))
    ours = project(states, shown, Recipe(fit="joint"))
    stacked = states[:, 1:].reshape(1, layers * tokens, width)
    coordinates, _ = reference_pca(stacked, list(range(layers * tokens)))
    made = ours.coordinates.reshape(1, layers * tokens, 2)
    assert largest_relative_difference(made, coordinates) < 1e-3
    for layer in range(layers):
        points = states[layer, 1:].astype(np.float64)
        spread = ours.coordinates[layer].astype(float).var(axis=0).sum()
        share = spread / points.var(axis=0).sum()
        assert ours.explained[layer].sum() == pytest.approx(share, rel=1e-3)


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_same_seed_gives_the_same_picture(recipe: Recipe) -> None:
    states = _drifting(3, 20, 12)
    one, other = (project(states, range(20), recipe) for _ in range(2))
    np.testing.assert_array_equal(one.coordinates, other.coordinates)
    np.testing.assert_array_equal(one.trustworthiness, other.trustworthiness)


def test_another_seed_gives_another_tsne() -> None:
    states = _drifting(1, 30, 12)
    one, other = (project(states, range(30), Recipe("tsne", seed=seed)) for seed in (1, 2))
    assert not np.allclose(one.coordinates, other.coordinates, atol=1e-3)


def test_the_layer_on_screen_comes_first_then_its_neighbours() -> None:
    assert layer_order(6, 3) == (3, 4, 2, 5, 1, 0)
    assert layer_order(4, 0) == (0, 1, 2, 3)
    for recipe in RECIPES:
        made = by_layer(_drifting(4, 8, 6), range(8), recipe, first=2)
        assert [picture.layer for picture in made] == [2, 3, 1, 0]


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_comes_first_changes_no_picture_but_for_one_turn_of_all_of_them(
    recipe: Recipe,
) -> None:
    states = _drifting(4, 12, 8)
    plain = project(states, range(12), recipe)
    other = gathered(4, range(12), recipe, by_layer(states, range(12), recipe, first=2))
    np.testing.assert_array_equal(plain.explained, other.explained)
    if recipe.method != "tsne":
        np.testing.assert_array_equal(plain.coordinates, other.coordinates)
    else:
        together = [each.coordinates.reshape(-1, 2).astype(float) for each in (plain, other)]
        size = float((together[0] ** 2).sum())
        left, _, right = np.linalg.svd(together[1].T @ together[0])
        assert ((together[1] @ left @ right - together[0]) ** 2).sum() < 1e-5 * size


def test_a_projection_knows_which_layers_it_has() -> None:
    states = _drifting(3, 6, 8)
    made: Iterator[LayerPicture] = by_layer(states, range(6), RAW, first=1)
    part = gathered(3, range(6), RAW, [next(made)])
    assert [part.has(layer) for layer in range(3)] == [False, True, False]
    assert part.method == "pca"


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("tokens", [3, 4, 5])
def test_three_tokens_are_enough_for_every_method(recipe: Recipe, tokens: int) -> None:
    made = project(_states(3, tokens, 8), range(tokens), recipe)
    assert np.isfinite(made.coordinates).all()
    assert np.isfinite(made.trustworthiness).all()
    assert made.coordinates.std() > 0


def test_fewer_tokens_than_three_are_refused_by_tsne_alone() -> None:
    for tokens in (0, 1, 2):
        with pytest.raises(InputError, match="3 tokens at least"):
            project(_states(2, 4, 8), range(tokens), Recipe("tsne"))
        for recipe in RECIPES:
            if recipe.method != "tsne":
                made = project(_states(2, 4, 8), range(tokens), recipe)
                assert np.isfinite(made.coordinates).all()


def test_too_many_tokens_for_one_tsne_are_refused_with_their_number() -> None:
    with pytest.raises(InputError, match="5,000"):
        project(_states(10, 500, 2), range(500), Recipe("tsne", "joint"))


@pytest.mark.parametrize("recipe", RECIPES)
def test_identical_tokens_stand_in_one_place_in_every_method(recipe: Recipe) -> None:
    states = np.repeat(_states(2, 1, 16), 30, axis=1)
    if recipe.fit == "joint":
        states[1] = states[0]
    assert not project(states, range(30), recipe).coordinates.any()


def test_a_layer_of_identical_tokens_does_not_stop_the_turning() -> None:
    states = _drifting(3, 20, 8)
    states[1] = states[1, 0]
    states[2] = -states[0]
    made = project(states, range(20), Recipe()).coordinates
    assert not made[1].any()
    np.testing.assert_allclose(made[2], made[0], atol=1e-2)


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
