"""Key press to changed screen while a scan runs in the same app, and while none does.

Prints one JSON object. Times are in milliseconds: from the key to the frame that shows the next
layer, and to the frame that shows another sample's picture. ``ratio`` is the 95th percentile of
the first with a scan against that without one, measured in the same run on the same machine.
Run: ``python -m tests.bench.scan_keys_bench [COLUMNSxROWS]``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bertscope_tui.paths import resources
from tests.bench.layer_step_bench import Terminal

_STEPS = 60
_OPENED = 30
_PAUSE_S = 0.25
"""Between two keys: somebody looks at what came."""


def until(terminal: Terminal, pattern: bytes, limit_s: float = 60.0) -> float:
    """Read until the screen shows ``pattern``; return when that was."""
    seen, end = b"", time.perf_counter() + limit_s
    while time.perf_counter() < end:
        data, last = terminal.read(0.0, 0.5)
        seen += data
        if last is not None and re.search(pattern, seen):
            return last
    raise AssertionError(f"the screen never showed {pattern!r}")


def _timed(terminal: Terminal, key: bytes, pattern: bytes, pause_s: float) -> float:
    end = time.perf_counter() + pause_s
    while (left := end - time.perf_counter()) > 0:
        terminal.read(left, left)
    start = time.perf_counter()
    os.write(terminal.fd, key)
    return (until(terminal, pattern) - start) * 1000


def _figures(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "median_ms": round(ordered[len(ordered) // 2], 1),
        "p95_ms": round(ordered[int(0.95 * (len(ordered) - 1))], 1),
        "max_ms": round(ordered[-1], 1),
    }


def measure(
    terminal: Terminal,
    layers: int,
    *,
    steps: int = _STEPS,
    opened: int = _OPENED,
    pause_s: float = _PAUSE_S,
) -> dict[str, dict[str, float]]:
    """Step through all layers and back, then through samples; the app is at the last layer.

    It is so again afterwards where ``steps`` is a multiple of twice the layers.
    """
    path = [*range(layers - 1, -1, -1), *range(1, layers + 1)]
    now, layer_ms = layers, []
    for layer in (path * (steps // len(path) + 1))[:steps]:
        key = b"h" if layer < now else b"l"
        layer_ms.append(_timed(terminal, key, b"layer %d/" % layer, pause_s))
        now = layer
    sample_ms = [_timed(terminal, b"j", b"PC1", pause_s) for _ in range(opened)]
    return {"layer": _figures(layer_ms), "sample": _figures(sample_ms)}


def run(size: tuple[int, int], questions: int = 8000) -> dict[str, object]:
    """Measure the app on generated stories, before and while it scans them."""
    generator = resources("sample_data") / "build" / "stories.py"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = ("--split", "train", "--questions", str(questions // 15), "--out", folder / "data")
        subprocess.run([sys.executable, generator, *map(str, made)], check=True, stdout=2)
        os.environ["BERTSCOPE_CACHE"] = str(folder / "cache")
        os.environ["BERTSCOPE_CONFIG"] = str(folder / "config.toml")
        app = Terminal(
            ["-m", "bertscope_tui", "--model", "stories-bert", "--dataset", str(folder / "data")],
            size,
        )
        until(app, b"PC1")
        os.write(app.fd, b"R")
        until(app, b"scans")
        app.read(0.5, 2.0)
        os.write(app.fd, b"a")
        app.read(1.0, 3.0)
        os.write(app.fd, b"\r")
        until(app, b"running")
        os.write(app.fd, b"q")
        app.read(1.0, 3.0)
        scanning = measure(app, 6)
        app.close()
        quiet = Terminal(
            ["-m", "bertscope_tui", "--model", "stories-bert",
             "--dataset", str(resources("sample_data") / "stories")], size,
        )  # fmt: skip
        until(quiet, b"PC1")
        quiet.read(5.0, 30.0)
        alone = measure(quiet, 6)
        quiet.close()
    ratio = scanning["layer"]["p95_ms"] / alone["layer"]["p95_ms"]
    return {
        "bench": "scan_keys", "size": f"{size[0]}x{size[1]}", "questions": questions,
        "scanning": scanning, "alone": alone, "ratio": round(ratio, 2),
    }  # fmt: skip


if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 else "160x48"
    columns, rows = wanted.split("x")
    print(json.dumps(run((int(columns), int(rows)))))
