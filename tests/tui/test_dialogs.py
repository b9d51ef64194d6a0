"""Choosing models, data sets and themes; themes that are broken or not there."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input, OptionList

from bertscope_tui import paths
from bertscope_tui.themes import bundled_themes
from bertscope_tui.tui.completing import completed, completions
from bertscope_tui.tui.screens.pick import Choice, PickScreen
from tests.tui.fakes import dataset_of, entry_of, model_info, sample_of
from tests.tui.support import (
    MEDIUM,
    SMALL,
    check_layout,
    drawn,
    fake_app,
    messages_of,
    press,
    ready,
    settle,
    text_in,
    text_of,
)

OTHERS = dataset_of([sample_of(40)], name="others", path="made/others.jsonl")
MODELS = [model_info(), model_info("second", layers=4)]


def broken_theme() -> Path:
    """Put a theme file that is no TOML where the user's themes are."""
    folder = paths.config_file().parent / "themes"
    folder.mkdir(parents=True)
    path = folder / "mine.toml"
    path.write_text("name = [bold]\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("size", [SMALL, MEDIUM])
async def test_a_model_is_chosen_by_arrow_and_enter(size: tuple[int, int]) -> None:
    app, _ = fake_app(models=MODELS)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await press(pilot, "m")
        assert "open a model" in text_of(app)
        await press(pilot, "down", "enter")
        await ready(pilot)
        assert app.session.model is not None
        assert app.session.model.name == "second"


async def test_typing_narrows_the_list_of_models() -> None:
    app, _ = fake_app(models=MODELS)
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "m", *"SEC")
        assert "toy, 12 layers" not in text_of(app).split("open a model")[1]
        await press(pilot, "enter")
        await ready(pilot)
        assert app.session.model is not None
        assert app.session.model.name == "second"


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [("", "tuned"), ("toy-base", "toy-base"), ("toy", "toy-base-2")],
)
async def test_a_name_that_was_typed_comes_before_a_remark_with_it(typed: str, chosen: str) -> None:
    app, _ = fake_app(models=MODELS)
    names = [("tuned", "from toy-base"), ("toy-base-2", ""), ("toy-base", "")]
    choices = [Choice(name, remark, name, opened=name == "tuned") for name, remark in names]
    found: list[object] = []
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        app.push_screen(PickScreen("a model", choices), found.append)
        await settle(pilot)
        await press(pilot, *typed, "enter")
        assert found == [chosen]


async def test_a_click_on_a_line_of_a_dialog_chooses_it() -> None:
    app, _ = fake_app(models=MODELS)
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "m")
        await pilot.click("#pick-list", offset=(3, 1))
        await ready(pilot)
        assert app.session.model is not None
        assert app.session.model.name == "second"


async def test_a_path_that_is_typed_is_opened_as_a_model() -> None:
    app, fake = fake_app(held=["model"])
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "m", *"a/b", "enter")
        assert fake.last("model").what == "a/b"


async def test_a_path_that_is_typed_is_opened_as_a_data_set() -> None:
    app, fake = fake_app(held=["dataset"])
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "d", "tilde", *"/x", "enter")
        assert fake.last("dataset").what == (Path("~/x").expanduser(), None)


async def test_tab_completes_a_path_and_the_arrows_choose_among_what_begins_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sets" / "inner").mkdir(parents=True)
    for name in ("squad-dev.json", "squad-train.json", ".hidden"):
        (tmp_path / "sets" / name).touch()
    app, fake = fake_app(held=["dataset"])
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "d", *"./sets/s")
        assert "Tab completes a path" in text_of(app)
        listed = text_in(app.screen.query_one("#pick-list"))
        assert "./sets/squad-dev.json" in listed
        assert "./sets/squad-train.json" in listed
        await press(pilot, "tab", "d", "tab", "enter")
        assert fake.last("dataset").what == (Path("sets/squad-dev.json"), None)
        await press(pilot, "d", *"./se", "tab")
        listed = text_in(app.screen.query_one("#pick-list"))
        assert "./sets/inner/" in listed
        assert "hidden" not in listed
        await press(pilot, "up", "enter")
        assert fake.last("dataset").what == (Path("sets/squad-train.json"), None)


