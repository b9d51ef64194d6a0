"""One run of the command line: parse, call, and turn every way it can end into an exit code.

0 done; 1 the work failed; 2 bad arguments or input; 3 done, but records were skipped and
``--strict`` was given; 130 interrupted. Whatever goes wrong is one line on standard error; the
trace goes to the log file, and to standard error as well with ``--debug``.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence

import click

from bertscope_tui.cli.interrupt import EXIT_CODE
from bertscope_tui.cli.output import OutputError, output_error, warn
from bertscope_tui.errors import BertscopeError, Cancelled

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def run(arguments: Sequence[str]) -> int:
    """Run the command line with these arguments and return the exit code."""
    from bertscope_tui.cli.main import root

    debug = "--debug" in arguments
    try:
        code = root.main(list(arguments), prog_name="bertscope-tui", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt, Cancelled):
        return EXIT_CODE
    except click.ClickException as error:
        warn([_usage_line(error)])
        return 2
    except OutputError as error:
        return _output_failed(error, debug)
    except BertscopeError as error:
        _keep_trace(error, debug)
        warn([str(error)])
        return error.exit_code
    except BrokenPipeError:
        _drop_output()
        return 1
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _FULL and error.filename is None:
            # Help texts are written by click; a failure at a named file is none of the output.
            return _output_failed(output_error(error), debug)
        log = _keep_trace(error, debug)
        warn([f"internal error: {type(error).__name__}: {error} (the trace is in {log})"])
        return 1
    return code if isinstance(code, int) else 0


def _usage_line(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    verb = context.command_path if context is not None else "bertscope-tui"
    return f"{error.format_message().rstrip('.')} (see '{verb} --help')"


def _keep_trace(error: BaseException, debug: bool) -> str:
    import logging

    from bertscope_tui.logs import start_logging

    log = start_logging(debug=debug)
    level = logging.INFO if isinstance(error, BertscopeError) else logging.ERROR
    logging.getLogger(__name__).log(level, "%s", error, exc_info=error)
    if debug:
        import traceback

        from bertscope_tui.data.hygiene import clean

        trace = "".join(traceback.format_exception(error))
        sys.stderr.writelines(f"{clean(line)}\n" for line in trace.splitlines())
    return str(log)


def _output_failed(error: OutputError, debug: bool) -> int:
    _keep_trace(error, debug)
    if sys.stdout is not None:
        _drop_output()
    warn([str(error)])
    return error.exit_code


def _drop_output() -> None:
    """Point standard output at nothing, or Python complains about what is left over at exit."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
