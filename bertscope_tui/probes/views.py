"""What curves and heat maps of probing say: series and shares, no drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bertscope_tui.data.probing.records import PROBE_TASKS, ProbeTask
from bertscope_tui.plots.curves import Series
from bertscope_tui.probes.records import ProbeResult

TASK_NAMES: dict[ProbeTask, str] = {
    "nel": "named entities",
    "coref": "coreference",
    "rel": "relations",
    "ques": "question type",
    "sup": "supporting facts",
}

_GLYPHS = "●◆▲■★○◇△□☆"
_ASCII_GLYPHS = "o#^*x+@%&="
_COLOUR_STEP = 3
"""Neighbours in a theme's sequence look alike."""

_ASIDE = 0.06
"""Layers between the intervals of two models."""


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One task of Figure 6: macro-F1 by layer, and the same from 0 (worst) to 1 (best layer)."""

    task: ProbeTask
    data: str
    macro_f1: tuple[float, ...]
    shade: tuple[float, ...]


def by_data(results: Sequence[ProbeResult]) -> list[list[ProbeResult]]:
    """Group results of the same task and data, tasks in the paper's order."""
    groups: dict[tuple[int, str, str], list[ProbeResult]] = {}
    for one in results:
        task = one.identity.task
        key = (PROBE_TASKS.index(task), one.data, one.identity.data_sha256)
        groups.setdefault(key, []).append(one)
    return [groups[key] for key in sorted(groups)]


def curves_of(
    group: Sequence[ProbeResult],
    *,
    ascii: bool = False,  # noqa: A002 - named after the option that it follows
    colours: Sequence[str] = (),
    intervals: bool = False,
) -> tuple[Series, ...]:
    """Return macro-F1 over layers for each model of a group, and the majority's as a flat line.

    Models take ``colours`` in turn. With ``intervals`` the 95 % interval over seeds is an upright
    line at each layer, those of several models a little beside each other.
    """
    glyphs = _ASCII_GLYPHS if ascii else _GLYPHS
    series: list[Series] = []
    upright: list[Series] = []
    for place, one in enumerate(group):
        last = len(one.layers) - 1
        colour = colours[_COLOUR_STEP * place % len(colours)] if colours else None
        series.append(
            Series(
                name=one.model,
                xs=[layer.layer for layer in one.layers],
                ys=[layer.macro_f1 for layer in one.layers],
                glyph=glyphs[place % len(glyphs)],
                colour=colour,
                strong=place == 0,
            )
        )
        for layer in one.layers if intervals else ():
            if layer.macro_f1_interval is not None:
                aside = _ASIDE * place * (-1 if layer.layer == last else 1)
                xs = [layer.layer + aside] * 2
                ends = layer.macro_f1_interval
                upright.append(Series("", xs, ends, "+" if ascii else "┼", colour))
    if group:
        last = max(len(one.layers) for one in group) - 1
        flat = group[0].majority.macro_f1
        series.append(Series("majority", [0, last], [flat, flat], "-"))
    return (*series, *upright)  # those that come first lie over those that follow


def heat_rows(results: Sequence[ProbeResult]) -> tuple[HeatRow, ...]:
    """Return the heat map of one model: each task's scores stretched from its worst to its best.

    A task whose layers are all equally good has shade 1 everywhere.
    """
    rows = []
    for one in results:
        values = tuple(layer.macro_f1 for layer in one.layers)
        low, high = min(values), max(values)
        reach = high - low
        shade = tuple((value - low) / reach if reach > 0 else 1.0 for value in values)
        rows.append(HeatRow(one.identity.task, one.data, values, shade))
    return tuple(sorted(rows, key=lambda row: (PROBE_TASKS.index(row.task), row.data)))