async def test_enter_takes_the_path_that_was_typed_though_a_line_has_it(tmp_path: Path) -> None:
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "one.json").touch()
    app, fake = fake_app(held=["dataset"])
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "d", *f"{tmp_path}/sets", "enter")
        assert fake.last("dataset").what == (tmp_path / "sets", None)


@pytest.mark.parametrize("text", ["", "no slash", "/not/there/x", "~nobody-of-this-name/", "a\0/b"])
def test_what_is_no_path_has_no_completions(text: str) -> None:
    assert completions(text) == []
    assert completed(text) == text


def test_names_that_are_not_shown_as_they_are_do_not_complete(tmp_path: Path) -> None:
    for name in ("plain", "e\x1b[2Jvil", ".dot"):
        (tmp_path / name).touch()
    assert completions(f"{tmp_path}/") == [f"{tmp_path}/plain"]
    assert completions(f"{tmp_path}/.") == [f"{tmp_path}/.dot"]


async def test_a_data_set_is_chosen_from_the_list() -> None:
    app, _ = fake_app(datasets=[dataset_of(), OTHERS])
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "d", *"oth", "enter")
        await ready(pilot)
        assert app.session.dataset is not None
        assert app.session.dataset.name == "others"
        assert app.session.sample is not None
        assert app.session.sample.id == "s40"


@pytest.mark.parametrize("key", ["m", "d", "T"])
async def test_escape_leaves_a_dialog_without_choosing(key: str) -> None:
    app, fake = fake_app(models=MODELS)
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        before, look = len(fake.requests), app.look
        await press(pilot, key, "down", "q", "tab", "escape")
        assert app.screen is app.inspector
        assert len(fake.requests) == before
        assert app.look is look


async def test_enter_on_a_list_without_a_match_chooses_nothing() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "T", *"zzz", "enter")
        assert app.screen is not app.inspector
        await press(pilot, "escape")
        assert app.look.theme.name == "dusk"


async def test_a_model_with_a_problem_is_listed_with_it_but_not_opened_at_the_start() -> None:
    damaged = entry_of(model_info("damaged"), problem="no tokenizer in the folder")
    app, _ = fake_app(models=MODELS, entries=[damaged, *map(entry_of, MODELS)])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert app.session.model is not None
        assert app.session.model.name == "toy"
        assert "damaged  no tokenizer in the" in text_of(app)
        await press(pilot, "m")
        assert "no tokenizer in the folder" in text_of(app)


async def test_without_any_model_the_app_says_so_and_stays_usable() -> None:
    app, _ = fake_app(entries=[])
    async with app.run_test(size=MEDIUM) as pilot:
        await settle(pilot)
        await settle(pilot)
        assert any("no model here" in message for message in messages_of(app))
        await press(pilot, "j", "t", "n", "left", "w", "s", "space")
        assert app.session.sample is not None
        assert app.session.sample.id == "s1"
        assert "Where is thing 1" in text_of(app)


@pytest.mark.parametrize("name", sorted(bundled_themes()))
async def test_every_theme_draws_every_pane_in_its_own_colours(name: str) -> None:
    app, _ = fake_app(options={"theme": name}, wrong=["s0"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "t", "s", "c", "c", "c", "question_mark", "escape")
        check_layout(app)
        theme = bundled_themes()[name]
        text = text_of(app)
        for role in ("answer", "gold", "question", "fact", "context"):
            assert theme.roles[role].glyph in text
        assert messages_of(app) == ["special tokens shown"]


async def test_a_theme_that_is_chosen_draws_everything_anew_and_is_saved() -> None:
    app, _ = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)

        def backgrounds() -> set[str]:
            return {
                segment.style.bgcolor.name
                for line in drawn(app)
                for segment in line
                if segment.style is not None and segment.style.bgcolor is not None
            }

        dark = backgrounds()
        await press(pilot, "T", *"paper", "enter")
        await settle(pilot)
        assert app.theme == "paper"
        assert app.look.theme.name == "paper"
        assert dark.isdisjoint(backgrounds())
        answer = bundled_themes()["paper"].roles["answer"].colour
        styles = {
            segment.style.color.name
            for line in drawn(app)
            for segment in line
            if "◆" in segment.text and segment.style is not None and segment.style.color
        }
        assert styles == {answer}
        assert tomllib.loads(paths.config_file().read_text("utf-8")) == {"theme": "paper"}


