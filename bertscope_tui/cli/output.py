"""What goes to standard output: one JSON object, or text without control characters of others."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bertscope_tui.errors import BertscopeError

_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Characters that JSON may hold as they are but that a terminal could act on."""


class OutputError(BertscopeError):
    """Standard output takes no more; what was printed is incomplete."""


def output_error(error: OSError) -> OutputError:
    """Return the error that says in one line why standard output takes no more."""
    return OutputError(f"cannot write the output: {error.strerror or error}")


def write_json(value: Mapping[str, Any]) -> None:
    """Print one object as UTF-8; numbers that are not finite become null.

    Characters that could steer a terminal, and halves of surrogate pairs, are written as ``\\u``
    escapes, which read back as the same text.
    """
    import json

    text = json.dumps(_finite(value), ensure_ascii=False, allow_nan=False)
    text = _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    _write((text + "\n").encode("utf-8", "backslashreplace"))


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


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> str:
    """Return rows set in columns, with the columns in ``right`` set flush right.

    Widths are screen cells, so that wide characters do not move what follows.
    """
    from rich.cells import cell_len

    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(head))]
    flush = set(right)
    made = []
    for line in lines:
        cells = []
        for column, text in enumerate(line):
            blank = " " * (widths[column] - cell_len(text))
            cells.append(blank + text if column in flush else text + blank)
        made.append("  ".join(cells).rstrip())
    return "\n".join(made)


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


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Mapping):
        return {str(key): _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return value
