"""The table of a scan: moving, filters, orders, marks, exports, the way to a sample and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from bertscope_tui.data.records import Answer, QASample
from bertscope_tui.errors import DiskError
from bertscope_tui.scans.locking import store_path
from bertscope_tui.scans.records import Mark
from bertscope_tui.scans.store import Store
from bertscope_tui.scans.table import Table
from bertscope_tui.tui.app import BertscopeApp
from bertscope_tui.tui.screens.page import PageScreen
from bertscope_tui.tui.screens.scans import ScansScreen
from bertscope_tui.tui.screens.triage import TriageScreen
from bertscope_tui.tui.screens.triage_forms import FormScreen
from bertscope_tui.tui.widgets.triage_detail import DetailPane
from bertscope_tui.tui.widgets.triage_table import FilterBar, TableHead, TableList
from tests.tui.fakes import dataset_of, model_info
from tests.tui.made_scans import make_scan, samples_of
from tests.tui.snapshots import compare_svg, compare_text
from tests.tui.support import (
    LARGE,
    MEDIUM,
    SMALL,
    fake_app,
    lines_of,
    messages_of,
    press,
    ready,
    settle,
    text_in,
    text_of,
    until,
)
from tests.tui.test_hostile_text import EVIL, LANGUAGES, check_harmless

SAMPLES = samples_of(60)


def app_of(samples: Sequence[QASample] = SAMPLES, **given: Any) -> BertscopeApp:
    """Return an app that has the samples open which the scans are of."""
    return fake_app(datasets=[dataset_of(samples)], **given)[0]


async def opened(pilot: Pilot[Any], keys: Sequence[str] = ()) -> TriageScreen:
    """Open the first scan's table, wait until it is read, and press keys there."""
    app = await ready(pilot)
    await press(pilot, "R")
    await until(pilot, lambda: app.scans.runs, "the scans")
    await settle(pilot)
    await press(pilot, "enter")
    screen = app.screen
    assert isinstance(screen, TriageScreen)
    await until(pilot, lambda: screen.triage.table is not None, "the table")
    await settle(pilot)
    await press(pilot, *keys)
    return screen


def place_of(screen: TriageScreen) -> int:
    """Return the place in the data set of the sample under the cursor."""
    assert screen.triage.table is not None
    assert screen.triage.selected is not None
    return int(screen.triage.table.columns.places[screen.triage.selected])


def listed(screen: TriageScreen) -> list[int]:
    """Return the places of what is listed."""
    return screen.triage.places()


def check_screen(app: BertscopeApp) -> None:
    """Assert that every line is as wide as the screen."""
    width, height = app.size
    lines = lines_of(app)
    assert len(lines) == height
    assert {cell_len(line) for line in lines} == {width}


# -- what is on screen ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(60, 20), SMALL, MEDIUM, LARGE], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_the_table_says_what_is_right_and_wrong_at_every_size(
    size: tuple[int, int], ascii_only: bool
) -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of(options={"ascii": ascii_only})
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        check_screen(app)
        table = text_in(app.screen.query_one(TableList)).splitlines()
        wrong, right = ("x", "+") if ascii_only else ("✗", "✓")
        assert table[0].split()[:2] == ["1", wrong]
        assert table[1].split()[:2] == ["2", right]
        assert "Where is thing 0" in table[0]
        assert "[all 60] wrong 20  right 40" in text_in(app.screen.query_one(FilterBar))
        head = text_in(app.screen.query_one(TableHead))
        for name in ("3F1", "4conf", "5question", "8kind", "9L"):
            assert name in head
        detail = text_in(app.screen.query_one(DetailPane))
        for word in ("why", "predicted", "gold"):
            assert word in detail
        if ascii_only:
            assert text_of(app).isascii()


async def test_a_wide_screen_has_answers_and_kinds_in_full() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of()
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await opened(pilot, ["f"])
        text = text_in(screen.list)
        assert "right-fact-wrong-span" in text
        assert SAMPLES[0].answers[0].text in text.splitlines()[0]
        assert "EM 0.667" in text_of(app)
        assert "E export" in text_of(app)


