"""An evaluation as JSON, and its predictions as a file for other scoring scripts."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bertscope_tui.data.hygiene import clean
from bertscope_tui.errors import DiskError, InputError
from bertscope_tui.evaluation.evaluate import Evaluation
from bertscope_tui.replacing import replace_parts

SCHEMA = "bertscope.evaluate/1"


def evaluate_object(evaluation: Evaluation) -> dict[str, Any]:
    """Return the JSON object of an evaluation; scores are fractions from 0 to 1."""
    totals, model, dataset = evaluation.totals, evaluation.model, evaluation.dataset
    options = evaluation.options
    return {
        "schema": SCHEMA,
        "model": model.name,
        "dataset": dataset.name,
        "count": totals.count,
        "skipped": evaluation.skipped,
        "exact_match": totals.exact_match,
        "f1": totals.f1,
        "accuracy": totals.accuracy,
        "intervals": {
            "exact_match": totals.exact_match_interval,
            "f1": totals.f1_interval,
            "accuracy": totals.accuracy_interval,
        },
        "tasks": {
            name: {"count": task.count, "accuracy": task.accuracy, "interval": task.interval}
            for name, task in totals.tasks.items()
        },
        "model_path": model.path,
        "dataset_path": dataset.path,
        "format": dataset.format,
        "variant": dataset.variant,
        "split": dataset.split,
        "limit": evaluation.limit,
        "unscored": totals.unscored,
        "left_out": dataset.left_out,
        "errors": [{"id": one.sample_id, "what": one.reason} for one in evaluation.failures],
        "device": model.device,
        "dtype": model.dtype,
        "max_tokens": min(options.max_tokens or dataset.window, model.max_tokens),
        "stride": options.stride,
        "seconds": evaluation.seconds,
        "questions_per_second": evaluation.questions_per_second,
    }


def check_writable(path: Path) -> None:
    """Raise `InputError` where no file can be put at ``path``, before any work is done for it."""
    if path.exists() and not path.is_file():
        raise InputError(f"{clean(str(path))}: not a regular file")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise InputError(f"{clean(str(folder))}: no such folder")
    if not os.access(folder, os.W_OK):
        raise InputError(f"{clean(str(folder))}: no permission to write there")


def write_predictions(path: Path, predictions: dict[str, str]) -> None:
    """Write ``{"id": "text"}``, as the SQuAD scoring scripts read it, in one step.

    Raises `DiskError` where that fails; a file that was there before is then still there.
    """
    write_aside(path, json.dumps(predictions, ensure_ascii=False, indent=0))


def write_aside(path: Path, text: str) -> None:
    """Write a file beside ``path`` and move it there once it is whole; raises `DiskError`.

    Halves of surrogate pairs become JSON escapes, which read back as the same text.
    """
    write_parts_aside(path, (text, "\n"))


def write_parts_aside(path: Path, parts: Iterable[str]) -> None:
    """Do as `write_aside` does with the text that the parts make, as they come."""
    try:
        replace_parts(path, parts)
    except OSError as exc:
        raise DiskError(f"{clean(str(path))}: cannot be written: {exc.strerror or exc}") from exc
