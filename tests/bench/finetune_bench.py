"""Time of a training step against a bare Trainer on the same batches, and the time of resuming.

Prints one JSON object. The reference is transformers' ``Trainer`` as it is, with the loss that the
network computes itself, over the same batches in the same order; the two take turns.
Run: ``python -m tests.bench.finetune_bench MODEL DATASET [STEPS [VARIANT]]``.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from bertscope_tui.models.threads import set_thread_policy

_TURNS = 3


def run(base: str, path: Path, steps: int, variant: str | None) -> dict[str, object]:
    """Train ``steps`` steps in turns with and without us."""
    from bertscope_tui.data.open import open_dataset
    from bertscope_tui.models.trainable import load_trainable
    from bertscope_tui.training.features import span_features
    from bertscope_tui.training.plan import Settings

    settings = Settings(
        lr=1e-5, batch_size=8, max_steps=steps, eval_steps=10**9, save_steps=10**9, warmup=1.0
    )
    samples = open_dataset(path, variant=variant).samples[: steps * 8]
    model = load_trainable(base, head="span")
    began = time.perf_counter()
    rows = span_features(model, samples, max_tokens=384, stride=128).rows
    cutting = time.perf_counter() - began
    ours, bare = [], []
    for _ in range(_TURNS):
        ours.append(_ours(base, rows, settings))
        bare.append(_bare(base, rows, settings))
    tokens = sum(len(row.ids) for row in rows) / len(rows)
    return {
        "bench": "finetune",
        "steps": steps,
        "tokens_per_window": round(tokens, 1),
        "windows_cut_per_second": round(len(rows) / cutting, 1),
        "step_seconds": round(median(ours), 4),
        "reference_step_seconds": round(median(bare), 4),
        "ratio": round(median(ours) / median(bare), 3),
    }


def _ours(base: str, rows: Any, settings: Any) -> float:
    from bertscope_tui.engine.scoring import ReadOptions
    from bertscope_tui.models.trainable import load_trainable
    from bertscope_tui.training.trainer import FineTuner, arguments

    model = load_trainable(base, head="span")
    with tempfile.TemporaryDirectory() as folder:
        args = arguments(Path(folder), settings, precision="auto", device=str(model.device.type))
        trainer = FineTuner(
            model, rows, (), ReadOptions(), settings, args,
            member=0, report=lambda point: None, stepped=lambda step, steps: None,
            seconds=time.perf_counter, stopping=lambda: False,
            scored=frozenset((settings.max_steps,)),
        )  # fmt: skip
        trainer.evaluate = lambda *_, **__: {}
        trainer._save_checkpoint = lambda *_, **__: None
        trainer.callback_handler.callbacks[-1].on_save = lambda *_, **__: None
        return _timed(trainer)


def _bare(base: str, rows: Any, settings: Any) -> float:
    import torch
    from torch.utils.data import DataLoader
    from transformers import Trainer

    from bertscope_tui.models.trainable import load_trainable
    from bertscope_tui.training.batches import Collate, FeatureSet, LengthBatches
    from bertscope_tui.training.trainer import arguments

    model = load_trainable(base, head="span")
    collate = Collate(model.pad_id, "span")

    def named(batch: Any) -> dict[str, Any]:
        made = collate(batch)
        made["start_positions"], made["end_positions"] = made.pop("start"), made.pop("end")
        return made

    loader = DataLoader(
        FeatureSet(rows),
        batch_sampler=LengthBatches(
            [len(row.ids) for row in rows], size=settings.batch_size, tokens=None,
            seed=settings.seed,
        ),
        collate_fn=named,
        generator=torch.Generator(),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        args = arguments(Path(folder), settings, precision="auto", device=str(model.device.type))
        args.save_strategy = "no"
        trainer = Trainer(model=model.network, args=args, train_dataset=FeatureSet(rows))
        trainer.get_train_dataloader = lambda: loader
        from transformers import PrinterCallback

        trainer.remove_callback(PrinterCallback)
        return _timed(trainer)


def _timed(trainer: Any) -> float:
    """Return the seconds a step takes."""
    began = time.perf_counter()
    trainer.train()
    return (time.perf_counter() - began) / trainer.state.global_step


if __name__ == "__main__":
    set_thread_policy()
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 30
    print(
        json.dumps(
            run(sys.argv[1], Path(sys.argv[2]), count, sys.argv[4] if len(sys.argv) > 4 else None)
        )
    )
