"""Probing as background work: its news, how it gives way, stops, goes on and shares a model."""

from __future__ import annotations

import threading
from dataclasses import replace
from time import monotonic, sleep

import numpy as np
import pytest

from bertscope_tui.data.probing.writing import write_probe_data
from bertscope_tui.engine.forward import forward
from bertscope_tui.engine.jobs import Engine, Priority
from bertscope_tui.engine.probe_encoding import encode_probe
from bertscope_tui.errors import ModelError
from bertscope_tui.inspection.probe_run import (
    ProbeAdvanced,
    ProbeEnded,
    ProbeKept,
    ProbeRequest,
    ProbeSource,
    Probing,
)
from bertscope_tui.models.sharing import twin
from bertscope_tui.probes import store
from tests.tiny_models import tiny_model
from tests.unit.probes.made import QUICK, entities, load, subject

_PATIENCE_S = 60.0


@pytest.fixture
def path(tmp_path):
    """A file of examples that a small network can be probed with in a moment."""
    place = tmp_path / "made.jsonl"
    write_probe_data(entities(), place)
    return place


@pytest.fixture
def engine():
    made = Engine(lambda event: None)
    yield made
    made.close(5.0)


class News:
    """What a probing told, and waiting for it."""

    def __init__(self):
        self.told = []
        self.over = threading.Event()

    def __call__(self, news):
        self.told.append(news)
        if isinstance(news, ProbeEnded):
            self.over.set()

    def end(self):
        assert self.over.wait(_PATIENCE_S)
        return self.told[-1]

    def of(self, kind):
        return [one for one in self.told if isinstance(one, kind)]


def request_of(path, **more):
    return ProbeRequest(subject(), (ProbeSource("nel", path),), QUICK, **more)


def wait_for(condition):
    end = monotonic() + _PATIENCE_S
    while not condition():
        assert monotonic() < end
        sleep(0.005)


def test_every_result_is_told_and_kept_and_then_the_end(engine, path):
    news = News()
    request = request_of(path, random=True, base=subject("gpt2"))
    Probing(engine, load, request, news).start()
    assert news.end() == ProbeEnded(3, 3)
    kept = news.of(ProbeKept)
    assert [(one.done, one.jobs) for one in kept] == [(1, 3), (2, 3), (3, 3)]
    assert [one.result.identity.random for one in kept] == [False, True, False]
    assert kept[2].result.model_path == str(subject("gpt2").path)
    assert {one.result.identity for one in kept} == {one.identity for one in store.stored()[0]}
    advanced = news.of(ProbeAdvanced)
    assert {one.progress.stage for one in advanced} >= {"states", "probes"}
    assert advanced[0].seconds_left is None, "nothing is known before the first is done"
    assert advanced[-1].seconds_left is not None


def test_what_is_kept_already_is_not_done_again(engine, path):
    first, second = News(), News()
    Probing(engine, load, request_of(path), first).start()
    first.end()
    opened = []
    Probing(engine, lambda entry: opened.append(entry) or load(entry), request_of(path), second)\
        .start()  # fmt: skip
    assert second.end() == ProbeEnded(1, 1)
    assert not opened
    assert second.of(ProbeKept)[0].result == first.of(ProbeKept)[0].result


def test_stopped_it_keeps_what_is_done_and_goes_on_there(engine, path):
    news = News()
    request = request_of(path, random=True)

    def tell(one):
        news(one)
        if isinstance(one, ProbeKept):
            probing.stop()

    probing = Probing(engine, load, request, tell)
    probing.start()
    assert news.end() == ProbeEnded(1, 2, stopped=True)
    assert len(store.stored()[0]) == 1
    again = News()
    Probing(engine, load, request, again).start()
    assert again.end() == ProbeEnded(2, 2)
    assert again.of(ProbeKept)[0].result == news.of(ProbeKept)[0].result


def test_it_waits_for_what_the_user_opens(engine, path):
    news, go_on, at_work = News(), threading.Event(), threading.Event()

    def hold(job):
        at_work.set()
        go_on.wait(_PATIENCE_S)

    def tell(one):
        news(one)
        if isinstance(one, ProbeAdvanced) and not at_work.is_set():
            engine.submit("opening a sample", hold, Priority.OPEN)
            at_work.wait(_PATIENCE_S)

    Probing(engine, load, request_of(path), tell).start()
    wait_for(at_work.is_set)
    sleep(0.1)
    before = len(news.told)
    sleep(0.3)
    assert len(news.told) <= before + 1, "at most the step that was under way"
    assert not news.over.is_set()
    go_on.set()
    assert news.end() == ProbeEnded(1, 1)


