"""One fine-tuning from its plan to a model in the cache, begun or gone on with.

All trainings of the grid run one after the other; each can be interrupted at any moment and gone
on with later, with the same result as if it had not been. The best weights of the best training
become the model.
"""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bertscope_tui.errors import Cancelled, EngineError, InputError
from bertscope_tui.models.catalog import ModelEntry
from bertscope_tui.models.loading import LoadedModel
from bertscope_tui.models.staging import disk_trouble
from bertscope_tui.models.trainable import load_trainable
from bertscope_tui.training.checkpoints import (
    Best,
    Result,
    drop_checkpoints,
    mark_done,
    newest_checkpoint,
    read_done,
    step_of,
)
from bertscope_tui.training.data import TrainingData, read_data, read_options
from bertscope_tui.training.features import Features, label_features, span_features
from bertscope_tui.training.finish import FINISHED, astray, store_model
from bertscope_tui.training.inputs import Inputs, read_inputs, settle_inputs
from bertscope_tui.training.plan import Plan, Settings
from bertscope_tui.training.runs import (
    MEMBERS,
    DevPoint,
    LossPoint,
    RunWriter,
    Status,
    holding,
    read_run,
    resume_hint,
    run_folder,
)

_STATUS_SECONDS = 1.0
"""The state file is written no more often than this while steps go by."""


class Listener(Protocol):
    """Who watches a training while it runs in the same process."""

    def status(self, status: Status) -> None:
        """Take the newest state."""

    def point(self, point: LossPoint | DevPoint) -> None:
        """Take a new loss or development score."""

    def note(self, text: str) -> None:
        """Take a sentence about what is being done."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended: the model, or None where the run was stopped and can be gone on with."""

    model: ModelEntry | None
    message: str


def run_training(
    plan: Plan,
    listener: Listener,
    stopping: Callable[[], bool],
    *,
    allow_download: bool = False,
) -> Outcome:
    """Work on the run of ``plan``, whose folder exists, until it is done or ``stopping()``.

    With several processes (accelerate's launcher) every one calls this; the first one writes.
    Raises BertscopeError for everything that the user can be told in one line; the run's state
    says so too, and is resumable.
    """
    folder = run_folder(plan.name)
    if not _first_process():
        work = _Work(plan, folder, None, listener, stopping, allow_download)
        return work.run()
    with holding(folder):
        writer = RunWriter(folder)
        work = _Work(plan, folder, writer, listener, stopping, allow_download)
        try:
            return work.run()
        except (Cancelled, KeyboardInterrupt):
            return work.stopped()
        except BaseException as error:
            told = disk_trouble(error, folder, folder) or error
            with contextlib.suppress(OSError):  # a full disk takes no last word either
                writer.say(state="failed", eta_seconds=None, message=_line(told))
            if told is error:
                raise
            raise told from error


