"""The paper's Table 2, with what was evaluated here beneath it.

van Aken et al. 2019, "How Does BERT Answer Questions?", Table 2. The paper names no metric there;
its figures are F1 for SQuAD and HotpotQA (its baseline for SQuAD is BiDAF with 77.2, whose F1 is
published as 77.3) and accuracy for bAbI.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bertscope_tui.errors import ModelError
from bertscope_tui.evaluation.store import Stored, stamp_of, stored
from bertscope_tui.models.card import weights_sha256
from bertscope_tui.models.catalog import ModelEntry, list_models

SCHEMA = "bertscope.table/1"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key in JSON, its heading, and which of the scores stands in it."""

    key: str
    title: str
    metric: Literal["f1", "accuracy"]


COLUMNS = (
    Column("squad", "SQuAD", "f1"),
    Column("hotpotqa_distractor", "HotpotQA distractor", "f1"),
    Column("hotpotqa_sp", "HotpotQA SP", "f1"),
    Column("babi", "bAbI", "accuracy"),
)

PAPER = {"BERT": (0.879, 0.568, 0.804, 0.934), "GPT-2": (0.749, 0.540, 0.646, 0.999)}
"""The paper's own figures, in the order of ``COLUMNS``."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure from 0 to 1; ``result`` is where it comes from, None for the paper's."""

    value: float
    result: Stored | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A model with one cell for each of ``COLUMNS``; None where nothing was evaluated."""

    model: str
    source: str
    cells: tuple[Cell | None, ...]


def read_table() -> tuple[list[Row], list[str]]:
    """Return the table's rows, the paper's first, and lines about results that cannot be read.

    Ours are the bundled and cached models with a head, and every other model with a result in the
    store that is still where it was.
    """
    results, problems = stored()
    return table_rows(list_models(), results), problems


def table_rows(entries: Iterable[ModelEntry], results: Sequence[Stored]) -> list[Row]:
    """Return the rows for these models and results (the newest first)."""
    rows = [
        Row(name, "paper", tuple(Cell(value) for value in values)) for name, values in PAPER.items()
    ]
    used: set[str] = set()
    for entry in entries:
        if entry.problem is not None or entry.head is None:
            continue
        own = results_of(entry.path, results)
        if own or entry.source in ("bundled", "cache"):
            rows.append(_row(entry.name, entry.source, own))
            used.update(one.model.sha256 for one in own)
    for one in results:
        path = Path(one.model.path)
        if one.model.sha256 in used or not path.is_dir():
            continue
        used.add(one.model.sha256)
        own = results_of(path, [other for other in results if other.model == one.model])
        if own:
            rows.append(_row(one.model.name, "folder", own))
    return rows


def results_of(path: Path, results: Sequence[Stored]) -> list[Stored]:
    """Return the results of the model in a folder, told by its weights.

    The weights are only hashed where their files were touched since, or lie somewhere else.
    """
    try:
        size, stamp = stamp_of(path)
        candidates = [one for one in results if one.model.bytes == size]
        place = str(path.absolute())
        known = {
            one.model.sha256
            for one in candidates
            if one.model.path == place and one.model.stamp == stamp
        }
        if candidates and not known:
            known = {weights_sha256(path)}
    except ModelError:
        return []
    return [one for one in candidates if one.model.sha256 in known]


def column_of(result: Stored) -> Column | None:
    """Return the column that a result belongs in, or None.

    bAbI: all tasks of a folder, more than one. Scores on training questions are no test of
    anything, and have no place in the table where the file names tell that they are some.
    """
    data = result.data
    if "train" in data.splits:
        return None
    key = {
        ("squad", None): "squad",
        ("hotpotqa", "distractor"): "hotpotqa_distractor",
        ("hotpotqa", "support-only"): "hotpotqa_sp",
        ("babi", "span"): "babi",
        ("babi", "classification"): "babi",
    }.get((data.format, data.variant))
    if key == "babi" and (data.tasks or data.task_count < 2):
        return None
    return next((column for column in COLUMNS if column.key == key), None)


def table_object(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the table as a JSON object; a cell that was never evaluated is null."""
    return {
        "schema": SCHEMA,
        "columns": [
            {"key": column.key, "title": column.title, "metric": column.metric}
            for column in COLUMNS
        ],
        "rows": [
            {
                "model": row.model,
                "source": row.source,
                "cells": {
                    column.key: None if cell is None else _cell_object(cell)
                    for column, cell in zip(COLUMNS, row.cells, strict=True)
                },
            }
            for row in rows
        ],
    }


def _row(name: str, source: str, results: Sequence[Stored]) -> Row:
    return Row(name, source, tuple(_cell(column, results) for column in COLUMNS))


def _cell(column: Column, results: Sequence[Stored]) -> Cell | None:
    for result in results:
        if column_of(result) == column:
            value = result.accuracy if column.metric == "accuracy" else result.f1
            if value is not None:
                return Cell(value, result)
    return None


def _cell_object(cell: Cell) -> dict[str, Any]:
    made: dict[str, Any] = {"value": cell.value}
    if cell.result is not None:
        data = cell.result.data
        made |= {
            "count": cell.result.count,
            "dataset": data.name,
            "dataset_path": data.path,
            "variant": data.variant,
            "split": data.split,
            "tasks": data.task_count,
            "unanswerable": data.impossible,
            "yes_no": data.yes_no,
            "created": cell.result.created,
        }
    return made
