"""What says whether a probe reads the states or learns the task by itself.

Control tasks: Hewitt and Liang 2019, "Designing and interpreting probes with control tasks". Code
length: Voita and Titov 2020, "Information-theoretic probing with minimum description length".
Scalar mixing: Tenney et al. 2019, "BERT rediscovers the classical NLP pipeline".
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.probing.scores import Bools
from bertscope_tui.analysis.probing.training import (
    Parts,
    Places,
    Progress,
    TrainedProbes,
    logits_of,
    never,
    train,
)

if TYPE_CHECKING:
    import torch

    from bertscope_tui.analysis.probing.settings import ProbeSettings
    from bertscope_tui.analysis.probing.table import SpanStates

PORTIONS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
"""Shares of the training targets that are sent one after the other, as in Voita and Titov."""

_SMALLEST_PORTION = 16
"""Portions that end below this many targets are left out: nothing could be learned from them."""


@dataclass(frozen=True, slots=True, eq=False)
class CodeLength:
    """Bits that the training labels take when sent with the help of the states.

    ``bits`` is ``(layers,)``; ``uniform`` is what they take without any help.
    """

    bits: NDArray[np.float64]
    uniform: float


@dataclass(frozen=True, slots=True)
class Mix:
    """How much a probe of all layers takes of each.

    ``weights`` add up to 1; ``center_of_gravity`` is the mean layer under them. Both are means
    over seeds, ``center_std`` the standard deviation of the latter.
    """

    weights: tuple[float, ...]
    center_of_gravity: float
    center_std: float


def control_labels(texts: Sequence[str], gold: Bools, train_places: Places, seed: int) -> Bools:
    """Return labels ``(targets, labels)`` that depend on nothing but a target's words.

    ``texts`` are the characters of each target's spans. Equal texts, letter case aside, have the
    same labels: those of a training target that is drawn for them, so that labels are as frequent
    as in the task. What a probe gets right here it has learned by heart.
    """
    drawn = []
    for text in texts:
        digest = hashlib.sha256(f"{seed}\n{text.casefold()}".encode("utf-8", "surrogatepass"))
        drawn.append(int.from_bytes(digest.digest()[:8], "little") % len(train_places))
    found: Bools = gold[train_places[np.asarray(drawn)]]
    return found


def seen_share(texts: Sequence[str], parts: Parts) -> float:
    """Return the share of test targets whose text, letter case aside, is among the training's.

    A control task can only be learned for those.
    """
    seen = {texts[place].casefold() for place in parts.train}
    if not len(parts.test):
        return 0.0
    return sum(texts[place].casefold() in seen for place in parts.test) / len(parts.test)


def code_length(
    table: SpanStates,
    gold: Bools,
    parts: Parts,
    settings: ProbeSettings,
    *,
    single: bool,
    seed: int = 0,
    device: torch.device | None = None,
    cancelled: Callable[[], bool] = never,
    progress: Progress | None = None,
) -> CodeLength:
    """Return the online code length of the training labels at every layer.

    The targets are sent in portions of growing size, each with the probabilities of a probe that
    was trained on those before; the first with equal ones. The probe's best round is chosen by its
    loss: one chosen by F1 may be too sure of itself, which costs bits. Where every target has one
    label the probe excludes the others (softmax), so that probabilities add up to 1; else each
    label is sent for itself. ``progress`` is told thousandths of the whole.
    """
    order = np.random.default_rng(seed).permutation(parts.train)
    ends = portion_ends(len(order))
    settings = replace(settings, loss="softmax" if single else "sigmoid")
    each = math.log2(gold.shape[1]) if single else float(gold.shape[1])
    bits = np.full(table.layers, ends[0] * each)
    for number, (end, after) in enumerate(itertools.pairwise(ends)):
        told = None
        if progress is not None:
            told = _part_of(progress, sum(ends[:number]), end, sum(ends[:-1]))
        known = replace(parts, train=order[:end])
        probes = train(
            table,
            gold,
            known,
            settings,
            seeds=[seed],
            single=single,
            by_loss=True,
            device=device,
            cancelled=cancelled,
            progress=told,
        )
        block = order[end:after]
        logits = logits_of(probes, table, block, device=device, cancelled=cancelled)[:, 0]
        bits += _bits(logits.astype(np.float64), gold[block], single)
    return CodeLength(bits, len(order) * each)


def portion_ends(count: int) -> list[int]:
    """Return how many of ``count`` targets are sent after each portion; the last is all."""
    ends = sorted({math.ceil(share * count) for share in PORTIONS})
    return [end for end in ends if end >= min(_SMALLEST_PORTION, count)]


def mix_of(probes: TrainedProbes) -> Mix:
    """Return what probes of all layers, trained with ``mixed``, take of each."""
    raw = probes.weights["mix"][0].double().numpy()  # (seeds, layers)
    shares = np.exp(raw - raw.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    centers = shares @ np.arange(shares.shape[1])
    return Mix(
        weights=tuple(float(value) for value in shares.mean(0)),
        center_of_gravity=float(centers.mean()),
        center_std=float(centers.std(ddof=1)) if len(centers) > 1 else 0.0,
    )


def _bits(logits: NDArray[np.float64], gold: Bools, single: bool) -> NDArray[np.float64]:
    """Return the bits of the gold labels under scores ``(layers, targets, labels)``."""
    if single:
        nats = np.logaddexp.reduce(logits, -1) - (logits * gold).sum(-1)
    else:
        nats = (np.logaddexp(0.0, logits) - gold * logits).sum(-1)
    bits: NDArray[np.float64] = nats.sum(-1) / math.log(2)
    return bits


def _part_of(progress: Progress, before: int, size: int, total: int) -> Progress:
    def told(done: int, most: int) -> None:
        progress(round(1000 * (before + size * done / most) / total), 1000)

    return told
