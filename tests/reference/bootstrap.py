"""The percentile bootstrap as it is told: draw questions again, one by one, and take the mean."""

from __future__ import annotations

import random


def reference_interval(values: list[float], resamples: int, seed: int) -> tuple[float, float]:
    """Return the 2.5th and the 97.5th percentile of the resampled means."""
    generator = random.Random(seed)
    means = []
    for _ in range(resamples):
        total = 0.0
        for _ in values:
            total += values[generator.randrange(len(values))]
        means.append(total / len(values))
    means.sort()
    return means[round(0.025 * (resamples - 1))], means[round(0.975 * (resamples - 1))]
