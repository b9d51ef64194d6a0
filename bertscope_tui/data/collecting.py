"""Gather what a reader finds in one data set: samples, problems and counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bertscope_tui.data.files import label, stem
from bertscope_tui.data.hygiene import clean, shown
from bertscope_tui.data.records import Dataset, Origin, Problem, QASample, Task
from bertscope_tui.errors import Cancelled, DataError

_EVERY = 256


class Collector:
    """The growing result of reading; each reader fills one and ends with ``finish``."""

    def __init__(
        self,
        path: Path,
        *,
        progress: Callable[[int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        """``progress`` is told the records read so far, now and then; ``cancelled`` is polled."""
        self.path = path
        self._samples: list[QASample] = []
        self._problems: list[Problem] = []
        self._ids: dict[str, Origin] = {}
        self._skipped = 0
        self._left_out = 0
        self._seen = 0
        self._progress = progress
        self._cancelled = cancelled

    def aside(self) -> Collector:
        """Return a collector for what is read along but is no part of the data set.

        What it is told goes nowhere; it can be cancelled like this one.
        """
        return Collector(self.path, cancelled=self._cancelled)

    def step(self) -> None:
        """Count one record of the file; raises ``Cancelled`` where that was asked for."""
        if self._seen % _EVERY == 0:
            if self._cancelled is not None and self._cancelled():
                raise Cancelled
            if self._progress is not None:
                self._progress(self._seen)
        self._seen += 1

    def add(self, sample: QASample, notes: list[str]) -> None:
        """Keep a sample and list what was mended in it; a second one with its id is skipped."""
        origin = sample.origin
        first = self._ids.setdefault(sample.id, origin)
        if first is not origin:
            used = f"{Path(first.path).name}: {first.record}"
            what = f"id: {shown(sample.id)} was used before, at {used}"
            self.skip(origin.path, origin.record, what)
            return
        self._samples.append(sample)
        for note in notes:
            self.note(origin.path, origin.record, note)

    def skip(self, path: str | Path, record: str, what: str, *, count: int = 1) -> None:
        """List why ``count`` records at this place cannot be used."""
        self._skipped += count
        self.note(path, record, what if count == 1 else f"{what} ({count} records)")

    def note(self, path: str | Path, record: str, what: str) -> None:
        """List a defect that costs no record."""
        self._problems.append(Problem(f"{clean(Path(path).name)}: {clean(record)}", clean(what)))

    def leave_out(self) -> None:
        """Count a record that is dropped on purpose."""
        self._left_out += 1

    def finish(
        self,
        format_name: str,
        variant: str | None,
        *,
        task: Task = "span",
        window: int = 384,
        labels: tuple[str, ...] = (),
        split: str | None = None,
        tasks: tuple[str, ...] = (),
    ) -> Dataset:
        """Return the data set; raises ``DataError`` where not one record is usable."""
        if not self._samples:
            raise DataError(f"{label(self.path)}: {self._why_empty()}")
        if self._progress is not None:
            self._progress(self._seen)
        return Dataset(
            name=stem(self.path),
            path=str(self.path),
            format=format_name,
            variant=variant,
            samples=tuple(self._samples),
            problems=tuple(self._problems),
            skipped=self._skipped,
            left_out=self._left_out,
            task=task,
            window=window,
            labels=labels,
            split=split,
            tasks=tasks,
        )

    def _why_empty(self) -> str:
        if self._problems:
            first = self._problems[0]
            return (
                f"no usable record; {self._skipped} skipped, the first problem is at "
                f"{first.where}: {first.what}"
            )
        if self._left_out:
            return f"no usable record; all {self._left_out} are yes/no questions, left out here"
        return "no questions in it"
