"""Keys of the inspector for what is laid over the picture and listed beside it."""

from __future__ import annotations

from bertscope_tui.inspection.overlays import no_trail
from bertscope_tui.inspection.views import CLUSTER_GLYPHS
from bertscope_tui.tui.overlays import SIDES
from bertscope_tui.tui.screens.panes import InspectorPanes

_FEWEST = 2


class OverlayKeys(InspectorPanes):
    """The part of the inspector that looks at clusters, at trails and at what is near."""

    def action_clusters_more(self) -> None:
        """One cluster more than there are."""
        self._choose_clusters(1)

    def action_clusters_fewer(self) -> None:
        """One cluster less than there are; below the fewest, as many as fit best."""
        self._choose_clusters(-1)

    def _choose_clusters(self, step: int) -> None:
        overlays, extraction = self.overlays, self.session.extraction
        if extraction is None:
            return
        if not overlays.needs_clusters:
            self.mode = "clusters"
            self.show_look(self.look)
            return
        here, now = overlays.clusters(), overlays.k
        if now is None and here is not None:
            now = here.clusters.k
        if now is None:
            self.notify("still looking for clusters", markup=False)
            return
        most = min(len(CLUSTER_GLYPHS), len(self.shown_tokens(extraction)))
        if now + step < _FEWEST:
            overlays.k = None
            self.notify("as many clusters as fit each layer best", markup=False)
        elif now + step > most:
            self.notify(f"not more than {most} clusters here", markup=False)
            return
        else:
            overlays.k = now + step
        self.show_layer()

    def action_trail(self) -> None:
        """Draw the selected token's way through the layers, or leave it out again."""
        overlays = self.overlays
        overlays.trail_on = not overlays.trail_on
        why = no_trail(self.session.choice.recipe)
        if overlays.trail_on and why:
            overlays.trail_on = False
            self.notify(f"no trail here: {why}", markup=False)
        elif overlays.trail_on and self.selected is None:
            self.notify("choose a token to see its trail: t, or click one", markup=False)
        elif overlays.trail_on and self.session.pictures is not None and overlays.trail() is None:
            self.notify("the selected token is not in the picture", markup=False)
        self.show_layer()

    def action_side(self) -> None:
        """Bring the pane of what is near on screen; if it is there, show the next list in it."""
        if not self.neighbours.region.area:
            if self.maximized is not None:
                self.minimize()
            self.activate("neighbours")
            return
        place = SIDES.index(self.overlays.side)
        self.overlays.side = SIDES[(place + 1) % len(SIDES)]
        self.show_layer()
