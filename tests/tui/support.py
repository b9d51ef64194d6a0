"""Apps to drive, waiting without sleeping, and the screen as text."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

from rich.cells import cell_len
from rich.segment import Segment
from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widget import Widget

from bertscope_tui.settings import AppOptions
from bertscope_tui.tui.app import BertscopeApp
from bertscope_tui.tui.session import Session
from tests.tui.fakes import FakeService

SMALL, MEDIUM, LARGE = (80, 24), (160, 48), (240, 70)
PANES = ("samples", "text", "scatter", "tokens", "probes", "neighbours", "picker")
"""The panes in the order in which Tab visits them."""

_PATIENCE_S = 60.0


def fake_app(
    *, options: Mapping[str, Any] | None = None, **service: Any
) -> tuple[BertscopeApp, FakeService]:
    """Return an app on a `FakeService`, which takes the other arguments."""
    app = BertscopeApp(AppOptions(**(options or {})))
    fake = FakeService(app._post_event, **service)
    app.service = fake  # type: ignore[assignment]
    app.session = Session(fake, app.inspector)  # type: ignore[arg-type]
    return app, fake


def real_app(model: Path, dataset: Path, **options: Any) -> BertscopeApp:
    """Return an app that opens this model and data set with the real engine."""
    return BertscopeApp(AppOptions(model=str(model), dataset=str(dataset), device="cpu", **options))


def write_jsonl(folder: Path, records: Iterable[Mapping[str, object]], name: str = "d") -> Path:
    """Write a data set of our own format and return its path."""
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


async def until(pilot: Pilot[Any], condition: Callable[[], object], what: str) -> None:
    """Let the app work until ``condition`` holds; fail after a minute."""
    end = monotonic() + _PATIENCE_S
    while not condition():
        assert pilot.app.is_running, f"the app ended while waiting for {what}"
        assert monotonic() < end, f"waited in vain for {what}; on screen:\n{text_of(pilot.app)}"
        await pilot.pause()


async def ready(pilot: Pilot[Any]) -> BertscopeApp:
    """Wait until the open sample's pictures are on screen, and return the app."""
    app = pilot.app
    assert isinstance(app, BertscopeApp)
    await until(pilot, lambda: app.session.pictures is not None, "the pictures")
    await pilot.pause()
    return app


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys one after another, each taken in before the next, and let the app settle.

    `Pilot.press` waits twice for an idle process after each key, which takes much longer.
    """
    app = pilot.app
    for key in keys:
        name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
        character = key if len(key) == 1 else _CHARACTERS.get(key)
        app.post_message(Key(name, character))
        await settle(pilot)
    await settle(pilot)


async def settle(pilot: Pilot[Any]) -> None:
    """Let every message go round, and what follows from it, and lay the screen out."""
    app = pilot.app
    for _ in range(2):
        taken_in = asyncio.Event()
        if not app.call_later(taken_in.set):
            return  # the app is about to end
        await taken_in.wait()
        await pilot._wait_for_screen()
        app.screen._on_timer_update()


_CHARACTERS = {
    "space": " ",
    "slash": "/",
    "minus": "-",
    "plus": "+",
    "equals_sign": "=",
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "tilde": "~",
}


def drawn(app: Any) -> list[list[Segment]]:
    """Return the segments of every line on screen, dialogs and notifications included."""
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    return [[segment for strip in line for segment in strip] for line in update.strips]


def lines_of(app: Any) -> list[str]:
    """Return the screen as lines of text."""
    return ["".join(segment.text for segment in line) for line in drawn(app)]


def text_of(app: Any) -> str:
    """Return the screen as one text, without the blanks at the ends of its lines."""
    return "\n".join(line.rstrip() for line in lines_of(app))


def text_in(widget: Widget) -> str:
    """Return what is on screen where a widget is, its border included."""
    region = widget.region
    rows = drawn(widget.app)[region.y : region.bottom]
    return "\n".join(_cut(row, region.x, region.right) for row in rows)


def _cut(row: Sequence[Segment], start: int, end: int) -> str:
    *_, middle = Segment.divide(row, [start, end] if start else [end])
    return "".join(segment.text for segment in middle)


def check_layout(app: BertscopeApp) -> None:
    """Assert that every line is as wide as the screen, and that no pane lies over another."""
    width, height = app.size
    lines = lines_of(app)
    assert len(lines) == height
    for number, line in enumerate(lines):
        assert cell_len(line) == width, f"line {number} has {cell_len(line)} of {width}: {line!r}"
    ids = [*PANES, "status", "tabs", "search", "layer-bar", "keys"]
    regions = {name: app.inspector.query_one(f"#{name}").region for name in ids}
    shown = {name: region for name, region in regions.items() if region.area}
    for one, other in itertools.combinations(shown, 2):
        assert not shown[one].overlaps(shown[other]), f"{one} lies over {other}"
    for name, region in shown.items():
        assert app.screen.region.contains_region(region), f"{name} leaves the screen"


def messages_of(app: Any) -> list[str]:
    """Return the notifications that were shown so far, in order, titles before their texts."""
    return [f"{note.title}: {note.message}".removeprefix(": ") for note in app._notifications]
