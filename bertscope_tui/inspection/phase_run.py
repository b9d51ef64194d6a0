"""The phases of a model over a data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bertscope_tui.analysis.phase_scores import phase_scores
from bertscope_tui.analysis.phases import Phases, run_phases
from bertscope_tui.engine.scoring import ReadOptions, never
from bertscope_tui.errors import InputError
from bertscope_tui.evaluation.evaluate import spread
from bertscope_tui.inspection.pipeline import layout
from bertscope_tui.inspection.survey import Failure, look_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bertscope_tui.data.records import Dataset, QASample
    from bertscope_tui.models.loading import LoadedModel, ModelInfo


@dataclass(frozen=True, slots=True, eq=False)
class PhaseRun:
    """The phases of a model over a data set: of all samples, of right and of wrong answers.

    ``right`` and ``wrong`` are None where there are fewer than two such samples. ``path`` and
    ``variant`` tell data sets of one name apart.
    """

    model: ModelInfo
    dataset: str
    every: Phases
    right: Phases | None
    wrong: Phases | None
    failures: tuple[Failure, ...]
    path: str = ""
    variant: str | None = None

    @property
    def data(self) -> str:
        """Return the name of the data set with its variant."""
        return f"{self.dataset} ({self.variant})" if self.variant else self.dataset


def find_run_phases(
    model: LoadedModel,
    dataset: Dataset,
    *,
    options: ReadOptions | None = None,
    limit: int | None = None,
    seed: int = 0,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[int, int], None] | None = None,
) -> PhaseRun:
    """Return the phases over a data set, or over ``limit`` of its samples spread evenly.

    ``seed`` draws the bootstrap resamples. ``progress`` is told how many samples are done and how
    many there are. Raises InputError where no sample can be run, `Cancelled`.
    """
    survey = PhaseSurvey(model, dataset, options=options, limit=limit, seed=seed)
    return survey.run(cancelled, progress)


class PhaseSurvey:
    """The work of `find_run_phases`, which can be put down at any layer and taken up again."""

    def __init__(
        self,
        model: LoadedModel,
        dataset: Dataset,
        *,
        options: ReadOptions | None = None,
        limit: int | None = None,
        seed: int = 0,
    ) -> None:
        self._model = model
        self._dataset = dataset
        self._options = (options or ReadOptions()).for_dataset(dataset)
        samples = dataset.samples
        self._samples = samples if limit is None else spread(samples, limit)
        self._seed = seed
        self._scores: list[NDArray[np.float64]] = []
        self._marks: list[bool | None] = []
        self._failures: list[Failure] = []

    def run(
        self,
        cancelled: Callable[[], bool] = never,
        progress: Callable[[int, int], None] | None = None,
    ) -> PhaseRun:
        """Return the phases. Called again after Cancelled it goes on with the sample it was at."""
        total = len(self._samples)
        while (done := len(self._scores) + len(self._failures)) < total:
            if progress is not None:
                progress(done, total)
            self._look_at(self._samples[done], cancelled)
        if progress is not None:
            progress(total, total)
        return self._result()

    def _look_at(self, sample: QASample, cancelled: Callable[[], bool]) -> None:
        seen = look_at((self._model,), sample, options=self._options, cancelled=cancelled)
        if isinstance(seen, Failure):
            self._failures.append(seen)
            return
        (extraction,) = seen
        scores = phase_scores(extraction.states, layout(extraction), cancelled=cancelled)
        self._scores.append(scores)
        self._marks.append(None if extraction.scores is None else extraction.scores.right)

    def _result(self) -> PhaseRun:
        name, failures, seed = self._dataset.name, tuple(self._failures), self._seed
        if not self._scores:
            why = f": {failures[0].reason}" if failures else ""
            raise InputError(f"{name}: there is no sample that the model can be run on{why}")
        table = np.stack(self._scores)

        def of(wanted: bool) -> Phases | None:
            chosen = table[[mark is wanted for mark in self._marks]]
            return run_phases(chosen, seed=seed) if len(chosen) > 1 else None

        every = run_phases(table, seed=seed)
        data = self._dataset
        return PhaseRun(
            self._model.info, name, every, of(True), of(False), failures, data.path, data.variant
        )
