"""Results that are kept for the table: one small JSON file for each model and data set.

They lie in ``<cache>/evaluations``; a later evaluation of the same model on the same data, read the
same way, takes the place of the earlier one. A result is found again by the hash of the model's
weights, so that it follows a model that is moved and leaves one that was trained anew.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from bertscope_tui import paths
from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.open import splits_in
from bertscope_tui.errors import DiskError, InputError, ModelError
from bertscope_tui.evaluation.evaluate import Evaluation
from bertscope_tui.evaluation.report import evaluate_object, write_aside
from bertscope_tui.models.card import FileRecord, data_records, now, weights_sha256
from bertscope_tui.models.cardfields import Fields
from bertscope_tui.models.jsonfile import read_object
from bertscope_tui.models.weights import read_weights

SCHEMA = "bertscope.evaluation/1"

YesNo = Literal["kept", "left out"]


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model it was: ``sha256`` is that of its weights, ``stamp`` tells cheaply if they are
    the same files as before (sizes and times of change)."""

    name: str
    path: str
    sha256: str
    bytes: int
    stamp: str


@dataclass(frozen=True, slots=True)
class DataIdentity:
    """Which questions: the files and the part of them, and how they were read.

    ``splits`` has every split among the questions, ``task_count`` the number of bAbI tasks,
    ``impossible`` the number of unanswerable questions; ``yes_no`` is None but for HotpotQA.
    """

    name: str
    path: str
    format: str
    variant: str | None
    split: str | None
    tasks: tuple[str, ...]
    splits: tuple[str, ...]
    task_count: int
    impossible: int
    yes_no: YesNo | None
    files: tuple[FileRecord, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """A result: scores as fractions, ``created`` by ISO 8601 in UTC."""

    model: ModelIdentity
    data: DataIdentity
    created: str
    count: int
    exact_match: float | None
    f1: float | None
    accuracy: float | None


def folder() -> Path:
    """Return the folder of the results; it may not be there yet."""
    return paths.cache_dir() / "evaluations"


def keep(evaluation: Evaluation, *, keep_yes_no: bool = False) -> Path:
    """Write the result of a whole evaluation into the store and return its file.

    Raises `DiskError` where it cannot be written, `InputError` where the weights or the data are
    gone by now.
    """
    dataset, totals = evaluation.dataset, evaluation.totals
    model = identity(Path(evaluation.model.path), evaluation.model.name)
    yes_no: YesNo = "kept" if keep_yes_no else "left out"
    data = DataIdentity(
        name=dataset.name,
        path=str(Path(dataset.path).absolute()),
        format=dataset.format,
        variant=dataset.variant,
        split=dataset.split,
        tasks=dataset.tasks,
        splits=(dataset.split,) if dataset.split is not None else splits_in(dataset.path),
        task_count=len(totals.tasks),
        impossible=sum(sample.impossible for sample in dataset.samples),
        yes_no=yes_no if dataset.format == "hotpotqa" else None,
        files=data_records(Path(dataset.path)),
    )
    path = folder() / _file_name(model, data)
    content = {
        "schema": SCHEMA,
        "created": now(),
        "model": asdict(model),
        "data": asdict(data),
        "result": evaluate_object(evaluation),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise DiskError(
            f"{clean(str(path.parent))}: cannot be made: {exc.strerror or exc}"
        ) from exc
    write_aside(path, json.dumps(content, ensure_ascii=False, indent=1))
    return path


def stored() -> tuple[list[Stored], list[str]]:
    """Return all results, the newest first, and a line for each file that is none."""
    found: list[Stored] = []
    problems: list[str] = []
    for path in _files():
        try:
            found.append(_read(read_object(path), path))
        except ModelError as error:
            problems.append(error.message)
    return sorted(found, key=lambda one: one.created, reverse=True), problems


def identity(path: Path, name: str) -> ModelIdentity:
    """Return the identity of the model in a folder; raises ModelError where it has no weights."""
    size, stamp = stamp_of(path)
    return ModelIdentity(name, str(path.absolute()), weights_sha256(path), size, stamp)


def stamp_of(path: Path) -> tuple[int, str]:
    """Return the size of a model's weights, and sizes and times of change of their files.

    Raises ModelError where there are none.
    """
    files = sorted(read_weights(path).files)
    try:
        states = [file.stat() for file in files]
    except OSError as exc:
        raise ModelError(f"{path}: cannot be read: {exc.strerror or exc}") from exc
    stamp = " ".join(f"{state.st_size}:{state.st_mtime_ns}" for state in states)
    return sum(state.st_size for state in states), stamp


def _files() -> Sequence[Path]:
    try:
        return sorted(
            path
            for path in folder().iterdir()
            if path.suffix == ".json" and not path.name.startswith(".")
        )
    except FileNotFoundError:
        return ()
    except OSError as exc:
        reason = exc.strerror or exc
        raise InputError(f"{clean(str(folder()))}: cannot be read: {reason}") from exc


def _file_name(model: ModelIdentity, data: DataIdentity) -> str:
    """Name the file so that people can tell what it is, and other models and data differ."""
    key = [model.path, data.path, data.variant, data.split, data.tasks, data.yes_no]
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
    words = [re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:60] for name in (model.name, data.name)]
    return f"{words[0].lstrip('.')}--{words[1]}--{digest}.json"


def _read(content: dict[str, Any], path: Path) -> Stored:
    fields = Fields(content, str(path))
    model, data, result = fields.nested("model"), fields.nested("data"), fields.nested("result")
    if fields.text("schema") != SCHEMA or model is None or data is None or result is None:
        raise ModelError(f"{path}: not a stored evaluation")
    return Stored(
        model=ModelIdentity(
            name=model.need_text("name"),
            path=model.need_text("path"),
            sha256=model.need_text("sha256"),
            bytes=model.need_whole("bytes"),
            stamp=model.need_text("stamp"),
        ),
        data=DataIdentity(
            name=data.need_text("name"),
            path=data.need_text("path"),
            format=data.need_text("format"),
            variant=data.text("variant"),
            split=data.text("split"),
            tasks=data.texts("tasks"),
            splits=data.texts("splits"),
            task_count=data.need_whole("task_count"),
            impossible=data.need_whole("impossible"),
            yes_no=data.choice("yes_no", ("kept", "left out")),
            files=tuple(
                FileRecord(one.need_text("path"), one.need_whole("bytes"), one.need_text("sha256"))
                for one in data.nested_list("files")
            ),
        ),
        created=fields.need_text("created"),
        count=result.need_whole("count"),
        exact_match=result.fraction("exact_match"),
        f1=result.fraction("f1"),
        accuracy=result.fraction("accuracy"),
    )
