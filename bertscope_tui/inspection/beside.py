"""A second model beside the open one: what the screens ask of the two, as jobs.

Made and asked on the screens' thread, at work on the engine's. The open model stays what it is;
the second one is let go by `Beside.close`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertscope_tui.engine.jobs import Engine, GaveWay, Job, Priority
from bertscope_tui.errors import Cancelled, ModelError
from bertscope_tui.inspection.picturing import PictureStore, Picturing

if TYPE_CHECKING:
    from bertscope_tui.data.records import Dataset, QASample
    from bertscope_tui.engine.scoring import ReadOptions
    from bertscope_tui.inspection.comparing import Comparing, Comparison
    from bertscope_tui.inspection.pairing import Pair
    from bertscope_tui.inspection.service import LoadOptions
    from bertscope_tui.inspection.snapshots import Extraction, PictureChoice, Pictures
    from bertscope_tui.models.catalog import ModelEntry
    from bertscope_tui.models.loading import LoadedModel, ModelInfo

_ITEM_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "float64": 8}


@dataclass(frozen=True, slots=True)
class BesideOpened:
    """The second model is loaded; ``free`` bytes of the device's memory are left, if that is known.

    ``entry`` opens it again.
    """

    info: ModelInfo
    entry: ModelEntry
    free: int | None


@dataclass(frozen=True, slots=True, eq=False)
class PairReady:
    """The open sample as both models see it; `PicturesBeside` follows."""

    pair: Pair


@dataclass(frozen=True, slots=True, eq=False)
class PicturesBeside:
    """Pictures by the second model: of the layer asked for at first, then of others."""

    pictures: Pictures


@dataclass(frozen=True, slots=True, eq=False)
class ComparisonDone:
    """Both models were run over a data set."""

    comparison: Comparison


def memory_of(info: ModelInfo) -> int:
    """Return how many bytes the weights of an open model take in memory."""
    return info.parameters * _ITEM_BYTES.get(info.dtype, 4)


class Beside:
    """The second model, and the jobs that need it."""

    def __init__(
        self,
        engine: Engine,
        first: Callable[[], LoadedModel],
        load_options: LoadOptions,
        options: ReadOptions,
    ) -> None:
        """``first`` returns the open model, on the engine's thread."""
        self._engine = engine
        self._first = first
        self._load_options = load_options
        self._options = options
        self._jobs: dict[str, Job] = {}
        # From here on the engine's thread only.
        self._model: LoadedModel | None = None
        self._pair_now: Pair | None = None
        self._pictures = PictureStore()
        self._comparing: tuple[int, Comparing] | None = None

    # -- asked by the screens ------------------------------------------------------------------

    def open(self, entry: ModelEntry | str) -> Job:
        """Load the second model beside the open one; `BesideOpened` follows.

        A second model that is there is let go first. Where there is no room for both, the job ends
        with the sizes.
        """
        name = entry if isinstance(entry, str) else entry.name
        return self._submit("open", f"opening {name}", lambda job: self._open(job, entry, name))

    def pair(
        self,
        first: Extraction,
        choice: PictureChoice,
        sample: QASample,
        dataset: Dataset,
        *,
        layer: int | None = None,
    ) -> Job:
        """See a sample with the second model; `PairReady`, then `PicturesBeside` several times.

        ``first`` is what the open model makes of it, ``choice`` how pictures are made; that of
        ``layer`` of the second model (None: the last) comes before the others. A pair asked for
        earlier that is not there yet is cancelled.
        """
        begun: list[Picturing] = []

        def work(job: Job) -> None:
            if not begun:
                other = self._pair(job, first, sample, dataset)
                last = other.layers if layer is None else layer
                begun.append(Picturing(other, choice, last, self._pictures))
            begun[0].run(job, "projecting beside", lambda made: job.result(PicturesBeside(made)))

        return self._submit("pair", "extracting beside", work)

    def compare(self, dataset: Dataset, limit: int | None) -> Job:
        """Compare the models over a data set or ``limit`` of its samples; `ComparisonDone` follows.

        It goes before what nobody asked for, and gives way to everything that is opened. A
        comparison that is under way is cancelled.
        """
        return self._submit(
            "compare",
            "comparing",
            lambda job: self._compare(job, dataset, limit),
            Priority.PREFETCH,
        )

    def close(self) -> None:
        """Cancel what is under way and let the second model go."""
        for job in self._jobs.values():
            job.cancel()
        self._jobs.clear()
        title = "letting the second model go"
        self._engine.submit(title, lambda job: self._forget(), Priority.OPEN)

    def _submit(
        self,
        kind: str,
        title: str,
        work: Callable[[Job], None],
        priority: Priority = Priority.OPEN,
    ) -> Job:
        earlier = self._jobs.get(kind)
        if earlier is not None:
            earlier.cancel()
        self._jobs[kind] = self._engine.submit(title, work, priority)
        return self._jobs[kind]

    # -- on the engine's thread ----------------------------------------------------------------

    def _forget(self) -> None:
        self._model = self._pair_now = self._comparing = None
        self._pictures.clear()

    def _open(self, job: Job, entry: ModelEntry | str, name: str) -> None:
        from pathlib import Path

        from bertscope_tui.models.catalog import read_entry
        from bertscope_tui.models.devices import free_memory
        from bertscope_tui.models.loading import entry_of, load_model

        self._forget()
        options = self._load_options

        def at(text: str) -> None:
            job.check()
            job.progress(f"{name}: {text}")

        listed = entry_of(entry, options.allow_download, at)
        self._refuse_if_too_big(listed)
        model = load_model(
            listed,
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
        found = opened if isinstance(entry, str) else entry
        job.result(BesideOpened(model.info, found, free_memory(model.device)))

    def _refuse_if_too_big(self, entry: ModelEntry) -> None:
        """Say the sizes of both models where they do not fit the memory together."""
        from bertscope_tui.models.devices import choose_device, choose_dtype, free_memory
        from bertscope_tui.models.weights import read_weights

        if entry.problem is not None:
            return  # loading says what it is
        place = choose_device(self._load_options.device)
        free = free_memory(place)
        dtype = choose_dtype(self._load_options.dtype, place)
        need = read_weights(entry.path).parameters * dtype.itemsize
        if free is not None and need > free:
            own = self._first().info
            raise ModelError(
                f"{entry.name}: needs {need / 1e9:.1f} GB of {place} memory beside {own.name}, "
                f"which has {memory_of(own) / 1e9:.1f} GB; {free / 1e9:.1f} GB are free",
                remedy="compare with a smaller model, or try --dtype bfloat16",
            )

    def _need(self) -> LoadedModel:
        if self._model is None:
            raise Cancelled
        return self._model

    def _pair(self, job: Job, first: Extraction, sample: QASample, dataset: Dataset) -> Extraction:
        from bertscope_tui.inspection.pairing import pair, see_beside

        def windows_done(done: int, count: int) -> None:
            if count > 1:
                job.progress("extracting beside, window", done, count)

        model = self._need()
        # With other tokens shown, or by another method, the states are the same.
        if self._pair_now is None or self._pair_now.extraction(0) is not first:
            self._pair_now = None
            other = see_beside(
                first,
                model,
                sample,
                options=self._options.for_dataset(dataset),
                cancelled=job.cancelled,
                progress=windows_done,
            )
            self._pair_now = pair(first, other)
        job.check()
        job.result(PairReady(self._pair_now))
        return self._pair_now.extraction(1)

    def _compare(self, job: Job, dataset: Dataset, limit: int | None) -> None:
        from bertscope_tui.inspection.comparing import Comparing

        if self._comparing is None or self._comparing[0] != job.id:
            models = self._first(), self._need()
            made = Comparing(*models, dataset, options=self._options, limit=limit)
            self._comparing = job.id, made
        comparing = self._comparing[1]
        try:
            while not comparing.finished:
                job.progress("comparing", comparing.done, comparing.total)
                comparing.step(job.preempted)
                if job.preempted():
                    raise Cancelled
        except Cancelled as stopped:
            if not job.cancelled():
                raise GaveWay from stopped
            self._comparing = None
            raise
        self._comparing = None
        job.result(ComparisonDone(comparing.result()))
