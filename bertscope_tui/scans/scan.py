"""A scan from end to end: what was finished before is skipped, what comes is kept at once.

`Scan` does its work in pieces: `Scan.run` may be interrupted by ``cancelled`` as often as one
likes and called again, which is how the app lets a sample that was opened go first. Where the
whole program is killed, another `Scan` of the same model and data goes on in the same way.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol

from bertscope_tui.data.records import Dataset, QASample
from bertscope_tui.engine.scoring import ReadOptions, never
from bertscope_tui.evaluation.evaluate import need_head, spread
from bertscope_tui.models.card import data_records, weights_sha256
from bertscope_tui.scans.classifying import Sorting
from bertscope_tui.scans.locking import default_name, lock, store_path
from bertscope_tui.scans.records import Run, RunSpec
from bertscope_tui.scans.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertscope_tui.engine.scanned import Scanned
    from bertscope_tui.engine.scanning import Batch, Scanner
    from bertscope_tui.models.loading import LoadedModel, ModelInfo

Stage = Literal["preparing", "scanning", "sorting"]
"""Hashing and opening the store; running samples; giving wrong answers their kinds."""

VECTORS_BUDGET = 512 * 1024**2
"""Bytes of pooled vectors that are kept for a run unless somebody asks for more or less."""

_LATELY = 20.0
"""Seconds of work that speeds are taken over."""


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """How a scan is to be made.

    ``name`` None is `locking.default_name`. ``force`` begins anew whatever there is of this name.
    ``keep_yes_no`` says how the data set was read. ``vectors_budget`` is in bytes and only counts
    for a new run.
    """

    options: ReadOptions = field(default_factory=ReadOptions)
    limit: int | None = None
    name: str | None = None
    force: bool = False
    keep_yes_no: bool = False
    vectors_budget: int = VECTORS_BUDGET


@dataclass(frozen=True, slots=True)
class ScanProgress:
    """How far a scan is; ``done`` counts the samples finished before as well.

    Speeds are those of the last seconds of work, None before there is one to tell, as is
    ``eta_seconds``.
    """

    stage: Stage
    done: int
    total: int
    samples_per_second: float | None = None
    tokens_per_second: float | None = None
    eta_seconds: float | None = None


class _Works(Protocol):
    """What is wanted of `engine.scanning.Scanner`."""

    def run(self, cancelled: Callable[[], bool] = ...) -> Iterator[Batch]: ...


MakeScanner = Callable[
    [
        "LoadedModel",
        Sequence[QASample],
        ReadOptions,
        set[int],
        Callable[[int], bool],
        list[int],
        int,
    ],
    _Works,
]


class Scan:
    """One scan; a context manager that lets go of the run at the end of its block.

    It belongs to the thread that first calls `run`, which has to call `close` as well.
    """

    def __init__(
        self,
        model: LoadedModel,
        dataset: Dataset,
        request: ScanRequest | None = None,
        *,
        path: Path | None = None,
        make_scanner: MakeScanner | None = None,
    ) -> None:
        """Nothing is read or written yet.

        ``path`` is that of the store, ``make_scanner`` stands in for the engine's in tests. Raises
        `InputError` for a model without a head.
        """
        need_head(model.info)
        self._model = model
        self._dataset = dataset
        self._request = request or ScanRequest()
        self._path = path or store_path()
        self._make_scanner = make_scanner or _engine_scanner
        self._budget = _engine_budget if make_scanner is None else _any_budget
        self._held = ExitStack()
        self._store: Store | None = None
        self._run: Run | None = None
        self._scanner: _Works | None = None
        self._sorting: Sorting | None = None
        self._samples: dict[int, QASample] = {}
        self._done = 0
        self._speed = _Speed()

    def __enter__(self) -> Scan:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """Return the name of the run."""
        return self._request.name or default_name(self._model.info.name, self._dataset.name)

    @property
    def done(self) -> int:
        """Return how many samples are finished, those of earlier processes included."""
        return self._done

    def run(
        self,
        cancelled: Callable[[], bool] = never,
        progress: Callable[[ScanProgress], None] | None = None,
        finished: Callable[[Sequence[Scanned]], None] | None = None,
    ) -> Run:
        """Scan what is left and return the finished run, its wrong answers sorted into kinds.

        ``finished`` gets the samples of each batch once they are kept. Raises `Cancelled`, and may
        be called again then; `InputError` where a run of this name is not of the same model and
        data, or where another process is at work on it; `DiskError`.
        """
        tell = progress or _silent
        if self._store is None or self._run is None:
            tell(ScanProgress("preparing", 0, 0))
            self._store, self._run = self._open()
        store, run = self._store, self._run
        if run.state == "done" and run.classified:
            return run
        tell(self._progress("scanning"))
        if run.state != "done":
            self._scan(store, run, cancelled, tell, finished)
        tell(self._progress("sorting"))
        if self._sorting is None:
            self._sorting = Sorting(store, run)
        self._sorting.run(cancelled)
        store.finish(run.id)
        self._run = store.run(run.name)
        return self._run

    def close(self) -> None:
        """Let go of the run; one that is not whole counts as stopped, and keeps what is done."""
        store, run = self._store, self._run
        self._store = self._run = None
        with self._held:
            if store is not None and run is not None and run.state != "done":
                store.stop(run.id)

    def _open(self) -> tuple[Store, Run]:
        """Look at model and data, take the lock, and find or make the run."""
        batch_tokens = self._budget(self._model)
        spec = scan_spec(self._model.info, self._dataset, self._request, batch_tokens)
        with ExitStack() as held:
            held.enter_context(lock(spec.name, self._path))
            store = held.enter_context(Store(self._path))
            run = store.create(spec, force=self._request.force)
            finished = store.finished(run.id)
            self._held = held.pop_all()
        places = chosen_places(self._dataset, self._request.limit)
        self._samples = {place: self._dataset.samples[place] for place in places}
        kept = set(spread(places, run.vectors)) if run.vectors else set()
        self._scanner = self._make_scanner(
            self._model,
            list(self._samples.values()),
            run.options,
            finished,
            kept.__contains__,
            list(places),
            run.batch_tokens,
        )
        self._done = len(finished)
        return store, run

    def _scan(
        self,
        store: Store,
        run: Run,
        cancelled: Callable[[], bool],
        tell: Callable[[ScanProgress], None],
        finished: Callable[[Sequence[Scanned]], None] | None,
    ) -> None:
        assert self._scanner is not None
        began = perf_counter()
        for batch in self._scanner.run(cancelled):
            seconds = perf_counter() - began
            rows = [(scanned, self._samples[scanned.place]) for scanned in batch.rows]
            store.add(run.id, rows, seconds=seconds, tokens=batch.tokens)
            self._done += len(rows)
            self._speed.add(seconds, len(rows), batch.tokens)
            if finished is not None:
                finished(batch.rows)
            tell(self._progress("scanning"))
            began = perf_counter()

    def _progress(self, stage: Stage) -> ScanProgress:
        total = 0 if self._run is None else self._run.total
        samples, tokens = self._speed.rates()
        left = None if samples is None else (total - self._done) / samples
        return ScanProgress(stage, self._done, total, samples, tokens, left)


def chosen_places(dataset: Dataset, limit: int | None) -> Sequence[int]:
    """Return the places of the samples that a scan runs: those that `evaluate` would."""
    places = range(len(dataset.samples))
    return places if limit is None else spread(places, limit)


def scan_spec(
    info: ModelInfo, dataset: Dataset, request: ScanRequest, batch_tokens: int
) -> RunSpec:
    """Return the description of a scan; hashes the model's weights and the data set's files.

    Raises `InputError` where those are gone by now.
    """
    places = chosen_places(dataset, request.limit)
    width = (info.layers + 1) * info.hidden_size * 2
    return RunSpec(
        name=request.name or default_name(info.name, dataset.name),
        model=info.name,
        model_path=str(Path(info.path).absolute()),
        model_sha256=weights_sha256(Path(info.path)),
        architecture=info.architecture,
        layers=info.layers,
        hidden_size=info.hidden_size,
        head=str(info.head),
        device=info.device,
        dtype=info.dtype,
        dataset=dataset.name,
        dataset_path=str(Path(dataset.path).absolute()),
        format=dataset.format,
        variant=dataset.variant,
        data_sha256=data_sha256(Path(dataset.path)),
        split=dataset.split,
        tasks=dataset.tasks,
        keep_yes_no=request.keep_yes_no and dataset.format == "hotpotqa",
        limit=request.limit,
        options=request.options.for_dataset(dataset),
        total=len(places),
        skipped=dataset.skipped,
        asks_accuracy=dataset.task == "classification" or dataset.format == "babi",
        vectors=min(len(places), max(0, request.vectors_budget) // width),
        batch_tokens=batch_tokens,
    )


def data_sha256(path: Path) -> str:
    """Return the hash of a data set's file; of a folder's files, that of their names and hashes."""
    records = data_records(path)
    if len(records) == 1 and path.is_file():
        return records[0].sha256
    lines = "".join(f"{one.sha256}  {Path(one.path).name}\n" for one in records)
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


class _Speed:
    """Samples and tokens in a second over the last seconds of work, pauses not counted."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[float, int, int]] = deque()
        self._seconds = 0.0

    def add(self, seconds: float, samples: int, tokens: int) -> None:
        self._pieces.append((seconds, samples, tokens))
        self._seconds += seconds
        while len(self._pieces) > 1 and self._seconds - self._pieces[0][0] >= _LATELY:
            self._seconds -= self._pieces.popleft()[0]

    def rates(self) -> tuple[float | None, float | None]:
        if self._seconds <= 0 or not any(samples for _, samples, _ in self._pieces):
            return None, None
        samples = sum(piece[1] for piece in self._pieces)
        tokens = sum(piece[2] for piece in self._pieces)
        return samples / self._seconds, tokens / self._seconds


def _silent(progress: ScanProgress) -> None:
    """Tell nobody."""


def _engine_scanner(
    model: LoadedModel,
    samples: Sequence[QASample],
    options: ReadOptions,
    finished: set[int],
    vectors: Callable[[int], bool],
    places: list[int],
    batch_tokens: int,
) -> Scanner:
    from bertscope_tui.engine.scanning import Scanner

    return Scanner(
        model,
        samples,
        options,
        finished=finished,
        vectors=vectors,
        places=places,
        budget=batch_tokens,
    )


def _engine_budget(model: LoadedModel) -> int:
    from bertscope_tui.engine.scanning import token_budget

    return token_budget(model)


def _any_budget(model: LoadedModel) -> int:
    """A scanner that is none of the engine's plans its batches itself."""
    return 0
