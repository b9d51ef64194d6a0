"""The card of a fine-tuned model: what it was made from, how, and how well it does.

``bertscope_card.json`` lies beside the weights. Everything in it but the name may be missing; what
is there has to have the right type, or the card counts as damaged. Scores are fractions from 0
to 1.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from bertscope_tui.errors import DataError, DiskError, InputError, ModelError
from bertscope_tui.models.cardfields import Fields
from bertscope_tui.models.jsonfile import read_object
from bertscope_tui.models.weights import Head, read_weights
from bertscope_tui.replacing import replace_text

CARD = "bertscope_card.json"
SCHEMA = "bertscope.card/1"

Metric = Literal["f1", "accuracy"]
Scalar = str | int | float | bool | None
"""What a setting can be."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file as it was read: its absolute path, its size and the SHA-256 of its bytes, in hex."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DataRecord:
    """One data set that was trained on or scored on.

    ``split`` is the part of it that was taken ("train", "test", a rule for holding some out),
    ``tasks`` the bAbI tasks in it, by number; ``skipped`` counts the records that could not be
    used.
    """

    name: str | None = None
    format: str | None = None
    variant: str | None = None
    split: str | None = None
    tasks: tuple[str, ...] = ()
    questions: int | None = None
    skipped: int | None = None
    files: tuple[FileRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class CardData:
    """The data sets: the one trained on and the one that chose the best step."""

    train: DataRecord | None = None
    dev: DataRecord | None = None


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores on the dev set of the weights as they were saved; ``tasks`` has accuracies."""

    questions: int | None = None
    exact_match: float | None = None
    f1: float | None = None
    accuracy: float | None = None
    tasks: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """One evaluation on the dev set while training; ``loss`` is the mean since the last one."""

    step: int
    epoch: float | None = None
    loss: float | None = None
    score: float | None = None
    exact_match: float | None = None
    f1: float | None = None
    accuracy: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One cell of the grid of hyper-parameters that was tried."""

    settings: Mapping[str, Scalar] = field(default_factory=dict)
    score: float | None = None
    best_step: int | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """Everything that is known about how a model was made.

    ``base`` is the base model as the user named it, ``base_path`` where it was then (absolute),
    ``base_sha256`` what ``weights_sha256`` gave for it; ``score`` is the ``metric`` on the dev
    set, as in ``scores``; ``settings`` has every hyper-parameter; ``command`` is the argument
    list that makes the model again; ``seconds`` is the time of the training on ``device``;
    ``created`` is a time by ISO 8601 with its offset.
    """

    name: str
    base: str | None = None
    base_path: str | None = None
    base_sha256: str | None = None
    head: Head | None = None
    architecture: str | None = None
    preset: str | None = None
    metric: Metric | None = None
    score: float | None = None
    scores: Scores | None = None
    data: CardData = CardData()
    settings: Mapping[str, Scalar] = field(default_factory=dict)
    seed: int | None = None
    command: tuple[str, ...] = ()
    history: tuple[Point, ...] = ()
    grid: tuple[Trial, ...] = ()
    steps: int | None = None
    best_step: int | None = None
    seconds: float | None = None
    device: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    created: str | None = None
    licence: str | None = None
    notes: tuple[str, ...] = ()


def read_card(folder: Path) -> Card | None:
    """Return the card in ``folder``, or None where there is none.

    Raises ModelError, naming the field, for one that is damaged. Fields that are not known are
    passed over.
    """
    path = folder / CARD
    if not os.path.lexists(path):
        return None
    return card_of(read_object(path), path)


def write_card(folder: Path, card: Card) -> None:
    """Write the card into ``folder`` in one step; raises DiskError where that fails.

    Numbers that are not finite (the loss of a run that went astray) become null.
    """
    text = json.dumps(as_object(card), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    path = folder / CARD
    try:
        replace_text(path, text)
    except OSError as exc:
        raise DiskError(f"{path}: cannot be written: {exc.strerror or exc}") from exc


def as_object(card: Card) -> dict[str, Any]:
    """Return the card as it stands in its file: a JSON object with every field."""
    return {"schema": SCHEMA, **_finite(asdict(card))}


def card_of(content: dict[str, Any], path: Path) -> Card:
    """Return the card that a JSON object holds; ``path`` is named in the ModelError raised."""
    fields = Fields(content, str(path))
    schema = fields.text("schema")
    if schema not in (None, SCHEMA):
        raise ModelError(f"{path}: schema {schema!r:.80} is not {SCHEMA}")
    name = fields.text("name")
    if not name:
        raise ModelError(f"{path}: no name")
    data = fields.nested("data")
    scores = fields.nested("scores")
    created = fields.text("created")
    if created is not None and not _is_time(created):
        raise ModelError(f"{path}: created is not a time by ISO 8601")
    return Card(
        name=name,
        base=fields.text("base"),
        base_path=fields.text("base_path"),
        base_sha256=fields.text("base_sha256"),
        head=fields.choice("head", ("span", "classification")),
        architecture=fields.text("architecture"),
        preset=fields.text("preset"),
        metric=fields.choice("metric", ("f1", "accuracy")),
        score=fields.fraction("score"),
        scores=None if scores is None else _scores(scores),
        data=CardData() if data is None else CardData(_data(data, "train"), _data(data, "dev")),
        settings=fields.scalars("settings"),
        seed=fields.whole("seed"),
        command=fields.texts("command"),
        history=tuple(_point(one) for one in fields.nested_list("history")),
        grid=tuple(
            Trial(one.scalars("settings"), one.fraction("score"), one.whole("best_step"))
            for one in fields.nested_list("grid")
        ),
        steps=fields.whole("steps"),
        best_step=fields.whole("best_step"),
        seconds=fields.number("seconds"),
        device=fields.text("device"),
        versions=fields.text_map("versions"),
        created=created,
        licence=fields.text("licence"),
        notes=fields.texts("notes"),
    )


def now() -> str:
    """Return the time as a card's ``created`` has it: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def file_record(path: Path) -> FileRecord:
    """Return the record of a file, read in pieces; raises InputError where it cannot be read."""
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            return FileRecord(str(path.absolute()), stream.tell(), digest)
    except OSError as exc:
        raise InputError(f"{path}: cannot be read: {exc.strerror or exc}") from exc


def data_records(path: Path) -> tuple[FileRecord, ...]:
    """Return the records of the files of a data set: the file itself, or those of a bAbI folder.

    In a folder these are the bAbI stories right inside it, by name; what else lies there, or cannot
    be read, is no part of the data. Raises InputError where the file cannot be read.
    """
    if not path.is_dir():
        return (file_record(path),)
    children = sorted(path.iterdir())
    return tuple(file_record(child) for child in children if _is_story(child))


def weights_sha256(folder: Path) -> str:
    """Return the hash of a model's weights; raises ModelError where there are none.

    One file: its SHA-256. Several: the SHA-256 of the lines that ``sha256sum`` prints for them,
    in the order of their names.
    """
    records = [file_record(file) for file in sorted(read_weights(folder).files)]
    if len(records) == 1:
        return records[0].sha256
    lines = "".join(f"{one.sha256}  {Path(one.path).name}\n" for one in records)
    return hashlib.sha256(os.fsencode(lines)).hexdigest()


def _is_story(path: Path) -> bool:
    from bertscope_tui.data.open import guess_format

    if path.name.startswith(".") or not path.is_file():
        return False
    try:
        return guess_format(path) == "babi"
    except DataError:
        return False


def _scores(fields: Fields) -> Scores:
    return Scores(
        questions=fields.whole("questions"),
        exact_match=fields.fraction("exact_match"),
        f1=fields.fraction("f1"),
        accuracy=fields.fraction("accuracy"),
        tasks=fields.fractions("tasks"),
    )


def _data(fields: Fields, key: str) -> DataRecord | None:
    found = fields.nested(key)
    if found is None:
        return None
    return DataRecord(
        name=found.text("name"),
        format=found.text("format"),
        variant=found.text("variant"),
        split=found.text("split"),
        tasks=found.texts("tasks"),
        questions=found.whole("questions"),
        skipped=found.whole("skipped"),
        files=tuple(
            FileRecord(one.need_text("path"), one.need_whole("bytes"), one.need_text("sha256"))
            for one in found.nested_list("files")
        ),
    )


def _point(fields: Fields) -> Point:
    return Point(
        step=fields.need_whole("step"),
        epoch=fields.number("epoch"),
        loss=fields.number("loss"),
        score=fields.fraction("score"),
        exact_match=fields.fraction("exact_match"),
        f1=fields.fraction("f1"),
        accuracy=fields.fraction("accuracy"),
        seconds=fields.number("seconds"),
    )


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _finite(entry) for key, entry in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_finite(entry) for entry in value]
    return value
