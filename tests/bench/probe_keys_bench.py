"""Key press to changed screen while probes train in the same app, and while none do.

Prints one JSON object, as `tests.bench.scan_keys_bench` does. ``first`` are keys before which
nobody had touched the keyboard for longer than the work rests after a key; ``probed`` says how far
the work was when the last key was measured.
Run: ``python -m tests.bench.probe_keys_bench [COLUMNSxROWS [MODEL [DATA]]]``.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path

from bertscope_tui.paths import resources
from tests.bench.layer_step_bench import Terminal
from tests.bench.scan_keys_bench import measure, until

_LAYERS = 6


def run(size: tuple[int, int], model: str, data: Path) -> dict[str, object]:
    """Measure the app before and while it probes its model for the bundled tasks."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["BERTSCOPE_CACHE"] = str(Path(name) / "cache")
        os.environ["BERTSCOPE_CONFIG"] = str(Path(name) / "config.toml")
        app = Terminal(["-m", "bertscope_tui", "--model", model, "--dataset", str(data)], size)
        until(app, b"PC1")
        app.read(5.0, 30.0)  # the marks of the sample list
        alone = measure(app, _LAYERS)
        os.write(app.fd, b"P")
        until(app, b"results")
        app.read(0.5, 2.0)
        os.write(app.fd, b"a")
        until(app, b"Enter starts")
        os.write(app.fd, b"\r")
        until(app, b"probing 1/")
        os.write(app.fd, b"q")
        app.read(1.0, 3.0)
        probing = measure(app, _LAYERS)
        first = measure(app, _LAYERS, steps=24, opened=12, pause_s=1.5)
        seen, _ = app.read(1.0, 5.0)
        app.close()
    told = re.findall(rb"probing (\d+/\d+ [^\x1b]*)", seen)
    ratio = probing["layer"]["p95_ms"] / alone["layer"]["p95_ms"]
    return {
        "bench": "probe_keys", "size": f"{size[0]}x{size[1]}", "model": model,
        "probing": probing, "first": first, "alone": alone, "ratio": round(ratio, 2),
        "probed": told[-1].decode("utf-8", "replace").strip() if told else None,
    }  # fmt: skip


if __name__ == "__main__":
    given = sys.argv[1:]
    columns, rows = (given[0] if given else "160x48").split("x")
    chosen = given[1] if len(given) > 1 else "stories-bert"
    place = Path(given[2]) if len(given) > 2 else resources("sample_data") / "stories"
    print(json.dumps(run((int(columns), int(rows)), chosen, place)))
