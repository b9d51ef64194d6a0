"""The one shape that every data set is read into.

Spans are half-open and count characters (Python code points) of the record's own context.
Nothing here knows about tokens, models or screens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Task = Literal["span", "classification"]
"""What is asked of a model: a span of the context, or one label for question and context."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters ``start`` (included) to ``end`` (excluded) of a context."""

    start: int
    end: int

    def __post_init__(self) -> None:
        """Refuse a span that runs backwards or begins before the text."""
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: [{self.start}, {self.end})")

    def overlaps(self, other: Span) -> bool:
        """Say whether the two share at least one character."""
        return self.start < other.end and other.start < self.end

    def of(self, text: str) -> str:
        """Return the characters of ``text`` that the span covers."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Answer:
    """A gold answer; ``span`` is None where it is no part of the context (yes/no, labels)."""

    text: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record was read: the file, and its place in it (``line 12``, ``data[3]…``)."""

    path: str
    record: str


@dataclass(frozen=True, slots=True)
class QASample:
    """One question about one context.

    ``supporting`` is a subset of ``sentences``-like spans that justify the answer; ``facts_given``
    says that the data name them, and that they are not just where the answer is. ``optional``
    lists parts of the context (distractor paragraphs) that may be dropped, the first to go first,
    where question and context must fit a model; see ``data.fitting``. ``group`` is equal for
    samples of one paragraph or story. ``task_name`` is a bAbI task number as text, or None.
    """

    id: str
    question: str
    context: str
    answers: tuple[Answer, ...]
    sentences: tuple[Span, ...]
    supporting: tuple[Span, ...]
    origin: Origin
    impossible: bool = False
    optional: tuple[Span, ...] = ()
    group: str = ""
    task_name: str | None = None
    facts_given: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """A record, or a part of one, that could not be used: where it is and what is wrong."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set as read: usable samples, and what was skipped with the reason.

    ``window`` is the number of tokens the paper gives this kind of data (384, HotpotQA 512).
    ``labels`` holds the possible answers of a classification variant, sorted, else ().
    ``skipped`` counts records left out; ``problems`` may also list defects that were mended.
    ``left_out`` counts records dropped on purpose (HotpotQA yes/no questions). ``split`` and
    ``tasks`` say which part of a bAbI folder was asked for; None and () are all of it.
    """

    name: str
    path: str
    format: str
    variant: str | None
    samples: tuple[QASample, ...]
    problems: tuple[Problem, ...] = ()
    skipped: int = 0
    left_out: int = 0
    task: Task = "span"
    window: int = 384
    labels: tuple[str, ...] = ()
    split: str | None = None
    tasks: tuple[str, ...] = ()
    _index: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the samples by id once; ids are unique by then (readers report duplicates)."""
        self._index.update({sample.id: place for place, sample in enumerate(self.samples)})

    def place(self, sample_id: str) -> int | None:
        """Return the position of the sample with this id, or None."""
        return self._index.get(sample_id)
