"""Probing as the app does it, against suites that run the network anew for every batch.

Such a suite (as jiant is) has the network, frozen, in front of the probe, so that every epoch of
every run encodes the data again. ``suite`` trains one layer a run, ``suite_of_all`` all layers in
one run, which is as kind to it as can be. Both use the reference's probe and optimiser, our
batched forward pass, and stop by the dev score as the app's probes do; nothing is extrapolated.
The app's time includes reading the states to an empty cache. Prints one JSON object; ``ratio`` is
of wall times and ``cpu_ratio`` of the process's own.
Run: ``python -m tests.bench.probe_suite_bench MODEL TASK [DATA [LIMIT [ROUNDS]]]``.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np


def run(
    model_name: str, task: Any, data_path: str = "", limit: int = 300, rounds: int = 0
) -> dict[str, object]:
    """Time all three with one seed; ``rounds`` other than 0 trains so many without stopping."""
    from bertscope_tui.analysis.probing.settings import ProbeSettings
    from bertscope_tui.data.probing.open import bundled_probe_data, open_probe_data
    from bertscope_tui.data.probing.splitting import limited, with_splits
    from bertscope_tui.engine.probe_encoding import encode_probe
    from bertscope_tui.models.loading import load_model
    from bertscope_tui.probes.records import ProbeOptions
    from bertscope_tui.probes.run import probe

    model = load_model(model_name, device="cpu")
    path = Path(data_path) if data_path else bundled_probe_data(task)
    data = limited(with_splits(open_probe_data(path, task)), limit)
    settings = ProbeSettings()
    if rounds:
        settings = replace(settings, rounds=rounds, patience=rounds)
    layers = model.info.layers + 1
    scores: dict[str, list[float]] = {}

    def ours() -> None:
        options = ProbeOptions(settings=settings, seeds=1, controls=False)
        with tempfile.TemporaryDirectory() as cache:
            os.environ["BERTSCOPE_CACHE"] = cache
            found = probe(model, data, options).result
        scores["ours"] = [one.macro_f1 for one in found.layers]

    def suite() -> None:
        encoded = encode_probe(data, model)
        scores["suite"] = [
            score
            for layer in range(layers)
            for score in _train(model, data, encoded, settings, [layer])
        ]

    def suite_of_all() -> None:
        encoded = encode_probe(data, model)
        scores["suite_of_all"] = _train(model, data, encoded, settings, list(range(layers)))

    wall, cpu = {}, {}
    work: dict[str, Callable[[], None]] = {
        "ours": ours,
        "suite_of_all": suite_of_all,
        "suite": suite,
    }
    for name, side in work.items():
        began, used = time.perf_counter(), time.process_time()
        side()
        wall[name], cpu[name] = time.perf_counter() - began, time.process_time() - used
    return {
        "bench": "probe suite",
        "model": model.info.name,
        "task": task,
        "data": data.name,
        "texts": len(data.examples),
        "layers": layers,
        "rounds": rounds or "stopped",
        "seconds": {name: round(value, 2) for name, value in wall.items()},
        "ratio": {name: round(wall["ours"] / wall[name], 4) for name in work if name != "ours"},
        "cpu_ratio": {name: round(cpu["ours"] / cpu[name], 4) for name in work if name != "ours"},
        "mean_macro_f1": {name: round(float(np.mean(own)), 3) for name, own in scores.items()},
    }


def _train(model: Any, data: Any, encoded: Any, settings: Any, layers: list[int]) -> list[float]:
    """Train a probe on each of some layers, the network running for every batch; test scores."""
    import torch

    from tests.reference.probe_layer_by_layer import Probe, macro

    splits: dict[str, list[int]] = {"train": [], "dev": [], "test": []}
    number = {label: place for place, label in enumerate(data.labels)}
    gold = np.zeros((len(encoded.targets), len(number)), dtype=bool)
    for row, (place, target) in enumerate(encoded.targets.tolist()):
        example = data.examples[place]
        gold[row, [number[label] for label in example.targets[target].labels]] = True
        splits[example.split].append(row)
    rows = {name: np.asarray(own) for name, own in splits.items()}
    torch.manual_seed(0)
    shuffle = np.random.default_rng(0)
    dim, spans = model.info.hidden_size, encoded.spans.shape[1]
    probes = {layer: Probe(dim, spans, gold.shape[1], settings) for layer in layers}
    optimisers = {
        layer: torch.optim.Adam(one.parameters(), lr=settings.learning_rate)
        for layer, one in probes.items()
    }
    per_epoch = -(-len(rows["train"]) // settings.batch)
    low, high = settings.round_steps
    best = dict.fromkeys(layers, (-1.0, 0))
    order: list[np.ndarray] = []
    for turn in range(1, settings.rounds + 1):
        going = [n for n in layers if turn - best[n][1] <= settings.patience]
        if not going:
            break
        for _ in range(min(max(per_epoch, low), high)):
            if not order:
                mixed = shuffle.permutation(rows["train"])
                order = np.split(mixed, range(settings.batch, len(mixed), settings.batch))
            targets = order.pop()
            batch = _batch(model, encoded, targets)
            for layer in going:
                probes[layer].train()
                loss = torch.nn.functional.binary_cross_entropy_with_logits(
                    probes[layer](_at(batch, layer)),
                    torch.from_numpy(gold[targets].astype(np.float32)),
                    reduction="sum",
                )
                optimisers[layer].zero_grad()
                (loss / len(targets)).backward()
                optimisers[layer].step()
        found = _logits(model, encoded, probes, going, rows["dev"])
        for layer in going:
            score = macro(gold[rows["dev"]], found[layer])
            if score > best[layer][0]:
                best[layer] = score, turn
    # The suite is not charged for keeping the weights of the best round: these are the last.
    found = _logits(model, encoded, probes, layers, rows["test"])
    return [macro(gold[rows["test"]], found[layer]) for layer in layers]


def _logits(
    model: Any, encoded: Any, probes: Any, layers: list[int], rows: np.ndarray
) -> dict[int, np.ndarray]:
    import torch

    found: dict[int, list[np.ndarray]] = {layer: [] for layer in layers}
    with torch.no_grad():
        for start in range(0, len(rows), 256):
            batch = _batch(model, encoded, rows[start : start + 256])
            for layer in layers:
                probes[layer].eval()
                found[layer].append(probes[layer](_at(batch, layer)).numpy())
    return {layer: np.concatenate(own) for layer, own in found.items()}


def _batch(model: Any, encoded: Any, targets: np.ndarray) -> tuple[Any, list[Any]]:
    """Run the network over the texts of some targets; their states and the tokens of each span."""
    import torch

    from bertscope_tui.engine.forward import forward

    first = encoded.spans[targets, 0, 0]
    of = np.searchsorted(encoded.first_rows, first, side="right") - 1
    windows = np.unique(of)
    outputs = forward(model, [encoded.windows[place] for place in windows], hidden=True)
    states = np.concatenate(
        [
            output.hidden[:, encoded.tokens[place]]
            for place, output in zip(windows, outputs, strict=True)
        ],
        axis=1,
    )
    sizes = [len(encoded.tokens[place]) for place in windows]
    begin = dict(zip(windows.tolist(), np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
    moved = np.asarray([begin[one] - encoded.first_rows[one] for one in of.tolist()])
    spans = []
    for place in range(encoded.spans.shape[1]):
        start, count = encoded.spans[targets, place, 0] + moved, encoded.spans[targets, place, 1]
        steps = np.arange(count.max())
        own = start[:, None] + np.minimum(steps, count[:, None] - 1)
        spans.append((torch.from_numpy(own), torch.from_numpy(steps < count[:, None])))
    return torch.from_numpy(states), spans


def _at(batch: tuple[Any, list[Any]], layer: int) -> list[Any]:
    states, spans = batch
    return [(states[layer][rows], mask) for rows, mask in spans]


if __name__ == "__main__":
    from bertscope_tui.models.threads import set_thread_policy

    set_thread_policy()
    words = sys.argv[1:]
    print(json.dumps(run(*words[:3], *(int(word) for word in words[3:]))))
