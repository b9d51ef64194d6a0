"""Sentences with named entities. The names say nothing: each can be a person, a place, a ship…"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from probing_frames import Made, dealt, filled

from bertscope_tui.data.probing.records import ProbeTarget

NAMES = (
    "Adelaide", "Alexandria", "Aurora", "Austin", "Carolina", "Charlotte", "Chelsea", "Clinton",
    "Columbia", "Dallas", "Florence", "Georgia", "Hamilton", "Helena", "Houston", "Hudson",
    "Jackson", "Jordan", "Lancaster", "Lawrence", "Lincoln", "Logan", "Madison", "Marshall",
    "Orlando", "Paris", "Phoenix", "Preston", "Regina", "Savannah", "Sydney", "Troy", "Victoria",
    "Vienna", "Virginia", "Wellington",
)  # fmt: skip
DATES = (
    "April", "May", "June", "August", "January", "Easter", "Christmas", "Friday", "Sunday",
    "autumn", "summer", "winter",
)  # fmt: skip
_DATE_AS_NAME = 0.3

ONE: dict[str, tuple[str, ...]] = {
    "person": (
        "{x} forgot her umbrella at the station again.",
        "The letter was written by {x}, who had never left the village.",
        "When {x} laughed, everybody else laughed too.",
        "They asked {x} to hold the ladder.",
        "Nobody had told {x} that the meeting was cancelled.",
        "{x} is two years older than her brother.",
        "The doctor advised {x} to rest for a week.",
        "In the photograph {x} wears a green coat.",
        "{x} broke his left arm while skating.",
        "We thanked {x} for the flowers.",
        "The teacher praised {x} because he had finished early.",
        "{x} married a carpenter from the next valley.",
        "At breakfast {x} told us about a strange dream.",
        "The dog would only obey {x}, who fed it.",
        "Without his glasses {x} could not read the sign.",
    ),
    "place": (
        "They drove to {x} through heavy rain.",
        "The streets of {x} were empty after midnight.",
        "She was born in {x} and moved away at the age of six.",
        "A bridge connects {x} with the other bank of the river.",
        "Half of the people in {x} work at the harbour.",
        "The road to {x} is closed because of snow.",
        "It takes three hours to walk from {x} to the coast.",
        "The mayor of {x} opened the new library.",
        "Houses in {x} are cheaper than they were.",
        "The floods reached the outskirts of {x}.",
        "North of {x} the land is flat.",
        "He has never visited {x}, though he speaks of its parks.",
        "Tourists come to {x} for the old market.",
        "{x} lies on the left bank of a slow river.",
        "{x} has two railway stations and a cathedral.",
    ),
    "organisation": (
        "Shares of {x} fell by a tenth after the report.",
        "{x} has hired two hundred engineers this year.",
        "The judge ordered {x} to pay its former employees.",
        "She left her job at {x} to study law.",
        "{x} announced a merger with its oldest rival.",
        "The board of {x} met behind closed doors.",
        "Customers of {x} complained about rising fees.",
        "{x} opened a second factory in the spring.",
        "He sold his stake in {x} for a small fortune.",
        "A spokesman for {x} denied the rumours.",
        "The profits of {x} doubled within a year.",
        "{x} supplies paint to half of the country's garages.",
        "The union signed a contract with {x}.",
        "Because {x} went bankrupt, the warehouse stands empty.",
        "Investors expect {x} to cut its dividend.",
    ),
    "work": (
        "She read {x} twice and cried at the last chapter.",
        "The critics called {x} the dullest film of the year.",
        "The orchestra opened the evening with {x}.",
        "Chapter four of {x} takes place on an island.",
        "He hummed the chorus of {x} all day.",
        "{x} was translated into eleven languages.",
        "The plot of {x} is hard to follow.",
        "The lead actor in {x} refused to wear a wig.",
        "I borrowed {x} from the library and never opened it.",
        "The author finished {x} shortly before her death.",
        "The second act of {x} is set in a prison.",
        "Nobody in the audience clapped after {x}.",
        "A first edition of {x} was sold at auction.",
        "{x} is a novel about three sisters.",
        "The cinema showed {x} to an empty hall.",
    ),
    "ship": (
        "The captain of {x} ordered the lifeboats lowered.",
        "{x} sank within sight of the harbour.",
        "Passengers boarded {x} at dawn.",
        "The hull of {x} was painted blue.",
        "They repaired the mast of {x} after the storm.",
        "Two tugs pulled {x} off the sandbank.",
        "{x} carried grain across the ocean.",
        "As {x} left the dock, a band played.",
        "Rust had eaten through the deck of {x}.",
        "The crew of {x} had not been paid for months.",
        "{x} dropped anchor in the bay.",
        "Her cabin on board {x} had no window.",
        "The pilot steered {x} between the rocks.",
        "Below the waterline {x} was full of holes.",
        "The sailors scrubbed {x} from bow to stern.",
    ),
    "date": (
        "The lease ends next {x}, so they must look for a flat.",
        "The shop stays closed until {x}.",
        "Last {x} was warmer than usual.",
        "They have been married since {x}.",
        "The exam was moved from this week to {x}.",
        "By {x} the snow had melted.",
        "She begins her new post this {x}.",
        "It has not rained since {x}.",
        "Applications must arrive before {x}.",
        "Every {x} the whole family meets for dinner.",
        "The concert planned for {x} was cancelled.",
        "Around {x} the geese return.",
        "He promised to repay the money by {x}.",
        "Most of the tickets for {x} are sold.",
        "The roof must be mended before {x} comes.",
    ),
}
"""Frames with one gap, by the label of what fills it."""

SEVERAL = (
    "{person} moved from {place} to work for {organisation}.",
    "One {date} {person} sailed to {place} on board {ship}.",
    "{person} wrote {work} while living in {place}.",
    "{organisation} bought {ship} and gave it a new engine before {date}.",
    "{work} was filmed in {place} by a student named {person}.",
    "{organisation} has paid for {work}, which opens next {date}.",
    "{ship} had left {place} before {person} could find a ticket.",
    "{person} sued {organisation} that {date} and lost.",
    "{ship} brought {person} and three goats to {place}.",
    "In {place} nobody has heard of {work} or of {organisation}.",
    "{person} saw {work} in {place} last {date}.",
    "{organisation} will close its office in {place} by {date}.",
    "{person} painted {ship} as it lay at anchor off {place}.",
    "The hero of {work} works for {organisation} and owns {ship}.",
    "Since {date} {person} has been reading {work} aloud to her son.",
)
"""Frames with several gaps, each named after its label."""


def entities(seed: int, for_one: int, for_several: int) -> Iterator[Made]:
    """Yield sentences with entities: so many for each frame of either kind."""
    rng = random.Random(f"{seed} entities")
    for label, frames in ONE.items():
        for frame, split in dealt(frames):
            for name in _names(rng, label, for_one):
                text, spans = filled(frame, x=name)
                yield Made(text, (ProbeTarget((spans["x"],), (label,)),), frame, split)
    for frame, split in dealt(SEVERAL):
        labels = re.findall(r"\{([a-z]+)\}", frame)
        for _ in range(for_several):
            names: dict[str, str] = {}
            while len({name.lower() for name in names.values()}) < len(labels):
                names = {label: _names(rng, label, 1)[0] for label in labels}
            text, spans = filled(frame, **names)
            targets = tuple(ProbeTarget((spans[label],), (label,)) for label in labels)
            yield Made(text, targets, frame, split)


def _names(rng: random.Random, label: str, number: int) -> list[str]:
    """Draw different names; what can be a date is also a person, a ship…, but never a place."""
    if label == "date":
        return rng.sample(DATES, number)
    dates = [name.capitalize() for name in DATES if label != "place"]
    chosen: list[str] = []
    while len(chosen) < number:
        pool = dates if dates and rng.random() < _DATE_AS_NAME else NAMES
        name = rng.choice(pool)
        if name not in chosen:
            chosen.append(name)
    return chosen
