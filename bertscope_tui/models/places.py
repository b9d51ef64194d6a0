"""Where models lie: bundled, in the cache, in the Hugging Face cache, and in folders of the user.

Only names and folders here; `bertscope_tui.models.catalog` says what is in them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bertscope_tui import paths
from bertscope_tui.models.staging import interrupted

Source = Literal["bundled", "cache", "huggingface", "folder"]

_CONFIG = "config.json"


@dataclass(frozen=True, slots=True)
class Place:
    """A model's name, where that name comes from, and its folder."""

    name: str
    source: Source
    path: Path


def places(extra: Iterable[Path] = ()) -> Iterator[Place]:
    """Yield every place by source, then name.

    In the cache everything is a model, also what is damaged beyond recognition; elsewhere only a
    folder with ``config.json`` is one. An ``extra`` folder is a model or a folder of models.
    """
    for folder in _model_folders(paths.resources("sample_data") / "models"):
        yield Place(folder.name, "bundled", folder)
    yield from cached_places()
    yield from _hub_snapshots(hub_cache())
    for path in extra:
        found = [path] if has_config(path) else _model_folders(path)
        for folder in found:
            yield Place(folder.resolve().name, "folder", folder)


def cached_places() -> list[Place]:
    """Return what is in the cache, by name, but for what has a leading dot.

    A model that was moved aside for a new one that never came is listed from where it lies.
    """
    parent = paths.cached_models_dir()
    try:
        found = {name: parent / name for name in os.listdir(parent) if not name.startswith(".")}
    except OSError:
        return []
    found |= interrupted(parent)
    return [Place(name, "cache", found[name]) for name in sorted(found)]


def has_config(folder: Path) -> bool:
    """Say whether a folder is a model's; one that may not be looked into is not."""
    return os.path.exists(folder / _CONFIG)


def hub_cache() -> Path:
    """Return the Hugging Face cache folder, by that library's own environment variables."""
    for variable, below in (
        ("HF_HUB_CACHE", ""),
        ("HUGGINGFACE_HUB_CACHE", ""),
        ("HF_HOME", "hub"),
    ):
        value = os.environ.get(variable)
        if value:
            return Path(os.path.expandvars(value)).expanduser() / below
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "huggingface" / "hub"


def _model_folders(parent: Path) -> list[Path]:
    try:
        return sorted(child for child in parent.iterdir() if has_config(child))
    except OSError:
        return []


def _hub_snapshots(cache: Path) -> Iterator[Place]:
    """Yield one snapshot for each repository: the one that ``main`` names, else the newest."""
    try:
        repositories = sorted(cache.glob("models--*"))
    except OSError:
        return
    for repository in repositories:
        try:
            snapshots = [path for path in (repository / "snapshots").iterdir() if path.is_dir()]
            main = repository / "refs" / "main"
            wanted = main.read_text("utf-8").strip() if main.is_file() else ""
            newest = sorted(snapshots, key=lambda path: path.stat().st_mtime, reverse=True)
        except (OSError, UnicodeDecodeError):
            continue
        chosen = [path for path in newest if path.name == wanted] or newest
        if chosen and has_config(chosen[0]):
            name = repository.name.removeprefix("models--").replace("--", "/")
            yield Place(name, "huggingface", chosen[0])
