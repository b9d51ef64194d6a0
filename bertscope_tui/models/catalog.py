"""What models there are: bundled, in the cache, in the Hugging Face cache, or in a folder.

Nothing here imports torch or transformers, so that a picker can be filled before they are. A
damaged folder keeps its row and says what is wrong with it; it never hides the others.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertscope_tui.errors import ModelError
from bertscope_tui.models.card import Card, Metric, read_card
from bertscope_tui.models.jsonfile import read_object
from bertscope_tui.models.places import Source, has_config, places
from bertscope_tui.models.weights import Head, read_weights, saved_head

TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "spm.model",
    "tokenizer.model",
    "sentencepiece.bpe.model",
)
ONLY_PICKLE = "only pickle weights"
"""How the ``problem`` of a model begins that can be opened if that is allowed."""
_LAYER_KEYS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_SIZE_KEYS = ("hidden_size", "n_embd", "dim", "d_model")
_CONFIG = "config.json"


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model that can be opened, as far as its small files tell.

    ``head`` is what was really saved, not what the name of the class promises; ``base``,
    ``score`` (a fraction) and ``metric`` (which one it is) come from the card in the folder;
    ``bytes`` is the size of the weights on disk; ``problem`` says in one line why it cannot be
    opened, or is None.
    """

    name: str
    source: Source
    path: Path
    architecture: str | None
    model_type: str | None
    layers: int | None
    hidden_size: int | None
    head: Head | None
    base: str | None
    bytes: int
    score: float | None
    problem: str | None
    metric: Metric | None = None


def list_models(extra: Sequence[Path] = ()) -> list[ModelEntry]:
    """List what is bundled, cached, in the Hugging Face cache and in the ``extra`` folders.

    An ``extra`` folder is either one model or a folder of models. Sorted by source, then name;
    a folder reached twice is listed once.
    """
    seen: set[Path] = set()
    entries: list[ModelEntry] = []
    for place in places(extra):
        # Not Path.resolve, which raises for a link that points at itself.
        real = Path(os.path.realpath(place.path))
        if real not in seen:
            seen.add(real)
            entries.append(read_entry(place.path, place.name, place.source))
    return entries


def find_model(name_or_path: str | Path) -> ModelEntry:
    """Return the model of this name, or in this folder.

    An existing folder wins over a name. Raises ModelError, with what to do about it, where there
    is none; a damaged model is returned with its ``problem``.
    """
    text = str(name_or_path)
    folder = Path(os.path.expanduser(text))
    if has_config(folder):
        return read_entry(folder, folder.resolve().name, "folder")
    known = list(places())
    exact = [place for place in known if place.name == text]
    for place in exact or [place for place in known if place.name.lower() == text.lower()]:
        return read_entry(place.path, place.name, place.source)
    if os.path.isdir(folder):
        raise ModelError(f"{text}: not a model folder (no config.json)")
    names = [place.name for place in known]
    close = difflib.get_close_matches(text, names, n=3, cutoff=0.5)
    hint = ", ".join(close or names[:5])
    remedy = "give a folder or one of the names that the verb 'models' lists"
    raise ModelError(
        f"no model {text!r}", remedy=f"{remedy}: {hint}" if hint else "give a model folder"
    )


def find_base(entry: ModelEntry) -> ModelEntry | None:
    """Return the model that ``entry`` was fine-tuned from, or None if it is not on this machine.

    The base that the card names is looked for among all names, then in the folder where it was
    when the model was made; a folder that the catalogue lists comes back under its name there.
    """
    try:
        card = read_card(entry.path)
    except ModelError:
        return None
    if card is None:
        return None
    known = [place for place in places() if not _is_same(place.path, entry.path)]
    for place in known:
        if place.name == card.base:
            return read_entry(place.path, place.name, place.source)
    for text in (card.base_path, card.base):
        folder = Path(os.path.expanduser(text or ""))
        # A relative path was meant from a folder that is not known any more.
        if not folder.is_absolute() or not has_config(folder) or _is_same(folder, entry.path):
            continue
        for place in known:
            if _is_same(place.path, folder):
                return read_entry(place.path, place.name, place.source)
        return read_entry(folder, folder.resolve().name, "folder")
    return None


def read_entry(path: Path, name: str, source: Source) -> ModelEntry:
    """Describe the model in ``path`` by its small files; sets ``problem`` instead of raising."""
    problem = _no_model(path)
    config: dict[str, Any] = {}
    architecture: str | None = None
    head: Head | None = None
    card: Card | None = None
    size = 0
    try:
        if problem is None:
            config = read_object(path / _CONFIG)
            architecture = _architecture(config)
            weights = read_weights(path)
            size = weights.bytes
            head = saved_head(weights, head_by_name(architecture))
            if weights.pickle:
                problem = (
                    "only pickle weights (pytorch_model.bin): give --allow-pickle to open them"
                )
            elif not any(os.path.isfile(path / file) for file in TOKENIZER_FILES):
                problem = "no tokenizer files"
    except ModelError as exc:
        problem = exc.message
    try:
        card = read_card(path)
    except ModelError as exc:
        problem = problem or f"{exc.message} (mend or delete this file to open the model)"
    return ModelEntry(
        name=name,
        source=source,
        path=path,
        architecture=architecture,
        model_type=_text(config.get("model_type")),
        layers=_number(config, _LAYER_KEYS),
        hidden_size=_number(config, _SIZE_KEYS),
        head=head,
        base=None if card is None else card.base,
        bytes=size,
        score=None if card is None else card.score,
        problem=problem,
        metric=None if card is None else card.metric,
    )


def head_by_name(architecture: str | None) -> Head | None:
    """Return the head that a class name such as ``BertForQuestionAnswering`` promises."""
    if architecture is None:
        return None
    if "ForQuestionAnswering" in architecture:
        return "span"
    if "ForSequenceClassification" in architecture:
        return "classification"
    return None


def _no_model(path: Path) -> str | None:
    """Say what keeps a path from being a model folder at all."""
    if os.path.islink(path) and not os.path.exists(path):
        return f"a link to {os.readlink(path)}, which is not there"
    if not os.path.isdir(path):
        return "a file where a model folder was expected"
    if not os.access(path, os.R_OK | os.X_OK):
        return "no permission to look into the folder"
    return None if os.path.lexists(path / _CONFIG) else f"no {_CONFIG}"


def _is_same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _architecture(config: dict[str, Any]) -> str | None:
    names = config.get("architectures")
    return _text(names[0]) if isinstance(names, list) and names else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(config: dict[str, Any], keys: Sequence[str]) -> int | None:
    values = (config.get(key) for key in keys)
    return next((v for v in values if isinstance(v, int) and not isinstance(v, bool)), None)
