"""Locks that a killed process lets go of by itself: flock on a file of their own."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE = 20


class TakenError(Exception):
    """Another process holds the lock."""


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock of this file while the block runs; raises `TakenError`, OSError."""
    with path.open("a") as stream:
        for patience in range(_PATIENCE, -1, -1):
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as exc:
                if not patience:
                    raise TakenError from exc
                time.sleep(0.05)  # somebody may only be looking, see is_held
        yield


def is_held(path: Path) -> bool:
    """Say whether somebody holds the lock; the file need not be writable."""
    try:
        with path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
