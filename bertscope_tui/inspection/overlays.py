"""What is laid over pictures and listed beside them: clusters, a token's trail, its neighbours.

Snapshots of the open sample, made by the functions of `bertscope_tui.analysis`; no drawing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from bertscope_tui.engine.scoring import never

if TYPE_CHECKING:
    from bertscope_tui.analysis.clustering import Clusters
    from bertscope_tui.analysis.geometry import Measure, Neighbour
    from bertscope_tui.analysis.projection import Recipe
    from bertscope_tui.inspection.snapshots import Extraction, PictureChoice, Pictures


@dataclass(frozen=True, slots=True, eq=False)
class LayerClusters:
    """The clusters of a layer in the full space, and how far its picture shows the same ones.

    ``numbers`` has the cluster of each token in the picture; ``agreement`` is the adjusted Rand
    index, 1 at most; ``chosen`` says whether their number was given.
    """

    layer: int
    clusters: Clusters
    agreement: float
    numbers: Mapping[int, int]
    chosen: bool


def layer_clusters(
    pictures: Pictures,
    layers: Sequence[int],
    k: int | None = None,
    *,
    known: Mapping[int, Clusters] = MappingProxyType({}),
    cancelled: Callable[[], bool] = never,
) -> tuple[LayerClusters, ...]:
    """Cluster the shown tokens of these layers, into ``k`` clusters or as many as fit best.

    The seed is that of the pictures, which must have the layers. ``known`` has the clusters of
    layers that were found for other pictures of the same tokens, with the same ``k`` and seed:
    they do not depend on how the picture is made. Raises as
    `bertscope_tui.analysis.clustering.cluster`.
    """
    from bertscope_tui.analysis.clustering import agreement, cluster

    projection = pictures.projection
    seed = projection.recipe.seed
    made = []
    for layer in layers:
        found = known.get(layer) or cluster(
            pictures.extraction.states[layer],
            projection.shown,
            k=k,
            seed=seed,
            cancelled=cancelled,
        )
        alike = agreement(found, projection.coordinates[layer], seed=seed)
        numbers = dict(zip(found.shown.tolist(), found.labels.tolist(), strict=True))
        made.append(LayerClusters(layer, found, alike, numbers, k is not None))
    return tuple(made)


@dataclass(frozen=True, slots=True)
class Trail:
    """Where a token is in the picture of each layer; None for a layer that is not there yet."""

    token: int
    places: tuple[tuple[float, float] | None, ...]


def no_trail(recipe: Recipe) -> str:
    """Return why places in different layers' pictures cannot be joined, empty where they can.

    They can where all layers share their axes, and where the axes of PCA were turned onto each
    other.
    """
    if recipe.fit == "joint":
        return ""
    if recipe.method == "tsne":
        return "t-SNE makes every layer by itself: places in two layers do not compare"
    if recipe.method == "ica":
        return "each layer has independent components of its own: places do not compare"
    return "" if recipe.aligned else "the layers are not turned onto each other: y turns them"


def trail_of(pictures: Pictures, token: int) -> Trail | None:
    """Return a token's trail, None where it has none; see `no_trail` for one reason.

    The other is that it is not in the picture.
    """
    projection = pictures.projection
    shown = projection.shown.tolist()
    if no_trail(projection.recipe) or token not in shown:
        return None
    path = projection.coordinates[:, shown.index(token)].tolist()
    # What is not there yet is not a number.
    return Trail(token, tuple((x, y) if x == x else None for x, y in path))


@dataclass(frozen=True, slots=True)
class NearByLayer:
    """The tokens nearest to one, the nearest first, in every layer from 0 on.

    ``special`` and ``outliers`` say which tokens were looked among: those in the picture.
    """

    token: int
    by: Measure
    special: bool
    outliers: bool
    layers: tuple[tuple[Neighbour, ...], ...]

    def newcomers(self, layer: int) -> frozenset[int]:
        """Return which of a layer's nearest were not among those of the layer below."""
        if layer == 0:
            return frozenset()
        before = {one.token for one in self.layers[layer - 1]}
        return frozenset(one.token for one in self.layers[layer]) - before


def near_by_layer(
    extraction: Extraction,
    choice: PictureChoice,
    token: int,
    by: Measure,
    *,
    k: int = 8,
    cancelled: Callable[[], bool] = never,
) -> NearByLayer:
    """Find the ``k`` nearest of the tokens in the picture in every layer; raises Cancelled."""
    from bertscope_tui.analysis.geometry import nearest_by_layer

    among = extraction.shown(special=choice.special, outliers=choice.outliers)
    found = nearest_by_layer(extraction.states, token, among, k=k, by=by, cancelled=cancelled)
    return NearByLayer(token, by, choice.special, choice.outliers, found)
