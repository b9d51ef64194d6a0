"""From one record to what is shown of it: encode, run, decode, project.

These are the functions that both the command line and the screens call. They run on whatever
thread calls them, and poll ``cancelled`` between steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertscope_tui.engine.scoring import ReadOptions, encode_sample, never, predict_sample, score
from bertscope_tui.errors import InputError
from bertscope_tui.inspection.snapshots import Extraction, Pictures, WindowPlace

if TYPE_CHECKING:
    from bertscope_tui.analysis.phase_scores import Layout
    from bertscope_tui.analysis.phases import Phases
    from bertscope_tui.analysis.projection import Recipe
    from bertscope_tui.data.records import QASample
    from bertscope_tui.engine.answers import Prediction
    from bertscope_tui.engine.encoding import Encoded
    from bertscope_tui.engine.forward import WindowOutput
    from bertscope_tui.models.loading import LoadedModel


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A sample run through a model in all its windows: enough to look at any of them.

    ``outputs`` has the logits of each window, and the hidden states where there is one window.
    """

    encoded: Encoded
    outputs: tuple[WindowOutput, ...]
    prediction: Prediction | None


def read(
    model: LoadedModel,
    sample: QASample,
    *,
    options: ReadOptions | None = None,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[int, int], None] | None = None,
) -> Reading:
    """Run ``model`` over all windows of ``sample`` and predict.

    ``progress`` is told the number of windows done and in all. Raises `EngineError` where the
    network cannot be run, `Cancelled`.
    """
    from bertscope_tui.engine.forward import forward

    options = options or ReadOptions()
    encoded = encode_sample(model, sample, options)
    count = len(encoded.windows)
    outputs = forward(
        model,
        encoded.windows,
        hidden=count == 1,
        cancelled=cancelled,
        progress=None if progress is None else lambda done: progress(done, count),
    )
    return Reading(encoded, tuple(outputs), predict_sample(model, encoded, outputs, options))


def extract(
    model: LoadedModel,
    reading: Reading,
    *,
    dataset: str | None = None,
    window: int | None = None,
    cancelled: Callable[[], bool] = never,
) -> Extraction:
    """Keep every hidden state of one window of a sample that was read.

    ``window`` chooses the window; None takes that of the best answer (the first without one).
    Raises `InputError` for a window that does not exist, `EngineError` where the network cannot
    be run, `Cancelled`.
    """
    from bertscope_tui.analysis.outliers import norm_outliers, outlier_ratio
    from bertscope_tui.engine.forward import forward
    from bertscope_tui.engine.meaning import meanings
    from bertscope_tui.engine.roles import assign_roles, sentence_ids

    encoded, prediction = reading.encoded, reading.prediction
    sample, count = encoded.sample, len(encoded.windows)
    best = prediction.window if prediction is not None else 0
    chosen = best if window is None else window
    if not 0 <= chosen < count:
        raise InputError(f"window {chosen}: {sample.id} has {count} window(s), counted from 0")
    shown = encoded.windows[chosen]
    states = reading.outputs[chosen].hidden
    if states is None:
        states = forward(model, [shown], hidden=True, cancelled=cancelled)[0].hidden
    assert states is not None  # asked for
    outliers = norm_outliers(states, [token.part == "special" for token in shown.tokens])
    return Extraction(
        model=model.info,
        dataset=dataset,
        sample=sample,
        window=WindowPlace(chosen, count, shown.start, shown.end, best),
        tokens=shown.tokens,
        roles=assign_roles(shown, sample, prediction.span if prediction else None),
        sentences=sentence_ids(shown, sample),
        outliers=outliers,
        outlier_ratio=outlier_ratio(states, outliers[0] if outliers else 0),
        prediction=prediction,
        scores=score(prediction, sample),
        states=states,
        notes=encoded.notes,
        meaning=meanings(model, shown),
    )


def project(
    extraction: Extraction,
    recipe: Recipe | None = None,
    *,
    special: bool = False,
    outliers: bool = False,
    cancelled: Callable[[], bool] = never,
) -> Pictures:
    """Project every layer of an extraction to two dimensions in one go, by PCA if not told.

    Tokens that are not shown have no part in the projection either. Raises as
    `bertscope_tui.analysis.projection.by_layer`, which yields one layer after the other.
    """
    from bertscope_tui.analysis import projection as projections

    shown = extraction.shown(special=special, outliers=outliers)
    projection = projections.project(extraction.states, shown, recipe, cancelled=cancelled)
    return Pictures(extraction, projection, special, outliers)


def layout(extraction: Extraction) -> Layout:
    """Return what the scores of phases need to know of an extraction's tokens."""
    from bertscope_tui.analysis.phase_scores import layout_of

    prediction = extraction.prediction
    return layout_of(
        extraction.tokens,
        extraction.sample,
        extraction.sentences,
        prediction.span if prediction is not None else None,
        # The embeddings with positions stand in for those without, where these were not kept.
        extraction.states[0] if extraction.meaning is None else extraction.meaning,
        left_out=extraction.outliers,
    )


def phases(
    extraction: Extraction, *, seed: int = 0, cancelled: Callable[[], bool] = never
) -> Phases:
    """Return the phases that one sample goes through; see `bertscope_tui.analysis.phases`."""
    from bertscope_tui.analysis.phases import find_phases

    return find_phases(extraction.states, layout(extraction), seed=seed, cancelled=cancelled)
