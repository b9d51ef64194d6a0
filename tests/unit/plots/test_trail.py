"""A path through a picture: every cell of a line, and names that do not hide each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.plots.picture import to_text
from bertscope_tui.plots.scatter import Point, Station, scatter
from bertscope_tui.plots.trail import dots_of, names_of

COLUMNS, ROWS = 40, 12
COORDINATE = st.floats(-1e4, 1e4, allow_nan=False)


@given(st.lists(st.tuples(COORDINATE, COORDINATE), max_size=6))
def test_dots_stay_on_the_canvas_wherever_the_path_goes(path: list[tuple[float, float]]) -> None:
    for column, row in dots_of(path, COLUMNS, ROWS):
        assert 0 <= column < COLUMNS
        assert 0 <= row < ROWS


@given(
    st.tuples(st.floats(0, COLUMNS - 0.01), st.floats(0, ROWS - 0.01)),
    st.tuples(st.floats(0, COLUMNS - 0.01), st.floats(0, ROWS - 0.01)),
)
def test_a_line_goes_from_one_end_to_the_other_without_a_gap(
    start: tuple[float, float], end: tuple[float, float]
) -> None:
    cells = dots_of([start, end], COLUMNS, ROWS)
    assert (int(start[0]), int(start[1])) in cells
    assert (int(end[0]), int(end[1])) in cells
    reached, waiting = set(), [(int(start[0]), int(start[1]))]
    while waiting:
        column, row = waiting.pop()
        if (column, row) in cells and (column, row) not in reached:
            reached.add((column, row))
            waiting += [(column + x, row + y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    assert reached == cells


def test_a_line_beside_the_canvas_has_no_dots() -> None:
    assert dots_of([(-5.0, 3.0), (-1.0, 8.0)], COLUMNS, ROWS) == frozenset()
    assert dots_of([(3.0, -5.0), (9.0, -5.0)], COLUMNS, ROWS) == frozenset()
    assert len(dots_of([(-10.0, 3.5), (1e4, 3.5)], COLUMNS, ROWS)) == COLUMNS


@given(st.lists(st.tuples(st.integers(0, COLUMNS - 1), st.integers(0, ROWS - 1)), min_size=1))
def test_names_never_touch_and_the_one_that_is_here_always_has_its_place(
    cells: list[tuple[int, int]],
) -> None:
    stations = [Station(f"L{n}", 0, 0, here=n == len(cells) // 2) for n in range(len(cells))]
    placed = names_of(list(zip(stations, cells, strict=True)), COLUMNS)
    assert placed[0].here
    taken: set[tuple[int, int]] = set()
    for one in placed:
        own = {(one.column + offset, one.row) for offset in range(len(one.name))}
        around = own | {(one.column - 1, one.row), (one.column + len(one.name), one.row)}
        assert not around & taken
        assert all(0 <= column < COLUMNS for column, _ in own)
        taken |= own


@pytest.mark.parametrize("plain", [False, True])
def test_stations_are_named_linked_and_drawn_over_the_points(plain: bool) -> None:
    points = [Point(n, float(n), float(n % 3), "o", None, 1, "") for n in range(10)]
    trail = [Station("L0", 0, 0), Station("L1", 9, 2, here=True), Station("L2", 4.5, 0.2)]
    drawn = scatter(points, width=60, height=16, trail=trail, ascii=plain)
    text = to_text(drawn)
    for name in ("L0", "L1", "L2"):
        assert text.count(name) == 1
    assert (":" if plain else "•") in text
    assert text.count("o") == 10 - 1, "one point lies under a name"
    here = [run for row in drawn.rows for run in row if run.text.startswith("L1")]
    assert here[0].reverse, "the layer on screen can be told without colour"
    column, row = drawn.positions[0]
    assert "".join(run.text for run in drawn.rows[row])[column:].startswith("L0")
    assert to_text(scatter(points, width=60, height=16, ascii=plain)).count("o") == 10


def test_a_station_outside_the_view_is_not_drawn_and_its_link_ends_at_the_border() -> None:
    from bertscope_tui.plots.view import View

    trail = [Station("L0", 0, 0), Station("L1", 1000, 1000), Station("L2", 0.5, -0.5)]
    drawn = scatter([], width=60, height=16, trail=trail, view=View(-1, 1, -1, 1))
    text = to_text(drawn)
    assert "L0" in text
    assert "L1" not in text
    assert "L2" in text
    assert "•" in text
