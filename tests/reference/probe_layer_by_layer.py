"""Edge probing as a loop: one layer and one seed at a time, with torch's own modules.

After Tenney et al. 2019 and the released jiant: every token of a span is projected, the span is
pooled by self-attention over the projected tokens, and a two-layer classifier says label-wise
probabilities. Automatic differentiation, plain Adam, plain shuffled batches; nothing is taken from
the package under test but the settings' numbers. scikit-learn scores the dev targets.
"""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.metrics import f1_score
from torch import nn


@dataclass
class Loop:
    """What training one probe gave: dev macro-F1 of its best round, and test scores."""

    dev: float
    logits: np.ndarray
    steps: int


class SpanPool(nn.Module):
    """Self-attention over the projected tokens, their mean, or the two ends side by side."""

    def __init__(self, dim: int, width: int, pooling: str) -> None:
        super().__init__()
        self.pooling = pooling
        self.project = nn.Linear(2 * dim if pooling == "ends" else dim, width)
        self.attend = nn.Linear(width, 1) if pooling == "attention" else None

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        if self.pooling == "ends":
            last = mask.sum(1) - 1
            ends = (tokens[:, 0], tokens[torch.arange(len(tokens)), last])
            return self.project(torch.cat(ends, 1))
        hidden = self.project(tokens)
        if self.attend is None:
            weights = mask / mask.sum(1, keepdim=True)
        else:
            scores = self.attend(hidden).squeeze(-1)
            weights = scores.masked_fill(~mask, -torch.inf).softmax(1)
        return (hidden * weights.unsqueeze(-1)).sum(1)


class Probe(nn.Module):
    """One probe of one layer."""

    def __init__(self, dim: int, spans: int, labels: int, settings: Any) -> None:
        super().__init__()
        pools = [SpanPool(dim, settings.projection, settings.pooling) for _ in range(spans)]
        self.pools = nn.ModuleList(pools)
        self.classify = nn.Sequential(
            nn.Linear(spans * settings.projection, settings.hidden),
            nn.Tanh(),
            nn.LayerNorm(settings.hidden),
            nn.Dropout(settings.dropout),
            nn.Linear(settings.hidden, labels),
        )

    def forward(self, spans: list[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
        pooled = [pool(*span) for pool, span in zip(self.pools, spans, strict=True)]
        return self.classify(torch.cat(pooled, 1))


def batch_of(states: torch.Tensor, spans: np.ndarray, targets: np.ndarray) -> list[Any]:
    """Pad the spans of some targets: tokens and a mask for each span."""
    batch = []
    for place in range(spans.shape[1]):
        first, count = spans[targets, place, 0], spans[targets, place, 1]
        steps = np.arange(count.max())
        rows = first[:, None] + np.minimum(steps, count[:, None] - 1)
        mask = torch.from_numpy(steps < count[:, None])
        batch.append((states[torch.from_numpy(rows)], mask))
    return batch


def macro(gold: np.ndarray, logits: np.ndarray) -> float:
    """Macro-F1 of single-label predictions by scikit-learn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(f1_score(gold.argmax(1), logits.argmax(1), average="macro", zero_division=0.0))


def train_one(
    states: np.ndarray,
    spans: np.ndarray,
    gold: np.ndarray,
    parts: Any,
    settings: Any,
    *,
    seed: int,
) -> Loop:
    """Train a probe on the states ``(rows, dim)`` of one layer and score the test targets."""
    torch.manual_seed(seed)
    shuffle = np.random.default_rng(seed)
    table = torch.from_numpy(np.ascontiguousarray(states, dtype=np.float32))
    labels = torch.from_numpy(gold.astype(np.float32))
    probe = Probe(table.shape[1], spans.shape[1], gold.shape[1], settings)
    optimiser = torch.optim.Adam(probe.parameters(), lr=settings.learning_rate)
    per_epoch = -(-len(parts.train) // settings.batch)
    low, high = settings.round_steps
    round_steps = min(max(per_epoch, low), high)
    best, best_loss, best_round, kept, steps = -1.0, np.inf, 0, None, 0
    order: list[np.ndarray] = []
    for turn in range(1, settings.rounds + 1):
        probe.train()
        for _ in range(round_steps):
            if not order:
                mixed = shuffle.permutation(parts.train)
                order = [
                    mixed[at : at + settings.batch] for at in range(0, len(mixed), settings.batch)
                ]
            targets = order.pop()
            logits = probe(batch_of(table, spans, targets))
            loss = nn.functional.binary_cross_entropy_with_logits(
                logits, labels[targets], reduction="sum"
            )
            optimiser.zero_grad()
            (loss / len(targets)).backward()
            optimiser.step()
            steps += 1
        found = scores_of(probe, table, spans, parts.dev)
        score = macro(gold[parts.dev], found)
        dev_loss = float(
            nn.functional.binary_cross_entropy_with_logits(
                torch.from_numpy(found), labels[parts.dev], reduction="sum"
            )
        )
        if score > best or (score == best and dev_loss < best_loss):
            best, best_loss, best_round = score, dev_loss, turn
            kept = copy.deepcopy(probe.state_dict())
        if turn - best_round >= settings.patience:
            break
    assert kept is not None
    probe.load_state_dict(kept)
    return Loop(best, scores_of(probe, table, spans, parts.test), steps)


def scores_of(
    probe: Probe, table: torch.Tensor, spans: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """Score targets, some at a time."""
    probe.eval()
    with torch.no_grad():
        parts = [
            probe(batch_of(table, spans, targets[at : at + 256])).numpy()
            for at in range(0, len(targets), 256)
        ]
    return np.concatenate(parts)
