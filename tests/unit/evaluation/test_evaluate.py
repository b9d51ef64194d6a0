"""Sums over samples, and which samples a limit takes."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.data.open import open_dataset
from bertscope_tui.data.records import Answer, Origin, QASample
from bertscope_tui.engine.scoring import ReadOptions, SampleScore, Scores
from bertscope_tui.errors import Cancelled, InputError
from bertscope_tui.evaluation.evaluate import evaluate, evaluate_scores, spread
from bertscope_tui.evaluation.report import evaluate_object
from tests.tiny_models import tiny_model


def sample(name: str, task: str | None = None, **more: object) -> QASample:
    fields = {"answers": (Answer("mill"),), **more}
    return QASample(name, "q", "c", fields.pop("answers"), (), (), Origin("f", name),
                    task_name=task, **fields)  # fmt: skip


def scored(name: str, exact: float, f1: float | None = None) -> SampleScore:
    return SampleScore(name, "x", 0.5, Scores(exact, exact if f1 is None else f1))


def failed(name: str) -> SampleScore:
    return SampleScore(name, None, None, None, error="no memory")


def test_scores_are_means_and_a_sample_that_failed_counts_as_wrong():
    names = ["a", "b", "c", "d"]
    totals = evaluate_scores(
        [scored("a", 1), scored("b", 0, 0.5), scored("c", 0), failed("d")],
        [sample(name) for name in names],
    )
    assert (totals.count, totals.errors, totals.unscored) == (4, 1, 0)
    assert (totals.exact_match, totals.f1) == (0.25, 0.375)
    assert (totals.accuracy, totals.accuracy_interval, totals.tasks) == (None, None, {})
    low, high = totals.f1_interval
    assert 0 <= low <= 0.375 <= high <= 1


def test_an_unanswerable_question_that_could_not_be_run_is_not_right():
    question = sample("a", answers=(), impossible=True)
    assert evaluate_scores([failed("a")], [question]).exact_match == 0.0
    assert evaluate_scores([scored("a", 1)], [question]).exact_match == 1.0


def test_tasks_have_their_own_accuracy_in_the_order_of_their_numbers():
    samples = [sample("a", "15"), sample("b", "2"), sample("c", "15"), sample("d", "2")]
    scores = [scored("a", 1), scored("b", 1), scored("c", 0, 0.8), scored("d", 1)]
    totals = evaluate_scores(scores, samples)
    assert list(totals.tasks) == ["2", "15"]
    assert [(task.count, task.accuracy) for task in totals.tasks.values()] == [(2, 1.0), (2, 0.5)]
    assert totals.tasks["2"].interval == (1.0, 1.0)
    assert totals.accuracy == totals.exact_match == 0.75
    assert totals.accuracy_interval == totals.exact_match_interval


def test_labels_have_an_accuracy_without_tasks():
    totals = evaluate_scores([scored("a", 1)], [sample("a")], task="classification")
    assert (totals.accuracy, totals.tasks) == (1.0, {})


def test_questions_without_a_gold_answer_are_left_out_of_the_means():
    samples = [sample("a"), sample("b", answers=())]
    totals = evaluate_scores([scored("a", 1), SampleScore("b", "x", 0.5, None)], samples)
    assert (totals.count, totals.unscored, totals.exact_match) == (1, 1, 1.0)
    nothing = evaluate_scores([SampleScore("b", "x", 0.5, None)], samples[1:])
    assert (nothing.count, nothing.exact_match, nothing.f1_interval) == (0, None, None)


def test_scores_of_other_samples_are_refused():
    with pytest.raises(ValueError, match="b was given for a"):
        evaluate_scores([scored("b", 1)], [sample("a")])
    with pytest.raises(ValueError, match="zip"):
        evaluate_scores([scored("a", 1)], [sample("a"), sample("b")])


@given(count=st.integers(0, 300), limit=st.integers(1, 320))
def test_a_limit_takes_samples_evenly_and_the_same_ones_each_time(count, limit):
    samples = [sample(str(place)) for place in range(count)]
    taken = [int(one.id) for one in spread(samples, limit)]
    assert len(taken) == min(count, limit)
    assert taken == sorted(set(taken))
    assert taken[:1] == [0][:count]
    steps = {after - before for before, after in itertools.pairwise(taken)}
    assert not steps or max(steps) - min(steps) <= 1
    assert [int(one.id) for one in spread(samples, limit)] == taken


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(limit):
    with pytest.raises(ValueError, match="at least 1"):
        spread([sample("a")], limit)


@pytest.fixture
def dataset(tmp_path: Path):
    records = [
        {"id": f"q{place}", "question": "Where did Mary go?", "context": f"Mary saw {word}.",
         "answers": [word]}
        for place, word in enumerate(["the mill", "a garden", "pears", "bread", "cheese"])
    ]  # fmt: skip
    path = tmp_path / "words.jsonl"
    path.write_text("\n".join(map(json.dumps, [*records, {"id": "broken"}])), "utf-8")
    return open_dataset(path)


def test_an_evaluation_has_a_prediction_for_every_sample_and_says_what_was_skipped(dataset):
    broken = replace(dataset.samples[1], context="\u200b")
    dataset = replace(
        dataset, samples=(dataset.samples[0], broken, *dataset.samples[2:]), _index={}
    )
    told: list[tuple[int, int]] = []
    found = evaluate(
        tiny_model("bert"),
        dataset,
        options=ReadOptions(max_tokens=96),
        progress=lambda done, total: told.append((done, total)),
    )
    assert set(found.predictions) == {one.id for one in dataset.samples}
    assert found.predictions["q1"] == ""
    assert [one.sample_id for one in found.failures] == ["q1"]
    assert found.skipped == dataset.skipped + 1 == 2
    assert (found.totals.count, found.totals.errors) == (5, 1)
    assert told[-1] == (5, 5)
    made = evaluate_object(found)
    assert made["errors"] == [{"id": "q1", "what": found.failures[0].reason}]
    assert (made["count"], made["skipped"], made["accuracy"]) == (5, 2, None)
    assert made["questions_per_second"] > 0


def test_a_limit_is_scored_alone(dataset):
    found = evaluate(tiny_model("bert"), dataset, limit=2)
    assert set(found.predictions) == {"q0", "q2"}
    assert (found.totals.count, found.limit) == (2, 2)


def test_a_model_without_a_head_is_refused(dataset):
    with pytest.raises(InputError, match="no question-answering head"):
        evaluate(tiny_model("bert", ""), dataset)


def test_an_evaluation_can_be_cancelled(dataset):
    with pytest.raises(Cancelled):
        evaluate(tiny_model("bert"), dataset, cancelled=lambda: True)
