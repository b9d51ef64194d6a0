"""The application: themes, dialogs, signals, and the engine's events on their way to the screen."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Event, InputEvent
from textual.filter import LineFilter
from textual.message import Message
from textual.screen import Screen

from bertscope_tui.data.hygiene import clean
from bertscope_tui.engine.jobs import Event as JobEvent
from bertscope_tui.engine.jobs import JobResult
from bertscope_tui.engine.scoring import ReadOptions
from bertscope_tui.errors import BertscopeError
from bertscope_tui.inspection.choice import available_themes, choose_theme
from bertscope_tui.inspection.service import InspectionService, LoadOptions, ModelOpened
from bertscope_tui.inspection.views import Look
from bertscope_tui.settings import AppOptions, save_setting
from bertscope_tui.tui.actions import ACTIONS, TRAINING_ACTIONS, TUNING, Action, Group
from bertscope_tui.tui.background import Answer
from bertscope_tui.tui.choosing import pick_dataset, pick_model, pick_theme
from bertscope_tui.tui.comparing_models import ModelComparison
from bertscope_tui.tui.listing import Listing
from bertscope_tui.tui.phase_runs import PhaseRuns
from bertscope_tui.tui.plain import AsciiFilter
from bertscope_tui.tui.probing import Probes
from bertscope_tui.tui.scanning import Scans
from bertscope_tui.tui.screens.inspector import Inspector
from bertscope_tui.tui.screens.page import help_page, problems_page
from bertscope_tui.tui.session import Session
from bertscope_tui.tui.theming import textual_theme
from bertscope_tui.tui.trainings import RunsRead, Trainings
from bertscope_tui.tui.whatif import WhatIf

_log = logging.getLogger(__name__)

_PATIENCE_S = 0.15
"""How long quitting waits for the engine to stop by itself."""

_LAST_WORDS_S = 2.0
"""How long the terminal is given to take what puts it back after a signal."""


_SWITCH_S = 0.0005
"""Seconds after which one thread hands Python over to another that waits for it."""

_NEW_OBJECTS = 10_000
"""New objects after which Python looks for garbage: drawing a frame makes some 30,000."""

_MESSAGE_ROOM = 150
"""Characters of a message about a theme file."""


class EngineEvent(Message):
    """Something the engine's thread has to tell."""

    def __init__(self, event: JobEvent) -> None:
        super().__init__()
        self.event = event


