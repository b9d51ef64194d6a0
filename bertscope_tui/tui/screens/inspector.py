"""What keys, clicks and the engine's answers do in the inspector.

The screen is the session's listener. It holds no model and starts no work itself: it asks the
session, and draws through the panes that it inherits.
"""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.records import QASample
from bertscope_tui.engine.scoring import SampleScore
from bertscope_tui.errors import BertscopeError
from bertscope_tui.inspection.choice import find_sample
from bertscope_tui.inspection.snapshots import Extraction, Pictures
from bertscope_tui.inspection.views import Look
from bertscope_tui.tui.actions import bindings
from bertscope_tui.tui.screens.opening_keys import OpeningKeys
from bertscope_tui.tui.screens.overlay_keys import OverlayKeys
from bertscope_tui.tui.screens.panes import PANES
from bertscope_tui.tui.screens.sample_probe_keys import SampleProbeKeys
from bertscope_tui.tui.screens.strip_keys import StripKeys
from bertscope_tui.tui.screens.whatif_keys import WhatIfKeys
from bertscope_tui.tui.widgets.bars import KeyBar, PaneTabs
from bertscope_tui.tui.widgets.line_list import LineList
from bertscope_tui.tui.widgets.picker import DatasetChoice
from bertscope_tui.tui.widgets.samples import SampleList
from bertscope_tui.tui.widgets.text_pane import TextPane

_SEARCH_DELAY_S = 0.15


