"""Probes applied to a sample: what they say is what they said in training of the same tokens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bertscope_tui.analysis.probing.table import SpanStates
from bertscope_tui.analysis.probing.training import logits_of
from bertscope_tui.data.probing.qa_facts import example_of, facts_of
from bertscope_tui.data.probing.records import ProbeData, ProbeTarget
from bertscope_tui.data.records import Dataset, Origin, QASample, Span
from bertscope_tui.engine.forward import forward
from bertscope_tui.engine.probe_encoding import encode_probe
from bertscope_tui.engine.scoring import ReadOptions
from bertscope_tui.errors import Cancelled, ModelError
from bertscope_tui.inspection.pipeline import extract, read
from bertscope_tui.inspection.probe_views import facts_words
from bertscope_tui.inspection.probing import SampleProbes, probe_sample
from bertscope_tui.inspection.snapshots import Extraction
from bertscope_tui.probes import store
from bertscope_tui.probes.run import Probed, probe
from tests.tiny_models import LAYERS, tiny_model
from tests.unit.probes.made import QUICK, entities, pairs

PEOPLE, THINGS = ("Mary", "John", "Nobody"), ("lantern", "apple", "basket", "cheese")


def story(number: int, sentences: int = 3) -> QASample:
    """Somebody carries something in each sentence; one of them is asked for."""
    told = [
        f"{PEOPLE[(number + n) % 3]} carried the {THINGS[(number * 2 + n) % 4]}."
        for n in range(sentences)
    ]
    places, start = [], 0
    for one in told:
        places.append(Span(start, start + len(one)))
        start += len(one) + 1
    return QASample(
        id=f"s{number}",
        question=f"Who left {told[number % sentences].split()[3]}?",
        context=" ".join(told),
        answers=(),
        sentences=tuple(places),
        supporting=(places[number % sentences],),
        origin=Origin("made.jsonl", f"line {number + 1}"),
        group=f"g{number}",
    )


def questions() -> ProbeData:
    """The questions of the stories, by whether they are about something to eat."""
    data = entities()
    made = []
    for place, one in enumerate(data.examples):
        text = f"Who left the {THINGS[place % 4]}?"
        label = "food" if THINGS[place % 4] in ("apple", "cheese") else "thing"
        made.append(
            replace(one, text=text, targets=(ProbeTarget((Span(0, len(text)),), (label,)),))
        )
    return replace(data, task="ques", labels=("food", "thing"), examples=tuple(made))


def facts(samples: list[QASample] | None = None) -> ProbeData:
    samples = samples or [story(number) for number in range(40)]
    return facts_of(Dataset("stories", "made.jsonl", "jsonl", None, tuple(samples)))


@pytest.fixture(scope="module", params=["bert", "gpt2"])
def kept(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Probes of a small model for the three tasks, in a store that stays for the module."""
    cache: Path = tmp_path_factory.mktemp("cache")
    model = tiny_model(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTSCOPE_CACHE", str(cache))
        made = [probe(model, one, QUICK) for one in (entities(), questions(), facts())]
        for one in made:
            store.keep(one)
    return model, {one.result.identity.task: one for one in made}, cache


@pytest.fixture(autouse=True)
def _in_its_store(kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTSCOPE_CACHE", str(kept[2]))


def seen(model: Any, sample: QASample, window: int | None = None, **options: int) -> Extraction:
    return extract(model, read(model, sample, options=ReadOptions(**options)), window=window)


def said(model: Any, kept: dict[str, Probed], extraction: Extraction) -> SampleProbes:
    return probe_sample(extraction, [one.result for one in kept.values()])


def as_in_training(model: Any, probed: Probed, data: ProbeData) -> np.ndarray:
    """Return the chances ``(layers, targets, labels)`` by the way that training goes."""
    encoded = encode_probe(data, model)
    outputs = forward(model, encoded.windows, hidden=True)
    states = np.concatenate(
        [
            output.hidden[:, tokens].transpose(1, 0, 2)
            for output, tokens in zip(outputs, encoded.tokens, strict=True)
            if output.hidden is not None
        ]
    )
    table = SpanStates(states, encoded.spans)
    logits = logits_of(probed.probes, table, np.arange(len(encoded.targets)))[:, 0]
    return np.asarray(1 / (1 + np.exp(-logits.astype(np.float64))))


def test_facts_are_what_training_would_have_said_of_the_same_sample(kept: Any) -> None:
    model, probed, _ = kept
    for number in (3, 10):
        sample = story(number)
        found = said(model, probed, seen(model, sample)).facts
        assert found is not None
        assert found.shape == (LAYERS + 1, 3)
        expected = as_in_training(model, probed["sup"], facts([sample]))
        true = probed["sup"].result.labels.index("true")
        np.testing.assert_allclose(found, expected[:, :, true], atol=1e-4)


def test_words_and_the_question_are_asked_about_with_the_tokens_that_training_would_take(
    kept: Any,
) -> None:
    model, probed, _ = kept
    sample = story(5)
    result = said(model, probed, seen(model, sample))
    words = [one for one in result.stretches if one.name == "word"]
    texts = [
        one.span.of(sample.question if one.part == "question" else sample.context) for one in words
    ]
    assert texts == [*["Who", "left"], texts[2], *sample.context.replace(".", "").split()]
    pair = example_of(sample)
    begin = pair.pair or 0

    def moved(part: str, span: Span) -> Span:
        by = begin if part == "context" else 0
        return Span(span.start + by, span.end + by)

    def data(task: Any, spans: list[Span], label: str) -> ProbeData:
        targets = tuple(ProbeTarget((span,), (label,)) for span in spans)
        example = replace(pair, targets=targets)
        return ProbeData(task, "x", "x", 1, (label,), (example,))

    expected = as_in_training(
        model, probed["nel"], data("nel", [moved(one.part, one.span) for one in words], "person")
    )
    assert result.entities is not None
    np.testing.assert_allclose(result.entities.chances[:, : len(words)], expected, atol=1e-4)
    asked = as_in_training(model, probed["ques"], data("ques", [Span(0, begin - 1)], "food"))
    assert result.question is not None
    np.testing.assert_allclose(result.question.chances, asked, atol=1e-4)
    label, chance = result.question.top(1, 0)[0]
    assert chance == pytest.approx(asked[1, 0].max(), abs=1e-4)
    assert label == ("food", "thing")[int(asked[1, 0].argmax())]


def test_a_token_has_the_label_of_its_word_and_punctuation_has_none(kept: Any) -> None:
    model, probed, _ = kept
    extraction = seen(model, story(1))
    result = said(model, probed, extraction)
    assert result.entities is not None
    for token in extraction.tokens:
        found = result.entity(2, token.index)
        word = result.word_of[token.index]
        if token.part == "special" or not any(map(str.isalnum, token.text)):
            assert found is None
        else:
            assert word is not None
            span = result.stretches[word].span
            assert span.start < token.end
            assert token.start < span.end
            assert found == result.entities.top(2, word)[0]


def test_answers_are_asked_about_as_a_whole(kept: Any) -> None:
    model, probed, _ = kept
    extraction = seen(model, story(1))
    assert extraction.prediction is not None
    result = said(model, probed, extraction)
    answers = [one for one in result.stretches if one.name != "word"]
    assert [one.name for one in answers] == ["predicted answer"]
    assert answers[0].span == extraction.prediction.span


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sentences=st.integers(2, 9), size=st.integers(24, 48), stride=st.integers(0, 8))
def test_in_a_window_only_sentences_and_words_that_are_all_in_it_have_a_chance(
    kept: Any, sentences: int, size: int, stride: int
) -> None:
    model, probed, _ = kept
    sample = story(4, sentences)
    whole = seen(model, sample, max_tokens=size, stride=stride)
    for number in range(whole.window.count):
        extraction = seen(model, sample, number, max_tokens=size, stride=stride)
        window, text = extraction.window, extraction.sample.context
        result = said(model, probed, extraction)
        assert result.facts is not None
        known = ~np.isnan(result.facts)
        for place, one in enumerate(sample.sentences):
            inside = window.start <= one.start and one.end <= window.end
            assert known[:, place].all() == known[:, place].any() == inside
            assert (result.fact(1, place) is not None) == inside
        words = facts_words(result, extraction, 1)
        if result.fact(1, sample.sentences.index(sample.supporting[0])) is not None:
            assert " of 1 facts found" in words
        else:
            assert f" of {known.all(0).sum()} sentences said" in words
        for stretch in result.stretches:
            covered = extraction.tokens[slice(*stretch.tokens)]
            assert all(one.part == stretch.part for one in covered)
            if stretch.part == "context":
                assert window.start <= stretch.span.start < stretch.span.end <= window.end
                joined = text[covered[0].start : covered[-1].end]
                assert stretch.span.of(text) in joined
        if not known.all():
            assert any("not all in this window" in note for note in result.notes)


def test_what_there_are_no_probes_for_is_not_said(kept: Any) -> None:
    model, probed, _ = kept
    extraction = seen(model, story(1))
    nothing = probe_sample(extraction, [])
    assert (nothing.question, nothing.entities, nothing.facts) == (None, None, None)
    assert nothing.entity(0, 1) is None
    assert nothing.fact(0, 0) is None
    only = probe_sample(extraction, [probed["ques"].result])
    assert only.results == (probed["ques"].result,)
    assert only.stretches == ()
    related = probe_sample(extraction, [probe(model, pairs(), QUICK).result])
    assert related.results == ()


def test_contexts_and_labels_that_training_never_saw_are_not_asked_about(kept: Any) -> None:
    model, probed, _ = kept
    sample = story(1)
    whole = Span(0, len(sample.context))
    alone = replace(sample, sentences=(whole,), supporting=(whole,))
    result = said(model, probed, seen(model, alone))
    assert result.facts is None
    assert "one sentence" in " ".join(result.notes)
    odd = replace(probed["sup"].result, labels=("left", "right"))
    result = probe_sample(seen(model, sample), [odd])
    assert result.facts is None
    assert "none of the labels" in " ".join(result.notes)


def test_work_that_was_called_off_and_probes_that_are_gone_end_it(kept: Any) -> None:
    model, probed, _ = kept
    extraction = seen(model, story(1))
    results = [one.result for one in probed.values()]
    with pytest.raises(Cancelled):
        probe_sample(extraction, results, cancelled=lambda: True)
    gone = replace(results[0], data="moved away")
    with pytest.raises(ModelError, match="cannot be read"):
        probe_sample(extraction, [gone])


def test_probes_that_are_gone_are_noted_and_the_others_are_asked(kept: Any) -> None:
    model, probed, _ = kept
    extraction = seen(model, story(1))
    gone = replace(probed["ques"].result, data="moved away")
    result = probe_sample(extraction, [gone, probed["sup"].result])
    assert result.question is None
    assert result.facts is not None
    assert "question type" in result.notes[0]
    assert "moved-away" in result.notes[0]