async def test_below_the_smallest_size_it_says_so() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.resize_terminal(59, 19)
        await settle(pilot)
        assert "needs at least 60×20" in text_of(app)
        await pilot.resize_terminal(100, 30)
        await settle(pilot)
        check_screen(app)
        assert "Where is thing" in text_of(app)


@pytest.mark.parametrize("size", [SMALL, MEDIUM], ids="{0[0]}x{0[1]}".format)
async def test_the_evidence_of_the_line_under_the_cursor_is_shown(size: tuple[int, int]) -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of()
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot)
        assert screen.triage.table is not None
        for _ in range(4):
            await press(pilot, "n")
            row = screen.triage.selected
            assert row is not None
            words = " ".join(text_in(screen.detail).split())
            assert screen.triage.table.columns.evidence[row][-30:] in words


async def test_long_evidence_is_shown_to_its_end_on_a_small_screen() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of()
    evidence = (
        "The question matches sentence 5, not the supporting fact (sentence 7), at every layer "
        "(0.79 against 0.27 at layer 4)."
    )
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        table = screen.triage.table
        assert table is not None
        count = len(table)
        columns = replace(
            table.columns, evidence=[evidence] * count, failures=["wrong-fact"] * count
        )
        screen.detail.show(Table(columns), 0)
        await settle(pilot)
        words = " ".join(text_in(screen.detail).split())
        assert evidence in words.replace("why ", "")
        assert "gold" in words


# -- moving ---------------------------------------------------------------------------------------


async def test_lines_are_gone_through_with_arrows_letters_pages_and_ends() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, ["down", "j"])
        assert place_of(screen) == 2
        await press(pilot, "up", "k", "k")
        assert place_of(screen) == 0
        await press(pilot, "pagedown")
        page = place_of(screen)
        assert 5 < page < 24
        assert f"thing {page} " in text_in(screen.list)
        await press(pilot, "pageup")
        assert place_of(screen) == 0
        await press(pilot, "end")
        assert place_of(screen) == 59
        assert "thing 59 " in text_in(screen.list)
        await press(pilot, "home")
        assert place_of(screen) == 0


async def test_wrong_answers_are_gone_through_both_ways_to_the_ends() -> None:
    make_scan("toy-samples", SAMPLES, wrong=[4, 17, 58])
    app = app_of()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        for place in (4, 17, 58):
            await press(pilot, "n")
            assert place_of(screen) == place
            assert f"thing {place} " in text_in(screen.list)
        await press(pilot, "n")
        assert place_of(screen) == 58
        assert "no wrong answer is listed after this one" in messages_of(app)[-1]
        await press(pilot, "N", "N")
        assert place_of(screen) == 4
        await press(pilot, "N")
        assert "before this one" in messages_of(app)[-1]


async def test_a_click_on_a_line_goes_there_and_one_on_a_heading_sorts() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await pilot.click(TableList, offset=(20, 5))
        await settle(pilot)
        assert place_of(screen) == 5
        assert app.screen is screen
        await pilot.click(TableHead, offset=(1, 0))
        await settle(pilot)
        assert screen.triage.sort.descending
        await pilot.click("#keys", offset=(1, 0))
        await settle(pilot)


# -- filters and orders ---------------------------------------------------------------------------


async def test_all_the_wrong_or_the_right_answers_are_listed_by_turns() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, ["f"])
        assert listed(screen) == list(range(0, 60, 3))
        assert "[wrong 20]" in text_in(screen.filter)
        await press(pilot, "f")
        assert listed(screen) == [place for place in range(60) if place % 3]
        await press(pilot, "f")
        assert listed(screen) == list(range(60))
        await press(pilot, "F")
        assert "[right 40]" in text_in(screen.filter)


