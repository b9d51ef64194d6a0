"""Results of probing made by formulas, in a store of their own, and folders with weights."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from bertscope_tui.data.probing.records import ProbeTask
from bertscope_tui.evaluation.report import write_aside
from bertscope_tui.models.card import weights_sha256
from bertscope_tui.probes import store
from bertscope_tui.probes.records import (
    Baseline,
    Counts,
    LayerScore,
    MixScore,
    ProbeIdentity,
    ProbeOptions,
    ProbeResult,
)
from bertscope_tui.probes.report import result_object

LABELS = ("place", "person", "thing")


def made_model(folder: Path, name: str = "toy", *, seed: int = 0) -> str:
    """Write weights where the model of the fakes pretends to be; return their hash.

    ``folder`` has to be the working directory.
    """
    place = folder / "made" / name
    place.mkdir(parents=True)
    weights = np.random.default_rng(seed).normal(size=4).astype(np.float32)
    save_file({"weight": weights}, place / "model.safetensors")
    return weights_sha256(place)


def made_result(
    weights: str,
    task: ProbeTask = "nel",
    *,
    model: str = "toy",
    scores: Sequence[float] | None = None,
    layers: int = 12,
    data: str = "made",
    created: str = "2026-01-01T00:00:00+00:00",
    random: bool = False,
    controls: bool = True,
    single: bool = True,
    majority: float = 0.25,
    labels: Sequence[str] = LABELS,
) -> ProbeResult:
    """Return a result whose macro-F1 at layer n is ``scores[n]``, else rises and falls again."""
    if scores is None:
        scores = [0.3 + 0.5 * (1 - abs(layer / layers - 0.5)) for layer in range(layers + 1)]
    options = ProbeOptions(controls=controls)
    return ProbeResult(
        identity=ProbeIdentity(weights, random, f"data {data}", task, f"controls {controls}"),
        model=f"{model} (random weights)" if random else model,
        model_path=f"made/{model}",
        base=None,
        data=data,
        data_path=f"made/{data}.jsonl",
        created=created,
        labels=tuple(labels),
        spans=2 if task in ("coref", "rel") else 1,
        single=single,
        examples=Counts(80, 10, 10),
        targets=Counts(160, 20, 20),
        lost_truncated=1,
        lost_untokenised=0,
        options=options,
        majority=Baseline(majority, 0.5),
        layers=tuple(
            _layer(layer, score, labels, controls, single) for layer, score in enumerate(scores)
        ),
        mix=MixScore(tuple(1 / len(scores) for _ in scores), (len(scores) - 1) / 2, 0.25, 0.75)
        if controls
        else None,
        codelength_uniform_bits=500.0 if controls else None,
        control_seen=0.5 if controls else None,
        extract_seconds=1.0,
        train_seconds=2.0,
        peak_memory_bytes=10**9,
    )


def _layer(
    layer: int, score: float, labels: Sequence[str], controls: bool, single: bool
) -> LayerScore:
    count = len(labels)
    gold = [[3 * (20 if row == column else layer % 3) for column in range(count)]
            for row in range(count)]  # fmt: skip
    return LayerScore(
        layer=layer,
        macro_f1=score,
        macro_f1_std=0.02,
        macro_f1_interval=(max(score - 0.05, 0.0), min(score + 0.05, 1.0)),
        macro_f1_seeds=(max(score - 0.02, 0.0), score, min(score + 0.02, 1.0)),
        micro_f1=score / 2,
        accuracy=score / 3,
        per_label={label: score / (place + 1) for place, label in enumerate(labels)},
        confusion=tuple(map(tuple, gold)) if single else None,
        control_accuracy=score / 6 if controls else None,
        selectivity=score / 6 if controls else None,
        codelength_bits=400.0 - layer if controls else None,
    )


def stored(*results: ProbeResult) -> None:
    """Put results into the store, without probes."""
    store.folder().mkdir(parents=True, exist_ok=True)
    for one in results:
        path = store.folder() / store._file_name(one)
        write_aside(path, json.dumps(result_object(one)))
