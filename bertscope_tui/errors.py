"""Every error that is meant for the user derives from one class.

The message is one line that names the thing that is wrong (file, record, field, model) and,
where there is one, what to do about it. ``exit_code`` is what the command line leaves with.
"""

from __future__ import annotations


class BertscopeError(Exception):
    """Work that failed for a reason the user can be told in one line."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        """Keep the message and the remedy apart, so that a screen may set them on two lines."""
        super().__init__(message if remedy is None else f"{message} ({remedy})")
        self.message = message
        self.remedy = remedy


class InputError(BertscopeError):
    """A bad argument or unusable input: nothing was done, exit code 2."""

    exit_code = 2


class DataError(InputError):
    """A data set that cannot be read, or a record in it that was asked for by name."""


class ModelError(InputError):
    """A model that cannot be found or opened."""


class EngineError(BertscopeError):
    """The network could not be run on this input (memory, an unsupported architecture)."""


class DiskError(BertscopeError):
    """A file could not be written: a full disk, no permission, a folder that is gone."""


class Cancelled(Exception):  # noqa: N818 - not an error: somebody asked for it
    """Raised inside a job at the next safe point after it was cancelled."""
