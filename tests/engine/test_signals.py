"""The signals of a scan against a slow computation from their definitions, pair by pair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bertscope_tui.data.open import open_dataset
from bertscope_tui.data.records import Answer, QASample
from bertscope_tui.data.sentences import sentence_spans
from bertscope_tui.engine.forward import forward
from bertscope_tui.engine.roles import sentence_ids
from bertscope_tui.engine.scanned import SIGNALS, Scanned
from bertscope_tui.engine.scanning import Scanner
from bertscope_tui.engine.scoring import ReadOptions, encode_sample
from bertscope_tui.models.loading import LoadedModel, load_model
from bertscope_tui.paths import resources
from tests.engine.samples import SENTENCES, make_sample, span_of
from tests.reference import signals as slow
from tests.tiny_models import tiny_model

OPTIONS = ReadOptions(max_tokens=96, stride=16)


def told(place: int, text: str, fact: int, *, repeats: int = 1) -> QASample:
    """A sample with sentences, a supporting fact and a gold answer; lengths differ by place."""
    context = " ".join(SENTENCES[place % 4 :] + SENTENCES * repeats)
    sentences = tuple(sentence_spans(context))
    gold = span_of(context, text)
    return replace(
        make_sample(context=context, answers=(Answer(text, gold),)),
        id=f"s{place}",
        sentences=sentences,
        supporting=(sentences[fact],),
    )


def many() -> list[QASample]:
    return [
        told(0, "the old mill", 0),
        told(1, "garden gate", 2),
        told(2, "a basket of pears", 1),
        told(3, "42 kinds", 0, repeats=3),
        told(1, "winter", 3, repeats=2),
    ]


def scan(model: LoadedModel, samples: list[QASample], options: ReadOptions) -> list[Scanned]:
    scanner = Scanner(model, samples, options, vectors=lambda place: True)
    return sorted((row for batch in scanner.run() for row in batch.rows), key=lambda r: r.place)


def expected(model: LoadedModel, sample: QASample, row: Scanned, options: ReadOptions):
    """Return the signals without those of the lens, the best sentences and the mean vectors."""
    encoded = encode_sample(model, sample, options)
    window = encoded.windows[row.window]
    states = forward(model, [window], hidden=True)[0].hidden.astype(np.float64)
    ordinary = [token.index for token in window.tokens if token.part != "special"]
    shown = slow.shown_tokens(states, ordinary)
    part = {token.index: token.part for token in window.tokens}
    question = [index for index in shown if part[index] == "question"]
    context = [index for index in shown if part[index] == "context"]
    own = sentence_ids(window, encoded.sample)

    def touching(spans) -> set[int]:
        return {
            token.index
            for token in window.tokens
            if token.index in context
            and any(
                token.start < s.end and max(token.end, token.start + 1) > s.start for s in spans
            )
        }

    span = row.prediction.span
    signals = np.full((7, len(states)), np.nan)
    best = np.full(len(states), -1)
    means = []
    for layer, state in enumerate(states):
        vectors = slow.centred(state, shown)
        means.append(sum(state[token] for token in shown) / len(shown))

        def match(of, vectors=vectors):
            return slow.match(vectors, question, context, of)

        each = [
            match({index for index in context if own[index] == place})
            for place in range(len(sample.sentences))
        ]
        known = sorted((value for value in each if not np.isnan(value)), reverse=True)
        signals[0, layer] = match(touching(sample.supporting))
        if row.predicted_sentence is not None:
            signals[1, layer] = each[row.predicted_sentence]
        if known:
            signals[2, layer] = known[0]
            best[layer] = int(np.nanargmax(each))
        if len(known) > 1:
            signals[3, layer] = known[0] - known[1]
        if span is not None:
            signals[4, layer] = slow.separation(vectors, touching([span]))
        gold = [answer.span for answer in sample.answers if answer.span is not None]
        signals[5, layer] = slow.separation(vectors, touching(gold))
        signals[6, layer] = slow.homogeneity(vectors)
    return signals, best, np.stack(means)


def compare(model: LoadedModel, samples: list[QASample], options: ReadOptions) -> None:
    for sample, row in zip(samples, scan(model, samples, options), strict=True):
        assert row.error is None
        signals, best, means = expected(model, sample, row, options)
        np.testing.assert_allclose(row.signals[:7], signals, atol=1e-3, err_msg=sample.id)
        np.testing.assert_allclose(row.vector, means, rtol=2e-3, atol=2e-3)
        close = signals[3] < 1e-3  # two sentences that match alike may change places
        assert (row.best_sentence == best)[~close].all()


@pytest.mark.parametrize("kind", ["bert", "gpt2", "roberta", "llama", "modernbert"])
def test_signals_are_those_of_their_definitions(kind):
    compare(tiny_model(kind), many(), OPTIONS)


def test_signals_of_the_bundled_models_are_those_of_their_definitions():
    dataset = open_dataset(resources("sample_data") / "stories")
    samples = list(dataset.samples[::60])
    for name in ("stories-bert", "stories-gpt2"):
        model = load_model(resources("sample_data") / "models" / name, device="cpu")
        compare(model, samples, ReadOptions().for_dataset(dataset))


def test_signals_do_not_depend_on_what_else_is_in_the_batch():
    model, samples = tiny_model("bert"), many()
    together = scan(model, samples, OPTIONS)
    for place, sample in enumerate(samples):
        (alone,) = scan(model, [sample], OPTIONS)
        np.testing.assert_allclose(alone.signals, together[place].signals, atol=1e-3)


def test_what_cannot_be_computed_is_missing_and_nothing_else():
    bare = make_sample(answers=(Answer("nowhere to be found"),))
    (row,) = scan(tiny_model("bert"), [bare], OPTIONS)
    missing = {name for name in SIGNALS if np.isnan(row.signal(name)).all()}
    assert missing == {
        "fact_match", "predicted_match", "best_match", "best_margin", "gold_separation"
    }  # fmt: skip
    assert (row.best_sentence == -1).all()
    assert np.isfinite(row.signal("homogeneity")).all()


def test_a_separation_of_one_is_that_of_any_token():
    """Over all tokens in turn, the mean squared separation is near one; by definition of it."""
    rng = np.random.default_rng(3)
    vectors = dict(enumerate(rng.normal(size=(400, 16))))
    every = [slow.separation(vectors, {token}) for token in vectors]
    assert abs(np.sqrt(np.mean(np.square(every))) - 1) < 0.02
