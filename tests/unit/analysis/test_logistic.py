from __future__ import annotations

import numpy as np
import pytest

from bertscope_tui.analysis.logistic import fit


def test_what_is_learnt_is_what_scikit_learn_learns():
    linear_model = pytest.importorskip("sklearn.linear_model")
    generator = np.random.default_rng(0)
    features = generator.normal(size=(200, 12)) * generator.uniform(0.1, 30, size=12) + 5
    positive = generator.random(200) < 1 / (1 + np.exp(-(features[:, 0] - 5)))
    model = fit(features, positive)
    ready = (features - features.mean(axis=0)) / features.std(axis=0)
    theirs = linear_model.LogisticRegression(C=1 / 12, tol=1e-8, max_iter=1000).fit(ready, positive)
    np.testing.assert_allclose(model.weights, theirs.coef_[0], atol=1e-3)
    np.testing.assert_allclose(model.score(features), theirs.decision_function(ready), atol=1e-2)


def test_units_of_features_do_not_matter():
    generator = np.random.default_rng(1)
    features = generator.normal(size=(80, 3))
    positive = features[:, 1] + generator.normal(size=80) > 0
    scaled = features * [1e-6, 1.0, 1e6] + [0.0, 100.0, -1e7]
    np.testing.assert_allclose(
        fit(features, positive).score(features), fit(scaled, positive).score(scaled), atol=1e-2
    )


def test_a_feature_that_never_changes_or_is_missing_says_nothing():
    generator = np.random.default_rng(2)
    useful = generator.normal(size=(60, 1))
    positive = useful[:, 0] > 0
    empty = np.full((60, 1), np.nan)
    model = fit(np.hstack([useful, np.full((60, 1), 7.0), empty]), positive)
    assert model.weights[1] == model.weights[2] == 0.0
    scores = model.score(np.array([[1.0, 9.0, 3.0], [np.nan, 7.0, np.nan]]))
    assert np.isfinite(scores).all()
