"""The figures of one scan: kinds of failure, mean signals over layers, how early errors show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Static

from bertscope_tui.analysis.early import Early
from bertscope_tui.data.hygiene import clean
from bertscope_tui.engine.scanned import SIGNALS
from bertscope_tui.inspection.views import Look
from bertscope_tui.scans.charts import Chart, early_chart, signal_charts
from bertscope_tui.scans.classifying import classify_run
from bertscope_tui.scans.overview import Overview, early_of, overview_of
from bertscope_tui.scans.records import Run
from bertscope_tui.scans.store import Store
from bertscope_tui.tui.actions import OVERVIEW, OVERVIEW_ACTIONS, Group
from bertscope_tui.tui.background import Task
from bertscope_tui.tui.screens.fitting import fit
from bertscope_tui.tui.widgets.bars import KeyBar, StatusBar
from bertscope_tui.tui.widgets.chart import ChartPane
from bertscope_tui.tui.widgets.kinds import KindList
from bertscope_tui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from bertscope_tui.tui.scanning import Scans

_GROWTH = 1.25
"""The figures of a scan at work are made again once it has so many times the samples, …"""

_SHARE = 5
"""… and that takes at most one part in so many of the time."""


class OverviewScreen(Screen[None]):
    """Kinds on the left, signals and early errors on the right; below each other where folded."""

    AUTO_FOCUS = "#kinds"
    BINDINGS: ClassVar[list[BindingType]] = [action.binding() for action in OVERVIEW_ACTIONS]
    ACTIONS = OVERVIEW_ACTIONS
    GROUP: ClassVar[Group] = OVERVIEW

    def __init__(self, look: Look, scans: Scans, run: Run, back: Callable[[], None]) -> None:
        """``back`` goes where the screen was opened from."""
        super().__init__()
        self._look = look
        self._scans = scans
        self._run = run
        self._back = back
        self._overview: Overview | None = None
        self._early: Early | None = None
        self._charts: list[Chart] = []
        self._signal = 0
        self._tasks: list[Task] = []
        self._began = self._next_time = 0.0
        self.ready = False

    def compose(self) -> ComposeResult:
        """Lay out the panes; the style sheet places them."""
        plain = self._look.ascii
        yield StatusBar()
        with Container(id="overview"):
            yield KindList(ascii_only=plain)
            yield ChartPane(id="signals", title="signals", ascii_only=plain)
            yield ChartPane(id="early", title="how early errors show", ascii_only=plain)
        yield KeyBar(OVERVIEW_ACTIONS, [("←→", "signal", "signal_next")])
        yield Static("", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Have the figures computed."""
        self.kinds = self.query_one(KindList)
        self.signals = self.query_one("#signals", ChartPane)
        self.early = self.query_one("#early", ChartPane)
        self.signals.show(None, "computing the means …")
        self.early.show(None, "waiting for the means …")
        self.ready = True
        self._show_status()
        self._compute()

    def _show_status(self) -> None:
        """Say which scan this is, and of how many of its samples the figures are."""
        arrow = " > " if self._look.ascii else " ▸ "
        run, found = self._run, self._overview
        figures = f"{run.done:,} samples"
        if run.state == "running":
            figures = f"{'-' if found is None else f'{found.run.done:,}'} of {figures} so far"
        self.query_one(StatusBar).show(
            f" bertscope{arrow}scans{arrow}{clean(run.name)}{arrow}figures", figures, busy=False
        )

    def follow(self, runs: Sequence[Run]) -> None:
        """Take note of how far the scan is, and make the figures again where that is worth it."""
        now = next((run for run in runs if run.id == self._run.id), None)
        if now is None:
            return
        before, self._run = self._run, now
        self._show_status()
        ended = before.state == "running" and now.state != "running"
        shown = 0 if self._overview is None else self._overview.run.done
        grown = now.done > shown and now.done >= _GROWTH * shown
        if ended or (now.state == "running" and grown and self._idle()):
            self._compute()

    def _idle(self) -> bool:
        """Say whether all figures are there and did not take too much of the time."""
        return not self._tasks and monotonic() >= self._next_time

    def on_resize(self, event: events.Resize) -> None:
        """Fold the panes where they do not fit."""
        if not fit(self, event.size):
            self.kinds.focus()

    def on_unmount(self) -> None:
        """Nobody waits for the figures any more."""
        for task in self._tasks:
            task.cancel()

    # -- figures -------------------------------------------------------------------------------

    def _compute(self) -> None:
        run, figures = self._run, self._scans.figures

        def means(cancelled: Callable[[], bool]) -> Overview:
            with Store() as store:
                now = store.run(run.name)
                if not now.classified and now.state != "running":
                    classify_run(store, now, cancelled=cancelled)
                    now = store.run(run.name)
                return overview_of(store, now)

        def early(cancelled: Callable[[], bool]) -> Early:
            with Store() as store:
                return early_of(store, run, cancelled=cancelled)

        for task in self._tasks:
            task.cancel()
        self._began = monotonic()
        self._tasks = [
            figures.submit(means, self._means_done, self._failed),
            figures.submit(early, self._early_done, self._failed),
        ]

    def _means_done(self, overview: Overview) -> None:
        self._overview = overview
        message = "no answer is wrong" if overview.kinds else "not sorted before the scan is over"
        kinds = overview.kinds if overview.wrong else None
        self.kinds.show(kinds, message)
        counts = f"{overview.right:,} right, {overview.wrong:,} wrong"
        self.kinds.border_subtitle = counts
        if self._early is None:
            self.early.show(None, "learning to tell wrong answers from right ones …")
        self._show_status()
        self._draw_charts()

    def _early_done(self, early: Early) -> None:
        self._early = early
        self._tasks = []
        self._next_time = monotonic() + _SHARE * (monotonic() - self._began)
        if early.reason is None:
            self.early.border_subtitle = (
                f"{early.samples:,} answers, {early.wrong:,} wrong, {early.groups:,} paragraphs"
            )
        self._draw_charts()

    def _failed(self, message: str) -> None:
        self._tasks = []
        self._next_time = monotonic() + 10.0
        self.signals.show(None, message)
        self.early.show(None, message)
        self._scans.failed(message)

    def _draw_charts(self) -> None:
        overview, early, look = self._overview, self._early, self._look
        if overview is not None:
            self._charts = signal_charts(overview, look.theme, signals=SIGNALS, ascii=look.ascii)
            self._show_signal()
        if early is not None:
            chart = early_chart(early, look.theme, ascii=look.ascii)
            self.early.show(chart, f"Not computed: {early.reason}.")

    def _show_signal(self) -> None:
        if not self._charts:
            self.signals.show(None, "no signal has a value")
            return
        self._signal %= len(self._charts)
        self.signals.border_title = f"signals {self._signal + 1}/{len(self._charts)}"
        self.signals.show(self._charts[self._signal])

    def show_look(self, look: Look) -> None:
        """Draw with another theme."""
        self._look = look
        self._draw_charts()

    # -- keys ----------------------------------------------------------------------------------

    @on(KeyBar.KeyClicked)
    async def _key_clicked(self, event: KeyBar.KeyClicked) -> None:
        await self.run_action(event.action)

    @on(LineList.Activated, "#kinds")
    def _clicked(self) -> None:
        """A click only goes there."""

    def action_move_down(self) -> None:
        """Go to the next kind."""
        self.kinds.move(1)

    def action_move_up(self) -> None:
        """Go to the kind before."""
        self.kinds.move(-1)

    def action_open_kind(self) -> None:
        """List the samples of the kind under the cursor."""
        kind = self.kinds.selected
        if kind is not None:
            self._scans.list_kind(self._run, kind)

    def action_signal_next(self) -> None:
        """Show the curves of the next signal."""
        self._signal += 1
        self._show_signal()

    def action_signal_previous(self) -> None:
        """Show the curves of the signal before."""
        self._signal -= 1
        self._show_signal()

    def action_turn(self) -> None:
        """Show early errors in place of signals, or the other way round."""
        self.toggle_class("-early")

    def action_rules(self) -> None:
        """Show how kinds are told apart, with the levels of this scan."""
        self._scans.show_rules(None if self._overview is None else self._overview.levels)

    def action_help(self) -> None:
        """Show all keys."""
        self.app.action_help()  # type: ignore[attr-defined]

    def action_back(self) -> None:
        """Go back to where this was opened from."""
        self._back()
