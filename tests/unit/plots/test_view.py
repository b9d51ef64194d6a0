"""The part of the plane that is shown, and the numbers on the axes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.plots.view import View, drawable, ticks

numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)
points = st.lists(st.tuples(numbers, numbers), max_size=12)


def _spans(view: View) -> tuple[float, float]:
    return view.x_high - view.x_low, view.y_high - view.y_low


@given(points)
def test_a_fitted_view_holds_every_drawable_point_and_has_an_extent(points):
    view = View.fit(points)
    assert all(math.isfinite(edge) for edge in (view.x_low, view.x_high, view.y_low, view.y_high))
    assert min(_spans(view)) > 0
    for x, y in points:
        if drawable(x, y):
            assert view.x_low <= x <= view.x_high
            assert view.y_low <= y <= view.y_high


def test_no_points_give_the_square_about_the_origin():
    assert View.fit([]) == View(-1.0, 1.0, -1.0, 1.0)


def test_one_point_is_put_in_the_middle():
    view = View.fit([(3.0, -2.0)])
    assert view.centre == (3.0, -2.0)


def test_equal_points_far_from_the_origin_still_have_room_around_them():
    view = View.fit([(1e12, 1e12)] * 3)
    assert min(_spans(view)) > 1e6


def test_points_that_are_not_finite_are_left_out_of_the_fit():
    assert View.fit([(math.nan, 0.0), (math.inf, 1.0), (1.0, 2.0)]) == View.fit([(1.0, 2.0)])


def test_rounding_noise_in_one_component_is_drawn_flat():
    view = View.fit([(-5.0, 1e-9), (5.0, -1e-9)])
    assert _spans(view)[1] == pytest.approx(10.0)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_the_margin_is_a_share_of_the_extent_at_every_scale(scale):
    view = View.fit([(-scale, -scale), (scale, scale)])
    assert view.x_high / scale == pytest.approx(1.08)
    assert view.y_low / scale == pytest.approx(-1.08)


def test_zooming_in_keeps_the_given_place_where_it_is():
    view = View(0.0, 10.0, 0.0, 10.0)
    closer = view.zoomed(2.0, (2.0, 8.0))
    assert closer == View(1.0, 6.0, 4.0, 9.0)


def test_zooming_in_and_out_again_comes_back():
    view = View(-3.0, 7.0, 1.0, 2.0)
    back = view.zoomed(1.5).zoomed(1 / 1.5)
    assert back.x_low == pytest.approx(view.x_low)
    assert back.y_high == pytest.approx(view.y_high)


@pytest.mark.parametrize("factor", [0.0, -1.0, math.nan, math.inf])
def test_a_factor_that_is_no_factor_changes_nothing(factor):
    view = View(0.0, 1.0, 0.0, 1.0)
    assert view.zoomed(factor) is view


def test_zooming_stops_before_floats_run_out():
    view = View(1000.0, 1001.0, 0.0, 1.0)
    for _ in range(500):
        view = view.zoomed(2.0)
    assert min(_spans(view)) > 0


def test_zooming_out_stops_before_floats_run_out():
    view = View(-1.0, 1.0, -1.0, 1.0)
    for _ in range(3000):
        view = view.zoomed(0.5)
    assert all(math.isfinite(span) for span in _spans(view))


def test_panning_moves_by_a_share_of_the_view():
    assert View(0.0, 10.0, 0.0, 4.0).panned(0.5, -0.25) == View(5.0, 15.0, -1.0, 3.0)


@given(low=numbers, high=numbers, most=st.integers(0, 9))
def test_ticks_are_few_rising_within_the_range_and_read_apart(low, high, most):
    if not (drawable(low, high) and low < high):
        return
    found = ticks(low, high, most)
    assert len(found) <= max(most + 1, 5)
    assert all(-1e-9 <= tick.fraction <= 1 + 1e-9 for tick in found)
    assert [tick.fraction for tick in found] == sorted(tick.fraction for tick in found)
    assert len({tick.label for tick in found}) == len(found)


@given(st.floats(-1e3, 1e3), st.floats(1e-6, 1e6))
def test_a_tick_says_the_number_where_it_stands(low, span):
    high = low + span
    for tick in ticks(low, high, 5):
        assert float(tick.label) == pytest.approx(
            low + tick.fraction * (high - low), abs=span * 1e-2
        )


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (-7.0, 7.0, ["-5", "0", "5"]),
        (-7.56, 7.56, ["-5", "0", "5"]),
        (-0.3, 0.31, ["-0.2", "0", "0.2"]),
        (-1.2e-12, 1.2e-12, ["-1e-12", "0", "1e-12"]),
        (-1.2e12, 1.2e12, ["-1e12", "0", "1e12"]),
        (0.0, 2600.0, ["0", "1000", "2000"]),
    ],
)
def test_ticks_are_round_numbers(low, high, labels):
    assert [tick.label for tick in ticks(low, high, 3)] == labels
