"""Which layers are which phase, found in the numbers, for one sample or over many.

The layers are cut into ordered segments, one for each phase that shows, such that each layer has
the phase that is strongest there beside its own mean over the layers. That no phases show is a
result too: the paper sees it where a network has no confidence in its answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.phase_scores import PHASES, Dealing, Layout, Phase

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

TITLES: dict[Phase, str] = {
    "semantic": "semantic clustering",
    "entity": "entity matching",
    "match": "question-fact matching",
    "answer": "answer extraction",
}

CHANCE = 0.5
DEALS = 99
RESAMPLES = 1000

LEAST_AREA = 0.55
"""What a phase of one sample must have on average over its layers."""

LARGEST_P = 0.05
"""How often roles dealt at random may reach the peak of a phase that counts."""

LEAST_RUN_AREA = 0.52
"""What a phase must have on average over its layers and many samples."""

_SURE = 0.005
"""The part of the resamples in which a phase over a run may fall back to chance."""

_FLOOR = 0.1
"""A score that changes less than this from layer to layer is not stretched to the full range."""

ENOUGH = 3
"""So many phases must show where that many have a score, else all that have one, two at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Phases:
    """The phases of one sample, or of the mean of many.

    ``scores`` ``(4, layers + 1)`` are areas under the ROC curve (0.5 is chance), NaN where a phase
    has none; ``normal`` the same, each phase from 0 at its lowest layer to 1 at its highest, as in
    the paper's Figure 6. ``layers`` has the phase of each layer, None throughout where no phases
    show: then ``found`` is False, and ``reason`` says why in one sentence. ``seen`` are the phases
    that show in the paper's order of phases. ``order`` has the phases that are clearly above chance
    somewhere, in that of all their orders in which segments fit best (the paper's where others are
    only as good): a network that goes another way can be told by it.
    ``samples`` is how many samples this is from. ``support`` ``(layers + 1,)`` is the part of the
    bootstrap resamples in which a layer has the same phase, ``order_support`` that in which the
    same order is the best; both None for one sample.
    """

    scores: Doubles
    normal: Doubles
    layers: tuple[Phase | None, ...]
    seen: tuple[Phase, ...]
    order: tuple[Phase, ...]
    reason: str
    samples: int = 1
    support: Doubles | None = None
    order_support: float | None = None

    @property
    def found(self) -> bool:
        """Say whether the layers go through phases."""
        return any(phase is not None for phase in self.layers)

    def segments(self) -> tuple[tuple[Phase, int, int], ...]:
        """Return ``(phase, first layer, last layer)`` in order, nothing where none were found."""
        made: list[tuple[Phase, int, int]] = []
        for layer, phase in enumerate(self.layers):
            if phase is None:
                continue
            if made and made[-1][0] == phase:
                made[-1] = (phase, made[-1][1], layer)
            else:
                made.append((phase, layer, layer))
        return tuple(made)


def find_phases(
    states: NDArray[np.float32],
    layout: Layout,
    *,
    seed: int = 0,
    cancelled: Callable[[], bool] | None = None,
) -> Phases:
    """Return the phases of one sample; ``states`` is ``(layers + 1, tokens, dim)``.

    A phase shows where its peak is reached by few of the scores that the same states have when the
    roles of the tokens are dealt at random (drawn by ``seed``), and where it is clearly above
    chance in the layers that it gets. A single token with a role may be too few for that.
    ``cancelled`` is asked before each layer; raises Cancelled.
    """
    return PhaseFinder(states, layout, seed=seed).run(cancelled)


class PhaseFinder:
    """The work of `find_phases`, which can be put down between layers and taken up again."""

    def __init__(self, states: NDArray[np.float32], layout: Layout, *, seed: int = 0) -> None:
        self._dealing = Dealing(states, layout, deals=DEALS, seed=seed)

    def run(self, cancelled: Callable[[], bool] | None = None) -> Phases:
        """Return the phases. Called again after Cancelled it goes on where it was."""
        dealt = self._dealing.run(cancelled)
        scores = dealt[0]
        known = _known(scores)
        peaks = np.max(dealt[:, known], axis=2)
        likely = (1 + (peaks[1:] >= peaks[0] - 1e-9).sum(axis=0)) / len(peaks)
        clear = [
            phase
            for phase, p in zip(known, likely, strict=True)
            if p <= LARGEST_P and scores[phase].max() >= LEAST_AREA
        ]
        shown = _shown(scores, clear, LEAST_AREA)
        return _result(scores, known, clear, shown, "in this sample")


