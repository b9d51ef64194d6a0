"""What the trained probes of a model say of one sample, at every layer.

They read the hidden states that are on screen: question and context as the network had them
together. Probes for supporting facts were trained on just that; those for question types and
entities on questions and sentences alone (``docs/probing.md`` says what that costs). Coreference
and relations are of pairs of spans that nobody has chosen here, and are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.data.probing.qa_facts import FACT
from bertscope_tui.data.probing.records import ProbeTask
from bertscope_tui.data.records import Span
from bertscope_tui.data.words import words_of
from bertscope_tui.engine.probe_encoding import covering
from bertscope_tui.engine.scoring import never
from bertscope_tui.errors import Cancelled, ModelError
from bertscope_tui.inspection.probe_views import APPLIED
from bertscope_tui.probes.applying import KeptProbes, TokenRange, offsets_of, open_probes
from bertscope_tui.probes.views import TASK_NAMES

if TYPE_CHECKING:
    from bertscope_tui.inspection.snapshots import Extraction
    from bertscope_tui.probes.records import ProbeResult

Floats = NDArray[np.float32]


StretchName = Literal["word", "predicted answer", "gold answer"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Characters of the question or context that entity probes were asked about.

    ``name`` is "word", or what the stretch is to the question. ``tokens`` are the first that
    stands for one of its characters and one past the last.
    """

    name: StretchName
    part: Literal["question", "context"]
    span: Span
    tokens: TokenRange


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What the probes of one task say: ``chances`` is ``(layers + 1, targets, labels)``.

    Chances are from 0 to 1, each label's for itself: over labels they need not add up to 1.
    """

    result: ProbeResult
    chances: Floats

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the labels of the task."""
        return self.result.labels

    def top(self, layer: int, target: int, count: int = 1) -> tuple[tuple[str, float], ...]:
        """Return the labels of the highest chances of a target at a layer, the highest first."""
        own = self.chances[layer, target]
        order = np.argsort(-own, kind="stable")[:count]
        return tuple((self.labels[place], float(own[place])) for place in order)


@dataclass(frozen=True, slots=True, eq=False)
class SampleProbes:
    """What probes say of a sample in one window; None for a task without probes.

    ``question`` has one target, the question; ``entities`` one for each of ``stretches``: every
    word that is all in the window, in the text's order, then the predicted answer and gold ones
    that differ from it. ``word_of`` has for each token its word's place in ``stretches``, None
    where it belongs to none. ``facts`` is ``(layers + 1, sentences)``, the chance that a sentence
    of the context is a supporting fact, NaN where not all of it is in the window. ``notes`` are
    plain sentences about what could not be asked.
    """

    layers: int
    question: Said | None
    entities: Said | None
    stretches: tuple[Stretch, ...]
    word_of: tuple[int | None, ...]
    facts: Floats | None
    facts_result: ProbeResult | None
    notes: tuple[str, ...] = ()

    @property
    def results(self) -> tuple[ProbeResult, ...]:
        """Return the results whose probes were asked."""
        said = (one.result for one in (self.question, self.entities) if one is not None)
        return (*said, *(one for one in (self.facts_result,) if one is not None))

    def entity(self, layer: int, token: int) -> tuple[str, float] | None:
        """Return the likeliest entity label of a token's word and its chance, None without one."""
        word = self.word_of[token]
        if self.entities is None or word is None:
            return None
        return self.entities.top(layer, word)[0]

    def fact(self, layer: int, sentence: int | None) -> float | None:
        """Return the chance that a sentence is a supporting fact, None where it is not known."""
        if self.facts is None or sentence is None:
            return None
        chance = float(self.facts[layer, sentence])
        return None if np.isnan(chance) else chance


