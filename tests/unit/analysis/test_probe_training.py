"""Probes that train together: each as if alone, and as good as those of a loop over layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from bertscope_tui.analysis.probing.scores import macro_f1, predictions
from bertscope_tui.analysis.probing.settings import POOLINGS, ProbeSettings
from bertscope_tui.analysis.probing.table import SpanStates
from bertscope_tui.analysis.probing.training import Parts, logits_of, train
from bertscope_tui.errors import Cancelled
from tests.reference.probe_layer_by_layer import macro, train_one

LAYERS, DIM, LABELS, TARGETS = 3, 16, 4, 600
PARTS = Parts(np.arange(360), np.arange(360, 480), np.arange(480, TARGETS))
SMALL = ProbeSettings(projection=16, hidden=16, learning_rate=4e-3, rounds=8, patience=3)
SEEDS = [0, 1, 2, 3]


def planted(spans=1, tokens=4, seed=0):
    """Return states in which one token of each span tells the label, the clearer the higher."""
    generator = np.random.default_rng(seed)
    answer = generator.integers(0, LABELS, TARGETS)
    count = generator.integers(1, tokens + 1, (TARGETS, spans))
    first = np.concatenate(([0], np.cumsum(count.reshape(-1))[:-1])).reshape(TARGETS, spans)
    states = generator.normal(size=(count.sum(), LAYERS, DIM))
    means = generator.normal(size=(LABELS, DIM))
    telling = first[:, 0] + generator.integers(0, count[:, 0])
    states[telling] += means[answer][:, None, :] * np.asarray([0.0, 0.5, 1.5])[:, None]
    table = SpanStates(states.astype(np.float32), np.stack((first, count), 2))
    return table, np.eye(LABELS, dtype=bool)[answer]


def test_scores_are_those_of_a_loop_over_layers_and_seeds_within_their_noise():
    table, gold = planted(spans=2)
    probes = train(table, gold, PARTS, SMALL, seeds=SEEDS, single=True)
    said = predictions(logits_of(probes, table, PARTS.test), single=True)
    together = macro_f1(gold[PARTS.test], said)
    loop = np.asarray(
        [
            [
                macro(
                    gold[PARTS.test],
                    train_one(
                        table.states[:, layer], table.spans, gold, PARTS, SMALL, seed=seed
                    ).logits,
                )
                for seed in SEEDS
            ]
            for layer in range(LAYERS)
        ]
    )
    noise = np.maximum(together.std(1, ddof=1), loop.std(1, ddof=1))
    assert (np.abs(together.mean(1) - loop.mean(1)) <= np.maximum(noise, 0.01)).all()
    assert together.mean(1)[0] < 0.35 < 0.7 < together.mean(1)[2]


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_probe_comes_out_the_same_whatever_others_train_beside_it(pooling):
    table, gold = planted()
    settings = replace(SMALL, pooling=pooling, rounds=4, patience=1)
    together = train(table, gold, PARTS, settings, seeds=[0, 5], single=True)
    assert len(np.unique(together.rounds)) > 1  # some went on when others had stopped
    for layer in range(LAYERS):
        own = SpanStates(table.states[:, [layer]], table.spans)
        alone = train(own, gold, PARTS, settings, seeds=[0], single=True)
        assert alone.rounds[0, 0] == together.rounds[layer, 0]
        for name, weight in alone.weights.items():
            torch.testing.assert_close(
                weight[0, 0], together.weights[name][layer, 0], atol=1e-4, rtol=1e-3
            )


def test_the_probe_of_the_best_round_is_kept_and_its_dev_score_told():
    table, gold = planted()
    probes = train(table, gold, PARTS, SMALL, seeds=SEEDS, single=True)
    said = predictions(logits_of(probes, table, PARTS.dev), single=True)
    np.testing.assert_allclose(macro_f1(gold[PARTS.dev], said), probes.dev_score)
    assert ((probes.rounds >= 1) & (probes.rounds <= SMALL.rounds)).all()


def test_the_round_of_the_lowest_loss_is_kept_where_that_is_asked_for():
    table, gold = planted()
    parts = replace(PARTS, train=PARTS.train[:60])

    def dev_losses(**more):
        probes = train(table, gold, parts, SMALL, seeds=SEEDS, single=True, **more)
        logits = torch.from_numpy(logits_of(probes, table, parts.dev))
        truth = torch.from_numpy(gold[parts.dev]).float().expand_as(logits)
        each = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        return each.sum(-1).mean(-1).numpy()

    by_loss, by_score = dev_losses(by_loss=True), dev_losses()
    assert (by_loss <= by_score + 1e-6).all()
    assert by_loss.mean() < by_score.mean()


def test_a_mix_takes_most_of_the_layer_that_tells_most():
    table, gold = planted()
    settings = replace(SMALL, mix_rate=5e-2)
    probes = train(table, gold, PARTS, settings, seeds=[0, 1], single=True, mixed=True)
    shares = probes.weights["mix"][0].softmax(1)
    assert shares.argmax(1).tolist() == [2, 2]
    assert shares[:, 0].max() < shares[:, 2].min()


def test_training_stops_between_two_steps_when_it_is_cancelled():
    table, gold = planted()
    told = []
    with pytest.raises(Cancelled):
        train(
            table,
            gold,
            PARTS,
            SMALL,
            seeds=[0],
            single=True,
            cancelled=lambda: len(told) == 7,
            progress=lambda done, total: told.append((done, total)),
        )
    assert [done for done, _ in told] == list(range(1, 8))
    assert len({total for _, total in told}) == 1


def test_without_dev_targets_those_of_training_choose_the_round():
    table, gold = planted()
    parts = replace(PARTS, dev=np.empty(0, dtype=np.int64))
    probes = train(table, gold, parts, replace(SMALL, rounds=2), seeds=[0], single=True)
    said = predictions(logits_of(probes, table, parts.train), single=True)
    np.testing.assert_allclose(macro_f1(gold[parts.train], said), probes.dev_score)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_batch_has_the_tokens_of_its_spans_and_nothing_of_others(pooling):
    table, _ = planted(spans=2)
    half = SpanStates(table.states.astype(np.float16), table.spans)
    targets = np.asarray([5, 0, 17])
    for layers in (None, np.asarray([2, 0])):
        wanted = [0, 1, 2] if layers is None else [2, 0]
        found = half.batch(targets, layers, pooling, torch.device("cpu"))
        assert len(found) == 2
        for place, (tokens, mask) in enumerate(found):
            assert tokens.dtype == torch.float32
            for row, target in enumerate(targets):
                first, count = table.spans[target, place]
                own = half.states[first : first + count][:, wanted].transpose(1, 0, 2)
                if pooling == "ends":
                    own = own[:, [0, -1]]
                    assert mask[row].all()
                else:
                    assert mask[row].sum() == count
                np.testing.assert_array_equal(tokens[:, row][:, mask[row]].numpy(), own)


def test_scores_of_no_targets_are_none():
    table, gold = planted()
    probes = train(table, gold, PARTS, replace(SMALL, rounds=1), seeds=[0], single=True)
    empty = logits_of(probes, table, np.empty(0, dtype=np.int64))
    assert empty.shape == (LAYERS, 1, 0, LABELS)
