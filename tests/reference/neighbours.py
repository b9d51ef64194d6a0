"""Nearest tokens by scikit-learn, for comparison with ours."""

from __future__ import annotations

import numpy as np
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances


def neighbours(
    states: np.ndarray, token: int, among: list[int], k: int, by: str
) -> list[tuple[int, float, float]]:
    """Return ``(token, cosine, distance)`` of the ``k`` nearest of ``among``.

    ``states`` is ``(tokens, dim)``; the cosine is taken around the mean of ``among``.
    """
    exact = states.astype(np.float64)
    centred = exact - exact[among].mean(axis=0)
    cosines = cosine_similarity(centred[[token]], centred)[0]
    distances = euclidean_distances(exact[[token]], exact)[0]
    others = [other for other in among if other != token]
    ranked = sorted(
        others, key=lambda other: -cosines[other] if by == "cosine" else distances[other]
    )
    return [(other, float(cosines[other]), float(distances[other])) for other in ranked[:k]]
