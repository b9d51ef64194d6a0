"""The verb ``evaluate``: a model's answers to a whole data set, and the paper's table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from bertscope_tui.cli import options
from bertscope_tui.cli.opening import SKIPPED, Opened, open_both
from bertscope_tui.cli.output import warn, write_json, write_text

if TYPE_CHECKING:
    from bertscope_tui.evaluation.evaluate import Evaluation

_WITH_TABLE = ("as_json", "debug", "table", "cache_dir")


@click.command(short_help="Score a model on a data set; the paper's table.")
@options.source
@options.part
@click.option(
    "--predictions",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help='Write the answers to FILE as {"id": "text"}.',
)
@options.strict
@click.option(
    "--table",
    is_flag=True,
    help="Show the paper's Table 2 with the results of earlier evaluations; nothing is run.",
)
@options.loading
@options.windows
@options.cache_dir
@options.as_json
@options.debug
@click.pass_context
def evaluate(context: click.Context, /, *, table: bool, **given: Any) -> int:
    """Score a model's answers to a data set: exact match and F1 by the SQuAD rules, accuracy.

    Each score has its 95 % bootstrap interval. Without --model and --dataset the bundled ones are
    taken. The result of a whole data set is kept for --table.
    """
    if table:
        return _table(context, as_json=given["as_json"], debug=given["debug"])
    return _evaluate(**given)


def _evaluate(
    *,
    limit: int | None,
    predictions: Path | None,
    strict: bool,
    as_json: bool,
    debug: bool,
    keep_yes_no: bool,
    **given: Any,
) -> int:
    from bertscope_tui.logs import start_logging

    start_logging(debug=debug)
    from bertscope_tui.cli.evaluation_pages import evaluation_page
    from bertscope_tui.evaluation.report import (
        check_writable,
        evaluate_object,
        write_predictions,
    )

    if predictions is not None:
        check_writable(predictions)
    found = _run(open_both(keep_yes_no=keep_yes_no, **given), limit)
    if predictions is not None:
        write_predictions(predictions, found.predictions)
    if as_json:
        write_json(evaluate_object(found))
    else:
        write_text(evaluation_page(found))
    if limit is None:
        _keep(found, keep_yes_no=keep_yes_no)
    return SKIPPED if strict and found.skipped else 0


def _run(opened: Opened, limit: int | None) -> Evaluation:
    from bertscope_tui.cli.interrupt import polled
    from bertscope_tui.evaluation.evaluate import evaluate as run_evaluation

    with polled() as cancelled, _progress() as progress:
        return run_evaluation(
            opened.model,
            opened.dataset,
            options=opened.options,
            limit=limit,
            cancelled=cancelled,
            progress=progress,
        )


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """Show on a terminal how far it is, how fast, and for how long still; elsewhere nothing."""
    import sys

    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Samples in a second."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:.1f} samples/s")

    shown = Progress(
        TextColumn("evaluating"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    line = shown.add_task("", total=None)
    with shown:
        yield lambda done, total: shown.update(line, completed=done, total=total)


def _keep(evaluation: Evaluation, *, keep_yes_no: bool) -> None:
    """Keep the result for the table; where that fails, the scores were printed all the same."""
    from bertscope_tui.errors import BertscopeError
    from bertscope_tui.evaluation.store import keep

    try:
        keep(evaluation, keep_yes_no=keep_yes_no)
    except BertscopeError as error:
        warn([f"not kept for --table: {error}"])


def _table(context: click.Context, *, as_json: bool, debug: bool) -> int:
    for parameter in context.command.params:
        typed = context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
        if typed and parameter.name not in _WITH_TABLE:
            raise click.UsageError(
                f"{parameter.opts[-1]} does not go with --table, which runs nothing"
            )
    from bertscope_tui.cli.evaluation_pages import table_page
    from bertscope_tui.evaluation.table import read_table, table_object
    from bertscope_tui.logs import start_logging

    start_logging(debug=debug)
    rows, problems = read_table()
    warn(f"{problem}; passed over" for problem in problems)
    if as_json:
        write_json(table_object(rows))
    else:
        write_text(table_page(rows))
    return 0
