"""What the store gives back: runs, samples with what was made of them, and columns of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.engine.scanned import Scanned
from bertscope_tui.engine.scoring import ReadOptions

if TYPE_CHECKING:
    from bertscope_tui.analysis.failures import FailureKind

State = Literal["running", "stopped", "done"]
"""``running``: a process is at work on it; ``stopped``: it is not whole, and can go on."""

RIGHT, WRONG, UNKNOWN, NOT_RUN = 1, 0, -1, -2
"""The marks of ``Columns.right``: no gold answer is known, and the sample could not be run."""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """Which model is run over which questions, and how they are read.

    ``model_sha256`` is that of the weights, ``data_sha256`` that of the data set's files;
    ``split``, ``tasks``, ``keep_yes_no`` and ``limit`` say which part of the data. ``total`` is the
    number of samples to be run, ``skipped`` that of the records that could not be used.
    ``asks_accuracy`` says whether accuracy is what the data set asks for (labels, bAbI).
    ``vectors`` is the number of samples, spread evenly, whose pooled vectors are kept,
    ``batch_tokens`` the most tokens of a batch: a run that goes on meets the same batches however
    much memory is free by then.
    """

    name: str
    model: str
    model_path: str
    model_sha256: str
    architecture: str
    layers: int
    hidden_size: int
    head: str
    device: str
    dtype: str
    dataset: str
    dataset_path: str
    format: str
    variant: str | None
    data_sha256: str
    split: str | None
    tasks: tuple[str, ...]
    keep_yes_no: bool
    limit: int | None
    options: ReadOptions
    total: int
    skipped: int
    asks_accuracy: bool
    vectors: int
    batch_tokens: int


@dataclass(frozen=True, slots=True)
class Run:
    """One model over one data set, as far as it is.

    The fields up to ``skipped`` are those of `RunSpec`. ``done`` counts the finished samples.
    Scores are fractions over the finished samples with a gold answer (those that could not be run
    count as wrong), None where there is none; ``accuracy`` is None where the data ask for none.
    ``created`` and ``updated`` are times by ISO 8601 in UTC. ``seconds`` is the time that samples
    took and ``tokens`` the number of tokens that went through the network, over all
    interruptions. ``resumed_from`` is how many samples were finished when it was last taken up
    again, 0 for a run without interruption. ``classified`` says whether the failure kinds are
    those of all finished samples.
    """

    id: int
    name: str
    model: str
    model_path: str
    model_sha256: str
    architecture: str
    layers: int
    hidden_size: int
    head: str
    dataset: str
    dataset_path: str
    format: str
    variant: str | None
    data_sha256: str
    split: str | None
    tasks: tuple[str, ...]
    keep_yes_no: bool
    limit: int | None
    options: ReadOptions
    total: int
    skipped: int
    done: int
    state: State
    exact_match: float | None
    f1: float | None
    accuracy: float | None
    created: str
    updated: str
    seconds: float
    tokens: int
    resumed_from: int
    classified: bool
    device: str
    dtype: str
    errors: int
    vectors: int
    batch_tokens: int


@dataclass(frozen=True, slots=True, eq=False)
class SampleRow:
    """A finished sample with the parts of the record that lists show.

    ``scanned`` has no vector. ``failure`` is None for a right answer, and before the run is
    classified; ``evidence`` is its reason in a sentence, ``first_layer`` the layer where it first
    shows, None where it shows at none.
    """

    scanned: Scanned
    question: str
    gold: tuple[str, ...]
    group: str
    task_name: str | None
    failure: FailureKind | None
    evidence: str
    first_layer: int | None
    tags: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What a table of samples needs, all of one length and in the order of ``places`` (int32).

    ``right`` (int8) has `RIGHT`, `WRONG`, `UNKNOWN` and `NOT_RUN`; ``f1`` and ``confidence``
    (float32) are NaN where there is none; ``first_layers`` (int16) -1. ``golds`` has the gold
    answers of a sample joined by `` | ``.
    """

    places: NDArray[np.int32]
    ids: list[str]
    questions: list[str]
    predictions: list[str]
    golds: list[str]
    right: NDArray[np.int8]
    f1: NDArray[np.float32]
    confidence: NDArray[np.float32]
    failures: list[str | None]
    first_layers: NDArray[np.int16]
    evidence: list[str]
    tags: list[tuple[str, ...]]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Mark:
    """What the user said of a sample."""

    tags: tuple[str, ...] = ()
    note: str = ""
