"""The verb ``models``: what there is to open, told from small files without importing torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bertscope_tui.cli import options
from bertscope_tui.cli.output import table, write_json, write_text

if TYPE_CHECKING:
    from bertscope_tui.models.catalog import ModelEntry

SCHEMA = "bertscope.models/1"


@click.group(invoke_without_command=True)
@options.as_json
@options.debug
@click.pass_context
def models(context: click.Context, as_json: bool, debug: bool) -> None:
    """List the models that can be opened by name."""
    if context.invoked_subcommand is None:
        _list((), as_json)
    else:
        context.obj = as_json


@models.command("list")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@options.as_json
@options.debug
@click.pass_obj
def list_verb(as_json_before: bool, folders: tuple[Path, ...], as_json: bool, debug: bool) -> None:
    """List bundled, cached and Hugging Face models, and those in FOLDERS."""
    for folder in folders:
        if not folder.is_dir():
            raise click.UsageError(f"{folder}: no such folder")
    _list(folders, as_json or as_json_before)


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
        "problem": entry.problem,
    }


def _table(entries: list[ModelEntry]) -> str:
    from bertscope_tui.data.hygiene import clean

    head = ("model", "source", "architecture", "layers", "size", "head", "MB", "score")
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
