"""Evaluations and the paper's table as text."""

from __future__ import annotations

from collections.abc import Sequence

from bertscope_tui.data.hygiene import clean
from bertscope_tui.evaluation.evaluate import Evaluation
from bertscope_tui.evaluation.intervals import Interval
from bertscope_tui.evaluation.store import Stored
from bertscope_tui.evaluation.table import COLUMNS, Row
from bertscope_tui.plots.columns import table

_MOST_FAILURES = 10


def evaluation_page(evaluation: Evaluation) -> str:
    """Return the scores in percent with their intervals, and each bAbI task."""
    totals, model, dataset = evaluation.totals, evaluation.model, evaluation.dataset
    what = [dataset.format, dataset.variant, dataset.split]
    lines = [
        clean(f"{model.name} on {dataset.name} ({', '.join(part for part in what if part)})"),
        _counts(evaluation),
        "",
    ]
    scores = [
        ("exact match", totals.exact_match, totals.exact_match_interval),
        ("F1", totals.f1, totals.f1_interval),
        ("accuracy", totals.accuracy, totals.accuracy_interval),
    ]
    rows = [
        (name, percent(value), _interval(interval))
        for name, value, interval in scores
        if value is not None
    ]
    lines.append(table(("score", "%", "95 % interval"), rows, right=(1, 2)))
    if totals.tasks:
        rows4 = [
            (name, str(task.count), percent(task.accuracy), _interval(task.interval))
            for name, task in totals.tasks.items()
        ]
        head = ("task", "questions", "accuracy %", "95 % interval")
        lines += ["", table(head, rows4, right=(0, 1, 2, 3))]
    for failure in evaluation.failures[:_MOST_FAILURES]:
        lines.append(clean(f"! {failure.sample_id}: {failure.reason}"))
    more = len(evaluation.failures) - _MOST_FAILURES
    if more > 0:
        lines.append(f"! and {more} more that could not be run (--json has them all)")
    return "\n".join(lines)


def table_page(rows: Sequence[Row]) -> str:
    """Return Table 2 in percent, with a note for each figure of our own."""
    origins = [
        clean(f"{row.model}, {column.title}: {_origin(cell.result)}")
        for row in rows
        for column, cell in zip(COLUMNS, row.cells, strict=True)
        if cell is not None and cell.result is not None
    ]
    marks = iter(range(1, len(origins) + 1))
    room = len(f" [{len(origins)}]") if origins else 0  # figures stand flush, with or without mark
    body = []
    for row in rows:
        name = f"{row.model} (the paper)" if row.source == "paper" else row.model
        cells = [clean(name)]
        for cell in row.cells:
            mark = f" [{next(marks)}]" if cell is not None and cell.result is not None else ""
            cells.append("" if cell is None else percent(cell.value) + mark.ljust(room))
        body.append(cells)
    head = ("model", *(column.title + " " * room for column in COLUMNS))
    lines = [table(head, body, right=range(1, len(head))), ""]
    lines.append("F1 in %, for bAbI accuracy in %; empty: not evaluated.")
    lines.append("The paper: van Aken et al. 2019, Table 2, which names no metric.")
    lines += [f"[{number}] {origin}" for number, origin in enumerate(origins, start=1)]
    return "\n".join(lines)


def percent(value: float | None) -> str:
    """Return a fraction in percent with one decimal."""
    return "-" if value is None else f"{100 * value:.1f}"


def _interval(interval: Interval | None) -> str:
    return "-" if interval is None else f"{percent(interval[0])} to {percent(interval[1])}"


def _counts(evaluation: Evaluation) -> str:
    totals = evaluation.totals
    parts = [f"{totals.count} questions"]
    if evaluation.limit is not None:
        parts[0] += f" of {len(evaluation.dataset.samples)}"
    if evaluation.dataset.skipped:
        parts.append(f"{evaluation.dataset.skipped} records skipped")
    if evaluation.dataset.left_out:
        parts.append(f"{evaluation.dataset.left_out} yes/no questions left out")
    if totals.unscored:
        parts.append(f"{totals.unscored} without a gold answer not scored")
    if totals.errors:
        parts.append(f"{totals.errors} could not be run and count as wrong")
    rate = evaluation.questions_per_second
    if rate is not None:
        parts.append(f"{evaluation.seconds:.1f} s ({rate:.1f} a second)")
    return ", ".join(parts)


def _origin(result: Stored) -> str:
    data = result.data
    parts = [f"{result.count} questions"]
    if data.task_count:
        parts.append(f"{data.task_count} tasks")
    if data.variant in ("span", "classification"):
        parts.append(data.variant)
    if data.impossible:
        parts.append(f"{data.impossible} of them unanswerable")
    if data.yes_no == "kept":
        parts.append("yes/no questions among them")
    split = f" ({data.split})" if data.split else ""
    return f"{data.name}{split}, {', '.join(parts)}, {result.created[:10]}"
