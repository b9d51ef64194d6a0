"""The list of scans, and what lists and facts say about one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size

from bertscope_tui.data.hygiene import clean
from bertscope_tui.scans.records import Run as ScanRun
from bertscope_tui.scans.records import State
from bertscope_tui.scans.scan import ScanProgress
from bertscope_tui.training.views import duration
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import LineList, Run

STATE_MARKS: Final[dict[State, str]] = {"running": "▶", "stopped": "■", "done": "✓"}

_WIDE = 60
_SHORTEST_NAME = 8


def samples_per_second(run: ScanRun) -> float | None:
    """Return how fast a scan is, over all of its work, or None where that is not known yet."""
    return run.done / run.seconds if run.seconds > 0 and run.done else None


def seconds_left(run: ScanRun) -> float | None:
    """Return how much longer a scan takes, or None where that is not known."""
    speed = samples_per_second(run)
    return None if speed is None else (run.total - run.done) / speed


def progress(run: ScanRun) -> str:
    """Return how far a scan is, how fast, and what is left, in one line."""
    parts = [f"{run.done:,}/{run.total:,}"]
    speed = samples_per_second(run)
    if speed is not None:
        parts.append(_speed(speed))
    if run.state == "running":
        parts.append(f"{duration(seconds_left(run))} left")
    return " ".join(parts)


def scan_words(name: str, now: ScanProgress | None) -> str:
    """Return what the status line says of a scan that is at work here."""
    if now is None:
        return f"{name}: waiting"
    if now.stage != "scanning":
        return f"{name}: {now.stage}"
    speed = now.samples_per_second
    parts = [f"{name} {now.done:,}/{now.total:,}"]
    if speed is not None:
        parts += [_speed(speed), f"{duration(now.eta_seconds)} left"]
    return " ".join(parts)


def _speed(samples_per_second: float) -> str:
    return f"{samples_per_second:,.{1 if samples_per_second < 100 else 0}f}/s"


def scan_facts(run: ScanRun) -> list[tuple[str, str]]:
    """Return what is worth knowing of a scan, as ``(label, text)``."""
    parts = [run.variant or "", f"split {run.split}" if run.split else "", *run.tasks]
    part = ", ".join(part for part in parts if part)
    options = run.options
    facts = [
        ("state", f"{run.state}, {progress(run)}"),
        ("model", f"{run.model} ({run.architecture}, {run.layers} layers)  {run.model_path}"),
        ("data", f"{run.dataset}{f' ({part})' if part else ''}  {run.dataset_path}"),
    ]
    if run.exact_match is not None and run.f1 is not None:
        scores = f"exact match {run.exact_match:.3f}, F1 {run.f1:.3f}"
        if run.accuracy is not None:
            scores += f", accuracy {run.accuracy:.3f}"
        facts.append(("scores", scores))
    limit = ", spread over the data" if run.limit else ""
    skipped = f", {run.skipped:,} records skipped" if run.skipped else ""
    errors = f", {run.errors:,} could not be run" if run.errors else ""
    facts += [
        ("samples", f"{run.total:,}{limit}{skipped}{errors}"),
        ("windows", f"{options.max_tokens} tokens, {options.stride} of overlap"),
        ("device", f"{run.device} {run.dtype}"),
        ("time", f"{duration(run.seconds)} of work, {run.tokens:,} tokens"),
        ("begun", run.created),
    ]
    return [(label, clean(text)) for label, text in facts]


class ScanList(LineList):
    """Scans, the newest first; the cursor stays on its scan."""

    def __init__(self) -> None:
        super().__init__(id="scans", title="scans")
        self._runs: tuple[ScanRun, ...] | None = None

    @property
    def row_count(self) -> int:
        """Return the number of lines: a heading and the scans, or a sentence."""
        return 1 + len(self._runs or ())

    @property
    def selected(self) -> ScanRun | None:
        """Return the scan under the cursor."""
        place = self.cursor - 1
        return self._runs[place] if self._runs and 0 <= place < len(self._runs) else None

    def show(self, runs: Sequence[ScanRun]) -> None:
        """List the scans as they are now, drawing only the lines that are others."""
        now, before = self.selected, self._runs
        self._runs = tuple(runs)
        names = [run.name for run in self._runs]
        place = names.index(now.name) if now is not None and now.name in names else 0
        moved = place + 1 != self.cursor
        self.set_reactive(LineList.cursor, place + 1 if names else 0)
        if before is None or moved or len(before) != len(names):
            self.rows_changed()
            return
        for row, (old, new) in enumerate(zip(before, self._runs, strict=True), start=1):
            if old != new:
                self.refresh_row(row)

    def select(self, name: str) -> bool:
        """Put the cursor on a scan; say whether it is listed."""
        for row, run in enumerate(self._runs or (), start=1):
            if run.name == name:
                self.place_cursor(row)
                return True
        return False

    def selectable(self, index: int) -> bool:
        """The heading cannot be chosen."""
        return index > 0

    def row(self, index: int, width: int) -> list[Run]:
        """Return the heading, or a scan in columns."""
        if self._runs is None:
            return [("looking for scans …", ink(None, dim=True))]
        if not self._runs:
            return [("no scan yet: a scans the open data", ink(None, dim=True))]
        if index == 0:
            head = self._columns(width, "  name", "state", "samples", "EM", "F1", "left")
            return [(head, ink(None, bold=True, dim=True))]
        run = self._runs[index - 1]
        line = self._columns(
            width,
            f"{STATE_MARKS[run.state]} {clean(run.name)}",
            run.state,
            f"{run.done:,}" if run.state == "done" else f"{run.done:,}/{run.total:,}",
            "-" if run.exact_match is None else f"{run.exact_match:.3f}",
            "-" if run.f1 is None else f"{run.f1:.3f}",
            duration(seconds_left(run)) if run.state == "running" else "",
        )
        return [(line, ink(None, bold=run.state == "running"))]

    @staticmethod
    def _columns(
        width: int, name: str, state: str, samples: str, exact: str, f1: str, left: str
    ) -> str:
        """Set a line in columns; where there is little room some are left out."""
        rest = f" {state:<7} {samples:>15} {exact:>5} {f1:>5} {left:>8}"
        if width < _WIDE:
            rest = f" {state:<7} {samples:>13} {f1:>5}"
        room = max(width - len(rest), _SHORTEST_NAME)
        if cell_len(name) > room:
            name = f"{set_cell_size(name, room - 1)}…"
        return set_cell_size(name, room) + rest
