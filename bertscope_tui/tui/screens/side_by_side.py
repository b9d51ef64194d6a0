"""Two models on one sample, side by side: what is on screen, and how it is drawn.

What keys do to it is in `bertscope_tui.tui.screens.side_by_side_keys`; what is open and asked for
is in `bertscope_tui.tui.comparing_models`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Static

from bertscope_tui.analysis.similarity import matching_layer
from bertscope_tui.data.hygiene import clean
from bertscope_tui.inspection.snapshots import Extraction, Pictures
from bertscope_tui.inspection.views import ColourMode, Look
from bertscope_tui.tui.actions import BESIDE_ACTIONS
from bertscope_tui.tui.screens.fitting import fit
from bertscope_tui.tui.widgets.bars import KeyBar, StatusBar
from bertscope_tui.tui.widgets.layer_bar import LayerBar
from bertscope_tui.tui.widgets.scatter import ScatterPane
from bertscope_tui.tui.widgets.words import Arrangement, NearList, WordList

if TYPE_CHECKING:
    from bertscope_tui.inspection.pairing import Side
    from bertscope_tui.models.loading import ModelInfo
    from bertscope_tui.tui.comparing_models import ModelComparison

PANES = ("left", "right", "words", "near")
"""The panes in the order in which Tab visits them."""

MODES: tuple[ColourMode, ...] = ("roles", "sentences", "position")
"""What tokens can be coloured by: what both models' tokens have."""

LETTERS = ("A", "B")
"""The open model and the one beside it, as they are called on screen."""

_WIDE = 100
"""Columns from which on the status has room for how much memory the models take."""

_ARROWS = (("←→", "layer", "layer_next"), ("↑↓", "sample", "move_down"))


