"""A model's answers to a data set, scored by the SQuAD rules, overall and for each bAbI task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from bertscope_tui.data.records import Dataset, QASample, Task
from bertscope_tui.engine.scoring import ReadOptions, SampleScore, Scores, never, score_dataset
from bertscope_tui.errors import InputError
from bertscope_tui.evaluation.intervals import Interval, mean_interval

if TYPE_CHECKING:
    from bertscope_tui.models.loading import LoadedModel, ModelInfo

Item = TypeVar("Item")

_WRONG = Scores(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class TaskScore:
    """One bAbI task: how many questions, the fraction of right answers, and its 95 % interval."""

    count: int
    accuracy: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Totals:
    """Scores over many samples, as fractions from 0 to 1, with 95 % bootstrap intervals.

    ``count`` is the number of samples scored, ``errors`` how many of them could not be run and
    count as wrong, ``unscored`` how many are left out because no gold answer is known.
    ``accuracy`` is the fraction of right answers where that is what the data set asks for
    (labels, bAbI), else None; ``tasks`` has it by task number, lowest first. Everything is None
    where nothing could be scored.
    """

    count: int
    errors: int
    unscored: int
    exact_match: float | None
    f1: float | None
    accuracy: float | None
    exact_match_interval: Interval | None
    f1_interval: Interval | None
    accuracy_interval: Interval | None
    tasks: dict[str, TaskScore]


@dataclass(frozen=True, slots=True)
class Failure:
    """A sample that could not be run, and the reason in one line."""

    sample_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What ``evaluate`` found.

    ``skipped`` counts the records of the file that could not be used and the samples that could
    not be run. ``predictions`` has a text for every sample, empty where it could not be run.
    ``limit`` is the number of samples asked for, None for all; ``seconds`` the time from the first
    sample to the last.
    """

    model: ModelInfo
    dataset: Dataset
    options: ReadOptions
    totals: Totals
    skipped: int
    failures: tuple[Failure, ...]
    predictions: dict[str, str]
    limit: int | None
    seconds: float

    @property
    def questions_per_second(self) -> float | None:
        """Return how many samples were read in a second; None where there was no time to tell."""
        return len(self.predictions) / self.seconds if self.seconds > 0 else None


def spread(samples: Sequence[Item], limit: int) -> Sequence[Item]:
    """Return ``limit`` samples spread evenly over the data set, the first among them, in order.

    The same ones every time; all of them where there are no more. Raises ValueError for a limit
    below 1.
    """
    if limit < 1:
        raise ValueError(f"limit {limit}: at least 1")
    count = len(samples)
    if limit >= count:
        return samples
    return [samples[place * count // limit] for place in range(limit)]


def evaluate_scores(
    scores: Sequence[SampleScore], samples: Sequence[QASample], *, task: Task = "span"
) -> Totals:
    """Sum up the scores of ``samples``, one each and in the same order.

    A sample that could not be run counts as wrong, an unanswerable one too. Accuracy is given
    where the ``task`` is classification and where samples belong to bAbI tasks. Raises ValueError
    where scores and samples do not belong together.
    """
    exact: list[float] = []
    overlap: list[float] = []
    by_task: dict[str, list[float]] = {}
    errors = 0
    for one, sample in zip(scores, samples, strict=True):
        if one.sample_id != sample.id:
            raise ValueError(f"the score of {one.sample_id} was given for {sample.id}")
        errors += one.error is not None
        found = one.scores or _WRONG
        if not (sample.answers or sample.impossible):
            continue
        exact.append(found.exact_match)
        overlap.append(found.f1)
        if sample.task_name is not None:
            by_task.setdefault(sample.task_name, []).append(found.exact_match)
    mean, interval = _mean(exact), mean_interval(exact)
    is_accuracy = task == "classification" or bool(by_task)
    return Totals(
        count=len(exact),
        errors=errors,
        unscored=len(samples) - len(exact),
        exact_match=mean,
        f1=_mean(overlap),
        accuracy=mean if is_accuracy else None,
        exact_match_interval=interval,
        f1_interval=mean_interval(overlap),
        accuracy_interval=interval if is_accuracy else None,
        tasks={name: _task(by_task[name]) for name in sorted(by_task, key=int)},
    )


def evaluate(
    model: LoadedModel,
    dataset: Dataset,
    *,
    options: ReadOptions | None = None,
    limit: int | None = None,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Run ``model`` over a data set, or over ``limit`` samples of it, and score its answers.

    ``progress`` is told the number of samples done and in all. Raises `InputError` for a model
    without a head, which makes no predictions; `Cancelled`.
    """
    need_head(model.info)
    options = (options or ReadOptions()).for_dataset(dataset)
    samples = dataset.samples if limit is None else spread(dataset.samples, limit)
    total = len(samples)
    began = perf_counter()
    scores = list(
        score_dataset(
            model,
            samples,
            options=options,
            cancelled=cancelled,
            progress=None if progress is None else lambda done: progress(done, total),
        )
    )
    seconds = perf_counter() - began
    failures = tuple(Failure(one.sample_id, one.error) for one in scores if one.error is not None)
    return Evaluation(
        model=model.info,
        dataset=dataset,
        options=options,
        totals=evaluate_scores(scores, samples, task=dataset.task),
        skipped=dataset.skipped + len(failures),
        failures=failures,
        predictions={one.sample_id: one.prediction or "" for one in scores},
        limit=limit,
        seconds=seconds,
    )


def need_head(info: ModelInfo) -> None:
    """Raise `InputError` for a model without a head, which makes no predictions."""
    if info.head is None:
        raise InputError(
            f"{info.name}: no question-answering head, so it gives no answers",
            remedy="choose a fine-tuned model",
        )


def _task(right: list[float]) -> TaskScore:
    interval = mean_interval(right)
    assert interval is not None  # a task without a question is not there
    return TaskScore(len(right), sum(right) / len(right), interval)


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
