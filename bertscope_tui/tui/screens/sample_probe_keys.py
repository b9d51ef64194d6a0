"""Probing the open sample: having the probes asked, and showing what they say of each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from bertscope_tui.data.hygiene import clean
from bertscope_tui.inspection.probe_views import (
    APPLIED,
    FactMark,
    fact_mark,
    probes_title,
    probes_words,
)
from bertscope_tui.inspection.snapshots import Extraction
from bertscope_tui.inspection.views import Look
from bertscope_tui.tui.screens.probe_keys import ProbeKeys

if TYPE_CHECKING:
    from bertscope_tui.engine.jobs import Job
    from bertscope_tui.inspection.probing import SampleProbes
    from bertscope_tui.models.loading import LoadedModel
    from bertscope_tui.probes.records import ProbeIdentity, ProbeResult

_KIND = "probes"
_AskedAbout = tuple[Extraction, tuple["ProbeIdentity", ...]]


class SampleProbeKeys(ProbeKeys):
    """The part of the inspector that shows what the probes say of what is open.

    They are asked about every layer at once; another layer only shows another part of it. Once
    they are asked for they are asked about every sample that is opened, until they are hidden.
    """

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._probing = False
        self._untold = False
        self._asked_about: _AskedAbout | None = None
        self._said: tuple[Extraction, SampleProbes] | None = None

    @property
    def sample_probes(self) -> SampleProbes | None:
        """Return what the probes say of the open sample; None while nothing is known or shown."""
        if not self._probing or self._said is None:
            return None
        extraction, said = self._said
        return said if extraction is self.session.extraction else None

    def action_probe_sample(self) -> None:
        """Ask the probes about the open sample, or hide what they say."""
        if self._probing and (self.sample_probes is not None or self.session.deriving(_KIND)):
            self._probing, self._asked_about, self._said = False, None, None
            self.session.drop_derived(_KIND)
            self.notify("probes hidden; A asks them again", markup=False)
            self.show_status()
            return
        missing = self._missing()
        if missing:
            self.notify(missing, severity="warning", markup=False)
        self._probing, self._asked_about, self._untold = not missing, None, not missing
        self.want_sample_probes()
        self.show_status()

    def want_sample_probes(self) -> None:
        """Have the probes asked about the open sample, unless that was done."""
        extraction, results = self.session.extraction, self._results()
        if not self._probing or extraction is None or self.session.pictures is None:
            return
        asked = extraction, tuple(one.identity for one in results)
        before = self._asked_about
        if before is not None and before[0] is asked[0] and before[1] == asked[1]:
            return
        self._asked_about, self._said = asked, None
        self.session.drop_derived(_KIND)
        if not results:
            return

        def work(job: Job, _: LoadedModel) -> SampleProbes:
            from bertscope_tui.inspection.probing import probe_sample

            return probe_sample(extraction, results, cancelled=job.cancelled)

        self.session.derive(_KIND, "asking the probes", work)

    def take_sample_probes(self, kind: str, value: object) -> None:
        """Take in what the probes said, if that is what was derived."""
        if kind == _KIND and self.session.extraction is not None:
            said = cast("SampleProbes", value)
            self._said = self.session.extraction, said
            self.show_sample_probes()
            self._tell_at_once(self.session.extraction, said)

    def _tell_at_once(self, extraction: Extraction, said: SampleProbes) -> None:
        """Answer the key where the panes that show what is said are folded away."""
        untold, self._untold = self._untold, False
        layer = self.at_layer
        if not untold or layer is None or self.text.display or self.tokens.display:
            return
        words = probes_words(said, extraction, layer, self.selected) or "nothing could be asked"
        where = "Tab leads to the text and the tokens, which show all"
        self.notify(f"layer {layer}: {words}. {where}", title="probes", markup=False)

    def probes_changed(self) -> None:
        """Results came, went or are those of another model: the new ones are asked."""
        super().probes_changed()
        self.want_sample_probes()
        self.show_sample_probes()

    def _results(self) -> tuple[ProbeResult, ...]:
        """Return the results of the open model whose probes a sample can be given to."""
        found = self.app.probes.results_of_open_model()  # type: ignore[attr-defined]
        return tuple(one for one in found if one.identity.task in APPLIED)

    def _missing(self) -> str:
        """Return why there is nothing to ask, and what helps; empty where there is something."""
        model = self.session.model
        if model is None:
            return "no model is open: m opens one"
        if self.app.probes.looking:  # type: ignore[attr-defined]
            return "the probes there are are still being looked for: A again in a moment"
        if not self._results():
            return (
                f"{clean(model.name)} has no probes for question types, entities or supporting "
                "facts: P, then a, trains some (or bertscope-tui probe)"
            )
        return ""

    # -- drawing -------------------------------------------------------------------------------

    def show_selection(self) -> None:
        """Mark the selected token, and say what the probes say of its word at this layer."""
        super().show_selection()
        self.show_sample_probes()

    def show_status(self) -> None:
        """Say what the engine is doing, beside the text as well where it is asking probes."""
        super().show_status()
        self.show_sample_probes()

    def show_sample_probes(self) -> None:
        """Show what the probes say at this layer, in the text and in the list of tokens."""
        extraction, said = self.session.extraction, self.sample_probes
        layer = self.at_layer
        if extraction is None or layer is None:
            return
        if said is None:
            self.text.show_probes(self._waiting_words(), ())
            self.tokens.show_probes(None, layer)
            return
        words = [f"layer {layer}: {probes_words(said, extraction, layer, self.selected)}"]
        words += [clean(note) for note in said.notes]
        marks: tuple[FactMark, ...] = ()
        if said.facts is not None:
            count = len(extraction.sample.sentences)
            marks = tuple(fact_mark(said, extraction, layer, n, self.look) for n in range(count))
        short = probes_title(said, extraction, layer)
        title = f"layer {layer}: {short}" if short else ""
        self.text.show_probes("; ".join(words), marks, title)
        self.tokens.show_probes(said, layer)

    def _waiting_words(self) -> str:
        """Return what stands where the probes have said nothing, empty where they are hidden."""
        if not self._probing:
            return ""
        if self.session.pictures is None or self.session.deriving(_KIND):
            return "asking them …"
        return "nothing was said: A asks again" if self._results() else self._missing()
