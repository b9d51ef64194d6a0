from __future__ import annotations

import numpy as np
import pytest

from bertscope_tui.analysis.trust import squared_distances
from bertscope_tui.analysis.tsne import divergence, perplexity_for, tsne
from tests.reference.tsne import descend


def _groups(tokens: int, seed: int = 0) -> np.ndarray:
    """Return points of three groups that lie far apart."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(scale=10.0, size=(3, 20))
    return middles[np.arange(tokens) % 3] + rng.normal(size=(tokens, 20))


def _theirs(points: np.ndarray, start: np.ndarray, perplexity: float, steps: int) -> np.ndarray:
    from sklearn.manifold import TSNE

    made = TSNE(
        method="exact",
        init=start.astype(np.float32),
        perplexity=perplexity,
        max_iter=steps,
        n_iter_without_progress=10_000,
        learning_rate="auto",
    )
    return made.fit_transform(points)


@pytest.mark.parametrize("tokens", [5, 24])
def test_its_first_steps_are_those_of_the_plain_method(tokens: int) -> None:
    # Later ones depend on rounding: the points part from a heap a ten-thousandth wide.
    points = _groups(tokens)
    start = points[:, :2] - points[:, :2].mean(axis=0)
    start = start / start[:, 0].std() * 1e-4
    expected = descend(points, start, 1.9, 10)
    ours = tsne(squared_distances(points), start, perplexity=1.9, steps=10, shake=0.0)
    expected = expected - expected.mean(axis=0)
    np.testing.assert_allclose(ours, expected, atol=1e-3 * np.abs(expected).max())


def test_it_ends_as_near_to_the_goal_as_scikit_learn() -> None:
    points = _groups(120)
    squared = squared_distances(points)
    start = points[:, :2]
    expected = _theirs(points, start / start[:, 0].std() * 1e-4, 30.0, 1000)
    goal = divergence(squared, expected.astype(float), 30.0)
    assert divergence(squared, tsne(squared, start), 30.0) <= goal * 1.05


def test_it_goes_as_many_steps_as_scikit_learn_where_it_is_not_done_before() -> None:
    from sklearn.manifold import TSNE

    asked = []
    points = np.random.default_rng(1).normal(size=(38, 40))

    def cancelled() -> bool:
        asked.append(1)
        return False

    tsne(squared_distances(points), points[:, :2], cancelled=cancelled)
    assert len(asked) == TSNE().max_iter


def test_the_divergence_equals_that_of_scikit_learn() -> None:
    from sklearn.manifold import TSNE

    points = _groups(60)
    made = TSNE(method="exact", init="random", perplexity=15.0, random_state=0)
    places = made.fit_transform(points).astype(float)
    ours = divergence(squared_distances(points), places, 15.0)
    assert ours == pytest.approx(made.kl_divergence_, abs=1e-3)


def test_groups_that_lie_apart_are_drawn_apart() -> None:
    points = _groups(60, seed=4)
    made = tsne(squared_distances(points), points[:, :2])
    group = np.arange(60) % 3
    middles = np.stack([made[group == one].mean(axis=0) for one in range(3)])
    nearest = np.linalg.norm(made[:, None] - middles[None], axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest, group)


def test_tokens_on_one_line_and_identical_tokens_have_finite_places() -> None:
    line = np.outer(np.arange(12.0), np.ones(5))
    line[6:] = line[5]
    made = tsne(squared_distances(line), np.stack([line[:, 0], np.zeros(12)], axis=1))
    assert np.isfinite(made).all()


def test_few_points_get_a_perplexity_that_they_can_have() -> None:
    assert [perplexity_for(count) for count in (3, 7, 31, 200)] == [1.5, 2.0, 10.0, 30.0]
