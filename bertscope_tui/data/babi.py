"""Read bAbI v1.2 tasks (Weston et al. 2015): one file or several, any of the twenty tasks.

A story is a run of numbered lines; a question among them carries its answer and the numbers of
the supporting lines, which count question lines too. The context of a question is every statement
of the story before it, joined by a blank; earlier questions are no part of it.

Two variants follow van Aken et al. 2019 (section 5). *span* appends all answers of the task to the
context, because not every answer (yes, two, a route) stands in the story. *classification* leaves
the context alone and makes the answers labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bertscope_tui.data.collecting import Collector
from bertscope_tui.data.fields import FieldError, string_of
from bertscope_tui.data.files import label, stem
from bertscope_tui.data.hygiene import clean, shown
from bertscope_tui.data.locate import find_words
from bertscope_tui.data.records import Answer, Dataset, Origin, QASample, Span
from bertscope_tui.errors import DataError

_LINE = re.compile(r" *([0-9]{1,9}) +(.*)", re.DOTALL)
_TASK = re.compile(r"qa([0-9]{1,2})(?![0-9])", re.IGNORECASE)
_SPLIT = re.compile(r".*_(train|valid|test)", re.IGNORECASE | re.DOTALL)
_TRIED = 2000
"""Lines looked at to recognise the format; the first question of a story may come late."""
_LONGEST_STORY = 200_000
"""Characters of one story; every question has its own copy of the story up to it."""
# These words also stand in stories with another sense ("is no longer in the office").
_VERDICTS = frozenset(("yes", "no", "maybe"))

SPLITS = ("train", "valid", "test")
"""How the files of a task end (``qa1_…_train.txt``), in the order in which they are used."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a folder is wanted: files of one split, of some tasks; None and () are all."""

    split: str | None = None
    tasks: tuple[str, ...] = ()

    def holds(self, path: Path) -> bool:
        """Say whether the questions of this file are wanted."""
        return (self.split is None or split_of(path) == self.split) and (
            not self.tasks or task_of(path) in self.tasks
        )

    def check(self, place: Path, paths: Sequence[Path]) -> None:
        """Raise ``DataError`` where the files at ``place`` do not have all that is wanted."""
        if self.split is not None:
            splits = splits_of(paths)
            if self.split not in splits:
                raise DataError(
                    f"{label(place)}: no split {shown(self.split)} there",
                    remedy=f"there is {' and '.join(splits)}"
                    if splits
                    else "only files that end in _train, _valid or _test have one",
                )
        there = {task_of(path) for path in paths if self.split in (None, split_of(path))}
        for task in self.tasks:
            if task not in there:
                numbers = sorted((name for name in there if name is not None), key=int)
                split = "" if self.split is None else f" in its {self.split} split"
                raise DataError(
                    f"{label(place)}: no task {shown(task)}{split}",
                    remedy=f"there are {clean(', '.join(numbers))}"
                    if numbers
                    else "only files named qa1_…, qa2_… have a task",
                )


@dataclass(slots=True)
class _Story:
    """The statements read so far; ``spans`` are theirs in the joined context."""

    name: str
    statements: list[str] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)
    last: int = 0
    questions: int = 0
    broken: str | None = None

    def add(self, number: int, statement: str) -> None:
        start = self.spans[-1].end + 1 if self.spans else 0
        if start + len(statement) > _LONGEST_STORY:
            raise FieldError(f"statement: the story is longer than {_LONGEST_STORY} characters")
        self.places[number] = len(self.statements)
        self.statements.append(statement)
        self.spans.append(Span(start, start + len(statement)))


@dataclass(frozen=True, slots=True)
class _Question:
    """One question as read, before the answers of its whole task are known."""

    id: str
    question: str
    answer: str
    context: str
    sentences: tuple[Span, ...]
    supporting: tuple[Span, ...]
    origin: Origin
    group: str
    task: str | None
    notes: list[str]


def is_babi(text: str) -> bool:
    """Say whether a text begins like a bAbI story: numbered lines, one of them with a tab."""
    for line in text.split("\n", _TRIED)[:_TRIED]:
        match = _LINE.fullmatch(line.rstrip("\r"))
        if match is not None and len(match[2].split("\t")) in (2, 3):
            return True
    return False


def read_babi(
    files: Sequence[tuple[Path, str]], found: Collector, *, variant: str, part: Part | None = None
) -> Dataset:
    """Turn the texts of bAbI files into a data set; defects go to ``found``.

    The answers of a task are collected over all ``files`` of that task (over the one file where
    its name tells no task), and the labels over all files, also where only a ``part`` of them is
    kept: a training and a test set that were opened one by one have the same answers to choose
    from. Defects in files that are not kept are not reported.
    Raises ``DataError`` where no question is usable, or where ``part`` asks for what is not there.
    """
    part = part or Part()
    part.check(found.path, [path for path, _ in files])
    questions: list[_Question] = []
    answers: dict[str, set[str]] = {}
    for path, text in files:
        kept = part.holds(path)
        for question in _questions(path, text, found if kept else found.aside()):
            answers.setdefault(_pool(question), set()).add(question.answer)
            if kept:
                questions.append(question)
    pools = {pool: tuple(sorted(texts)) for pool, texts in answers.items()}
    for question in questions:
        if variant == "classification":
            found.add(_labelled(question), question.notes)
        else:
            found.add(_spanned(question, pools[_pool(question)]), question.notes)
    if variant == "classification":
        labels = tuple(sorted(set().union(*answers.values())))
        return found.finish(
            "babi",
            variant,
            task="classification",
            labels=labels,
            split=part.split,
            tasks=part.tasks,
        )
    return found.finish("babi", variant, split=part.split, tasks=part.tasks)