def probe_sample(
    extraction: Extraction,
    results: Sequence[ProbeResult],
    *,
    cancelled: Callable[[], bool] = never,
) -> SampleProbes:
    """Apply the probes that were kept with ``results`` to the open sample, at every layer.

    The results are of the extraction's model, one of each task at most; those of other tasks than
    `APPLIED` are left out. A result whose probes are gone or damaged is noted, and the others are
    asked. Raises ModelError where there are no others, or where probes are those of another kind
    of model; Cancelled.
    """
    by_task = {one.identity.task: one for one in results if one.identity.task in APPLIED}
    notes: list[str] = []
    opened: dict[ProbeTask, KeptProbes] = {}
    gone: list[ModelError] = []
    for task, one in by_task.items():
        wanted = 2 if task == "sup" else 1
        if one.spans != wanted:
            notes.append(f"the probes of {one.data} read {one.spans} spans, and not {wanted}")
            continue
        try:
            opened[task] = open_probes(one)
        except ModelError as error:
            gone.append(error)
            notes.append(f"{TASK_NAMES[task]}: {error}")
    if gone and not opened:
        raise gone[0]
    tokens = extraction.tokens
    asked, read = offsets_of(tokens, "question"), offsets_of(tokens, "context")
    question = covering(asked, Span(0, len(extraction.sample.question)))

    def chances(task: ProbeTask, targets: Sequence[Sequence[TokenRange]]) -> Floats:
        if cancelled():
            raise Cancelled
        return opened[task].probabilities(extraction.states, targets)

    said = None
    if "ques" in opened:
        if question is None:
            notes.append("the question has no token")
        else:
            said = Said(by_task["ques"], chances("ques", [[question]]))
    entities = None
    stretches: tuple[Stretch, ...] = ()
    word_of: list[int | None] = [None] * len(tokens)
    if "nel" in opened:
        stretches = (*_words(extraction, asked, read), *_answers(extraction, read))
        entities = Said(by_task["nel"], chances("nel", [[own.tokens] for own in stretches]))
        for place, own in enumerate(stretches):
            for token in range(*own.tokens) if own.name == "word" else ():
                # Of several words in one token the first counts.
                word_of[token] = place if word_of[token] is None else word_of[token]
    facts = None
    if "sup" in opened and question is not None:
        facts = _facts(extraction, question, read, by_task["sup"], chances, notes)
    return SampleProbes(
        layers=extraction.layers,
        question=said,
        entities=entities,
        stretches=stretches,
        word_of=tuple(word_of),
        facts=facts,
        facts_result=None if facts is None else by_task["sup"],
        notes=tuple(notes),
    )


def _words(
    extraction: Extraction, asked: NDArray[np.int64], read: NDArray[np.int64]
) -> list[Stretch]:
    """Return the words of the question and of the window's context that have tokens."""
    sample, window = extraction.sample, extraction.window
    found: list[Stretch] = []
    for span in words_of(sample.question):
        own = covering(asked, span)
        if own is not None:
            found.append(Stretch("word", "question", span, own))
    for span in words_of(sample.context):
        if window.count > 1 and not window.start <= span.start < span.end <= window.end:
            continue
        own = covering(read, span)
        if own is not None:
            found.append(Stretch("word", "context", span, own))
    return found


def _answers(extraction: Extraction, read: NDArray[np.int64]) -> list[Stretch]:
    """Return the answers that are all in the window: the predicted one, then other gold ones."""
    predicted = None if extraction.prediction is None else extraction.prediction.span
    gold = dict.fromkeys(answer.span for answer in extraction.sample.answers)
    named: list[tuple[StretchName, Span | None]] = [("predicted answer", predicted)]
    named += [("gold answer", span) for span in gold if span != predicted]
    found: list[Stretch] = []
    for name, span in named:
        own = None if span is None else covering(read, span)
        if span is not None and own is not None and _whole(extraction, span):
            found.append(Stretch(name, "context", span, own))
    return found


def _facts(
    extraction: Extraction,
    question: TokenRange,
    read: NDArray[np.int64],
    result: ProbeResult,
    chances: Callable[[ProbeTask, Sequence[Sequence[TokenRange]]], Floats],
    notes: list[str],
) -> Floats | None:
    """Return the chance of each sentence to be a supporting fact; as in training, see qa_facts."""
    sentences = extraction.sample.sentences
    label = next((n for n, one in enumerate(result.labels) if one.lower() in (FACT, "1")), None)
    if label is None:
        notes.append(f"none of the labels of {result.data} says that a sentence is a fact")
        return None
    if len(sentences) < 2:
        notes.append("a context of one sentence is not what the probes for facts have seen")
        return None
    places, targets = [], []
    for place, sentence in enumerate(sentences):
        own = covering(read, sentence)
        if own is not None and _whole(extraction, sentence):
            places.append(place)
            targets.append([question, own])
    facts = np.full((extraction.layers + 1, len(sentences)), np.nan, dtype=np.float32)
    facts[:, places] = chances("sup", targets)[:, :, label]
    if len(places) < len(sentences):
        notes.append(f"{len(sentences) - len(places)} sentences are not all in this window")
    return facts


def _whole(extraction: Extraction, span: Span) -> bool:
    """Say whether the window has all of a span of the context but blanks at its ends."""
    window, text = extraction.window, extraction.sample.context
    if window.count == 1:
        return True
    before = text[span.start : max(span.start, window.start)]
    after = text[min(span.end, window.end) : span.end]
    return not before.strip() and not after.strip()
