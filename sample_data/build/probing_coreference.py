"""Sentences with two people and a word for one of them: a pronoun, or what the person does.

Who is meant follows from the verb. Frames come in twos with the same ending, of which one means
the first person and the other the second, so neither place nor ending tells.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from probing_frames import Made, dealt, filled

from bertscope_tui.data.probing.mentions import DIFFERENT, SAME
from bertscope_tui.data.probing.records import ProbeSplit, ProbeTarget
from bertscope_tui.data.records import Span

WOMEN = (
    "Alice", "Anna", "Clara", "Diana", "Ellen", "Emma", "Grace", "Helen", "Ida", "Julia", "Laura",
    "Lucy", "Maria", "Nora", "Ruth", "Sarah",
)  # fmt: skip
MEN = (
    "Adam", "Arthur", "Daniel", "David", "Edward", "Felix", "Frank", "George", "Henry", "Jacob",
    "Martin", "Oscar", "Otto", "Peter", "Simon", "Thomas",
)  # fmt: skip
TRADES = ("baker", "carpenter", "doctor", "driver", "gardener", "painter", "sailor", "teacher")
OPENINGS = (
    "", "", "", "It was late in the evening. ", "Then something changed. ", "So the story goes: ",
    "On the second day ", "After some time ", "As far as we know, ", "Nobody was surprised: ",
)  # fmt: skip
_MIXED = 0.3
"""Part of the sentences with a woman and a man, in which the pronoun alone tells who is meant."""

TWOS: tuple[tuple[str, str, str], ...] = (
    ("{a} apologised to {b}", "{a} punished {b}", "because {p} had broken the window."),
    ("{a} asked {b} for help", "{a} offered {b} help", "because {p} could not lift the box alone."),
    ("{a} confessed everything to {b}", "{a} blamed {b} in public", "after {p} had lost the key."),
    ("{a} borrowed a coat from {b}", "{a} lent a coat to {b}", "because {p} was cold."),
    ("{a} followed {b}", "{a} guided {b}", "because {p} did not know the way."),
    ("{a} learned the song from {b}", "{a} taught {b} the song", "since {p} had never heard it."),
    ("{a} bought the house from {b}", "{a} sold the house to {b}", "because {p} needed a garden."),
    ("{a} begged {b} for bread", "{a} brought {b} some bread", "because {p} was hungry."),
    ("{a} hid from {b}", "{a} calmed {b}", "because {p} was afraid."),
    ("{a} sent for {b}", "{a} looked after {b}", "while {p} was ill."),
    ("{a} impressed {b}", "{a} admired {b}", "because {p} could speak six languages."),
    ("{a} bored {b}", "{a} interrupted {b}", "because {p} told the same story again."),
    ("{a} beat {b} at chess", "{a} lost to {b} at chess", "because {p} had practised all week."),
    ("{a} hurried after {b}", "{a} waited for {b}", "because {p} was late."),
    ("{a} repaid {b}", "{a} reminded {b} of the debt", "after {p} had borrowed the money."),
    ("{a} promised {b} to be quiet", "{a} told {b} to be quiet", "because {p} had been too loud."),
    ("{a} hired {b}", "{a} worked for {b}", "because {p} owned a farm."),
    ("{a} rented a room from {b}", "{a} let a room to {b}", "because {p} had no place to live."),
    ("{a} thanked {b}", "{a} was thanked by {b}", "after {p} had been given the medal."),
    ("{a} saved {b}", "{a} was saved by {b}", "because {p} could swim well."),
    ("{a} obeyed {b}", "{a} commanded {b}", "because {p} was only a servant."),
    ("{a} copied from {b}", "{a} dictated the answers to {b}", "because {p} had not studied."),
    ("{a} fooled {b}", "{a} saw through {b}", "because {p} was a clever liar."),
    ("{a} bowed to {b}", "{a} received a bow from {b}", "because {p} was the younger one."),
    ("{a} visited {b} in prison", "{a} wrote to {b} from prison", "although {p} was a free man."),
)  # fmt: skip
"""First beginning (the first person is meant), second one (the second is), ending."""

KNOWN = (
    "{a} is a {r} and {b} is a {s}. Every morning the {t} walks to the harbour.",
    "{a}, a {r}, shares a flat with {b}, a {s}. On Sundays the {t} cooks for both.",
    "{a} works as a {r}, {b} as a {s}. In winter the {t} has little to do.",
    "The village has one {r}, {a}, and one {s}, {b}. It is the {t} who rings the bell.",
    "{a} became a {r} when {b} became a {s}. Today the {t} is the richer of the two.",
    "{a} the {r} and {b} the {s} met on the bridge, and the {t} began to sing.",
    "Unlike {b}, who is a {s}, {a} is a {r}. The {t} has a small boat.",
    "{a} married a {s} called {b}. As a {r}, however, {a} is seldom home; the {t} likes that.",
    "{b} has long been a {s}, {a} only lately a {r}. The {t} bought a horse.",
    "{a} trained as a {r}, {b} as a {s}. When the roof fell in, the {t} was hurt.",
)
"""Frames in which a person is meant by a trade."""


def coreference(seed: int, for_two: int, for_known: int) -> Iterator[Made]:
    """Yield sentences, so many for each beginning and for each of the frames with trades."""
    rng = random.Random(f"{seed} coreference")
    by_ending = {ending: (first, second) for first, second, ending in TWOS}
    for ending, split in dealt(list(by_ending)):
        for first_is_meant, beginning in zip((True, False), by_ending[ending], strict=True):
            for _ in range(for_two):
                yield _with_pronoun(rng, beginning, ending, first_is_meant, split)
    for frame, split in dealt(KNOWN):
        for number in range(for_known):
            yield _with_trade(rng, frame, number % 2 == 0, split)


def _with_pronoun(
    rng: random.Random, beginning: str, ending: str, first_is_meant: bool, split: ProbeSplit
) -> Made:
    own, other = (WOMEN, MEN) if rng.random() < 0.5 else (MEN, WOMEN)
    if "free man" in ending:
        own, other = MEN, WOMEN
    meant = rng.choice(own)
    second = rng.choice(other if rng.random() < _MIXED else [name for name in own if name != meant])
    a, b = (meant, second) if first_is_meant else (second, meant)
    opening = rng.choice(OPENINGS)
    pronoun = "she" if own is WOMEN else "he"
    text, spans = filled(f"{opening}{beginning} {ending}", a=a, b=b, p=pronoun)
    return Made(text, _pairs(spans, "p", first_is_meant), ending, split)


def _with_trade(rng: random.Random, frame: str, first_is_meant: bool, split: ProbeSplit) -> Made:
    a, b = rng.sample(WOMEN + MEN, 2)
    first, second = rng.sample(TRADES, 2)
    trade = first if first_is_meant else second
    text, spans = filled(frame, a=a, b=b, r=first, s=second, t=trade)
    return Made(text, _pairs(spans, "t", first_is_meant), frame, split)


def _pairs(spans: dict[str, Span], word: str, first_is_meant: bool) -> tuple[ProbeTarget, ...]:
    """Return both pairs of a name and the word; the mention that comes first is named first."""
    labels = (SAME, DIFFERENT) if first_is_meant else (DIFFERENT, SAME)
    return tuple(
        ProbeTarget(tuple(sorted((spans[name], spans[word]))), (label,))
        for name, label in zip("ab", labels, strict=True)
    )
