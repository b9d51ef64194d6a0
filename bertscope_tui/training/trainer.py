"""transformers' ``Trainer``, told how our windows are batched, what their loss is and how to score.

The loop, the optimiser, mixed precision, gradient accumulation, several processes and checkpoints
are the library's. Ours are the order of the batches, the loss (padding takes no part in it), the
development score, which is the program's own decoding and scoring, and when to stop.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from bertscope_tui.data.records import QASample
from bertscope_tui.engine.scoring import ReadOptions, SampleScore, score_dataset
from bertscope_tui.errors import Cancelled, InputError
from bertscope_tui.models.loading import LoadedModel
from bertscope_tui.training.batches import Collate, FeatureSet, LengthBatches
from bertscope_tui.training.checkpoints import Best, mark_whole, read_best, save_best
from bertscope_tui.training.data import is_scored
from bertscope_tui.training.features import Feature
from bertscope_tui.training.plan import Precision, Settings
from bertscope_tui.training.runs import DevPoint, LossPoint

_SAVE_SECONDS = 600.0
"""A checkpoint is also written when the last one is this old."""


def arguments(
    folder: Path, settings: Settings, *, precision: Precision, device: str
) -> TrainingArguments:
    """Return what the library is to do with ``settings``, writing to ``folder``.

    ``precision`` auto is bfloat16 on a CUDA device that has it, else float16 there, else float32.
    Raises InputError where the device does not have what was asked for.
    """
    cuda = device.startswith("cuda")
    kind = number_type(precision, device)
    if kind == "float16" and not cuda:
        raise InputError(
            f"precision float16 needs a CUDA device, this is {device}",
            remedy="--precision bfloat16 or float32",
        )
    args = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=settings.batch_size,
        gradient_accumulation_steps=settings.accumulation,
        learning_rate=settings.lr,
        lr_scheduler_type=(
            "constant_with_warmup" if settings.schedule == "constant" else settings.schedule
        ),
        warmup_steps=settings.warmup,
        weight_decay=settings.weight_decay,
        num_train_epochs=settings.epochs,
        max_steps=settings.max_steps or -1,
        logging_strategy="steps",
        logging_steps=settings.log_steps,
        logging_nan_inf_filter=False,
        eval_strategy="no",  # the conductor says when; the library would want a data set for it
        save_strategy="steps",
        save_steps=settings.save_steps,
        seed=settings.seed,
        data_seed=settings.seed,
        bf16=kind == "bfloat16",
        fp16=kind == "float16",
        use_cpu=device == "cpu",
        remove_unused_columns=False,
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=cuda,
        log_level="error",
    )
    if cuda and args.n_gpu > 1:
        # Several devices in one process would split batches; accelerate's launcher uses them all.
        args._n_gpu = 1
    return args


def number_type(precision: Precision, device: str) -> Precision:
    """Return the numbers that ``precision`` stands for on a device."""
    if precision != "auto":
        return precision
    if not device.startswith("cuda"):
        return "float32"
    return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"


class _NoStepLeft(Exception):  # noqa: N818 - a way out of the library's loop, not an error
    """Nothing is to be trained: all steps are done, or a stop was asked for before the first.

    The library would take one more step than there are where the last epoch is not a whole one.
    """


class FineTuner(Trainer):  # type: ignore[misc]
    """One training of one model.

    ``report`` is given loss and development points as they come (on the first process only);
    ``stopping`` says that the training should save itself and end.
    """

    def __init__(
        self,
        model: LoadedModel,
        rows: Sequence[Feature],
        dev: Sequence[QASample],
        options: ReadOptions,
        settings: Settings,
        args: TrainingArguments,
        *,
        member: int,
        report: Callable[[LossPoint | DevPoint], None],
        stepped: Callable[[int, int], None],
        seconds: Callable[[], float],
        stopping: Callable[[], bool],
        scored: frozenset[int] = frozenset(),
    ) -> None:
        """``scored`` holds the steps whose development score is known from before."""
        head = model.info.head
        assert head is not None  # what is trained has one
        super().__init__(
            model=model.network,
            args=args,
            train_dataset=FeatureSet(rows),
            data_collator=Collate(model.pad_id, head),
        )
        self.loaded = model
        self.settings = settings
        self.member = member
        self.folder = Path(args.output_dir)
        self.stopping = stopping
        self.report = report
        self.stepped = stepped
        self.seconds = seconds
        # Only the first process keeps weights, and mends what a kill left of them.
        self.best = read_best(self.folder) if args.process_index == 0 else None
        self.scored = set(scored)
        self._head = head
        self._dev = dev
        self._scored_questions = sum(is_scored(sample) for sample in dev)
        self._options = options
        self.batches = LengthBatches(
            [len(row.ids) for row in rows],
            size=settings.batch_size,
            tokens=settings.batch_tokens,
            seed=settings.seed,
            process=args.process_index,
            processes=args.world_size,
        )
        self.astray = False  # whether the loss is no number any more
        self.remove_callback(PrinterCallback)  # it would write to standard output
        self.add_callback(_Conductor(self))

    def go_on(self, checkpoint: Path | None) -> None:
        """Train from ``checkpoint``, or from the beginning, until all is done or a stop."""
        with contextlib.suppress(_NoStepLeft):
            self.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))

    def get_train_dataloader(self) -> Any:
        """Return the batches of this process; the order is the sampler's alone."""
        return DataLoader(
            self.train_dataset,
            batch_sampler=self.batches,
            collate_fn=self.data_collator,
            pin_memory=self.args.dataloader_pin_memory,
            # Without one of its own, each pass would draw from the generator that dropout uses.
            generator=torch.Generator(),
        )

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Return the mean cross-entropy over the batch: of start and end, or of the class."""
        targets = {name: inputs.pop(name) for name in ("start", "end", "label") if name in inputs}
        outputs = model(**inputs)
        if self._head == "span":
            loss = span_loss(
                outputs.start_logits,
                outputs.end_logits,
                inputs["attention_mask"],
                targets["start"],
                targets["end"],
            )
        else:
            loss = torch.nn.functional.cross_entropy(outputs.logits.float(), targets["label"])
        return (loss, outputs) if return_outputs else loss

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Score the development questions and keep the weights if they are the best so far.

        When asked to stop in the middle, nothing is scored: the step counts as not scored yet.
        """
        step = self.state.global_step
        self.control.should_evaluate = False
        try:
            scores = self._score()
        except Cancelled:
            self.control.should_save = True
            self.control.should_training_stop = True
            return {}
        point = self._point(step, scores)
        self.scored.add(step)
        if self.is_world_process_zero():
            # The log comes last: a score in it says that its weights are safe.
            if self.best is None or point.score > self.best.score:
                self.best = Best(point.score, step)
                save_best(self.folder, self.accelerator.unwrap_model(self.model), self.best)
            self.report(point)
        self.accelerator.wait_for_everyone()
        return {"eval_score": point.score}

    def _score(self) -> list[SampleScore]:
        """Score the development questions, each process its share of them."""
        rank, world = self.args.process_index, self.args.world_size
        self.loaded.network.eval()
        # With several processes, one that stops alone would leave the others waiting.
        cancelled = self.stopping if world == 1 else _never
        own = list(
            score_dataset(
                self.loaded, self._dev[rank::world], options=self._options, cancelled=cancelled
            )
        )
        if world == 1:
            return own
        from accelerate.utils import gather_object

        gathered: list[SampleScore] = gather_object(own)
        return gathered

    def _point(self, step: int, scores: Sequence[SampleScore]) -> DevPoint:
        right = sum(one.scores.exact_match for one in scores if one.scores is not None)
        overlap = sum(one.scores.f1 for one in scores if one.scores is not None)
        exact, f1 = right / self._scored_questions, overlap / self._scored_questions
        return DevPoint(
            member=self.member,
            step=step,
            epoch=round(float(self.state.epoch or 0.0), 4),
            score=f1 if self._head == "span" else exact,
            exact_match=exact,
            f1=f1,
            seconds=self.seconds(),
        )


