"""Samples from a dozen to hundreds of tokens in small, default and large terminals."""

from __future__ import annotations

import pytest

from tests.tui.fakes import dataset_of, model_info, sample_of
from tests.tui.support import (
    LARGE,
    MEDIUM,
    PANES,
    SMALL,
    check_layout,
    fake_app,
    press,
    ready,
    settle,
)


@pytest.mark.parametrize("tokens", [12, 128, 512])
@pytest.mark.parametrize("size", [SMALL, MEDIUM, LARGE], ids="{0[0]}x{0[1]}".format)
async def test_nothing_lies_over_anything_else_and_no_line_is_too_long_or_short(
    size: tuple[int, int], tokens: int
) -> None:
    samples = [sample_of(n, words=tokens - 8) for n in range(3)]
    app, _ = fake_app(
        datasets=[dataset_of(samples)], models=[model_info(layers=24)], wrong=["s0", "s2"]
    )
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        assert app.session.extraction is not None
        assert len(app.session.extraction.tokens) == tokens
        check_layout(app)
        for keys in [["home"], ["c", "t"], ["1", "2", "g", "plus"], ["c", "s", "end"], ["t", "n"]]:
            await press(pilot, *keys)
            check_layout(app)
        await ready(pilot)
        if size == SMALL:
            for pane in PANES:
                app.inspector.activate(pane)
                await settle(pilot)
                check_layout(app)
        picture = app.inspector.scatter.picture
        assert picture is not None
        assert len(picture.positions) == tokens, "special tokens are shown by now"


async def test_odd_sizes_fit_as_well() -> None:
    app, _ = fake_app()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        for width in (60, 61, 100, 119, 120, 121):
            for height in (20, 21, 35, 36):
                await pilot.resize_terminal(width, height)
                await settle(pilot)
                check_layout(app)
