"""Stories about how places, people, animals and things stand to one another."""

from __future__ import annotations

import random
from itertools import pairwise

from story_world import (
    ANIMALS,
    BOXES,
    COLOURS,
    GIVES,
    NAMES,
    OPPOSITE,
    PLACES,
    STEP,
    THINGS,
    Story,
    Teller,
    Whether,
    article,
    other,
)


def two_arguments(rng: random.Random) -> Story:
    """Places lie next to each other; the order of the two names in a statement matters."""
    teller = Teller()
    names = rng.sample(PLACES, rng.randint(3, 5))
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
    for line, (subject, way, anchor) in lines[:3]:
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
    people = rng.sample(NAMES, rng.randint(2, 4))
    things = rng.sample(THINGS, rng.randint(2, 3))
    owner = {thing: rng.choice(people) for thing in things}
    given: dict[tuple[str, str, str], int] = {}
    for turn in range(rng.randint(2, 6)):
        thing = rng.choice(things)
        giver, receiver = owner[thing], other(rng, people, owner[thing])
        owner[thing] = receiver
        # Only the last gift that fits a question may be asked for: forget what it outdates.
        given = {
            (g, t, r): line
            for (g, t, r), line in given.items()
            if t != thing and (g, r) != (giver, receiver)
        }
        line = teller.say(f"{giver} {rng.choice(GIVES)} the {thing} to {receiver}.")
        given[giver, thing, receiver] = line
        if turn < 1 or rng.random() < 0.4:
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


def basic_deduction(rng: random.Random) -> Story:
    """Each kind of animal is wary of another; everyone is of a kind, so is wary of that one."""
    teller = Teller()
    kinds = rng.sample(list(ANIMALS), rng.randint(2, 4))
    people = rng.sample(NAMES, rng.randint(1, 3))
    wary = {kind: other(rng, kinds, kind) for kind in kinds}
    members = {who: rng.choice(kinds) for who in people}
    told = [("kind", kind) for kind in kinds] + [("member", who) for who in people]
    rng.shuffle(told)
    line: dict[str, int] = {}
    for what, name in told:
        if what == "kind":
            text = f"{ANIMALS[name].capitalize()} are wary of {ANIMALS[wary[name]]}."
        else:
            text = f"{name} is {article(members[name])}."
        line[name] = teller.say(text)
    for who in rng.sample(people, len(people)):
        kind = members[who]
        teller.ask(f"What is {who} wary of?", ANIMALS[wary[kind]], [line[who], line[kind]])
    return teller.story()


def basic_induction(rng: random.Random) -> Story:
    """One of a kind has a colour, told in one statement or in two, so the other has it too."""
    teller = Teller()
    kinds = rng.sample(list(ANIMALS), rng.choice((2, 2, 3)))
    names = rng.sample(NAMES, 2 * len(kinds))
    colours = dict(zip(kinds, rng.sample(COLOURS, len(kinds)), strict=True))
    shown = dict(zip(kinds, names, strict=False))
    asked = dict(zip(rng.sample(kinds, rng.randint(1, 2)), names[len(kinds) :], strict=False))
    told = [[(who, article(kind))] for kind, who in asked.items()]
    for kind, who in shown.items():
        if rng.random() < 0.65:
            told.append([(who, f"a {colours[kind]} {kind}")])
        else:
            told.append([(who, article(kind)), (who, colours[kind])])
    rng.shuffle(told)
    lines: dict[str, list[int]] = {who: [] for who in names}
    for facts in told:
        for who, what in facts:
            lines[who].append(teller.say(f"{who} is {what}."))
    for kind, who in asked.items():
        support = lines[who] + lines[shown[kind]]
        teller.ask(f"Which colour is {who}?", colours[kind], support)
    return teller.story()


def size_reasoning(rng: random.Random) -> Story:
    """Things fit in one another along a chain; does one fit in another, is one bigger?

    Neighbours of the chain are told, in any order; asked are things one or two steps apart.
    """
    teller = Teller()
    chain = rng.sample(BOXES, rng.randint(3, 4))  # the smallest first
    pairs = list(pairwise(chain))
    line: dict[str, int] = {}
    for small, big in rng.sample(pairs, len(pairs)):
        text = rng.choice(
            (f"The {small} fits in the {big}.", f"The {big} is bigger than the {small}.")
        )
        line[small] = teller.say(text)
    for apart in rng.choices((1, 2), weights=(1, 2), k=rng.randint(1, 2)):
        first = rng.randrange(len(chain) - apart)
        small, big = chain[first], chain[first + apart]
        support = [line[thing] for thing in chain[first : first + apart]]
        teller.ask_whether(
            rng, _whether_fits(small, big, support), _whether_fits(big, small, support)
        )
    return teller.story()


def _whether_fits(small: str, big: str, support: list[int]) -> list[Whether]:
    return [
        (f"Does the {small} fit in the {big}?", support),
        (f"Is the {big} bigger than the {small}?", support),
    ]
