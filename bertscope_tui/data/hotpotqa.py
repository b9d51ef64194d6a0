"""Read HotpotQA in the distractor setting (Yang et al. 2018), original or columnar layout.

The context is built from the sentences of the paragraphs, without titles, which are no sentences
and cannot be supporting facts. Sentences follow each other as in the file; one blank separates
paragraphs, and sentences where the file has none. Two variants follow van Aken et al. 2019
(sections 4.1 and 5): *distractor* keeps every paragraph with a supporting fact and one in 2.7 of
the others; *support-only* keeps nothing but the supporting sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bertscope_tui.data.collecting import Collector
from bertscope_tui.data.fields import (
    FieldError,
    id_of,
    integer_of,
    list_of,
    object_of,
    required,
    string_of,
    text_of,
)
from bertscope_tui.data.locate import find_answer
from bertscope_tui.data.records import Answer, Dataset, Origin, QASample, Span

WINDOW = 512
DISTRACTOR_FACTOR = 2.7


@dataclass(frozen=True, slots=True)
class _Paragraph:
    title: str
    sentences: tuple[str, ...]


def read_hotpotqa(
    records: list[object], found: Collector, *, variant: str, keep_yes_no: bool
) -> Dataset:
    """Turn parsed HotpotQA records into a data set; defects go to ``found``.

    Yes/no questions have no answer span and are left out and counted unless ``keep_yes_no``.
    Raises ``DataError`` where no record is usable.
    """
    for place, value in enumerate(records):
        found.step()
        origin = Origin(str(found.path), f"[{place}]")
        notes: list[str] = []
        try:
            sample = _sample(value, origin, variant, keep_yes_no, notes)
        except FieldError as error:
            found.skip(found.path, origin.record, str(error))
            continue
        if sample is None:
            found.leave_out()
        else:
            found.add(sample, notes)
    return found.finish("hotpotqa", variant, window=WINDOW)


def _sample(
    value: object, origin: Origin, variant: str, keep_yes_no: bool, notes: list[str]
) -> QASample | None:
    """Return the sample, or None for a yes/no question that is to be left out."""
    record = object_of(value, "record")
    key = "_id" if "_id" in record else "id"
    sample_id = id_of(required(record, key), key, notes)
    question = text_of(required(record, "question"), "question", notes)
    answer = text_of(required(record, "answer"), "answer", notes)
    paragraphs = _paragraphs(required(record, "context"), notes)
    titles, facts = _facts(required(record, "supporting_facts"), paragraphs, notes)
    yes_no = answer in ("yes", "no")
    if yes_no and not keep_yes_no:
        return None
    gold = [place for place, paragraph in enumerate(paragraphs) if paragraph.title in titles]
    if not gold:
        raise FieldError("supporting_facts: none of the titles is in the context")
    if variant == "support-only":
        if not facts:
            raise FieldError("supporting_facts: none of them is a sentence of the context")
        text = _support_only(paragraphs, facts)
    else:
        text = _with_distractors(paragraphs, set(gold), facts)
    context = text.context
    if not context:
        raise FieldError("context: empty")
    span = None
    if not yes_no:
        span = find_answer(context, answer, (text.supporting, text.gold))
        if span is None:
            notes.append("answer: does not occur in the context; it has no span")
    return QASample(
        id=sample_id,
        question=question,
        context=context,
        answers=(Answer(answer, span),),
        sentences=tuple(text.sentences),
        supporting=tuple(text.supporting),
        origin=origin,
        optional=tuple(reversed(text.distractors)),
        group=origin.record,
        facts_given=True,
    )


class _Text:
    """A context under construction, with the spans that matter in it."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.sentences: list[Span] = []
        self.supporting: list[Span] = []
        self.gold: list[Span] = []
        self.distractors: list[Span] = []

    def append(self, sentence: str) -> Span | None:
        """Add a sentence, after a blank where there is none; return its span, None if blank."""
        if not sentence.strip():
            return None
        if self._parts and not (self._parts[-1][-1].isspace() or sentence[0].isspace()):
            self._put(" ")
        start = self._length + len(sentence) - len(sentence.lstrip())
        self._put(sentence)
        span = Span(start, start + len(sentence.strip()))
        self.sentences.append(span)
        return span

    def _put(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    @property
    def context(self) -> str:
        """The text so far."""
        return "".join(self._parts)


def _support_only(paragraphs: list[_Paragraph], facts: set[tuple[int, int]]) -> _Text:
    text = _Text()
    for place, index in sorted(facts):
        span = text.append(paragraphs[place].sentences[index].strip())
        if span is not None:
            text.supporting.append(span)
    return text


def _with_distractors(
    paragraphs: list[_Paragraph], gold: set[int], facts: set[tuple[int, int]]
) -> _Text:
    """Build the context from all gold paragraphs and the first of the others, in file order."""
    others = [place for place in range(len(paragraphs)) if place not in gold]
    kept = gold.union(others[: round(len(others) / DISTRACTOR_FACTOR)])
    text = _Text()
    for place in sorted(kept):
        before = len(text.sentences)
        for index, sentence in enumerate(paragraphs[place].sentences):
            # The blank between two paragraphs belongs to neither, so that one can be dropped.
            span = text.append(sentence.lstrip() if len(text.sentences) == before else sentence)
            if span is not None and (place, index) in facts:
                text.supporting.append(span)
        added = text.sentences[before:]
        if added:
            paragraph = Span(added[0].start, added[-1].end)
            (text.gold if place in gold else text.distractors).append(paragraph)
    return text


def _paragraphs(value: object, notes: list[str]) -> list[_Paragraph]:
    """Return title and sentences of each paragraph, from either layout."""
    pairs: list[tuple[str, object, object]] = []
    if isinstance(value, dict):
        columns = _columns(value, "context", "title", "sentences")
        pairs = [
            (f"context.sentences[{place}]", *pair)
            for place, pair in enumerate(zip(*columns, strict=True))
        ]
    else:
        for place, entry in enumerate(list_of(value, "context")):
            pairs.append((f"context[{place}]", *_pair(entry, f"context[{place}]")))
    if not pairs:
        raise FieldError("context: empty")
    return [
        _Paragraph(
            string_of(title, f"{name}: title", notes),
            tuple(
                string_of(sentence, f"{name}: sentence {index}", notes)
                for index, sentence in enumerate(list_of(sentences, name))
            ),
        )
        for name, title, sentences in pairs
    ]


def _facts(
    value: object, paragraphs: list[_Paragraph], notes: list[str]
) -> tuple[set[str], set[tuple[int, int]]]:
    """Return the titles named, and (paragraph, sentence) of each supporting fact that exists.

    A fact that names no sentence of the context (the real data has some) is noted and left out.
    """
    if isinstance(value, dict):
        columns = _columns(value, "supporting_facts", "title", "sent_id")
        pairs = list(zip(*columns, strict=True))
    else:
        listed = list_of(value, "supporting_facts")
        pairs = [_pair(fact, f"supporting_facts[{at}]") for at, fact in enumerate(listed)]
    titles: set[str] = set()
    facts: set[tuple[int, int]] = set()
    for at, (raw_title, raw_index) in enumerate(pairs):
        name = f"supporting_facts[{at}]"
        title, index = string_of(raw_title, name, notes), integer_of(raw_index, name)
        places = [place for place, paragraph in enumerate(paragraphs) if paragraph.title == title]
        if not places:
            notes.append(f"{name}: no paragraph has this title; left out")
            continue
        titles.add(title)
        existing = [at for at in places if 0 <= index < len(paragraphs[at].sentences)]
        if not existing:
            sizes = max(len(paragraphs[place].sentences) for place in places)
            notes.append(f"{name}: sentence {index} of a paragraph of {sizes}; left out")
        elif not paragraphs[existing[0]].sentences[index].strip():
            notes.append(f"{name}: sentence {index} is empty; left out")
        else:
            facts.add((existing[0], index))
    return titles, facts


def _pair(value: object, name: str) -> tuple[object, object]:
    pair = list_of(value, name)
    if len(pair) != 2:
        raise FieldError(f"{name}: {len(pair)} values where two were expected")
    return pair[0], pair[1]


def _columns(
    value: Mapping[str, object], name: str, first: str, second: str
) -> tuple[list[object], list[object]]:
    """Return two columns of equal length from the columnar layout."""
    left = list_of(required(value, first, f"{name}."), f"{name}.{first}")
    right = list_of(required(value, second, f"{name}."), f"{name}.{second}")
    if len(left) != len(right):
        raise FieldError(f"{name}: {len(left)} entries in {first}, but {len(right)} in {second}")
    return left, right
