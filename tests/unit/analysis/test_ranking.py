from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.analysis.ranking import fold_area, group_draws, group_folds, numbered
from tests.reference.auroc import auroc_by_counting

SAMPLES = st.lists(
    st.tuples(st.integers(-3, 3), st.booleans(), st.integers(0, 2)), min_size=1, max_size=40
)


@given(samples=SAMPLES)
def test_the_area_is_that_of_counting_pairs_within_folds(samples):
    scores, positive, folds = (list(column) for column in zip(*samples, strict=True))
    draws = np.ones((3, len(samples)), np.float32)
    found = fold_area(np.array(scores, float), np.array(positive), np.array(folds), draws)
    expected = auroc_by_counting(scores, positive, folds)
    if expected is None:
        assert found is None
        return
    assert found.value == pytest.approx(expected)
    assert found.low == found.high == pytest.approx(expected)


def test_the_area_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(2)
    positive = generator.random(300) < 0.3
    scores = np.round(generator.normal(size=300) + positive, 1)
    found = fold_area(scores, positive, np.zeros(300, int), group_draws(np.arange(300)))
    assert found.value == pytest.approx(metrics.roc_auc_score(positive, scores))
    assert found.low < found.value < found.high


@given(samples=SAMPLES, seed=st.integers(0, 5))
def test_a_drawn_resample_is_the_area_of_the_samples_as_often_as_they_are_drawn(samples, seed):
    scores, positive, folds = (list(column) for column in zip(*samples, strict=True))
    draws = group_draws(np.arange(len(samples)), resamples=1, seed=seed)
    again = np.repeat(np.arange(len(samples)), draws[0].astype(int))
    expected = auroc_by_counting(
        *([column[n] for n in again] for column in (scores, positive, folds))
    )
    found = fold_area(np.array(scores, float), np.array(positive), np.array(folds), draws)
    if found is not None and expected is not None:
        assert found.low == pytest.approx(expected, abs=1e-6)


@given(
    samples=st.lists(st.tuples(st.booleans(), st.integers(0, 30)), min_size=1, max_size=120),
    seed=st.integers(0, 3),
)
def test_no_group_is_in_two_folds(samples, seed):
    positive = np.array([yes for yes, _ in samples])
    groups = numbered([str(group) for _, group in samples])
    folds = group_folds(positive, groups, 5, seed=seed)
    assert set(folds) <= set(range(5))
    for group in set(groups):
        assert len(set(folds[groups == group])) == 1
    assert (folds == group_folds(positive, groups, 5, seed=seed)).all()


def test_every_fold_gets_its_share_of_both_kinds():
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(100), 5)
    positive = generator.random(500) < 0.2
    folds = group_folds(positive, groups, 5)
    shares = [positive[folds == fold].sum() for fold in range(5)]
    assert max(shares) - min(shares) <= 2
    sizes = [int((folds == fold).sum()) for fold in range(5)]
    assert max(sizes) - min(sizes) <= 40


def test_whole_groups_are_drawn():
    groups = np.array([0, 0, 1, 2, 2, 2])
    draws = group_draws(groups, resamples=200)
    assert (draws[:, 0] == draws[:, 1]).all()
    assert (draws[:, 3] == draws[:, 5]).all()
    assert draws[:, [0, 2, 3]].sum(axis=1).tolist() == [3.0] * 200
