"""Checkpoints that are whole: one that a kill cut short is never resumed from.

The trainer writes a checkpoint file by file. Only when all are there does it get its mark, and
only then do the older ones go.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from bertscope_tui.training.runs import write_json

_MARK = "whole.json"
_BEST = "best"
_BEST_SCORE = "best.json"
_DONE = "done.json"

_Kept = TypeVar("_Kept", "Best", "Result")


@dataclass(frozen=True, slots=True)
class Best:
    """The best development score of one training so far, and the step it was reached at."""

    score: float
    step: int


@dataclass(frozen=True, slots=True)
class Result:
    """How a training ended: its best score, the step of it, and the steps that were done."""

    score: float
    step: int
    steps: int


def step_of(checkpoint: Path) -> int:
    """Return the number of steps done when a checkpoint was written."""
    return int(checkpoint.name.rpartition("-")[2])


def newest_checkpoint(folder: Path) -> Path | None:
    """Return the newest whole checkpoint, or None, and delete those that are not whole."""
    whole: list[Path] = []
    for path in _checkpoints(folder):
        if (path / _MARK).is_file():
            whole.append(path)
        else:
            shutil.rmtree(path, ignore_errors=True)
    return max(whole, key=step_of, default=None)


def mark_whole(folder: Path, step: int) -> None:
    """Mark the checkpoint of ``step`` as whole, and delete the earlier ones."""
    kept = folder / f"checkpoint-{step}"
    _sync(kept)
    write_json(kept / _MARK, {"step": step})
    for path in _checkpoints(folder):
        if path != kept:
            shutil.rmtree(path, ignore_errors=True)


def drop_checkpoints(folder: Path) -> None:
    """Delete all checkpoints; the best weights stay."""
    for path in _checkpoints(folder):
        shutil.rmtree(path, ignore_errors=True)


def save_best(folder: Path, network: Any, best: Best) -> None:
    """Put the weights of ``network`` in place of the best ones so far, in one step.

    The weights come with their score: a kill in between leaves the old pair or the new one.
    """
    staging = folder / f".{_BEST}-{os.getpid()}"
    shutil.rmtree(staging, ignore_errors=True)
    network.save_pretrained(staging)
    write_json(staging / _BEST_SCORE, asdict(best))
    _sync(staging)
    old = folder / f".{_BEST}-old"
    shutil.rmtree(old, ignore_errors=True)
    if best_folder(folder).exists():
        best_folder(folder).rename(old)
    staging.rename(best_folder(folder))
    shutil.rmtree(old, ignore_errors=True)


def best_folder(folder: Path) -> Path:
    """Return where the best weights of a training lie."""
    return folder / _BEST


def read_best(folder: Path) -> Best | None:
    """Return the best score so far; puts the old weights back after a kill between two renames."""
    place, old = best_folder(folder), folder / f".{_BEST}-old"
    if not place.exists() and old.exists():
        old.rename(place)
    return _read(Best, place / _BEST_SCORE)


def mark_done(folder: Path, result: Result) -> None:
    """Say that a training of a grid is over."""
    write_json(folder / _DONE, asdict(result))


def read_done(folder: Path) -> Result | None:
    """Return the result of a training that is over, else None."""
    return _read(Result, folder / _DONE)


def _read(kind: type[_Kept], path: Path) -> _Kept | None:
    try:
        return kind(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _checkpoints(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.glob("checkpoint-*")
        if path.is_dir() and path.name.rpartition("-")[2].isdigit()
    ]


def _sync(folder: Path) -> None:
    """Have the files of a folder, and their names in it, on the disk."""
    for path in folder.iterdir():
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
