"""Comparisons of models and phases over a data set, as pages of text and as plain objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from bertscope_tui.analysis.phase_scores import PHASES
from bertscope_tui.analysis.phases import TITLES, Phases
from bertscope_tui.data.hygiene import clean
from bertscope_tui.inspection.report import phases_object
from bertscope_tui.inspection.views import Look, phases_words
from bertscope_tui.plots.heatmap import Picture, heatmap, to_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bertscope_tui.inspection.comparing import Comparison
    from bertscope_tui.inspection.phase_run import PhaseRun
    from bertscope_tui.inspection.survey import Failure

COMPARE_SCHEMA = "bertscope.compare/1"
PHASES_SCHEMA = "bertscope.phases/1"

_MOST_FAILURES = 5
_MOST_IDS = 12


def compare_object(found: Comparison) -> dict[str, Any]:
    """Return what ``compare --json`` prints."""
    return {
        "schema": COMPARE_SCHEMA,
        "models": [model.name for model in found.models],
        "dataset": found.dataset,
        "samples": found.samples,
        "units": found.units,
        "cka": found.cka.tolist(),
        "neighbourhood_change": found.change.tolist(),
        "scored": found.scored,
        "right": list(found.right) if found.right is not None else None,
        "fixed": list(found.fixed),
        "broken": list(found.broken),
        "mcnemar_p": found.mcnemar_p,
        "failures": _failures_object(found.failures),
    }


_NOT_SCORED = "not known of both: one makes no predictions, or there is no gold"
_NO_NEIGHBOURS = "not known: no sample has three pieces of text that both read"


def _known(found: Comparison) -> bool:
    """Say whether there was anything to have neighbours."""
    return bool((found.change == found.change).all())


def compare_page(found: Comparison, look: Look, *, width: int = 80, colour: bool = False) -> str:
    """Return the page: whose answers are right, and the heat map of the layers' likeness."""
    one, other = (clean(model.name) for model in found.models)
    lines = [
        f"{one} (A) and {other} (B) on {clean(found.dataset)}",
        f"{found.samples:,} samples, {found.units:,} pieces of text that both read",
    ]
    if found.right is not None:
        lines += [
            "",
            f"Right of {found.scored:,}: A {found.right[0]:,}, B {found.right[1]:,}",
            f"Only B has right: {_ids(found.fixed)}",
            f"Only A has right: {_ids(found.broken)}",
            f"McNemar's exact p: {found.mcnemar_p:.3g}",
        ]
    else:
        lines += ["", f"Right: {_NOT_SCORED}"]
    changes = found.change.tolist()
    picture = layer_map(found, look, width=width, height=3 * len(found.cka) + 3, colour=colour)
    lines += [
        "",
        "Linear CKA of the layers: 1 where one is a turned and scaled copy of the other",
        to_text(picture, colour),
        "",
        "Neighbours of a token that differ between A and B at the same depth, by layer of A",
        *(_numbers(changes, width) if _known(found) else [f"    {_NO_NEIGHBOURS}"]),
        *_failure_lines(found.failures),
    ]
    return "\n".join(lines)


def layer_map(
    found: Comparison,
    look: Look,
    *,
    width: int,
    height: int,
    colour: bool,
    marks: Mapping[int, str] | None = None,
) -> Picture:
    """Return the heat map of the CKA of all pairs of layers, those of A from the bottom up.

    ``marks`` are signs before the names of some layers of A.
    """
    rows, columns = found.cka.shape
    signs = marks or {}
    return heatmap(
        found.cka[::-1].tolist(),
        width=width,
        height=height,
        row_labels=[
            f"{signs.get(layer, ' ')} A {layer}" if signs else f"A {layer}"
            for layer in reversed(range(rows))
        ],
        column_labels=[str(layer) for layer in range(columns)],
        title="layer of B",
        ramp=look.theme.ramp,
        ascii=look.ascii,
        colour=colour,
    )


def most_alike(row: NDArray[np.float64]) -> int | None:
    """Return the place of the largest of some CKAs, the first of equals; None if none is known."""
    known = [place for place, value in enumerate(row.tolist()) if value == value]
    return max(known, key=lambda place: float(row[place]), default=None)


def likeness_words(found: Comparison, cell: tuple[int, int]) -> str:
    """Return in a line the CKA of a layer of A and one of B, and what each is most like."""
    a, b = cell
    value = float(found.cka[a, b])
    figure = f"{value:.3f}" if value == value else "not known, all pieces are alike in one of them"
    words = [f"A {a} and B {b}: CKA {figure}"]
    for name, layer, row, other in (("A", a, found.cka[a], "B"), ("B", b, found.cka[:, b], "A")):
        alike = most_alike(row)
        if alike is not None:
            words.append(f"most like {name} {layer} is {other} {alike} ({row[alike]:.3f})")
    return "; ".join(words)


