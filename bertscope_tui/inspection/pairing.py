"""One sample as two models see it, side by side: frozen, without a network in it.

The sides are 0, the model that is open, and 1, the one beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.alignment import turn_onto
from bertscope_tui.analysis.geometry import Neighbour, nearest
from bertscope_tui.analysis.similarity import NEIGHBOURS, Unit, matching_layer, unit_states
from bertscope_tui.engine.scoring import ReadOptions, never
from bertscope_tui.inspection.comparing import change_by_depth, common_units
from bertscope_tui.inspection.pipeline import extract, read
from bertscope_tui.inspection.snapshots import Extraction, Pictures

if TYPE_CHECKING:
    from bertscope_tui.data.records import QASample
    from bertscope_tui.engine.encoding import Window
    from bertscope_tui.models.loading import LoadedModel

Doubles = NDArray[np.float64]
Side = Literal[0, 1]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A sample seen by both models in windows that cover each other as far as they can.

    ``extractions`` are those of the two sides; ``units`` is what both read of the text there, in
    order. ``changes`` has for each side ``(its layers + 1, units)``: the part of a unit's nearest
    in that layer, from 0 to 1, that are others in the layer of the other side at the same depth;
    NaN for fewer than three units.
    """

    extractions: tuple[Extraction, Extraction]
    units: tuple[Unit, ...]
    changes: tuple[Doubles, Doubles]

    def extraction(self, side: Side) -> Extraction:
        """Return what the model of a side makes of the sample."""
        return self.extractions[side]

    def layer_beside(self, side: Side, layer: int) -> int:
        """Return the layer of the other side at the depth of ``layer`` of this one."""
        other: Side = 1 if side == 0 else 0
        return matching_layer(layer, self.extraction(side).layers, self.extraction(other).layers)

    def tokens(self, side: Side, unit: int) -> tuple[int, ...]:
        """Return the tokens that a unit has on a side, in order."""
        return self.units[unit].second if side else self.units[unit].first

    def unit_of(self, side: Side, token: int) -> int | None:
        """Return the unit that a token of a side is in; None for what only one side reads."""
        places = (n for n in range(len(self.units)) if token in self.tokens(side, n))
        return next(places, None)

    def text(self, unit: int) -> str:
        """Return the characters of a unit, as the data set has them."""
        found = self.units[unit]
        sample = self.extraction(0).sample
        whole = sample.question if found.part == "question" else sample.context
        return whole[found.start : found.end]

    def nearest(self, side: Side, layer: int, unit: int) -> tuple[Neighbour, ...]:
        """Return the nearest units of a unit in a layer, the nearest first; ``token`` is a unit.

        They are those that ``changes`` counts: as many, and by the same centred cosine.
        """
        count = len(self.units)
        k = min(NEIGHBOURS, count - 2)
        if k < 1:
            return ()
        states = self.extraction(side).states[layer : layer + 1]
        points = unit_states(states, [self.tokens(side, n) for n in range(count)])[0]
        return nearest(points, unit, range(count), k)


def see_beside(
    first: Extraction,
    model: LoadedModel,
    sample: QASample,
    *,
    options: ReadOptions | None = None,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[int, int], None] | None = None,
) -> Extraction:
    """Return what another model makes of ``sample``, which ``first`` is an extraction of.

    Of its windows that one is taken which has the most of the context that ``first`` shows.
    ``progress`` as in `bertscope_tui.inspection.pipeline.read`, which also says what is raised.
    """
    reading = read(model, sample, options=options, cancelled=cancelled, progress=progress)
    return extract(
        model,
        reading,
        dataset=first.dataset,
        window=_same_window(first, reading.encoded.windows),
        cancelled=cancelled,
    )


def pair(first: Extraction, second: Extraction) -> Pair:
    """Put two extractions of one sample side by side."""
    units = common_units(first, second)
    states = (
        unit_states(first.states, [unit.first for unit in units]),
        unit_states(second.states, [unit.second for unit in units]),
    )
    changes = change_by_depth(*states), change_by_depth(*reversed(states))
    return Pair((first, second), units, changes)


def turned_onto(
    pair: Pair, side: Side, pictures: Pictures, layer: int, target: Pictures, target_layer: int
) -> Pictures:
    """Turn the picture of a side in one layer onto one of the other side: no distance changes.

    What both show lies then as near to its place in ``target`` as a turn (and a mirror image) can
    bring it. Only where layers are turned onto each other are they turned here; ICA, whose axes
    are what it finds, and common axes of all layers are left as they are, and so are pictures of
    which one is not there.
    """
    recipe = pictures.projection.recipe
    turns = recipe.aligned and recipe.fit == "layer" and recipe.method != "ica"
    there = pictures.projection.has(layer) and target.projection.has(target_layer)
    if not turns or not there:
        return pictures
    places = [
        {token: place for place, token in enumerate(one.projection.shown.tolist())}
        for one in (pictures, target)
    ]
    other: Side = 1 if side == 0 else 0
    both = [
        (places[0][one], places[1][two])
        for number in range(len(pair.units))
        for one, two in ((pair.tokens(side, number)[0], pair.tokens(other, number)[0]),)
        if one in places[0] and two in places[1]
    ]
    if len(both) < 2:
        return pictures
    own = pictures.projection.coordinates[layer].astype(np.float64)
    moved, goal = own[[one for one, _ in both]], target.projection.coordinates[target_layer]
    goal = goal[[two for _, two in both]].astype(np.float64)
    turn = turn_onto(moved - moved.mean(axis=0), goal - goal.mean(axis=0))
    coordinates = pictures.projection.coordinates.copy()
    coordinates[layer] = own @ turn
    projection = replace(pictures.projection, coordinates=coordinates)
    return replace(pictures, projection=projection, onto="other")


def _same_window(first: Extraction, windows: Sequence[Window]) -> int:
    start, end = first.window.start, first.window.end
    shared = [min(end, window.end) - max(start, window.start) for window in windows]
    return shared.index(max(shared))
