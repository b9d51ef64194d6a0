"""Results as JSON: for ``--json`` and for the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from bertscope_tui.probes.records import ProbeResult

SCHEMA = "bertscope.probe/1"


def probe_object(results: Iterable[ProbeResult]) -> dict[str, Any]:
    """Return the JSON object of results."""
    return {"schema": SCHEMA, "results": [result_object(one) for one in results]}


def result_object(result: ProbeResult) -> dict[str, Any]:
    """Return one result as JSON values; scores are fractions from 0 to 1."""
    return {
        "model": result.model,
        "base": result.base,
        "task": result.identity.task,
        "data": result.data,
        "labels": list(result.labels),
        "examples": asdict(result.examples),
        "targets": asdict(result.targets),
        "lost_spans": result.lost_truncated + result.lost_untokenised,
        "lost": {"truncated": result.lost_truncated, "untokenised": result.lost_untokenised},
        "pooling": result.options.settings.pooling,
        "seeds": result.options.seeds,
        "majority": asdict(result.majority),
        "layers": [asdict(one) for one in result.layers],
        "mix": None if result.mix is None else asdict(result.mix),
        "codelength_uniform_bits": result.codelength_uniform_bits,
        "control_seen": result.control_seen,
        "seconds": {"extract": result.extract_seconds, "train": result.train_seconds},
        "peak_memory_bytes": result.peak_memory_bytes,
        "random_weights": result.identity.random,
        "single_label": result.single,
        "spans": result.spans,
        "model_path": result.model_path,
        "data_path": result.data_path,
        "created": result.created,
        "identity": asdict(result.identity),
        "options": asdict(result.options),
        "notes": list(result.notes),
    }
