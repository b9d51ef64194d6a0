"""Pictures on their way: which layer comes first, who goes before them, and what is kept."""

from __future__ import annotations

import gc
from dataclasses import replace

import numpy as np
import pytest

from bertscope_tui.analysis.projection import Recipe
from bertscope_tui.engine.jobs import Engine, Event, GaveWay, Job, JobProgress, Priority
from bertscope_tui.errors import Cancelled, InputError
from bertscope_tui.inspection.picturing import PictureStore, Picturing
from bertscope_tui.inspection.pipeline import project
from bertscope_tui.inspection.snapshots import Extraction, PictureChoice, Pictures
from bertscope_tui.inspection.views import WAYS
from tests.tui.fakes import extraction_of, model_info, sample_of

CHOICES = [
    PictureChoice(Recipe(method, fit, aligned))
    for method, fit in WAYS
    for aligned in (True, False)
    if fit == "layer" or aligned
]


class Desk:
    """A job that nobody runs, and what is told of it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.engine = Engine(self.events.append)
        self.job = Job(1, "projecting", Priority.OPEN, lambda job: None, self.engine)
        self.told: list[Pictures] = []

    def run(self, picturing: Picturing) -> None:
        picturing.run(self.job, "projecting", self.told.append)

    def let_something_wait(self) -> None:
        """Queue a job without a thread that would take it up."""
        self.engine._thread = self.engine  # type: ignore[assignment]
        self.engine.submit("more urgent", lambda job: None, Priority.OPEN)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def extraction() -> Extraction:
    return extraction_of(sample_of(0), model_info(layers=4))


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: str(choice.recipe))
def test_the_layer_asked_for_comes_first_and_all_of_them_in_the_end(
    desk: Desk, extraction: Extraction, choice: PictureChoice
) -> None:
    desk.run(Picturing(extraction, choice, 2, PictureStore()))
    first = desk.told[0].projection
    assert [first.has(layer) for layer in range(5)] == [False, False, True, False, False]
    assert not desk.told[0].complete
    assert desk.told[-1].complete
    assert all(one.choice == choice for one in desk.told)
    for one in desk.told:
        place = one.projection.coordinates[2]
        assert np.array_equal(place, desk.told[-1].projection.coordinates[2]), "it stays"
    if choice.recipe.method != "tsne":
        made = project(extraction, choice.recipe)
        assert np.array_equal(desk.told[-1].projection.coordinates, made.projection.coordinates)
    assert isinstance(desk.events[-1], JobProgress)
    assert (desk.events[-1].done, desk.events[-1].total) == (5, 5)


def test_a_layer_that_the_model_does_not_have_is_taken_for_the_last(
    desk: Desk, extraction: Extraction
) -> None:
    desk.run(Picturing(extraction, CHOICES[0], 40, PictureStore()))
    assert desk.told[0].projection.has(4)


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: str(choice.recipe))
def test_after_the_first_layer_something_urgent_goes_before_and_nothing_is_made_twice(
    desk: Desk, extraction: Extraction, choice: PictureChoice
) -> None:
    alone = Desk()
    alone.run(Picturing(extraction, choice, 3, PictureStore()))
    picturing = Picturing(extraction, choice, 3, PictureStore())
    desk.let_something_wait()
    for _ in range(4):
        with pytest.raises(GaveWay):
            desk.run(picturing)
    assert desk.told[0].projection.has(3)
    desk.run(picturing)
    made = desk.told[-1].projection
    assert desk.told[-1].complete
    assert np.array_equal(made.coordinates, alone.told[-1].projection.coordinates)
    assert np.array_equal(made.trustworthiness, alone.told[-1].projection.trustworthiness)


def test_pictures_that_were_made_are_there_at_once(desk: Desk, extraction: Extraction) -> None:
    store = PictureStore()
    desk.run(Picturing(extraction, CHOICES[0], 4, store))
    made = desk.told[-1]
    desk.told.clear()
    desk.run(Picturing(extraction, CHOICES[0], 0, store))
    assert [one.projection for one in desk.told] == [made.projection]
    for other in (replace(CHOICES[0], special=True), CHOICES[1]):
        desk.told.clear()
        desk.run(Picturing(extraction, other, 0, store))
        assert len(desk.told) > 1, "others are made"


def test_pictures_of_another_extraction_of_the_same_sample_are_others(
    desk: Desk, extraction: Extraction
) -> None:
    store = PictureStore()
    desk.run(Picturing(extraction, CHOICES[0], 4, store))
    assert store.get(replace(extraction), CHOICES[0]) is None


def test_the_oldest_pictures_go_where_there_is_no_room_for_all(extraction: Extraction) -> None:
    one = project(extraction, CHOICES[0].recipe)
    store = PictureStore(int(2.5 * one.projection.coordinates.nbytes))
    for choice in CHOICES[:3]:
        store.keep(project(extraction, choice.recipe))
        assert store.get(extraction, CHOICES[0]) is not None or choice is CHOICES[2]
        store.get(extraction, CHOICES[1])
    assert store.get(extraction, CHOICES[0]) is None
    assert store.get(extraction, CHOICES[1]) is not None
    assert store.get(extraction, CHOICES[2]) is not None


def test_an_extraction_that_nobody_holds_any_more_is_not_held_by_its_pictures() -> None:
    from weakref import ref

    store = PictureStore()
    extraction = extraction_of(sample_of(1))
    store.keep(project(extraction))
    gone = ref(extraction)
    del extraction
    gc.collect()
    assert gone() is None


def test_a_cancelled_job_stops_between_two_layers_and_keeps_nothing(
    desk: Desk, extraction: Extraction
) -> None:
    store = PictureStore()
    picturing = Picturing(extraction, CHOICES[0], 4, store)

    def tell(pictures: Pictures) -> None:
        desk.told.append(pictures)
        desk.job.cancel()

    with pytest.raises(Cancelled):
        picturing.run(desk.job, "projecting", tell)
    assert len(desk.told) == 1
    assert store.get(extraction, CHOICES[0]) is None


def test_two_tokens_have_a_picture_by_every_method_but_one_which_says_why(desk: Desk) -> None:
    tiny = extraction_of(sample_of(0, question="a", context="b"), model_info(layers=2))
    assert len(tiny.shown(special=False, outliers=False)) == 2
    for choice in CHOICES:
        desk.told.clear()
        picturing = Picturing(tiny, choice, 2, PictureStore())
        if choice.recipe.method == "tsne":
            with pytest.raises(InputError, match="t-SNE needs 3 tokens at least"):
                desk.run(picturing)
        else:
            desk.run(picturing)
            assert desk.told[-1].complete


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: str(choice.recipe))
def test_three_tokens_have_a_picture_by_every_method(desk: Desk, choice: PictureChoice) -> None:
    tiny = extraction_of(sample_of(0, question="a", context="b c"), model_info(layers=2))
    assert len(tiny.shown(special=False, outliers=False)) == 3
    desk.run(Picturing(tiny, choice, 2, PictureStore()))
    assert desk.told[-1].complete
