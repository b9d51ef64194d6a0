"""A second model beside the open one, on the real engine with tiny random networks."""

from __future__ import annotations

import gc
import queue
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bertscope_tui.analysis.projection import Recipe
from bertscope_tui.data.open import open_dataset
from bertscope_tui.data.records import Dataset
from bertscope_tui.engine.jobs import Event, Job, JobEnded, JobResult, JobStarted, Priority
from bertscope_tui.inspection import comparing
from bertscope_tui.inspection.beside import (
    Beside,
    BesideOpened,
    ComparisonDone,
    PairReady,
    PicturesBeside,
)
from bertscope_tui.inspection.pipeline import project
from bertscope_tui.inspection.service import ExtractionDone, InspectionService, LoadOptions
from bertscope_tui.inspection.snapshots import Extraction, PictureChoice
from tests.tiny_models import tiny_folder, tiny_model
from tests.tui.support import write_jsonl

CHOICE = PictureChoice(Recipe())


class Bench:
    """The service with a model open, and its events in order."""

    def __init__(self, dataset: Dataset) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self.service = InspectionService(self.events.put, load_options=LoadOptions(device="cpu"))
        self.dataset = dataset
        self.wait(self.service.open_model(str(tiny_folder("bert"))))
        self.beside: Beside = self.service.beside()

    def wait(self, job: Job) -> tuple[list[object], JobEnded]:
        """Return what a job made, and how it ended."""
        made = []
        while True:
            event = self.events.get(timeout=60)
            if isinstance(event, JobResult) and event.job == job.id:
                made.append(event.value)
            if isinstance(event, JobEnded) and event.job == job.id:
                return made, event

    def extraction(self, number: int = 0) -> Extraction:
        made, _ = self.wait(
            self.service.inspect(self.dataset.samples[number], self.dataset, choice=CHOICE)
        )
        return next(one.extraction for one in made if isinstance(one, ExtractionDone))

    def pair(self, extraction: Extraction, choice: PictureChoice = CHOICE, **named: int):
        sample = self.dataset.samples[self.dataset.place(extraction.sample.id) or 0]
        return self.wait(self.beside.pair(extraction, choice, sample, self.dataset, **named))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    context = "The lantern maker walked to the mill. Mary carried a basket. John left the kitchen."
    records = [
        {
            "id": f"q{n}",
            "question": f"Where did number {n} go?",
            "context": context,
            "answers": ["mill"],
        }
        for n in range(12)
    ]
    made = Bench(open_dataset(write_jsonl(tmp_path, records)))
    yield made
    assert made.service.close(20.0)


def test_the_second_model_sees_the_sample_and_its_pictures_are_those_it_makes_alone(bench) -> None:
    made, ended = bench.wait(bench.beside.open(str(tiny_folder("gpt2"))))
    assert ended.error is None
    (opened,) = made
    assert isinstance(opened, BesideOpened)
    assert opened.free is None or opened.free > 0
    extraction = bench.extraction()
    made, _ = bench.pair(extraction, layer=0)
    assert isinstance(made[0], PairReady)
    pair = made[0].pair
    assert pair.extraction(0) is extraction
    assert pair.extraction(1).model == opened.info
    pictures = made[-1]
    assert isinstance(pictures, PicturesBeside)
    assert pictures.pictures.complete
    alone = project(pair.extraction(1)).projection
    np.testing.assert_allclose(
        pictures.pictures.projection.coordinates, alone.coordinates, atol=1e-5
    )
    first = made[1]
    assert isinstance(first, PicturesBeside)
    assert first.pictures.projection.has(0), "the layer asked for comes first"


def test_other_pictures_of_a_sample_do_not_run_the_network_again(bench, monkeypatch) -> None:
    bench.wait(bench.beside.open(str(tiny_folder("gpt2"))))
    extraction = bench.extraction()
    made, _ = bench.pair(extraction)
    again, ended = bench.pair(extraction, PictureChoice(Recipe("ica"), special=True))
    assert ended.error is None
    assert again[0].pair is made[0].pair
    assert again[-1].pictures.projection.recipe == Recipe("ica")
    assert len(again[-1].pictures.projection.shown) == len(made[0].pair.extraction(1).tokens)


