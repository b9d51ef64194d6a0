"""The real BERT on real questions, next to an implementation that shares no code with it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest

from bertscope_tui.analysis.projection import Recipe, project
from bertscope_tui.data.records import Answer, Origin, QASample, Span
from bertscope_tui.data.scoring import exact_match, f1
from bertscope_tui.engine.answers import predict
from bertscope_tui.engine.encoding import encode
from bertscope_tui.engine.forward import forward
from bertscope_tui.models.loading import LoadedModel, load_model
from tests.reference.encode_and_decode import ReferenceBert, best_span
from tests.reference.pca import largest_relative_difference, reference_pca
from tests.shared_files import shared

pytestmark = pytest.mark.real

EVERY = 75  # of 613 questions


@cache
def _model() -> LoadedModel:
    return load_model(shared("models/minilm-l6-squad"), device="cpu")


@cache
def _reference() -> ReferenceBert:
    return ReferenceBert(shared("models/minilm-l6-squad"))


@cache
def _samples() -> tuple[QASample, ...]:
    content = json.loads(shared("data/xquad/xquad.en.json").read_text("utf-8"))
    found = []
    for article in content["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                found.append(_sample(paragraph["context"], question))
    return tuple(found)


def _sample(context: str, record: dict[str, Any]) -> QASample:
    answers = tuple(
        Answer(a["text"], Span(a["answer_start"], a["answer_start"] + len(a["text"])))
        for a in record["answers"]
    )
    origin = Origin("xquad.en.json", record["id"])
    return QASample(record["id"], record["question"], context, answers, (), (), origin)


@pytest.mark.parametrize("place", range(0, 613, EVERY))
@pytest.mark.parametrize(("size", "stride"), [(384, 128), (120, 40)])
def test_tokens_states_pictures_and_answers_equal_the_reference(
    place: int, size: int, stride: int
) -> None:
    sample = _samples()[place]
    encoded = encode(sample, _model(), max_tokens=size, stride=stride)
    expected = _reference().windows(sample.question, sample.context, size, stride)
    assert [
        [(t.piece, t.part, t.start, t.end) for t in window.tokens] for window in encoded.windows
    ] == [[(p.name, p.part, p.start, p.end) for p in window] for window in expected]
    outputs = forward(_model(), encoded.windows, hidden=True)
    logits = []
    for window, output, pieces in zip(encoded.windows, outputs, expected, strict=True):
        start, end, states = _reference().run(pieces)
        logits.append((start, end))
        assert output.hidden is not None
        np.testing.assert_allclose(output.hidden, states, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(output.start_logits, start, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(output.end_logits, end, rtol=1e-3, atol=1e-3)
        shown = [token.index for token in window.tokens if token.part != "special"]
        picture = project(output.hidden, shown, Recipe(aligned=False))
        coordinates, shares = reference_pca(states, shown)
        assert largest_relative_difference(picture.coordinates, coordinates) < 1e-3
        np.testing.assert_allclose(picture.explained, shares, rtol=1e-3)
    _, first, last = best_span(expected, logits)
    found = predict(encoded, outputs)
    assert found is not None
    assert found.span == Span(first, last)
    assert found.text == sample.context[first:last]


def test_the_model_answers_about_as_well_as_its_notes_say() -> None:
    """56 exact matches and an F1 of 70 in a hundred are known for all 613 questions."""
    samples = _samples()[::6]
    encoded = [encode(sample, _model()) for sample in samples]
    windows = [window for item in encoded for window in item.windows]
    outputs = forward(_model(), windows, hidden=False)
    exact, overlap, at = 0.0, 0.0, 0
    for item in encoded:
        found = predict(item, outputs[at : at + len(item.windows)])
        at += len(item.windows)
        assert found is not None
        golds = [answer.text for answer in item.sample.answers]
        exact += exact_match(found.text, golds)
        overlap += f1(found.text, golds)
    assert 0.45 < exact / len(samples) < 0.67
    assert 0.60 < overlap / len(samples) < 0.80


def test_a_context_of_a_hundred_thousand_characters_is_answered_in_its_place() -> None:
    sample = _samples()[0]
    filler = "Nothing of note was written down about the weather of that week. " * 1550
    context = filler + sample.context + " " + filler[:700]
    assert len(context) > 100_000
    long = QASample(sample.id, sample.question, context, (), (), (), sample.origin)
    encoded = encode(long, _model())
    assert len(encoded.windows) > 50
    near = encoded.windows[-6:]
    outputs = forward(_model(), near, hidden=False)
    found = predict(type(encoded)(encoded.sample, near), outputs)
    assert found is not None
    assert found.text == sample.answers[0].text
    assert found.span is not None
    assert found.span.start >= len(filler)
