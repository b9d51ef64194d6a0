"""Trained probes at work on other texts: what they say of an open sample, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.probing.network import Shape, first_weights
from bertscope_tui.analysis.probing.table import SpanStates
from bertscope_tui.analysis.probing.training import TrainedProbes, logits_of
from bertscope_tui.engine.probe_encoding import Offsets
from bertscope_tui.errors import ModelError
from bertscope_tui.probes import store
from bertscope_tui.probes.records import ProbeResult

if TYPE_CHECKING:
    from bertscope_tui.engine.encoding import Part, Token

TokenRange = tuple[int, int]
"""The first token of a span in its window and one past its last."""


@dataclass(frozen=True, slots=True, eq=False)
class KeptProbes:
    """The probes of one result, those of the first seed on every layer."""

    result: ProbeResult
    probes: TrainedProbes

    def probabilities(
        self, states: NDArray[np.float32], targets: Sequence[Sequence[TokenRange]]
    ) -> NDArray[np.float32]:
        """Return the probability of each label, ``(layers + 1, targets, labels)``.

        ``states`` is ``(layers + 1, tokens, dim)``, the hidden states of one window of the same
        model; each target has as many spans as the task. Probabilities are label-wise and need
        not add up to 1, but for probes whose labels exclude each other. Raises ModelError where
        the states are those of another kind of model.
        """
        shape = self.probes.shape
        layers = self.probes.weights["out"].shape[0]
        if states.shape[0] != layers or states.shape[2] != shape.dim:
            raise ModelError(
                f"the probes of {self.result.model} read {layers} layers of {shape.dim} numbers, "
                f"not {states.shape[0]} of {states.shape[2]}"
            )
        if not targets:
            return np.empty((layers, 0, shape.labels), np.float32)
        spans = np.asarray(
            [[(first, end - first) for first, end in target] for target in targets],
            dtype=np.int64,
        )
        table = SpanStates(np.ascontiguousarray(states.transpose(1, 0, 2)), spans)
        logits = logits_of(self.probes, table, np.arange(len(targets)))[:, 0]
        if self.probes.settings.loss == "softmax":
            raised = np.exp(logits - logits.max(-1, keepdims=True))
            chances = raised / raised.sum(-1, keepdims=True)
        else:
            chances = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
        return np.asarray(chances, dtype=np.float32)


def open_probes(result: ProbeResult) -> KeptProbes:
    """Return the probes that were kept with a result.

    Raises ModelError where they are gone or damaged.
    """
    weights = store.read_weights(result)
    settings = result.options.settings
    read = weights["project0"].shape[-2] if "project0" in weights else 1
    dim = int(read) // (2 if settings.pooling == "ends" else 1)
    shape = Shape(dim, result.spans, len(result.labels))
    grid = len(result.layers), 1
    wanted = {name: (*grid, *one.shape) for name, one in first_weights(settings, shape, 0).items()}
    if {name: tuple(one.shape) for name, one in weights.items()} != wanted:
        raise ModelError(
            f"the kept probes of {result.model} for {result.data} do not belong to their result",
            remedy=store.ANEW,
        )
    return KeptProbes(
        result,
        TrainedProbes(settings, shape, weights, np.zeros(grid), np.zeros(grid, dtype=np.int64), 0),
    )


def offsets_of(tokens: Sequence[Token], part: Part) -> Offsets:
    """Return the characters ``(tokens, 2)`` of the question or context that tokens stand for.

    Those of the other part have 0, 0: `covering` finds the tokens of a span as in training.
    """
    return np.asarray(
        [(one.start, one.end) if one.part == part else (0, 0) for one in tokens], dtype=np.int64
    ).reshape(-1, 2)
