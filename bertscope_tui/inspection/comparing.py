"""Two models on one data set: how alike their layers are, and whose answers are right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.paired import mcnemar
from bertscope_tui.analysis.similarity import (
    Cka,
    Unit,
    matching_layer,
    neighbourhood_change,
    passes,
    shared_units,
    unit_states,
)
from bertscope_tui.engine.scoring import ReadOptions, never
from bertscope_tui.errors import InputError
from bertscope_tui.evaluation.evaluate import spread
from bertscope_tui.inspection.survey import Failure, look_at

if TYPE_CHECKING:
    from bertscope_tui.data.records import Dataset
    from bertscope_tui.inspection.snapshots import Extraction
    from bertscope_tui.models.loading import LoadedModel, ModelInfo

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What two models have in common on a data set.

    ``cka`` ``(layers of the first + 1, layers of the second + 1)`` is the linear CKA of their
    layers over ``units`` stretches of text; ``change`` ``(layers of the first + 1,)`` how far the
    neighbours of a token differ, on average, from those in the layer of the second model at the
    same depth. ``samples`` were run, ``failures`` could not be. Of the ``scored`` ones ``right``
    is how many each model has right, ``fixed`` the ids of those that only the second has right,
    ``broken`` of those that only the first has; ``mcnemar_p`` is the exact two-sided p-value. All
    four are None or empty where a model makes no predictions.
    """

    models: tuple[ModelInfo, ModelInfo]
    dataset: str
    samples: int
    units: int
    cka: Doubles
    change: Doubles
    failures: tuple[Failure, ...]
    scored: int = 0
    right: tuple[int, int] | None = None
    fixed: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    mcnemar_p: float | None = None

    @property
    def changed(self) -> tuple[str, ...]:
        """Return the ids of the samples that only one of the models has right."""
        return self.fixed + self.broken


