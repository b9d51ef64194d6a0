"""The screen of probes: the results there are, their curves over layers, and the heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Static

from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.probing.records import PROBE_TASKS
from bertscope_tui.inspection.views import Look
from bertscope_tui.probes.choosing import of_weights
from bertscope_tui.probes.labels import result_facts
from bertscope_tui.probes.records import ProbeIdentity, ProbeResult
from bertscope_tui.probes.views import TASK_NAMES, curves_of, heat_rows
from bertscope_tui.scans.charts import Chart
from bertscope_tui.tui.actions import PROBE_ACTIONS, PROBING, Group
from bertscope_tui.tui.screens.ask import AskScreen
from bertscope_tui.tui.screens.fitting import fit
from bertscope_tui.tui.widgets.bars import KeyBar, StatusBar
from bertscope_tui.tui.widgets.chart import ChartPane
from bertscope_tui.tui.widgets.heat_pane import Heat, HeatPane
from bertscope_tui.tui.widgets.line_list import LineList
from bertscope_tui.tui.widgets.probe_list import ProbeList
from bertscope_tui.tui.widgets.runs import FactsPane

if TYPE_CHECKING:
    from bertscope_tui.tui.probing import Probes


class ProbesScreen(Screen[None]):
    """Results on top; below them curves or the heat map, and the facts of the selected one."""

    AUTO_FOCUS = "#results"
    BINDINGS: ClassVar[list[BindingType]] = [action.binding() for action in PROBE_ACTIONS]
    ACTIONS = PROBE_ACTIONS
    GROUP: ClassVar[Group] = PROBING

    def __init__(
        self,
        look: Look,
        probes: Probes,
        wanted: ProbeIdentity | None = None,
        *,
        heat: bool = False,
    ) -> None:
        """``wanted`` is the result under the cursor at first; ``heat`` begins with the map."""
        super().__init__()
        self.set_class(heat, "-heat")
        self._look = look
        self._probes = probes
        self._wanted = wanted
        self._intervals = True
        self._only_open = False
        self.ready = False

    def compose(self) -> ComposeResult:
        """Lay out the panes; the style sheet places them."""
        plain = self._look.ascii
        yield StatusBar()
        with Container(id="probing"):
            yield ProbeList(ascii_only=plain)
            yield ChartPane(id="probe-curves", title="curves", ascii_only=plain)
            yield HeatPane(self._look, id="probe-heat", title="heat map")
            yield FactsPane()
        yield KeyBar(PROBE_ACTIONS, [("↑↓", "", "move_down")])
        yield Static("", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Show what is known by now."""
        self.status = self.query_one(StatusBar)
        self.list = self.query_one(ProbeList)
        self.curves = self.query_one(ChartPane)
        self.heat = self.query_one(HeatPane)
        self.facts = self.query_one(FactsPane)
        self.ready = True
        self.show_status()
        if self._probes.results is not None:
            self.show_results()

    def on_resize(self, event: events.Resize) -> None:
        """Fold the panes where they do not fit."""
        if not fit(self, event.size):
            self.list.focus()

    # -- what is shown -------------------------------------------------------------------------

    def show_status(self) -> None:
        """Say how many results there are, and how far the work is that goes on."""
        arrow = " > " if self._look.ascii else " ▸ "
        words = self._probes.words
        count = len(self._probes.results or ())
        right = words or f"{count} result{'' if count == 1 else 's'}"
        self.status.show(f" bertscope{arrow}probes", right, busy=bool(words))

    def show_results(self) -> None:
        """List the results as they are now."""
        results = self._probes.results or ()
        if self._only_open:
            lineage = self._probes.lineage
            own = (lineage.own, lineage.base) if lineage is not None else ()
            results = tuple(one for one in results if one.identity.weights_sha256 in own)
        newest_first = sorted(results, key=lambda one: one.created, reverse=True)
        ordered = sorted(
            newest_first,
            key=lambda one: (PROBE_TASKS.index(one.identity.task), one.data),
        )
        shown = {one.identity for one in self._probes.results_of_open_model()}
        empty = "no result of the open model or its base" if self._only_open else "no result yet"
        what = "it is being probed" if self._probes.at_open_model else "a probes the open model"
        self.list.show(ordered, shown, f"{empty}: {what}")
        which = "of the open model and its base" if self._only_open else ""
        self.list.border_subtitle = which
        if self._wanted is not None and self.list.select(self._wanted):
            self._wanted = None
        self.show_status()
        self.show_selected()

    def show_selected(self) -> None:
        """Show the result under the cursor: curves of its task and data, heat map of its model."""
        one = self.list.selected
        if one is None:
            self.curves.show(None, "Curves over layers come here.")
            self.heat.show(None, "The heat map of a model comes here.")
            self.facts.show(())
            return
        task = TASK_NAMES[one.identity.task]
        self.curves.border_title = clean(f"{task}, {one.data}").replace("[", "\\[")
        self.curves.show(self._chart(one))
        self.heat.border_title = clean(f"{one.model}: each task by layer").replace("[", "\\[")
        self.heat.border_subtitle = "0 worst, 1 best layer of a task"
        self.heat.show(self._heat_of(one), look=self._look)
        self.facts.show([(label, clean(text)) for label, text in result_facts(one)])

    def _chart(self, one: ProbeResult) -> Chart:
        """Return the curves of every model for the same task and data; the selected one first.

        Of several results of one model, made in different ways, the newest is drawn.
        """
        drawn: dict[tuple[str, bool], ProbeResult] = {}
        for other in (one, *(self._probes.results or ())):
            identity, own = other.identity, one.identity
            if (identity.task, identity.data_sha256) == (own.task, own.data_sha256):
                drawn.setdefault((identity.weights_sha256, identity.random), other)
        series = curves_of(
            sorted(drawn.values(), key=lambda other: (other is not one, other.identity.random)),
            ascii=self._look.ascii,
            colours=self._look.theme.sequence,
            intervals=self._intervals,
        )
        layers = max(len(other.layers) for other in drawn.values()) - 1
        return Chart("macro-F1", series, (0.0, 1.0), layers)

    def _heat_of(self, one: ProbeResult) -> Heat:
        """Return the heat map of the result's model; of each task and data set its newest."""
        newest: dict[tuple[str, str], ProbeResult] = {}
        identity = one.identity
        alike = of_weights(
            self._probes.results or (), identity.weights_sha256, random=identity.random
        )
        for other in alike:
            newest.setdefault((other.identity.task, other.identity.data_sha256), other)
        rows = heat_rows(list(newest.values()))
        many = len({row.task for row in rows}) < len(rows)
        names = tuple(
            f"{row.task.upper()} {row.data}" if many else row.task.upper() for row in rows
        )
        layers = max(len(row.shade) for row in rows)
        columns = tuple(str(layer) for layer in range(layers))
        return Heat(tuple(row.shade for row in rows), names, columns, "layer")

    def show_look(self, look: Look) -> None:
        """Draw with another theme."""
        self._look = look
        self.show_selected()
        self.refresh()

    @on(LineList.Moved, "#results")
    def _moved(self) -> None:
        self.show_selected()

    @on(LineList.Activated, "#results")
    def _clicked(self) -> None:
        self.show_selected()

    @on(KeyBar.KeyClicked)
    async def _key_clicked(self, event: KeyBar.KeyClicked) -> None:
        await self.run_action(event.action)

    # -- keys ----------------------------------------------------------------------------------

    def action_move_down(self) -> None:
        """Select the next result."""
        self._move(1)

    def action_move_up(self) -> None:
        """Select the result before."""
        self._move(-1)

    def _move(self, step: int) -> None:
        self.list.move(step)
        self.show_selected()  # now, not when the list's message comes: the next key may be an x

    def action_page_down(self) -> None:
        """Scroll the facts down."""
        self.facts.page(1)

    def action_page_up(self) -> None:
        """Scroll the facts up."""
        self.facts.page(-1)

    def action_open_labels(self) -> None:
        """Show the labels of the selected result."""
        one = self._selected()
        if one is not None:
            self._probes.open_labels(one, one.best.layer, back_to_list=True)

    def action_heat(self) -> None:
        """Show the heat map in place of the curves, or the other way round."""
        self.remove_class("-facts")
        self.toggle_class("-heat")

    def action_turn(self) -> None:
        """Show the facts in place of the picture, where there is no room for both."""
        self.toggle_class("-facts")

    def action_intervals(self) -> None:
        """Draw the intervals over seeds, or leave them out."""
        self._intervals = not self._intervals
        self.show_selected()

    def action_only_open(self) -> None:
        """List all results, or those of the open model and its base."""
        self._only_open = not self._only_open
        self.show_results()

    def action_choose(self) -> None:
        """Have the inspector show the selected result."""
        one = self._selected()
        if one is None:
            return
        lineage = self._probes.lineage
        own = lineage is not None and one.identity.weights_sha256 == lineage.own
        if not own or one.identity.random:
            self._tell("the inspector shows results of the open model, and this is none")
        else:
            self._probes.choose(one)
            self.show_results()

    def action_new(self) -> None:
        """Ask what to probe."""
        self._probes.ask_for_new()

    def action_stop(self) -> None:
        """Stop probing, if that is what is meant."""
        if not self._probes.ask_to_stop():
            self._tell("nothing is being probed")

    def action_remove(self) -> None:
        """Delete the selected result from the store."""
        one = self._selected()
        if one is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._probes.remove(one)

        task = TASK_NAMES[one.identity.task]
        question = f"Remove the probes of {one.model} for {task} ({one.data})?"
        self.app.push_screen(AskScreen(question), answered)

    def action_help(self) -> None:
        """Show all keys."""
        self.app.action_help()  # type: ignore[attr-defined]

    def action_back(self) -> None:
        """Go back to the inspector; what runs goes on."""
        self._probes.leave()

    def _selected(self) -> ProbeResult | None:
        one = self.list.selected
        if one is None:
            self._tell("no result is selected: a probes the open model")
        return one

    def _tell(self, message: str) -> None:
        self.notify(clean(message), markup=False)
