"""Phases over a data set, as work of the engine's thread that gives way to whatever is opened.

It was asked for, so it goes before the marks of the sample list, which nobody may be waiting for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from bertscope_tui.data.records import Dataset
from bertscope_tui.engine.jobs import Engine, GaveWay, Job, Priority
from bertscope_tui.engine.scoring import ReadOptions
from bertscope_tui.errors import BertscopeError, Cancelled

if TYPE_CHECKING:
    from bertscope_tui.inspection.phase_run import PhaseRun, PhaseSurvey
    from bertscope_tui.models.loading import LoadedModel


@dataclass(frozen=True, slots=True)
class PhasesAdvanced:
    """How far a search is; ``eta_seconds`` is how much longer it has to work, None at first."""

    done: int
    total: int
    eta_seconds: float | None


@dataclass(frozen=True, slots=True, eq=False)
class PhasesEnded:
    """A search is over; ``found`` is None where it was stopped or failed, then ``error`` says why.

    ``done`` samples were looked at.
    """

    found: PhaseRun | None
    done: int
    error: str | None = None


class PhaseSearch:
    """One search. Made and stopped on the screens' thread, at work on the engine's."""

    def __init__(
        self,
        engine: Engine,
        model: Callable[[], LoadedModel],
        dataset: Dataset,
        options: ReadOptions,
        limit: int | None,
    ) -> None:
        """``model`` is asked on the engine's thread, once; ``limit`` None takes all samples."""
        self._engine = engine
        self._model = model
        self._dataset = dataset
        self._options = options
        self._limit = limit
        self._survey: PhaseSurvey | None = None
        self._stop = threading.Event()
        self._seconds = 0.0
        self._done = 0
        self._ended = False

    def start(self) -> Job:
        """Queue the search; `PhasesAdvanced` follows, and one `PhasesEnded`."""
        title = f"phases over {self._dataset.name}"
        return self._engine.submit(title, self._work, Priority.SEARCH)

    def stop(self) -> None:
        """End it at the next layer; nothing is kept."""
        self._stop.set()

    @property
    def at_work(self) -> bool:
        """Say whether it is still to end."""
        return not self._ended

    def release(self) -> None:
        """Let go of the model; engine's thread only."""
        self._survey = None
        self._ended = True

    def _work(self, job: Job) -> None:
        from bertscope_tui.inspection.phase_run import PhaseSurvey

        def interrupted() -> bool:
            return self._stop.is_set() or job.preempted()

        before, began = self._seconds, monotonic()

        def tell(done: int, total: int) -> None:
            self._done = done
            self._seconds = before + monotonic() - began
            eta = self._seconds / done * (total - done) if done else None
            job.result(PhasesAdvanced(done, total, eta))

        try:
            if self._stop.is_set():
                raise Cancelled
            if self._survey is None:
                self._survey = PhaseSurvey(
                    self._model(), self._dataset, options=self._options, limit=self._limit
                )
            found = self._survey.run(interrupted, tell)
        except Cancelled as stopped:
            self._seconds = before + monotonic() - began
            if not (self._stop.is_set() or job.cancelled()):
                raise GaveWay from stopped
            self.release()
            job.result(PhasesEnded(None, self._done))
        except Exception as error:
            self.release()
            line = f"{type(error).__name__}: {error}".splitlines()[0]
            told = str(error) if isinstance(error, BertscopeError) else line
            job.result(PhasesEnded(None, self._done, told))
            raise
        else:
            self.release()
            job.result(PhasesEnded(found, self._done))
