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
from bertscope_tui.inspection.survey import Failure, survey

if TYPE_CHECKING:
    from bertscope_tui.data.records import Dataset
    from bertscope_tui.models.loading import LoadedModel, ModelInfo


@dataclass(frozen=True, slots=True, eq=False)
class PhaseRun:
    """The phases of a model over a data set: of all samples, of right and of wrong answers.

    ``right`` and ``wrong`` are None where there are fewer than two such samples.
    """

    model: ModelInfo
    dataset: str
    every: Phases
    right: Phases | None
    wrong: Phases | None
    failures: tuple[Failure, ...]


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

    ``seed`` draws the bootstrap resamples. Raises InputError where no sample can be run,
    `Cancelled`.
    """
    options = (options or ReadOptions()).for_dataset(dataset)
    samples = dataset.samples if limit is None else spread(dataset.samples, limit)
    scores, marks, failures = [], [], []
    for seen in survey((model,), samples, options=options, cancelled=cancelled, progress=progress):
        if isinstance(seen, Failure):
            failures.append(seen)
            continue
        (extraction,) = seen
        scores.append(phase_scores(extraction.states, layout(extraction)))
        marks.append(None if extraction.scores is None else extraction.scores.right)
    if not scores:
        why = f": {failures[0].reason}" if failures else ""
        raise InputError(f"{dataset.name}: there is no sample that the model can be run on{why}")
    table = np.stack(scores)

    def of(wanted: bool) -> Phases | None:
        chosen = table[[mark is wanted for mark in marks]]
        return run_phases(chosen, seed=seed) if len(chosen) > 1 else None

    return PhaseRun(
        model.info, dataset.name, run_phases(table, seed=seed), of(True), of(False), tuple(failures)
    )
