"""Trainings in a process of their own, which goes on when the terminal that began it is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from bertscope_tui.errors import InputError
from bertscope_tui.training.plan import Plan
from bertscope_tui.training.runs import OUTPUT, create_run, is_locked, read_run, run_folder


def start_detached(plan: Plan) -> None:
    """Write down a plan and begin to work on it in the background."""
    create_run(plan)
    resume_detached(plan.name)


def resume_detached(name: str, options: Sequence[str] = ()) -> None:
    """Go on with a run in the background; InputError where it cannot be gone on with.

    The process is the leader of a session of its own, so that neither Ctrl+C nor the end of the
    terminal reaches it; what it prints goes to the run's ``output.log``.
    """
    run = read_run(name)
    if run.problem is not None or not run.resumable:
        raise InputError(run.problem or f"training {name} is {run.status.state}")
    command = [sys.executable, "-m", "bertscope_tui", "finetune", "--resume", name, *options]
    with (run.folder / OUTPUT).open("ab") as output:
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            close_fds=True,
        )


def stop_run(name: str) -> None:
    """Ask the process at work on a run to stop where it can be resumed; InputError without one."""
    folder = run_folder(name)
    status = read_run(name).status
    # The lock tells that a process is at work, so its number cannot have gone to another one.
    if not is_locked(folder) or status.pid <= 0:
        raise InputError(f"training {name} is not running")
    try:
        os.kill(status.pid, signal.SIGTERM)
    except ProcessLookupError as exc:
        raise InputError(f"training {name} is not running") from exc
    except PermissionError as exc:
        raise InputError(f"training {name} belongs to another user") from exc
