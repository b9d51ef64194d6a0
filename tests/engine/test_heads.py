from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from bertscope_tui.engine.encoding import encode
from bertscope_tui.engine.forward import DeviceBatch, run_batches
from bertscope_tui.engine.heads import LayerHead
from bertscope_tui.models.loading import LoadedModel
from tests.engine.samples import long_sample, make_sample
from tests.tiny_models import KINDS, MIXES_PADDING, tiny_model

NORMALISED = {"modernbert", "gpt2", "llama", "qwen2", "qwen3"}
"""Kinds with a norm after their last layer."""


def _batch(model: LoadedModel) -> DeviceBatch:
    """Return a batch on the device, of windows of two lengths where the model takes batches."""
    windows = list(encode(make_sample(context="Mary left the kitchen."), model).windows)
    if model.batches:
        windows += encode(long_sample(1), model, max_tokens=90, stride=30).windows
    batches: list[DeviceBatch] = []

    def keep(batch: DeviceBatch) -> list[None]:
        batches.append(batch)
        return [None] * len(batch.windows)

    run_batches(model, windows, keep, hidden=True, token_budget=100_000)
    return batches[0]


def _own(batch: DeviceBatch) -> Any:
    if batch.class_logits is not None:
        return batch.class_logits
    return torch.stack([batch.start_logits, batch.end_logits], dim=-1)


@pytest.mark.parametrize("head", ["span", "classification"])
@pytest.mark.parametrize("kind", [*KINDS, MIXES_PADDING])
def test_on_the_last_layer_the_head_gives_the_networks_own_logits(kind: str, head: str) -> None:
    model = tiny_model(kind, head)
    batch = _batch(model)
    reader = LayerHead(model)
    assert reader.works
    with torch.inference_mode():
        found = reader.read(batch.inputs, batch.states[-1], last=True)
    np.testing.assert_allclose(found.numpy(), _own(batch).numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", [*KINDS, MIXES_PADDING])
def test_a_span_head_on_an_inner_layer_is_its_weights_after_the_final_norm(kind: str) -> None:
    model = tiny_model(kind)
    batch = _batch(model)
    network = model.network
    norms = {"modernbert": "final_norm", "gpt2": "ln_f"}
    norm = getattr(network.base_model, norms.get(kind, "norm")) if kind in NORMALISED else None
    with torch.inference_mode():
        for states in batch.states[:-1]:
            given = states if norm is None else norm(states)
            if kind == "modernbert":  # the only one whose span head has more than one part
                expected = network.classifier(network.head(given))
            else:
                expected = network.qa_outputs(given)
            found = LayerHead(model).read(batch.inputs, states)
            np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-4, atol=1e-4)


def test_a_pooling_head_reads_the_pooled_state_of_the_layer() -> None:
    model = tiny_model("bert", "classification")
    batch, network = _batch(model), model.network
    with torch.inference_mode():
        for states in batch.states:
            expected = network.classifier(network.bert.pooler(states))
            found = LayerHead(model).read(batch.inputs, states)
            np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-4, atol=1e-4)


def test_a_network_without_head_has_none_to_put_on_layers() -> None:
    assert not LayerHead(tiny_model("bert", "")).works


class _Crooked(torch.nn.Module):
    """A network whose logits come from its embeddings as well, as no known head's do."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner
        self.base_model = inner.base_model

    def forward(self, input_ids: Any, **inputs: Any) -> Any:
        result = self.inner(input_ids=input_ids, **{**inputs, "output_hidden_states": True})
        if result.hidden_states is not None:
            result.start_logits = result.start_logits + result.hidden_states[0][..., 0]
        return result


def test_a_head_that_does_not_give_the_logits_back_is_not_used() -> None:
    model = tiny_model("bert")
    crooked = dataclasses.replace(model, network=_Crooked(model.network))
    assert LayerHead(model).works
    assert not LayerHead(crooked).works


@pytest.mark.parametrize("head", ["span", "classification"])
@pytest.mark.parametrize("kind", ["bert", "gpt2", "albert"])
def test_the_network_is_the_same_after_its_head_was_used(kind: str, head: str) -> None:
    model = tiny_model(kind, head)
    batch = _batch(model)
    before = _own(batch).clone()
    reader = LayerHead(model)
    with torch.inference_mode():
        reader.read(batch.inputs, batch.states[0])
    assert not any("forward" in vars(module) for module in model.network.modules())
    np.testing.assert_array_equal(_own(_batch(model)).numpy(), before.numpy())
