"""The command itself: without a verb it opens the app, with one it prints.

Only click is imported here, so that ``--help`` is there at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from bertscope_tui import __version__
from bertscope_tui.cli import options
from bertscope_tui.cli.compare import compare
from bertscope_tui.cli.datasets import datasets
from bertscope_tui.cli.doctor import doctor
from bertscope_tui.cli.evaluate import evaluate
from bertscope_tui.cli.finetune import finetune
from bertscope_tui.cli.inspect import inspect
from bertscope_tui.cli.models import models
from bertscope_tui.cli.phases import phases
from bertscope_tui.cli.probe import probe
from bertscope_tui.cli.probe_data import probe_data
from bertscope_tui.cli.runs import runs
from bertscope_tui.cli.scan import scan
from bertscope_tui.cli.trainings import trainings

_ABOUT = """Look inside a question-answering Transformer, layer by layer.

Without a verb this opens the app; it needs a terminal. The verbs print to any output.
"""


class _Size(click.ParamType[tuple[int, int]]):
    """A size in cells, written ``160x48``."""

    name = "WxH"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        """Return columns and rows; fails with a usage error."""
        if isinstance(value, tuple):
            return value
        columns, cross, rows = str(value).lower().partition("x")
        if cross and columns.isascii() and columns.isdigit() and rows.isascii() and rows.isdigit():
            size = int(columns), int(rows)
            if 20 <= size[0] <= 1000 and 6 <= size[1] <= 1000:
                return size
        self.fail(f"{value!r} is not a size such as 160x48", param, ctx)


@click.group(
    invoke_without_command=True,
    help=_ABOUT,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@options.what
@options.looks
@click.option("--mouse/--no-mouse", default=None, help="React to the mouse.  [default: yes]")
@options.loading
@options.windows
@click.option(
    "--screenshot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.svg",
    help="Draw the sample without a terminal, save the screen as SVG, and exit.",
)
@click.option(
    "--size",
    type=_Size(),
    metavar="WxH",
    help="Size of the screenshot in cells.  [default: 160x48]",
)
@options.cache_dir
@options.debug
@click.version_option(__version__, "--version", message="%(prog)s %(version)s")
@click.pass_context
def root(context: click.Context, /, **given: Any) -> int | None:
    """Open the app, unless a verb follows."""
    if context.invoked_subcommand is None:
        from bertscope_tui.cli.app import open_app

        return open_app(**given)
    typed = [
        parameter.opts[-1]
        for parameter in context.command.params
        if parameter.name not in ("cache_dir", "debug")
        and context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
    ]
    if typed:
        raise click.UsageError(
            f"{typed[0]} is given to the app: put it behind '{context.invoked_subcommand}'"
        )
    return None


for verb in (
    inspect,
    evaluate,
    scan,
    runs,
    probe,
    probe_data,
    phases,
    compare,
    finetune,
    trainings,
    models,
    datasets,
    doctor,
):
    root.add_command(verb)
