from __future__ import annotations

import random
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.evaluation.intervals import mean_interval
from tests.reference.bootstrap import reference_interval

VALUES = st.lists(st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 2 / 3, 1.0]), min_size=1, max_size=60)


@pytest.mark.parametrize(
    "values",
    [
        [0.0] * 30 + [1.0] * 70,
        [0.0] * 10 + [0.4] * 8 + [2 / 3] * 9 + [1.0] * 13,
        [place / 80 for place in range(80)],
    ],
    ids=["exact match", "f1", "all distinct"],
)
def test_an_interval_equals_that_of_drawing_one_by_one(values):
    deviation = statistics.pstdev(values) / len(values) ** 0.5
    low, high = mean_interval(values, resamples=20_000)
    expected = reference_interval(values, 4_000, seed=1)
    # The percentiles of 4,000 means are themselves uncertain by some 0.04 deviations, and means of
    # right and wrong move in steps.
    near = max(0.2 * deviation, 1 / len(values) if len(set(values)) == 2 else 0) + 1e-9
    assert low == pytest.approx(expected[0], abs=near)
    assert high == pytest.approx(expected[1], abs=near)
    assert high - low == pytest.approx(2 * 1.96 * deviation, rel=0.1)


def test_intervals_hold_the_true_mean_in_about_95_of_100_cases():
    generator = random.Random(7)
    inside = 0
    for trial in range(400):
        drawn = [float(generator.random() < 0.7) for _ in range(120)]
        low, high = mean_interval(drawn, resamples=500, seed=trial)
        inside += low <= 0.7 <= high
    assert 0.91 <= inside / 400 <= 0.985


@settings(deadline=None)
@given(values=VALUES, seed=st.integers(0, 9))
def test_an_interval_lies_around_the_mean_within_what_there_is(values, seed):
    low, high = mean_interval(values, seed=seed)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
    assert low - 1e-9 <= statistics.fmean(values) <= high + 1e-9 or len(values) < 10
    assert mean_interval(values, seed=seed) == (low, high)
    assert mean_interval(list(reversed(values)), seed=seed) == (low, high)


def test_equal_values_have_a_point_and_none_have_no_interval():
    assert mean_interval([]) is None
    assert mean_interval([0.5]) == (0.5, 0.5)
    assert mean_interval([1.0] * 27) == (1.0, 1.0)


def test_drawing_in_pieces_gives_the_same_interval(monkeypatch):
    values = [place % 7 / 7 for place in range(50)]
    whole = mean_interval(values)
    monkeypatch.setattr("bertscope_tui.evaluation.intervals._CELLS", 100)
    assert mean_interval(values) == whole


def test_a_hundred_thousand_questions_are_no_trouble():
    generator = np.random.default_rng(0)
    values = generator.integers(0, 51, size=100_000) / 50
    low, high = mean_interval(values.tolist())
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 100_000**0.5, rel=0.1)