class Inspector(WhatIfKeys, StripKeys, SampleProbeKeys, OverlayKeys, OpeningKeys):
    """One model, one data set, one sample, one layer at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._start_sample: str | None = None
        self._window: tuple[int, int] | None = None
        self._search_timer: Timer | None = None

    def start_with(self, sample: str | None) -> None:
        """Open this sample (an id, or ``#N`` counted from one) when the data set is there."""
        self._start_sample = sample

    # -- what the session tells --------------------------------------------------------------

    def model_changed(self) -> None:
        """A model was opened or let go: nothing of the old one stays on screen."""
        self.samples.forget_scores()
        self.forget_strips()
        self.what_if.forget_model()
        self._forget_sample()
        model = self.session.model
        if model is None:
            if self.session.sample is not None:
                self.text.show_sample(self.session.sample)
            self.show_waiting("opening the model …")
        else:
            for note in model.notes:
                self.notify(clean(note), markup=False)
            if self.session.sample is not None:
                self.open_sample(self.session.sample)
            self.app.listing.add_opened()  # type: ignore[attr-defined]
        self.show_open()

    def dataset_changed(self) -> None:
        """A data set was opened: list it and open its first sample, or the one asked for."""
        dataset = self.session.dataset
        assert dataset is not None
        self.samples.show_dataset(dataset)
        self.samples.mark_edited(self.what_if.edited_ids())
        if dataset.problems:
            first = dataset.problems[0]
            self.notify(
                clean(f"{dataset.skipped:,} records skipped; p lists why. First: {first.where}: ")
                + clean(first.what),
                title=clean(f"{dataset.name}: not everything could be read"),
                severity="warning",
                markup=False,
            )
        wanted, self._start_sample = self._start_sample, None
        self.app.listing.add_opened()  # type: ignore[attr-defined]
        self.show_open()
        try:
            sample = find_sample(dataset, wanted)
        except BertscopeError as error:
            self.failed(str(error), error.exit_code)
            sample = dataset.samples[0]
        if wanted is not None:
            self.what_if.rewind(sample)
        self.open_sample(sample)

    def extraction_done(self, extraction: Extraction) -> None:
        """Tokens and prediction of the open sample are there; its pictures follow."""
        with self.app.batch_update():
            self.take_extraction(extraction)
            self.text.show(extraction)
            self.at_layer = min(
                extraction.layers if self.at_layer is None else self.at_layer, extraction.layers
            )
            self.show_tokens(extraction)
            self.show_layer()
            self.show_status()
            dataset, name = self.session.dataset, extraction.sample.id
            listed = dataset is not None and dataset.place(name) is not None
            known = self.samples.score_of(name)
            if listed and known is None and extraction.prediction is not None:
                self.samples.add_scores((_score_of(extraction),))

    def projection_ready(self, pictures: Pictures) -> None:
        """The pictures of all layers are there."""
        with self.app.batch_update():
            self.show_layer()
        if not pictures.complete:
            return
        # Reading the layers is quick; looking for phases takes longer than the next sample.
        self.want_strips("lens")
        self.want_sample_probes()
        self._prefetch()
        self.want_strips("phases")
        self.app.picture_drawn()  # type: ignore[attr-defined]

    def derived(self, kind: str, value: object) -> None:
        """Something more about the open sample is there: the pane that asked for it shows it."""
        if not self.take_what_if(kind, value) and not self.overlays.take(value):
            self.take_strip(kind, value)
            self.take_sample_probes(kind, value)

    def samples_scored(self, scores: tuple[SampleScore, ...]) -> None:
        """More samples have their marks; go on looking for a wrong one if that was asked."""
        self.samples.add_scores(scores)
        if self.wrong_direction:
            self._find_wrong()

    def scoring_ended(self) -> None:
        """No more marks will come: what was not found by now is not there."""
        if self.wrong_direction:
            self._find_wrong()

    def work_changed(self) -> None:
        """The engine took something up or put it down."""
        self.show_status()

    def failed(self, message: str, code: int = 1) -> None:
        """Say in one line what did not work."""
        self.app.something_failed(message, code)  # type: ignore[attr-defined]
        self.notify(clean(message), title="that did not work", severity="error", markup=False)
        if self.session.extraction is None:
            self.show_waiting(clean(message))
        self.show_unmade()
        self.want_strips()  # they need no picture
        self.show_status()

    def cancelled(self, title: str) -> None:
        """Say that something was cancelled."""
        self.notify(f"cancelled: {clean(title)}", markup=False)
        if self.session.extraction is None:
            self.show_waiting("cancelled: Enter on a sample, m or d open again")
        self.want_strips()
        self.show_unmade()

    # -- opening -----------------------------------------------------------------------------

    def open_sample(self, sample: QASample, *, window: int | None = None) -> None:
        """Show a sample: its text at once, the rest when the engine has it."""
        sample = self.what_if.now(sample)
        self._forget_sample()
        self.session.open_sample(sample, window=window, first=self.at_layer)
        self.show_edits()
        self.text.show_sample(sample)
        self.samples.show_cursor_on(self.what_if.record_of(sample).id)
        if self.session.model is not None:
            self.show_waiting("extracting …")
        elif self.session.opening_model:
            self.show_waiting("waiting for the model …")
        else:
            self.show_waiting("no model is open: m opens one")
        self.session.score_first(self.samples.visible_ids())
        self.show_status()

    def _forget_sample(self) -> None:
        self.selected = None
        self._window = None
        self.strips_due()
        self.scatter.reset_view()
        self.scatter.highlight(())

    def _prefetch(self) -> None:
        """Get the samples around the cursor ready, the next one first."""
        around = (self.samples.cursor + 1, self.samples.cursor - 1)
        found = [s for row in around if (s := self.samples.sample_at(row))]
        self.session.prefetch([self.what_if.now(sample) for sample in found])

    # -- samples -----------------------------------------------------------------------------

    def _pane(self) -> Widget:
        """Return the pane that keys go to.

        That is not asked of the focus, which Textual moves only after the keys that are already
        waiting: a quick ``t`` and an arrow would go to two panes.
        """
        return self.query_one(f"#{self.active}")

    def _list(self) -> LineList:
        """Return the list that the arrows move in: the active one, else the samples."""
        pane = self._pane()
        return pane if isinstance(pane, LineList) else self.samples

    def action_move_down(self) -> None:
        """Go one line down in the focused list, else one sample on."""
        self._move(1)

    def action_move_up(self) -> None:
        """Go one line up in the focused list, else one sample back."""
        self._move(-1)

    def _move(self, step: int) -> None:
        if self.choosing_sentence:
            self.text.move_sentence(step)
        else:
            self._list().move(step)

    def action_page_down(self) -> None:
        """Go a page down in the focused pane."""
        self._page(1)

    def action_page_up(self) -> None:
        """Go a page up in the focused pane."""
        self._page(-1)

    def _page(self, direction: int) -> None:
        pane = self._pane()
        (pane if isinstance(pane, TextPane) else self._list()).page(direction)

    @on(LineList.Moved, "#samples")
    def _sample_moved(self, event: LineList.Moved) -> None:
        self.wrong_direction = 0
        sample = self.samples.sample_at(event.index)
        if sample is not None:
            self.open_sample(sample)

    @on(SampleList.Scrolled)
    def _samples_scrolled(self) -> None:
        """Have what is on screen scored first, unless something else is looked for."""
        if not self.wrong_direction:
            self.session.score_first(self.samples.visible_ids())

    def action_wrong_next(self) -> None:
        """Go to the next mispredicted sample."""
        self._look_for_wrong(1)

    def action_wrong_previous(self) -> None:
        """Go to the previous mispredicted sample."""
        self._look_for_wrong(-1)

    def _look_for_wrong(self, direction: int) -> None:
        if self.app.scans.step_wrong(direction):  # type: ignore[attr-defined]
            return
        model = self.session.model
        if model is None or self.session.dataset is None:
            self.notify("open a model and a data set first", markup=False)
        elif model.head is None:
            self.notify("this model makes no prediction, so none is wrong", markup=False)
        else:
            self.wrong_direction = direction
            self._find_wrong()

    def _find_wrong(self) -> None:
        """Open the next wrong sample if it is known, else have the engine look there first."""
        row, unknown = self.samples.next_wrong(self.samples.cursor, self.wrong_direction)
        if row is not None:
            self.wrong_direction = 0
            sample = self.samples.sample_at(row)
            assert sample is not None
            self.samples.place_cursor(row)
            self.open_sample(sample)
        elif unknown is not None and self.session.marks_due:
            ahead = range(unknown, unknown + 16 * self.wrong_direction, self.wrong_direction)
            found = [self.samples.sample_at(row) for row in ahead]
            self.session.score_first([sample.id for sample in found if sample is not None])
        else:
            way = "after" if self.wrong_direction > 0 else "before"
            self.wrong_direction = 0
            known = "known " if unknown is not None else ""
            self.notify(f"no mispredicted sample {known}{way} this one", markup=False)
        self.show_status()

    def action_search(self) -> None:
        """Open the search line."""
        self.search.add_class("-open")
        self.search.value = self.samples.query_text
        self.search.focus()

    @on(Input.Changed, "#search")
    def _search_changed(self) -> None:
        """Search when typing pauses: a large data set is not searched for every letter."""
        if self._search_timer is not None:
            self._search_timer.stop()
        self._search_timer = self.set_timer(_SEARCH_DELAY_S, self._search_now)

    @on(Input.Submitted, "#search")
    def _search_submitted(self, event: Input.Submitted) -> None:
        self.search.value = event.value
        self._search_now()
        self._close_search()
        sample = self.samples.sample_at(self.samples.cursor)
        if sample is None:
            self.notify("no sample has that", severity="warning", markup=False)
        elif self.what_if.now(sample) is not self.session.sample:
            self.open_sample(sample)

    def _search_now(self) -> None:
        if self._search_timer is not None:
            self._search_timer.stop()
            self._search_timer = None
        if self.search.has_class("-open"):
            self.samples.search(self.search.value)

    def _close_search(self) -> None:
        self.search.remove_class("-open")
        self.activate("samples")

    def action_window_next(self) -> None:
        """Show the next window of a long context."""
        self._step_window(1)

    def action_window_previous(self) -> None:
        """Show the window before."""
        self._step_window(-1)

    def _step_window(self, step: int) -> None:
        extraction, sample = self.session.extraction, self.session.sample
        if extraction is not None:
            self._window = (extraction.window.index, extraction.window.count)
        if sample is None or self._window is None:
            return
        index, count = self._window
        if count == 1:
            self.notify("the whole context fits into one window", markup=False)
            return
        # Counted from the window last asked for: it may not be on screen yet.
        asked = ((index + step) % count, count)
        self.open_sample(sample, window=asked[0])
        self._window = asked

    # -- panes and the rest ----------------------------------------------------------------------

    @on(PaneTabs.PaneClicked)
    def _pane_clicked(self, event: PaneTabs.PaneClicked) -> None:
        self.activate(event.pane)

    @on(KeyBar.KeyClicked)
    async def _key_clicked(self, event: KeyBar.KeyClicked) -> None:
        await self.run_action(event.action)

    def action_pane_next(self) -> None:
        """Go to the next pane."""
        self._step_pane(1)

    def action_pane_previous(self) -> None:
        """Go to the pane before."""
        self._step_pane(-1)

    def _step_pane(self, step: int) -> None:
        names = [name for name, _ in PANES]
        if self.maximized is not None:
            self.minimize()
        if self.search.has_class("-open"):  # what was found stays listed
            self._search_now()
            self._close_search()
        self.activate(names[(names.index(self.active) + step) % len(names)])

    def action_zoom_pane(self) -> None:
        """Give the focused pane the whole screen, or put it back."""
        if self.maximized is not None:
            self.minimize()
        elif self.focused is not None:
            self.maximize(self.focused)

    def action_activate(self) -> None:
        """Open the line under the cursor of the focused list."""
        pane = self._pane()
        if self.choosing_sentence:
            self.action_strike()
        elif isinstance(pane, LineList) and pane.row_count and pane.selectable(pane.cursor):
            pane.post_message(LineList.Activated(pane, pane.cursor))

    @on(LineList.Activated, "#samples")
    def _sample_chosen(self, event: LineList.Activated) -> None:
        self.wrong_direction = 0
        sample = self.samples.sample_at(event.index)
        if sample is not None and (
            self.what_if.now(sample) is not self.session.sample or self.session.extraction is None
        ):
            self.open_sample(sample)

    @on(LineList.Activated, "#picker")
    def _picked(self, event: LineList.Activated) -> None:
        choice = self.picker.choice(event.index)
        if isinstance(choice, DatasetChoice):
            self.open_dataset(choice)
        elif choice is not None:
            self.open_model(choice)

    def action_escape(self) -> None:
        """Undo the innermost thing that is open or running."""
        if self.search.has_class("-open"):
            self.search.value = ""
            self._search_now()
            self._close_search()
        elif self.digits:
            self.digits = ""
            self.show_layer_bar()
        elif self.choosing_sentence:
            self.text.show_sentence(None)
        elif self.playing:
            self.stop_playing()
        elif self.wrong_direction:
            self.wrong_direction = 0
            self.show_status()
        elif self.session.cancel():
            self.show_status()
        elif self.maximized is not None:
            self.minimize()
        elif self.selected is not None:
            self.select(None)
        elif self.samples.query_text:
            self.samples.search("")
        elif self.active != "samples":
            self.activate("samples")
        else:
            self.leave_for_scans()


def _score_of(extraction: Extraction) -> SampleScore:
    prediction = extraction.prediction
    assert prediction is not None
    return SampleScore(
        extraction.sample.id, prediction.text, prediction.probability, extraction.scores
    )
