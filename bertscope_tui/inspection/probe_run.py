"""Probing as background work on a thread of its own, beside that of the engine.

Probes are trained in thousands of short steps, with nothing in between at which the work could be
put away and taken up again later, so it cannot be a job in the engine's queue. Before each step,
batch and layer the thread waits as long as the engine has something to do that the user opened or
is about to, and while keys are pressed. (A low priority of the system's would do the opposite: a
thread that holds Python's lock and is put off holds up the screens as well.) Models are opened,
copied and drawn on the engine's thread all the same: the libraries change settings of the whole
process while they do so.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from bertscope_tui.data.probing.records import ProbeTask
from bertscope_tui.engine.jobs import Engine, Job, Priority
from bertscope_tui.errors import BertscopeError, Cancelled
from bertscope_tui.probes.records import ProbeOptions, ProbeProgress, ProbeResult

if TYPE_CHECKING:
    from bertscope_tui.data.probing.records import ProbeData
    from bertscope_tui.models.catalog import ModelEntry
    from bertscope_tui.models.loading import LoadedModel

_log = logging.getLogger(__name__)

_PAUSE_S = 0.5
"""Seconds of rest after a key: steps take Python's lock often, and the screens need it then."""

_LOOK_S = 0.01
"""Seconds between two looks at what is waited for."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ProbeSource:
    """Where the examples of a task come from: a path, or None for the bundled ones.

    ``fine`` asks for the fine question types of TREC.
    """

    task: ProbeTask
    path: Path | None = None
    fine: bool = False


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """What is to be probed, and how.

    With ``random`` the model's architecture with random weights is probed as well, with ``base``
    this model, from which it was fine-tuned. ``again`` probes anew what was probed before.
    """

    entry: ModelEntry
    sources: tuple[ProbeSource, ...]
    options: ProbeOptions
    base: ModelEntry | None = None
    random: bool = False
    again: bool = False

    @property
    def jobs(self) -> int:
        """Return how many results will come of it."""
        return len(self.sources) * (1 + int(self.random) + int(self.base is not None))


@dataclass(frozen=True, slots=True)
class ProbeAdvanced:
    """How far the work is. ``seconds_left`` is an estimate for all of it, None for a while."""

    progress: ProbeProgress
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class ProbeKept:
    """One more result is in the store; ``done`` of ``jobs`` are."""

    result: ProbeResult
    done: int
    jobs: int


@dataclass(frozen=True, slots=True)
class ProbeEnded:
    """It is over: ``done`` of ``jobs`` results are in the store.

    ``stopped`` says that it was asked to, ``error`` is one line where it failed.
    """

    done: int
    jobs: int
    stopped: bool = False
    error: str | None = None


ProbeNews = ProbeAdvanced | ProbeKept | ProbeEnded


class Probing:
    """One request at work. Made and stopped on the screens' thread.

    ``load`` opens a model, on the engine's thread; ``tell`` is told the news, on this one's own.
    """

    def __init__(
        self,
        engine: Engine,
        load: Callable[[ModelEntry], LoadedModel],
        request: ProbeRequest,
        tell: Callable[[ProbeNews], None],
    ) -> None:
        self.request = request
        self._engine = engine
        self._load = load
        self._tell = tell
        self._stop = threading.Event()
        self._rest_until = 0.0
        self._done = 0
        self._at: tuple[int, float] | None = None
        self._spent: list[float] = []

    def start(self) -> None:
        """Begin; `ProbeAdvanced` and `ProbeKept` follow, and one `ProbeEnded`."""
        threading.Thread(target=self._work, name="probing", daemon=True).start()

    def stop(self) -> None:
        """End it at the next safe point; results that are there are kept."""
        self._stop.set()

    def pause(self) -> None:
        """Rest for a moment: the user is at the keys."""
        self._rest_until = monotonic() + _PAUSE_S

    # -- on the thread of its own ----------------------------------------------------------------

    def _work(self) -> None:
        jobs = self.request.jobs
        try:
            self._probe()
        except Cancelled:
            self._tell(ProbeEnded(self._done, jobs, stopped=True))
        except BertscopeError as error:
            _log.warning("probing: %s", error, exc_info=True)
            self._tell(ProbeEnded(self._done, jobs, error=str(error)))
        except Exception as error:  # a defect: shown and logged, never the app's end
            _log.exception("probing failed")
            line = f"probing failed: {type(error).__name__}: {error}".splitlines()[0]
            self._tell(ProbeEnded(self._done, jobs, error=line))
        else:
            self._tell(ProbeEnded(self._done, jobs))

    def _probe(self) -> None:
        from bertscope_tui.models.untrained import untrained
        from bertscope_tui.probes.queue import Subject, probe_all

        request = self.request
        sets = [self._read(source) for source in request.sources]
        subjects = [Subject(request.entry)]
        if request.random:
            subjects.append(Subject(request.entry, random=True))
        if request.base is not None:
            subjects.append(Subject(request.base))
        results = probe_all(
            subjects,
            sets,
            request.options,
            load=lambda entry: self._on_engine(f"opening {entry.name}", lambda: self._load(entry)),
            draw=lambda model: self._on_engine("drawing weights", lambda: untrained(model)),
            again=request.again,
            cancelled=self._held_up,
            progress=self._advanced,
        )
        for result in results:
            self._done += 1
            if self._at is not None:  # one that was kept already took no time
                self._spent.append(monotonic() - self._at[1])
                self._at = None
            self._tell(ProbeKept(result, self._done, request.jobs))

    def _read(self, source: ProbeSource) -> ProbeData:
        from bertscope_tui.data.probing.open import bundled_probe_data, open_probe_data

        path = source.path or bundled_probe_data(source.task)
        return open_probe_data(path, source.task, fine=source.fine, cancelled=self._held_up)

    def _held_up(self) -> bool:
        """Wait until engine and screens have nothing for the user; say whether to stop."""
        while self._engine.busy_before(Priority.BACKGROUND) or monotonic() < self._rest_until:
            if self._stop.wait(_LOOK_S):
                break
        return self._stop.is_set()

    def _advanced(self, progress: ProbeProgress) -> None:
        now = monotonic()
        if self._at is None or self._at[0] != progress.job:
            self._at = progress.job, now
        left = None
        if self._spent:
            each = sum(self._spent) / len(self._spent)
            after = progress.jobs - progress.job - 1
            left = after * each + max(each - (now - self._at[1]), 0.0)
        self._tell(ProbeAdvanced(progress, left))

    def _on_engine(self, title: str, work: Callable[[], _T]) -> _T:
        """Have the engine do something before its own background work, and return what it gives."""
        outcome: list[_T | BaseException] = []
        over = threading.Event()

        def run(job: Job) -> None:
            try:
                outcome.append(work())
            except BaseException as error:  # raised again on the thread that waits for it
                outcome.append(error)
            finally:
                over.set()

        job = self._engine.submit(title, run, Priority.PREFETCH)
        while not over.wait(_LOOK_S):
            if self._stop.is_set() or job.cancelled():
                job.cancel()
                raise Cancelled
        found = outcome[0]
        if isinstance(found, BaseException):
            raise found
        return found
