"""The scatter: every mark where the map says, rows of the right width, words that fit."""

from __future__ import annotations

import random
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from bertscope_tui.plots.scatter import Picture, Point, View, scatter, to_text

GLYPHS = "◆◇★●·×○#@*o.x"
SIZES = [(20, 6), (16, 5), (24, 7), (30, 9), (31, 12), (50, 15), (80, 24), (101, 41), (240, 70)]


def _point(token, x, y, glyph="●", colour="#00afaf", priority=1, label=""):
    return Point(token, x, y, glyph, colour, priority, label)


def _cloud(count, seed=0, *, labels=False):
    maker = random.Random(seed)
    return [
        _point(
            token,
            maker.gauss(0, 5),
            maker.gauss(3, 2),
            maker.choice(GLYPHS),
            maker.choice(["#ff0000", "#00afaf", "ansi_red", None]),
            maker.randrange(6),
            maker.choice(["river", "##ing", ",", "漢字", "castle"]) if labels else "",
        )
        for token in range(count)
    ]


def _grid(picture: Picture) -> list[str]:
    return ["".join(run.text for run in row) for row in picture.rows]


def _run_at(picture: Picture, x: int, y: int):
    at = 0
    for run in picture.rows[y]:
        at += cell_len(run.text)
        if x < at:
            return run
    raise AssertionError(f"no cell {x} in row {y}")


def _assert_exact(picture: Picture) -> None:
    assert len(picture.rows) == picture.height
    for row in picture.rows:
        assert sum(cell_len(run.text) for run in row) == picture.width
        assert cell_len("".join(run.text for run in row)) == picture.width


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("titles", [("", ""), ("PC1 12%", "PC2 3%"), ("", "PC2")])
def test_plotext_drew_every_mark_in_the_cell_that_the_map_names(width, height, titles):
    points = _cloud(150, seed=width)
    glyphs = {point.token: point.glyph for point in points}
    picture = scatter(
        points, width=width, height=height, x_title=titles[0], y_title=titles[1], label_budget=0
    )
    _assert_exact(picture)
    rows = _grid(picture)
    assert set(picture.positions) == set(glyphs)
    for (x, y), tokens in picture.cells.items():
        assert rows[y][x] == glyphs[tokens[0]]
        assert all(picture.positions[token] == (x, y) for token in tokens)
    left, top, columns, canvas_rows = picture.canvas
    drawn = {
        (x, y)
        for y in range(top, top + canvas_rows)
        for x in range(left, left + columns)
        if rows[y][x] != " "
    }
    assert drawn == set(picture.cells)


@pytest.mark.parametrize(("width", "height"), [(20, 6), (80, 24), (133, 37)])
def test_points_outside_the_view_are_neither_drawn_nor_in_the_maps(width, height):
    points = _cloud(200, seed=3)
    view = View.fit((p.x, p.y) for p in points).zoomed(3.0, (2.0, 4.0)).panned(0.1, -0.2)
    picture = scatter(points, width=width, height=height, view=view, label_budget=0)
    inside = {
        p.token
        for p in points
        if view.x_low <= p.x <= view.x_high and view.y_low <= p.y <= view.y_high
    }
    assert 0 < len(inside) < 200
    assert set(picture.positions) == inside
    rows = _grid(picture)
    glyphs = {p.token: p.glyph for p in points}
    assert all(rows[y][x] == glyphs[ts[0]] for (x, y), ts in picture.cells.items())
    assert picture.view == view


def test_the_picture_does_not_change_when_plotext_is_told_to_limit_plots_or_not():
    import plotext

    points = _cloud(60)
    before = scatter(points, width=300, height=90)
    try:
        plotext.terminal.limit(False, False)
        free = scatter(points, width=300, height=90)
        plotext.terminal.limit(True, True)
        limited = scatter(points, width=300, height=90)
    finally:
        plotext.terminal.limit()
    assert before == free == limited


