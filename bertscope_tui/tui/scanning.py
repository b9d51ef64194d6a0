"""Scans as the app knows them: which there are, the one at work here, and their screens.

One screen of scans at a time lies over the inspector; what it shows of a scan outlives it. All
reading and writing of the store goes through a thread of its own, figures through another.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from textual.timer import Timer

from bertscope_tui.analysis.failures import FailureKind, Levels
from bertscope_tui.data.hygiene import clean, shown
from bertscope_tui.data.records import Dataset
from bertscope_tui.errors import DiskError
from bertscope_tui.inspection.scanning import DataSource, ScanEnded
from bertscope_tui.replacing import replace_parts
from bertscope_tui.scans.compare import Comparison
from bertscope_tui.scans.export import FORMATS, export
from bertscope_tui.scans.locking import default_name
from bertscope_tui.scans.records import Run
from bertscope_tui.scans.scan import ScanRequest
from bertscope_tui.scans.store import Store
from bertscope_tui.tui.background import Answer, Background, Task
from bertscope_tui.tui.screens.ask import AskScreen
from bertscope_tui.tui.screens.comparison import At, ComparisonScreen
from bertscope_tui.tui.screens.overview import OverviewScreen
from bertscope_tui.tui.screens.page import rules_page
from bertscope_tui.tui.screens.scans import ScansScreen
from bertscope_tui.tui.screens.triage import TriageScreen
from bertscope_tui.tui.screens.triage_forms import scan_form
from bertscope_tui.tui.triaging import Triage
from bertscope_tui.tui.widgets.scan_list import progress

if TYPE_CHECKING:
    from bertscope_tui.tui.app import BertscopeApp

ScanScreen = ScansScreen | TriageScreen | OverviewScreen | ComparisonScreen

_OFTEN_S = 1.0
"""Seconds between two looks at the store while a screen of scans is open …"""

_SHARE = 10
"""… and a look takes at most one part in so many of the time."""


class Scans:
    """The scans there are, and what the user has open of them."""

    def __init__(self, app: BertscopeApp) -> None:
        self._app = app

        def hand_over(call: Callable[[], None]) -> None:
            app.post_message(Answer(call))

        self._store = Background("store of scans", hand_over)
        self.figures = Background("figures of scans", hand_over)
        self.runs: tuple[Run, ...] | None = None
        self._screen: ScanScreen | None = None
        self._triage: Triage | None = None
        self._origin: Callable[[], None] | None = None
        self._followed: Triage | None = None
        self._timer: Timer | None = None
        self._looking: Task | None = None
        self._next_look = 0.0
        self._wanted: Run | None = None

    def close(self) -> None:
        """End both threads' work."""
        self._store.close()
        self.figures.close()

    # -- the scans there are -------------------------------------------------------------------

    def look(self) -> None:
        """Look at the store, unless that is under way or was just done."""
        if self._looking is not None or monotonic() < self._next_look:
            return
        began = monotonic()
        only = self._triage.run if isinstance(self._screen, TriageScreen) and self._triage else None

        def work(cancelled: Callable[[], bool]) -> tuple[Run, ...]:
            with Store(readonly=True) as store:
                return tuple(store.runs() if only is None else [store.run(only.name)])

        def done(runs: tuple[Run, ...]) -> None:
            self._looking = None
            self._next_look = monotonic() + _SHARE * (monotonic() - began)
            if only is not None:
                runs = tuple(runs[0] if run.name == only.name else run for run in self.runs or ())
            self._take(runs)

        def failed(message: str) -> None:
            self._looking = None
            self._next_look = monotonic() + 10.0
            if self.runs is None:
                self._take(())
            self.failed(message)

        self._looking = self._store.submit(work, done, failed)

    def _look_now(self) -> None:
        self._next_look = 0.0
        self.look()

    def _take(self, runs: tuple[Run, ...]) -> None:
        """Take in the scans as they are now."""
        self.runs = runs
        names = {run.name: run for run in runs}
        if self._triage is not None and self._triage.run.name in names:
            self._triage.follow(names[self._triage.run.name])
        screen = self._screen
        if isinstance(screen, ScansScreen) and screen.ready:
            screen.show_runs(runs)
        elif isinstance(screen, TriageScreen) and screen.ready:
            screen.show_run()
        elif isinstance(screen, OverviewScreen) and screen.ready:
            screen.follow(runs)

    def failed(self, message: str) -> None:
        """Say in one line what did not work."""
        self._app.notify(clean(message), title="that did not work", severity="error", markup=False)

    # -- screens -------------------------------------------------------------------------------

    @property
    def screen(self) -> ScanScreen | None:
        """Return the screen of scans that is open, if one is."""
        return self._screen

    def open(self, wanted: str | None = None) -> None:
        """Show the list of scans with the cursor on ``wanted``."""
        if wanted is None and self._triage is not None:
            wanted = self._triage.run.name
        self._show(ScansScreen(self._app.look, self, wanted))
        self._look_now()

    def open_table(self, run: Run, triage: Triage | None = None) -> None:
        """Show the samples of a scan, as they were left if they were looked at last."""
        now = triage or self._triage
        if now is None or now.run.id != run.id:
            if self._triage is not None:
                self._triage.close()
            now = Triage(self._store, run, changed=self._triage_changed, failed=self.failed)
        else:
            now.follow(run)
        self._triage = now
        self._show(TriageScreen(self._app.look, self, now))

    def open_overview(self, run: Run, triage: Triage | None = None) -> None:
        """Show the figures of a scan; ``triage`` is the table that was come from."""

        def back() -> None:
            if triage is None:
                self.open(run.name)
            else:
                self.open_table(triage.run, triage)

        self._show(OverviewScreen(self._app.look, self, run, back))

    def open_comparison(
        self, a: Run, b: Run, found: Comparison | None = None, at: At | None = None
    ) -> None:
        """Show what one scan has right that the other has wrong; see `ComparisonScreen`."""
        self._show(ComparisonScreen(self._app.look, self, a, b, found, at))

    def list_kind(self, run: Run, kind: FailureKind) -> None:
        """Show the samples of one kind of failure."""
        self.open_table(run)
        assert self._triage is not None
        self._triage.list_kind(kind)

    def show_rules(self, levels: Levels | None = None) -> None:
        """Show how kinds of failure are told apart, with the levels of a scan."""
        self._app.push_screen(rules_page(levels))

    def leave(self) -> None:
        """Go back to the inspector."""
        if self._screen is not None:
            self._screen = None
            self._app.pop_screen()
            if self._timer is not None:
                self._timer.stop()
                self._timer = None

    def _show(self, screen: ScanScreen) -> None:
        """Put a screen of scans over the inspector, in place of the one that is there."""
        before, self._screen = self._screen, screen
        if before is None:
            self._app.push_screen(screen)
        else:
            self._app.switch_screen(screen)
        if self._timer is None:
            self._timer = self._app.set_interval(_OFTEN_S, self.look)

    def _triage_changed(self) -> None:
        screen = self._screen
        if isinstance(screen, TriageScreen) and screen.ready:
            screen.show()

    # -- from the table to the inspector and back ----------------------------------------------

    def open_sample(self, triage: Triage) -> None:
        """Open the sample under the cursor, at the layer where its failure first shows."""
        table, row = triage.table, triage.selected
        assert table is not None
        assert row is not None
        layer = int(table.columns.first_layers[row])
        self.inspect(
            triage.run,
            table.columns.ids[row],
            layer if layer >= 0 else triage.run.layers,
            lambda: self.open_table(triage.run, triage),
        )
        self._followed = triage

    def step_wrong(self, direction: int) -> bool:
        """Open the next wrong answer of the table that the open sample was chosen from.

        Returns False, and does nothing, where it was not, or where another model or other data
        have been opened since.
        """
        triage, session = self._followed, self._app.session
        dataset, sample = session.dataset, session.sample
        if triage is None or dataset is None or sample is None or not self._has_model(triage.run):
            return False
        if not _same_data(triage.run, dataset.path, dataset.variant):
            return False
        triage.go_to(self._app.what_if.record_of(sample).id)
        if triage.next_wrong(direction):
            self.open_sample(triage)
        else:
            way = "after" if direction > 0 else "before"
            self._tell(f"the scan lists no wrong answer {way} this one; Esc goes back to it")
        return True

    def inspect(self, run: Run, sample_id: str, layer: int, back: Callable[[], None]) -> None:
        """Open a sample with the model of a run; Esc in the inspector does ``back`` at last."""
        self.leave()
        self._origin, self._followed = back, None
        inspector, session = self._app.inspector, self._app.session
        inspector.at_layer = layer
        dataset = session.dataset
        there = dataset is not None and _same_data(run, dataset.path, dataset.variant)
        sample = None
        if dataset is not None and there:
            place = dataset.place(sample_id)
            if place is None:
                self.failed(
                    f"{shown(sample_id)} is not in {dataset.name} as it is open: the scan was of "
                    "another part of it"
                )
                return
            sample = dataset.samples[place]
        if not self._has_model(run):
            self._open_model(run)
        if sample is not None:
            self._app.what_if.rewind(sample)  # the scan was of what the data have
            inspector.open_sample(sample)
        else:
            inspector.start_with(sample_id)
            session.open_dataset(Path(run.dataset_path), run.variant)

    @property
    def can_go_back(self) -> bool:
        """Say whether the open sample came from a scan."""
        return self._origin is not None

    def go_back(self) -> bool:
        """Return from the inspector to where a sample was chosen; say whether there is such."""
        back, self._origin, self._followed = self._origin, None, None
        if back is None:
            return False
        back()
        return True

    def _has_model(self, run: Run) -> bool:
        model = self._app.session.model
        return model is not None and str(Path(model.path).absolute()) == run.model_path

    def _open_model(self, run: Run) -> None:
        """Open the model of a scan, as the entry of the list that it is if it is listed."""
        entries = (
            one for one in self._app.listing.models if str(one.path.absolute()) == run.model_path
        )
        self._app.inspector.open_model(next(entries, run.model_path))

    # -- scans of ours -------------------------------------------------------------------------

    def is_own(self, run: Run) -> bool:
        """Say whether this process is at work on a scan."""
        scanning = self._app.session.scanning
        return scanning is not None and scanning.name == run.name

    def ask_for_new(self, began: Callable[[str], None]) -> None:
        """Ask what to scan of the open data; ``began`` gets the name of the scan."""
        session = self._app.session
        model, dataset = session.model, session.dataset
        if model is None or dataset is None:
            self._tell("open a model and a data set first")
            return
        if model.head is None:
            self._tell(f"{model.name} makes no prediction: there is nothing to scan for")
            return

        def answered(found: tuple[str, int | None] | None) -> None:
            if found is not None and session.dataset is not None:
                name, limit = found
                options = self._app.read_options
                self._start(session.dataset, ScanRequest(options, limit, name), name)
                began(name)

        what = f"{dataset.name} with {model.name}"
        taken = [run.name for run in self.runs or ()]
        name = _free_name(model.name, dataset.name, taken)
        self._app.push_screen(scan_form(what, name, len(dataset.samples), taken), answered)

    def resume(self, run: Run) -> None:
        """Go on with a scan; its model is opened first if another is open."""
        if self._app.session.scanning is not None:
            self._tell(f"{self._app.session.scanning.name} is at work: stop it first")
            return
        if not self._has_model(run):
            self._wanted = run
            self._tell(f"opening {run.model}; then {run.name} goes on")
            self._open_model(run)
            return
        self._wanted = None
        source = DataSource(Path(run.dataset_path), run.variant, run.split, run.tasks)
        request = ScanRequest(run.options, run.limit, run.name, keep_yes_no=run.keep_yes_no)
        self._start(source, request, run.name)

    def model_opened(self) -> None:
        """Go on with the scan that waited for this model."""
        wanted, self._wanted = self._wanted, None
        if wanted is not None and self._has_model(wanted):
            self.resume(wanted)

    def _start(self, data: Dataset | DataSource, request: ScanRequest, name: str) -> None:
        session = self._app.session
        if session.scanning is not None:
            self._tell(f"{session.scanning.name} is at work: one scan at a time")
            return
        keep = request.keep_yes_no or self._app.options.keep_yes_no
        session.scan(data, replace(request, keep_yes_no=keep), name)
        self._look_now()

    def ask_to_stop(self, more: str = "") -> bool:
        """Ask whether the scan of ours is to stop; say whether there is one."""
        session = self._app.session
        scanning = session.scanning
        if scanning is None:
            return False

        def answered(yes: bool | None) -> None:
            if yes:
                session.stop_scan()

        question = f"Stop the scan {scanning.name}? What is done is kept.{more}"
        self._app.push_screen(AskScreen(question, lambda: session.scanning is scanning), answered)
        return True

    def ended(self, ended: ScanEnded) -> None:
        """Say how a scan of ours ended."""
        if ended.error is not None:
            self.failed(f"{ended.name}: {ended.error}")
        elif ended.run is None:
            self._tell(f"{ended.name} was stopped at {ended.done:,} samples; r goes on with it")
        else:
            self._tell(f"{ended.name} is done: {progress(ended.run)}; R shows it")
        self._look_now()

    def remove(self, run: Run) -> None:
        """Delete a scan from the store."""

        def work(cancelled: Callable[[], bool]) -> None:
            with Store() as store:
                store.remove(run.name)

        def done(_: None) -> None:
            if self._triage is not None and self._triage.run.id == run.id:
                self._triage.close()
                self._triage = self._origin = self._followed = None
            self._tell(f"{run.name} was removed")
            self._look_now()

        self._store.submit(work, done, self.failed)

    def export(self, run: Run, places: Sequence[int], path: Path) -> None:
        """Write samples of a scan to a file, in the order of ``places``."""
        form = next(one for one in FORMATS if path.suffix.lower() == f".{one}")

        def work(cancelled: Callable[[], bool]) -> None:
            with Store(readonly=True) as store:
                try:
                    replace_parts(path, export(run, store.rows(run.id, places), form))
                except OSError as error:
                    reason = error.strerror or error
                    raise DiskError(f"{path}: cannot be written: {reason}") from error

        self._store.submit(
            work, lambda _: self._tell(f"{len(places):,} samples are in {path}"), self.failed
        )

    def _tell(self, message: str) -> None:
        self._app.notify(clean(message), markup=False)


def _free_name(model: str, dataset: str, taken: Sequence[str]) -> str:
    """Return the usual name of a scan, with a number if there is one of that name."""
    usual = default_name(model, dataset)
    names = (usual if number == 1 else f"{usual[:90]}-{number}" for number in itertools.count(1))
    return next(name for name in names if name not in taken)


def _same_data(run: Run, path: str, variant: str | None) -> bool:
    return (str(Path(path).absolute()), variant) == (run.dataset_path, run.variant)
