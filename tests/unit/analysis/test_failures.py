from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.analysis.failures import (
    KINDS,
    THRESHOLDS,
    TITLES,
    Levels,
    classify,
    levels_of,
    rules,
)
from bertscope_tui.analysis.readings import read, stable_from
from bertscope_tui.data.records import Span
from bertscope_tui.engine.scanned import SIGNALS
from tests.scanned_by_hand import ELSEWHERE, LAYERS, MATCHED, UNMATCHED, scanned

LEVELS = Levels(
    match=0.85,
    separation=2.0,
    least_match=0.8,
    least_separation=1.8,
    stable_from=4,
    match_layer=3,
    samples=100,
)

LABEL = {"span": None, "predicted_sentence": None, "predicted_match": None, "gold": ()}


def _kind(sample, levels=LEVELS, **options):
    return classify(sample, levels, **options).kind


def test_an_answer_from_another_sentence_is_a_wrong_fact_from_the_layer_where_it_matches_better():
    found = classify(
        scanned(predicted_match=MATCHED, fact_match=[0.6, 0.75, 0.85, 0.6, 0.6, 0.6, 0.5]), LEVELS
    )
    assert found.kind == "wrong-fact"
    assert found.first_layer == 3
    assert found.evidence == (
        "The question matches sentence 2, not the supporting fact (sentence 1), from layer 3 on "
        "(0.95 against 0.60 at layer 4)."
    )


def test_a_lead_that_is_lost_again_is_told_with_both_ends():
    found = classify(scanned(fact_match=[0.7, 0.75, 0.5, 0.5, 0.5, 0.5, 0.9]), LEVELS)
    assert "from layer 2 to 5" in found.evidence
    assert found.first_layer == 2


def test_an_answer_beside_a_fact_that_is_matched_better_is_a_wrong_fact_from_the_answers_layer():
    found = classify(scanned(predicted_match=UNMATCHED, fact_match=MATCHED, lens_from=5), LEVELS)
    assert found.kind == "wrong-fact"
    assert found.first_layer == 5
    assert "although the question matches the supporting fact (sentence 1)" in found.evidence


def test_several_facts_are_named():
    assert "(sentences 1, 3 and 4)" in classify(scanned(facts=(0, 3, 2)), LEVELS).evidence
    assert "the 5 supporting facts" in classify(scanned(facts=(0, 2, 3, 4, 5)), LEVELS).evidence


def test_another_answer_of_the_fact_is_a_wrong_span_from_the_layer_where_the_lens_settles():
    found = classify(scanned(predicted_sentence=0, fact_match=MATCHED, lens_from=5), LEVELS)
    assert found.kind == "right-fact-wrong-span"
    assert found.first_layer == 5


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (Span(0, 9), "begins 4 characters before it and ends where that does"),
        (Span(4, 8), "begins where that does and ends 1 character before it"),
        (Span(6, 20), "begins 2 characters after it and ends 11 characters after it"),
    ],
)
def test_an_answer_that_shares_characters_with_gold_is_a_boundary_failure(span, words):
    found = classify(scanned(span=span, f1=0.5, confidence=0.99), LEVELS)
    assert found.kind == "boundary"
    assert words in found.evidence
    assert "F1 0.50" in found.evidence


def test_neighbouring_spans_share_nothing():
    assert _kind(scanned(span=Span(9, 12))) != "boundary"


@pytest.mark.parametrize("sight", ["unplaced", "truncated", "untokenised", "too long"])
def test_an_answer_that_the_model_could_not_give_is_lost_before_any_layer(sight):
    found = classify(scanned(sight=sight, span=Span(4, 8), confidence=0.99), LEVELS)
    assert (found.kind, found.first_layer) == ("lost-answer", 0)


