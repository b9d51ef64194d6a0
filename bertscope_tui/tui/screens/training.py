"""The screen of trainings: which there are, how far they are, and what can be done with them.

It holds nothing but what is on screen: runs come from `bertscope_tui.tui.trainings`, which looks
at their folders whether the screen is open or not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Static

from bertscope_tui.data.hygiene import clean
from bertscope_tui.errors import BertscopeError
from bertscope_tui.inspection.views import Look
from bertscope_tui.training import detached
from bertscope_tui.training.runs import Run, remove_run
from bertscope_tui.training.views import facts, model_folder, news
from bertscope_tui.tui.actions import TRAINING_ACTIONS
from bertscope_tui.tui.screens.ask import AskScreen
from bertscope_tui.tui.screens.fitting import fit
from bertscope_tui.tui.widgets.bars import KeyBar, StatusBar
from bertscope_tui.tui.widgets.curves import CurvesPane
from bertscope_tui.tui.widgets.line_list import LineList
from bertscope_tui.tui.widgets.runs import FactsPane, RunList

if TYPE_CHECKING:
    from bertscope_tui.tui.trainings import Trainings


class TrainingScreen(Screen[None]):
    """Trainings on the left, the curves and facts of the selected one on the right."""

    AUTO_FOCUS = "#runs"
    BINDINGS: ClassVar[list[BindingType]] = [action.binding() for action in TRAINING_ACTIONS]

    def __init__(self, look: Look, trainings: Trainings) -> None:
        super().__init__()
        self._look = look
        self._trainings = trainings
        self._wanted: str | None = None
        self.ready = False

    def compose(self) -> ComposeResult:
        """Lay out the panes; the style sheet places them."""
        yield StatusBar()
        with Container(id="training"):
            yield RunList()
            yield CurvesPane(self._look)
            yield FactsPane()
        yield KeyBar(TRAINING_ACTIONS, [("↑↓", "", "move_down")])
        yield Static("", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Show what is known by now."""
        self.status = self.query_one(StatusBar)
        self.list = self.query_one(RunList)
        self.curves = self.query_one(CurvesPane)
        self.facts = self.query_one(FactsPane)
        self.ready = True
        if self._trainings.runs is not None:
            self.show_runs(self._trainings.runs)

    def on_resize(self, event: events.Resize) -> None:
        """Fold the panes where they do not fit."""
        if not fit(self, event.size):
            self.list.focus()

    # -- what is shown -------------------------------------------------------------------------

    def show_runs(self, runs: Sequence[Run]) -> None:
        """Show the runs as they are now."""
        self.list.show(runs)
        if self._wanted is not None and self.list.select(self._wanted):
            self._wanted = None
        busy = [run for run in runs if run.status.state == "running"]
        many = "training" if len(runs) == 1 else "trainings"
        count = f"{len(runs)} {many}, {len(busy)} running" if runs else ""
        arrow = " > " if self._look.ascii else " ▸ "
        self.status.show(f" bertscope{arrow}fine-tuning", count, busy=bool(busy))
        self.show_selected()

    def show_selected(self) -> None:
        """Show the training under the cursor."""
        run = self.list.selected
        title = "curves" if run is None else f"curves of {_title(run)}"
        if self.curves.border_title != title:  # setting it draws the whole pane
            self.curves.border_title = title
        self.curves.show(run, message="" if run is None else f"{run.status.state}: no curves yet")
        self.facts.show(() if run is None else facts(run))

    def select(self, name: str) -> None:
        """Put the cursor on a training, as soon as it is listed."""
        self._wanted = None if self.list.select(name) else name
        self.show_selected()

    def show_look(self, look: Look) -> None:
        """Draw with another theme."""
        self._look = look
        self.curves.show_look(look, self.list.selected)

    @on(LineList.Moved, "#runs")
    def _moved(self) -> None:
        self.show_selected()

    @on(LineList.Activated, "#runs")
    def _clicked(self) -> None:
        self.show_selected()

    @on(KeyBar.KeyClicked)
    async def _key_clicked(self, event: KeyBar.KeyClicked) -> None:
        await self.run_action(event.action)

    # -- keys ----------------------------------------------------------------------------------

    def action_move_down(self) -> None:
        """Select the next training."""
        self._move(1)

    def action_move_up(self) -> None:
        """Select the training before."""
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

    def action_turn(self) -> None:
        """Show facts in place of curves, or the other way round."""
        self.toggle_class("-facts")

    def action_new(self) -> None:
        """Ask for a new training."""
        self._trainings.ask_for_new(self.select)

    def action_stop(self) -> None:
        """Stop the selected training where it can be gone on with."""
        run = self._selected()
        if run is None:
            return
        if run.status.state != "running":
            self._tell(f"{news(run)}: there is nothing to stop")
            return
        self._ask(
            f"Stop {clean(run.name)}? r goes on with it later.",
            lambda: detached.stop_run(run.name),
            f"{run.name} was asked to stop; it does so after the step that it is at",
            lambda: self._runs(run.name),
        )

    def action_resume(self) -> None:
        """Go on with the selected training."""
        run = self._selected()
        if run is None:
            return
        if not run.resumable:
            self._tell(f"{news(run)}: there is nothing to go on with")
            return
        self._try(lambda: detached.resume_detached(run.name), f"{run.name} goes on")

    def action_remove(self) -> None:
        """Delete the folder of the selected training."""
        run = self._selected()
        if run is None:
            return
        if run.status.state == "running":
            self._tell(f"{news(run)}: stop it first")
            return
        lost = (
            "Its model stays." if run.status.state == "done" else "It cannot be gone on with then."
        )
        self._ask(
            f"Remove {clean(run.name)} with its curves and checkpoints? {lost}",
            lambda: remove_run(run.name),
            f"{run.name} was removed",
        )

    def action_open_model(self) -> None:
        """Open the model of the selected training in the inspector."""
        run = self._selected()
        if run is None:
            return
        if run.status.state != "done":
            self._tell(f"{news(run)}: there is no model yet")
        elif not (model_folder(run) / "config.json").is_file():
            self._tell(f"{run.name}: its model is not there any more")
        else:
            self.dismiss(None)
            self._trainings.open_model(run)

    def action_help(self) -> None:
        """Show all keys."""
        self.app.action_help()  # type: ignore[attr-defined]

    def action_back(self) -> None:
        """Go back to the inspector."""
        self.dismiss(None)

    def _selected(self) -> Run | None:
        """Return the selected training as it is now on disk as far as is known."""
        run = self.list.selected
        if run is None:
            self._tell("no training is selected: a begins one")
        return run

    def _tell(self, message: str) -> None:
        self.notify(clean(message), markup=False)

    def _runs(self, name: str) -> bool:
        """Say whether a training was running when it was looked at last."""
        runs = self._trainings.runs or ()
        return any(run.name == name and run.status.state == "running" for run in runs)

    def _ask(
        self,
        question: str,
        work: Callable[[], None],
        done: str,
        still: Callable[[], bool] | None = None,
    ) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self._try(work, done)

        self.app.push_screen(AskScreen(question, still), answered)

    def _try(self, work: Callable[[], None], done: str) -> None:
        """Do something to a run and look at it again; say what came of it."""
        try:
            work()
        except BertscopeError as error:
            self.notify(
                clean(str(error)), title="that did not work", severity="error", markup=False
            )
        except OSError as error:
            reason = clean(error.strerror or str(error))
            self.notify(reason, title="that did not work", severity="error", markup=False)
        else:
            self._tell(done)
        self._trainings.look()


def _title(run: Run) -> str:
    """Return a run's name for a border, where brackets would be markup."""
    return clean(run.name).replace("[", "\\[")
