"""All layers of the open model and the one beside it, over the data set: asked for, stopped, shown.

The part of `bertscope_tui.tui.comparing_models` that is about more than one sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from bertscope_tui.data.hygiene import clean
from bertscope_tui.tui.screens.cka import CkaScreen
from bertscope_tui.tui.screens.triage_forms import limit_form

if TYPE_CHECKING:
    from bertscope_tui.engine.jobs import Job
    from bertscope_tui.inspection.beside import Beside
    from bertscope_tui.inspection.comparing import Comparison
    from bertscope_tui.models.loading import ModelInfo
    from bertscope_tui.tui.app import BertscopeApp
    from bertscope_tui.tui.screens.side_by_side_keys import SideBySideScreen

Kind = Literal["open", "pair", "compare"]

_OFFERED = 200
"""Samples that the comparison over a data set offers to take: a minute, not an hour."""


class LayerComparisons:
    """The comparison over the data set, and its screen."""

    def __init__(self, app: BertscopeApp) -> None:
        self._app = app
        self._beside: Beside | None = None
        self._side: SideBySideScreen | None = None
        self._cka: CkaScreen | None = None
        self._jobs: dict[Kind, Job] = {}
        self._own: set[int] = set()
        self._work: dict[Kind, str] = {}
        self.other: ModelInfo | None = None
        self.found: Comparison | None = None
        self.progress: tuple[int, int] | None = None

    @property
    def model(self) -> ModelInfo | None:
        """Return the open model."""
        return self._app.session.model

    @property
    def running(self) -> bool:
        """Say whether the models are being compared over the data set."""
        return "compare" in self._jobs

    def layers_now(self) -> tuple[int, int]:
        """Return the layers of the two models that are side by side."""
        side = self._side
        assert side is not None
        return side.layer_of(0) or 0, side.layer_of(1) or 0

    def open_layers(self) -> None:
        """Show how alike all layers are; ask for the comparison where there is none yet."""
        if self.other is None:
            self._tell("the other model is not there yet")
            return
        self._cka = CkaScreen(self._app.look, self)
        self._app.push_screen(self._cka)
        if self.found is None and not self.running:
            self.ask_for_layers()

    def ask_for_layers(self) -> None:
        """Ask over how many samples the models are to be compared."""
        dataset = self._app.session.dataset
        if dataset is None or self.other is None or self.model is None:
            return
        if self.running:
            self._tell("the comparison is under way: s stops it")
            return

        def answered(found: tuple[int | None] | None) -> None:
            if found is not None and self._beside is not None and dataset is not None:
                self._wait("compare", self._beside.compare(dataset, found[0]))
                self.progress = 0, 0
                if self._cka is not None:
                    self._cka.show()

        samples = len(dataset.samples)
        offered = _OFFERED if samples > _OFFERED else None
        what = f"compare {self.model.name} and {self.other.name} on {dataset.name}"
        self._app.push_screen(limit_form(what, samples, offered), answered)

    def stop(self) -> None:
        """Stop the comparison over the data set."""
        job = self._jobs.get("compare")
        if job is not None:
            job.cancel()

    def leave_layers(self, layer: int | None = None) -> None:
        """Go back to the pictures, at this layer of the open model if one is given."""
        if self._cka is not None:
            self._cka = None
            self._app.pop_screen()
        if self._side is not None and layer is not None:
            self._side.show_layer(0, layer)

    def step_changed(self, step: int) -> None:
        """Open the next sample, round the data set, that only one of the models has right."""
        dataset, sample = self._app.session.dataset, self._app.session.sample
        if self.found is None or dataset is None or sample is None:
            self._tell("K compares over the data set: then it is known which these are")
            return
        places = {dataset.place(one): one in self.found.fixed for one in self.found.changed}
        known = sorted(place for place in places if place is not None)
        if not known:
            self._tell("there is no sample that only one of them has right")
            return
        here = dataset.place(self._app.what_if.record_of(sample).id)
        at = len(dataset.samples) if here is None else here
        after = [place for place in known if place > at] or known
        before = [place for place in known if place < at] or known
        chosen = after[0] if step > 0 else before[-1]
        self._app.inspector.wrong_direction = 0
        # They were compared as the data have them.
        self._app.what_if.rewind(dataset.samples[chosen])
        self._app.inspector.open_sample(dataset.samples[chosen])
        self._tell(f"only {'B' if places[chosen] else 'A'} has this one right")
        self.follow()

    def follow(self) -> None:
        """See whether another sample is open, and go along."""
        raise NotImplementedError

    def _wait(self, kind: Kind, job: Job) -> None:
        self._jobs[kind] = job
        self._own.add(job.id)
        self._work[kind] = job.title

    def _tell(self, message: str) -> None:
        self._app.notify(clean(message), markup=False)
