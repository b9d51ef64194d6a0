"""Files that are replaced in one step: a reader sees what was there before or all of the new."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Write ``text`` beside ``path``, onto the disk, and move it there; the old one's mode stays.

    Halves of surrogate pairs, which a file's name or a data set may hold, become ``\\u`` escapes;
    in JSON they read back as the same text. Raises OSError, and leaves nothing behind then.
    """
    replace_parts(path, (text,))


def replace_parts(path: Path, parts: Iterable[str]) -> None:
    """Do as `replace_text` does with the text that the parts make, which need not fit memory."""
    aside = path.with_name(f".{path.name[:200]}.{os.getpid()}")
    try:
        with aside.open("wb") as stream:
            for part in parts:
                stream.write(part.encode("utf-8", "backslashreplace"))
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists():
            aside.chmod(path.stat().st_mode & 0o777)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
