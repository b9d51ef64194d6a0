"""One thread that does all the heavy work, in order of priority.

The screens never call a network: they submit a job and get events back. A job is cancelled by
setting its flag, which the work polls at safe points; a job that is *preempted* (something more
urgent waits) may stop early in the same way and submit the rest of its work again.

The thread is a daemon of its own and not one of the interface toolkit's workers, because those
run on a shared executor, cannot be told to stop and hold up the exit of the program.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from time import monotonic

from bertscope_tui.errors import BertscopeError, Cancelled

_log = logging.getLogger(__name__)


class Priority(IntEnum):
    """What goes first: lower numbers."""

    OPEN = 0
    PREFETCH = 1
    SEARCH = 2
    BACKGROUND = 3
    SCAN = 4


@dataclass(frozen=True, slots=True)
class JobStarted:
    """The engine took up a job."""

    job: int
    title: str
    priority: Priority


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A job of this priority says how far it is; ``total`` is None while it is unknown."""

    job: int
    text: str
    done: int = 0
    total: int | None = None
    priority: Priority = Priority.OPEN


@dataclass(frozen=True, slots=True)
class JobEnded:
    """A job is over; ``error`` is one line for the user, or None, ``code`` its exit code."""

    job: int
    title: str
    priority: Priority
    cancelled: bool = False
    error: str | None = None
    code: int = 0


@dataclass(frozen=True, slots=True)
class JobResult:
    """Something that a job made: a frozen snapshot."""

    job: int
    value: object


Event = JobStarted | JobProgress | JobEnded | JobResult


class GaveWay(Exception):  # noqa: N818 - nothing went wrong
    """Work was put down for something more urgent; the engine calls it again when that is done."""


class Job:
    """A piece of work in the queue, and the handle by which both sides talk about it."""

    def __init__(
        self,
        number: int,
        title: str,
        priority: Priority,
        work: Callable[[Job], None],
        engine: Engine,
    ) -> None:
        self.id = number
        self.title = title
        self.priority = priority
        self._work = work
        self._engine = engine
        self._cancel = threading.Event()

    def cancel(self) -> None:
        """Ask the job to stop at its next safe point (or never to start)."""
        self._cancel.set()

    def cancelled(self) -> bool:
        """Say whether the job was asked to stop."""
        return self._cancel.is_set()

    def preempted(self) -> bool:
        """Say whether the job should stop now: it was cancelled, or more urgent work waits."""
        return self._cancel.is_set() or self._engine.waiting_before(self.priority)

    def check(self) -> None:
        """Raise `Cancelled` if the job was asked to stop."""
        if self._cancel.is_set():
            raise Cancelled

    def progress(self, text: str, done: int = 0, total: int | None = None) -> None:
        """Tell the screens what the job is doing."""
        self._engine.post(JobProgress(self.id, text, done, total, self.priority))

    def result(self, value: object) -> None:
        """Hand over a finished snapshot, unless nobody waits for it any more."""
        if not self.cancelled():
            self._engine.post(JobResult(self.id, value))

    def run(self) -> None:
        """Do the work on the calling thread; used by the engine only."""
        self._work(self)


class Engine:
    """A priority queue and the one thread that empties it.

    ``post`` receives every event, on the engine's thread; it must be safe to call from there.
    The thread starts with the first job, so that making an engine costs nothing.
    """

    def __init__(self, post: Callable[[Event], None]) -> None:
        self.post = post
        self._queue: list[tuple[int, int, Job]] = []
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._current: Job | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def submit(self, title: str, work: Callable[[Job], None], priority: Priority) -> Job:
        """Queue ``work``, which is called with its job on the engine's thread."""
        with self._changed:
            job = Job(next(self._numbers), title, priority, work, self)
            if self._closed:
                job.cancel()
                return job
            heapq.heappush(self._queue, (priority, job.id, job))
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="engine", daemon=True)
                self._thread.start()
            self._changed.notify()
        return job

    def waiting_before(self, priority: Priority) -> bool:
        """Say whether a job more urgent than ``priority`` is queued."""
        with self._changed:
            return any(p < priority and not job.cancelled() for p, _, job in self._queue)

    def busy_before(self, priority: Priority) -> bool:
        """Say whether a job more urgent than ``priority`` is at work or queued."""
        with self._changed:
            current = self._current
            at_work = current is not None and current.priority < priority
            return at_work or any(p < priority and not job.cancelled() for p, _, job in self._queue)

    def idle(self) -> bool:
        """Say whether nothing is running or queued."""
        with self._changed:
            return self._current is None and not self._queue

    def close(self, timeout_s: float) -> bool:
        """Cancel everything and wait up to ``timeout_s`` seconds; say whether the thread ended."""
        with self._changed:
            self._closed = True
            for _, _, job in self._queue:
                job.cancel()
            self._queue.clear()
            if self._current is not None:
                self._current.cancel()
            thread = self._thread
            self._changed.notify()
        if thread is None:
            return True
        thread.join(timeout_s)
        return not thread.is_alive()

    def _loop(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                _, _, job = heapq.heappop(self._queue)
                self._current = job
            try:
                self._run(job)
            finally:
                with self._changed:
                    self._current = None

    def _run(self, job: Job) -> None:
        if job.cancelled():
            self.post(JobEnded(job.id, job.title, job.priority, cancelled=True))
            return
        self.post(JobStarted(job.id, job.title, job.priority))
        began = monotonic()
        try:
            job.run()
        except GaveWay:
            with self._changed:
                if not self._closed:
                    heapq.heappush(self._queue, (job.priority, job.id, job))
                    return
            self.post(JobEnded(job.id, job.title, job.priority, cancelled=True))
        except Cancelled:
            _log.info("%s: cancelled after %.2f s", job.title, monotonic() - began)
            self.post(JobEnded(job.id, job.title, job.priority, cancelled=True))
        except BertscopeError as error:
            _log.warning("%s: %s", job.title, error, exc_info=True)
            line, code = str(error), error.exit_code
            self.post(JobEnded(job.id, job.title, job.priority, error=line, code=code))
        except Exception as error:  # a defect: shown and logged, never the app's end
            _log.exception("%s failed", job.title)
            line = f"{job.title} failed: {type(error).__name__}: {error}".splitlines()[0]
            self.post(JobEnded(job.id, job.title, job.priority, error=line, code=1))
        else:
            _log.info("%s: %.2f s", job.title, monotonic() - began)
            self.post(JobEnded(job.id, job.title, job.priority))
