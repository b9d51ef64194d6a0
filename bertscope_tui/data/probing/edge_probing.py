"""Read edge-probing JSON lines as jiant writes them (Tenney et al. 2019), as they are.

A line has ``text``, whose tokens are its runs without white space, and ``targets`` with ``span1``,
``span2`` where there are two, and ``label``, one or a list. Spans count tokens, the end excluded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bertscope_tui.data.fields import (
    FieldError,
    integer_of,
    list_of,
    object_of,
    required,
    string_of,
    text_of,
)
from bertscope_tui.data.jsonl import parse_line
from bertscope_tui.data.probing.collecting import SPANS, Found, Source, covering
from bertscope_tui.data.probing.records import ProbeTarget, ProbeTask
from bertscope_tui.data.records import Span

_TOKEN = re.compile(r"\S+")
_TASKS: tuple[tuple[str, ProbeTask], ...] = (
    ("sup_facts", "sup"), ("question_type", "ques"), ("semeval", "rel"), ("tacred", "rel"),
    ("coref", "coref"), ("dpr", "coref"), ("gap", "coref"), ("ner", "nel"),
)  # fmt: skip


def guess_task(record: Mapping[str, object], path: str) -> ProbeTask | None:
    """Guess the task from what ``info`` says, then from the file's path; None where it is open."""
    targets = record.get("targets")
    first = targets[0] if isinstance(targets, list) and targets else {}
    spans = 2 if isinstance(first, dict) and first.get("span2") is not None else 1
    info = record.get("info")
    said = " ".join(str(value) for value in info.values()) if isinstance(info, dict) else ""
    for text in (said.lower(), path.lower()):
        for word, task in _TASKS:
            # Short words must stand alone: "ner" is part of many others.
            if re.search(rf"(?<![a-z]){word}(?![a-z])", text) and SPANS[task] == spans:
                return task
    return None


def read_edge_probing(lines: Iterable[str], source: Source, found: Found) -> None:
    """Add each line with a target; a target that cannot be used is left out and listed.

    The document is what ``info.document_id`` says; a line without it is its own.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found.step()
        where = f"line {number}"
        notes: list[str] = []
        try:
            record = object_of(parse_line(line), "record")
            text = text_of(required(record, "text"), "text", notes)
            listed = list_of(required(record, "targets"), "targets")
            targets = _targets(listed, text, SPANS[found.task], notes)
        except FieldError as error:
            found.skip(source.path, where, str(error))
            continue
        document = _document(record, notes) or f"{source.name}:l{number}"
        if listed and not targets:
            found.skip(source.path, where, notes[-1])
            continue
        found.add_text(
            source, where, text, targets, name=f"l{number}", document=document, notes=notes
        )


def _targets(listed: list[object], text: str, spans: int, notes: list[str]) -> list[ProbeTarget]:
    words = tuple(Span(*token.span()) for token in _TOKEN.finditer(text))
    targets: list[ProbeTarget] = []
    for place, value in enumerate(listed):
        name = f"targets[{place}]"
        try:
            target = object_of(value, name)
            names = ("span1", "span2")[:spans]
            if spans == 1 and target.get("span2") is not None:
                raise FieldError(f"{name}.span2: a task of one span has none")
            places = tuple(
                _span(required(target, one, f"{name}."), f"{name}.{one}", words) for one in names
            )
            labels = _labels(required(target, "label", f"{name}."), f"{name}.label", notes)
        except FieldError as error:
            notes.append(str(error))
            continue
        targets.append(ProbeTarget(places, labels))
    return targets


def _span(value: object, name: str, words: tuple[Span, ...]) -> Span:
    ends = list_of(value, name)
    if len(ends) != 2:
        raise FieldError(f"{name}: {len(ends)} numbers where start and end were expected")
    start, end = integer_of(ends[0], name), integer_of(ends[1], name)
    if not 0 <= start < end <= len(words):
        raise FieldError(f"{name}: [{start}, {end}] is no span of the text's {len(words)} tokens")
    return covering(words, start, end - 1)


def _labels(value: object, name: str, notes: list[str]) -> tuple[str, ...]:
    if not isinstance(value, list):
        return (_label(value, name, notes),)
    labels = (_label(one, f"{name}[{place}]", notes) for place, one in enumerate(value))
    return tuple(dict.fromkeys(labels))


def _label(value: object, name: str, notes: list[str]) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    label = string_of(value, name, notes).strip()
    if not label:
        raise FieldError(f"{name}: empty")
    return label


def _document(record: Mapping[str, object], notes: list[str]) -> str | None:
    info = record.get("info")
    value = info.get("document_id") if isinstance(info, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.strip():
        return string_of(value, "info.document_id", notes)
    return None
