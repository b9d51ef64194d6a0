"""Tokens, colours and the view: what the keys and the mouse do to the picture."""

from __future__ import annotations

import pytest
from textual.events import MouseScrollUp
from textual.pilot import Pilot

from bertscope_tui.tui.app import BertscopeApp
from tests.tui.fakes import dataset_of, model_info, sample_of
from tests.tui.support import (
    MEDIUM,
    SMALL,
    fake_app,
    messages_of,
    press,
    ready,
    settle,
    text_in,
    text_of,
)

ROLES = "◆★●·"


def word_row(app: BertscopeApp, token: int) -> str:
    """Return the line of the token list that shows a token."""
    rows = text_in(app.inspector.tokens).splitlines()
    return next(row for row in rows if row[2:5].strip() == str(token))


async def click_token(pilot: Pilot[int], app: BertscopeApp, token: int) -> None:
    """Click a token's point in the picture (its place in the pane is beside the border)."""
    picture = app.inspector.scatter.picture
    assert picture is not None
    column, row = picture.positions[token]
    await pilot.click(app.inspector.scatter, offset=(column + 1, row + 1))
    await settle(pilot)


@pytest.mark.parametrize("size", [SMALL, MEDIUM])
async def test_the_token_cursor_starts_at_the_answer_and_follows_the_arrows(
    size: tuple[int, int],
) -> None:
    app, _ = fake_app()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        screen = app.inspector
        assert screen.selected is None
        await press(pilot, "t")
        assert app.focused is screen.tokens
        assert screen.selected == 10, "the predicted answer"
        assert "> 10" in text_in(screen.tokens)
        assert "jetty" in text_in(screen.neighbours)
        assert "[jetty]" in text_in(screen.scatter)
        await press(pilot, "down")
        assert screen.selected == 11
        assert "[maple]" in text_in(screen.scatter)
        await press(pilot, "k", "k", "left")
        assert screen.selected == 9
        assert screen.at_layer == 11, "the layer keys still work"
        await press(pilot, "t")
        assert app.focused is screen.samples
        assert screen.selected == 9, "leaving the tokens keeps the selection"


async def test_selecting_a_token_lists_and_marks_its_nearest_neighbours() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "t")
        screen = app.inspector
        panel = text_in(screen.neighbours)
        assert "nearest 'jetty' layer 12" in panel
        assert "by cosine" in panel
        rows = panel.splitlines()[2:10]
        assert len(rows) == 8
        cosines = [float(row.split()[-2].strip("│")) for row in (r.strip("│") for r in rows)]
        assert cosines == sorted(cosines, reverse=True)
        near = {screen.neighbours.token_at(row) for row in range(1, 9)}
        marked = {int(row[2:5]) for row in text_in(screen.tokens).splitlines() if row[1] == "~"}
        assert marked <= near
        assert len(marked) > 2
        picture = screen.scatter.picture
        assert picture is not None
        assert {10, *near} <= set(picture.labels), "the selected and its neighbours have labels"


async def test_e_orders_the_neighbours_by_the_other_distance() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "t", "e")
        panel = text_in(app.inspector.neighbours)
        assert "by euclidean" in panel
        distances = [float(row.strip("│").split()[-1]) for row in panel.splitlines()[2:10]]
        assert distances == sorted(distances)
        await press(pilot, "e")
        assert "by cosine" in text_in(app.inspector.neighbours)


async def test_neighbours_change_with_the_layer() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "t")
        before = text_in(app.inspector.neighbours)
        await press(pilot, "home")
        after = text_in(app.inspector.neighbours)
        assert "layer 0 " in after
        assert before.splitlines()[2:] != after.splitlines()[2:]


@pytest.mark.parametrize("size", [SMALL, MEDIUM])
async def test_a_click_on_a_point_selects_its_token_everywhere(size: tuple[int, int]) -> None:
    app, _ = fake_app()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await click_token(pilot, app, 15)
        assert app.inspector.selected == 15
        assert "[yield]" in text_in(app.inspector.scatter)
        if size == MEDIUM:
            assert word_row(app, 15).startswith("│> 15 · yield")
            assert "'yield'" in text_in(app.inspector.neighbours)


async def test_a_click_on_a_label_selects_its_token() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        picture = app.inspector.scatter.picture
        assert picture is not None
        column, row, cells = picture.labels[15]
        await pilot.click(app.inspector.scatter, offset=(column + cells, row + 1))
        assert app.inspector.selected == 15


