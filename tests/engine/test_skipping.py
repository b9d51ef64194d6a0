from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from bertscope_tui.engine.encoding import encode
from bertscope_tui.engine.forward import forward, layer_stack
from bertscope_tui.engine.scoring import ReadOptions, predict_sample
from bertscope_tui.engine.skipping import predict_skipping, skip_each, skipping
from bertscope_tui.errors import Cancelled, EngineError
from bertscope_tui.inspection.typed import typed_sample
from tests.tiny_models import KINDS, MIXES_PADDING, tiny_model

SAMPLE = typed_sample(
    "Where did the lantern maker go?",
    "The lantern maker walked from the harbour to the old mill. Mary left the kitchen.",
    ("the old mill",),
)
ALL_KINDS = (*KINDS, MIXES_PADDING)


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("head", ["span", "classification"])
def test_skipping_no_layer_gives_the_prediction(kind: str, head: str) -> None:
    model = tiny_model(kind, head)
    encoded = encode(SAMPLE, model)
    outputs = forward(model, encoded.windows, hidden=False)
    expected = predict_sample(model, encoded, outputs, ReadOptions())
    assert predict_skipping(model, encoded, None) == expected
    first = next(skip_each(model, encoded))
    assert (first.layer, first.prediction, first.survives) == (None, expected, True)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_skipped_layer_hands_on_what_it_was_given(kind: str) -> None:
    model = tiny_model(kind)
    windows = encode(SAMPLE, model).windows
    whole = forward(model, windows, hidden=True)[0].hidden
    assert whole is not None
    for layer in range(1, model.info.layers + 1):
        with skipping(model, layer):
            without = forward(model, windows, hidden=True)[0].hidden
        assert without is not None
        np.testing.assert_allclose(without[:layer], whole[:layer], atol=1e-5)
        if layer < model.info.layers:
            np.testing.assert_array_equal(without[layer], without[layer - 1])
        assert not np.allclose(without[-1], whole[-1], atol=1e-3)
    again = forward(model, windows, hidden=True)[0].hidden
    np.testing.assert_array_equal(again, whole)


@pytest.mark.parametrize("kind", [kind for kind in ALL_KINDS if kind != "albert"])
def test_it_is_the_network_from_which_the_layer_was_taken(kind: str) -> None:
    model = tiny_model(kind)
    windows = encode(SAMPLE, model).windows
    for layer in range(1, model.info.layers + 1):
        with skipping(model, layer):
            ours = forward(model, windows, hidden=False)[0]
        network = copy.deepcopy(model.network)
        stack = layer_stack(network)
        del stack[layer - 1]
        # The masks of the layers that are left must stay theirs.
        for name in ("layer_types",):
            kinds = getattr(network.config, name, None)
            if kinds is not None:
                setattr(network.config, name, [*kinds[: layer - 1], *kinds[layer:]])
        if hasattr(network.config, "num_hidden_layers"):
            network.config.num_hidden_layers -= 1
        theirs = forward(replace_network(model, network), windows, hidden=False)[0]
        np.testing.assert_allclose(ours.start_logits, theirs.start_logits, atol=1e-4)
        np.testing.assert_allclose(ours.end_logits, theirs.end_logits, atol=1e-4)


def replace_network(model: object, network: object) -> object:
    changed = copy.copy(model)
    changed.network = network  # type: ignore[attr-defined]
    return changed


def test_of_shared_layers_one_call_is_skipped() -> None:
    model = tiny_model("albert")
    windows = encode(SAMPLE, model).windows
    whole = forward(model, windows, hidden=True)[0].hidden
    with skipping(model, 2):
        last = forward(model, windows, hidden=True)[0].hidden
    assert whole is not None
    assert last is not None
    np.testing.assert_allclose(last[2], whole[1], atol=1e-5)


@pytest.mark.parametrize("kind", ["bert", "gpt2"])
def test_every_layer_is_skipped_in_turn_and_the_answer_compared(kind: str) -> None:
    model = tiny_model(kind)
    encoded = encode(SAMPLE, model)
    found = list(skip_each(model, encoded))
    assert [each.layer for each in found] == [None, 1, 2]
    whole = found[0].prediction
    assert whole is not None
    for each in found[1:]:
        assert each.prediction is not None
        assert each.survives is (each.prediction.text.lower() == whole.text.lower())
    assert [each.layer for each in skip_each(model, encoded, layers=[2])] == [None, 2]


def test_long_contexts_are_skipped_in_all_their_windows() -> None:
    model = tiny_model("bert")
    sample = replace(SAMPLE, context=SAMPLE.context * 6, sentences=())
    encoded = encode(sample, model, max_tokens=60, stride=10)
    assert len(encoded.windows) > 2
    with skipping(model, 1):
        together = forward(model, encoded.windows, hidden=True)
        alone = [forward(model, [window], hidden=True)[0] for window in encoded.windows]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.hidden, other.hidden, atol=1e-4)


def test_without_a_head_there_is_no_answer_to_survive() -> None:
    model = tiny_model("bert", "")
    found = list(skip_each(model, encode(SAMPLE, model)))
    assert [(each.prediction, each.survives) for each in found] == [(None, None)] * 3


@pytest.mark.parametrize("layer", [0, -1, 3])
def test_a_layer_that_is_none_is_refused(layer: int) -> None:
    with pytest.raises(EngineError, match="layer"), skipping(tiny_model("bert"), layer):
        pass


def test_a_layer_of_another_shape_is_refused_and_the_network_left_as_it_was() -> None:
    model = copy.copy(tiny_model("bert"))
    model.network = copy.deepcopy(model.network)
    windows = encode(SAMPLE, model).windows
    stack = layer_stack(model.network)
    call = stack[1].forward
    stack[1].forward = lambda *given, **named: call(*given, **named)[:, 1:]
    with pytest.raises(EngineError, match="cannot be skipped"), skipping(model, 2):
        forward(model, windows, hidden=False)
    del stack[1].forward
    expected = forward(tiny_model("bert"), windows, hidden=False)[0]
    np.testing.assert_array_equal(
        forward(model, windows, hidden=False)[0].start_logits, expected.start_logits
    )


def test_cancelling_leaves_the_network_as_it_was() -> None:
    model = tiny_model("bert")
    encoded = encode(SAMPLE, model)
    expected = predict_skipping(model, encoded, None)
    with pytest.raises(Cancelled):
        predict_skipping(model, encoded, 1, cancelled=lambda: True)
    assert predict_skipping(model, encoded, None) == expected
