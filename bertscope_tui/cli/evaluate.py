"""The verb ``evaluate``: a model's answers to a whole data set, and the paper's table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from bertscope_tui.cli import options
from bertscope_tui.cli.output import warn, write_json, write_text

if TYPE_CHECKING:
    from bertscope_tui.data.records import Dataset
    from bertscope_tui.evaluation.evaluate import Evaluation
    from bertscope_tui.models.loading import LoadedModel
    from bertscope_tui.settings import Settings

SKIPPED = 3
_WITH_TABLE = ("as_json", "debug", "table", "cache_dir")


@click.command(short_help="Score a model on a data set; the paper's table.")
@options.source
@click.option("--split", metavar="NAME", help="Questions of train, valid or test files (bAbI).")
@click.option(
    "--task",
    "tasks",
    metavar="N,N",
    multiple=True,
    help="Only these bAbI tasks, by number.  [default: all]",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only N samples, spread evenly over the data set.",
)
@click.option(
    "--predictions",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help='Write the answers to FILE as {"id": "text"}.',
)
@click.option("--strict", is_flag=True, help="Exit with 3 if any record was skipped.")
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


@dataclass(frozen=True, slots=True)
class _Data:
    """Which data set, and how it is read."""

    variant: str | None
    keep_yes_no: bool
    split: str | None
    tasks: tuple[str, ...]

    def open(self, path: Path, variant: str | None = None) -> Dataset:
        from bertscope_tui.data.open import open_dataset

        return open_dataset(
            path,
            variant=variant or self.variant,
            keep_yes_no=self.keep_yes_no,
            split=self.split,
            tasks=self.tasks,
        )


def _evaluate(
    *,
    model: str | None,
    dataset: str | None,
    variant: str | None,
    keep_yes_no: bool,
    split: str | None,
    tasks: tuple[str, ...],
    limit: int | None,
    predictions: Path | None,
    strict: bool,
    device: str | None,
    dtype: str | None,
    allow_download: bool,
    allow_pickle: bool,
    trust_remote_code: bool,
    max_tokens: int | None,
    stride: int | None,
    as_json: bool,
    debug: bool,
) -> int:
    from bertscope_tui.logs import start_logging
    from bertscope_tui.settings import load_settings

    start_logging(debug=debug)
    settings, warnings = load_settings()
    warn(warnings)
    settings = settings.typed(
        model=model,
        dataset=dataset,
        device=device,
        dtype=dtype,
        max_tokens=max_tokens,
        stride=stride,
    )
    from bertscope_tui.cli.evaluation_pages import evaluation_page
    from bertscope_tui.evaluation.report import (
        check_writable,
        evaluate_object,
        write_predictions,
    )
    from bertscope_tui.inspection.choice import dataset_path, model_entry

    if predictions is not None:
        check_writable(predictions)
    path = dataset_path(settings.dataset)
    numbers = tuple(part.strip() for text in tasks for part in text.split(",") if part.strip())
    asked = _Data(variant, keep_yes_no, split, numbers)
    records = asked.open(path)

    from bertscope_tui.models.loading import load_model

    # A name goes to the loader as it is, which may have to ask the hub for it.
    opened = load_model(
        settings.model if settings.model is not None else model_entry(None),
        device=settings.device,
        dtype=settings.dtype,
        allow_download=allow_download,
        allow_pickle=allow_pickle,
        trust_remote_code=trust_remote_code,
    )
    if records.format == "babi" and variant is None and opened.info.head == "classification":
        records = asked.open(path, "classification")
    warn(_remarks(records, opened, path))
    found = _run(opened, records, settings, limit)
    if predictions is not None:
        write_predictions(predictions, found.predictions)
    if as_json:
        write_json(evaluate_object(found))
    else:
        write_text(evaluation_page(found))
    if limit is None:
        _keep(found, keep_yes_no=keep_yes_no)
    return SKIPPED if strict and found.skipped else 0


def _run(model: LoadedModel, dataset: Dataset, settings: Settings, limit: int | None) -> Evaluation:
    from bertscope_tui.cli.interrupt import polled
    from bertscope_tui.engine.scoring import ReadOptions
    from bertscope_tui.evaluation.evaluate import evaluate as run_evaluation

    with polled() as cancelled, _progress() as progress:
        return run_evaluation(
            model,
            dataset,
            options=ReadOptions(max_tokens=settings.max_tokens, stride=settings.stride),
            limit=limit,
            cancelled=cancelled,
            progress=progress,
        )


def _remarks(dataset: Dataset, model: LoadedModel, path: Path) -> Iterator[str]:
    """Yield what a reader of the scores should know about what was scored."""
    from bertscope_tui.data.open import splits_in

    if dataset.skipped:
        yield f"{path}: {dataset.skipped} records skipped; the verb 'datasets check' lists them"
    if dataset.left_out:
        yield (
            f"{path}: {dataset.left_out} yes/no questions left out, as in the paper; "
            "--keep-yes-no keeps them"
        )
    if dataset.format == "babi" and dataset.split is None:
        splits = splits_in(path)
        if len(splits) > 1:
            yield (
                f"{path}: the {' and '.join(splits)} questions are all evaluated; "
                f"--split {splits[-1]} takes one part"
            )
    head, labels = model.info.head, model.info.labels
    if head is not None and head != dataset.task:
        yield f"{model.info.name} has a {head} head, the data set asks for {dataset.task}"
    elif dataset.task == "classification" and not set(labels) & set(dataset.labels):
        yield f"{model.info.name} knows none of the data set's labels"


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
