"""The strips under the layer bar: phases and answers by layer, aligned with the layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.analysis.phase_scores import PHASES
from bertscope_tui.analysis.phases import Phases, normalised
from bertscope_tui.inspection.lens import NOT_ON_LAYERS, Lens
from bertscope_tui.tui.widgets.strips import Ticks
from tests.tui.fakes import (
    dataset_of,
    extraction_of,
    lens_of,
    model_info,
    phases_of,
    sample_of,
)
from tests.tui.support import (
    LARGE,
    MEDIUM,
    SMALL,
    check_layout,
    fake_app,
    messages_of,
    press,
    ready,
    settle,
    text_in,
    text_of,
    until,
)


def bar(app) -> list[str]:
    """Return the lines of the layer bar."""
    return text_in(app.inspector.layer_bar).split("\n")


@given(st.integers(0, 130), st.integers(0, 20), st.integers(-10, 220), st.data())
def test_every_layer_has_a_cell_and_every_cell_one_layer(
    last: int, left: int, room: int, data: st.DataObject
) -> None:
    ticks = Ticks.fitting(last, left, room)
    layer = data.draw(st.integers(0, last))
    shown = ticks.layers(layer)
    assert list(shown) == sorted(set(shown))
    assert layer in shown
    assert shown[0] == 0 or layer in range(1, ticks.every)
    for one in range(last + 1):
        assert ticks.owner(ticks.column(one), one) == one, "the current layer is always shown"
    owners = [ticks.owner(column, layer) for column in range(ticks.end + 3)]
    assert owners[:left] == [None] * left
    assert owners[ticks.end :] == [None] * 3
    assert owners[left : ticks.end] == [one for one in shown for _ in range(ticks.step)]
    if room >= 2:
        assert (ticks.groups - 1) * ticks.step + 1 <= room


@pytest.mark.parametrize(("size", "lines"), [(SMALL, 3), ((100, 29), 3), ((100, 30), 5)])
async def test_both_strips_are_shown_where_there_is_room_else_phases(size, lines: int) -> None:
    app, _ = fake_app()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        assert len(bar(app)) == lines
        assert bar(app)[1].startswith(" phases ")
        assert any(line.startswith(" answers ") for line in bar(app)) == (lines == 5)
        check_layout(app)


async def test_i_turns_the_strips_and_what_was_chosen_stays_with_another_sample_and_size() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        seen = []
        for _ in range(4):
            await press(pilot, "i")
            seen.append([line.split()[0] for line in bar(app)[1:-1]])
            check_layout(app)
        assert seen == [["answers", "at"], ["phases", "answers", "at"], [], ["phases"]]
        assert "no strips" in messages_of(app)[-1]
        await press(pilot, "i", "down")
        await ready(pilot)
        await pilot.resize_terminal(*MEDIUM)
        await settle(pilot)
        assert bar(app)[1].startswith(" answers ")
        assert len(bar(app)) == 4


async def test_a_strip_is_aligned_with_the_ticks_and_tells_the_phase_of_the_layer() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        phases = phases_of(app.session.extraction)
        for layer in (0, 5, 12):
            await press(pilot, *str(layer), "g")
            ticks, strip, *_ = bar(app)
            assert ticks.index("●") == 13 + 6 * layer
            for phase, first, _last in phases.segments():
                name = {"entity": "entities"}.get(phase, phase)
                assert strip[13 + 6 * first :].startswith(name)
            row = PHASES.index(phases.layers[layer])
            assert f" {phases.normal[row, layer]:.2f} of 1" in strip
            assert f"(area {phases.scores[row, layer]:.2f})" in strip


async def test_answers_are_marked_shaded_and_told_in_words_for_the_layer() -> None:
    app, _ = fake_app(wrong=["s0"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        lens = lens_of(app.session.extraction)
        for layer in (2, 12):
            await press(pilot, *str(layer), "g")
            strip, more = bar(app)[2:4]
            assert [strip[13 + 6 * n] for n in range(13)] == ["·"] * 6 + ["●"] * 7
            assert strip[14 + 6 * 1 : 19 + 6 * 1] == "░░░░░", "a tenth"
            assert strip[14 + 6 * 12 : 19 + 6 * 12] == "█████", "three quarters"
            now = lens.layers[layer]
            assert f"{now.text} {now.probability:.2f}" in strip
            assert "the final answer leads from layer 6" in strip
            assert more.startswith(f" at {layer} ")
            for candidate in now.n_best:
                assert f"{candidate.text} {candidate.probability:.2f}" in more
        await press(pilot, "j")
        await ready(pilot)
        assert bar(app)[2].count("✓") == 7, "right answers have another sign"


@pytest.mark.parametrize("layers", [6, 24, 48])
@pytest.mark.parametrize("size", [(60, 20), SMALL, MEDIUM, LARGE], ids="{0[0]}x{0[1]}".format)
async def test_strips_follow_the_ticks_at_every_depth_and_size(size, layers: int) -> None:
    app, _ = fake_app(models=[model_info(layers=layers)], wrong=["s0"])
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        while app.inspector.strips != "both":
            await press(pilot, "i")
        for layer in range(0, layers + 1, 5):
            await press(pilot, *str(layer), "g")
            ticks, phases, answers, *_ = bar(app)
            column = ticks.index("●")
            found = phases_of(app.session.extraction)
            segment = next(one for one in found.segments() if one[1] <= layer <= one[2])
            begin = answers.index("·")
            assert answers[column] in "·●"
            assert phases[begin:].strip()
            assert segment[0][0] in phases[begin : column + 1]
            check_layout(app)


async def test_a_click_on_a_cell_goes_to_the_layer() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        for y, layer in [(1, 3), (2, 7), (0, 5)]:
            await pilot.click(app.inspector.layer_bar, offset=(13 + 6 * layer + 2, y))
            assert app.inspector.at_layer == layer


async def test_no_phases_is_told_with_the_reason() -> None:
    app, fake = fake_app()
    scores = phases_of(extraction_of(sample_of())).scores
    none = (None,) * 13
    fake.derived["phases"] = Phases(
        scores, normalised(scores), none, ("semantic",), ("semantic",), "No phases: …"
    )
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        words = "no phases: only semantic shows, 3 would have to"
        assert words in bar(app)[1]
        few = np.where(np.arange(4)[:, None] == 0, scores, np.nan)
        fake.derived["phases"] = Phases(few, normalised(few), none, (), (), "Fewer …")
        await press(pilot, "j")
        await ready(pilot)
        assert "no phases: fewer than two have a score" in bar(app)[1]
        fake.derived["phases"] = Phases(scores, normalised(scores), none, (), (), "No …")
        await press(pilot, "j")
        await ready(pilot)
        assert "no phases: none shows, 3 would have to" in bar(app)[1]


@pytest.mark.parametrize("head", ["classification", None])
async def test_labels_are_answers_and_a_model_without_a_head_is_told(head: str | None) -> None:
    app, _ = fake_app(models=[model_info(head=head)], held=["scores"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        if head is None:
            assert "this model has no head to read layers with" in bar(app)[2]
            assert bar(app)[3].strip() == ""
        else:
            assert "yes 0.75" in bar(app)[2]
            assert "yes 0.75  no 0.25" in bar(app)[3]


async def test_where_the_head_cannot_be_put_on_layers_only_the_last_has_an_answer() -> None:
    app, fake = fake_app()
    final = lens_of(extraction_of(sample_of())).layers[-1]
    fake.derived["lens"] = Lens(
        (*(None,) * 12, final), (*("unknown",) * 12, "right"), None, NOT_ON_LAYERS
    )
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        strip = bar(app)[2]
        assert strip.count("?") == 12
        assert "✓" in strip
        await press(pilot, "left")
        assert NOT_ON_LAYERS in bar(app)[2]
        assert bar(app)[3].strip() == ""


async def test_strips_never_hold_up_the_picture_and_say_that_they_are_on_the_way() -> None:
    app, fake = fake_app(held=["phases", "lens"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert app.session.pictures is not None
        assert "looking for phases …" in bar(app)[1]
        assert "reading the layers …" in bar(app)[2]
        assert app.session.work == "", "nothing that Esc would have to cancel"
        assert fake.order.index("sample") < fake.order.index("lens") < fake.order.index("phases")
        fake.answer(fake.last("phases"))
        await settle(pilot)
        assert "answer extraction" in bar(app)[1]
        assert "reading the layers …" in bar(app)[2]
        fake.fail(fake.last("lens"), "out of memory")
        await settle(pilot)
        assert "could not be found: i asks again" in bar(app)[2]
        await press(pilot, "i")
        assert "reading the layers …" in bar(app)[2], "asked again, as it said"
        fake.fail(fake.last("lens"), "out of memory")
        await settle(pilot)
        await press(pilot, "i")
        assert len(bar(app)) == 2, "what cannot be had can be put away"
        fake.held.clear()
        await press(pilot, "i", "i", "i")
        assert "leads from layer" in bar(app)[2]


async def test_where_there_is_little_room_the_layer_from_which_the_final_answer_leads_is_told() -> (
    None
):
    app, _ = fake_app(wrong=["s0"])
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "2", "g", "i")
        assert bar(app)[1].rstrip().endswith("final from 6")


async def test_strips_of_another_sample_are_never_shown() -> None:
    samples = [sample_of(n) for n in range(3)]
    app, fake = fake_app(datasets=[dataset_of(samples)], held=["phases", "lens"], wrong=["s1"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        old = fake.last("phases"), fake.last("lens")
        await press(pilot, "j")
        await ready(pilot)
        for request in old:
            assert request.job.cancelled()
            fake.answer_late(request)
        await settle(pilot)
        assert "looking for phases …" in bar(app)[1]
        assert "reading the layers …" in bar(app)[2]


async def test_strips_of_a_sample_that_is_gone_back_to_are_not_computed_again() -> None:
    app, fake = fake_app(models=[model_info(), model_info("other")])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        before = bar(app)
        await press(pilot, "j")
        await ready(pilot)
        fake.order.clear()
        await press(pilot, "k")
        await ready(pilot)
        assert bar(app) == before
        assert fake.order.count("phases") == fake.order.count("lens") == 0
        app.inspector.open_model("other")
        await until(pilot, lambda: "phases" in fake.order, "phases of the other model")
        assert fake.order.count("lens") == 1


async def test_what_is_not_shown_is_not_computed() -> None:
    app, fake = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        assert "lens" not in fake.order
        await press(pilot, "i")
        assert "lens" in fake.order
        await press(pilot, "i", "i", "j")
        await ready(pilot)
        assert (fake.order.count("lens"), fake.order.count("phases")) == (1, 1)


async def test_strips_in_ascii_and_without_colours_can_be_told_apart(monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app, _ = fake_app(options={"ascii": True}, wrong=["s0"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        ticks, phases, answers, more, _ = bar(app)
        assert ticks[13 + 72] == "O"
        assert phases.split()[1:5] == ["semantic", "entities", "match", "answer"]
        assert [answers[13 + 6 * n] for n in range(13)] == ["."] * 6 + ["o"] * 7
        assert answers[14 + 72 : 19 + 72] == "#####"
        assert (ticks + phases + answers + more).isascii()


async def test_hostile_answers_stay_in_their_line() -> None:
    app, fake = fake_app()
    final = lens_of(extraction_of(sample_of())).layers[-1]
    nasty = "[bold]x[/]\x1b[31m\u202e" + "漢字" * 40
    made = replace(final, text=nasty, n_best=(replace(final.n_best[0], text=nasty),))
    fake.derived["lens"] = Lens((made,) * 13, ("other",) * 13, 0)
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert "[bold]x[/]" in bar(app)[2]
        assert "[bold]x[/]" in bar(app)[3]
        assert "\x1b" not in text_of(app)
        check_layout(app)


async def test_strips_are_found_where_the_picture_could_not_be_made() -> None:
    app, fake = fake_app(held=["sample"])
    async with app.run_test(size=MEDIUM) as pilot:
        await until(pilot, lambda: "sample" in fake.order, "the first sample")
        request = fake.last("sample")
        fake.answer(request, parts=1, end=False)
        await settle(pilot)
        assert "phases" not in fake.order, "the picture goes first"
        fake.fail(request, "no picture of this kind")
        await settle(pilot)
        assert app.session.pictures is None
        assert "answer extraction" in bar(app)[1]
        assert "leads from layer" in bar(app)[2]


async def test_a_sample_that_is_opened_again_has_its_strips_asked_for_again() -> None:
    app, fake = fake_app(held=["phases"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        first = fake.last("phases")
        app.inspector.open_sample(app.session.sample)
        await ready(pilot)
        assert first.job.cancelled()
        assert fake.last("phases") is not first
        await press(pilot, "i", "i", "i", "i")
        assert not fake.last("phases").job.cancelled(), "i drops nothing that is on its way"


async def test_phases_of_a_very_long_window_are_not_looked_for_unasked() -> None:
    app, fake = fake_app(datasets=[dataset_of([sample_of(words=1100)])], held=["scores"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert "not looked for in more than 1,024 tokens" in bar(app)[1]
        assert "phases" not in fake.order
        assert "leads from layer" in bar(app)[2]
