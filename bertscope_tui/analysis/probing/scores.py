"""How good probes are: F1 by label, macro and micro, accuracy, confusions, the majority's scores.

The macro average is over the labels that occur among the gold labels or the predictions, as
scikit-learn does it for single labels; a label never predicted right counts 0. Where every target
has one label the prediction is the label of the highest score, else every label whose probability
is at least one half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ProbeScores:
    """Scores of one probe on ``count`` targets, fractions from 0 to 1.

    ``per_label`` is ``(labels,)`` with NaN for a label that occurs nowhere. ``accuracy`` is the
    fraction of targets with all labels right. ``confusion`` is ``(labels, labels)``, gold by
    predicted, or None where a target can have several labels.
    """

    count: int
    macro_f1: float
    micro_f1: float
    accuracy: float
    per_label: Floats
    confusion: NDArray[np.int64] | None


def is_single(gold: Bools) -> bool:
    """Say whether every target has exactly one label; ``gold`` is ``(targets, labels)``."""
    return bool((gold.sum(1) == 1).all())


def predictions(logits: NDArray[np.float32], *, single: bool) -> Bools:
    """Return what is predicted from scores ``(…, targets, labels)``, in the same shape."""
    if not single:
        many: Bools = logits >= 0
        return many
    found = np.zeros(logits.shape, dtype=bool)
    np.put_along_axis(found, logits.argmax(-1, keepdims=True), True, axis=-1)
    return found


def score(gold: Bools, said: Bools, *, single: bool) -> ProbeScores:
    """Score predictions ``(targets, labels)`` against the gold labels."""
    hits = (gold & said).sum(0)
    total = gold.sum(0) + said.sum(0)
    per_label = np.divide(2 * hits, total, out=np.full(len(hits), np.nan), where=total > 0)
    known = per_label[total > 0]
    confusion = None
    if single:
        confusion = np.zeros((gold.shape[1],) * 2, dtype=np.int64)
        np.add.at(confusion, (gold.argmax(1), said.argmax(1)), 1)
    return ProbeScores(
        count=len(gold),
        macro_f1=float(known.mean()) if known.size else 0.0,
        micro_f1=float(2 * hits.sum() / total.sum()) if total.sum() else 0.0,
        accuracy=float((gold == said).all(1).mean()) if len(gold) else 0.0,
        per_label=per_label,
        confusion=confusion,
    )


def macro_f1(gold: Bools, said: Bools) -> Floats:
    """Return macro-F1 of many probes at once.

    ``gold`` is ``(targets, labels)``, ``said`` ``(…, targets, labels)``; the result has the axes
    before those two.
    """
    hits = (gold & said).sum(-2)
    total = gold.sum(0) + said.sum(-2)
    each = np.where(total > 0, 2 * hits / np.maximum(total, 1), 0.0)
    mean: Floats = each.sum(-1) / np.maximum((total > 0).sum(-1), 1)
    return mean


def majority(train: Bools, gold: Bools) -> ProbeScores:
    """Score saying for each target what most training targets have (its whole set of labels).

    Among equally frequent ones the first by label order counts.
    """
    sets, counts = np.unique(train, axis=0, return_counts=True)
    best = sets[counts == counts.max()]
    said = np.broadcast_to(best[-1], gold.shape)  # unique sorts False before True
    return score(gold, said, single=is_single(np.concatenate((train, gold))))
