"""Trainings on disk: what is planned, how far each is, and whether a process is at work on it.

A run is a folder ``<cache>/training/<name>``:

- ``plan.json``: what is to be done;
- ``inputs.json``: the hashes of what it was begun with;
- ``state.json``: the last word of the process, replaced in one step;
- ``log.jsonl``: one line for each loss and each development score, only ever added to;
- ``lock``: held (flock) by the process at work, so that a killed one is known to be gone;
- ``output.log``: what a process without a terminal printed;
- ``members/<n>``: checkpoints and the best weights of the n-th training of the grid.

Reading needs neither torch nor the process: the app draws curves of runs it did not start.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from bertscope_tui import locks, paths
from bertscope_tui.errors import DiskError, InputError
from bertscope_tui.models.staging import disk_error
from bertscope_tui.replacing import replace_text
from bertscope_tui.training.plan import DAMAGE, Plan, plan_object, read_plan, record

State = Literal["waiting", "running", "stopped", "killed", "failed", "done"]
"""``waiting``: never begun; ``stopped``: asked to stop, resumable; ``killed``: the process is gone
without a word, resumable; ``failed``: ended by an error, resumable once its cause is removed."""

RESUMABLE: Final[frozenset[State]] = frozenset(("waiting", "stopped", "killed", "failed"))

PLAN, STATE, LOG, LOCK, OUTPUT, MEMBERS = (
    "plan.json",
    "state.json",
    "log.jsonl",
    "lock",
    "output.log",
    "members",
)


@dataclass(frozen=True, slots=True)
class LossPoint:
    """Mean training loss of the steps since the point before; ``member`` counts the grid."""

    member: int
    step: int
    loss: float
    lr: float
    seconds: float


@dataclass(frozen=True, slots=True)
class DevPoint:
    """Scores on the development data (fractions); ``score`` is what decides, F1 or accuracy."""

    member: int
    step: int
    epoch: float
    score: float
    exact_match: float
    f1: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Status:
    """What the process last said of itself.

    ``step`` of ``steps`` of training ``member`` of ``members``; ``seconds`` of work so far over all
    trainings and interruptions; ``step_seconds`` for one step lately; ``eta_seconds`` until all is
    done, None while unknown; ``message`` is one line for the user.
    """

    state: State = "waiting"
    member: int = 0
    members: int = 1
    step: int = 0
    steps: int = 0
    seconds: float = 0.0
    step_seconds: float | None = None
    eta_seconds: float | None = None
    message: str = ""
    pid: int = 0
    device: str = ""
    updated: float = 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """A run as read from its folder; ``problem`` says why it cannot be used, or is None."""

    name: str
    folder: Path
    plan: Plan | None
    status: Status
    losses: tuple[LossPoint, ...] = ()
    scores: tuple[DevPoint, ...] = ()
    problem: str | None = None

    @property
    def resumable(self) -> bool:
        """Say whether ``finetune --resume`` can go on with it."""
        return self.plan is not None and self.status.state in RESUMABLE

    @property
    def best(self) -> DevPoint | None:
        """Return the best development score over all trainings, the earliest of equal ones."""
        return max(self.scores, key=lambda point: point.score, default=None)


def runs_dir() -> Path:
    """Return the folder of all runs (which need not exist)."""
    return paths.cache_dir() / "training"


def run_folder(name: str) -> Path:
    """Return the folder of a run; ``name`` has been checked as a model's name."""
    return runs_dir() / name


def list_runs() -> list[Run]:
    """Read every run, the one that was at work last first."""
    try:
        folders = [path for path in runs_dir().iterdir() if (path / PLAN).is_file()]
    except OSError:
        return []
    runs = [read_run(folder.name) for folder in folders]
    return sorted(runs, key=lambda run: (-run.status.updated, run.name))


def read_run(name: str) -> Run:
    """Read one run; what is damaged in it becomes its ``problem``, nothing is raised."""
    folder = run_folder(name)
    status = _read_status(folder)
    if status.state == "running" and not is_locked(folder):
        # A process that is about to end writes its last word before it lets go of the lock.
        status = _read_status(folder)
        if status.state == "running":
            status = replace(
                status,
                state="killed",
                eta_seconds=None,
                message=f"the process is gone; {resume_hint(name)}",
            )
    try:
        plan: Plan | None = read_plan(folder / PLAN)
        problem = None
    except InputError as error:
        plan, problem = None, error.message
    losses, scores = _read_log(folder / LOG)
    return Run(name, folder, plan, status, losses, scores, problem)


def create_run(plan: Plan) -> Path:
    """Make the folder of a new run with its plan; raises InputError where one of the name exists,
    and DiskError.

    A finished run gives way, and one that failed before its first step; every other only where the
    plan has ``force``, and one that is being worked on never.
    """
    folder = run_folder(plan.name)
    if (folder / PLAN).exists():
        earlier = read_run(plan.name)
        if earlier.status.state == "running" or is_locked(folder):
            raise InputError(
                f"a training named {plan.name} is running", remedy="stop it, or choose another name"
            )
        over = earlier.status.state == "done" or _never_trained(earlier)
        if not plan.force and not over:
            raise InputError(
                f"an unfinished training named {plan.name} exists",
                remedy=f"{resume_hint(plan.name)}, and --force begins anew",
            )
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / STATE, asdict(Status(updated=time.time())))
        write_json(folder / PLAN, plan_object(plan))
    except OSError as exc:
        raise disk_error(exc, folder) from exc
    return folder


