"""A second model beside the open one, as the app knows it: jobs, answers, and the two screens.

The open model, the data set and the sample stay the session's; the inspector below goes along
with every step. The second model is asked through `bertscope_tui.inspection.beside`, and what it
answers to a question that nobody waits for any more is dropped here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bertscope_tui.data.hygiene import clean
from bertscope_tui.engine.jobs import Event, JobEnded, JobProgress, JobResult
from bertscope_tui.inspection.beside import (
    BesideOpened,
    ComparisonDone,
    PairReady,
    PicturesBeside,
    memory_of,
)
from bertscope_tui.inspection.views import Look, method_name
from bertscope_tui.tui.comparing_layers import Kind, LayerComparisons
from bertscope_tui.tui.screens.ask import AskScreen
from bertscope_tui.tui.screens.cka import CkaScreen
from bertscope_tui.tui.screens.pick import Choice, PickScreen, Typed
from bertscope_tui.tui.screens.side_by_side_keys import SideBySideScreen
from bertscope_tui.tui.widgets.picker import describe_model

if TYPE_CHECKING:
    from bertscope_tui.inspection.pairing import Pair, Side
    from bertscope_tui.inspection.snapshots import Extraction, PictureChoice, Pictures
    from bertscope_tui.models.catalog import ModelEntry
    from bertscope_tui.tui.app import BertscopeApp


class ModelComparison(LayerComparisons):
    """What is compared with the open model, and the screens that show it."""

    def __init__(self, app: BertscopeApp) -> None:
        super().__init__(app)
        self._trouble = ""
        self._entry: ModelEntry | None = None
        self._followed: tuple[Extraction | None, PictureChoice | None] = (None, None)
        self.pair: Pair | None = None
        self.pictures: Pictures | None = None

    # -- what the screens show -----------------------------------------------------------------

    @property
    def screen(self) -> SideBySideScreen | CkaScreen | None:
        """Return the screen of a comparison that is open, if one is."""
        return self._cka or self._side

    @property
    def extraction(self) -> Extraction | None:
        """Return what the open model makes of the open sample."""
        return self._app.session.extraction

    @property
    def own_pictures(self) -> Pictures | None:
        """Return the pictures by the open model."""
        return self._app.session.pictures

    @property
    def busy(self) -> bool:
        """Say whether the user waits for something."""
        return bool(self._app.session.work or self._jobs)

    def place(self) -> str:
        """Return the data set, the place in it, and which edit of the sample is open."""
        session = self._app.session
        if session.dataset is None or session.sample is None:
            return ""
        what_if = self._app.what_if
        place = session.dataset.place(what_if.record_of(session.sample).id)
        shown = f"{place + 1 if place is not None else '?'}/{len(session.dataset.samples)}"
        if (history := what_if.history) is not None:
            shown += f", edit {history.at}/{len(history.steps) - 1}"
        return f"{clean(session.dataset.name)} {shown}"

    def remarks(self, *, sizes: bool) -> list[str]:
        """Return what is on its way, and with ``sizes`` how much memory the two models take."""
        session = self._app.session
        waits = session.work or self._work.get("open") or self._work.get("pair")
        parts = [f"{waits} - Esc cancels"] if waits else []
        if self._app.inspector.wrong_direction:
            parts.append("looking for a wrong one")
        if self.progress is not None:
            done, total = self.progress
            parts.append(f"comparing {done:,}/{total:,}")
        if sizes and self.model is not None and self.other is not None:
            taken = f"A {_size(memory_of(self.model))}, B {_size(memory_of(self.other))}"
            parts.append(f"{taken}, {self.other.device} {self.other.dtype}")
        return parts

    def waiting(self, side: Side, layer: int | None) -> str:
        """Return why there is no picture of a side in a layer."""
        session = self._app.session
        name = f"{method_name(session.choice.recipe)}, layer {layer}"
        if side == 0 or session.extraction is None:
            if session.projecting:
                return f"{name}: being made …"
            return session.work or session.no_picture or "no picture of this sample"
        if self.pair is not None and "pair" in self._jobs:
            return f"{name}: being made …"
        return self._work.get("open") or self._work.get("pair") or self._trouble

    def waiting_for_words(self) -> str:
        """Return why there are no words that both models read."""
        if not self._trouble:
            return "waiting for both models …"
        if self.other is None:
            return "no second model: m chooses one"
        return "B has not seen this sample"

    # -- choosing the other model --------------------------------------------------------------

    def ask(self) -> None:
        """Ask which model is to be seen beside the open one; its own base comes first."""
        from bertscope_tui.models.catalog import find_base

        session = self._app.session
        model, entry = session.model, session.model_entry
        if model is None or session.dataset is None or session.sample is None:
            coming = session.opening_model
            self._tell("the model is on its way" if coming else "open a model and a data set first")
            return
        base = None if entry is None else find_base(entry)
        choices = []
        if base is not None:
            remark = f"{clean(model.name)} before fine-tuning; {describe_model(base)}"
            choices.append(Choice(base.name, remark, base))
        taken = {str(model.path)} | ({str(base.path)} if base is not None else set())
        choices += [
            Choice(listed.name, describe_model(listed), listed)
            for listed in self._app.listing.models
            if str(listed.path) not in taken
        ]

        def chosen(value: object) -> None:
            if isinstance(value, Typed):
                self.start(value.text)
            elif value is not None:
                self.start(value)  # type: ignore[arg-type]

        title = f"compare {clean(model.name)} with"
        self._app.push_screen(PickScreen(title, choices, typed="name, or a folder's path"), chosen)

    def start(self, entry: ModelEntry | str) -> None:
        """Open a model beside the open one, in place of the one that is there."""
        for job in self._jobs.values():
            job.cancel()
        self._jobs.clear()
        self._work.clear()
        self.other = self.pair = self.pictures = self.found = self.progress = self._entry = None
        self._trouble = ""
        if self._beside is None:
            self._beside = self._app.service.beside()
        self._wait("open", self._beside.open(entry))
        session = self._app.session
        self._followed = session.extraction, session.choice
        if self._side is None:
            inspector = self._app.inspector
            layer = inspector.at_layer or 0
            self._side = SideBySideScreen(self._app.look, self, layer, inspector.mode)
            self._app.push_screen(self._side)
        elif self._side.ready:
            self._side.show_sample()

    # -- answers -------------------------------------------------------------------------------

    def take(self, event: Event) -> bool:
        """Take in an event of the engine; say whether it belongs to a job of ours."""
        if event.job not in self._own:
            return False
        kind = next((kind for kind, job in self._jobs.items() if job.id == event.job), None)
        if isinstance(event, JobEnded):
            self._own.discard(event.job)
        if kind is None:
            return True
        if isinstance(event, JobResult):
            self._result(event.value)
        elif isinstance(event, JobProgress):
            if kind == "compare":
                self.progress = event.done, event.total or 0
                if self._cka is not None:
                    self._cka.show_status()
            else:
                figures = f" {event.done:,}/{event.total:,}" if event.total else ""
                self._work[kind] = f"{event.text}{figures}"
                self._show_side()
        elif isinstance(event, JobEnded):
            self._ended(kind, event)
        return True

    def _result(self, value: object) -> None:
        if isinstance(value, BesideOpened):
            self.other, self._entry = value.info, value.entry
            for note in value.info.notes:
                self._tell(f"{value.info.name}: {note}")
            self._tell(self._sizes(value))
            self._ask_for_pair()
        elif isinstance(value, PairReady):
            self.pair, self.pictures = value.pair, None
        elif isinstance(value, PicturesBeside):
            self.pictures = value.pictures
        elif isinstance(value, ComparisonDone):
            self.found = value.comparison
            if self._cka is not None:
                self._cka.show()
            else:
                self._tell("all layers are compared: K shows it")
            return
        self._show_side()

    def _sizes(self, opened: BesideOpened) -> str:
        assert self.model is not None
        own = f"{opened.info.name} ({_size(memory_of(opened.info))})"
        words = f"{own} beside {self.model.name} ({_size(memory_of(self.model))})"
        if opened.free is not None:
            words += f"; {_size(opened.free)} of {opened.info.device} memory are free"
        return words

    def _ended(self, kind: Kind, event: JobEnded) -> None:
        del self._jobs[kind]
        self._work.pop(kind, None)
        if kind == "compare":
            self.progress = None
        if event.error is not None:
            self._app.notify(
                clean(event.error), title="that did not work", severity="error", markup=False
            )
        elif event.cancelled:
            self._tell(f"cancelled: {event.title}")
        if kind == "compare":
            if self._cka is not None:
                self._cka.show()
        elif event.error is not None or event.cancelled:
            again = "m chooses a model" if kind == "open" else "another sample may do"
            self._trouble = event.error or f"cancelled: {again}"
        self._show_side()

    def follow(self) -> None:
        """See whether another sample is open, or other pictures are asked for, and go along."""
        session = self._app.session
        if self._side is None:
            return
        before, now = self._followed, (session.extraction, session.choice)
        if now[0] is before[0] and now[1] == before[1]:
            if self._side.ready:
                self._side.show_own()
            return
        self._followed = now
        self.pictures = None
        if self.other is not None:  # else it is still why there is no other model
            self._trouble = ""
        self._drop("pair")
        if now[0] is not before[0]:
            self.pair = None
        self._ask_for_pair()
        if not self._side.ready:
            return
        if now[0] is not before[0]:
            self._side.show_sample()
        else:
            self._side.show()

    def _ask_for_pair(self) -> None:
        session = self._app.session
        if self._beside is None or self.other is None or session.extraction is None:
            return
        assert session.sample is not None
        assert session.dataset is not None
        job = self._beside.pair(
            session.extraction,
            session.choice,
            session.sample,
            session.dataset,
            layer=None if self._side is None else self._side.layer_of(1),
        )
        self._wait("pair", job)

    def _show_side(self) -> None:
        if self._side is not None and self._side.ready:
            self._side.show()

    def _drop(self, kind: Kind) -> None:
        job = self._jobs.pop(kind, None)
        self._work.pop(kind, None)
        if job is not None:
            job.cancel()

    def show_look(self, look: Look) -> None:
        """Draw with another theme."""
        for screen in (self._side, self._cka):
            if screen is not None and screen.ready:
                screen.show_look(look)

    # -- samples -------------------------------------------------------------------------------

    def step_sample(self, step: int) -> None:
        """Open the next sample of the list, or the one before, in both models."""
        inspector = self._app.inspector
        row = inspector.samples.cursor + step
        sample = inspector.samples.sample_at(row)
        if sample is not None:
            inspector.wrong_direction = 0
            inspector.samples.place_cursor(row)
            inspector.open_sample(sample)
            self.follow()

    def ask_inspector(self, action: str) -> None:
        """Do what a key of the inspector does, for both models."""
        getattr(self._app.inspector, f"action_{action}")()
        self.follow()

    def toggle_outliers(self, seen: Mapping[str, Extraction]) -> None:
        """Show or hide outliers in both pictures, where one of these extractions has some."""
        self._app.inspector.toggle_outliers(seen)
        self.follow()

    def cancel(self) -> bool:
        """Cancel what the user waits for; say whether there was anything."""
        inspector = self._app.inspector
        if inspector.wrong_direction:
            inspector.wrong_direction = 0
            return True
        waited = [job for kind, job in self._jobs.items() if kind != "compare"]
        for job in waited:
            job.cancel()
        return self._app.session.cancel() or bool(waited)

    # -- leaving -------------------------------------------------------------------------------

    def ask_to_leave(self, side: Side) -> None:
        """Go back to the inspector with the model of a side; ask first if something would stop."""
        if not self.running:
            self.leave(side)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.leave(side)

        question = "Stop the comparison over the data set? Nothing of it is kept."
        self._app.push_screen(AskScreen(question, lambda: self.running), answered)

    def leave(self, side: Side) -> None:
        """Go back to the inspector with the model of a side, at its layer; let the other go."""
        screen, entry, pair = self._side, self._entry, self.pair
        if screen is None:
            return
        layer = screen.layer_of(side)
        unit = screen.unit
        if self._beside is not None:
            self._beside.close()
        self._beside = self._side = self._entry = None
        self._jobs.clear()
        self._work.clear()
        self._followed = None, None
        self.other = self.pictures = self.pair = self.found = self.progress = None
        self._app.pop_screen()
        inspector = self._app.inspector
        if side == 1 and entry is not None:
            inspector.at_layer = layer
            inspector.open_model(entry)
        elif layer is not None:
            inspector.set_layer(layer)
            if unit is not None and pair is not None:
                inspector.select(pair.tokens(0, unit)[0])


def _size(count: int) -> str:
    """Return bytes in the unit that suits them."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
