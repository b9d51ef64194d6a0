"""Take fields out of parsed JSON, or say which one is wrong and how."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bertscope_tui.data.files import UNDECODABLE
from bertscope_tui.data.hygiene import shown
from bertscope_tui.data.records import Span

_LARGEST = 1 << 53
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


class FieldError(Exception):
    """A field of one record that cannot be used; the message begins with the field's name."""


def kind(value: object) -> str:
    """Name the JSON type of a value, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "an object"


def object_of(value: object, name: str) -> Mapping[str, object]:
    """Return a JSON object; ``FieldError`` for anything else."""
    if not isinstance(value, dict):
        raise FieldError(f"{name}: {kind(value)} where an object was expected")
    return value


def required(record: Mapping[str, object], key: str, prefix: str = "") -> object:
    """Return the value of a field that must be there."""
    if key not in record:
        raise FieldError(f"{prefix}{key}: missing")
    return record[key]


def list_of(value: object, name: str) -> list[object]:
    """Return a JSON list; ``FieldError`` for anything else."""
    if not isinstance(value, list):
        raise FieldError(f"{name}: {kind(value)} where a list was expected")
    return value


def string_of(value: object, name: str, notes: list[str]) -> str:
    """Return a text, which may be empty, with lone surrogates replaced and noted.

    A lone surrogate (half of a character, from an escape such as ``\\ud800``) can be neither
    printed nor tokenised; one U+FFFD for each keeps every offset.
    """
    if not isinstance(value, str):
        raise FieldError(f"{name}: {kind(value)} where a text was expected")
    if value.isascii():
        return value
    if UNDECODABLE in value:
        raise FieldError(f"{name}: not valid UTF-8")
    mended, count = _LONE_SURROGATE.subn("\ufffd", value)
    if count:
        notes.append(f"{name}: {count} lone surrogate(s) replaced by U+FFFD")
    return mended


def text_of(value: object, name: str, notes: list[str]) -> str:
    """Return a text that holds more than white space."""
    text = string_of(value, name, notes)
    if not text.strip():
        raise FieldError(f"{name}: empty")
    return text


def id_of(value: object, name: str, notes: list[str]) -> str:
    """Return a record's id; a whole number is taken as its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text_of(value, name, notes)


def integer_of(value: object, name: str) -> int:
    """Return a whole number; ``FieldError`` for anything else, also for true and false."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise FieldError(f"{name}: {kind(value)} where a whole number was expected")
    if abs(value) > _LARGEST:
        raise FieldError(f"{name}: a number far out of range")
    return value


def flag_of(value: object, name: str) -> bool:
    """Return true or false; ``FieldError`` for anything else."""
    if not isinstance(value, bool):
        raise FieldError(f"{name}: {kind(value)} where true or false was expected")
    return value


def spans_of(value: object, name: str, text: str) -> tuple[Span, ...]:
    """Return a list of ``[start, end]`` pairs as spans of ``text``, each at least one long."""
    spans: list[Span] = []
    for place, pair in enumerate(list_of(value, name)):
        here = f"{name}[{place}]"
        ends = list_of(pair, here)
        if len(ends) != 2:
            raise FieldError(f"{here}: {len(ends)} numbers where start and end were expected")
        start, end = integer_of(ends[0], here), integer_of(ends[1], here)
        if not 0 <= start < end <= len(text):
            raise FieldError(
                f"{here}: {shown([start, end])} is no span of the context's {len(text)} characters"
            )
        spans.append(Span(start, end))
    return tuple(spans)
