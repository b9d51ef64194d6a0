"""The curves over layers that pages and screens draw of a run: series, no drawing.

Right and wrong answers, and each way of telling errors, have a glyph of their own as well as a
colour; the edges of a band are lines without a name in the colour of their mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from bertscope_tui.analysis.early import Early
from bertscope_tui.engine.scanned import Signal
from bertscope_tui.plots.curves import Limits, Series
from bertscope_tui.scans.overview import Curves, Overview
from bertscope_tui.themes import ThemeSpec

SIGNAL_TITLES: Final[dict[Signal, str]] = {
    "fact_match": "match with the supporting facts",
    "predicted_match": "match with the answer's sentence",
    "best_match": "match with the best sentence",
    "best_margin": "lead of the best sentence",
    "answer_separation": "separation of the answer",
    "gold_separation": "separation of the gold answer",
    "homogeneity": "homogeneity",
    "lens_correct": "right by the lens",
    "lens_confidence": "confidence of the lens",
}

PLOTTED: Final[tuple[Signal, ...]] = (
    "fact_match",
    "predicted_match",
    "answer_separation",
    "gold_separation",
    "homogeneity",
    "lens_correct",
)
"""The signals of the overview, in their order."""

_FRACTIONS = frozenset(("lens_correct", "lens_confidence"))


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture of curves over layers, ready for `plots.curves`."""

    title: str
    series: tuple[Series, ...]
    limits: Limits
    layers: int


def signal_charts(
    overview: Overview,
    theme: ThemeSpec,
    *,
    signals: Iterable[Signal] = PLOTTED,
    ascii: bool = False,  # noqa: A002
) -> list[Chart]:
    """Return a chart for each signal that has values: right and wrong answers with their bands."""
    looks = (
        ("right", overview.right_curves, "o" if ascii else "●", theme.colours.get("success")),
        ("wrong", overview.wrong_curves, "x" if ascii else "✗", theme.colours.get("error")),
    )
    charts = []
    for signal in signals:
        series: list[Series] = []
        for name, found, glyph, colour in looks:
            series += _banded(name, found, signal, glyph, colour, ascii)
        if series:
            limits: Limits = (0.0, 1.0) if signal in _FRACTIONS else (None, None)
            charts.append(Chart(SIGNAL_TITLES[signal], tuple(series), limits, overview.run.layers))
    return charts


def early_chart(early: Early, theme: ThemeSpec, *, ascii: bool = False) -> Chart | None:  # noqa: A002
    """Return how well errors are told at each layer, None where that was not computed."""
    if early.reason is not None or not early.layers:
        return None
    layers = [one.layer for one in early.layers]
    looks = (
        ("hidden states", [one.states for one in early.layers], "o" if ascii else "●", 0),
        ("signals", [one.signals for one in early.layers], "+" if ascii else "◆", 1),
        ("confidence at the end", [early.confidence] * len(layers), "-" if ascii else "─", 2),
    )
    series: list[Series] = []
    for name, areas, glyph, number in looks:
        colour = theme.sequence[(3 * number) % len(theme.sequence)]
        if not any(areas):
            continue
        if number < 2:
            for end in ("low", "high"):
                ys = [math.nan if one is None else getattr(one, end) for one in areas]
                series.append(Series("", layers, ys, "." if ascii else "·", colour))
        ys = [math.nan if one is None else one.value for one in areas]
        series.append(Series(name, layers, ys, glyph, colour, strong=number < 2))
    lowest = min((y for one in series for y in one.ys if math.isfinite(y)), default=0.5)
    return Chart("errors told (AUROC)", tuple(series), (min(0.4, lowest), 1.0), layers[-1])


def _banded(
    name: str, found: Curves, signal: Signal, glyph: str, colour: str | None, plain: bool
) -> list[Series]:
    band = found.get(signal)
    if band is None or not np.isfinite(band.mean).any():
        return []
    layers = list(range(len(band.mean)))
    edge = "." if plain else "·"
    return [
        Series("", layers, band.low.tolist(), edge, colour),
        Series("", layers, band.high.tolist(), edge, colour),
        Series(name, layers, band.mean.tolist(), glyph, colour, strong=True),
    ]
