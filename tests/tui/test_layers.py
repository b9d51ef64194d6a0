"""Stepping, jumping and playing through the layers."""

from __future__ import annotations

from typing import Any

import pytest

from bertscope_tui.inspection.views import axis_titles
from bertscope_tui.tui.widgets import scatter as scatter_module
from tests.tui.fakes import model_info
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

SIZES = pytest.mark.parametrize("size", [SMALL, MEDIUM])


@SIZES
async def test_each_layer_key_does_what_its_description_says(size: tuple[int, int]) -> None:
    app, _ = fake_app()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        screen = app.inspector
        assert screen.at_layer == 12
        for keys, layer in [
            (["left"], 11),
            (["h"], 10),
            (["right"], 11),
            (["l"], 12),
            (["l"], 12),
            (["home"], 0),
            (["h"], 0),
            (["end"], 12),
            (["7", "g"], 7),
            (["1", "0", "g"], 10),
            (["0", "g"], 0),
            (["0", "0", "3", "g"], 3),
        ]:
            await press(pilot, *keys)
            assert screen.at_layer == layer, keys
            assert f"layer {layer:>2}/12" in text_in(screen.layer_bar)


async def test_each_layer_has_a_picture_and_axis_titles_of_its_own() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        seen = set()
        for layer in range(12, -1, -1):
            picture = text_in(app.inspector.scatter)
            pictures = app.session.pictures
            assert pictures is not None
            first, second = axis_titles(pictures, layer)
            assert first in picture
            assert second in picture
            seen.add(picture)
            await press(pilot, "left")
        assert len(seen) == 13


async def test_layer_zero_is_called_the_embeddings() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert "(embeddings)" not in text_in(app.inspector.layer_bar)
        await press(pilot, "home")
        assert "(embeddings)" in text_in(app.inspector.layer_bar)


async def test_a_number_beyond_the_last_layer_goes_to_the_last_and_says_so() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "home", "9", "9", "9", "9", "9", "9", "g")
        assert app.inspector.at_layer == 12
        assert messages_of(app) == ["the last layer is 12"]
        assert app.inspector.digits == ""


async def test_digits_show_as_they_are_typed_and_escape_forgets_them() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "1", "1")
        assert "go to 11_" in text_in(app.inspector.layer_bar)
        await press(pilot, "escape")
        assert "go to" not in text_in(app.inspector.layer_bar)
        await press(pilot, "g")
        assert app.inspector.at_layer == 12
        assert messages_of(app) == ["type the layer's number first, then g"]


async def test_space_plays_to_the_last_layer_and_stops_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bertscope_tui.tui.screens.picture_keys._SECONDS_PER_LAYER", 0.001)
    app, _ = fake_app(models=[model_info(layers=4)])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        screen = app.inspector
        seen: list[int] = []
        set_layer = screen.set_layer
        monkeypatch.setattr(screen, "set_layer", lambda n: (seen.append(n), set_layer(n)))
        await press(pilot, "space")
        await until(pilot, lambda: not screen.playing, "the end of playing")
        assert seen == [0, 1, 2, 3, 4], "from the last layer it starts over"
        await press(pilot, "2", "g")
        seen.clear()
        await press(pilot, "space")
        await until(pilot, lambda: not screen.playing, "the end of playing")
        assert seen == [3, 4], "from any other it goes on"


@pytest.mark.parametrize("key", ["space", "escape"])
async def test_playing_stops_where_it_is(key: str) -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "3", "g", "space")
        assert "playing" in text_in(app.inspector.layer_bar)
        await press(pilot, key)
        assert app.inspector.at_layer == 3
        assert "playing" not in text_in(app.inspector.layer_bar)


@pytest.mark.parametrize("layers", [2, 12, 48])
@SIZES
async def test_a_click_on_the_bar_goes_to_that_layer(layers: int, size: tuple[int, int]) -> None:
    app, _ = fake_app(models=[model_info(layers=layers)])
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        screen = app.inspector
        bar = screen.layer_bar
        for layer in {0, 1, layers // 2, layers - 1, layers}:
            screen.set_layer(layer)
            await settle(pilot)
            marks = [x for x, cell in enumerate(text_in(bar).splitlines()[0]) if cell == "●"]
            assert len(marks) == 1, "one place on the bar is marked"
            screen.set_layer(layers if layer < 2 else 0)
            await pilot.click(bar, offset=(marks[0], 0))
            assert screen.at_layer is not None
            # Where the bar has fewer places than the network has layers, neighbours share one.
            assert abs(screen.at_layer - layer) <= 1
            assert layers > 24 or screen.at_layer == layer


async def test_a_click_beside_the_row_of_layers_changes_nothing() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        for offset in [(1, 0), (150, 0), (20, 3), (20, 4)]:
            await pilot.click(app.inspector.layer_bar, offset=offset)
            assert app.inspector.at_layer == 12


async def test_of_many_layer_keys_between_two_frames_only_the_last_layer_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []
    draw = scatter_module.scatter

    def counted(*args: Any, **named: Any) -> Any:
        calls.append(named["x_title"])
        return draw(*args, **named)

    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        monkeypatch.setattr(scatter_module, "scatter", counted)
        with app.batch_update():
            for _ in range(9):
                app.inspector.action_layer_previous()
        await settle(pilot)
        assert app.inspector.at_layer == 3
        pictures = app.session.pictures
        assert pictures is not None
        assert calls == [axis_titles(pictures, 3)[0]]


async def test_the_layer_stays_when_another_sample_is_opened() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "5", "g", "down")
        await ready(pilot)
        assert app.inspector.at_layer == 5
        assert app.session.sample is not None
        assert app.session.sample.id == "s1"


async def test_the_layer_comes_down_to_what_a_smaller_model_has() -> None:
    app, _ = fake_app(models=[model_info(layers=24), model_info("small", layers=4)])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "2", "0", "g")
        app.inspector.open_model("small")
        await ready(pilot)
        assert app.inspector.at_layer == 4
        assert "layer 4/4" in text_in(app.inspector.layer_bar)


async def test_layer_keys_do_nothing_while_no_sample_is_there() -> None:
    app, _ = fake_app(held=["sample"])
    async with app.run_test(size=MEDIUM) as pilot:
        await settle(pilot)
        await press(pilot, "left", "home", "3", "g", "space", "end")
        assert not app.inspector.playing
        assert "extracting" in text_in(app.inspector.scatter)
