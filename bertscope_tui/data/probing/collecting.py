"""Gather what a reader finds in one probing data set: examples, problems and counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bertscope_tui.data.files import label, stem
from bertscope_tui.data.hygiene import clean, shown
from bertscope_tui.data.probing.records import (
    ProbeData,
    ProbeExample,
    ProbeSplit,
    ProbeTarget,
    ProbeTask,
)
from bertscope_tui.data.records import Origin, Problem, Span
from bertscope_tui.errors import Cancelled, DataError

_EVERY = 256

SPANS: dict[ProbeTask, int] = {"nel": 1, "coref": 2, "rel": 2, "ques": 1, "sup": 2}
"""How many spans an example of each task has."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a data set: its path, the split its name tells, and a name for its records."""

    path: Path
    name: str
    split: ProbeSplit | None = None


class Found:
    """The growing result of reading; each reader fills one, ``finish`` ends it."""

    def __init__(
        self,
        path: Path,
        task: ProbeTask,
        *,
        progress: Callable[[int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        """``progress`` is told the records read so far, now and then; ``cancelled`` is polled."""
        self.path = path
        self.task = task
        self._examples: list[ProbeExample] = []
        self._problems: list[Problem] = []
        self._places: dict[str, str] = {}
        self._skipped = 0
        self._left_out = 0
        self._seen = 0
        self._progress = progress
        self._cancelled = cancelled

    def step(self) -> None:
        """Count one record of the file; raises ``Cancelled`` where that was asked for."""
        if self._seen % _EVERY == 0:
            if self._cancelled is not None and self._cancelled():
                raise Cancelled
            if self._progress is not None:
                self._progress(self._seen)
        self._seen += 1

    def add(self, example: ProbeExample, notes: Iterable[str] = ()) -> None:
        """Keep an example and list what was mended in it; a second one with its id is skipped."""
        origin = example.origin
        here = f"{Path(origin.path).name}: {origin.record}"
        first = self._places.setdefault(example.id, here)
        if first is not here:
            what = f"id: {shown(example.id)} was used before, at {first}"
            self.skip(origin.path, origin.record, what)
            return
        self._examples.append(example)
        for note in notes:
            self.note(origin.path, origin.record, note)

    def add_text(
        self,
        source: Source,
        record: str,
        text: str,
        targets: Iterable[ProbeTarget],
        *,
        name: str,
        document: str,
        split: ProbeSplit | None = None,
        notes: Iterable[str] = (),
    ) -> None:
        """Keep one text of a source with its targets; without a target it is left out.

        ``name`` becomes the id behind the source's name. ``split`` goes before the source's.
        """
        kept = tuple(targets)
        if not kept:
            for note in notes:
                self.note(source.path, record, note)
            self.leave_out()
            return
        example = ProbeExample(
            id=f"{source.name}:{name}",
            text=text,
            targets=kept,
            document=document,
            origin=Origin(str(source.path), record),
            split=split or source.split,
        )
        self.add(example, notes)

    def skip(self, path: str | Path, record: str, what: str) -> None:
        """List why the record at this place cannot be used."""
        self._skipped += 1
        self.note(path, record, what)

    def note(self, path: str | Path, record: str, what: str) -> None:
        """List a defect that costs no record."""
        self._problems.append(Problem(f"{clean(Path(path).name)}: {clean(record)}", clean(what)))

    def leave_out(self) -> None:
        """Count a record that is dropped on purpose (a sentence in which nothing is labelled)."""
        self._left_out += 1

    def finish(self) -> ProbeData:
        """Return the data set; raises ``DataError`` where not one example is usable."""
        if not self._examples:
            raise DataError(f"{label(self.path)}: {self._why_empty()}")
        if self._progress is not None:
            self._progress(self._seen)
        return ProbeData(
            task=self.task,
            name=stem(self.path),
            path=str(self.path),
            spans=len(self._examples[0].targets[0].spans),
            labels=labels_of(self._examples),
            examples=tuple(self._examples),
            problems=tuple(self._problems),
            skipped=self._skipped,
            left_out=self._left_out,
        )

    def _why_empty(self) -> str:
        if self._problems:
            first = self._problems[0]
            return (
                f"nothing usable for {self.task}; {self._skipped} records skipped, the first "
                f"problem is at {first.where}: {first.what}"
            )
        if self._left_out:
            return (
                f"nothing usable for {self.task}; none of its {self._left_out} records has "
                "anything to label"
            )
        return f"nothing usable for {self.task} in it"


def labels_of(examples: Iterable[ProbeExample]) -> tuple[str, ...]:
    """Return the labels that occur, sorted."""
    return tuple(
        sorted(
            {label for example in examples for target in example.targets for label in target.labels}
        )
    )


def joined(words: Iterable[str]) -> tuple[str, tuple[Span, ...]]:
    """Join words by one blank each; return the text and the span of every word in it."""
    parts: list[str] = []
    spans: list[Span] = []
    start = 0
    for word in words:
        parts.append(word)
        spans.append(Span(start, start + len(word)))
        start += len(word) + 1
    return " ".join(parts), tuple(spans)


def covering(words: tuple[Span, ...], first: int, last: int) -> Span:
    """Return the characters from word ``first`` to word ``last``, both included."""
    return Span(words[first].start, words[last].end)
