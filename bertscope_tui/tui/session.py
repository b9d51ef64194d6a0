"""What is open and what is waited for: between the inspection service and the inspector screen.

The service answers on its own thread; its events reach `Session.handle` on the screens' thread.
Whatever belongs to a job that is no longer waited for is dropped here, so that no pane can show
a mixture of two samples or two models.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bertscope_tui.analysis.projection import Recipe
from bertscope_tui.data.records import Dataset, QASample
from bertscope_tui.engine.jobs import (
    Event,
    Job,
    JobEnded,
    JobProgress,
    JobResult,
    JobStarted,
    Priority,
)
from bertscope_tui.engine.scoring import SampleScore
from bertscope_tui.inspection.marking import SamplesScored
from bertscope_tui.inspection.scanning import (
    DataSource,
    ScanAdvanced,
    ScanEnded,
    ScanMarks,
    Scanning,
)
from bertscope_tui.inspection.service import (
    DatasetOpened,
    Derived,
    ExtractionDone,
    InspectionService,
    ModelOpened,
    ProjectionReady,
)
from bertscope_tui.inspection.snapshots import Extraction, PictureChoice, Pictures

if TYPE_CHECKING:
    from bertscope_tui.models.catalog import ModelEntry
    from bertscope_tui.models.loading import LoadedModel, ModelInfo
    from bertscope_tui.scans.scan import ScanProgress, ScanRequest


_DERIVED = "derived "
"""Begins the kinds of those jobs that belong to the open sample."""


class Listener(Protocol):
    """What the session tells the screen."""

    def model_changed(self) -> None:
        """A model was opened, or the open one was let go."""

    def dataset_changed(self) -> None:
        """A data set was opened."""

    def extraction_done(self, extraction: Extraction) -> None:
        """The open sample's tokens and prediction are there."""

    def projection_ready(self, pictures: Pictures) -> None:
        """The open sample's pictures are there."""

    def turned(self, pictures: Pictures) -> Pictures:
        """Return pictures of the open sample as they are to be shown."""

    def derived(self, kind: str, value: object) -> None:
        """Something asked for by `Session.derive` is there, or a part of it."""

    def samples_scored(self, scores: tuple[SampleScore, ...]) -> None:
        """Marks for the list are there."""

    def scoring_ended(self) -> None:
        """No more marks will come."""

    def scan_ended(self, ended: ScanEnded) -> None:
        """A scan of ours is over."""

    def work_changed(self) -> None:
        """What the engine is doing for the user changed: see `Session.work`."""

    def failed(self, message: str, code: int = 1) -> None:
        """Something that was asked for did not work: one line, and the exit code it is worth."""

    def cancelled(self, title: str) -> None:
        """Something that was asked for was cancelled."""


