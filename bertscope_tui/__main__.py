"""The command ``bertscope-tui``, also as ``python -m bertscope_tui``."""

from __future__ import annotations

import logging
import os
import sys


def main() -> int:
    """Run the command line with this process's arguments and return the exit code."""
    from bertscope_tui.cli import interrupt

    interrupt.install()

    from bertscope_tui.cli.run import run
    from bertscope_tui.models.threads import set_thread_policy

    set_thread_policy()
    return leave(run(sys.argv[1:]))


def leave(code: int) -> int:
    """End the process at once if torch is loaded, else return the code.

    Taking torch and transformers down in order takes a second in which nothing is done that
    anybody waits for, and a thread that is still inside a network would not survive it.
    """
    if "torch" not in sys.modules:
        return code
    for stream in (sys.stdout, sys.stderr):
        if stream is None:  # closed by who started the program
            continue
        try:
            stream.flush()
        except (OSError, ValueError):  # closed, or nobody reads it any more
            code = code or 1
    logging.shutdown()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