class _Conductor(TrainerCallback):  # type: ignore[misc]
    """Says at each step whether to log, score, save or stop."""

    def __init__(self, trainer: FineTuner) -> None:
        self._trainer = trainer
        self._saved = time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Make up for a development score that an interruption cost.

        Where that is interrupted as well, no step may follow: its checkpoint would hide that the
        score is missing.
        """
        if self._trainer.is_world_process_zero():
            self._trainer.stepped(state.global_step, state.max_steps)
        missing = state.global_step not in self._trainer.scored and self._due(state)
        if missing:
            self._trainer.evaluate()
            missing = state.global_step not in self._trainer.scored
        if missing or state.global_step >= state.max_steps:
            raise _NoStepLeft

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Tell the sampler which pass begins (or goes on)."""
        batches = self._trainer.batches
        per_epoch = -(-len(batches) // args.gradient_accumulation_steps)
        batches.epoch = state.global_step // per_epoch

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Score and save at the end, save when asked to stop or when the last time is long ago."""
        trainer = self._trainer
        if trainer.is_world_process_zero():
            trainer.stepped(state.global_step, state.max_steps)
        control.should_evaluate = self._due(state)
        if state.global_step >= state.max_steps:
            control.should_log = True
            control.should_save = True
        if self._all_agree(trainer.stopping()):
            control.should_save = True
            control.should_training_stop = True
            control.should_evaluate = False
        elif self._all_agree(time.monotonic() - self._saved > _SAVE_SECONDS):
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Mark what was saved as whole once every process has written its part."""
        self._trainer.accelerator.wait_for_everyone()
        if self._trainer.is_world_process_zero():
            mark_whole(self._trainer.folder, state.global_step)
        self._saved = time.monotonic()

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any
    ) -> None:
        """Hand on the loss."""
        if not logs or "loss" not in logs:
            return
        if not math.isfinite(logs["loss"]):
            # It never comes back from there; what was the best until now stays.
            self._trainer.astray = True
            control.should_training_stop = True
            control.should_evaluate = control.should_save = False
        elif self._trainer.is_world_process_zero():
            self._trainer.report(
                LossPoint(
                    member=self._trainer.member,
                    step=state.global_step,
                    loss=logs["loss"],
                    lr=logs.get("learning_rate", 0.0),
                    seconds=self._trainer.seconds(),
                )
            )

    def _due(self, state: Any) -> bool:
        """Say whether the development questions are to be scored after this step."""
        step = state.global_step
        return bool(step) and (
            step % self._trainer.settings.eval_steps == 0 or step >= state.max_steps
        )

    def _all_agree(self, wish: bool) -> bool:
        """Return whether any process has the wish, so that all do the same at the same step."""
        if self._trainer.args.world_size == 1:
            return wish
        accelerator = self._trainer.accelerator
        asked = torch.tensor([int(wish)], device=accelerator.device)
        return bool(int(accelerator.reduce(asked, reduction="sum").item()))


def span_loss(
    start_logits: torch.Tensor,
    end_logits: torch.Tensor,
    mask: torch.Tensor,
    start: torch.Tensor,
    end: torch.Tensor,
) -> torch.Tensor:
    """Return the mean of the cross-entropies of start and end (Devlin et al. 2019, section 4.2).

    Logits and ``mask`` are ``(windows, tokens)``, targets ``(windows,)``. Padding is no possible
    answer, so a window's loss does not depend on what it is batched with.
    """
    cross_entropy = torch.nn.functional.cross_entropy
    outside = mask == 0
    begins = start_logits.float().masked_fill(outside, float("-inf"))
    ends = end_logits.float().masked_fill(outside, float("-inf"))
    return (cross_entropy(begins, start) + cross_entropy(ends, end)) / 2


def _never() -> bool:
    return False
