"""Answer questions about the generated stories from their text alone, by simple rules.

Shares nothing with the generator: sentences are taken apart with regular expressions, people are
followed about, and the answer comes with the lines that were needed for it. Statements are a
mapping from line number to text; the kind of story is bAbI's number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Told = Mapping[int, str]
Solved = tuple[str, set[int]]
"""An answer and the numbers of the lines that prove it."""

MOVE = re.compile(
    r"(?:(?:Then|Later|Soon after) )?(.+?) (?:walked|hurried|strolled|wandered|ran) to the (\w+)\."
)
TAKE = re.compile(r"(\w+) (?:took|collected|lifted) the (\w+)\.")
DROP = re.compile(r"(\w+) (?:left|put down) the (\w+)\.")
COUNT = {0: "none", 1: "one", 2: "two", 3: "three"}
BACK = {"north": "south", "south": "north", "east": "west", "west": "east"}
PLURAL = {"goose": "geese", "fox": "foxes"}


def solve(number: int, told: Told, question: str) -> Solved:
    """Answer a question of a task; raises ValueError or KeyError where the story does not tell."""
    return SOLVERS[number](told, question)


def _match(pattern: str, text: str) -> tuple[str, ...]:
    found = re.fullmatch(pattern, text)
    if found is None:
        raise ValueError(f"cannot read {text!r}")
    return tuple(group for group in found.groups() if group is not None)


@dataclass
class World:
    """Who was where and who did what with which thing; everything with the line that says it."""

    ways: dict[str, list[tuple[str, set[int]]]] = field(default_factory=dict)
    carried: dict[str, tuple[str, int]] = field(default_factory=dict)
    left: dict[str, tuple[str, int]] = field(default_factory=dict)
    handled: dict[str, set[int]] = field(default_factory=dict)

    def place(self, who: str) -> tuple[str, set[int]]:
        return self.ways[who][-1]


def _watch(told: Told) -> World:
    """Follow everybody through the story; pronouns stand for those who were named last."""
    world = World()
    named: list[str] = []
    named_in = 0
    for line, text in told.items():
        if moved := MOVE.fullmatch(text):
            if moved[1] not in ("he", "she", "they"):
                named, named_in = moved[1].split(" and "), line
            elif (moved[1] == "they") != (len(named) == 2):
                raise ValueError(f"{text!r} after {named}")
            for who in named:
                world.ways.setdefault(who, []).append((moved[2], {named_in, line}))
        elif took := TAKE.fullmatch(text):
            who, thing = took.groups()
            if thing in world.carried:
                raise ValueError(f"{text!r}: it is carried by {world.carried[thing][0]}")
            if thing in world.left and world.left[thing][0] != world.place(who)[0]:
                raise ValueError(f"{text!r}: it is elsewhere")
            world.left.pop(thing, None)
            world.carried[thing] = (who, line)
            world.handled.setdefault(who, set()).add(line)
        elif dropped := DROP.fullmatch(text):
            who, thing = dropped.groups()
            if world.carried.pop(thing, (who, 0))[0] != who:
                raise ValueError(f"{text!r}: somebody else carries it")
            world.left[thing] = (world.place(who)[0] if who in world.ways else "", line)
            world.handled.setdefault(who, set()).add(line)
        else:
            raise ValueError(f"cannot read {text!r}")
    return world


def _person(told: Told, question: str) -> Solved:
    [who] = _match(r"Where is (\w+) now\?|In which place is (\w+)\?", question)
    return _watch(told).place(who)


def _thing(told: Told, question: str) -> Solved:
    [thing] = _match(r"Where is the (\w+) now\?|In which place is the (\w+)\?", question)
    world = _watch(told)
    if thing in world.carried:
        who, took = world.carried[thing]
        place, proof = world.place(who)
        return place, proof | {took}
    place, dropped = world.left[thing]
    who = told[dropped].split()[0]
    before = {line: text for line, text in told.items() if line < dropped}
    return place, _watch(before).place(who)[1] | {dropped}


def _thing_before(told: Told, question: str) -> Solved:
    thing, place = _match(r"Where was the (\w+) before it was at the (\w+)\?", question)
    who, took = _watch(told).carried[thing]
    known = [stop for stop in _watch(told).ways[who] if max(stop[1]) > took]
    earlier = [stop for stop in _watch(told).ways[who] if max(stop[1]) < took]
    trail = earlier[-1:] + known
    [at] = [at for at, (name, _) in enumerate(trail) if name == place]
    if at == 0:
        raise ValueError("nothing is told of the time before")
    return trail[at - 1][0], trail[at - 1][1] | trail[at][1] | {took}


def _person_there(told: Told, question: str) -> Solved:
    who, asked = _match(r"Is (\w+) at the (\w+)\?", question)
    place, proof = _watch(told).place(who)
    return ("yes" if place == asked else "no"), proof


def _still_there(told: Told, question: str) -> Solved:
    who, asked = _match(r"Is (\w+) at the (\w+)\?", question)
    last = max(line for line, text in told.items() if text.startswith(f"{who} "))
    if found := re.fullmatch(r"\w+ is at the (\w+)\.", told[last]):
        return ("yes" if found[1] == asked else "no"), {last}
    [place] = _match(r"\w+ is not at the (\w+) any more\.", told[last])
    if place != asked:
        raise ValueError("where that person is now is not told")
    return "no", {last}


def _how_many(told: Told, question: str) -> Solved:
    [who] = _match(r"How many things does (\w+) carry\?", question)
    world = _watch(told)
    return COUNT[len([1 for carrier, _ in world.carried.values() if carrier == who])], (
        world.handled[who]
    )


def _which(told: Told, question: str) -> Solved:
    [who] = _match(r"What does (\w+) carry\?", question)
    world = _watch(told)
    things = sorted(thing for thing, (carrier, _) in world.carried.items() if carrier == who)
    return ",".join(things) or "nothing", world.handled[who]


def _neighbour(told: Told, question: str) -> Solved:
    facts = set()
    for line, text in told.items():
        one, way, other = _match(r"The (\w+) is just (\w+) of the (\w+)\.", text)
        facts |= {(one, way, other, line), (other, BACK[way], one, line)}
    if found := re.fullmatch(r"What is just (\w+) of the (\w+)\?", question):
        [(answer, line)] = [(a, n) for a, way, b, n in facts if (way, b) == found.groups()]
    else:
        known = _match(r"What is the (\w+) just (\w+) of\?", question)
        [(answer, line)] = [(b, n) for a, way, b, n in facts if (a, way) == known]
    return answer, {line}


def _gift(told: Told, question: str) -> Solved:
    gifts = [
        (line, *_match(r"(\w+) (?:gave|brought|passed) the (\w+) to (\w+)\.", text))
        for line, text in told.items()
    ]
    if found := re.fullmatch(r"What did (\w+) last give to (\w+)\?", question):
        fitting = [(n, thing) for n, a, thing, b in gifts if (a, b) == found.groups()]
    elif found := re.fullmatch(r"Who was the last to give away the (\w+)\?", question):
        fitting = [(n, a) for n, a, thing, _ in gifts if thing == found[1]]
    else:
        [asked] = _match(r"Who was the last to receive the (\w+)\?", question)
        fitting = [(n, b) for n, _, thing, b in gifts if thing == asked]
    line, answer = fitting[-1]
    return answer, {line}


def _wary_of(told: Told, question: str) -> Solved:
    [who] = _match(r"What is (\w+) wary of\?", question)
    kinds: dict[str, tuple[str, int]] = {}
    wary: dict[str, tuple[str, int]] = {}
    for line, text in told.items():
        if rule := re.fullmatch(r"(\w+) are wary of (\w+)\.", text):
            wary[rule[1].lower()] = (rule[2], line)
        else:
            name, kind = _match(r"(\w+) is an? (\w+)\.", text)
            kinds[name] = (PLURAL.get(kind, f"{kind}s"), line)
    kind, first = kinds[who]
    answer, second = wary[kind]
    return answer, {first, second}


def _colour(told: Told, question: str) -> Solved:
    [who] = _match(r"Which colour is (\w+)\?", question)
    kind: dict[str, str] = {}
    colour: dict[str, str] = {}
    about: dict[str, set[int]] = {}
    for line, text in told.items():
        name, what = _match(r"(\w+) is (.+)\.", text)
        about.setdefault(name, set()).add(line)
        if what.startswith(("a ", "an ")):
            *described, kind[name] = what.split()[1:]
            if described:
                [colour[name]] = described
        else:
            colour[name] = what
    if who in colour:
        raise ValueError("no induction: the colour is told")
    [like] = [name for name in colour if kind[name] == kind[who]]
    return colour[like], about[who] | about[like]


def _sizes(told: Told, question: str) -> Solved:
    bigger: dict[str, list[tuple[str, int]]] = {}
    for line, text in told.items():
        if found := re.fullmatch(r"The (\w+) fits in the (\w+)\.", text):
            small, big = found.groups()
        else:
            big, small = _match(r"The (\w+) is bigger than the (\w+)\.", text)
        bigger.setdefault(small, []).append((big, line))

    def climb(thing: str, goal: str) -> set[int] | None:
        if thing == goal:
            return set()
        for big, line in bigger.get(thing, ()):
            if (path := climb(big, goal)) is not None:
                return path | {line}
        return None

    if found := re.fullmatch(r"Does the (\w+) fit in the (\w+)\?", question):
        small, big = found.groups()
    else:
        big, small = _match(r"Is the (\w+) bigger than the (\w+)\?", question)
    for answer, path in (("yes", climb(small, big)), ("no", climb(big, small))):
        if path is not None:
            return answer, path
    raise ValueError("nothing is told of these two")


SOLVERS: dict[int, Callable[[Told, str], Solved]] = {
    1: _person,
    2: _thing,
    3: _thing_before,
    4: _neighbour,
    5: _gift,
    6: _person_there,
    7: _how_many,
    8: _which,
    9: _still_there,
    11: _person,
    12: _person,
    13: _person,
    15: _wary_of,
    16: _colour,
    18: _sizes,
}
