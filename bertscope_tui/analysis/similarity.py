"""How alike two models see a text: of whole layers over a data set, and of one token.

Both models must be asked about the same pieces of text. Two tokenizers cut them differently, so the
pieces are the shortest stretches of characters that begin and end where tokens do in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from bertscope_tui.engine.encoding import Part, Token

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

NEIGHBOURS = 8
"""How many neighbours of a token are compared, where there are enough."""

BYTES = 1 << 30
"""Memory for the sums of one pass over a data set; see `passes`."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of ``part`` that both models read: ``first`` and ``second`` are its tokens."""

    part: Part
    start: int
    end: int
    first: tuple[int, ...]
    second: tuple[int, ...]


def shared_units(first: Sequence[Token], second: Sequence[Token]) -> tuple[Unit, ...]:
    """Return the shortest stretches of the texts that are whole tokens in both windows, in order.

    Special tokens and tokens that cover no character are in none. Two windows of one tokenizer
    give its tokens (those that are parts of one character together).
    """
    units: list[Unit] = []
    for part in ("question", "context"):
        sides = [
            sorted(
                (token.start, token.end, token.index)
                for token in side
                if token.part == part and token.end > token.start
            )
            for side in (first, second)
        ]
        places = [0, 0]
        while all(place < len(side) for place, side in zip(places, sides, strict=True)):
            starts = [side[place][0] for place, side in zip(places, sides, strict=True)]
            if starts[0] != starts[1]:
                # What only one of them reads here is in no unit.
                places[starts[0] > starts[1]] += 1
                continue
            taken: list[list[int]] = [[], []]
            ends = [starts[0], starts[0]]
            while True:
                behind = 0 if ends[0] <= ends[1] else 1
                if taken[0] and ends[0] == ends[1]:
                    going = _going_on(sides, places, ends[0])
                    if going is None:
                        break
                    behind = going
                if places[behind] >= len(sides[behind]):
                    taken = [[], []]
                    break
                _, end, index = sides[behind][places[behind]]
                taken[behind].append(index)
                ends[behind] = max(ends[behind], end)
                places[behind] += 1
            if taken[0] and taken[1]:
                units.append(Unit(part, starts[0], ends[0], tuple(taken[0]), tuple(taken[1])))
    return tuple(units)


def _going_on(
    sides: Sequence[Sequence[tuple[int, int, int]]], places: Sequence[int], end: int
) -> int | None:
    """Return the side whose next token begins before ``end``: a character in several tokens."""
    for number, (place, side) in enumerate(zip(places, sides, strict=True)):
        if place < len(side) and side[place][0] < end:
            return number
    return None


def unit_states(states: Floats, tokens: Sequence[tuple[int, ...]]) -> Floats:
    """Return ``(layers + 1, units, dim)``: of each unit the mean over its tokens.

    ``states`` is ``(layers + 1, tokens, dim)``.
    """
    firsts = np.array([unit[0] for unit in tokens], dtype=np.int64)
    found = states[:, firsts]
    for place, unit in enumerate(tokens):
        if len(unit) > 1:
            found[:, place] = states[:, list(unit)].mean(axis=1)
    return found