async def test_a_click_on_empty_space_selects_nothing() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await click_token(pilot, app, 15)
        await pilot.click(app.inspector.scatter, offset=(6, 1))
        await settle(pilot)
        assert app.inspector.selected is None
        assert "[yield]" not in text_in(app.inspector.scatter)


async def test_a_click_on_a_token_row_and_on_a_neighbour_selects_it() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        screen = app.inspector
        await pilot.click(screen.tokens, offset=(8, 12))
        await settle(pilot)
        assert screen.selected == 11
        assert "[maple]" in text_in(screen.scatter)
        first = text_in(screen.neighbours).splitlines()[2].split()[1]
        await pilot.click(screen.neighbours, offset=(5, 2))
        await settle(pilot)
        assert screen.selected is not None
        extraction = app.session.extraction
        assert extraction is not None
        assert extraction.tokens[screen.selected].text == first
        assert f"[{first}]" in text_in(screen.scatter)


async def test_enter_on_a_neighbour_selects_it() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        screen = app.inspector
        await press(pilot, "t", "tab", "tab")
        assert app.focused is screen.neighbours
        expected = screen.neighbours.token_at(2)
        await press(pilot, "down", "enter")
        assert screen.selected == expected


async def test_the_selected_token_is_marked_in_the_text() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "t")
        region = app.inspector.text.region
        rows = app.screen._compositor.render_strips()[region.y : region.bottom]
        reverse = [
            segment.text
            for row in rows
            for segment in row.crop(region.x, region.right)
            if segment.style is not None and segment.style.reverse
        ]
        assert reverse == ["jetty"]


async def test_colour_modes_change_the_glyphs_and_come_round() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)

        def glyphs() -> set[str]:
            picture = app.inspector.scatter.picture
            assert picture is not None
            lines = text_in(app.inspector.scatter).splitlines()
            return {lines[row + 1][column + 1] for column, row in picture.positions.values()}

        roles = text_in(app.inspector.scatter)
        assert glyphs() <= set(ROLES)
        assert "predicted answer" in roles
        await press(pilot, "c")
        assert glyphs() == {"1", "2", "3", "?"}
        assert "sentence" in text_in(app.inspector.scatter).splitlines()[-2]
        assert " 1 amber" in word_row(app, 7)
        assert " 2 yield" in word_row(app, 15)
        await press(pilot, "c")
        assert glyphs() == set("0123456789"), "tenths of the window"
        assert "first tokens" in text_in(app.inspector.scatter)
        await press(pilot, "c")
        assert "silhouette" in text_in(app.inspector.scatter)
        await press(pilot, "c")
        assert text_in(app.inspector.scatter) == roles


async def test_s_shows_special_tokens_and_hides_them_again() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert "hidden" in word_row(app, 0)
        await press(pilot, "s")
        await ready(pilot)
        picture = app.inspector.scatter.picture
        assert picture is not None
        assert {0, 6, 31} <= set(picture.positions)
        assert "special token" in text_in(app.inspector.scatter)
        assert "special token" in word_row(app, 0)
        await press(pilot, "s")
        await ready(pilot)
        assert "hidden" in word_row(app, 0)
        assert messages_of(app) == ["special tokens shown", "special tokens hidden"]


async def test_o_shows_the_outlier_that_was_left_out() -> None:
    app, _ = fake_app(outlier=True)
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        picture = app.inspector.scatter
        assert "hidden: norm 7 × the median, o shows" in text_in(picture)
        assert "hidden, norm 7×" in word_row(app, 1)
        await press(pilot, "o")
        await ready(pilot)
        assert picture.picture is not None
        assert 1 in picture.picture.positions
        assert "hidden" not in text_in(picture)
        assert "norm 7×" in word_row(app, 1)
        assert messages_of(app) == ["outlier shown: its norm is 7 times the median"]


async def test_o_says_how_large_the_first_token_is_where_none_stands_out() -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "o")
        assert messages_of(app) == [
            "no token's norm stands out here: the first one's is at most 1.0 times the median"
        ]
        assert [request.kind for request in fake.requests].count("project") == 0


async def test_b_leaves_only_the_labels_that_were_asked_for() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        scatter = app.inspector.scatter

        def labels() -> set[int]:
            assert scatter.picture is not None
            return set(scatter.picture.labels)

        many = labels()
        assert len(many) > 10
        await press(pilot, "b")
        assert labels() == set()
        await press(pilot, "t")
        assert len(labels()) == 9, "the selected token and its eight neighbours"
        await press(pilot, "escape", "b")
        assert labels() == many


