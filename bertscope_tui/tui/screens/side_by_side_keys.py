"""What keys and clicks do to two models side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType

from bertscope_tui.tui.actions import BESIDE, BESIDE_ACTIONS, Group
from bertscope_tui.tui.screens.side_by_side import LETTERS, MODES, PANES, SideBySidePanes
from bertscope_tui.tui.widgets.bars import KeyBar
from bertscope_tui.tui.widgets.layer_bar import LayerBar
from bertscope_tui.tui.widgets.line_list import LineList
from bertscope_tui.tui.widgets.scatter import ScatterPane
from bertscope_tui.tui.widgets.words import ARRANGEMENTS

if TYPE_CHECKING:
    from bertscope_tui.inspection.pairing import Side


class SideBySideScreen(SideBySidePanes):
    """The open model and one beside it, on one sample, with linked layer, word and colours."""

    BINDINGS: ClassVar[list[BindingType]] = [action.binding() for action in BESIDE_ACTIONS]
    ACTIONS = BESIDE_ACTIONS
    GROUP: ClassVar[Group] = BESIDE

    @on(KeyBar.KeyClicked)
    async def _key_clicked(self, event: KeyBar.KeyClicked) -> None:
        await self.run_action(event.action)

    # -- layers --------------------------------------------------------------------------------

    def set_layer(self, layer: int) -> None:
        """Go to a layer of the model on the left; the other follows at the same depth."""
        info = self.info(self.left)
        if info is None:
            return
        layer = min(max(layer, 0), info.layers)
        if layer != self.at_layer:
            self.at_layer = layer
            self.show()

    def action_layer_next(self) -> None:
        """Go one layer up."""
        self.set_layer(self.at_layer + 1)

    def action_layer_previous(self) -> None:
        """Go one layer down."""
        self.set_layer(self.at_layer - 1)

    def action_layer_first(self) -> None:
        """Go to the embeddings."""
        self.set_layer(0)

    def action_layer_last(self) -> None:
        """Go to the last layer."""
        info = self.info(self.left)
        if info is not None:
            self.set_layer(info.layers)

    @on(LayerBar.LayerClicked, "#left-bar")
    def _left_bar_clicked(self, event: LayerBar.LayerClicked) -> None:
        self.set_layer(event.layer)

    @on(LayerBar.LayerClicked, "#right-bar")
    def _right_bar_clicked(self, event: LayerBar.LayerClicked) -> None:
        self.show_layer(self.sides[1], event.layer)

    def show_layer(self, side: Side, layer: int) -> None:
        """Go where ``side`` shows this layer, or the nearest to it."""
        info, left = self.info(side), self.info(self.left)
        if info is None or left is None:
            return
        if side == self.left:
            self.set_layer(layer)
            return

        def off(place: int) -> float:
            depth = place * info.layers / max(left.layers, 1)
            return abs(round(depth) - layer) + abs(depth - layer) / 100

        self.set_layer(min(range(left.layers + 1), key=off))

    # -- words ---------------------------------------------------------------------------------

    def select(self, unit: int | None) -> None:
        """Select a word in both pictures, or none."""
        self.unit = unit
        self.show_words()

    def action_word_cursor(self) -> None:
        """Move among words with the arrows, or leave them again."""
        if self.active == "words":
            self.activate("left")
        elif self.comparing.pair is not None:
            self.activate("words")
            if self.unit is None and self.comparing.pair.units:
                self.select(self._first_word())

    def _first_word(self) -> int:
        """Return where the word cursor starts: at the answer on the left, or on top of the list."""
        pair = self.comparing.pair
        assert pair is not None
        roles = pair.extraction(self.left).roles
        answers = (
            unit
            for unit in range(len(pair.units))
            if roles[pair.tokens(self.left, unit)[0]] == "answer"
        )
        top = self.words.unit_at(1)
        if self.arrangement == "text":
            return next(answers, top or 0)
        return top or 0

    @on(LineList.Moved, "#words")
    @on(LineList.Activated, "#words")
    def _word_moved(self, event: LineList.Moved) -> None:
        self.select(self.words.unit_at(event.index))

    @on(LineList.Activated, "#near")
    def _neighbour_chosen(self, event: LineList.Activated) -> None:
        self.select(self.near.unit_at(event.index))

    @on(ScatterPane.TokenClicked)
    def _point_clicked(self, event: ScatterPane.TokenClicked) -> None:
        pair = self.comparing.pair
        if pair is None:
            return
        side = self.sides[self.pictures.index(event.pane)]
        unit = None if event.token is None else pair.unit_of(side, event.token)
        if event.token is not None and unit is None:
            self.notify(f"only {LETTERS[side]} reads this", markup=False)
        self.select(unit)

    def action_arrange(self) -> None:
        """List the words in the next order."""
        place = ARRANGEMENTS.index(self.arrangement)
        self.arrangement = ARRANGEMENTS[(place + 1) % len(ARRANGEMENTS)]
        self.show_words()

    # -- samples -------------------------------------------------------------------------------

    def _list(self) -> LineList | None:
        """Return the list that the arrows move in; None where they move among samples."""
        if self.active == "words":
            return self.words
        return self.near if self.active == "near" else None

    def action_move_down(self) -> None:
        """Go one line down in the focused list, else one sample on."""
        self._move(1)

    def action_move_up(self) -> None:
        """Go one line up in the focused list, else one sample back."""
        self._move(-1)

    def _move(self, step: int) -> None:
        moved = self._list()
        if moved is None:
            self.comparing.step_sample(step)
        else:
            moved.move(step)

    def action_page_down(self) -> None:
        """Go a page of words down."""
        (self._list() or self.words).page(1)

    def action_page_up(self) -> None:
        """Go a page of words up."""
        (self._list() or self.words).page(-1)

    def action_wrong_next(self) -> None:
        """Go to the next sample that the open model has wrong."""
        self.comparing.ask_inspector("wrong_next")

    def action_wrong_previous(self) -> None:
        """Go to the previous sample that the open model has wrong."""
        self.comparing.ask_inspector("wrong_previous")

    def action_changed_next(self) -> None:
        """Go to the next sample that only one of the models has right."""
        self.comparing.step_changed(1)

    def action_changed_previous(self) -> None:
        """Go to the sample before that only one of the models has right."""
        self.comparing.step_changed(-1)

    def action_window_next(self) -> None:
        """Show the next window of a long context."""
        self.comparing.ask_inspector("window_next")

    def action_window_previous(self) -> None:
        """Show the window before."""
        self.comparing.ask_inspector("window_previous")

    def action_special(self) -> None:
        """Show or hide special tokens."""
        self.comparing.ask_inspector("special")

    def action_outliers(self) -> None:
        """Show or hide the tokens of either model that are left out for their norm."""
        sides: tuple[Side, Side] = (0, 1)
        seen = ((f"{LETTERS[side]}: ", self.seen(side)) for side in sides)
        self.comparing.toggle_outliers({name: one for name, one in seen if one is not None})

    # -- the pictures --------------------------------------------------------------------------

    def action_method_next(self) -> None:
        """Make both pictures by the next method."""
        self.comparing.ask_inspector("method_next")

    def action_method_previous(self) -> None:
        """Make both pictures by the method before."""
        self.comparing.ask_inspector("method_previous")

    def action_orientation(self) -> None:
        """Turn pictures onto each other, or leave them as they come out."""
        self.comparing.ask_inspector("orientation")

    def action_colour_mode(self) -> None:
        """Colour by the next of role, sentence and position."""
        self.mode = MODES[(MODES.index(self.mode) + 1) % len(MODES)]
        self.show_look(self.look)

    def action_labels(self) -> None:
        """Label as many tokens as fit, or only the selected word and its neighbours."""
        self.all_labels = not self.all_labels
        self.show_look(self.look)

    def action_zoom_in(self) -> None:
        """Look closer in both pictures, at the selected word if there is one."""
        for picture in self.pictures:
            picture.zoom_by(1)

    def action_zoom_out(self) -> None:
        """Step back."""
        for picture in self.pictures:
            picture.zoom_by(-1)

    def action_view_reset(self) -> None:
        """Show the whole pictures again."""
        for picture in self.pictures:
            picture.reset_view()

    def action_swap(self) -> None:
        """Put the model on the right to the left; layers are now its own."""
        layer = self.layer_of(self.sides[1])
        if layer is None:
            self.notify("the other model is not there yet", markup=False)
            return
        self.left, self.at_layer = self.sides[1], layer
        self.show()

    def action_pane_next(self) -> None:
        """Go to the next pane."""
        self._step_pane(1)

    def action_pane_previous(self) -> None:
        """Go to the pane before."""
        self._step_pane(-1)

    def _step_pane(self, step: int) -> None:
        if self.maximized is not None:
            self.minimize()
        self.activate(PANES[(PANES.index(self.active) + step) % len(PANES)])

    def action_zoom_pane(self) -> None:
        """Give the focused pane the whole screen, or put it back."""
        if self.maximized is not None:
            self.minimize()
        else:
            self.maximize(self.query_one(f"#{self.active}"))

    # -- the rest ------------------------------------------------------------------------------

    def action_layers(self) -> None:
        """Compare all layers over the data set."""
        self.comparing.open_layers()

    def action_pick_other(self) -> None:
        """Choose another model to compare with."""
        self.comparing.ask()

    def action_take(self) -> None:
        """Go on in the inspector with the model on the left; select a word among the nearest."""
        if self.active == "near":
            if self.near.selectable(self.near.cursor):
                self.select(self.near.unit_at(self.near.cursor))
        else:
            self.comparing.ask_to_leave(self.left)

    def action_help(self) -> None:
        """Show all keys."""
        self.app.action_help()  # type: ignore[attr-defined]

    def action_back(self) -> None:
        """Go back to the inspector, and let the other model go."""
        self.comparing.ask_to_leave(0)

    def action_escape(self) -> None:
        """Undo the innermost thing that is open or running."""
        if self.comparing.cancel():
            self.show_status()
        elif self.maximized is not None:
            self.minimize()
        elif self.unit is not None:
            self.select(None)
        elif self.active != "left":
            self.activate("left")
        else:
            self.action_back()
