"""Probes as the app knows them: the results there are, the work that goes on, their screens.

Results are read from the store on a thread of their own, when a model was opened, when the screen
of probes is, and when a result is added. What lies on screen asks for them here. One screen of
probes at a time lies over the inspector.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.probing.records import PROBE_TASKS, ProbeTask
from bertscope_tui.inspection.probe_run import (
    ProbeAdvanced,
    ProbeKept,
    ProbeNews,
    ProbeRequest,
    Probing,
)
from bertscope_tui.models.catalog import find_base
from bertscope_tui.probes import store
from bertscope_tui.probes.choosing import (
    Lineage,
    counterpart,
    lineage_of,
    of_weights,
    one_for_each_task,
)
from bertscope_tui.probes.records import ProbeIdentity, ProbeResult
from bertscope_tui.training.views import duration
from bertscope_tui.tui.background import Answer, Background, Task
from bertscope_tui.tui.screens.ask import AskScreen
from bertscope_tui.tui.screens.probe_form import ProbeForm
from bertscope_tui.tui.screens.probe_labels import ProbeLabelsScreen
from bertscope_tui.tui.screens.probes import ProbesScreen

if TYPE_CHECKING:
    from bertscope_tui.models.catalog import ModelEntry
    from bertscope_tui.tui.app import BertscopeApp

ProbeScreen = ProbesScreen | ProbeLabelsScreen


@dataclass(frozen=True, slots=True)
class TaskBars:
    """What the pane of probes shows of a task: the open model's result and its base's, if any."""

    task: ProbeTask
    own: ProbeResult | None
    base: ProbeResult | None


class Probes:
    """The results there are, and which of them are of the open model."""

    def __init__(self, app: BertscopeApp) -> None:
        self._app = app

        def hand_over(call: Callable[[], None]) -> None:
            app.post_message(Answer(call))

        self._store = Background("store of probes", hand_over)
        self._reading: Task | None = None
        self._lineages: dict[str, Lineage] = {}
        self._chosen: set[ProbeIdentity] = set()
        self._told: set[str] = set()
        self._screen: ProbeScreen | None = None
        self._probing: Probing | None = None
        self._progress: ProbeAdvanced | None = None
        self._last: ProbeRequest | None = None
        self.results: tuple[ProbeResult, ...] | None = None
        """All results, the newest first; None before they were read for the first time."""
        self.lineage: Lineage | None = None
        """That of the open model; None while it is not known."""

    def close(self) -> None:
        """Read no more; the work ends with the engine's."""
        self._store.close()

    # -- the results there are -----------------------------------------------------------------

    def model_opened(self) -> None:
        """Find out what there is of the model that is open now."""
        self.lineage = None
        self.read()

    def read(self) -> None:
        """Read the store again."""
        if self._reading is not None:
            self._reading.cancel()
        entry = self._app.session.model_entry
        known = None if entry is None else self._lineages.get(_key(entry))

        def work(
            cancelled: Callable[[], bool],
        ) -> tuple[tuple[ProbeResult, ...], list[str], Lineage | None]:
            found, problems = store.stored()
            lineage = known
            if entry is not None and lineage is None and found:
                lineage = lineage_of(entry)
            return tuple(found), problems, lineage

        def done(
            found: tuple[tuple[ProbeResult, ...], list[str], Lineage | None],
        ) -> None:
            self._reading = None
            results, problems, lineage = found
            if entry is not None and lineage is not None:
                self._lineages[_key(entry)] = lineage
            self.lineage = lineage
            self._tell_problems(problems)
            self._take(results)

        def failed(message: str) -> None:
            self._reading = None
            self._take(())
            self.failed(message)

        self._reading = self._store.submit(work, done, failed)

    def _take(self, results: tuple[ProbeResult, ...]) -> None:
        """Take in the results as they are now, and have them shown."""
        self.results = results
        self._app.inspector.probes_changed()
        self._app.something_read()
        if isinstance(self._screen, ProbesScreen) and self._screen.ready:
            self._screen.show_results()

    def _tell_problems(self, problems: list[str]) -> None:
        """Say once what is wrong with each file that is no result."""
        for problem in problems:
            if problem not in self._told:
                self._told.add(problem)
                self.failed(problem)

    def failed(self, message: str) -> None:
        """Say in one line what did not work."""
        self._app.notify(clean(message), title="that did not work", severity="error", markup=False)

    @property
    def looking(self) -> bool:
        """Say whether it is not known yet what there is of the open model."""
        return self.results is None or (self.lineage is None and self._reading is not None)

    # -- of the open model ---------------------------------------------------------------------

    def results_of_open_model(self) -> tuple[ProbeResult, ...]:
        """Return one result of the open model for each task, in the paper's order.

        Of several for one task it is the one that was chosen, else the newest.
        """
        own = None if self.lineage is None else self.lineage.own
        if own is None:
            return ()
        return one_for_each_task(of_weights(self.results or (), own), self._chosen)

    def base_results(self) -> tuple[ProbeResult, ...]:
        """Return what the same model without fine-tuning has on the same tasks and data."""
        found = (self.base_of(one) for one in self.results_of_open_model())
        return tuple(one for one in found if one is not None)

    def base_of(self, result: ProbeResult) -> ProbeResult | None:
        """Return the result of the open model's base on the same data, if there is one."""
        base = None if self.lineage is None else self.lineage.base
        if base is None:
            return None
        return counterpart(result, of_weights(self.results or (), base))

    def bars(self) -> tuple[TaskBars, ...]:
        """Return what is known of every task, in the paper's order."""
        own = {one.identity.task: one for one in self.results_of_open_model()}
        return tuple(
            TaskBars(task, one, None if one is None else self.base_of(one))
            for task in PROBE_TASKS
            for one in (own.get(task),)
        )

    def choose(self, result: ProbeResult) -> None:
        """Show this result of its task and model, whatever else there is."""
        self._chosen = {*self._chosen_but(result.identity), result.identity}
        self._app.inspector.probes_changed()

    def beside(self, result: ProbeResult) -> tuple[ProbeResult, ...]:
        """Return this result and one of each other task of the same model, in the paper's order."""
        own = result.identity
        alike = of_weights(self.results or (), own.weights_sha256, random=own.random)
        return one_for_each_task((*alike, result), {*self._chosen_but(own), own})

    def _chosen_but(self, identity: ProbeIdentity) -> set[ProbeIdentity]:
        """Return what was chosen of other tasks or models than this one's."""
        wanted = replace(identity, data_sha256="", options="")
        return {one for one in self._chosen if replace(one, data_sha256="", options="") != wanted}

    # -- screens -------------------------------------------------------------------------------

    @property
    def screen(self) -> ProbeScreen | None:
        """Return the screen of probes that is open, if one is."""
        return self._screen

    def open(self, wanted: ProbeResult | None = None, *, heat: bool = False) -> None:
        """Show the results with the cursor on ``wanted``, else on one of the open model.

        ``heat`` asks for the heat map in place of curves.
        """
        if wanted is None:
            wanted = next(iter(self.results_of_open_model()), None)
        identity = None if wanted is None else wanted.identity
        self._show(ProbesScreen(self._app.look, self, identity, heat=heat))
        self.read()

    def open_task(self, task: ProbeTask, layer: int | None) -> None:
        """Show the labels of the open model's task at a layer; where there is none, all results."""
        found = [one for one in self.results_of_open_model() if one.identity.task == task]
        if not found:
            self.open()
            return
        self.open_labels(found[0], found[0].best.layer if layer is None else layer)

    def open_labels(self, result: ProbeResult, layer: int, *, back_to_list: bool = False) -> None:
        """Show the labels of a result; back leads to the list or to the inspector."""

        def back(last: ProbeResult) -> None:
            if back_to_list:
                self.open(last)
            else:
                self.leave()

        self._show(ProbeLabelsScreen(self._app.look, self, result, layer, back))

    def leave(self) -> None:
        """Go back to the inspector."""
        if self._screen is not None:
            self._screen = None
            self._app.pop_screen()

    def _show(self, screen: ProbeScreen) -> None:
        """Put a screen of probes over the inspector, in place of the one that is there."""
        before, self._screen = self._screen, screen
        if before is None:
            self._app.push_screen(screen)
        else:
            self._app.switch_screen(screen)

    # -- work ----------------------------------------------------------------------------------

    @property
    def words(self) -> str:
        """Return what status lines say of the work that goes on; nothing where there is none."""
        if self._probing is None:
            return ""
        return probing_words(self._progress)

    @property
    def at_open_model(self) -> bool:
        """Say whether the open model is being probed."""
        entry = self._app.session.model_entry
        return self._probing is not None and self._probing.request.entry == entry

    def user_active(self) -> None:
        """Let the work rest for a moment: the user has pressed a key or moved the mouse."""
        if self._probing is not None:
            self._probing.pause()

    def ask_for_new(self) -> None:
        """Ask what to probe of the open model, and begin."""
        session = self._app.session
        entry, model = session.model_entry, session.model
        if model is None or entry is None:
            self.tell("open a model first")
            return
        if self._probing is not None:
            self.tell(f"{self._probing.request.entry.name} is being probed: s stops that")
            return

        def found(base: ModelEntry | None) -> None:
            self._app.push_screen(ProbeForm(entry, base, self._last), answered)

        def answered(request: ProbeRequest | None) -> None:
            if request is not None:
                self.start(request)

        self._store.submit(lambda cancelled: find_base(entry), found, self.failed)

    def start(self, request: ProbeRequest) -> None:
        """Begin to probe."""

        def tell(news: ProbeNews) -> None:
            self._app.post_message(Answer(lambda: self._take_news(news)))

        self._progress, self._last = None, request
        self._probing = self._app.service.probe(request, tell)
        self._show_work()
        self._app.inspector.show_probes()
        if isinstance(self._screen, ProbesScreen) and self._screen.ready:
            self._screen.show_results()

    def ask_to_stop(self) -> bool:
        """Ask whether the work is to stop; say whether there is any."""
        probing = self._probing
        if probing is None:
            return False

        def answered(yes: bool | None) -> None:
            if yes:
                probing.stop()

        question = f"Stop probing {probing.request.entry.name}? Tasks that are done are kept."
        self._app.push_screen(AskScreen(question, lambda: self._probing is probing), answered)
        return True

    def _take_news(self, news: ProbeNews) -> None:
        """Take in what the work tells."""
        if isinstance(news, ProbeAdvanced):
            self._progress = news
        elif isinstance(news, ProbeKept):
            self.read()
        else:
            self._probing = self._progress = None
            count = f"{news.done} of {_counted(news.jobs)}"
            if news.error is not None:
                self.failed(f"{news.error} ({count} are there)")
            elif news.stopped:
                self.tell(f"probing was stopped with {count}; P, then a, goes on with the rest")
            else:
                self.tell(f"probing is done: {_counted(news.jobs)}, P shows them")
            self.read()
        self._show_work()

    def _show_work(self) -> None:
        self._app.inspector.show_status()
        if isinstance(self._screen, ProbesScreen) and self._screen.ready:
            self._screen.show_status()

    def remove(self, result: ProbeResult) -> None:
        """Delete a result and its probes."""

        def done(_: None) -> None:
            self.tell(f"the probes of {result.model} for {result.data} were removed")
            self.read()

        self._store.submit(lambda cancelled: store.remove(result), done, self.failed)

    def tell(self, message: str) -> None:
        """Say something in one line."""
        self._app.notify(clean(message), markup=False)


def probing_words(now: ProbeAdvanced | None) -> str:
    """Return how far the work is and how long it takes still, in a few words."""
    if now is None:
        return "probing: reading"
    at = now.progress
    parts = [f"probing {at.job + 1}/{at.jobs} {at.task.upper()} {at.model}: {at.stage}"]
    if at.total:
        parts.append(f"{100 * at.done // at.total}%")
    if now.seconds_left is not None:
        parts.append(f"{duration(now.seconds_left)} left")
    elif at.seconds_left is not None:
        parts.append(f"at most {duration(at.seconds_left)} left of it")
    return " ".join(parts)


def _counted(results: int) -> str:
    return f"{results} result{'' if results == 1 else 's'}"


def _key(entry: ModelEntry) -> str:
    """Return what says which model folder this is, and that its weights were not replaced."""
    try:
        changed = max(
            (one.stat().st_mtime_ns for one in entry.path.iterdir() if one.is_file()), default=0
        )
    except (OSError, ValueError):  # no folder, or no name that a folder could have
        changed = 0
    return f"{entry.path.absolute()} {changed}"
