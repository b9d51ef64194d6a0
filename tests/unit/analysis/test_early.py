from __future__ import annotations

import numpy as np
import pytest

from bertscope_tui.analysis.early import (
    FREE_OF_GOLD,
    LEAST,
    MOST_SAMPLES,
    chosen_samples,
    early,
)
from bertscope_tui.engine.scanned import SIGNALS
from bertscope_tui.errors import Cancelled

LAYERS = 3


def _data(seed: int, *, groups: int = 120, each: int = 5, dim: int = 128):
    """Return answers whose errors depend on the paragraph, and on nothing else.

    The hidden states say plainly which paragraph it is.
    """
    generator = np.random.default_rng(seed)
    of = np.repeat(np.arange(groups), each)
    wrong = (generator.random(groups) < 0.35)[of]
    shape = (LAYERS, dim)
    states = generator.normal(size=(groups, *shape))[of]
    states = states + 0.05 * generator.normal(size=(len(of), *shape))
    signals = generator.normal(size=(len(of), len(SIGNALS), LAYERS))
    confidence = generator.random(len(of))
    return wrong, [f"g{one}" for one in of], confidence, signals, states


def test_errors_that_only_the_paragraph_tells_come_out_at_chance():
    states, signals, confidence = [], [], []
    for seed in range(8):
        found = early(*_data(seed), seed=seed)
        states += [one.states.value for one in found.layers]
        signals += [one.signals.value for one in found.layers]
        confidence.append(found.confidence.value)
    assert np.mean(states) == pytest.approx(0.5, abs=0.03)
    assert np.mean(signals) == pytest.approx(0.5, abs=0.03)
    assert np.mean(confidence) == pytest.approx(0.5, abs=0.04)


def test_the_same_data_split_without_regard_to_paragraphs_would_look_learnable():
    """What the test above would miss if the states did not tell paragraphs apart."""
    wrong, _, confidence, signals, states = _data(0)
    found = early(wrong, [str(place) for place in range(len(wrong))], confidence, signals, states)
    assert min(one.states.value for one in found.layers) > 0.85


def test_an_error_that_shows_from_a_layer_on_is_told_from_there_on():
    generator = np.random.default_rng(4)
    wrong, groups, _, signals, states = _data(4)
    wrong = generator.random(len(wrong)) < 0.3
    states[:, 1:, 0] = 2.0 * wrong[:, None] + generator.normal(size=(len(wrong), LAYERS - 1))
    signals[:, SIGNALS.index("best_margin"), 2] = generator.normal(size=len(wrong)) - 2.0 * wrong
    confidence = np.clip(0.8 - 0.2 * wrong + 0.2 * generator.normal(size=len(wrong)), 0, 1)
    found = early(wrong, groups, confidence, signals, states)
    assert found.reason is None
    assert found.layers[0].states.low < 0.5 < found.layers[0].states.high + 0.05
    assert found.layers[1].states.low > 0.75
    assert found.layers[1].signals.value < 0.6
    assert found.layers[2].signals.low > 0.75
    assert found.confidence.value > 0.65
    for one in found.layers:
        assert one.states.low <= one.states.value <= one.states.high


def test_signals_that_know_the_gold_answer_or_the_end_are_not_used():
    wrong, groups, confidence, signals, _ = _data(5)
    for name in SIGNALS:
        if name not in FREE_OF_GOLD:
            signals[:, SIGNALS.index(name)] = wrong[:, None]
    found = early(wrong, groups, confidence, signals)
    assert all(one.states is None for one in found.layers)
    assert max(one.signals.value for one in found.layers) < 0.65
    assert not {"fact_match", "gold_separation", "lens_correct", "predicted_match"} & {
        *FREE_OF_GOLD
    }


def test_too_few_errors_are_said_and_not_computed():
    wrong, groups, confidence, signals, states = _data(6)
    few = np.zeros_like(wrong)
    few[: LEAST - 1] = True
    found = early(few, groups, confidence, signals, states)
    assert found.layers == ()
    assert found.confidence is None
    assert f"{LEAST - 1} wrong" in found.reason
    assert early(~few, groups, confidence, signals, states).reason is not None
    nobody = early(few[:0], [], confidence[:0], signals[:0], states[:0])
    assert nobody.reason is not None


def test_errors_about_few_paragraphs_are_said_and_not_computed():
    wrong, groups, confidence, signals, states = _data(7, groups=12, each=30)
    wrong = np.isin(groups, ["g0", "g1"])
    found = early(wrong, groups, confidence, signals, states)
    assert "2 paragraphs" in found.reason
    assert found.layers == ()


def test_it_comes_out_the_same_every_time_and_samples_without_a_group_stand_alone():
    wrong, _, confidence, signals, states = _data(8)
    groups = [""] * len(wrong)
    found = early(wrong, groups, confidence, signals, states, seed=3)
    assert found == early(wrong, groups, confidence, signals, states, seed=3)
    assert found.groups == len(wrong)


def test_signals_with_gaps_or_without_any_value_do_no_harm():
    wrong, groups, confidence, signals, _ = _data(9)
    signals[::3] = np.nan
    signals[:, :, 1] = np.nan
    found = early(wrong, groups, confidence, signals)
    assert found.layers[0].signals is not None
    assert found.layers[1].signals is None


def test_cancelling_stops_it():
    with pytest.raises(Cancelled):
        early(*_data(0), cancelled=lambda: True)


def test_of_many_samples_whole_paragraphs_are_chosen():
    groups = [f"g{place // 7}" for place in range(3 * MOST_SAMPLES)]
    right = np.zeros(len(groups), dtype=bool)
    chosen = chosen_samples(groups, right)
    assert MOST_SAMPLES - 7 < len(chosen) <= MOST_SAMPLES
    kept = {groups[place] for place in chosen}
    assert sum(group in kept for group in groups) == len(chosen)
    alone = np.zeros(MOST_SAMPLES + 9, dtype=bool)
    assert len(chosen_samples([""] * len(alone), alone)) == MOST_SAMPLES
    assert chosen_samples(groups[:50], right[:50]).tolist() == list(range(50))


def test_the_few_errors_among_many_samples_are_all_chosen():
    groups = [f"g{place // 7}" for place in range(40 * MOST_SAMPLES)]
    wrong = np.zeros(len(groups), dtype=bool)
    wrong[:: len(groups) // 90] = True
    chosen = chosen_samples(groups, wrong)
    assert wrong[chosen].sum() == wrong.sum()
    assert MOST_SAMPLES - 7 < len(chosen) <= MOST_SAMPLES
    every = np.ones(len(groups), dtype=bool)
    assert MOST_SAMPLES - 7 < len(chosen_samples(groups, every)) <= MOST_SAMPLES
