"""A training as seen on standard error: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

from bertscope_tui.cli.output import warn

if TYPE_CHECKING:
    from bertscope_tui.training.runs import DevPoint, LossPoint, Status


class PlainProgress:
    """One line for each sentence and each development score, and now and then a loss."""

    def __init__(self) -> None:
        self._told: tuple[int, int] | None = None
        self._status: Status | None = None

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def status(self, status: Status) -> None:
        """Remember how far it is."""
        self._status = status

    def point(self, point: LossPoint | DevPoint) -> None:
        """Print a score, or a loss with the time that is left."""
        from bertscope_tui.training.runs import DevPoint
        from bertscope_tui.training.views import duration

        member = "" if self._one() else f"training {point.member + 1}, "
        if isinstance(point, DevPoint):
            text = f"exact match {point.exact_match:.3f}  F1 {point.f1:.3f}"
        else:
            left = duration(self._status.eta_seconds if self._status else None)
            text = f"loss {point.loss:.4f}  lr {point.lr:.2e}  left {left}"
        self.note(f"{member}step {point.step}  {text}")

    def note(self, text: str) -> None:
        """Print a sentence, as long as there is somebody to read it."""
        # A pipe whose reader is gone (a dropped connection) is no reason to end a training; how far
        # it is stands in its folder as well.
        with contextlib.suppress(OSError):
            warn([text])

    def _one(self) -> bool:
        return self._status is None or self._status.members == 1


class NoProgress(PlainProgress):
    """Nothing: what another process of the same training shows already."""

    def point(self, point: LossPoint | DevPoint) -> None:
        """Pass over a point."""

    def note(self, text: str) -> None:
        """Pass over a sentence."""


class LiveProgress:
    """A bar with loss, development score and time left, under the sentences."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._console = Console(stderr=True, markup=False, highlight=False, emoji=False)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]}", markup=False),
            TextColumn("dev {task.fields[score]}", markup=False),
            TextColumn("left {task.fields[left]}", markup=False),
            console=self._console,
            refresh_per_second=4,
        )
        self._task: Any = None

    def __enter__(self) -> LiveProgress:
        self._progress.start()
        self._task = self._progress.add_task("starting", total=None, loss="-", score="-", left="-")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def status(self, status: Status) -> None:
        """Move the bar."""
        from bertscope_tui.training.views import duration

        many = f" {status.member + 1} of {status.members}" if status.members > 1 else ""
        self._progress.update(
            self._task,
            description=f"{status.message or status.state}{many}",
            completed=status.step,
            total=status.steps or None,
            left=duration(status.eta_seconds),
        )

    def point(self, point: LossPoint | DevPoint) -> None:
        """Show the newest numbers beside the bar, and keep a line for a development score."""
        from bertscope_tui.training.runs import DevPoint

        if isinstance(point, DevPoint):
            self._progress.update(self._task, score=f"{point.score:.3f}")
            self.note(f"step {point.step}  exact match {point.exact_match:.3f}  F1 {point.f1:.3f}")
        else:
            self._progress.update(self._task, loss=f"{point.loss:.4f}")

    def note(self, text: str) -> None:
        """Print a sentence above the bar."""
        from bertscope_tui.data.hygiene import clean

        self._console.print(clean(text))


def progress() -> LiveProgress | PlainProgress:
    """Return what standard error can show; of several processes only the first shows anything."""
    if os.environ.get("RANK", "0") != "0":
        return NoProgress()
    stream = sys.stderr
    return LiveProgress() if stream is not None and stream.isatty() else PlainProgress()