def run_phases(samples: Doubles, *, seed: int = 0) -> Phases:
    """Return the phases of the mean of many samples' scores ``(samples, 4, layers + 1)``.

    Samples without a score for a phase (NaN) have no part in its mean. A phase shows where it is
    above chance and above its other layers in nearly all of the bootstrap resamples of the samples
    (drawn by ``seed``).
    """
    count = len(samples)
    mean, drawn = _resampled(samples, seed)
    known = _known(mean)
    clear = [
        phase
        for phase in known
        if mean[phase].max() >= LEAST_RUN_AREA
        and np.quantile(drawn[:, phase, mean[phase].argmax()], _SURE) > CHANCE
    ]
    shown = _shown(mean, clear, LEAST_RUN_AREA)
    while shown:
        labels = _segmented(_centred(mean[shown])[None])[0]
        sure = []
        for place, phase in enumerate(shown):
            own = labels == place
            inside = drawn[:, phase, own].mean(axis=1)
            outside = drawn[:, phase, ~own].mean(axis=1) if (~own).any() else np.zeros(len(drawn))
            low = np.minimum(inside - CHANCE, inside - outside)
            if np.quantile(low, _SURE) > 0:
                sure.append(phase)
        if sure == shown:
            break
        shown = _shown(mean, sure, LEAST_RUN_AREA)
    found = _result(mean, known, clear, shown, f"in the mean of {count} samples")
    support = None
    if found.found:
        again = _segmented(_centred(drawn[:, shown]))
        support = (again == _segmented(_centred(mean[shown])[None])).mean(axis=0)
    order_support = None
    if clear:
        here = tuple(clear.index(PHASES.index(phase)) for phase in found.order)
        place = _all_orders(len(clear)).index(here)
        order_support = float((_best_orders(_centred(drawn[:, clear])) == place).mean())
    return Phases(
        found.scores, found.normal, found.layers, found.seen, found.order, found.reason,
        samples=count, support=support, order_support=order_support,
    )  # fmt: skip


def normalised(scores: Doubles) -> Doubles:
    """Return each phase's scores from 0 at its lowest layer to 1 at its highest, as in Figure 6.

    A phase that is the same in all layers is 0.
    """
    low = scores.min(axis=-1, keepdims=True)
    span = scores.max(axis=-1, keepdims=True) - low
    above = scores - low
    found: Doubles = np.divide(above, span, out=np.zeros_like(above) * scores, where=span > 0)
    return found


def segment(scores: Doubles) -> tuple[int, ...]:
    """Return the row of ``scores`` ``(phases, layers)`` that each layer gets; rows only go up.

    Each row is stretched to the range 0 to 1 (one of a range below 0.1 less so) and taken less its
    mean; then the sum over the layers is the largest that dynamic programming can find. Rows may
    be left out. Where two are as good, the higher one begins earlier.
    """
    return tuple(_segmented(_centred(scores)[None])[0].tolist())


def _known(scores: Doubles) -> list[int]:
    return np.flatnonzero(np.isfinite(scores).all(axis=1)).tolist()


def _shown(scores: Doubles, candidates: list[int], least: float) -> list[int]:
    """Return the candidates that get layers, and have scores in them, when they share the layers.

    One that falls out leaves its layers to the others, so it is tried again without it.
    """
    shown = list(candidates)
    while shown:
        labels = _segmented(_centred(scores[shown])[None])[0]
        kept = [
            phase
            for place, phase in enumerate(shown)
            if (labels == place).any() and scores[phase, labels == place].mean() >= least
        ]
        if kept == shown:
            break
        shown = kept
    return shown


