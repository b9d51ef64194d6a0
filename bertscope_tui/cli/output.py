"""What goes to standard output: one JSON object, or text without control characters of others."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from bertscope_tui.errors import BertscopeError


class OutputError(BertscopeError):
    """Standard output takes no more; what was printed is incomplete."""


def output_error(error: OSError) -> OutputError:
    """Return the error that says in one line why standard output takes no more."""
    return OutputError(f"cannot write the output: {error.strerror or error}")


def write_json(value: Mapping[str, Any]) -> None:
    """Print one object as UTF-8; see `hygiene.json_text`."""
    from bertscope_tui.data.hygiene import json_text

    _write((json_text(value) + "\n").encode("utf-8"))


def write_parts(parts: Iterable[str]) -> None:
    """Print a file as UTF-8, part by part, as it would be on the disk."""
    for part in parts:
        _write(part.encode("utf-8", "backslashreplace"))


def write_text(text: str) -> None:
    """Print text that is clean already; characters the terminal's encoding lacks become ``?``."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    _write((text.rstrip("\n") + "\n").encode(encoding, "replace"))


def warn(lines: Iterable[str]) -> None:
    """Print lines on standard error, each with the program's name before it."""
    from bertscope_tui.data.hygiene import clean

    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    for line in lines:
        text = f"bertscope-tui: {clean(line)}\n"
        sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))


def speaks_colour() -> bool:
    """Say whether standard output is a terminal that is not asked to do without colour."""
    return (
        sys.stdout is not None
        and sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "") != "dumb"
    )


def speaks_unicode() -> bool:
    """Say whether standard output can take the glyphs of the pictures."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        "◆★●─│✓…".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _write(data: bytes) -> None:
    if sys.stdout is None:
        raise OutputError("cannot write the output: standard output is closed")
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise output_error(error) from error
