"""The four phase scores by comparing pairs of pairs: slow, plain, independent."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np


def area(positive: list[float], negative: list[float]) -> float:
    """Return how often a value of the first is larger than one of the second; half if equal."""
    wins = sum(
        1.0 if one > other + 1e-9 else 0.5 if abs(one - other) <= 1e-9 else 0.0
        for one in positive
        for other in negative
    )
    return wins / (len(positive) * len(negative)) if positive and negative else math.nan


def _cosine(one: Any, other: Any) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def reference_scores(states: Any, layout: Any, neighbours: int = 5) -> Any:
    """Return ``(4, layers + 1)`` for states ``(layers + 1, tokens, dim)``."""
    count = len(layout.tokens)
    meaning = layout.meaning - layout.meaning.mean(axis=0)
    alike = [[round(_cosine(a, b), 9) for b in meaning] for a in meaning]
    found = []
    for layer in states:
        points = np.asarray(layer, dtype=np.float64)[layout.tokens]
        points = points - points.mean(axis=0)
        near = [[_cosine(a, b) for b in points] for a in points]

        semantic = []
        for token in range(count):
            others = [n for n in range(count) if n != token]
            others.sort(key=lambda n: (-alike[token][n], n))
            close, rest = others[: min(neighbours, count - 2)], others[min(neighbours, count - 2) :]
            semantic.append(area([near[token][n] for n in close], [near[token][n] for n in rest]))

        pairs = [
            (a, b)
            for a, b in itertools.combinations(range(count), 2)
            if min(layout.sentences[a], layout.sentences[b]) >= 0
            and layout.context[a]
            and layout.context[b]
            and layout.pieces[a] != layout.pieces[b]
        ]
        known = np.array(
            [[1.0, alike[a][b], math.log(layout.tokens[b] - layout.tokens[a])] for a, b in pairs]
        )
        wanted = np.array([near[a][b] for a, b in pairs])
        rest = wanted - known @ np.linalg.lstsq(known, wanted, rcond=None)[0] if pairs else []
        same = [layout.sentences[a] == layout.sentences[b] for a, b in pairs]
        entity = area(
            [value for value, yes in zip(rest, same, strict=True) if yes],
            [value for value, yes in zip(rest, same, strict=True) if not yes],
        )

        asked = [n for n in range(count) if layout.question[n]]
        match = area(
            [near[q][n] for q in asked for n in range(count) if layout.facts[n]],
            [near[q][n] for q in asked for n in range(count)
             if layout.context[n] and not layout.facts[n]],
        )  # fmt: skip

        apart: tuple[list[float], list[float]] = [], []
        for a, b in itertools.combinations(range(count), 2):
            distance = float(np.linalg.norm(points[a] - points[b]))
            apart[int(layout.answer[a] == layout.answer[b])].append(distance)
        found.append([float(np.mean(semantic)), entity, match, area(*apart)])
    return np.array(found).T
