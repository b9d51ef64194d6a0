"""A run at a glance: how many failures of each kind, mean signals over layers, early failures.

What takes time is kept in the store, and holds until another sample is finished.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.bands import Band, band_of
from bertscope_tui.analysis.early import Early, EarlyLayer, chosen_samples, early
from bertscope_tui.analysis.failures import KINDS, FailureKind, Levels, levels_of
from bertscope_tui.analysis.ranking import Area
from bertscope_tui.engine.scanned import SIGNALS, Signal
from bertscope_tui.engine.scoring import never
from bertscope_tui.errors import Cancelled
from bertscope_tui.scans.reading import Reader
from bertscope_tui.scans.records import NOT_RUN, RIGHT, UNKNOWN, WRONG, Run
from bertscope_tui.scans.store import Store

_CURVES: Final = "curves-2"
_EARLY: Final = "early-2"
"""Under which names results are kept; the number changes with what is in them."""

Curves = Mapping[Signal, Band]


@dataclass(frozen=True, slots=True)
class Overview:
    """What is known of a run as a whole.

    ``kinds`` has a count for every kind of failure, None while the run is not classified.
    ``unscored`` counts samples without a gold answer, ``errors`` those that could not be run.
    ``right_curves`` and ``wrong_curves`` are the mean signals over layers, ``levels`` what the
    signals of right answers reach.
    """

    run: Run
    right: int
    wrong: int
    unscored: int
    errors: int
    kinds: Mapping[FailureKind, int] | None
    levels: Levels
    right_curves: Curves
    wrong_curves: Curves


def overview_of(store: Store, run: Run) -> Overview:
    """Return the overview of a run; raises InputError or DiskError where the store is damaged.

    Needs a store that may be written to. Some tenths of a second for 10,000 samples the first
    time.
    """
    tally = store.tally(run.id)
    kept = store.summary(run.id, _CURVES)
    if kept is None:
        kept = _curves(store, run)
        store.keep_summary(run.id, _CURVES, kept)

    def count(mark: int) -> int:
        return sum(number for (right, _), number in tally.items() if right == mark)

    kinds: dict[FailureKind, int] | None = None
    if run.classified:
        kinds = {kind: tally.get((WRONG, kind), 0) for kind in KINDS}
    return Overview(
        run=run,
        right=count(RIGHT),
        wrong=count(WRONG),
        unscored=count(UNKNOWN),
        errors=count(NOT_RUN),
        kinds=kinds,
        levels=Levels(**kept["levels"]),
        right_curves=_curves_out(kept["right"]),
        wrong_curves=_curves_out(kept["wrong"]),
    )


def early_of(
    store: Store, run: Run, *, seed: int = 0, cancelled: Callable[[], bool] = never
) -> Early:
    """Return how early failures show in a run.

    Needs a store that may be written to; takes some seconds the first time. Only samples with a
    kept vector count, so that hidden states and signals are compared on the same ones; where none
    is kept, there are the signals alone. Raises `Cancelled`.
    """
    name = f"{_EARLY}-{seed}"
    kept = store.summary(run.id, name)
    if kept is None:
        kept = asdict(_early(store, run, seed, cancelled))
        store.keep_summary(run.id, name, kept)
    return _early_out(kept)


def kept_early(store: Reader, run: Run, *, seed: int = 0) -> Early | None:
    """Return what `early_of` would, where it takes no time; else None."""
    kept = store.summary(run.id, f"{_EARLY}-{seed}")
    return None if kept is None else _early_out(kept)


def overview_object(overview: Overview, early: Early | None = None) -> dict[str, Any]:
    """Return what an overview adds to the JSON object of a run.

    ``failures`` has null for every kind while the run is not classified; numbers that cannot be
    computed are null.
    """
    kinds = overview.kinds
    by_layer = {} if early is None else {one.layer: one for one in early.layers}
    layers = []
    for layer in range(overview.run.layers + 1):
        found = by_layer.get(layer)
        states, signals = (None, None) if found is None else (found.states, found.signals)
        layers.append(
            {
                "layer": layer,
                "signals": {
                    name: {
                        which: _number(curves[name].mean[layer]) if name in curves else None
                        for which, curves in (
                            ("right", overview.right_curves),
                            ("wrong", overview.wrong_curves),
                        )
                    }
                    for name in SIGNALS
                },
                "error_auroc": None if states is None else states.value,
                "error_auroc_interval": None if states is None else [states.low, states.high],
                "signals_auroc": None if signals is None else signals.value,
                "signals_auroc_interval": None if signals is None else [signals.low, signals.high],
            }
        )
    confidence = None if early is None else early.confidence
    return {
        "right": overview.right,
        "wrong": overview.wrong,
        "unscored": overview.unscored,
        "failures": {kind: None if kinds is None else kinds[kind] for kind in KINDS},
        "layers": layers,
        "confidence_auroc": None if confidence is None else confidence.value,
        "confidence_auroc_interval": None
        if confidence is None
        else [confidence.low, confidence.high],
        "early": None
        if early is None
        else {
            "samples": early.samples,
            "wrong": early.wrong,
            "groups": early.groups,
            "known": early.known,
            "folds": early.folds,
            "seed": early.seed,
            "reason": early.reason,
        },
    }


def _curves(store: Reader, run: Run) -> dict[str, Any]:
    _, signals, right, _, groups = store.signals(run.id)
    kept: dict[str, Any] = {"levels": asdict(levels_of(signals, right == RIGHT))}
    for which, mark in (("right", RIGHT), ("wrong", WRONG)):
        chosen = right == mark
        names = [groups[place] or f"\0{place}" for place in np.flatnonzero(chosen)]
        kept[which] = {
            name: _band_in(band_of(signals[chosen, row], names))
            for row, name in enumerate(SIGNALS)
            if chosen.any()
        }
    return kept


def _early(store: Reader, run: Run, seed: int, cancelled: Callable[[], bool]) -> Early:
    places, signals, right, confidence, groups = store.signals(run.id)
    scored = (right == RIGHT) | (right == WRONG)
    known = int(scored.sum())
    with_vectors = store.vectors(run.id, 0)[0]
    if with_vectors.size:
        scored &= np.isin(places, with_vectors)
    rows = np.flatnonzero(scored)
    own = [groups[row] for row in rows]
    rows = rows[chosen_samples(own, right[rows] == WRONG, seed=seed)]
    if cancelled():
        raise Cancelled
    states: NDArray[np.float16] | None = None
    if with_vectors.size:
        states = store.pooled(run.id, places[rows].tolist())[1]
    return early(
        right[rows] == WRONG,
        [groups[row] for row in rows],
        confidence[rows],
        signals[rows],
        states,
        known=known,
        seed=seed,
        cancelled=cancelled,
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _band_in(band: Band) -> dict[str, list[float | None]]:
    return {
        name: [_number(value) for value in getattr(band, name)]
        for name in ("mean", "low", "high", "count")
    }


def _curves_out(kept: Mapping[Signal, Mapping[str, list[float | None]]]) -> Curves:
    def part(name: Signal, which: str) -> NDArray[np.float64]:
        return np.array(kept[name][which], dtype=np.float64)

    return {
        name: Band(
            part(name, "mean"),
            part(name, "low"),
            part(name, "high"),
            part(name, "count").astype(np.int64),
        )
        for name in SIGNALS
        if name in kept
    }


def _early_out(kept: Mapping[str, Any]) -> Early:
    def area(value: Mapping[str, float] | None) -> Area | None:
        return None if value is None else Area(**value)

    return Early(
        **{
            **kept,
            "confidence": area(kept["confidence"]),
            "layers": tuple(
                EarlyLayer(one["layer"], area(one["states"]), area(one["signals"]))
                for one in kept["layers"]
            ),
        }
    )
