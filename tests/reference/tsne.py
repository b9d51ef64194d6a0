"""t-SNE as in its paper, with loops over points: slow, plain, independent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def affinities(points: Any, perplexity: float) -> Any:
    """Return the symmetric likelihoods of all pairs, by a search for each point."""
    count = len(points)
    found = np.zeros((count, count))
    for one in range(count):
        far = [float(((points[one] - points[other]) ** 2).sum()) for other in range(count)]
        low, high = -60.0, 60.0
        for _ in range(200):
            width = math.exp((low + high) / 2)
            weights = [math.exp(-distance * width) for distance in far]
            weights[one] = 0.0
            total = sum(weights) or 1e-300
            row = [weight / total for weight in weights]
            entropy = -sum(part * math.log(part) for part in row if part > 0)
            if entropy > math.log(perplexity):
                low = (low + high) / 2
            else:
                high = (low + high) / 2
        found[one] = row
    found = found + found.T
    return found / found.sum()


def descend(points: Any, start: Any, perplexity: float, steps: int) -> Any:
    """Return the places after some steps with early exaggeration (12), momentum .5 and gains."""
    likely = 12.0 * affinities(points, perplexity)
    count = len(points)
    places = np.array(start, dtype=float)
    update, gains = np.zeros_like(places), np.ones_like(places)
    rate = max(count / 48.0, 50.0)
    for _ in range(steps):
        near = [
            [0.0 if a == b else 1.0 / (1.0 + ((places[a] - places[b]) ** 2).sum())
             for b in range(count)]
            for a in range(count)
        ]  # fmt: skip
        total = sum(map(sum, near))
        gradient = np.zeros_like(places)
        for a in range(count):
            for b in range(count):
                pull = (likely[a, b] - near[a][b] / total) * near[a][b]
                gradient[a] += 4.0 * pull * (places[a] - places[b])
        for index in np.ndindex(*places.shape):
            same = update[index] * gradient[index] < 0
            gains[index] = max(gains[index] + 0.2 if same else gains[index] * 0.8, 0.01)
            update[index] = 0.5 * update[index] - rate * gains[index] * gradient[index]
        places = places + update
    return places
