from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bertscope_tui.analysis.early import FREE_OF_GOLD
from bertscope_tui.engine.scanned import SIGNALS
from bertscope_tui.engine.scoring import ReadOptions
from bertscope_tui.errors import Cancelled, InputError
from bertscope_tui.scans import overview as module
from bertscope_tui.scans.classifying import classify_run
from bertscope_tui.scans.compare import compare, comparison_object
from bertscope_tui.scans.overview import early_of, kept_early, overview_object, overview_of
from bertscope_tui.scans.pages import (
    Paper,
    bar_lines,
    comparison_page,
    count_rows,
    overview_page,
    rule_rows,
)
from bertscope_tui.scans.store import Store
from bertscope_tui.themes import bundled_themes
from tests.reference.auroc import mcnemar_by_summing
from tests.runs_by_hand import keep, question
from tests.scanned_by_hand import LAYERS, MATCHED, UNMATCHED, scanned

THEME = bundled_themes()["dusk"]


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store.sqlite") as opened:
        yield opened


def _samples(count: int, *, share: float = 0.7, seed: int = 0, vectors: bool = True):
    """Return samples of which the wrong ones match the wrong sentence, and look different."""
    generator = np.random.default_rng(seed)
    made = []
    for place in range(count):
        right = bool(generator.random() < share)
        noise = generator.normal(0, 0.05, (3, LAYERS + 1))
        own = np.clip(MATCHED + noise[0], 0, 1)
        facts = np.clip((MATCHED if right else UNMATCHED) + noise[1], 0, 1)
        sample = scanned(
            place,
            right=right,
            confidence=float(generator.uniform(0.4, 0.8)),
            predicted_match=own,
            fact_match=facts,
            best_match=own,
            predicted_sentence=0 if right else 1,
            homogeneity=0.5 + noise[2] - 0.2 * right,
        )
        vector = generator.normal(size=(LAYERS + 1, 4))
        vector[3:, 0] += 2.0 * right
        made.append(replace(sample, vector=vector.astype(np.float16)) if vectors else sample)
    return made


def test_an_overview_counts_and_averages_what_is_in_the_store(store):
    samples = _samples(90)
    samples[5] = scanned(5, right=None)
    samples[6] = replace(
        samples[6],
        prediction=None,
        scores=None,
        signals=None,
        best_sentence=None,
        lens=None,
        vector=None,
        error="no memory",
    )
    run = keep(store, samples)
    assert overview_of(store, run).kinds is None
    classify_run(store, run)
    found = overview_of(store, store.run("one"))
    wrong = [one for one in samples if one.right is False]
    right = [one for one in samples if one.right]
    assert (found.right, found.wrong, found.unscored, found.errors) == (
        len(right),
        len(wrong),
        1,
        1,
    )
    assert found.kinds["wrong-fact"] == sum(found.kinds.values()) == len(wrong)
    for which, curves in ((right, found.right_curves), (wrong, found.wrong_curves)):
        mean = np.mean([one.signal("homogeneity") for one in which], axis=0)
        np.testing.assert_allclose(curves["homogeneity"].mean, mean, rtol=1e-5)
        assert (curves["homogeneity"].low < mean).all()
        assert np.isnan(curves["gold_separation"].mean).all()
    assert found.levels.samples == len(right)


@pytest.mark.parametrize(("given", "kind"), [(False, "label-suspect"), (True, "wrong-fact")])
def test_a_run_over_data_that_name_their_facts_suspects_no_label_beside_them(store, given, kind):
    sample = replace(scanned(confidence=0.95, gold_share=0.001), facts_given=given)
    run = keep(store, [sample])
    classify_run(store, run)
    assert [row.failure for row in store.rows(run.id)] == [kind]


def test_an_overview_is_computed_once_and_again_when_samples_have_come(store, monkeypatch):
    run = keep(store, _samples(60))
    first = overview_of(store, run)
    monkeypatch.setattr(module, "band_of", None)
    again = overview_of(store, run)
    np.testing.assert_array_equal(
        again.right_curves["fact_match"].low, first.right_curves["fact_match"].low
    )
    assert again.levels == first.levels
    store.add(run.id, [(scanned(60), question(60))], seconds=0.1, tokens=9)
    with pytest.raises(TypeError):
        overview_of(store, run)


