"""Clusters, the trail and the lists of what is near: what is asked for, and what is there.

Everything here belongs to the open sample: what was found of another one is never shown. Clusters
are found for the layer on screen first, and for the others when nobody waits for anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from bertscope_tui.engine.jobs import Job, Priority
from bertscope_tui.errors import Cancelled
from bertscope_tui.inspection.overlays import (
    LayerClusters,
    NearByLayer,
    Trail,
    layer_clusters,
    near_by_layer,
    no_trail,
    trail_of,
)
from bertscope_tui.inspection.service import Derived
from bertscope_tui.inspection.snapshots import Extraction, PictureChoice, Pictures
from bertscope_tui.inspection.views import method_name
from bertscope_tui.tui.widgets.near import Hint, LayersPage, MembersPage, NearestPage, Page

if TYPE_CHECKING:
    from bertscope_tui.analysis.clustering import Clusters
    from bertscope_tui.analysis.geometry import Measure, Neighbour
    from bertscope_tui.models.loading import LoadedModel
    from bertscope_tui.tui.screens.panes import InspectorPanes

Side = Literal["nearest", "members", "layers"]
SIDES: tuple[Side, ...] = get_args(Side)
"""What the pane of what is near can show, in the order of its key."""

_HERE, _ELSEWHERE, _NEAR = "clusters", "clusters of other layers", "nearest by layer"
_CHOOSE = ("t, then ↑ ↓: choose a token,", "or click one in the picture")
_KEPT_TOKENS = 64
"""Tokens whose neighbours in all layers are kept."""

_ClusterKey = tuple[PictureChoice, int | None]
_NearKey = tuple[int, "Measure", bool, bool]


@dataclass(frozen=True, slots=True, eq=False)
class ClustersFound:
    """Clusters of one layer, with what they were asked for with."""

    key: _ClusterKey
    found: LayerClusters


class Overlays:
    """What is laid over the picture and listed beside it, for one inspector."""

    def __init__(self, screen: InspectorPanes) -> None:
        self._screen = screen
        self.k: int | None = None
        self.side: Side = "nearest"
        self.trail_on = False
        self._extraction: Extraction | None = None
        self._clusters: dict[_ClusterKey, dict[int, LayerClusters]] = {}
        self._near: dict[_NearKey, NearByLayer] = {}
        self._asked: tuple[_ClusterKey | None, frozenset[int], frozenset[int]] = _NOTHING_ASKED
        self._near_asked: _NearKey | None = None

    # -- what there is -------------------------------------------------------------------------

    @property
    def needs_clusters(self) -> bool:
        """Say whether clusters are shown anywhere."""
        return self._screen.mode == "clusters" or self.side == "members"

    def clusters(self) -> LayerClusters | None:
        """Return the clusters of the layer on screen in its picture, None if not there (yet)."""
        pictures, layer = self._screen.session.pictures, self._screen.at_layer
        if pictures is None or layer is None or pictures.extraction is not self._extraction:
            return None
        return self._clusters.get((pictures.choice, self.k), {}).get(layer)

    def trail(self) -> Trail | None:
        """Return the trail of the selected token, None where there is none to be shown."""
        pictures, token = self._screen.session.pictures, self._screen.selected
        if not self.trail_on or pictures is None or token is None:
            return None
        return trail_of(pictures, token)

    def note(self) -> str:
        """Return what the picture's border says about what is laid over it."""
        session = self._screen.session
        said = []
        if self.trail_on and no_trail(session.choice.recipe):
            raw = session.choice.recipe.method == "pca"
            said.append(
                "no trail unless turned"
                if raw
                else f"no trail by {method_name(session.choice.recipe)}"
            )
        if self._screen.mode == "clusters" and self.clusters() is None:
            said.append("looking for clusters …" if self._looking else "no clusters found")
        return ", ".join(said)

    def page(self, extraction: Extraction | None, found: tuple[Neighbour, ...]) -> Page:
        """Return what the pane of what is near shows; ``found`` are the nearest at this layer."""
        screen = self._screen
        token, layer, look = screen.selected, screen.at_layer, screen.look
        titles = {"nearest": "nearest", "members": "cluster members", "layers": "nearest by layer"}
        if extraction is None or token is None or layer is None:
            return Hint(titles[self.side], _CHOOSE)
        if self.side == "nearest":
            return NearestPage(extraction, look, token, layer, screen.metric, found)
        if self.side == "members":
            clusters = self.clusters()
            if clusters is None:
                said = "looking for clusters …" if self._looking else "no clusters found"
                return Hint(titles[self.side], (said,))
            number = clusters.numbers.get(token)
            if number is None:
                return Hint(titles[self.side], ("a hidden token is in no cluster",))
            return MembersPage(extraction, look, clusters, number, token)
        near = self._near.get(self._near_key(token))
        if near is None:
            asked = screen.session.deriving(_NEAR)
            return Hint(titles[self.side], ("looking …" if asked else "nothing found",))
        return LayersPage(extraction, look, near, layer)

    @property
    def _looking(self) -> bool:
        session = self._screen.session
        return session.projecting or session.deriving(_HERE)

    # -- having it found -----------------------------------------------------------------------

    def want(self) -> None:
        """Ask for what is to be shown and not there."""
        session = self._screen.session
        extraction = session.extraction
        if extraction is not self._extraction:
            self._extraction = extraction
            self._clusters.clear()
            self._near.clear()
            self._asked, self._near_asked = _NOTHING_ASKED, None
        if extraction is None:
            return
        if self.needs_clusters and session.pictures is not None:
            self._want_clusters(session.pictures)
        else:
            session.drop_derived(_HERE, _ELSEWHERE)
        if self.side == "layers" and self._screen.selected is not None:
            self._want_near(extraction, self._screen.selected)

    def take(self, value: object) -> bool:
        """Take in what was found; say whether it is something of this."""
        screen = self._screen
        if isinstance(value, ClustersFound):
            self._clusters.setdefault(value.key, {})[value.found.layer] = value.found
            if self.clusters() is value.found:
                screen.show_layer()
            self.want()
        elif isinstance(value, NearByLayer):
            while len(self._near) >= _KEPT_TOKENS:
                del self._near[next(iter(self._near))]
            self._near[value.token, value.by, value.special, value.outliers] = value
            screen.show_selection()
        else:
            return False
        return True

    def _want_clusters(self, pictures: Pictures) -> None:
        session, here = self._screen.session, self._screen.at_layer
        key = pictures.choice, self.k
        found = self._clusters.setdefault(key, {})
        asked, at_work, rest = self._asked
        if asked != key:
            session.drop_derived(_HERE, _ELSEWHERE)
            at_work = rest = frozenset()
        layers = range(pictures.extraction.layers + 1)
        missing = {
            layer for layer in layers if layer not in found and pictures.projection.has(layer)
        }
        if here in missing:
            if not (session.deriving(_HERE) and here in at_work):
                at_work = frozenset({here})
                session.derive(_HERE, "looking for clusters", self._work(pictures, key, at_work))
        elif missing and not (session.deriving(_ELSEWHERE) and missing & rest):
            rest = frozenset(missing)
            work = self._work(pictures, key, rest)
            session.derive(_ELSEWHERE, "looking for clusters", work, Priority.PREFETCH)
        self._asked = key, at_work, rest

    def _work(
        self, pictures: Pictures, key: _ClusterKey, layers: frozenset[int]
    ) -> Callable[[Job, LoadedModel], object]:
        """Return the work, which keeps what is left for when it is taken up again."""
        left, known = set(layers), self._known(key)

        def look(job: Job, _: LoadedModel) -> None:
            while left:
                here = self._screen.at_layer or 0
                layer = min(left, key=lambda layer: abs(layer - here))
                found = layer_clusters(
                    pictures, [layer], key[1], known=known, cancelled=job.cancelled
                )
                left.discard(layer)
                job.result(Derived(_HERE, ClustersFound(key, found[0])))
                if left and job.preempted():
                    raise Cancelled

        return look

    def _known(self, key: _ClusterKey) -> dict[int, Clusters]:
        """Return the clusters of layers found for pictures of the same tokens by other methods."""
        choice, k = key
        return {
            layer: found.clusters
            for (other, their_k), layers in self._clusters.items()
            for layer, found in layers.items()
            if their_k == k
            and (other.special, other.outliers) == (choice.special, choice.outliers)
            and other.recipe.seed == choice.recipe.seed
        }

    def _want_near(self, extraction: Extraction, token: int) -> None:
        session, key = self._screen.session, self._near_key(token)
        if key in self._near or (session.deriving(_NEAR) and self._near_asked == key):
            return
        self._near_asked = key
        choice, by = session.choice, self._screen.metric

        def look(job: Job, _: LoadedModel) -> NearByLayer:
            return near_by_layer(extraction, choice, token, by, cancelled=job.cancelled)

        session.derive(_NEAR, "looking for what is near", look)

    def _near_key(self, token: int) -> _NearKey:
        choice = self._screen.session.choice
        return token, self._screen.metric, choice.special, choice.outliers


_NOTHING_ASKED: tuple[_ClusterKey | None, frozenset[int], frozenset[int]] = (
    None,
    frozenset(),
    frozenset(),
)
