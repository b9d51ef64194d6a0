"""Scoring many samples: the same as one by one, in bounded memory, held up by nobody."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bertscope_tui.data.records import Answer, QASample
from bertscope_tui.engine import forward as forward_module
from bertscope_tui.engine import scoring
from bertscope_tui.engine.scoring import (
    ReadOptions,
    encode_sample,
    predict_sample,
    score,
    score_dataset,
    score_samples,
)
from bertscope_tui.errors import Cancelled, EngineError
from tests.engine.samples import SENTENCES, make_sample
from tests.tiny_models import tiny_model

OPTIONS = ReadOptions(max_tokens=96, stride=16)


def samples(count: int = 11) -> list[QASample]:
    """Samples of different lengths; some take several windows."""
    return [
        replace(
            make_sample(context=" ".join(SENTENCES * (1 + place % 4))[place:]),
            id=f"s{place}",
            answers=(Answer("mill"), Answer("garden gate")),
        )
        for place in range(count)
    ]


def alone(kind: str, sample: QASample, head: str = "span") -> tuple[str, float]:
    """What the model answers to one sample by itself."""
    model = tiny_model(kind, head)
    encoded = encode_sample(model, sample, OPTIONS)
    outputs = forward_module.forward(model, encoded.windows, hidden=False)
    prediction = predict_sample(model, encoded, outputs, OPTIONS)
    return prediction.text, score(prediction, sample).f1


@pytest.mark.parametrize("chunk", [1, 3, 512])
@pytest.mark.parametrize(
    ("kind", "head"), [("bert", "span"), ("gpt2", "span"), ("bert", "classification")]
)
def test_many_samples_are_answered_as_each_is_alone(kind, head, chunk):
    many = samples()
    found = list(score_dataset(tiny_model(kind, head), many, options=OPTIONS, chunk=chunk))
    assert [one.sample_id for one in found] == [sample.id for sample in many]
    expected = [alone(kind, sample, head) for sample in many]
    assert [(one.prediction, one.scores.f1) for one in found] == expected


def test_scoring_at_once_and_in_chunks_are_the_same():
    many = samples(5)
    model = tiny_model("bert")
    at_once = list(score_samples(model, many, options=OPTIONS))
    chunked = list(score_dataset(model, many, options=OPTIONS, chunk=2))
    assert [replace(one, probability=None) for one in chunked] == [
        replace(one, probability=None) for one in at_once
    ]
    assert [one.probability for one in chunked] == pytest.approx(
        [one.probability for one in at_once], abs=1e-4
    )


def test_long_samples_end_a_chunk_early(monkeypatch):
    held: list[int] = []
    real = forward_module.forward

    def watched(model, windows, **options):
        held.append(sum(len(window.input_ids) for window in windows))
        return real(model, windows, **options)

    monkeypatch.setattr(forward_module, "forward", watched)
    monkeypatch.setattr(scoring, "_CHUNK_TOKENS", 300)
    many = samples()
    assert len(list(score_dataset(tiny_model("bert"), many, options=OPTIONS))) == len(many)
    longest = max(
        sum(len(w.input_ids) for w in encode_sample(tiny_model("bert"), s, OPTIONS).windows)
        for s in many
    )
    assert len(held) > 3
    assert all(tokens <= max(300, longest) for tokens in held)


def test_a_sample_that_cannot_be_encoded_holds_up_nobody():
    many = samples(4)
    many[1] = replace(many[1], context="\u200b")
    found = list(score_dataset(tiny_model("bert"), many, options=OPTIONS, chunk=2))
    assert [one.error is None for one in found] == [True, False, True, True]
    assert (found[1].prediction, found[1].scores) == (None, None)
    assert "s1" in found[1].sample_id


def test_a_sample_on_which_the_network_fails_is_found_among_many(monkeypatch):
    real = forward_module._run

    def fails_on_honey(model, batch, hidden):
        asked = (t for window in batch for t in window.tokens if t.part == "question")
        if any(token.text == "honey" for token in asked):
            raise EngineError("the network failed on a window")
        return real(model, batch, hidden)

    many = samples(16)
    many[7] = replace(many[7], question="Where is honey sold?")
    monkeypatch.setattr(forward_module, "_run", fails_on_honey)
    found = list(score_dataset(tiny_model("bert"), many, options=OPTIONS))
    failed = [one.sample_id for one in found if one.error is not None]
    assert failed == ["s7"]
    assert found[7].error == "the network failed on a window"
    monkeypatch.setattr(forward_module, "_run", real)
    expected = list(score_dataset(tiny_model("bert"), many, options=OPTIONS))
    assert [one.prediction for one in found if one.error is None] == [
        one.prediction for one in expected if one.sample_id != "s7"
    ]


def test_logits_that_are_not_finite_cost_one_sample(monkeypatch):
    real = forward_module.forward

    def spoiled(model, windows, **options):
        outputs = real(model, windows, **options)
        outputs[0].start_logits[:] = np.nan
        return outputs

    monkeypatch.setattr(forward_module, "forward", spoiled)
    found = list(score_dataset(tiny_model("bert"), samples(3), options=OPTIONS))
    assert ["not finite" in (one.error or "") for one in found] == [True, False, False]


def test_progress_only_grows_and_ends_with_all():
    many = samples()
    told: list[int] = []
    list(score_dataset(tiny_model("bert"), many, options=OPTIONS, chunk=4, progress=told.append))
    assert told == sorted(told)
    assert told[-1] == len(many)
    assert {4, 8} <= set(told)


def test_cancelling_raises_before_and_between_chunks():
    many = samples()
    with pytest.raises(Cancelled):
        list(score_dataset(tiny_model("bert"), many, options=OPTIONS, cancelled=lambda: True))
    done: list[str] = []
    scores = score_dataset(
        tiny_model("bert"), many, options=OPTIONS, chunk=2, cancelled=lambda: len(done) >= 2
    )
    with pytest.raises(Cancelled):
        done.extend(one.sample_id for one in scores)
    assert done == ["s0", "s1"]


def test_nothing_to_score_is_nothing():
    assert list(score_dataset(tiny_model("bert"), [], options=OPTIONS)) == []
