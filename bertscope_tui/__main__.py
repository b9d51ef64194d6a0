"""The command ``bertscope-tui``, also as ``python -m bertscope_tui``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line with this process's arguments and return the exit code."""
    from bertscope_tui.cli import interrupt

    interrupt.install()
    try:
        from bertscope_tui.cli.run import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