class _Work:
    """The state of one call of ``run_training``; ``writer`` is None but on the first process."""

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        writer: RunWriter | None,
        listener: Listener,
        stopping: Callable[[], bool],
        allow_download: bool,
    ) -> None:
        self.plan = plan
        self.folder = folder
        self.writer = writer
        self.listener = listener
        self.stopping = stopping
        self.allow_download = allow_download
        self.device = own_device(plan.device)
        self.members = list(plan.members())
        self.features: dict[tuple[Any, ...], Features] = {}
        self.first: tuple[float, int] | None = None  # when this training began here, at which step
        self.told = 0.0
        self.inputs: Inputs | None = None  # as they were when the run began

    def run(self) -> Outcome:
        """Train every member that is not done, then store the best."""
        self._say(members=len(self.members), message="reading the data")
        data = read_data(self.plan, self.listener.note)
        for note in data.notes:
            self.listener.note(note)
        results: list[Result] = []
        for number, settings in enumerate(self.members):
            result = _agreed(read_done(self._member_folder(number)))
            if result is None:
                result = self._train(number, settings, data)
            if result is None:
                return self.stopped()
            results.append(result)
        if self.writer is None:
            return Outcome(None, "")
        chosen = max(range(len(results)), key=lambda place: results[place].score)
        if results[chosen].step == 0:
            raise astray(self.plan.name, "no loss of any training of the grid is a number")
        self._say(message="storing the model", eta_seconds=None)
        self.listener.note("storing the model and scoring it as it was stored")
        inputs = self.inputs or read_inputs(self.folder)
        assert inputs is not None  # written before the first step
        entry = store_model(
            self.plan,
            data,
            inputs,
            weights=self._member_folder(chosen),
            settings=self.members[chosen],
            results=results,
            chosen=chosen,
            run=read_run(self.plan.name),
            seconds=self.writer.seconds,
            device=self.device,
            stopping=self.stopping,
        )
        score = "" if entry.score is None else f", {entry.score:.3f} on the development data"
        message = f"model {self.plan.name}{score}"
        # First done, then tidy: a kill in between must not bring the training to its beginning.
        self._say(state="done", message=message)
        for name in (MEMBERS, FINISHED):
            _remove_tree(self.folder / name)
        return Outcome(entry, message)

    def stopped(self) -> Outcome:
        """Write down that the run was stopped and how to go on."""
        message = f"stopped; {resume_hint(self.plan.name)}"
        self._say(state="stopped", eta_seconds=None, message=message)
        return Outcome(None, message)

    def _member_folder(self, number: int) -> Path:
        return self.folder / MEMBERS / str(number)

    def _train(self, number: int, settings: Settings, data: TrainingData) -> Result | None:
        """Train one member to its end; None where it was stopped."""
        from bertscope_tui.training.trainer import FineTuner, arguments

        plan, folder = self.plan, self._member_folder(number)
        self._say(member=number, step=0, steps=0, message="opening the base model")
        model = load_trainable(
            plan.base,
            head=plan.head,
            labels=data.labels,
            dropout=settings.dropout,
            freeze_embeddings=settings.freeze_embeddings,
            seed=settings.seed,
            device=self.device,
            allow_download=self.allow_download,
        )
        features = self._features(model, settings, data)
        folder.mkdir(parents=True, exist_ok=True)
        args = arguments(folder, settings, precision=plan.precision, device=model.device.type)
        if self.writer is not None and self.inputs is None:
            self.inputs = settle_inputs(
                self.folder, plan, Path(model.info.path), processes=args.world_size
            )
        checkpoint = _agreed(newest_checkpoint(folder) if self.writer is not None else None)
        step = 0 if checkpoint is None else step_of(checkpoint)
        scored = _agreed(self._forget_after(number, step))
        if checkpoint is not None:
            self.listener.note(f"going on after step {step}")
        self._say(device=str(model.device), message="training", step=step)
        trainer = FineTuner(
            model,
            features.rows,
            data.dev.samples,
            read_options(data.dev, settings),
            settings,
            args,
            member=number,
            report=self._report,
            stepped=self._stepped,
            seconds=self._seconds,
            stopping=self.stopping,
            scored=scored,
        )
        self.first = None
        try:
            trainer.go_on(checkpoint)
        except RuntimeError as error:
            if disk_trouble(error, folder, folder) is not None:
                raise
            raise _training_error(error, settings) from error
        steps = trainer.state.global_step
        finished = steps >= trainer.state.max_steps
        best: Best | None = _agreed(trainer.best)
        if trainer.astray:
            return self._astray(number, steps, best)
        missed = steps not in trainer.scored
        self._say(step=steps)
        del trainer
        gc.collect()
        if not finished or missed or best is None:
            return None
        result = Result(best.score, best.step, steps)
        if self.writer is not None:
            mark_done(folder, result)
            drop_checkpoints(folder)
        return result

    def _astray(self, number: int, steps: int, best: Best | None) -> Result:
        """End a member whose loss is no number any more with the best that it had before.

        One that is alone, or had nothing, has no result: the others of a grid may have one.
        """
        if best is None and len(self.members) == 1:
            raise astray(self.plan.name, f"its loss is no number at step {steps}")
        self.listener.note(f"training {number + 1} went astray at step {steps}; it ends there")
        result = Result(0.0, 0, steps) if best is None else Result(best.score, best.step, steps)
        if self.writer is not None:
            mark_done(self._member_folder(number), result)
            drop_checkpoints(self._member_folder(number))
        return result

    def _features(self, model: LoadedModel, settings: Settings, data: TrainingData) -> Features:
        """Cut the training data into windows, once for all members that cut alike."""
        key = (settings.max_tokens, settings.stride)
        if key not in self.features:
            self.listener.note(f"cutting {len(data.train.samples):,} questions into windows")

            def progress(done: int) -> None:
                if self.stopping():
                    raise Cancelled

            cut = {"max_tokens": key[0], "stride": key[1], "progress": progress}
            made = (
                span_features(model, data.train.samples, **cut)  # type: ignore[arg-type]
                if self.plan.head == "span"
                else label_features(model, data.train.samples, data.labels, **cut)  # type: ignore[arg-type]
            )
            if not made.rows:
                reason = f": {made.problems[0].what}" if made.problems else ""
                raise InputError(f"{self.plan.train.path}: no question to learn from{reason}")
            if made.problems:
                first = made.problems[0]
                self.listener.note(
                    f"{len(made.problems)} training questions cannot be learnt from "
                    f"(the first: {first.where}: {first.what})"
                )
            self.listener.note(f"{len(made.rows):,} windows, {model.info.notes[0]}")
            self.features = {key: made}
        return self.features[key]

    def _forget_after(self, number: int, step: int) -> frozenset[int]:
        """Take back what the log has beyond a checkpoint; return the steps with a score."""
        if self.writer is None:
            return frozenset()
        self.writer.forget_after(number, step)
        scores = read_run(self.plan.name).scores
        return frozenset(point.step for point in scores if point.member == number)

    def _report(self, point: LossPoint | DevPoint) -> None:
        if self.writer is not None:
            self.writer.add(point)
        self.listener.point(point)

    def _seconds(self) -> float:
        return 0.0 if self.writer is None else round(self.writer.seconds, 3)

    def _stepped(self, step: int, steps: int) -> None:
        """Tell the pace: all time since the first step, development scores included."""
        now = time.monotonic()
        if self.first is None:
            self.first = (now, step)
            self._say(step=step, steps=steps)
            return
        if now - self.told < _STATUS_SECONDS and step < steps:
            return
        self.told = now
        each = (now - self.first[0]) / max(1, step - self.first[1])
        later = len(self.members) - 1 - (self.writer.status.member if self.writer else 0)
        left = (steps - step) + later * steps
        self._say(step=step, steps=steps, step_seconds=each, eta_seconds=left * each)

    def _say(self, **changes: Any) -> None:
        if self.writer is not None:
            self.writer.say(**changes)
            self.listener.status(self.writer.status)


