"""Data sets that are there to choose from: the bundled ones and those in folders of the user."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bertscope_tui import paths
from bertscope_tui.data.files import stem
from bertscope_tui.data.hygiene import clean, shown
from bertscope_tui.data.open import VARIANTS, guess_format
from bertscope_tui.errors import DataError

_MODEL_MARK = "config.json"


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """A data set by name; ``variants`` has the default first and is empty where there is none."""

    name: str
    path: Path
    format: str
    variants: tuple[str, ...]


def list_datasets(extra: Sequence[Path] = ()) -> list[DatasetEntry]:
    """Return the bundled data sets, then those of ``extra``, in the order of their names.

    Each of ``extra`` is a data set or a folder of data sets, one level of folders deep. Only
    the beginning of each file is read. What is no data set, missing or unreadable is passed over;
    opening it by its path says why.
    """
    entries: dict[Path, DatasetEntry] = {}
    for root in (paths.resources("sample_data"), *extra):
        for entry in sorted(
            _entries(Path(os.path.expanduser(root)), deeper=2), key=lambda found: found.name
        ):
            entries.setdefault(entry.path.absolute(), entry)
    return list(entries.values())


def find_dataset(name_or_path: str | Path, extra: Sequence[Path] = ()) -> Path:
    """Return the path of a data set, given a path or the name of a listed one.

    A path that exists goes before a name. Raises ``DataError`` listing the names there are.
    """
    path = Path(os.path.expanduser(name_or_path))
    if os.path.exists(path):
        return path
    entries = list_datasets(extra)
    for entry in entries:
        if entry.name == str(name_or_path):
            return entry.path
    names = clean(", ".join(entry.name for entry in entries)) or "none"
    raise DataError(
        f"no data set {shown(str(name_or_path), 200)}",
        remedy=f"give a path, or one of these names: {names}",
    )


def _entries(path: Path, deeper: int) -> Iterator[DatasetEntry]:
    """Yield ``path`` if it is a data set, else the data sets inside it."""
    entry = _entry(path)
    if entry is not None:
        yield entry
    elif deeper and os.path.isdir(path) and not (path / _MODEL_MARK).exists():
        try:
            children = sorted(path.iterdir())
        except OSError:
            return
        for child in children:
            if not child.name.startswith("."):
                yield from _entries(child, deeper - 1)


def _entry(path: Path) -> DatasetEntry | None:
    try:
        format_name = guess_format(path)
    except DataError:
        return None
    if format_name is None:
        return None
    return DatasetEntry(stem(path), path, format_name, VARIANTS[format_name])
