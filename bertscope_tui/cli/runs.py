"""The verb ``runs``: the scans that are kept, without a screen."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bertscope_tui.cli import options
from bertscope_tui.cli.output import write_json, write_parts, write_text

if TYPE_CHECKING:
    from bertscope_tui.scans.records import Run

_FORMATS = ("csv", "jsonl", "md")
_KINDS = (
    "wrong-fact",
    "right-fact-wrong-span",
    "boundary",
    "low-confidence",
    "lost-answer",
    "label-suspect",
    "other",
)


@click.group(invoke_without_command=True, short_help="List, show, compare and export scans.")
@options.cache_dir
@options.as_json
@options.debug
@click.pass_context
def runs(context: click.Context, as_json: bool, debug: bool) -> None:
    """List the runs that the verb 'scan' and the app have kept."""
    _log(debug)
    if context.invoked_subcommand is None:
        _list(as_json)
    else:
        context.obj = as_json


@runs.command("list")
@options.cache_dir
@options.as_json
@options.debug
@click.pass_obj
def list_verb(as_json_before: bool, as_json: bool, debug: bool) -> None:
    """List all of them, the newest first."""
    _log(debug)
    _list(as_json or as_json_before)


@runs.command("show")
@click.argument("name")
@options.looks
@options.cache_dir
@options.as_json
@options.debug
@click.pass_obj
def show_verb(
    as_json_before: bool,
    name: str,
    theme: str | None,
    ascii: bool | None,  # noqa: A002 - the option's name
    as_json: bool,
    debug: bool,
) -> None:
    """Show the run NAME: scores, kinds of failure, signals by layer, how early errors show."""
    from bertscope_tui.cli.run_pages import open_store, print_run

    _log(debug)
    with open_store(readonly=True) as store:
        run = store.run(name)
    print_run(run, theme=theme, ascii=ascii, as_json=as_json or as_json_before)


@runs.command("compare")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@options.looks
@options.cache_dir
@options.as_json
@options.debug
@click.pass_obj
def compare_verb(
    as_json_before: bool,
    first: str,
    second: str,
    theme: str | None,
    ascii: bool | None,  # noqa: A002 - the option's name
    as_json: bool,
    debug: bool,
) -> None:
    """Say which questions got fixed and which broke from the run A to the run B."""
    from bertscope_tui.cli.run_pages import open_store, paper
    from bertscope_tui.scans.compare import compare, comparison_object
    from bertscope_tui.scans.pages import comparison_page

    _log(debug)
    with open_store(readonly=True) as store:
        found = compare(store, store.run(first), store.run(second))
    if as_json or as_json_before:
        write_json(comparison_object(found))
    else:
        write_text(comparison_page(found, paper(theme, ascii)))


@runs.command("export")
@click.argument("name")
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="csv",
    help="csv (spreadsheets), jsonl (programs) or md (reading).  [default: csv]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to FILE.  [default: standard output]",
)
@click.option(
    "--filter",
    "which",
    type=click.Choice(("all", "wrong", "right")),
    default="all",
    help="Which answers.  [default: all]",
)
@click.option("--kind", type=click.Choice(_KINDS), help="Only failures of this kind.")
@click.option("--text", default="", metavar="TEXT", help="Only samples with this text in them.")
@click.option("--tag", metavar="TAG", help="Only samples with this tag.")
@options.cache_dir
@options.debug
def export_verb(
    name: str,
    form: Any,
    out: Path | None,
    which: Any,
    kind: Any,
    text: str,
    tag: str | None,
    debug: bool,
) -> None:
    """Write the samples of the run NAME with all that is known of them."""
    from bertscope_tui.cli.run_pages import open_store
    from bertscope_tui.evaluation.report import check_writable, write_parts_aside
    from bertscope_tui.scans.export import export
    from bertscope_tui.scans.table import Filter, Sort, Table

    _log(debug)
    if out is not None:
        check_writable(out)
    with open_store(readonly=True) as store:
        run = store.run(name)
        table = Table(store.columns(run.id))
        chosen = table.select(Filter(which, kind, tag, text), Sort())
        places = table.columns.places[chosen].tolist()
        parts = export(run, store.rows(run.id, places), form)
        if out is None:
            write_parts(parts)
        else:
            write_parts_aside(out, parts)
    if out is not None:
        from bertscope_tui.data.hygiene import clean

        count = f"{len(places):,} sample" + ("" if len(places) == 1 else "s")
        write_text(f"{count} of {name} written to {clean(str(out))}")


@runs.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.cache_dir
@options.as_json
@options.debug
@click.pass_obj
def remove_verb(as_json_before: bool, name: str, yes: bool, as_json: bool, debug: bool) -> int:
    """Delete the run NAME with its tags and notes."""
    from bertscope_tui.cli.run_pages import open_store
    from bertscope_tui.scans.report import run_object

    _log(debug)
    with open_store(readonly=True) as store:
        run = store.run(name)
    if not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise click.UsageError("--yes is needed where nobody can be asked")
        if not click.confirm(f"Delete the run {name} ({run.done:,} samples)?", err=True):
            return 1
    with open_store(readonly=False) as store:
        store.remove(name)
    if as_json or as_json_before:
        write_json({"schema": "bertscope.run/1", **run_object(run), "removed": True})
    else:
        write_text(f"{name} is removed")
    return 0


def _log(debug: bool) -> None:
    from bertscope_tui.logs import start_logging

    start_logging(debug=debug)


def _list(as_json: bool) -> None:
    from bertscope_tui.cli.run_pages import open_store
    from bertscope_tui.scans.report import SCHEMA_RUNS, run_object

    with open_store(readonly=True) as store:
        found = store.runs()
    if as_json:
        write_json({"schema": SCHEMA_RUNS, "runs": [run_object(run) for run in found]})
    elif found:
        write_text(_table(found))
    else:
        write_text("no runs: 'bertscope-tui scan' and the app make them")


def _table(found: list[Run]) -> str:
    from bertscope_tui.cli.evaluation_pages import percent
    from bertscope_tui.data.hygiene import clean
    from bertscope_tui.plots.columns import table

    head = ("run", "model", "data", "samples", "state", "exact match %", "F1 %", "begun")
    rows = [
        (
            run.name,
            clean(run.model),
            clean(run.dataset),
            f"{run.done:,}" if run.done == run.total else f"{run.done:,}/{run.total:,}",
            run.state,
            percent(run.exact_match),
            percent(run.f1),
            run.created[:16].replace("T", " "),
        )
        for run in found
    ]
    return table(head, rows, right=(3, 5, 6))
