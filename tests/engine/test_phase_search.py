"""Phases over a data set as a job: the same result in pieces, and what goes before it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from bertscope_tui.analysis.projection import Recipe
from bertscope_tui.data.records import Answer, Dataset
from bertscope_tui.engine.jobs import Event, JobEnded, JobResult
from bertscope_tui.errors import Cancelled, InputError
from bertscope_tui.inspection.marking import SamplesScored
from bertscope_tui.inspection.phase_run import PhaseSurvey, find_run_phases
from bertscope_tui.inspection.phase_search import PhasesAdvanced, PhasesEnded
from bertscope_tui.inspection.service import (
    ExtractionDone,
    InspectionService,
    LoadOptions,
    ModelOpened,
)
from bertscope_tui.inspection.snapshots import PictureChoice
from tests.engine.samples import QUESTION, SENTENCES, make_sample
from tests.tiny_models import tiny_folder, tiny_model

PATIENCE_S = 60.0


def data(count: int = 6) -> Dataset:
    context = " ".join(SENTENCES)
    samples = []
    for number in range(count):
        start = context.index("mill" if number % 2 else "pears")
        answer = Answer(context[start : start + 4])
        question = f"{QUESTION} {number}"
        sample = make_sample(context=context, question=question, answers=(answer,))
        samples.append(replace(sample, id=f"q{number}"))
    return Dataset("made", "made.jsonl", "jsonl", None, tuple(samples))


class Desk:
    """A service with the events it posted."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()
        self.service = InspectionService(self._post, load_options=LoadOptions(device="cpu"))

    def _post(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def results(self, kind: type) -> list:
        values = [one.value for one in self.events if isinstance(one, JobResult)]
        return [value for value in values if isinstance(value, kind)]

    def until(self, condition) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_S), self.events


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    desk.service.open_model(str(tiny_folder("bert")))
    desk.until(lambda: desk.results(ModelOpened))
    yield desk
    assert desk.service.close(PATIENCE_S)


def test_work_that_is_put_down_at_every_layer_gives_the_same_phases() -> None:
    model, dataset = tiny_model("bert"), data()
    expected = find_run_phases(model, dataset)
    survey, asked = PhaseSurvey(model, dataset), 0

    def now_and_then() -> bool:
        nonlocal asked
        asked += 1
        return asked % 11 == 0

    stops = 0
    while True:
        try:
            found = survey.run(now_and_then)
            break
        except Cancelled:
            stops += 1
    assert stops > 2
    np.testing.assert_array_equal(found.every.scores, expected.every.scores)
    assert found.every.samples == 6
    assert found.failures == expected.failures


def test_a_search_ends_with_the_phases_of_the_command_line(desk: Desk) -> None:
    dataset = data()
    _, job = desk.service.find_phases(dataset, 4)
    desk.until(lambda: desk.results(PhasesEnded))
    (ended,) = desk.results(PhasesEnded)
    assert (ended.done, ended.error) == (4, None)
    expected = find_run_phases(tiny_model("bert"), dataset, limit=4)
    np.testing.assert_allclose(ended.found.every.scores, expected.every.scores, atol=1e-5)
    told = [(one.done, one.total) for one in desk.results(PhasesAdvanced)]
    assert told == [(n, 4) for n in range(5)]
    etas = [one.eta_seconds for one in desk.results(PhasesAdvanced)]
    assert etas[0] is None
    assert all(eta is not None and eta >= 0 for eta in etas[1:])
    desk.until(lambda: any(isinstance(e, JobEnded) and e.job == job.id for e in desk.events))


def test_a_sample_that_is_opened_and_marks_on_screen_go_before_the_rest_of_a_search(
    desk: Desk,
) -> None:
    dataset = data(40)
    desk.service.find_phases(dataset)
    desk.until(lambda: desk.results(PhasesAdvanced))
    desk.service.score_all(dataset)
    desk.service.score_first(["q7", "q3"])
    desk.service.inspect(dataset.samples[5], dataset, choice=PictureChoice(Recipe()))
    desk.until(lambda: desk.results(PhasesEnded))
    kinds = [type(one.value) for one in desk.events if isinstance(one, JobResult)]
    end = kinds.index(PhasesEnded)
    assert ExtractionDone in kinds[:end]
    first = desk.results(SamplesScored)[0]
    assert kinds.index(SamplesScored) < end
    assert {score.sample_id for score in first.scores} == {"q7", "q3"}
    assert kinds[:end].count(SamplesScored) == 1, "the other marks wait"
    assert desk.results(PhasesEnded)[0].found.every.samples == 40

    def marked() -> set[str]:
        found = desk.results(SamplesScored)
        return {score.sample_id for one in found for score in one.scores}

    desk.until(lambda: len(marked()) == 40)
    assert sum(len(one.scores) for one in desk.results(SamplesScored)) == 40, "each once"


def test_a_search_that_is_stopped_says_how_far_it_was(desk: Desk) -> None:
    search, _ = desk.service.find_phases(data(200))
    desk.until(lambda: len(desk.results(PhasesAdvanced)) > 2)
    assert search.at_work
    search.stop()
    desk.until(lambda: desk.results(PhasesEnded))
    (ended,) = desk.results(PhasesEnded)
    assert (ended.found, ended.error) == (None, None)
    assert 2 <= ended.done < 200
    assert not search.at_work


def test_opening_a_model_ends_a_search_with_the_one_before(desk: Desk) -> None:
    search, _ = desk.service.find_phases(data(200))
    desk.until(lambda: desk.results(PhasesAdvanced))
    desk.service.open_model(str(tiny_folder("gpt2")))
    desk.until(lambda: len(desk.results(ModelOpened)) == 2 and desk.results(PhasesEnded))
    assert desk.results(PhasesEnded)[0].found is None
    assert not search.at_work


def test_a_search_over_nothing_that_can_be_run_says_why(desk: Desk) -> None:
    bad = replace(data(2), samples=(make_sample(context="\u200b"), make_sample(context=" ")))
    with pytest.raises(InputError, match="no sample that the model can be run on"):
        find_run_phases(tiny_model("bert"), bad)
    desk.service.find_phases(bad)
    desk.until(lambda: desk.results(PhasesEnded))
    assert "no sample that the model can be run on" in desk.results(PhasesEnded)[0].error