def test_the_json_object_has_every_kind_and_layer_and_no_number_that_is_none(store):
    run = keep(store, _samples(120, share=0.6), vectors=120)
    classify_run(store, run)
    run = store.run(run.name)
    early = early_of(store, run)
    found = json.loads(json.dumps(overview_object(overview_of(store, run), early), allow_nan=False))
    assert set(found["failures"]) >= {"wrong-fact", "boundary", "other"}
    assert [one["layer"] for one in found["layers"]] == list(range(LAYERS + 1))
    assert set(found["layers"][0]["signals"]) == set(SIGNALS)
    assert found["layers"][0]["signals"]["gold_separation"] == {"right": None, "wrong": None}
    assert found["layers"][4]["error_auroc"] > 0.7
    low, high = found["layers"][4]["error_auroc_interval"]
    assert low < found["layers"][4]["error_auroc"] < high
    assert 0 < found["confidence_auroc"] < 1


def test_early_failures_are_computed_once_on_the_samples_that_have_vectors(store, monkeypatch):
    run = keep(store, _samples(150, share=0.6), vectors=150)
    assert kept_early(store, run) is None
    found = early_of(store, run)
    assert (found.reason, found.samples, found.known) == (None, 150, 150)
    assert found.layers[0].states.value < 0.7 < found.layers[4].states.value
    monkeypatch.setattr(module, "early", None)
    assert early_of(store, run) == found == kept_early(store, run)


def test_without_vectors_signals_alone_tell_how_early(store):
    run = keep(store, _samples(150, share=0.6, vectors=False))
    found = early_of(store, run)
    assert all(one.states is None for one in found.layers)
    assert found.layers[2].signals.value > 0.7
    assert "homogeneity" in FREE_OF_GOLD


def test_cancelled_early_failures_leave_nothing_behind(store):
    run = keep(store, _samples(150), vectors=150)
    with pytest.raises(Cancelled):
        early_of(store, run, cancelled=lambda: True)
    assert kept_early(store, run) is None


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("width", [1, 60, 133])
def test_the_page_says_everything_and_keeps_to_its_width(store, width, plain):
    run = keep(store, _samples(150, share=0.6), vectors=150, name="one", model="a\x1b[31m")
    classify_run(store, run)
    run = store.run(run.name)
    early = early_of(store, run)
    page = overview_page(overview_of(store, run), early, Paper(width, THEME, ascii=plain))
    for words in ("wrong supporting fact", "Means by layer", "95 % interval", "hidden states"):
        assert words in page
    assert "\x1b" not in page
    if plain:
        assert page.replace("\u241b", "").isascii()
    charts = [line for line in page.split("\n") if any(mark in line for mark in "┤└│⣀")]
    assert all(len(line) <= max(width, 40) for line in charts)


def test_colours_are_the_only_control_sequences_of_a_page(store):
    run = keep(store, _samples(60))
    page = overview_page(overview_of(store, run), None, Paper(80, THEME, colour=True))
    assert "\x1b[1;38;5;" in page
    assert "not sorted into kinds" in page


def test_too_few_wrong_answers_are_said_and_not_drawn(store):
    run = keep(store, _samples(40, share=1.0), vectors=40)
    classify_run(store, run)
    run = store.run(run.name)
    page = overview_page(overview_of(store, run), early_of(store, run), Paper(80, THEME))
    assert "0 wrong answers are too few for curves" in page
    assert "0 wrong and 40 right answers are too few to tell how early" in page
    assert "┤" not in page


def test_bars_are_as_long_as_their_counts():
    rows = [("many", 40), ("few", 10), ("none", 0)]
    lines = bar_lines(rows, 60, ascii=True)
    bars = [line.count("#") for line in lines]
    assert bars[0] == 4 * bars[1] > 0 == bars[2]
    assert max(len(line) for line in lines) <= 60
    assert " 80%" in lines[0]
    assert bar_lines([("none", 0)], 40) == ["none  0    -"]
    assert bar_lines([], 40) == []