async def test_kinds_are_listed_one_by_one_and_the_cursor_stays_on_its_sample() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, ["end", "N"])
        table, here = screen.triage.table, place_of(screen)
        assert table is not None
        kinds = [kind for kind, _ in table.kinds()]
        assert len(kinds) > 2
        for kind in kinds:
            await press(pilot, "c")
            rows = [table.columns.failures[row] for row in screen.triage.rows]
            assert set(rows) == {kind}
            assert f"kind {kind}" in text_in(screen.filter)
            if here in listed(screen):
                assert place_of(screen) == here
        await press(pilot, "c")
        assert len(listed(screen)) == 60
        await press(pilot, "C")
        assert screen.triage.wanted.kind == kinds[-1]


async def test_digits_sort_by_their_column_and_again_the_other_way_round() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of()
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await opened(pilot)
        assert screen.triage.table is not None
        columns = screen.triage.table.columns
        for digit, values in (
            ("3", columns.f1),
            ("4", columns.confidence),
            ("5", columns.questions),
            ("6", columns.predictions),
            ("7", columns.golds),
        ):
            await press(pilot, digit)
            order = [values[row] for row in screen.triage.rows]
            down = digit == "4"
            assert order == sorted(order, reverse=down)
            assert ("▼" if down else "▲") in text_in(screen.head)
            await press(pilot, digit)
            order = [values[row] for row in screen.triage.rows]
            assert order == sorted(order, reverse=not down)
            await press(pilot, "s")
            assert [values[row] for row in screen.triage.rows] == sorted(order, reverse=down)
        await press(pilot, "8", "home")
        assert columns.failures[screen.triage.rows[0]] == screen.triage.table.kinds()[0][0]
        await press(pilot, "9")
        first = columns.first_layers[screen.triage.rows[0]]
        assert first == min(layer for layer in columns.first_layers if layer >= 0)
        await press(pilot, "2")
        assert columns.right[screen.triage.rows[0]] == 0
        await press(pilot, "1")
        assert listed(screen) == list(range(60))


async def test_a_search_narrows_as_it_is_typed_and_is_left_step_by_step() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, ["slash", *"THING 4"])
        assert listed(screen) == [4, *range(40, 50)]
        await press(pilot, "2")
        assert listed(screen) == [42], "keys are letters while the line is open"
        await press(pilot, "enter")
        assert not screen.search.has_class("-open")
        assert "'THING 42': 1" in text_in(screen.filter)
        await press(pilot, "escape")
        assert len(listed(screen)) == 60
        assert place_of(screen) == 42, "the cursor stays where it was"
        await press(pilot, "slash", *"zzz", "enter")
        assert listed(screen) == []
        assert "no sample that is listed has that" in messages_of(app)[-1]
        assert "no sample is like that" in text_in(screen.list)
        for key in ("n", "j", "enter", "m", "E", "pagedown", "end", "u"):
            await press(pilot, key)
        await press(pilot, "slash", "escape")
        assert len(listed(screen)) == 60
        await press(pilot, "escape")
        assert isinstance(app.screen, ScansScreen)


async def test_letters_and_enter_that_wait_together_are_taken_in_order() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await pilot.press("slash", *"thing 7", "enter", "n")
        await settle(pilot)
        assert listed(screen) == [7]


# -- to the inspector and back --------------------------------------------------------------------


