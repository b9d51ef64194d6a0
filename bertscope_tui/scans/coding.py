"""Samples as the store's tables hold them, and back again, to the bit."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bertscope_tui.data.records import QASample, Span
from bertscope_tui.engine.answers import Candidate, Prediction
from bertscope_tui.engine.scanned import SIGNALS, Scanned
from bertscope_tui.engine.scoring import ReadOptions, Scores
from bertscope_tui.scans.records import NOT_RUN, RIGHT, UNKNOWN, WRONG, RunSpec, SampleRow

DAMAGE = (ValueError, KeyError, TypeError, IndexError, zlib.error, UnicodeError)
"""What reading damaged content raises."""

SAMPLE = (
    "place, sample_id, question, gold, paragraph, task_name, right, answerable, exact_match, f1,"
    " prediction, confidence, error"
)
DETAIL = "facts, n_best, signals, best_sentence, lens"

_LONGEST = 1 << 26
"""Bytes that a packed list may have; more can only be damage."""


def text_in(text: str) -> str | bytes:
    """Return a text as SQLite can keep it: itself, or bytes where it has halves of surrogates."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def text_out(value: str | bytes) -> str:
    """Return the text that `text_in` was given."""
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value


def words_in(words: Sequence[str]) -> str:
    """Return texts as one JSON list; halves of surrogate pairs become escapes."""
    return json.dumps(list(words))


def words_out(value: str) -> tuple[str, ...]:
    """Return the texts that `words_in` was given."""
    return tuple(str(word) for word in json.loads(value))


def spec_in(spec: RunSpec) -> str:
    """Return a run's description as JSON, always the same for the same run."""
    return json.dumps(asdict(spec), sort_keys=True)


def spec_out(value: str) -> RunSpec:
    """Return the description that `spec_in` was given; raises one of `DAMAGE`."""
    content: dict[str, Any] = json.loads(value)
    content["tasks"] = tuple(content["tasks"])
    content["options"] = ReadOptions(**content["options"])
    return RunSpec(**content)


def sample_in(scanned: Scanned, sample: QASample) -> tuple[Any, ...]:
    """Return the columns `SAMPLE` of a finished sample."""
    prediction, scores = scanned.prediction, scanned.scores
    if scanned.error is not None:
        right = NOT_RUN
    elif scores is None:
        right = UNKNOWN
    else:
        right = RIGHT if scores.right else WRONG
    return (
        scanned.place,
        text_in(scanned.sample_id),
        text_in(sample.question),
        words_in([answer.text for answer in sample.answers]),
        text_in(sample.group),
        sample.task_name,
        right,
        bool(sample.answers or sample.impossible),
        None if scores is None else scores.exact_match,
        None if scores is None else scores.f1,
        None if prediction is None else text_in(prediction.text),
        None if prediction is None else prediction.probability,
        None if scanned.error is None else text_in(scanned.error),
    )


def detail_in(scanned: Scanned) -> tuple[Any, ...]:
    """Return the columns `DETAIL` of a finished sample."""
    facts = {
        "impossible": scanned.impossible,
        "gold_spans": [[span.start, span.end] for span in scanned.gold_spans],
        "sight": scanned.sight,
        "sentences": scanned.sentences,
        "facts": list(scanned.facts),
        "facts_given": scanned.facts_given,
        "predicted_sentence": scanned.predicted_sentence,
        "window": scanned.window,
        "windows": scanned.windows,
    }
    return (
        json.dumps(facts),
        None if scanned.prediction is None else _pack(scanned.prediction),
        bytes_of(scanned.signals, "<f4"),
        bytes_of(scanned.best_sentence, "<i2"),
        bytes_of(scanned.lens, "<i4"),
    )


def row_out(values: Sequence[Any]) -> SampleRow:
    """Return a sample from `SAMPLE`, `DETAIL`, failure (kind, evidence, layer) and mark.

    Raises one of `DAMAGE`.
    """
    (place, sample_id, question, gold, group, task, _right, _answerable, exact, f1) = values[:10]
    (_prediction, _confidence, error, facts, n_best, signals, best, lens) = values[10:18]
    (kind, evidence, first_layer, tags, note) = values[18:]
    known = json.loads(facts)
    table = None if signals is None else signals_out(signals)
    layers = 0 if table is None else table.shape[1]
    scanned = Scanned(
        place=place,
        sample_id=text_out(sample_id),
        impossible=known["impossible"],
        gold_spans=tuple(Span(start, end) for start, end in known["gold_spans"]),
        prediction=None if n_best is None else _unpack(n_best),
        scores=None if exact is None else Scores(exact, f1),
        sight=known["sight"],
        sentences=known["sentences"],
        facts=tuple(known["facts"]),
        facts_given=known["facts_given"],
        predicted_sentence=known["predicted_sentence"],
        window=known["window"],
        windows=known["windows"],
        signals=table,
        best_sentence=None if best is None else array_of(best, "<i2", (layers,)),
        lens=None if lens is None else array_of(lens, "<i4", (layers, 2)),
        error=None if error is None else text_out(error),
    )
    return SampleRow(
        scanned=scanned,
        question=text_out(question),
        gold=words_out(gold),
        group=text_out(group),
        task_name=task,
        failure=kind,
        evidence="" if evidence is None else text_out(evidence),
        first_layer=first_layer,
        tags=() if tags is None else words_out(tags),
        note="" if note is None else text_out(note),
    )


def bytes_of(array: NDArray[Any] | None, kind: str) -> bytes | None:
    """Return the bytes of an array's numbers, or None for None."""
    return None if array is None else np.ascontiguousarray(array, dtype=kind).tobytes()


def array_of(data: bytes, kind: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the array of these bytes, raises ValueError where they do not fit the shape."""
    flat = np.frombuffer(data, dtype=kind)
    return flat.reshape(shape).astype(flat.dtype.newbyteorder("="))


def signals_out(data: bytes) -> NDArray[np.float32]:
    """Return ``(signals, layers + 1)`` float32."""
    return array_of(data, "<f4", (len(SIGNALS), -1))


def _pack(prediction: Prediction) -> bytes:
    candidates = [
        [one.text, *_ends(one.span), one.probability, one.window] for one in prediction.n_best
    ]
    first = [
        prediction.text,
        *_ends(prediction.span),
        prediction.probability,
        prediction.window,
    ]
    return zlib.compress(json.dumps([first, *candidates]).encode("ascii"), 6)


def _unpack(data: bytes) -> Prediction:
    text = zlib.decompressobj().decompress(data, _LONGEST)
    first, *others = (_candidate(*entry) for entry in json.loads(text))
    return Prediction(first.text, first.span, first.probability, first.window, tuple(others))


def _candidate(text: str, start: int, end: int, probability: float, window: int) -> Candidate:
    return Candidate(text, None if start < 0 else Span(start, end), probability, window)


def _ends(span: Span | None) -> tuple[int, int]:
    return (-1, -1) if span is None else (span.start, span.end)
