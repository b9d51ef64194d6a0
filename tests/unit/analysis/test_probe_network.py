"""The gradients written out by hand are those of automatic differentiation."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from bertscope_tui.analysis.probing.network import ProbeNetwork, Shape
from bertscope_tui.analysis.probing.settings import POOLINGS, ProbeSettings

LAYERS, BATCH, WIDTH, DIM, LABELS = 3, 5, 4, 6, 4
SMALL = ProbeSettings(projection=7, hidden=8, dropout=0.5)


def _batch(spans, pooling, seed=0):
    generator = torch.Generator().manual_seed(seed)
    width = 2 if pooling == "ends" else WIDTH
    batch = []
    for place in range(spans):
        tokens = torch.randn((LAYERS, BATCH, width, DIM), generator=generator)
        counts = torch.tensor([1, 4, 2, 3, 4]).roll(place)
        if pooling == "ends":
            counts = torch.full_like(counts, 2)
        batch.append((tokens, torch.arange(width) < counts[:, None]))
    return batch


def _plain(weights, batch, settings, mixed, drop):
    """Compute the same network for one member with plain operations on (B, …)."""
    pooled = []
    for place, (tokens, mask) in enumerate(batch):
        if mixed:
            shares = weights["mix"].softmax(0) * weights["gain"]
            tokens = (tokens * shares[:, None, None, None]).sum(0)
        if settings.pooling == "ends":
            pooled.append(tokens.flatten(1) @ weights[f"project{place}"] + weights[f"bias{place}"])
            continue
        hidden = tokens @ weights[f"project{place}"] + weights[f"bias{place}"]
        if settings.pooling == "attention":
            scores = (hidden @ weights[f"attend{place}"]).squeeze(-1)
            shares = scores.masked_fill(~mask, -torch.inf).softmax(1)
        else:
            shares = mask / mask.sum(1, keepdim=True)
        pooled.append((hidden * shares[..., None]).sum(1))
    hidden = torch.tanh(torch.cat(pooled, 1) @ weights["hidden"] + weights["hidden_bias"])
    normal = torch.nn.functional.layer_norm(hidden, hidden.shape[-1:])
    hidden = normal * weights["scale"] + weights["shift"]
    return hidden * drop @ weights["out"] + weights["out_bias"]


@pytest.mark.parametrize(
    ("pooling", "spans", "mixed", "loss"),
    [
        *itertools.product(POOLINGS, (1, 2), (False, True), ("sigmoid",)),
        ("attention", 1, False, "softmax"),
    ],
)
def test_every_gradient_is_that_of_automatic_differentiation(pooling, spans, mixed, loss):
    settings = replace(SMALL, pooling=pooling, loss=loss)
    shape = Shape(DIM, spans, LABELS, LAYERS if mixed else 0)
    seeds = [3, 4]
    network = ProbeNetwork(settings, shape, LAYERS, seeds, torch.device("cpu"))
    generator = torch.Generator().manual_seed(1)
    for weight in network.weights.values():
        weight += 0.3 * torch.randn(weight.shape, generator=generator)
    before = {name: weight.clone() for name, weight in network.weights.items()}
    gold = (torch.rand((BATCH, LABELS), generator=generator) < 0.4).float()
    if loss == "softmax":
        gold = torch.eye(LABELS)[torch.tensor([0, 3, 1, 2, 0])]
    dropout = (torch.rand((2, BATCH, 8), generator=generator) < 0.5) * 2.0
    batch = _batch(spans, pooling)
    network.step(batch, gold, dropout)
    for layer, seed in itertools.product(range(1 if mixed else LAYERS), range(2)):
        member = {
            name: weight[layer, seed].clone().requires_grad_() for name, weight in before.items()
        }
        own = batch if mixed else [(tokens[layer], mask) for tokens, mask in batch]
        logits = _plain(member, own, settings, mixed, dropout[seed])
        if loss == "sigmoid":
            value = torch.nn.functional.binary_cross_entropy_with_logits(
                logits, gold, reduction="sum"
            )
        else:
            value = torch.nn.functional.cross_entropy(logits, gold, reduction="sum")
        (value / BATCH).backward()
        for name, weight in member.items():
            torch.testing.assert_close(
                network.weights[name].grad[layer, seed],
                weight.grad if weight.grad is not None else torch.zeros_like(weight),
                atol=2e-5,
                rtol=1e-4,
                msg=lambda text, name=name: f"{name}: {text}",
            )


def test_scores_of_a_batch_are_those_of_plain_operations_without_dropout():
    network = ProbeNetwork(SMALL, Shape(DIM, 2, LABELS), LAYERS, [0], torch.device("cpu"))
    batch = _batch(2, "attention")
    found = network.logits(batch)
    for layer in range(LAYERS):
        member = {name: weight[layer, 0] for name, weight in network.weights.items()}
        own = [(tokens[layer], mask) for tokens, mask in batch]
        expected = _plain(member, own, SMALL, False, torch.ones(1))
        torch.testing.assert_close(found[layer, 0], expected, atol=1e-5, rtol=1e-4)


def test_probes_that_are_left_go_on_as_if_the_others_were_still_there():
    torch.manual_seed(0)
    gold = torch.eye(LABELS)[[0, 1, 2, 3, 0]]
    whole, part = (
        ProbeNetwork(SMALL, Shape(DIM, 1, LABELS), LAYERS, [0, 1], torch.device("cpu"))
        for _ in range(2)
    )
    batch = _batch(1, "attention")
    for network in (whole, part):
        network.step(batch, gold, None)
    part.keep([0, 2], [1])
    whole.step(batch, gold, None)
    part.step([(tokens[[0, 2]], mask) for tokens, mask in batch], gold, None)
    for name, weight in part.weights.items():
        torch.testing.assert_close(weight, whole.weights[name][[0, 2]][:, [1]])
        assert np.isfinite(weight.numpy()).all()
