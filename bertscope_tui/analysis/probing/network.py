"""Many probes as one network: every weight has a first axis of layers and a second of seeds.

Adam's steps and the products of all probes are then a handful of large operations in place of
hundreds of small ones, which is what a loop over layers spends its time on. The probes do not
touch each other: each has its own weights, loss and gradients. All draw their first weights and
their dropout by seed only, so that a probe comes out the same whatever others train beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertscope_tui.analysis.probing.pooling import GridPool, MixPool

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from bertscope_tui.analysis.probing.settings import ProbeSettings

_EPSILON = 1e-5  # of the layer normalisation, as in torch.nn.LayerNorm
MIX, GAIN = "mix", "gain"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a probe reads and says: ``dim`` numbers a token, ``spans`` a target, ``labels``.

    ``mixed`` is the number of layers that one probe reads together, 0 for a probe of one layer.
    """

    dim: int
    spans: int
    labels: int
    mixed: int = 0


class ProbeNetwork:
    """``layers`` x ``seeds`` probes with hand-written gradients and one optimiser.

    ``weights`` are ``(layers, seeds, …)``; with ``shape.mixed`` there is one entry for layers.
    """

    def __init__(
        self,
        settings: ProbeSettings,
        shape: Shape,
        layers: int,
        seeds: Sequence[int],
        device: torch.device,
    ) -> None:
        self.settings, self.shape = settings, shape
        layers = 1 if shape.mixed else layers
        drawn = [first_weights(settings, shape, seed) for seed in seeds]
        self.weights = {
            name: _stack([one[name] for one in drawn], layers).to(device) for name in drawn[0]
        }
        self._states: dict[str, dict[str, Tensor]] = {}
        self._start()

    @property
    def layers(self) -> int:
        """Return how many layers still have probes (1 for a mix)."""
        return int(self.weights["out"].shape[0])

    def keep(self, layers: Sequence[int], seeds: Sequence[int]) -> None:
        """Go on with these layers and seeds only (places among those there are)."""

        def part(tensor: Tensor) -> Tensor:
            return tensor[list(layers)][:, list(seeds)].contiguous()

        self._states = {
            name: {
                key: value.clone() if key == "step" else part(value)
                for key, value in self._optimiser.state[self.weights[name]].items()
            }
            for name in self.weights
        }
        self.weights = {name: part(value) for name, value in self.weights.items()}
        self._start()

    def logits(self, batch: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Return the scores ``(layers, seeds, B, labels)`` of a batch, without dropout.

        ``batch`` has the tokens ``(layers, B, W, dim)`` and mask ``(B, W)`` of each span.
        """
        return self._forward(batch, None)

    def step(
        self, batch: Sequence[tuple[Tensor, Tensor]], gold: Tensor, dropout: Tensor | None
    ) -> None:
        """Take one step of Adam on a batch.

        ``gold`` ``(B, labels)`` is 1 where a label holds; ``dropout`` ``(seeds, B, hidden)`` what
        the hidden numbers are multiplied by.
        """
        logits = self._forward(batch, dropout)
        said = logits.sigmoid_() if self.settings.loss == "sigmoid" else logits.softmax(-1)
        self._backward(said.sub_(gold).div_(said.shape[2]), dropout)
        self._optimiser.step()

    def _start(self) -> None:
        """Make an optimiser and buffers for the gradients of the weights there are now."""
        import torch

        for weight in self.weights.values():
            weight.grad = torch.zeros_like(weight)
        fused = self.weights["out"].device.type in ("cpu", "cuda")
        rates = {MIX: self.settings.mix_rate}
        groups = [
            {"params": [weight], "lr": rates.get(name, self.settings.learning_rate)}
            for name, weight in self.weights.items()
        ]
        self._optimiser: Any = torch.optim.Adam(groups, fused=fused)
        for name, state in self._states.items():
            self._optimiser.state[self.weights[name]] = state
        self._states = {}

    def _flat(self, name: str) -> Tensor:
        weight = self.weights[name]
        return weight.view(-1, *weight.shape[2:])

    def _gradient(self, name: str) -> Tensor:
        gradient = self.weights[name].grad
        assert gradient is not None  # made in _start
        return gradient.view(-1, *gradient.shape[2:])

    def _pool(self) -> GridPool | MixPool:
        if not self.shape.mixed:
            return GridPool(self.settings.pooling)
        return MixPool(self.settings.pooling, self.weights[MIX][0], self.weights[GAIN][0])

    def _forward(self, batch: Sequence[tuple[Tensor, Tensor]], dropout: Tensor | None) -> Tensor:
        import torch

        grid = self.weights["out"].shape[:2]
        count = grid.numel()
        self._pools, self._sums, parts = [], [], []
        for span, (tokens, mask) in enumerate(batch):
            project = self._flat(f"project{span}")
            v = None
            if self.settings.pooling == "attention":
                v = project.bmm(self._flat(f"attend{span}")).view(*grid, -1)
            pool = self._pool()
            sums = pool.forward(tokens, mask, v)
            size, dim = sums.shape[2:]
            # One row more than targets: there the gradient of v goes, see _backward.
            held = sums.new_empty((*grid, size + 1, dim))
            held[:, :, :size] = sums
            held = held.view(count, size + 1, dim)
            parts.append(torch.baddbmm(self._flat(f"bias{span}"), held[:, :size], project))
            self._pools.append(pool)
            self._sums.append(held)
        self._projected = torch.cat(parts, 2) if len(parts) > 1 else parts[0]
        self._tanh = torch.baddbmm(
            self._flat("hidden_bias"), self._projected, self._flat("hidden")
        ).tanh_()
        # torch.var_mean takes ten times as long on a CPU.
        self._normal = self._tanh - self._tanh.mean(-1, keepdim=True)
        self._inverse = self._normal.square().mean(-1, keepdim=True).add_(_EPSILON).rsqrt_()
        self._normal.mul_(self._inverse)
        scaled = torch.addcmul(self._flat("shift"), self._normal, self._flat("scale"))
        if dropout is not None:
            scaled = _by_seed(scaled, grid).mul_(dropout).view_as(scaled)
        self._said = scaled
        logits = torch.baddbmm(self._flat("out_bias"), scaled, self._flat("out"))
        return logits.view(*grid, *logits.shape[1:])

    def _backward(self, gradient: Tensor, dropout: Tensor | None) -> None:
        """Fill the gradients of all weights from that of the logits."""
        import torch

        grid = gradient.shape[:2]
        down = gradient.reshape(-1, *gradient.shape[2:])
        torch.bmm(self._said.transpose(1, 2), down, out=self._gradient("out"))
        torch.sum(down, 1, keepdim=True, out=self._gradient("out_bias"))
        down = down.bmm(self._flat("out").transpose(1, 2))
        if dropout is not None:
            down = _by_seed(down, grid).mul_(dropout).view_as(down)
        torch.sum(down * self._normal, 1, keepdim=True, out=self._gradient("scale"))
        torch.sum(down, 1, keepdim=True, out=self._gradient("shift"))
        down = down.mul_(self._flat("scale"))
        along = (down * self._normal).mean(-1, keepdim=True)
        down = down.sub_(down.mean(-1, keepdim=True)).sub_(self._normal * along)
        down = down.mul_(self._inverse).mul_(1 - self._tanh.square())
        torch.bmm(self._projected.transpose(1, 2), down, out=self._gradient("hidden"))
        torch.sum(down, 1, keepdim=True, out=self._gradient("hidden_bias"))
        down = down.bmm(self._flat("hidden").transpose(1, 2))
        if self.shape.mixed:
            self._gradient(MIX).zero_()
            self._gradient(GAIN).zero_()
        width = self.settings.projection
        for span in range(self.shape.spans):
            self._backward_span(span, down[:, :, span * width : (span + 1) * width], grid)

    def _backward_span(self, span: int, down: Tensor, grid: tuple[int, ...]) -> None:
        """Fill the gradients of one span's projection and attention.

        The projection is used twice, on the sums and in ``v = P a``; both gradients are products
        of a column and a row for each target (and one more), so one product gives their sum.
        """
        import torch

        pool, held = self._pools[span], self._sums[span]
        size = held.shape[1] - 1
        learned = self.settings.pooling == "attention"
        project = self._flat(f"project{span}")
        torch.sum(down, 1, keepdim=True, out=self._gradient(f"bias{span}"))
        dv = None
        if learned or isinstance(pool, MixPool):
            du = down.bmm(project.transpose(1, 2)).view(*grid, size, -1)
            if isinstance(pool, MixPool):
                dv, d_weights, d_gain = pool.backward(du, learned=learned)
                self._gradient(MIX).add_(d_weights)
                self._gradient(GAIN).add_(d_gain)
            else:
                dv = pool.backward(du)
        if dv is None:
            held, rows = held[:, :size], down
        else:
            dv = dv.reshape(held.shape[0], -1)
            held[:, size] = dv
            attend = self._flat(f"attend{span}")
            rows = torch.cat((down, attend.transpose(1, 2)), 1)
            self._gradient(f"attend{span}").copy_(dv.unsqueeze(1).bmm(project).transpose(1, 2))
        torch.bmm(held.transpose(1, 2), rows, out=self._gradient(f"project{span}"))


def first_weights(settings: ProbeSettings, shape: Shape, seed: int) -> dict[str, Tensor]:
    """Draw the first weights of one probe, uniformly within one over the root of the inputs.

    Those of `torch.nn.Linear` and `torch.nn.LayerNorm`; a mix begins with equal weights.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)

    def linear(inputs: int, outputs: int) -> tuple[Tensor, Tensor]:
        bound = 1 / math.sqrt(inputs)
        drawn = torch.rand((inputs + 1, outputs), generator=generator).mul_(2 * bound).sub_(bound)
        return drawn[:-1].clone(), drawn[-1:].clone()

    width = 2 * shape.dim if settings.pooling == "ends" else shape.dim
    weights: dict[str, Tensor] = {}
    for span in range(shape.spans):
        weights[f"project{span}"], weights[f"bias{span}"] = linear(width, settings.projection)
        if settings.pooling == "attention":
            weights[f"attend{span}"], _ = linear(settings.projection, 1)
    weights["hidden"], weights["hidden_bias"] = linear(
        shape.spans * settings.projection, settings.hidden
    )
    weights["scale"] = torch.ones((1, settings.hidden))
    weights["shift"] = torch.zeros((1, settings.hidden))
    weights["out"], weights["out_bias"] = linear(settings.hidden, shape.labels)
    if shape.mixed:
        weights[MIX] = torch.zeros(shape.mixed)
        weights[GAIN] = torch.ones(1)
    return weights


def network_of(
    settings: ProbeSettings, shape: Shape, weights: Mapping[str, Tensor]
) -> ProbeNetwork:
    """Return a network with these weights, ``(layers, seeds, …)``, as they were kept."""
    layers, seeds = weights["out"].shape[:2]
    network = ProbeNetwork(settings, shape, layers, range(seeds), weights["out"].device)
    network.weights = dict(weights)
    return network


def _stack(drawn: Sequence[Tensor], layers: int) -> Tensor:
    import torch

    return torch.stack(list(drawn)).unsqueeze(0).repeat(layers, *[1] * (drawn[0].dim() + 1))


def _by_seed(values: Tensor, grid: Sequence[int]) -> Tensor:
    return values.view(*grid, *values.shape[1:])
