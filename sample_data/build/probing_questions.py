"""Questions of the six kinds of TREC; the same names and things are asked about in all kinds."""

from __future__ import annotations

import random
from collections.abc import Iterator

from probing_frames import Made, dealt, filled

from bertscope_tui.data.probing.records import ProbeTarget
from bertscope_tui.data.records import Span

WORDS: dict[str, tuple[str, ...]] = {
    "person": (
        "Ada Holm", "Bruno Falk", "Clara Voss", "David Reed", "Emma Lund", "Felix Moor",
        "Greta Stone", "Henry Cole", "Ida Marsh", "Jacob Winter", "Laura Hill", "Oscar Field",
    ),
    "place": (
        "Brazil", "Chile", "Denmark", "Egypt", "Finland", "Georgia", "Iceland", "Japan",
        "Kenya", "Lebanon", "Norway", "Vietnam",
    ),
    "thing": (
        "bicycle", "camera", "compass", "drum", "kite", "lantern", "microscope", "piano",
        "sailing boat", "telephone", "telescope", "windmill",
    ),
    "letters": (
        "ASEAN", "CERN", "FIFA", "NASA", "NATO", "NORAD", "OPEC", "UEFA", "UNESCO", "UNICEF",
    ),
    "phrase": (
        "the European Union", "the World Health Organization", "the United Nations",
        "a personal computer", "a member of parliament", "a central processing unit",
        "the International Monetary Fund", "a doctor of philosophy",
    ),
    "work": (
        "The Blue Door", "The Last Ferry", "Winter Light", "A House of Salt", "The Long Road",
        "Seven Bells", "The Glass Garden", "North of Eden",
    ),
}  # fmt: skip

FRAMES: dict[str, tuple[str, ...]] = {
    "ABBR": (
        "What does {letters} stand for?",
        "What is the full form of {letters}?",
        "What is the abbreviation for {phrase}?",
        "How is {phrase} abbreviated?",
        "What do the letters {letters} mean?",
        "Which words hide behind the letters {letters}?",
        "What is {phrase} called for short?",
        "Which initials are used for {phrase}?",
        "{letters} is the short form of what?",
        "What are the letters of {letters} short for?",
        "What is the acronym for {phrase}?",
        "How does one write {phrase} in short?",
    ),
    "ENTY": (
        "What instrument does {person} play?",
        "What food is {place} famous for?",
        "Which language do people speak in {place}?",
        "What did {person} invent?",
        "Which book did {person} write first?",
        "What is the national flower of {place}?",
        "What kind of fish lives in the lakes of {place}?",
        "Which colour is the {thing} in {work}?",
        "What animal is shown in the emblem of {letters}?",
        "What sport is played most in {place}?",
        "Which disease did {person} have?",
        "What material is a {thing} made of?",
    ),
    "DESC": (
        "What is a {thing}?",
        "Why did {person} leave {place}?",
        "How does a {thing} work?",
        "What caused the fire in {place}?",
        "What is the difference between a {thing} and a windsock?",
        "How do you clean a {thing}?",
        "Why is {place} famous?",
        "How did {person} lose the house?",
        "What is {work} about?",
        "What does {letters} do?",
        "What was the reason for the strike in {place}?",
        "How can a {thing} be repaired?",
    ),
    "HUM": (
        "Who invented the {thing}?",
        "Which king ruled {place} the longest?",
        "What actress played {person} in the film?",
        "Who was the first ruler of {place}?",
        "What is the name of the painter who lived in {place}?",
        "Which team from {place} won the cup?",
        "Who is the author of {work}?",
        "What company makes the smallest {thing}?",
        "To whom did {person} leave the house?",
        "What is the real name of {person}?",
        "Whose idea was {letters}?",
        "Which woman crossed {place} on foot?",
    ),
    "LOC": (
        "Where was {person} born?",
        "What city does {person} live in?",
        "Which country sells the most {thing}s?",
        "In what town did {person} die?",
        "What river flows through {place}?",
        "Where can I buy a {thing}?",
        "What is the capital of {place}?",
        "Which island belongs to {place}?",
        "Where does {letters} have its seat?",
        "What is the highest mountain in {place}?",
        "In which street stands the house from {work}?",
        "From which village did {person} come?",
    ),
    "NUM": (
        "How many people live in {place}?",
        "When did {person} die?",
        "What year did {person} move to {place}?",
        "How far is it to {place}?",
        "How much does a {thing} cost?",
        "What is the population of {place}?",
        "How old was {person} at the wedding?",
        "What is the top speed of a {thing}?",
        "In which century was the {thing} invented?",
        "How long does it take to read {work}?",
        "What percentage of people in {place} own a {thing}?",
        "What is the number of members of {letters}?",
    ),
}


def questions(seed: int, for_each: int) -> Iterator[Made]:
    """Yield questions, labelled as a whole, so many for each frame."""
    rng = random.Random(f"{seed} questions")
    for label, frames in FRAMES.items():
        for frame, split in dealt(frames):
            asked: set[str] = set()
            while len(asked) < for_each:
                words = {kind: rng.choice(known) for kind, known in WORDS.items()}
                text, _ = filled(frame, **words)
                if text not in asked:
                    asked.add(text)
                    target = ProbeTarget((Span(0, len(text)),), (label,))
                    yield Made(text, (target,), frame, split)
