"""Compare a screen with the one that was kept; ``UPDATE_SNAPSHOTS=1`` keeps it anew.

SVG files show colours and are for looking at; text files are for reading in a diff. Both come
from hand-made data, so that they are the same on every machine.
"""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.tui.support import text_of

FOLDER = Path(__file__).parent / "snapshots"
_ID = re.compile(r"terminal-\d+")


def compare_svg(app: Any, name: str) -> None:
    """Compare the screen with ``snapshots/<name>.svg``."""
    svg = _ID.sub("terminal", app.export_screenshot(title="bertscope-tui", simplify=True))
    # The fonts are fetched from the network by whoever opens the file: not by ours.
    svg = re.sub(r"@font-face \{.*?\}\n?", "", svg, flags=re.DOTALL)
    _compare("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", f"{name}.svg")


def compare_text(app: Any, name: str) -> None:
    """Compare the screen's characters with ``snapshots/<name>.txt``."""
    _compare(text_of(app) + "\n", f"{name}.txt")


def _compare(found: str, name: str) -> None:
    path = FOLDER / name
    if os.environ.get("UPDATE_SNAPSHOTS"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
        return
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    if found != kept:
        lines = difflib.unified_diff(
            kept.splitlines(), found.splitlines(), name, "now", lineterm="", n=1
        )
        shown = "\n".join(line[:240] for line in list(lines)[:60])
        pytest.fail(
            f"the screen is not that of {path}. If it is meant to look like this now, keep it "
            f"with UPDATE_SNAPSHOTS=1 and look at the change.\n{shown}",
            pytrace=False,
        )
