"""What the session lets through to the screen, in whatever order the engine answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bertscope_tui.analysis.projection import Recipe
from bertscope_tui.engine.jobs import Event, JobEnded, JobProgress, JobStarted, Priority
from bertscope_tui.engine.scoring import SampleScore
from bertscope_tui.inspection.snapshots import Extraction, PictureChoice, Pictures
from bertscope_tui.tui.session import Session
from tests.tui.fakes import FakeService, dataset_of, extraction_of, model_info, sample_of


@dataclass
class Screen:
    """A listener that writes down what it was told."""

    told: list[tuple[str, object]] = field(default_factory=list)
    works: list[str] = field(default_factory=list)
    session: Session | None = None

    def model_changed(self) -> None:
        assert self.session is not None
        self.told.append(("model", self.session.model.name if self.session.model else None))

    def dataset_changed(self) -> None:
        assert self.session is not None
        assert self.session.dataset is not None
        self.told.append(("dataset", self.session.dataset.name))

    def extraction_done(self, extraction: Extraction) -> None:
        self.told.append(("extraction", extraction.sample.id))

    def projection_ready(self, pictures: Pictures) -> None:
        self.told.append(("pictures", pictures.extraction.sample.id))

    def turned(self, pictures: Pictures) -> Pictures:
        return pictures

    def derived(self, kind: str, value: object) -> None:
        self.told.append((kind, value))

    def samples_scored(self, scores: tuple[SampleScore, ...]) -> None:
        self.told.append(("scores", [one.sample_id for one in scores]))

    def scoring_ended(self) -> None:
        self.told.append(("scoring ended", None))

    def work_changed(self) -> None:
        assert self.session is not None
        self.works.append(self.session.work)

    def failed(self, message: str, code: int = 1) -> None:
        self.told.append(("failed", message))

    def cancelled(self, title: str) -> None:
        self.told.append(("cancelled", title))

    def of(self, *kinds: str) -> list[object]:
        return [what for kind, what in self.told if kind in kinds]


KINDS = ("model", "dataset", "sample", "project", "scores")
PLAIN = PictureChoice(Recipe())
SPECIAL = PictureChoice(Recipe(), special=True)
OTHER = dataset_of(2, name="others", path="made/others.jsonl")


@dataclass
class Desk:
    """A session on a fake service whose answers the test gives."""

    session: Session
    service: FakeService
    screen: Screen

    def open_all(self) -> None:
        self.session.open_dataset(Path("made/samples.jsonl"), None)
        self.service.answer(self.service.last("dataset"))
        self.session.open_model("toy")
        self.service.answer(self.service.last("model"))
        self.screen.told.clear()

    def open_sample(self, number: int) -> None:
        assert self.session.dataset is not None
        self.session.open_sample(self.session.dataset.samples[number])


@pytest.fixture
def desk() -> Desk:
    screen = Screen()

    def post(event: Event) -> None:
        session.handle(event)

    service = FakeService(
        post,
        held=KINDS,
        datasets=[dataset_of(), OTHER],
        models=[model_info(), model_info("second", layers=4), model_info("bare", head=None)],
    )
    session = Session(service, screen)  # type: ignore[arg-type]
    screen.session = session
    return Desk(session, service, screen)


def test_a_sample_is_told_of_in_two_steps(desk: Desk) -> None:
    desk.open_all()
    desk.open_sample(0)
    request = desk.service.last("sample")
    desk.service.answer(request, parts=1, end=False)
    assert desk.screen.told == [("extraction", "s0")]
    assert desk.session.pictures is None
    desk.service.answer(request)
    assert desk.screen.told[-1] == ("pictures", "s0")
    assert desk.session.pictures is not None
    assert desk.session.work == ""


def test_of_two_samples_asked_for_in_quick_succession_only_the_second_is_shown(desk: Desk) -> None:
    desk.open_all()
    desk.open_sample(0)
    first = desk.service.last("sample")
    desk.open_sample(1)
    second = desk.service.last("sample")
    desk.service.answer_late(first)
    assert desk.screen.of("extraction", "pictures") == []
    assert desk.session.extraction is None
    desk.service.answer(second)
    assert desk.screen.of("extraction", "pictures") == ["s1", "s1"]
    assert desk.session.sample is not None
    assert desk.session.sample.id == "s1"


def test_an_answer_that_comes_after_a_newer_one_is_dropped(desk: Desk) -> None:
    desk.open_all()
    desk.open_sample(0)
    first = desk.service.last("sample")
    desk.open_sample(1)
    desk.service.answer(desk.service.last("sample"))
    desk.service.answer_late(first)
    assert desk.session.pictures is not None
    assert desk.session.pictures.extraction.sample.id == "s1"
    assert desk.screen.of("extraction", "pictures") == ["s1", "s1"]


def test_pictures_never_belong_to_another_sample_than_the_tokens(desk: Desk) -> None:
    desk.open_all()
    desk.open_sample(0)
    first = desk.service.last("sample")
    desk.service.answer(first, parts=1, end=False)
    desk.open_sample(1)
    assert desk.session.extraction is None
    desk.service.answer_late(first)
    assert desk.session.extraction is None
    assert desk.session.pictures is None


def test_a_model_opened_while_a_sample_is_on_its_way_drops_the_sample(desk: Desk) -> None:
    desk.open_all()
    desk.open_sample(0)
    on_its_way = desk.service.last("sample")
    desk.session.open_model("second")
    assert on_its_way.job.cancelled()
    assert desk.session.model is None
    desk.service.answer_late(on_its_way)
    assert desk.screen.of("extraction", "pictures") == []
    assert desk.session.extraction is None


def test_without_a_model_a_sample_is_only_remembered(desk: Desk) -> None:
    desk.session.open_dataset(Path("made/samples.jsonl"), None)
    desk.service.answer(desk.service.last("dataset"))
    desk.open_sample(2)
    assert [request.kind for request in desk.service.requests] == ["dataset"]
    assert desk.session.sample is not None


def test_of_two_models_asked_for_only_the_second_is_opened(desk: Desk) -> None:
    desk.open_all()
    desk.session.open_model("second")
    first = desk.service.last("model")
    desk.session.open_model("bare")
    assert first.job.cancelled()
    desk.service.answer_late(first)
    assert desk.session.model is None
    desk.service.answer(desk.service.last("model"))
    assert desk.session.model is not None
    assert desk.session.model.name == "bare"


def test_a_model_that_does_not_open_leaves_none_and_one_line(desk: Desk) -> None:
    desk.open_all()
    desk.session.open_model("second")
    desk.service.fail(desk.service.last("model"), "second: no weights in the folder")
    assert desk.screen.of("failed") == ["second: no weights in the folder"]
    assert desk.session.model is None
    assert desk.session.work == ""
    desk.session.open_model("toy")
    desk.service.answer(desk.service.last("model"))
    assert desk.session.model is not None


def test_the_data_set_stays_until_the_next_is_there(desk: Desk) -> None:
    desk.open_all()
    desk.open_sample(0)
    desk.service.answer(desk.service.last("sample"))
    desk.session.open_dataset(Path("made/others.jsonl"), None)
    assert desk.session.dataset is not None
    assert desk.session.dataset.name == "samples"
    assert desk.session.pictures is not None
    desk.service.answer(desk.service.last("dataset"))
    assert desk.session.dataset.name == "others"
    assert desk.session.pictures is None
    assert desk.session.sample is None


def test_a_sample_on_its_way_is_dropped_when_another_data_set_is_there(desk: Desk) -> None:
    desk.open_all()
    desk.open_sample(0)
    on_its_way = desk.service.last("sample")
    desk.session.open_dataset(Path("made/others.jsonl"), None)
    desk.service.answer(desk.service.last("dataset"))
    desk.service.answer_late(on_its_way)
    assert desk.session.extraction is None
    assert on_its_way.job.cancelled()


def test_a_data_set_that_does_not_open_leaves_the_present_one_and_its_scoring(desk: Desk) -> None:
    desk.open_all()
    before = len(desk.service.scoring)
    desk.session.open_dataset(Path("made/missing.jsonl"), None)
    desk.service.fail(desk.service.last("dataset"), "missing.jsonl: no such file")
    assert desk.session.dataset is not None
    assert desk.session.dataset.name == "samples"
    assert desk.screen.of("failed") == ["missing.jsonl: no such file"]
    # The service stopped scoring in order to open the new one.
    assert [one.name for one in desk.service.scoring[before:]] == ["samples"]


def test_the_open_sample_is_asked_for_before_the_scoring_of_all(desk: Desk) -> None:
    desk.session.open_dataset(Path("made/samples.jsonl"), None)
    desk.service.answer(desk.service.last("dataset"))
    session = desk.session

    def open_first() -> None:
        if session.model is not None:
            desk.open_sample(0)

    desk.screen.model_changed = open_first  # type: ignore[method-assign]
    session.open_model("toy")
    desk.service.answer(desk.service.last("model"))
    assert desk.service.order == ["dataset", "model", "sample", "score_all"]


def test_a_model_without_a_head_is_not_asked_for_scores(desk: Desk) -> None:
    desk.session.open_dataset(Path("made/samples.jsonl"), None)
    desk.service.answer(desk.service.last("dataset"))
    desk.session.open_model("bare")
    desk.service.answer(desk.service.last("model"))
    assert desk.service.scoring == []


def test_marks_of_the_model_before_are_dropped_while_the_next_is_opened(desk: Desk) -> None:
    desk.open_all()
    desk.session.open_model("second")
    desk.service.score(["s0", "s1"])
    assert desk.screen.of("scores") == []
    assert desk.session.scoring == ""


def test_marks_are_passed_on_and_the_end_of_scoring_is_told(desk: Desk) -> None:
    desk.open_all()
    assert desk.session.marks_due
    desk.service.score(["s0", "s1"])
    assert desk.screen.of("scores") == [["s0", "s1"]]
    assert desk.session.scoring == "scoring 2/6"
    desk.service.score([f"s{n}" for n in range(6)])
    assert desk.session.scoring == ""
    assert desk.screen.told[-1] == ("scoring ended", None)


def test_a_scoring_that_fails_is_told_once_and_ends(desk: Desk) -> None:
    desk.open_all()
    desk.service.score(["s0"])
    desk.service.fail_scoring("out of memory")
    assert desk.screen.of("failed") == ["out of memory"]
    assert desk.session.scoring == ""
    assert not desk.session.marks_due
    assert desk.screen.told[-1] == ("scoring ended", None)


def test_escape_cancels_what_is_waited_for_and_says_so_when_it_ended(desk: Desk) -> None:
    desk.open_all()
    assert not desk.session.cancel()
    desk.open_sample(0)
    request = desk.service.last("sample")
    assert desk.session.cancel()
    assert request.job.cancelled()
    desk.service.answer(request)
    assert desk.screen.told == [("cancelled", "extracting")]
    assert desk.session.work == ""
    assert not desk.session.cancel()


def test_a_superseded_job_ends_silently(desk: Desk) -> None:
    desk.open_all()
    desk.open_sample(0)
    first = desk.service.last("sample")
    desk.open_sample(1)
    desk.service.fail(first, "too late to matter")
    assert desk.screen.of("failed", "cancelled") == []
    assert desk.session.work == "extracting"


def test_other_tokens_in_the_picture_are_projected_without_running_the_model(desk: Desk) -> None:
    desk.open_all()
    desk.open_sample(0)
    desk.service.answer(desk.service.last("sample"))
    desk.session.reproject(SPECIAL)
    desk.service.answer(desk.service.last("project"))
    assert desk.session.pictures is not None
    assert desk.session.pictures.special
    assert [request.kind for request in desk.service.requests].count("sample") == 1
    desk.open_sample(1)
    desk.service.answer(desk.service.last("sample"))
    assert desk.session.pictures.special, "the choice holds for the next sample"


def test_a_choice_of_tokens_made_while_a_sample_is_on_its_way_holds_for_it(desk: Desk) -> None:
    desk.open_all()
    desk.open_sample(0)
    request = desk.service.last("sample")
    desk.session.reproject(SPECIAL)
    desk.service.answer(request)
    if desk.session.pictures is None or not desk.session.pictures.special:
        desk.service.answer(desk.service.last("project"))
    assert desk.session.pictures is not None
    assert desk.session.pictures.special
    assert desk.session.work == ""


def test_of_two_projections_asked_for_only_the_second_is_shown(desk: Desk) -> None:
    desk.open_all()
    desk.open_sample(0)
    desk.service.answer(desk.service.last("sample"))
    desk.session.reproject(SPECIAL)
    first = desk.service.last("project")
    desk.session.reproject(PLAIN)
    desk.service.answer(desk.service.last("project"))
    desk.service.answer_late(first)
    assert desk.session.pictures is not None
    assert not desk.session.pictures.special


def test_progress_is_shown_with_its_figures_and_only_for_what_is_waited_for(desk: Desk) -> None:
    session = desk.session
    session.open_dataset(Path("made/samples.jsonl"), None)
    job = desk.service.last("dataset").job
    assert session.work == "reading samples.jsonl"
    session.handle(JobStarted(job.id, job.title, Priority.OPEN))
    session.handle(JobProgress(job.id, "reading samples.jsonl", 12000))
    assert session.work == "reading samples.jsonl 12,000"
    session.handle(JobStarted(999, "prefetch s3", Priority.PREFETCH))
    session.handle(JobEnded(999, "prefetch s3", Priority.PREFETCH, error="no matter"))
    assert session.work == "reading samples.jsonl 12,000"
    assert desk.screen.told == []


def test_late_progress_of_pictures_that_nobody_waits_for_is_not_that_of_the_marks(
    desk: Desk,
) -> None:
    desk.open_all()
    desk.open_sample(0)
    desk.service.answer(desk.service.last("sample"))
    desk.service.score(["s0"])
    told = desk.session.scoring
    assert told.startswith("scoring 1/")
    desk.session.reproject(SPECIAL)
    left = desk.service.last("project").job
    desk.session.reproject(PLAIN)
    for done in (1, 7):
        desk.session.handle(JobProgress(left.id, "projecting by PCA", done, 7))
        desk.session.handle(JobProgress(left.id, "projecting", done, 7, Priority.PREFETCH))
        assert desk.session.scoring == told
    assert desk.session.marks_due
    assert not desk.screen.of("scoring ended")


def test_nothing_is_prefetched_or_inspected_before_both_are_open(desk: Desk) -> None:
    desk.session.prefetch([sample_of(1)])
    assert desk.service.prefetched == []
    desk.open_all()
    desk.session.prefetch([sample_of(1)])
    assert desk.service.prefetched == [["s1"]]


def test_closing_closes_the_engine(desk: Desk) -> None:
    assert desk.session.close(0.1)
    assert desk.service.closed


def test_the_fake_makes_snapshots_that_fit_together() -> None:
    extraction = extraction_of(sample_of(0, words=30), wrong=True)
    count = len(extraction.tokens)
    assert extraction.states.shape == (13, count, 8)
    assert len(extraction.roles) == len(extraction.sentences) == count
    assert {"answer", "gold", "question", "fact", "context", "special"} == set(extraction.roles)


def test_what_is_derived_of_a_sample_is_told_and_not_waited_for_any_more(desk: Desk) -> None:
    desk.open_all()
    desk.open_sample(0)
    desk.service.answer(desk.service.last("sample"))
    desk.service.held.add("sum")
    desk.session.derive("sum", "adding up", lambda job, model: 7)
    assert desk.session.work == "adding up"
    desk.service.answer(desk.service.last("sum"))
    assert desk.screen.of("sum") == [7]
    assert not desk.session.deriving("sum")
    assert desk.session.work == ""


def test_what_is_derived_of_a_sample_that_was_left_is_never_told(desk: Desk) -> None:
    desk.open_all()
    desk.open_sample(0)
    desk.service.answer(desk.service.last("sample"))
    desk.service.held.add("sum")
    desk.session.derive("sum", "adding up", lambda job, model: 7)
    late = desk.service.last("sum")
    assert desk.session.deriving("sum")
    desk.open_sample(1)
    assert late.job.cancelled()
    assert not desk.session.deriving("sum")
    desk.service.answer_late(late)
    assert desk.screen.of("sum") == []


def test_of_two_things_of_a_kind_only_the_later_is_told(desk: Desk) -> None:
    desk.open_all()
    desk.open_sample(0)
    desk.service.answer(desk.service.last("sample"))
    desk.service.held.add("sum")
    desk.session.derive("sum", "adding up", lambda job, model: 7)
    early = desk.service.last("sum")
    desk.session.derive("sum", "adding up", lambda job, model: 8)
    desk.service.answer(desk.service.last("sum"))
    desk.service.answer_late(early)
    assert desk.screen.of("sum") == [8]


def test_what_gives_way_is_no_work_that_the_user_waits_for_and_is_not_cancelled(desk) -> None:
    desk.service.held |= {"strip", "asked"}
    desk.open_all()
    desk.open_sample(0)
    desk.service.answer(desk.service.last("sample"))
    desk.session.derive("strip", "in the background", lambda job, _: "b", Priority.PREFETCH)
    assert (desk.session.work, desk.session.settled) == ("", False)
    assert not desk.session.cancel()
    desk.session.derive("asked", "asked for", lambda job, _: "a")
    assert desk.session.work == "asked for"
    assert desk.session.cancel()
    assert desk.service.last("asked").job.cancelled()
    assert not desk.service.last("strip").job.cancelled()
    desk.service.answer(desk.service.last("asked"))
    assert desk.session.work == ""
    desk.service.answer(desk.service.last("strip"))
    assert desk.session.settled
    assert desk.screen.of("strip", "asked") == ["b"]
