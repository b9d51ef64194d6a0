"""Ctrl+C at any moment ends a verb with one exit code, also in the middle of an import.

Python's own handling is not enough here: a KeyboardInterrupt that passes through ``exec`` (as in
the making of a dataclass) makes the interpreter kill itself with the signal whatever is returned
later, and one that hits an extension module while it is imported may come out as another error.
"""

from __future__ import annotations

import signal
from types import FrameType


class Interrupted(KeyboardInterrupt):
    """What Ctrl+C raises; a class of its own, which the interpreter does not treat specially."""


class _State:
    asked = False


def install() -> None:
    """Take over SIGINT; only for the main thread of the command."""
    signal.signal(signal.SIGINT, _interrupt)


def uninstall() -> None:
    """Give SIGINT back to Python, for an event loop that has a way of its own with it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def was_asked() -> bool:
    """Say whether an interrupt came, so that an error after it is taken for its consequence."""
    return _State.asked


def _interrupt(number: int, frame: FrameType | None) -> None:
    _State.asked = True
    raise Interrupted
