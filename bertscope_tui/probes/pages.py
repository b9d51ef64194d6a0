"""Results as text: a table of layers, the curves of Figures 2 and 3, the heat map of Figure 6."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bertscope_tui.data.hygiene import clean
from bertscope_tui.plots.columns import table
from bertscope_tui.plots.curves import curves
from bertscope_tui.plots.picture import to_text
from bertscope_tui.probes.labels import seeds_words
from bertscope_tui.probes.records import LayerScore, ProbeResult
from bertscope_tui.probes.views import TASK_NAMES, HeatRow, by_data, curves_of, heat_rows

_ROWS = 14
_SHADES, _ASCII_SHADES = " ░▒▓█", " .:*#"


def probe_page(
    results: Sequence[ProbeResult],
    *,
    width: int,
    ascii: bool = False,  # noqa: A002 - named after the option that it follows
    colour: bool = False,
) -> str:
    """Return each result's table, then curves of each data set and a heat map of each model."""
    parts = [result_page(one) for one in results]
    for group in by_data(results):
        title = f"macro F1, {TASK_NAMES[group[0].identity.task]} ({clean(group[0].data)})"
        picture = curves(
            curves_of(group, ascii=ascii),
            width=width,
            height=_ROWS,
            title=title,
            x_title="layer",
            y_limits=(0.0, 1.0),
            whole_x=True,
            ascii=ascii,
            colour=colour,
        )
        parts.append(to_text(picture, colour))
    models: dict[tuple[str, bool], list[ProbeResult]] = {}
    for one in results:  # two models may have one name
        models.setdefault((one.identity.weights_sha256, one.identity.random), []).append(one)
    names = Counter(own[0].model for own in models.values())
    for own in models.values():
        first = own[0]
        name = first.model if names[first.model] == 1 else f"{first.model} ({first.model_path})"
        if len(own) > 1:
            parts.append(heat_page(name, heat_rows(own), ascii=ascii))
    return "\n\n".join(parts)


def result_page(result: ProbeResult) -> str:
    """Return what was probed, the scores of every layer in percent, and the controls."""
    task = TASK_NAMES[result.identity.task]
    targets, examples = result.targets, result.examples
    lines = [
        clean(f"{result.model}: {task}, {result.data}"),
        f"{examples.train}/{examples.dev}/{examples.test} texts with "
        f"{targets.train}/{targets.dev}/{targets.test} targets (train/dev/test), "
        f"{len(result.labels)} labels, {seeds_words(result.options)}, "
        f"pooling {result.options.settings.pooling}",
    ]
    lost = result.lost_truncated + result.lost_untokenised
    if lost:
        lines.append(
            f"{lost} targets lost: {result.lost_truncated} cut off at the end of the window, "
            f"{result.lost_untokenised} without a token"
        )
    lines += [clean(note) for note in result.notes]
    controls = any(one.control_accuracy is not None for one in result.layers)
    head = ["layer", "macro F1", "std", "micro F1", "accuracy"]
    if controls:
        head += ["control", "selectivity", "code bits"]
    rows = [_row(one, controls) for one in result.layers]
    base = result.majority
    rows.append(["majority", _percent(base.macro_f1), "", "", _percent(base.accuracy)])
    if controls:
        rows[-1] += ["", "", _bits(result.codelength_uniform_bits)]
    lines += ["", table(head, rows, right=range(1, len(head)))]
    if result.mix is not None:
        mix = result.mix
        shares = " ".join(_percent(value) for value in mix.weights)
        lines.append(
            f"mix of all layers: macro F1 {_percent(mix.macro_f1)}, centre of gravity "
            f"{mix.center_of_gravity:.2f} (std {mix.center_of_gravity_std:.2f}), weights {shares}"
        )
    if result.control_seen is not None:
        lines.append(
            f"{_percent(result.control_seen)} % of the test targets have words that occur as a "
            "target in training: the control task can be learnt for those only"
        )
    lines.append(
        f"{result.extract_seconds:.1f} s for the states, {result.train_seconds:.1f} s for the "
        f"probes, at most {result.peak_memory_bytes / 1e6:.0f} MB of memory"
    )
    return "\n".join(lines)


def heat_page(
    name: str,
    rows: Sequence[HeatRow],
    *,
    ascii: bool = False,  # noqa: A002 - named after the option that it follows
) -> str:
    """Return the heat map of a model: darker is nearer to the task's best layer."""
    shades = _ASCII_SHADES if ascii else _SHADES
    layers = max(len(row.shade) for row in rows)
    names = [clean(f"{row.task} ({row.data})") for row in rows]
    widest = max(map(len, names))
    lines = [clean(f"{name}: each task from its worst to its best layer")]
    for label, row in zip(names, rows, strict=True):
        cells = (shades[round(value * (len(shades) - 1))] * 2 + " " for value in row.shade)
        lines.append(f"{label:<{widest}}  {''.join(cells)}".rstrip())
    lines.append(" " * (widest + 2) + " ".join(f"{layer:>2}" for layer in range(layers)))
    return "\n".join(lines)


def _row(one: LayerScore, controls: bool) -> list[str]:
    cells = [
        str(one.layer),
        _percent(one.macro_f1),
        _percent(one.macro_f1_std),
        _percent(one.micro_f1),
        _percent(one.accuracy),
    ]
    if controls:
        cells += [
            _percent(one.control_accuracy),
            _percent(one.selectivity),
            _bits(one.codelength_bits),
        ]
    return cells


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _bits(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"
