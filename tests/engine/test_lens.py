"""What the head answers from every layer of a sample, against the prediction and plain formulas."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from bertscope_tui.data.records import Answer, Span
from bertscope_tui.engine.encoding import encode
from bertscope_tui.engine.heads import LayerHead
from bertscope_tui.engine.lens import batch_of_states
from bertscope_tui.engine.scoring import ReadOptions
from bertscope_tui.errors import Cancelled
from bertscope_tui.inspection.lens import NO_HEAD, NOT_ON_LAYERS, Lens, lens_object, read_lens
from bertscope_tui.inspection.pipeline import extract, read
from bertscope_tui.inspection.snapshots import Extraction
from bertscope_tui.models.loading import LoadedModel
from tests.engine.samples import SENTENCES, long_sample, make_sample
from tests.engine.test_heads import _Crooked
from tests.reference.layer_answers import best_span
from tests.tiny_models import KINDS, MIXES_PADDING, tiny_model

OPTIONS = ReadOptions(max_tokens=90, stride=30)


def extraction_of(model: LoadedModel, sample=None, **more: object) -> Extraction:
    reading = read(model, sample or make_sample(), options=OPTIONS)
    return extract(model, reading, **more)


@pytest.mark.parametrize("head", ["span", "classification"])
@pytest.mark.parametrize("kind", [*KINDS, MIXES_PADDING])
def test_the_kept_states_of_the_last_layer_give_the_prediction(kind: str, head: str) -> None:
    """The last layer of a lens is the prediction; so is what the head makes of its states."""
    model = tiny_model(kind, head)
    extraction = extraction_of(model)
    window = encode(extraction.sample, model, max_tokens=90, stride=30).windows[0]
    reader = LayerHead(model)
    with torch.inference_mode():
        batch = batch_of_states(model, window, extraction.states, reader)
    own = read(model, make_sample(), options=OPTIONS).outputs[0]
    if head == "classification":
        np.testing.assert_allclose(batch.class_logits[0], own.class_logits, rtol=1e-4, atol=1e-4)
    else:
        np.testing.assert_allclose(batch.start_logits[0], own.start_logits, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(batch.end_logits[0], own.end_logits, rtol=1e-4, atol=1e-4)
    lens = read_lens(model, extraction, options=OPTIONS)
    assert lens.layers[-1] == extraction.prediction
    assert len(lens.layers) == len(lens.agreement) == extraction.layers + 1
    assert all(one is not None for one in lens.layers)


@pytest.mark.parametrize("sample", [make_sample(), long_sample(3)], ids=["one", "several"])
def test_the_answer_of_a_layer_is_the_best_span_of_its_weights_over_all_windows(sample) -> None:
    model = tiny_model("bert")
    network = model.network
    windows = encode(sample, model, max_tokens=90, stride=30).windows
    assert (len(windows) > 1) == (sample.context.count("lantern") > 1)
    with torch.inference_mode():
        states = [
            network.bert(
                torch.tensor([window.input_ids]),
                token_type_ids=torch.tensor([window.type_ids]),
                output_hidden_states=True,
            ).hidden_states
            for window in windows
        ]
        logits = [[network.qa_outputs(layer)[0].numpy() for layer in one] for one in states]
    for shown in {0, len(windows) - 1}:
        extraction = extraction_of(model, sample, window=shown)
        lens = read_lens(model, extraction, options=OPTIONS)
        for layer, one in enumerate(lens.layers):
            assert one is not None
            by_window = [
                best_span(window.tokens, given[layer], OPTIONS.max_answer_tokens)
                for window, given in zip(windows, logits, strict=True)
            ]
            score, start, end = max(by_window, key=lambda found: found[0])
            assert one.span == Span(start, end)
            assert one.text == sample.context[start:end]
            second = one.n_best[1].probability
            assert one.probability == one.n_best[0].probability >= second
            assert sum(candidate.probability for candidate in one.n_best) == pytest.approx(1.0)
            assert np.isfinite(score)


def test_labels_of_a_layer_are_the_softmax_of_the_head_on_its_pooled_state() -> None:
    model = tiny_model("bert", "classification")
    extraction = extraction_of(model)
    lens = read_lens(model, extraction, options=OPTIONS)
    with torch.inference_mode():
        for layer, one in enumerate(lens.layers):
            pooled = model.network.bert.pooler(torch.from_numpy(extraction.states[layer])[None])
            shares = torch.softmax(model.network.classifier(pooled)[0], dim=0)
            assert one is not None
            assert one.text == model.info.labels[int(shares.argmax())]
            assert one.probability == pytest.approx(float(shares.max()), abs=1e-4)
            assert one.span is None


def test_right_answers_and_those_where_the_final_one_is_are_told_from_others() -> None:
    model = tiny_model("bert")
    extraction = extraction_of(model)
    plain = read_lens(model, extraction, options=OPTIONS)
    assert plain.agreement[-1] == "same", "without gold answers none is right"
    final = extraction.prediction
    assert final is not None
    sample = make_sample(answers=(Answer(final.text, final.span),))
    right = read_lens(model, extraction_of(model, sample), options=OPTIONS)
    assert right.agreement[-1] == "right"
    for layer, one in enumerate(right.layers):
        assert one is not None
        assert (right.agreement[layer] == "right") == (one.text == final.text)
        if one.text != final.text:
            assert right.agreement[layer] == plain.agreement[layer]


def test_the_final_answer_leads_from_the_layer_after_the_last_with_another_one() -> None:
    for kind in KINDS:
        lens = read_lens(tiny_model(kind), extraction_of(tiny_model(kind)), options=OPTIONS)
        others = [n for n, agreement in enumerate(lens.agreement) if agreement == "other"]
        assert lens.leads_from == (others[-1] + 1 if others else 0)


def test_the_final_words_elsewhere_in_the_text_are_the_final_answer() -> None:
    model = tiny_model("bert")
    extraction = extraction_of(model, long_sample(2))
    lens = read_lens(model, extraction, options=OPTIONS)
    final = extraction.prediction
    assert final is not None
    for one, agreement in zip(lens.layers, lens.agreement, strict=True):
        assert one is not None
        if one.text == final.text:
            assert agreement == "same"


def test_without_a_head_there_is_no_answer_and_the_reason_is_told() -> None:
    model = tiny_model("bert", "")
    lens = read_lens(model, extraction_of(model), options=OPTIONS)
    assert (set(lens.layers), set(lens.agreement)) == ({None}, {"unknown"})
    assert (lens.leads_from, lens.reason) == (None, NO_HEAD)


def test_a_head_that_cannot_be_put_on_layers_leaves_only_the_prediction() -> None:
    model = tiny_model("bert")
    extraction = extraction_of(model)
    crooked = dataclasses.replace(model, network=_Crooked(model.network))
    lens = read_lens(crooked, extraction, options=OPTIONS)
    assert lens.layers == (None, None, extraction.prediction)
    assert (lens.leads_from, lens.reason) == (None, NOT_ON_LAYERS)


def test_a_layer_whose_logits_are_not_finite_has_no_answer_and_costs_no_other_layer() -> None:
    model = tiny_model("bert")
    extraction = extraction_of(model)
    extraction.states[1] = np.inf
    lens = read_lens(model, extraction, options=OPTIONS)
    assert lens.layers[1] is None
    assert lens.agreement[1] == "unknown"
    assert lens.layers[0] is not None
    assert lens.leads_from == 2


def test_an_empty_answer_is_one_of_the_answers_where_the_data_allow_it() -> None:
    model = tiny_model("bert")
    options = dataclasses.replace(OPTIONS, allow_null=True)
    reading = read(model, make_sample(), options=options)
    lens = read_lens(model, extract(model, reading), options=options)
    for one in lens.layers[:-1]:
        assert one is not None
        spans = [candidate.span for candidate in one.n_best]
        assert spans.count(None) <= 1


@pytest.mark.parametrize("sample", [make_sample(), long_sample(3)], ids=["one", "several"])
def test_reading_is_cancelled(sample) -> None:
    model = tiny_model("bert")
    extraction = extraction_of(model, sample)
    with pytest.raises(Cancelled):
        read_lens(model, extraction, options=OPTIONS, cancelled=lambda: True)


def test_the_object_has_every_layer_and_nothing_that_json_cannot_say() -> None:
    model = tiny_model("bert")
    extraction = extraction_of(model)
    lens = read_lens(model, extraction, options=OPTIONS)
    found = lens_object(Lens((None, *lens.layers[1:]), ("unknown", *lens.agreement[1:]), None, "x"))
    assert [one["layer"] for one in found["layers"]] == [0, 1, 2]
    nothing = {"agreement": None, "text": None, "start": None, "end": None, "probability": None}
    assert nothing.items() <= found["layers"][0].items()
    for one, layer in zip(found["layers"][1:], lens.layers[1:], strict=True):
        assert layer is not None
        assert one["text"] == extraction.sample.context[one["start"] : one["end"]] == layer.text
        first = one["n_best"][0]
        assert first == {key: one[key] for key in first}
    assert SENTENCES[0] in extraction.sample.context