async def test_a_sample_opens_at_the_telling_layer_and_escape_comes_back_to_its_line() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of(wrong=[sample.id for sample in SAMPLES[::3]])
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, ["f", "4", "j", "j", "j"])
        triage, here = screen.triage, place_of(screen)
        assert triage.table is not None
        assert triage.selected is not None
        layer = int(triage.table.columns.first_layers[triage.selected])
        await press(pilot, "enter")
        assert app.screen is app.inspector
        await ready(pilot)
        assert app.session.sample is SAMPLES[here]
        assert app.inspector.at_layer == (layer if layer >= 0 else 12)
        assert "Esc: back to the scan" in text_of(app)
        await press(pilot, "l", "t", "escape", "escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, TriageScreen), "the table")
        back = app.screen
        assert isinstance(back, TriageScreen)
        await settle(pilot)
        assert place_of(back) == here
        assert f"thing {here} " in text_in(back.list)
        assert "[wrong 20]" in text_in(back.filter)
        assert back.triage.sort.column == "confidence"


async def test_n_in_the_inspector_goes_on_through_what_the_scan_lists() -> None:
    make_scan("toy-samples", SAMPLES)
    wrong = [sample.id for sample in SAMPLES]  # in the data set the next one would be wrong too
    app = app_of(wrong=wrong)
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, ["f", "4"])
        order, triage = listed(screen), screen.triage
        assert order != sorted(order)
        await press(pilot, "enter")
        await ready(pilot)
        for line in (1, 2):
            await press(pilot, "n")
            assert app.session.sample is SAMPLES[order[line]]
            assert triage.table is not None
            layer = int(triage.table.columns.first_layers[triage.rows[line]])
            assert app.inspector.at_layer == (layer if layer >= 0 else 12)
        await press(pilot, "N")
        assert app.session.sample is SAMPLES[order[1]]
        assert "Esc: back to the scan" in text_of(app)
        await press(pilot, "N", "N")
        assert app.session.sample is SAMPLES[order[0]]
        assert "lists no wrong answer before this one" in messages_of(app)[-1]
        await press(pilot, "n", "escape")
        back = app.screen
        assert isinstance(back, TriageScreen)
        assert place_of(back) == order[1]
        await press(pilot, "q", "q")
        assert app.screen is app.inspector
        await press(pilot, "n")
        assert app.session.sample is SAMPLES[order[1] + 1], "the scan was left"


async def test_a_right_answer_opens_at_the_last_layer() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, ["j", "enter"])
        await ready(pilot)
        assert app.session.sample is SAMPLES[1]
        assert app.inspector.at_layer == 12


async def test_the_model_and_the_data_of_the_scan_are_opened_if_others_are() -> None:
    make_scan("toy-samples", SAMPLES)
    other = dataset_of(3, name="others", path="made/others.jsonl")
    app, _ = fake_app(
        datasets=[other, dataset_of(SAMPLES)],
        models=[model_info("elsewhere"), model_info("toy")],
    )
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, ["j", "j", "enter"])
        await until(pilot, lambda: app.session.sample is SAMPLES[2], "the sample")
        await ready(pilot)
        assert app.session.model is not None
        assert app.session.model.name == "toy"
        assert app.session.dataset is not None
        assert app.session.dataset.name == "samples"
        assert app.inspector.at_layer == 12
        await press(pilot, "escape")
        assert isinstance(app.screen, TriageScreen)


async def test_a_sample_that_the_open_part_has_not_is_said() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of(SAMPLES[:5])
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, ["end", "enter"])
        assert "is not in samples as it is open" in messages_of(app)[-1]


# -- marks ----------------------------------------------------------------------------------------


async def test_tags_and_a_note_are_kept_and_taken_back_one_by_one() -> None:
    run = make_scan("toy-samples", SAMPLES)
    app = app_of()
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await opened(pilot, ["n", "m"])
        assert isinstance(app.screen, FormScreen)
        await press(pilot, *"odd, look again,odd", "tab", *"not the fact", "enter")
        assert app.screen is screen
        assert "odd, look again - not the fact" in text_in(screen.detail)
        place = place_of(screen)
        assert place == 3
        await until(pilot, lambda: _marks(run.id).get(place), "the mark in the store")
        assert _marks(run.id)[place] == Mark(("odd", "look again"), "not the fact")
        # Tags in use are offered.
        await press(pilot, "n", "m", "tab", "right", "space", "enter")
        await until(pilot, lambda: len(_marks(run.id)) == 2, "the second mark")
        assert _marks(run.id)[6] == Mark(("odd",))
        await press(pilot, "t")
        assert listed(screen) == [3, 6]
        assert "tag odd: 2" in text_in(screen.filter)
        await press(pilot, "t")
        assert listed(screen) == [3]
        await press(pilot, "t")
        assert len(listed(screen)) == 60
        await press(pilot, "end", "u")
        assert place_of(screen) == 6
        await until(pilot, lambda: len(_marks(run.id)) == 1, "the first undo")
        await press(pilot, "u")
        assert place_of(screen) == 3
        await until(pilot, lambda: not _marks(run.id), "the second undo")
        assert "marks" not in text_in(screen.detail)
        await press(pilot, "u")
        assert "no mark to take back" in messages_of(app)[-1]
        await press(pilot, "t")
        assert "no sample has a tag" in messages_of(app)[-1]