def test_a_sure_answer_that_looks_right_all_through_makes_the_label_suspect():
    found = classify(scanned(confidence=0.95, gold_share=0.001), LEVELS)
    assert found.kind == "label-suspect"
    assert found.first_layer == 4


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": 0.4},
        {"gold_share": 0.1},
        {"lens_from": 6},
        {"separation": 1.5},
        {"predicted_match": UNMATCHED},
        {"gold_separation": [2.0] * 7},
        {"impossible": True},
        {"windows": 2, "fact_match": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_label_is_not_suspect_where_anything_is_amiss(change):
    sample = scanned(**{"confidence": 0.95, "gold_share": 0.001} | change)
    assert _kind(sample) != "label-suspect"


def test_no_label_is_suspect_where_the_data_set_names_another_fact():
    sample = replace(scanned(confidence=0.95, gold_share=0.001), facts_given=True)
    assert _kind(sample) == "wrong-fact"
    assert _kind(replace(sample, facts=(1,))) == "label-suspect"


def test_a_lead_too_small_to_speak_of_is_not_spoken_of():
    found = classify(scanned(fact_match=np.array(MATCHED) - 0.01), LEVELS)
    assert found.kind == "wrong-fact"
    assert "hardly better" in found.evidence
    assert found.first_layer == 4


def test_the_only_sentence_of_a_context_is_the_right_one():
    alone = {"predicted_sentence": 0, "predicted_match": None, "fact_match": None}
    assert _kind(scanned(**alone, best_match=None)) == "right-fact-wrong-span"


def test_a_gold_answer_far_down_the_list_at_another_place_is_found_by_its_text():
    sample = scanned(confidence=0.95, gold_share=None)
    prediction = sample.prediction
    other = replace(prediction.n_best[0], text="The One.", span=Span(60, 68), probability=0.04)
    sample = replace(sample, prediction=replace(prediction, n_best=(*prediction.n_best, other)))
    assert _kind(sample) == "label-suspect"
    assert _kind(sample, gold=("one",)) == "wrong-fact"


def test_an_unsure_answer_without_phases_is_told_as_such():
    sample = scanned(confidence=0.1, predicted_match=UNMATCHED, separation=1.2)
    found = classify(sample, LEVELS)
    assert (found.kind, found.first_layer) == ("low-confidence", 3)
    assert "0.10" in found.evidence
    assert _kind(scanned(confidence=0.1, separation=1.2)) == "wrong-fact"
    assert _kind(replace(sample, facts=(1,)), replace(LEVELS, separation=1.1)) == (
        "right-fact-wrong-span"
    )


def test_an_answer_to_an_unanswerable_question_is_a_wrong_fact_or_unsure():
    options = {"impossible": True, "gold": (), "facts": (), "fact_match": None}
    found = classify(scanned(**options, sight="unplaced"), LEVELS)
    assert found.kind == "wrong-fact"
    assert "no answer" in found.evidence
    unsure = scanned(**options, confidence=0.1, predicted_match=UNMATCHED, separation=1.0)
    assert _kind(unsure) == "low-confidence"


def test_a_wrong_label_is_told_by_the_sentence_that_matches_the_question_best():
    other = scanned(**LABEL, best_sentence=[2] * 7, best_match=MATCHED, fact_match=UNMATCHED)
    found = classify(other, LEVELS)
    assert found.kind == "wrong-fact"
    assert "sentence 3" in found.evidence
    same = scanned(
        **LABEL, confidence=0.4, best_sentence=[0] * 7, best_match=MATCHED, fact_match=MATCHED
    )
    assert _kind(same) == "right-fact-wrong-span"
    sure = replace(same, prediction=replace(same.prediction, probability=0.97))
    assert _kind(sure) == "label-suspect"


def test_where_no_fact_is_known_and_where_no_answer_is_given_nothing_is_claimed():
    assert _kind(scanned(facts=(), fact_match=None)) == "other"
    none = scanned(**LABEL, text="", best_match=None, fact_match=MATCHED)
    found = classify(none, LEVELS)
    assert found.kind == "other"
    assert "no answer" in found.evidence


def test_right_answers_and_those_of_no_known_quality_are_no_failures():
    assert classify(scanned(right=True), LEVELS) is None
    assert classify(scanned(right=None), LEVELS) is None
    failed = replace(scanned(), prediction=None, scores=None, signals=None, error="no memory")
    assert classify(failed, LEVELS) is None


CURVE = st.none() | st.lists(
    st.one_of(st.just(math.nan), st.floats(0, 1, width=32)),
    min_size=LAYERS + 1,
    max_size=LAYERS + 1,
)
SPAN = st.tuples(st.integers(0, 60), st.integers(1, 9)).map(lambda two: Span(two[0], sum(two)))


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_every_wrong_answer_has_one_kind_a_plain_sentence_and_a_layer_that_exists(data):
    draw = data.draw
    span = draw(st.none() | SPAN)
    sample = scanned(
        span=span,
        text=draw(st.sampled_from(["", "[red]x[/red]", "\x1b[31m"])),
        gold=draw(st.lists(SPAN, max_size=3)),
        gold_share=draw(st.none() | st.floats(0, 1)),
        confidence=draw(st.floats(0, 1)),
        predicted_sentence=draw(st.none() | st.integers(0, 3)),
        facts=draw(st.sets(st.integers(0, 3))),
        predicted_match=draw(CURVE),
        fact_match=draw(CURVE),
        best_match=draw(CURVE),
        best_sentence=draw(st.lists(st.integers(-1, 3), min_size=7, max_size=7)),
        separation=draw(st.just(math.nan) | st.floats(0, 50)),
        lens_from=draw(st.integers(0, LAYERS)),
        sight=draw(st.sampled_from(["seen", "unplaced", "truncated", "untokenised", "too long"])),
        impossible=draw(st.booleans()),
        f1=draw(st.floats(0, 0.99)),
    )
    if draw(st.booleans()):
        sample = replace(sample, lens=None, best_sentence=None)
    found = classify(sample, LEVELS, gold=draw(st.lists(st.text(max_size=5), max_size=2)))
    assert found.kind in KINDS
    assert found.evidence.endswith(".")
    assert found.evidence.isascii()
    assert found.evidence.isprintable()
    assert not set("[]{}<>\\*`") & set(found.evidence)
    assert not {"nan", "inf", "None"} & set(found.evidence.replace("(", " ").split())
    assert found.first_layer is None or 0 <= found.first_layer <= LAYERS


def _run(count: int, **changes) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    samples = []
    for place in range(count):
        curve = np.clip(np.array(MATCHED) + generator.normal(0, 0.02, LAYERS + 1), 0, 1)
        own = {"predicted_match": curve, "separation": 2.5 + generator.normal(0, 0.3)}
        samples.append(scanned(place, right=True, **{**own, **changes}))
    wrong = [scanned(right=False, predicted_match=[0.1] * 7, separation=0.1) for _ in range(50)]
    signals = np.stack([one.signals for one in [*samples, *wrong]])
    return signals, np.array([True] * count + [False] * 50)


def test_levels_are_those_that_most_right_answers_reach():
    signals, right = _run(100)
    levels = levels_of(signals, right)
    peaks = signals[:100, SIGNALS.index("predicted_match"), 1:].max(axis=1)
    last = signals[:100, SIGNALS.index("answer_separation"), -1]
    assert levels.match == pytest.approx(np.quantile(peaks, 0.25))
    assert levels.least_match == pytest.approx(np.quantile(peaks, 0.05))
    assert levels.separation == pytest.approx(np.quantile(last, 0.25))
    assert levels.least_separation == pytest.approx(np.quantile(last, 0.05))
    assert (levels.stable_from, levels.match_layer, levels.samples) == (4, 4, 100)


def test_levels_are_fixed_where_right_answers_are_too_few():
    levels = levels_of(*_run(THRESHOLDS.least_right - 1))
    assert levels.match == levels.least_match == THRESHOLDS.match
    assert levels.separation == levels.least_separation == THRESHOLDS.separation
    assert (levels.stable_from, levels.samples, levels.match_layer) == (4, 0, None)
    assert levels_of(np.zeros((0, len(SIGNALS), 7), np.float32), np.zeros(0, bool)).samples == 0


def test_an_answer_that_comes_with_the_last_layer_alone_is_never_stable():
    assert levels_of(*_run(60, lens_from=6)).stable_from == 5


def test_levels_of_a_head_for_labels_are_those_of_the_match_with_facts():
    signals, right = _run(
        60, predicted_match=None, fact_match=[0.5] * 6 + [0.8], separation=math.nan
    )
    levels = levels_of(signals, right)
    assert levels.match == pytest.approx(0.8)
    assert levels.match_layer == 6
    assert levels.separation == THRESHOLDS.separation


def test_the_lens_is_stable_from_the_layer_after_its_last_other_answer():
    assert stable_from(np.array([[1, 2], [3, 4], [1, 2], [3, 4], [3, 4]], np.int32)) == 3
    assert stable_from(np.array([[3, 4]] * 5, np.int32)) == 0
    assert stable_from(np.array([[2, -1], [3, -1], [3, -1]], np.int32)) == 1
    assert stable_from(np.array([[10, 20], [-1, -1], [-1, -1]], np.int32)) == 1
    assert stable_from(None) is None


def test_a_word_more_or_less_is_the_same_place_and_half_the_context_is_not():
    assert stable_from(np.array([[0, 60], [30, 41], [30, 38], [32, 38]], np.int32)) == 1
    assert stable_from(np.array([[25, 32], [32, 38]], np.int32)) == 1


def test_what_the_list_gives_gold_is_the_most_of_what_overlaps_it():
    assert read(scanned(gold_share=0.2)).gold_share == pytest.approx(0.2)
    assert read(scanned(gold_share=None)).gold_share == 0.0
    assert read(scanned(span=ELSEWHERE, gold_share=None), gold=("Other",)).gold_share == 0.6


def test_rules_name_every_kind_once_with_the_figures_of_the_run():
    told = rules(LEVELS)
    assert sorted(kind for kind, _ in told) == sorted(KINDS)
    assert set(TITLES) == set(KINDS)
    assert "0.85" in dict(told)["low-confidence"]
    assert f"{THRESHOLDS.high_confidence:.2f}" in dict(rules())["label-suspect"]
