"""Runs in the store as scans leave them, over the made-up samples of `tests.tui.fakes`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np

from bertscope_tui.analysis.failures import FailureKind
from bertscope_tui.data.records import QASample, Span
from bertscope_tui.engine.answers import Candidate, Prediction
from bertscope_tui.engine.scanned import SIGNALS, Scanned
from bertscope_tui.engine.scoring import Scores
from bertscope_tui.scans.records import Run
from bertscope_tui.scans.store import Store, lock
from tests.tui.fakes import sample_of
from tests.unit.scans.made import made_spec

LAYERS, WIDTH = 12, 8
_WRONG = (0.0, 0.25, 0.5)
_KINDS: tuple[FailureKind, ...] = (
    *("wrong-fact", "boundary", "right-fact-wrong-span", "wrong-fact"),
    *("low-confidence", "lost-answer", "other", "label-suspect"),
)


def samples_of(count: int, *, words: int = 24) -> list[QASample]:
    """Return samples of which each two are of one paragraph."""
    return [replace(sample_of(n, words=words), group=f"paragraph {n // 2}") for n in range(count)]


def scanned_of(sample: QASample, place: int, *, right: bool, drift: float = 0.0) -> Scanned:
    """Return what a scan knows of a sample; signals rise where it is right, and stay where not.

    Wrong answers are of several kinds by turns: taken from another sentence, overlapping the gold
    answer, from the right sentence, or one that the model never saw.
    """
    turn = place % 4
    gold = sample.answers[0].span or Span(0, 1)
    other = sample.sentences[1] if len(sample.sentences) > 1 else gold
    spans = {
        0: Span(other.start, other.start + 5),
        1: Span(gold.start, gold.end + 6),
        2: Span(0, 4),
        3: Span(other.start, other.start + 3),
    }
    span = gold if right else spans[turn]
    text = sample.answers[0].text if right else span.of(sample.context)
    confidence = 0.35 + 0.6 * ((place * 7) % 10) / 10 - (0.0 if right else 0.15)
    layer = np.arange(LAYERS + 1, dtype=np.float32) / LAYERS
    wave = 0.04 * np.sin(place + 3 * layer)
    signals = np.empty((len(SIGNALS), LAYERS + 1), dtype=np.float32)
    for number in range(len(SIGNALS)):
        height = 0.5 + (0.4 if right else 0.12 + 0.03 * turn) * layer ** (1 + number / 6)
        signals[number] = height + wave + drift
    signals[SIGNALS.index("lens_correct")] = (layer > (0.5 if right else 0.9)) * float(right)
    generator = np.random.default_rng(place)
    return Scanned(
        place=place,
        sample_id=sample.id,
        impossible=False,
        gold_spans=(gold,),
        prediction=Prediction(text, span, confidence, 0, (Candidate(text, span, confidence, 0),)),
        scores=Scores(1.0, 1.0) if right else Scores(0.0, _WRONG[place % 3]),
        sight="seen" if right or turn != 3 else "truncated",
        sentences=len(sample.sentences),
        facts=(0,),
        facts_given=False,
        predicted_sentence=0 if right or turn in (1, 2) else 1,
        window=0,
        windows=1,
        signals=signals,
        best_sentence=np.zeros(LAYERS + 1, dtype=np.int16),
        lens=np.tile(np.array([span.start, span.end], dtype=np.int32), (LAYERS + 1, 1)),
        vector=(
            generator.standard_normal((LAYERS + 1, WIDTH)) + (0 if right else layer[:, None])
        ).astype(np.float16),
    )


def failure_of(place: int) -> tuple[FailureKind, str, int | None]:
    """Return a kind, a reason and a layer by turns; rules and their words may change."""
    kind = _KINDS[place % len(_KINDS)]
    layer = None if kind == "other" else place % (LAYERS + 1)
    return kind, f"This is what was seen of sample {place}, which makes it {kind}.", layer


def make_scan(
    name: str = "toy-samples",
    samples: Sequence[QASample] | int = 40,
    *,
    wrong: Sequence[int] | None = None,
    done: int | None = None,
    classified: bool = True,
    **spec: Any,
) -> Run:
    """Fill the store with a run over these samples; every third one is wrong unless told.

    ``done`` samples are finished (None: all of them, and the run is done).
    """
    chosen = samples_of(samples) if isinstance(samples, int) else list(samples)
    places = set(range(0, len(chosen), 3)) if wrong is None else set(wrong)
    given: dict[str, Any] = {
        "name": name,
        "model": "toy",
        "model_path": os.path.abspath("made/toy"),
        "dataset": "samples",
        "dataset_path": os.path.abspath("made/samples.jsonl"),
        "format": "jsonl",
        "layers": LAYERS,
        "hidden_size": WIDTH,
        "total": len(chosen),
        "skipped": 0,
        "tasks": (),
        "vectors": len(chosen),
    }
    with ExitStack() as held:
        held.enter_context(lock(name))
        store = held.enter_context(Store())
        run = store.create(made_spec(**{**given, **spec}))
        rows = [
            (scanned_of(sample, place, right=place not in places), sample)
            for place, sample in enumerate(chosen[:done])
        ]
        store.add(run.id, rows, seconds=len(rows) / 40, tokens=100 * len(rows))
        if classified:
            store.set_failures(
                run.id,
                [(place, *failure_of(place)) for place in sorted(places) if place < len(rows)],
                samples=len(rows),
            )
        if done is None:
            store.finish(run.id)
        else:
            store.stop(run.id)
        return store.run(name)
