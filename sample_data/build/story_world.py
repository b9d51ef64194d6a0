"""The world of the generated stories: its people, places, things and animals, and what a story is.

Sentences, names, places, things and animals are our own; only the kinds of reasoning and their
numbers (``story_tasks``) are those of bAbI.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

WOMEN = ("Alma", "Clara", "Edith", "Hannah", "Nora", "Stella")
MEN = ("Felix", "Hugo", "Oscar", "Otto", "Silas", "Victor")
NAMES = WOMEN + MEN
PLACES = (
    "bakery",
    "barn",
    "cabin",
    "cellar",
    "chapel",
    "lighthouse",
    "market",
    "mill",
    "orchard",
    "pier",
)
THINGS = ("basket", "compass", "drum", "kettle", "ladder", "lantern", "rope", "violin")
LISTED = ("basket", "drum", "lantern", "rope")
"""The things of the stories whose answers are lists: few, so that there are few lists."""
BOXES = ("bag", "barrel", "bucket", "chest", "crate", "jar", "sack", "trunk")
"""Things that fit in one another. None has a size of its own: each story gives out new ones."""
ANIMALS = {
    "crab": "crabs",
    "fox": "foxes",
    "goat": "goats",
    "goose": "geese",
    "hawk": "hawks",
    "owl": "owls",
    "seal": "seals",
    "snake": "snakes",
}
COLOURS = ("black", "blue", "brown", "golden", "red", "silver")
NUMBERS = ("none", "one", "two", "three")
MOVES = ("walked to", "hurried to", "strolled to", "wandered to", "ran to")
TAKES = ("took", "collected", "lifted")
GIVES = ("gave", "brought", "passed")
DROPS = ("left", "put down")
THEN = ("Then", "Later", "Soon after")
OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}
STEP = {"north": (0, 1), "south": (0, -1), "east": (1, 0), "west": (-1, 0)}


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its answer, and the positions of the statements that prove it.

    ``support`` counts statements only, from 0; line numbers are made when the story is written.
    """

    text: str
    answer: str
    support: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """Statements (plain text) and questions in the order in which they are told."""

    items: tuple[str | Question, ...]

    @property
    def statements(self) -> tuple[str, ...]:
        """The statements in order, questions left out."""
        return tuple(item for item in self.items if isinstance(item, str))

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions in order."""
        return tuple(item for item in self.items if isinstance(item, Question))


Whether = tuple[str, Sequence[int]]
"""A question for yes or no, and its support."""


class Teller:
    """Collects the lines of one story; ``say`` returns the position of the statement."""

    def __init__(self) -> None:
        self._items: list[str | Question] = []
        self.told = 0
        self.asked = 0

    def say(self, text: str) -> int:
        self._items.append(text)
        self.told += 1
        return self.told - 1

    def ask(self, text: str, answer: str, support: Sequence[int]) -> None:
        self._items.append(Question(text, answer, tuple(support)))
        self.asked += 1

    def ask_whether(
        self, rng: random.Random, yes: Sequence[Whether], no: Sequence[Whether]
    ) -> None:
        """Ask one of the questions of a fair side, or none where a side has none to offer.

        Drawing the answer first makes both equally frequent after any given statements, so that
        nothing but the question together with the statements tells which it is.
        """
        if yes and no:
            answer, questions = rng.choice((("yes", yes), ("no", no)))
            text, support = rng.choice(questions)
            self.ask(text, answer, support)

    def story(self) -> Story:
        """Return what was told up to the last question: statements after it prove nothing."""
        end = max((at for at, x in enumerate(self._items) if isinstance(x, Question)), default=-1)
        return Story(tuple(self._items[: end + 1]))


def article(noun: str) -> str:
    """Return a noun with the article that fits its first letter."""
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def other(rng: random.Random, choices: Sequence[str], current: str | None) -> str:
    """Choose anything but the current one."""
    return rng.choice([choice for choice in choices if choice != current])
