"""Time the drawing of scatters: ``python -m tests.bench.scatter_bench`` prints JSON.

Each time also comes as a ratio to a fixed loop of plain numpy and Python work run on the same
machine in the same process, so that figures from different machines can be compared.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable

import numpy as np

from bertscope_tui.plots.scatter import Point, View, scatter

CASES = ((120, 80, 24), (512, 80, 24), (512, 100, 40), (512, 150, 45))
ROLES = (("◆", "#ff6b6b", 5, 0.01), ("★", "#ffa94d", 3, 0.05), ("●", "#1fb5b5", 2, 0.12))
WORDS = ("the", "castle", "river", "##ing", "of", ",", "kitchen", "moved", "Sandra")


def points(count: int, seed: int = 0) -> list[Point]:
    """Return tokens as a trained model scatters them: roles in clusters, context everywhere."""
    maker = random.Random(seed)
    made = []
    for token in range(count):
        glyph, colour, priority, spread = "·", "#9298ab", 1, 3.0
        for place, (mark, ink, weight, share) in enumerate(ROLES):
            if token % 100 < share * 100 * (place + 1):
                glyph, colour, priority, spread = mark, ink, weight, 1.0
                break
        x, y = maker.gauss(priority, spread), maker.gauss(-priority, spread)
        made.append(Point(token, x, y, glyph, colour, priority, maker.choice(WORDS)))
    return made


def reference() -> None:
    """Do the fixed work that times are compared with."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal((256, 256))
    total = float(np.linalg.norm(values @ values.T))
    for number in range(20_000):
        total += number & 7


def timed(work: Callable[[], object], times: int) -> list[float]:
    """Return the milliseconds of each of ``times`` runs, sorted, after three to warm up."""
    for _ in range(3):
        work()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1e3)
    return sorted(taken)


def main() -> None:
    """Print medians and 95th percentiles in milliseconds, and ratios to the reference."""
    base = statistics.median(timed(reference, 40))
    cases = []
    for count, width, height in CASES:
        cloud = points(count)
        view = View.fit((point.x, point.y) for point in cloud)
        highlighted = list(range(0, 90, 10))

        def draw(
            cloud: list[Point] = cloud,
            view: View = view,
            size: tuple[int, int] = (width, height),
            highlighted: list[int] = highlighted,
        ) -> object:
            return scatter(
                cloud,
                width=size[0],
                height=size[1],
                view=view,
                x_title="PC1 34.0%",
                y_title="PC2 12.0%",
                highlighted=highlighted,
            )

        taken = timed(draw, 100)
        median = statistics.median(taken)
        cases.append(
            {
                "points": count,
                "width": width,
                "height": height,
                "median_ms": round(median, 2),
                "p95_ms": round(taken[94], 2),
                "ratio": round(median / base, 2),
            }
        )
    print(json.dumps({"reference_ms": round(base, 2), "cases": cases}, indent=2))


if __name__ == "__main__":
    main()
