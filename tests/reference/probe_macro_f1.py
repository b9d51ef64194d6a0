"""Macro-F1 by layer and seed of one probe after the other, on states by transformers alone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.reference.probe_layer_by_layer import macro, train_one
from tests.reference.probe_states import states_of


def layer_by_layer(folder: Path, data: Any, settings: Any, seeds: int) -> np.ndarray:
    """Return ``(layers + 1, seeds)``; every example of ``data`` has a split."""
    states, spans, targets = states_of(folder, data.examples)
    number = {label: place for place, label in enumerate(data.labels)}
    gold = np.zeros((len(targets), len(number)), dtype=bool)
    rows: dict[str, list[int]] = {"train": [], "dev": [], "test": []}
    for row, (place, target) in enumerate(targets):
        example = data.examples[place]
        gold[row, [number[label] for label in example.targets[target].labels]] = True
        rows[example.split].append(row)
    parts = SimpleNamespace(**{name: np.asarray(own) for name, own in rows.items()})
    return np.asarray(
        [
            [
                macro(
                    gold[parts.test],
                    train_one(states[:, layer], spans, gold, parts, settings, seed=seed).logits,
                )
                for seed in range(seeds)
            ]
            for layer in range(states.shape[1])
        ]
    )
