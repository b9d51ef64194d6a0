"""Ctrl+C, SIGTERM and a lost terminal during long work: stop where it can be gone on with."""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType
from typing import Any

from bertscope_tui.cli.interrupt import EXIT_CODE
from bertscope_tui.cli.output import warn

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopping:
    """Turns the first signal into a wish that the work looks at, and the second into the end.

    As a context manager it gives the signals back at the end of its block.
    """

    def __init__(self, words: str) -> None:
        """``words`` say what happens after the first signal."""
        self._words = words
        self._asked = False
        self._before: dict[signal.Signals, Any] = {}

    def install(self) -> Stopping:
        """Take the signals from now on."""
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._take)
        return self

    def __enter__(self) -> Stopping:
        return self.install()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def asked(self) -> bool:
        """Say whether the work should stop."""
        return self._asked

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            os._exit(EXIT_CODE)
        self._asked = True
        try:
            warn([self._words])
        except OSError:  # a terminal that is gone takes no words
            self._words = ""
