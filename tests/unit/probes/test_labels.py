"""Labels at a layer, against scores taken from the confusion target by target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertscope_tui.analysis.probing.scores import predictions
from bertscope_tui.probes.labels import (
    confusion_of,
    label_rows,
    layer_facts,
    mix_facts,
    result_facts,
    taken_for,
)
from bertscope_tui.probes.summary import layer_scores
from bertscope_tui.probes.views import curves_of
from tests.tui.made_probes import made_result

NAMES = ("a", "b", "c", "d")


def drawn(seed, *, labels=NAMES, targets=40, seeds=3, layers=2):
    """Return gold labels, scores ``(layers, seeds, targets, labels)`` and the result of them."""
    random = np.random.default_rng(seed)
    gold_of = random.integers(0, len(labels), targets)
    gold = np.eye(len(labels), dtype=bool)[gold_of]
    logits = random.normal(size=(layers, seeds, targets, len(labels))).astype(np.float32)
    logits += 1.5 * gold
    scored = layer_scores(gold, logits, labels, single=True)
    return gold_of, logits, replace(made_result("w", labels=labels), layers=scored)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_shares_confusions_and_f1_are_those_of_counting_target_by_target(seed):
    gold, logits, result = drawn(seed)
    for layer in range(2):
        said = predictions(logits[layer], single=True).argmax(-1)  # (seeds, targets)
        pairs = [(g, s) for row in said for g, s in zip(gold, row, strict=True)]
        rows = label_rows(result, layer)
        table = confusion_of(result, layer, len(NAMES))
        assert table.labels == NAMES
        for place, row in enumerate(rows):
            own = [s for g, s in pairs if g == place]
            assert row.share == pytest.approx(len(own) / len(pairs))
            f1 = []
            for one in said:
                hit = sum((gold == place) & (one == place))
                both = sum(gold == place) + sum(one == place)
                if both:
                    f1.append(2 * hit / both)
            assert row.f1 == (pytest.approx(np.mean(f1)) if f1 else None)
            for other in range(len(NAMES)):
                share = own.count(other) / len(own) if own else 0.0
                assert table.shares[place][other] == pytest.approx(share)
            found = dict(taken_for(result, layer, NAMES[place]))
            assert found == {
                NAMES[other]: pytest.approx(own.count(other) / len(own)) for other in set(own)
            }
            shares = [share for _, share in taken_for(result, layer, NAMES[place])]
            assert shares == sorted(shares, reverse=True)


def test_the_most_frequent_labels_are_kept_in_their_order():
    confusion = ((1, 0, 0), (0, 5, 5), (0, 2, 2))
    result = made_result("w")
    layers = tuple(replace(one, confusion=confusion) for one in result.layers)
    found = confusion_of(replace(result, layers=layers), 0, 2)
    assert found.labels == result.labels[1:]
    assert found.shares == ((0.5, 0.5), (0.5, 0.5))
    assert confusion_of(replace(result, layers=layers), 0, 0).labels == result.labels[1:2]


def test_a_label_without_targets_has_a_row_of_zeros():
    confusion = ((0, 0, 0), (0, 5, 5), (0, 2, 2))
    result = made_result("w")
    layers = tuple(replace(one, confusion=confusion) for one in result.layers)
    result = replace(result, layers=layers)
    assert confusion_of(result, 0, 3).shares[0] == (0.0, 0.0, 0.0)
    assert label_rows(result, 0)[0].share == 0.0
    assert taken_for(result, 0, result.labels[0]) == ()


def test_targets_with_several_labels_have_neither_shares_nor_confusions():
    result = made_result("w", single=False)
    assert confusion_of(result, 0, 3) is None
    assert taken_for(result, 0, result.labels[0]) == ()
    assert [row.share for row in label_rows(result, 0)] == [None] * 3


def test_facts_of_what_was_not_computed_are_left_out():
    everything = dict(layer_facts(made_result("w"), 3))
    assert set(everything) == {"macro-F1", "accuracy", "control", "code", "mix"}
    bare = made_result("w", controls=False)
    assert set(dict(layer_facts(bare, 3))) == {"macro-F1", "accuracy"}
    assert mix_facts(bare) == []
    assert "lost" in dict(result_facts(bare))
    kept = replace(bare, lost_truncated=0, notes=("a note",))
    assert "lost" not in dict(result_facts(kept))
    assert result_facts(kept)[-1] == ("note", "a note")


def test_intervals_are_upright_lines_at_the_layers_in_the_colour_of_their_curve():
    one, other = made_result("a", layers=2), made_result("b", layers=2, model="other")
    colours = ("#000001", "#000002", "#000003", "#000004", "#000005")
    series = curves_of([one, other], colours=colours, intervals=True)
    named = [line for line in series if line.name]
    assert [line.name for line in named] == ["toy", "other", "majority"]
    upright = [line for line in series if not line.name]
    assert len(upright) == 6
    for line, result in zip(upright, [one] * 3 + [other] * 3, strict=True):
        layer = round(line.xs[0])
        assert line.xs[0] == line.xs[1]
        assert tuple(line.ys) == result.layers[layer].macro_f1_interval
        assert 0 <= line.xs[0] <= 2, "those at the ends stay inside the picture"
        assert line.colour == next(two.colour for two in named if two.name == result.model)
    assert len({line.colour for line in named}) == 3
    assert all(line.name for line in curves_of([one, other]))
    alone = replace(
        one, layers=tuple(replace(layer, macro_f1_interval=None) for layer in one.layers)
    )
    assert all(line.name for line in curves_of([alone], intervals=True))
