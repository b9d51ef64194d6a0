"""How probes are built and trained: plain values, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Pooling = Literal["attention", "mean", "ends"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
"""How the tokens of a span become one vector: weighted by learned attention, equally, or its
first and last token side by side."""

Loss = Literal["sigmoid", "softmax"]


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """The probe of Tenney et al. 2019, "What do you learn from context?", and its training.

    A span's tokens are projected to ``projection`` numbers (each span of a task by a projection of
    its own) and pooled; two linear layers with ``hidden`` numbers between them, tanh, layer
    normalisation and ``dropout`` give a score for every label. ``loss`` "sigmoid" is the sum over
    labels of the binary cross-entropies, as there; "softmax" makes the labels exclude each other.
    Adam takes steps of ``batch`` targets at ``learning_rate``, for the weights of layers in a mix
    at ``mix_rate``: they are few, begin equal, and would hardly move in so few steps. After every
    round (an epoch, but no fewer than ``round_steps[0]`` and no more than ``round_steps[1]`` steps)
    the dev targets are scored; a probe that has not become better for ``patience`` rounds is done,
    and all are after ``rounds``. The probe of its best round is kept.
    """

    pooling: Pooling = "attention"
    projection: int = 256
    hidden: int = 256
    dropout: float = 0.2
    loss: Loss = "sigmoid"
    batch: int = 32
    learning_rate: float = 1e-3
    mix_rate: float = 2e-2
    rounds: int = 40
    patience: int = 4
    round_steps: tuple[int, int] = (25, 250)
