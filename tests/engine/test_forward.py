from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.engine.batching import length_buckets
from bertscope_tui.engine.encoding import encode
from bertscope_tui.engine.forward import default_budget, forward
from bertscope_tui.errors import Cancelled, EngineError
from bertscope_tui.models.loading import LoadedModel
from tests.engine.samples import long_sample, make_sample
from tests.tiny_models import KINDS, LAYERS, MIXES_PADDING, WIDTH, tiny_model


def _windows(model: LoadedModel) -> list[Any]:
    """Return windows of different lengths, the long ones not first."""
    short = encode(make_sample(context="Mary left the kitchen."), model).windows
    long = encode(long_sample(3), model, max_tokens=90, stride=30).windows
    return [*short, *long, *short]


@pytest.mark.parametrize("head", ["span", "classification", ""])
@pytest.mark.parametrize("kind", KINDS)
def test_a_window_gives_the_same_numbers_alone_and_in_a_batch(kind: str, head: str) -> None:
    model = tiny_model(kind, head)
    windows = _windows(model)
    together = forward(model, windows, hidden=True, token_budget=100_000)
    assert len({len(window.tokens) for window in windows}) > 1
    for window, output in zip(windows, together, strict=True):
        alone = forward(model, [window], hidden=True)[0]
        assert output.hidden is not None
        assert alone.hidden is not None
        assert output.hidden.shape == (model.info.layers + 1, len(window.tokens), WIDTH)
        np.testing.assert_allclose(output.hidden, alone.hidden, rtol=1e-4, atol=1e-4)
        for name in ("start_logits", "end_logits", "class_logits"):
            ours, theirs = getattr(output, name), getattr(alone, name)
            assert (ours is None) == (theirs is None)
            if ours is not None:
                np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_equal_those_of_the_network_called_directly(kind: str) -> None:
    model = tiny_model(kind)
    sample = make_sample()
    window = encode(sample, model, max_tokens=150).windows[0]
    inputs = model.tokenizer(sample.question, sample.context, return_tensors="pt")
    assert inputs["input_ids"][0].tolist() == list(window.input_ids)
    with torch.no_grad():
        expected = model.network(**inputs, output_hidden_states=True)
    ours = forward(model, [window], hidden=True)[0]
    states = torch.stack(expected.hidden_states)[:, 0].numpy()
    np.testing.assert_allclose(ours.hidden, states, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        ours.start_logits, expected.start_logits[0].numpy(), rtol=1e-5, atol=1e-5
    )
    np.testing.assert_allclose(
        ours.end_logits, expected.end_logits[0].numpy(), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_one_state_for_the_embeddings_and_one_for_each_layer(kind: str) -> None:
    model = tiny_model(kind)
    assert model.info.layers == (4 if kind == "modernbert" else LAYERS)
    assert model.info.notes == ()


def test_without_hidden_states_none_are_computed() -> None:
    model = tiny_model("bert")
    asked: list[bool] = []
    fake = _with_network(model, _Recorder(model.network, asked))
    output = forward(fake, _windows(model)[:1], hidden=False)[0]
    assert output.hidden is None
    assert output.start_logits is not None
    assert asked == [False]


def test_a_network_that_mixes_padding_in_is_never_padded() -> None:
    model = tiny_model(MIXES_PADDING)
    assert not model.batches
    assert any("one at a time" in note for note in model.info.notes)
    windows = _windows(model)
    together = forward(model, windows, hidden=True, token_budget=100_000)
    for window, output in zip(windows, together, strict=True):
        alone = forward(model, [window], hidden=True)[0]
        assert output.hidden is not None
        assert alone.hidden is not None
        np.testing.assert_array_equal(output.hidden, alone.hidden)


def test_a_classifying_decoder_without_padding_token_is_never_padded() -> None:
    assert not tiny_model("gpt2", "classification").batches
    assert tiny_model("gpt2", "span").batches
    assert tiny_model("bert", "classification").batches


def test_no_window_gives_no_output() -> None:
    assert forward(tiny_model("bert"), [], hidden=True) == []


class _Recorder(torch.nn.Module):
    """A network that notes whether hidden states were asked for."""

    def __init__(self, inner: Any, asked: list[bool]) -> None:
        super().__init__()
        self.inner = inner
        self.asked = asked

    def forward(self, output_hidden_states: bool = False, **inputs: Any) -> Any:
        self.asked.append(output_hidden_states)
        return self.inner(output_hidden_states=output_hidden_states, **inputs)


class _SmallMemory(_Recorder):
    """A network that has room for so many tokens at once, and says so as ``error`` does."""

    def __init__(self, inner: Any, room: int, error: Exception) -> None:
        super().__init__(inner, [])
        self.room = room
        self.error = error
        self.sizes: list[int] = []

    def forward(self, output_hidden_states: bool = False, **inputs: Any) -> Any:
        self.sizes.append(inputs["input_ids"].numel())
        if self.sizes[-1] > self.room:
            raise self.error
        return super().forward(output_hidden_states, **inputs)


def _with_network(model: LoadedModel, network: Any) -> LoadedModel:
    return dataclasses.replace(model, network=network)


OUT_OF_MEMORY = [
    torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("MPS backend out of memory"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    MemoryError(),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
def test_a_batch_that_does_not_fit_is_halved_until_it_does(error: Exception) -> None:
    model = tiny_model("bert")
    windows = _windows(model) * 3
    network = _SmallMemory(model.network, 200, error)
    outputs = forward(_with_network(model, network), windows, hidden=True, token_budget=100_000)
    expected = forward(model, windows, hidden=True)
    assert any(size > 200 for size in network.sizes)
    assert network.sizes[-1] <= 200
    for ours, theirs in zip(outputs, expected, strict=True):
        assert ours.hidden is not None
        assert theirs.hidden is not None
        np.testing.assert_allclose(ours.hidden, theirs.hidden, rtol=1e-4, atol=1e-4)


def test_batches_stay_small_after_one_did_not_fit() -> None:
    model = tiny_model("bert")
    windows = encode(long_sample(8), model, max_tokens=90, stride=10).windows
    network = _SmallMemory(model.network, 300, OUT_OF_MEMORY[0])
    forward(_with_network(model, network), windows, hidden=False, token_budget=8 * 90)
    failures = sum(size > 300 for size in network.sizes)
    assert failures <= 2


def test_one_window_that_does_not_fit_is_a_clear_error() -> None:
    model = tiny_model("bert")
    network = _SmallMemory(model.network, 10, OUT_OF_MEMORY[0])
    with pytest.raises(EngineError, match=r"window of \d+ tokens does not fit the memory of cpu"):
        forward(_with_network(model, network), _windows(model), hidden=True)


def test_a_network_that_fails_otherwise_is_named_in_one_line() -> None:
    model = tiny_model("bert")
    network = _SmallMemory(model.network, 0, ValueError("odd shape\nsecond line"))
    with pytest.raises(EngineError, match="bert-span: the network failed on a window: odd shape"):
        forward(_with_network(model, network), _windows(model), hidden=True)


def test_a_piece_beyond_the_vocabulary_of_the_network_is_refused() -> None:
    model = tiny_model("bert")
    window = _windows(model)[0]
    window = dataclasses.replace(window, input_ids=(9999, *window.input_ids[1:]))
    with pytest.raises(EngineError, match="gives piece 9999"):
        forward(model, [window], hidden=False)


def test_cancelling_stops_between_batches() -> None:
    model = tiny_model("bert")
    network = _SmallMemory(model.network, 10**9, OUT_OF_MEMORY[0])
    with pytest.raises(Cancelled):
        forward(
            _with_network(model, network),
            _windows(model),
            hidden=False,
            token_budget=1,
            cancelled=lambda: len(network.sizes) >= 2,
        )
    assert len(network.sizes) == 2


@pytest.mark.parametrize("kind", ["bert", "albert", "gpt2", "llama", "modernbert"])
def test_cancelling_stops_between_the_layers_of_a_batch(kind: str) -> None:
    model = tiny_model(kind)
    windows = _windows(model)[:1]
    calls = 0

    def later() -> bool:
        nonlocal calls
        calls += 1
        return calls > 2  # once before the batch, once before the first layer

    with pytest.raises(Cancelled):
        forward(model, windows, hidden=True, cancelled=later)
    assert forward(model, windows, hidden=True)[0].hidden is not None
    assert calls == 3


def test_the_budget_shrinks_with_the_network_and_the_states() -> None:
    model = tiny_model("bert")
    small = default_budget(model, hidden=False)
    large = dataclasses.replace(model, info=dataclasses.replace(model.info, parameters=300_000_000))
    wide = dataclasses.replace(
        model, info=dataclasses.replace(model.info, layers=80, hidden_size=8192)
    )
    assert default_budget(large, hidden=False) < small / 5
    assert default_budget(wide, hidden=True) < small / 2
    assert default_budget(wide, hidden=True) >= 1


@given(lengths=st.lists(st.integers(1, 600), max_size=60), budget=st.integers(1, 4000))
def test_batches_hold_every_window_once_and_keep_to_the_budget(
    lengths: list[int], budget: int
) -> None:
    batches = length_buckets(lengths, budget)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert batch
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= budget


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("kind", KINDS)
def test_hidden_states_on_cuda_equal_those_on_the_cpu(kind: str) -> None:
    from bertscope_tui.models.loading import load_model
    from tests.tiny_models import tiny_folder

    model = tiny_model(kind)
    windows = _windows(model)
    there = load_model(tiny_folder(kind), device="cuda", dtype="float32")
    ours, theirs = forward(there, windows, hidden=True), forward(model, windows, hidden=True)
    for gpu, cpu in zip(ours, theirs, strict=True):
        assert gpu.hidden is not None
        np.testing.assert_allclose(gpu.hidden, cpu.hidden, rtol=1e-3, atol=1e-3)
