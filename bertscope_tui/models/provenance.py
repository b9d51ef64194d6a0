"""Whether what a model was made from is still there, and still the same."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bertscope_tui.errors import InputError, ModelError
from bertscope_tui.models.card import Card, FileRecord, file_record, read_card, weights_sha256
from bertscope_tui.models.catalog import ModelEntry, find_base

State = Literal["unchanged", "changed", "gone", "unreadable"]


@dataclass(frozen=True, slots=True)
class FileState:
    """A data file of the ``part`` ("train" or "dev") and what has become of it."""

    part: str
    file: FileRecord
    state: State


@dataclass(frozen=True, slots=True)
class Provenance:
    """A model with its card and what it was made from.

    ``base`` is the base model if it is on this machine; ``base_state`` says whether its weights
    are those that the training began with, None where that cannot be told. ``problem`` is that of
    a damaged card.
    """

    entry: ModelEntry
    card: Card | None
    problem: str | None
    base: ModelEntry | None
    base_state: State | None
    files: tuple[FileState, ...]


def provenance(entry: ModelEntry) -> Provenance:
    """Look at everything that a model's card names. Files are hashed, which takes a while."""
    try:
        card = read_card(entry.path)
    except ModelError as exc:
        return Provenance(entry, None, exc.message, None, None, ())
    if card is None:
        return Provenance(entry, None, None, None, None, ())
    base = find_base(entry)
    files = tuple(
        FileState(part, file, file_state(file))
        for part, data in (("train", card.data.train), ("dev", card.data.dev))
        if data is not None
        for file in data.files
    )
    return Provenance(entry, card, None, base, _base_state(card, base), files)


def file_state(record: FileRecord) -> State:
    """Compare a file with its record; it is read only where the size is the same."""
    path = Path(record.path)
    try:
        size = os.stat(path).st_size
    except (FileNotFoundError, NotADirectoryError):
        return "gone"
    except (OSError, ValueError):
        return "unreadable"
    if size != record.bytes or not os.path.isfile(path):
        return "changed"
    try:
        return "unchanged" if file_record(path).sha256 == record.sha256 else "changed"
    except InputError:
        return "unreadable"


def _base_state(card: Card, base: ModelEntry | None) -> State | None:
    if card.base is None and card.base_path is None:
        return None
    if base is None:
        return "gone"
    if card.base_sha256 is None:
        return None
    try:
        return "unchanged" if weights_sha256(base.path) == card.base_sha256 else "changed"
    except InputError:
        return "unreadable"
