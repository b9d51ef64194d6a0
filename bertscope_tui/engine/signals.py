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
_BLOCKS = 4


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
    shown = parts.shown & ~_outliers(states, parts)
    floats = shown.float()
    count = floats.sum(1)
    question = shown.gather(1, parts.question_at) & parts.question_real
    context = shown.gather(1, parts.context_at) & parts.context_real
    members = parts.members & context[:, None, :]
    sets = (parts.answers & shown[:, None, :]).float()
    pair_cosines, separations, homogeneity, mean_rows = [], [], [], []
    for layer in states:
        poll()
        state = layer.float()
        mean = (floats[:, None, :] @ state) / count.clamp(min=1)[:, None, None]
        centred = (state - mean).mul_(floats[:, :, None])
        squares = centred.square().sum(2)
        homogeneity.append(_homogeneity(centred, squares, count))
        separations.append(_separation(centred, squares, sets, floats))
        pair_cosines.append(_pair_cosines(centred, squares, parts))
        if means:
            mean_rows.append(mean[:, 0])
    poll()
    ranks = _rank_sums(torch.stack(pair_cosines), question[:, :, None] & context[:, None, :])
    match = _areas(ranks, members, question.sum(1), context.sum(1)).cpu().numpy()
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
    """The sets of all windows of a batch as tensors, padded to the longest."""

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
        self.answers = _tensor(answers, device)
        self.members = _tensor(members, device)
        self.question_at = _tensor(question_at, device)
        self.question_real = _tensor(question_real, device)
        self.context_at = _tensor(context_at, device)
        self.context_real = _tensor(context_real, device)


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
    ordered = norms.masked_fill(~others, torch.inf).sort(dim=2).values
    middle = torch.stack([(count - 1) // 2, count // 2], dim=1).clamp(min=0)
    medians = ordered.gather(2, middle.expand(len(norms), -1, -1)).mean(2)
    ratio = torch.where((medians > 0) & (count > 0), own / medians, 0.0).amax(0)
    return found.scatter_(1, parts.first[:, None], (ratio > OUTLIER_RATIO)[:, None])


def _homogeneity(centred: Any, squares: Any, count: Any) -> Any:
    """Return the participation ratio ``tr(G)^2 / |G|^2`` over its largest value, ``(windows,)``.

    G is the Gram matrix of the centred tokens; that of its dimensions has the same trace and norm,
    so the smaller one is built, and of this only what lies on and above its diagonal blocks.
    """
    import torch

    tokens, dim = centred.shape[1:]
    # Rows of ``left`` against columns of ``left`` transposed: the side with fewer rows.
    left = centred if tokens <= dim else centred.transpose(1, 2)
    step = -(-left.shape[1] // _BLOCKS)
    norm = torch.zeros_like(count)
    for start in range(0, left.shape[1], step):
        rows = left[:, start : start + step]
        block = (rows @ left[:, start:].transpose(1, 2)).square_()
        size = rows.shape[1]
        norm += 2 * block.sum((1, 2)) - block[:, :, :size].sum((1, 2))
    most = torch.minimum(count - 1, torch.full_like(count, dim))
    ratio = squares.sum(1).square() / norm / most
    return torch.where((norm > 0) & (most > 0), ratio, torch.nan)


def _separation(centred: Any, squares: Any, sets: Any, shown: Any) -> Any:
    """Return ``(windows, 2)``: the root of mean |x_a - m|^2 over mean |x_o - m|^2.

    A is a set, O all other shown tokens and m the mean of O. From sums alone: for any set,
    mean |x - m|^2 = mean |x|^2 - 2 mean(x) m + |m|^2.
    """
    import torch

    others = shown[:, None, :] - sets
    inside, outside = sets.sum(2), others.sum(2)
    own = (sets @ centred) / inside.clamp(min=1)[..., None]
    middle = (others @ centred) / outside.clamp(min=1)[..., None]
    own_squares = (sets * squares[:, None, :]).sum(2) / inside.clamp(min=1)
    other_squares = (others * squares[:, None, :]).sum(2) / outside.clamp(min=1)
    offset = middle.square().sum(2)
    far = own_squares - 2 * (own * middle).sum(2) + offset
    near = other_squares - offset
    usable = (inside > 0) & (outside > 0) & (near > 0)
    return torch.where(usable, (far.clamp(min=0) / near).sqrt(), torch.nan)


def _pair_cosines(centred: Any, squares: Any, parts: _Parts) -> Any:
    """Return the cosine of each question token with each context token: ``(windows, q, c)``."""
    dim = centred.shape[2]
    asked = centred.gather(1, parts.question_at[..., None].expand(-1, -1, dim))
    products = asked @ centred.transpose(1, 2)
    scale = squares.clamp(min=1e-30).rsqrt()
    products *= scale.gather(1, parts.question_at)[:, :, None]
    products *= scale[:, None, :]
    places = parts.context_at[:, None, :].expand(-1, products.shape[1], -1)
    return products.gather(2, places)


def _rank_sums(cosines: Any, real: Any) -> Any:
    """Return for each context token the sum of its pairs' ranks: ``(layers + 1, windows, c)``.

    ``cosines`` is ``(layers + 1, windows, q, c)``, ``real`` says for ``(windows, q, c)`` which
    pairs there are. Ranks count from 1 over all pairs of a window and layer; equal ones share
    their mean rank.
    """
    import torch

    layers, rows, asked, told = cosines.shape
    keys = (cosines * _STEPS).round_().masked_fill_(~real, torch.inf).flatten(2)
    ordered, places = keys.sort(dim=2)
    at = torch.arange(asked * told, device=keys.device, dtype=torch.float32)
    new = torch.ones_like(ordered, dtype=torch.bool)
    new[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    first = torch.where(new, at, 0.0).cummax(2).values
    after = torch.full_like(ordered, asked * told)
    after[..., :-1] = torch.where(new[..., 1:], at[1:], float(asked * told))
    after = after.flip(2).cummin(2).values.flip(2)
    ranks = (first + after + 1) / 2
    ranks.masked_fill_(ordered == torch.inf, 0.0)
    sums = torch.zeros((layers, rows, told), device=keys.device)
    return sums.scatter_add_(2, places % told, ranks)


def _areas(ranks: Any, members: Any, asked: Any, told: Any) -> Any:
    """Return the area under the ROC curve of each set: ``(layers + 1, windows, sets)``.

    Mann-Whitney: ``(R - n(n + 1) / 2) / (n m)`` for n pairs of the set with rank sum R and m
    pairs of the rest of the context.
    """
    import torch

    chosen = members.float()
    size = chosen.sum(2)
    inside = size * asked[:, None]
    outside = (told[:, None] - size) * asked[:, None]
    total = torch.einsum("lwc,wsc->lws", ranks, chosen)
    area = (total / inside.clamp(min=1) - (inside + 1) / 2) / outside.clamp(min=1)
    return torch.where((inside > 0) & (outside > 0), area, torch.nan)