def test_it_rests_while_keys_are_pressed_and_goes_on_then(engine, path):
    news, resting = News(), threading.Event()

    def tell(one):
        news(one)
        if isinstance(one, ProbeAdvanced) and not resting.is_set():
            probing.pause()
            resting.set()

    probing = Probing(engine, load, request_of(path), tell)
    probing.start()
    wait_for(resting.is_set)
    before = len(news.told)
    for _ in range(20):
        probing.pause()
        sleep(0.02)
    assert len(news.told) <= before + 1
    assert news.end() == ProbeEnded(1, 1)


def test_while_it_waits_it_can_be_stopped(engine, path):
    news, go_on = News(), threading.Event()
    engine.submit("opening a sample", lambda job: go_on.wait(_PATIENCE_S), Priority.OPEN)
    probing = Probing(engine, load, request_of(path), news)
    probing.start()
    probing.stop()
    assert news.end() == ProbeEnded(0, 1, stopped=True)
    go_on.set()


def test_models_are_opened_on_the_engines_thread_before_its_background_work(engine, path):
    news, threads = News(), []

    def loading(entry):
        threads.append(threading.current_thread().name)
        return load(entry)

    def preempted(job):
        wait_for(job.preempted)

    engine.submit("scoring", preempted, Priority.BACKGROUND)
    Probing(engine, loading, request_of(path), news).start()
    assert news.end() == ProbeEnded(1, 1)
    assert threads == ["engine"]


def test_a_closed_engine_ends_it(path):
    engine, news = Engine(lambda event: None), News()
    engine.close(1.0)
    Probing(engine, load, request_of(path), news).start()
    assert news.end() == ProbeEnded(0, 1, stopped=True)


@pytest.mark.parametrize("where", ["model", "data"])
def test_what_goes_wrong_is_told_in_one_line(engine, path, where):
    def broken(entry):
        raise ModelError("the weights are gone")

    news = News()
    request = request_of(path)
    if where == "data":
        path.write_text("nothing\n")
    Probing(engine, broken, request, news).start()
    ended = news.end()
    assert ended.done == 0
    assert ended.error is not None
    assert "\n" not in ended.error
    assert ("the weights are gone" if where == "model" else "made.jsonl") in ended.error


def test_a_defect_is_told_and_does_not_end_the_program(engine, path):
    def broken(entry):
        raise RuntimeError("first\nsecond")

    news = News()
    Probing(engine, broken, request_of(path), news).start()
    assert news.end().error == "probing failed: RuntimeError: first"


def test_the_twin_of_a_model_has_its_weights_in_the_same_place_and_gives_the_same_states():
    model = tiny_model("bert")
    other = twin(model)
    own = {name: one.data_ptr() for name, one in model.network.named_parameters()}
    assert own == {name: one.data_ptr() for name, one in other.network.named_parameters()}
    assert not set(map(id, model.network.modules())) & set(map(id, other.network.modules()))
    assert other.tokenizer is not model.tokenizer
    windows = encode_probe(entities(), model).windows[:3]
    assert encode_probe(entities(), other).windows[:3] == windows
    for one, same in zip(
        forward(model, windows, hidden=True), forward(other, windows, hidden=True), strict=True
    ):
        np.testing.assert_array_equal(one.hidden, same.hidden)


def test_two_threads_can_run_a_model_and_its_twin_each_with_its_own_end():
    """What cancels one of them must not be asked by the other, nor on the other's thread."""
    model = tiny_model("bert")
    other = twin(model)
    windows = encode_probe(entities(), model).windows
    asked = {"engine": set(), "probing": set()}

    def run(own, name):
        def cancelled():
            asked[name].add(threading.current_thread().name)
            return False

        for _ in range(5):
            forward(own, windows, hidden=True, cancelled=cancelled, token_budget=64)

    threads = [
        threading.Thread(target=run, args=(one, name), name=name)
        for one, name in ((model, "engine"), (other, "probing"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == {"engine": {"engine"}, "probing": {"probing"}}


def test_an_engine_is_busy_before_a_priority_only_with_what_is_more_urgent(engine):
    go_on, at_work = threading.Event(), threading.Event()

    def hold(job):
        at_work.set()
        go_on.wait(_PATIENCE_S)

    assert not engine.busy_before(Priority.SCAN)
    engine.submit("marks", hold, Priority.BACKGROUND)
    at_work.wait(_PATIENCE_S)
    assert not engine.busy_before(Priority.BACKGROUND)
    assert engine.busy_before(Priority.SCAN)
    queued = engine.submit("open", lambda job: None, Priority.OPEN)
    assert engine.busy_before(Priority.BACKGROUND)
    queued.cancel()
    assert not engine.busy_before(Priority.BACKGROUND)
    go_on.set()


def test_requests_count_their_results(path):
    assert request_of(path).jobs == 1
    both = replace(request_of(path), random=True, base=subject("gpt2"))
    assert replace(both, sources=both.sources * 2).jobs == 6