def test_up_and_right_on_the_screen_are_more_of_the_components():
    picture = scatter([_point(0, 0, 0), _point(1, 5, 9)], width=60, height=20)
    (x0, y0), (x1, y1) = picture.positions[0], picture.positions[1]
    assert x1 > x0
    assert y1 < y0


def test_the_more_important_of_two_tokens_in_a_cell_is_on_top():
    low, high = _point(0, 1, 1, "·", None, 1), _point(1, 1, 1, "◆", "#ff0000", 5)
    picture = scatter([high, low], width=40, height=12)
    assert picture.cells[picture.positions[0]] == (1, 0)
    assert _run_at(picture, *picture.positions[0]).text.strip().startswith("◆")


def test_a_highlighted_token_is_drawn_over_a_more_important_one():
    low, high = _point(0, 1, 1, "·", None, 1), _point(1, 1, 1, "◆", "#ff0000", 5)
    picture = scatter([low, high], width=40, height=12, highlighted=[0])
    assert picture.cells[picture.positions[0]] == (0, 1)


def test_colours_come_back_as_they_were_given():
    points = [
        _point(n, n, n, "●", colour) for n, colour in enumerate(["#123456", "ansi_red", None])
    ]
    picture = scatter(points, width=40, height=12)
    assert [_run_at(picture, *picture.positions[n]).colour for n in range(3)] == [
        "#123456",
        "ansi_red",
        None,
    ]


def test_without_colour_no_run_has_any():
    picture = scatter(_cloud(50, labels=True), width=60, height=20, colour=False, highlighted=[3])
    assert all(run.colour is None for row in picture.rows for run in row)


