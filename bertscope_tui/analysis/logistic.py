"""Logistic regression with an L2 penalty, for a few hundred features and a few thousand samples.

Cox 1958; the penalty of le Cessie and van Houwelingen 1992. Features are standardised with the
mean and spread of the samples that are learnt from; a missing value stands for the mean. The
penalty grows with the number of features: weights are taken to be normal with the variance 1 / d,
so that the log-odds of a sample vary by about 1 before anything is seen, whatever the number d of
features. The intercept is not penalised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MOST_STEPS = 200
_CONSTANT = 1e-9
"""A feature whose spread is below this part of its size is constant."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What was learnt: how features are standardised, weights ``(d,)`` and the intercept."""

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    weights: NDArray[np.float64]
    intercept: float

    def score(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the log-odds of samples, ``(n, d)`` to ``(n,)``."""
        scores: NDArray[np.float64] = (
            _standardised(features, self.mean, self.spread) @ self.weights + self.intercept
        )
        return scores


def fit(features: NDArray[np.floating], positive: NDArray[np.bool_]) -> Model:
    """Learn from samples ``(n, d)`` which are positive, ``(n,)``; both kinds must be there."""
    from scipy.optimize import minimize

    values = features.astype(np.float64)
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / count)
    spread[spread <= _CONSTANT * np.maximum(np.abs(mean), 1.0)] = np.inf
    ready = _standardised(values, mean, spread)
    share = positive.mean()
    start = np.zeros(ready.shape[1] + 1)
    start[-1] = np.log(share / (1 - share))
    found = minimize(
        _loss(ready, positive.astype(np.float64), float(ready.shape[1])),
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _MOST_STEPS, "gtol": 1e-4, "ftol": 1e-10},
    ).x
    return Model(mean, spread, found[:-1], float(found[-1]))


def _standardised(
    features: NDArray[np.floating], mean: NDArray[np.float64], spread: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.nan_to_num((features.astype(np.float64) - mean) / spread, nan=0.0)


def _loss(
    features: NDArray[np.float64], positive: NDArray[np.float64], penalty: float
) -> Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]:
    """Return the penalised log-loss, summed over samples, with its gradient."""

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = values[:-1]
        odds = features @ weights + values[-1]
        expected = 0.5 * (1.0 + np.tanh(0.5 * odds))
        wrong = expected - positive
        total = float((np.logaddexp(0.0, odds) - positive * odds).sum())
        gradient = np.append(features.T @ wrong + penalty * weights, wrong.sum())
        return total + 0.5 * penalty * float(weights @ weights), gradient

    return loss
