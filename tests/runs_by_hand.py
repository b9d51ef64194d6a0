"""Runs in a store, made of scanned samples by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bertscope_tui.data.records import Answer, Origin, QASample, Span
from bertscope_tui.engine.scanned import Scanned
from bertscope_tui.engine.scoring import ReadOptions
from bertscope_tui.scans.records import Run, RunSpec
from bertscope_tui.scans.store import Store
from tests.scanned_by_hand import LAYERS

SPEC = RunSpec(
    name="one",
    model="a-model",
    model_path="/models/a-model",
    model_sha256="11",
    architecture="BERT",
    layers=LAYERS,
    hidden_size=4,
    head="span",
    device="cpu",
    dtype="float32",
    dataset="some-data",
    dataset_path="/data/some.json",
    format="squad",
    variant=None,
    data_sha256="22",
    split=None,
    tasks=(),
    keep_yes_no=False,
    limit=None,
    options=ReadOptions(max_tokens=384),
    total=0,
    skipped=0,
    asks_accuracy=False,
    vectors=0,
    batch_tokens=2_048,
)


def question(place: int, *, group: str = "", text: str = "Who was it?") -> QASample:
    """Return a question about a context of four sentences."""
    return QASample(
        id=f"q{place}",
        question=text,
        context="One was it. Two was it. Three was it. Four was it.",
        answers=(Answer("One", Span(0, 3)),),
        sentences=(Span(0, 11), Span(12, 23), Span(24, 37), Span(38, 50)),
        supporting=(Span(0, 11),),
        origin=Origin("made.json", f"record {place}"),
        group=group or f"g{place // 3}",
    )


def keep(
    store: Store,
    found: Sequence[Scanned],
    samples: Sequence[QASample] | None = None,
    **spec: Any,
) -> Run:
    """Put a finished run into a store; fields of its `RunSpec` may be given."""
    wanted = replace(SPEC, total=len(found), **spec)
    run = store.create(wanted)
    samples = samples or [question(one.place) for one in found]
    store.add(run.id, list(zip(found, samples, strict=True)), seconds=1.0, tokens=100)
    store.finish(run.id)
    return store.run(wanted.name)
