"""Clusters, the trail of a token, and the lists of what is near."""

from __future__ import annotations

import re

import pytest

from bertscope_tui.inspection.overlays import layer_clusters
from bertscope_tui.inspection.views import token_label
from bertscope_tui.tui.app import BertscopeApp
from tests.reference.neighbours import neighbours as reference_neighbours
from tests.tui.fakes import dataset_of, sample_of
from tests.tui.snapshots import compare_svg
from tests.tui.support import (
    MEDIUM,
    SMALL,
    fake_app,
    messages_of,
    press,
    ready,
    settle,
    text_in,
    until,
)

NARROW = (60, 20)
SIZES = pytest.mark.parametrize("size", [NARROW, SMALL, MEDIUM], ids="{0[0]}x{0[1]}".format)
CLUSTERS, ELSEWHERE = "clusters", "clusters of other layers"


def legend(app: BertscopeApp) -> str:
    """Return the line below the picture."""
    return text_in(app.inspector.scatter).splitlines()[-2]


def glyphs(app: BertscopeApp) -> dict[int, str]:
    """Return the glyph of every token that is drawn alone in its cell and under no label."""
    picture = app.inspector.scatter.picture
    assert picture is not None
    lines = text_in(app.inspector.scatter).splitlines()
    covered = {
        (column + offset, row)
        for column, row, cells in picture.labels.values()
        for offset in range(cells)
    }
    return {
        tokens[0]: lines[row + 1][column + 1]
        for (column, row), tokens in picture.cells.items()
        if len(tokens) == 1 and (column, row) not in covered
    }


# -- clusters ----------------------------------------------------------------------------------


@SIZES
@pytest.mark.parametrize("plain", [False, True], ids=["signs", "ascii"])
async def test_the_fourth_colour_is_by_cluster_and_says_how_many_and_how_well_they_fit(
    size: tuple[int, int], plain: bool
) -> None:
    app, _ = fake_app(options={"ascii": plain})
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await press(pilot, "c", "c", "c")
        pictures = app.session.pictures
        assert pictures is not None
        for layer in (12, 11):
            found = layer_clusters(pictures, [layer])[0]
            words = legend(app)
            assert str(found.clusters.k) in words
            assert f"{found.clusters.silhouette:.2f}" in words
            assert f"{found.agreement:.2f}" in words
            shown = glyphs(app)
            assert shown
            assert all(shown[token] == str(found.numbers[token]) for token in shown)
            await press(pilot, "left")
        await press(pilot, "c")
        assert "sil" not in legend(app)


async def test_the_token_list_has_the_clusters_of_the_layer_on_screen() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "c", "c", "c")
        pictures = app.session.pictures
        assert pictures is not None
        for layer in (12, 11, 10):
            found = layer_clusters(pictures, [layer])[0]
            rows = text_in(app.inspector.tokens).splitlines()[2:18]
            listed = {int(row[2:5]): row[6] for row in rows}
            assert {token: listed[token] for token in listed if token in found.numbers} == {
                token: str(found.numbers[token]) for token in listed if token in found.numbers
            }
            await press(pilot, "left")


async def test_brackets_change_the_number_of_clusters_and_below_two_the_best_is_taken() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "]")
        assert "silhouette" in legend(app), "the key first shows the clusters that there are"
        pictures = app.session.pictures
        assert pictures is not None
        best = layer_clusters(pictures, [12])[0].clusters.k
        assert f"{best} clusters, silhouette" in legend(app)
        await press(pilot, "]")
        assert f"{best + 1} clusters as chosen" in legend(app)
        await press(pilot, "left")
        assert f"{best + 1} clusters as chosen" in legend(app), "in every layer"
        while app.inspector.overlays.k is not None:
            await press(pilot, "[")
        assert "as chosen" not in legend(app)
        assert messages_of(app) == ["as many clusters as fit each layer best"]
        for _ in range(40):
            app.inspector.action_clusters_more()
            await settle(pilot)
        most = len(pictures.projection.shown)
        assert app.inspector.overlays.k == most
        assert f"not more than {most} clusters here" in messages_of(app)


