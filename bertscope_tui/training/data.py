"""What a training reads: its questions, and those that it is scored on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bertscope_tui.data.catalog import find_dataset
from bertscope_tui.data.open import open_dataset, splits_in
from bertscope_tui.data.records import Dataset, QASample
from bertscope_tui.engine.scoring import ReadOptions
from bertscope_tui.errors import InputError
from bertscope_tui.evaluation.evaluate import spread
from bertscope_tui.training.plan import Plan, Settings, Source

_HELD_OUT = 0.1
_MOST_HELD_OUT = 1000
"""Questions for development where no data set is given for that."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Questions to learn from and questions to be scored on.

    ``labels`` are the classes of a classification head, sorted. ``notes`` are sentences for the
    user and the card.
    """

    train: Dataset
    dev: Dataset
    labels: tuple[str, ...]
    notes: tuple[str, ...]


def resolve(source: Source, splits: Sequence[str] = ("train",)) -> Source:
    """Return the source with the absolute path of its data set, and with a split where it has any.

    A folder of bAbI files that holds several splits stands for its training files, or for the
    first of other ``splits`` that is there. Raises DataError where there is no such data set.
    """
    path = find_dataset(source.path).absolute()
    there = splits_in(path)
    wanted = next((split for split in splits if len(there) > 1 and split in there), None)
    return replace(source, path=str(path), split=source.split or wanted)


def read_data(plan: Plan, progress: Callable[[str], None] | None = None) -> TrainingData:
    """Read the data of a plan; where it names none for development, hold out a tenth.

    What is held out (up to 1,000 questions) are whole paragraphs or stories, chosen by a hash of
    their name and the seed, so that no paragraph is on both sides. Raises InputError where the
    data do not suit the head or nothing is left to learn from.
    """
    notes: list[str] = []

    def read(source: Source, what: str) -> Dataset:
        if progress is not None:
            progress(f"reading the {what} data")
        dataset = open_dataset(
            Path(source.path),
            variant=source.variant,
            keep_yes_no=source.keep_yes_no,
            split=source.split,
            tasks=source.tasks,
        )
        if dataset.task != plan.head:
            wanted = "a span" if plan.head == "span" else "a classification"
            raise InputError(
                f"{source.path}: a {dataset.task} data set for {wanted} head",
                remedy="--head and --variant must agree",
            )
        if source.limit is not None:
            dataset = replace(dataset, samples=tuple(spread(dataset.samples, source.limit)))
        if dataset.skipped:
            notes.append(f"{dataset.skipped} records of the {what} data were skipped")
        return dataset

    train = read(plan.train, "training")
    if plan.dev is not None:
        dev = read(plan.dev, "development")
    else:
        train, dev = hold_out(train, plan.settings.seed)
        notes.append(f"{len(dev.samples)} questions of the training data were held out to score on")
    if not train.samples or not dev.samples:
        side = "learn from" if not train.samples else "score on"
        raise InputError(
            f"{plan.train.path}: too few questions, none are left to {side}",
            remedy="give another data set with --dev",
        )
    if not any(is_scored(sample) for sample in dev.samples):
        raise InputError(f"{dev.path}: no question to score on has a gold answer")
    notes += _overlap(train, dev)
    labels = train.labels
    if plan.head == "classification":
        unknown = {answer.text for sample in dev.samples for answer in sample.answers} - set(labels)
        if unknown:
            notes.append(
                f"{len(unknown)} answers of the development data are not among the labels and "
                "cannot be predicted"
            )
    return TrainingData(train, dev, labels, tuple(notes))


def is_scored(sample: QASample) -> bool:
    """Say whether an answer to a sample can be right or wrong."""
    return bool(sample.answers or sample.impossible)


def _overlap(train: Dataset, dev: Dataset) -> list[str]:
    """Say in a sentence how many questions are on both sides, if any."""
    learnt = {(sample.question, sample.context) for sample in train.samples}
    both = sum((sample.question, sample.context) in learnt for sample in dev.samples)
    if not both:
        return []
    return [f"{both} of the {len(dev.samples)} questions to score on are among those to learn from"]


def hold_out(dataset: Dataset, seed: int) -> tuple[Dataset, Dataset]:
    """Part a data set into (to learn from, to score on) by whole paragraphs, by a seeded hash.

    A question that is also asked, word for word, in a story that is learnt from is in neither
    part: generated stories repeat each other.
    """
    wanted = min(_MOST_HELD_OUT, round(len(dataset.samples) * _HELD_OUT)) or 1
    groups: dict[str, list[QASample]] = {}
    for sample in dataset.samples:
        groups.setdefault(sample.group or sample.id, []).append(sample)
    order = sorted(groups, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    held: set[str] = set()
    count = 0
    for name in order:
        if count >= wanted or len(held) == len(order) - 1:
            break
        held.add(name)
        count += len(groups[name])

    def part(inside: bool) -> list[QASample]:
        return [s for s in dataset.samples if ((s.group or s.id) in held) is inside]

    train = part(False)
    learnt = {(sample.question, sample.context) for sample in train}
    dev = [sample for sample in part(True) if (sample.question, sample.context) not in learnt]
    return (
        replace(dataset, samples=tuple(train), _index={}),
        replace(dataset, samples=tuple(dev), _index={}),
    )


def read_options(dev: Dataset, settings: Settings) -> ReadOptions:
    """Return how development questions are cut and answered: as in training, as in the app."""
    return ReadOptions(max_tokens=settings.max_tokens, stride=settings.stride).for_dataset(dev)
