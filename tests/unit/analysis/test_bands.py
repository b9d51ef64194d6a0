from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.analysis.bands import band_of
from tests.reference.auroc import cluster_error


def test_a_band_is_the_mean_and_the_t_interval_of_its_values():
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
    band = band_of(values)
    for layer in range(3):
        column = values[:, layer].astype(float)
        low, high = stats.t.interval(0.95, 11, column.mean(), stats.sem(column))
        assert band.mean[layer] == pytest.approx(column.mean())
        assert (band.low[layer], band.high[layer]) == pytest.approx((low, high), rel=1e-6)
        assert band.count[layer] == 12


@settings(deadline=None)
@given(
    values=st.lists(
        st.tuples(st.floats(-10, 10, width=32), st.integers(0, 4)), min_size=3, max_size=40
    )
)
def test_groups_widen_the_band_as_clusters_do(values):
    stats = pytest.importorskip("scipy.stats")
    numbers = [value for value, _ in values]
    groups = [f"g{group}" for _, group in values]
    band = band_of(np.array(numbers, dtype=np.float64)[:, None], groups)
    if len(set(groups)) < 2:
        assert np.isnan(band.low[0])
        return
    half = stats.t.ppf(0.975, len(set(groups)) - 1) * cluster_error(numbers, groups)
    assert band.high[0] - band.mean[0] == pytest.approx(half, rel=1e-6, abs=1e-9)


def test_values_that_are_missing_count_for_nothing():
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan], [5.0, 2.0]])
    band = band_of(values)
    assert band.count.tolist() == [3, 1]
    assert band.mean.tolist() == [3.0, 2.0]
    alone = band_of(np.array([[1.0], [3.0], [5.0]]))
    assert band.low[0] == pytest.approx(alone.low[0])
    assert np.isnan(band.low[1])


def test_without_samples_there_is_no_mean():
    band = band_of(np.zeros((0, 4)), [])
    assert np.isnan(band.mean).all()
    assert band.count.tolist() == [0, 0, 0, 0]


def test_a_band_holds_the_true_mean_about_as_often_as_it_says():
    """Groups of four alike: a band that took the samples for independent would be half as wide."""
    generator = np.random.default_rng(1)
    groups = np.repeat(np.arange(25), 4).astype(str).tolist()
    inside = 0
    for _ in range(300):
        values = np.repeat(generator.normal(size=25), 4)[:, None]
        band = band_of(values, groups)
        inside += bool(band.low[0] <= 0.0 <= band.high[0])
    assert 0.91 <= inside / 300 <= 0.985
