"""How far the hidden states of words are from where they were, in the same network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]


def displacement(before: Floats, after: Floats, pairs: Sequence[tuple[int, int]]) -> Doubles:
    """Return how far each word's hidden state moved, in every layer: ``(layers + 1, pairs)``.

    ``before`` and ``after`` are ``(layers + 1, tokens, dim)`` of one network, ``pairs`` has the
    tokens of the same words. The Euclidean distance is divided by the spread of the words in that
    layer before (the root of their mean squared distance from their mean), so that layers compare:
    1 is as far as a word is from the middle. Where there is no spread it is 0 for a word that
    stayed and infinite for one that did not.
    """
    if not pairs:
        return np.zeros((before.shape[0], 0))
    old = before[:, [one for one, _ in pairs]].astype(np.float64)
    new = after[:, [other for _, other in pairs]].astype(np.float64)
    middle = old.mean(axis=1, keepdims=True)
    spread = np.sqrt(((old - middle) ** 2).sum(axis=2).mean(axis=1, keepdims=True))
    distance = np.sqrt(((new - old) ** 2).sum(axis=2))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Doubles = np.where(distance == 0, 0.0, distance / spread)
    return found
