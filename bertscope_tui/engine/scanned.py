"""What a scan knows of one sample: the answer, its score, and a few numbers for every layer.

Only plain values and small arrays, so that stores, rules and screens need no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.data.records import Span
from bertscope_tui.engine.scoring import Scores

if TYPE_CHECKING:
    from bertscope_tui.engine.answers import Prediction

Signal = Literal[
    "fact_match",
    "predicted_match",
    "best_match",
    "best_margin",
    "answer_separation",
    "gold_separation",
    "homogeneity",
    "lens_correct",
    "lens_confidence",
]
SIGNALS: tuple[Signal, ...] = get_args(Signal)
"""The rows of ``Scanned.signals``, in this order; see docs/signals.md for what they mean."""

Sight = Literal["seen", "unplaced", "truncated", "untokenised", "too long"]
"""Whether the model could have given the gold answer at all.

``unplaced``: the gold answer is no part of the context (or no label of the model);
``truncated``: no window holds it whole; ``untokenised``: no run of whole tokens spells it;
``too long``: it has more tokens than an answer may have.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Scanned:
    """One sample after a scan.

    ``place`` counts the samples of the data set from 0. ``sentences`` is how many sentences the
    context has, ``facts`` the places of those that are supporting facts, which ``facts_given`` says
    that the data name; ``predicted_sentence`` is the place of the one in which the predicted
    answer begins (None where there is none).
    ``signals`` is ``(len(SIGNALS), layers + 1)`` float32 with NaN where a signal cannot be
    computed; ``best_sentence`` ``(layers + 1,)`` int16 the place of the sentence that matches the
    question best, -1 where there is none; ``lens`` ``(layers + 1, 2)`` int32 the span in
    characters that the model's own head reads from each layer, (-1, -1) for no answer, and
    (label, -1) for a classification head; ``vector`` ``(layers + 1, dim)`` float16 the mean
    hidden state of the tokens, where it was asked for. All four are None, as is ``prediction``,
    where the sample could not be run: ``error`` is the reason in one line. ``window`` is the
    window of the prediction, from which the signals are, of ``windows`` in all.
    """

    place: int
    sample_id: str
    impossible: bool
    gold_spans: tuple[Span, ...]
    prediction: Prediction | None
    scores: Scores | None
    sight: Sight
    sentences: int
    facts: tuple[int, ...]
    facts_given: bool
    predicted_sentence: int | None
    window: int
    windows: int
    signals: NDArray[np.float32] | None = None
    best_sentence: NDArray[np.int16] | None = None
    lens: NDArray[np.int32] | None = None
    vector: NDArray[np.float16] | None = None
    error: str | None = None

    def signal(self, name: Signal) -> NDArray[np.float32] | None:
        """Return one signal over the layers, ``(layers + 1,)``, or None where there are none."""
        return None if self.signals is None else self.signals[SIGNALS.index(name)]

    @property
    def right(self) -> bool | None:
        """Say whether the answer counts as right; None where no gold answer is known."""
        return None if self.scores is None else self.scores.right
