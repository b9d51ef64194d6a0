"""One table of actions, and everything that is made from it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from textual.binding import Binding

from bertscope_tui.tui.actions import (
    ACTIONS,
    BESIDE_ACTIONS,
    CKA_ACTIONS,
    COMPARISON_ACTIONS,
    GROUPS,
    LABEL_ACTIONS,
    OVERVIEW_ACTIONS,
    PALETTE_KEY,
    PHASE_ACTIONS,
    PROBE_ACTIONS,
    SCAN_ACTIONS,
    SCREENS,
    TRAINING_ACTIONS,
    TRIAGE_ACTIONS,
    Action,
    bindings,
    key_table,
)
from bertscope_tui.tui.screens.cka import CkaScreen
from bertscope_tui.tui.screens.comparison import ComparisonScreen
from bertscope_tui.tui.screens.inspector import Inspector
from bertscope_tui.tui.screens.overview import OverviewScreen
from bertscope_tui.tui.screens.phases import PhasesScreen
from bertscope_tui.tui.screens.probe_labels import ProbeLabelsScreen
from bertscope_tui.tui.screens.probes import ProbesScreen
from bertscope_tui.tui.screens.scans import ScansScreen
from bertscope_tui.tui.screens.side_by_side_keys import SideBySideScreen
from bertscope_tui.tui.screens.training import TrainingScreen
from bertscope_tui.tui.screens.triage import TriageScreen
from tests.tui.support import SMALL, fake_app, press, ready, settle, text_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "keys.md"
TESTS = Path(__file__).parent
ALL = tuple(action for actions in SCREENS for action in actions)
OWNERS = {
    ACTIONS: Inspector,
    TRAINING_ACTIONS: TrainingScreen,
    SCAN_ACTIONS: ScansScreen,
    TRIAGE_ACTIONS: TriageScreen,
    OVERVIEW_ACTIONS: OverviewScreen,
    COMPARISON_ACTIONS: ComparisonScreen,
    PROBE_ACTIONS: ProbesScreen,
    LABEL_ACTIONS: ProbeLabelsScreen,
    PHASE_ACTIONS: PhasesScreen,
    BESIDE_ACTIONS: SideBySideScreen,
    CKA_ACTIONS: CkaScreen,
}

NEVER_REACH_AN_APP = {f"ctrl+{letter}" for letter in "hijmabs"}
"""Terminals and what runs in them keep these: Backspace, Tab, Enter, prefixes, flow control."""


def page() -> str:
    """Return what ``docs/keys.md`` has to be."""
    lines = [
        "# Keys",
        "",
        "Every key of the inspector and of the screens that its keys open. The same list is on the",
        "screen under `?`, and the command palette (`Ctrl+P`) has every action by name. In dialogs",
        "`Esc` closes, `Enter` chooses, `Tab` completes a path.",
        "",
        "The mouse works too: click a point, a token, a neighbour, a sample, a layer on the bar, a",
        "pane's name or an entry of the key bar; the wheel scrolls lists and zooms the picture.",
    ]
    for group, rows in key_table():
        lines += ["", f"## {group}", "", "| Key | What it does |", "|---|---|"]
        for keys, description in rows:
            shown = " or ".join(f"`{key}`" for key in keys.split("  "))
            lines.append(f"| {shown} | {description} |")
    return "\n".join(lines) + "\n"


def test_the_page_about_keys_agrees_with_the_table() -> None:
    found = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    assert found == page(), (
        "docs/keys.md is not what the table of actions says; write it again with "
        "'python -m tests.tui.test_actions'"
    )


@pytest.mark.parametrize(
    ("screen", "action"),
    [(OWNERS[actions], action) for actions in SCREENS for action in actions],
    ids=lambda value: value.name if isinstance(value, Action) else value.__name__,
)
def test_every_action_has_its_method(screen: type, action: Action) -> None:
    assert callable(getattr(screen, f"action_{action.name}", None))


@pytest.mark.parametrize(
    "bound",
    [bindings(), TriageScreen.BINDINGS, *([a.binding() for a in one] for one in SCREENS[1:])],
)
def test_no_two_actions_of_a_screen_share_a_key_or_a_name(bound: list[Binding]) -> None:
    keys = Counter(key for binding in bound for key in binding.key.split(","))
    assert [key for key, count in keys.items() if count > 1] == []
    names = Counter(binding.action for binding in bound)
    assert [name for name, count in names.items() if count > 1] == []


def test_no_key_is_one_that_terminals_keep_for_themselves() -> None:
    keys = {key for binding in bindings() for key in binding.key.split(",")}
    keys |= {key for action in ALL for key in action.keys}
    assert keys & NEVER_REACH_AN_APP == set()


def test_every_action_is_in_a_group_and_says_what_it_does() -> None:
    for action in ALL:
        assert action.group in GROUPS
        assert action.description
        assert action.description[0].isupper()
        assert not action.description.endswith(".")
        assert action.shown
    assert sum(len(rows) for _, rows in key_table()) == len(ALL) + 1


def test_the_description_of_every_key_is_pressed_in_some_test() -> None:
    """Each key of the table occurs, quoted, in the tests of this folder."""
    texts = "".join(path.read_text("utf-8") for path in TESTS.glob("test_*.py"))
    missing = [key for action in ALL for key in action.keys if f'"{key}"' not in texts]
    assert missing == []


async def test_help_lists_every_action_and_every_mark() -> None:
    app, _ = fake_app()
    async with app.run_test(size=(100, 300)) as pilot:
        await ready(pilot)
        await press(pilot, "question_mark")
        shown = text_of(app)
        for action in ALL:
            line = next(line for line in shown.splitlines() if action.description in line)
            for key in action.shown.split("  "):
                assert key in line, action
        assert PALETTE_KEY[1] in shown
        for mark in ("◆", "◇", "★", "●", "×"):
            assert mark in shown
        await press(pilot, "escape")
        assert app.screen is app.inspector


@pytest.mark.parametrize("key", ["escape", "q", "question_mark"])
async def test_help_scrolls_where_it_does_not_fit_and_closes(key: str) -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "question_mark")
        top = text_of(app)
        await press(pilot, "j", "j", "down", "pagedown")
        assert text_of(app) != top
        await press(pilot, key)
        assert app.screen is app.inspector
        assert app.is_running


async def test_the_command_palette_offers_the_actions_and_themes() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        offered = {command.title: command for command in app.get_system_commands(app.screen)}
        for action in ACTIONS:
            assert action.description in offered
        assert {f"Theme: {spec.title}" for spec in app.specs.values()} <= set(offered)
        await offered["Layer 0, the embeddings"].callback()
        await settle(pilot)
        assert app.inspector.at_layer == 0


async def test_an_action_chosen_in_the_command_palette_is_done() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "ctrl+p", *"colour")
        for _ in range(100):
            if "Colour by role" in text_of(app):
                break
            await settle(pilot)
        await press(pilot, "enter", "enter")
        await settle(pilot)
        assert app.inspector.mode == "sentences"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
