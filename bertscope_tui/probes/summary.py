"""From the scores of all probes to one line for each layer."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.probing.scores import Bools, predictions, score
from bertscope_tui.probes.records import LayerScore


def layer_scores(
    gold: Bools,
    logits: NDArray[np.float32],
    labels: Sequence[str],
    *,
    single: bool,
    control_accuracy: NDArray[np.float64] | None = None,
    bits: NDArray[np.float64] | None = None,
) -> tuple[LayerScore, ...]:
    """Score ``logits`` ``(layers, seeds, targets, labels)`` against ``gold``, layer by layer."""
    return tuple(
        _layer(
            layer,
            gold,
            predictions(logits[layer], single=single),
            labels,
            single,
            None if control_accuracy is None else float(control_accuracy[layer]),
            None if bits is None else float(bits[layer]),
        )
        for layer in range(len(logits))
    )


def seed_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the 95 % interval of a mean of fractions by Student's t.

    None for fewer than two values.
    """
    count = len(values)
    if count < 2:
        return None
    from scipy.special import stdtrit

    mean = float(np.mean(values))
    half = float(stdtrit(count - 1, 0.975)) * float(np.std(values, ddof=1)) / math.sqrt(count)
    return max(0.0, mean - half), min(1.0, mean + half)


def _layer(
    layer: int,
    gold: Bools,
    said: Bools,
    labels: Sequence[str],
    single: bool,
    control: float | None,
    bits: float | None,
) -> LayerScore:
    found = [score(gold, one, single=single) for one in said]
    macro = [one.macro_f1 for one in found]
    accuracy = float(np.mean([one.accuracy for one in found]))
    per_label: dict[str, float | None] = {}
    for place, label in enumerate(labels):
        known = [one.per_label[place] for one in found if not np.isnan(one.per_label[place])]
        per_label[label] = float(np.mean(known)) if known else None
    confusion = None
    if single:
        total = sum(one.confusion for one in found if one.confusion is not None)
        confusion = tuple(tuple(int(value) for value in row) for row in np.asarray(total))
    return LayerScore(
        layer=layer,
        macro_f1=float(np.mean(macro)),
        macro_f1_std=float(np.std(macro, ddof=1)) if len(macro) > 1 else 0.0,
        macro_f1_interval=seed_interval(macro),
        macro_f1_seeds=tuple(macro),
        micro_f1=float(np.mean([one.micro_f1 for one in found])),
        accuracy=accuracy,
        per_label=per_label,
        confusion=confusion,
        control_accuracy=control,
        selectivity=None if control is None else accuracy - control,
        codelength_bits=bits,
    )
