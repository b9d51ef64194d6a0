"""What if the question or the context were another? Changed samples whose spans still fit.

Nothing here changes a sample: each function returns a new one, so that going back is keeping the
old one.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

from bertscope_tui.data.fitting import cut_out
from bertscope_tui.data.locate import find_answer
from bertscope_tui.data.records import Answer, QASample, Span
from bertscope_tui.data.sentences import sentence_spans
from bertscope_tui.errors import InputError

_EDITED = "-edited"


def with_question(sample: QASample, question: str) -> QASample:
    """Return the sample with another question; raises InputError for one that is blank."""
    if not question.strip():
        raise InputError("the question is nothing but blanks")
    return replace(sample, question=question)


def with_context(sample: QASample, context: str) -> QASample:
    """Return the sample with another context, and every span moved to where its text is now.

    What lies before the first changed character and behind the last one keeps its spans. Sentences
    that the change touches are found anew in what stands there now, and support the answer if one
    of those that stood there did. An answer that it touches is looked for in the sentences that
    were touched, then everywhere; where its words are gone it keeps its text without a span.
    Optional parts that the change touches are optional no more. Raises InputError for a blank
    context.
    """
    if not context.strip():
        raise InputError("the context is nothing but blanks")
    change = _Change.between(sample.context, context)
    sentences, fresh = change.sentences(sample.sentences)
    supporting = {moved for span in sample.supporting if (moved := change.moved(span))}
    for span in sample.supporting:
        if change.moved(span) is None:
            over = change.stretched(span)
            supporting |= {sentence for sentence in fresh if sentence.overlaps(over)}

    def answered(answer: Answer) -> Answer:
        if answer.span is None:
            return answer
        moved = change.moved(answer.span)
        return replace(answer, span=moved or find_answer(context, answer.text, (fresh,)))

    return replace(
        sample,
        context=context,
        answers=tuple(dict.fromkeys(map(answered, sample.answers))),
        sentences=sentences,
        supporting=tuple(sorted(supporting)),
        optional=_kept(sample.optional, change),
    )


def without_sentence(sample: QASample, place: int) -> QASample:
    """Return the sample with the sentence at ``place`` struck out, and one blank beside it.

    An answer in it keeps its text without a span. Raises InputError for a sentence that does not
    exist, and where nothing would be left.
    """
    if not 0 <= place < len(sample.sentences):
        raise InputError(
            f"{sample.id} has no sentence {place}: it has {len(sample.sentences)}, counted from 0"
        )
    struck = cut_out(sample, sample.sentences[place])
    if not struck.context.strip():
        raise InputError(f"{sample.id}: without its only sentence there is no context")
    return struck


def edited(sample: QASample, taken: Container[str] = ()) -> QASample:
    """Return a changed sample as a record of its own, with an id that is not among ``taken``.

    The id is that of the sample with ``-edited`` behind it, and a number where that is taken.
    """
    name = sample.id.partition(_EDITED)[0] + _EDITED
    number = 1
    wanted = name
    while wanted in taken:
        number += 1
        wanted = f"{name}-{number}"
    record = sample.origin.record.removesuffix(", edited")
    return replace(sample, id=wanted, origin=replace(sample.origin, record=f"{record}, edited"))


def _kept(spans: Iterable[Span], change: _Change) -> tuple[Span, ...]:
    return tuple(moved for span in spans if (moved := change.moved(span)))


@dataclass(frozen=True, slots=True)
class _Change:
    """Characters ``start`` to ``end`` of a text that were replaced; ``new`` ends at ``new_end``."""

    start: int
    end: int
    new: str
    new_end: int

    @classmethod
    def between(cls, old: str, new: str) -> _Change:
        """Return the one stretch outside of which the texts are the same."""
        shorter = min(len(old), len(new))
        start = next((n for n in range(shorter) if old[n] != new[n]), shorter)
        same = next(
            (n for n in range(shorter - start) if old[-1 - n] != new[-1 - n]), shorter - start
        )
        return cls(start, len(old) - same, new, len(new) - same)

    @property
    def nothing(self) -> bool:
        return self.start == self.end == self.new_end

    def moved(self, span: Span) -> Span | None:
        """Return where a span is now, None where the change touched it."""
        if self._touches(span):
            return None
        if span.start >= self.end and not (span.end <= self.start):
            return self._shifted(span)
        return span

    def stretched(self, span: Span) -> Span:
        """Return what stands now where the span and the change beside it were."""
        start = min(span.start, self.start)
        end = max(span.end, self.end) - self.end + self.new_end
        return Span(start, end)

    def sentences(self, old: tuple[Span, ...]) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
        """Return the sentences of the new text, and which of them were found anew."""
        if self.nothing:
            return old, ()
        touched = [span for span in old if self._touches(span)]
        start = min([self.start, *(span.start for span in touched)])
        end = max([self.end, *(span.end for span in touched)]) - self.end + self.new_end
        fresh = tuple(
            Span(span.start + start, span.end + start)
            for span in sentence_spans(self.new[start:end])
        )
        kept = [moved for span in old if (moved := self.moved(span))]
        return tuple(sorted([*kept, *fresh])), fresh

    def _touches(self, span: Span) -> bool:
        if self.nothing:
            return False
        if span.start < self.end and self.start < span.end:
            return True
        # What was put right beside a span, without a blank between, goes on from it.
        put = self.new[self.start : self.new_end]
        inside = span.start < self.start == self.end < span.end
        behind = span.end == self.start and put[:1] != "" and not put[0].isspace()
        before = span.start == self.end and put[-1:] != "" and not put[-1].isspace()
        return inside or behind or before

    def _shifted(self, span: Span) -> Span:
        by = self.new_end - self.end
        return Span(span.start + by, span.end + by)
