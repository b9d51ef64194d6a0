"""Stories about people who carry things: where is a thing, how many, and which, does one have?"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from story_world import (
    DROPS,
    LISTED,
    MOVES,
    NAMES,
    NUMBERS,
    PLACES,
    TAKES,
    THINGS,
    Story,
    Teller,
    other,
)


def two_facts(rng: random.Random) -> Story:
    """Things are carried about; a thing is where its carrier went last, or was when leaving it."""
    teller = Teller()
    people = rng.sample(NAMES, rng.randint(2, 3))
    things = rng.sample(THINGS, rng.randint(1, 2))
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
        place = other(rng, PLACES, at[who][0] if who in at else None)
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

    length = rng.randint(3, 7)
    while teller.told < length or not teller.asked:
        chance = rng.random()
        done = (chance < 0.45 and take()) or (0.45 <= chance < 0.6 and leave())
        if not done:
            move()
        eager = 1.0 if teller.told >= length else 0.45
        if teller.told >= 3 and (answers := known()) and rng.random() < eager:
            thing, place, support = rng.choice(answers)
            question = rng.choice((f"Where is the {thing} now?", f"In which place is the {thing}?"))
            teller.ask(question, place, support)
    return teller.story()


def three_facts(rng: random.Random) -> Story:
    """Where was a thing before it was at a place? Its carrier went there from somewhere.

    The proof is who carries the thing and two steps of that person's way. Somebody else goes
    about meanwhile, often to the same places and with a thing of their own.
    """
    teller = Teller()
    people = rng.sample(NAMES, 2)
    things = rng.sample(THINGS, 2)
    ways = [
        _way(rng, people[0], things[0], rng.randint(2, 4)),
        _way(rng, people[1], things[1] if rng.random() < 0.5 else None, rng.randint(1, 3)),
    ]
    trail: dict[str, list[tuple[str, int]]] = {who: [] for who in people}
    taken: dict[str, int] = {}
    first: dict[str, int] = {}
    carrier = dict(zip(things, people, strict=True))
    while any(ways):
        way = rng.choice([way for way in ways for _ in way])
        text, who, place, thing = way.pop(0)
        line = teller.say(text)
        if place:
            trail[who].append((place, line))
        else:
            # What was taken at a place was there; what was taken before any was nowhere yet.
            taken[thing], first[thing] = line, max(len(trail[who]) - 1, 0)
    askable = [
        (thing, trail[carrier[thing]][at - 1], trail[carrier[thing]][at])
        for thing in taken
        for at in range(first[thing] + 1, len(trail[carrier[thing]]))
    ]
    for thing, (before, left), (place, came) in rng.sample(askable, min(len(askable), 2)):
        question = f"Where was the {thing} before it was at the {place}?"
        teller.ask(question, before, sorted((taken[thing], left, came)))
    return teller.story()


def _way(
    rng: random.Random, who: str, thing: str | None, steps: int
) -> list[tuple[str, str, str, str]]:
    """Return (statement, who, place or "", thing or "") of one person's way, in order.

    No place comes twice, so "before it was at" has one meaning; the thing is taken early enough
    to be carried from one place to another, if there are as many as two.
    """
    way = [
        (f"{who} {rng.choice(MOVES)} the {place}.", who, place, "")
        for place in rng.sample(PLACES, steps)
    ]
    if thing is not None:
        taking = (f"{who} {rng.choice(TAKES)} the {thing}.", who, "", thing)
        way.insert(rng.randint(0, max(steps - 1, 0)), taking)
    return way


def counting(rng: random.Random) -> Story:
    """People take things and put them down; how many does one of them carry?"""
    return _handling(
        rng,
        THINGS,
        (0, 1, 2, 3),
        lambda who: f"How many things does {who} carry?",
        lambda held: NUMBERS[len(held)],
    )


def lists(rng: random.Random) -> Story:
    """People take things and put them down; what does one of them carry?

    Several things are one answer, joined by commas in the order of the alphabet.
    """
    return _handling(
        rng,
        LISTED,
        (0, 1, 1, 2, 2),
        lambda who: f"What does {who} carry?",
        lambda held: ",".join(sorted(held)) or "nothing",
    )


def _handling(
    rng: random.Random,
    things: Sequence[str],
    numbers: Sequence[int],
    question: Callable[[str], str],
    answer: Callable[[Sequence[str]], str],
) -> Story:
    """Tell who takes and puts down what, and ask what somebody carries in the end.

    How many things that will be is drawn from ``numbers`` before the story, which is begun again
    until there is such a person; so no number is rarer than it should be. The proof is every
    statement in which that person handles a thing. What was put down stays there.
    """
    wanted, most = rng.choice(numbers), max(numbers)
    while True:
        teller = Teller()
        people = rng.sample(NAMES, 2)
        free = list(rng.sample(things, len(things)))
        held: dict[str, list[str]] = {who: [] for who in people}
        lines: dict[str, list[int]] = {who: [] for who in people}
        for _ in range(rng.randint(2, 6)):
            who, chance = rng.choice(people), rng.random()
            if held[who] and chance < 0.3:
                thing = held[who].pop(rng.randrange(len(held[who])))
                lines[who].append(teller.say(f"{who} {rng.choice(DROPS)} the {thing}."))
            elif chance < 0.8 and free and len(held[who]) < most:
                held[who].append(free.pop())
                thing = held[who][-1]
                lines[who].append(teller.say(f"{who} {rng.choice(TAKES)} the {thing}."))
            else:
                teller.say(f"{who} {rng.choice(MOVES)} the {rng.choice(PLACES)}.")
        for who in rng.sample(people, 2):
            if lines[who] and len(held[who]) == wanted:
                teller.ask(question(who), answer(held[who]), lines[who])
                return teller.story()
