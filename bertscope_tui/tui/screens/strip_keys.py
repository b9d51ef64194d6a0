"""The strips under the layer bar: which are shown, and having them computed for the open sample."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from textual import events

from bertscope_tui.analysis.phases import PhaseFinder, Phases
from bertscope_tui.engine.jobs import Job, Priority
from bertscope_tui.inspection.lens import NO_HEAD, Lens, read_lens
from bertscope_tui.inspection.pipeline import layout
from bertscope_tui.inspection.snapshots import Extraction
from bertscope_tui.inspection.views import Look
from bertscope_tui.tui.screens.panes import InspectorPanes
from bertscope_tui.tui.widgets.strips import WHICH, Strips, Which

if TYPE_CHECKING:
    from bertscope_tui.data.records import QASample
    from bertscope_tui.models.loading import LoadedModel

StripKind = Literal["phases", "lens"]

_ROOMY = 30
"""Rows of the terminal from which on both strips are shown unless the user chose otherwise."""

_LONGEST = 1024
"""Tokens of the longest window in which phases are looked for unasked: a layer takes a second on a
CPU then, which is the longest that a sample that is opened may have to wait."""

_KEPT = 64
"""Samples whose strips are kept for when they are gone back to."""

_TITLES: dict[StripKind, str] = {"phases": "looking for phases", "lens": "reading the layers"}

_Key = tuple["QASample", int]


class StripKeys(InspectorPanes):
    """The part of the inspector that has phases and answers found for what is open."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._chosen: Which | None = None
        self._found: dict[StripKind, tuple[Extraction, object]] = {}
        self._asked: dict[StripKind, Extraction] = {}
        self._asked_again: Extraction | None = None
        self._kept: OrderedDict[_Key, dict[StripKind, object]] = OrderedDict()

    @property
    def strips(self) -> Which:
        """Return which strips are shown: what was chosen, else what there is room for."""
        if self._chosen is not None:
            return self._chosen
        return "both" if self.app.size.height >= _ROOMY else "phases"

    def action_strips(self) -> None:
        """Show the next choice of strips; where one could not be found, ask for it again first."""
        extraction = self.session.extraction
        if self._asked_again is not extraction and any(map(self._in_vain, self._shown)):
            # Once: who wants the strips away must get past those that cannot be had.
            self._asked_again = extraction
            self.strips_due()
            self.want_strips()
            return
        self._chosen = WHICH[(WHICH.index(self.strips) + 1) % len(WHICH)]
        self.strips_due()
        if self._chosen == "none":
            self.notify("no strips under the layers; i shows them again", markup=False)
        self.want_strips()
        self.show_layer_bar()

    def action_phases(self) -> None:
        """Show phases over data sets."""
        self.app.action_phases()  # type: ignore[attr-defined]

    def on_resize(self, event: events.Resize) -> None:
        """A higher terminal has room for more."""
        if self.is_mounted and self.session.pictures is not None:
            self.want_strips()
        if self.is_mounted:
            self.show_layer_bar()

    # -- having them computed ------------------------------------------------------------------

    def want_strips(self, *kinds: StripKind) -> None:
        """Have what is shown of these kinds (all if none is named) found for the open sample."""
        extraction = self.session.extraction
        if extraction is None:
            return
        shown = Strips(self.strips)
        for kind in kinds or ("lens", "phases"):
            wanted = shown.has_answers
            if kind == "phases":
                wanted = shown.has_phases and len(extraction.tokens) <= _LONGEST
            asked = self._asked.get(kind) is extraction
            asked = asked or self.session.deriving(kind)
            if not wanted or asked or self._value(kind) is not None:
                continue
            self._asked[kind] = extraction
            kept = self._kept.get(_key(extraction), {}).get(kind)
            if kept is not None:
                self._found[kind] = extraction, kept
                continue
            work = self._work(kind, extraction)
            self.session.derive(kind, _TITLES[kind], work, Priority.PREFETCH)
        self.show_layer_bar()

    def take_strip(self, kind: str, value: object) -> bool:
        """Take in what was found for the open sample; say whether it is a strip."""
        extraction = self.session.extraction
        if extraction is None or not isinstance(value, Phases | Lens):
            return False
        found: StripKind = "phases" if isinstance(value, Phases) else "lens"
        self._found[found] = extraction, value
        key = _key(extraction)
        self._kept.setdefault(key, {})[found] = value
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        self.show_layer_bar()
        return True

    def strips_due(self) -> None:
        """Have strips that were asked for in vain asked for again."""
        self._asked.clear()

    def forget_strips(self) -> None:
        """Drop what was found with a model that is not open any more."""
        self._found.clear()
        self._kept.clear()

    def _work(
        self, kind: StripKind, extraction: Extraction
    ) -> Callable[[Job, LoadedModel], object]:
        if kind == "phases":
            return _phases_work(extraction)
        options, dataset = self.app.read_options, self.session.dataset  # type: ignore[attr-defined]

        def read(job: Job, model: LoadedModel) -> Lens:
            own = options if dataset is None else options.for_dataset(dataset)
            return read_lens(model, extraction, options=own, cancelled=job.preempted)

        return read

    # -- drawing -------------------------------------------------------------------------------

    def show_layer_bar(self) -> None:
        """Draw the layers, the strips and the prediction."""
        super().show_layer_bar()
        phases, lens = self._value("phases"), self._value("lens")
        self.layer_bar.show_strips(
            Strips(
                self.strips,
                phases if isinstance(phases, Phases) else None,
                self._note("phases"),
                lens if isinstance(lens, Lens) else None,
                self._note("lens"),
            )
        )

    def _value(self, kind: StripKind) -> object:
        """Return what was found for the open sample, None if nothing was yet."""
        extraction, value = self._found.get(kind, (None, None))
        return value if extraction is self.session.extraction else None

    @property
    def _shown(self) -> tuple[StripKind, ...]:
        shown = Strips(self.strips)
        kinds: tuple[tuple[StripKind, bool], ...] = (
            ("lens", shown.has_answers),
            ("phases", shown.has_phases),
        )
        return tuple(kind for kind, there in kinds if there)

    def _in_vain(self, kind: StripKind) -> bool:
        """Say whether this was asked for of the open sample, and will not come."""
        extraction = self.session.extraction
        asked = extraction is not None and self._asked.get(kind) is extraction
        return asked and self._value(kind) is None and not self.session.deriving(kind)

    def _note(self, kind: StripKind) -> str:
        """Return what stands where something is not there."""
        extraction = self.session.extraction
        if kind == "lens" and extraction is not None and extraction.prediction is None:
            return NO_HEAD
        if kind == "phases" and extraction is not None and len(extraction.tokens) > _LONGEST:
            return f"not looked for in more than {_LONGEST:,} tokens; bertscope-tui inspect does"
        if self._in_vain(kind):
            return "could not be found: i asks again"
        return f"{_TITLES[kind]} …"


def _key(extraction: Extraction) -> _Key:
    return extraction.sample, extraction.window.index


def _phases_work(extraction: Extraction) -> Callable[[Job, LoadedModel], object]:
    """Return the work, which keeps how far it is for when it is taken up again."""
    finders: list[PhaseFinder] = []

    def find(job: Job, _: LoadedModel) -> Phases:
        if not finders:
            finders.append(PhaseFinder(extraction.states, layout(extraction)))
        return finders[0].run(job.preempted)

    return find
