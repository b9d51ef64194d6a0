from __future__ import annotations

import numpy as np
import pytest

from bertscope_tui.analysis.outliers import norm_outliers, outlier_ratio


def _states(norms: list[list[float]]) -> np.ndarray:
    """Return states ``(layers, tokens, 3)`` with these norms."""
    directions = np.random.default_rng(0).normal(size=(len(norms), len(norms[0]), 3))
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    return (directions * np.array(norms)[:, :, None]).astype(np.float32)


def test_a_first_token_of_ten_times_the_norm_is_an_outlier() -> None:
    states = _states([[1, 1, 1, 1], [10, 1, 1, 1.2]])
    assert norm_outliers(states, [False] * 4) == (0,)


def test_one_layer_is_enough_even_when_the_last_is_tame() -> None:
    states = _states([[1, 1, 1, 1], [50, 1, 1, 1], [1, 1, 1, 1]])
    assert norm_outliers(states, [False] * 4) == (0,)


def test_the_embedding_layer_does_not_count() -> None:
    assert norm_outliers(_states([[50, 1, 1, 1], [1, 1, 1, 1]]), [False] * 4) == ()


def test_four_times_the_median_is_not_yet_an_outlier() -> None:
    assert norm_outliers(_states([[1, 1, 1], [3.9, 1, 1]]), [False] * 3) == ()
    assert norm_outliers(_states([[1, 1, 1], [4.1, 1, 1]]), [False] * 3) == (0,)


def test_the_first_ordinary_token_counts_after_a_special_one() -> None:
    states = _states([[1, 1, 1, 1, 1], [1, 9, 1, 1, 1]])
    assert norm_outliers(states, [True, False, False, False, True]) == (1,)


def test_a_special_first_token_can_be_the_outlier() -> None:
    states = _states([[1, 1, 1, 1], [99, 1, 1, 1]])
    assert norm_outliers(states, [True, False, False, False]) == (0,)


def test_a_large_token_further_on_stays() -> None:
    states = _states([[1, 1, 1, 1], [1, 1, 40, 1]])
    assert norm_outliers(states, [False] * 4) == ()


def test_large_special_tokens_do_not_hide_the_outlier() -> None:
    states = _states([[1] * 6, [30, 30, 30, 30, 1, 1]])
    assert norm_outliers(states, [False, True, True, True, False, False]) == (0,)


@pytest.mark.parametrize("tokens", [0, 1])
def test_too_few_tokens_have_no_outlier(tokens: int) -> None:
    assert norm_outliers(np.ones((2, tokens, 3), dtype=np.float32), [False] * tokens) == ()


def test_the_ratio_is_the_largest_over_the_layers() -> None:
    states = _states([[90, 1, 1], [6, 2, 2], [5, 5, 5]])
    assert outlier_ratio(states, 0) == pytest.approx(3.0, rel=1e-5)


def test_states_of_length_zero_give_no_ratio() -> None:
    assert outlier_ratio(np.zeros((3, 4, 2), dtype=np.float32), 0) == 0.0
