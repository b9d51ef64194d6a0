"""One sample of a data set after the other under the microscope, in memory that does not grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bertscope_tui.engine.scoring import ReadOptions, never
from bertscope_tui.errors import BertscopeError
from bertscope_tui.inspection.pipeline import extract, read

if TYPE_CHECKING:
    from bertscope_tui.data.records import QASample
    from bertscope_tui.inspection.snapshots import Extraction
    from bertscope_tui.models.loading import LoadedModel


@dataclass(frozen=True, slots=True)
class Failure:
    """A sample that could not be run, and the reason in one line."""

    sample_id: str
    reason: str


def survey(
    models: Sequence[LoadedModel],
    samples: Sequence[QASample],
    *,
    options: ReadOptions,
    window: int | None = None,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[tuple[Extraction, ...] | Failure]:
    """Yield the extractions of each sample, one for each of ``models``, or why there are none.

    ``window`` chooses the window (None: that of each model's best answer). ``progress`` is told
    how many samples are done and how many there are. A sample that cannot be run holds up no
    other. Raises `Cancelled`.
    """
    total = len(samples)
    for done, sample in enumerate(samples):
        if progress is not None:
            progress(done, total)
        yield look_at(models, sample, options=options, window=window, cancelled=cancelled)
    if progress is not None:
        progress(total, total)


def look_at(
    models: Sequence[LoadedModel],
    sample: QASample,
    *,
    options: ReadOptions,
    window: int | None = None,
    cancelled: Callable[[], bool] = never,
) -> tuple[Extraction, ...] | Failure:
    """Return the extractions of one sample, or why there are none; see `survey`."""
    try:
        seen = tuple(
            extract(
                model,
                read(model, sample, options=options, cancelled=cancelled),
                window=window,
                cancelled=cancelled,
            )
            for model in models
        )
    except BertscopeError as error:
        return Failure(sample.id, str(error))
    odd = next((one for one in seen if not np.isfinite(one.states).all()), None)
    if odd is not None:
        why = f"{odd.model.name} has hidden states that are not finite numbers"
        return Failure(sample.id, f"{why} (try --dtype float32)")
    return seen
