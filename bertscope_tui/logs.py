"""The log file: the traces that the user is not shown.

Everything goes to one rotating file and nothing to the terminal, which belongs to the screen or
to the output. The file is made with the first record; where it cannot be, records are dropped,
because a full disk or a read-only home is no reason not to look at a model.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
from pathlib import Path

from bertscope_tui import paths

_BYTES = 1_000_000
_FORMAT = "%(asctime)s %(process)d %(threadName)s %(levelname)s %(name)s: %(message)s"


class _LazyFile(logging.handlers.RotatingFileHandler):
    """A rotating file that is made, with its folder, when there is something to write."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=_BYTES, backupCount=2, encoding="utf-8", delay=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; the folder is made by then."""
        if self.stream is None:
            try:
                Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
            except OSError:
                self.handleError(record)
                return
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Drop a record that cannot be written; the default would print over the screen."""


def start_logging(*, debug: bool = False, path: Path | None = None) -> Path:
    """Send every log record to the file and return its path; calling again changes the level.

    The libraries are told to keep their progress bars and own handlers off standard error, by
    the environment variables that they read when they are imported.
    """
    path = path or paths.log_file()
    root = logging.getLogger()
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    ours = [handler for handler in root.handlers if isinstance(handler, _LazyFile)]
    if not any(handler.baseFilename == os.path.abspath(path) for handler in ours):
        for handler in ours:
            root.removeHandler(handler)
            handler.close()
        new = _LazyFile(path)
        new.setFormatter(logging.Formatter(_FORMAT))
        root.addHandler(new)
    for noisy in ("httpx", "httpcore", "urllib3", "filelock", "asyncio", "markdown_it"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    for name, value in (
        ("HF_HUB_DISABLE_PROGRESS_BARS", "1"),
        ("HF_HUB_DISABLE_TELEMETRY", "1"),
        ("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1"),
        ("TRANSFORMERS_VERBOSITY", "error"),
        ("TOKENIZERS_PARALLELISM", "false"),
    ):
        os.environ.setdefault(name, value)
    return path
