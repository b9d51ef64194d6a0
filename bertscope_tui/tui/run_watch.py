"""A look at the folders of trainings now and then, on a thread of its own.

Runs are read again only where one of their files has changed, and told only where anything has.
Nothing waits for the thread: it only reads, and ends with the process.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bertscope_tui.training.runs import (
    LOG,
    PLAN,
    STATE,
    Run,
    is_locked,
    read_run,
    runs_dir,
)

_log = logging.getLogger(__name__)

OFTEN_S = 1.0
"""Seconds between two looks while somebody watches …"""

SELDOM_S = 5.0
"""… and while nobody does."""

_SHARE = 10
"""A look is this many times as far from the next as it takes itself, at least."""

_Signature = tuple[tuple[int, int, int] | None, ...]


class RunWatch:
    """Calls ``post`` with all runs, on its own thread, at first and whenever one has changed."""

    def __init__(self, post: Callable[[tuple[Run, ...]], None]) -> None:
        self._post = post
        self._period = SELDOM_S
        self._wake = threading.Event()
        self._closed = False
        self._known: dict[str, tuple[_Signature, Run]] | None = None

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._work, name="run-watch", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._closed = True
        self._wake.set()

    def look(self, *, often: bool) -> None:
        """Look at once, and from now on often or seldom."""
        self._period = OFTEN_S if often else SELDOM_S
        self._wake.set()

    def _work(self) -> None:
        while not self._closed:
            self._wake.clear()
            began = time.monotonic()
            try:
                changed = self.read()
            except Exception:
                _log.exception("cannot read the trainings in %s", runs_dir())
            else:
                if changed is not None and not self._closed:
                    self._post(changed)
            # Long logs take a while to read: the screens get most of the time all the same.
            self._wake.wait(max(self._period, _SHARE * (time.monotonic() - began)))

    def read(self) -> tuple[Run, ...] | None:
        """Return all runs, the one that was at work last first, or None if nothing has changed."""
        before = self._known or {}
        now: dict[str, tuple[_Signature, Run]] = {}
        for name in _names():
            folder = runs_dir() / name
            signature = tuple(_stamp(folder / file) for file in (PLAN, STATE, LOG))
            known = before.get(name)
            if known is not None and known[0] == signature and not _is_gone(known[1]):
                now[name] = known
            else:
                now[name] = signature, read_run(name)
        changed = self._known is None or now != before
        self._known = now
        if not changed:
            return None
        runs = [run for _, run in now.values()]
        return tuple(sorted(runs, key=lambda run: (-run.status.updated, run.name)))


def _names() -> list[str]:
    try:
        return [path.name for path in runs_dir().iterdir() if (path / PLAN).is_file()]
    except OSError:
        return []


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _is_gone(run: Run) -> bool:
    """Say whether a run's process has gone away since it was read: no file tells that."""
    return run.status.state == "running" and not is_locked(run.folder)