class Session:
    """The open model, data set and sample, and the jobs on their way."""

    def __init__(self, service: InspectionService, listener: Listener) -> None:
        self._service = service
        self._listener = listener
        self.model: ModelInfo | None = None
        self.dataset: Dataset | None = None
        self.sample: QASample | None = None
        self.extraction: Extraction | None = None
        self.pictures: Pictures | None = None
        self.work = ""
        self.scoring = ""
        self.scanning: Scanning | None = None
        self.scan_progress: ScanProgress | None = None
        self.marks_due = False
        self.model_entry: ModelEntry | None = None
        self._marked: set[str] = set()
        self._waiting: dict[str, Job] = {}
        self.choice = PictureChoice(Recipe())
        self.no_picture = ""
        self._asked = self.choice
        self._first: int | None = None

    # -- requests ----------------------------------------------------------------------------

    def open_model(self, entry: ModelEntry | str) -> None:
        """Open a model in place of the present one."""
        self._drop_waiting("model", "sample")
        self._clear_sample()
        self.model = None
        self.scoring, self.marks_due = "", False
        self._wait("model", self._service.open_model(entry))
        self._listener.model_changed()

    def open_dataset(self, path: Path, variant: str | None) -> None:
        """Open a data set; the present one stays until the new one is there."""
        self._drop_waiting("dataset")
        self._wait("dataset", self._service.open_dataset(path, variant))

    def open_sample(
        self, sample: QASample, *, window: int | None = None, first: int | None = None
    ) -> None:
        """Open a sample, in the window of the best answer unless told otherwise.

        The picture of layer ``first`` (None: the last) is made before the others.
        """
        self.sample = sample
        self._clear_sample()
        if self.model is None or self.dataset is None:
            return
        job = self._service.inspect(
            sample,
            self.dataset,
            choice=self.choice,
            window=window,
            first=first,
        )
        self._asked, self._first = self.choice, first
        self._wait("sample", job)

    def reproject(self, choice: PictureChoice, *, first: int | None = None) -> None:
        """Have other pictures made, of the open sample and of those opened from now on.

        Those that are there are let go: they are not what was asked for. ``first`` is the layer
        whose picture is made before the others (None: the last).
        """
        self.choice, self._first = choice, first
        if self.extraction is not None:
            self._drop_waiting("sample")
            self.pictures, self.no_picture = None, ""
            self._asked = choice
            self._wait("sample", self._service.reproject(self.extraction, choice, first=first))

    @property
    def projecting(self) -> bool:
        """Say whether pictures of the open sample are on their way; else see `no_picture`."""
        return self.extraction is not None and "sample" in self._waiting

    def derive(
        self,
        kind: str,
        title: str,
        work: Callable[[Job, LoadedModel], object],
        priority: Priority = Priority.OPEN,
    ) -> None:
        """Have something computed about the open sample; `Listener.derived` gets it.

        What was asked for of the same kind before is dropped, and so is everything that is asked
        for when another sample or model is opened. With a lower ``priority`` it is nothing that
        the user waits for: it gives way (see `InspectionService.derive`), and `cancel` leaves it.
        """
        kept = _DERIVED + kind
        self._drop_waiting(kept)
        if self.model is not None:
            self._wait(kept, self._service.derive(kind, title, work, priority))

    def deriving(self, kind: str) -> bool:
        """Say whether something of this kind is on its way."""
        return _DERIVED + kind in self._waiting

    def drop_derived(self, *kinds: str) -> None:
        """Wait no longer for things of these kinds."""
        self._drop_waiting(*(_DERIVED + kind for kind in kinds))

    def turn_again(self) -> None:
        """Show the pictures that are there again: what they are to be turned onto is another."""
        if self.pictures is not None:
            self.pictures = self._listener.turned(self.pictures)
            self._listener.projection_ready(self.pictures)

    @property
    def settled(self) -> bool:
        """Say whether everything that was asked for is there."""
        return not self._waiting

    @property
    def opening_model(self) -> bool:
        """Say whether a model is on its way."""
        return "model" in self._waiting

    def score_first(self, sample_ids: list[str]) -> None:
        """Have these samples scored next."""
        self._service.score_first(sample_ids)

    def prefetch(self, samples: list[QASample]) -> None:
        """Get samples ready that are likely to be opened next."""
        if self.model is not None and self.dataset is not None:
            self._service.prefetch(samples, self.dataset)

    def scan(self, data: Dataset | DataSource, request: ScanRequest, name: str) -> None:
        """Scan a data set with the open model; its marks are those of the sample list as well."""
        self.scanning = self._service.scan(data, request, name)
        if self.dataset is not None and self.scanning.covers(self.dataset):
            self._service.cancel_scoring()
            self.scoring = ""
        self._listener.work_changed()

    def stop_scan(self) -> None:
        """Stop the scan that is under way; what is done is kept."""
        if self.scanning is not None:
            self.scanning.stop()

    def cancel(self) -> bool:
        """Cancel what the user waits for; say whether there was anything."""
        awaited = [job for kind, job in self._waiting.items() if _is_awaited(kind, job)]
        for job in awaited:
            job.cancel()
        return bool(awaited)

    def close(self, timeout_s: float) -> bool:
        """End the engine; say whether it ended in time."""
        return self._service.close(timeout_s)

    # -- answers -----------------------------------------------------------------------------

    def handle(self, event: Event) -> None:
        """Take in one event of the engine."""
        if isinstance(event, JobResult):
            self._result(event)
        elif isinstance(event, JobProgress):
            self._progress(event)
        elif isinstance(event, JobStarted):
            if event.priority is Priority.OPEN and self._kind(event.job):
                self._set_work(event.title)
        elif isinstance(event, JobEnded):
            self._ended(event)

    def _result(self, event: JobResult) -> None:
        value = event.value
        if isinstance(value, SamplesScored):
            self._take_marks(value.scores)
            return
        if isinstance(value, ScanAdvanced | ScanMarks | ScanEnded):
            self._scanned(value)
            return
        kind = self._kind(event.job)
        if kind is None:
            return
        if isinstance(value, ModelOpened):
            self.model, self.model_entry = value.info, value.entry
            self._marked.clear()
            self._listener.model_changed()
            self._score()
        elif isinstance(value, DatasetOpened):
            self._drop_waiting("sample")
            self._clear_sample()
            self.dataset, self.sample = value.dataset, None
            self._marked.clear()
            self._listener.dataset_changed()
            self._score()
        elif isinstance(value, ExtractionDone):
            self.extraction = value.extraction
            self._listener.extraction_done(value.extraction)
            if self._asked != self.choice:
                # The user chose other pictures while the sample was on its way.
                self.reproject(self.choice, first=self._first)
        elif isinstance(value, ProjectionReady):
            self.pictures = self._listener.turned(value.pictures)
            self._listener.projection_ready(self.pictures)
        elif isinstance(value, Derived):
            self._listener.derived(value.kind, value.value)

    def _take_marks(self, scores: tuple[SampleScore, ...]) -> None:
        # Without a model these are the marks of the one that was let go.
        if self.model is not None:
            self._marked.update(score.sample_id for score in scores)
            self._listener.samples_scored(scores)

    def _scanned(self, value: ScanAdvanced | ScanMarks | ScanEnded) -> None:
        if isinstance(value, ScanMarks):
            if self._scan_covers():
                self._take_marks(value.scores)
        elif isinstance(value, ScanAdvanced):
            self.scan_progress = value.progress
            self._listener.work_changed()
        else:
            covered = self._scan_covers()
            self.scanning = self.scan_progress = None
            if covered:
                self._score()  # what the scan has left out
            self._listener.scan_ended(value)
            self._listener.work_changed()

    def _scan_covers(self) -> bool:
        """Say whether the scan that is under way is of the open data set."""
        return (
            self.scanning is not None
            and self.dataset is not None
            and self.scanning.covers(self.dataset)
        )

    def _score(self) -> None:
        if self.model is not None and self.dataset is not None and self.model.head is not None:
            self.marks_due = True
            if self._scan_covers():
                return
            self._service.score_all(self.dataset, frozenset(self._marked))

    def _progress(self, event: JobProgress) -> None:
        figures = f" {event.done:,}" if event.done else ""
        if event.total:
            figures += f"/{event.total:,}"
        kind = self._kind(event.job)
        if kind is not None:
            if _is_awaited(kind, self._waiting[kind]):
                self._set_work(f"{event.text}{figures}")
        elif event.priority is Priority.BACKGROUND and event.total and self.model is not None:
            # The marks; else it is late news of something that nobody waits for any more.
            done = event.done >= event.total
            self.scoring = "" if done else f"{event.text}{figures}"
            self._listener.work_changed()
            if done:
                self.marks_due = False
                self._listener.scoring_ended()

    def _ended(self, event: JobEnded) -> None:
        kind = self._kind(event.job)
        if kind is None:
            if event.error is not None and event.priority is Priority.BACKGROUND:
                self.scoring, self.marks_due = "", False
                self._listener.failed(event.error, event.code)
                self._listener.scoring_ended()
            return
        del self._waiting[kind]
        awaited = (job for kind, job in self._waiting.items() if _is_awaited(kind, job))
        self._set_work(next((job.title for job in awaited), ""))
        if kind == "sample":
            self.no_picture = event.error or ("cancelled" if event.cancelled else "")
        if kind == "dataset" and (event.cancelled or event.error is not None):
            # Scoring stopped to make way for the new data set; the present one stays.
            self._score()
        if event.error is not None:
            self._listener.failed(event.error, event.code)
        elif event.cancelled:
            self._listener.cancelled(event.title)

    def _kind(self, job: int) -> str | None:
        return next((kind for kind, own in self._waiting.items() if own.id == job), None)

    def _wait(self, kind: str, job: Job) -> None:
        self._waiting[kind] = job
        if _is_awaited(kind, job):
            self._set_work(job.title)

    def _drop_waiting(self, *kinds: str) -> None:
        for kind in kinds:
            job = self._waiting.pop(kind, None)
            if job is not None:
                job.cancel()

    def _clear_sample(self) -> None:
        self._drop_waiting(*(kind for kind in self._waiting if kind.startswith(_DERIVED)))
        self.extraction = None
        self.pictures, self.no_picture = None, ""

    def _set_work(self, text: str) -> None:
        self.work = text
        self._listener.work_changed()


def _is_awaited(kind: str, job: Job) -> bool:
    """Say whether the user waits for a job. Pictures give way to others, and are waited for."""
    return kind == "sample" or job.priority is Priority.OPEN
