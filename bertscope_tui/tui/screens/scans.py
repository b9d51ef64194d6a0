"""The screen of scans: which there are, how far they are, and what can be done with them.

It holds nothing but what is on screen: scans come from `bertscope_tui.tui.scanning`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Static

from bertscope_tui.data.hygiene import clean
from bertscope_tui.inspection.views import Look
from bertscope_tui.scans.records import Run
from bertscope_tui.tui.actions import SCAN_ACTIONS, SCANS, Group
from bertscope_tui.tui.screens.ask import AskScreen
from bertscope_tui.tui.screens.fitting import fit
from bertscope_tui.tui.screens.pick import Choice, PickScreen
from bertscope_tui.tui.widgets.bars import KeyBar, StatusBar
from bertscope_tui.tui.widgets.line_list import LineList
from bertscope_tui.tui.widgets.runs import FactsPane
from bertscope_tui.tui.widgets.scan_list import ScanList, progress, scan_facts

if TYPE_CHECKING:
    from bertscope_tui.tui.scanning import Scans


class ScansScreen(Screen[None]):
    """Scans on top, the facts of the selected one below."""

    AUTO_FOCUS = "#scans"
    BINDINGS: ClassVar[list[BindingType]] = [action.binding() for action in SCAN_ACTIONS]
    ACTIONS = SCAN_ACTIONS
    GROUP: ClassVar[Group] = SCANS

    def __init__(self, look: Look, scans: Scans, wanted: str | None = None) -> None:
        """``wanted`` is the scan under the cursor at first."""
        super().__init__()
        self._look = look
        self._scans = scans
        self._wanted = wanted
        self.ready = False

    def compose(self) -> ComposeResult:
        """Lay out the panes; the style sheet places them."""
        yield StatusBar()
        with Container(id="scanning"):
            yield ScanList()
            yield FactsPane()
        yield KeyBar(SCAN_ACTIONS, [("↑↓", "", "move_down")])
        yield Static("", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Show what is known by now."""
        self.status = self.query_one(StatusBar)
        self.list = self.query_one(ScanList)
        self.facts = self.query_one(FactsPane)
        self.ready = True
        if self._scans.runs is not None:
            self.show_runs(self._scans.runs)

    def on_resize(self, event: events.Resize) -> None:
        """Fold the panes where they do not fit."""
        if not fit(self, event.size):
            self.list.focus()

    # -- what is shown -------------------------------------------------------------------------

    def show_runs(self, runs: Sequence[Run]) -> None:
        """Show the scans as they are now."""
        self.list.show(runs)
        if self._wanted is not None and self.list.select(self._wanted):
            self._wanted = None
        busy = [run for run in runs if run.state == "running"]
        count = f"{len(runs)} {'scan' if len(runs) == 1 else 'scans'}, {len(busy)} running"
        arrow = " > " if self._look.ascii else " ▸ "
        self.status.show(f" bertscope{arrow}scans", count if runs else "", busy=bool(busy))
        self.show_selected()

    def show_selected(self) -> None:
        """Show the facts of the scan under the cursor."""
        run = self.list.selected
        self.facts.show(() if run is None else scan_facts(run))

    def select(self, name: str) -> None:
        """Put the cursor on a scan, as soon as it is listed."""
        self._wanted = None if self.list.select(name) else name
        self.show_selected()

    def show_look(self, look: Look) -> None:
        """Draw with another theme."""
        self._look = look
        self.refresh()

    @on(LineList.Moved, "#scans")
    @on(LineList.Activated, "#scans")
    def _moved(self) -> None:
        self.show_selected()

    @on(KeyBar.KeyClicked)
    async def _key_clicked(self, event: KeyBar.KeyClicked) -> None:
        await self.run_action(event.action)

    # -- keys ----------------------------------------------------------------------------------

    def action_move_down(self) -> None:
        """Select the next scan."""
        self._move(1)

    def action_move_up(self) -> None:
        """Select the scan before."""
        self._move(-1)

    def _move(self, step: int) -> None:
        self.list.move(step)
        self.show_selected()  # now, not when the list's message comes: the next key may be an x

    def action_page_down(self) -> None:
        """Scroll the facts down."""
        self.facts.page(1)

    def action_page_up(self) -> None:
        """Scroll the facts up."""
        self.facts.page(-1)

    def action_open_table(self) -> None:
        """Show the samples of the selected scan."""
        run = self._selected()
        if run is not None:
            self._scans.open_table(run)

    def action_overview(self) -> None:
        """Show the figures of the selected scan."""
        run = self._selected()
        if run is not None:
            self._scans.open_overview(run)

    def action_new(self) -> None:
        """Ask for a new scan of what is open."""
        self._scans.ask_for_new(self.select)

    def action_stop(self) -> None:
        """Stop the selected scan; what is done is kept."""
        run = self._selected()
        if run is None:
            return
        if run.state != "running":
            self._tell(f"{run.name} is not running: there is nothing to stop")
        elif not self._scans.is_own(run):
            self._tell(f"{run.name} runs in another process: Ctrl+C stops it there")
        else:
            self._scans.ask_to_stop()

    def action_resume(self) -> None:
        """Go on with the selected scan."""
        run = self._selected()
        if run is None:
            return
        if run.state == "done":
            self._tell(f"{run.name} is done: there is nothing to go on with")
        elif run.state == "running":
            self._tell(f"{run.name} is running")
        else:
            self._scans.resume(run)

    def action_remove(self) -> None:
        """Delete the selected scan from the store."""
        run = self._selected()
        if run is None:
            return
        if run.state == "running":
            self._tell(f"{run.name} is running: stop it first")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._scans.remove(run)

        question = f"Remove {run.name} with its {run.done:,} samples, tags and notes?"
        self.app.push_screen(AskScreen(question), answered)

    def action_compare(self) -> None:
        """Choose another scan of the same data to compare the selected one with."""
        run = self._selected()
        if run is None:
            return
        others = [
            one
            for one in self._scans.runs or ()
            if one.id != run.id and one.data_sha256 == run.data_sha256
        ]
        if not others:
            self._tell(f"there is no other scan of {run.dataset} to compare {run.name} with")
            return
        choices = [Choice(one.name, f"{one.model}, {progress(one)}", one) for one in others]

        def chosen(value: object) -> None:
            if isinstance(value, Run):
                self._scans.open_comparison(run, value)

        title = clean(f"compare {run.name} with")
        self.app.push_screen(PickScreen(title, choices, enter="Enter compares"), chosen)

    def action_help(self) -> None:
        """Show all keys."""
        self.app.action_help()  # type: ignore[attr-defined]

    def action_escape(self) -> None:
        """Stop a scan of ours that runs, if that is what is meant; else go back."""
        if not self._scans.ask_to_stop(" (q leaves it running.)"):
            self._scans.leave()

    def action_back(self) -> None:
        """Go back to the inspector; what runs goes on."""
        self._scans.leave()

    def _selected(self) -> Run | None:
        run = self.list.selected
        if run is None:
            self._tell("no scan is selected: a begins one")
        return run

    def _tell(self, message: str) -> None:
        self.notify(clean(message), markup=False)
