"""Copy a model of a folder or of the Hugging Face hub into the cache."""

from __future__ import annotations

import fnmatch
import shutil
from dataclasses import replace
from pathlib import Path

from bertscope_tui import paths
from bertscope_tui.errors import InputError, ModelError
from bertscope_tui.models.cache import check_name, ensure_free, new_model
from bertscope_tui.models.card import CARD, Card, now, read_card, weights_sha256, write_card
from bertscope_tui.models.catalog import ONLY_PICKLE, TOKENIZER_FILES, ModelEntry, read_entry
from bertscope_tui.models.loading import entry_of
from bertscope_tui.models.weights import INDEX, read_weights

_SMALL_FILES = (
    "config.json",
    "generation_config.json",
    *TOKENIZER_FILES,
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "merges.txt",
    "chat_template.*",
    "*label*.json",
    "*label*.txt",
    "README.md",
    "LICEN[CS]E*",
    "NOTICE*",
)
"""What is copied beside the weights; optimizer states, other formats and programs are not."""
_PIECE = 1 << 20


def import_model(
    source: str | Path,
    name: str | None = None,
    *,
    force: bool = False,
    allow_download: bool = False,
) -> ModelEntry:
    """Copy the model of a folder, of the Hugging Face cache or (if allowed) of the hub; return it.

    The name is that of the folder, or the last part of the hub name, if none is given. Links are
    followed, nothing in the folder is run. A model without a card gets one that says where it came
    from. Raises ModelError for a model that could not be opened afterwards, InputError for a name
    that cannot be used or is in use (without ``force``), and DiskError.
    """
    if name is not None:
        ensure_free(name, force)
    entry = entry_of(str(source), allow_download, lambda _: None)
    if name is None:
        name = entry.name.rpartition("/")[2]
        try:
            check_name(name)
        except InputError as exc:
            raise InputError(exc.message, remedy="give another with --name") from exc
        ensure_free(name, force)
    _refuse_unusable(entry)
    with new_model(name, force=force) as folder:
        for file in _files(entry.path):
            _copy(file, folder / file.name)
        copied = read_entry(folder, name, "cache")
        if copied.problem is not None or copied.bytes != entry.bytes:
            raise ModelError(f"{entry.path}: changed while it was copied", remedy="import it again")
        _settle_card(entry, name, folder)
    return replace(copied, path=paths.cached_models_dir() / name)


def _refuse_unusable(entry: ModelEntry) -> None:
    if entry.problem is None:
        return
    if entry.problem.startswith(ONLY_PICKLE):
        raise ModelError(
            f"{entry.path}: {ONLY_PICKLE}, which can hold a program and are not imported",
            remedy="save it as safetensors, or open it where it is with --allow-pickle",
        )
    raise ModelError(f"{entry.name}: {entry.problem}")


def _files(folder: Path) -> list[Path]:
    """Return what a model needs of its folder: the weights, and the small files known here."""
    weights = list(read_weights(folder).files)
    small = [CARD, *_SMALL_FILES] if len(weights) == 1 else [CARD, INDEX, *_SMALL_FILES]
    others = sorted(
        file
        for file in folder.iterdir()
        if file.is_file() and any(fnmatch.fnmatchcase(file.name, pattern) for pattern in small)
    )
    return weights + others


def _copy(source: Path, target: Path) -> None:
    try:
        stream = source.open("rb")
    except OSError as exc:
        raise ModelError(f"{source}: cannot be read: {exc.strerror or exc}") from exc
    with stream, target.open("wb") as copy:
        shutil.copyfileobj(stream, copy, _PIECE)


def _settle_card(entry: ModelEntry, name: str, folder: Path) -> None:
    """See to it that the copy has a card, and that the card has the copy's name."""
    card = read_card(folder)
    if card is None:
        card = Card(
            name=name,
            head=entry.head,
            architecture=entry.architecture,
            created=now(),
            notes=(
                f"imported from {entry.name if entry.source != 'folder' else entry.path}",
                f"SHA-256 of the weights: {weights_sha256(folder)}",
            ),
        )
    elif card.name != name:
        card = replace(card, name=name)
    else:
        return
    write_card(folder, card)
