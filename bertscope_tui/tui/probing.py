"""Probes as the app knows them: what was found of the open model and of what it comes from.

Results are read from the store on a thread of their own, when a model was opened, when the screen
of probes is, and when a result is added. What lies on screen asks for them here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.probing.records import PROBE_TASKS, ProbeTask
from bertscope_tui.probes import store
from bertscope_tui.probes.choosing import (
    Lineage,
    counterpart,
    lineage_of,
    of_weights,
    one_for_each_task,
)
from bertscope_tui.probes.records import ProbeIdentity, ProbeResult
from bertscope_tui.tui.background import Answer, Background, Task

if TYPE_CHECKING:
    from bertscope_tui.models.catalog import ModelEntry
    from bertscope_tui.tui.app import BertscopeApp


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
        self.results: tuple[ProbeResult, ...] | None = None
        """All results, the newest first; None before they were read for the first time."""
        self.lineage: Lineage | None = None
        """That of the open model; None while it is not known."""

    def close(self) -> None:
        """Read no more."""
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
            self._tell(problems)
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

    def _tell(self, problems: list[str]) -> None:
        """Say once what is wrong with each file that is no result."""
        for problem in problems:
            if problem not in self._told:
                self._told.add(problem)
                self.failed(problem)

    def failed(self, message: str) -> None:
        """Say in one line what did not work."""
        self._app.notify(clean(message), title="that did not work", severity="error", markup=False)

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
        now = result.identity
        self._chosen = {
            one
            for one in self._chosen
            if replace(one, data_sha256="", options="") != replace(now, data_sha256="", options="")
        }
        self._chosen.add(now)
        self._app.inspector.probes_changed()


def _key(entry: ModelEntry) -> str:
    """Return what says which model folder this is, and that its weights were not replaced."""
    try:
        changed = max(
            (one.stat().st_mtime_ns for one in entry.path.iterdir() if one.is_file()), default=0
        )
    except OSError:
        changed = 0
    return f"{entry.path.absolute()} {changed}"
