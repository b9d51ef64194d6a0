from __future__ import annotations

from dataclasses import replace
from itertools import combinations_with_replacement, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.analysis.phase_scores import PHASES, Dealing, phase_scores
from bertscope_tui.analysis.phases import (
    PhaseFinder,
    find_phases,
    normalised,
    run_phases,
    segment,
)
from bertscope_tui.errors import Cancelled
from tests.reference.phase_scores import reference_scores
from tests.unit.analysis.planted import blocks, layout, planted


@pytest.mark.parametrize("seed", range(3))
def test_scores_equal_those_by_comparing_pairs(seed: int) -> None:
    where = layout(seed, question=4, sentences=3, length=5)
    states = planted(where, blocks(1, 1, 1, 1), seed=seed)
    ours = phase_scores(states, where)
    np.testing.assert_allclose(ours, reference_scores(states, where), atol=1e-3)


def test_scores_of_identical_and_repeated_tokens_equal_those_by_comparing_pairs() -> None:
    where = layout(1, question=3, sentences=3, length=4)
    states = planted(where, blocks(1, 1, 1, 1), seed=1)
    states[:, 5] = states[:, 6]
    states[:, 9] = states[:, 10]
    ours = phase_scores(states, where)
    np.testing.assert_allclose(ours, reference_scores(states, where), atol=1e-3)


@pytest.mark.parametrize("sizes", [(3, 4, 3, 3), (1, 5, 5, 2), (6, 2, 2, 3), (2, 2, 1, 2)])
@pytest.mark.parametrize("seed", [0, 1])
def test_planted_boundaries_are_recovered(sizes: tuple[int, ...], seed: int) -> None:
    layers = blocks(*sizes)
    where = layout(seed)
    found = find_phases(planted(where, layers, seed=seed), where)
    assert list(found.layers) == layers
    assert found.found
    assert found.seen == found.order == PHASES
    assert [phase for phase, _, _ in found.segments()] == list(PHASES)
    assert [last - first + 1 for _, first, last in found.segments()] == list(sizes)


def test_a_phase_that_lasts_gives_way_to_the_next_where_that_begins() -> None:
    where = layout(3)
    semantic = planted(where, ["semantic"] * 13, seed=1)
    entity = planted(where, [None] * 4 + ["entity"] * 9, noise=0.0, seed=2)
    match = planted(where, [None] * 7 + ["match"] * 6, noise=0.0, seed=3)
    answer = planted(where, [None] * 10 + ["answer"] * 3, noise=0.0, seed=4)
    found = find_phases(semantic + entity + match + answer, where)
    assert found.segments() == (
        ("semantic", 0, 3),
        ("entity", 4, 6),
        ("match", 7, 9),
        ("answer", 10, 12),
    )


@pytest.mark.parametrize("seed", range(12))
def test_noise_has_no_phases(seed: int) -> None:
    where = layout(seed)
    found = find_phases(planted(where, [None] * 13, seed=seed), where)
    assert not found.found
    assert found.layers == (None,) * 13
    assert found.segments() == ()
    assert found.reason.startswith("No phases: ")


@pytest.mark.parametrize("seed", range(6))
def test_a_network_that_never_leaves_the_first_phase_has_no_phases(seed: int) -> None:
    where = layout(seed)
    found = find_phases(planted(where, ["semantic"] * 13, seed=seed), where)
    assert not found.found
    assert "semantic" in found.seen or not found.seen


def test_noise_that_drifts_from_layer_to_layer_has_no_phases() -> None:
    where = layout(0)
    seen = 0
    for seed in range(20):
        states = np.cumsum(planted(where, [None] * 13, seed=seed), axis=0)
        seen += find_phases(states, where).found
    assert seen <= 1


def test_phases_in_another_order_are_told_as_that_order() -> None:
    where = layout(5)
    layers = list(reversed(blocks(3, 3, 3, 3)))
    found = find_phases(planted(where, layers), where)
    assert found.order == tuple(reversed(PHASES))
    assert not found.found


def test_without_an_answer_and_facts_their_phases_have_no_score() -> None:
    where = layout(0)
    nothing = np.zeros_like(where.answer)
    bare = replace(where, answer=nothing, facts=nothing)
    found = find_phases(planted(where, blocks(6, 7, 0, 0)), bare)
    assert np.isnan(found.scores[2:]).all()
    assert np.isnan(found.normal[2:]).all()
    assert found.segments() == (("semantic", 0, 5), ("entity", 6, 12))
    alone = replace(bare, sentences=np.full_like(bare.sentences, -1))
    assert not find_phases(planted(where, blocks(6, 7, 0, 0)), alone).found


@pytest.mark.parametrize("tokens", [0, 1, 2, 3])
def test_hardly_any_tokens_have_no_phases_and_no_error(tokens: int) -> None:
    where = layout(0)
    few = replace(
        where,
        **{
            name: getattr(where, name)[:tokens]
            for name in (
                "tokens", "pieces", "meaning", "sentences", "question", "context", "facts",
                "answer",
            )
        },
    )  # fmt: skip
    assert not find_phases(planted(where, blocks(3, 3, 3, 3)), few).found


