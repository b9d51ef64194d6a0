"""Read a file into text or JSON, or say in one line why that cannot be done."""

from __future__ import annotations

import gzip
import json
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from bertscope_tui.data.hygiene import clean, shown
from bertscope_tui.errors import DataError

MAX_BYTES = 1 << 30
"""No larger file is read (also after unpacking): records are held in memory."""

UNDECODABLE = "\ufdd0"
"""Stands for a byte that is not valid UTF-8 (a noncharacter, reserved for such internal use)."""

MAX_LINE = 1 << 26
"""No longer line is read where a file is read line by line (bytes)."""

_GZIP = b"\x1f\x8b"
_MARK = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def label(path: Path) -> str:
    """Return the path as it may be shown in a message."""
    return clean(str(path))


def stem(path: Path) -> str:
    """Return the file name without ``.gz`` and then without its last suffix."""
    name = path.resolve().name.removesuffix(".gz") if path.name in ("", "..") else path.name
    return name if os.path.isdir(path) else Path(name.removesuffix(".gz")).stem


def read_text(path: Path) -> str:
    """Return the whole text of a UTF-8 file, unpacked if it is gzip; a byte-order mark is dropped.

    Each byte that is not valid UTF-8 becomes ``UNDECODABLE``, so that only the records which hold
    one are lost. Raises ``DataError`` where the file is missing, unreadable, no regular file,
    damaged, too large, or in UTF-16.
    """
    return _decode(_read(path, MAX_BYTES, whole=True), path)


def read_head(path: Path, size: int = 1 << 16) -> str:
    """Return the beginning of a file, for guessing what it holds; errors as for ``read_text``."""
    return _decode(_read(path, size, whole=False), path)


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a UTF-8 file without their ends, holding one at a time.

    A line ends with a line feed, or with a carriage return and one. Otherwise as ``read_text``;
    ``DataError`` also where a line is longer than ``MAX_LINE``.
    """
    with _opened(path) as stream:
        first = True
        while line := stream.readline(MAX_LINE + 1):
            if len(line) > MAX_LINE:
                raise DataError(f"{label(path)}: a line of more than {MAX_LINE >> 20} MiB")
            if first:
                first = False
                _refuse_utf16(line, path)
                line = line.removeprefix(_MARK)
            yield _text(line).removesuffix("\n").removesuffix("\r")


def read_either(path: Path) -> str:
    """Return the whole text of a file in UTF-8 or, where it is not valid as such, ISO-8859-1."""
    data = _read(path, MAX_BYTES, whole=True)
    _refuse_utf16(data, path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.removeprefix(_MARK).decode("latin-1")


def parse_json(text: str, path: Path) -> object:
    """Parse a whole file as JSON; raises ``DataError`` with the line and column of the defect.

    Control characters inside strings are accepted although the standard forbids them: they are
    harmless in a record and made visible when shown.
    """
    try:
        return json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        rest = text[error.pos : error.pos + 100].strip()
        truncated = rest in ("", ",") or error.msg.startswith("Unterminated string")
        hint = "; the file seems to end too early" if truncated else ""
        raise DataError(
            f"{label(path)}: not valid JSON at line {error.lineno}, column {error.colno}: "
            f"{error.msg}{hint}"
        ) from error
    except RecursionError as error:
        raise DataError(f"{label(path)}: not usable JSON: nested too deeply") from error
    except ValueError as error:
        raise DataError(f"{label(path)}: not usable JSON: {shown(str(error), 120)}") from error


def _read(path: Path, limit: int, *, whole: bool) -> bytes:
    """Return up to ``limit`` bytes after unpacking; a longer file is an error when ``whole``."""
    with _opened(path) as stream:
        data = stream.read(limit + 1)
    if whole and len(data) > limit:
        raise DataError(
            f"{label(path)}: larger than {limit >> 20} MiB", remedy="split it into smaller files"
        )
    return data[:limit]


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file, unpacked if it is gzip; failures to open or read are ``DataError``."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise DataError(f"{label(path)}: a folder where a file was expected")
        if not stat.S_ISREG(mode):
            raise DataError(f"{label(path)}: not a regular file")
        with path.open("rb") as plain:
            packed = plain.read(2) == _GZIP
            plain.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=plain) as unpacked:
                    yield cast(BinaryIO, unpacked)
            else:
                yield plain
    except FileNotFoundError as error:
        raise DataError(
            f"{label(path)}: no such file or folder", remedy="check the path"
        ) from error
    except PermissionError as error:
        raise DataError(f"{label(path)}: no permission to read it") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{label(path)}: damaged or truncated gzip file: {shown(str(error))}"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{label(path)}: cannot be read: {shown(reason)}") from error


def _decode(data: bytes, path: Path) -> str:
    _refuse_utf16(data, path)
    return _text(data.removeprefix(_MARK))


def _refuse_utf16(data: bytes, path: Path) -> None:
    if data.startswith(_UTF16) or _looks_like_utf16(data[:64]):
        raise DataError(f"{label(path)}: UTF-16 text", remedy="save it as UTF-8")


def _text(data: bytes) -> str:
    """Return UTF-8 as text, with ``UNDECODABLE`` for each byte that is none."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", errors="surrogateescape")
        return text.translate(dict.fromkeys(range(0xDC80, 0xDD00), UNDECODABLE))


def _looks_like_utf16(head: bytes) -> bool:
    """Say whether every other byte is zero, as in UTF-16 of Latin text without a mark."""
    pairs = len(head) // 2
    low, high = head[0 : 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    return pairs > 4 and (low == pairs) != (high == pairs)
