"""Make text from a data set or a tokenizer safe to draw in a terminal.

A terminal obeys control characters, some terminals obey C1 codes and bidirectional overrides,
and characters without a width shift everything after them. None of that may reach a screen or a
pipe. ``clean`` maps character by character and never changes the length, so that offsets into
the original text stay offsets into the cleaned one.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

_CONTROL_PICTURES = 0x2400
_DELETE_PICTURE = "\u2421"
_REPLACEMENT = "\ufffd"
_INVISIBLE = "·"
_DOTTED_CIRCLE = "\u25cc"
_OPEN_BOX = "\u2423"

_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that JSON may hold as they are but that a terminal could act on, and those that no
file can hold."""

# Letters by category, but drawn as nothing at all.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
# Modern wide emoji tables disagree about sequences built with these; without them every
# terminal agrees on the width of what is left.
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_FIRST_REGIONAL = 0x1F1E6
_REGIONAL = range(_FIRST_REGIONAL, 0x1F200)
# Hangul vowels and finals that only have a width when they follow a leading consonant.
_CONJOINING = (range(0x1160, 0x1200), range(0xD7B0, 0xD800))


def _is_variation_selector(code: int) -> bool:
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF or 0x180B <= code <= 0x180F


def _safe(code: int) -> str:
    """Return the one character that stands for this code point on a screen."""
    character = chr(code)
    category = unicodedata.category(character)
    if character.isspace() or category in ("Zl", "Zp") or code in _SKIN_TONES:
        return " "
    if _is_variation_selector(code):
        return " "
    if category == "Cc":
        if code < 0x20:
            return chr(_CONTROL_PICTURES + code)
        return _DELETE_PICTURE if code == 0x7F else _REPLACEMENT
    if category in ("Cs", "Cn", "Co"):  # nobody can say how wide an unassigned one is drawn
        return _REPLACEMENT
    if category == "Cf" or character in _FILLERS or character == "\u034f":
        return _INVISIBLE
    if code in _REGIONAL:
        return chr(ord("A") + code - _FIRST_REGIONAL)
    return character


class _Table(dict[int, str]):
    """A table for ``str.translate`` that learns each code point when it first meets it."""

    def __missing__(self, code: int) -> str:
        value = self[code] = _safe(code)
        return value


_TABLE = _Table()


def clean(text: str) -> str:
    """Return ``text`` with nothing in it that a terminal obeys; the length does not change.

    Line breaks, tabs and every other white space become a blank, other control characters
    their control picture (ESC becomes ␛), invisible format characters and bidirectional
    overrides a middle dot; lone surrogates, unassigned and private characters the replacement
    character. Letters, combining marks
    that follow a letter and emoji stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_TABLE)


def json_text(value: Mapping[str, Any]) -> str:
    """Return one object as JSON on one line; numbers that are not finite become null.

    Characters that could steer a terminal, and halves of surrogate pairs, are written as ``\\u``
    escapes, which read back as the same text.
    """
    text = json.dumps(_finite(value), ensure_ascii=False, allow_nan=False)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Mapping):
        return {str(key): _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return value


def printable(piece: str) -> str:
    """Return a token's text as a label in which every character has a width of its own.

    The text is composed (NFC); combining marks that have no composed form are left out, because
    drawing code that counts characters would shift the row. A piece of nothing but marks becomes
    a dotted circle, one of nothing but blanks an open box; the empty piece stays empty.
    """
    kept: list[str] = []
    for character in clean(unicodedata.normalize("NFC", piece)):
        if any(ord(character) in jamo for jamo in _CONJOINING):
            kept.append(_INVISIBLE)
        elif not unicodedata.category(character).startswith("M"):
            kept.append(character)
    label = "".join(kept)
    if not piece:
        return ""
    if not label:
        return _DOTTED_CIRCLE
    return _OPEN_BOX if label.isspace() else label


def shown(value: object, longest: int = 60) -> str:
    """Quote a value from a file inside a one-line message: cleaned and cut to ``longest``."""
    text = clean(value if isinstance(value, str) else repr(value))
    return f"'{text}'" if len(text) <= longest else f"'{text[: longest - 1]}…'"
