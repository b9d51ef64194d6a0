"""Every test runs away from the user's own files, terminal settings and the network."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Read when the libraries are imported, so set before any test module is.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    # Two workers with one thread each are faster on two cores than two with two.
    os.environ.setdefault(_variable, "1")

_LEFT_OVER = ("COLORTERM", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES")
_OWN = ("THEME", "MODEL", "DATASET", "DEVICE", "DTYPE", "ASCII", "MOUSE", "MAX_TOKENS", "STRIDE")


@pytest.fixture(autouse=True)
def _a_home_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch) -> None:
    home: Path = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("BERTSCOPE_CACHE", str(home / "cache"))
    monkeypatch.setenv("BERTSCOPE_CONFIG", str(home / "config" / "config.toml"))
    monkeypatch.setenv("HF_HOME", str(home / "huggingface"))
    for name in _LEFT_OVER:
        monkeypatch.delenv(name, raising=False)
    for name in _OWN:
        monkeypatch.delenv(f"BERTSCOPE_{name}", raising=False)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    for handler in root.handlers[:]:
        if handler not in before and type(handler).__module__.startswith("bertscope_tui"):
            root.removeHandler(handler)
            handler.close()
    root.setLevel(level)
    logging.captureWarnings(False)
