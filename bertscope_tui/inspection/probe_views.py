"""What probes say of a sample at a layer: the words and marks, for screens, pages and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.probing.records import ProbeTask
from bertscope_tui.inspection.views import Look
from bertscope_tui.plots.cells import clusters as cells
from bertscope_tui.plots.cells import shorten, width_of
from bertscope_tui.probes.views import TASK_NAMES

if TYPE_CHECKING:
    from bertscope_tui.inspection.probing import Said, SampleProbes
    from bertscope_tui.inspection.snapshots import Extraction
    from bertscope_tui.probes.records import ProbeResult

APPLIED: tuple[ProbeTask, ...] = ("ques", "nel", "sup")
"""The tasks whose probes have something to say of a sample."""

SURE = 0.5
"""From this chance on a label is taken to be said."""

_TYPES = 3
_WIDEST_WORDS = 16


@dataclass(frozen=True, slots=True)
class FactMark:
    """How the chance of a sentence is marked: ``[●0.87]`` where the data name it as a fact.

    ``said`` tells whether the probe takes the sentence for a fact.
    """

    text: str
    said: bool


def fact_mark(
    probes: SampleProbes, extraction: Extraction, layer: int, sentence: int, look: Look
) -> FactMark:
    """Return the mark before a sentence; a dash stands for what is not known."""
    chance = probes.fact(layer, sentence)
    said = chance is not None and chance >= SURE
    glyph = look.glyph("fact" if said else "context")
    figure = f"{glyph} -- " if chance is None else f"{glyph}{chance:.2f}"
    given = extraction.sample.sentences[sentence] in extraction.sample.supporting
    return FactMark(f"[{figure}]" if given else f" {figure} ", said)


def question_words(said: Said, layer: int, count: int = _TYPES) -> str:
    """Return the likeliest types of the question at a layer."""
    return ", ".join(_label(label, chance) for label, chance in said.top(layer, 0, count))


def answer_words(probes: SampleProbes, layer: int) -> str:
    """Return the likeliest entity label of each answer at a layer, empty where there is none."""
    if probes.entities is None:
        return ""
    return "; ".join(
        f"{one.name} {_label(*probes.entities.top(layer, place)[0])}"
        for place, one in enumerate(probes.stretches)
        if one.name != "word"
    )


def facts_words(probes: SampleProbes, extraction: Extraction, layer: int) -> str:
    """Return how many of the supporting facts are found at a layer, empty where it is not known.

    Only sentences that are all in the window count.
    """
    if probes.facts is None:
        return ""
    count = _facts_said(probes, extraction, layer)
    if not count.given:
        return f"{count.others} of {count.asked} sentences said to be facts"
    return f"{count.found} of {count.given} facts found" + (
        f", {count.others} other{'s' if count.others > 1 else ''} said" if count.others else ""
    )


@dataclass(frozen=True, slots=True)
class _FactCount:
    """Of the sentences that were ``asked`` about: facts, those found, and others said to be."""

    asked: int
    given: int
    found: int
    others: int


def _facts_said(probes: SampleProbes, extraction: Extraction, layer: int) -> _FactCount:
    """Count the sentences that the probe was asked about; those of other windows are left out."""
    sample = extraction.sample
    chances = {
        sentence: chance
        for place, sentence in enumerate(sample.sentences)
        for chance in (probes.fact(layer, place),)
        if chance is not None
    }
    given = set(sample.supporting) & set(chances)
    said = {sentence for sentence, chance in chances.items() if chance >= SURE}
    return _FactCount(len(chances), len(given), len(said & given), len(said - given))


def probes_words(
    probes: SampleProbes, extraction: Extraction, layer: int, token: int | None = None
) -> str:
    """Return what is said of the sample, its answers and a token's word at a layer, in one line."""
    parts = []
    if probes.question is not None:
        parts.append(f"question {question_words(probes.question, layer)}")
    parts.append(facts_words(probes, extraction, layer))
    parts.append(answer_words(probes, layer))
    found = None if token is None else probes.entity(layer, token)
    if token is not None and found is not None:
        word = probes.word_of[token]
        assert word is not None
        parts.append(f"'{clean(_text(probes, extraction, word))}' {_label(*found)}")
    return "; ".join(part for part in parts if part)


def probes_title(probes: SampleProbes, extraction: Extraction, layer: int) -> str:
    """Return the likeliest type of the question and the facts found at a layer, very shortly.

    ``facts 1/2 +3`` are one of two facts that are found, and three other sentences.
    """
    parts = [] if probes.question is None else [question_words(probes.question, layer, 1)]
    if probes.facts is not None:
        count = _facts_said(probes, extraction, layer)
        parts.append(f"facts {count.found}/{count.given}" if count.given else "facts")
        if count.others or not count.given:
            parts[-1] += f" +{count.others}"
    return ", ".join(parts)