def test_the_same_seed_gives_the_same_phases() -> None:
    where = layout(0)
    states = planted(where, blocks(3, 4, 3, 3), noise=3.0)
    one, other = (find_phases(states, where, seed=4) for _ in range(2))
    assert (one.layers, one.seen, one.reason) == (other.layers, other.seen, other.reason)


def test_scores_do_not_depend_on_how_many_deals_are_held_at_once(monkeypatch) -> None:
    where = layout(3)
    states = planted(where, blocks(2, 2, 2, 2))
    whole = Dealing(states, where, deals=20).run()
    monkeypatch.setattr("bertscope_tui.analysis.phase_scores._BLOCK", 1000)
    np.testing.assert_allclose(Dealing(states, where, deals=20).run(), whole, rtol=1e-6)


def test_states_that_are_not_finite_have_no_phases_and_no_error() -> None:
    where = layout(0)
    states = planted(where, blocks(3, 3, 3, 3))
    states[4, 7] = np.nan
    found = find_phases(states, where)
    assert not found.found
    assert found.reason


def test_looking_for_phases_is_cancelled_between_layers() -> None:
    where = layout(0)
    asked = iter([False, False, True])
    with pytest.raises(Cancelled):
        find_phases(planted(where, blocks(3, 3, 3, 3)), where, cancelled=lambda: next(asked))


def test_work_that_was_put_down_goes_on_where_it_was_and_finds_the_same() -> None:
    where = layout(0)
    states = planted(where, blocks(3, 3, 3, 3))
    finder = PhaseFinder(states, where)
    asked = 0

    def every_third_time() -> bool:
        nonlocal asked
        asked += 1
        return asked % 3 == 0

    stops = 0
    while True:
        try:
            found = finder.run(every_third_time)
            break
        except Cancelled:
            stops += 1
    assert stops == 5, "two layers each time"
    expected = find_phases(states, where)
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert (found.layers, found.seen) == (expected.layers, expected.seen)


def _run(layers: list, samples: int, noise: float) -> np.ndarray:
    return np.stack(
        [
            phase_scores(planted(layout(seed), layers, noise=noise, seed=seed), layout(seed))
            for seed in range(samples)
        ]
    )


def test_many_weak_samples_have_the_phases_that_one_of_them_hides() -> None:
    layers = blocks(3, 4, 3, 3)
    scores = _run(layers, 60, 4.0)
    found = run_phases(scores)
    assert list(found.layers) == layers
    assert found.samples == 60
    assert found.order == PHASES
    assert found.support is not None
    assert (found.support >= 0.9).all()
    assert found.order_support == 1.0
    np.testing.assert_allclose(found.scores, scores.mean(axis=0))


@pytest.mark.parametrize("seed", range(4))
def test_many_samples_of_noise_have_no_phases(seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.normal(0.5, 0.08, size=(100, 4, 13))
    found = run_phases(noise)
    assert not found.found
    assert found.support is None
    drifting = 0.5 + np.cumsum(rng.normal(0.0, 0.03, size=(100, 4, 13)), axis=2)
    assert not run_phases(drifting).found


def test_samples_without_a_phase_leave_the_others_their_mean() -> None:
    scores = _run(blocks(3, 4, 3, 3), 20, 2.0)
    scores[::2, 2] = np.nan
    found = run_phases(scores)
    np.testing.assert_allclose(found.scores[2], scores[1::2, 2].mean(axis=0))
    assert list(found.layers) == blocks(3, 4, 3, 3)
    scores[:, 2:] = np.nan
    assert np.isnan(run_phases(scores).scores[2:]).all()


def _exhaustive(scores: np.ndarray) -> float:
    """Return the best sum over all rising labellings, tried one by one."""
    span = np.maximum(np.ptp(scores, axis=1, keepdims=True), 0.1)
    values = (scores - scores.min(axis=1, keepdims=True)) / span
    values = values - values.mean(axis=1, keepdims=True)
    layers = np.arange(scores.shape[1])
    return max(
        float(values[list(labels), layers].sum())
        for labels in combinations_with_replacement(range(len(scores)), len(layers))
    )


@settings(max_examples=60, deadline=None)
@given(phases=st.integers(1, 4), layers=st.integers(1, 8), seed=st.integers(0, 9999))
def test_the_segmentation_is_the_best_of_all(phases: int, layers: int, seed: int) -> None:
    scores = np.random.default_rng(seed).random((phases, layers))
    labels = segment(scores)
    assert all(one <= other for one, other in pairwise(labels))
    span = np.maximum(np.ptp(scores, axis=1, keepdims=True), 0.1)
    values = (scores - scores.min(axis=1, keepdims=True)) / span
    values = values - values.mean(axis=1, keepdims=True)
    total = float(values[list(labels), np.arange(layers)].sum())
    assert total == pytest.approx(_exhaustive(scores), abs=1e-6)


def test_normalised_scores_go_from_nothing_to_one_in_each_phase() -> None:
    scores = np.array([[0.5, 0.75, 1.0], [0.6, 0.6, 0.6], [np.nan] * 3])
    expected = [[0.0, 0.5, 1.0], [0.0, 0.0, 0.0], [np.nan] * 3]
    np.testing.assert_allclose(normalised(scores), expected)
