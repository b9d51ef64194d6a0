"""The list of trainings, and what is known about the one under the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from bertscope_tui.data.hygiene import clean
from bertscope_tui.training.runs import Run as TrainingRun
from bertscope_tui.training.views import (
    duration,
    percent,
    progress,
    state_mark,
    state_word,
)
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import LineList, Run
from bertscope_tui.tui.widgets.wrapping import broken

_WIDE = 56
_SHORTEST_NAME = 8
_LABEL = 10


class RunList(LineList):
    """Trainings, the one at work last first; the cursor stays on its training."""

    def __init__(self) -> None:
        super().__init__(id="runs", title="trainings")
        self._runs: tuple[TrainingRun, ...] | None = None

    @property
    def row_count(self) -> int:
        """Return the number of lines: a heading and the trainings, or a sentence."""
        return 1 + len(self._runs or ())

    @property
    def selected(self) -> TrainingRun | None:
        """Return the training under the cursor."""
        place = self.cursor - 1
        return self._runs[place] if self._runs and 0 <= place < len(self._runs) else None

    def show(self, runs: Sequence[TrainingRun]) -> None:
        """List the trainings as they are now, drawing only the lines that are others."""
        now, before = self.selected, self._runs or ()
        self._runs = tuple(runs)
        names = [run.name for run in self._runs]
        place = names.index(now.name) if now is not None and now.name in names else 0
        moved = place + 1 != self.cursor
        self.set_reactive(LineList.cursor, place + 1 if names else 0)
        if moved or len(before) != len(names):
            self.rows_changed()
            return
        for row, (old, new) in enumerate(zip(before, self._runs, strict=True), start=1):
            if self._line(old, 80) != self._line(new, 80):
                self.refresh_row(row)

    def select(self, name: str) -> bool:
        """Put the cursor on a training; say whether it is listed."""
        for row, run in enumerate(self._runs or (), start=1):
            if run.name == name:
                self.place_cursor(row)
                return True
        return False

    def selectable(self, index: int) -> bool:
        """The heading cannot be chosen."""
        return index > 0

    def row(self, index: int, width: int) -> list[Run]:
        """Return the heading, or a training in columns."""
        if self._runs is None:
            return [("looking for trainings …", ink(None, dim=True))]
        if not self._runs:
            return [("no training yet: a begins one", ink(None, dim=True))]
        if index == 0:
            head = self._columns(width, "  name", "state", "step", "best", "left", "done")
            return [(head, ink(None, bold=True, dim=True))]
        run = self._runs[index - 1]
        running = run.status.state == "running"
        return [(self._line(run, width), ink(None, bold=running, dim=bool(run.problem)))]

    def _line(self, run: TrainingRun, width: int) -> str:
        status = run.status
        best = run.best
        return self._columns(
            width,
            f"{state_mark(run)} {clean(run.name)}",
            state_word(run),
            progress(run),
            "-" if best is None else f"{best.score:.3f}",
            duration(status.eta_seconds) if status.state == "running" else "",
            percent(run),
        )

    @staticmethod
    def _columns(
        width: int, name: str, state: str, step: str, best: str, left: str, done: str
    ) -> str:
        """Set a line in columns; where there is little room, percent stand for steps."""
        rest = f" {state:<7}" + (f" {step:>14}" if width >= _WIDE else f" {done:>4}")
        rest += f" {best:>5} {left:>8}"
        room = max(width - len(rest), _SHORTEST_NAME)
        if cell_len(name) > room:
            name = f"{set_cell_size(name, room - 1)}…"
        return set_cell_size(name, room) + rest


class FactsPane(LineList):
    """Labelled facts, long ones over several lines; it scrolls, but has no cursor."""

    def __init__(self) -> None:
        super().__init__(id="facts", title="facts")
        self._facts: tuple[tuple[str, str], ...] = ()
        self._wrapped: list[tuple[str, str]] = []

    @property
    def row_count(self) -> int:
        """Return the number of lines."""
        return len(self._wrapped)

    def selectable(self, index: int) -> bool:
        """Nothing is chosen here."""
        return False

    def show(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show ``(label, text)``, drawing only the lines that are others."""
        if tuple(facts) != self._facts:
            self._facts = tuple(facts)
            self._wrap()

    def page(self, direction: int) -> None:
        """Scroll by a screenful."""
        step = max(self.scrollable_content_region.height - 1, 1)
        self.scroll_relative(y=direction * step, animate=False)

    def rows_changed(self) -> None:
        """Break the lines anew: the width is another."""
        self._wrap(everything=True)

    def watch_show_vertical_scrollbar(self) -> None:
        """A scroll bar takes a cell of each line."""
        self.call_after_refresh(self._wrap, everything=True)

    def _wrap(self, *, everything: bool = False) -> None:
        before = self._wrapped
        room = max(self.scrollable_content_region.width - _LABEL, 10)
        self._wrapped = [
            (label if number == 0 else "", line)
            for label, text in self._facts
            for number, line in enumerate(broken(text, room))
        ]
        if everything or len(before) != len(self._wrapped):
            super().rows_changed()
            return
        for row, (old, new) in enumerate(zip(before, self._wrapped, strict=True)):
            if old != new:
                self.refresh_row(row)

    def row(self, index: int, width: int) -> list[Run]:
        """Return a label and a line of its text."""
        label, text = self._wrapped[index]
        return [(f"{label:<{_LABEL}}", ink(None, dim=True)), (text, ink(None))]
