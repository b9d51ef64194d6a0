"""How early it can be seen that an answer will be wrong: cross-validated, layer by layer.

For each layer a logistic regression is learnt that tells wrong from right answers, once from the
mean hidden state of the tokens at that layer and once from the signals that are known there without
the gold answer, the final answer or any later layer. It is scored by the area under the ROC curve
on samples that it has not seen; no paragraph or story is on both sides. The measure to beat is the
model's own confidence in its final answer. What an area says is that errors can be told at that
layer, and not that the network makes them there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.logistic import fit
from bertscope_tui.analysis.ranking import Area, fold_area, group_draws, group_folds, numbered
from bertscope_tui.engine.scanned import SIGNALS, Signal
from bertscope_tui.errors import Cancelled

LEAST: Final = 20
"""Wrong answers, and right ones, below which nothing is computed."""

MOST_SAMPLES: Final = 2000
"""Samples that are learnt from; of more, whole groups are drawn."""

FOLDS: Final = 5

LEAST_GROUPS: Final = 2 * FOLDS
"""Paragraphs with a wrong answer, and with a right one, below which nothing is computed."""

FREE_OF_GOLD: Final[tuple[Signal, ...]] = (
    "homogeneity",
    "best_match",
    "best_margin",
    "lens_confidence",
)
"""The signals that need neither the gold answer nor the final one."""


@dataclass(frozen=True, slots=True)
class EarlyLayer:
    """How well errors are told at a layer: from hidden states and from signals; None: not known."""

    layer: int
    states: Area | None
    signals: Area | None


@dataclass(frozen=True, slots=True)
class Early:
    """How early errors show; where it could not be computed ``reason`` says why in a sentence.

    ``samples``, ``wrong`` and ``groups`` are what it is from, ``known`` how many samples there
    were; ``confidence`` is the area of one minus the confidence, on the same pairs.
    """

    reason: str | None
    samples: int
    wrong: int
    groups: int
    known: int
    confidence: Area | None = None
    layers: tuple[EarlyLayer, ...] = ()
    folds: int = FOLDS
    seed: int = 0


def never() -> bool:
    """Stand in for a cancel flag where nobody can cancel."""
    return False


def chosen_samples(
    groups: Sequence[str], wrong: NDArray[np.bool_], *, most: int = MOST_SAMPLES, seed: int = 0
) -> NDArray[np.int64]:
    """Return which samples to use, in order: all, or those of groups that are drawn.

    Groups are drawn one after the other until the next would be one too many: first those with a
    wrong answer among them, up to half of the samples, then any. A good model's few errors would
    otherwise hardly be drawn, and an area does not depend on how many of each there are. A sample
    without a group is one of its own.
    """
    numbers = _group_numbers(groups)
    if len(numbers) <= most:
        return np.arange(len(numbers))
    sizes = np.bincount(numbers)
    order = np.random.default_rng(seed).permutation(len(sizes))
    failing = order[np.bincount(numbers, weights=wrong)[order] > 0]
    first = failing[np.cumsum(sizes[failing]) <= most // 2]
    order = np.concatenate([first, order[~np.isin(order, first)]])
    kept = order[np.cumsum(sizes[order]) <= most]
    return np.flatnonzero(np.isin(numbers, kept))


def early(
    wrong: NDArray[np.bool_],
    groups: Sequence[str],
    confidence: NDArray[np.floating],
    signals: NDArray[np.floating],
    states: NDArray[np.floating] | None = None,
    *,
    known: int | None = None,
    seed: int = 0,
    cancelled: Callable[[], bool] = never,
) -> Early:
    """Return how well errors are told at each layer.

    ``wrong`` and ``confidence`` are ``(n,)``, ``signals`` ``(n, len(SIGNALS), layers + 1)``,
    ``states`` ``(n, layers + 1, dim)``; ``known`` is how many samples these are chosen from. A
    sample without a group is one of its own. Deterministic by ``seed``. Raises `Cancelled`.
    """
    numbers = _group_numbers(groups)
    counts = (len(wrong), int(wrong.sum()), int(numbers.max(initial=-1)) + 1)
    total = len(wrong) if known is None else known
    reason = _too_few(wrong, numbers)
    if reason is not None:
        return Early(reason, *counts, known=total, seed=seed)
    folds = group_folds(wrong, numbers, FOLDS, seed=seed)
    draws = group_draws(numbers, seed=seed)

    def area(features: NDArray[np.floating]) -> Area | None:
        if not np.isfinite(features).any():
            return None
        scores = np.zeros(len(wrong))
        for fold in range(FOLDS):
            held = folds == fold
            if cancelled():
                raise Cancelled
            scores[held] = fit(features[~held], wrong[~held]).score(features[held])
        return fold_area(scores, wrong, folds, draws)

    rows = [SIGNALS.index(name) for name in FREE_OF_GOLD]
    layers = tuple(
        EarlyLayer(
            layer,
            None if states is None else area(states[:, layer]),
            area(signals[:, rows, layer]),
        )
        for layer in range(signals.shape[2])
    )
    baseline = fold_area(1.0 - confidence.astype(np.float64), wrong, folds, draws)
    return Early(None, *counts, known=total, confidence=baseline, layers=layers, seed=seed)


def _group_numbers(groups: Sequence[str]) -> NDArray[np.int64]:
    return numbered([name or f"\0{place}" for place, name in enumerate(groups)])


def _too_few(wrong: NDArray[np.bool_], groups: NDArray[np.int64]) -> str | None:
    count, right = int(wrong.sum()), int((~wrong).sum())
    if count < LEAST or right < LEAST:
        return (
            f"{count} wrong and {right} right answers are too few to tell how early errors show: "
            f"at least {LEAST} of each are needed"
        )
    for kind, of in (("wrong", wrong), ("right", ~wrong)):
        number = np.unique(groups[of]).size
        if number < LEAST_GROUPS:
            return (
                f"the {kind} answers are about {number} paragraphs or stories, too few to hold "
                f"some of them out: at least {LEAST_GROUPS} are needed"
            )
    return None
