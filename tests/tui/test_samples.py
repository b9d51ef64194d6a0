"""Going from sample to sample: keys, marks, wrong ones, search and windows."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bertscope_tui.data.records import Answer, Problem, Span
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
    until,
)


def opened(app: BertscopeApp) -> str:
    """Return the id of the sample that every pane shows, which must be the same one."""
    session = app.session
    assert session.sample is not None
    assert session.extraction is not None
    assert session.pictures is not None
    assert session.extraction is session.pictures.extraction
    assert session.extraction.sample.id == session.sample.id
    shown = session.sample
    assert f"text {shown.id} " in text_in(app.inspector.text)
    assert app.inspector.samples.sample_at(app.inspector.samples.cursor) is shown
    return shown.id


@pytest.mark.parametrize("size", [SMALL, MEDIUM])
async def test_arrows_and_letters_go_from_sample_to_sample(size: tuple[int, int]) -> None:
    app, _ = fake_app()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        for key, expected in [
            ("down", "s1"),
            ("j", "s2"),
            ("up", "s1"),
            ("k", "s0"),
            ("k", "s0"),
            ("j", "s1"),
        ]:
            await press(pilot, key)
            assert app.session.sample is not None
            assert app.session.sample.id == expected
        if size == MEDIUM:
            assert opened(app) == "s1"


async def test_the_pages_keys_go_a_page_of_samples_on_and_back() -> None:
    app, _ = fake_app(datasets=[dataset_of(100)])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        height = app.inspector.samples.scrollable_content_region.height
        await press(pilot, "pagedown")
        assert opened(app) == f"s{height - 1}"
        await press(pilot, *["pagedown"] * 9)
        assert opened(app) == "s99"
        await press(pilot, "pageup")
        assert opened(app) == f"s{99 - height + 1}"


async def test_a_page_key_scrolls_the_text_when_it_has_the_focus() -> None:
    app, _ = fake_app(datasets=[dataset_of([sample_of(0, words=2000)])])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "tab")
        assert app.focused is app.inspector.text
        before = text_in(app.inspector.text)
        await press(pilot, "pagedown")
        assert text_in(app.inspector.text) != before
        await press(pilot, "pageup")
        assert text_in(app.inspector.text) == before


async def test_marks_and_scores_appear_as_they_come() -> None:
    app, fake = fake_app(held=["scores"], wrong=["s1", "s2"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        samples = app.inspector.samples
        rows = text_in(samples).splitlines()
        assert "✓ 1.00 Where is thing 0" in rows[1], "the open sample is scored already"
        assert "·      Where is thing 1" in rows[2]
        fake.score(["s1", "s3"])
        await settle(pilot)
        rows = text_in(samples).splitlines()
        assert "✗ 0.25 Where is thing 1" in rows[2]
        assert "·      Where is thing 2" in rows[3]
        assert "✓ 1.00 Where is thing 3" in rows[4]
        assert "1 wrong of 3" in rows[-1]
        assert "scoring 2/6" in text_of(app).splitlines()[0]
        fake.score([f"s{n}" for n in range(6)])
        await settle(pilot)
        assert "2 wrong of 6" in text_in(samples)
        assert "scoring" not in text_of(app).splitlines()[0]


async def test_the_samples_on_screen_are_asked_for_first_the_open_one_before_all() -> None:
    app, fake = fake_app(held=["scores"], datasets=[dataset_of(200)])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        height = app.inspector.samples.scrollable_content_region.height
        await press(pilot, *["pagedown"] * 3)
        assert app.session.sample is not None
        assert fake.urgent[-1][0] == app.session.sample.id
        assert len(fake.urgent[-1]) == height


async def test_the_neighbours_of_the_open_sample_are_got_ready_the_next_first() -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert fake.prefetched[-1] == ["s1"]
        await press(pilot, "down", "down")
        assert fake.prefetched[-1] == ["s3", "s1"]


async def test_n_goes_to_the_next_wrong_sample_and_the_other_n_back() -> None:
    app, _ = fake_app(wrong=["s1", "s4"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "n")
        assert opened(app) == "s1"
        await press(pilot, "n")
        assert opened(app) == "s4"
        await press(pilot, "n")
        assert opened(app) == "s4"
        assert messages_of(app) == ["no mispredicted sample after this one"]
        await press(pilot, "N")
        assert opened(app) == "s1"
        await press(pilot, "N")
        assert opened(app) == "s1"
        assert messages_of(app)[-1] == "no mispredicted sample before this one"


async def test_n_waits_for_marks_that_are_not_there_yet() -> None:
    app, fake = fake_app(held=["scores"], wrong=["s4"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "n")
        assert fake.urgent[-1] == ["s1", "s2", "s3", "s4", "s5"]
        assert "looking for a wrong one" in text_of(app).splitlines()[0]
        fake.score(["s1", "s2"])
        await settle(pilot)
        assert opened(app) == "s0"
        assert fake.urgent[-1] == ["s3", "s4", "s5"]
        fake.score(["s3", "s4"])
        await until(pilot, lambda: app.session.pictures is not None, "the wrong sample")
        await settle(pilot)
        assert opened(app) == "s4"
        assert "looking" not in text_of(app).splitlines()[0]


async def test_the_wait_for_a_wrong_sample_ends_when_all_are_right() -> None:
    app, fake = fake_app(held=["scores"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "n")
        fake.score([f"s{n}" for n in range(6)])
        await settle(pilot)
        assert opened(app) == "s0"
        assert messages_of(app) == ["no mispredicted sample after this one"]
        assert "looking" not in text_of(app).splitlines()[0]


async def test_the_wait_for_a_wrong_sample_ends_when_scoring_fails() -> None:
    app, fake = fake_app(held=["scores"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "n")
        fake.fail_scoring("out of memory")
        await settle(pilot)
        assert "looking" not in text_of(app).splitlines()[0]
        assert any("out of memory" in message for message in messages_of(app))
        await press(pilot, "n")
        assert "looking" not in text_of(app).splitlines()[0], "nothing more will come"
        assert messages_of(app)[-1] == "no mispredicted sample known after this one"


@pytest.mark.parametrize("key", ["escape", "down"])
async def test_the_wait_for_a_wrong_sample_ends_when_the_user_does_something_else(key: str) -> None:
    app, fake = fake_app(held=["scores"], wrong=["s5"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "n", key)
        assert "looking" not in text_of(app).splitlines()[0]
        here = opened(app)
        fake.score(["s1", "s2", "s3", "s4", "s5"])
        await settle(pilot)
        assert opened(app) == here


async def test_without_a_prediction_no_sample_is_wrong() -> None:
    app, _ = fake_app(models=[model_info(head=None)], held=["scores"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "n")
        assert messages_of(app) == ["this model makes no prediction, so none is wrong"]


async def test_search_narrows_the_list_and_enter_opens_the_hit() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "slash", *"G", "space", "3")
        await until(pilot, lambda: app.inspector.samples.row_count == 1, "the search")
        assert "samples 1 of 6 with 'G 3'" in text_in(app.inspector.samples)
        assert app.session.sample is not None
        assert app.session.sample.id == "s0", "typing opens nothing"
        await press(pilot, "enter")
        assert opened(app) == "s3"
        assert not app.inspector.search.display
        assert app.focused is app.inspector.samples


@pytest.mark.parametrize("field", ["question", "context", "answer", "id"])
async def test_search_looks_into_every_field(field: str) -> None:
    given = {"question": "q", "context": "some words here", "answer": "a", "id": "one"}
    given[field] += " Needle"
    samples = [
        sample_of(0),
        sample_of(
            1,
            question=given["question"],
            context=given["context"],
            answers=[given["answer"]],
            sample_id=given["id"],
        ),
    ]
    app, _ = fake_app(datasets=[dataset_of(samples)])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "slash", *"needle", "enter")
        assert app.session.sample is samples[1]


async def test_a_search_without_a_hit_says_so_and_escape_brings_all_back() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "slash", *"zzz", "enter")
        assert messages_of(app) == ["no sample has that"]
        assert "samples 0 of 6 with 'zzz'" in text_in(app.inspector.samples)
        assert app.session.pictures is not None, "what is open stays open"
        await press(pilot, "down", "enter", "pagedown", "n")
        await press(pilot, "escape")
        assert app.inspector.samples.row_count == 6
        await press(pilot, "down")
        assert opened(app) == "s1"


async def test_escape_in_the_search_line_closes_it_and_lists_all() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "slash", *"g", "space", "3")
        await until(pilot, lambda: app.inspector.samples.row_count == 1, "the search")
        await press(pilot, "escape")
        assert app.inspector.samples.row_count == 6
        assert not app.inspector.search.display
        assert app.focused is app.inspector.samples
        assert app.session.sample is not None
        assert app.session.sample.id == "s0"


async def test_what_is_searched_for_can_be_changed_later() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "slash", *"ing", "enter", "slash")
        assert app.inspector.search.value == "ing"
        await press(pilot, "space", "2", "enter")
        assert opened(app) == "s2"


async def test_a_search_keeps_the_open_sample_under_the_cursor() -> None:
    app, _ = fake_app(datasets=[dataset_of(30)])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        for _ in range(12):
            app.inspector.action_move_down()
        await ready(pilot)
        await press(pilot, "slash", *"g", "space", "1", "enter")
        assert opened(app) == "s12"


async def test_letters_typed_into_the_search_line_are_no_commands() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "slash", *"qhlnNmdTczsobe?g0123", "space", "left", "home", "end")
        assert app.is_running
        assert app.inspector.search.value == "qhlnNmdTczsobe?g0123 "
        assert app.inspector.at_layer == 12
        assert app.screen is app.inspector


async def test_w_shows_the_windows_of_a_long_context_in_turn() -> None:
    app, _ = fake_app(windows=3, datasets=[dataset_of([sample_of(0, words=60)])])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        seen = []
        for key in ["w", "w", "w", "W", "W"]:
            await press(pilot, key)
            await ready(pilot)
            extraction = app.session.extraction
            assert extraction is not None
            seen.append(extraction.window.index)
            assert f"window {extraction.window.index + 1}/3" in text_in(app.inspector.layer_bar)
        assert seen == [1, 2, 0, 2, 1]


async def test_w_says_when_there_is_one_window_only() -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        before = len(fake.requests)
        await press(pilot, "w", "W")
        assert messages_of(app)[-1] == "the whole context fits into one window"
        assert len(fake.requests) == before


async def test_a_click_on_a_sample_opens_it() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await pilot.click(app.inspector.samples, offset=(5, 4))
        await settle(pilot)
        assert opened(app) == "s3"


async def test_enter_opens_a_cancelled_sample_again() -> None:
    app, fake = fake_app(held=["sample"])
    async with app.run_test(size=MEDIUM) as pilot:
        await settle(pilot)
        await press(pilot, "escape")
        fake.answer(fake.last("sample"))
        await settle(pilot)
        assert messages_of(app) == ["cancelled: extracting"]
        assert "cancelled: Enter on a sample" in text_in(app.inspector.scatter)
        fake.held.clear()
        await press(pilot, "enter")
        assert opened(app) == "s0"


async def test_nothing_of_the_sample_before_is_on_screen_while_the_next_is_on_its_way() -> None:
    """Panes are compared with those of a fresh app on the second sample."""
    app, fake = fake_app(wrong=["s0"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "t", "down", "down", "t")
        fake.held.add("sample")
        await press(pilot, "j")
        assert app.session.extraction is None
        screen = app.inspector
        for pane in (screen.scatter, screen.tokens, screen.neighbours):
            body = text_in(pane).splitlines()[1:-1]
            assert not any(word in line for line in body for word in ("●", "◆", "thing", "jetty"))
        assert "predicted" not in text_in(screen.text)
        assert "thing 1" in text_in(screen.text)
        fake.answer(fake.last("sample"), parts=1, end=False)
        await settle(pilot)
        assert "predicted" in text_in(screen.text)
        rows = text_in(screen.tokens).splitlines()[1:-1]
        flagged = [row for row in rows if row[1] in ">~"]
        assert flagged == [], "no token is selected in the new sample"
        assert "PCA, layer 12: being made" in text_in(screen.scatter)


async def test_every_w_counts_while_a_window_is_still_on_its_way() -> None:
    app, service = fake_app(windows=5)
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        service.held.add("sample")
        await press(pilot, "w", "w", "w")
        assert service.requests[-1].what == ("s0", 3)
        await press(pilot, "W")
        assert service.requests[-1].what == ("s0", 2)


async def test_p_lists_what_was_skipped_and_why() -> None:
    bad = tuple(Problem(f"line {n}", "no 'question' in it") for n in range(3, 6))
    app, _ = fake_app(datasets=[replace(dataset_of(4), problems=bad, skipped=3)])
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "p")
        shown = text_of(app)
        assert "3 records skipped, 4 usable." in shown
        assert all(f"line {n}  no 'question' in it" in shown for n in range(3, 6))
        await press(pilot, "escape")
        assert app.screen is app.inspector


async def test_p_says_when_nothing_was_skipped() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "p")
        assert app.screen is app.inspector
        assert messages_of(app)[-1] == "nothing was skipped"


async def test_a_data_set_opened_by_its_path_is_listed_in_all_its_variants_and_marked() -> None:
    made = replace(dataset_of(3, name="own", path="far/own.json"), format="hotpotqa")
    app, service = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        service.datasets.append(made)
        app.session.open_dataset(Path("far/own.json"), "support-only")
        await settle(pilot)
        await ready(pilot)
        shown = text_in(app.inspector.picker)
        assert "own (distractor)" in shown
        assert "> own (support-only)" in shown


async def test_scoring_begun_again_leaves_out_what_has_its_marks() -> None:
    app, service = fake_app(held=["scores"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        service.score(["s0", "s1"])
        await settle(pilot)
        service.held.add("dataset")
        app.session.open_dataset(Path("nowhere"), None)
        service.fail(service.requests[-1], "no such file")
        await settle(pilot)
        assert service.left_out[-1] == {"s0", "s1"}


async def test_the_text_scrolls_to_an_answer_that_is_below_the_fold() -> None:
    long = sample_of(0, words=900)
    word = list(re.finditer(r"\S+", long.context))[890]
    answer = Answer(word.group(), Span(word.start(), word.end()))
    app, _ = fake_app(datasets=[dataset_of([replace(long, answers=(answer,))])])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await settle(pilot)
        assert app.inspector.text.scroll_offset.y > 0
