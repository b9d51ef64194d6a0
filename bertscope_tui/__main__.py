"""The command ``bertscope-tui``, also as ``python -m bertscope_tui``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line with this process's arguments and return the exit code."""
    from bertscope_tui.cli import interrupt

    interrupt.install()

    from bertscope_tui.cli.run import run
    from bertscope_tui.models.threads import set_thread_policy

    set_thread_policy()
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
