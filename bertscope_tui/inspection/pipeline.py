"""From one record to what is shown of it: encode, run, decode, project.

These are the functions that both the command line and the screens call. They run on whatever
thread calls them, and poll ``cancelled`` between steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bertscope_tui.data.records import Dataset, QASample
from bertscope_tui.data.scoring import exact_match, f1
from bertscope_tui.errors import BertscopeError, Cancelled, EngineError, InputError
from bertscope_tui.inspection.snapshots import (
    Extraction,
    Pictures,
    SampleScore,
    Scores,
    WindowPlace,
)

if TYPE_CHECKING:
    from bertscope_tui.engine.answers import Prediction
    from bertscope_tui.engine.encoding import Encoded, Window
    from bertscope_tui.engine.forward import WindowOutput
    from bertscope_tui.models.loading import LoadedModel


def never() -> bool:
    """Stand in for a cancel flag where nobody can cancel."""
    return False


@dataclass(frozen=True, slots=True)
class InspectOptions:
    """How samples are cut and answers are read.

    ``max_tokens`` is the window's length in tokens (None: what the data set asks for, capped by
    the model), ``stride`` the overlap of neighbouring windows in tokens. ``allow_null`` lets the
    answer be empty, as for data with unanswerable questions.
    """

    max_tokens: int | None = None
    stride: int = 128
    n_best: int = 20
    max_answer_tokens: int = 30
    allow_null: bool = False

    def for_dataset(self, dataset: Dataset) -> InspectOptions:
        """Return the options with what this data set asks for filled in."""
        return replace(
            self,
            max_tokens=self.max_tokens or dataset.window,
            allow_null=self.allow_null or any(sample.impossible for sample in dataset.samples),
        )


def score(prediction: Prediction | None, sample: QASample) -> Scores | None:
    """Score a prediction against the gold answers, or return None where there is neither."""
    if prediction is None or not (sample.answers or sample.impossible):
        return None
    gold = [answer.text for answer in sample.answers]
    return Scores(exact_match(prediction.text, gold), f1(prediction.text, gold))


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
    options: InspectOptions | None = None,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[int, int], None] | None = None,
) -> Reading:
    """Run ``model`` over all windows of ``sample`` and predict.

    ``progress`` is told the number of windows done and in all. Raises `EngineError` where the
    network cannot be run, `Cancelled`.
    """
    from bertscope_tui.engine.forward import forward

    options = options or InspectOptions()
    encoded = _encode(model, sample, options)
    count = len(encoded.windows)
    outputs = forward(
        model,
        encoded.windows,
        hidden=count == 1,
        cancelled=cancelled,
        progress=None if progress is None else lambda done: progress(done, count),
    )
    return Reading(encoded, tuple(outputs), _predict(model, encoded, outputs, options))


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
        outlier_ratio=outlier_ratio(states, outliers[0]) if outliers else 1.0,
        prediction=prediction,
        scores=score(prediction, sample),
        states=states,
        notes=encoded.notes,
    )


def project(
    extraction: Extraction,
    *,
    special: bool = False,
    outliers: bool = False,
    cancelled: Callable[[], bool] = never,
) -> Pictures:
    """Project every layer of an extraction to two dimensions in one go.

    Tokens that are not shown have no part in the projection either.
    """
    from bertscope_tui.analysis.projection import pca

    shown = extraction.shown(special=special, outliers=outliers)
    projection = pca(extraction.states, shown, cancelled=cancelled)
    return Pictures(extraction, projection, special, outliers)


def score_samples(
    model: LoadedModel,
    samples: Sequence[QASample],
    *,
    options: InspectOptions | None = None,
    cancelled: Callable[[], bool] = never,
) -> Iterator[SampleScore]:
    """Predict and score samples, all their windows together; yields one result each, in order.

    A sample that cannot be run yields its reason in place of scores, and holds up no other.
    """
    from bertscope_tui.engine.forward import forward

    options = options or InspectOptions()
    encodings: list[Encoded | BertscopeError] = []
    windows: list[Window] = []
    for sample in samples:
        if cancelled():
            raise Cancelled
        try:
            encoded = _encode(model, sample, options)
        except BertscopeError as error:
            encodings.append(error)
            continue
        encodings.append(encoded)
        windows.extend(encoded.windows)
    try:
        outputs = iter(forward(model, windows, hidden=False, cancelled=cancelled))
    except EngineError as error:
        if len(samples) == 1:
            yield SampleScore(samples[0].id, None, None, None, error=str(error))
        else:
            for sample in samples:
                yield from score_samples(model, [sample], options=options, cancelled=cancelled)
        return
    for sample, entry in zip(samples, encodings, strict=True):
        if isinstance(entry, BertscopeError):
            yield SampleScore(sample.id, None, None, None, error=str(entry))
            continue
        own = [next(outputs) for _ in entry.windows]
        prediction = _predict(model, entry, own, options)
        yield SampleScore(
            sample.id,
            prediction.text if prediction else None,
            prediction.probability if prediction else None,
            score(prediction, sample),
        )


def _encode(model: LoadedModel, sample: QASample, options: InspectOptions) -> Encoded:
    from bertscope_tui.engine.encoding import encode

    if options.max_tokens is None:
        return encode(sample, model, stride=options.stride)
    return encode(sample, model, max_tokens=options.max_tokens, stride=options.stride)


def _predict(
    model: LoadedModel,
    encoded: Encoded,
    outputs: Sequence[WindowOutput],
    options: InspectOptions,
) -> Prediction | None:
    from bertscope_tui.engine.answers import predict

    if model.info.head is None:
        return None
    return predict(
        encoded,
        outputs,
        labels=model.info.labels,
        n_best=options.n_best,
        max_answer_tokens=options.max_answer_tokens,
        allow_null=options.allow_null,
    )