async def test_zoom_keeps_the_selected_token_in_view_and_r_brings_all_back() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        scatter = app.inspector.scatter
        scatter.focus()
        await settle(pilot)
        whole = text_in(scatter)
        await press(pilot, "minus")
        assert text_in(scatter) == whole, "there is nothing beyond the whole"
        await click_token(pilot, app, 26)
        await press(pilot, "plus", "equals_sign", "plus", "plus")
        assert scatter.picture is not None
        assert 26 in scatter.picture.positions
        assert len(scatter.picture.positions) < 29
        assert "zoom 5.1, r resets" in text_in(scatter)
        await press(pilot, "minus")
        assert "zoom 3.4" in text_in(scatter)
        await press(pilot, "r", "escape")
        assert text_in(scatter) == whole


async def test_the_zoom_ends_somewhere() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        for _ in range(60):
            app.inspector.action_zoom_in()
        await settle(pilot)
        assert app.inspector.scatter.zoom == 200
        for _ in range(60):
            app.inspector.action_zoom_out()
        await settle(pilot)
        assert app.inspector.scatter.zoom == 1


@pytest.mark.parametrize(
    ("keys", "axis", "sign"),
    [
        (["H", "shift+left"], 0, 1),
        (["L", "shift+right"], 0, -1),
        (["K", "shift+up"], 1, 1),
        (["J", "shift+down"], 1, -1),
    ],
)
async def test_panning_moves_the_points_the_other_way(
    keys: list[str], axis: int, sign: int
) -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        scatter = app.inspector.scatter
        for key in keys:
            assert scatter.picture is not None
            before = scatter.picture.positions
            await press(pilot, key)
            after = scatter.picture.positions
            common = set(before) & set(after)
            assert common
            moves = {(after[t][axis] - before[t][axis]) * sign > 0 for t in common}
            assert moves == {True}
        assert "moved, r resets" in text_in(scatter)
        await press(pilot, "r")
        assert "moved" not in text_in(scatter)


async def test_the_wheel_zooms_where_the_pointer_is() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        scatter = app.inspector.scatter
        assert scatter.picture is not None
        column, row = scatter.picture.positions[28]
        where = (column + 1, row + 1)
        for _ in range(4):
            await pilot._post_mouse_events([MouseScrollUp], scatter, where)
        await settle(pilot)
        assert scatter.zoom > 4
        assert scatter.picture is not None
        now = scatter.picture.positions[28]
        assert abs(now[0] - column) <= 2
        assert abs(now[1] - row) <= 2


async def test_another_sample_starts_with_the_whole_picture_and_no_selection() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "t", "plus", "plus", "t", "down")
        await ready(pilot)
        assert app.inspector.scatter.zoom == 1
        assert app.inspector.selected is None
        assert "choose a token" in text_in(app.inspector.neighbours)


async def test_gold_and_predicted_answer_are_both_on_screen_where_they_differ() -> None:
    app, _ = fake_app(wrong=["s0"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        screen = app.inspector
        assert "◇ jetty" in text_in(screen.layer_bar)
        assert "✗ F1 0.25" in text_in(screen.layer_bar)
        assert "◆" in text_in(screen.scatter)
        assert "◇" in text_in(screen.scatter)
        text = text_in(screen.text)
        assert "◆ predicted birch" in text
        assert "◇ gold      jetty" in text
        assert "gold answer" in word_row(app, 10)


async def test_a_model_without_a_head_says_that_it_makes_no_prediction() -> None:
    app, _ = fake_app(models=[model_info(head=None)], held=["scores"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert "no prediction" in text_in(app.inspector.layer_bar)
        assert "makes no prediction" in text_in(app.inspector.text)
        assert "◆" not in text_in(app.inspector.scatter)


async def test_a_context_of_three_tokens_is_enough() -> None:
    sample = sample_of(0, context="one two three", question="w ?")
    app, _ = fake_app(datasets=[dataset_of([sample])])
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "t", "e", "c", "c", "plus", "home", "s", "escape")
        assert "three" in text_of(app)


async def test_an_arrow_typed_right_after_t_moves_among_the_tokens() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        sample = app.session.sample
        app.inspector.action_token_cursor()  # both before the focus had time to move
        app.inspector.action_move_down()
        await settle(pilot)
        assert app.session.sample is sample
        extraction = app.session.extraction
        assert extraction is not None
        assert app.inspector.selected == extraction.roles.index("answer") + 1


async def test_zooming_without_a_selection_keeps_points_in_sight() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        for _ in range(8):
            await press(pilot, "plus")
        picture = app.inspector.scatter.picture
        assert picture is not None
        assert picture.positions
