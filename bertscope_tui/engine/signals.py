"""A few numbers for every layer of every window of a batch, computed where the states are.

Definitions, formulas and sources are in docs/signals.md. Everything is float32 whatever the
network computes in. Only *shown* tokens take part: those of question and context, without a
first one whose norm dwarfs all others (`OUTLIER_RATIO`). States are centred on the shown tokens'
mean at their layer; cosines are taken after that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.data.records import Span

if TYPE_CHECKING:
    from bertscope_tui.engine.marks import Layout

Floats = NDArray[np.float32]

OUTLIER_RATIO = 4.0
"""A first token whose norm is more than so many times the median of the others is not shown."""

_STEPS = 1e5
"""Cosines that are equal when rounded to 1/``_STEPS`` tie: float32 tells no finer difference."""


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """The sets of tokens of one window that signals compare.

    ``facts`` are the spans of the supporting facts, ``answer`` the best span of the window,
    ``answer_sentence`` the place of the sentence in which it begins, ``gold`` the gold answers.
    """

    layout: Layout
    sentences: int
    facts: tuple[Span, ...]
    answer: Span | None
    answer_sentence: int | None
    gold: tuple[Span, ...]


@dataclass(frozen=True, slots=True, eq=False)
class WindowSignals:
    """The signals of one window, float32, NaN where one cannot be computed.

    ``match`` ``(layers + 1, 2 + sentences)``: of the facts, of the answer's sentence and of each
    sentence; ``separation`` ``(layers + 1, 2)``: of the answer and the gold answer;
    ``homogeneity`` ``(layers + 1,)``; ``mean`` ``(layers + 1, dim)`` the mean of the shown
    tokens, only where it was asked for.
    """

    match: Floats
    separation: Floats
    homogeneity: Floats
    mean: Floats | None

    def without_mean(self) -> WindowSignals:
        """Return the same without the pooled vectors."""
        return replace(self, mean=None)


def measure(
    states: Sequence[Any],
    marked: Sequence[Marked],
    *,
    means: bool = False,
    poll: Callable[[], None] = lambda: None,
) -> list[WindowSignals]:
    """Return the signals of each window of a batch.

    ``states`` are layers + 1 tensors ``(windows, tokens, dim)``, padded on the right. ``poll`` is
    called before each layer and may raise.
    """
    import torch

    device, width = states[0].device, states[0].shape[1]
    parts = _Parts(marked, width, device)
    parts.hide(_outliers(states, parts))
    every = parts.shown.float()
    count = every.sum(1)
    both = every[:, :, None] * every[:, None, :]
    cosines, separations, homogeneity, mean_rows = [], [], [], []
    for layer in states:
        poll()
        state = layer.float()
        mean = torch.bmm(every[:, None, :], state) / count.clamp(min=1)[:, None, None]
        centred = state - mean
        gram = (centred @ centred.transpose(1, 2)).mul_(both)
        squares = gram.diagonal(dim1=1, dim2=2).contiguous()
        homogeneity.append(_homogeneity(gram, squares, count, state.shape[2]))
        separations.append(_separation(gram, squares, parts.answers, every))
        cosines.append(_pair_cosines(gram, squares, parts))
        if means:
            mean_rows.append(mean[:, 0])
    poll()
    ranks = _rank_sums(torch.stack(cosines), parts.asked[:, :, None] & parts.told[:, None, :])
    match = _areas(ranks, parts).cpu().numpy()
    separation = torch.stack(separations).cpu().numpy()
    spread = torch.stack(homogeneity).cpu().numpy()
    mean_values = torch.stack(mean_rows).cpu().numpy() if means else None
    return [
        WindowSignals(
            match=match[:, row, : 2 + one.sentences],
            separation=separation[:, row],
            homogeneity=spread[:, row],
            mean=None if mean_values is None else mean_values[:, row],
        )
        for row, one in enumerate(marked)
    ]


class _Parts:
    """The sets of all windows of a batch as tensors, padded to the longest.

    ``shown`` ``(windows, tokens)`` and ``first``, the first of these; ``answers`` ``(windows, 2,
    tokens)`` the tokens of the answer and the gold answers; ``question_at`` ``(windows, q)`` and
    ``context_at`` ``(windows, c)`` the places of those tokens, of which ``asked`` and ``told`` are
    real; ``members`` ``(windows, 2 + sentences, c)`` the sets of context tokens.
    """

    def __init__(self, marked: Sequence[Marked], width: int, device: Any) -> None:
        rows = len(marked)
        shown = np.zeros((rows, width), dtype=np.bool_)
        first = np.zeros(rows, dtype=np.int64)
        answers = np.zeros((rows, 2, width), dtype=np.bool_)
        asked = [np.flatnonzero(one.layout.question) for one in marked]
        told = [np.flatnonzero(one.layout.context) for one in marked]
        question_at, question_real = _padded(asked)
        context_at, context_real = _padded(told)
        most = max((one.sentences for one in marked), default=0)
        members = np.zeros((rows, 2 + most, context_at.shape[1]), dtype=np.bool_)
        for row, one in enumerate(marked):
            own = one.layout
            length = len(own.begins)
            shown[row, :length] = own.question | own.context
            first[row] = int(shown[row].argmax())
            sentence = own.sentence[told[row]]
            end = len(sentence)
            members[row, 0, :end] = own.touching(one.facts)[told[row]]
            if one.answer_sentence is not None:
                members[row, 1, :end] = sentence == one.answer_sentence
            members[row, 2:, :end] = sentence == np.arange(most)[:, None]
            if one.answer is not None:
                answers[row, 0, :length] = own.touching((one.answer,))
            answers[row, 1, :length] = own.touching(one.gold)
        self.shown = _tensor(shown, device)
        self.first = _tensor(first, device)
        self.answers = _tensor(answers, device).float()
        self.members = _tensor(members, device).float()
        self.question_at = _tensor(question_at, device)
        self.context_at = _tensor(context_at, device)
        self.asked = _tensor(question_real, device)
        self.told = _tensor(context_real, device)

    def hide(self, tokens: Any) -> None:
        """Take tokens, ``(windows, tokens)``, out of all sets."""
        self.shown &= ~tokens
        self.asked &= self.shown.gather(1, self.question_at)
        self.told &= self.shown.gather(1, self.context_at)
        self.answers *= self.shown[:, None, :]
        self.members *= self.told[:, None, :]


def _padded(rows: list[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return lists of places as one array, and which of its cells are real."""
    width = max(1, *(len(row) for row in rows))
    at = np.zeros((len(rows), width), dtype=np.int64)
    real = np.zeros((len(rows), width), dtype=np.bool_)
    for place, row in enumerate(rows):
        at[place, : len(row)] = row
        real[place, : len(row)] = True
    return at, real


