"""From a batch on the device to what is kept of each window, and from windows to `Scanned`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.data.records import QASample, Span
from bertscope_tui.data.scoring import exact_match
from bertscope_tui.engine.answers import Prediction
from bertscope_tui.engine.encoding import Encoded
from bertscope_tui.engine.forward import WindowOutput, logits_of
from bertscope_tui.engine.heads import LayerHead
from bertscope_tui.engine.lens import SpanReading, read_labels, read_spans
from bertscope_tui.engine.marks import Layout, layout, sentence_at, sight_of
from bertscope_tui.engine.scanned import SIGNALS, Scanned
from bertscope_tui.engine.scoring import ReadOptions, predict_sample, score
from bertscope_tui.engine.signals import Marked, WindowSignals, measure
from bertscope_tui.errors import BertscopeError, EngineError

if TYPE_CHECKING:
    from bertscope_tui.engine.forward import DeviceBatch
    from bertscope_tui.models.loading import LoadedModel

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is kept of one window.

    ``prediction`` is what the window alone gives; ``error`` why it gives nothing. ``reading`` is
    what the head says of the layers: class logits ``(layers, labels)`` or spans.
    """

    output: WindowOutput
    prediction: Prediction | None
    error: EngineError | None
    signals: WindowSignals
    reading: SpanReading | Floats


