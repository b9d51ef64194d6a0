"""What keys and clicks do to the picture: layers, the selected token, colours and the view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from textual import on
from textual.timer import Timer

from bertscope_tui.inspection.snapshots import Extraction, PictureChoice
from bertscope_tui.inspection.views import (
    COLOUR_MODES,
    WAYS,
    Look,
    method_name,
    outlier_message,
)
from bertscope_tui.tui.screens.panes import InspectorPanes
from bertscope_tui.tui.widgets.layer_bar import LayerBar
from bertscope_tui.tui.widgets.line_list import LineList
from bertscope_tui.tui.widgets.scatter import ScatterPane

_SECONDS_PER_LAYER = 0.7


class PictureKeys(InspectorPanes):
    """The part of the inspector that only changes how the open sample is looked at."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._play_timer: Timer | None = None

    # -- layers ------------------------------------------------------------------------------

    def set_layer(self, layer: int) -> None:
        """Go to a layer, stopping at both ends."""
        extraction = self.session.extraction
        if extraction is None:
            return
        layer = min(max(layer, 0), extraction.layers)
        if layer != self.at_layer:
            self.at_layer = layer
            self.show_layer()

    def action_layer_next(self) -> None:
        """Go one layer up."""
        self.set_layer((self.at_layer or 0) + 1)

    def action_layer_previous(self) -> None:
        """Go one layer down."""
        self.set_layer((self.at_layer or 0) - 1)

    def action_layer_first(self) -> None:
        """Go to the embeddings."""
        self.set_layer(0)

    def action_layer_last(self) -> None:
        """Go to the last layer."""
        if self.session.extraction is not None:
            self.set_layer(self.session.extraction.layers)

    def action_digit(self, digit: str) -> None:
        """Take in a digit of a layer's number."""
        self.digits = (self.digits + digit)[-4:]
        self.show_layer_bar()

    def action_layer_jump(self) -> None:
        """Go to the layer whose number was typed."""
        if not self.digits:
            self.notify("type the layer's number first, then g", markup=False)
            return
        wanted, self.digits = int(self.digits), ""
        extraction = self.session.extraction
        if extraction is not None and wanted > extraction.layers:
            self.notify(f"the last layer is {extraction.layers}", markup=False)
        self.set_layer(wanted)
        self.show_layer_bar()

    def action_play(self) -> None:
        """Play the layers from here to the last (from the first, if here is the last)."""
        extraction = self.session.extraction
        if self._play_timer is not None:
            self.stop_playing()
        elif extraction is not None:
            if self.at_layer == extraction.layers:
                self.set_layer(0)
            self._play_timer = self.set_interval(_SECONDS_PER_LAYER, self._play_on)
            self.playing = True
            self.show_layer_bar()

    def _play_on(self) -> None:
        extraction = self.session.extraction
        if extraction is None or self.at_layer is None or self.at_layer >= extraction.layers:
            self.stop_playing()
        else:
            self.set_layer(self.at_layer + 1)

    def stop_playing(self) -> None:
        """Stay at the layer that is shown."""
        if self._play_timer is not None:
            self._play_timer.stop()
            self._play_timer = None
            self.playing = False
            self.show_layer_bar()

    @on(LayerBar.LayerClicked)
    def _layer_clicked(self, event: LayerBar.LayerClicked) -> None:
        self.set_layer(event.layer)

    # -- tokens ------------------------------------------------------------------------------

    def select(self, token: int | None) -> None:
        """Select a token in all panes, or none."""
        self.selected = token
        self.show_selected()

    def action_token_cursor(self) -> None:
        """Move among tokens with the arrows, or leave them again."""
        if self.active == "tokens":
            self.activate("samples")
        elif self.session.extraction is not None:
            self.activate("tokens")
            if self.selected is None:
                self.select(self._first_token())

    def _first_token(self) -> int:
        """Return where the token cursor starts: at the predicted answer, else at the first."""
        extraction = self.session.extraction
        assert extraction is not None
        roles = extraction.roles
        return roles.index("answer") if "answer" in roles else 0

    @on(LineList.Moved, "#tokens")
    @on(LineList.Activated, "#tokens")
    def _token_moved(self, event: LineList.Moved) -> None:
        self.select(event.index)

    @on(LineList.Activated, "#neighbours")
    def _neighbour_chosen(self, event: LineList.Activated) -> None:
        layer = self.neighbours.layer_at(event.index)
        if layer is None:
            self.select(self.neighbours.token_at(event.index))
        else:
            self.set_layer(layer)

    @on(ScatterPane.TokenClicked)
    def _point_clicked(self, event: ScatterPane.TokenClicked) -> None:
        self.select(event.token)

    def action_metric(self) -> None:
        """Order neighbours by the other distance."""
        self.metric = "euclidean" if self.metric == "cosine" else "cosine"
        self.show_selected()

    # -- the picture ---------------------------------------------------------------------------

    def action_colour_mode(self) -> None:
        """Colour by the next of role, sentence, position and cluster."""
        place = COLOUR_MODES.index(self.mode)
        self.mode = COLOUR_MODES[(place + 1) % len(COLOUR_MODES)]
        self.show_look(self.look)

    def _choose_picture(self, choice: PictureChoice) -> None:
        """Have other pictures made, this layer's first."""
        self.session.reproject(choice, first=self.at_layer)
        if self.session.extraction is not None:
            self.show_tokens(self.session.extraction)
        self.show_layer()

    def action_method_next(self) -> None:
        """Make pictures by the next method."""
        self._step_method(1)

    def action_method_previous(self) -> None:
        """Make pictures by the method before."""
        self._step_method(-1)

    def _step_method(self, step: int) -> None:
        recipe = self.session.choice.recipe
        place = WAYS.index((recipe.method, recipe.fit))
        method, fit = WAYS[(place + step) % len(WAYS)]
        recipe = replace(recipe, method=method, fit=fit)
        self._choose_picture(replace(self.session.choice, recipe=recipe))
        if self.session.extraction is None:
            self.notify(f"pictures by {method_name(recipe)} from now on", markup=False)

    def action_orientation(self) -> None:
        """Turn pictures of single layers onto each other, or leave them as they come out."""
        recipe = self.session.choice.recipe
        if recipe.fit == "joint":
            self.notify("all layers share their axes here: there is nothing to turn", markup=False)
            return
        recipe = replace(recipe, aligned=not recipe.aligned)
        self._choose_picture(replace(self.session.choice, recipe=recipe))
        said = "turned onto the layer below" if recipe.aligned else "as they come out"
        self.notify(f"pictures {said}", markup=False)

    def action_labels(self) -> None:
        """Label as many tokens as fit, or only the selected one and its neighbours."""
        self.all_labels = not self.all_labels
        self.show_look(self.look)

    def action_special(self) -> None:
        """Show or hide special tokens."""
        choice = replace(self.session.choice, special=not self.session.choice.special)
        self._choose_picture(choice)
        self.notify(f"special tokens {'shown' if choice.special else 'hidden'}", markup=False)

    def action_outliers(self) -> None:
        """Show or hide the tokens that are left out for their norm."""
        extraction = self.session.extraction
        self.toggle_outliers({} if extraction is None else {"": extraction})

    def toggle_outliers(self, seen: Mapping[str, Extraction]) -> None:
        """Show or hide the outliers of what is on screen, and say how large they are.

        ``seen`` has what is said before each extraction, where there are several.
        """
        choice = self.session.choice
        stands_out = any(extraction.outliers for extraction in seen.values())
        if stands_out or not seen:
            choice = replace(choice, outliers=not choice.outliers)
            self._choose_picture(choice)
        for name, extraction in seen.items():
            words = outlier_message(extraction, shown=choice.outliers)
            self.notify(f"{name}{words}", markup=False)
        if not seen:
            said = "shown" if choice.outliers else "hidden"
            self.notify(f"outliers {said} from now on", markup=False)

    def action_zoom_in(self) -> None:
        """Look closer, at the selected token if there is one."""
        self.scatter.zoom_by(1)

    def action_zoom_out(self) -> None:
        """Step back."""
        self.scatter.zoom_by(-1)

    def action_pan_left(self) -> None:
        """Look to the left."""
        self.scatter.pan_by(-1, 0)

    def action_pan_right(self) -> None:
        """Look to the right."""
        self.scatter.pan_by(1, 0)

    def action_pan_up(self) -> None:
        """Look up."""
        self.scatter.pan_by(0, 1)

    def action_pan_down(self) -> None:
        """Look down."""
        self.scatter.pan_by(0, -1)

    def action_view_reset(self) -> None:
        """Show the whole picture again."""
        self.scatter.reset_view()
