"""Whatever is pressed, and however late and in whatever order the engine answers: nothing stale.

A fake service keeps every request until the test answers it, in random order, in parts, twice,
too late or with a failure. After every step what is on screen must be of the model, the sample,
the method and the layer that were chosen last, or say that it is not there yet.
"""

from __future__ import annotations

import random
from dataclasses import astuple

import numpy as np
import pytest
from textual.pilot import Pilot

from bertscope_tui.inspection.overlays import layer_clusters, trail_of
from bertscope_tui.inspection.views import method_name
from bertscope_tui.plots.view import View
from bertscope_tui.tui.app import BertscopeApp
from tests.tui.fakes import FakeService, dataset_of, model_info, pictures_of, sample_of
from tests.tui.support import MEDIUM, SMALL, fake_app, press, ready, settle, text_in

KEYS = (
    *("v", "V", "y", "s", "o", "c", "a", "x", "e", "left", "right", "home", "end"),
    *("left_square_bracket", "right_square_bracket", "w", "escape"),
)
HELD = (
    *("model", "sample", "project", "clusters", "clusters of other layers", "nearest by layer"),
    *("phases", "lens"),
)


@pytest.mark.parametrize("size", [SMALL, MEDIUM], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("seed", range(5))
async def test_the_picture_is_always_what_was_chosen_last_or_says_it_is_not_there(
    seed: int, size: tuple[int, int]
) -> None:
    draw = random.Random(seed)
    app, fake = fake_app(
        models=[model_info(layers=4), model_info("second", layers=6)],
        datasets=[dataset_of([sample_of(n, words=12 + 4 * n) for n in range(4)])],
        outlier=True,
        windows=2,
        slow=True,
    )
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        fake.held.update(HELD)
        ended = {request.job.id for request in fake.requests}
        for _ in range(70):
            await act(draw, pilot, app, fake, ended)
            await settle(pilot)
            check(app)


async def act(
    draw: random.Random, pilot: Pilot[int], app: BertscopeApp, fake: FakeService, ended: set[int]
) -> None:
    """Do something a user could do, or have the engine answer something that has not ended."""
    what = draw.random()
    if what < 0.4:
        await press(pilot, draw.choice(KEYS))
    elif what < 0.46:
        app.inspector.open_model(draw.choice(fake.entries))
    elif what < 0.54:
        assert app.session.dataset is not None
        app.inspector.open_sample(draw.choice(app.session.dataset.samples))
    elif what < 0.6 and app.session.extraction is not None:
        app.inspector.select(draw.randrange(len(app.session.extraction.tokens)))
    else:
        pending = [one for one in fake.requests if one.kind in HELD and one.job.id not in ended]
        if not pending:
            return
        request = draw.choice(pending[-6:])
        how = draw.random()
        if how < 0.3:
            fake.answer(request, parts=draw.choice([1, 2, 3]), end=False)
            return
        ended.add(request.job.id)
        if how < 0.7 or request.kind == "model":
            fake.answer(request)
        elif how < 0.9:
            fake.answer_late(request)
        else:
            fake.fail(request, "it did not work")


def check(app: BertscopeApp) -> None:
    """Assert that what is on screen goes together."""
    screen, session = app.inspector, app.session
    extraction, pictures, picture = session.extraction, session.pictures, screen.scatter.picture
    shown = text_in(screen.scatter)
    if extraction is not None:
        assert session.model is not None
        assert extraction.model == session.model
        assert session.sample is not None
        assert extraction.sample.id == session.sample.id
    if pictures is None or screen.at_layer is None or not pictures.projection.has(screen.at_layer):
        assert picture is None, "there is none, so none is shown"
        if extraction is not None:
            name = f"{method_name(session.choice.recipe)}, layer {screen.at_layer}:"
            assert name.replace(" ", "") in "".join(shown.split()).replace("│", "")
        return
    assert extraction is not None
    assert picture is not None
    assert pictures.extraction is extraction
    choice = session.choice
    wanted = pictures_of(
        extraction, special=choice.special, outliers=choice.outliers, recipe=choice.recipe
    )
    layer = screen.at_layer
    places = wanted.projection.coordinates[layer]
    assert np.array_equal(pictures.projection.coordinates[layer], places)
    trail = None
    if screen.overlays.trail_on and screen.selected is not None:
        trail = trail_of(pictures, screen.selected)
    more = [] if trail is None else [place for place in trail.places if place is not None]
    view = View.fit([*map(tuple, places.tolist()), *more])
    assert astuple(picture.view) == pytest.approx(astuple(view), abs=1e-9)
    assert set(picture.positions) == set(
        extraction.shown(special=choice.special, outliers=choice.outliers)
    )
    first = {"pca": "PCA", "ica": "ICA", "tsne": "t-SNE"}[choice.recipe.method]
    assert first in shown.splitlines()[0]
    if screen.mode == "clusters":
        found = layer_clusters(wanted, [layer], screen.overlays.k)[0]
        legend = shown.splitlines()[-2]
        if legend.strip("│┃ "):
            assert f"{found.agreement:.2f}" in legend
            assert str(found.clusters.k) in legend
    title = screen.neighbours.border_title or ""
    if screen.overlays.side == "layers" and "by layer" in title and "'" in title:
        assert screen.selected is not None
        row = next(row for row in range(1, screen.neighbours.row_count) if row - 1 == layer)
        assert screen.neighbours.cursor == row
