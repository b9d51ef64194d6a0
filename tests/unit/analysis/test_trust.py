from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.analysis.trust import NEIGHBOURS, squared_distances, trustworthiness


@pytest.mark.parametrize(("tokens", "width"), [(12, 4), (60, 30), (200, 16), (512, 64)])
def test_it_equals_that_of_scikit_learn(tokens: int, width: int) -> None:
    from sklearn.manifold import trustworthiness as theirs

    rng = np.random.default_rng(tokens)
    points = rng.normal(size=(tokens, width)) * np.geomspace(4, 0.2, width)
    flat = points[:, :2].astype(np.float32)
    expected = theirs(points, flat, n_neighbors=NEIGHBOURS)
    assert trustworthiness(squared_distances(points), flat) == pytest.approx(expected, abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(tokens=st.integers(3, 40), width=st.integers(2, 9), seed=st.integers(0, 9999))
def test_it_equals_that_of_scikit_learn_for_any_number_of_tokens(
    tokens: int, width: int, seed: int
) -> None:
    from sklearn.manifold import trustworthiness as theirs

    rng = np.random.default_rng(seed)
    points = rng.normal(size=(tokens, width))
    flat = rng.normal(size=(tokens, 2)).astype(np.float32)
    k = min(NEIGHBOURS, math.ceil(tokens / 2) - 1)
    expected = theirs(points, flat, n_neighbors=k)
    assert trustworthiness(squared_distances(points), flat) == pytest.approx(expected, abs=1e-3)


def test_a_picture_that_is_the_space_itself_is_trusted_fully() -> None:
    points = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    assert trustworthiness(squared_distances(points.astype(float)), points) == 1.0


def test_identical_tokens_have_no_order_that_could_be_wrong() -> None:
    points = np.zeros((20, 2))
    assert trustworthiness(squared_distances(points), points.astype(np.float32)) == 1.0


@pytest.mark.parametrize("tokens", [0, 1, 2])
def test_it_is_not_known_for_less_than_three_tokens(tokens: int) -> None:
    points = np.arange(2.0 * tokens).reshape(tokens, 2)
    assert math.isnan(trustworthiness(squared_distances(points), points.astype(np.float32)))
