"""All probes of a task in one network, against a loop over layers on the same cached states.

Prints one JSON object. Both sides train the same number of probes with the same settings and stop
each by its dev score; they take turns, and the best of the repeats counts, because other processes
may load the machine. ``fixed`` compares the same number of steps, without early stopping.
Run: ``python -m tests.bench.probe_bench [LAYERS DIM LABELS TOKENS TARGETS SEEDS REPEATS]``.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np

from bertscope_tui.models.threads import set_thread_policy


def run(
    layers: int = 13,
    dim: int = 768,
    labels: int = 50,
    tokens: int = 5,
    targets: int = 2000,
    seeds: int = 1,
    repeats: int = 3,
) -> dict[str, object]:
    """Time both on states that are made up; spans have ``tokens`` tokens on average."""
    from bertscope_tui.analysis.probing.settings import ProbeSettings
    from bertscope_tui.analysis.probing.table import SpanStates
    from bertscope_tui.analysis.probing.training import Parts, logits_of, train
    from tests.reference.probe_layer_by_layer import train_one

    generator = np.random.default_rng(0)
    count = generator.integers(1, 2 * tokens, targets)
    first = np.concatenate(([0], np.cumsum(count)[:-1]))
    spans = np.stack((first, count), 1)[:, None, :]
    answer = generator.integers(0, labels, targets)
    gold = np.eye(labels, dtype=bool)[answer]
    means = generator.normal(size=(labels, dim))
    states = generator.normal(size=(count.sum(), layers, dim))
    signal = np.linspace(0.0, 0.3, layers)[:, None]
    states += means[np.repeat(answer, count)][:, None, :] * signal
    table = SpanStates(states.astype(np.float16), spans)
    order = generator.permutation(targets)
    fifth = targets // 5
    parts = Parts(order[2 * fifth :], order[:fifth], order[fifth : 2 * fifth])
    numbers = list(range(seeds))

    def together(settings: Any) -> int:
        probes = train(table, gold, parts, settings, seeds=numbers, single=True)
        logits_of(probes, table, parts.test)
        return probes.steps

    def loop(settings: Any) -> int:
        return max(
            train_one(table.states[:, layer], spans, gold, parts, settings, seed=seed).steps
            for layer in range(layers)
            for seed in numbers
        )

    stopped = ProbeSettings()
    fixed = replace(stopped, rounds=4, patience=4)
    result: dict[str, object] = {
        "bench": "probe",
        "layers": layers,
        "dim": dim,
        "labels": labels,
        "tokens": tokens,
        "targets": targets,
        "seeds": seeds,
    }
    for name, settings in (("fixed", fixed), ("stopped", stopped)):
        times: dict[str, list[float]] = {"together": [], "loop": []}
        busy: dict[str, list[float]] = {"together": [], "loop": []}
        steps: dict[str, int] = {}
        for _ in range(repeats):
            for side, work in (("together", together), ("loop", loop)):
                began, used = time.perf_counter(), time.process_time()
                steps[side] = work(settings)
                times[side].append(time.perf_counter() - began)
                busy[side].append(time.process_time() - used)
        best = {side: min(found) for side, found in times.items()}
        cpu = {side: min(found) for side, found in busy.items()}
        result[name] = {
            "seconds": round(best["together"], 2),
            "loop_seconds": round(best["loop"], 2),
            "ratio": round(best["together"] / best["loop"], 3),
            "cpu_ratio": round(cpu["together"] / cpu["loop"], 3),
            "most_steps": steps,
        }
    return result


if __name__ == "__main__":
    set_thread_policy()
    print(json.dumps(run(*(int(word) for word in sys.argv[1:]))))
