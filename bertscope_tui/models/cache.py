"""The models of the user's own: made here, imported, removed; each a folder in the cache.

A model is written aside and renamed into its place, so that it is either listed whole or not at
all, whatever kills the program.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bertscope_tui import paths
from bertscope_tui.data.hygiene import shown
from bertscope_tui.errors import BertscopeError, DiskError, InputError, ModelError
from bertscope_tui.models.catalog import ModelEntry, find_model, read_entry
from bertscope_tui.models.places import cached_places, places
from bertscope_tui.models.staging import (
    PlaceTakenError,
    aside_path,
    discard,
    disk_error,
    disk_trouble,
    put_in_place,
    sweep,
)

LONGEST_NAME = 100

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)


def check_name(name: str) -> None:
    """Raise InputError, saying why, where ``name`` cannot be that of a cached model."""
    what = f"{shown(name, LONGEST_NAME)} cannot be the name of a model"
    if not _NAME.fullmatch(name):
        remedy = "letters, digits, '.', '_' and '-', the first a letter, a digit or '_'"
        raise InputError(what, remedy=remedy)
    if len(name) > LONGEST_NAME:
        raise InputError(f"{what}: longer than {LONGEST_NAME} characters")
    bundled = (place.name for place in places() if place.source == "bundled")
    if any(name.lower() == one.lower() for one in bundled):
        raise InputError(f"{what}: a model that comes with the program has it")


def ensure_free(name: str, force: bool) -> None:
    """Raise InputError where ``name`` cannot be used, or is in use and may not be replaced."""
    check_name(name)
    if not force and any(place.name == name for place in cached_places()):
        raise _taken(name)


@contextmanager
def new_model(name: str, *, force: bool = False) -> Iterator[Path]:
    """Give a new folder to write a model into, and put it in its place when the block ends.

    Where the block raises, the folder is deleted and nothing has changed. With ``force`` a model of
    the same name is replaced, but only then. Raises InputError where the name cannot be used, and
    DiskError where the disk is full or the cache cannot be written, also for such an error inside
    the block.
    """
    sweep_stale()
    ensure_free(name, force)
    parent = paths.cached_models_dir()
    staging = aside_path(parent, "staging", name)
    try:
        staging.mkdir(parents=True)
    except OSError as exc:
        raise disk_error(exc, parent) from exc
    try:
        yield staging
        put_in_place(staging, parent / name, force=force)
    except PlaceTakenError as exc:
        raise _taken(name) from exc
    except BertscopeError:
        raise
    except Exception as exc:
        found = disk_trouble(exc, staging, parent)
        if found is not None:
            raise found from exc
        raise
    finally:
        if staging.exists():
            shutil.rmtree(staging, ignore_errors=True)  # what stays is swept up another time


def removable(name: str) -> ModelEntry:
    """Return the cached model of this name; raises ModelError, saying why, for every other one."""
    for place in cached_places():
        if place.name == name:
            return read_entry(place.path, place.name, place.source)
    entry = find_model(name)
    if entry.source == "bundled":
        raise ModelError(f"{entry.name}: comes with the program and is not removed")
    if entry.source == "huggingface":
        raise ModelError(
            f"{entry.name}: lies in the Hugging Face cache, which other programs use as well",
            remedy=f"'hf cache rm model/{entry.name}' removes it",
        )
    if entry.source == "folder":
        raise ModelError(f"{entry.path}: not a name of the cache but a folder of yours")
    raise ModelError(f"no model {name!r} in the cache", remedy=f"is {entry.name!r} meant?")


def remove_model(name: str) -> ModelEntry:
    """Remove a cached model and return what it was.

    It is moved aside in one step and then deleted. Raises ModelError as `removable` does, and
    DiskError.
    """
    sweep_stale()
    entry = removable(name)
    aside = aside_path(entry.path.parent, "removed", "model")
    try:
        entry.path.rename(aside)
    except FileNotFoundError as exc:
        raise ModelError(f"{name}: removed by somebody else") from exc
    except OSError as exc:
        raise DiskError(f"{entry.path}: cannot be removed: {exc.strerror or exc}") from exc
    try:
        discard(aside)
    except OSError as exc:
        raise DiskError(
            f"{name}: not listed any more, but not all of it could be deleted: "
            f"{exc.strerror or exc}",
            remedy=f"delete {aside}",
        ) from exc
    return entry


def sweep_stale() -> None:
    """Clear away what killed processes left in the cache, as soon as it is a minute old.

    A model that one had moved aside without putting another in its place comes back.
    """
    sweep(paths.cached_models_dir())


def _taken(name: str) -> InputError:
    return InputError(f"there is a model {name!r} in the cache", remedy="--force replaces it")
