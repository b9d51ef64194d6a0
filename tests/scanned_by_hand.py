"""Scanned samples with the curves that a test asks for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertscope_tui.data.records import Span
from bertscope_tui.engine.answers import Candidate, Prediction
from bertscope_tui.engine.scanned import SIGNALS, Scanned, Sight
from bertscope_tui.engine.scoring import Scores

LAYERS = 6
ELSEWHERE = Span(40, 45)
MATCHED = (0.6, 0.7, 0.8, 0.9, 0.95, 0.9, 0.7)
UNMATCHED = (0.6, 0.55, 0.5, 0.5, 0.5, 0.5, 0.5)


def scanned(
    place: int = 0,
    *,
    right: bool | None = False,
    confidence: float = 0.6,
    span: Span | None = ELSEWHERE,
    text: str = "other",
    gold: Sequence[Span] = (Span(4, 9),),
    gold_share: float | None = 0.1,
    predicted_sentence: int | None = 1,
    facts: Sequence[int] = (0,),
    sentences: int = 4,
    predicted_match: Sequence[float] | None = MATCHED,
    fact_match: Sequence[float] | None = UNMATCHED,
    best_match: Sequence[float] | None = MATCHED,
    best_sentence: Sequence[int] | None = None,
    separation: float = 3.0,
    lens_from: int = 4,
    sight: Sight = "seen",
    impossible: bool = False,
    f1: float = 0.0,
    windows: int = 1,
    **signals: Sequence[float],
) -> Scanned:
    """Return a sample: by default an answer from sentence 2, which the question matches."""
    values = np.full((len(SIGNALS), LAYERS + 1), np.nan, dtype=np.float32)
    given = {
        "predicted_match": predicted_match,
        "fact_match": fact_match,
        "best_match": best_match,
        "answer_separation": np.linspace(1.0, separation, LAYERS + 1),
        "lens_correct": [float(bool(right) and layer >= lens_from) for layer in range(LAYERS + 1)],
        **signals,
    }
    for name, curve in given.items():
        if curve is not None:
            values[SIGNALS.index(name)] = curve
    here = (-1, -1) if span is None else (span.start, span.end)
    lens = np.array([here if layer >= lens_from else (0, 1) for layer in range(LAYERS + 1)])
    if best_sentence is None:
        best_sentence = [-1 if predicted_sentence is None else predicted_sentence] * (LAYERS + 1)
    n_best = [Candidate(text, span, confidence, 0)]
    if gold_share is not None and gold:
        n_best.append(Candidate("gold", gold[0], gold_share, 0))
    return Scanned(
        place=place,
        sample_id=f"q{place}",
        impossible=impossible,
        gold_spans=tuple(gold),
        prediction=Prediction(text, span, confidence, 0, tuple(n_best)),
        scores=None if right is None else Scores(float(right), 1.0 if right else f1),
        sight=sight,
        sentences=sentences,
        facts=tuple(facts),
        facts_given=False,
        predicted_sentence=predicted_sentence,
        window=0,
        windows=windows,
        signals=values,
        best_sentence=np.array(best_sentence, dtype=np.int16),
        lens=lens.astype(np.int32),
    )
