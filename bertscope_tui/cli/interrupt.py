"""Ctrl+C at any moment ends a verb with one exit code, also in the middle of an import.

Python's own handling is not enough here: a KeyboardInterrupt that passes through ``exec`` (as in
the making of a dataclass) makes the interpreter kill itself with the signal whatever is returned
later, and one that hits a compiled module while it is imported comes out as another error, or
aborts the process.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_CODE = 130


def install() -> None:
    """End the process on SIGINT; only for verbs, which keep nothing that would be lost."""
    signal.signal(signal.SIGINT, _leave)


def uninstall() -> None:
    """Give SIGINT back to Python, for work that has a way of its own with it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def polled() -> Iterator[Callable[[], bool]]:
    """Let the first SIGINT wait for work that asks whether it came; the second ends as ever.

    For work with a live line on the terminal, which has to be taken off it in the end.
    """
    came = False

    def take(number: int, frame: FrameType | None) -> None:
        nonlocal came
        if came:
            if sys.stderr is not None and sys.stderr.isatty():
                os.write(sys.stderr.fileno(), b"\x1b[?25h\n")  # the live line hid the cursor
            _leave(number, frame)
        came = True

    before = signal.signal(signal.SIGINT, take)
    try:
        yield lambda: came
    finally:
        signal.signal(signal.SIGINT, before)


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(EXIT_CODE)
