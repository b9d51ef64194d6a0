"""The one shape that every probing data set is read into.

Spans are half-open and count characters of the example's own text. Nothing here knows tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from bertscope_tui.data.records import Origin, Problem, Span

ProbeTask = Literal["nel", "coref", "rel", "ques", "sup"]
PROBE_TASKS: tuple[ProbeTask, ...] = get_args(ProbeTask)
"""Named entities, coreference, relations, question types, supporting facts."""

ProbeSplit = Literal["train", "dev", "test"]


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """One or two spans (the same number throughout a task) and the labels that hold for them."""

    spans: tuple[Span, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProbeExample:
    """A text with its labelled spans.

    ``pair`` is where the second text begins, for tasks whose text is a question and a context
    (read by the network as two segments), else None. ``document`` is equal for texts that must
    not be split between training and test. ``split`` is None where the source has none.
    """

    id: str
    text: str
    targets: tuple[ProbeTarget, ...]
    document: str
    origin: Origin
    pair: int | None = None
    split: ProbeSplit | None = None


@dataclass(frozen=True, slots=True)
class ProbeData:
    """A probing data set as read; ``labels`` are sorted, ``spans`` is 1 or 2.

    ``skipped`` counts records that could not be used; ``problems`` says why, and lists defects
    that cost no record. ``left_out`` counts what was dropped on purpose: texts in which nothing is
    labelled, contexts of one sentence, yes/no questions.
    """

    task: ProbeTask
    name: str
    path: str
    spans: int
    labels: tuple[str, ...]
    examples: tuple[ProbeExample, ...]
    problems: tuple[Problem, ...] = ()
    skipped: int = 0
    left_out: int = 0
