"""A run of the store as a page or as JSON: what ``scan`` and ``runs show`` print."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from bertscope_tui.cli.output import speaks_colour, speaks_unicode, warn, write_json, write_text

if TYPE_CHECKING:
    from bertscope_tui.scans.pages import Paper
    from bertscope_tui.scans.records import Run
    from bertscope_tui.scans.store import Store

_WIDEST = 120


def print_run(run: Run, *, theme: str | None, ascii: bool | None, as_json: bool) -> int:  # noqa: A002 - the option's name
    """Print a run's overview, and return how many records and samples were skipped in it."""
    from bertscope_tui.scans.classifying import classify_run
    from bertscope_tui.scans.overview import early_of, overview_of
    from bertscope_tui.scans.pages import overview_page
    from bertscope_tui.scans.report import scan_object

    writable = _writable()
    with open_store(readonly=not writable) as store:
        if writable and run.done and not run.classified:
            classify_run(store, run)
            run = store.run(run.name)
        overview, early = overview_of(store, run), early_of(store, run)
        if as_json:
            write_json(scan_object(store, run, overview, early))
        else:
            page = overview_page(overview, early, paper(theme, ascii))
            write_text(f"{page}\n\n{_speed(run)}" if run.seconds else page)
    return run.skipped + run.errors


def open_store(*, readonly: bool) -> Store:
    """Open the store of the cache."""
    from bertscope_tui.scans.store import Store

    return Store(readonly=readonly)


def paper(theme: str | None, ascii: bool | None) -> Paper:  # noqa: A002 - the option's name
    """Return how a page is set on standard output."""
    from bertscope_tui.inspection.choice import theme_to_print
    from bertscope_tui.scans.pages import Paper
    from bertscope_tui.settings import load_settings

    settings, warnings = load_settings()
    warn(warnings)
    spec, about = theme_to_print(theme or settings.theme, insist=theme is not None)
    warn(about)
    return Paper(
        width=min(shutil.get_terminal_size((80, 24)).columns, _WIDEST),
        theme=spec,
        ascii=(settings.ascii if ascii is None else ascii) or not speaks_unicode(),
        colour=speaks_colour(),
    )


def _speed(run: Run) -> str:
    """Return how long the samples took, and where."""
    from bertscope_tui.training.views import duration

    text = (
        f"{duration(run.seconds)} on {run.device} in {run.dtype}: "
        f"{run.done / run.seconds:,.1f} samples/s, {run.tokens / run.seconds:,.0f} tokens/s"
    )
    return f"{text}; taken up again at sample {run.resumed_from:,}" if run.resumed_from else text


def _writable() -> bool:
    """Say whether what is worked out for a page can be kept for the next one."""
    from bertscope_tui.scans.locking import store_path

    path = store_path()
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
