"""Hidden states with phases planted in chosen layers, and such with nothing in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertscope_tui.analysis.phase_scores import PHASES, Layout, Phase

WIDTH = 48


def layout(seed: int = 0, *, question: int = 8, sentences: int = 5, length: int = 8) -> Layout:
    """Return a question and sentences; the second is the fact, two of its tokens the answer."""
    rng = np.random.default_rng(seed)
    count = question + sentences * length
    topic = rng.integers(0, 6, size=count)
    pieces = topic * 4 + rng.integers(0, 4, size=count)
    topics = rng.normal(size=(6, 20))
    words = topics[np.arange(24) // 4] + 0.3 * rng.normal(size=(24, 20))
    of = np.concatenate([np.full(question, -1), np.repeat(np.arange(sentences), length)])
    answer = np.zeros(count, dtype=bool)
    answer[question + length + 2 : question + length + 4] = True
    return Layout(
        tokens=np.arange(count) + 1,
        pieces=pieces,
        meaning=words[pieces],
        sentences=of,
        question=of < 0,
        context=of >= 0,
        facts=of == 1,
        answer=answer,
    )


def planted(
    where: Layout, layers: Sequence[Phase | None], *, noise: float = 1.0, seed: int = 0
) -> np.ndarray:
    """Return states with one token before and one behind; ``layers`` has the phase of each."""
    rng = np.random.default_rng(seed)
    count = len(where.tokens)
    states = rng.normal(size=(len(layers), count + 2, WIDTH)) * noise
    lift = rng.normal(size=(where.meaning.shape[1], WIDTH)) / 3
    places = rng.normal(size=(count, WIDTH)) * 2
    for layer, phase in enumerate(layers):
        inside = states[layer, where.tokens]
        if phase == "semantic":
            inside += where.meaning @ lift
        elif phase == "entity":
            inside += np.where(where.context[:, None], places[where.sentences], 0.0)
        elif phase == "match":
            inside += np.where((where.question | where.facts)[:, None], places[0], 0.0)
        elif phase == "answer":
            inside += np.where(where.answer[:, None], 4 * places[0], 0.0)
        states[layer, where.tokens] = inside
    return states.astype(np.float32)


def blocks(*sizes: int) -> list[Phase | None]:
    """Return so many layers of each phase, in the paper's order."""
    return [phase for phase, size in zip(PHASES, sizes, strict=True) for _ in range(size)]