class BertscopeApp(App[int]):
    """The inspector and its dialogs."""

    CSS_PATH = "bertscope.tcss"
    TITLE = "bertscope"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "quit", "Quit", show=False, priority=True),
    ]

    def __init__(self, options: AppOptions) -> None:
        # With colours of the terminal's own, Textual leaves colour out where NO_COLOR asks for
        # that; otherwise it would turn the theme's colours into greys, some of them hard to see.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.options = options
        self._plain = AsciiFilter()
        self.read_options = ReadOptions(max_tokens=options.max_tokens, stride=options.stride)
        self.service = InspectionService(
            self._post_event,
            load_options=LoadOptions(
                device=options.device,
                dtype=options.dtype,
                allow_download=options.allow_download,
                allow_pickle=options.allow_pickle,
                trust_remote_code=options.trust_remote_code,
            ),
            options=self.read_options,
            keep_yes_no=options.keep_yes_no,
        )
        self.specs, problems = available_themes()
        # A picture in another theme than the one that was asked for is none at all.
        insist = options.screenshot is not None
        theme, unknown = choose_theme(self.specs, options.theme, insist=insist)
        self._theme_problems = () if insist else (*problems, *unknown)
        for spec in self.specs.values():
            self.register_theme(textual_theme(spec))
        self.look = Look(theme, ascii=options.ascii)
        self.theme = self.look.theme.name
        self.inspector = Inspector(self.look)
        self.session = Session(self.service, self.inspector)
        self.listing = Listing(self)
        self.trainings = Trainings(self)
        self.scans = Scans(self)
        self.probes = Probes(self)
        self.phase_runs = PhaseRuns(self)
        self.comparing = ModelComparison(self)
        self.what_if = WhatIf(self)
        self.crash: BaseException | None = None
        self.failure: str | None = None
        self._drawn = False

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what changes lines on their way to the terminal: colours, and signs in ASCII."""
        filters = super().get_line_filters()
        return [*filters, self._plain] if self.options.ascii else filters

    # -- start and end -------------------------------------------------------------------------

    def get_default_screen(self) -> Screen[object]:
        """Return the inspector: there is no other screen to start with."""
        return self.inspector  # type: ignore[return-value]

    def on_mount(self) -> None:
        """Catch the signals that would leave the terminal in disorder."""
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self._end_by_signal, number)
        for problem in self._theme_problems:
            _log.warning("%s", problem)
            self.notify(_brief(clean(problem)), title="themes", severity="warning", markup=False)
        for warning in self.options.warnings:
            self.notify(clean(warning), title="settings", severity="warning", markup=False)
        # Only after the first frame: opening a model imports torch, which takes seconds
        # during which Python runs on one thread at a time.
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.inspector.start_with(self.options.sample)
        self.listing.look()
        if self.options.screenshot is None:
            self.trainings.start()

    def on_unmount(self) -> None:
        """Look no more for trainings, which go on, and read no more scans."""
        self.trainings.close()
        self.scans.close()
        self.probes.close()
        self.what_if.close()

    def _end_by_signal(self, number: signal.Signals) -> None:
        _log.info("ended by %s", number.name)
        # Where the terminal itself is gone (a closed window, a lost connection) nobody takes the
        # last control sequences, and the toolkit would wait for that for ever.
        deadline = threading.Timer(_LAST_WORDS_S, os._exit, [128 + number])
        deadline.daemon = True
        deadline.start()
        self.exit(128 + number, return_code=128 + number)

    async def on_event(self, event: Event) -> None:
        """Let what works beside the engine rest while keys and clicks come."""
        if isinstance(event, InputEvent):
            self.probes.user_active()
        await super().on_event(event)

    async def action_quit(self) -> None:
        """Leave; whatever runs is cancelled on the way out."""
        self.exit(0)

    def _handle_exception(self, error: Exception) -> None:
        """Leave with one line in place of a page of trace; the log file has the trace."""
        _log.critical("the app crashed", exc_info=error)
        self.crash = self.crash or error
        if self.options.debug or self.is_headless:
            super()._handle_exception(error)
            return
        self._return_code = 1
        self._close_messages_no_wait()

    # -- the engine's events -------------------------------------------------------------------

    def _post_event(self, event: JobEvent) -> None:
        """Hand an event over to the screens' thread (called on the engine's)."""
        self.post_message(EngineEvent(event))

    def on_engine_event(self, message: EngineEvent) -> None:
        """Pass an event on."""
        event = message.event
        takers = (self.listing, self.phase_runs, self.comparing)
        if not any(one.take(event) for one in takers):
            self.session.handle(event)
            if isinstance(event, JobResult) and isinstance(event.value, ModelOpened):
                self.scans.model_opened()
                self.probes.model_opened()
            self.something_read()
        self.comparing.follow()

    def something_read(self) -> None:
        """Take the screenshot that was asked for once nothing more is waited for."""
        if self._drawn and self.session.settled and not self.probes.looking:
            self._drawn = False
            self.call_after_refresh(self._save_screenshot)

    def picture_drawn(self) -> None:
        """Take the screenshot that was asked for as soon as the engine has nothing left to do."""
        self._drawn = self.options.screenshot is not None

    def something_failed(self, message: str, code: int) -> None:
        """End with the reason where nobody is there to read it on the screen."""
        if self.options.screenshot is not None:
            self.failure = self.failure or message
            self.exit(code, return_code=code)

    def _save_screenshot(self) -> None:
        assert self.options.screenshot is not None
        try:
            picture = self.export_screenshot(title="bertscope-tui")
            self.options.screenshot.write_text(picture, encoding="utf-8")
        except OSError as error:
            self.something_failed(f"{self.options.screenshot}: {error.strerror}", 1)
        else:
            self.exit(0)

    def on_runs_read(self, message: RunsRead) -> None:
        """Pass on what has become of the trainings."""
        self.trainings.take(message.runs)

    def on_answer(self, message: Answer) -> None:
        """Do what another thread has found to be done."""
        message.call()

    # -- dialogs -------------------------------------------------------------------------------

    def action_help(self) -> None:
        """Show all keys, where there is room for them."""
        if not self.inspector.has_class("-tiny"):
            self.push_screen(help_page(self.look, self._there()[2]))

    def action_training(self) -> None:
        """Show the trainings, where there is room for them."""
        if not self.inspector.has_class("-tiny"):
            self.trainings.open()

    def action_scans(self) -> None:
        """Show the scans, where there is room for them."""
        if not self.inspector.has_class("-tiny"):
            self.scans.open()

    def action_probes(self, *, heat: bool = False) -> None:
        """Show the probes, as curves or as a heat map, where there is room for them."""
        if not self.inspector.has_class("-tiny"):
            self.probes.open(heat=heat)

    def action_phases(self) -> None:
        """Show phases over data sets, where there is room for them."""
        if not self.inspector.has_class("-tiny"):
            self.phase_runs.open()

    def _there(self) -> tuple[Screen[None], Sequence[Action], Group | None]:
        """Return the screen that is open below dialogs, with its actions and their group."""
        for screen in (
            self.scans.screen,
            self.probes.screen,
            self.phase_runs.screen,
            self.comparing.screen,
        ):
            if screen is not None:
                return screen, screen.ACTIONS, screen.GROUP
        if self.trainings.screen is not None:
            return self.trainings.screen, TRAINING_ACTIONS, TUNING
        return self.inspector, ACTIONS, None

    def action_problems(self) -> None:
        """List what could not be used of the open data set."""
        dataset = self.session.dataset
        if dataset is None or not (dataset.problems or dataset.left_out):
            self.notify("nothing was skipped", markup=False)
        else:
            self.push_screen(problems_page(dataset))

    def action_pick_model(self) -> None:
        """Choose a model from the list, or by path or name."""
        pick_model(self)

    def action_pick_dataset(self) -> None:
        """Choose a data set from the list, or by path."""
        pick_dataset(self)

    def action_pick_theme(self) -> None:
        """Choose a theme."""
        pick_theme(self)

    def choose_theme(self, name: str) -> None:
        """Draw in another theme from now on, and in later sessions."""
        self.look = Look(self.specs[name], ascii=self.options.ascii)
        self.theme = name
        self.inspector.show_look(self.look)
        if self.trainings.screen is not None:
            self.trainings.screen.show_look(self.look)
        for opened in (self.scans.screen, self.probes.screen, self.phase_runs.screen):
            if opened is not None:
                opened.show_look(self.look)
        self.comparing.show_look(self.look)
        try:
            save_setting("theme", name)
        except BertscopeError as error:
            self.notify(clean(str(error)), severity="warning", markup=False)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every action and theme in the command palette."""
        target, actions, _ = self._there()
        for action in actions:
            yield SystemCommand(
                action.description, f"key {action.shown}", self._command(target, action.name)
            )
        for spec in self.specs.values():
            yield SystemCommand(
                f"Theme: {spec.title}",
                f"draw in the theme {spec.name}",
                lambda name=spec.name: self.choose_theme(name),
            )

    @staticmethod
    def _command(target: Screen[None], name: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await target.run_action(name)

        return run


def _brief(line: str) -> str:
    """Cut a line to what a message may cover of the screen; ``doctor`` and the log have it all."""
    return line if len(line) <= _MESSAGE_ROOM else f"{line[:_MESSAGE_ROOM]}… (doctor says more)"


def run_app(options: AppOptions) -> int:
    """Run the app until the user leaves and return the exit code.

    The terminal is put back whatever ends it. The engine's thread may still be inside a network
    then; it holds nothing on disk, and the process may end without waiting for it.
    """
    # A scan's thread is at work in Python most of the time, and hands over only when it is asked
    # to. The screens' thread would wait the usual 5 ms each time it comes back from the terminal.
    sys.setswitchinterval(_SWITCH_S)
    gc.set_threshold(_NEW_OBJECTS)
    app = BertscopeApp(options)
    headless = options.screenshot is not None
    result = app.run(
        mouse=options.mouse, headless=headless, size=options.size if headless else None
    )
    code = app.return_code if app.crash is not None or result is None else result
    failure = app.failure
    if app.crash is not None and not options.debug:
        line = f"{type(app.crash).__name__}: {app.crash}".splitlines()[0]
        failure = f"{line} (--debug shows the trace)"
    if failure is not None:
        sys.stderr.write(f"bertscope-tui: {clean(failure)}\n")
    app.session.close(_PATIENCE_S)
    return code or 0
