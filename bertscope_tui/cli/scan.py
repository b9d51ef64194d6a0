"""The verb ``scan``: a model over a data set, and what every layer shows, kept in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bertscope_tui.cli import options
from bertscope_tui.cli.interrupt import EXIT_CODE
from bertscope_tui.cli.opening import SKIPPED, Opened, open_both
from bertscope_tui.cli.output import warn

if TYPE_CHECKING:
    from bertscope_tui.scans.records import Run
    from bertscope_tui.scans.scan import Scan, ScanRequest

_MEGABYTE = 1024 * 1024


@click.command(short_help="Run a model over a data set and keep what every layer shows.")
@options.source
@options.part
@click.option(
    "--name", metavar="NAME", help="What the run is called.  [default: the model's and the data's]"
)
@click.option("--force", is_flag=True, help="Begin anew where there is a run of this name.")
@click.option(
    "--vectors-budget",
    type=click.IntRange(min=0),
    default=512,
    metavar="MB",
    help="Room for the mean hidden states of samples, evenly spread.  [default: 512]",
)
@options.strict
@options.loading
@options.windows
@options.looks
@options.cache_dir
@options.as_json
@options.debug
def scan(
    *,
    limit: int | None,
    name: str | None,
    force: bool,
    vectors_budget: int,
    strict: bool,
    theme: str | None,
    ascii: bool | None,  # noqa: A002 - the option's name
    as_json: bool,
    debug: bool,
    keep_yes_no: bool,
    **given: Any,
) -> int:
    """Scan a data set: answers, scores and layer signals of every sample, kept in a run.

    Ctrl+C stops it and keeps what is done; the same command goes on. The verb 'runs' and the app
    show what came of it.
    """
    from bertscope_tui.logs import start_logging

    start_logging(debug=debug)
    if name is not None:
        from bertscope_tui.scans.locking import check_name

        check_name(name)
    opened = open_both(keep_yes_no=keep_yes_no, **given)

    from bertscope_tui.cli.run_pages import print_run
    from bertscope_tui.errors import Cancelled
    from bertscope_tui.scans.scan import Scan, ScanRequest

    request = ScanRequest(
        options=opened.options,
        limit=limit,
        name=name,
        force=force,
        keep_yes_no=keep_yes_no,
        vectors_budget=vectors_budget * _MEGABYTE,
    )
    work = Scan(opened.model, opened.dataset, request)
    try:
        run = _run(work, opened, request)
    except Cancelled:
        warn(
            [
                f"stopped: {work.done:,} samples are kept in the run {work.name}; "
                "the same command goes on" + (", without --force" if force else "")
            ]
        )
        return EXIT_CODE
    skipped = print_run(run, theme=theme, ascii=ascii, as_json=as_json)
    return SKIPPED if strict and skipped else 0


def _run(work: Scan, opened: Opened, request: ScanRequest) -> Run:
    from bertscope_tui.cli.scan_progress import progress
    from bertscope_tui.cli.stopping import Stopping

    stopping = Stopping("stopping after this batch; once more to leave at once")
    with stopping, progress() as tell, work:
        return work.run(stopping.asked, tell)
