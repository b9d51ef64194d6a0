"""States of span tokens on the disk: a folder for each model and data, under a budget.

``<cache>/features/<key>`` holds ``states.bin`` and ``features.json``, which says its shape. A
folder is written under another name and renamed when it is whole, so a killed process leaves
nothing that could be taken for it. Before a new one is written, those that were used longest ago
make room; whoever reads one that goes still has it, since a mapped file lives until it is let go.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertscope_tui import paths
from bertscope_tui.errors import InputError, ModelError
from bertscope_tui.models.jsonfile import read_object
from bertscope_tui.models.staging import (
    PlaceTakenError,
    aside_path,
    discard,
    disk_error,
    put_in_place,
    sweep,
)

SCHEMA = "bertscope.features/1"
DEFAULT_BUDGET = 8 << 30
"""Bytes that all features together may take."""

_STATES, _META = "states.bin", "features.json"
_HALF_MAX = 65_504.0

Write = Callable[[int, NDArray[np.float32]], None]


@dataclass(frozen=True, slots=True)
class FeatureShape:
    """How many rows, layers (the embeddings included) and numbers a state has."""

    rows: int
    layers: int
    dim: int

    def bytes(self, size: int = 2) -> int:
        """Return what that takes on the disk with ``size`` bytes a number."""
        return self.rows * self.layers * self.dim * size


class _TooLargeError(Exception):
    """A state does not fit 16 bits."""


def folder() -> Path:
    """Return the folder of all features; it may not be there yet."""
    return paths.cache_dir() / "features"


def feature_key(**parts: str | int | None) -> str:
    """Return the name for features that are decided by ``parts``."""
    text = json.dumps([SCHEMA, parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def cached(key: str, shape: FeatureShape) -> NDArray[Any] | None:
    """Return the states kept under a key, mapped, or None where there are none of that shape."""
    place = folder() / key
    try:
        meta = read_object(place / _META)
        dtype = meta.get("dtype")
        expected = [SCHEMA, shape.rows, shape.layers, shape.dim]
        if [meta.get(name) for name in ("schema", "rows", "layers", "dim")] != expected:
            return None
        if dtype not in ("float16", "float32"):
            return None
        size = np.dtype(dtype).itemsize
        if (place / _STATES).stat().st_size != shape.bytes(size):
            return None
        states = np.memmap(
            place / _STATES, dtype=dtype, mode="r", shape=(shape.rows, shape.layers, shape.dim)
        )
        os.utime(place)
    except (ModelError, OSError):
        return None
    return states


def keep(
    key: str,
    shape: FeatureShape,
    fill: Callable[[Write], None],
    *,
    budget: int = DEFAULT_BUDGET,
) -> NDArray[Any]:
    """Have ``fill`` write every row and return the states, mapped.

    Numbers are kept in 16 bits, or where one is too large for that in 32, for which ``fill`` is
    called again. Raises InputError where that is more than the budget, DiskError, and what
    ``fill`` raises; nothing is left behind then.
    """
    parent = folder()
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise disk_error(exc, parent) from exc
    sweep(parent)
    try:
        return _keep(key, shape, fill, budget, "float16")
    except _TooLargeError:
        return _keep(key, shape, fill, budget, "float32")


def _keep(
    key: str, shape: FeatureShape, fill: Callable[[Write], None], budget: int, dtype: str
) -> NDArray[Any]:
    size = np.dtype(dtype).itemsize
    if shape.bytes(size) > budget:
        raise InputError(
            f"the states of these spans take {shape.bytes(size) / 1e9:.1f} GB, the budget for "
            f"features is {budget / 1e9:.1f} GB",
            remedy="--limit takes fewer examples, --features-gb allows more",
        )
    parent = folder()
    make_room(budget - shape.bytes(size))
    staging = aside_path(parent, "staging", key)
    try:
        staging.mkdir()
        _write(staging / _STATES, shape, fill, dtype)
        meta = {
            "schema": SCHEMA,
            "rows": shape.rows,
            "layers": shape.layers,
            "dim": shape.dim,
            "dtype": dtype,
        }
        (staging / _META).write_text(json.dumps(meta))
        if (parent / key).exists() and cached(key, shape) is None:
            discard(parent / key)  # damaged, or of an older form
        with contextlib.suppress(PlaceTakenError):  # another process was faster with the same
            put_in_place(staging, parent / key, force=False)
    except OSError as exc:
        raise disk_error(exc, staging) from exc
    finally:
        if staging.exists():
            discard(staging)
    states = cached(key, shape)
    if states is None:
        raise InputError(f"{parent / key}: was removed while it was made", remedy="try again")
    return states


def _write(path: Path, shape: FeatureShape, fill: Callable[[Write], None], dtype: str) -> None:
    """Write the rows in any order; the space is taken first, so that a full disk says so now."""
    row = shape.layers * shape.dim * np.dtype(dtype).itemsize
    with path.open("wb") as stream:
        number = stream.fileno()
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(number, 0, shape.bytes(np.dtype(dtype).itemsize))
        else:
            os.truncate(number, shape.bytes(np.dtype(dtype).itemsize))

        def write(first: int, states: NDArray[np.float32]) -> None:
            if dtype == "float16" and np.abs(states).max(initial=0.0) > _HALF_MAX:
                raise _TooLargeError
            left = memoryview(np.ascontiguousarray(states, dtype=dtype).tobytes())
            at = first * row
            while left:
                written = os.pwrite(number, left, at)
                left, at = left[written:], at + written

        fill(write)


def make_room(budget: int) -> None:
    """Remove the features that were used longest ago until the rest take at most ``budget``."""
    found: list[tuple[float, int, Path]] = []
    for place in folder().iterdir():
        if place.name.startswith("."):
            continue
        with contextlib.suppress(OSError):  # another process has removed it
            size = sum(one.stat().st_size for one in place.iterdir())
            found.append((place.stat().st_mtime, size, place))
    total = sum(size for _, size, _ in found)
    for _, size, place in sorted(found, key=lambda one: one[0]):
        if total <= budget:
            return
        try:
            aside = aside_path(place.parent, "removed", place.name)
            place.rename(aside)
            discard(aside)
        except OSError as exc:
            logging.getLogger(__name__).warning("cannot remove %s: %s", place, exc)
            continue
        total -= size
