"""Open a data set: look at the content, pick the reader, apply the variant."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from bertscope_tui.data.babi import Part, is_babi, read_babi, splits_of, task_of
from bertscope_tui.data.collecting import Collector
from bertscope_tui.data.fields import kind
from bertscope_tui.data.files import label, parse_json, read_head, read_text
from bertscope_tui.data.hotpotqa import read_hotpotqa
from bertscope_tui.data.hygiene import clean, shown
from bertscope_tui.data.jsonl import is_jsonl, read_jsonl
from bertscope_tui.data.records import Dataset
from bertscope_tui.data.squad import read_squad
from bertscope_tui.errors import DataError

VARIANTS: Final[dict[str, tuple[str, ...]]] = {
    "squad": (),
    "hotpotqa": ("distractor", "support-only"),
    "babi": ("span", "classification"),
    "jsonl": (),
}
"""The variants of each format, the default first; a format without any has only one form."""

_FORMATS = "SQuAD or HotpotQA JSON, bAbI stories, or JSON lines"


def open_dataset(
    path: str | Path,
    *,
    variant: str | None = None,
    keep_yes_no: bool = False,
    split: str | None = None,
    tasks: Sequence[str] = (),
    progress: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Dataset:
    """Read a data set from a file (also ``.gz``) or, for bAbI, from a folder of files.

    The format is told by the content, never by the name. ``variant`` is one of ``VARIANTS`` of
    that format, the first by default. ``keep_yes_no`` keeps the HotpotQA questions that have no
    answer span. ``split`` (``train``, ``valid``, ``test``) and ``tasks`` (numbers as text) keep a
    part of the bAbI questions, chosen by the names of their files; the possible answers are those
    of the whole folder all the same. ``progress`` is told the number of records read; when
    ``cancelled`` returns True, ``errors.Cancelled`` is raised.

    Raises ``DataError`` where nothing in the file can be used, and where it has no such variant,
    split or task; single bad records are skipped and listed in the result's ``problems``.
    """
    place = Path(os.path.expanduser(path))
    found = Collector(place, progress=progress, cancelled=cancelled)
    part = Part(split, _numbers(tasks, place))
    # os.path answers False where pathlib would raise (no permission, a name too long).
    if os.path.isdir(place):
        name = _variant("babi", variant, place)
        return read_babi(_babi_files(place, found, part), found, variant=name, part=part)
    text = read_text(place)
    if is_jsonl(text):
        _refuse(part, "jsonl", place)
        _variant("jsonl", variant, place)
        return read_jsonl(text, found)
    if text.lstrip()[:1] in ("{", "["):
        return _open_json(parse_json(text, place), found, variant, keep_yes_no, part)
    if is_babi(text):
        name = _variant("babi", variant, place)
        return read_babi([(place, text)], found, variant=name, part=part)
    raise DataError(f"{label(place)}: {_not_known(text)}", remedy=f"expected {_FORMATS}")


def splits_in(path: str | Path) -> tuple[str, ...]:
    """Return the splits that a bAbI folder (or file) has, ``train`` before ``valid`` and ``test``.

    Empty for other data sets, and where no file's name ends in a split. Only the beginning of
    each file is read; one that cannot be read counts for nothing.
    """
    place = Path(os.path.expanduser(path))
    paths = _plain_files(place) if os.path.isdir(place) else [place]
    return splits_of(path for path in paths if _is_babi_file(path))


def guess_format(path: Path) -> str | None:
    """Tell the format of a file or folder from its first 64 KiB, or None if it is no data set.

    Raises ``DataError`` where it cannot be read.
    """
    if os.path.isdir(path):
        return "babi" if _holds_babi(path) else None
    head = read_head(path)
    if is_jsonl(head):
        return "jsonl"
    first = head.lstrip()[:1]
    if first == "{" and '"data"' in head and '"paragraphs"' in head:
        return "squad"
    if first == "[" and '"supporting_facts"' in head and '"context"' in head:
        return "hotpotqa"
    return "babi" if first.isdigit() and is_babi(head) else None


def _open_json(
    value: object, found: Collector, variant: str | None, keep_yes_no: bool, part: Part
) -> Dataset:
    """Tell the two JSON formats apart by their outermost shape."""
    if isinstance(value, dict) and "data" in value:
        _refuse(part, "squad", found.path)
        _variant("squad", variant, found.path)
        return read_squad(value, found)
    if isinstance(value, list) and any(
        isinstance(record, dict) and ("supporting_facts" in record or "_id" in record)
        for record in value
    ):
        _refuse(part, "hotpotqa", found.path)
        name = _variant("hotpotqa", variant, found.path)
        return read_hotpotqa(value, found, variant=name, keep_yes_no=keep_yes_no)
    if isinstance(value, dict):
        what = "a JSON object without 'data' (SQuAD) and not one record a line (JSON lines)"
    elif value:
        what = "a JSON list in which no record has 'supporting_facts' (HotpotQA)"
    else:
        what = f"{kind(value)} with nothing in it"
    raise DataError(f"{label(found.path)}: {what}", remedy=f"expected {_FORMATS}")


def _variant(format_name: str, variant: str | None, path: Path) -> str:
    """Return the variant to apply (``""`` where the format has none), or say which there are."""
    valid = VARIANTS[format_name]
    if variant is None:
        return valid[0] if valid else ""
    if variant in valid:
        return variant
    choice = f"choose {' or '.join(valid)}" if valid else "leave it out"
    raise DataError(
        f"{label(path)}: no variant {shown(variant)} of a {format_name} data set", remedy=choice
    )


def _refuse(part: Part, format_name: str, path: Path) -> None:
    """Raise ``DataError`` where a part of a data set is asked for that has none."""
    if part.split is not None or part.tasks:
        what = "split" if part.split is not None else "tasks"
        raise DataError(
            f"{label(path)}: no {what} in a {format_name} data set, only bAbI has them",
            remedy="leave it out",
        )


def _numbers(tasks: Sequence[str], path: Path) -> tuple[str, ...]:
    """Return the task numbers as they are written in records, in order and each once."""
    for task in tasks:
        if not (task.isascii() and task.isdigit() and len(task) < 10):
            raise DataError(
                f"{label(path)}: no task {shown(task)}", remedy="tasks are numbers, as 1 or 15"
            )
    return tuple(str(number) for number in sorted({int(task) for task in tasks}))


def _babi_files(folder: Path, found: Collector, part: Part) -> list[tuple[Path, str]]:
    """Return the bAbI files right inside a folder, by task number and name, with their texts.

    A file of the part wanted that is named like a task but cannot be used is listed; other files
    that are no bAbI stories (a licence, a description) are none of the data set's business.
    """

    def is_wanted(path: Path) -> bool:
        return task_of(path) is not None and part.holds(path)

    files: list[tuple[Path, str]] = []
    for path in _plain_files(folder):
        try:
            if is_babi(read_head(path)):
                files.append((path, read_text(path)))
            elif is_wanted(path):
                found.skip(path, "whole file", "no bAbI question in it")
        except DataError as error:
            if is_wanted(path):
                found.skip(path, "whole file", str(error))
    if files:
        return sorted(files, key=lambda file: (int(task_of(file[0]) or 0), file[0].name))
    below = [
        child.name for child in _children(folder) if os.path.isdir(child) and _holds_babi(child)
    ]
    if below:
        raise DataError(
            f"{label(folder)}: no bAbI file right inside this folder",
            remedy=f"open one of the folders in it: {clean(', '.join(below))}",
        )
    raise DataError(
        f"{label(folder)}: a folder without bAbI files",
        remedy="name a folder of qa…_train.txt and qa…_test.txt, or one data set file",
    )


def _holds_babi(folder: Path) -> bool:
    """Say whether a bAbI file lies right inside a folder; what cannot be read there is none."""
    return any(_is_babi_file(path) for path in _plain_files(folder))


def _is_babi_file(path: Path) -> bool:
    try:
        return is_babi(read_head(path))
    except DataError:
        return False


def _plain_files(folder: Path) -> list[Path]:
    return [
        path for path in _children(folder) if os.path.isfile(path) and not path.name.startswith(".")
    ]


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{label(folder)}: cannot be read: {shown(reason)}") from error


def _not_known(text: str) -> str:
    if not text.strip():
        return "empty, no question in it"
    if "\x00" in text[:8192] or "\ufdd0" in text[:64]:
        return "a binary file, not a data set"
    return "not a known data set format"
