"""What models there are: bundled, in the cache, in the Hugging Face cache, or in a folder.

Nothing here imports torch or transformers, so that a picker can be filled before they are. A
damaged folder keeps its row and says what is wrong with it; it never hides the others.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bertscope_tui import paths
from bertscope_tui.errors import ModelError
from bertscope_tui.models.weights import Head, read_weights, saved_head

Source = Literal["bundled", "cache", "huggingface", "folder"]

CARD = "bertscope_card.json"
_TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "spm.model",
    "tokenizer.model",
    "sentencepiece.bpe.model",
)
_LAYER_KEYS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_SIZE_KEYS = ("hidden_size", "n_embd", "dim", "d_model")


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model that can be opened, as far as its small files tell.

    ``head`` is what was really saved, not what the name of the class promises; ``base`` and
    ``score`` come from a ``bertscope_card.json`` in the folder; ``bytes`` is the size of the
    weights on disk; ``problem`` says in one line why it cannot be opened, or is None.
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


def list_models(extra: Sequence[Path] = ()) -> list[ModelEntry]:
    """List what is bundled, cached, in the Hugging Face cache and in the ``extra`` folders.

    An ``extra`` folder is either one model or a folder of models. Sorted by source, then name;
    a folder reached twice is listed once.
    """
    seen: set[Path] = set()
    entries: list[ModelEntry] = []
    for name, source, path in _places(extra):
        real = path.resolve()
        if real not in seen:
            seen.add(real)
            entries.append(read_entry(path, name, source))
    return entries


def find_model(name_or_path: str | Path) -> ModelEntry:
    """Return the model of this name, or in this folder.

    An existing folder wins over a name. Raises ModelError, with what to do about it, where there
    is none; a damaged model is returned with its ``problem``.
    """
    text = str(name_or_path)
    folder = Path(text).expanduser()
    try:
        is_folder = folder.is_dir()
    except OSError:
        is_folder = False
    if is_folder and (folder / "config.json").exists():
        return read_entry(folder, folder.resolve().name, "folder")
    places = list(_places(()))
    exact = [place for place in places if place[0] == text]
    for name, source, path in exact or [p for p in places if p[0].lower() == text.lower()]:
        return read_entry(path, name, source)
    if is_folder:
        raise ModelError(f"{text}: not a model folder (no config.json)")
    names = [name for name, _, _ in places]
    close = difflib.get_close_matches(text, names, n=3, cutoff=0.5)
    known = ", ".join(close or names[:5])
    remedy = "give a folder or one of the names that the verb 'models' lists"
    raise ModelError(
        f"no model {text!r}", remedy=f"{remedy}: {known}" if known else "give a model folder"
    )


def read_entry(path: Path, name: str, source: Source) -> ModelEntry:
    """Describe the model in ``path`` by its small files; sets ``problem`` instead of raising."""
    try:
        config = _read_json(path / "config.json")
    except ModelError as exc:
        return _entry(path, name, source, problem=exc.message)
    problem: str | None = None
    head: Head | None = None
    size = 0
    architecture = _architecture(config)
    try:
        weights = read_weights(path)
        size = weights.bytes
        head = saved_head(weights, head_by_name(architecture))
        if weights.pickle:
            problem = "only pickle weights (pytorch_model.bin): give --allow-pickle to open them"
        elif not any((path / file).exists() for file in _TOKENIZER_FILES):
            problem = "no tokenizer files"
    except (ModelError, OSError) as exc:
        problem = exc.message if isinstance(exc, ModelError) else str(exc)
    base, score = _read_card(path)
    return ModelEntry(
        name=name,
        source=source,
        path=path,
        architecture=architecture,
        model_type=_text(config.get("model_type")),
        layers=_number(config, _LAYER_KEYS),
        hidden_size=_number(config, _SIZE_KEYS),
        head=head,
        base=base,
        bytes=size,
        score=score,
        problem=problem,
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


def _places(extra: Iterable[Path]) -> Iterator[tuple[str, Source, Path]]:
    for folder in _model_folders(paths.resources("sample_data") / "models"):
        yield folder.name, "bundled", folder
    for folder in _model_folders(paths.cache_dir() / "models"):
        yield folder.name, "cache", folder
    yield from _hub_snapshots(hub_cache())
    for path in extra:
        found = [path] if (path / "config.json").exists() else _model_folders(path)
        for folder in found:
            yield folder.resolve().name, "folder", folder


def _model_folders(parent: Path) -> list[Path]:
    try:
        return sorted(child for child in parent.iterdir() if (child / "config.json").exists())
    except OSError:
        return []


def _hub_snapshots(cache: Path) -> Iterator[tuple[str, Source, Path]]:
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
        if chosen and (chosen[0] / "config.json").exists():
            name = repository.name.removeprefix("models--").replace("--", "/")
            yield name, "huggingface", chosen[0]


def _entry(path: Path, name: str, source: Source, *, problem: str) -> ModelEntry:
    return ModelEntry(name, source, path, None, None, None, None, None, None, 0, None, problem)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as exc:
        raise ModelError(f"{path}: missing") from exc
    except (OSError, ValueError, RecursionError) as exc:
        raise ModelError(f"{path}: not readable as JSON") from exc
    if not isinstance(content, dict):
        raise ModelError(f"{path}: not a JSON object")
    return content


def _read_card(path: Path) -> tuple[str | None, float | None]:
    try:
        card = _read_json(path / CARD)
    except ModelError:
        return None, None
    score = card.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float):
        return _text(card.get("base")), None
    return _text(card.get("base")), float(score)


def _architecture(config: dict[str, Any]) -> str | None:
    names = config.get("architectures")
    return _text(names[0]) if isinstance(names, list) and names else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(config: dict[str, Any], keys: Sequence[str]) -> int | None:
    values = (config.get(key) for key in keys)
    return next((v for v in values if isinstance(v, int) and not isinstance(v, bool)), None)