def test_kinds_are_listed_by_their_number(store):
    run = keep(store, [*_samples(40, share=0.5), scanned(40, sight="truncated")])
    assert count_rows(overview_of(store, run)) == []
    classify_run(store, run)
    rows = count_rows(overview_of(store, store.run("one")))
    assert rows[0][0] == "wrong supporting fact"
    assert [count for _, count in rows] == sorted((count for _, count in rows), reverse=True)
    assert rows[1][1] == 1


def test_two_runs_tell_what_was_fixed_and_what_broke(store):
    marks = [(True, True)] * 5 + [(False, True)] * 4 + [(True, False)] * 2 + [(False, False)] * 3
    a = keep(store, [scanned(n, right=one, text=f"a{n}") for n, (one, _) in enumerate(marks)])
    b = keep(
        store,
        [scanned(n, right=two, text=f"b{n}") for n, (_, two) in enumerate(marks)],
        name="two",
        model="b-model",
        options=ReadOptions(max_tokens=512),
    )
    classify_run(store, a)
    found = compare(store, a, b)
    assert (found.samples, found.both_right) == (14, 5)
    assert [one.sample_id for one in found.fixed] == ["q5", "q6", "q7", "q8"]
    assert [one.sample_id for one in found.broken] == ["q9", "q10"]
    assert len(found.both_wrong) == 3
    assert found.p_value == pytest.approx(mcnemar_by_summing(4, 2))
    assert found.shares == (7 / 14, 9 / 14)
    assert (found.fixed[0].before, found.fixed[0].after) == ("a5", "b5")
    assert found.fixed[0].failures == ("wrong-fact", None)
    told = comparison_object(found)
    assert told["fixed"] == ["q5", "q6", "q7", "q8"]
    assert told["mcnemar_p"] == found.p_value
    assert (told["samples"], told["scored"], told["right"], told["cka"]) == (14, 14, [7, 9], None)
    assert json.dumps(told, allow_nan=False)
    page = comparison_page(found, Paper(70, THEME))
    assert "fixed: right in two only" in page
    assert "q5: Who was it? | a5 -> b5" in page
    assert max(map(len, page.split("\n")[11:])) <= 70


def test_questions_that_only_one_run_has_finished_or_scored_do_not_count(store):
    a = keep(store, [scanned(n, right=True) for n in range(5)])
    b = keep(
        store,
        [scanned(n, right=None if n == 4 else False) for n in range(2, 7)],
        name="two",
    )
    found = compare(store, a, b)
    assert found.samples == len(found.broken) == 2
    nothing = keep(store, [scanned(9)], name="three")
    page = comparison_page(compare(store, a, nothing), Paper(70, THEME))
    assert "no question in common" in page


@pytest.mark.parametrize(
    "other",
    [{"data_sha256": "33"}, {"variant": "span"}, {"split": "dev"}, {"keep_yes_no": True}],
    ids=str,
)
def test_runs_over_different_data_are_not_compared(store, other):
    a = keep(store, [scanned(0)])
    b = keep(store, [scanned(0)], name="two", **other)
    with pytest.raises(InputError, match="cannot be compared"):
        compare(store, a, b)
    with pytest.raises(InputError, match="itself"):
        compare(store, a, a)


def test_hostile_text_of_a_data_set_does_no_harm_on_a_page(store):
    bad = question(0, text="\x1b]0;x\x07 [red]who\u202e?[/red]\nnew line")
    a = keep(store, [scanned(0, right=True)], [bad])
    b = keep(store, [scanned(0, text="\x1b[2J")], [bad], name="two")
    page = comparison_page(compare(store, a, b), Paper(200, THEME))
    assert not {"\x1b", "\x07", "\u202e"} & set(page)
    assert "new line" in page


def test_the_help_page_has_a_rule_for_every_kind():
    assert len(rule_rows()) == 7