def _training_error(error: RuntimeError, settings: Settings) -> EngineError:
    """Return one line about a step that failed, with what to do where that is known."""
    text = str(error)
    line = next(iter(text.splitlines()), type(error).__name__)[:300]
    if "out of memory" in text.lower() or "can't allocate memory" in text.lower():
        twice = settings.accumulation * 2
        if settings.batch_tokens is not None:
            smaller = f"--batch-tokens {settings.batch_tokens // 2} --accumulation {twice}"
        elif settings.batch_size > 1:
            smaller = f"--batch-size {settings.batch_size // 2} --accumulation {twice}"
        else:
            smaller = f"--max-tokens {settings.max_tokens // 2}"
        return EngineError(
            "a training step does not fit the memory", remedy=f"begin anew with {smaller} --force"
        )
    return EngineError(f"a training step failed: {line}")


def _first_process() -> bool:
    return int(os.environ.get("RANK", "0")) == 0


def own_device(device: str) -> str:
    """Return the device of this process for the one that was asked for.

    The library trains on the first CUDA device that it sees, so another one is made the only one
    that is seen; that must happen before torch looks. Where a launcher started several processes,
    each has the device of its number.
    """
    local = os.environ.get("LOCAL_RANK")
    if local is None:
        kind, _, number = device.partition(":")
        if kind == "cuda" and number:
            seen = os.environ.get("CUDA_VISIBLE_DEVICES")
            names = seen.split(",") if seen else []
            place = int(number)
            os.environ["CUDA_VISIBLE_DEVICES"] = names[place] if place < len(names) else number
            return "cuda"
        return device
    if device in ("auto", "cuda"):
        import torch

        return f"cuda:{local}" if torch.cuda.is_available() else device
    return device


def _agreed(value: Any) -> Any:
    """Return the first process's value on every process."""
    from accelerate import PartialState
    from accelerate.utils import broadcast_object_list

    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or PartialState().num_processes == 1:
        return value
    return broadcast_object_list([value])[0]


def _remove_tree(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
