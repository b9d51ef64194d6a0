"""Runs and samples as a scan would give them, made up from a few numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from bertscope_tui.data.records import Answer, Dataset, Origin, QASample, Span
from bertscope_tui.engine.answers import Candidate, Prediction
from bertscope_tui.engine.scanned import SIGNALS, Scanned
from bertscope_tui.engine.scoring import ReadOptions, Scores
from bertscope_tui.errors import Cancelled
from bertscope_tui.models.loading import ModelInfo
from bertscope_tui.scans.records import RunSpec

LAYERS, WIDTH = 3, 8

_SPEC = RunSpec(
    name="made",
    model="model",
    model_path="/models/model",
    model_sha256="a" * 64,
    architecture="BertForQuestionAnswering",
    layers=LAYERS,
    hidden_size=WIDTH,
    head="span",
    device="cpu",
    dtype="float32",
    dataset="data",
    dataset_path="/data/data.json",
    format="squad",
    variant=None,
    data_sha256="b" * 64,
    split=None,
    tasks=("1", "2"),
    keep_yes_no=False,
    limit=None,
    options=ReadOptions(max_tokens=384),
    total=100,
    skipped=2,
    asks_accuracy=False,
    vectors=10,
    batch_tokens=2_048,
)


def made_spec(**changes: Any) -> RunSpec:
    return replace(_SPEC, **changes)


def made_sample(place: int, **changes: Any) -> QASample:
    sample = QASample(
        id=f"q{place}",
        question=f"What is number {place}?",
        context=f"Here stands the answer {place} and nothing else.",
        answers=(Answer(f"answer {place}", Span(16, 24)),),
        sentences=(Span(0, 40),),
        supporting=(Span(0, 40),),
        origin=Origin("/data/data.json", f"data[{place}]"),
        group=f"paragraph {place // 4}",
    )
    return replace(sample, **changes)


def made_scanned(place: int, *, right: bool | None = None, **changes: Any) -> Scanned:
    """Return a finished sample; every third one is wrong unless told otherwise."""
    draw = np.random.default_rng(place)
    is_right = place % 3 != 0 if right is None else right
    text = f"answer {place}" if is_right else "nothing"
    candidates = tuple(
        Candidate(text if not rank else f"other {rank}", Span(16, 24 + rank), 0.5 / (rank + 1), 0)
        for rank in range(4)
    )
    scanned = Scanned(
        place=place,
        sample_id=f"q{place}",
        impossible=False,
        gold_spans=(Span(16, 24),),
        prediction=Prediction(text, Span(16, 24), 0.5, 0, candidates),
        scores=Scores(1.0, 1.0) if is_right else Scores(0.0, float(np.float64(place % 7) / 7)),
        sight="seen",
        sentences=1,
        facts=(0,),
        facts_given=False,
        predicted_sentence=0,
        window=0,
        windows=1,
        signals=draw.random((len(SIGNALS), LAYERS + 1)).astype(np.float32),
        best_sentence=np.arange(LAYERS + 1, dtype=np.int16),
        lens=draw.integers(-1, 40, (LAYERS + 1, 2)).astype(np.int32),
        vector=draw.standard_normal((LAYERS + 1, WIDTH)).astype(np.float16),
    )
    return replace(scanned, **changes)


def made_rows(places: Any, **changes: Any) -> list[tuple[Scanned, QASample]]:
    return [(made_scanned(place, **changes), made_sample(place)) for place in places]


def could_not_run(place: int) -> Scanned:
    return made_scanned(
        place,
        prediction=None,
        scores=None,
        signals=None,
        best_sentence=None,
        lens=None,
        vector=None,
        predicted_sentence=None,
        error="no room for the question",
    )


def dump(path: Path) -> list[tuple[Any, ...]]:
    """Return all that the store has of samples, in an order of their own, without any times."""
    with sqlite3.connect(path) as database:
        rows = database.execute(
            "SELECT run.name, sample.*, detail.*, vector.data, kind, evidence, first_layer"
            " FROM sample JOIN run ON run.id = run_id JOIN detail ON detail.sample = sample.id"
            " LEFT JOIN vector ON vector.sample = sample.id"
            " LEFT JOIN failure USING (run_id, place) ORDER BY run.name, sample.id"
        ).fetchall()
    database.close()
    return rows


@dataclass(frozen=True)
class MadeBatch:
    rows: list[Scanned]
    tokens: int


class MadeScanner:
    """A scanner without a network: batches of ``size`` in the order of the places."""

    def __init__(
        self,
        model: Any,
        samples: Sequence[QASample],
        options: ReadOptions,
        finished: set[int],
        vectors: Callable[[int], bool],
        places: list[int],
        batch_tokens: int = 0,
        size: int = 8,
    ) -> None:
        assert [sample.id for sample in samples] == [f"q{place}" for place in places]
        self._left = [
            places[begin : begin + size]
            for begin in range(0, len(places), size)
            if not finished.issuperset(places[begin : begin + size])
        ]
        self.batch_tokens = batch_tokens
        self._vectors = vectors

    def run(self, cancelled: Callable[[], bool] = lambda: False) -> Iterator[MadeBatch]:
        while self._left:
            if cancelled():
                raise Cancelled
            rows = [self._one(place) for place in self._left.pop(0)]
            yield MadeBatch(rows, 10 * len(rows))

    def _one(self, place: int) -> Scanned:
        found = made_scanned(place)
        return found if self._vectors(place) else replace(found, vector=None)


def made_model(folder: Path, *, weight: float = 1.0, head: Any = "span") -> Any:
    """Return what a scan asks of a model, with weights to be hashed in ``folder``."""
    folder.mkdir(exist_ok=True)
    save_file({"weight": np.full(4, weight, np.float32)}, folder / "model.safetensors")
    info = ModelInfo(
        name=folder.name,
        path=str(folder),
        architecture="BertForQuestionAnswering",
        model_type="bert",
        layers=LAYERS,
        hidden_size=WIDTH,
        head=head,
        base=None,
        device="cpu",
        dtype="float32",
        max_tokens=512,
        parameters=4,
        bytes=16,
    )
    return SimpleNamespace(info=info)


def made_dataset(path: Path, count: int, **changes: Any) -> Dataset:
    """Return a data set of ``count`` samples with a file to be hashed at ``path``."""
    path.write_text(f"{count} questions")
    samples = tuple(made_sample(place) for place in range(count))
    return replace(Dataset(path.stem, str(path), "squad", None, samples), **changes)
