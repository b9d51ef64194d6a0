"""Training of all probes of a task together, each stopped when its own dev score says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.probing.network import ProbeNetwork, Shape, network_of
from bertscope_tui.analysis.probing.scores import Bools, macro_f1, predictions
from bertscope_tui.errors import Cancelled

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from bertscope_tui.analysis.probing.settings import ProbeSettings
    from bertscope_tui.analysis.probing.table import SpanStates

Places = NDArray[np.int64]
Progress = Callable[[int, int], None]
"""Told the steps done and the most there can be."""

_POOL = 16
"""So many batches are drawn together and cut by length, so that little of a batch is padding."""

_SCORED_TOKENS = 4096
"""Tokens whose states are held at once while scoring."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainedProbes:
    """Probes at their best round.

    ``weights`` are ``(layers, seeds, …)`` on the CPU, ``dev_score`` ``(layers, seeds)`` the
    macro-F1 on the dev targets and ``rounds`` the best round of each, from 1 (0: none helped).
    ``steps`` is how many steps were taken for the probe that took longest.
    """

    settings: ProbeSettings
    shape: Shape
    weights: dict[str, Tensor]
    dev_score: NDArray[np.float64]
    rounds: NDArray[np.int64]
    steps: int


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Which targets train, choose the best round, and are scored."""

    train: Places
    dev: Places
    test: Places


def never() -> bool:
    """Say no: the ``cancelled`` of work that nobody can cancel."""
    return False


def train(
    table: SpanStates,
    gold: Bools,
    parts: Parts,
    settings: ProbeSettings,
    *,
    seeds: Sequence[int],
    single: bool,
    mixed: bool = False,
    by_loss: bool = False,
    device: torch.device | None = None,
    cancelled: Callable[[], bool] = never,
    progress: Progress | None = None,
) -> TrainedProbes:
    """Train one probe of each seed on each layer, or with ``mixed`` on a mix of all layers.

    ``gold`` is ``(targets, labels)``. The order of the batches is drawn by the first seed and
    common to all probes, so that a batch's states are fetched once; a seed draws the first weights
    and the dropout. The best round is that of the highest macro-F1 on the dev targets, or with
    ``by_loss`` of the lowest loss there; the training targets take their place where there are
    none. Raises `Cancelled` between two steps.
    """
    import torch

    device = device or torch.device("cpu")
    shape = Shape(table.dim, table.spans.shape[1], gold.shape[1], table.layers if mixed else 0)
    network = ProbeNetwork(settings, shape, table.layers, seeds, device)
    dev = parts.dev if len(parts.dev) else parts.train
    layers = np.arange(1 if mixed else table.layers)
    best = _Best(network, len(layers), len(seeds), settings.patience, by_loss=by_loss)
    generators = [torch.Generator().manual_seed(seed + 1) for seed in seeds]
    batches = _batches(parts.train, table.widths(), settings.batch, seeds[0])
    per_epoch = -(-len(parts.train) // settings.batch)
    low, high = settings.round_steps
    round_steps = min(max(per_epoch, low), high)
    steps = 0
    labels = torch.from_numpy(gold.astype(np.float32))
    for turn in range(1, settings.rounds + 1):
        for _ in range(round_steps):
            if cancelled():
                raise Cancelled
            targets = next(batches)
            read = None if mixed else layers[best.layers]
            batch = table.batch(targets, read, settings.pooling, device)
            dropout = _dropout([generators[seed] for seed in best.seeds], len(targets), settings)
            network.step(
                batch,
                labels[torch.from_numpy(targets)].to(device),
                None if dropout is None else dropout.to(device),
            )
            steps += 1
            if progress is not None:
                progress(steps, round_steps * settings.rounds)
        logits = _logits(network, table, dev, None if mixed else layers[best.layers], cancelled)
        said = predictions(logits, single=single)
        score = macro_f1(gold[dev], said)
        best.update(network, turn, score, _losses(logits, gold[dev], settings))
        if best.done:
            break
    return TrainedProbes(settings, shape, best.weights, best.score, best.rounds, steps)


def logits_of(
    probes: TrainedProbes,
    table: SpanStates,
    targets: Places,
    *,
    device: torch.device | None = None,
    cancelled: Callable[[], bool] = never,
) -> NDArray[np.float32]:
    """Return the scores of trained probes, ``(layers, seeds, targets, labels)``."""
    import torch

    device = device or torch.device("cpu")
    weights = {name: weight.to(device) for name, weight in probes.weights.items()}
    network = network_of(probes.settings, probes.shape, weights)
    return _logits(network, table, targets, None, cancelled)


class _Best:
    """The best weights of each probe so far, and which layers and seeds still train.

    Scores are compared first, and where they are equal (a probe that still says the majority's
    label everywhere) the losses. A layer goes on while any of its seeds does, and the other way
    round: what is left is a grid.
    """

    def __init__(
        self, network: ProbeNetwork, layers: int, seeds: int, patience: int, *, by_loss: bool
    ) -> None:
        self.weights = {name: weight.cpu().clone() for name, weight in network.weights.items()}
        self.score = np.full((layers, seeds), -1.0)
        self.rounds = np.zeros((layers, seeds), dtype=np.int64)
        self.layers, self.seeds = list(range(layers)), list(range(seeds))
        self._loss = np.full((layers, seeds), np.inf)
        self._going = np.ones((layers, seeds), dtype=bool)
        self._patience, self._by_loss = patience, by_loss

    @property
    def done(self) -> bool:
        """Say whether no probe trains any more."""
        return not self._going.any()

    def update(
        self,
        network: ProbeNetwork,
        turn: int,
        score: NDArray[np.float64],
        loss: NDArray[np.float64],
    ) -> None:
        """Take note of a round; ``score`` and ``loss`` are those of the layers and seeds left."""
        import torch

        grid = np.ix_(self.layers, self.seeds)
        better = loss < self._loss[grid]
        if not self._by_loss:
            better = (score > self.score[grid]) | ((score == self.score[grid]) & better)
        better &= self._going[grid]
        rows, columns = np.nonzero(better)
        places = np.asarray(self.layers)[rows], np.asarray(self.seeds)[columns]
        self.score[places], self._loss[places] = score[better], loss[better]
        self.rounds[places] = turn
        here = torch.from_numpy(rows), torch.from_numpy(columns)
        there = torch.from_numpy(places[0]), torch.from_numpy(places[1])
        for name, weight in network.weights.items():
            self.weights[name][there] = weight[here].cpu()
        self._going &= turn - self.rounds < self._patience
        rows_left = [n for n, layer in enumerate(self.layers) if self._going[layer].any()]
        columns_left = [n for n, seed in enumerate(self.seeds) if self._going[:, seed].any()]
        fewer = len(rows_left) < len(self.layers) or len(columns_left) < len(self.seeds)
        if fewer and rows_left:
            network.keep(rows_left, columns_left)
            self.layers = [self.layers[n] for n in rows_left]
            self.seeds = [self.seeds[n] for n in columns_left]


def _batches(targets: Places, widths: Places, size: int, seed: int) -> Iterator[Places]:
    """Yield batches for ever, each epoch in an order of its own.

    Targets are drawn in random order, some batches' worth at a time, and those are cut by length.
    """
    generator = np.random.default_rng(seed)
    while True:
        order = generator.permutation(targets)
        cut: list[Places] = []
        for start in range(0, len(order), size * _POOL):
            pool = order[start : start + size * _POOL]
            pool = pool[np.argsort(widths[pool], kind="stable")]
            cut += [pool[at : at + size] for at in range(0, len(pool), size)]
        for place in generator.permutation(len(cut)):
            yield cut[place]


def _dropout(
    generators: Sequence[torch.Generator], count: int, settings: ProbeSettings
) -> Tensor | None:
    """Return what hidden numbers are multiplied by, ``(seeds, count, hidden)``, on the CPU."""
    import torch

    if not settings.dropout:
        return None
    kept = 1 - settings.dropout
    size = (count, settings.hidden)
    drawn = torch.stack([torch.rand(size, generator=one) for one in generators])
    return (drawn < kept).float().div_(kept)


def _logits(
    network: ProbeNetwork,
    table: SpanStates,
    targets: Places,
    layers: Places | None,
    cancelled: Callable[[], bool],
) -> NDArray[np.float32]:
    """Return scores ``(layers, seeds, targets, labels)``, the targets batched by length."""
    device = network.weights["out"].device
    widths = table.widths()[targets]
    order = np.argsort(widths, kind="stable")
    found: NDArray[np.float32] | None = None
    start = 0
    while start < len(order):
        if cancelled():
            raise Cancelled
        # Sorted, so the widest of the next ones is not known: grow until the budget is met.
        end = start + 1
        while end < len(order) and (end + 1 - start) * widths[order[end]] <= _SCORED_TOKENS:
            end += 1
        part = order[start : min(end, start + 512)]
        batch = table.batch(targets[part], layers, network.settings.pooling, device)
        logits = network.logits(batch).cpu().numpy()
        if found is None:
            found = np.empty((*logits.shape[:2], len(targets), logits.shape[3]), np.float32)
        found[:, :, part] = logits
        start += len(part)
    if found is None:
        labels = network.shape.labels
        grid = network.weights["out"].shape[:2]
        return np.empty((*grid, 0, labels), np.float32)
    return found


def _losses(
    logits: NDArray[np.float32], gold: Bools, settings: ProbeSettings
) -> NDArray[np.float64]:
    """Return the mean loss of each probe, ``(layers, seeds)``."""
    values = logits.astype(np.float64)
    if settings.loss == "sigmoid":
        each = np.logaddexp(0.0, values) - gold * values
    else:
        each = gold * (np.logaddexp.reduce(values, -1, keepdims=True) - values)
    mean: NDArray[np.float64] = each.sum(-1).mean(-1)
    return mean
