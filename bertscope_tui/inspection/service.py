"""What a screen may ask for, as jobs on the engine's thread.

The service holds the open model and the open data set. Every request returns its job; what it
makes comes back as one of the snapshot classes below, tagged with the job it belongs to, so that
a screen can drop what it no longer waits for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bertscope_tui.data.records import Dataset, QASample
from bertscope_tui.engine.jobs import Engine, Event, GaveWay, Job, Priority
from bertscope_tui.engine.scoring import ReadOptions
from bertscope_tui.errors import Cancelled
from bertscope_tui.inspection.beside import Beside
from bertscope_tui.inspection.marking import Marking
from bertscope_tui.inspection.phase_search import PhaseSearch
from bertscope_tui.inspection.picturing import PictureStore, Picturing
from bertscope_tui.inspection.pipeline import Reading, extract, read
from bertscope_tui.inspection.probe_run import ProbeNews, ProbeRequest, Probing
from bertscope_tui.inspection.scanning import DataSource, Scanning
from bertscope_tui.inspection.snapshots import Extraction, PictureChoice, Pictures
from bertscope_tui.inspection.views import method_name

if TYPE_CHECKING:
    from bertscope_tui.data.catalog import DatasetEntry
    from bertscope_tui.models.catalog import ModelEntry
    from bertscope_tui.models.loading import LoadedModel, ModelInfo
    from bertscope_tui.scans.scan import ScanRequest

_KEPT_BYTES = 512 * 2**20
"""Hidden states of samples that were open or prefetched stay in memory up to this much."""

_KEPT_READINGS = 16
"""Samples of several windows whose logits stay in memory, so that windows change quickly."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How models are opened; see `bertscope_tui.models.loading.load_model`."""

    device: str = "auto"
    dtype: str = "auto"
    allow_download: bool = False
    allow_pickle: bool = False
    trust_remote_code: bool = False


@dataclass(frozen=True, slots=True)
class CatalogListed:
    """What there is to open."""

    models: tuple[ModelEntry, ...]
    datasets: tuple[DatasetEntry, ...]


@dataclass(frozen=True, slots=True)
class ModelOpened:
    """A model is loaded and will be used for everything asked for from now on."""

    info: ModelInfo
    entry: ModelEntry


@dataclass(frozen=True, slots=True)
class DatasetOpened:
    """A data set was read."""

    dataset: Dataset


@dataclass(frozen=True, slots=True, eq=False)
class ExtractionDone:
    """The open sample's tokens, prediction and hidden states are there."""

    extraction: Extraction


@dataclass(frozen=True, slots=True, eq=False)
class ProjectionReady:
    """Pictures of the open sample are there: of the layer asked for at first, then of others."""

    pictures: Pictures


@dataclass(frozen=True, slots=True, eq=False)
class Derived:
    """Something more about the open sample is there: see `InspectionService.derive`."""

    kind: str
    value: object


