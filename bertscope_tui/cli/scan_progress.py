"""A scan as seen on standard error: a live line on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from bertscope_tui.cli.output import warn

if TYPE_CHECKING:
    from bertscope_tui.scans.scan import ScanProgress

Tell = Callable[["ScanProgress"], None]

_EVERY = 10.0
"""Seconds between two plain lines."""


@contextmanager
def progress() -> Iterator[Tell]:
    """Give what shows how far a scan is, how fast, and for how long still."""
    stream = sys.stderr
    if stream is None or not stream.isatty():
        yield _Plain()
        return
    with _live() as tell:
        yield tell


def speeds(now: ScanProgress) -> str:
    """Return samples and tokens in a second, empty where nothing is known."""
    if now.samples_per_second is None or now.tokens_per_second is None:
        return ""
    return f"{now.samples_per_second:,.1f} samples/s  {now.tokens_per_second:,.0f} tokens/s"


class _Plain:
    """A line at the beginning, and one whenever some seconds have passed."""

    def __init__(self) -> None:
        self._next = 0.0
        self._begun = False

    def __call__(self, now: ScanProgress) -> None:
        from bertscope_tui.training.views import duration

        if now.stage != "scanning" or monotonic() < self._next:
            return
        self._next = monotonic() + _EVERY
        text = f"{now.done:,} of {now.total:,} samples"
        if not self._begun:
            self._begun = True
            text += " done before" if now.done else ""
        else:
            text += f"  {speeds(now)}  left {duration(now.eta_seconds)}"
        # A pipe whose reader is gone is no reason to end a scan; the store has how far it is.
        with contextlib.suppress(OSError):
            warn([text])


@contextmanager
def _live() -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from bertscope_tui.training.views import duration

    shown = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}", markup=False),
        TextColumn("left {task.fields[left]}", markup=False),
        console=Console(stderr=True, markup=False, highlight=False, emoji=False),
        transient=True,
        refresh_per_second=4,
    )
    line = shown.add_task("preparing", total=None, speed="", left="-")

    def tell(now: ScanProgress) -> None:
        shown.update(
            line,
            description=now.stage,
            completed=now.done,
            total=now.total or None,
            speed=speeds(now),
            left=duration(now.eta_seconds),
        )

    with shown:
        yield tell
