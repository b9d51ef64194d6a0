"""Scanning: the answers of scoring, the same rows however it was interrupted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bertscope_tui.data.records import Answer, QASample
from bertscope_tui.engine import forward as forward_module
from bertscope_tui.engine.scanned import Scanned
from bertscope_tui.engine.scanning import Scanner
from bertscope_tui.engine.scoring import ReadOptions, encode_sample, score_dataset
from bertscope_tui.errors import Cancelled
from tests.engine.samples import SENTENCES, make_sample
from tests.engine.test_scoring import samples
from tests.engine.test_signals import many
from tests.tiny_models import KINDS, tiny_model

OPTIONS = ReadOptions(max_tokens=96, stride=16)


def rows(scanner: Scanner, cancelled=lambda: False) -> list[Scanned]:
    return [row for batch in scanner.run(cancelled) for row in batch.rows]


def in_order(found: list[Scanned]) -> list[Scanned]:
    return sorted(found, key=lambda row: row.place)


def equal(one: Scanned, other: Scanned) -> bool:
    """Say whether two rows are the same, bit for bit."""
    arrays = ("signals", "best_sentence", "lens", "vector")
    plain = ("place", "sample_id", "prediction", "scores", "sight", "window", "windows", "error")
    return all(getattr(one, name) == getattr(other, name) for name in plain) and all(
        (getattr(one, name) is None and getattr(other, name) is None)
        or np.array_equal(getattr(one, name), getattr(other, name), equal_nan=name != "lens")
        for name in arrays
    )


@pytest.mark.parametrize("head", ["span", "classification"])
@pytest.mark.parametrize("kind", ["bert", "gpt2"])
def test_a_scan_gives_the_answers_and_scores_of_scoring(kind, head):
    model = tiny_model(kind, head)
    given = samples()
    found = in_order(rows(Scanner(model, given, OPTIONS, chunk=4)))
    wanted = list(score_dataset(model, given, options=OPTIONS))
    assert [row.prediction.text for row in found] == [one.prediction for one in wanted]
    assert [row.scores for row in found] == [one.scores for one in wanted]
    assert [row.sample_id for row in found] == [one.sample_id for one in wanted]


def test_a_scan_answers_unanswerable_questions_as_scoring_does():
    given = [replace(one, impossible=place % 2 == 0) for place, one in enumerate(samples())]
    given = [replace(one, answers=()) if one.impossible else one for one in given]
    options = replace(OPTIONS, allow_null=True)
    model = tiny_model("bert")
    found = in_order(rows(Scanner(model, given, options)))
    wanted = list(score_dataset(model, given, options=options))
    assert [row.prediction.text for row in found] == [one.prediction for one in wanted]
    for row in found:
        expected = row.prediction.span
        last = (-1, -1) if expected is None else (expected.start, expected.end)
        assert tuple(row.lens[-1]) == last


@pytest.mark.parametrize("head", ["span", "classification"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_lens_on_the_last_layer_is_the_prediction_and_reads_all_layers(kind, head):
    model = tiny_model(kind, head)
    for row, sample in zip(in_order(rows(Scanner(model, many(), OPTIONS))), many(), strict=True):
        assert len(row.lens) == model.info.layers + 1
        assert np.isfinite(row.signal("lens_confidence")).all()
        if head == "classification":
            assert model.info.labels[row.lens[-1, 0]] == row.prediction.text
        else:
            start, end = row.lens[-1]
            assert sample.context[start:end] == row.prediction.text
        assert row.signal("lens_correct")[-1] == row.scores.exact_match


def test_the_lens_of_an_inner_layer_is_the_head_on_its_states():
    import torch

    model = tiny_model("gpt2")
    sample = make_sample(context=SENTENCES[0])
    (row,) = rows(Scanner(model, [sample], OPTIONS))
    (window,) = encode_sample(model, sample, OPTIONS).windows
    states = forward_module.forward(model, [window], hidden=True)[0].hidden
    with torch.inference_mode():
        network = model.network
        inner = network.transformer.ln_f(torch.from_numpy(states[1]))
        starts, ends = network.qa_outputs(inner).numpy().T.astype(np.float64)
    best, span = -np.inf, None
    tokens = [token for token in window.tokens if token.part == "context"]
    for i, first in enumerate(tokens):
        for last in tokens[i : i + OPTIONS.max_answer_tokens]:
            value = starts[first.index] + ends[last.index]
            if last.end > first.start and value > best:
                best, span = value, (first.start, last.end)
    assert tuple(row.lens[1]) == span


@pytest.mark.parametrize("stop", range(1, 60, 6))
def test_a_scan_that_is_interrupted_anywhere_goes_on_to_the_same_rows(stop):
    model, given = tiny_model("bert"), samples()
    whole = in_order(rows(Scanner(model, given, OPTIONS, chunk=5)))
    scanner, found, calls = Scanner(model, given, OPTIONS, chunk=5), [], 0

    def cancelled() -> bool:
        nonlocal calls
        calls += 1
        return calls % (stop + 40) == stop

    for _ in range(200):
        try:
            for batch in scanner.run(cancelled):
                found += batch.rows
            break
        except Cancelled:
            continue
    assert [row.place for row in in_order(found)] == list(range(len(given)))
    assert all(equal(*pair) for pair in zip(in_order(found), whole, strict=True))


@pytest.mark.parametrize("seed", range(6))
def test_a_scan_that_goes_on_after_a_kill_gives_the_very_rows_that_are_missing(seed):
    model, given = tiny_model("bert"), samples()
    whole = in_order(rows(Scanner(model, given, OPTIONS, chunk=4)))
    draw = np.random.default_rng(seed)
    finished = set(np.flatnonzero(draw.random(len(given)) < 0.5).tolist())
    rest = in_order(rows(Scanner(model, given, OPTIONS, chunk=4, finished=finished)))
    assert {row.place for row in rest} == set(range(len(given))) - finished
    assert all(equal(row, whole[row.place]) for row in rest)


@pytest.mark.parametrize("budget", [1, 200, 100_000])
def test_a_budget_holds_for_every_batch_that_has_more_than_one_window(budget, monkeypatch):
    sizes: list[tuple[int, int]] = []
    real = forward_module.padded

    def noting(model, windows):
        batch = real(model, windows)
        sizes.append(tuple(batch["input_ids"].shape))
        return batch

    monkeypatch.setattr(forward_module, "padded", noting)
    assert len(rows(Scanner(tiny_model("bert"), many(), OPTIONS, budget=budget))) == len(many())
    assert all(count == 1 or count * width <= budget for count, width in sizes)
    assert (max(count for count, _ in sizes) > 1) == (budget > 1)


def test_places_are_those_that_were_given():
    given = samples()[:3]
    found = rows(Scanner(tiny_model("bert"), given, OPTIONS, places=[7, 20, 21], finished={20}))
    assert sorted(row.place for row in found) == [7, 21]


def test_vectors_are_kept_for_those_who_want_one():
    found = in_order(
        rows(Scanner(tiny_model("bert"), samples(), OPTIONS, vectors={2, 5}.__contains__))
    )
    assert [row.place for row in found if row.vector is not None] == [2, 5]


def test_a_sample_that_cannot_be_cut_is_given_with_its_reason():
    given: list[QASample] = [*samples(2), make_sample(context="  ", answers=(Answer("x"),))]
    found = in_order(rows(Scanner(tiny_model("bert"), given, OPTIONS)))
    assert [row.error is None for row in found] == [True, True, False]
    assert found[2].signals is None
    assert found[2].right is None


def test_a_sample_on_which_the_network_fails_costs_no_other(monkeypatch):
    real = forward_module._run

    def fails_on_honey(model, batch, hidden):
        if any("honey" in [token.text for token in window.tokens] for window in batch):
            raise RuntimeError("no honey please")
        return real(model, batch, hidden)

    monkeypatch.setattr(forward_module, "_run", fails_on_honey)
    given = [
        replace(make_sample(context=context, answers=(Answer("mill"),)), id=str(place))
        for place, context in enumerate((SENTENCES[0], SENTENCES[3], SENTENCES[1], SENTENCES[2]))
    ]
    found = in_order(rows(Scanner(tiny_model("bert"), given, OPTIONS)))
    assert [row.error is not None for row in found] == [False, True, False, False]
    assert "honey" in found[1].error


def test_a_batch_that_does_not_fit_the_memory_is_scanned_in_halves(monkeypatch):
    import torch

    model, given = tiny_model("bert"), samples()
    whole = in_order(rows(Scanner(model, given, OPTIONS)))
    real = forward_module._run

    def small(model, batch, hidden):
        if len(batch) > 2:
            raise torch.OutOfMemoryError("too many")
        return real(model, batch, hidden)

    monkeypatch.setattr(forward_module, "_run", small)
    found = in_order(rows(Scanner(model, given, OPTIONS)))
    assert [row.prediction.text for row in found] == [row.prediction.text for row in whole]
    for one, other in zip(found, whole, strict=True):
        np.testing.assert_allclose(one.signals, other.signals, atol=1e-3)
