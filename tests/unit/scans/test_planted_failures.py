"""Failures that were planted into real samples come out as what they are.

Not each of them: docs/triage.md has the figures. The bounds here are below those.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from bertscope_tui.analysis.failures import Levels, classify, levels_of
from bertscope_tui.data.open import open_dataset
from bertscope_tui.data.records import QASample, Span
from bertscope_tui.engine.scanned import Scanned
from bertscope_tui.engine.scanning import Scanner
from bertscope_tui.engine.scoring import ReadOptions
from bertscope_tui.models.loading import LoadedModel, load_model
from bertscope_tui.paths import resources
from tests.planting import (
    with_distracting_copy,
    with_later_copy,
    with_unspellable_label,
    with_wrong_label,
)
from tests.shared_files import shared

pytestmark = pytest.mark.slow

PLANTED = 40


class Bed:
    """A model with its samples, the levels of its right answers, and where to plant."""

    def __init__(self, model: LoadedModel, path: Path, count: int) -> None:
        dataset = open_dataset(path)
        self.model = model
        self.options = ReadOptions().for_dataset(dataset)
        self.samples = dataset.samples[:count]
        found = self.scan(self.samples)
        signals = np.stack([one.signals for one in found])
        self.levels: Levels = levels_of(signals, np.array([one.right is True for one in found]))
        self.right = [self.samples[one.place] for one in found if one.right]
        random.Random(5).shuffle(self.right)

    def scan(self, samples: Sequence[QASample], options: ReadOptions | None = None):
        scanner = Scanner(self.model, samples, options or self.options)
        rows: list[Scanned] = [row for batch in scanner.run() for row in batch.rows]
        return sorted(rows, key=lambda row: row.place)

    def kinds(
        self,
        plant: Callable[[QASample], QASample | None],
        options: ReadOptions | None = None,
    ) -> Counter[str]:
        """Return how many planted samples that are now answered wrong came out as what."""
        planted = [one for one in map(plant, self.right) if one is not None][:PLANTED]
        assert len(planted) >= PLANTED // 2
        found = [
            classify(
                scanned,
                self.levels,
                gold=[answer.text for answer in sample.answers],
            )
            for sample, scanned in zip(planted, self.scan(planted, options), strict=True)
        ]
        return Counter(one.kind for one in found if one is not None)


def _share(kinds: Counter[str], kind: str) -> float:
    assert kinds.total() >= 8, kinds
    return kinds[kind] / kinds.total()


@cache
def _stories() -> Bed:
    folder = resources("sample_data")
    model = load_model(folder / "models" / "stories-bert", device="cpu")
    return Bed(model, folder / "stories", 411)


@cache
def _paragraphs() -> Bed:
    model = load_model(shared("models/minilm-l6-squad"), device="cpu")
    return Bed(model, shared("data/xquad/xquad.en.json"), 200)


def _answers_to(bed: Bed, sample: QASample, *, alike: str):
    """Return the gold answers of other questions of the same task or group that stand here."""
    key = getattr(sample, alike)
    return [
        answer
        for other in bed.samples
        if getattr(other, alike) == key
        for answer in other.answers[:1]
        if answer.text in sample.context
    ]


def test_a_fact_told_once_more_with_another_answer_is_a_wrong_fact_in_stories():
    bed, draw = _stories(), random.Random(1)
    kinds = bed.kinds(
        lambda sample: with_later_copy(
            sample, [one.text for one in _answers_to(bed, sample, alike="task_name")], draw
        )
    )
    assert _share(kinds, "wrong-fact") >= 0.85


def test_a_wrong_label_of_a_story_is_suspected():
    bed, draw = _stories(), random.Random(2)
    kinds = bed.kinds(
        lambda sample: with_wrong_label(
            sample,
            [
                replace(one, span=_last_place(sample, one.text))
                for one in _answers_to(bed, sample, alike="task_name")
            ],
            draw,
        )
    )
    assert _share(kinds, "label-suspect") >= 0.6


def test_an_answer_that_no_tokens_spell_is_lost_in_stories():
    kinds = _stories().kinds(with_unspellable_label)
    assert _share(kinds, "lost-answer") >= 0.95


@pytest.mark.real
def test_a_distracting_copy_of_the_supporting_sentence_is_a_wrong_fact():
    bed, draw = _paragraphs(), random.Random(3)
    answers = [one.text for sample in bed.samples for one in sample.answers]
    kinds = bed.kinds(lambda sample: with_distracting_copy(sample, answers, draw))
    assert _share(kinds, "wrong-fact") >= 0.6
    assert kinds["label-suspect"] <= 1


@pytest.mark.real
def test_a_wrong_label_of_a_paragraph_is_suspected():
    bed, draw = _paragraphs(), random.Random(4)

    def plant(sample: QASample) -> QASample | None:
        planted = with_wrong_label(sample, _answers_to(bed, sample, alike="group"), draw)
        if planted is None:
            return None
        gold = planted.answers[0].span  # the facts of SQuAD are the sentences of the answer
        facts = tuple(one for one in sample.sentences if one.overlaps(gold))
        return replace(planted, supporting=facts)

    assert _share(bed.kinds(plant), "label-suspect") >= 0.4


@pytest.mark.real
def test_an_answer_that_may_not_be_given_whole_is_lost():
    bed = _paragraphs()
    kinds = bed.kinds(lambda sample: sample, replace(bed.options, max_answer_tokens=2))
    assert _share(kinds, "lost-answer") >= 0.95
    assert _share(bed.kinds(with_unspellable_label), "lost-answer") >= 0.95


def test_an_answer_that_no_window_holds_whole_is_lost():
    """Windows without overlap, with their edge in the middle of the answer."""
    bed = _stories()
    lists = [sample for sample in bed.right if sample.task_name == "8"]
    options = replace(bed.options, stride=0)
    lost = Counter()
    for size in range(24, 60):
        found = bed.scan(lists[:6], replace(options, max_tokens=size))
        for sample, scanned in zip(lists[:6], found, strict=True):
            failure = classify(scanned, bed.levels)
            if scanned.sight == "truncated" and failure is not None:
                lost[failure.kind] += 1
                assert "window" in failure.evidence, sample.id
    assert set(lost) == {"lost-answer"}


def _last_place(sample: QASample, text: str) -> Span:
    start = sample.context.rfind(text)
    return Span(start, start + len(text))