async def test_clusters_of_the_layer_on_screen_come_first_and_no_stale_ones_are_shown() -> None:
    app, fake = fake_app(held=[CLUSTERS, ELSEWHERE])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "c", "c", "c")
        picture = text_in(app.inspector.scatter)
        assert "looking for clusters …" in picture
        assert set(glyphs(app).values()) == {"×"}, "no cluster is claimed before it was found"
        twelfth = fake.last(CLUSTERS)
        await press(pilot, "left")
        eleventh = fake.last(CLUSTERS)
        assert eleventh is not twelfth
        assert twelfth.job.cancelled()
        fake.answer_late(twelfth)
        await settle(pilot)
        assert "silhouette" not in text_in(app.inspector.scatter)
        fake.answer(eleventh)
        await settle(pilot)
        assert "silhouette" in text_in(app.inspector.scatter)
        rest = fake.last(ELSEWHERE)
        await press(pilot, "left")
        assert "looking for clusters …" in text_in(app.inspector.scatter)
        fake.answer(fake.last(CLUSTERS))
        fake.answer(rest)
        await settle(pilot)
        asked = len(fake.requests)
        for _ in range(10):
            await press(pilot, "left")
            assert "silhouette" in text_in(app.inspector.scatter)
        assert len(fake.requests) == asked, "all layers are there by now"


async def test_another_method_keeps_the_clusters_and_says_how_its_picture_agrees() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "c", "c", "c")
        before = app.inspector.overlays.clusters()
        assert before is not None
        await press(pilot, "v", "v")
        after = app.inspector.overlays.clusters()
        assert after is not None
        assert after is not before
        assert after.clusters is before.clusters, "tokens are where they were: no new search"
        pictures = app.session.pictures
        assert pictures is not None
        assert after.agreement == layer_clusters(pictures, [12])[0].agreement
        await press(pilot, "V", "V")
        assert app.inspector.overlays.clusters() is before, "it was kept"


async def test_esc_cancels_looking_for_clusters_and_the_next_step_asks_again() -> None:
    app, fake = fake_app(held=[CLUSTERS])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "c", "c", "c", "escape")
        request = fake.last(CLUSTERS)
        assert request.job.cancelled()
        fake.answer(request)
        await settle(pilot)
        assert fake.last(CLUSTERS) is request
        assert "no clusters found" in text_in(app.inspector.scatter)
        await press(pilot, "left")
        assert fake.last(CLUSTERS) is not request


# -- members of a cluster ------------------------------------------------------------------------


@SIZES
async def test_x_lists_the_members_of_the_selected_tokens_cluster(size: tuple[int, int]) -> None:
    app, _ = fake_app()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        screen = app.inspector
        await press(pilot, "t", "x")
        pictures, extraction = app.session.pictures, app.session.extraction
        assert pictures is not None
        assert extraction is not None
        found = layer_clusters(pictures, [12])[0]
        number = found.numbers[10]
        panel = text_in(screen.neighbours)
        assert f"cluster {number} of 'jetty'" in panel
        assert f"of {found.clusters.k} clusters" in panel
        members = found.clusters.members(number)
        rows = range(1, screen.neighbours.row_count)
        assert [screen.neighbours.token_at(row) for row in rows] == list(members)
        assert screen.neighbours.token_at(screen.neighbours.cursor) == 10
        assert "jetty" in panel
        screen.activate("neighbours")
        await press(pilot, "j" if members[-1] != 10 else "k", "enter")
        assert screen.selected != 10
        assert screen.selected in members


async def test_a_hidden_token_is_in_no_cluster_and_without_a_token_a_hint_is_shown() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "x")
        assert "choose a token" in text_in(app.inspector.neighbours)
        app.inspector.select(0)
        await settle(pilot)
        assert "a hidden token is in no cluster" in text_in(app.inspector.neighbours)


@pytest.mark.parametrize("size", [NARROW, SMALL], ids="{0[0]}x{0[1]}".format)
async def test_where_the_list_is_not_on_screen_x_brings_it_there_first(
    size: tuple[int, int],
) -> None:
    app, _ = fake_app()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        app.inspector.select(10)
        await press(pilot, "x")
        assert "nearest 'jetty'" in text_in(app.inspector.neighbours)
        await press(pilot, "x")
        assert "cluster" in text_in(app.inspector.neighbours)
        await press(pilot, "x")
        assert "by layer" in text_in(app.inspector.neighbours)
        await press(pilot, "x")
        assert "cos.sim." in text_in(app.inspector.neighbours)


