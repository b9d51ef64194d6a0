"""From the command to the first frame, and from ``q`` to the end of the process.

Prints one JSON object, times in milliseconds. ``ratio`` is the first frame against that of the
smallest program on the same toolkit, started in the same run. Quitting is measured while the
model is being loaded and while the samples are being scored.
Run: ``python -m tests.bench.first_frame_bench``.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.layer_step_bench import REFERENCE, Terminal

_SIZE = (160, 48)
_RUNS = 5


def start(arguments: list[str], sign: bytes) -> tuple[Terminal, float]:
    """Start a program and return it with the milliseconds until ``sign`` is on screen."""
    began = time.perf_counter()
    terminal = Terminal(arguments, _SIZE)
    shown = b""
    while sign not in shown:
        shown += os.read(terminal.fd, 1 << 16)
    return terminal, (time.perf_counter() - began) * 1000


def quit_after(terminal: Terminal, seconds: float) -> float:
    """Press ``q`` after some seconds and return the milliseconds until the process is gone."""
    terminal.read(seconds, seconds)
    began = time.perf_counter()
    os.write(terminal.fd, b"q")
    terminal.drain()
    return (time.perf_counter() - began) * 1000


def run() -> dict[str, object]:
    """Measure the app on its bundled model and stories."""
    app = ["-m", "bertscope_tui"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["BERTSCOPE_CACHE"] = str(folder / "cache")
        os.environ["BERTSCOPE_CONFIG"] = str(folder / "config.toml")
        script = folder / "reference.py"
        script.write_text(REFERENCE)
        frames, loading, scoring, bare = [], [], [], []
        for _ in range(_RUNS):
            terminal, first = start(app, b"samples")
            frames.append(first)
            loading.append(quit_after(terminal, 1.0))
            terminal, first = start(app, b"samples")
            frames.append(first)
            scoring.append(quit_after(terminal, 5.0))
            terminal, first = start([str(script)], b"!")
            bare.append(first)
            terminal.close()
    return {
        "bench": "first_frame",
        "first_frame_ms": round(statistics.median(frames), 1),
        "reference_ms": round(statistics.median(bare), 1),
        "ratio": round(statistics.median(frames) / statistics.median(bare), 2),
        "quit_while_loading_ms": round(statistics.median(loading), 1),
        "quit_while_scoring_ms": round(statistics.median(scoring), 1),
    }


if __name__ == "__main__":
    print(json.dumps(run()))
