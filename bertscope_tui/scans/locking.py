"""Which scans a process is at work on: a lock for each name, beside the store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from bertscope_tui import locks, paths
from bertscope_tui.data.hygiene import shown
from bertscope_tui.errors import InputError
from bertscope_tui.models.staging import disk_error

STORE: Final = "store.sqlite"
LONGEST_NAME = 100

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)


def store_path() -> Path:
    """Return the file of the store in the cache (may not exist)."""
    return paths.cache_dir() / STORE


def check_name(name: str) -> None:
    """Raise InputError, saying why, where ``name`` cannot be that of a run."""
    what = f"{shown(name, LONGEST_NAME)} cannot be the name of a run"
    if not _NAME.fullmatch(name):
        remedy = "letters, digits, '.', '_' and '-', the first a letter, a digit or '_'"
        raise InputError(what, remedy=remedy)
    if len(name) > LONGEST_NAME:
        raise InputError(f"{what}: longer than {LONGEST_NAME} characters")


def default_name(model: str, dataset: str) -> str:
    """Return the name of a run that was given none: ``<model>-<dataset>``, made fit."""
    words = [re.sub(r"[^A-Za-z0-9._-]+", "-", word).strip("-.") for word in (model, dataset)]
    half = LONGEST_NAME // 2
    return f"{words[0][: half - 1] or 'model'}-{words[1][:half] or 'data'}"


@contextmanager
def lock(name: str, store: Path | None = None) -> Iterator[None]:
    """Hold the run ``name`` while the block runs, in the default store or the one at ``store``.

    Raises InputError where another process is at work on it, and DiskError.
    """
    path = _file(name, store)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise disk_error(exc, path.parent) from exc
    with ExitStack() as held:
        try:
            held.enter_context(locks.hold(path))
        except locks.TakenError as exc:
            raise InputError(
                f"the scan {name} is running", remedy="stop it, or choose another name with --name"
            ) from exc
        except OSError as exc:
            raise disk_error(exc, path) from exc
        yield


def is_running(name: str, store: Path | None = None) -> bool:
    """Say whether a process is at work on the run of this name."""
    return locks.is_held(_file(name, store))


def _file(name: str, store: Path | None) -> Path:
    path = store or store_path()
    return path.parent / f"{path.stem}.locks" / f"{name}.lock"
