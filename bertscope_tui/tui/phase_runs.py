"""Phases over data sets: what was found in this session, what is under way, and their screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertscope_tui.data.hygiene import clean
from bertscope_tui.engine.jobs import Event, Job, JobResult
from bertscope_tui.inspection.phase_run import PhaseRun
from bertscope_tui.inspection.phase_search import PhasesAdvanced, PhaseSearch, PhasesEnded
from bertscope_tui.training.views import duration
from bertscope_tui.tui.screens.ask import AskScreen
from bertscope_tui.tui.screens.page import phases_page
from bertscope_tui.tui.screens.phases import PhasesScreen
from bertscope_tui.tui.screens.triage_forms import limit_form

if TYPE_CHECKING:
    from bertscope_tui.data.records import Dataset
    from bertscope_tui.models.loading import ModelInfo
    from bertscope_tui.tui.app import BertscopeApp

_USUAL = 200
"""Samples that are offered of a larger data set: their mean is steady, and soon there."""


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A search of ours, what it is of, and how far it is."""

    search: PhaseSearch
    job: Job
    what: str
    now: PhasesAdvanced | None = None


class PhaseRuns:
    """The results of this session, in the order in which they came, and the one to come."""

    def __init__(self, app: BertscopeApp) -> None:
        self._app = app
        self._found: list[PhaseRun] = []
        self._at = 0
        self._under_way: _UnderWay | None = None
        self._screen: PhasesScreen | None = None

    # -- what there is -------------------------------------------------------------------------

    @property
    def screen(self) -> PhasesScreen | None:
        """Return the screen of phases, if it is open."""
        return self._screen

    @property
    def shown(self) -> PhaseRun | None:
        """Return the result that is looked at, None if there is none."""
        return self._found[self._at] if self._found else None

    def is_of_open(self, found: PhaseRun) -> bool:
        """Say whether a result is of the open model and the open data set."""
        model, dataset = self._app.session.model, self._app.session.dataset
        if model is None or dataset is None:
            return False
        there = found.model.path, found.path, found.variant
        return there == (model.path, dataset.path, dataset.variant)

    @property
    def place(self) -> str:
        """Return which result is looked at, where there are several."""
        return f"{self._at + 1}/{len(self._found)}" if len(self._found) > 1 else ""

    @property
    def words(self) -> str:
        """Return what a status line says of the search that is under way, or nothing."""
        way = self._under_way
        if way is None:
            return ""
        if way.now is None:
            return f"{way.what}: waiting"
        now = way.now
        left = "" if now.eta_seconds is None else f" {duration(now.eta_seconds)} left"
        return f"{way.what} {now.done:,}/{now.total:,}{left}"

    # -- the screen ----------------------------------------------------------------------------

    def open(self) -> None:
        """Show the screen, with the latest result of what is open if there is one."""
        for place, found in enumerate(self._found):
            if self.is_of_open(found):
                self._at = place
        self._screen = PhasesScreen(self._app.look, self)
        self._app.push_screen(self._screen)

    def leave(self) -> None:
        """Go back to the inspector; what is under way goes on."""
        if self._screen is not None:
            self._screen = None
            self._app.pop_screen()
            self._app.inspector.show_status()

    def step(self, step: int) -> None:
        """Look at another result."""
        if len(self._found) < 2:
            self._tell("there is no other result in this session: a looks for phases")
            return
        self._at = (self._at + step) % len(self._found)
        self._show()

    def show_definitions(self) -> None:
        """Show how phases are told."""
        self._app.push_screen(phases_page())

    # -- a search ------------------------------------------------------------------------------

    def ask_for_new(self) -> None:
        """Ask over how many samples of the open data set, and begin."""
        session = self._app.session
        if self._under_way is not None:
            self._tell("one search at a time: s stops the one that is under way")
            return
        if session.model is None or session.dataset is None:
            self._tell("open a model and a data set first")
            return
        count = len(session.dataset.samples)
        what = _what(session.model, session.dataset)

        def answered(found: tuple[int | None] | None) -> None:
            if found is not None:
                self._begin(*found)

        offered = _USUAL if count > _USUAL else None
        self._app.push_screen(limit_form(what, count, offered), answered)

    def _begin(self, limit: int | None) -> None:
        session = self._app.session
        if session.model is None or session.dataset is None:
            self._tell("open a model and a data set first")
            return
        search, job = self._app.service.find_phases(session.dataset, limit)
        what = clean(_what(session.model, session.dataset))
        self._under_way = _UnderWay(search, job, what)
        self._show()

    def ask_to_stop(self) -> None:
        """Ask whether the search is to stop."""
        way = self._under_way
        if way is None:
            self._tell("nothing is under way: a looks for phases")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                way.search.stop()

        question = f"Stop {way.what}? A search that was stopped begins anew."
        self._app.push_screen(AskScreen(question, lambda: self._under_way is way), answered)

    def take(self, event: Event) -> bool:
        """Take in an event of the engine; say whether it is one of a search."""
        if not isinstance(event, JobResult):
            return False
        value, way = event.value, self._under_way
        if not isinstance(value, PhasesAdvanced | PhasesEnded):
            return False
        if way is None or event.job != way.job.id:
            return True  # of a search that nobody waits for any more
        if isinstance(value, PhasesAdvanced):
            self._under_way = _UnderWay(way.search, way.job, way.what, value)
        else:
            self._under_way = None
            self._ended(way, value)
        self._show()
        return True

    def _ended(self, way: _UnderWay, ended: PhasesEnded) -> None:
        if ended.error is not None:
            self._app.notify(
                clean(f"{way.what}: {ended.error}"),
                title="that did not work",
                severity="error",
                markup=False,
            )
        elif ended.found is None:
            self._tell(f"{way.what}: stopped at {ended.done:,} samples")
        else:
            self._add(ended.found)
            if self._screen is None:
                self._tell(f"{way.what}: done, G shows them")

    def _add(self, found: PhaseRun) -> None:
        """Keep a result in place of an earlier one of the same model, data and samples."""
        self._found = [one for one in self._found if _identity(one) != _identity(found)]
        self._found.append(found)
        self._at = len(self._found) - 1

    def _show(self) -> None:
        if self._screen is not None and self._screen.ready:
            self._screen.show_run()
        else:
            self._app.inspector.show_status()

    def _tell(self, message: str) -> None:
        self._app.notify(clean(message), markup=False)


def _what(model: ModelInfo, dataset: Dataset) -> str:
    variant = f" ({dataset.variant})" if dataset.variant else ""
    return f"phases of {model.name} over {dataset.name}{variant}"


def _identity(run: PhaseRun) -> tuple[str, str, str | None, int]:
    return run.model.path, run.path, run.variant, run.every.samples