def compare(
    first: LoadedModel,
    second: LoadedModel,
    dataset: Dataset,
    *,
    options: ReadOptions | None = None,
    limit: int | None = None,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Compare two models on a data set, or on ``limit`` of its samples spread evenly.

    Hidden states are those of each sample's first window, of what both models read in it. Large
    networks go over the data more than once, so that the sums fit the memory. ``progress`` is told
    how many samples are done, in all passes, and how many there are. Raises InputError where there
    is no sample that both can be run on, `Cancelled`.
    """
    comparing = Comparing(first, second, dataset, options=options, limit=limit)
    while not comparing.finished:
        if progress is not None:
            progress(comparing.done, comparing.total)
        comparing.step(cancelled)
    if progress is not None:
        progress(comparing.done, comparing.total)
    return comparing.result()


class Comparing:
    """The work of `compare`, sample by sample: it can be put down and gone on with.

    ``done`` of ``total`` steps are done; each sample is a step in every pass over the data.
    """

    def __init__(
        self,
        first: LoadedModel,
        second: LoadedModel,
        dataset: Dataset,
        *,
        options: ReadOptions | None = None,
        limit: int | None = None,
    ) -> None:
        self._models = first, second
        self._dataset = dataset.name
        self._options = (options or ReadOptions()).for_dataset(dataset)
        self._samples = dataset.samples if limit is None else spread(dataset.samples, limit)
        one, other = first.info, second.info
        self._parts = passes(
            (one.layers + 1, other.layers + 1), (one.hidden_size, other.hidden_size)
        )
        self._sums = Cka(self._parts[0])
        self._rows: list[Doubles] = []
        self._changes: list[Doubles] = []
        self._answers: list[tuple[str, tuple[bool | None, bool | None]]] = []
        self._failures: list[Failure] = []
        self._units = self._seen = self.done = 0

    @property
    def total(self) -> int:
        """Return how many steps there are."""
        return len(self._samples) * len(self._parts)

    @property
    def finished(self) -> bool:
        """Say whether every sample was seen in every pass."""
        return self.done >= self.total

    def step(self, cancelled: Callable[[], bool] = never) -> None:
        """See one more sample. Raises `Cancelled`, after which the same step can be taken again."""
        number, place = divmod(self.done, len(self._samples))
        seen = look_at(
            self._models, self._samples[place], options=self._options, window=0, cancelled=cancelled
        )
        if not isinstance(seen, Failure):
            self._take(seen, first_pass=number == 0)
        elif number == 0:
            self._failures.append(seen)
        self.done += 1
        if place + 1 == len(self._samples):
            self._rows.append(self._sums.values())
            self._units = self._sums.units
            if not self.finished:
                self._sums = Cka(self._parts[number + 1])

    def _take(self, seen: tuple[Extraction, ...], *, first_pass: bool) -> None:
        one, other = seen
        shared = common_units(one, other)
        states = (
            unit_states(one.states, [unit.first for unit in shared]),
            unit_states(other.states, [unit.second for unit in shared]),
        )
        if shared:
            self._sums.add(*states)
        if not first_pass:
            return
        self._seen += 1
        if len(shared) > 2:
            self._changes.append(change_by_depth(*states).mean(axis=1))
        right = tuple(None if each.scores is None else each.scores.right for each in seen)
        self._answers.append((one.sample.id, (right[0], right[1])))

    def result(self) -> Comparison:
        """Return what was found. Raises InputError where no sample could be run on both models."""
        if not self._units:
            why = f": {self._failures[0].reason}" if self._failures else ""
            raise InputError(
                f"{self._dataset}: there is no sample that both models can be run on{why}"
            )
        infos = self._models[0].info, self._models[1].info
        unknown = np.full(infos[0].layers + 1, np.nan)
        return _paired(
            Comparison(
                models=infos,
                dataset=self._dataset,
                samples=self._seen,
                units=self._units,
                cka=np.concatenate(self._rows),
                change=np.mean(self._changes, axis=0) if self._changes else unknown,
                failures=tuple(self._failures),
            ),
            self._answers,
        )


def common_units(one: Extraction, other: Extraction) -> tuple[Unit, ...]:
    """Return what both models read of a sample in these windows, without outliers.

    Where one of them was given less of the context (paragraphs left out to fit), what follows the
    first difference is left out.
    """
    shared = shared_units(one.tokens, other.tokens)
    texts = one.sample.context, other.sample.context
    pairs = enumerate(zip(*texts, strict=False))
    same = next((place for place, (a, b) in pairs if a != b), min(map(len, texts)))
    return tuple(
        unit
        for unit in shared
        if (unit.part == "question" or unit.end <= same)
        and not set(unit.first) & set(one.outliers)
        and not set(unit.second) & set(other.outliers)
    )


def change_by_depth(first: Floats, second: Floats) -> Doubles:
    """Return ``(layers of the first + 1, units)``: how far the neighbours of each unit differ.

    ``first`` and ``second`` are ``(layers + 1, units, dim)``; each layer of the first is set
    against that of the second at the same depth, by `neighbourhood_change`.
    """
    last, others = len(first) - 1, len(second) - 1
    places = [matching_layer(layer, last, others) for layer in range(last + 1)]
    return neighbourhood_change(first, second[places])


def _paired(
    found: Comparison, answers: list[tuple[str, tuple[bool | None, bool | None]]]
) -> Comparison:
    both = [(name, one, other) for name, (one, other) in answers if None not in (one, other)]
    if not both:
        return found
    fixed = tuple(name for name, one, other in both if other and not one)
    broken = tuple(name for name, one, other in both if one and not other)
    return replace(
        found,
        scored=len(both),
        right=(sum(bool(one) for _, one, _ in both), sum(bool(other) for _, _, other in both)),
        fixed=fixed,
        broken=broken,
        mcnemar_p=mcnemar(len(fixed), len(broken)),
    )
