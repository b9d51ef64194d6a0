"""The generator of the bundled stories: true answers, fair questions, splits that stay apart."""

from __future__ import annotations

import importlib
import re
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest

from bertscope_tui.paths import resources
from tests.reference.story_solver import SOLVERS, solve

SAMPLE = resources("sample_data")
BUILD = SAMPLE / "build"


def _script(name: str) -> ModuleType:
    """Import a script of the build folder, which is no package, under its own name."""
    if str(BUILD) not in sys.path:
        sys.path.append(str(BUILD))
    return importlib.import_module(name)


stories = _script("stories")
TASKS = {task.number: task for task in _script("story_tasks").TASKS}
each_task = pytest.mark.parametrize("number", sorted(TASKS))
each_verdict = pytest.mark.parametrize("number", [6, 9, 18])


@dataclass(frozen=True)
class Asked:
    """One question of a file, with the statements before it by line number."""

    before: dict[int, str]
    question: str
    answer: str
    supporting: tuple[int, ...]


def parse(lines: list[str]) -> Iterator[Asked]:
    """Read the bAbI format, independently of the program's own reader."""
    before: dict[int, str] = {}
    for line in lines:
        number, rest = line.split(" ", 1)
        if number == "1":
            before = {}
        text, *columns = rest.split("\t")
        if columns:
            supporting = tuple(int(one) for one in columns[1].split())
            yield Asked(dict(before), text, columns[0], supporting)
        else:
            before[int(number)] = text


@cache
def made(number: int, count: int = 600) -> list[Asked]:
    """Return the questions of so many stories of a task."""
    told = islice(stories.stories(TASKS[number], "train", seed=5), count)
    return list(parse([line for story in told for line in stories.lines_of(story)]))


def best_guess(asked: list[Asked], feature: Callable[[Asked], Hashable]) -> float:
    """Return how often the more frequent answer for each value of a feature is right."""
    seen: dict[Hashable, Counter[str]] = {}
    for one in asked:
        seen.setdefault(feature(one), Counter())[one.answer] += 1
    return sum(max(answers.values()) for answers in seen.values()) / len(asked)


def test_the_same_seed_tells_the_same_stories(tmp_path: Path) -> None:
    first = stories.write(tmp_path / "a", "train", 50, seed=3)
    second = stories.write(tmp_path / "b", "train", 50, seed=3)
    other = stories.write(tmp_path / "c", "train", 50, seed=4)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert all(a.read_bytes() != b.read_bytes() for a, b in zip(first, other, strict=True))


def test_files_carry_the_names_that_readers_of_babi_folders_look_for(tmp_path: Path) -> None:
    names = [path.name for path in stories.write(tmp_path, "test", 5)]
    assert all(re.fullmatch(r"qa\d+_[a-z-]+_test\.txt", name) for name in names)
    assert len(set(names)) == len(TASKS) == 15


def test_without_shares_every_task_gets_the_same_number_of_questions() -> None:
    tasks = list(TASKS.values())
    assert set(stories.counts(40, tasks, share=False)) == {40}


def test_with_shares_the_total_stays_and_harder_tasks_get_two_or_three_times_as_many() -> None:
    tasks = list(TASKS.values())
    counts = dict(zip(TASKS, stories.counts(1000, tasks, share=True), strict=True))
    assert 15_000 <= sum(counts.values()) <= 15_000 + len(tasks)
    assert all(
        counts[number] / counts[1] == pytest.approx(3, rel=0.01) for number in (2, 3, 15, 16)
    )
    assert all(counts[number] / counts[1] == pytest.approx(2, rel=0.01) for number in (7, 8, 18))


def test_shares_reach_the_files(tmp_path: Path) -> None:
    tasks = [TASKS[1], TASKS[2]]
    easy, hard = stories.write(tmp_path, "train", 200, tasks=tasks, share=True)
    asked = [len(list(parse(path.read_text("utf-8").splitlines()))) for path in (easy, hard)]
    assert 100 <= asked[0] < 110
    assert 300 <= asked[1] < 310


@each_task
def test_answers_and_proofs_are_those_of_a_reader_who_follows_the_story(number: int) -> None:
    for one in made(number):
        answer, proof = solve(number, one.before, one.question)
        assert answer == one.answer, one
        assert proof == set(one.supporting), one
        assert len(proof) == len(one.supporting)


@each_task
def test_the_supporting_statements_alone_give_the_answer(number: int) -> None:
    for one in made(number):
        needed = {line: one.before[line] for line in sorted(one.supporting)}
        assert solve(number, needed, one.question)[0] == one.answer, one


