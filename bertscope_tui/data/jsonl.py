"""Read the program's own format: one JSON object a line, described in ``docs/data-sets.md``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise

from bertscope_tui.data.collecting import Collector
from bertscope_tui.data.fields import (
    FieldError,
    flag_of,
    id_of,
    integer_of,
    list_of,
    object_of,
    required,
    spans_of,
    string_of,
    text_of,
)
from bertscope_tui.data.hygiene import shown
from bertscope_tui.data.locate import checked_answer, find_answer
from bertscope_tui.data.records import Answer, Dataset, Origin, QASample, Span
from bertscope_tui.data.sentences import SentenceCache, touched

# A whole SQuAD file may stand on one line; it need not be parsed to see that it is no record.
_LONGEST_TRIED = 1 << 22


def parse_line(line: str) -> object:
    """Parse one line; ``FieldError`` with the column where it is not JSON."""
    try:
        return json.loads(line, strict=False)
    except json.JSONDecodeError as error:
        raise FieldError(f"not valid JSON at column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise FieldError("not usable JSON: nested too deeply") from error
    except ValueError as error:
        raise FieldError(f"not usable JSON: {shown(str(error), 120)}") from error


def is_jsonl(text: str) -> bool:
    """Say whether one of the first lines is an object with a question and a context."""
    for line in text.split("\n", 50)[:50]:
        if line.lstrip()[:1] == "{" and len(line) <= _LONGEST_TRIED:
            try:
                value = parse_line(line)
            except FieldError:
                continue
            if isinstance(value, dict) and "question" in value and "context" in value:
                return True
    return False


def read_jsonl(text: str, found: Collector) -> Dataset:
    """Turn the text of a JSON lines file into a data set; defects go to ``found``.

    Raises ``DataError`` where no line is usable.
    """
    cache = _Contexts()
    # Only line feeds end a line: U+2028 and its like may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        found.step()
        origin = Origin(str(found.path), f"line {number}")
        notes: list[str] = []
        try:
            sample = _sample(parse_line(line), number, origin, cache, notes)
        except FieldError as error:
            found.skip(found.path, origin.record, str(error))
        else:
            found.add(sample, notes)
    return found.finish("jsonl", None)


class _Contexts:
    """Each distinct context once: its text, its group and, when wanted, its sentences."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str]] = {}
        self.sentences = SentenceCache()

    def shared(self, context: str) -> tuple[str, str]:
        """Return the first equal text that was seen, so that copies can go, and its group."""
        return self._known.setdefault(context, (context, f"context{len(self._known) + 1}"))


def _sample(
    value: object, number: int, origin: Origin, cache: _Contexts, notes: list[str]
) -> QASample:
    record = object_of(value, "record")
    sample_id = id_of(record.get("id", f"line{number}"), "id", notes)
    question = text_of(required(record, "question"), "question", notes)
    context, group = cache.shared(text_of(required(record, "context"), "context", notes))
    impossible = flag_of(record.get("impossible", False), "impossible")
    listed = list_of(required(record, "answers"), "answers")
    if impossible and listed:
        raise FieldError("answers: not empty although impossible is true")
    marked = spans_of(record["supporting"], "supporting", context) if "supporting" in record else ()
    answers = tuple(
        dict.fromkeys(
            _answer(entry, f"answers[{place}]", context, marked, notes)
            for place, entry in enumerate(listed)
        )
    )
    if "sentences" in record:
        sentences = tuple(sorted(spans_of(record["sentences"], "sentences", context)))
        for one, other in pairwise(sentences):
            if one.overlaps(other):
                raise FieldError(f"sentences: two of them overlap at {other.start}")
    else:
        sentences = cache.sentences.spans(context)
    supporting = tuple(sorted(set(marked)))
    if "supporting" not in record and answers and answers[0].span is not None:
        supporting = touched(sentences, answers[0].span)
    return QASample(
        id=sample_id,
        question=question,
        context=context,
        answers=answers,
        sentences=sentences,
        supporting=supporting,
        origin=origin,
        impossible=impossible,
        group=group,
        facts_given="supporting" in record,
    )


def _answer(
    entry: object, name: str, context: str, supporting: tuple[Span, ...], notes: list[str]
) -> Answer:
    """Return one gold answer: a plain text, or an object with text and offsets."""
    if isinstance(entry, dict):
        return _placed_answer(entry, name, context, supporting, notes)
    return _found_answer(text_of(entry, name, notes), name, context, supporting, notes)


def _found_answer(
    text: str, name: str, context: str, supporting: tuple[Span, ...], notes: list[str]
) -> Answer:
    span = find_answer(context, text, (supporting,))
    if span is None:
        notes.append(f"{name}: does not occur in the context; it has no span")
    return Answer(text, span)


def _placed_answer(
    entry: Mapping[str, object],
    name: str,
    context: str,
    supporting: tuple[Span, ...],
    notes: list[str],
) -> Answer:
    start_field = f"{name}.start"
    if "start" not in entry:
        text = text_of(required(entry, "text", f"{name}."), f"{name}.text", notes)
        return _found_answer(text, name, context, supporting, notes)
    if entry["start"] is None:  # said to stand nowhere, whether or not the words occur
        return Answer(text_of(required(entry, "text", f"{name}."), f"{name}.text", notes))
    start = integer_of(entry["start"], start_field)
    if "end" in entry:
        end = integer_of(entry["end"], f"{name}.end")
        if not 0 <= start < end <= len(context):
            raise FieldError(
                f"{start_field}: {shown([start, end])} is no span of the context's "
                f"{len(context)} characters"
            )
        if "text" not in entry:
            return Answer(context[start:end], Span(start, end))
        text = string_of(entry["text"], f"{name}.text", notes)
        if len(text) != end - start:
            raise FieldError(
                f"{name}.end: {end} is not where {shown(text)} ends if it starts at {start}"
            )
    text = text_of(required(entry, "text", f"{name}."), f"{name}.text", notes)
    return checked_answer(context, text, start, start_field, notes)
