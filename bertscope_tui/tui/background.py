"""Work that must not hold up the screens: files and figures, on a thread of its own.

The engine's thread is for networks; what only reads the store or computes from it goes here.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from textual.message import Message

from bertscope_tui.errors import BertscopeError, Cancelled

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class Answer(Message):
    """Something that another thread wants the screens' thread to call."""

    def __init__(self, call: Callable[[], None]) -> None:
        super().__init__()
        self.call = call


class Task:
    """A piece of work on its way, and the flag by which it is called off."""

    def __init__(self) -> None:
        self._cancel = threading.Event()

    def cancel(self) -> None:
        """Ask for an end; nothing is answered from now on."""
        self._cancel.set()

    def cancelled(self) -> bool:
        """Say whether the end was asked for."""
        return self._cancel.is_set()


class Background:
    """A queue and the one thread that empties it, in order.

    ``hand_over`` gets a function without arguments and has the screens' thread call it; it is
    called on this thread. The thread starts with the first work and ends with the process.
    """

    def __init__(self, name: str, hand_over: Callable[[Callable[[], None]], None]) -> None:
        self._name = name
        self._hand_over = hand_over
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._current = Task()
        self._closed = False

    def submit(
        self,
        work: Callable[[Callable[[], bool]], _T],
        done: Callable[[_T], None],
        failed: Callable[[str], None],
    ) -> Task:
        """Queue ``work``, which gets the function that says whether it was called off.

        On the screens' thread ``done`` gets what it returns, or ``failed`` one line; neither is
        called for a task that was cancelled.
        """
        task = Task()

        def run() -> None:
            answer: Callable[[], None] | None = None
            if not task.cancelled():
                answer = self._do(work, task, done, failed)
            if answer is not None and not self._closed:
                self._hand_over(lambda: None if task.cancelled() else answer())

        self._queue.put(run)
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
            self._thread.start()
        return task

    def close(self) -> None:
        """Call off what is under way and do no more."""
        self._closed = True
        self._current.cancel()
        self._queue.put(None)

    def _do(
        self,
        work: Callable[[Callable[[], bool]], _T],
        task: Task,
        done: Callable[[_T], None],
        failed: Callable[[str], None],
    ) -> Callable[[], None] | None:
        """Do the work and return what the screens' thread has to call."""
        self._current = task
        try:
            found = work(task.cancelled)
        except Cancelled:
            return None
        except BertscopeError as error:
            _log.warning("%s: %s", self._name, error, exc_info=True)
            message = str(error)
        except Exception as error:  # a defect: shown and logged, never the app's end
            _log.exception("%s failed", self._name)
            message = f"{self._name} failed: {type(error).__name__}: {error}".splitlines()[0]
        else:
            return lambda: done(found)
        return lambda: failed(message)

    def _loop(self) -> None:
        while (run := self._queue.get()) is not None and not self._closed:
            run()
