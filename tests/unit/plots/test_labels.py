"""Words next to points: none over another, the important ones first."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from bertscope_tui.plots.cells import clusters
from bertscope_tui.plots.labels import Board, Wish


def _wish(token, column, row, text, level=1, *, covers=False, must=False):
    return Wish(token, column, row, clusters(text), len(text), level, covers, must)


def _place(board, wishes, budget=100, gap=0):
    return {one.token: one for one in board.place(wishes, budget=budget, gap=gap, mark="…")}


def _board(columns, rows, *points):
    board = Board(columns, rows)
    for column, row, level in points:
        board.put_point(column, row, level)
    return board


@pytest.mark.parametrize(
    ("column", "row", "expected"),
    [(3, 2, (4, 2)), (19, 2, (15, 2)), (0, 0, (1, 0))],
    ids=["right of its point", "left at the right edge", "right at the left edge"],
)
def test_a_lone_label_stands_beside_its_point(column, row, expected):
    placed = _place(_board(20, 5, (column, row, 1)), [_wish(0, column, row, "word")])
    assert (placed[0].column, placed[0].row) == expected


def test_a_label_keeps_the_gap_that_is_asked_for():
    placed = _place(_board(20, 5, (3, 2, 1)), [_wish(0, 3, 2, "word")], gap=1)
    assert placed[0].column == 5


def test_a_label_goes_above_where_both_sides_are_taken():
    placed = _place(_board(9, 3, (3, 1, 1), (4, 1, 1), (5, 1, 1)), [_wish(0, 4, 1, "word")])
    assert placed[0].row == 0


def test_a_label_without_a_place_is_left_out():
    assert _place(_board(5, 1, (2, 0, 1)), [_wish(0, 2, 0, "word")]) == {}


def test_a_point_of_a_higher_level_is_never_covered():
    points = [(x, y, 5) for x in range(9) for y in range(3)]
    wish = _wish(0, 4, 1, "word", level=2, covers=True)
    assert _place(_board(9, 3, *points), [wish]) == {}


def test_an_important_label_may_cover_lesser_points_where_there_is_no_free_place():
    points = [(x, y, 1) for x in range(9) for y in range(3)]
    board = _board(9, 3, *points, (4, 1, 2))
    quiet, covering = _wish(0, 3, 1, "abc"), _wish(1, 4, 1, "word", level=2, covers=True)
    placed = _place(board, [quiet, covering])
    assert set(placed) == {1}


def test_a_point_that_went_under_a_label_gets_none_of_its_own():
    board = _board(6, 1, (0, 0, 2), (1, 0, 1), (2, 0, 1))
    placed = _place(board, [_wish(0, 0, 0, "ab", level=2, covers=True), _wish(1, 2, 0, "cd")])
    assert set(placed) == {0}


def test_the_budget_counts_only_what_is_not_a_must():
    wishes = [_wish(0, 0, 0, "one", must=True), _wish(1, 0, 2, "two"), _wish(2, 0, 4, "three")]
    placed = _place(_board(20, 5, (0, 0, 1), (0, 2, 1), (0, 4, 1)), wishes, budget=1)
    assert set(placed) == {0, 1}


def test_a_must_is_cut_where_it_does_not_fit_whole():
    board = Board(12, 1)
    board.put_point(6, 0, 1, loud=True)
    placed = _place(board, [_wish(0, 6, 0, "abcdefghi", must=True)])
    assert placed[0].cells <= 5
    assert "".join(text for text, _ in placed[0].parts).endswith("…")


def test_a_must_is_moved_where_its_neighbourhood_is_taken_by_others():
    board = _board(30, 9, (5, 4, 1))
    crowd = [_wish(n, 5, 4, "crowded", must=True) for n in range(12)]
    placed = _place(board, crowd)
    assert len(placed) == 12


def test_no_label_lies_over_another_or_touches_one():
    maker = random.Random(7)
    for _ in range(30):
        columns, rows = maker.randrange(8, 90), maker.randrange(2, 30)
        spots = {
            (maker.randrange(columns), maker.randrange(rows)): maker.randrange(1, 4)
            for _ in range(80)
        }
        board = _board(columns, rows, *((x, y, level) for (x, y), level in spots.items()))
        wishes = [
            _wish(n, x, y, "w" * maker.randrange(1, 9), level, covers=level > 1, must=n < 5)
            for n, ((x, y), level) in enumerate(spots.items())
        ]
        placed = list(_place(board, wishes).values())
        assert placed
        for label in placed:
            assert label.column >= 0
            assert label.column + label.cells <= columns
            assert 0 <= label.row < rows
        ordered = sorted(placed, key=lambda one: (one.row, one.column))
        for one, other in pairwise(ordered):
            if one.row == other.row:
                assert one.column + one.cells < other.column