def _result(
    scores: Doubles, known: list[int], clear: list[int], shown: list[int], where: str
) -> Phases:
    needed = ENOUGH if len(known) >= ENOUGH else max(len(known), 2)
    count = scores.shape[1]
    layers: tuple[Phase | None, ...] = (None,) * count
    names = [PHASES[phase] for phase in shown]
    if len(known) < 2:
        reason = f"Fewer than two phases have a score {where}."
    elif len(shown) < needed:
        what = f"only {' and '.join(TITLES[name] for name in names)}" if names else "nothing"
        reason = f"No phases: {what} can be made out {where}, and {needed} phases would have to be."
    else:
        labels = _segmented(_centred(scores[shown])[None])[0]
        layers = tuple(names[label] for label in labels)
        reason = ""
    order: tuple[Phase, ...] = ()
    if clear:
        best = int(_best_orders(_centred(scores[clear])[None])[0])
        order = tuple(PHASES[clear[n]] for n in _all_orders(len(clear))[best])
    return Phases(scores, normalised(scores), layers, tuple(names), order, reason)


def _centred(scores: Doubles) -> Doubles:
    """Return each row stretched to the range 0 to 1 at most, less its mean over the layers."""
    low = scores.min(axis=-1, keepdims=True)
    span = np.maximum(scores.max(axis=-1, keepdims=True) - low, _FLOOR)
    stretched = (scores - low) / span
    centred: Doubles = stretched - stretched.mean(axis=-1, keepdims=True)
    return centred


def _segmented(values: Doubles, order: tuple[int, ...] | None = None) -> Ints:
    """Return the best label of each layer, ``(batch, layers)``, of ``(batch, phases, layers)``.

    ``order`` is the order of the rows, theirs if not given; labels are rows.
    """
    return _programmed(values, order)[0]


def _programmed(values: Doubles, order: tuple[int, ...] | None = None) -> tuple[Ints, Doubles]:
    """Return the labels and the sum of each of a batch; see `_segmented`."""
    rows = np.arange(values.shape[1]) if order is None else np.array(order)
    # Ten digits, so that what is equal but for rounding is decided by the rule for equals.
    ordered = np.round(values[:, rows], 10)
    batch, count, layers = ordered.shape
    best = ordered[:, :, 0]
    came = np.zeros((batch, count, layers), dtype=np.int64)
    numbers = np.arange(count)
    for layer in range(1, layers):
        # The best row up to each; of equals the highest, which began earlier.
        top = np.maximum.accumulate(best, axis=1)
        came[:, :, layer] = np.maximum.accumulate(np.where(best >= top, numbers, 0), axis=1)
        best = np.round(top + ordered[:, :, layer], 10)
    label = count - 1 - best[:, ::-1].argmax(axis=1)
    total = best.max(axis=1)
    found = np.empty((batch, layers), dtype=np.int64)
    everyone = np.arange(batch)
    for layer in range(layers - 1, -1, -1):
        found[:, layer] = label
        label = came[everyone, label, layer]
    return rows[found], total


def _best_orders(values: Doubles) -> Ints:
    """Return which of all orders of the rows fits best, ``(batch,)``, the first of equals."""
    totals = np.stack([_programmed(values, order)[1] for order in _all_orders(values.shape[1])])
    found: Ints = np.round(totals, 8).argmax(axis=0)
    return found


@cache
def _all_orders(count: int) -> tuple[tuple[int, ...], ...]:
    return tuple(permutations(range(count)))


def _resampled(samples: Doubles, seed: int) -> tuple[Doubles, Doubles]:
    """Return the mean ``(4, layers + 1)`` and the means of resamples ``(resamples, 4, …)``."""
    count = len(samples)
    there = np.isfinite(samples)
    filled = np.where(there, samples, 0.0).reshape(count, -1)
    weights = there.reshape(count, -1).astype(np.float64)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES).astype(np.float64)
    shape = samples.shape[1:]

    def mean(of: Doubles) -> Doubles:
        sums, sizes = of @ filled, of @ weights
        return np.divide(sums, sizes, out=np.full_like(sums, np.nan), where=sizes > 0)

    plain = mean(np.ones((1, count))).reshape(shape)
    drawn = mean(draws).reshape(-1, *shape)
    # A resample that happens to have no sample with this phase says nothing: the mean stands in.
    return plain, np.where(np.isfinite(drawn), drawn, plain)
