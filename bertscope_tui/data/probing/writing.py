"""Write a probing data set as JSON lines, and read it back: the program's own format.

One object a line, as described in ``docs/probing-data.md``; spans are ``[start, end)`` in
characters of ``text``. What is written reads back as the same examples, with their splits and
documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from bertscope_tui.data.fields import (
    FieldError,
    integer_of,
    list_of,
    object_of,
    required,
    spans_of,
    string_of,
    text_of,
)
from bertscope_tui.data.hygiene import json_text, shown
from bertscope_tui.data.jsonl import parse_line
from bertscope_tui.data.probing.collecting import SPANS, Found, Source
from bertscope_tui.data.probing.records import (
    PROBE_TASKS,
    ProbeData,
    ProbeExample,
    ProbeSplit,
    ProbeTarget,
    ProbeTask,
)
from bertscope_tui.data.records import Origin
from bertscope_tui.errors import DiskError
from bertscope_tui.replacing import replace_parts

_SPLITS: tuple[ProbeSplit, ...] = get_args(ProbeSplit)


def json_lines(data: ProbeData) -> Iterator[str]:
    """Yield a line for every example, each with its line feed."""
    for example in data.examples:
        yield json_text(_object(data.task, example)) + "\n"


def write_probe_data(data: ProbeData, path: Path) -> None:
    """Write the examples to ``path`` in one step; ``DiskError`` where it cannot be written."""
    try:
        replace_parts(path, json_lines(data))
    except OSError as error:
        reason = error.strerror or str(error)
        raise DiskError(f"{path}: cannot be written: {shown(reason)}") from error


def _object(task: ProbeTask, example: ProbeExample) -> dict[str, Any]:
    record: dict[str, Any] = {"id": example.id, "task": task}
    if example.document != example.id:
        record["document"] = example.document
    if example.split is not None:
        record["split"] = example.split
    record["text"] = example.text
    if example.pair is not None:
        record["pair"] = example.pair
    record["targets"] = [
        {
            "spans": [[span.start, span.end] for span in target.spans],
            "labels": list(target.labels),
        }
        for target in example.targets
    ]
    return record


def task_of(record: Mapping[str, object]) -> ProbeTask | None:
    """Return the task that a line in this format names, or None where it names none."""
    return next((task for task in PROBE_TASKS if record.get("task") == task), None)


def read_written(lines: Iterable[str], source: Source, found: Found) -> None:
    """Add each line; one that cannot be used, or is of another task, is skipped and listed."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found.step()
        where = f"line {number}"
        notes: list[str] = []
        try:
            example = _example(parse_line(line), source, where, found.task, notes)
        except FieldError as error:
            found.skip(source.path, where, str(error))
        else:
            found.add(example, notes)


def _example(
    value: object, source: Source, where: str, task: ProbeTask, notes: list[str]
) -> ProbeExample:
    record = object_of(value, "record")
    own = required(record, "task")
    if own != task:
        raise FieldError(f"task: {shown(own)} where {task} was expected")
    text = text_of(required(record, "text"), "text", notes)
    example_id = text_of(record.get("id", f"{source.name}:{where}"), "id", notes)
    split = record.get("split")
    if split is not None and split not in _SPLITS:
        raise FieldError(f"split: {shown(split)} where {', '.join(_SPLITS)} were expected")
    pair = None
    if record.get("pair") is not None:
        pair = integer_of(record["pair"], "pair")
        if not 0 < pair < len(text):
            raise FieldError(f"pair: {pair} lies outside the text's {len(text)} characters")
    return ProbeExample(
        id=example_id,
        text=text,
        targets=_targets(required(record, "targets"), text, SPANS[task], notes),
        document=text_of(record.get("document", example_id), "document", notes),
        origin=Origin(str(source.path), where),
        pair=pair,
        split=next((one for one in _SPLITS if one == split), source.split),
    )


def _targets(value: object, text: str, number: int, notes: list[str]) -> tuple[ProbeTarget, ...]:
    targets: list[ProbeTarget] = []
    for place, entry in enumerate(list_of(value, "targets")):
        name = f"targets[{place}]"
        target = object_of(entry, name)
        spans = spans_of(required(target, "spans", f"{name}."), f"{name}.spans", text)
        if len(spans) != number:
            raise FieldError(f"{name}.spans: {len(spans)} where {number} were expected")
        labels = list_of(required(target, "labels", f"{name}."), f"{name}.labels")
        targets.append(
            ProbeTarget(
                spans,
                tuple(string_of(label, f"{name}.labels", notes) for label in labels),
            )
        )
    if not targets:
        raise FieldError("targets: empty")
    return tuple(targets)
