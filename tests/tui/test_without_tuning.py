"""The key to the model without fine-tuning, and what the picker says of both."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bertscope_tui.models import catalog
from bertscope_tui.models.catalog import ModelEntry
from bertscope_tui.tui.app import BertscopeApp
from tests.tui.fakes import entry_of, model_info
from tests.tui.support import (
    MEDIUM,
    SMALL,
    fake_app,
    messages_of,
    press,
    ready,
    settle,
    text_of,
)


@pytest.fixture
def with_base(monkeypatch) -> tuple[BertscopeApp, Any]:
    """Return an app with a model and what it was before fine-tuning."""
    infos = [model_info("tuned"), model_info("plain", head=None), model_info("third")]

    def find_base(entry: ModelEntry) -> ModelEntry | None:
        return entry_of(infos[1]) if entry.name == "tuned" else None

    monkeypatch.setattr(catalog, "find_base", find_base)
    return fake_app(models=infos)


async def test_one_key_opens_the_model_without_fine_tuning_and_goes_back(with_base) -> None:
    app, _ = with_base
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "j", "j", "3", "g")
        for name in ("plain", "tuned", "plain"):
            await press(pilot, "B")
            await ready(pilot)
            assert app.session.model is not None
            assert app.session.model.name == name
            assert app.session.sample is not None
            assert app.session.sample.id == "s2"
            assert app.inspector.at_layer == 3


async def test_what_was_opened_since_is_not_gone_back_from(with_base) -> None:
    app, _ = with_base
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "B")
        await ready(pilot)
        await press(pilot, "m", *"third", "enter")
        await ready(pilot)
        await press(pilot, "B")
        assert app.session.model is not None
        assert app.session.model.name == "third"
        assert "names a model it was fine-tuned from" in messages_of(app)[-1]


async def test_a_base_that_is_not_on_this_machine_is_named(monkeypatch) -> None:
    monkeypatch.setattr(catalog, "find_base", lambda entry: None)
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        entry = app.session.model_entry
        assert entry is not None
        app.session.model_entry = replace(entry, base="big\x1b[31m-base")
        await press(pilot, "B")
        assert messages_of(app)[-1] == (
            "toy comes from big␛[31m-base, which is not on this machine"
        )


async def test_without_a_model_the_key_says_so() -> None:
    app, _ = fake_app(held=["model"])
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "B")
        assert "still being opened" in messages_of(app)[-1]
    app, _ = fake_app(entries=[])
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "B")
        assert "no model is open" in messages_of(app)[-1]


async def test_the_picker_shows_score_and_base() -> None:
    info = model_info("tuned")
    entry = replace(entry_of(info), base="stories-base", score=0.973, metric="f1")
    app, _ = fake_app(models=[info], entries=[entry])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "m")
        assert "tuned  toy, 12 layers, span, F1 0.97, from stories-base" in text_of(app)
