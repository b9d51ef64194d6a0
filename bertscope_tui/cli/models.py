"""The verb ``models``: what there is to open, told from small files without importing torch."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bertscope_tui.cli import options
from bertscope_tui.cli.output import write_json, write_text
from bertscope_tui.plots.columns import table

if TYPE_CHECKING:
    from bertscope_tui.models.catalog import ModelEntry
    from bertscope_tui.models.provenance import Provenance

SCHEMA = "bertscope.models/1"
ONE = "bertscope.model/1"


@click.group(invoke_without_command=True)
@options.cache_dir
@options.as_json
@options.debug
@click.pass_context
def models(context: click.Context, as_json: bool, debug: bool) -> None:
    """List, show, import and remove the models that can be opened by name."""
    if context.invoked_subcommand is None:
        _list((), as_json)
    else:
        context.obj = as_json


@models.command("list")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@options.cache_dir
@options.as_json
@options.debug
@click.pass_obj
def list_verb(as_json_before: bool, folders: tuple[Path, ...], as_json: bool, debug: bool) -> None:
    """List bundled, cached and Hugging Face models, and those in FOLDERS."""
    for folder in folders:
        if not folder.is_dir():
            raise click.UsageError(f"{folder}: no such folder")
    _list(folders, as_json or as_json_before)


@models.command("show")
@click.argument("name", metavar="NAME|FOLDER")
@options.cache_dir
@options.as_json
@options.debug
@click.pass_obj
def show_verb(as_json_before: bool, name: str, as_json: bool, debug: bool) -> None:
    """Show what is known of a model: its base, data, settings, scores, and how to make it again."""
    from bertscope_tui.models.catalog import find_model

    _show(find_model(name), as_json or as_json_before)


@models.command("import")
@click.argument("source", metavar="FOLDER|HUB-NAME")
@click.option("--name", metavar="NAME", help="Name in the cache.  [default: that of the source]")
@click.option("--force", is_flag=True, help="Replace a cached model of this name.")
@click.option(
    "--allow-download",
    is_flag=True,
    help="Fetch a model that is not on this machine from the Hugging Face hub.",
)
@options.cache_dir
@options.as_json
@options.debug
@click.pass_obj
def import_verb(
    as_json_before: bool,
    source: str,
    name: str | None,
    force: bool,
    allow_download: bool,
    as_json: bool,
    debug: bool,
) -> None:
    """Copy a model of a folder or of the Hugging Face hub into the cache."""
    from bertscope_tui.models.importing import import_model

    with _raised_interrupts():
        entry = import_model(source, name, force=force, allow_download=allow_download)
    if as_json or as_json_before:
        _show(entry, True)
    else:
        from bertscope_tui.data.hygiene import clean

        write_text(clean(f"{entry.name}: {entry.bytes / 1e6:.1f} MB, in {entry.path}"))


@models.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.cache_dir
@options.as_json
@options.debug
@click.pass_obj
def remove_verb(as_json_before: bool, name: str, yes: bool, as_json: bool, debug: bool) -> int:
    """Delete the cached model NAME. Bundled and Hugging Face models are left alone."""
    from bertscope_tui.data.hygiene import clean
    from bertscope_tui.models.cache import removable, remove_model

    entry = removable(name)
    if not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise click.UsageError("nobody is there to be asked: give --yes to remove it")
        what = clean(f"Remove {entry.name} ({entry.bytes / 1e6:.1f} MB, {entry.path})?")
        if not click.confirm(what, err=True):
            return 1
    removed = remove_model(name)
    if as_json or as_json_before:
        write_json({"schema": ONE, **_object(removed), "removed": True})
    else:
        write_text(clean(f"{removed.name}: removed"))
    return 0


@contextmanager
def _raised_interrupts() -> Iterator[None]:
    """Let Ctrl+C be raised instead of ending the process: what was copied so far is deleted."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _list(folders: tuple[Path, ...], as_json: bool) -> None:
    from bertscope_tui.models.catalog import list_models

    entries = list_models(folders)
    if as_json:
        write_json({"schema": SCHEMA, "models": [_object(entry) for entry in entries]})
    elif entries:
        write_text(_table(entries))
    else:
        write_text(
            "no models: 'models list FOLDER' lists FOLDER itself or the models right inside it; "
            "a model is a folder with config.json"
        )


def _show(entry: ModelEntry, as_json: bool) -> None:
    from bertscope_tui.models.provenance import provenance

    found = provenance(entry)
    if as_json:
        write_json({"schema": ONE, **_object(entry), **_provenance(found)})
    else:
        from bertscope_tui.cli.model_page import model_page

        write_text(model_page(found))


def _object(entry: ModelEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "source": entry.source,
        "path": str(entry.path),
        "architecture": entry.architecture,
        "layers": entry.layers,
        "hidden_size": entry.hidden_size,
        "head": entry.head,
        "base": entry.base,
        "bytes": entry.bytes,
        "score": entry.score,
        "metric": entry.metric,
        "problem": entry.problem,
    }


def _provenance(found: Provenance) -> dict[str, Any]:
    from bertscope_tui.models.card import as_object

    base = found.base
    return {
        "card": None if found.card is None else as_object(found.card),
        "base_model": None
        if base is None
        else {"name": base.name, "source": base.source, "path": str(base.path)},
        "base_state": found.base_state,
        "files": [
            {"part": one.part, "path": one.file.path, "state": one.state} for one in found.files
        ],
    }


def _table(entries: list[ModelEntry]) -> str:
    from bertscope_tui.cli.model_page import base_name
    from bertscope_tui.data.hygiene import clean

    head = ("model", "source", "architecture", "layers", "size", "head", "MB", "score", "base")
    rows = [
        (
            clean(entry.name),
            entry.source,
            clean(entry.architecture or "-"),
            _number(entry.layers),
            _number(entry.hidden_size),
            entry.head or "-",
            f"{entry.bytes / 1e6:.1f}",
            "-" if entry.score is None else f"{entry.score:.3f}",
            base_name(entry),
        )
        for entry in entries
    ]
    lines = [table(head, rows, right=(3, 4, 6, 7))]
    lines.extend(
        clean(f"! {entry.name}: {entry.problem}") for entry in entries if entry.problem is not None
    )
    return "\n".join(lines)


def _number(value: int | None) -> str:
    return "-" if value is None else str(value)
