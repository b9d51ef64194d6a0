"""The inspector's panes: what is on screen, where, and how each is drawn.

What the user looks at (layer, selected token, colours) lives here; what keys and events do to it
is in `bertscope_tui.tui.screens.inspector`.
"""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Input, Static

from bertscope_tui.analysis.geometry import Measure, Neighbour, nearest
from bertscope_tui.data.hygiene import clean
from bertscope_tui.inspection.snapshots import Extraction
from bertscope_tui.inspection.views import ColourMode, Look, method_name
from bertscope_tui.tui.actions import ACTIONS
from bertscope_tui.tui.overlays import Overlays
from bertscope_tui.tui.screens.fitting import fit
from bertscope_tui.tui.session import Session
from bertscope_tui.tui.widgets.bars import KeyBar, PaneTabs, StatusBar
from bertscope_tui.tui.widgets.entry import Entry
from bertscope_tui.tui.widgets.layer_bar import LayerBar
from bertscope_tui.tui.widgets.near import NeighbourList
from bertscope_tui.tui.widgets.picker import PickerPane
from bertscope_tui.tui.widgets.probe_bars import ProbeBars
from bertscope_tui.tui.widgets.samples import SampleList
from bertscope_tui.tui.widgets.scan_list import scan_words
from bertscope_tui.tui.widgets.scatter import Over, ScatterPane
from bertscope_tui.tui.widgets.text_pane import TextPane
from bertscope_tui.tui.widgets.tokens import TokenList

PANES: tuple[tuple[str, str], ...] = (
    ("samples", "samples"),
    ("text", "text"),
    ("scatter", "picture"),
    ("tokens", "tokens"),
    ("probes", "probes"),
    ("neighbours", "nearest"),
    ("picker", "models"),
)
"""The panes by widget id and name, in the order in which Tab visits them."""

_ARROWS = (("←→", "layer", "layer_next"), ("↑↓", "sample", "move_down"))
_NEIGHBOURS = 8
_TALL = 42
"""Rows from which the lists beside the text have room for all of their lines."""


