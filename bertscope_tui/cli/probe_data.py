"""The verb ``probe-data``: labelled spans from the public formats, as a file or as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from bertscope_tui.cli import options
from bertscope_tui.cli.output import write_json, write_text
from bertscope_tui.data.probing.records import PROBE_TASKS, ProbeSplit, ProbeTask
from bertscope_tui.errors import InputError
from bertscope_tui.plots.columns import table

if TYPE_CHECKING:
    from bertscope_tui.data.probing.records import ProbeData

SCHEMA = "bertscope.probe-data/1"
_MOST_PROBLEMS = 50

SKIPPED = 3

_task = click.Choice(PROBE_TASKS)
_fine = click.option("--fine", is_flag=True, help="The fine question types of TREC.")
_all_pairs = click.option(
    "--all-pairs",
    is_flag=True,
    help="All coreference pairs of different mentions, not as many as of equal ones.",
)


@click.group("probe-data", short_help="Make and show labelled spans for probing.")
def probe_data() -> None:
    """Make a file of labelled spans for ``probe``, or say what is in one."""


@probe_data.command("make")
@click.argument("task", type=_task)
@click.option("--from", "source", required=True, metavar="PATH", help="A file or a folder.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="JSON lines to write.")
@_fine
@_all_pairs
@click.option("--seed", type=int, default=0, show_default=True, help="Of splits and negatives.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N texts.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@options.strict
@options.as_json
@options.debug
def make(
    task: ProbeTask,
    source: str,
    out: Path,
    fine: bool,
    all_pairs: bool,
    seed: int,
    limit: int | None,
    force: bool,
    strict: bool,
    as_json: bool,
    debug: bool,
) -> int:
    """Read PATH, whatever its format, and write its examples for TASK with their splits."""
    from bertscope_tui.data.probing.open import open_probe_data
    from bertscope_tui.data.probing.writing import write_probe_data

    if out.exists() and not force:
        raise InputError(f"{out}: is there already", remedy="--force writes over it")
    negatives = None if all_pairs else 1.0
    data = open_probe_data(source, task, fine=fine, negatives=negatives, seed=seed, limit=limit)
    write_probe_data(data, out)
    _say(data, as_json, out)
    return SKIPPED if strict and data.skipped else 0


@probe_data.command("show")
@click.argument("path")
@click.option("--task", type=_task, help="Where the format has several.")
@_fine
@_all_pairs
@options.strict
@options.as_json
@options.debug
def show(
    path: str,
    task: ProbeTask | None,
    fine: bool,
    all_pairs: bool,
    strict: bool,
    as_json: bool,
    debug: bool,
) -> int:
    """Say what is in PATH: labels, splits, and the records that cannot be used."""
    from bertscope_tui.data.probing.open import open_probe_data

    data = open_probe_data(path, task, fine=fine, negatives=None if all_pairs else 1.0)
    _say(data, as_json, None)
    return SKIPPED if strict and data.skipped else 0


def _say(data: ProbeData, as_json: bool, out: Path | None) -> None:
    counts = _counts(data)
    splits: tuple[ProbeSplit, ...] = get_args(ProbeSplit)
    examples = {name: sum(one.split == name for one in data.examples) for name in splits}
    if as_json:
        problems = [{"where": one.where, "what": one.what} for one in data.problems]
        found: dict[str, Any] = {
            "schema": SCHEMA,
            "task": data.task,
            "name": data.name,
            "path": data.path,
            "out": None if out is None else str(out),
            "spans": data.spans,
            "labels": counts,
            "examples": examples,
            "skipped": data.skipped,
            "left_out": data.left_out,
            "problems": problems,
        }
        write_json(found)
        return
    from bertscope_tui.data.hygiene import clean

    rows = [
        (clean(label), *(str(of[name]) for name in splits), str(sum(of.values())))
        for label, of in counts.items()
    ]
    texts = ", ".join(f"{count:,} {name}" for name, count in examples.items())
    lines = [
        clean(f"{data.name}: {data.task}, {data.spans} span{'s' * (data.spans > 1)} a target"),
        f"  {len(data.examples):,} texts ({texts}), {data.skipped:,} records skipped, "
        f"{data.left_out:,} left out on purpose",
        table(("label", *splits, "all"), rows, right=(1, 2, 3, 4)),
    ]
    lines.extend(clean(f"! {one.where}: {one.what}") for one in data.problems[:_MOST_PROBLEMS])
    if len(data.problems) > _MOST_PROBLEMS:
        lines.append(f"and {len(data.problems) - _MOST_PROBLEMS:,} more")
    if out is not None:
        lines.append(clean(str(out)))
    write_text("\n".join(lines))


def _counts(data: ProbeData) -> dict[str, dict[str, int]]:
    """Return how many targets of each label there are in each split."""
    splits: tuple[ProbeSplit, ...] = get_args(ProbeSplit)
    counts: dict[str, dict[str, int]] = {label: dict.fromkeys(splits, 0) for label in data.labels}
    for example in data.examples:
        for target in example.targets:
            for label in target.labels:
                if example.split is not None:
                    counts[label][example.split] += 1
    return counts
