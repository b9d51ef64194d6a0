"""Probing models for tasks: what comes out, what is kept, where it stops and goes on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bertscope_tui.analysis.probing import features
from bertscope_tui.data.probing.records import ProbeTarget
from bertscope_tui.data.records import Span
from bertscope_tui.errors import Cancelled, DataError
from bertscope_tui.models.untrained import untrained
from bertscope_tui.probes import store
from bertscope_tui.probes.queue import Subject, probe_all
from bertscope_tui.probes.run import probe
from bertscope_tui.probes.summary import seed_interval
from tests.tiny_models import LAYERS, tiny_model
from tests.unit.probes.made import QUICK, SMALL, entities, load, pairs, subject

JOBS = [entities(), pairs()]


def run(subjects=None, tasks=None, options=QUICK, **more):
    return list(
        probe_all(subjects or [Subject(subject())], tasks or JOBS, options, load=load, **more)
    )


def behind(text):
    """Return a target that is put behind a text, longer than a short window."""
    return ProbeTarget((Span(len(text), len(text) + 240),), ("thing",))


def scores(results):
    return [[layer.macro_f1_seeds for layer in one.layers] for one in results]


def test_a_result_has_scores_of_every_layer_and_all_controls():
    told = []
    result = probe(
        tiny_model("bert"), entities(), SMALL, tell=lambda *news: told.append(news)
    ).result
    assert result.targets == replace(result.targets, train=60, dev=30, test=30)
    assert result.examples == replace(result.examples, train=30, dev=15, test=15)
    assert result.labels == ("person", "thing")
    assert result.single
    assert (result.majority.macro_f1, result.majority.accuracy) == pytest.approx((1 / 3, 0.5))
    assert [one.layer for one in result.layers] == list(range(LAYERS + 1))
    for one in result.layers:
        assert len(one.macro_f1_seeds) == 2
        assert one.macro_f1 == pytest.approx(np.mean(one.macro_f1_seeds))
        assert one.macro_f1_std == pytest.approx(np.std(one.macro_f1_seeds, ddof=1))
        assert one.selectivity == pytest.approx(one.accuracy - one.control_accuracy)
        assert np.sum(one.confusion) == 2 * 30  # over both seeds
        assert one.codelength_bits > 0
    assert result.layers[0].macro_f1 > 0.9  # the words themselves tell it
    assert result.codelength_uniform_bits == 60
    assert result.control_seen == 1.0
    assert sum(result.mix.weights) == pytest.approx(1)
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages == ["reading", "states", "probes", "control", "code length", "mix"]
    assert all(0 <= done <= total for _, done, total in told)


def test_states_are_made_once_for_a_model_and_data_and_for_nothing_else(monkeypatch):
    made = []
    inner = features.keep

    def keep(key, *others, **more):
        made.append(key)
        return inner(key, *others, **more)

    monkeypatch.setattr(features, "keep", keep)
    model, data = tiny_model("bert"), entities()
    first = probe(model, data, QUICK).result
    same = probe(model, data, replace(QUICK, seeds=1)).result
    assert len(made) == 1
    assert first.extract_seconds > 0 == same.extract_seconds
    assert same.layers[1].macro_f1 == first.layers[1].macro_f1_seeds[0]
    probe(untrained(model), data, QUICK, random=True)
    probe(tiny_model("gpt2"), data, QUICK)
    probe(model, replace(data, examples=data.examples[1:]), QUICK)
    assert len(set(made)) == 4


def test_what_is_kept_is_not_probed_again_unless_asked():
    opened = []

    def counting(entry):
        opened.append(entry)
        return load(entry)

    first = list(probe_all([Subject(subject())], JOBS, QUICK, load=counting))
    assert len(opened) == 1
    assert list(probe_all([Subject(subject())], JOBS, QUICK, load=counting)) == first
    assert len(opened) == 1
    anew = list(probe_all([Subject(subject())], JOBS, QUICK, load=counting, again=True))
    assert len(opened) == 2
    assert scores(anew) == scores(first)
    other = list(probe_all([Subject(subject())], JOBS, replace(QUICK, seeds=3), load=counting))
    assert [one.options.seeds for one in other] == [3, 3]
    assert len(opened) == 3


def test_a_cancelled_task_leaves_no_result_and_the_same_call_goes_on_there():
    at = []

    def cancelled():
        return bool(at) and at[-1].job == 1 and at[-1].stage == "probes"

    results = probe_all(
        [Subject(subject())],
        JOBS,
        QUICK,
        load=load,
        cancelled=cancelled,
        progress=at.append,
    )
    finished = [next(results)]
    with pytest.raises(Cancelled):
        next(results)
    assert [one.identity.task for one in finished] == ["nel"]
    assert [one.identity.task for one in store.stored()[0]] == ["nel"]
    told = []
    results = run(progress=told.append)
    assert {one.job for one in told} == {1}
    assert results[0] == finished[0]
    assert [one.identity.task for one in results] == ["nel", "rel"]
    assert not [one for one in features.folder().iterdir() if one.name.startswith(".")]


def test_random_weights_are_another_result_of_the_same_model():
    results = run([Subject(subject()), Subject(subject(), random=True)], [entities()])
    assert [one.identity.random for one in results] == [False, True]
    assert results[1].model.endswith("(random weights)")
    assert results[0].identity.weights_sha256 == results[1].identity.weights_sha256
    assert run([Subject(subject(), random=True)], [entities()]) == [results[1]]


def test_data_without_splits_are_divided_and_limited_evenly():
    result = probe(tiny_model("bert"), entities(split=False), replace(QUICK, limit=40)).result
    counts = result.examples
    assert counts.train + counts.dev + counts.test <= 40
    assert min(counts.train, counts.dev, counts.test) >= 1


def test_examples_are_left_out_where_their_states_are_over_the_budget_and_that_is_said():
    model, data = tiny_model("bert"), entities()
    each = (LAYERS + 1) * 32 * 2
    result = probe(model, data, replace(QUICK, features_bytes=each * 60)).result
    assert 0 < sum((result.examples.train, result.examples.dev, result.examples.test)) < 60
    (note,) = result.notes
    assert "of 60 examples" in note


def test_a_budget_is_part_of_what_a_result_is_of_only_where_it_cut_the_data():
    each = (LAYERS + 1) * 32 * 2
    tight, tighter = (replace(QUICK, features_bytes=each * rows) for rows in (60, 40))
    jobs = [entities()]
    cut, less = run(tasks=jobs, options=tight)[0], run(tasks=jobs, options=tighter)[0]
    assert less.examples.train < cut.examples.train
    assert run(tasks=jobs, options=tight) == [cut]  # found again
    assert run(tasks=jobs, options=tighter) == [less]
    whole = run(tasks=jobs)[0]
    assert whole.examples.train == 30
    assert not whole.notes
    # What was made of all examples is what any budget asks for.
    assert run(tasks=jobs, options=tight) == [whole]
    assert run(tasks=jobs, options=replace(QUICK, features_bytes=each * 600)) == [whole]
    assert len(store.stored()[0]) == 3


def test_data_with_nothing_left_to_test_on_are_refused():
    data = entities()
    alone = replace(
        data,
        examples=tuple(
            replace(one, text=one.text + " bread" * 40, targets=(behind(one.text),))
            if one.split == "test"
            else one
            for one in data.examples
        ),
    )
    with pytest.raises(DataError, match="test"):
        probe(tiny_model("bert"), alone, replace(QUICK, max_tokens=20))


def test_intervals_are_those_of_students_t():
    values = [0.5, 0.6, 0.55, 0.7]
    low, high = stats.t.interval(
        0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values)
    )
    assert seed_interval(values) == pytest.approx((low, high))
    assert seed_interval([0.5]) is None
    assert seed_interval([0.0, 1.0]) == (0.0, 1.0)
