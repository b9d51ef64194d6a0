from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.data.records import Span
from bertscope_tui.engine.answers import Prediction, predict
from bertscope_tui.engine.encoding import Encoded, Token, encode
from bertscope_tui.engine.forward import WindowOutput, forward
from bertscope_tui.errors import EngineError
from tests.engine.samples import hand_made, long_sample, make_window
from tests.tiny_models import KINDS, LABELS, tiny_model

WORDS = ["alpha", "beta", "gamma", "delta"]


def _logits(*pairs: tuple[list[float], list[float]]) -> list[WindowOutput]:
    return [
        WindowOutput(np.array(start, dtype=np.float32), np.array(end, dtype=np.float32))
        for start, end in pairs
    ]


def _predict(encoded: Encoded, outputs: list[WindowOutput], **options: object) -> Prediction:
    found = predict(encoded, outputs, **options)  # type: ignore[arg-type]
    assert found is not None
    return found


# The places of the one window are: [CLS] who [SEP] alpha beta gamma delta [SEP].


def test_the_best_pair_of_context_tokens_is_the_answer() -> None:
    outputs = _logits(([9, 9, 9, 0, 5, 0, 0, 9], [9, 9, 9, 0, 0, 4, 0, 9]))
    found = _predict(hand_made([WORDS]), outputs)
    assert (found.text, found.span) == ("beta gamma", Span(6, 16))
    assert found.n_best[0].text == found.text
    assert found.n_best[0].probability == found.probability


def test_an_end_before_the_start_is_never_taken() -> None:
    outputs = _logits(([0, 0, 0, 0, 0, 0, 9, 0], [0, 0, 0, 9, 0, 0, 1, 0]))
    assert _predict(hand_made([WORDS]), outputs).text == "delta"


def test_an_answer_has_at_most_so_many_tokens() -> None:
    outputs = _logits(([0, 0, 0, 9, 0, 0, 1, 0], [0, 0, 0, 0, 0, 2, 9, 0]))
    assert _predict(hand_made([WORDS]), outputs).text == "alpha beta gamma delta"
    assert _predict(hand_made([WORDS]), outputs, max_answer_tokens=3).text == "alpha beta gamma"
    assert _predict(hand_made([WORDS]), outputs, max_answer_tokens=1).text == "delta"


def test_probabilities_are_the_softmax_over_the_list() -> None:
    outputs = _logits(([0, 0, 0, 2, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0, 0, 0]))
    found = _predict(hand_made([WORDS]), outputs, n_best=2)
    assert [c.text for c in found.n_best] == ["alpha", "alpha beta"]
    assert found.n_best[0].probability == pytest.approx(math.e**3 / (math.e**3 + math.e**2))
    assert sum(c.probability for c in found.n_best) == pytest.approx(1.0)


def test_the_best_window_wins_and_is_named() -> None:
    encoded = hand_made([["alpha", "beta"], ["gamma", "delta"]])
    outputs = _logits(
        ([0, 0, 0, 3, 0, 0], [0, 0, 0, 3, 0, 0]), ([0, 0, 0, 0, 4, 0], [0] * 4 + [4, 0])
    )
    found = _predict(encoded, outputs)
    assert (found.text, found.window) == ("delta", 1)
    assert found.n_best[1].window == 0


def test_a_span_seen_in_two_windows_counts_once_with_its_best_score() -> None:
    first = hand_made([["alpha", "beta"]])
    window = first.windows[0]
    twice = Encoded(
        first.sample,
        tuple(make_window(k, 2, list(window.tokens), window.start, window.end) for k in range(2)),
    )
    low, high = ([0, 0, 0, 1, 0, 0], [0, 0, 0, 1, 0, 0]), ([0, 0, 0, 2, 0, 0], [0, 0, 0, 1, 0, 0])
    found = _predict(twice, _logits(low, high))
    assert [c.text for c in found.n_best].count("alpha") == 1
    assert found.window == 1
    assert len(found.n_best) == 3


def test_equal_scores_are_ordered_by_place() -> None:
    outputs = _logits(([0] * 8, [0] * 8))
    found = _predict(hand_made([WORDS]), outputs, n_best=3)
    assert [c.text for c in found.n_best] == ["alpha", "alpha beta", "alpha beta gamma"]


def test_tokens_inside_one_character_give_each_text_once() -> None:
    encoded = hand_made([["x"]])
    special, question, stop, _, last = encoded.windows[0].tokens
    pieces = [Token(3 + k, f"byte{k}", "x", "context", 0, 1) for k in range(4)]
    tokens = [special, question, stop, *pieces, last]
    encoded = Encoded(encoded.sample, (make_window(0, 1, tokens, 0, 1),))
    found = _predict(encoded, _logits(([0] * 8, [0] * 8)))
    assert [(c.text, c.probability) for c in found.n_best] == [("x", 1.0)]


def test_without_a_valid_span_the_answer_is_empty() -> None:
    encoded = hand_made([["x"]])
    tokens = [
        t if t.part != "context" else Token(3, "▁", "", "context", 0, 0)
        for t in encoded.windows[0].tokens
    ]
    encoded = Encoded(encoded.sample, (make_window(0, 1, tokens, 0, 0),))
    found = _predict(encoded, _logits(([1] * 5, [1] * 5)))
    assert (found.text, found.span, found.probability) == ("", None, 1.0)