def _marks(run_id: int) -> dict[int, Mark]:
    with Store(readonly=True) as store:
        columns = store.columns(run_id)
    return {
        int(place): Mark(tags, note)
        for place, tags, note in zip(columns.places, columns.tags, columns.notes, strict=True)
        if tags or note
    }


async def test_a_tag_whose_last_mark_is_taken_back_is_listed_by_no_more() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of()
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await opened(pilot, ["n", "m", *"odd", "enter", "t"])
        assert listed(screen) == [3]
        await press(pilot, "u")
        assert len(listed(screen)) == 60
        assert "tag" not in text_in(screen.filter)
        assert place_of(screen) == 3


async def test_a_known_tag_is_taken_away_by_the_same_key_and_escape_changes_nothing() -> None:
    run = make_scan("toy-samples", SAMPLES)
    with Store() as store:
        store.mark(run.id, 0, Mark(("a", "b"), "kept"))
    app = app_of()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, ["m", "x", "escape"])
        assert screen.triage.mark_of(0) == Mark(("a", "b"), "kept")
        await press(pilot, "m", "tab", "space", "enter")
        await until(pilot, lambda: _marks(run.id)[0] == Mark(("b",), "kept"), "the mark")


async def test_a_mark_that_the_store_does_not_take_goes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_scan("toy-samples", SAMPLES)

    def full(*_: Any) -> Mark:
        raise DiskError("no space left")

    monkeypatch.setattr(Store, "mark", full)
    app = app_of()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, ["m", "x", "enter"])
        await until(pilot, lambda: "no space left" in " ".join(messages_of(app)), "the reason")
        assert screen.triage.mark_of(0) == Mark()


# -- export, rules, help --------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "md"])
async def test_what_is_listed_is_exported_in_its_order(tmp_path: Path, suffix: str) -> None:
    make_scan("toy-samples", SAMPLES)
    target = tmp_path / f"out.{suffix}"
    app = app_of()
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await opened(pilot, ["f", "4", "E", "ctrl+u"])
        await press(pilot, *str(target), "enter")
        assert app.screen is screen
        await until(pilot, lambda: messages_of(app), "the answer")
        assert "20 samples are in" in messages_of(app)[-1]
        text = target.read_text("utf-8")
        order = [text.index(f"thing {place} ") for place in listed(screen)]
        assert order == sorted(order)
        if suffix == "jsonl":
            lines = [json.loads(line) for line in text.splitlines()]
            assert [line["place"] for line in lines] == listed(screen)


async def test_a_file_is_only_replaced_when_that_is_said_twice(tmp_path: Path) -> None:
    make_scan("toy-samples", SAMPLES)
    target = tmp_path / "out.md"
    target.write_text("mine", encoding="utf-8")
    app = app_of()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, ["E", "ctrl+u"])
        await press(pilot, *str(tmp_path / "out.txt"), "enter")
        assert "which format" in text_of(app)
        await press(pilot, "ctrl+u", *str(tmp_path), "enter")
        assert isinstance(app.screen, FormScreen)
        await press(pilot, "ctrl+u", *str(target), "enter")
        assert "Enter again replaces it" in text_of(app)
        assert target.read_text("utf-8") == "mine"
        await press(pilot, "enter")
        await until(pilot, lambda: target.read_text("utf-8") != "mine", "the new file")


async def test_an_export_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, ["E", "ctrl+u"])
        await press(pilot, *str(tmp_path / "nowhere" / "out.csv"), "enter")
        await until(pilot, lambda: messages_of(app), "the reason")
        assert "cannot be written" in messages_of(app)[-1]