def _never_trained(run: Run) -> bool:
    """Say whether a run failed before there was anything in it that could be lost."""
    return run.status.state == "failed" and not (run.folder / MEMBERS).exists()


def remove_run(name: str) -> None:
    """Delete a run with its checkpoints; InputError for one that a process is at work on.

    Raises DiskError where a part of it cannot be deleted.
    """
    folder = run_folder(name)
    if is_locked(folder):
        raise InputError(f"training {name} is running", remedy="stop it first")
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise DiskError(f"{folder}: cannot be removed: {exc.strerror or exc}") from exc


def resume_hint(name: str) -> str:
    """Return the words that say how to go on."""
    return f"'bertscope-tui finetune --resume {name}' goes on"


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Hold a run while working on it; InputError where another process does, DiskError."""
    with ExitStack() as held:
        try:
            held.enter_context(locks.hold(folder / LOCK))
        except locks.TakenError as exc:
            raise InputError(
                f"training {folder.name} is being worked on by another process"
            ) from exc
        except OSError as exc:
            raise disk_error(exc, folder) from exc
        yield


def is_locked(folder: Path) -> bool:
    """Say whether a process is at work on a run; its folder need not be writable."""
    return locks.is_held(folder / LOCK)


class RunWriter:
    """What the process at work writes; one for each run, on one thread."""

    def __init__(self, folder: Path) -> None:
        """Go on with the seconds that were counted before."""
        self._folder = folder
        before = _read_status(folder)
        self.status = replace(
            before, state="running", message="", pid=os.getpid(), eta_seconds=None
        )
        self._earlier = before.seconds
        self._began = time.monotonic()
        self._drop_half_line()

    @property
    def seconds(self) -> float:
        """Return the seconds of work so far, those before an interruption included."""
        return self._earlier + time.monotonic() - self._began

    def say(self, **changes: Any) -> None:
        """Write the state with these changes."""
        self.status = replace(self.status, **changes, seconds=self.seconds, updated=time.time())
        write_json(self._folder / STATE, asdict(self.status))

    def add(self, point: LossPoint | DevPoint) -> None:
        """Add a point to the log."""
        kind = "loss" if isinstance(point, LossPoint) else "dev"
        line = json.dumps({"kind": kind, **asdict(point)})
        with (self._folder / LOG).open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def forget_after(self, member: int, step: int) -> None:
        """Take back points that will be made again: those after the checkpoint resumed from."""
        losses, scores = _read_log(self._folder / LOG)
        points: list[LossPoint | DevPoint] = [*losses, *scores]
        kept = [
            point
            for point in sorted(points, key=lambda p: (p.member, p.step))
            if (point.member, point.step) <= (member, step)
        ]
        lines = [
            json.dumps({"kind": "loss" if isinstance(p, LossPoint) else "dev", **asdict(p)}) + "\n"
            for p in kept
        ]
        replace_text(self._folder / LOG, "".join(lines))

    def _drop_half_line(self) -> None:
        """A killed process may have left half a line, which must not spoil the next one."""
        path = self._folder / LOG
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return
        if content and not content.endswith(b"\n"):
            replace_text(path, content[: content.rfind(b"\n") + 1].decode("utf-8", "replace"))


def write_json(path: Path, value: Any) -> None:
    """Replace a file by JSON in one step; raises OSError."""
    replace_text(path, json.dumps(value, indent=1) + "\n")


def _read_status(folder: Path) -> Status:
    try:
        status: Status = record(Status, json.loads((folder / STATE).read_text("utf-8")))
        numbers = (status.seconds, status.step_seconds, status.eta_seconds, status.updated)
        finite = all(number is None or math.isfinite(number) for number in numbers)
        if status.state not in get_args(State) or not finite:
            raise ValueError("no state")
        return status
    except FileNotFoundError:
        return Status()
    except (OSError, *DAMAGE):
        return Status(state="failed", message="its state cannot be read")


def _read_log(path: Path) -> tuple[tuple[LossPoint, ...], tuple[DevPoint, ...]]:
    """Read the log; a line that is half written (yet) is passed over."""
    losses: list[LossPoint] = []
    scores: list[DevPoint] = []
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return (), ()
    for line in lines:
        try:
            content = json.loads(line)
            kind = content.pop("kind")
            if kind == "loss":
                losses.append(record(LossPoint, content))
            elif kind == "dev":
                point = record(DevPoint, content)
                if math.isfinite(point.score):
                    scores.append(point)
        except DAMAGE:
            continue
    return tuple(losses), tuple(scores)