class InspectionService:
    """The engine and what it has open. Methods are called by one thread, the screens'."""

    def __init__(
        self,
        post: Callable[[Event], None],
        *,
        load_options: LoadOptions | None = None,
        options: ReadOptions | None = None,
        keep_yes_no: bool = False,
    ) -> None:
        self._keep_yes_no = keep_yes_no
        self._engine = Engine(post)
        self._load_options = load_options or LoadOptions()
        self._options = options or ReadOptions()
        self._model: LoadedModel | None = None  # engine's thread only
        self._kept: OrderedDict[tuple[str, str, int | None], Extraction] = OrderedDict()
        self._readings: OrderedDict[tuple[str, str], Reading] = OrderedDict()
        self._pictures = PictureStore()
        self._open_job: Job | None = None
        self._projection_job: Job | None = None
        self._prefetch: list[Job] = []
        self._scanning: Scanning | None = None
        self._probing: Probing | None = None
        self._search: PhaseSearch | None = None
        self._marking = Marking(self._engine, self._need_model, self._options)

    # -- opening -----------------------------------------------------------------------------

    def list_catalogs(self) -> Job:
        """Look for models and data sets; `CatalogListed` follows."""

        def work(job: Job) -> None:
            from bertscope_tui.data.catalog import list_datasets
            from bertscope_tui.models.catalog import list_models

            job.result(CatalogListed(tuple(list_models()), tuple(list_datasets())))

        return self._engine.submit("looking for models and data", work, Priority.OPEN)

    def open_model(self, entry: ModelEntry | str) -> Job:
        """Load a model by entry, name or folder; `ModelOpened` follows.

        The one open before is let go first, so that two never fill the memory; a scan with it, and
        a search for its phases, are stopped.
        """
        self.cancel_scoring()
        scanning, search = self._scanning, self._search
        if scanning is not None:
            scanning.stop()
        if search is not None:
            search.stop()
        name = entry if isinstance(entry, str) else entry.name

        def work(job: Job) -> None:
            from bertscope_tui.models.catalog import read_entry
            from bertscope_tui.models.holding import hold, let_go
            from bertscope_tui.models.loading import load_model

            self._model = None
            if scanning is not None:
                scanning.release()
            if search is not None:
                search.release()
            self._forget()
            let_go()
            options = self._load_options
            model = load_model(
                entry,
                device=options.device,
                dtype=options.dtype,
                allow_download=options.allow_download,
                allow_pickle=options.allow_pickle,
                trust_remote_code=options.trust_remote_code,
                stage=lambda text: job.progress(f"{name}: {text}"),
                cancelled=job.cancelled,
            )
            job.check()
            self._model = model
            opened = read_entry(Path(model.info.path), model.info.name, "folder")
            job.result(ModelOpened(model.info, opened if isinstance(entry, str) else entry))
            hold()

        return self._engine.submit(f"opening {name}", work, Priority.OPEN)

    def open_dataset(self, path: Path, variant: str | None = None) -> Job:
        """Read a data set; `DatasetOpened` follows."""
        self.cancel_scoring()

        def work(job: Job) -> None:
            from bertscope_tui.data.open import open_dataset
            from bertscope_tui.models.holding import hold

            dataset = open_dataset(
                path,
                variant=variant,
                keep_yes_no=self._keep_yes_no,
                progress=lambda count: job.progress(f"reading {path.name}", count),
                cancelled=job.cancelled,
            )
            job.check()
            self._forget()
            job.result(DatasetOpened(dataset))
            hold()

        return self._engine.submit(f"reading {path.name}", work, Priority.OPEN)

    # -- the open sample ---------------------------------------------------------------------

    def inspect(
        self,
        sample: QASample,
        dataset: Dataset,
        *,
        choice: PictureChoice,
        window: int | None = None,
        first: int | None = None,
    ) -> Job:
        """Extract and project a sample; `ExtractionDone`, then `ProjectionReady` several times.

        The picture of layer ``first`` (None: the last) comes before the others. A sample asked for
        earlier that is not there yet is cancelled.
        """
        for earlier in (self._open_job, self._projection_job):
            if earlier is not None:
                earlier.cancel()

        begun: list[Picturing] = []

        def work(job: Job) -> None:
            def windows_done(done: int, count: int) -> None:
                if count > 1:
                    job.progress("extracting, window", done, count)

            if not begun:
                extraction = self._extraction(sample, dataset, window, job.cancelled, windows_done)
                job.check()
                job.result(ExtractionDone(extraction))
                begun.append(self._picturing(extraction, choice, first))
            self._go_on(begun[0], job, choice)

        self._open_job = self._engine.submit("extracting", work, Priority.OPEN)
        return self._open_job

    def reproject(
        self, extraction: Extraction, choice: PictureChoice, *, first: int | None = None
    ) -> Job:
        """Make other pictures of an extraction; `ProjectionReady` follows as for `inspect`."""
        if self._projection_job is not None:
            self._projection_job.cancel()
        begun = self._picturing(extraction, choice, first)

        def work(job: Job) -> None:
            self._go_on(begun, job, choice)

        self._projection_job = self._engine.submit(_title(choice), work, Priority.OPEN)
        return self._projection_job

    def _picturing(
        self, extraction: Extraction, choice: PictureChoice, first: int | None
    ) -> Picturing:
        layer = extraction.layers if first is None else first
        return Picturing(extraction, choice, layer, self._pictures)

    @staticmethod
    def _go_on(picturing: Picturing, job: Job, choice: PictureChoice) -> None:
        picturing.run(job, _title(choice), lambda made: job.result(ProjectionReady(made)))

    def derive(
        self,
        kind: str,
        title: str,
        work: Callable[[Job, LoadedModel], object],
        priority: Priority = Priority.OPEN,
    ) -> Job:
        """Compute something about what is open; `Derived` of this kind follows.

        ``work`` gets its job, whose ``cancelled`` it polls, and the open model, on the engine's
        thread. It may hand over a first part of what it makes by ``job.result(Derived(…))``; what
        it returns is handed over as the last, unless it is None. Work of a lower ``priority`` that
        polls ``job.preempted`` and raises `Cancelled` gives way, and is called again later: what it
        is to go on with it has to keep.
        """

        def run(job: Job) -> None:
            model = self._need_model()
            try:
                value = work(job, model)
            except Cancelled as stopped:
                job.check()
                raise GaveWay from stopped
            job.check()
            if value is not None:
                job.result(Derived(kind, value))

        return self._engine.submit(title, run, priority)

    def prefetch(self, samples: Iterable[QASample], dataset: Dataset) -> None:
        """Extract samples that are likely to be opened next, when nothing else waits."""
        for job in self._prefetch:
            job.cancel()
        self._prefetch = [
            self._engine.submit(
                f"prefetch {sample.id}",
                lambda job, sample=sample: self._prefetch_one(job, sample, dataset),  # type: ignore[misc]
                Priority.PREFETCH,
            )
            for sample in samples
        ]

    def _prefetch_one(self, job: Job, sample: QASample, dataset: Dataset) -> None:
        self._extraction(sample, dataset, None, job.preempted)

    def _extraction(
        self,
        sample: QASample,
        dataset: Dataset,
        window: int | None,
        cancelled: Callable[[], bool],
        progress: Callable[[int, int], None] | None = None,
    ) -> Extraction:
        """Return an extraction from memory or make it; engine's thread only."""
        model = self._need_model()
        key = (dataset.path, sample.id, window)
        found = self._kept.pop(key, None)
        if found is None:
            reading = self._readings.pop(key[:2], None) or read(
                model,
                sample,
                options=self._options.for_dataset(dataset),
                cancelled=cancelled,
                progress=progress,
            )
            found = extract(
                model, reading, dataset=dataset.name, window=window, cancelled=cancelled
            )
            if found.window.count > 1:  # so that the other windows need not read it all again
                self._readings[key[:2]] = reading
                while len(self._readings) > _KEPT_READINGS:
                    self._readings.popitem(last=False)
        self._kept[key] = found
        size = sum(kept.states.nbytes for kept in self._kept.values())
        while size > _KEPT_BYTES and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            size -= dropped.states.nbytes
        return found

    def _forget(self) -> None:
        """Drop what was made with a model or a data set that is not open any more."""
        self._kept.clear()
        self._readings.clear()
        self._pictures.clear()

    def _need_model(self) -> LoadedModel:
        if self._model is None:
            raise Cancelled
        return self._model

    # -- marks for the list --------------------------------------------------------------------

    def score_all(self, dataset: Dataset, marked: frozenset[str] = frozenset()) -> None:
        """Score a data set in the background; `SamplesScored` follows, many times.

        Samples whose ids are ``marked`` have their marks and are left out.
        """
        self._marking.score_all(dataset, marked)

    def score_first(self, sample_ids: Sequence[str]) -> None:
        """Tell which samples are looked at: they get their marks next."""
        searching = self._search is not None and self._search.at_work
        self._marking.score_first(sample_ids, at_once=searching)

    def cancel_scoring(self) -> None:
        """Stop the background scoring."""
        self._marking.cancel()

    # -- scans ---------------------------------------------------------------------------------

    def scan(self, data: Dataset | DataSource, request: ScanRequest, name: str) -> Scanning:
        """Scan a data set with the open model in the background, the run's name being ``name``.

        See `Scanning` for what follows.
        """
        self._scanning = Scanning(self._engine, self._need_model, data, request, name)
        self._scanning.start()
        return self._scanning

    # -- probes --------------------------------------------------------------------------------

    def probe(self, request: ProbeRequest, tell: Callable[[ProbeNews], None]) -> Probing:
        """Probe a model in the background, on a thread of its own.

        ``tell`` is told what becomes of it, on that thread; see `Probing`. The open model is used
        where it is the one that is asked for.
        """
        options = self._load_options

        def load(entry: ModelEntry) -> LoadedModel:
            from bertscope_tui.models.loading import load_model
            from bertscope_tui.models.sharing import twin

            model = self._model
            if model is not None and Path(model.info.path).absolute() == entry.path.absolute():
                return twin(model)
            return load_model(
                entry,
                device=options.device,
                dtype=options.dtype,
                allow_download=options.allow_download,
                allow_pickle=options.allow_pickle,
                trust_remote_code=options.trust_remote_code,
            )

        self._probing = Probing(self._engine, load, request, tell)
        self._probing.start()
        return self._probing

    def find_phases(self, dataset: Dataset, limit: int | None = None) -> tuple[PhaseSearch, Job]:
        """Look for the phases of the open model over a data set in the background.

        See `PhaseSearch` for what follows, with the job's number. It is stopped when another model
        is opened.
        """
        self._search = PhaseSearch(self._engine, self._need_model, dataset, self._options, limit)
        return self._search, self._search.start()

    # -- another model -------------------------------------------------------------------------

    def beside(self) -> Beside:
        """Return what asks for a second model beside the open one, which stays open."""
        return Beside(self._engine, self._need_model, self._load_options, self._options)

    # -- the end -----------------------------------------------------------------------------

    def close(self, timeout_s: float = 0.5) -> bool:
        """Cancel everything; say whether the engine's thread came to an end in time."""
        if self._probing is not None:
            self._probing.stop()
        return self._engine.close(timeout_s)


def _title(choice: PictureChoice) -> str:
    return f"projecting by {method_name(choice.recipe)}"