def test_a_model_that_does_not_fit_beside_the_open_one_is_refused_with_both_sizes(
    bench, monkeypatch
) -> None:
    monkeypatch.setattr("bertscope_tui.models.devices.free_memory", lambda device: 1000)
    made, ended = bench.wait(bench.beside.open(str(tiny_folder("gpt2"))))
    assert made == []
    assert ended.error is not None
    for part in ("gpt2", "beside bert", "cpu memory", "GB are free", "smaller model"):
        assert part in ended.error
    assert "\n" not in ended.error


def test_closing_lets_the_second_model_go_and_keeps_the_first(bench, monkeypatch) -> None:
    bench.wait(bench.beside.open(str(tiny_folder("gpt2"))))
    held = weakref.ref(bench.beside._model.network)
    extraction = bench.extraction()
    bench.pair(extraction)
    bench.wait(bench.beside.compare(bench.dataset, 2))
    bench.beside.close()
    bench.extraction(1)
    gc.collect()
    assert held() is None
    made, ended = bench.pair(extraction)
    assert (made, ended.cancelled) == ([], True)


def test_the_comparison_over_data_is_that_of_the_command_line(bench) -> None:
    bench.wait(bench.beside.open(str(tiny_folder("gpt2"))))
    made, _ = bench.wait(bench.beside.compare(bench.dataset, 5))
    (done,) = made
    assert isinstance(done, ComparisonDone)
    expected = comparing.compare(tiny_model("bert"), tiny_model("gpt2"), bench.dataset, limit=5)
    found = done.comparison
    assert (found.samples, found.units, found.scored) == (5, expected.units, expected.scored)
    assert (found.right, found.fixed, found.broken) == (
        expected.right,
        expected.fixed,
        expected.broken,
    )
    np.testing.assert_allclose(found.cka, expected.cka, atol=1e-6)
    np.testing.assert_allclose(found.change, expected.change, atol=1e-6)


def test_the_comparison_gives_way_to_what_is_opened_and_is_the_same_in_the_end(
    bench, monkeypatch
) -> None:
    bench.wait(bench.beside.open(str(tiny_folder("gpt2"))))
    made, _ = bench.wait(bench.beside.compare(bench.dataset, None))
    undisturbed = made[0].comparison
    reached, go_on = threading.Event(), threading.Event()
    step, seen = comparing.Comparing.step, []

    def slow(self, cancelled=None) -> None:
        seen.append(self.done)
        if self.done == 4 and len(seen) == 5:
            reached.set()
            assert go_on.wait(30)
        step(self, cancelled)

    monkeypatch.setattr(comparing.Comparing, "step", slow)
    job = bench.beside.compare(bench.dataset, None)
    assert reached.wait(30)
    opened = bench.service.inspect(bench.dataset.samples[7], bench.dataset, choice=CHOICE)
    go_on.set()
    order = []
    while True:
        event = bench.events.get(timeout=60)
        if isinstance(event, JobStarted | JobEnded) and event.job in (job.id, opened.id):
            order.append((type(event).__name__, event.job))
        if isinstance(event, JobResult) and isinstance(event.value, ComparisonDone):
            break
    assert order.index(("JobEnded", opened.id)) < len(order) - 1
    assert order[-1] == ("JobStarted", job.id), "it went on after the sample was there"
    np.testing.assert_allclose(event.value.comparison.cka, undisturbed.cka, atol=1e-9)
    assert seen == [0, 1, 2, 3, 4, *([4] if seen.count(4) > 1 else []), *range(5, 12)]


def test_a_comparison_that_is_stopped_ends_and_can_be_begun_anew(bench, monkeypatch) -> None:
    bench.wait(bench.beside.open(str(tiny_folder("gpt2"))))
    step = comparing.Comparing.step
    jobs: list[Job] = []

    def stopping(self, cancelled=None) -> None:
        step(self, cancelled)
        if self.done == 2:
            jobs[0].cancel()

    monkeypatch.setattr(comparing.Comparing, "step", stopping)
    gate = threading.Event()
    bench.service._engine.submit("hold", lambda job: gate.wait(30), Priority.OPEN)
    jobs.append(bench.beside.compare(bench.dataset, None))
    gate.set()
    made, ended = bench.wait(jobs[0])
    assert (made, ended.cancelled) == ([], True)
    monkeypatch.setattr(comparing.Comparing, "step", step)
    made, ended = bench.wait(bench.beside.compare(bench.dataset, 3))
    assert made[0].comparison.samples == 3
