"""The answers to one sample without each layer, as a job of the engine's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertscope_tui.engine.scoring import ReadOptions, encode_sample
from bertscope_tui.engine.skipping import Skipped, skip_each
from bertscope_tui.inspection.service import Derived

if TYPE_CHECKING:
    from bertscope_tui.data.records import QASample
    from bertscope_tui.engine.jobs import Job
    from bertscope_tui.models.loading import LoadedModel


def skip_layers(
    job: Job, model: LoadedModel, sample: QASample, options: ReadOptions, kind: str
) -> tuple[Skipped, ...]:
    """Return the answer of the whole network, then that without each layer from 1 to L.

    What there is so far is handed over as `Derived` of this kind after each of them. Raises as
    `bertscope_tui.engine.skipping.skip_each`, `Cancelled`.
    """
    encoded = encode_sample(model, sample, options)
    found: list[Skipped] = []
    for one in skip_each(model, encoded, options=options, cancelled=job.cancelled):
        found.append(one)
        job.check()
        job.progress("answering without each layer", len(found), model.info.layers + 1)
        job.result(Derived(kind, tuple(found)))
    return tuple(found)