def test_no_answer_wins_only_where_it_is_allowed_and_better() -> None:
    better = _logits(([5, 0, 0, 2, 0, 0, 0, 0], [5, 0, 0, 2, 0, 0, 0, 0]))
    worse = _logits(([1, 0, 0, 2, 0, 0, 0, 0], [1, 0, 0, 2, 0, 0, 0, 0]))
    encoded = hand_made([WORDS])
    assert _predict(encoded, better).text == "alpha"
    found = _predict(encoded, better, allow_null=True)
    assert (found.text, found.span) == ("", None)
    assert found.n_best[1].text == "alpha"
    assert _predict(encoded, worse, allow_null=True).text == "alpha"
    level = _logits(([2, 0, 0, 2, 0, 0, 0, 0], [2, 0, 0, 2, 0, 0, 0, 0]))
    assert _predict(encoded, level, allow_null=True).text == "alpha"


def test_no_answer_has_its_smallest_score_over_windows() -> None:
    encoded = hand_made([["alpha", "beta"], ["gamma", "delta"]])
    outputs = _logits(
        ([9, 0, 0, 3, 0, 0], [9, 0, 0, 3, 0, 0]), ([1, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0])
    )
    assert _predict(encoded, outputs, allow_null=True).text == "alpha"


def test_a_network_without_classification_token_always_answers() -> None:
    model = tiny_model("gpt2")
    encoded = encode(long_sample(), model, max_tokens=96, stride=16)
    outputs = forward(model, encoded.windows, hidden=False)
    assert _predict(encoded, outputs, allow_null=True).text != ""


def test_a_label_comes_from_the_surest_window() -> None:
    encoded = hand_made([["alpha"], ["beta"]])
    rows = [
        WindowOutput(class_logits=np.array(v, dtype=np.float32)) for v in ([2, 1, 0], [0, 0, 5])
    ]
    found = _predict(encoded, rows, labels=LABELS)
    assert (found.text, found.span, found.window) == ("yes", None, 1)
    assert [c.text for c in found.n_best] == ["yes", "no", "maybe"]
    assert sum(c.probability for c in found.n_best) == pytest.approx(1.0)


def test_without_a_head_there_is_no_prediction() -> None:
    assert predict(hand_made([["alpha"]]), [WindowOutput()]) is None


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_logits_that_are_no_numbers_are_refused(value: float) -> None:
    outputs = _logits(([0, 0, 0, value, 0, 0, 0, 0], [0] * 8))
    with pytest.raises(EngineError, match="window 1"):
        predict(hand_made([WORDS]), outputs)


def _exhaustive(
    encoded: Encoded, outputs: list[WindowOutput], longest: int
) -> dict[tuple[int, int], float]:
    """Score every valid span with plain loops, keeping the best score of each."""
    scores: dict[tuple[int, int], float] = {}
    for window, output in zip(encoded.windows, outputs, strict=True):
        assert output.start_logits is not None
        assert output.end_logits is not None
        for i, j in itertools.product(range(len(window.tokens)), repeat=2):
            a, b = window.tokens[i], window.tokens[j]
            if a.part != "context" or b.part != "context" or not 0 <= j - i < longest:
                continue
            if b.end <= a.start:
                continue
            score = float(output.start_logits[i]) + float(output.end_logits[j])
            scores[a.start, b.end] = max(score, scores.get((a.start, b.end), -math.inf))
    return scores


@settings(max_examples=80, deadline=None)
@given(
    shape=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    seed=st.integers(0, 10_000),
    longest=st.integers(1, 8),
    n_best=st.integers(1, 25),
    coarse=st.booleans(),
)
def test_the_list_is_that_of_an_exhaustive_search(
    shape: list[int], seed: int, longest: int, n_best: int, coarse: bool
) -> None:
    rng = np.random.default_rng(seed)
    encoded = hand_made([[f"w{k}{n}" for n in range(size)] for k, size in enumerate(shape)])
    outputs = []
    for window in encoded.windows:
        start, end = rng.normal(size=(2, len(window.tokens))) * 3
        if coarse:
            start, end = start.round(), end.round()
        outputs += _logits((start.tolist(), end.tolist()))
    expected = sorted(_exhaustive(encoded, outputs, longest).values(), reverse=True)[:n_best]
    found = _predict(encoded, outputs, n_best=n_best, max_answer_tokens=longest)
    assert len(found.n_best) == len(expected)
    weights = np.exp(np.array(expected) - expected[0])
    np.testing.assert_allclose(
        [c.probability for c in found.n_best], weights / weights.sum(), rtol=1e-6
    )
    spans = [c.span for c in found.n_best]
    assert len(set(spans)) == len(spans)
    for candidate in found.n_best:
        assert candidate.span is not None
        assert candidate.text == candidate.span.of(encoded.sample.context)


@pytest.mark.parametrize("kind", KINDS)
def test_every_architecture_answers_with_the_best_span_there_is(kind: str) -> None:
    model = tiny_model(kind)
    encoded = encode(long_sample(3), model, max_tokens=96, stride=32)
    outputs = forward(model, encoded.windows, hidden=False)
    scores = _exhaustive(encoded, outputs, 30)
    found = _predict(encoded, outputs)
    assert found.span is not None
    assert scores[found.span.start, found.span.end] == max(scores.values())
    assert found.text == found.span.of(encoded.sample.context)
    assert len(found.n_best) == 20
