"""Hidden states in two dimensions: one picture per layer, by several methods.

PCA, ICA and t-SNE, as in the source paper (van Aken et al. 2019, section 3.1), made of each layer
by itself or of all layers together. Pictures of single layers are turned onto each other; those
made together share their axes as they are. Every picture says how far to trust it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.alignment import quarter_turn_onto, turn_onto
from bertscope_tui.analysis.components import (
    COMPONENTS,
    centred,
    independent_components,
    principal_components,
    principal_directions,
)
from bertscope_tui.analysis.trust import distances_of, squared_distances, trustworthiness
from bertscope_tui.analysis.tsne import tsne
from bertscope_tui.errors import Cancelled, EngineError, InputError

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

Method = Literal["pca", "ica", "tsne"]
METHODS: tuple[Method, ...] = get_args(Method)
Fit = Literal["layer", "joint"]
FITS: tuple[Fit, ...] = get_args(Fit)

LARGEST_TSNE = 4096
"""Points that t-SNE takes together; the time and the memory grow with the square of them."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How pictures are made.

    ``fit`` says whether each layer has axes of its own or all share one pair. ``aligned`` turns
    pictures of single layers onto each other. ``seed`` is for ICA and t-SNE; PCA has no chance
    in it.
    """

    method: Method = "pca"
    fit: Fit = "layer"
    aligned: bool = True
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class LayerPicture:
    """One layer: ``coordinates`` ``(shown, 2)`` float32, and how far to trust them.

    ``explained`` ``(2,)`` is the share of the layer's variance (0 to 1) on each of the two
    principal components, whose plane PCA and ICA show, NaN for t-SNE, which has none.
    ``trustworthiness`` is from 0 to 1, NaN where there are less than three tokens.
    """

    layer: int
    coordinates: Floats
    explained: Doubles
    trustworthiness: float


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Positions of the shown tokens in every layer.

    ``coordinates`` is ``(layers + 1, shown, 2)`` float32, ``explained`` ``(layers + 1, 2)`` and
    ``trustworthiness`` ``(layers + 1,)`` as in `LayerPicture`, ``shown`` ``(shown,)`` the token
    indices. A layer that is not there yet has coordinates that are NaN.
    """

    recipe: Recipe
    coordinates: Floats
    explained: Doubles
    trustworthiness: Doubles
    shown: NDArray[np.int64]

    @property
    def method(self) -> Method:
        """Return the method."""
        return self.recipe.method

    def has(self, layer: int) -> bool:
        """Say whether the picture of a layer is there."""
        return not bool(np.isnan(self.coordinates[layer]).any())


def project(
    states: Floats,
    shown: Sequence[int] | NDArray[np.int64],
    recipe: Recipe | None = None,
    *,
    cancelled: Callable[[], bool] | None = None,
) -> Projection:
    """Project the ``shown`` tokens of ``states`` ``(layers + 1, tokens, dim)`` in every layer.

    Raises as `by_layer`.
    """
    recipe = recipe or Recipe()
    pictures = by_layer(states, shown, recipe, cancelled=cancelled)
    return gathered(states.shape[0], shown, recipe, pictures)


def gathered(
    count: int,
    shown: Sequence[int] | NDArray[np.int64],
    recipe: Recipe,
    pictures: Iterator[LayerPicture] | Sequence[LayerPicture],
) -> Projection:
    """Put pictures of single layers, in any order and not all of ``count``, into one projection."""
    places = np.asarray(shown, dtype=np.int64)
    coordinates = np.full((count, places.size, COMPONENTS), np.nan, dtype=np.float32)
    explained = np.full((count, COMPONENTS), np.nan)
    trust = np.full(count, np.nan)
    for picture in pictures:
        coordinates[picture.layer] = picture.coordinates
        explained[picture.layer] = picture.explained
        trust[picture.layer] = picture.trustworthiness
    return Projection(recipe, coordinates, explained, trust, places)


def layer_order(count: int, first: int) -> tuple[int, ...]:
    """Return the layers from 0 to ``count - 1``, ``first`` and then the nearest to it."""
    return tuple(sorted(range(count), key=lambda layer: (abs(layer - first), -layer)))


