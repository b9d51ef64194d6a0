"""Samples a second of a scan, against the bare network on the same batches.

Prints one JSON object. The reference is transformers' forward alone: tensors made beforehand, no
hidden states, nothing read off. Both take turns batch by batch, so that whatever else the machine
does slows both down alike.
Run: ``python -m tests.bench.scan_bench [MODEL DATASET [QUESTIONS]]``; without arguments the bundled
model and stories, and XQuAD with its model where they are.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from bertscope_tui.models.threads import set_thread_policy

_ROOT = Path(__file__).resolve().parents[2]
_STORIES = _ROOT / "sample_data" / "stories"
_SHARED = _ROOT.parent / "shared"
_QUESTIONS = 500


def run(model_name: str, path: Path, count: int) -> dict[str, object]:
    """Scan ``count`` questions, spread over the data set, and run the network over them alone."""
    import torch

    from bertscope_tui.data.open import open_dataset
    from bertscope_tui.engine.scanning import Scanner
    from bertscope_tui.engine.scoring import ReadOptions
    from bertscope_tui.evaluation.evaluate import spread
    from bertscope_tui.models.loading import load_model

    model, dataset = load_model(model_name), open_dataset(path)
    options = ReadOptions().for_dataset(dataset)
    samples = [dataset.samples[place] for place in spread(range(len(dataset.samples)), count)]
    batches = _batches(model, samples, options)
    tokens = sum(int(batch["attention_mask"].sum()) for batch in batches)
    list(Scanner(model, samples[:8], options).run())
    with torch.inference_mode():
        model.network(**batches[-1])
    scan = bare = 0.0
    rows = 0
    waiting = iter(batches)
    results = Scanner(model, samples, options, vectors=lambda place: True).run()
    while True:
        began = time.perf_counter()
        result = next(results, None)
        scan += time.perf_counter() - began
        rows += 0 if result is None else len(result.rows)
        # At the end those that are left, which finished no sample of their own.
        turn = list(waiting) if result is None else [next(waiting)]
        began = time.perf_counter()
        with torch.inference_mode():
            for batch in turn:
                model.network(**batch)
        bare += time.perf_counter() - began
        if result is None:
            break
    return {
        "bench": "scan",
        "model": model.info.name,
        "dataset": dataset.name,
        "device": model.info.device,
        "questions": rows,
        "tokens": tokens,
        "batches": len(batches),
        "per_second": round(rows / scan, 1),
        "reference_per_second": round(rows / bare, 1),
        "ratio": round(bare / scan, 3),
    }


def _batches(model: Any, samples: list[Any], options: Any) -> list[dict[str, Any]]:
    """Return the inputs of the network for the batches that a scan makes of the samples."""
    from bertscope_tui.engine.batching import length_buckets
    from bertscope_tui.engine.forward import padded
    from bertscope_tui.engine.scanning import token_budget
    from bertscope_tui.engine.scoring import encode_sample

    found = []
    for start in range(0, len(samples), 512):
        windows = [
            window
            for sample in samples[start : start + 512]
            for window in encode_sample(model, sample, options).windows
        ]
        lengths = [len(window.input_ids) for window in windows]
        for group in length_buckets(lengths, token_budget(model)):
            found.append(padded(model, [windows[place] for place in group]))
    return found


if __name__ == "__main__":
    set_thread_policy()
    if len(sys.argv) > 1:
        pairs = [(sys.argv[1], Path(sys.argv[2]))]
    else:
        pairs = [("stories-bert", _STORIES)]
        squad = _SHARED / "models" / "minilm-l6-squad"
        questions = _SHARED / "data" / "xquad" / "xquad.en.json"
        if squad.is_dir() and questions.is_file():
            pairs.append((str(squad), questions))
    most = int(sys.argv[3]) if len(sys.argv) > 3 else _QUESTIONS
    print(json.dumps([run(name, path, most) for name, path in pairs]))
