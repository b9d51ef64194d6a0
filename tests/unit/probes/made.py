"""Probing data that a small network can be probed with in a moment."""

from __future__ import annotations

from dataclasses import replace

from bertscope_tui.analysis.probing.settings import ProbeSettings
from bertscope_tui.data.probing.records import ProbeData, ProbeExample, ProbeTarget
from bertscope_tui.data.records import Origin, Span
from bertscope_tui.models.loading import LoadedModel, ModelEntry, entry_of, load_model
from bertscope_tui.probes.records import ProbeOptions
from tests.tiny_models import tiny_folder

SMALL = ProbeOptions(
    settings=ProbeSettings(
        projection=8, hidden=8, learning_rate=2e-2, rounds=5, patience=3, round_steps=(8, 8)
    ),
    seeds=2,
)
QUICK = replace(SMALL, controls=False)
_PEOPLE, _THINGS = ("Mary", "John", "Nobody"), ("lantern", "apple", "basket", "kitchen", "cheese")
_VERBS = ("carried", "left", "dropped", "sold")


def subject(kind: str = "bert") -> ModelEntry:
    return entry_of(tiny_folder(kind), False, lambda _: None)


def load(entry: ModelEntry) -> LoadedModel:
    return load_model(entry, device="cpu")


def entities(*, split: bool = True, name: str = "made") -> ProbeData:
    """60 sentences, each with a person and a thing that are to be told apart."""
    examples = []
    for place in range(60):
        person, thing = _PEOPLE[place % 3], _THINGS[place % 5]
        text = f"{person} {_VERBS[place % 4]} the {thing} ."
        start = text.index(thing)
        targets = (
            ProbeTarget((Span(0, len(person)),), ("person",)),
            ProbeTarget((Span(start, start + len(thing)),), ("thing",)),
        )
        part = ("train", "train", "dev", "test")[place // 15] if split else None
        origin = Origin("made.jsonl", f"line {place + 1}")
        examples.append(ProbeExample(f"e{place}", text, targets, f"d{place}", origin, None, part))
    return ProbeData("nel", name, "made.jsonl", 1, ("person", "thing"), tuple(examples))


def pairs() -> ProbeData:
    """The same sentences with both spans as one target."""
    data = entities()
    examples = tuple(
        replace(
            one,
            targets=(
                ProbeTarget(
                    (one.targets[0].spans[0], one.targets[1].spans[0]),
                    ("left",) if "left" in one.text else ("other",),
                ),
            ),
        )
        for one in data.examples
    )
    return replace(data, task="rel", spans=2, labels=("left", "other"), examples=examples)
