"""Stories about people who go from place to place: where is one of them?"""

from __future__ import annotations

import random

from story_world import MOVES, NAMES, PLACES, THEN, WOMEN, Story, Teller, Whether, other


def _where_is(rng: random.Random, who: str) -> str:
    return rng.choice((f"Where is {who} now?", f"In which place is {who}?"))


def one_fact(rng: random.Random) -> Story:
    """People walk about; where is one of them? The last statement about that person says it."""
    teller = Teller()
    people = rng.sample(NAMES, rng.randint(2, 4))
    places: dict[str, tuple[str, int]] = {}
    for turn in range(rng.randint(3, 7)):
        who = rng.choice(people)
        place = other(rng, PLACES, places[who][0] if who in places else None)
        places[who] = (place, teller.say(f"{who} {rng.choice(MOVES)} the {place}."))
        if turn >= 2 and rng.random() < 0.6:
            asked = rng.choice(list(places))
            teller.ask(_where_is(rng, asked), places[asked][0], [places[asked][1]])
    if not teller.asked:
        teller.ask(_where_is(rng, who), places[who][0], [places[who][1]])
    return teller.story()


def yes_no(rng: random.Random) -> Story:
    """People walk about; is one of them at a place? The last statement about that person says it.

    The place that is asked for was named in the story, whatever the answer: it is the person's
    own, or an earlier one of theirs, or somebody else's.
    """
    teller = Teller()
    people = rng.sample(NAMES, rng.randint(2, 3))
    places = rng.sample(PLACES, rng.randint(2, 4))
    at: dict[str, tuple[str, int]] = {}
    named: set[str] = set()
    length = rng.randint(3, 6)
    while teller.told < length or not teller.asked:
        who = rng.choice(people)
        place = other(rng, places, at[who][0] if who in at else None)
        at[who] = (place, teller.say(f"{who} {rng.choice(MOVES)} the {place}."))
        named.add(place)
        if teller.told >= 3 and (teller.told >= length or rng.random() < 0.5):
            teller.ask_whether(rng, *_whether_at(at, named))
    return teller.story()


def simple_negation(rng: random.Random) -> Story:
    """Somebody is at a place, or is not there any more; is that person there?"""
    teller = Teller()
    people = rng.sample(NAMES, rng.randint(2, 3))
    places = rng.sample(PLACES, rng.randint(2, 4))
    here: dict[str, tuple[str, int]] = {}
    gone: dict[str, tuple[str, int]] = {}
    named: set[str] = set()
    length = rng.randint(3, 6)
    while teller.told < length or not teller.asked:
        who = rng.choice(people)
        if who in here and rng.random() < 0.6:
            place, _ = here.pop(who)
            gone[who] = (place, teller.say(f"{who} is not at the {place} any more."))
        else:
            before = here.get(who) or gone.pop(who, None)
            place = other(rng, places, before[0] if before else None)
            here[who] = (place, teller.say(f"{who} is at the {place}."))
            named.add(place)
        if teller.told >= 3 and (teller.told >= length or rng.random() < 0.5):
            yes, no = _whether_at(here, named)
            left = [(f"Is {who} at the {place}?", [line]) for who, (place, line) in gone.items()]
            # Somebody who left is as good a reason for "no" as somebody who is elsewhere.
            teller.ask_whether(rng, yes, left if left and rng.random() < 0.7 else no)
    return teller.story()


def _whether_at(
    at: dict[str, tuple[str, int]], named: set[str]
) -> tuple[list[Whether], list[Whether]]:
    """Return the questions whose answer is yes and those whose answer is no."""
    yes: list[Whether] = []
    no: list[Whether] = []
    for who, (here, line) in at.items():
        for place in sorted(named):
            (yes if place == here else no).append((f"Is {who} at the {place}?", [line]))
    return yes, no


def basic_coreference(rng: random.Random) -> Story:
    """A pronoun at the start of a statement stands for the person named just before."""
    teller = Teller()
    people = rng.sample(NAMES, rng.randint(2, 3))
    places: dict[str, tuple[str, list[int]]] = {}
    for turn in range(rng.randint(2, 4)):
        who = rng.choice(people)
        place = other(rng, PLACES, places[who][0] if who in places else None)
        first = teller.say(f"{who} {rng.choice(MOVES)} the {place}.")
        places[who] = (place, [first])
        if rng.random() < 0.85 or turn == 0:
            place = other(rng, PLACES, place)
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
    for turn in range(rng.randint(3, 6)):
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
    for turn in range(rng.randint(2, 3)):
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
