"""One thread, most urgent first, and every job comes to an end that is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from bertscope_tui.engine.jobs import (
    Engine,
    Event,
    GaveWay,
    Job,
    JobEnded,
    JobProgress,
    JobResult,
    JobStarted,
    Priority,
)
from bertscope_tui.errors import Cancelled, DataError

PATIENCE_S = 20.0
"""How long a test waits for another thread before it fails; it never takes that long."""


@dataclass
class Watched:
    """An engine and the events it posted."""

    events: list[Event] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self.engine = Engine(self._post)

    def _post(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self.threads.add(threading.current_thread().name)
            self._changed.notify_all()

    def until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_S), self.events

    def ended(self, *jobs: Job) -> list[JobEnded]:
        def ends() -> dict[int, JobEnded]:
            return {event.job: event for event in self.events if isinstance(event, JobEnded)}

        self.until(lambda: all(job.id in ends() for job in jobs))
        return [ends()[job.id] for job in jobs]

    def results(self) -> list[object]:
        return [event.value for event in self.events if isinstance(event, JobResult)]


@pytest.fixture
def watched() -> Iterator[Watched]:
    made = Watched()
    yield made
    assert made.engine.close(PATIENCE_S), "the engine's thread did not end"


class Gate:
    """A job's work that says when it began and goes on when it is let."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.opened = threading.Event()

    def __call__(self, job: Job) -> None:
        self.began.set()
        assert self.opened.wait(PATIENCE_S)

    def wait_until_it_began(self) -> None:
        assert self.began.wait(PATIENCE_S)


def test_no_thread_is_started_before_the_first_job() -> None:
    before = threading.active_count()
    engine = Engine(lambda event: None)
    assert threading.active_count() == before
    assert engine.idle()
    assert engine.close(0.0)


def test_a_job_is_started_told_of_and_ended_in_this_order_on_the_engines_thread(
    watched: Watched,
) -> None:
    def work(job: Job) -> None:
        job.progress("half", 1, 2)
        job.result("made")

    job = watched.engine.submit("a job", work, Priority.OPEN)
    watched.ended(job)
    assert watched.events == [
        JobStarted(job.id, "a job", Priority.OPEN),
        JobProgress(job.id, "half", 1, 2),
        JobResult(job.id, "made"),
        JobEnded(job.id, "a job", Priority.OPEN),
    ]
    assert watched.threads == {"engine"}


def test_more_urgent_jobs_go_first_and_equal_ones_in_the_order_they_came(watched: Watched) -> None:
    gate = Gate()
    watched.engine.submit("gate", gate, Priority.OPEN)
    gate.wait_until_it_began()
    jobs = [
        watched.engine.submit(name, lambda job, name=name: job.result(name), priority)  # type: ignore[misc]
        for name, priority in [
            ("background", Priority.BACKGROUND),
            ("prefetch 1", Priority.PREFETCH),
            ("open 1", Priority.OPEN),
            ("prefetch 2", Priority.PREFETCH),
            ("open 2", Priority.OPEN),
        ]
    ]
    gate.opened.set()
    watched.ended(*jobs)
    assert watched.results() == ["open 1", "open 2", "prefetch 1", "prefetch 2", "background"]


def test_a_job_cancelled_before_it_starts_never_runs(watched: Watched) -> None:
    gate = Gate()
    watched.engine.submit("gate", gate, Priority.OPEN)
    gate.wait_until_it_began()
    job = watched.engine.submit("never", lambda job: job.result("ran"), Priority.OPEN)
    job.cancel()
    gate.opened.set()
    (end,) = watched.ended(job)
    assert end.cancelled
    assert end.error is None
    assert watched.results() == []
    assert JobStarted(job.id, "never", Priority.OPEN) not in watched.events


def test_a_running_job_stops_at_its_next_check(watched: Watched) -> None:
    gate = Gate()

    def work(job: Job) -> None:
        gate(job)
        job.check()
        job.result("too far")

    job = watched.engine.submit("long", work, Priority.OPEN)
    gate.wait_until_it_began()
    job.cancel()
    gate.opened.set()
    (end,) = watched.ended(job)
    assert end.cancelled
    assert watched.results() == []


def test_what_a_cancelled_job_makes_is_not_handed_over(watched: Watched) -> None:
    gate = Gate()

    def work(job: Job) -> None:
        gate(job)
        job.result("nobody waits for this")

    job = watched.engine.submit("stubborn", work, Priority.OPEN)
    gate.wait_until_it_began()
    job.cancel()
    gate.opened.set()
    watched.ended(job)
    assert watched.results() == []


def test_a_job_is_preempted_only_by_a_more_urgent_one_that_is_not_cancelled(
    watched: Watched,
) -> None:
    gate = Gate()
    running = watched.engine.submit("prefetch", gate, Priority.PREFETCH)
    gate.wait_until_it_began()
    assert not running.preempted()
    watched.engine.submit("scoring", lambda job: None, Priority.BACKGROUND)
    watched.engine.submit("prefetch 2", lambda job: None, Priority.PREFETCH)
    assert not running.preempted()
    urgent = watched.engine.submit("open", lambda job: None, Priority.OPEN)
    assert running.preempted()
    assert not running.cancelled()
    urgent.cancel()
    assert not running.preempted()
    gate.opened.set()
    watched.ended(urgent)


