"""Overview, early failures and comparisons as text, and the pieces that screens share with it.

Everything from data is cleaned; the only control sequences are the colours of pictures, where they
are asked for. Nothing depends on colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bertscope_tui.analysis.early import Early
from bertscope_tui.analysis.failures import TITLES, Levels, rules
from bertscope_tui.analysis.ranking import Area
from bertscope_tui.data.hygiene import clean
from bertscope_tui.engine.scanned import Signal
from bertscope_tui.plots.cells import clusters, shorten
from bertscope_tui.plots.columns import table
from bertscope_tui.plots.curves import curves
from bertscope_tui.plots.picture import to_text
from bertscope_tui.scans.charts import PLOTTED, Chart, early_chart, signal_charts
from bertscope_tui.scans.compare import Change, Comparison
from bertscope_tui.scans.overview import Curves, Overview
from bertscope_tui.themes import ThemeSpec

_SHORT: Final[dict[Signal, str]] = {
    "fact_match": "fact match",
    "predicted_match": "own match",
    "answer_separation": "answer sep.",
    "gold_separation": "gold sep.",
    "homogeneity": "homogen.",
    "lens_correct": "lens right",
}

_ROWS = 12
_NARROWEST = 40
_MOST_CHANGES = 20


@dataclass(frozen=True, slots=True)
class Paper:
    """How a page is set: its width in cells, a theme, ASCII alone, and colours or none."""

    width: int
    theme: ThemeSpec
    ascii: bool = False
    colour: bool = False


def count_rows(overview: Overview) -> list[tuple[str, int]]:
    """Return ``(title, count)`` of each kind of failure, the most frequent first.

    Empty while the run is not classified.
    """
    if overview.kinds is None:
        return []
    rows = [(TITLES[kind], count) for kind, count in overview.kinds.items()]
    return sorted(rows, key=lambda row: -row[1])


def bar_lines(rows: Sequence[tuple[str, int]], width: int, *, ascii: bool = False) -> list[str]:  # noqa: A002
    """Return counts as bars with figures, at most ``width`` cells wide where that can be."""
    if not rows:
        return []
    total = sum(count for _, count in rows)
    most = max(count for _, count in rows)
    title = max(len(name) for name, _ in rows)
    digits = max(len(f"{count:,}") for _, count in rows)
    room = max(width - title - digits - 10, 4)
    lines = []
    for name, count in rows:
        length = 0 if not most else count / most * room
        share = f"{100 * count / total:3.0f}%" if total else "  -"
        lines.append(
            f"{name:<{title}}  {count:>{digits},}  {share}  {_bar(length, ascii)}".rstrip()
        )
    return lines


def early_lines(early: Early) -> list[str]:
    """Return how early failures show as sentences and a table, or why it cannot be told."""
    if early.reason is not None:
        return [f"Not computed: {early.reason}."]
    of = "" if early.samples == early.known else f" of {early.known:,}"
    rows = [
        (str(one.layer), *_area_cells(one.states), *_area_cells(one.signals))
        for one in early.layers
    ]
    head = ("layer", "hidden states", "95 % interval", "signals", "95 % interval")
    return [
        f"{early.samples:,}{of} answers, {early.wrong:,} of them wrong, about {early.groups:,} "
        "paragraphs or stories.",
        "",
        *table(head, rows, right=range(5)).split("\n"),
        "",
        "One minus the confidence of the final answer: "
        f"{' ('.join(part for part in _area_cells(early.confidence))}).",
        "Area under the ROC curve (0.5 is chance), for answers about paragraphs that were not "
        "learnt from.",
    ]


def signal_table(overview: Overview, width: int) -> list[str]:
    """Return the means of signals by layer, ``right / wrong``; as many signals as fit."""
    names = [one for one in PLOTTED if one in overview.right_curves or one in overview.wrong_curves]
    columns = max(1, (width - 7) // 15)
    lines: list[str] = []
    for begin in range(0, len(names), columns):
        part = names[begin : begin + columns]
        rows = [
            (
                str(layer),
                *(
                    f"{_at(overview.right_curves, name, layer)} / "
                    f"{_at(overview.wrong_curves, name, layer)}"
                    for name in part
                ),
            )
            for layer in range(overview.run.layers + 1)
        ]
        head = ("layer", *(_SHORT[name] for name in part))
        lines += [*([""] if lines else []), *table(head, rows, right=range(len(head))).split("\n")]
    return lines


def overview_page(overview: Overview, early: Early | None, paper: Paper) -> str:
    """Return the whole overview of a run."""
    width = max(paper.width, _NARROWEST)
    parts = [_heading(overview, width)]
    counts = bar_lines(count_rows(overview), width, ascii=paper.ascii)
    if overview.kinds is None:
        parts.append("The wrong answers are not sorted into kinds yet.")
    elif overview.wrong:
        parts.append("\n".join(["Kinds of failure", *counts]))
    few = overview.wrong if overview.wrong < overview.right else overview.right
    if overview.right_curves or overview.wrong_curves:
        parts.append("\n".join([_means_title(overview), *signal_table(overview, width)]))
    if few >= 2:
        parts += [_drawn(chart, paper, width) for chart in _charts(overview, paper)]
    else:
        which = "wrong" if overview.wrong <= overview.right else "right"
        parts.append(f"{few} {which} answers are too few for curves of means with bands.")
    if early is not None:
        parts.append("\n".join(["How early failures show", *early_lines(early)]))
        chart = early_chart(early, paper.theme, ascii=paper.ascii)
        if chart is not None:
            parts.append(_drawn(chart, paper, width))
    return "\n\n".join(parts)


def comparison_page(comparison: Comparison, paper: Paper) -> str:
    """Return what changed between two runs."""
    width = max(paper.width, _NARROWEST)
    a, b = (clean(run.name) for run in (comparison.a, comparison.b))
    shares = comparison.shares
    if shares is None:
        return f"{a} and {b} have no question in common that was scored in both."
    counts = [
        ("both right", comparison.both_right),
        (f"fixed: right in {b} only", len(comparison.fixed)),
        (f"broken: right in {a} only", len(comparison.broken)),
        ("both wrong", len(comparison.both_wrong)),
    ]
    label = max(len(name) for name, _ in counts)
    lines = [
        f"{a} and {b} on {comparison.samples:,} questions of {clean(comparison.a.dataset)}",
        f"exact match {100 * shares[0]:.1f} and {100 * shares[1]:.1f}",
        "",
        *(f"{name:<{label}}  {count:>7,}" for name, count in counts),
        "",
        f"McNemar's exact test: p = {_p_value(comparison.p_value)}, the chance of a split at least "
        "this uneven between fixed and broken where both runs are equally good.",
    ]
    for title, changes in (("Fixed", comparison.fixed), ("Broken", comparison.broken)):
        if changes:
            lines += ["", title, *_change_lines(changes, width, "~" if paper.ascii else "…")]
    return "\n".join(lines)


def rule_rows(levels: Levels | None = None) -> list[tuple[str, str]]:
    """Return ``(kind, rule)`` for a help page, in the order in which rules are tried."""
    return [(TITLES[kind], rule) for kind, rule in rules(levels)]


def _heading(overview: Overview, width: int) -> str:
    run = overview.run
    scores = [
        f"{name} {100 * value:.1f}"
        for name, value in (
            ("exact match", run.exact_match),
            ("F1", run.f1),
            ("accuracy", run.accuracy),
        )
        if value is not None
    ]
    counts = [f"{overview.right:,} right", f"{overview.wrong:,} wrong"]
    counts += [
        f"{count:,} {what}"
        for count, what in (
            (overview.unscored, "without a gold answer"),
            (overview.errors, "could not be run"),
        )
        if count
    ]
    lines = [
        clean(f"{run.name}: {run.model} on {run.dataset}, {run.state}"),
        f"{run.done:,} of {run.total:,} questions, {', '.join(counts)}",
        ", ".join(scores),
    ]
    return "\n".join(line for line in lines if line)


def _means_title(overview: Overview) -> str:
    return f"Means by layer: {overview.right:,} right / {overview.wrong:,} wrong answers"


def _charts(overview: Overview, paper: Paper) -> list[Chart]:
    return signal_charts(overview, paper.theme, ascii=paper.ascii)


def _drawn(chart: Chart, paper: Paper, width: int) -> str:
    picture = curves(
        chart.series,
        width=width,
        height=_ROWS,
        title=chart.title,
        x_title="layer",
        x_limits=(0, max(chart.layers, 1)),
        y_limits=chart.limits,
        whole_x=True,
        ascii=paper.ascii,
        colour=paper.colour,
    )
    return to_text(picture, paper.colour)


def _bar(length: float, plain: bool) -> str:
    if plain:
        return "#" * round(length)
    eighths = round(length * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _at(found: Curves, name: Signal, layer: int) -> str:
    value = float(found[name].mean[layer]) if name in found else math.nan
    return f"{value:.2f}" if math.isfinite(value) else "-"


def _area_cells(area: Area | None) -> tuple[str, str]:
    if area is None:
        return "-", "-"
    return f"{area.value:.2f}", f"{area.low:.2f} to {area.high:.2f}"


def _p_value(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else f"{value:.1e}"


def _change_lines(changes: Sequence[Change], width: int, mark: str) -> list[str]:
    lines = []
    for change in changes[:_MOST_CHANGES]:
        text = clean(
            f"{change.sample_id}: {change.question} | {change.before} -> {change.after}"
            f" (gold: {change.gold})"
        )
        parts = clusters(text)
        lines.append("".join(part for part, _ in shorten(parts, width, mark)))
    more = len(changes) - _MOST_CHANGES
    if more > 0:
        lines.append(f"and {more:,} more (--json has them all)")
    return lines