def by_layer(
    states: Floats,
    shown: Sequence[int] | NDArray[np.int64],
    recipe: Recipe | None = None,
    *,
    first: int = 0,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[LayerPicture]:
    """Yield the picture of every layer of ``states`` ``(layers + 1, tokens, dim)``.

    ``first`` comes first, then its neighbours: of a slow method the layer on screen is there
    before the others. Each picture is made of the ``shown`` tokens and no others. Components
    without variance (one token, identical tokens, two tokens on the second axis) give coordinates
    and shares of zero.

    Aligned, the picture of each layer is turned onto that of the layer below, beginning with the
    embeddings. ICA is only given quarter turns and mirrored, because what it finds is the axes.
    t-SNE, which is slow, begins with ``first``, turned onto the aligned PCA of that layer, and
    goes from there to both ends: with another ``first`` all its layers are turned as one, and
    nothing else changes.

    ``cancelled`` is asked between layers, and in t-SNE between steps. Raises EngineError, naming
    the layer, where a state is not a finite number; InputError where the method cannot be had for
    so few or so many tokens; Cancelled.
    """
    recipe = recipe or Recipe()
    places = np.asarray(shown, dtype=np.int64)
    _refuse(recipe, states.shape[0], places.size)
    make = _Layers if recipe.fit == "layer" else _Joint
    pictures = make(states, places, recipe, cancelled)
    for layer in layer_order(states.shape[0], first):
        _poll(cancelled)
        yield pictures.picture(layer)


def _refuse(recipe: Recipe, layers: int, tokens: int) -> None:
    if recipe.method != "tsne":
        return
    points = tokens if recipe.fit == "layer" else tokens * layers
    if tokens < 3:
        noun = "token" if tokens == 1 else "tokens"
        raise InputError(
            f"t-SNE needs 3 tokens at least, and {tokens} {noun} would be shown",
            remedy="PCA or ICA, or special tokens shown as well",
        )
    if points > LARGEST_TSNE:
        what = (
            f"{layers} layers of {tokens} tokens" if recipe.fit == "joint" else f"{tokens} tokens"
        )
        raise InputError(
            f"t-SNE takes {LARGEST_TSNE:,} points together, and {what} are {points:,}",
            remedy="t-SNE of each layer, or PCA or ICA of all of them",
        )


def _poll(cancelled: Callable[[], bool] | None) -> None:
    if cancelled is not None and cancelled():
        raise Cancelled


class _Points:
    """The shown tokens of each layer as float64, checked."""

    def __init__(
        self,
        states: Floats,
        places: NDArray[np.int64],
        recipe: Recipe,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self._states = states
        self._places = places
        self._recipe = recipe
        self._cancelled = cancelled

    def points(self, layer: int) -> Doubles:
        points: Doubles = self._states[layer, self._places].astype(np.float64)
        if not np.isfinite(points).all():
            raise EngineError(
                f"layer {layer} has hidden states that are not finite numbers",
                remedy="try --dtype float32",
            )
        return points

    def finished(
        self, layer: int, coordinates: Doubles, explained: Doubles, squared: Doubles
    ) -> LayerPicture:
        flat = coordinates.astype(np.float32)
        if self._recipe.method == "tsne":
            explained = np.full(COMPONENTS, np.nan)
        return LayerPicture(layer, flat, explained, trustworthiness(squared, flat))


class _Layers(_Points):
    """Pictures of which each is made of one layer."""

    def __init__(
        self,
        states: Floats,
        places: NDArray[np.int64],
        recipe: Recipe,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        super().__init__(states, places, recipe, cancelled)
        self._parts: dict[int, _Part] = {}
        self._chains: dict[Method, list[Doubles]] = {"pca": [], "ica": []}
        self._tsne: dict[int, Doubles] = {}

    def picture(self, layer: int) -> LayerPicture:
        recipe = self._recipe
        part = self._part(layer)
        if recipe.method == "tsne":
            made = self._neighbourhoods(layer, part)
        elif recipe.aligned:
            made = self._turned(recipe.method, layer)
        else:
            made = self._raw(recipe.method, layer)
        del self._parts[layer]
        return self.finished(layer, made, part.shares, part.squared)

    def _part(self, layer: int) -> _Part:
        """Return what is known of a layer; it is kept until its picture is made."""
        found = self._parts.get(layer)
        if found is None:
            points = centred(self.points(layer))
            if points is None:
                count = self._places.size
                nothing = np.zeros((count, COMPONENTS))
                found = _Part(nothing, np.zeros(COMPONENTS), np.zeros((count, count)))
            else:
                gram = points @ points.T
                found = _Part(*principal_components(points, gram), distances_of(gram))
            self._parts[layer] = found
        return found

    def _raw(self, method: Method, layer: int) -> Doubles:
        scores = self._part(layer).scores
        return scores if method == "pca" else independent_components(scores, self._recipe.seed)

    def _turned(self, method: Method, layer: int) -> Doubles:
        """Return a linear picture turned onto those below it, which are made where they are not."""
        chain = self._chains[method]
        best_turn = turn_onto if method == "pca" else quarter_turn_onto
        for below in range(len(chain), layer + 1):
            _poll(self._cancelled)
            made = self._raw(method, below)
            # A layer of identical tokens has no direction to turn the next one to.
            before = next((one for one in reversed(chain) if one.any()), None)
            chain.append(made if before is None else made @ best_turn(made, before))
        return chain[layer]

    def _neighbourhoods(self, layer: int, part: _Part) -> Doubles:
        if not part.squared.any():
            return np.zeros_like(part.scores)
        made = tsne(part.squared, part.scores, seed=self._recipe.seed, cancelled=self._cancelled)
        if not self._recipe.aligned:
            return made
        nearest = min(self._tsne, key=lambda other: abs(other - layer), default=None)
        target = self._turned("pca", layer) if nearest is None else self._tsne[nearest]
        self._tsne[layer] = made @ turn_onto(made, target)
        return self._tsne[layer]


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One layer: its two principal components, their shares, and all squared distances."""

    scores: Doubles
    shares: Doubles
    squared: Doubles


class _Joint(_Points):
    """Pictures on one pair of axes, made of the tokens of all layers together."""

    def __init__(
        self,
        states: Floats,
        places: NDArray[np.int64],
        recipe: Recipe,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        super().__init__(states, places, recipe, cancelled)
        self._scores: list[Doubles] = []
        self._made: list[Doubles] = []

    def picture(self, layer: int) -> LayerPicture:
        if not self._made:
            self._scores = self._principal()
            self._made = self._all()
        points = self.points(layer)
        points -= points.mean(axis=0) if len(points) else 0.0
        total = float((points**2).sum())
        scores = self._scores[layer]
        along = ((scores - scores.mean(axis=0)) ** 2).sum(axis=0) if len(scores) else np.zeros(2)
        shares = along / total if total > 0 else np.zeros(COMPONENTS)
        return self.finished(layer, self._made[layer], shares, squared_distances(points))

    def _all(self) -> list[Doubles]:
        recipe, count = self._recipe, len(self._scores)
        if recipe.method == "pca":
            return self._scores
        stacked = np.concatenate(self._scores)
        if recipe.method == "ica":
            return np.split(independent_components(stacked, recipe.seed), count)
        squared = squared_distances(np.concatenate([self.points(n) for n in range(count)]))
        if not squared.any():
            return self._scores
        made = tsne(squared, stacked, seed=recipe.seed, cancelled=self._cancelled)
        return np.split(made, count)

    def _principal(self) -> list[Doubles]:
        """Return the coordinates of every layer on the two components of all of them."""
        layers = range(self._states.shape[0])
        tokens, width = self._places.size, self._states.shape[2]
        if tokens == 0:
            return [np.zeros((0, COMPONENTS)) for _ in layers]
        sums = [self.points(layer).sum(axis=0) for layer in layers]
        middle = np.sum(sums, axis=0) / (tokens * len(sums))
        scatter = np.zeros((width, width))
        size = farthest = 0.0
        for layer in layers:
            _poll(self._cancelled)
            points = self.points(layer)
            size = max(size, float(np.abs(points).max()))
            points -= middle
            farthest = max(farthest, float(np.abs(points).max()))
            scatter += points.T @ points
        # As of one layer: identical tokens differ from their mean by rounding errors.
        if farthest <= tokens * len(sums) * np.finfo(np.float64).eps * size:
            return [np.zeros((tokens, COMPONENTS)) for _ in layers]
        directions = principal_directions(scatter)
        return [(self.points(layer) - middle) @ directions.T for layer in layers]
