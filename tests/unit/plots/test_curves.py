"""Curves: every line where its numbers say, told apart by glyph, at any size."""

from __future__ import annotations

import itertools
import math
import random
import re
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from bertscope_tui.plots.curves import Picture, Series, _thinned, curves, to_text

SIZES = [(1, 1), (4, 2), (15, 4), (20, 5), (24, 8), (29, 10), (39, 13), (58, 6), (106, 20)]
floats = st.floats(width=64)
SLOWLY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""On a busy machine, too."""


def _series(ys, xs=None, name="a", glyph="●", **named) -> Series:
    return Series(name, list(range(len(ys))) if xs is None else xs, ys, glyph, **named)


def _rows(picture: Picture) -> list[str]:
    return ["".join(run.text for run in row) for row in picture.rows]


def _canvas(picture: Picture) -> list[str]:
    left, top, columns, rows = picture.canvas
    return [row[left : left + columns] for row in _rows(picture)[top : top + rows]]


def _assert_exact(picture: Picture) -> None:
    assert len(picture.rows) == picture.height
    for row in picture.rows:
        assert cell_len("".join(run.text for run in row)) == picture.width


def _column_of(picture: Picture, x: float) -> int:
    view, columns = picture.view, picture.canvas[2]
    return round((x - view.x_low) / (view.x_high - view.x_low) * (2 * columns - 1)) // 2


def _row_of(picture: Picture, y: float) -> int:
    view, rows = picture.view, picture.canvas[3]
    return round((view.y_high - y) / (view.y_high - view.y_low) * (4 * rows - 1)) // 4


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_first_and_the_last_point_are_where_their_numbers_are(width, height):
    ys = [0.1, 0.9, 0.3, 0.5]
    picture = curves([_series(ys, name="")], width=width, height=height, title="F1")
    _assert_exact(picture)
    if width >= 4 and height >= 2:
        canvas = _canvas(picture)
        for x in (0, 3):
            assert canvas[_row_of(picture, ys[x])][_column_of(picture, x)] == "●"


@pytest.mark.parametrize(("width", "height"), SIZES[3:])
def test_a_line_has_something_in_every_column_between_its_ends(width, height):
    picture = curves([_series([1.0, 2.0, 0.0])], width=width, height=height)
    canvas = _canvas(picture)
    for column in range(picture.canvas[2]):
        assert any(row[column] != " " for row in canvas)


@SLOWLY
@given(
    st.lists(st.lists(st.tuples(floats, floats), max_size=8), max_size=4),
    st.integers(0, 70),
    st.integers(0, 18),
    st.booleans(),
)
def test_any_numbers_fit_into_any_size(lines, width, height, ascii_only):
    series = [
        Series(f"line {place}", [x for x, _ in line], [y for _, y in line], "o")
        for place, line in enumerate(lines)
    ]
    picture = curves(
        series, width=width, height=height, title="t", x_title="step", ascii=ascii_only
    )
    _assert_exact(picture)
    if ascii_only:
        assert to_text(picture).isascii()


@SLOWLY
@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=12),
    st.sampled_from(SIZES[1:]),
)
def test_the_view_holds_all_points_and_every_end_of_a_line_is_drawn(points, size):
    one = Series("", [x for x, _ in points], [y for _, y in points], "●")
    picture = curves([one], width=size[0], height=size[1])
    view, canvas = picture.view, _canvas(picture)
    for x, y in points:
        assert view.x_low <= x <= view.x_high
        assert view.y_low <= y <= view.y_high
    for x, y in (points[0], points[-1]):
        assert canvas[_row_of(picture, y)][_column_of(picture, x)] == "●"


def test_values_that_are_not_finite_leave_a_gap():
    ys = [1.0, 1.0, math.nan, math.inf, 1.0, 1.0]
    picture = curves([_series(ys, name="")], width=60, height=8)
    (row,) = [row for row in _canvas(picture) if row.strip()]
    first, last = _column_of(picture, 1), _column_of(picture, 4)
    assert row[first + 1 : last].isspace()
    assert " " not in row[:first] + row[last:]


def test_a_point_between_two_gaps_is_drawn():
    picture = curves([_series([0.0, math.nan, 5.0, math.nan, 0.0])], width=60, height=10)
    assert _canvas(picture)[0][_column_of(picture, 2)] == "●"


@pytest.mark.parametrize(
    "series", [[], [_series([])], [_series([math.nan])], [_series([1.0], xs=[])]]
)
def test_without_points_there_are_axes_and_no_line(series):
    picture = curves(series, width=50, height=10, title="loss", y_limits=(0.0, 1.0))
    assert "".join(_canvas(picture)).isspace()
    assert "loss" in to_text(picture)
    assert "1.0" in to_text(picture)


@pytest.mark.parametrize("value", [0.0, 0.5, -3.0, 1e12, 1e300])
def test_a_constant_is_a_level_line_in_the_middle(value):
    picture = curves([_series([value] * 5, name="")], width=60, height=11)
    canvas = _canvas(picture)
    (row,) = [number for number, row in enumerate(canvas) if row.strip()]
    assert abs(row - len(canvas) / 2) <= 1


def test_one_point_alone_is_drawn():
    text = to_text(curves([_series([0.5], xs=[3])], width=50, height=9))
    assert text.count("●") == 2, "the point and the legend"


def test_axes_have_round_numbers_where_they_belong():
    steps = list(range(0, 6001, 25))
    picture = curves(
        [_series([step / 6000 for step in steps], xs=steps)],
        width=80,
        height=16,
        title="F1",
        x_title="step",
        x_limits=(0, 6000),
        y_limits=(0, 1),
        whole_x=True,
    )
    rows = _rows(picture)
    left, top, columns, height = picture.canvas
    numbers = {match[0]: match.start() for match in re.finditer(r"\d+", rows[top + height + 1])}
    for text, start in numbers.items():
        if 0 < int(text) < 6000:
            middle = start + (len(text) - 1) / 2 - left
            assert abs(middle - int(text) / 6000 * (columns - 1)) <= 1.5
    assert {"0", "2000", "6000"} <= set(numbers)
    for number, row in enumerate(rows[top : top + height]):
        label = row[:left].strip(" ┤│")
        if label:
            assert abs((1 - float(label)) * (height - 1) - number) <= 0.75
    assert "step →" in to_text(picture)


def test_steps_are_whole_numbers_even_where_there_are_few():
    for last in (1, 2, 3, 7):
        ys = [0.0] * (last + 1)
        rows = _rows(curves([_series(ys)], width=80, height=12, whole_x=True, y_limits=(0, 1)))
        assert "." not in rows[-1]


def test_huge_steps_are_written_short():
    picture = curves(
        [_series([1.0, 2.0], xs=[0, 3_000_000_000])], width=80, height=12, x_title="step"
    )
    assert "1e9" in to_text(picture)


def test_what_lies_beyond_the_limits_is_cut_off():
    picture = curves([_series([0.5, 99.0, 0.5], name="")], width=60, height=12, y_limits=(0.0, 1.0))
    assert picture.view.y_high == 1.0
    canvas = _canvas(picture)
    assert canvas[_row_of(picture, 0.5)][0] == "●"
    assert canvas[0][_column_of(picture, 1)] == " ", "the peak is not on the chart"


def test_lines_are_told_apart_by_glyph_and_colour():
    series = [
        _series([0, 1, 2], name="one", glyph="●", colour="#ff0000"),
        _series([2, 1, 0], name="two", glyph="◆", colour="#00ff00"),
    ]
    picture = curves(series, width=60, height=12, title="loss")
    assert _rows(picture)[0].rstrip() == "loss  ● one  ◆ two"
    found = {
        (run.text.strip()[:1], run.colour) for row in picture.rows for run in row if run.colour
    }
    assert {("●", "#ff0000"), ("◆", "#00ff00")} <= found
    plain = curves(series, width=60, height=12, title="loss", colour=False)
    assert all(run.colour is None for row in plain.rows for run in row)
    assert to_text(plain) == to_text(picture)


def test_a_strong_line_lies_over_the_others_and_is_named_first():
    weak = _series([1.0, 1.0], name="weak", glyph="◆")
    strong = _series([1.0, 1.0], name="strong", glyph="●", strong=True)
    for series in ([weak, strong], [strong, weak]):
        picture = curves(series, width=60, height=9, title="t")
        assert _rows(picture)[0].startswith("t  ● strong  ◆ weak")
        assert "◆" not in "".join(_canvas(picture))


def test_names_that_do_not_fit_are_counted():
    series = [_series([0.0, 1.0], name=f"lr={n}e-5") for n in range(9)]
    for width in range(12, 110):
        picture = curves(series, width=width, height=8, title="F1")
        _assert_exact(picture)
        head = _rows(picture)[0].rstrip()
        named = head.count("lr=")
        more = re.search(r"\+(\d) more$", head)
        if named < 9 and width >= 16:
            assert more is not None, head
            assert named + int(more[1]) == 9


def test_many_points_have_glyphs_at_a_distance():
    picture = curves([_series([1.0] * 2000, name="")], width=100, height=9)
    (row,) = [row for row in _canvas(picture) if row.strip()]
    assert 8 <= row.count("●") <= 15


def test_points_that_are_left_out_for_speed_would_not_have_shown():
    maker = random.Random(3)
    ys = [math.exp(-x / 4000) + maker.random() / 5 for x in range(20_000)]
    size = {"width": 60, "height": 14, "y_limits": (0.0, 1.5)}
    found = _canvas(curves([_series(ys, name="")], **size))
    # Twice as many points on the same lines, so that nothing is alike but the line.
    xs = [x / 2 for x in range(39_999)]
    between = [y for pair in itertools.pairwise(ys) for y in (pair[0], sum(pair) / 2)] + ys[-1:]
    assert [row.count(" ") for row in found] == [
        row.count(" ") for row in _canvas(curves([_series(between, xs=xs, name="")], **size))
    ]
    thinned = _thinned([(float(x), y) for x, y in enumerate(ys[:200])], 10)
    assert len(thinned) == 200, "points in columns of their own all stay"
    thinned = _thinned([(x / 2000, y) for x, y in enumerate(ys)], 10)
    assert len(thinned) <= 4 * 11
    assert {min(ys), max(ys)} <= {y for _, y in thinned}


def test_hostile_names_and_glyphs_do_not_break_a_row():
    series = [
        _series([0, 1], name="\x1b[31mred\x07 e\u0301 漢字", glyph="漢"),
        _series([1, 0], name="two", glyph=""),
    ]
    picture = curves(series, width=60, height=9, title="\x1b]0;t\x07", x_title="\x1bx")
    _assert_exact(picture)
    text = to_text(picture)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "?" in text


def test_ascii_charts_are_ascii():
    picture = curves(
        [_series([0, 3, 1], glyph="o")], width=60, height=12, title="t", x_title="x", ascii=True
    )
    assert to_text(picture).isascii()
    assert "." in "".join(_canvas(picture))


def test_curves_are_drawn_without_numbers_or_networks():
    code = (
        "import sys, bertscope_tui.plots.curves as c\n"
        "assert not {'torch', 'numpy', 'textual', 'plotext'} & set(sys.modules)\n"
        "print(len(c.curves([c.Series('a', [0, 1], [0, 1], 'o')], width=40, height=9).rows))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "9"
