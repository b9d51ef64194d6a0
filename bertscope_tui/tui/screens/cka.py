"""How alike all layers of two models are over a data set, and whose answers are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Static

from bertscope_tui.data.hygiene import clean
from bertscope_tui.inspection.survey_pages import compare_facts, likeness_words, most_alike
from bertscope_tui.inspection.views import Look
from bertscope_tui.tui.actions import CKA, CKA_ACTIONS, Group
from bertscope_tui.tui.screens.fitting import fit
from bertscope_tui.tui.widgets.bars import KeyBar, StatusBar
from bertscope_tui.tui.widgets.layer_map import Cell, LayerMapPane
from bertscope_tui.tui.widgets.runs import FactsPane

if TYPE_CHECKING:
    from bertscope_tui.tui.comparing_layers import LayerComparisons


class CkaScreen(Screen[None]):
    """The map of all pairs of layers with a cursor, what it says there, and the facts beside it."""

    AUTO_FOCUS = "#heat"
    BINDINGS: ClassVar[list[BindingType]] = [action.binding() for action in CKA_ACTIONS]
    ACTIONS = CKA_ACTIONS
    GROUP: ClassVar[Group] = CKA

    def __init__(self, look: Look, comparing: LayerComparisons) -> None:
        super().__init__()
        self.look = look
        self._comparing = comparing
        self._here = comparing.layers_now()
        self._cursor: Cell = self._here
        self.ready = False

    def compose(self) -> ComposeResult:
        """Lay out the panes; the style sheet places them."""
        yield StatusBar()
        with Container(id="cka"):
            yield LayerMapPane(self.look)
            yield FactsPane()
        yield Static("", id="likeness", markup=False)
        yield KeyBar(CKA_ACTIONS, [("←→", "B", "move_right"), ("↑↓", "A", "move_up")])
        yield Static("", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Show what is there by now."""
        self.status = self.query_one(StatusBar)
        self.heat = self.query_one(LayerMapPane)
        self.facts = self.query_one(FactsPane)
        self.facts.border_title = "A and B"
        self.ready = True
        self.show()

    def on_resize(self, event: events.Resize) -> None:
        """Put the facts below the map where there is no room beside it."""
        if not fit(self, event.size):
            self.query_one(LayerMapPane).focus()

    def show_look(self, look: Look) -> None:
        """Draw with another theme."""
        self.look = look
        self.heat.show_look(look)

    # -- what is shown -------------------------------------------------------------------------

    def show(self) -> None:
        """Show what was found, or how far that is."""
        if not self.ready:
            return
        found = self._comparing.found
        if found is None:
            message = "comparing …" if self._comparing.running else "a compares over the data set"
            self.heat.show(None, self._cursor, self._here, message)
            self.facts.show(())
        else:
            rows, columns = found.cka.shape
            self._cursor = min(self._cursor[0], rows - 1), min(self._cursor[1], columns - 1)
            self.facts.show([(label, clean(text)) for label, text in compare_facts(found)])
            self._show_cursor()
        self.show_status()

    def _show_cursor(self) -> None:
        found = self._comparing.found
        if found is not None:
            self.heat.show(found, self._cursor, self._here)
            words = likeness_words(found, self._cursor)
            if self._cursor == self._here:
                words += ". The layers side by side"
            self.query_one("#likeness", Static).update(f" {words}")

    def show_status(self) -> None:
        """Say what is compared, and how far that is."""
        if not self.ready:
            return
        comparing = self._comparing
        arrow = " > " if self.look.ascii else " ▸ "
        names = [clean(one.name) for one in (comparing.model, comparing.other) if one is not None]
        left = f" bertscope{arrow}{' (A) and '.join(names)} (B){arrow}layers"
        right = ""
        if comparing.progress is not None:
            done, total = comparing.progress
            right = f"comparing {done:,}/{total:,} - s stops" if total else "comparing"
        self.status.show(left, right, busy=comparing.running)

    # -- keys ----------------------------------------------------------------------------------

    @on(KeyBar.KeyClicked)
    async def _key_clicked(self, event: KeyBar.KeyClicked) -> None:
        await self.run_action(event.action)

    @on(LayerMapPane.CellClicked)
    def _cell_clicked(self, event: LayerMapPane.CellClicked) -> None:
        self._go_to(event.cell)

    def _go_to(self, cell: Cell) -> None:
        found = self._comparing.found
        if found is None:
            return
        rows, columns = found.cka.shape
        self._cursor = min(max(cell[0], 0), rows - 1), min(max(cell[1], 0), columns - 1)
        self._show_cursor()

    def action_move_right(self) -> None:
        """Go to the next layer of the second model."""
        self._go_to((self._cursor[0], self._cursor[1] + 1))

    def action_move_left(self) -> None:
        """Go to the layer of the second model before."""
        self._go_to((self._cursor[0], self._cursor[1] - 1))

    def action_move_up(self) -> None:
        """Go to the next layer of the first model, which is above."""
        self._go_to((self._cursor[0] + 1, self._cursor[1]))

    def action_move_down(self) -> None:
        """Go to the layer of the first model before."""
        self._go_to((self._cursor[0] - 1, self._cursor[1]))

    def action_most_alike(self) -> None:
        """Go to the layer of the second model that is most like this one of the first."""
        found = self._comparing.found
        if found is not None:
            alike = most_alike(found.cka[self._cursor[0]])
            if alike is not None:
                self._go_to((self._cursor[0], alike))

    def action_start(self) -> None:
        """Compare over the data set."""
        self._comparing.ask_for_layers()

    def action_stop(self) -> None:
        """Stop the comparison."""
        self._comparing.stop()

    def action_look(self) -> None:
        """Go back to the pictures, at this layer of the first model."""
        found = self._comparing.found
        self._comparing.leave_layers(None if found is None else self._cursor[0])

    def action_page_down(self) -> None:
        """Scroll the facts down."""
        self.facts.page(1)

    def action_page_up(self) -> None:
        """Scroll the facts up."""
        self.facts.page(-1)

    def action_help(self) -> None:
        """Show all keys."""
        self.app.action_help()  # type: ignore[attr-defined]

    def action_back(self) -> None:
        """Go back to the pictures; a comparison goes on."""
        self._comparing.leave_layers()
