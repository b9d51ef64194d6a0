"""The world of the generated stories and one builder of stories for each task type.

A builder takes a random number generator and returns one story, true to itself: every answer
follows from the statements that its question names as support. Sentences, names, places, things
and animals are our own; only the kinds of reasoning and their numbers are those of bAbI.

``TASKS`` is the register: a new task type is a function and a line there.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Split = Literal["train", "test"]

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

    def story(self) -> Story:
        """Return what was told up to the last question: statements after it prove nothing."""
        end = max((at for at, x in enumerate(self._items) if isinstance(x, Question)), default=-1)
        return Story(tuple(self._items[: end + 1]))


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _other(rng: random.Random, choices: Sequence[str], current: str | None) -> str:
    return rng.choice([choice for choice in choices if choice != current])


def _where_is(rng: random.Random, who: str) -> str:
    return rng.choice((f"Where is {who} now?", f"In which place is {who}?"))


def one_fact(rng: random.Random) -> Story:
    """People walk about; where is one of them? The last statement about that person says it."""
    teller = Teller()
    people = rng.sample(NAMES, rng.randint(3, 4))
    places: dict[str, tuple[str, int]] = {}
    for turn in range(rng.randint(4, 10)):
        who = rng.choice(people)
        place = _other(rng, PLACES, places[who][0] if who in places else None)
        places[who] = (place, teller.say(f"{who} {rng.choice(MOVES)} the {place}."))
        if turn >= 3 and rng.random() < 0.6:
            asked = rng.choice(list(places))
            teller.ask(_where_is(rng, asked), places[asked][0], [places[asked][1]])
    if not teller.asked:
        teller.ask(_where_is(rng, who), places[who][0], [places[who][1]])
    return teller.story()


def two_facts(rng: random.Random) -> Story:
    """Things are carried about; a thing is where its carrier went last, or was when leaving it."""
    teller = Teller()
    people = rng.sample(NAMES, rng.randint(2, 3))
    things = rng.sample(THINGS, rng.randint(2, 3))
    at: dict[str, tuple[str, int]] = {}
    held: dict[str, tuple[str, int]] = {}
    lying: dict[str, tuple[str, int, int]] = {}
    just_left = ""

    def known() -> list[tuple[str, str, tuple[int, int]]]:
        found = [
            (thing, at[who][0], (line, at[who][1]))
            for thing, (who, line) in held.items()
            if who in at
        ]
        found += [(thing, place, (line, move)) for thing, (place, line, move) in lying.items()]
        return found

    def move() -> None:
        nonlocal just_left
        carriers = [who for who, _ in held.values()]
        who = rng.choice(people + carriers)
        place = _other(rng, PLACES, at[who][0] if who in at else None)
        at[who] = (place, teller.say(f"{who} {rng.choice(MOVES)} the {place}."))
        just_left = ""

    def take() -> bool:
        free = [
            (who, thing)
            for thing in things
            if thing not in held and thing != just_left
            for who in people
            if thing not in lying or (who in at and at[who][0] == lying[thing][0])
        ]
        if not free:
            return False
        who, thing = rng.choice(free)
        lying.pop(thing, None)
        held[thing] = (who, teller.say(f"{who} {rng.choice(TAKES)} the {thing}."))
        return True

    def leave() -> bool:
        nonlocal just_left
        carried = [thing for thing, (who, _) in held.items() if who in at]
        if not carried:
            return False
        thing = rng.choice(carried)
        who, _ = held.pop(thing)
        place, line = at[who]
        just_left = thing
        lying[thing] = (place, teller.say(f"{who} {rng.choice(DROPS)} the {thing}."), line)
        return True

    length = rng.randint(5, 10)
    while teller.told < length or not teller.asked:
        chance = rng.random()
        done = (chance < 0.35 and take()) or (0.35 <= chance < 0.5 and leave())
        if not done:
            move()
        eager = 1.0 if teller.told >= length else 0.45
        if teller.told >= 3 and (answers := known()) and rng.random() < eager:
            thing, place, support = rng.choice(answers)
            question = rng.choice((f"Where is the {thing} now?", f"In which place is the {thing}?"))
            teller.ask(question, place, support)
    return teller.story()


def two_arguments(rng: random.Random) -> Story:
    """Places lie next to each other; the order of the two names in a statement matters."""
    teller = Teller()
    names = rng.sample(PLACES, rng.randint(4, 6))
    spots = {names[0]: (0, 0)}
    facts: list[tuple[str, str, str]] = []
    for name in names[1:]:
        while True:
            anchor = rng.choice(list(spots))
            way = rng.choice(list(STEP))
            spot = (spots[anchor][0] + STEP[way][0], spots[anchor][1] + STEP[way][1])
            if spot not in spots.values():
                break
        spots[name] = spot
        facts.append((name, way, anchor) if rng.random() < 0.5 else (anchor, OPPOSITE[way], name))
    rng.shuffle(facts)
    for subject, way, anchor in facts:
        teller.say(f"The {subject} is just {way} of the {anchor}.")
    by_place = {spot: name for name, spot in spots.items()}
    lines = list(enumerate(facts))
    rng.shuffle(lines)
    for line, (subject, way, anchor) in lines[:4]:
        if rng.random() < 0.5:
            question, answer = f"What is just {way} of the {anchor}?", subject
        else:
            question, answer = f"What is the {subject} just {way} of?", anchor
        # Two places can touch without a statement that says so; only a stated neighbour may answer.
        known = subject if answer == anchor else anchor
        towards = OPPOSITE[way] if answer == anchor else way
        step = STEP[towards]
        assert by_place[(spots[known][0] + step[0], spots[known][1] + step[1])] == answer
        teller.ask(question, answer, [line])
    return teller.story()


def three_arguments(rng: random.Random) -> Story:
    """Someone gives something to someone; giver, receiver and thing are asked for."""
    teller = Teller()
    people = rng.sample(NAMES, rng.randint(3, 4))
    things = rng.sample(THINGS, rng.randint(2, 3))
    owner = {thing: rng.choice(people) for thing in things}
    given: dict[tuple[str, str, str], int] = {}
    for turn in range(rng.randint(3, 8)):
        thing = rng.choice(things)
        giver, receiver = owner[thing], _other(rng, people, owner[thing])
        owner[thing] = receiver
        # Only the last gift that fits a question may be asked for: forget what it outdates.
        given = {
            (g, t, r): line
            for (g, t, r), line in given.items()
            if t != thing and (g, r) != (giver, receiver)
        }
        line = teller.say(f"{giver} {rng.choice(GIVES)} the {thing} to {receiver}.")
        given[giver, thing, receiver] = line
        if turn < 2 or rng.random() < 0.4:
            continue
        (giver, thing, receiver), line = rng.choice(list(given.items()))
        question, answer = rng.choice(
            (
                (f"Who was the last to give away the {thing}?", giver),
                (f"Who was the last to receive the {thing}?", receiver),
                (f"What did {giver} last give to {receiver}?", thing),
            )
        )
        teller.ask(question, answer, [line])
    if not teller.asked:
        teller.ask(f"Who was the last to receive the {thing}?", receiver, [line])
    return teller.story()


def basic_coreference(rng: random.Random) -> Story:
    """A pronoun at the start of a statement stands for the person named just before."""
    teller = Teller()
    people = rng.sample(NAMES, rng.randint(2, 4))
    places: dict[str, tuple[str, list[int]]] = {}
    for turn in range(rng.randint(2, 5)):
        who = rng.choice(people)
        place = _other(rng, PLACES, places[who][0] if who in places else None)
        first = teller.say(f"{who} {rng.choice(MOVES)} the {place}.")
        places[who] = (place, [first])
        if rng.random() < 0.85 or turn == 0:
            place = _other(rng, PLACES, place)
            pronoun = "she" if who in WOMEN else "he"
            second = teller.say(f"{rng.choice(THEN)} {pronoun} {rng.choice(MOVES)} the {place}.")
            places[who] = (place, [first, second])
        if turn and rng.random() < 0.7:
            asked = rng.choice(list(places))
            teller.ask(_where_is(rng, asked), *places[asked])
    if not teller.asked:
        teller.ask(_where_is(rng, who), *places[who])
    return teller.story()


def conjunction(rng: random.Random) -> Story:
    """Two people go together; where is one of them?"""
    teller = Teller()
    people = rng.sample(NAMES, 4)
    places: dict[str, tuple[str, int]] = {}
    for turn in range(rng.randint(3, 8)):
        pair = rng.sample(people, 2)
        place = rng.choice([p for p in PLACES if all(places.get(w, ("",))[0] != p for w in pair)])
        line = teller.say(f"{pair[0]} and {pair[1]} {rng.choice(MOVES)} the {place}.")
        places.update(dict.fromkeys(pair, (place, line)))
        if turn >= 2 and rng.random() < 0.6:
            asked = rng.choice(list(places))
            teller.ask(_where_is(rng, asked), places[asked][0], [places[asked][1]])
    if not teller.asked:
        teller.ask(_where_is(rng, pair[0]), place, [line])
    return teller.story()


def compound_coreference(rng: random.Random) -> Story:
    """Two people go together, and "they" go on from there."""
    teller = Teller()
    people = rng.sample(NAMES, 4)
    places: dict[str, tuple[str, list[int]]] = {}
    for turn in range(rng.randint(2, 4)):
        pair = rng.sample(people, 2)
        first_place, place = rng.sample(PLACES, 2)
        first = teller.say(f"{pair[0]} and {pair[1]} {rng.choice(MOVES)} the {first_place}.")
        second = teller.say(f"{rng.choice(THEN)} they {rng.choice(MOVES)} the {place}.")
        places.update(dict.fromkeys(pair, (place, [first, second])))
        if turn and rng.random() < 0.7:
            asked = rng.choice(list(places))
            teller.ask(_where_is(rng, asked), *places[asked])
    if not teller.asked:
        teller.ask(_where_is(rng, pair[0]), *places[pair[0]])
    return teller.story()


def basic_deduction(rng: random.Random) -> Story:
    """Each kind of animal is wary of another; everyone is of a kind, so is wary of that one."""
    teller = Teller()
    kinds = rng.sample(list(ANIMALS), rng.randint(3, 4))
    people = rng.sample(NAMES, rng.randint(2, 4))
    wary = {kind: _other(rng, kinds, kind) for kind in kinds}
    members = {who: rng.choice(kinds) for who in people}
    told = [("kind", kind) for kind in kinds] + [("member", who) for who in people]
    rng.shuffle(told)
    line: dict[str, int] = {}
    for what, name in told:
        if what == "kind":
            text = f"{ANIMALS[name].capitalize()} are wary of {ANIMALS[wary[name]]}."
        else:
            text = f"{name} is {_article(members[name])}."
        line[name] = teller.say(text)
    for who in rng.sample(people, len(people)):
        kind = members[who]
        teller.ask(f"What is {who} wary of?", ANIMALS[wary[kind]], [line[who], line[kind]])
    return teller.story()


def basic_induction(rng: random.Random) -> Story:
    """One of a kind has a colour, told in one statement or in two, so the other has it too."""
    teller = Teller()
    kinds = rng.sample(list(ANIMALS), rng.randint(2, 3))
    names = rng.sample(NAMES, 2 * len(kinds))
    colours = dict(zip(kinds, rng.sample(COLOURS, len(kinds)), strict=True))
    shown = dict(zip(kinds, names, strict=False))
    asked = dict(zip(rng.sample(kinds, rng.randint(1, 2)), names[len(kinds) :], strict=False))
    told = [(who, _article(kind)) for kind, who in asked.items()]
    for kind, who in shown.items():
        if rng.random() < 0.5:
            told.append((who, f"a {colours[kind]} {kind}"))
        else:
            told += [(who, _article(kind)), (who, colours[kind])]
    rng.shuffle(told)
    lines: dict[str, list[int]] = {who: [] for who in names}
    for who, what in told:
        lines[who].append(teller.say(f"{who} is {what}."))
    for kind, who in asked.items():
        support = lines[who] + lines[shown[kind]]
        teller.ask(f"Which colour is {who}?", colours[kind], support)
    return teller.story()


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of story: bAbI's number for this kind of reasoning, a name for the file, a builder."""

    number: int
    name: str
    build: Callable[[random.Random], Story]

    def file_name(self, split: Split) -> str:
        """Return the name of this task's file, as readers of bAbI folders expect it."""
        return f"qa{self.number}_{self.name}_{split}.txt"


TASKS = (
    Task(1, "one-fact", one_fact),
    Task(2, "two-facts", two_facts),
    Task(4, "two-arguments", two_arguments),
    Task(5, "three-arguments", three_arguments),
    Task(11, "basic-coreference", basic_coreference),
    Task(12, "conjunction", conjunction),
    Task(13, "compound-coreference", compound_coreference),
    Task(15, "basic-deduction", basic_deduction),
    Task(16, "basic-induction", basic_induction),
)
