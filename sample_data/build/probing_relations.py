"""Sentences with two nouns and the relation between them, after the scheme of SemEval-2010 Task 8.

The same two nouns stand in several relations and in none, so they do not tell it; and in each
relation either can come first.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from probing_frames import Made, dealt, filled

from bertscope_tui.data.probing.records import ProbeSplit, ProbeTarget

EVENTS = (
    "accident", "blackout", "collapse", "drought", "epidemic", "explosion", "fire", "flood",
    "frost", "panic", "quarrel", "riot", "scandal", "shortage", "storm", "strike",
)  # fmt: skip
THINGS = (
    ("wheel", "cart"), ("handle", "door"), ("engine", "boat"), ("drawer", "desk"),
    ("lid", "box"), ("lamp", "cabin"), ("shelf", "cupboard"), ("rope", "tent"),
    ("mirror", "wardrobe"), ("pump", "barn"), ("seat", "wagon"), ("bell", "tower"),
    ("clock", "kitchen"), ("pipe", "cellar"), ("lens", "camera"), ("stove", "hut"),
)  # fmt: skip
MAKERS = (
    ("carpenter", "table"), ("potter", "jug"), ("baker", "cake"), ("author", "novel"),
    ("tailor", "coat"), ("factory", "engine"), ("smith", "bell"), ("weaver", "carpet"),
    ("painter", "portrait"), ("cook", "soup"), ("student", "poem"), ("company", "camera"),
    ("farmer", "cheese"), ("child", "kite"), ("inventor", "clock"), ("monk", "map"),
)  # fmt: skip

FRAMES: dict[tuple[str, str], tuple[str, ...]] = {
    ("events", "Cause-Effect(e1,e2)"): (
        "The {a} caused a {b} in the whole district.",
        "Experts say that the {a} led to the {b}.",
        "A single {a} was enough to bring about the {b}.",
        "The {a} resulted in a {b} nobody had expected.",
        "It was the {a} that triggered the {b}.",
        "Because of the {a} there was a {b} in the town.",
        "The {a} gave rise to a {b} within hours.",
        "As a consequence of the {a} the {b} began.",
        "The {a} soon produced a {b}.",
        "The {a} was to blame for the {b}.",
    ),
    ("events", "Cause-Effect(e2,e1)"): (
        "The {b} was caused by the {a}.",
        "The {b} was the result of an earlier {a}.",
        "The town suffered a {b} because of the {a}.",
        "Everybody knows that the {b} came from the {a}.",
        "The {b} broke out as a consequence of the {a}.",
        "They traced the {b} back to the {a}.",
        "The {b} followed from the {a} as night follows day.",
        "The {b} was triggered by a {a} in the north.",
        "There would have been no {b} without the {a}.",
        "The {b} had its cause in the {a}.",
    ),
    ("things", "Component-Whole(e1,e2)"): (
        "The {a} of the {b} is broken.",
        "The {a} belongs to the {b} and cannot be removed.",
        "One {a} is missing from the {b} as it was built.",
        "The {a} forms the oldest part of the {b}.",
        "Somebody had painted the {a} of this {b} green.",
        "The {a} is built into the {b}.",
        "The {a} is the part of the {b} that wears out first.",
        "A new {a} was fitted to the {b} as a part of it.",
        "Without its {a}, the {b} is useless.",
        "The {a} that the {b} came with is made of brass.",
    ),
    ("things", "Component-Whole(e2,e1)"): (
        "The {b} has a {a} made of brass.",
        "This {b} is built with a {a} of its own.",
        "The {b} lost its {a} in the storm.",
        "A {b} like this one comes with a {a}.",
        "The {b} consists of little more than a {a}.",
        "The {b} with the broken {a} is cheaper.",
        "They gave the {b} a stronger {a}.",
        "The {b} needs another {a} before it can be used.",
        "My grandfather's {b} still had its first {a}.",
        "The {b} is equipped with a {a}.",
    ),
    ("things", "Content-Container(e1,e2)"): (
        "They found a {a} hidden inside the {b}.",
        "An old {a} was lying in the {b} among newspapers.",
        "She keeps a spare {a} in the {b}.",
        "The {a} was locked up in the {b} for years.",
        "There was a {a} from some other house in the {b}.",
        "The {a} rattled about inside the {b}.",
        "A {a} wrapped in paper filled half of the {b}.",
        "The police discovered the stolen {a} in the {b}.",
        "The {a} is stored in the {b} during winter.",
        "A rusty {a} lay at the bottom of the {b}.",
    ),
    ("things", "Content-Container(e2,e1)"): (
        "The {b} contained a {a} and old newspapers.",
        "Inside the {b} they found a stolen {a}.",
        "The {b} held nothing but a rusty {a}.",
        "In the {b} a {a} was lying among rags.",
        "The {b} was so full that a {a} fell out.",
        "The {b} was used to store a {a}.",
        "The {b} hid a {a} under some straw.",
        "At the bottom of the {b} lay a {a}.",
        "The {b} was empty except for a {a}.",
        "The {b} is where she keeps a spare {a}.",
    ),
    ("things", "Entity-Destination(e1,e2)"): (
        "They carried the {a} into the {b}.",
        "The {a} was loaded onto the {b}.",
        "The boy threw the {a} into the {b}.",
        "Put the {a} back into the {b}, please.",
        "The {a} has been moved to the {b}.",
        "The thieves pushed the {a} into the {b}.",
        "We dragged the heavy {a} towards the {b}.",
        "She brought the {a} to the {b}.",
        "The {a} was sent to the {b} by mistake.",
        "He dropped the {a} into the {b}.",
    ),
    ("makers", "Product-Producer(e2,e1)"): (
        "The {m} made the {o} in two days.",
        "The {m} produced a {o} for the fair.",
        "The {m} has created a {o} that everybody admires.",
        "The {m} needed a month to finish the {o}.",
        "The {m} is the maker of this {o}.",
        "The {m} was famous for designing the {o}.",
        "A {m} from the next town built the {o}.",
        "The {m} turned out one {o} after another.",
        "The {m} put the {o} together from scraps.",
        "The {m} worked all night on a new {o}.",
    ),
    ("makers", "Product-Producer(e1,e2)"): (
        "The {o} was made by a {m}.",
        "The {o} is the work of a {m}.",
        "A {o} produced by the {m} won a prize.",
        "The {o} was created by a {m} long ago.",
        "The {o} that the {m} designed is in a museum.",
        "The {o} bears the name of the {m} who made it.",
        "This {o} was the first that the {m} finished.",
        "The {o} came fresh from the hands of the {m}.",
        "The {o} was built by the {m} from scraps.",
        "No {o} by this {m} has ever failed.",
    ),
}
"""Frames by the nouns that fill them and the relation, written as in SemEval."""

OTHER: dict[str, tuple[str, ...]] = {
    "events": (
        "The report on the {a} does not mention the {b}.",
        "The {a} happened ten years before the {b}.",
        "People still talk about the {a} and the {b}.",
        "The {a} was less serious than the {b}.",
        "A week after the {a} another town had a {b}.",
    ),
    "things": (
        "The {a} costs more than the {b}.",
        "She painted the {b} after the {a}.",
        "The {a} stood a mile from the {b}.",
        "He sold the {b} to pay for a {a}.",
        "Neither the {a} nor the {b} was for sale.",
    ),
    "makers": (
        "The {m} stumbled over the {o}.",
        "The {o} was stolen from the {m}.",
        "The {m} paid too much for the {o}.",
        "The {o} reminded the {m} of home.",
        "The {m} would not sit next to the {o}.",
    ),
}
"""Frames without any of the relations."""


def relations(seed: int, for_each: int) -> Iterator[Made]:
    """Yield sentences with the spans of both nouns in the order of the text: so many a frame."""
    rng = random.Random(f"{seed} relations")
    for (kind, label), frames in FRAMES.items():
        for frame, split in dealt(frames):
            yield from _several(rng, kind, label, frame, split, for_each)
    for kind, frames in OTHER.items():
        for frame, split in dealt(frames):
            yield from _several(rng, kind, "Other", frame, split, for_each)


def _several(
    rng: random.Random, kind: str, label: str, frame: str, split: ProbeSplit, number: int
) -> Iterator[Made]:
    if kind == "events":
        drawn = [dict(zip("ab", rng.sample(EVENTS, 2), strict=True)) for _ in range(number)]
    elif kind == "things":
        drawn = [{"a": part, "b": whole} for part, whole in rng.sample(THINGS, number)]
    else:
        drawn = [{"m": maker, "o": made} for maker, made in rng.sample(MAKERS, number)]
    for words in drawn:
        text, spans = filled(_with_articles(frame, words), **words)
        yield Made(text, (ProbeTarget(tuple(sorted(spans.values())), (label,)),), frame, split)


def _with_articles(frame: str, words: dict[str, str]) -> str:
    """Say "an" where the word that fills the gap begins with a vowel."""
    for gap, word in words.items():
        if word[0] in "aeiou":
            frame = frame.replace(f" a {{{gap}}}", f" an {{{gap}}}")
            frame = frame.replace(f"A {{{gap}}}", f"An {{{gap}}}")
    return frame
