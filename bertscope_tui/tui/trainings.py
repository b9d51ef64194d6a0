"""Trainings as the app knows them: what is new, and the screen that shows them.

They are processes of their own and go on without the app; this only looks at their folders.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from bertscope_tui.models.catalog import find_base, read_entry
from bertscope_tui.training.draft import Data
from bertscope_tui.training.runs import Run
from bertscope_tui.training.views import ENDED, model_folder, news
from bertscope_tui.tui.run_watch import RunWatch
from bertscope_tui.tui.screens.train_form import TrainForm
from bertscope_tui.tui.screens.training import TrainingScreen

if TYPE_CHECKING:
    from bertscope_tui.tui.app import BertscopeApp

_log = logging.getLogger(__name__)

_SEEN = "seen"
"""File in a run's folder: the state (by its time) that the user has been told of."""

_MOST_TOLD = 3
_READ_S = 10
"""Seconds that a message stays: at the start there is much else to look at."""


class RunsRead(Message):
    """What the watch has found."""

    def __init__(self, runs: tuple[Run, ...]) -> None:
        super().__init__()
        self.runs = runs


class Trainings:
    """The runs there are, told by a watch on a thread of its own."""

    def __init__(self, app: BertscopeApp) -> None:
        self._app = app
        self._watch = RunWatch(self._post)
        self._screen: TrainingScreen | None = None
        self.runs: tuple[Run, ...] | None = None

    def start(self) -> None:
        """Begin to look for runs."""
        self._watch.start()

    def close(self) -> None:
        """Look no more."""
        self._watch.close()

    def _post(self, runs: tuple[Run, ...]) -> None:
        """Hand runs over to the screens' thread (called on the watch's)."""
        self._app.post_message(RunsRead(runs))

    def look(self) -> None:
        """Look at the runs now."""
        self._watch.look(often=self._screen is not None)

    @property
    def screen(self) -> TrainingScreen | None:
        """Return the screen of trainings, if it is open."""
        return self._screen

    def open(self) -> None:
        """Open the screen of trainings."""

        def closed(_: None) -> None:
            self._screen = None
            self.look()

        self._screen = TrainingScreen(self._app.look, self)
        self._app.push_screen(self._screen, closed)
        self.look()

    def take(self, runs: tuple[Run, ...]) -> None:
        """Take in the runs as they are now, and say what has become of them."""
        before, self.runs = self.runs, runs
        screen = self._screen
        if screen is not None and screen.ready and screen.is_attached:
            screen.show_runs(runs)
        ended = [run for run in runs if run.status.state in ENDED and not _was_told(run)]
        told = [] if self._screen is not None else ended
        if before is None:
            told = [run for run in runs if run.status.state == "running"] + told
        if told:
            self._app.notify(_message(told), timeout=_READ_S, markup=False)
        for run in ended:
            _note_told(run)
        if before is not None and any(run.status.state == "done" for run in ended):
            self._app.listing.look()

    # -- what the screen asks for --------------------------------------------------------------

    def ask_for_new(self, began: Callable[[str], None]) -> None:
        """Show the form for a new training; ``began`` gets its name if one was begun."""
        app = self._app
        dataset, model = app.session.dataset, app.session.model_entry
        base = None
        if model is not None:
            first = find_base(model) or model
            base = str(first.path.absolute()) if first.source == "folder" else first.name
        data = Data(Path(dataset.path), dataset.variant) if dataset is not None else None
        names = [model.name for model in app.listing.models] + [run.name for run in self.runs or ()]

        def answered(name: str | None) -> None:
            if name is not None:
                app.notify(f"training {name} has begun; it goes on without the app", markup=False)
                began(name)
                self.look()

        app.push_screen(
            TrainForm(
                app.listing.models,
                app.listing.datasets,
                taken=names,
                base=base,
                data=data,
                questions=len(dataset.samples) if dataset is not None else 0,
                keep_yes_no=app.options.keep_yes_no,
                device=app.options.device,
            ),
            answered,
        )

    def open_model(self, run: Run) -> None:
        """Open the model that a run has made."""
        self._app.inspector.open_model(read_entry(model_folder(run), run.name, "cache"))


def _message(runs: Sequence[Run]) -> str:
    """Return the news of all runs in one message: several would cover a small screen."""
    lines = [news(run) for run in runs[:_MOST_TOLD]]
    if len(runs) > _MOST_TOLD:
        lines.append(f"and {len(runs) - _MOST_TOLD} more")
    return f"{lines[0]}, f shows it" if len(runs) == 1 else "\n".join([*lines, "f shows them"])


def _was_told(run: Run) -> bool:
    try:
        return (run.folder / _SEEN).read_text("utf-8") == _state(run)
    except (OSError, ValueError):
        return False


def _note_told(run: Run) -> None:
    """Note that the user knows; where that cannot be written they are told again next time."""
    try:
        (run.folder / _SEEN).write_text(_state(run), encoding="utf-8")
    except OSError as error:
        _log.warning("%s: %s", run.folder / _SEEN, error)


def _state(run: Run) -> str:
    return f"{run.status.state} {run.status.updated!r}\n"
