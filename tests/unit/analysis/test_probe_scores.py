"""Scores of probes against scikit-learn's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from bertscope_tui.analysis.probing.scores import is_single, macro_f1, majority, predictions, score

LABELS = 4
single_labels = st.integers(1, 30).flatmap(
    lambda count: st.tuples(
        arrays(np.int64, count, elements=st.integers(0, LABELS - 1)),
        arrays(np.int64, count, elements=st.integers(0, LABELS - 1)),
    )
)
label_sets = st.integers(1, 20).flatmap(
    lambda count: st.tuples(arrays(bool, (count, LABELS)), arrays(bool, (count, LABELS)))
)


def one_hot(labels):
    return np.eye(LABELS, dtype=bool)[labels]


@settings(max_examples=60, deadline=None)
@given(single_labels)
def test_scores_of_single_labels_are_those_of_scikit_learn(pair):
    gold, said = pair
    found = score(one_hot(gold), one_hot(said), single=True)
    assert found.macro_f1 == pytest.approx(f1_score(gold, said, average="macro", zero_division=0))
    assert found.micro_f1 == pytest.approx(f1_score(gold, said, average="micro"))
    assert found.accuracy == pytest.approx(accuracy_score(gold, said))
    assert found.count == len(gold)
    places = range(LABELS)
    np.testing.assert_array_equal(found.confusion, confusion_matrix(gold, said, labels=places))
    each = f1_score(gold, said, average=None, labels=places, zero_division=np.nan)
    np.testing.assert_allclose(found.per_label, each)


@settings(max_examples=60, deadline=None)
@given(label_sets)
def test_scores_of_sets_of_labels_are_those_of_scikit_learn(pair):
    gold, said = pair
    found = score(gold, said, single=False)
    occurs = np.flatnonzero((gold | said).any(0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        macro = (
            f1_score(gold, said, average="macro", labels=occurs, zero_division=0)
            if len(occurs)
            else 0.0
        )
        micro = f1_score(gold, said, average="micro", zero_division=0)
    assert found.macro_f1 == pytest.approx(macro)
    assert found.micro_f1 == pytest.approx(micro)
    assert found.accuracy == pytest.approx(accuracy_score(gold, said))
    assert found.confusion is None
    assert macro_f1(gold, said[None, None])[0, 0] == pytest.approx(found.macro_f1)


def test_macro_f1_of_many_probes_is_that_of_each():
    generator = np.random.default_rng(0)
    gold = one_hot(generator.integers(0, LABELS, 40))
    said = one_hot(generator.integers(0, LABELS, (3, 2, 40)))
    each = [[score(gold, one, single=True).macro_f1 for one in row] for row in said]
    np.testing.assert_allclose(macro_f1(gold, said), each)


def test_a_single_label_is_the_one_of_the_highest_score_and_sets_are_all_from_one_half_on():
    logits = np.asarray([[-3.0, -1.0, -2.0], [0.0, 2.0, -0.1]], dtype=np.float32)
    assert predictions(logits, single=True).tolist() == [[False, True, False]] * 2
    assert predictions(logits, single=False).tolist() == [[False] * 3, [True, True, False]]


def test_the_majority_is_that_of_training_and_scored_on_the_test_targets():
    train, gold = one_hot([1, 1, 2, 0]), one_hot([1, 2, 2, 3])
    found = majority(train, gold)
    assert found.accuracy == 0.25
    assert found.macro_f1 == pytest.approx(
        f1_score([1, 2, 2, 3], [1] * 4, average="macro", zero_division=0)
    )
    assert majority(one_hot([2, 1]), one_hot([1])).accuracy == 1.0


def test_the_majority_of_sets_is_the_most_frequent_set():
    train = np.asarray([[1, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 0], [1, 0, 1]], dtype=bool)
    assert not is_single(train)
    assert majority(train, train[:3]).accuracy == pytest.approx(2 / 3)
