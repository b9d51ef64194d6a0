"""Open a probing data set: find its files, tell their format, read them, divide them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bertscope_tui import paths
from bertscope_tui.data.files import label, read_either, read_lines, stem
from bertscope_tui.data.hygiene import clean, shown
from bertscope_tui.data.probing.bio import read_bio
from bertscope_tui.data.probing.collecting import Found, Source
from bertscope_tui.data.probing.conll2012 import read_conll2012
from bertscope_tui.data.probing.edge_probing import guess_task, read_edge_probing
from bertscope_tui.data.probing.formats import (
    FACTS,
    TASKS,
    ProbeFormat,
    first_record,
    guess_probe_format,
)
from bertscope_tui.data.probing.gap import read_gap
from bertscope_tui.data.probing.gum import published_splits, read_conllu, read_gum
from bertscope_tui.data.probing.litbank import read_litbank
from bertscope_tui.data.probing.qa_facts import open_facts
from bertscope_tui.data.probing.records import ProbeData, ProbeSplit, ProbeTask
from bertscope_tui.data.probing.semeval import read_semeval
from bertscope_tui.data.probing.splitting import limited, with_splits
from bertscope_tui.data.probing.trec import read_trec
from bertscope_tui.data.probing.writing import read_written, task_of
from bertscope_tui.data.records import Problem
from bertscope_tui.errors import DataError

_SPLIT = re.compile(
    r"(?<![a-z])(?:(train|training)|(dev|devel|development|val|valid|validation)|(test|testing))"
    r"(?![a-z])"
)
_MOST_FILES = 20_000
_KNOWN = (
    "edge-probing JSON lines, TREC questions, SemEval-2010 relations, CoNLL-2012 columns, BIO "
    "columns, LitBank, GUM or GAP files, or question-answering data"
)


def bundled_probe_data(task: ProbeTask) -> Path:
    """Return the path of the bundled examples of a task."""
    return paths.resources("sample_data") / "probing" / f"{task}.jsonl"


def open_probe_data(
    path: str | Path,
    task: ProbeTask | None = None,
    *,
    fine: bool = False,
    negatives: float | None = 1.0,
    seed: int = 0,
    limit: int | None = None,
    divide: bool = True,
    progress: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ProbeData:
    """Read a probing data set from a file (also ``.gz``) or a folder of files of one format.

    ``task`` need only be given where the format has several (CoNLL-2012, GUM, some edge-probing
    files). ``fine`` takes the fine question types of TREC. ``negatives`` is the number of
    coreference pairs of different mentions for each pair of equal ones, None for all there are.
    Every example gets a split (``splitting.with_splits``, by ``seed``) unless ``divide`` is False;
    ``limit`` keeps that many examples, spread evenly. ``progress`` is told the number of records
    read; when ``cancelled`` returns True, ``errors.Cancelled`` is raised.

    Raises ``DataError`` where nothing can be used; single bad records are skipped, counted and
    listed in the result's ``problems``.
    """
    place = Path(os.path.expanduser(path))
    format_name, files, unread = _files(place)
    chosen = _task(format_name, files, task, place)
    if fine and format_name != "trec":
        raise DataError(
            f"{label(place)}: no fine labels, only TREC questions have them", remedy="leave it out"
        )
    if format_name in FACTS:
        data = open_facts(
            place if format_name == "babi" else _only(files, place, format_name),
            format_name,
            _split(place, place),
            progress=progress,
            cancelled=cancelled,
        )
        if not data.examples:
            raise DataError(
                f"{label(place)}: no question with a supporting fact in a context of several "
                "sentences"
            )
    else:
        found = Found(place, chosen, progress=progress, cancelled=cancelled)
        seen: set[tuple[str, str]] = set()
        for file, name in zip(files, _names(files, place), strict=True):
            source = Source(file, name, _split(file, place))
            _read(format_name, source, found, fine, negatives, seed, seen)
        data = found.finish()
    if unread:
        problems = (*data.problems, *unread)
        data = replace(data, problems=problems, skipped=data.skipped + len(unread))
    if divide:
        data = with_splits(data, seed)
    return data if limit is None else limited(data, limit)


def _read(
    format_name: ProbeFormat,
    source: Source,
    found: Found,
    fine: bool,
    negatives: float | None,
    seed: int,
    seen: set[tuple[str, str]],
) -> None:
    """Read one file with the reader of its format."""
    path = source.path
    if format_name in ("gum", "conllu"):
        splits = published_splits(path)
        reader = read_gum if format_name == "gum" else read_conllu
        lines = read_lines(path)
        reader(lines, source, found, negatives=negatives, seed=seed, splits=splits)
    elif format_name == "conll2012":
        read_conll2012(read_lines(path), source, found, negatives=negatives, seed=seed, seen=seen)
    elif format_name == "trec":
        read_trec(_latin_lines(path), source, found, fine=fine)
    elif format_name == "semeval":
        read_semeval(_latin_lines(path), source, found)
    else:
        reader_of = {
            "probing": read_written,
            "edge-probing": read_edge_probing,
            "bio": read_bio,
            "litbank": read_litbank,
            "gap": read_gap,
        }
        reader_of[format_name](read_lines(path), source, found)


def _latin_lines(path: Path) -> list[str]:
    return [line.removesuffix("\r") for line in read_either(path).split("\n")]


def _task(
    format_name: ProbeFormat, files: list[Path], task: ProbeTask | None, place: Path
) -> ProbeTask:
    """Return the task to read, or say which there are."""
    there = TASKS[format_name]
    if format_name in ("probing", "edge-probing"):
        record = first_record(files[0]) or {}
        named = task_of(record) if format_name == "probing" else None
        if named is not None:
            there = (named,)
        elif task is None:
            guessed = guess_task(record, str(files[0]))
            there = there if guessed is None else (guessed,)
    if task is None and len(there) == 1:
        return there[0]
    if task is not None and task in there:
        return task
    names = " or ".join(there)
    if task is None:
        raise DataError(f"{label(place)}: made for several tasks", remedy=f"say which: {names}")
    raise DataError(f"{label(place)}: no examples of {task} in it", remedy=f"it has {names}")


def _files(place: Path) -> tuple[ProbeFormat, list[Path], list[Problem]]:
    """Return the format, the files of it in the order of their paths, and what was not readable."""
    if not os.path.isdir(place):
        known = guess_probe_format(place)
        if known is None:
            raise DataError(
                f"{label(place)}: not a known format of probing data", remedy=f"expected {_KNOWN}"
            )
        return known, [place], []
    unread: list[Problem] = []
    formats: dict[ProbeFormat, list[Path]] = {}
    for file in _below(place):
        try:
            known = guess_probe_format(file)
        except DataError as error:
            unread.append(Problem(clean(str(file.relative_to(place))), str(error)))
            continue
        if known is not None:
            formats.setdefault(known, []).append(file)
    if not formats:
        raise DataError(
            f"{label(place)}: a folder without probing data", remedy=f"expected {_KNOWN}"
        )
    if len(formats) > 1:
        several = ", ".join(
            f"{name} (as {clean(str(files[0].relative_to(place)))})"
            for name, files in formats.items()
        )
        raise DataError(
            f"{label(place)}: files of several formats: {several}",
            remedy="name a folder, or a file, of one of them",
        )
    ((name, files),) = formats.items()
    return name, _wanted(files), unread


def _wanted(files: list[Path]) -> list[Path]:
    """Leave out files that say the same again or in another language.

    Beside an OntoNotes file of gold annotations (``…gold_conll``) one of automatic ones
    (``…auto_conll``) may lie; where English is one of several languages, it is taken. Beside
    jiant's files may lie the same texts in word pieces (``….retokenized.…``).
    """
    files = [file for file in files if ".retokenized." not in file.name] or files
    gold = [file for file in files if file.name.endswith("gold_conll")]
    files = gold or files
    english = [file for file in files if "english" in file.parts]
    others = any({"arabic", "chinese"}.intersection(file.parts) for file in files)
    return english if english and others else files


def _below(folder: Path) -> list[Path]:
    """Return the regular files in a folder and the folders in it, but for hidden ones."""
    found: list[Path] = []

    def failed(error: OSError) -> None:
        reason = error.strerror or str(error)
        raise DataError(f"{label(folder)}: cannot be read: {shown(reason)}") from error

    for root, folders, names in os.walk(folder, onerror=failed):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(root, name)
            if not name.startswith(".") and os.path.isfile(file):
                found.append(file)
        if len(found) > _MOST_FILES:
            raise DataError(
                f"{label(folder)}: more than {_MOST_FILES} files", remedy="name a folder in it"
            )
    return sorted(found)


def _only(files: list[Path], place: Path, format_name: str) -> Path:
    if len(files) > 1:
        raise DataError(
            f"{label(place)}: {len(files)} {format_name} files, one is opened at a time",
            remedy="name one of them",
        )
    return files[0]


def _names(files: list[Path], place: Path) -> list[str]:
    """Return a name for the records of each file: its path in the folder, without the suffix.

    Where two names would be the same the suffixes stay.
    """
    if files == [place]:
        return [stem(place)]
    inside = [file.relative_to(place) for file in files]
    names = [(one.parent / stem(one)).as_posix() for one in inside]
    return names if len(set(names)) == len(names) else [one.as_posix() for one in inside]


def _split(file: Path, place: Path) -> ProbeSplit | None:
    """Return the split that a file's name tells, else the folders above it within ``place``."""
    inside = file.relative_to(place).parts[:-1] if file != place else ()
    for name in (file.name, *reversed(inside), place.name):
        match = _SPLIT.search(name.lower())
        if match is not None:
            return "train" if match[1] else "dev" if match[2] else "test"
    return None
