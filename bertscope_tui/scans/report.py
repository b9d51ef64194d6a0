"""Runs as JSON objects: one in a list, and one with everything that is known of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bertscope_tui.analysis.early import Early
from bertscope_tui.scans.overview import Overview, overview_object
from bertscope_tui.scans.reading import Reader
from bertscope_tui.scans.records import Run

SCHEMA = "bertscope.scan/1"
SCHEMA_RUNS = "bertscope.runs/1"


def run_object(run: Run) -> dict[str, Any]:
    """Return what lists say of a run; scores are fractions from 0 to 1."""
    return {
        "run": run.name,
        "model": run.model,
        "dataset": run.dataset,
        "count": run.done,
        "total": run.total,
        "state": run.state,
        "exact_match": run.exact_match,
        "f1": run.f1,
        "accuracy": run.accuracy,
        "created": run.created,
        "updated": run.updated,
    }


def scan_object(store: Reader, run: Run, overview: Overview, early: Early | None) -> dict[str, Any]:
    """Return the JSON object of a run, with the means of its signals by layer.

    ``count`` is the number of samples finished, ``skipped`` that of the records that could not be
    used and the samples that could not be run.
    """
    errors = store.errors(run.id)
    return {
        "schema": SCHEMA,
        **run_object(run),
        "skipped": run.skipped + len(errors),
        **overview_object(overview, early),
        "errors": [{"id": sample_id, "what": reason} for sample_id, reason in errors],
        "seconds": run.seconds,
        "samples_per_second": _rate(run.done, run.seconds),
        "tokens_per_second": _rate(run.tokens, run.seconds),
        "resumed_from": run.resumed_from,
        "classified": run.classified,
        "model_path": run.model_path,
        "model_sha256": run.model_sha256,
        "architecture": run.architecture,
        "head": run.head,
        "device": run.device,
        "dtype": run.dtype,
        "dataset_path": run.dataset_path,
        "data_sha256": run.data_sha256,
        "format": run.format,
        "variant": run.variant,
        "split": run.split,
        "tasks": list(run.tasks),
        "keep_yes_no": run.keep_yes_no,
        "limit": run.limit,
        "options": asdict(run.options),
        "vectors": run.vectors,
    }


def _rate(count: int, seconds: float) -> float | None:
    return count / seconds if seconds > 0 else None
