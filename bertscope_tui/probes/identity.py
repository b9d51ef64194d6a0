"""Hashes that say what a result is of: the same data and settings give the same ones."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from bertscope_tui.probes.records import ProbeOptions

if TYPE_CHECKING:
    from bertscope_tui.data.probing.records import ProbeData


def data_sha256(data: ProbeData) -> str:
    """Return a hash of the texts, spans, labels and splits, wherever they were read from."""
    digest = hashlib.sha256()
    for one in data.examples:
        targets = [
            [[(span.start, span.end) for span in target.spans], target.labels]
            for target in one.targets
        ]
        line = json.dumps([one.text, one.pair, one.document, one.split, targets])
        digest.update(line.encode("utf-8") + b"\n")
    return digest.hexdigest()


def options_sha256(options: ProbeOptions, *, cut: bool = False) -> str:
    """Return a hash of everything in the options that changes a score or what is scored.

    How much the cached states may take on the disk does so only where they were ``cut``: where
    not all examples had room.
    """
    named = asdict(options)
    if not cut:
        del named["features_bytes"]
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()
