"""Phases over a data set: heat maps of all samples, of right and of wrong answers.

The screen holds nothing but what is on it: results and the search that is under way are in
`bertscope_tui.tui.phase_runs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Static

from bertscope_tui.data.hygiene import clean
from bertscope_tui.inspection.views import Look
from bertscope_tui.tui.actions import PHASE_ACTIONS, PHASE_RUNS, Group
from bertscope_tui.tui.screens.fitting import fit
from bertscope_tui.tui.widgets.bars import KeyBar, StatusBar
from bertscope_tui.tui.widgets.phase_map import PhaseMap

if TYPE_CHECKING:
    from bertscope_tui.tui.phase_runs import PhaseRuns

_PANES = ("every", "right", "wrong")
_TITLES = {"every": "all samples", "right": "right answers", "wrong": "wrong answers"}


class PhasesScreen(Screen[None]):
    """All samples above right and wrong answers; one after the other where it is folded."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [action.binding() for action in PHASE_ACTIONS]
    ACTIONS = PHASE_ACTIONS
    GROUP: ClassVar[Group] = PHASE_RUNS

    def __init__(self, look: Look, runs: PhaseRuns) -> None:
        super().__init__()
        self._look = look
        self._runs = runs
        self._areas = False
        self._pane = 0
        self.ready = False

    def compose(self) -> ComposeResult:
        """Lay out the panes; the style sheet places them."""
        yield StatusBar()
        with Container(id="phase-maps"):
            for name in _PANES:
                yield PhaseMap(self._look, id=name, title=_TITLES[name])
        yield KeyBar(PHASE_ACTIONS)
        yield Static("", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Show what is known by now."""
        self.status = self.query_one(StatusBar)
        self.ready = True
        self._turn_to(0)
        self.show_run()

    def on_resize(self, event: events.Resize) -> None:
        """Fold the panes where they do not fit."""
        fit(self, event.size)

    # -- what is shown -------------------------------------------------------------------------

    def show_run(self) -> None:
        """Show the result that is looked at, and how far the search is."""
        runs, found = self._runs, self._runs.shown
        arrow = " > " if self._look.ascii else " ▸ "
        names = ["bertscope", "phases"]
        if found is None:
            message = runs.words or "nothing was looked for yet: a looks for phases"
            for name in _PANES:
                self._map(name).show(None, message if name == "every" else "")
        else:
            names += [clean(found.model.name), clean(found.data)]
            of = {"every": found.every, "right": found.right, "wrong": found.wrong}
            for name, phases in of.items():
                missing = f"fewer than two {_TITLES[name]}"
                self._map(name).show(phases, missing, areas=self._areas)
        failed = f"{len(found.failures):,} could not be run" if found and found.failures else ""
        other = "" if found is None or runs.is_of_open(found) else "of what is not open now"
        right = [part for part in (other, failed, runs.place, runs.words) if part]
        self.status.show(
            " " + arrow.join(names),
            (" - " if self._look.ascii else " · ").join(right),
            busy=bool(runs.words),
        )

    def _map(self, name: str) -> PhaseMap:
        return self.query_one(f"#{name}", PhaseMap)

    def show_look(self, look: Look) -> None:
        """Draw with another theme."""
        self._look = look
        for name in _PANES:
            self._map(name).show_look(look)
        self.show_run()

    def _turn_to(self, pane: int) -> None:
        self._pane = pane % len(_PANES)
        for place, name in enumerate(_PANES):
            self._map(name).set_class(place == self._pane, "-active")

    # -- keys ----------------------------------------------------------------------------------

    @on(KeyBar.KeyClicked)
    async def _key_clicked(self, event: KeyBar.KeyClicked) -> None:
        await self.run_action(event.action)

    def action_new(self) -> None:
        """Ask for a new search over what is open."""
        self._runs.ask_for_new()

    def action_stop(self) -> None:
        """Stop the search, if that is what is meant."""
        self._runs.ask_to_stop()

    def action_turn(self) -> None:
        """Show all samples, right or wrong answers where there is no room for all of them."""
        self._turn_to(self._pane + 1)

    def action_areas(self) -> None:
        """Show the areas themselves, or each phase from its lowest layer to its highest."""
        self._areas = not self._areas
        self.show_run()

    def action_result_next(self) -> None:
        """Look at the next result of the session."""
        self._runs.step(1)

    def action_result_previous(self) -> None:
        """Look at the result before."""
        self._runs.step(-1)

    def action_definitions(self) -> None:
        """Show how phases are told."""
        self._runs.show_definitions()

    def action_help(self) -> None:
        """Show all keys."""
        self.app.action_help()  # type: ignore[attr-defined]

    def action_back(self) -> None:
        """Go back to the inspector; what is under way goes on."""
        self._runs.leave()
