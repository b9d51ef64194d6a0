"""Tokens whose hidden state is so large that it hides all others in a picture.

Decoders park attention on the first token, whose norm grows to many times that of the others
("massive activations", Sun et al. 2024, arXiv:2402.17762; the source paper leaves the first token
of GPT-2 out of its pictures for this reason).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.engine.signals import OUTLIER_RATIO


def norm_outliers(states: NDArray[np.float32], special: Sequence[bool]) -> tuple[int, ...]:
    """Return which of the first token and the first non-special token are massive outliers.

    ``states`` is ``(layers + 1, tokens, dim)``; ``special`` has one entry per token. Only layers
    from 1 on count: the embeddings know nothing of the sequence. In index order, often empty.
    """
    ordinary = [index for index, is_special in enumerate(special) if not is_special]
    first = sorted({0, *ordinary[:1]}) if len(special) else []
    ratios = _ratios(states, first, ordinary)
    return tuple(index for index, ratio in zip(first, ratios, strict=True) if ratio > OUTLIER_RATIO)


def outlier_ratio(states: NDArray[np.float32], token: int) -> float:
    """Return the token's norm over the median norm of all others, the largest over layers 1 to L.

    ``states`` is ``(layers + 1, tokens, dim)``. 0.0 where there is no other token or no layer.
    """
    return _ratios(states, [token], list(range(states.shape[1])))[0]


def _ratios(
    states: NDArray[np.float32], tokens: Sequence[int], among: Sequence[int]
) -> list[float]:
    norms = np.linalg.norm(states[1:].astype(np.float64), axis=2)
    ratios: list[float] = []
    for token in tokens:
        others = [index for index in among if index != token]
        if not others or norms.shape[0] == 0:
            ratios.append(0.0)
            continue
        medians = np.median(norms[:, others], axis=1)
        quotients = np.divide(
            norms[:, token], medians, out=np.zeros_like(medians), where=medians > 0
        )
        ratios.append(float(quotients.max()))
    return ratios
