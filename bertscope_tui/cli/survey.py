"""What verbs that look at every sample of a data set share: a live line, and how a page is set."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bertscope_tui.cli.output import speaks_unicode, warn

if TYPE_CHECKING:
    from bertscope_tui.inspection.views import Look

_WIDEST = 160


@contextmanager
def progress(words: str) -> Iterator[Callable[[int, int], None] | None]:
    """Show on a terminal how far the work is and for how long still; elsewhere nothing."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    shown = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    line = shown.add_task(words, total=None)
    with shown:
        yield lambda done, total: shown.update(line, completed=done, total=total)


def look_of(theme: str | None, ascii: bool | None) -> Look:  # noqa: A002 - the option's name
    """Return the markers and colours of a page; warns where a theme cannot be had."""
    from bertscope_tui.inspection.choice import theme_to_print
    from bertscope_tui.inspection.views import Look
    from bertscope_tui.settings import load_settings

    settings, _ = load_settings()
    settings = settings.typed(theme=theme, ascii=ascii)
    spec, warnings = theme_to_print(settings.theme, insist=theme is not None)
    warn(warnings)
    return Look(spec, ascii=settings.ascii or not speaks_unicode())


def page_width() -> int:
    """Return how many cells wide a page may be."""
    return min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)
