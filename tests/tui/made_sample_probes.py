"""What probes say of a sample of the fakes, made by formulas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertscope_tui.data.words import words_of
from bertscope_tui.engine.probe_encoding import covering
from bertscope_tui.inspection.probing import Said, SampleProbes, Stretch
from bertscope_tui.inspection.snapshots import Extraction
from bertscope_tui.probes.applying import offsets_of
from tests.tui.made_probes import LABELS, made_result

TYPES = ("NUM", "HUM", "LOC")


def fact_chance(layer: int, sentence: int) -> float:
    """The first sentence is likelier the higher the layer, the others the lower."""
    return layer / 12 if sentence == 0 else 1 - (layer + sentence) / 24


def made_sample_probes(
    extraction: Extraction,
    weights: str = "weights",
    *,
    labels: Sequence[str] = LABELS,
    types: Sequence[str] = TYPES,
) -> SampleProbes:
    """Return chances that change from layer to layer, word to word and sentence to sentence."""
    layers, sentences = extraction.layers + 1, extraction.sample.sentences
    offsets = offsets_of(extraction.tokens, "context")
    stretches = []
    word_of: list[int | None] = [None] * len(extraction.tokens)
    for span in words_of(extraction.sample.context):
        own = covering(offsets, span)
        if own is not None:
            word_of[own[0]] = len(stretches)
            stretches.append(Stretch("word", "context", span, own))
    layer, word, label = np.ogrid[0:layers, 0 : len(stretches), 0 : len(labels)]
    entities = (1 + (layer + word + 2 * label) % 7) / 8
    kind = np.arange(len(types))[None, None, :]
    question = (1 + (layer + kind) % 4) / 4.5
    facts = [[fact_chance(n, m) for m in range(len(sentences))] for n in range(layers)]
    return SampleProbes(
        layers=extraction.layers,
        question=Said(made_result(weights, "ques", labels=types), question.astype(np.float32)),
        entities=Said(made_result(weights, labels=labels), entities.astype(np.float32)),
        stretches=tuple(stretches),
        word_of=tuple(word_of),
        facts=np.asarray(facts, dtype=np.float32),
        facts_result=made_result(weights, "sup", labels=("false", "true")),
    )
