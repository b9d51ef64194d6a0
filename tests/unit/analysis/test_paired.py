from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.analysis.paired import mcnemar
from tests.reference.auroc import mcnemar_by_summing


@given(fixed=st.integers(0, 120), broken=st.integers(0, 120))
def test_p_is_the_share_of_splits_that_are_at_least_as_uneven(fixed, broken):
    assert mcnemar(fixed, broken) == pytest.approx(mcnemar_by_summing(fixed, broken), rel=1e-9)
    assert mcnemar(fixed, broken) == mcnemar(broken, fixed)


def test_p_is_that_of_the_binomial_test_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    for fixed, broken in ((0, 5), (3, 17), (40, 60), (1000, 1100)):
        expected = stats.binomtest(fixed, fixed + broken, 0.5).pvalue
        assert mcnemar(fixed, broken) == pytest.approx(expected, rel=1e-9)


def test_nothing_changed_and_as_many_each_way_say_nothing():
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(7, 7) == 1.0


def test_many_changes_are_no_trouble():
    assert 0.0 <= mcnemar(40_000, 60_000) < 1e-12


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 3)
