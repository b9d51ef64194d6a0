"""Write samples in the program's own format, which `bertscope_tui.data.jsonl` reads back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.records import Answer, QASample, Span
from bertscope_tui.data.sentences import touched
from bertscope_tui.errors import DataError, DiskError
from bertscope_tui.replacing import replace_parts


def write_jsonl(path: Path, samples: Iterable[QASample]) -> None:
    """Write samples to a file, one line each, in the place of what may be there.

    Optional parts, groups and task numbers have no place in the format. Raises DiskError; a file
    that was there before is then still there.
    """
    _write(path, (line_of(sample) + "\n" for sample in samples))


def append_jsonl(path: Path, samples: Sequence[QASample]) -> None:
    """Add samples to the end of a file of such lines, which is made where there is none.

    Raises DataError where there is a file that is no such data set, or one with one of their ids;
    DiskError where it cannot be written: what was there before is then still there.
    """
    from bertscope_tui.data.open import open_dataset

    before = ""
    if path.exists():
        kept = open_dataset(path)
        if kept.format != "jsonl":
            raise DataError(
                f"{clean(str(path))}: not a data set of JSON lines, so nothing can be added to it",
                remedy="name another file",
            )
        taken = next((one.id for one in samples if kept.place(one.id) is not None), None)
        if taken is not None:
            raise DataError(f"{clean(str(path))}: has a sample {clean(taken)!r} already")
        try:
            before = path.read_bytes().decode("utf-8")
        except OSError as exc:
            raise DataError(f"{clean(str(path))}: cannot be read: {exc.strerror or exc}") from exc
        except UnicodeDecodeError as exc:
            raise DataError(
                f"{clean(str(path))}: packed or not UTF-8, so nothing can be added to it",
                remedy="name another file",
            ) from exc
    if before and not before.endswith("\n"):
        before += "\n"
    _write(path, (before, *(line_of(sample) + "\n" for sample in samples)))


def line_of(sample: QASample) -> str:
    """Return a sample as one line of JSON, without the line's end."""
    record: dict[str, Any] = {
        "id": sample.id,
        "question": sample.question,
        "context": sample.context,
        "answers": [_answer(answer, sample.context) for answer in sample.answers],
        "sentences": _pairs(sample.sentences),
    }
    first = sample.answers[0].span if sample.answers else None
    found = () if first is None else touched(sample.sentences, first)
    if sample.facts_given or sample.supporting != found:  # else a reader finds them again
        record["supporting"] = _pairs(sample.supporting)
    if sample.impossible:
        record["impossible"] = True
    return json.dumps(record, ensure_ascii=False)


def _answer(answer: Answer, context: str) -> dict[str, Any]:
    span = answer.span
    if span is None:
        return {"text": answer.text, "start": None}
    there = span.of(context)
    # An answer may be written in other letters than the context has it in.
    return {"text": there, "start": span.start, "end": span.end}


def _pairs(spans: Iterable[Span]) -> list[list[int]]:
    return [[span.start, span.end] for span in spans]


def _write(path: Path, parts: Iterable[str]) -> None:
    def whole() -> Iterator[str]:
        yield from parts

    try:
        replace_parts(path, whole())
    except OSError as exc:
        raise DiskError(f"{clean(str(path))}: cannot be written: {exc.strerror or exc}") from exc
