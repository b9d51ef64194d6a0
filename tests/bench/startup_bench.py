"""Measure how long the command takes to start; prints one JSON object.

    .venv/bin/python tests/bench/startup_bench.py [RUNS]

Times are wall-clock milliseconds of whole processes, the median and the best of the runs after
one that warms the file cache. ``ratio`` is the median in units of ``python -c 'import click'``,
which is what the machine makes of the smallest command of this kind.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from time import perf_counter

_PROGRAM = ("-m", "bertscope_tui")
CASES: dict[str, tuple[str, ...]] = {
    "python": ("-c", "pass"),
    "import click": ("-c", "import click"),
    "--version": (*_PROGRAM, "--version"),
    "--help": (*_PROGRAM, "--help"),
    "inspect --help": (*_PROGRAM, "inspect", "--help"),
    "models --json": (*_PROGRAM, "models", "--json"),
    "no terminal": _PROGRAM,
    "import the app": ("-c", "import bertscope_tui.tui.app"),
}


def measure(runs: int) -> dict[str, dict[str, float]]:
    """Return median and best milliseconds of each case, and the ratio to importing click."""
    found: dict[str, dict[str, float]] = {}
    for name, arguments in CASES.items():
        times = []
        for _ in range(runs + 1):
            began = perf_counter()
            subprocess.run(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
            times.append(1000 * (perf_counter() - began))
        kept = times[1:]
        found[name] = {"median_ms": statistics.median(kept), "best_ms": min(kept)}
    unit = found["import click"]["median_ms"]
    for entry in found.values():
        entry["ratio"] = entry["median_ms"] / unit
    return {
        name: {key: round(value, 2) for key, value in entry.items()}
        for name, entry in found.items()
    }


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    print(
        json.dumps(
            {
                "bench": "startup",
                "python": platform.python_version(),
                "machine": platform.machine(),
                "cores": os.cpu_count(),
                "runs": runs,
                "cases": measure(runs),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
