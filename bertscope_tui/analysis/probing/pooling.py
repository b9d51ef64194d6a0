"""Tokens of spans to one vector for each span and probe, for all probes of a task at once.

A probe of Tenney et al. 2019 projects each token, ``h = x P + b``, weighs the tokens of a span by
``softmax(h a)`` and sums them. Both steps are linear in ``x``, so the same numbers come out when
the tokens are weighed by ``softmax(x (P a))`` and summed first, and only the sum is projected
(``b`` adds the same to all scores of a span, which softmax does not see). That saves projecting
every token, most of the arithmetic where spans are sentences, and lets all probes of a layer read
its tokens together.

Gradients are written out: the tokens have none, which automatic differentiation would not use to
the full, and nothing of the size of the tokens has to be kept. Shapes: ``L`` layers, ``S`` probes
of each layer, ``B`` targets, ``W`` tokens of the longest span, ``D`` numbers of a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from bertscope_tui.analysis.probing.settings import Pooling

_FAR_BELOW = -1e30


class GridPool:
    """One probe of each seed on every layer: the members are ``(L, S)``."""

    def __init__(self, pooling: Pooling) -> None:
        self._pooling = pooling

    def forward(self, x: Tensor, mask: Tensor, v: Tensor | None) -> Tensor:
        """Return the sums ``(L, S, B, D)``, or ``(L, 1, B, D)`` where nothing is learned.

        ``x`` is ``(L, B, W, D)`` and must stay as it is until ``backward``, ``mask`` ``(B, W)``
        says which tokens there are, ``v`` ``(L, S, D)`` is what tokens are weighed by. With ends
        for pooling ``W`` is 2 and the result is ``2 D`` wide.
        """
        layers, batch, width, dim = x.shape
        self._x = x
        if self._pooling == "ends":
            return x.reshape(layers, 1, batch, 2 * dim)
        if v is None:
            self._weights = None
            weights = even(mask).expand(layers, -1, -1).reshape(layers * batch, 1, width)
            return weights.bmm(x.view(layers * batch, width, dim)).view(layers, 1, batch, dim)
        # Few rows times many columns: a third of the time of the other way round on a CPU.
        scores = v.bmm(x.view(layers, batch * width, dim).transpose(1, 2))
        scores = scores.view(layers, -1, batch, width).transpose(1, 2)
        self._weights = masked_softmax(scores, mask)
        sums = self._weights.view(layers * batch, -1, width).bmm(x.view(layers * batch, width, dim))
        return sums.view(layers, batch, -1, dim).transpose(1, 2)

    def backward(self, du: Tensor) -> Tensor:
        """Return the gradient of ``v``, ``(L, S, D)``, from that of the sums ``(L, S, B, D)``."""
        x, weights = self._x, self._weights
        layers, batch, width, dim = x.shape
        assert weights is not None  # asked for only where something is learned
        by_target = du.transpose(1, 2).reshape(layers * batch, -1, dim)
        dw = by_target.bmm(x.view(layers * batch, width, dim).transpose(1, 2)).view_as(weights)
        scores = softmax_backward(dw, weights)
        scores = scores.transpose(1, 2).reshape(layers, -1, batch * width)
        return scores.bmm(x.view(layers, batch * width, dim))


class MixPool:
    """One probe of each seed on a weighted sum of all layers: the members are ``(1, S)``.

    The weights are ``gain * softmax(weights)`` (Peters et al. 2018, "Deep contextualized word
    representations"), ``weights`` ``(S, L)`` and ``gain`` ``(S, 1)``.
    """

    def __init__(self, pooling: Pooling, weights: Tensor, gain: Tensor) -> None:
        self._pooling = pooling
        self._parameters = weights, gain

    def forward(self, x: Tensor, mask: Tensor, v: Tensor | None) -> Tensor:
        """Return the sums ``(1, S, B, D)``, as `GridPool.forward` with ``v`` ``(1, S, D)``."""
        weights, gain = self._parameters
        layers, batch, width, dim = x.shape
        self._x = x
        self._shares = weights.softmax(1)
        self._mix = self._shares * gain
        if self._pooling == "ends":
            self._sums = x.reshape(layers, batch, 1, 2 * dim)
        elif v is None:
            even_weights = even(mask).expand(layers, -1, -1).reshape(layers * batch, 1, width)
            flat = x.view(layers * batch, width, dim)
            self._sums = even_weights.bmm(flat).view(layers, batch, 1, dim)
        else:
            scores = x.view(layers * batch * width, dim) @ v[0].T
            self._scores = scores.view(layers, batch, width, -1).transpose(2, 3)
            mixed = self._over_layers(self._scores)
            self._weights = masked_softmax(mixed, mask)
            each = self._weights.expand(layers, -1, -1, -1).reshape(layers * batch, -1, width)
            sums = each.bmm(x.view(layers * batch, width, dim))
            self._sums = sums.view(layers, batch, -1, dim)
        seeds = self._mix.shape[0]
        sums = self._sums.expand(-1, -1, seeds, -1)
        return self._over_layers(sums).transpose(1, 2)

    def backward(self, du: Tensor, *, learned: bool) -> tuple[Tensor | None, Tensor, Tensor]:
        """Return the gradients of ``v`` (None unless ``learned``), of weights and of gain."""
        by_target = du.transpose(1, 2)  # (1, B, S, D)
        d_mix = (self._sums * by_target).sum((1, 3)).T  # (S, L)
        dv = None
        if learned:
            x = self._x
            layers, batch, width, dim = x.shape
            sums = by_target.reshape(batch, -1, dim)
            dw = self._weights.new_zeros((batch, len(self._shares), width))
            for layer in range(layers):
                shared = sums * self._mix[:, layer].view(1, -1, 1)
                dw.baddbmm_(shared, x[layer].transpose(1, 2))
            scores = softmax_backward(dw.view_as(self._weights), self._weights)
            d_mix = d_mix + (self._scores * scores).sum((1, 3)).T
            flat = scores[0].transpose(0, 1).reshape(-1, batch * width)  # (S, B W)
            by_layer = flat.expand(layers, -1, -1).bmm(x.view(layers, batch * width, dim))
            dv = (by_layer * self._mix.T.unsqueeze(2)).sum(0, keepdim=True)
        gain = self._parameters[1]
        d_gain = (d_mix * self._shares).sum(1, keepdim=True)
        return dv, softmax_backward(d_mix * gain, self._shares), d_gain

    def _over_layers(self, values: Tensor) -> Tensor:
        """Return the weighted sum of ``(L, B, S, n)`` over the layers, ``(1, B, S, n)``."""
        return (values * self._mix.T[:, None, :, None]).sum(0, keepdim=True)


def even(mask: Tensor) -> Tensor:
    """Return weights that are equal over the tokens that are there, ``(B, W)``."""
    present = mask.float()
    return present / present.sum(1, keepdim=True)


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Return weights ``(…, B, S, W)`` that are nothing where ``mask`` ``(B, W)`` is False."""
    return scores.masked_fill(~mask[:, None, :], _FAR_BELOW).softmax(-1)


def softmax_backward(gradient: Tensor, weights: Tensor) -> Tensor:
    """Return the gradient of the scores that ``weights`` are the softmax of (last axis)."""
    product = gradient * weights
    return product - weights * product.sum(-1, keepdim=True)
