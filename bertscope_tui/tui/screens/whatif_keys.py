"""Editing the open sample, going back and on between its steps, and leaving layers out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bertscope_tui.data.editing import without_sentence
from bertscope_tui.data.hygiene import clean, shown
from bertscope_tui.data.records import QASample
from bertscope_tui.errors import BertscopeError
from bertscope_tui.inspection.skipping import skip_layers
from bertscope_tui.inspection.snapshots import Extraction, Pictures
from bertscope_tui.inspection.views import Look, token_label
from bertscope_tui.inspection.whatif import counterpart, outcome_words
from bertscope_tui.tui.screens.editor import EditorScreen
from bertscope_tui.tui.screens.pick import Choice, PickScreen
from bertscope_tui.tui.screens.picture_keys import PictureKeys
from bertscope_tui.tui.screens.save_form import Saving, save_form
from bertscope_tui.tui.whatif import BEFORE, Before, WhatIf
from bertscope_tui.tui.widgets.edits import Edits, edit_lines
from bertscope_tui.tui.widgets.skip_strip import SkipStrip

if TYPE_CHECKING:
    from bertscope_tui.engine.jobs import Job
    from bertscope_tui.engine.skipping import Skipped
    from bertscope_tui.models.loading import LoadedModel

SKIPPING = "skipping"
"""The kind of derived work that leaves out each layer once."""

_SENTENCE = 200
"""Characters of a sentence that a list of sentences shows."""


class WhatIfKeys(PictureKeys):
    """The part of the inspector that asks what the model would say if something were otherwise."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._skipped: tuple[Extraction, tuple[Skipped, ...]] | None = None
        self._carried: tuple[QASample, Extraction, int] | None = None

    @property
    def what_if(self) -> WhatIf:
        """Return the edits of all samples."""
        return self.app.what_if  # type: ignore[attr-defined,no-any-return]

    def open_sample(self, sample: QASample, *, window: int | None = None) -> None:
        """Open a sample; the inspector says how."""
        raise NotImplementedError

    # -- editing -----------------------------------------------------------------------------

    def _editable(self) -> QASample | None:
        """Return the open sample as the model was given it, or say why there is none."""
        extraction, sample = self.session.extraction, self.session.sample
        if sample is None:
            self.notify("no sample is open", markup=False)
        return sample if extraction is None else extraction.sample

    def action_edit(self) -> None:
        """Edit question or context, and run the model again."""
        sample = self._editable()
        if sample is None or self.has_class("-tiny"):
            return

        def done(changed: QASample | None) -> None:
            if changed is None:
                return
            parts = [
                name
                for name, old, new in (
                    ("question", sample.question, changed.question),
                    ("context", sample.context, changed.context),
                )
                if old != new
            ]
            self._open_edit(sample, changed, f"{' and '.join(parts)} changed")

        self.app.push_screen(EditorScreen(sample, context=self.active == "text"), done)

    def action_strike(self) -> None:
        """Strike out the sentence of the selected token, else one that is chosen.

        In the text pane a cursor chooses it, elsewhere a list.
        """
        sample = self._editable()
        if sample is None:
            return
        if len(sample.sentences) < 2:
            self.notify("there is no other sentence that would be left", markup=False)
            return
        place = self.text.sentence if self.choosing_sentence else self._selected_sentence()
        if place is not None:
            self._strike(sample, place)
        elif self.active == "text":
            self.text.show_sentence(self._first_sentence(sample))
        elif not self.has_class("-tiny"):
            self._choose_sentence(sample)

    @property
    def choosing_sentence(self) -> bool:
        """Say whether the arrows move the sentence cursor of the text pane."""
        return self.active == "text" and self.text.sentence is not None

    def _selected_sentence(self) -> int | None:
        extraction, token = self.session.extraction, self.selected
        if extraction is None or token is None:
            return None
        return extraction.sentences[token]

    def _first_sentence(self, sample: QASample) -> int:
        """Return where the sentence cursor starts: at the prediction's sentence if there is one."""
        extraction = self.session.extraction
        prediction = None if extraction is None else extraction.prediction
        span = None if prediction is None else prediction.span
        if span is None:
            return 0
        over = [n for n, sentence in enumerate(sample.sentences) if sentence.overlaps(span)]
        return over[0] if over else 0

    def _choose_sentence(self, sample: QASample) -> None:
        choices = [
            Choice(str(number + 1), _beginning(span.of(sample.context).strip()), number)
            for number, span in enumerate(sample.sentences)
        ]

        def chosen(value: object) -> None:
            if isinstance(value, int):
                self._strike(sample, value)

        self.app.push_screen(
            PickScreen("strike out a sentence", choices, enter="Enter strikes it out"), chosen
        )

    def _strike(self, sample: QASample, place: int) -> None:
        try:
            changed = without_sentence(sample, place)
        except BertscopeError as error:
            self.notify(clean(str(error)), severity="warning", markup=False)
            return
        self.text.show_sentence(None)
        struck = shown(sample.sentences[place].of(sample.context).strip(), 40)
        self._open_edit(sample, changed, f"sentence {place + 1} struck out: {struck}")

    def _open_edit(self, base: QASample, changed: QASample, what: str) -> None:
        """Run the model on a changed sample, unless another was opened while it was changed."""
        extraction, sample = self.session.extraction, self.session.sample
        now = sample if extraction is None else extraction.sample
        if now is None or now.id != base.id or self.session.dataset is None:
            return
        made = self.what_if.edit(base, changed, what)
        self.samples.mark_edited(self.what_if.edited_ids())
        self._show_step(made)

    def _show_step(self, sample: QASample) -> None:
        """Open a step of the open sample with the same word selected, seen from as near."""
        extraction, token, carried = self.session.extraction, self.selected, self._carried
        if extraction is None:
            # That step was not there yet: go on with the word it was to have selected.
            kept = None if carried is None or carried[0] is not self.session.sample else carried
        else:
            kept = None if token is None else (sample, extraction, token)
        view = self.scatter.view
        self.open_sample(sample)
        self._carried = None if kept is None else (sample, *kept[1:])
        self.scatter.view = view

    def action_undo(self) -> None:
        """Go back by one edit."""
        self._step(-1)

    def action_redo(self) -> None:
        """Go on by one edit again."""
        self._step(1)

    def _step(self, by: int) -> None:
        there = self.what_if.step(by)
        if there is not None:
            self._show_step(there)
        elif self.what_if.history is None:
            self.notify("nothing was edited here: E edits, X strikes out", markup=False)
        else:
            self.notify(
                "this is the sample as the data have it" if by < 0 else "this is the last edit",
                markup=False,
            )

    # -- saving ------------------------------------------------------------------------------

    def action_save_edits(self) -> None:
        """Save edited samples to a data set of JSON lines."""
        dataset, sample = self.session.dataset, self.session.sample
        every = self.what_if.to_save()
        if dataset is None or not every:
            self.notify("nothing is edited: E edits a sample, X strikes out", markup=False)
            return
        if self.has_class("-tiny"):
            return
        this = sample if any(one is sample for one in every) else None
        opened = Path(dataset.path).absolute()

        def done(saving: Saving | None) -> None:
            if saving is not None:
                self.what_if.save(saving)

        name = f"{clean(dataset.name).replace('/', '-')}-edited.jsonl"
        self.app.push_screen(save_form(name, this, every, opened), done)

    # -- before and after --------------------------------------------------------------------

    def turned(self, pictures: Pictures) -> Pictures:
        """Return pictures turned onto those before the edit, so that going back is no jump."""
        return self.what_if.turned(pictures)

    def take_extraction(self, extraction: Extraction) -> None:
        """Take in what the model makes of the open step, and select the word again."""
        self._skipped = None
        self.what_if.extracted(extraction)
        self.show_edits()
        carried, self._carried = self._carried, None
        if carried is not None and carried[0] is self.session.sample:
            _, before, token = carried
            if before.model == extraction.model:
                self.selected = counterpart(before, token, extraction)

    def take_what_if(self, kind: str, value: object) -> bool:
        """Take in what was looked up about an edit; say whether it was that."""
        if kind == BEFORE and isinstance(value, Before):
            self.what_if.take(value)
            self.show_edits()
            self.session.turn_again()
            self.show_layer_bar()
        elif kind == SKIPPING and isinstance(value, tuple) and self.session.extraction is not None:
            self._skipped = self.session.extraction, value
            self.show_layer_bar()
        else:
            return False
        return True

    def show_edits(self) -> None:
        """Say above the text what was done to the sample, and what came of it."""
        history = self.what_if.history
        if history is None:
            self.text.set_edits(Edits())
            return
        base = history.base if history.at else None
        self.text.set_edits(Edits(edit_lines(history, self.what_if, self.look), base))

    def action_moved(self) -> None:
        """List the words that the edits moved most at this layer; Enter selects one."""
        found, layer = self.what_if.moved(), self.at_layer
        if found is None or layer is None:
            history = self.what_if.history
            said = "nothing to compare: E edits a sample, X strikes out"
            if history is not None:
                said = "this is the sample as the data have it: U goes on to the edit"
                said = "before and after are still on their way" if history.at else said
            self.notify(said, markup=False)
            return
        if self.has_class("-tiny"):
            return
        choices = [
            Choice(
                token_label(found.after, token),
                f"moved {distance:.2f}, {_whereabouts(found.after, token)}",
                token,
            )
            for (_, token), distance in found.most(layer)
        ]

        def chosen(value: object) -> None:
            if isinstance(value, int) and self.session.extraction is found.after:
                self.select(value)

        title = f"moved most at layer {layer} (1 is the spread of the words)"
        self.app.push_screen(PickScreen(title, choices, enter="Enter goes there"), chosen)

    # -- skipping ----------------------------------------------------------------------------

    def action_skip_layers(self) -> None:
        """Answer once without each layer, or hide that again."""
        extraction, dataset = self.session.extraction, self.session.dataset
        if extraction is None or dataset is None:
            awaited = dataset is not None and self.session.sample is not None
            self.notify(
                "the sample is still on its way" if awaited else "no sample is open", markup=False
            )
        elif self.session.deriving(SKIPPING) or self._skip_strip() is not None:
            self.session.drop_derived(SKIPPING)
            self._skipped = None
            self.show_layer_bar()
            self.show_status()
        elif extraction.prediction is None:
            self.notify("this model makes no prediction that could survive", markup=False)
        else:
            self._skipped = extraction, ()
            options = self.app.read_options.for_dataset(dataset)  # type: ignore[attr-defined]

            def work(job: Job, model: LoadedModel) -> tuple[Skipped, ...]:
                return skip_layers(job, model, extraction.sample, options, SKIPPING)

            self.session.derive(SKIPPING, "answering without each layer", work)
            self.show_layer_bar()

    def _skip_strip(self) -> SkipStrip | None:
        """Return the strip of skipped layers, None where it is not shown."""
        extraction, skipped = self.session.extraction, self._skipped
        if extraction is None or skipped is None or skipped[0] is not extraction:
            return None
        done, count = len(skipped[1]), extraction.layers + 1
        if done == count:
            return SkipStrip(skipped[1])
        if self.session.deriving(SKIPPING):
            return SkipStrip(skipped[1], f"{done} of {count} …")
        return SkipStrip(skipped[1], "stopped: I twice asks again")

    def show_layer_bar(self) -> None:
        """Draw the layers, the answers without each, and that before or after the edit."""
        super().show_layer_bar()
        history = self.what_if.history
        beside = ""
        if history is not None and self.session.extraction is not None:
            # Before the edits; or, gone back to that, what came of the next one.
            other = history.steps[0 if history.at else 1].sample
            if self.what_if.known(other):
                words = outcome_words(self.what_if.outcome(other), self.look, short=True)
                beside = f"{'before' if history.at else 'edited'}: {words}"
        self.layer_bar.show_what_if(self._skip_strip(), beside)


def _beginning(sentence: str) -> str:
    """Return as much of a sentence as a list shows, with a sign where it goes on."""
    return sentence if len(sentence) <= _SENTENCE else f"{sentence[: _SENTENCE - 1]}…"


def _whereabouts(extraction: Extraction, token: int) -> str:
    """Return which of several equal words a token is: its sentence, counted as the lists do."""
    sentence = extraction.sentences[token]
    if sentence is None:
        return extraction.tokens[token].part
    return f"sentence {sentence + 1}"