@SIZES
async def test_a_line_of_marks_that_has_no_room_for_all_of_them_ends_in_a_sign(
    size: tuple[int, int],
) -> None:
    app, _ = fake_app()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        for keys in (["c", "c", "c"], ["right_square_bracket"] * 6):
            await press(pilot, *keys)
            found = app.inspector.overlays.clusters()
            assert found is not None
            line = legend(app).strip("│┃ ")
            whole = len(re.findall(r"\(\d+\)", line)) == found.clusters.k
            assert line.endswith("…") != whole


# -- nearest by layer ----------------------------------------------------------------------------


async def test_the_nearest_of_every_layer_are_those_of_a_direct_computation() -> None:
    app, _ = fake_app()
    async with app.run_test(size=(240, 70)) as pilot:
        await ready(pilot)
        screen = app.inspector
        await press(pilot, "t", "x", "x")
        extraction = app.session.extraction
        assert extraction is not None
        for key, by in (("", "cosine"), ("e", "euclidean")):
            if key:
                await press(pilot, key)
            screen.maximize(screen.neighbours)
            await settle(pilot)
            among = extraction.shown(special=False, outliers=False)
            before: set[int] = set()
            lines = text_in(screen.neighbours).splitlines()
            for layer in range(13):
                found = reference_neighbours(extraction.states[layer], 10, list(among), 8, by)
                wanted = [token for token, _, _ in found]
                row = next(line for line in lines if re.match(rf"[│┃][> ]\s*{layer}  ", line))
                words = row.strip("│┃ >").split()[1:]
                labels = [
                    ("+" if layer and token not in before else "") + token_label(extraction, token)
                    for token in wanted
                ]
                assert words == labels, layer
                before = set(wanted)
            screen.minimize()
            await settle(pilot)


@pytest.mark.parametrize("size", [SMALL, MEDIUM], ids=["small", "medium"])
async def test_a_line_that_has_no_room_for_all_of_the_nearest_says_so(
    size: tuple[int, int],
) -> None:
    app, _ = fake_app()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await press(pilot, "t", "x", "x", "x")
        if app.inspector.overlays.side != "layers":
            await press(pilot, "x", "x")
        assert app.inspector.overlays.side == "layers"
        extraction = app.session.extraction
        assert extraction is not None
        seen = 0
        for line in text_in(app.inspector.neighbours).splitlines():
            if re.match(r"[│┃][> ]\s*\d+  ", line):
                words = line.strip("│┃ ▁▂▃▄▅▆▇>").split()[1:]
                whole = [word for word in words if word != "…"]
                assert (words[-1] == "…") == (len(whole) < 8), line
                names = {token_label(extraction, t.index) for t in extraction.tokens}
                assert {word.lstrip("+") for word in whole} <= names
                seen += 1
        assert seen


async def test_names_that_are_too_long_for_their_place_end_in_a_sign() -> None:
    word = "Donaudampfschifffahrtsgesellschaft"
    sample = sample_of(0, context=f"{word} is a word. Others are short here. Few are long.")
    app, _ = fake_app(datasets=[dataset_of([sample])])
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        extraction = app.session.extraction
        assert extraction is not None
        long = next(t.index for t in extraction.tokens if t.text == word)
        app.inspector.select(long)
        await press(pilot, "t")
        await settle(pilot)
        assert "nearest 'Donaudam…' layer 12" in text_in(app.inspector.neighbours)
        rows = [line for line in text_in(app.inspector.tokens).splitlines() if "Donau" in line]
        assert rows
        assert all("…" in row for row in rows)
        app.inspector.select(app.inspector.neighbours.token_at(1))
        await settle(pilot)
        assert word not in text_in(app.inspector.neighbours)
        assert "Donau" in text_in(app.inspector.neighbours)
        assert re.search(r"Donau\w*…", text_in(app.inspector.neighbours))


async def test_the_row_of_the_layer_is_scrolled_to_in_the_same_frame() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "t", "x", "x")
        rows = app.inspector.neighbours
        assert len(rows.visible_rows()) < rows.row_count
        for layer in (0, 12, 5, 12):
            app.inspector.set_layer(layer)
            assert rows.cursor == layer + 1
            assert rows.cursor in rows.visible_rows()


async def test_the_layer_on_screen_is_marked_and_enter_on_a_line_goes_to_that_layer() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        screen = app.inspector
        await press(pilot, "t", "x", "x")

        def marked() -> str:
            rows = text_in(screen.neighbours).splitlines()[1:-1]
            return next(row for row in rows if row[1] == ">")

        assert marked()[2:5].strip() == "12"
        await press(pilot, "left")
        assert marked()[2:5].strip() == "11"
        screen.activate("neighbours")
        await press(pilot, "up", "up", "enter")
        assert screen.at_layer == 9
        assert marked()[2:5].strip() == "9"
        assert screen.selected == 10, "the token stays"


