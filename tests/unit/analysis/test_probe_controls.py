"""Control tasks, code length and mixes on states whose secrets are known."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from bertscope_tui.analysis.probing.controls import (
    code_length,
    control_labels,
    mix_of,
    portion_ends,
    seen_share,
)
from bertscope_tui.analysis.probing.network import Shape
from bertscope_tui.analysis.probing.settings import ProbeSettings
from bertscope_tui.analysis.probing.table import SpanStates
from bertscope_tui.analysis.probing.training import Parts, TrainedProbes, logits_of, train

LABELS, DIM, TARGETS = 3, 8, 220
PARTS = Parts(np.arange(160), np.arange(160, 190), np.arange(190, TARGETS))
SMALL = ProbeSettings(projection=8, hidden=8, learning_rate=4e-3, rounds=4, patience=2)


def planted(signals, *, single=True):
    """Return one token for each target, and labels that the layers tell as clearly as asked."""
    generator = np.random.default_rng(0)
    answer = generator.integers(0, LABELS, TARGETS)
    gold = np.eye(LABELS, dtype=bool)[answer]
    states = generator.normal(size=(TARGETS, len(signals), DIM))
    means = generator.normal(size=(LABELS, DIM))
    states += means[answer][:, None, :] * np.asarray(signals)[:, None]
    if not single:
        gold = gold | gold[:, ::-1]
    spans = np.stack((np.arange(TARGETS), np.ones(TARGETS, dtype=np.int64)), 1)[:, None]
    return SpanStates(states.astype(np.float32), spans), gold


def test_control_labels_depend_on_the_words_alone_and_are_as_frequent_as_the_real_ones():
    gold = np.eye(LABELS, dtype=bool)[[0] * 700 + [1] * 200 + [2] * 100]
    texts = [f"word {place // 2}" for place in range(1000)]
    found = control_labels(texts, gold, np.arange(1000), seed=0)
    assert (found[0::2] == found[1::2]).all()
    shares = found.mean(0)
    np.testing.assert_allclose(shares, [0.7, 0.2, 0.1], atol=0.07)
    upper = control_labels([text.upper() for text in texts], gold, np.arange(1000), seed=0)
    assert (upper == found).all()
    assert (control_labels(texts, gold, np.arange(1000), seed=1) != found).any()


def test_control_labels_are_those_of_training_targets_only():
    gold = np.eye(LABELS, dtype=bool)[[2, 0, 0, 1]]
    found = control_labels(["a", "b", "c", "d\ud800"], gold, np.asarray([1, 2]), seed=0)
    assert found.tolist() == [[True, False, False]] * 4


def test_the_share_of_seen_test_targets_ignores_letter_case():
    parts = Parts(np.asarray([0, 1]), np.asarray([2]), np.asarray([3, 4, 5, 6]))
    texts = ["Kiel", "Otto", "Nora", "kiel", "Nora", "OTTO", "Emil"]
    assert seen_share(texts, parts) == 0.5
    assert seen_share(texts, replace(parts, test=np.empty(0, dtype=np.int64))) == 0.0


def test_portions_grow_to_all_targets_and_begin_where_something_can_be_learned():
    assert portion_ends(10_000) == [20, 40, 80, 160, 320, 625, 1250, 2500, 5000, 10_000]
    for count in (1, 2, 15, 16, 17, 100, 5452):
        ends = portion_ends(count)
        assert ends[-1] == count
        assert ends == sorted(set(ends))
        assert ends[0] >= min(16, count)


@pytest.mark.parametrize("single", [True, False])
def test_code_length_is_the_sum_over_portions_of_what_each_probe_did_not_foresee(single):
    table, gold = planted([0.0, 1.5], single=single)
    found = code_length(table, gold, PARTS, SMALL, single=single, seed=3)
    order = np.random.default_rng(3).permutation(PARTS.train)
    settings = replace(SMALL, loss="softmax" if single else "sigmoid")
    ends = [20, 40, 80, 160]
    each = math.log2(LABELS) if single else LABELS
    expected = np.full(2, 20.0 * each)
    for known, end in itertools.pairwise(ends):
        probes = train(
            table,
            gold,
            replace(PARTS, train=order[:known]),
            settings,
            seeds=[3],
            single=single,
            by_loss=True,
        )
        logits = torch.from_numpy(logits_of(probes, table, order[known:end])[:, 0]).double()
        truth = torch.from_numpy(gold[order[known:end]]).double()
        if single:
            chances = (logits.softmax(-1) * truth).sum(-1)
        else:
            said = logits.sigmoid()
            chances = torch.where(truth == 1, said, 1 - said)
        expected += -chances.log2().flatten(1).sum(1).numpy()
    assert found.uniform == pytest.approx(160 * each)
    np.testing.assert_allclose(found.bits, expected, rtol=1e-5)
    assert found.bits[1] < 0.8 * found.bits[0]


def test_progress_of_code_length_rises_to_the_whole():
    table, gold = planted([1.0])
    told = []
    code_length(
        table,
        gold,
        PARTS,
        replace(SMALL, rounds=1),
        single=True,
        progress=lambda done, total: told.append((done, total)),
    )
    shares = [done for done, _ in told]
    assert shares == sorted(shares)
    assert told[-1] == (1000, 1000)
    assert {total for _, total in told} == {1000}


def test_the_centre_of_gravity_is_the_mean_layer_under_the_weights():
    raw = torch.tensor([[0.0, math.log(3.0), 0.0], [0.0, 0.0, math.log(2.0)]])
    weights = {"mix": raw[None], "out": torch.zeros((1, 2, 4, 2))}
    grid = np.zeros((1, 2))
    probes = TrainedProbes(SMALL, Shape(4, 1, 2, 3), weights, grid, grid.astype(np.int64), 0)
    mix = mix_of(probes)
    first, second = (0.2, 0.6, 0.2), (0.25, 0.25, 0.5)
    assert mix.weights == pytest.approx([(a + b) / 2 for a, b in zip(first, second, strict=True)])
    assert mix.center_of_gravity == pytest.approx((1.0 + 1.25) / 2)
    assert mix.center_std == pytest.approx(0.25 / math.sqrt(2))