class InspectorPanes(Screen[None]):
    """Status, panes, layer bar and keys; wide terminals show all panes, narrow ones two."""

    AUTO_FOCUS = ""
    ESCAPE_TO_MINIMIZE = False  # Esc has an order of its own, see `action_escape`

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self.at_layer: int | None = None
        self.selected: int | None = None
        self.mode: ColourMode = "roles"
        self.metric: Measure = "cosine"
        self.all_labels = True
        self.digits = ""
        self.wrong_direction = 0
        self.playing = False
        self.active = "samples"
        self.overlays = Overlays(self)

    def compose(self) -> ComposeResult:
        """Lay out the panes; the style sheet places them."""
        yield StatusBar()
        yield PaneTabs(PANES)
        with Container(id="body"):
            yield PickerPane()
            yield TextPane(self.look)
            yield TokenList()
            yield SampleList(ascii_only=self.look.ascii)
            yield ScatterPane(self.look)
            yield ProbeBars(ascii_only=self.look.ascii)
            yield NeighbourList()
        yield Entry(placeholder="search questions, contexts, answers, ids", id="search")
        yield LayerBar(self.look)
        yield KeyBar(ACTIONS, _ARROWS)
        yield Static("", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Find the panes once, and start in the sample list."""
        self.status = self.query_one(StatusBar)
        self.tabs = self.query_one(PaneTabs)
        self.picker = self.query_one(PickerPane)
        self.text = self.query_one(TextPane)
        self.tokens = self.query_one(TokenList)
        self.samples = self.query_one(SampleList)
        self.scatter = self.query_one(ScatterPane)
        self.probes = self.query_one(ProbeBars)
        self.neighbours = self.query_one(NeighbourList)
        self.layer_bar = self.query_one(LayerBar)
        self.search = self.query_one("#search", Input)
        self.text.show_sample(None, message="opening …")
        self.scatter.show(None, 0, message="opening …")
        self.activate("samples")

    @property
    def session(self) -> Session:
        """Return what is open; the app makes it before it shows the screen."""
        return self.app.session  # type: ignore[attr-defined,no-any-return]

    # -- layout ------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        """Fold the panes into tabs where they do not fit, and say so where nothing does."""
        was_tiny = self.has_class("-tiny")
        self.set_class(event.size.height >= _TALL, "-tall")
        if not fit(self, event.size) and was_tiny:
            # What is not displayed loses the focus.
            self.activate(self.active)

    def activate(self, pane: str) -> None:
        """Bring a pane on screen and give it the focus."""
        self.active = pane
        for name, _ in PANES:
            self.query_one(f"#{name}").set_class(name == pane, "-active")
        self.set_class(pane == "scatter", "-alone")
        self.set_class(pane in ("tokens", "neighbours"), "-tokens")
        self.query_one(f"#{pane}").focus(scroll_visible=False)
        self.tabs.show(pane)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Follow a focus that a click moved."""
        pane = event.widget.id
        if pane == self.active or pane not in {name for name, _ in PANES}:
            return
        if pane == "scatter":
            # It is on screen in every layout: another one now would move the point that is
            # being clicked from under the pointer.
            self.active = pane
            self.tabs.show(pane)
        else:
            self.activate(pane)

    # -- drawing -----------------------------------------------------------------------------

    def show_look(self, look: Look) -> None:
        """Draw everything with another theme or colour mode."""
        self.look = look
        self.text.show_look(look)
        self.scatter.show_look(look, self.mode, all_labels=self.all_labels)
        if self.session.extraction is not None:
            self.show_tokens(self.session.extraction)
        self.samples.refresh()
        self.show_layer()

    def show_tokens(self, extraction: Extraction) -> None:
        """List the tokens, those not in the picture marked."""
        shown = set(self.shown_tokens(extraction))
        masked = [t.index for t in extraction.tokens if t.index not in shown]
        clusters = self.overlays.clusters()
        numbers = clusters.numbers if clusters is not None else None
        self.tokens.show(extraction, self.look, self.mode, masked, numbers)

    def show_layer(self) -> None:
        """Draw what changes with the layer: picture, bar, probes, neighbours."""
        self.show_layer_bar()
        self.show_probes()
        extraction = self.session.extraction
        if extraction is not None and self.at_layer is not None:
            self.overlays.want()
            if self.mode == "clusters":
                self.show_tokens(extraction)
            self.show_picture()
            self.show_selection()

    def show_picture(self) -> None:
        """Draw the picture of this layer, or say why it is not there: never another one."""
        session, layer = self.session, self.at_layer or 0
        pictures = session.pictures
        if pictures is not None and pictures.projection.has(layer):
            overlays = self.overlays
            over = Over(overlays.clusters(), overlays.trail(), overlays.note())
            self.scatter.show(pictures, layer, over=over)
        else:
            name = f"{method_name(session.choice.recipe)}, layer {layer}"
            state = "being made …" if session.projecting else clean(session.no_picture)
            self.scatter.show(None, layer, message=f"{name}: {state}")

    def show_unmade(self) -> None:
        """Say what will not come any more, without asking for it again."""
        self.show_layer_bar()
        if self.session.extraction is not None and self.at_layer is not None:
            self.show_picture()
            self.show_selection()

    def show_probes(self) -> None:
        """Show what probes of the open model score at this layer, or how to get some."""
        probes = self.app.probes  # type: ignore[attr-defined]
        if self.session.model is None:
            self.probes.say("no model is open")
        elif probes.looking:
            self.probes.say("looking for probes …")
        elif not probes.results_of_open_model() and probes.at_open_model:
            self.probes.say("this model is being probed:", "P shows how far that is")
        elif not probes.results_of_open_model():
            self.probes.say("this model was not probed yet:", "P, then a, probes it")
        else:
            base = probes.lineage.base_name
            self.probes.show(
                probes.bars(), self.at_layer or 0, self.look, base=base, more=probes.at_open_model
            )

    def show_selection(self) -> None:
        """Mark the selected token everywhere and list what is near it at this layer."""
        extraction, token = self.session.extraction, self.selected
        found = self._nearest()
        near = [neighbour.token for neighbour in found]
        self.scatter.highlight(() if token is None else (token, *near))
        self.tokens.select(token, near)
        self.text.select(token)
        self.neighbours.show(self.overlays.page(extraction, found))

    def show_selected(self) -> None:
        """Show what changes with the selected token, and ask for what is not there yet."""
        self.overlays.want()
        if self.overlays.trail_on and self.session.extraction is not None:
            self.show_picture()
        self.show_selection()

    def show_waiting(self, message: str) -> None:
        """Empty what belongs to a sample and say why."""
        self.scatter.show(None, 0, message=message)
        self.tokens.show(None, self.look, self.mode, ())
        self.neighbours.show(self.overlays.page(None, ()))
        self.show_layer_bar()
        self.show_probes()

    def _nearest(self) -> tuple[Neighbour, ...]:
        extraction = self.session.extraction
        if extraction is None or self.selected is None or self.at_layer is None:
            return ()
        states, among = extraction.states[self.at_layer], self.shown_tokens(extraction)
        return nearest(states, self.selected, among, k=_NEIGHBOURS, by=self.metric)

    def shown_tokens(self, extraction: Extraction) -> tuple[int, ...]:
        """Return the tokens in the picture."""
        choice = self.session.choice
        return extraction.shown(special=choice.special, outliers=choice.outliers)

    def show_layer_bar(self) -> None:
        """Draw the layers and the prediction."""
        extraction = self.session.extraction
        model = self.session.model
        layers = extraction.layers if extraction else model.layers if model else None
        state = f"go to {self.digits}_" if self.digits else "playing" if self.playing else ""
        layer = layers or 0 if self.at_layer is None else self.at_layer
        self.layer_bar.show(layer, layers, extraction, look=self.look, state=state)

    def show_status(self) -> None:
        """Say what is open and what the engine is doing."""
        session = self.session
        names = ["bertscope"]
        names.append(clean(session.model.name) if session.model else "no model")
        if session.dataset is not None:
            variant = f" ({session.dataset.variant})" if session.dataset.variant else ""
            names.append(clean(session.dataset.name) + variant)
            if session.sample is not None:
                what_if = self.app.what_if  # type: ignore[attr-defined]
                place = session.dataset.place(what_if.record_of(session.sample).id)
                count = len(session.dataset.samples)
                names.append(f"{place + 1 if place is not None else '?'}/{count}")
                if (history := what_if.history) is not None:
                    names.append(f"edit {history.at}/{len(history.steps) - 1}")
        right = [f"{session.work} · Esc cancels" if session.work else session.scoring]
        if session.scanning is not None:
            right.append(scan_words(session.scanning.name, session.scan_progress))
        elif self.app.scans.can_go_back and not session.work:  # type: ignore[attr-defined]
            right.append("Esc: back to the scan")
        if probing := self.app.probes.words:  # type: ignore[attr-defined]
            right.append(probing)
        right.append(self.app.phase_runs.words)  # type: ignore[attr-defined]
        if self.wrong_direction:
            right.insert(0, "looking for a wrong one")
        if session.model is not None:
            right.append(f"{session.model.device} {session.model.dtype}")
        separator, arrow = (" - ", " > ") if self.look.ascii else (" · ", " ▸ ")
        self.status.show(
            " " + arrow.join(names),
            separator.join(clean(part) for part in right if part),
            busy=bool(session.work),
        )

    def show_open(self) -> None:
        """Mark the open model and data set in the picker."""
        model, dataset = self.session.model, self.session.dataset
        self.picker.mark_open(
            model.name if model else None,
            (dataset.path, dataset.variant) if dataset else None,
        )
        self.show_status()
