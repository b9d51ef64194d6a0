"""The verb ``trainings``: fine-tunings on this machine, running or not, without a screen."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import click

from bertscope_tui.cli import options
from bertscope_tui.cli.output import (
    speaks_colour,
    speaks_unicode,
    warn,
    write_json,
    write_text,
)
from bertscope_tui.plots.columns import table

if TYPE_CHECKING:
    from bertscope_tui.training.runs import Run

SCHEMA = "bertscope.trainings/1"
SCHEMA_ONE = "bertscope.training/1"

_WIDEST = 120


@click.group(invoke_without_command=True, short_help="List, show, stop and remove trainings.")
@options.cache_dir
@options.as_json
@options.debug
@click.pass_context
def trainings(context: click.Context, as_json: bool, debug: bool) -> None:
    """List the fine-tunings that run, wait to go on, or are done."""
    if context.invoked_subcommand is None:
        _list(as_json)
    else:
        context.obj = as_json


@trainings.command("list")
@options.cache_dir
@options.as_json
@options.debug
@click.pass_obj
def list_verb(as_json_before: bool, as_json: bool, debug: bool) -> None:
    """List all of them, the one that was at work last first."""
    _list(as_json or as_json_before)


@trainings.command("show")
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
    """Show what is known of NAME, with its curves of loss and development score."""
    from bertscope_tui.training.page import run_object, run_page

    run = _run(name)
    if as_json or as_json_before:
        write_json({"schema": SCHEMA_ONE, **run_object(run, points=True)})
        return
    from bertscope_tui.inspection.choice import theme_to_print
    from bertscope_tui.settings import load_settings

    settings, warnings = load_settings()
    warn(warnings)
    spec, about = theme_to_print(theme or settings.theme, insist=theme is not None)
    warn(about)
    width = min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)
    plain = (settings.ascii if ascii is None else ascii) or not speaks_unicode()
    write_text(run_page(run, spec, width=width, ascii=plain, colour=speaks_colour()))


@trainings.command("stop")
@click.argument("name")
@options.cache_dir
@options.debug
def stop_verb(name: str, debug: bool) -> None:
    """Ask the process at work on NAME to stop where it can be gone on with."""
    from bertscope_tui.training.detached import stop_run
    from bertscope_tui.training.runs import resume_hint

    stop_run(_run(name).name)
    write_text(f"{name} stops after this step; {resume_hint(name)}")


@trainings.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.cache_dir
@options.debug
def remove_verb(name: str, yes: bool, debug: bool) -> int:
    """Delete the run NAME with its checkpoints; a model that came out of it stays."""
    from bertscope_tui.training.runs import remove_run

    run = _run(name)
    if not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise click.UsageError("--yes is needed where nobody can be asked")
        if not click.confirm(f"Delete the run {name} ({run.status.state})?", err=True):
            return 1
    remove_run(name)
    write_text(f"{name} is removed")
    return 0


def _run(name: str) -> Run:
    """Return the run of a name that is in the list; InputError for every other one."""
    from bertscope_tui.data.hygiene import clean, shown
    from bertscope_tui.errors import InputError
    from bertscope_tui.training.runs import list_runs

    runs = {run.name: run for run in list_runs()}
    if name not in runs:
        names = clean(", ".join(runs)) or "none"
        raise InputError(f"no training {shown(name)}", remedy=f"there are: {names}")
    return runs[name]


def _list(as_json: bool) -> None:
    from bertscope_tui.training.page import run_object
    from bertscope_tui.training.runs import list_runs

    runs = list_runs()
    if as_json:
        found = [run_object(run, points=False) for run in runs]
        write_json({"schema": SCHEMA, "trainings": found})
    elif runs:
        write_text(_table(runs))
    else:
        write_text("no trainings: 'finetune' and the key f in the app begin one")


def _table(runs: list[Run]) -> str:
    from bertscope_tui.data.hygiene import clean
    from bertscope_tui.training.views import duration, metric, progress, state_word

    head = ("training", "state", "step", "best", "of", "time", "left")
    rows = [
        (
            clean(run.name),
            state_word(run),
            progress(run),
            "-" if run.best is None else f"{run.best.score:.3f}",
            metric(run),
            duration(run.status.seconds),
            duration(run.status.eta_seconds),
        )
        for run in runs
    ]
    return table(head, rows, right=(2, 3, 5, 6))
