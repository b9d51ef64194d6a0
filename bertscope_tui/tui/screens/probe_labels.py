"""The labels of one result at one layer: their scores, and which are taken for which."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Static

from bertscope_tui.data.hygiene import clean
from bertscope_tui.inspection.views import Look
from bertscope_tui.probes.labels import label_rows, layer_facts, taken_for
from bertscope_tui.probes.records import ProbeResult
from bertscope_tui.probes.views import TASK_NAMES
from bertscope_tui.tui.actions import LABEL_ACTIONS, LABELS, Group
from bertscope_tui.tui.screens.fitting import fit
from bertscope_tui.tui.widgets.bars import KeyBar, StatusBar
from bertscope_tui.tui.widgets.confusion_pane import ConfusionPane
from bertscope_tui.tui.widgets.label_list import LabelList
from bertscope_tui.tui.widgets.line_list import LineList
from bertscope_tui.tui.widgets.runs import FactsPane

if TYPE_CHECKING:
    from bertscope_tui.tui.probing import Probes

_MOST_TAKEN = 5


class ProbeLabelsScreen(Screen[None]):
    """Labels on the left, confusions on the right, the scores of the layer below."""

    AUTO_FOCUS = "#labels"
    BINDINGS: ClassVar[list[BindingType]] = [action.binding() for action in LABEL_ACTIONS]
    ACTIONS = LABEL_ACTIONS
    GROUP: ClassVar[Group] = LABELS

    def __init__(
        self,
        look: Look,
        probes: Probes,
        result: ProbeResult,
        layer: int,
        back: Callable[[ProbeResult], None],
    ) -> None:
        """``back`` goes where the screen was opened from; it gets the result shown last."""
        super().__init__()
        self._look = look
        self._probes = probes
        self._result = result
        self._layer = min(layer, len(result.layers) - 1)
        self._back = back

    def compose(self) -> ComposeResult:
        """Lay out the panes; the style sheet places them."""
        yield StatusBar()
        with Container(id="labelled"):
            yield LabelList(self._look)
            yield ConfusionPane()
            yield FactsPane()
        yield KeyBar(LABEL_ACTIONS, [("←→", "layer", "layer_next"), ("↑↓", "", "move_down")])
        yield Static("", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Show the first layer that was asked for."""
        self.labels = self.query_one(LabelList)
        self.confusions = self.query_one(ConfusionPane)
        self.facts = self.query_one(FactsPane)
        self.show()

    def on_resize(self, event: events.Resize) -> None:
        """Fold the panes where they do not fit."""
        if not fit(self, event.size):
            self.labels.focus()

    # -- what is shown -------------------------------------------------------------------------

    def show(self) -> None:
        """Show the result at its layer."""
        one, layer = self._result, self._layer
        arrow = " > " if self._look.ascii else " ▸ "
        names = f"{clean(one.model)}{arrow}{TASK_NAMES[one.identity.task]}, {clean(one.data)}"
        where = f"layer {layer}/{len(one.layers) - 1}"
        self.query_one(StatusBar).show(f" bertscope{arrow}probes{arrow}{names}", where, busy=True)
        self.labels.show(label_rows(one, layer), look=self._look)
        self.labels.border_title = f"labels at layer {layer}"
        self.confusions.show(one, layer, self._look)
        self._show_facts()

    def _show_facts(self) -> None:
        one, layer, label = self._result, self._layer, self.labels.selected
        facts = []
        if label is not None:
            said = taken_for(one, layer, label)[:_MOST_TAKEN]
            text = ", ".join(f"{other} {100 * share:.1f}" for other, share in said)
            if text:
                facts.append(("taken for", f"{text}  (targets of {label})"))
        self.facts.show([(name, clean(text)) for name, text in [*facts, *layer_facts(one, layer)]])

    def show_look(self, look: Look) -> None:
        """Draw with another theme."""
        self._look = look
        self.show()

    @on(LineList.Moved, "#labels")
    @on(LineList.Activated, "#labels")
    def _moved(self) -> None:
        self._show_facts()

    @on(KeyBar.KeyClicked)
    async def _key_clicked(self, event: KeyBar.KeyClicked) -> None:
        await self.run_action(event.action)

    # -- keys ----------------------------------------------------------------------------------

    def _go_to(self, layer: int) -> None:
        layer = min(max(layer, 0), len(self._result.layers) - 1)
        if layer != self._layer:
            self._layer = layer
            self.show()

    def action_layer_next(self) -> None:
        """Go one layer up."""
        self._go_to(self._layer + 1)

    def action_layer_previous(self) -> None:
        """Go one layer down."""
        self._go_to(self._layer - 1)

    def action_layer_first(self) -> None:
        """Go to the embeddings."""
        self._go_to(0)

    def action_layer_last(self) -> None:
        """Go to the last layer."""
        self._go_to(len(self._result.layers) - 1)

    def action_layer_best(self) -> None:
        """Go to the layer of the highest macro-F1."""
        self._go_to(self._result.best.layer)

    def action_move_down(self) -> None:
        """Go to the next label."""
        self.labels.move(1)
        self._show_facts()

    def action_move_up(self) -> None:
        """Go to the label before."""
        self.labels.move(-1)
        self._show_facts()

    def action_page_down(self) -> None:
        """Go a page of labels down."""
        self.labels.page(1)
        self._show_facts()

    def action_page_up(self) -> None:
        """Go a page of labels up."""
        self.labels.page(-1)
        self._show_facts()

    def action_turn(self) -> None:
        """Show confusions in place of labels, where there is no room for both."""
        self.toggle_class("-confusions")

    def action_task_next(self) -> None:
        """Show the same model's next task."""
        self._step(1)

    def action_task_previous(self) -> None:
        """Show the same model's task before."""
        self._step(-1)

    def _step(self, by: int) -> None:
        alike = self._probes.beside(self._result)
        place = next((n for n, one in enumerate(alike) if one.identity == self._result.identity), 0)
        self._result = alike[(place + by) % len(alike)]
        self._layer = min(self._layer, len(self._result.layers) - 1)
        self.show()

    def action_help(self) -> None:
        """Show all keys."""
        self.app.action_help()  # type: ignore[attr-defined]

    def action_back(self) -> None:
        """Go back to where this was opened from."""
        self._back(self._result)