async def test_the_rules_are_on_a_page_and_help_begins_with_the_keys_of_the_table() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of()
    async with app.run_test(size=MEDIUM) as pilot:
        screen = await opened(pilot, ["i"])
        assert isinstance(app.screen, PageScreen)
        text = " ".join(text_of(app).split())
        assert "wrong supporting fact" in text
        assert "low confidence" in text
        await press(pilot, "escape", "question_mark")
        assert "Samples of a scan" in "".join(lines_of(app)[:6])
        await press(pilot, "escape")
        assert app.screen is screen
        offered = {command.title for command in app.get_system_commands(app.screen)}
        assert "Mark a sample with tags and a note" in offered
        await press(pilot, "q")
        assert isinstance(app.screen, ScansScreen)


# -- text of others, large runs, what goes wrong --------------------------------------------------


@pytest.mark.parametrize("size", [(60, 20), MEDIUM], ids="{0[0]}x{0[1]}".format)
async def test_no_text_of_a_data_set_is_obeyed(size: tuple[int, int]) -> None:
    texts = [EVIL, *LANGUAGES.values()]
    samples = [
        replace(
            sample,
            id=f"{text}{number}",
            question=text,
            answers=(Answer(text, sample.answers[0].span),),
        )
        for number, (text, sample) in enumerate(zip(texts, SAMPLES, strict=False))
    ]
    run = make_scan("toy-samples", samples, wrong=[0, 1, 2])
    with Store() as store:
        for place, text in enumerate(texts):
            store.mark(run.id, place, Mark((text.replace(",", ""),), text))
    app = app_of()
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot)
        for key in ("j", "t", "t", "m", "escape", "slash", "escape", "5", "7", "n"):
            await press(pilot, key)
            check_screen(app)
            check_harmless(app)
        assert screen.triage.table is not None
        for line in range(len(samples)):
            await press(pilot, "j")
            check_screen(app)
            check_harmless(app)
            assert line < len(samples)


async def test_no_key_needs_more_than_what_is_on_screen_of_a_large_run() -> None:
    samples = samples_of(5000)
    make_scan("toy-samples", samples, wrong=range(0, 5000, 40), classified=False)
    app = app_of(samples)
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, ["end", "N"])
        assert place_of(screen) == 4960
        drawn = 0
        before = screen.list.row

        def counted(index: int, width: int) -> Any:
            nonlocal drawn
            drawn += 1
            return before(index, width)

        screen.list.row = counted  # type: ignore[method-assign]
        await press(pilot, "f", "4", "n")
        assert 0 < drawn < 200


async def test_a_store_that_is_damaged_is_said_and_nothing_ends() -> None:
    store_path().parent.mkdir(parents=True, exist_ok=True)
    store_path().write_bytes(b"this is no database, but it is long enough to be one" * 100)
    app = app_of()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "R")
        await until(pilot, lambda: messages_of(app), "the reason")
        assert "not a database" in messages_of(app)[-1]
        assert "no scan yet" in text_of(app)
        await press(pilot, "enter", "q")
        assert app.screen is app.inspector


async def test_a_part_of_a_run_is_sorted_into_kinds_when_it_is_opened() -> None:
    make_scan("toy-samples", SAMPLES, done=30, classified=False)
    app = app_of()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        assert screen.triage.table is not None
        assert len(screen.triage.table) == 30
        assert sum(count for _, count in screen.triage.table.kinds()) == 10
        assert "stopped at 30/60" in text_of(app)


# -- as a whole -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, MEDIUM], ids="{0[0]}x{0[1]}".format)
async def test_the_table_as_a_picture(size: tuple[int, int]) -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of()
    async with app.run_test(size=size) as pilot:
        await opened(pilot, ["f", "4", "n", "n"])
        compare_svg(app, f"triage-{size[0]}x{size[1]}")


async def test_the_table_in_ascii_as_text() -> None:
    make_scan("toy-samples", SAMPLES)
    app = app_of(options={"ascii": True})
    async with app.run_test(size=(60, 20)) as pilot:
        await opened(pilot, ["c"])
        compare_text(app, "triage-ascii")