class Cka:
    """Linear CKA of all pairs of layers of two models, from data that come in parts.

    Kornblith et al. 2019, "Similarity of Neural Network Representations Revisited": of centred
    ``X`` and ``Y``, ``|Y'X|² / (|X'X| |Y'Y|)`` with Frobenius norms; 1 where one is a turned and
    scaled copy of the other, whatever the widths. Only sums of products are kept, so memory
    does not grow with the data; they are taken about the mean of the first part, which keeps their
    digits. ``rows`` are the layers of the first model that this pass is for.
    """

    def __init__(self, rows: range | None = None) -> None:
        self._rows = rows
        self._count = 0
        self._middle: tuple[Doubles, Doubles] | None = None

    def add(self, first: Floats, second: Floats) -> None:
        """Take in states of the same units: ``(layers + 1, units, dim)`` of each model."""
        if self._rows is not None:
            first = first[self._rows.start : self._rows.stop]
        if first.shape[1] == 0:
            return
        if self._middle is None:
            self._middle = (
                first.mean(axis=1, dtype=np.float64),
                second.mean(axis=1, dtype=np.float64),
            )
            widths = first.shape[2], second.shape[2]
            self._sums = tuple(np.zeros((len(s), s.shape[2])) for s in (first, second))
            self._own = tuple(np.zeros((len(s), s.shape[2], s.shape[2])) for s in (first, second))
            self._cross = np.zeros((len(first), len(second), *widths))
        x, y = (
            (states - middle[:, None]).astype(np.float32)
            for states, middle in zip((first, second), self._middle, strict=True)
        )
        self._count += x.shape[1]
        for states, sums, own in zip((x, y), self._sums, self._own, strict=True):
            sums += states.sum(axis=1, dtype=np.float64)
            for layer, points in enumerate(states):
                own[layer] += points.T @ points
        # One product for each layer of the first model with all layers of the second.
        beside = np.concatenate(list(y), axis=1)
        for layer, points in enumerate(x):
            product = (points.T @ beside).reshape(points.shape[1], len(y), y.shape[2])
            self._cross[layer] += product.transpose(1, 0, 2)

    @property
    def units(self) -> int:
        """Return how many units were taken in."""
        return self._count

    def values(self) -> Doubles:
        """Return ``(layers of the first, layers of the second)``, from 0 to 1.

        NaN for a layer in which all units are the same, and where nothing was taken in.
        """
        if self._middle is None:
            return np.full((0, 0), np.nan)
        norms = []
        for sums, own in zip(self._sums, self._own, strict=True):
            centred = own - sums[:, :, None] * sums[:, None, :] / self._count
            # What centring leaves of identical units is rounding.
            noise = 1e-9 * np.sqrt((own**2).sum(axis=(1, 2)))
            size = np.sqrt((centred**2).sum(axis=(1, 2)))
            norms.append(np.where(size > noise, size, np.nan))
        first, second = self._sums
        found = np.empty(self._cross.shape[:2])
        for layer, products in enumerate(self._cross):
            shift = first[layer][None, :, None] * second[:, None, :] / self._count
            found[layer] = ((products - shift) ** 2).sum(axis=(1, 2))
        return found / np.outer(*norms)


def passes(layers: tuple[int, int], widths: tuple[int, int], limit: int = BYTES) -> list[range]:
    """Return the layers of the first model for each pass over the data, so that memory is bounded.

    ``layers`` are the numbers of hidden states of the two models, ``widths`` their dimensions. One
    pass is enough for two networks of 13 layers 768 wide; larger ones are done in parts.
    """
    own = layers[1] * widths[1] ** 2
    each = layers[1] * widths[0] * widths[1] + widths[0] ** 2
    room = max(1, (limit // 8 - own) // each)
    size = -(-layers[0] // -(-layers[0] // room))
    return [range(low, min(low + size, layers[0])) for low in range(0, layers[0], size)]


def matching_layer(layer: int, layers: int, others: int) -> int:
    """Return the layer of a model of ``others`` layers at the same depth as one of ``layers``."""
    return round(layer * others / layers) if layers else 0


def neighbourhood_change(first: Floats, second: Floats, neighbours: int = NEIGHBOURS) -> Doubles:
    """Return ``(layers + 1, units)``: how far the neighbours of each unit differ between models.

    ``first`` and ``second`` are ``(layers + 1, units, dim)`` with as many layers; 0 where the
    ``neighbours`` nearest by cosine (centred on the units of the layer) are the same, 1 where none
    is. Of equally near units the earlier counts. NaN for fewer than three units.
    """
    count = first.shape[1]
    k = min(neighbours, count - 2)
    if k < 1:
        return np.full(first.shape[:2], np.nan)
    found = np.empty(first.shape[:2])
    for layer, pair in enumerate(zip(first, second, strict=True)):
        near = [_nearest(states, k) for states in pair]
        found[layer] = 1.0 - (near[0] & near[1]).sum(axis=1) / k
    return found


def _nearest(states: Floats, k: int) -> NDArray[np.bool_]:
    points = states.astype(np.float64)
    points -= points.mean(axis=0)
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    large = lengths > 1e-9 * max(float(lengths.max()), 1e-300)
    points = np.divide(points, lengths, out=np.zeros_like(points), where=large)
    cosines = np.round(points @ points.T, 9)
    np.fill_diagonal(cosines, -np.inf)
    chosen = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    found = np.zeros(cosines.shape, dtype=bool)
    np.put_along_axis(found, chosen, True, axis=1)
    return found
