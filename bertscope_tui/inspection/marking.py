"""Marks for the sample list: right or wrong for every sample, those on screen first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bertscope_tui.data.records import Dataset, QASample
from bertscope_tui.engine.jobs import Engine, GaveWay, Job, Priority
from bertscope_tui.engine.scoring import ReadOptions, SampleScore, score_samples
from bertscope_tui.errors import Cancelled

if TYPE_CHECKING:
    from bertscope_tui.models.loading import LoadedModel

_CHUNK = 8
"""Samples scored between two looks at what is on screen."""


@dataclass(frozen=True, slots=True)
class SamplesScored:
    """Some lines of the sample list got their marks."""

    scores: tuple[SampleScore, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Round:
    """The scoring of one data set: what is left of it changes on the engine's thread only."""

    unscored: OrderedDict[str, QASample]
    options: ReadOptions
    total: int
    stop: threading.Event


class Marking:
    """Scores one data set at a time. Its methods are called on the screens' thread."""

    def __init__(
        self, engine: Engine, model: Callable[[], LoadedModel], options: ReadOptions
    ) -> None:
        """``model`` is asked on the engine's thread and raises `Cancelled` where none is open."""
        self._engine = engine
        self._model = model
        self._options = options
        self._round: _Round | None = None
        self._urgent: tuple[str, ...] = ()
        self._at_once: Job | None = None

    def score_all(self, dataset: Dataset, marked: frozenset[str]) -> None:
        """Score in the background what is not ``marked``; `SamplesScored` follows, many times."""
        self.cancel()
        samples = dataset.samples
        unscored = OrderedDict((one.id, one) for one in samples if one.id not in marked)
        options = self._options.for_dataset(dataset)
        self._round = _Round(unscored, options, len(samples), threading.Event())
        self._submit(self._round)

    def score_first(self, sample_ids: Sequence[str], *, at_once: bool) -> None:
        """Tell which samples are looked at: they get their marks next.

        ``at_once`` says that something else goes before the other marks, but not before these.
        """
        self._urgent = tuple(sample_ids)
        if at_once and self._round is not None:
            if self._at_once is not None:
                self._at_once.cancel()
            work = partial(self._score_urgent, self._round)
            self._at_once = self._engine.submit("scoring", work, Priority.PREFETCH)

    def cancel(self) -> None:
        """Stop the scoring."""
        if self._round is not None:
            self._round.stop.set()

    def _submit(self, own: _Round) -> None:
        self._engine.submit("scoring", partial(self._score, own), Priority.BACKGROUND)

    def _score(self, own: _Round, job: Job) -> None:
        """Score what is left; where something urgent cuts in, the rest is queued again."""

        def interrupted() -> bool:
            return own.stop.is_set() or job.preempted()

        if not own.unscored:
            job.progress("scoring", own.total, own.total)
        while own.unscored:
            if own.stop.is_set():
                raise Cancelled
            chunk = self._next_chunk(own.unscored)
            model = self._model()
            try:
                scores = tuple(
                    score_samples(model, chunk, options=own.options, cancelled=interrupted)
                )
            except Cancelled as stopped:
                job.check()
                if own.stop.is_set():
                    raise
                raise GaveWay from stopped
            self._told(own, scores, job)
            job.progress("scoring", own.total - len(own.unscored), own.total)

    def _score_urgent(self, own: _Round, job: Job) -> None:
        """Score those that are looked at."""
        if own.stop.is_set():
            raise Cancelled
        chunk = [own.unscored[name] for name in self._urgent if name in own.unscored]
        model = self._model()
        try:
            scores = tuple(
                score_samples(model, chunk, options=own.options, cancelled=job.preempted)
            )
        except Cancelled as stopped:
            job.check()
            raise GaveWay from stopped
        self._told(own, scores, job)

    @staticmethod
    def _told(own: _Round, scores: tuple[SampleScore, ...], job: Job) -> None:
        for one in scores:
            del own.unscored[one.sample_id]
        job.result(SamplesScored(scores))

    def _next_chunk(self, unscored: OrderedDict[str, QASample]) -> list[QASample]:
        """Take what is on screen first, then the rest in the order of the file."""
        chunk = [unscored[name] for name in self._urgent if name in unscored][:_CHUNK]
        if len(chunk) < _CHUNK:
            taken = {sample.id for sample in chunk}
            for sample_id, sample in unscored.items():
                if len(chunk) == _CHUNK:
                    break
                if sample_id not in taken:
                    chunk.append(sample)
        return chunk
