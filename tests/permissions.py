"""Whether this process is bound by the permissions of files; root usually is not."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pytest


@cache
def _bound() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shut"
        path.write_text("")
        path.chmod(0)
        try:
            path.read_text()
        except PermissionError:
            return True
    return False


needs_permissions = pytest.mark.skipif(not _bound(), reason="this user may read everything")
