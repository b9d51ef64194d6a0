"""How pictures are made: the keys for it, and what stands there until a picture is made."""

from __future__ import annotations

import pytest
from textual.widgets._toast import ToastRack

from bertscope_tui.engine.jobs import JobResult
from tests.tui.fakes import FakeService, model_info
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

NARROW = (60, 20)


@pytest.mark.parametrize("size", [NARROW, SMALL, MEDIUM], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("plain", [False, True], ids=["signs", "ascii"])
async def test_v_goes_through_the_methods_and_each_picture_says_what_it_is(
    size: tuple[int, int], plain: bool
) -> None:
    app, _ = fake_app(options={"ascii": plain})
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        seen = []
        for _ in range(4):
            seen.append(text_in(app.inspector.scatter).splitlines())
            await press(pilot, "v")
        heads = [rows[0] for rows in seen]
        assert all(name in head for name, head in zip(NAMES, heads, strict=True)), heads
        assert ["all" in head for head in heads] == [False, True, False, False]
        assert all("0.90" in head for head in heads), heads
        assert ["%" in head for head in heads] == [True, True, True, False]
        assert len({"\n".join(rows[1:]) for rows in seen}) == 4, "no two methods look alike"
        assert text_in(app.inspector.scatter).splitlines() == seen[0]
        await press(pilot, "V")
        assert text_in(app.inspector.scatter).splitlines() == seen[3]
        await press(pilot, "V", "V")
        assert text_in(app.inspector.scatter).splitlines() == seen[1]


NAMES = ("PCA", "PCA", "ICA", "t-SNE")


async def test_y_shows_the_picture_as_it_comes_out_and_turned_again() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        turned = text_in(app.inspector.scatter)
        assert "PCA, turned" in turned
        assert "PC1' " in turned
        await press(pilot, "y")
        raw = text_in(app.inspector.scatter)
        assert "turned" not in raw
        assert "PC1 44.0% of variance" in raw
        await press(pilot, "y")
        assert text_in(app.inspector.scatter) == turned
        await press(pilot, "v", "y")
        assert messages_of(app) == [
            "pictures as they come out",
            "pictures turned onto the layer below",
            "all layers share their axes here: there is nothing to turn",
        ]


async def test_the_method_stays_for_other_layers_samples_and_models() -> None:
    app, fake = fake_app(models=[model_info(), model_info("second", layers=4)])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "v", "v", "y")
        for keys in (["left"], ["down"], ["s"], ["w"]):
            await press(pilot, *keys)
            head = text_in(app.inspector.scatter).splitlines()[0]
            assert "ICA" in head, keys
            assert "turned" not in head
        app.inspector.open_model(fake.entries[1])
        await ready(pilot)
        assert "ICA" in text_in(app.inspector.scatter).splitlines()[0]
        assert app.session.extraction is not None
        assert app.session.extraction.layers == 4


async def test_the_layer_on_screen_is_made_first_and_others_are_said_to_be_on_their_way() -> None:
    app, fake = fake_app(held=["project"], slow=True)
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        scatter = app.inspector.scatter
        await press(pilot, "left", "left", "v", "v", "v")
        assert "t-SNE, layer 10: being made …" in text_in(scatter)
        assert scatter.picture is None
        request = fake.last("project")
        assert request.what is not None
        assert request.what[1] == 10, "the layer on screen"  # type: ignore[index]
        fake.answer(request, parts=1, end=False)
        await settle(pilot)
        assert "t-SNE, turned" in text_in(scatter)
        assert scatter.picture is not None
        await press(pilot, "left")
        assert "t-SNE, layer 9: being made …" in text_in(scatter)
        assert scatter.picture is None
        await press(pilot, "t")
        assert "cos.sim." in text_in(app.inspector.neighbours), "what needs no picture is there"
        assert "·   2" not in text_of(app)
        fake.answer(request)
        await settle(pilot)
        assert scatter.picture is not None
        assert "being made" not in text_of(app)


async def test_a_layer_that_is_on_screen_is_not_drawn_again_for_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, fake = fake_app(held=["project"], slow=True)
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "v")
        fake.answer(fake.last("project"), parts=1, end=False)
        await settle(pilot)
        drawn = app.inspector.scatter.picture
        assert drawn is not None
        fake.answer(fake.last("project"))
        await settle(pilot)
        assert app.inspector.scatter.picture is drawn


async def test_esc_cancels_a_method_and_the_picture_says_so() -> None:
    app, fake = fake_app(held=["project"], slow=True)
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "v", "v", "v")
        request = fake.last("project")
        fake.answer(request, parts=1, end=False)
        await press(pilot, "escape")
        assert request.job.cancelled()
        fake.answer(request)
        await settle(pilot)
        assert "t-SNE, turned" in text_in(app.inspector.scatter), "what was made stays"
        await press(pilot, "left")
        assert "t-SNE, layer 11: cancelled" in text_in(app.inspector.scatter)
        await press(pilot, "v", "V")
        assert "t-SNE, layer 11: being made …" in text_in(app.inspector.scatter)


@pytest.mark.parametrize("size", [NARROW, MEDIUM], ids="{0[0]}x{0[1]}".format)
async def test_a_method_that_cannot_be_had_says_why_where_the_picture_would_be(
    size: tuple[int, int],
) -> None:
    app, fake = fake_app(held=["project"])
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await press(pilot, "V")
        fake.fail(
            fake.last("project"), "t-SNE needs 3 tokens at least, and 2 tokens would be shown"
        )
        await settle(pilot)
        inside = "".join(
            row.strip(" │") + " " for row in text_in(app.inspector.scatter).split("\n")
        )
        assert "t-SNE needs 3 tokens at least, and 2 tokens would" in " ".join(inside.split())
        assert app.inspector.scatter.picture is None
        await press(pilot, "v")
        fake.answer(fake.last("project"))
        await settle(pilot)
        assert "PCA" in text_in(app.inspector.scatter).splitlines()[0]
        assert "needs 3" not in text_in(app.inspector.scatter)


async def test_a_method_chosen_while_a_sample_is_on_its_way_is_that_of_its_first_picture() -> None:
    app, fake = fake_app(held=["sample", "project"], slow=True)
    async with app.run_test(size=MEDIUM) as pilot:
        await settle(pilot)
        await press(pilot, "v", "v")
        opening = fake.last("sample")
        fake.answer(opening, parts=1, end=False)
        await settle(pilot)
        assert "ICA, layer 12: being made …" in text_in(app.inspector.scatter)
        late(fake, opening)
        await settle(pilot)
        assert app.inspector.scatter.picture is None, "pictures of the old method came late"
        fake.answer(fake.last("project"))
        await settle(pilot)
        assert "ICA, turned" in text_in(app.inspector.scatter)


def late(fake: FakeService, request: object) -> None:
    """Post what a request had to tell, although nobody waits for it."""
    for value in request.answer():  # type: ignore[attr-defined]
        fake._post(JobResult(request.job.id, value))  # type: ignore[attr-defined]


async def test_messages_of_many_keys_leave_most_of_the_screen_free_and_show_the_last() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await press(pilot, *"yyyyyv")
        assert len(messages_of(app)) >= 5
        rack = app.screen.get_child_by_type(ToastRack)
        await settle(pilot)
        assert rack.region.height <= 9
        assert rack.region.contains_region(rack.children[-1].region)
