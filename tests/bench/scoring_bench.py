"""Questions a second as the sample list scores them, against the bare network one by one.

Prints one JSON object. The reference runs the same network over the same windows one at a time,
without batches, spans or scores, in the same run.
Run: ``python -m tests.bench.scoring_bench MODEL DATASET [QUESTIONS]``.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from bertscope_tui.models.threads import set_thread_policy

_CHUNK = 8


def run(model_name: str, path: Path, count: int) -> dict[str, object]:
    """Score the first ``count`` questions, then run the network over their windows alone."""
    import torch

    from bertscope_tui.data.open import open_dataset
    from bertscope_tui.engine.encoding import encode
    from bertscope_tui.engine.scoring import ReadOptions, score_samples
    from bertscope_tui.models.loading import load_model

    model, dataset = load_model(model_name), open_dataset(path)
    options = ReadOptions().for_dataset(dataset)
    samples = dataset.samples[:count]
    began = time.perf_counter()
    scored = [
        score
        for start in range(0, len(samples), _CHUNK)
        for score in score_samples(model, samples[start : start + _CHUNK], options=options)
    ]
    ours = time.perf_counter() - began
    length = options.max_tokens or dataset.window
    windows = [w for one in samples for w in encode(one, model, max_tokens=length).windows]
    began = time.perf_counter()
    with torch.inference_mode():
        for window in windows:
            model.network(input_ids=torch.tensor([window.input_ids], device=model.device))
    bare = time.perf_counter() - began
    scores = [one.scores for one in scored if one.scores is not None]
    return {
        "bench": "scoring",
        "questions": len(samples),
        "windows": len(windows),
        "per_second": round(len(samples) / ours, 1),
        "reference_per_second": round(len(samples) / bare, 1),
        "ratio": round(bare / ours, 2),
        "exact_match": round(sum(one.exact_match for one in scores) / max(len(scores), 1), 3),
        "f1": round(sum(one.f1 for one in scores) / max(len(scores), 1), 3),
    }


if __name__ == "__main__":
    set_thread_policy()
    most = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000
    print(json.dumps(run(sys.argv[1], Path(sys.argv[2]), most)))