@each_task
def test_what_can_be_said_in_the_story_is_said_in_a_supporting_statement(number: int) -> None:
    """Verdicts, numbers and lists of several things stand nowhere in a story."""
    for one in made(number):
        told = " ".join(one.before[line] for line in one.supporting)
        said = re.search(rf"\b{one.answer}\b", told) is not None
        nowhere = number in (6, 7, 9, 18) or one.answer == "nothing" or "," in one.answer
        assert said != nowhere, one


@each_task
def test_stories_are_short_and_have_few_different_answers(number: int) -> None:
    words = [len(" ".join(one.before.values()).split()) for one in made(number)]
    assert sum(words) / len(words) < 45
    assert max(words) < 110
    assert len({one.answer for one in made(number)}) <= 25


@each_task
def test_no_answer_is_far_more_frequent_than_the_others(number: int) -> None:
    answers = Counter(one.answer for one in made(number))
    assert max(answers.values()) / answers.total() < 3 / len(answers)


@each_verdict
def test_yes_and_no_are_equally_frequent(number: int) -> None:
    answers = Counter(one.answer for one in made(number, 2000))
    assert set(answers) == {"yes", "no"}
    assert 0.47 < answers["yes"] / answers.total() < 0.53


@each_verdict
def test_neither_the_length_nor_the_form_of_the_question_tells_yes_from_no(number: int) -> None:
    asked = made(number, 2000)
    assert best_guess(asked, lambda one: len(one.before)) < 0.56
    assert best_guess(asked, lambda one: one.question.split()[0]) < 0.56
    assert best_guess(asked, lambda one: " not " in " ".join(one.before.values())) < 0.56


@each_verdict
def test_what_is_asked_for_was_named_before_whatever_the_answer(number: int) -> None:
    for one in made(number):
        told = " ".join(one.before.values())
        for name in re.findall(r"\bthe (\w+)|\b([A-Z]\w+) at", one.question):
            assert "".join(name) in told


@pytest.mark.parametrize("number", [6, 9])
def test_finding_the_place_in_the_last_statement_is_not_enough_for_a_verdict(number: int) -> None:
    def last_has_it(one: Asked) -> bool:
        return one.question.removesuffix("?").split()[-1] in one.before[max(one.before)]

    assert best_guess(made(number, 2000), last_has_it) < 0.8


def test_the_order_of_sizes_is_drawn_anew_for_each_story() -> None:
    pairs: dict[tuple[str, str], Counter[str]] = {}
    for one in made(18, 2000):
        first, second = re.findall(r"the (\w+)", one.question)
        kind = one.question.split()[0]
        pairs.setdefault((kind, first, second), Counter())[one.answer] += 1
    assert best_guess(made(18, 2000), lambda one: tuple(one.question.split())) < 0.75
    assert len(pairs) == 2 * 8 * 7


@each_task
def test_no_question_comes_before_the_third_line_and_one_ends_the_story(number: int) -> None:
    for story in islice(stories.stories(TASKS[number], "train", seed=6), 200):
        assert all(isinstance(item, str) for item in story.items[:2])
        assert not isinstance(story.items[-1], str)


@each_task
def test_no_story_is_told_twice(number: int) -> None:
    told = [story.items for story in islice(stories.stories(TASKS[number], "train", 7), 2000)]
    assert len(set(told)) == len(told)


def test_no_beginning_is_in_both_splits() -> None:
    beginnings = {
        split: {
            story.statements[:2]
            for task in TASKS.values()
            for story in islice(stories.stories(task, split, seed=8), 300)
        }
        for split in ("train", "test")
    }
    assert not beginnings["train"] & beginnings["test"]


def test_no_bundled_context_occurs_in_training_stories_of_the_default_seed() -> None:
    train = {
        story.statements[:2]
        for task in TASKS.values()
        for story in stories.take(task, "train", 5000)
    }
    for path in (SAMPLE / "stories").glob("*.txt"):
        for one in parse(path.read_text(encoding="utf-8").splitlines()):
            assert tuple(one.before.values())[:2] not in train


def test_bundled_test_files_are_what_the_generator_writes(tmp_path: Path) -> None:
    written = stories.write(tmp_path, "test", stories.BUNDLED_QUESTIONS)
    bundled = sorted(path.name for path in (SAMPLE / "stories").glob("*.txt"))
    assert bundled == sorted(path.name for path in written)
    for path in written:
        assert path.read_bytes() == (SAMPLE / "stories" / path.name).read_bytes()


def test_bundled_verdicts_are_half_yes_and_half_no() -> None:
    for number in (6, 9, 18):
        [path] = (SAMPLE / "stories").glob(f"qa{number}_*")
        answers = Counter(one.answer for one in parse(path.read_text("utf-8").splitlines()))
        assert abs(answers["yes"] - answers["no"]) <= 2


def test_every_task_has_a_reader_that_checks_it() -> None:
    assert set(SOLVERS) == set(TASKS)
