"""Two bundled models side by side, on the real engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bertscope_tui.data.open import open_dataset
from bertscope_tui.inspection.comparing import compare
from bertscope_tui.models.loading import load_model
from bertscope_tui.settings import AppOptions
from bertscope_tui.tui.app import BertscopeApp
from tests.tui.support import MEDIUM, messages_of, press, ready, settle, text_in, text_of, until

MODELS = Path(__file__).parents[2] / "sample_data" / "models"
STORIES = Path(__file__).parents[2] / "sample_data" / "stories"


@pytest.mark.parametrize(
    ("first", "second"), [("stories-bert", "stories-base"), ("stories-gpt2", "stories-bert")]
)
async def test_two_bundled_models_are_seen_and_compared(first: str, second: str) -> None:
    app = BertscopeApp(AppOptions(model=str(MODELS / first), dataset=str(STORIES), device="cpu"))
    try:
        async with app.run_test(size=MEDIUM) as pilot:
            await ready(pilot)
            await press(pilot, "C", *second, "enter")
            await until(pilot, lambda: app.comparing.pictures is not None, "the second model")
            await settle(pilot)
            pair = app.comparing.pair
            assert pair is not None
            assert pair.extraction(0) is app.session.extraction
            words = [pair.text(unit) for unit in range(len(pair.units))]
            assert {"Where", "Hugo", "chapel"} <= set(words)
            await press(pilot, "t", "left", "v", "v")
            await until(
                pilot,
                lambda: (
                    app.comparing.pictures is not None
                    and app.comparing.pictures.complete
                    and app.comparing.pictures.projection.recipe.method == "ica"
                ),
                "other pictures",
            )
            await press(pilot, "t", "down")
            await until(
                pilot,
                lambda: (
                    app.comparing.pair is not None
                    and app.comparing.pair.extraction(1).sample.id
                    == app.comparing.pair.extraction(0).sample.id
                    != pair.extraction(0).sample.id
                ),
                "the next sample",
            )
            await press(pilot, "K", "backspace", "backspace", "backspace", "6", "enter")
            await until(pilot, lambda: app.comparing.found is not None, "the comparison")
            await settle(pilot)
            found = app.comparing.found
            assert found is not None
            models = [load_model(MODELS / name, device="cpu") for name in (first, second)]
            expected = compare(models[0], models[1], open_dataset(STORIES), limit=6)
            np.testing.assert_allclose(found.cka, expected.cka, atol=1e-6)
            assert (found.fixed, found.broken) == (expected.fixed, expected.broken)
            a, b = app.comparing.layers_now()
            assert a == expected.cka.shape[0] - 2, "the layer that was stepped to"
            assert f"A {a} and B {b}: CKA {expected.cka[a, b]:.3f}" in text_of(app)
            assert "layer of B" in text_in(app.screen.query_one("#heat"))
            await press(pilot, "q", "q")
            assert app.screen is app.inspector
            assert not any("did not work" in told for told in messages_of(app))
            await ready(pilot)
    finally:
        assert app.session.close(20.0)