async def test_a_theme_that_cannot_be_saved_is_used_all_the_same() -> None:
    paths.config_file().parent.mkdir(parents=True, exist_ok=True)
    paths.config_file().write_text("not toml [\n", encoding="utf-8")
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        app.choose_theme("contrast")
        await settle(pilot)
        assert app.theme == "contrast"
        assert any("not saved" in message for message in messages_of(app))


async def test_a_broken_theme_file_is_reported_and_passed_over() -> None:
    path = broken_theme()
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        (message,) = messages_of(app)
        assert message.startswith("themes: theme file ")
        assert str(path) in message
        assert "mine" not in app.specs
        assert app.theme == "dusk"


async def test_a_theme_that_there_is_none_of_is_reported_and_the_first_is_used() -> None:
    app, _ = fake_app(options={"theme": "[red]nosuch"})
    async with app.run_test(size=MEDIUM, notifications=True) as pilot:
        await ready(pilot)
        (message,) = messages_of(app)
        assert "no theme '[red]nosuch'" in message
        assert "dusk" in message
        assert app.theme == "dusk"
        assert "[red]nosuch" in text_of(app)


async def test_a_theme_of_the_users_own_is_offered() -> None:
    path = broken_theme()
    own = paths.resources("themes") / "dusk.toml"
    text = own.read_text("utf-8").replace('"dusk"', '"mine"').replace("#ff6b6b", "#123456")
    path.write_text(text.replace('title = "Dusk"', 'title = "[b]Mine"'), encoding="utf-8")
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "T", *"mine")
        assert "[b]Mine" in text_of(app)
        await press(pilot, "enter")
        assert app.look.colour("answer") == "#123456"


async def test_warnings_about_the_settings_are_shown_once() -> None:
    app, _ = fake_app(options={"warnings": ("config.toml: thme: no such setting\x1b[31m",)})
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        assert messages_of(app) == ["settings: config.toml: thme: no such setting␛[31m"]


async def test_what_is_typed_after_enter_is_no_part_of_what_is_opened() -> None:
    app, fake = fake_app()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "d", *"/own/x")
        line = app.screen.query_one(Input)
        for key, character in (("enter", "\r"), ("m", "m")):  # both are there before either is read
            line.post_message(events.Key(key, character))
        await settle(pilot)
        assert fake.last("dataset").what == (Path("/own/x"), None)


async def test_the_dialogs_start_on_what_is_open_and_mark_it() -> None:
    models = [model_info("first"), model_info("second")]
    app, _ = fake_app(models=models)
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        app.session.open_model(app.listing.models[1])
        await settle(pilot)
        await press(pilot, "m")
        assert "> second" in text_of(app)
        assert "> first" not in text_of(app)
        assert app.screen.query_one(OptionList).highlighted == 1


async def test_arrows_and_enter_that_wait_together_choose_the_line_meant() -> None:
    app, fake = fake_app(models=[model_info("first"), model_info("second"), model_info("third")])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "m")
        line = app.screen.query_one(Input)
        for key in ("down", "down", "enter", "down"):
            line.post_message(events.Key(key, None))
        await settle(pilot)
        assert fake.last("model").what == "third"


async def test_a_name_typed_faster_than_the_list_narrows_is_what_opens() -> None:
    app, fake = fake_app(models=[model_info("first"), model_info("second")])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "m")
        line = app.screen.query_one(Input)
        for letter in "sec":
            line.post_message(events.Key(letter, letter))
        line.post_message(events.Key("enter", "\r"))
        await settle(pilot)
        assert fake.last("model").what == "second"