async def test_neighbours_by_layer_of_another_token_never_stay() -> None:
    app, fake = fake_app(held=["nearest by layer"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "t", "x", "x")
        first = fake.last("nearest by layer")
        assert "looking …" in text_in(app.inspector.neighbours)
        await press(pilot, "down")
        second = fake.last("nearest by layer")
        assert first.job.cancelled()
        fake.answer_late(first)
        await settle(pilot)
        assert "looking …" in text_in(app.inspector.neighbours)
        fake.answer(second)
        await settle(pilot)
        assert "nearest 'maple' by layer" in text_in(app.inspector.neighbours)


# -- the trail -----------------------------------------------------------------------------------


@SIZES
@pytest.mark.parametrize("plain", [False, True], ids=["signs", "ascii"])
async def test_a_draws_the_selected_tokens_way_through_all_layers(
    size: tuple[int, int], plain: bool
) -> None:
    app, _ = fake_app(options={"ascii": plain})
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        screen = app.inspector
        screen.select(10)
        await press(pilot, "a")
        pictures, picture = app.session.pictures, screen.scatter.picture
        assert pictures is not None
        assert picture is not None
        place = pictures.projection.shown.tolist().index(10)
        view = picture.view
        for layer in range(13):
            x, y = pictures.projection.coordinates[layer, place].tolist()
            assert view.x_low <= x <= view.x_high, "the view has room for all of it"
            assert view.y_low <= y <= view.y_high
        shown = text_in(screen.scatter)
        named = {int(number) for number in re.findall(r"L(\d+)", shown)}
        assert {0, 12} <= named
        assert len(named) >= 5
        assert (":" if plain else "•") in shown
        column, row = picture.positions[10]
        assert shown.splitlines()[row + 1][column + 1 :].startswith("L12"), "here it is layer 12"
        await press(pilot, "left")
        assert screen.scatter.picture is not None
        column, row = screen.scatter.picture.positions[10]
        assert text_in(screen.scatter).splitlines()[row + 1][column + 1 :].startswith("L11")
        await press(pilot, "a")
        assert "L11" not in text_in(screen.scatter)


async def test_there_is_a_trail_on_joint_axes_and_elsewhere_it_is_said_why_not() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        app.inspector.select(10)
        await press(pilot, "v", "a")
        assert "L12" in text_in(app.inspector.scatter)
        await press(pilot, "v")
        assert "L12" not in text_in(app.inspector.scatter)
        assert "no trail by ICA" in text_in(app.inspector.scatter)
        await press(pilot, "a", "a")
        await press(pilot, "v", "a")
        await press(pilot, "v", "y", "a")
        assert "L12" not in text_in(app.inspector.scatter)
        said = [message for message in messages_of(app) if message.startswith("no trail")]
        assert [re.sub(r"[:;].*", "", message.split(": ", 1)[1]) for message in said] == [
            "each layer has independent components of its own",
            "t-SNE makes every layer by itself",
            "the layers are not turned onto each other",
        ]
        await press(pilot, "y", "a")
        assert "L12" in text_in(app.inspector.scatter)


async def test_without_a_token_in_the_picture_there_is_no_trail_and_it_is_said() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "a")
        assert messages_of(app) == ["choose a token to see its trail: t, or click one"]
        app.inspector.select(0)
        await press(pilot, "a", "a")
        assert messages_of(app)[1:] == ["the selected token is not in the picture"]
        assert not re.search(r"L\d", text_in(app.inspector.scatter))
        await press(pilot, "s")
        await until(pilot, lambda: app.session.pictures is not None, "special tokens")
        await settle(pilot)
        assert "L12" in text_in(app.inspector.scatter)


# -- all of it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, MEDIUM], ids="{0[0]}x{0[1]}".format)
async def test_everything_over_one_picture(size: tuple[int, int]) -> None:
    app, _ = fake_app(datasets=[dataset_of([sample_of(n, words=48) for n in range(12)])])
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await press(pilot, "7", "g", "t", "c", "c", "c", "a", "x", "x")
        compare_svg(app, f"overlays-{size[0]}x{size[1]}")
