"""A few screens as a whole, against those that were looked at and kept."""

from __future__ import annotations

import pytest

from tests.tui.fakes import dataset_of, model_info, sample_of
from tests.tui.snapshots import compare_svg, compare_text
from tests.tui.support import MEDIUM, SMALL, fake_app, press, ready

SAMPLES = [sample_of(n, words=48) for n in range(12)]


@pytest.mark.parametrize("theme", ["dusk", "paper"])
@pytest.mark.parametrize("size", [SMALL, MEDIUM], ids="{0[0]}x{0[1]}".format)
async def test_the_inspector(size: tuple[int, int], theme: str) -> None:
    app, _ = fake_app(
        datasets=[dataset_of(SAMPLES)], wrong=["s0", "s3", "s4"], options={"theme": theme}
    )
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await press(pilot, "7", "g", "t")
        compare_svg(app, f"inspector-{theme}-{size[0]}x{size[1]}")


async def test_the_smallest_screen_as_text() -> None:
    app, _ = fake_app(datasets=[dataset_of(SAMPLES)], wrong=["s0"])
    async with app.run_test(size=(60, 20)) as pilot:
        await ready(pilot)
        compare_text(app, "smallest")


async def test_sentences_in_ascii_as_text() -> None:
    app, _ = fake_app(datasets=[dataset_of(SAMPLES)], wrong=["s0"], options={"ascii": True})
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "c", "t", "home")
        compare_text(app, "sentences-ascii")


async def test_windows_and_an_outlier_of_a_model_without_a_head_as_text() -> None:
    app, _ = fake_app(
        datasets=[dataset_of(SAMPLES)],
        models=[model_info(layers=24, head=None)],
        windows=3,
        outlier=True,
        held=["scores"],
    )
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await press(pilot, "w")
        await ready(pilot)
        compare_text(app, "windows")


async def test_help_as_text() -> None:
    app, _ = fake_app()
    async with app.run_test(size=(90, 100)) as pilot:
        await ready(pilot)
        await press(pilot, "question_mark")
        compare_text(app, "help")