def _tensor(array: NDArray[Any], device: Any) -> Any:
    import torch

    return torch.from_numpy(array).to(device)


def _outliers(states: Sequence[Any], parts: _Parts) -> Any:
    """Return ``(windows, tokens)``: the first shown token, where its norm dwarfs the others'.

    As in `analysis.outliers`: against the median of the others, in the layer from 1 on in which
    it is the farthest out.
    """
    import torch

    found = torch.zeros_like(parts.shown)
    if len(states) < 2:
        return found
    norms = torch.stack([torch.linalg.vector_norm(state.float(), dim=2) for state in states[1:]])
    first = parts.first[None, :, None].expand(len(norms), -1, 1)
    own = norms.gather(2, first)[..., 0]
    others = parts.shown.clone().scatter_(1, parts.first[:, None], False)
    count = others.sum(1)
    # Half of the others below a quarter of its norm says as much as their median, and needs no
    # sort; only where exactly half are does it take the median itself.
    below = ((norms * OUTLIER_RATIO < own[..., None]) & others).sum(2)
    above = (2 * below > count) & (2 * ((norms > 0) & others).sum(2) > count)
    if bool((2 * below == count).logical_and(count > 0).any()):
        ordered = norms.masked_fill(~others, torch.inf).sort(dim=2).values
        middle = torch.stack([(count - 1) // 2, count // 2], dim=1).clamp(min=0)
        medians = ordered.gather(2, middle.expand(len(norms), -1, -1)).mean(2)
        above = (medians > 0) & (count > 0) & (own > OUTLIER_RATIO * medians)
    return found.scatter_(1, parts.first[:, None], above.any(0)[:, None])


def _homogeneity(gram: Any, squares: Any, count: Any, dim: int) -> Any:
    """Return the participation ratio ``tr(G)^2 / |G|^2`` over its largest value, ``(windows,)``."""
    import torch

    norm = torch.linalg.vector_norm(gram.flatten(1), dim=1)
    most = (count - 1).clamp(max=dim)
    ratio = (squares.sum(1) / norm).square() / most
    return torch.where((norm > 0) & (most > 0), ratio, torch.nan)


def _separation(gram: Any, squares: Any, sets: Any, shown: Any) -> Any:
    """Return ``(windows, 2)``: the root of mean |x_a - m|^2 over mean |x_o - m|^2.

    A is a set, O all other shown tokens and m the mean of O. From scalar products alone:
    mean |x - m|^2 = mean |x|^2 - 2 mean(x) m + |m|^2.
    """
    import torch

    others = shown[:, None, :] - sets
    inside, outside = sets.sum(2).clamp(min=1), others.sum(2).clamp(min=1)
    products = others @ gram
    offset = (products * others).sum(2) / outside.square()
    across = (products * sets).sum(2) / (outside * inside)
    far = (sets * squares[:, None, :]).sum(2) / inside - 2 * across + offset
    near = (others * squares[:, None, :]).sum(2) / outside - offset
    usable = sets.any(2) & others.any(2) & (near > 0)
    return torch.where(usable, (far.clamp(min=0) / near).sqrt(), torch.nan)


def _pair_cosines(gram: Any, squares: Any, parts: _Parts) -> Any:
    """Return the cosine of each question token with each context token: ``(windows, q, c)``."""
    asked, told = parts.question_at, parts.context_at
    rows = gram.gather(1, asked[:, :, None].expand(-1, -1, gram.shape[2]))
    found = rows.gather(2, told[:, None, :].expand(-1, asked.shape[1], -1))
    scale = squares.clamp(min=1e-30).rsqrt()
    return found.mul_(scale.gather(1, asked)[:, :, None]).mul_(scale.gather(1, told)[:, None, :])


def _rank_sums(cosines: Any, real: Any) -> Any:
    """Return for each context token the sum of its pairs' ranks: ``(layers + 1, windows, c)``.

    ``cosines`` is ``(layers + 1, windows, q, c)``, ``real`` says for ``(windows, q, c)`` which
    pairs there are. Ranks count from 1 over all pairs of a window and layer; equal ones share
    their mean rank.
    """
    import torch

    layers, rows, asked, told = cosines.shape
    pairs = asked * told
    # One whole number for each pair, its place in the low bits: sorting these takes a third of
    # the time of sorting floats along with their places.
    bits = (pairs - 1).bit_length()
    # Half the width, where that is enough, sorts in half the time.
    fits = int(2 * _STEPS).bit_length() + bits < 32
    keys = (cosines * _STEPS).round_().masked_fill_(~real, 2 * _STEPS).flatten(2)
    keys = keys.to(torch.int32 if fits else torch.int64)
    at = torch.arange(pairs, device=keys.device, dtype=keys.dtype)
    ordered = _sorted((keys << bits) | at)
    places, keys = ordered & ((1 << bits) - 1), ordered >> bits
    new = keys[..., 1:] != keys[..., :-1]
    first = torch.zeros_like(keys)
    first[..., 1:] = torch.where(new, at[1:], 0)
    after = torch.full_like(keys, pairs)
    after[..., :-1] = torch.where(new, at[1:], pairs)
    first = first.cummax(2).values
    after = after.flip(2).cummin(2).values.flip(2)
    ranks = (first + after + 1).float().mul_(0.5)
    sums = torch.zeros((layers, rows, told), device=keys.device)
    sums.scatter_add_(2, (places % told).long(), ranks.masked_fill_(keys == int(2 * _STEPS), 0.0))
    return sums


def _sorted(keys: Any) -> Any:
    """Return whole numbers in order along the last axis."""
    import torch

    if keys.device.type == "cpu":
        # numpy's sort uses the CPU's vector units and is ten times as fast as torch's.
        return torch.from_numpy(np.sort(keys.numpy(), axis=-1))
    return keys.sort(dim=-1).values


def _areas(ranks: Any, parts: _Parts) -> Any:
    """Return the area under the ROC curve of each set: ``(layers + 1, windows, sets)``.

    Mann-Whitney: ``(R - n(n + 1) / 2) / (n m)`` for n pairs of the set with rank sum R and m
    pairs of the rest of the context.
    """
    import torch

    asked, told = parts.asked.sum(1), parts.told.sum(1)
    size = parts.members.sum(2)
    inside = size * asked[:, None]
    outside = (told[:, None] - size) * asked[:, None]
    total = torch.einsum("lwc,wsc->lws", ranks, parts.members)
    area = (total / inside.clamp(min=1) - (inside + 1) / 2) / outside.clamp(min=1)
    return torch.where((inside > 0) & (outside > 0), area, torch.nan)