class SideBySidePanes(Screen[None]):
    """Two pictures, the words below or beside them, one bar of layers for each model."""

    AUTO_FOCUS = ""
    ESCAPE_TO_MINIMIZE = False  # Esc has an order of its own, see `action_escape`

    def __init__(
        self, look: Look, comparing: ModelComparison, layer: int, mode: ColourMode
    ) -> None:
        """``layer`` is one of the open model, which is on the left at first."""
        super().__init__()
        self.look = look
        self.comparing = comparing
        self.left: Side = 0
        self.at_layer = layer
        self.mode: ColourMode = mode if mode in MODES else "roles"
        self.all_labels = True
        self.arrangement: Arrangement = "text"
        self.unit: int | None = None
        self.active = "left"
        self.ready = False
        self._own: Pictures | None = None

    def compose(self) -> ComposeResult:
        """Lay out the panes; the style sheet places them."""
        yield StatusBar()
        with Container(id="pair"):
            yield ScatterPane(self.look, id="left")
            yield ScatterPane(self.look, id="right")
            yield WordList()
            yield NearList()
        yield LayerBar(self.look, id="left-bar")
        yield LayerBar(self.look, id="right-bar")
        yield KeyBar(BESIDE_ACTIONS, _ARROWS)
        yield Static("", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Find the panes once, and show what is there by now."""
        self.status = self.query_one(StatusBar)
        self.pictures = (
            self.query_one("#left", ScatterPane),
            self.query_one("#right", ScatterPane),
        )
        self.bars = (self.query_one("#left-bar", LayerBar), self.query_one("#right-bar", LayerBar))
        self.words = self.query_one(WordList)
        self.near = self.query_one(NearList)
        self.ready = True
        self.show_look(self.look)
        self.activate("left")

    def on_resize(self, event: events.Resize) -> None:
        """Put the words below the pictures where there is no room beside them."""
        was_tiny = self.has_class("-tiny")
        if not fit(self, event.size) and was_tiny:
            self.activate(self.active)
        if self.ready:
            self.show_status()

    def activate(self, pane: str) -> None:
        """Give a pane the focus."""
        self.active = pane
        self.query_one(f"#{pane}").focus(scroll_visible=False)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Follow a focus that a click moved."""
        if event.widget.id in PANES:
            self.active = event.widget.id

    # -- which is where ------------------------------------------------------------------------

    @property
    def sides(self) -> tuple[Side, Side]:
        """Return which model is on the left and which on the right."""
        return (0, 1) if self.left == 0 else (1, 0)

    def info(self, side: Side) -> ModelInfo | None:
        """Return the model of a side, if it is open."""
        return self.comparing.model if side == 0 else self.comparing.other

    def seen(self, side: Side) -> Extraction | None:
        """Return what the model of a side makes of the sample, if it is there."""
        if side == 0:
            return self.comparing.extraction
        return self.comparing.pair.extraction(1) if self.comparing.pair is not None else None

    def picture_of(self, side: Side) -> Pictures | None:
        """Return the pictures of a side if the one of its layer is there.

        That on the right is turned onto that on the left.
        """
        own, beside = self.comparing.own_pictures, self.comparing.pictures
        pictures, target = (own, beside) if side == 0 else (beside, own)
        layer = self.layer_of(side)
        if pictures is None or layer is None or not pictures.projection.has(layer):
            return None
        pair = self.comparing.pair
        if side == self.left or pair is None or target is None:
            return pictures
        from bertscope_tui.inspection.pairing import turned_onto

        return turned_onto(pair, side, pictures, layer, target, self.at_layer)

    def layer_of(self, side: Side) -> int | None:
        """Return the layer that a side shows: on the right, that of the same depth."""
        left, right = self.info(self.left), self.info(side)
        if side == self.left or left is None:
            return self.at_layer
        if right is None:
            return None
        return matching_layer(min(self.at_layer, left.layers), left.layers, right.layers)

    # -- drawing -------------------------------------------------------------------------------

    def show_look(self, look: Look) -> None:
        """Draw with another theme, colour mode or label rule."""
        self.look = look
        for picture in self.pictures:
            picture.show_look(look, self.mode, all_labels=self.all_labels)
        self.show()

    def show_sample(self) -> None:
        """Show another sample: nothing of the one before stays on screen."""
        self.unit = None
        for picture in self.pictures:
            picture.reset_view()
        self.show()

    def show(self) -> None:
        """Draw everything as it is now."""
        with self.app.batch_update():
            self._own = self.comparing.own_pictures
            left = self.info(self.left)
            if left is not None:
                self.at_layer = min(self.at_layer, left.layers)
            for picture, bar, side in zip(self.pictures, self.bars, self.sides, strict=True):
                self._show_side(picture, bar, side)
            self.show_words()
            self.show_status()

    def show_own(self) -> None:
        """Show how far the pictures of the open model are, which come without the other's."""
        if self.comparing.own_pictures is not self._own:
            self.show()
        else:
            self.show_status()

    def _show_side(self, picture: ScatterPane, bar: LayerBar, side: Side) -> None:
        info, layer, letter = self.info(side), self.layer_of(side), LETTERS[side]
        title = f"{letter} · no model yet"
        if info is not None:
            title = f"{letter} layer {layer} of {info.layers} · {clean(info.name)}"
        message = clean(self.comparing.waiting(side, layer))
        picture.show(self.picture_of(side), layer or 0, message=message, head=title)
        bar.show(
            layer or 0,
            info.layers if info is not None else None,
            self.seen(side),
            look=self.look,
            head=letter,
        )

    def show_words(self) -> None:
        """List the words, and mark the selected one and what is near it in both pictures."""
        pair, unit = self.comparing.pair, self.unit
        message = "nothing that both models read"
        if pair is None:
            message = self.comparing.waiting_for_words()
        self.words.show(
            pair,
            self.left,
            self.at_layer,
            self.look,
            self.mode,
            self.arrangement,
            unit,
            message,
        )
        if pair is None or unit is None:
            for picture in self.pictures:
                picture.highlight(())
            self.near.show(pair, self.look, self.sides, None, ("", ""), ((), ()))
            return
        columns, heads = [], []
        for picture, side in zip(self.pictures, self.sides, strict=True):
            layer = self.layer_of(side) or 0
            found = pair.nearest(side, layer, unit)
            near = [token for one in found for token in pair.tokens(side, one.token)]
            picture.highlight((*pair.tokens(side, unit), *near))
            columns.append(found)
            heads.append(f"{LETTERS[side]}, layer {layer}")
        self.near.show(
            pair, self.look, self.sides, unit, (heads[0], heads[1]), (columns[0], columns[1])
        )

    def show_status(self) -> None:
        """Say what is compared, what is on its way, and how much memory the two take."""
        comparing = self.comparing
        names = [
            clean(info.name) if info is not None else "…" for info in (self.info(0), self.info(1))
        ]
        separator, arrow = (" - ", " > ") if self.look.ascii else (" · ", " ▸ ")
        # The sizes were told when the model was opened, and the names are over the pictures: where
        # there is no room for all, the place in the data comes before them.
        wide = self.size.width >= _WIDE
        right = separator.join(clean(part) for part in comparing.remarks(sizes=wide))
        parts = ["bertscope", f"{names[0]} (A) and {names[1]} (B)", comparing.place()]
        left = " " + arrow.join(part for part in parts if part)
        if parts[2] and cell_len(left) + cell_len(right) + 2 > self.size.width:
            left = f" bertscope{arrow}{parts[2]}"
        self.status.show(left, right, busy=comparing.busy)