def test_a_job_may_submit_the_rest_of_its_work_again(watched: Watched) -> None:
    left = [1, 2, 3]

    def work(job: Job) -> None:
        job.result(left.pop(0))
        if left:
            watched.engine.submit("rest", work, Priority.BACKGROUND)

    watched.engine.submit("all", work, Priority.BACKGROUND)
    watched.until(lambda: watched.results() == [1, 2, 3])


def test_an_error_for_the_user_ends_the_job_with_its_line_and_the_next_job_runs(
    watched: Watched,
) -> None:
    def work(job: Job) -> None:
        raise DataError("d.jsonl: nothing usable", remedy="look at it")

    failing = watched.engine.submit("open", work, Priority.OPEN)
    after = watched.engine.submit("after", lambda job: job.result("fine"), Priority.OPEN)
    end, _ = watched.ended(failing, after)
    assert end.error == "d.jsonl: nothing usable (look at it)"
    assert not end.cancelled
    assert watched.results() == ["fine"]


@pytest.mark.parametrize("error", [ValueError("first\nsecond"), MemoryError(), KeyError("x")])
def test_a_defect_is_one_line_and_never_the_end_of_the_engine(
    watched: Watched, error: Exception
) -> None:
    def work(job: Job) -> None:
        raise error

    failing = watched.engine.submit("scoring", work, Priority.BACKGROUND)
    after = watched.engine.submit("after", lambda job: job.result("fine"), Priority.OPEN)
    end, _ = watched.ended(failing, after)
    assert end.error is not None
    assert end.error.startswith(f"scoring failed: {type(error).__name__}")
    assert "\n" not in end.error


def test_work_that_raises_cancelled_itself_counts_as_cancelled(watched: Watched) -> None:
    def work(job: Job) -> None:
        raise Cancelled

    (end,) = watched.ended(watched.engine.submit("shy", work, Priority.OPEN))
    assert end.cancelled
    assert end.error is None


def test_closing_cancels_what_runs_and_what_waits() -> None:
    watched, gate = Watched(), Gate()

    def work(job: Job) -> None:
        gate(job)
        job.check()

    running = watched.engine.submit("running", work, Priority.OPEN)
    gate.wait_until_it_began()
    waiting = watched.engine.submit("waiting", lambda job: job.result("no"), Priority.OPEN)
    assert not watched.engine.close(0.0), "the job ignores its flag as yet"
    assert running.cancelled()
    assert waiting.cancelled()
    gate.opened.set()
    assert watched.engine.close(PATIENCE_S)
    assert watched.results() == []


def test_a_closed_engine_takes_no_more_work() -> None:
    watched = Watched()
    assert watched.engine.close(0.0)
    job = watched.engine.submit("late", lambda job: job.result("no"), Priority.OPEN)
    assert job.cancelled()
    assert watched.events == []
    assert watched.engine.idle()


def test_the_engine_says_whether_it_is_idle(watched: Watched) -> None:
    gate = Gate()
    job = watched.engine.submit("gate", gate, Priority.OPEN)
    assert not watched.engine.idle()
    gate.wait_until_it_began()
    assert not watched.engine.idle()
    gate.opened.set()
    watched.ended(job)
    last = watched.engine.submit("last", lambda job: None, Priority.OPEN)
    watched.ended(last)


def test_jobs_submitted_by_many_threads_all_end(watched: Watched) -> None:
    made: list[Job] = []
    lock = threading.Lock()

    def submit() -> None:
        for number in range(25):
            job = watched.engine.submit("one", lambda job: None, Priority(number % 3))
            with lock:
                made.append(job)

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    watched.ended(*made)
    assert len({job.id for job in made}) == 100


def test_work_that_gives_way_is_taken_up_again_when_what_is_more_urgent_is_done(watched) -> None:
    engine, log = watched.engine, []
    at_work, urgent_waits = threading.Event(), threading.Event()

    def patient(job: Job) -> None:
        log.append("patient")
        if len(log) == 1:
            at_work.set()
            assert urgent_waits.wait(PATIENCE_S)
            assert job.preempted()
            raise GaveWay
        job.result("done")

    first = engine.submit("patient", patient, Priority.PREFETCH)
    assert at_work.wait(PATIENCE_S)
    second = engine.submit("urgent", lambda job: log.append("urgent"), Priority.OPEN)
    urgent_waits.set()
    ended = watched.ended(first, second)
    assert log == ["patient", "urgent", "patient"]
    assert [one.cancelled for one in ended] == [False, False]
    assert watched.results() == ["done"]
    ends = [event.job for event in watched.events if isinstance(event, JobEnded)]
    assert sorted(ends) == [first.id, second.id], "each ends once"


def test_work_that_gave_way_can_be_cancelled_while_it_waits(watched) -> None:
    engine, runs = watched.engine, []
    at_work, go = threading.Event(), threading.Event()

    def patient(job: Job) -> None:
        runs.append(job)
        at_work.set()
        assert go.wait(PATIENCE_S)
        job.cancel()
        raise GaveWay

    job = engine.submit("patient", patient, Priority.PREFETCH)
    assert at_work.wait(PATIENCE_S)
    go.set()
    (ended,) = watched.ended(job)
    assert ended.cancelled
    assert len(runs) == 1
