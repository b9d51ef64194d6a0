"""The verb ``datasets``: what there is to open, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bertscope_tui.cli import options
from bertscope_tui.cli.output import write_json, write_text
from bertscope_tui.plots.columns import table

if TYPE_CHECKING:
    from bertscope_tui.data.catalog import DatasetEntry
    from bertscope_tui.data.records import Dataset

SCHEMA = "bertscope.datasets/1"
SKIPPED = 3
_MOST_PROBLEMS = 50


@click.group(invoke_without_command=True)
@options.as_json
@options.debug
@click.pass_context
def datasets(context: click.Context, as_json: bool, debug: bool) -> None:
    """List the data sets that can be opened by name, or check one."""
    if context.invoked_subcommand is None:
        _list((), as_json)
    else:
        context.obj = as_json


@datasets.command("list")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@options.as_json
@options.debug
@click.pass_obj
def list_verb(as_json_before: bool, paths: tuple[Path, ...], as_json: bool, debug: bool) -> None:
    """List the bundled data sets, and those at PATHS, with the number of their samples."""
    for path in paths:
        if not path.exists():
            raise click.UsageError(f"{path}: no such file or folder")
    _list(paths, as_json or as_json_before)


@datasets.command("check")
@click.argument("path")
@click.option("--variant", metavar="NAME", help="How to read it, as for the verb inspect.")
@options.keep_yes_no
@click.option("--strict", is_flag=True, help="Exit with 3 if any record was skipped.")
@options.as_json
@options.debug
@click.pass_obj
def check(
    as_json_before: bool,
    path: str,
    variant: str | None,
    keep_yes_no: bool,
    strict: bool,
    as_json: bool,
    debug: bool,
) -> int:
    """Read all of PATH (or of the data set of that name) and say what is wrong with it."""
    from bertscope_tui.data.catalog import find_dataset
    from bertscope_tui.data.open import open_dataset

    dataset = open_dataset(find_dataset(path), variant=variant, keep_yes_no=keep_yes_no)
    if as_json or as_json_before:
        write_json({"schema": SCHEMA, "datasets": [_object(dataset)]})
    else:
        write_text(_report(dataset))
    return SKIPPED if strict and dataset.skipped else 0


def _list(extra: tuple[Path, ...], as_json: bool) -> None:
    from bertscope_tui.data.catalog import list_datasets

    found = [_read(entry) for entry in list_datasets(extra)]
    if as_json:
        write_json({"schema": SCHEMA, "datasets": found})
        return
    if not found:
        write_text("no data sets: 'datasets list PATH' lists files and folders of your own")
        return
    from bertscope_tui.data.hygiene import clean

    head = ("data set", "format", "variant", "samples", "skipped", "path")
    rows = [
        (
            clean(one["name"]),
            one["format"] or "-",
            one["variant"] or "-",
            str(one["count"]),
            str(one["skipped"]),
            clean(one["path"]),
        )
        for one in found
    ]
    lines = [table(head, rows, right=(3, 4))]
    lines.extend(
        clean(f"! {one['name']}: {problem['what']}")
        for one in found
        if not one["count"]
        for problem in one["problems"][:1]
    )
    write_text("\n".join(lines))


def _read(entry: DatasetEntry) -> dict[str, Any]:
    """Read a listed data set; one that cannot be read keeps its line and says why."""
    from bertscope_tui.data.open import open_dataset
    from bertscope_tui.errors import DataError

    try:
        dataset = open_dataset(entry.path)
    except DataError as error:
        return {
            "name": entry.name,
            "path": str(entry.path),
            "format": entry.format,
            "variant": None,
            "variants": list(entry.variants),
            "count": 0,
            "skipped": 0,
            "left_out": 0,
            "problems": [{"where": str(entry.path), "what": error.message}],
        }
    return _object(dataset) | {"name": entry.name}


def _object(dataset: Dataset) -> dict[str, Any]:
    from bertscope_tui.data.open import VARIANTS

    return {
        "name": dataset.name,
        "path": dataset.path,
        "format": dataset.format,
        "variant": dataset.variant,
        "variants": list(VARIANTS.get(dataset.format, ())),
        "count": len(dataset.samples),
        "skipped": dataset.skipped,
        "left_out": dataset.left_out,
        "problems": [{"where": one.where, "what": one.what} for one in dataset.problems],
    }


def _report(dataset: Dataset) -> str:
    from bertscope_tui.data.hygiene import clean

    variant = "" if dataset.variant is None else f", variant {dataset.variant}"
    counts = [f"{len(dataset.samples)} samples", f"{dataset.skipped} skipped"]
    if dataset.left_out:
        counts.append(f"{dataset.left_out} left out on purpose")
    impossible = sum(sample.impossible for sample in dataset.samples)
    if impossible:
        counts.append(f"{impossible} without an answer in the text")
    lines = [
        clean(f"{dataset.path}: {dataset.format}{variant}"),
        f"  {', '.join(counts)}",
    ]
    for problem in dataset.problems[:_MOST_PROBLEMS]:
        lines.append(clean(f"  {problem.where}: {problem.what}"))
    more = len(dataset.problems) - _MOST_PROBLEMS
    if more > 0:
        lines.append(f"  … and {more} more (--json has them all)")
    return "\n".join(lines)
