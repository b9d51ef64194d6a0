"""A scan as background work of the engine's thread, which gives way to everything else.

The scan runs in pieces: a piece ends as soon as something more urgent waits, and queues the rest.
What it knows of samples goes into the store; the screens are told how far it is, and the marks
that the sample list shows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bertscope_tui.data.records import Dataset
from bertscope_tui.engine.jobs import Engine, Job, Priority
from bertscope_tui.engine.scoring import SampleScore
from bertscope_tui.errors import BertscopeError, Cancelled

if TYPE_CHECKING:
    from bertscope_tui.engine.scanned import Scanned
    from bertscope_tui.models.loading import LoadedModel
    from bertscope_tui.scans.records import Run
    from bertscope_tui.scans.scan import Scan, ScanProgress, ScanRequest


@dataclass(frozen=True, slots=True)
class DataSource:
    """A data set that is still to be read, or to be read in another part than the open one."""

    path: Path
    variant: str | None = None
    split: str | None = None
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScanAdvanced:
    """How far the scan ``name`` is."""

    name: str
    progress: ScanProgress


@dataclass(frozen=True, slots=True)
class ScanMarks:
    """Samples were finished: what the sample list shows of them."""

    scores: tuple[SampleScore, ...]


@dataclass(frozen=True, slots=True)
class ScanEnded:
    """The scan ``name`` is over; ``run`` is None where it was stopped or failed.

    ``done`` samples are in the store. ``error`` is one line where it failed.
    """

    name: str
    run: Run | None
    done: int
    error: str | None = None


class Scanning:
    """One scan of ours. Made and stopped on the screens' thread, at work on the engine's."""

    def __init__(
        self,
        engine: Engine,
        model: Callable[[], LoadedModel],
        data: Dataset | DataSource,
        request: ScanRequest,
        name: str,
    ) -> None:
        """``model`` is asked on the engine's thread, once; ``name`` is that of the run."""
        self.name = name
        self._engine = engine
        self._model = model
        self._data = data
        self._request = request
        self._scan: Scan | None = None
        self._stop = threading.Event()

    def start(self) -> None:
        """Queue the scan; `ScanAdvanced` and `ScanMarks` follow, and one `ScanEnded`."""
        self._engine.submit(f"scan {self.name}", self._work, Priority.SCAN)

    def stop(self) -> None:
        """End it at the next safe point; what is done is kept."""
        self._stop.set()

    def covers(self, dataset: Dataset) -> bool:
        """Say whether the scan is of this data set, or of a part of it."""
        own, other = Path(self._data.path).absolute(), Path(dataset.path).absolute()
        return (own, self._data.variant) == (other, dataset.variant)

    def release(self) -> None:
        """Let go of the run and of the model; engine's thread only."""
        scan, self._scan = self._scan, None
        if scan is not None:
            scan.close()

    def _work(self, job: Job) -> None:
        def interrupted() -> bool:
            return self._stop.is_set() or job.preempted()

        done = 0 if self._scan is None else self._scan.done
        try:
            if self._stop.is_set():
                raise Cancelled
            if self._scan is None:
                self._scan = self._begin(interrupted)
            run = self._scan.run(
                interrupted,
                lambda progress: job.result(ScanAdvanced(self.name, progress)),
                lambda rows: job.result(ScanMarks(tuple(_score_of(row) for row in rows))),
            )
        except Cancelled:
            if not (self._stop.is_set() or job.cancelled()):
                self._engine.submit(job.title, self._work, Priority.SCAN)
                return
            done = done if self._scan is None else self._scan.done
            self.release()
            job.result(ScanEnded(self.name, None, done))
        except Exception as error:
            done = done if self._scan is None else self._scan.done
            self.release()
            line = f"{type(error).__name__}: {error}".splitlines()[0]
            told = str(error) if isinstance(error, BertscopeError) else line
            job.result(ScanEnded(self.name, None, done, told))
            raise
        else:
            self.release()
            job.result(ScanEnded(self.name, run, run.done))

    def _begin(self, cancelled: Callable[[], bool]) -> Scan:
        from bertscope_tui.data.open import open_dataset
        from bertscope_tui.scans.scan import Scan

        data = self._data
        if isinstance(data, DataSource):
            data = open_dataset(
                data.path,
                variant=data.variant,
                keep_yes_no=self._request.keep_yes_no,
                split=data.split,
                tasks=data.tasks,
                cancelled=cancelled,
            )
        return Scan(self._model(), data, self._request)


def _score_of(row: Scanned) -> SampleScore:
    prediction = row.prediction
    return SampleScore(
        row.sample_id,
        prediction.text if prediction else None,
        prediction.probability if prediction else None,
        row.scores,
        row.error,
    )
