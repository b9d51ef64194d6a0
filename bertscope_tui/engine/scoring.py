"""Samples in, answers with their scores out: what evaluation, training and the sample list share.

Windows of many samples go through the network together, in batches of like length; only logits
come back. Nothing heavy is imported before it is needed, so that screens may import the classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bertscope_tui.data.records import Dataset, QASample
from bertscope_tui.data.scoring import exact_match, f1
from bertscope_tui.errors import BertscopeError, Cancelled, EngineError

if TYPE_CHECKING:
    from bertscope_tui.engine.answers import Prediction
    from bertscope_tui.engine.encoding import Encoded
    from bertscope_tui.engine.forward import WindowOutput
    from bertscope_tui.models.loading import LoadedModel

_CHUNK_TOKENS = 262_144
"""Tokens of samples that are held encoded at once; a longer sample is a chunk of its own."""


def never() -> bool:
    """Stand in for a cancel flag where nobody can cancel."""
    return False


@dataclass(frozen=True, slots=True)
class ReadOptions:
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

    def for_dataset(self, dataset: Dataset) -> ReadOptions:
        """Return the options with what this data set asks for filled in."""
        return replace(
            self,
            max_tokens=self.max_tokens or dataset.window,
            allow_null=self.allow_null or any(sample.impossible for sample in dataset.samples),
        )


@dataclass(frozen=True, slots=True)
class Scores:
    """How good an answer is by the SQuAD rules: both numbers from 0 to 1."""

    exact_match: float
    f1: float

    @property
    def right(self) -> bool:
        """Say whether the answer counts as right."""
        return self.exact_match == 1.0


@dataclass(frozen=True, slots=True)
class SampleScore:
    """What a model answered to one sample, and how good that is.

    ``prediction`` is None and the scores are None where the model makes no prediction;
    ``error`` is one line where the sample could not be run.
    """

    sample_id: str
    prediction: str | None
    probability: float | None
    scores: Scores | None
    error: str | None = None


def score(prediction: Prediction | None, sample: QASample) -> Scores | None:
    """Score a prediction against the gold answers, or return None where there is neither."""
    if prediction is None or not (sample.answers or sample.impossible):
        return None
    gold = [answer.text for answer in sample.answers]
    return Scores(exact_match(prediction.text, gold), f1(prediction.text, gold))


def encode_sample(model: LoadedModel, sample: QASample, options: ReadOptions) -> Encoded:
    """Cut a sample into windows as the options say; raises DataError where that cannot be done."""
    from bertscope_tui.engine.encoding import encode

    if options.max_tokens is None:
        return encode(sample, model, stride=options.stride)
    return encode(sample, model, max_tokens=options.max_tokens, stride=options.stride)


def predict_sample(
    model: LoadedModel,
    encoded: Encoded,
    outputs: Sequence[WindowOutput],
    options: ReadOptions,
) -> Prediction | None:
    """Return the best answer over the windows, or None for a network without a head.

    Raises EngineError where a logit is not finite.
    """
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


def score_samples(
    model: LoadedModel,
    samples: Sequence[QASample],
    *,
    options: ReadOptions | None = None,
    cancelled: Callable[[], bool] = never,
) -> Iterator[SampleScore]:
    """Predict and score samples, all their windows together; yields one result each, in order.

    A sample that cannot be run yields its reason in place of scores, and holds up no other.
    Raises `Cancelled`.
    """
    options = options or ReadOptions()
    part = [(sample, _encoded(model, sample, options, cancelled)) for sample in samples]
    yield from _score_encoded(model, part, options, cancelled, None)


def score_dataset(
    model: LoadedModel,
    samples: Sequence[QASample],
    *,
    options: ReadOptions | None = None,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[int], None] | None = None,
    chunk: int = 512,
) -> Iterator[SampleScore]:
    """Predict and score any number of samples in bounded memory; one result each, in order.

    At most ``chunk`` samples, and about a quarter of a million tokens, are held encoded at a time.
    Within a chunk the windows of all samples are batched by length. ``progress`` is told after
    each batch how many samples are done (those of unfinished chunks in proportion to their
    windows). A sample that cannot be run yields its reason in place of scores, and holds up no
    other. The network is used in the mode it is in: calling ``eval()`` is up to the caller.
    Raises `Cancelled`.
    """
    options = options or ReadOptions()
    done = 0
    for part in _chunks(model, samples, options, cancelled, max(1, chunk)):
        yield from _score_encoded(
            model, part, options, cancelled, progress and _telling(progress, done, len(part))
        )
        done += len(part)
        if progress is not None:
            progress(done)


_Part = list[tuple[QASample, "Encoded | BertscopeError"]]
"""Samples with their windows, or with the reason why they have none."""


def _chunks(
    model: LoadedModel,
    samples: Sequence[QASample],
    options: ReadOptions,
    cancelled: Callable[[], bool],
    most: int,
) -> Iterator[_Part]:
    part: _Part = []
    tokens = 0
    for sample in samples:
        encoded = _encoded(model, sample, options, cancelled)
        size = 0 if isinstance(encoded, BertscopeError) else _size(encoded)
        if part and (len(part) == most or tokens + size > _CHUNK_TOKENS):
            yield part
            part, tokens = [], 0
        part.append((sample, encoded))
        tokens += size
    if part:
        yield part


def _size(encoded: Encoded) -> int:
    return sum(len(window.input_ids) for window in encoded.windows)


def _encoded(
    model: LoadedModel, sample: QASample, options: ReadOptions, cancelled: Callable[[], bool]
) -> Encoded | BertscopeError:
    if cancelled():
        raise Cancelled
    try:
        return encode_sample(model, sample, options)
    except BertscopeError as error:
        return error


def _telling(progress: Callable[[int], None], before: int, count: int) -> Callable[[float], None]:
    def tell(share: float) -> None:
        progress(before + int(share * count))

    return tell


def _score_encoded(
    model: LoadedModel,
    part: _Part,
    options: ReadOptions,
    cancelled: Callable[[], bool],
    tell: Callable[[float], None] | None,
) -> Iterator[SampleScore]:
    """Run the windows of all samples of a part; ``tell`` is told the share of them that is done.

    Where the network fails on one of them nobody can say which it was, so each half is run on its
    own until the sample is found.
    """
    from bertscope_tui.engine.forward import forward

    windows = [w for _, own in part if not isinstance(own, BertscopeError) for w in own.windows]
    try:
        found = forward(
            model,
            windows,
            hidden=False,
            cancelled=cancelled,
            progress=None if tell is None else lambda done: tell(done / len(windows)),
        )
    except EngineError as error:
        if len(part) == 1:
            yield SampleScore(part[0][0].id, None, None, None, error=str(error))
            return
        half = len(part) // 2
        yield from _score_encoded(model, part[:half], options, cancelled, None)
        yield from _score_encoded(model, part[half:], options, cancelled, None)
        return
    outputs = iter(found)
    for sample, encoded in part:
        if isinstance(encoded, BertscopeError):
            yield SampleScore(sample.id, None, None, None, error=str(encoded))
            continue
        own = [next(outputs) for _ in encoded.windows]
        try:
            prediction = predict_sample(model, encoded, own, options)
        except EngineError as error:
            yield SampleScore(sample.id, None, None, None, error=str(error))
            continue
        yield SampleScore(
            sample.id,
            prediction.text if prediction else None,
            prediction.probability if prediction else None,
            score(prediction, sample),
        )
