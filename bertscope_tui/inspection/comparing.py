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
from bertscope_tui.inspection.survey import Failure, survey

if TYPE_CHECKING:
    from bertscope_tui.data.records import Dataset
    from bertscope_tui.inspection.snapshots import Extraction
    from bertscope_tui.models.loading import LoadedModel, ModelInfo

Doubles = NDArray[np.float64]


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
    options = (options or ReadOptions()).for_dataset(dataset)
    samples = dataset.samples if limit is None else spread(dataset.samples, limit)
    infos = first.info, second.info
    parts = passes(
        (infos[0].layers + 1, infos[1].layers + 1), (infos[0].hidden_size, infos[1].hidden_size)
    )
    rows, changes = [], []
    answers: list[tuple[str, tuple[bool | None, bool | None]]] = []
    failures: list[Failure] = []
    done = units = 0
    for number, part in enumerate(parts):

        def tell(now: int, total: int, before: int = number * len(samples)) -> None:
            if progress is not None:
                progress(before + now, total * len(parts))

        cka = Cka(part)
        for seen in survey(
            (first, second), samples, options=options, window=0, cancelled=cancelled, progress=tell
        ):
            if isinstance(seen, Failure):
                if number == 0:
                    failures.append(seen)
                continue
            one, other = seen
            shared = common_units(one, other)
            states = (
                unit_states(one.states, [unit.first for unit in shared]),
                unit_states(other.states, [unit.second for unit in shared]),
            )
            if shared:
                cka.add(*states)
            if number:
                continue
            done += 1
            if len(shared) > 2:
                changes.append(neighbourhood_change(states[0], _at_depth(states)).mean(axis=1))
            right = tuple(None if each.scores is None else each.scores.right for each in seen)
            answers.append((one.sample.id, (right[0], right[1])))
        rows.append(cka.values())
        units = cka.units
    if not units:
        why = f": {failures[0].reason}" if failures else ""
        raise InputError(f"{dataset.name}: there is no sample that both models can be run on{why}")
    return _paired(
        Comparison(
            models=infos,
            dataset=dataset.name,
            samples=done,
            units=units,
            cka=np.concatenate(rows),
            change=np.mean(changes, axis=0) if changes else np.full(infos[0].layers + 1, np.nan),
            failures=tuple(failures),
        ),
        answers,
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


def _at_depth(
    states: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Return the layers of the second model that match those of the first."""
    last, others = len(states[0]) - 1, len(states[1]) - 1
    return states[1][[matching_layer(layer, last, others) for layer in range(last + 1)]]


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
