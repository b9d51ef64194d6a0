"""A process that scans made-up samples, for tests that run several of them or kill them.

``python -m tests.unit.scans.at_work STORE FOLDER NAME COUNT PAUSE``
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from bertscope_tui.scans.scan import Scan, ScanProgress, ScanRequest
from tests.unit.scans.made import MadeScanner, made_dataset, made_model


def main(store: str, folder: str, name: str, count: str, pause: str) -> None:
    place = Path(folder)
    model = made_model(place / f"model-{name}")
    dataset = made_dataset(place / f"data-{name}.json", int(count))

    def tell(now: ScanProgress) -> None:
        if now.stage == "scanning":
            print(now.done, flush=True)
            time.sleep(float(pause))

    request = ScanRequest(name=name, vectors_budget=100_000)
    with Scan(model, dataset, request, path=Path(store), make_scanner=MadeScanner) as scan:
        scan.run(progress=tell)


if __name__ == "__main__":
    main(*sys.argv[1:])
