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
from bertscope_tui.inspection.pipeline import extract, project, read
from bertscope_tui.inspection.snapshots import Extraction, Pictures

if TYPE_CHECKING:
    from bertscope_tui.analysis.projection import Projection
    from bertscope_tui.data.records import QASample
    from bertscope_tui.engine.encoding import Window
    from bertscope_tui.models.loading import LoadedModel

Doubles = NDArray[np.float64]
Side = Literal[0, 1]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A sample seen by both models in windows that cover each other as far as they can.

    ``pictures`` are those of the two sides; ``units`` is what both read of the text there, in
    order. ``changes`` has for each side ``(its layers + 1, units)``: the part of a unit's nearest
    in that layer, from 0 to 1, that are others in the layer of the other side at the same depth;
    NaN for fewer than three units.
    """

    pictures: tuple[Pictures, Pictures]
    units: tuple[Unit, ...]
    changes: tuple[Doubles, Doubles]

    def extraction(self, side: Side) -> Extraction:
        """Return what the model of a side makes of the sample."""
        return self.pictures[side].extraction

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


def pair(first: Pictures, other: Extraction, *, cancelled: Callable[[], bool] = never) -> Pair:
    """Put two extractions of one sample side by side; the pictures of ``first`` are there already.

    Those of the other are made by the same recipe, of the same kinds of tokens. Where layers are
    turned onto each other, they are then turned once more, all of them alike, so that what both
    read lies as near to its place in the pictures of ``first`` as a turn can bring it: no distance
    changes. Raises as `bertscope_tui.inspection.pipeline.project`.
    """
    extraction = first.extraction
    made = project(
        other,
        first.projection.recipe,
        special=first.special,
        outliers=first.outliers,
        cancelled=cancelled,
    )
    units = common_units(extraction, other)
    states = (
        unit_states(extraction.states, [unit.first for unit in units]),
        unit_states(other.states, [unit.second for unit in units]),
    )
    changes = change_by_depth(*states), change_by_depth(*reversed(states))
    turned = _turned_onto(first.projection, made.projection, units)
    return Pair((first, replace(made, projection=turned)), units, changes)


def _same_window(first: Extraction, windows: Sequence[Window]) -> int:
    start, end = first.window.start, first.window.end
    shared = [min(end, window.end) - max(start, window.start) for window in windows]
    return shared.index(max(shared))


def _turned_onto(first: Projection, other: Projection, units: Sequence[Unit]) -> Projection:
    """Turn all layers of a projection as one onto those of another, by what both show."""
    recipe = other.recipe
    if recipe.method == "ica" or recipe.fit == "joint" or not recipe.aligned:
        return other
    places = [
        {token: place for place, token in enumerate(one.shown.tolist())} for one in (first, other)
    ]
    shown = [
        (unit.first[0], unit.second[0])
        for unit in units
        if unit.first[0] in places[0] and unit.second[0] in places[1]
    ]
    last, others = len(other.coordinates) - 1, len(first.coordinates) - 1
    layers = [matching_layer(layer, last, others) for layer in range(last + 1)]
    target = first.coordinates[layers][:, [places[0][one] for one, _ in shown]]
    moved = other.coordinates[:, [places[1][two] for _, two in shown]]
    flat = target.reshape(-1, 2).astype(np.float64), moved.reshape(-1, 2).astype(np.float64)
    if not np.isfinite(flat[0]).all() or not np.isfinite(flat[1]).all():
        return other
    turn = turn_onto(flat[1], flat[0])
    return replace(other, coordinates=(other.coordinates @ turn).astype(np.float32))
