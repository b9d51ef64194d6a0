"""The generator of the bundled probing examples: what is bundled, and what its labels hang on."""

from __future__ import annotations

import importlib
import sys
from collections import Counter, defaultdict

import pytest

from bertscope_tui.data.probing.open import bundled_probe_data, open_probe_data
from bertscope_tui.data.probing.records import PROBE_TASKS
from bertscope_tui.data.probing.writing import json_lines
from bertscope_tui.paths import resources

BUILD = resources("sample_data") / "build"


def _script(name):
    """Import a script of the build folder, which is no package, under its own name."""
    if str(BUILD) not in sys.path:
        sys.path.append(str(BUILD))
    return importlib.import_module(name)


def _labels(data, split=None):
    return Counter(
        label
        for one in data.examples
        if split in (None, one.split)
        for target in one.targets
        for label in target.labels
    )


@pytest.mark.parametrize("task", PROBE_TASKS)
def test_the_bundled_file_is_what_the_generator_makes(task):
    made = "".join(json_lines(_script("probing").made(task)))
    assert bundled_probe_data(task).read_text(encoding="utf-8") == made


def test_another_seed_makes_other_examples_of_the_same_labels():
    probing = _script("probing")
    made = probing.made("nel", 7)
    bundled = open_probe_data(bundled_probe_data("nel"))
    assert {one.text for one in made.examples} != {one.text for one in bundled.examples}
    assert made.labels == bundled.labels


@pytest.mark.parametrize("task", PROBE_TASKS)
def test_labels_are_balanced_and_every_part_has_them_all(task):
    data = open_probe_data(bundled_probe_data(task))
    counts = _labels(data)
    assert max(counts.values()) <= 2 * min(counts.values())
    for split in ("train", "dev", "test"):
        assert _labels(data, split).keys() == counts.keys()


def test_no_entity_is_told_by_its_name_alone():
    """Most names stand for several kinds of things, and the best guess by name is often wrong."""
    kinds = defaultdict(Counter)
    for one in open_probe_data(bundled_probe_data("nel")).examples:
        for target in one.targets:
            kinds[target.spans[0].of(one.text).lower()][target.labels[0]] += 1
    asked = sum(sum(of.values()) for of in kinds.values())
    assert sum(max(of.values()) for of in kinds.values()) <= 0.6 * asked
    assert sum(len(of) > 1 for of in kinds.values()) >= 0.9 * len(kinds)


@pytest.mark.parametrize(
    ("task", "right"), [("nel", 0.21), ("coref", 0.56), ("rel", 0.38), ("sup", 0.64)]
)
def test_a_guess_by_the_words_of_the_spans_is_as_often_right_as_documented(task, right):
    """Guess the commonest label of the same words in training, else the commonest of all."""
    asked = [
        (one.split, tuple(span.of(one.text).lower() for span in target.spans), target.labels[0])
        for one in open_probe_data(bundled_probe_data(task)).examples
        for target in one.targets
    ]
    known = defaultdict(Counter)
    for split, words, label in asked:
        if split == "train":
            known[words][label] += 1
    usual = sum(known.values(), Counter()).most_common(1)[0][0]
    guesses = [
        label == (known[words].most_common(1)[0][0] if words in known else usual)
        for split, words, label in asked
        if split == "test"
    ]
    assert round(sum(guesses) / len(guesses), 2) == right


def test_neither_place_nor_pronoun_tells_who_is_meant():
    first = Counter()
    for one in open_probe_data(bundled_probe_data("coref")).examples:
        assert sorted(target.labels[0] for target in one.targets) == ["false", "true"]
        meant = next(t.spans[0] for t in one.targets if t.labels == ("true",))
        other = next(t.spans[0] for t in one.targets if t.labels == ("false",))
        first[meant < other] += 1
    assert abs(first[True] - first[False]) <= 0.1 * sum(first.values())


def test_the_same_two_nouns_stand_in_several_relations():
    relations = defaultdict(set)
    for one in open_probe_data(bundled_probe_data("rel")).examples:
        for target in one.targets:
            relations[frozenset(span.of(one.text) for span in target.spans)].add(target.labels[0])
    things = [labels for nouns, labels in relations.items() if "cart" in nouns or "boat" in nouns]
    assert all(len(labels) >= 4 for labels in things)


def test_a_question_word_does_not_tell_the_type_of_a_question():
    types = defaultdict(Counter)
    for one in open_probe_data(bundled_probe_data("ques")).examples:
        types[one.text.split()[0].lower()][one.targets[0].labels[0]] += 1
    assert len(types["what"]) == 6
    assert len(types["which"]) >= 4
    asked = sum(sum(of.values()) for of in types.values())
    assert sum(max(of.values()) for of in types.values()) <= 0.65 * asked


def test_the_stories_of_supporting_facts_are_none_that_a_model_was_trained_on():
    stories = _script("stories")
    texts = {one.text for one in open_probe_data(bundled_probe_data("sup")).examples}
    assert len(texts) > 150
    told = open_probe_data(resources("sample_data") / "stories").examples
    assert not texts & {one.text for one in told}
    for one in open_probe_data(bundled_probe_data("sup")).examples:
        sentences = [target.spans[1].of(one.text) for target in one.targets]
        assert stories.split_of(_script("story_world").Story(tuple(sentences))) == "test"


def test_the_bundled_examples_are_small_together():
    assert sum(bundled_probe_data(task).stat().st_size for task in PROBE_TASKS) <= 450_000
