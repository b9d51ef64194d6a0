"""Read the small JSON files of a model folder, or say in one line why that cannot be done."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from bertscope_tui.errors import ModelError

MAX_BYTES = 1 << 26
"""No larger file is read: a configuration or a card has a few kilobytes."""


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in ``path``.

    Raises ModelError where it is missing, unreadable, no regular file (reading a pipe would wait
    for ever), too large, not JSON, or not an object.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ModelError(f"{path}: not a regular file")
        if found.st_size > MAX_BYTES:
            raise ModelError(f"{path}: larger than {MAX_BYTES >> 20} MiB")
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as exc:
        raise ModelError(f"{path}: missing") from exc
    except PermissionError as exc:
        raise ModelError(f"{path}: no permission to read it") from exc
    except (OSError, ValueError, RecursionError) as exc:
        raise ModelError(f"{path}: not readable as JSON") from exc
    if not isinstance(content, dict):
        raise ModelError(f"{path}: not a JSON object")
    return content