def task_of(path: Path) -> str | None:
    """Return the task number in a file's name (``qa15_…``), or None."""
    match = _TASK.match(path.name)
    return None if match is None else str(int(match[1]))


def split_of(path: Path) -> str | None:
    """Return the split that a file's name ends in (``…_train.txt``), or None."""
    match = _SPLIT.fullmatch(stem(path))
    return None if match is None else match[1].lower()


def splits_of(paths: Iterable[Path]) -> tuple[str, ...]:
    """Return the splits that there are among the files, in the order of ``SPLITS``."""
    there = {split_of(path) for path in paths}
    return tuple(split for split in SPLITS if split in there)


def _pool(question: _Question) -> str:
    return question.task if question.task is not None else question.origin.path


def _labelled(question: _Question) -> QASample:
    return _sample(question, question.context, Answer(question.answer))


def _spanned(question: _Question, pool: Iterable[str]) -> QASample:
    """Append the possible answers, and find the gold one.

    A supporting fact that says the answer is where the span lies, the last mention first; failing
    that, the entry in the appended list.
    """
    context, listed = question.context, None
    for answer in pool:
        context += f" {answer}"
        if answer == question.answer:
            listed = Span(len(context) - len(answer), len(context))
    said = None
    if question.answer not in _VERDICTS:
        for fact in reversed(question.supporting):
            said = find_words(question.context, question.answer, fact.start, fact.end, last=True)
            if said is not None:
                break
    return _sample(question, context, Answer(question.answer, said or listed))


def _sample(question: _Question, context: str, answer: Answer) -> QASample:
    return QASample(
        id=question.id,
        question=question.question,
        context=context,
        answers=(answer,),
        sentences=question.sentences,
        supporting=question.supporting,
        origin=question.origin,
        group=question.group,
        task_name=question.task,
        facts_given=bool(question.supporting),
    )


def _questions(path: Path, text: str, found: Collector) -> Iterable[_Question]:
    """Yield the questions of one file; each unreadable one is skipped and listed.

    A statement that cannot be read costs the questions after it in the same story, whose context
    would have a hole.
    """
    name, task = stem(path), task_of(path)
    stories = 0
    story = _Story(f"{name}:story0")
    for place, raw in enumerate(text.split("\n"), start=1):
        line = raw.removesuffix("\r")
        if not line.strip():
            continue
        where = f"line {place}"
        match = _LINE.fullmatch(line)
        number = 0 if match is None else int(match[1])
        if number == 1 or stories == 0:
            stories += 1
            story = _Story(f"{name}:story{stories}")
        if match is None or number <= story.last:
            why = "no line number" if match is None else f"number {number} after {story.last}"
            found.skip(path, where, f"{why}: {shown(line.strip())}")
            story.broken = story.broken or where
            continue
        story.last = number
        body, *columns = match[2].split("\t")
        notes: list[str] = []
        try:
            if not columns:
                story.add(number, _filled(body, "statement", notes))
                for note in notes:
                    found.note(path, where, note)
                continue
            found.step()
            story.questions += 1
            yield _question(story, body, columns, Origin(str(path), where), task, notes)
        except FieldError as error:
            found.skip(path, where, str(error))
            if not columns:
                story.broken = story.broken or where


def _question(
    story: _Story,
    body: str,
    columns: list[str],
    origin: Origin,
    task: str | None,
    notes: list[str],
) -> _Question:
    if story.broken is not None:
        raise FieldError(f"story: {story.broken} before this question could not be read")
    if not story.statements:
        raise FieldError("story: empty, the question comes before any statement")
    return _Question(
        id=f"{story.name}:q{story.questions}",
        question=_filled(body, "question", notes),
        answer=_filled(columns[0], "answer", notes),
        context=" ".join(story.statements),
        sentences=tuple(story.spans),
        supporting=_supporting(story, columns[1] if len(columns) > 1 else "", notes),
        origin=origin,
        group=story.name,
        task=task,
        notes=notes,
    )


def _supporting(story: _Story, ids: str, notes: list[str]) -> tuple[Span, ...]:
    """Return the supporting statements in story order; numbers of anything else are noted."""
    if not ids.strip():
        notes.append("supporting facts: none given")
    places: set[int] = set()
    for text in ids.split():
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise FieldError(f"supporting facts: {shown(text)} is no line number")
        place = story.places.get(int(text))
        if place is None:
            notes.append(f"supporting facts: {text} is no earlier statement; left out")
        else:
            places.add(place)
    return tuple(story.spans[place] for place in sorted(places))


def _filled(text: str, name: str, notes: list[str]) -> str:
    stripped = string_of(text.strip(), name, notes)
    if not stripped:
        raise FieldError(f"{name}: empty")
    return stripped