def test_the_selected_token_can_be_told_without_colour():
    points = [_point(n, n % 7, n // 7, label="river") for n in range(40)]
    picture = scatter(points, width=80, height=24, highlighted=[10, 11, 12], colour=False)
    assert "[river]" in to_text(picture)
    x, y, _ = picture.labels[10]
    assert _run_at(picture, x, y).reverse
    assert _run_at(picture, *picture.positions[10]).reverse
    for neighbour in (11, 12):
        x, y, _ = picture.labels[neighbour]
        assert _run_at(picture, x, y).underline
        assert not _run_at(picture, x, y).reverse


@pytest.mark.parametrize(("width", "height"), [(40, 12), (80, 24), (150, 45)])
@pytest.mark.parametrize("count", [12, 120, 512])
def test_the_selected_token_and_its_neighbours_are_always_labelled(width, height, count):
    points = _cloud(count, seed=count, labels=True)
    chosen = [5, 1, 2, 3, 4, 6, 7, 8, 9]
    picture = scatter(points, width=width, height=height, highlighted=chosen, label_budget=0)
    assert set(picture.labels) == set(chosen)


def test_labels_lie_on_the_canvas_and_hide_no_point_as_important_as_their_own():
    points = _cloud(300, seed=9, labels=True)
    priority = {p.token: p.priority for p in points}
    picture = scatter(points, width=100, height=30)
    left, top, columns, rows = picture.canvas
    taken: set[tuple[int, int]] = set()
    assert len(picture.labels) > 10
    for token, (x, y, cells) in picture.labels.items():
        assert left <= x
        assert x + cells <= left + columns
        assert top <= y < top + rows
        here = {(x + step, y) for step in range(cells)}
        assert not here & taken
        taken |= here
        for cell in here & set(picture.cells):
            assert priority[picture.cells[cell][0]] < priority[token]


def test_important_roles_get_their_labels_first():
    points = [_point(n, n % 30, n // 30, "·", None, 1, "context") for n in range(300)]
    points += [_point(900 + n, n * 6, 12, "◆", "#ff0000", 5, "answer") for n in range(5)]
    picture = scatter(points, width=90, height=30, label_budget=5)
    assert set(picture.labels) == {900, 901, 902, 903, 904}


def test_a_label_stands_in_the_rows_where_the_map_says():
    picture = scatter([_point(0, 0, 0, label="detention")], width=50, height=15)
    x, y, cells = picture.labels[0]
    assert _grid(picture)[y][x : x + cells] == "detention"


@pytest.mark.parametrize(("glyph", "expected"), [("●", "●detention"), ("3", "3 detention")])
def test_a_glyph_that_is_a_letter_or_digit_does_not_run_into_the_word(glyph, expected):
    picture = scatter([_point(0, 0, 0, glyph, label="detention")], width=50, height=15)
    assert expected in to_text(picture)


AWKWARD = [
    "漢字仮名",
    "👩‍👩‍👧 family",
    "مرحبا",
    "e\u0301e\u0301e\u0301",
    "\u0301\u0302",
    "a\x1b[31mred\x07",
    "line\nbreak\ttab",
    "x" * 500,
    "\u202eoverride",
    "   ",
    "🇩🇪flag",
    "\ud800",
    "\u200b",
    "[bold]markup[/bold]",
]


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_labels_keep_every_row_exactly_as_wide_as_it_should_be(text):
    points = [_point(n, n, n % 5, label=text) for n in range(9)]
    for width, height in ((20, 6), (33, 10), (80, 24)):
        picture = scatter(points, width=width, height=height, highlighted=[4, 5])
        _assert_exact(picture)
        assert not set("\x1b\x07\n\t\r\u202e") & set("".join(_grid(picture)))


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.text(max_size=12), min_size=1, max_size=12),
    width=st.integers(1, 70),
    height=st.integers(1, 22),
    ascii_only=st.booleans(),
)
def test_any_text_as_label_and_title_keeps_the_rows_exact(texts, width, height, ascii_only):
    points = [_point(n, n * 1.7 % 5, n, label=text) for n, text in enumerate(texts)]
    picture = scatter(
        points,
        width=width,
        height=height,
        x_title=texts[0],
        y_title=texts[-1],
        highlighted=[0, len(texts) - 1],
        ascii=ascii_only,
    )
    _assert_exact(picture)


numbers = st.one_of(
    st.floats(),
    st.sampled_from([0.0, 1e-12, -1e-12, 1e12, -1e12, 1e308, 5e-324]),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(numbers, numbers), max_size=8), st.sampled_from(SIZES))
def test_any_coordinates_make_a_picture(coordinates, size):
    points = [_point(n, x, y, label=str(n)) for n, (x, y) in enumerate(coordinates)]
    picture = scatter(points, width=size[0], height=size[1], x_title="a", y_title="b")
    _assert_exact(picture)
    left, top, columns, rows = picture.canvas
    for x, y in picture.positions.values():
        assert left <= x < left + columns
        assert top <= y < top + rows


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_the_scale_of_the_data_does_not_change_where_the_marks_are(scale, shift):
    points = _cloud(40)
    moved = [_point(p.token, (p.x + shift) * scale, (p.y + shift) * scale, p.glyph) for p in points]
    # Without axes, whose numbers take more or less room at other scales.
    one = scatter(points, width=15, height=12)
    other = scatter(moved, width=15, height=12)
    near = []
    for token, (x, y) in one.positions.items():
        other_x, other_y = other.positions[token]
        near.append(abs(x - other_x) + abs(y - other_y))
    assert max(near) <= 1
    assert sum(near) <= 2


@pytest.mark.parametrize(
    ("width", "height"), [(0, 0), (-3, 5), (1, 1), (3, 40), (200, 1), (4, 2), (5, 3)]
)
def test_a_size_too_small_for_a_picture_gives_rows_of_that_size(width, height):
    picture = scatter(_cloud(20, labels=True), width=width, height=height, highlighted=[1])
    assert (picture.width, picture.height) == (max(width, 0), max(height, 0))
    _assert_exact(picture)


def test_no_points_give_axes_and_empty_maps():
    picture = scatter([], width=60, height=20, x_title="PC1", y_title="PC2")
    _assert_exact(picture)
    assert picture.cells == {}
    assert picture.positions == {}
    assert "PC1" in to_text(picture)


def test_points_that_all_fall_together_are_drawn_in_the_middle():
    picture = scatter([_point(n, 2.0, 2.0) for n in range(30)], width=60, height=20)
    ((x, y),) = picture.cells
    left, _, columns, rows = picture.canvas
    assert abs(x - left - columns / 2) <= 1
    assert abs(y - rows / 2) <= 1
    assert picture.cells[x, y] == tuple(range(30))


def test_a_glyph_that_is_not_one_cell_is_replaced_by_one_that_is():
    picture = scatter([_point(0, 0, 0, "漢"), _point(1, 1, 1, "ab")], width=40, height=12)
    _assert_exact(picture)
    assert to_text(picture).count("?") == 2


def test_ascii_pictures_have_only_ascii_but_for_the_words():
    points = [_point(n, n, n % 4, "*", label="a rather long label that is cut") for n in range(20)]
    picture = scatter(
        points, width=60, height=20, x_title="PC1", y_title="PC2", ascii=True, highlighted=[3, 4]
    )
    assert to_text(picture).isascii()


def test_the_axes_say_their_titles_and_round_numbers():
    picture = scatter(
        [_point(0, -7, -7), _point(1, 7, 7)], width=70, height=20, x_title="PC1 9%", y_title="PC2"
    )
    text = to_text(picture)
    assert "PC1 9% →" in text
    assert "↑ PC2" in text
    assert "5" in text
    assert "-5" in text


def test_a_long_title_never_runs_into_the_other():
    picture = scatter(
        [_point(0, 0, 0)], width=60, height=15, x_title="first " * 9, y_title="second " * 9
    )
    assert "… " in _grid(picture)[-1]
    _assert_exact(picture)


def test_a_token_is_found_at_its_cell_at_its_label_and_close_by():
    points = [_point(0, -5, 0, label="river"), _point(1, 5, 0, label="castle")]
    picture = scatter(points, width=80, height=24)
    x, y = picture.positions[0]
    assert picture.token_at(x, y) == 0
    assert picture.token_at(x - 1, y - 1) == 0
    label_x, label_y, cells = picture.labels[1]
    assert picture.token_at(label_x + cells - 1, label_y) == 1
    assert picture.token_at(40, 2) is None


def test_the_data_under_a_cell_are_those_of_the_point_drawn_there():
    points = _cloud(50)
    picture = scatter(points, width=90, height=30)
    view = picture.view
    _, _, columns, rows = picture.canvas
    for point in points:
        found = picture.data_at(*picture.positions[point.token])
        assert found is not None
        assert abs(found[0] - point.x) <= (view.x_high - view.x_low) / columns / 2 * 1.001
        assert abs(found[1] - point.y) <= (view.y_high - view.y_low) / rows / 2 * 1.001
    assert picture.data_at(0, 0) is None


def test_plain_text_has_no_control_sequence_and_coloured_text_says_the_same():
    picture = scatter(_cloud(60, labels=True), width=60, height=20, highlighted=[1, 2])
    plain, coloured = to_text(picture), to_text(picture, colour=True)
    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.split("\n")] == plain.split("\n")


def test_importing_the_scatter_imports_neither_plotext_nor_torch_nor_textual():
    code = (
        "import sys, bertscope_tui.plots.scatter\n"
        "print([m for m in ('plotext', 'torch', 'textual', 'transformers') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_drawing_writes_nothing_to_the_terminal(capfd):
    scatter(_cloud(40, labels=True), width=80, height=24)
    scatter([_point(0, 0, 0)], width=4, height=2)
    assert capfd.readouterr() == ("", "")