class Rows:
    """Makes rows for one model and one way of reading it."""

    def __init__(self, model: LoadedModel, options: ReadOptions) -> None:
        """Run a few tokens, to see how the head is put on a layer."""
        self._model = model
        self._options = options
        self._head = LayerHead(model)
        self._layers = model.info.layers + 1

    def seen(
        self,
        batch: DeviceBatch,
        encoded: Sequence[Encoded],
        vectors: Sequence[bool],
        poll: Callable[[], None],
    ) -> list[Seen]:
        """Derive everything that is kept of a batch's windows.

        ``encoded`` are the samples that the windows are of, ``vectors`` says which of them want
        their pooled vector. ``poll`` is called before each layer and may raise.
        """
        outputs = logits_of(batch)
        layouts = [
            layout(window, own.sample) for window, own in zip(batch.windows, encoded, strict=True)
        ]
        found: list[Prediction | EngineError | None] = []
        for window, own, output in zip(batch.windows, encoded, outputs, strict=True):
            try:
                alone = Encoded(own.sample, (window,))
                found.append(predict_sample(self._model, alone, [output], self._options))
            except EngineError as error:
                found.append(error)
        marked = [
            _marked(own.sample, place, None if isinstance(one, EngineError) else one)
            for own, place, one in zip(encoded, layouts, found, strict=True)
        ]
        signals = measure(batch.states, marked, means=any(vectors), poll=poll)
        readings = self._readings(batch, layouts, poll)
        return [
            Seen(
                output,
                None if isinstance(one, EngineError) else one,
                one if isinstance(one, EngineError) else None,
                signal if wanted else signal.without_mean(),
                reading,
            )
            for output, one, signal, reading, wanted in zip(
                outputs, found, signals, readings, vectors, strict=True
            )
        ]

    def _readings(
        self, batch: DeviceBatch, layouts: Sequence[Layout], poll: Callable[[], None]
    ) -> Sequence[SpanReading | Floats]:
        if batch.class_logits is not None:
            return read_labels(self._head, batch, poll=poll)
        longest = self._options.max_answer_tokens
        return read_spans(self._head, batch, layouts, longest, poll=poll)

    def row(self, place: int, encoded: Encoded, seen: Sequence[Seen]) -> Scanned:
        """Return a sample whose windows have all been seen, in their order."""
        error = next((one.error for one in seen if one.error is not None), None)
        if error is not None:
            return failed(place, encoded.sample, error, len(seen))
        sample = encoded.sample
        prediction = (
            seen[0].prediction
            if len(seen) == 1
            else predict_sample(self._model, encoded, [one.output for one in seen], self._options)
        )
        assert prediction is not None
        chosen = seen[prediction.window]
        lens, lens_signals = self._lens(sample, prediction, chosen)
        signals, best = _rows(chosen.signals, prediction)
        mean = chosen.signals.mean
        return Scanned(
            place=place,
            sample_id=sample.id,
            impossible=sample.impossible,
            gold_spans=_gold(sample),
            prediction=prediction,
            scores=score(prediction, sample),
            sight=sight_of(
                encoded,
                self._options.max_answer_tokens,
                labels=self._model.info.labels,
                classifies=self._model.info.head == "classification",
            ),
            sentences=len(sample.sentences),
            facts=_facts(sample),
            facts_given=sample.facts_given,
            predicted_sentence=sentence_at(sample, prediction.span),
            window=prediction.window,
            windows=len(seen),
            signals=np.concatenate([signals, lens_signals]),
            best_sentence=best,
            lens=lens,
            vector=None if mean is None else mean.astype(np.float16),
        )

    def _lens(
        self, sample: QASample, prediction: Prediction, seen: Seen
    ) -> tuple[NDArray[np.int32], Floats]:
        """Return the lens, ``(layers + 1, 2)``, and its two signals, ``(2, layers + 1)``."""
        lens = np.full((self._layers, 2), -1, dtype=np.int32)
        signals = np.full((2, self._layers), np.nan, dtype=np.float32)
        texts: list[str]
        if isinstance(seen.reading, SpanReading):
            spans, shares = self._spans(prediction, seen.reading)
            texts = [sample.context[start:end] if start >= 0 else "" for start, end in spans]
        else:
            shares = _softmax(seen.reading)
            best = shares.argmax(axis=1)
            shares = shares[np.arange(len(best)), best]
            labels = self._model.info.labels
            texts = [labels[k] if k < len(labels) else f"LABEL_{k}" for k in best.tolist()]
            spans = np.stack([best, np.full(len(best), -1)], axis=1)
        # Where the head cannot be put on other layers there is only the last one.
        lens[-len(spans) :] = spans
        signals[1, -len(spans) :] = shares
        if sample.answers or sample.impossible:
            gold = [answer.text for answer in sample.answers]
            right = {text: exact_match(text, gold) for text in set(texts)}
            signals[0, -len(spans) :] = [right[text] for text in texts]
        return lens, signals

    def _spans(
        self, prediction: Prediction, reading: SpanReading
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return each layer's answer, (-1, -1) for none, and its share of all that are valid.

        "No answer" is one of them where the options allow it. Which it is on the last layer is
        the prediction's to say: there it looks at all windows.
        """
        best, total = reading.best.astype(np.float64), reading.total.astype(np.float64)
        null = reading.null.astype(np.float64)
        if not self._options.allow_null:
            null = np.full_like(null, -np.inf)
        none = null > best
        none[-1] = prediction.span is None
        spans = np.where((none | np.isneginf(best))[:, None], -1, reading.spans)
        if prediction.span is not None:
            spans[-1] = (prediction.span.start, prediction.span.end)
        chosen, every = np.where(none, null, best), np.logaddexp(total, null)
        shares = np.ones_like(chosen)
        some = np.isfinite(every)
        shares[some] = np.exp(chosen[some] - every[some])
        return spans, np.minimum(shares, 1.0)


def failed(place: int, sample: QASample, error: BertscopeError, windows: int) -> Scanned:
    """Return a sample that could not be run, with the reason."""
    return Scanned(
        place=place,
        sample_id=sample.id,
        impossible=sample.impossible,
        gold_spans=_gold(sample),
        prediction=None,
        scores=None,
        sight="seen",
        sentences=len(sample.sentences),
        facts=_facts(sample),
        facts_given=sample.facts_given,
        predicted_sentence=None,
        window=0,
        windows=windows,
        error=str(error),
    )


def _marked(sample: QASample, place: Layout, prediction: Prediction | None) -> Marked:
    answers = () if prediction is None else prediction.n_best
    span = next((answer.span for answer in answers if answer.span is not None), None)
    return Marked(
        layout=place,
        sentences=len(sample.sentences),
        facts=sample.supporting,
        answer=span,
        answer_sentence=sentence_at(sample, span),
        gold=_gold(sample),
    )


def _gold(sample: QASample) -> tuple[Span, ...]:
    return tuple(dict.fromkeys(answer.span for answer in sample.answers if answer.span is not None))


def _facts(sample: QASample) -> tuple[int, ...]:
    """Return the places of the sentences that share a character with a supporting fact."""
    return tuple(
        place
        for place, sentence in enumerate(sample.sentences)
        if any(sentence.overlaps(fact) for fact in sample.supporting)
    )


def _rows(found: WindowSignals, prediction: Prediction) -> tuple[Floats, NDArray[np.int16]]:
    """Return the signals but for the lens, ``(7, layers + 1)``, and the best sentence."""
    layers = len(found.homogeneity)
    signals = np.full((len(SIGNALS) - 2, layers), np.nan, dtype=np.float32)
    match = found.match[:, 2:]
    signals[SIGNALS.index("fact_match")] = found.match[:, 0]
    signals[SIGNALS.index("gold_separation")] = found.separation[:, 1]
    signals[SIGNALS.index("homogeneity")] = found.homogeneity
    if prediction.span is not None:
        signals[SIGNALS.index("predicted_match")] = found.match[:, 1]
        signals[SIGNALS.index("answer_separation")] = found.separation[:, 0]
    best = np.full(layers, -1, dtype=np.int16)
    known = np.isfinite(match)
    if match.shape[1]:
        heights = np.where(known, match, -np.inf)
        order = np.sort(heights, axis=1)
        some = known.any(axis=1)
        best[some] = heights.argmax(axis=1)[some]
        signals[SIGNALS.index("best_match"), some] = order[some, -1]
        several = known.sum(axis=1) > 1
        if several.any():
            gap = order[several, -1] - order[several, -2]
            signals[SIGNALS.index("best_margin"), several] = gap
    return signals, best


def _softmax(logits: Floats) -> NDArray[np.float64]:
    values = logits.astype(np.float64)
    values = np.exp(values - values.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = values / values.sum(axis=1, keepdims=True)
    return shares