def compare_facts(found: Comparison) -> list[tuple[str, str]]:
    """Return what a comparison says beside its map, as ``(label, text)``."""
    facts = [
        ("A", found.models[0].name),
        ("B", found.models[1].name),
        ("data", f"{found.dataset}, {found.samples:,} samples"),
        ("pieces", f"{found.units:,} pieces of text that both read"),
    ]
    if found.right is not None:
        facts += [
            ("right", f"A {found.right[0]:,}, B {found.right[1]:,} of {found.scored:,}"),
            ("fixed", f"only B has right: {_ids(found.fixed)}"),
            ("broken", f"only A has right: {_ids(found.broken)}"),
            ("McNemar", f"exact p = {found.mcnemar_p:.3g}"),
        ]
    else:
        facts.append(("right", _NOT_SCORED))
    changes = "  ".join(f"{layer} {value:.2f}" for layer, value in enumerate(found.change.tolist()))
    changes = changes if _known(found) else _NO_NEIGHBOURS
    facts.append(("changed", f"neighbours that differ at the same depth, by layer of A: {changes}"))
    facts += [
        ("failed", f"{one.sample_id}: {one.reason}") for one in found.failures[:_MOST_FAILURES]
    ]
    more = len(found.failures) - _MOST_FAILURES
    if more > 0:
        facts.append(("failed", f"and {more:,} more"))
    return facts


def phases_run_object(found: PhaseRun) -> dict[str, Any]:
    """Return what ``phases --json`` prints."""
    return {
        "schema": PHASES_SCHEMA,
        "model": found.model.name,
        "dataset": found.dataset,
        "variant": found.variant,
        "all": _run_object(found.every),
        "right": None if found.right is None else _run_object(found.right),
        "wrong": None if found.wrong is None else _run_object(found.wrong),
        "failures": _failures_object(found.failures),
    }


def phases_page(found: PhaseRun, look: Look, *, width: int = 80, colour: bool = False) -> str:
    """Return the page: the phases of all samples, of right and of wrong answers, as heat maps."""
    lines = [f"Phases of {clean(found.model.name)} on {clean(found.data)}"]
    for title, phases in (
        ("All samples", found.every),
        ("Right answers", found.right),
        ("Wrong answers", found.wrong),
    ):
        if phases is not None:
            lines += ["", *_run_lines(title, phases, look, width, colour)]
    return "\n".join([*lines, *_failure_lines(found.failures)])


def _run_lines(title: str, phases: Phases, look: Look, width: int, colour: bool) -> list[str]:
    lines = [f"{title} ({phases.samples:,})", *_filled(phases_words(phases), width)]
    if phases.support is not None:
        support = " ".join(f"{part:.2f}" for part in phases.support)
        lines += _filled(f"support by layer: {support}", width)
    if phases.order and phases.order_support is not None:
        order = ", ".join(TITLES[phase] for phase in phases.order)
        best = f"order that fits best: {order} ({phases.order_support:.0%} of resamples)"
        lines += _filled(best, width)
    names = [TITLES[phase] for phase in PHASES]
    layers = phases.scores.shape[1]
    picture = heatmap(
        phases.normal.tolist(),
        width=width,
        height=len(PHASES) + 3,
        row_labels=[name.removesuffix(" matching") for name in names],
        column_labels=[str(layer) for layer in range(layers)],
        title="layer",
        ramp=look.theme.ramp,
        ascii=look.ascii,
        colour=colour,
    )
    lines += [to_text(picture, colour), "  areas under the ROC curve, 0.5 is chance"]
    longest = max(map(len, names))
    for name, scores in zip(names, phases.scores.tolist(), strict=True):
        numbers = " ".join("   -" if value != value else f"{value:4.2f}" for value in scores)
        lines.append(f"  {name:<{longest}}  {numbers}")
    return lines


def _filled(text: str, width: int) -> list[str]:
    return wrap(text, width, initial_indent="  ", subsequent_indent="    ")


def _run_object(phases: Phases) -> dict[str, Any]:
    return {
        "count": phases.samples,
        **phases_object(phases),
        "support": None if phases.support is None else phases.support.tolist(),
        "order_support": phases.order_support,
    }


def _numbers(values: Sequence[float], width: int) -> list[str]:
    """Return numbers with their layers, in as many lines as they need."""
    entries = [f"{layer:>3} {value:.2f}" for layer, value in enumerate(values)]
    each = max(1, (width - 2) // 10)
    return [
        "  " + "   ".join(entries[start : start + each]) for start in range(0, len(entries), each)
    ]


def _ids(names: Sequence[str]) -> str:
    shown = ", ".join(clean(name) for name in names[:_MOST_IDS])
    more = len(names) - _MOST_IDS
    tail = f" and {more:,} more" if more > 0 else ""
    return f"{len(names):,}" + (f" ({shown}{tail})" if names else "")


def _failures_object(failures: Sequence[Failure]) -> list[dict[str, str]]:
    return [{"id": failure.sample_id, "reason": failure.reason} for failure in failures]


def _failure_lines(failures: Sequence[Failure]) -> list[str]:
    lines = [f"! {clean(one.sample_id)}: {clean(one.reason)}" for one in failures[:_MOST_FAILURES]]
    more = len(failures) - _MOST_FAILURES
    if more > 0:
        lines.append(f"! and {more} more that could not be run (--json has them all)")
    return ["", *lines] if lines else []
