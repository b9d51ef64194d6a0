"""Real data sets and models live outside the repository; tests that need them skip without them."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared(relative: str) -> Path:
    """Return a file or folder of the shared material, or skip the test with a plain reason."""
    path = _SHARED / relative
    if not path.exists():
        pytest.skip(f"the real file {relative} is not on this machine (looked in {_SHARED})")
    return path