def probes_object(
    probes: SampleProbes, extraction: Extraction, layers: Sequence[int]
) -> dict[str, Any]:
    """Return what probes say at these layers as JSON; null is what is not known."""
    question, entities, facts = probes.question, probes.entities, probes.facts
    made: dict[str, Any] = {"question": None, "facts": None, "entities": None}
    if question is not None:
        made["question"] = {
            **_source(question.result),
            "labels": list(question.labels),
            "layers": [
                {"layer": layer, "probabilities": question.chances[layer, 0].tolist()}
                for layer in layers
            ],
        }
    if facts is not None and probes.facts_result is not None:
        made["facts"] = {
            **_source(probes.facts_result),
            "layers": [
                {
                    "layer": layer,
                    "probabilities": [None if value != value else value for value in own],
                }
                for layer in layers
                for own in (facts[layer].tolist(),)
            ],
        }
    if entities is not None:
        best = entities.chances.argmax(-1)
        made["entities"] = {
            **_source(entities.result),
            "spans": [
                {
                    "name": one.name,
                    "part": one.part,
                    "start": one.span.start,
                    "end": one.span.end,
                    "text": _text(probes, extraction, place),
                    "tokens": list(one.tokens),
                }
                for place, one in enumerate(probes.stretches)
            ],
            "layers": [
                {
                    "layer": layer,
                    "labels": [entities.labels[label] for label in best[layer].tolist()],
                    "probabilities": entities.chances[layer].max(-1, initial=0).tolist(),
                }
                for layer in layers
            ],
        }
    made["notes"] = list(probes.notes)
    return made


def probe_lines(
    probes: SampleProbes, extraction: Extraction, layer: int, look: Look, width: int
) -> Iterator[str]:
    """Yield what probes say at a layer as lines of a page, ``width`` cells at most."""
    yield f"Probes at layer {layer} of {probes.layers}"
    for result in probes.results:
        score = result.layers[layer].macro_f1
        yield _cut(
            f"  {TASK_NAMES[result.identity.task]}: trained on {clean(result.data)}, "
            f"macro F1 {100 * score:.1f} at this layer",
            width,
        )
    for note in probes.notes:
        yield _cut(f"  {clean(note)}", width)
    if probes.question is not None:
        yield _cut(f"  question  {question_words(probes.question, layer)}", width)
    if answers := answer_words(probes, layer):
        yield _cut(f"  {answers}", width)
    if probes.facts is not None:
        yield f"  {facts_words(probes, extraction, layer)} ([ ] named by the data)"
        for place, sentence in enumerate(extraction.sample.sentences):
            mark = fact_mark(probes, extraction, layer, place, look)
            text = clean(sentence.of(extraction.sample.context))
            yield _cut(f"  {mark.text} {place:>3}  {text}", width)
    if probes.entities is not None:
        yield from _entity_lines(probes, probes.entities, extraction, layer, width)


def _entity_lines(
    probes: SampleProbes, said: Said, extraction: Extraction, layer: int, width: int
) -> Iterator[str]:
    """Yield the words with a label of at least even chance, as many on a line as fit."""
    words = [place for place, one in enumerate(probes.stretches) if one.name == "word"]
    sure = [place for place in words if said.chances[layer, place].max() >= SURE]
    words_said = f"{len(sure)} of {len(words)} words have a label of {SURE} or more"
    yield _cut(f"  {words_said}, as if all were names", width)
    line = ""
    for place in sure:
        word = _cut(clean(_text(probes, extraction, place)), _WIDEST_WORDS)
        entry = f"{word} {_label(*said.top(layer, place)[0])}"
        if line and width_of(line) + 2 + width_of(entry) > width - 2:
            yield f"  {line}"
            line = ""
        line = f"{line}, {entry}" if line else entry
    if line:
        yield _cut(f"  {line}", width)


def _source(result: ProbeResult) -> dict[str, Any]:
    """Return which probes spoke, and how good they are on their own test data by layer."""
    return {"data": result.data, "macro_f1": [one.macro_f1 for one in result.layers]}


def _text(probes: SampleProbes, extraction: Extraction, stretch: int) -> str:
    one, sample = probes.stretches[stretch], extraction.sample
    return one.span.of(sample.question if one.part == "question" else sample.context)


def _label(label: str, chance: float) -> str:
    return f"{clean(label)} {chance:.2f}"


def _cut(text: str, width: int) -> str:
    return "".join(part for part, _ in shorten(cells(text), width, "~"))
