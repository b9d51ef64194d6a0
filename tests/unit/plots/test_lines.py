"""Lines on a grid of dots: no gaps, nothing outside, the right dots."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.plots.lines import clipped, trace

RIGHT, BOTTOM = 39, 23
columns, rows = st.integers(0, RIGHT), st.integers(0, BOTTOM)
dots = st.tuples(columns, rows)
anywhere = st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 2)


@given(dots, dots)
def test_a_line_runs_from_end_to_end_without_a_gap(start, end):
    line = list(trace(start, end))
    assert line[0] == start
    assert line[-1] == end
    for (x, y), (next_x, next_y) in itertools.pairwise(line):
        assert max(abs(next_x - x), abs(next_y - y)) == 1


@given(dots, dots)
def test_no_dot_of_a_line_is_farther_from_it_than_half_a_dot(start, end):
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
    line = list(trace(start, end))
    assert len(line) == steps + 1
    for number, (x, y) in enumerate(line):
        part = number / steps if steps else 0.0
        assert abs(start[0] + part * (end[0] - start[0]) - x) <= 0.5 + 1e-9
        assert abs(start[1] + part * (end[1] - start[1]) - y) <= 0.5 + 1e-9


@given(dots, dots)
def test_a_line_inside_is_not_cut(start, end):
    assert clipped(start, end, RIGHT, BOTTOM) == (start, end)


@given(anywhere, anywhere)
def test_what_is_left_of_any_line_lies_inside(start, end):
    part = clipped(start, end, RIGHT, BOTTOM)
    for x, y in part or ():
        assert 0 <= x <= RIGHT
        assert 0 <= y <= BOTTOM


@given(dots, st.tuples(st.integers(-500, 500), st.integers(-500, 500)))
def test_a_line_that_begins_inside_keeps_its_beginning(start, end):
    part = clipped(start, end, RIGHT, BOTTOM)
    assert part is not None
    assert part[0] == start


def test_a_line_that_passes_by_leaves_nothing():
    assert clipped((-5, -5), (-5, 50), RIGHT, BOTTOM) is None
    assert clipped((-9, 5), (5, -9), RIGHT, BOTTOM) is None


def test_a_line_across_is_cut_at_both_borders():
    assert clipped((-100, 7), (100, 7), RIGHT, BOTTOM) == ((0, 7), (RIGHT, 7))
