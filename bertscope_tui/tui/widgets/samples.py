"""The sample list: right/wrong marks and F1 as they come, a cursor, a search."""

from __future__ import annotations

from rich.style import Style
from textual.message import Message

from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.records import Dataset, QASample
from bertscope_tui.engine.scoring import SampleScore
from bertscope_tui.inspection.views import mark, mispredicted
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import LineList, Run


class SampleList(LineList):
    """The samples of the open data set, in the order of the file, or those that match a search."""

    class Scrolled(Message):
        """Other samples are on screen now."""

    def __init__(self, *, ascii_only: bool) -> None:
        super().__init__(id="samples", title="samples")
        self._ascii = ascii_only
        self._samples: tuple[QASample, ...] = ()
        self._listed: list[int] = []
        self._scores: dict[str, SampleScore] = {}
        self._edited: frozenset[str] = frozenset()
        self._query = ""
        self._wrong = 0

    @property
    def row_count(self) -> int:
        """Return how many samples are listed."""
        return len(self._listed)

    @property
    def listed(self) -> list[QASample]:
        """Return the samples that are listed, in order."""
        return [self._samples[place] for place in self._listed]

    @property
    def scored(self) -> int:
        """Return how many samples have their marks."""
        return len(self._scores)

    def show_dataset(self, dataset: Dataset) -> None:
        """List another data set; marks and search start over."""
        self._samples = dataset.samples
        self._query = ""
        self.forget_scores()
        self._list_all()

    def forget_scores(self) -> None:
        """Take all marks away (another model is open)."""
        self._scores.clear()
        self._wrong = 0
        self._retitle()
        self.refresh()

    def search(self, query: str) -> int:
        """List the samples that have ``query`` in their id, question, context or answers.

        Returns how many do. Upper and lower case are the same; an empty query lists all.
        """
        opened = self.sample_at(self.cursor)
        self._query = query.strip()
        self._list_all()
        if opened is not None:
            self.show_cursor_on(opened.id)
        return len(self._listed)

    @property
    def query_text(self) -> str:
        """Return what is searched for, or an empty text."""
        return self._query

    def sample_at(self, index: int) -> QASample | None:
        """Return the sample of a row."""
        return self._samples[self._listed[index]] if 0 <= index < len(self._listed) else None

    def score_of(self, sample_id: str) -> SampleScore | None:
        """Return a sample's marks, once the engine was there."""
        return self._scores.get(sample_id)

    def add_scores(self, scores: tuple[SampleScore, ...]) -> None:
        """Take marks in and show them."""
        for one in scores:
            before = self._scores.get(one.sample_id)
            self._wrong += mispredicted(one) - (before is not None and mispredicted(before))
            self._scores[one.sample_id] = one
        fresh = {one.sample_id for one in scores}
        for row in self.visible_rows():
            if self._samples[self._listed[row]].id in fresh:
                self.refresh_row(row)
        self._retitle()

    def mark_edited(self, sample_ids: frozenset[str]) -> None:
        """Mark the samples that there are edits of, and no others."""
        self._edited = sample_ids
        self.refresh()

    def show_cursor_on(self, sample_id: str) -> bool:
        """Put the cursor on a sample without a message; say whether it is listed."""
        for row, place in enumerate(self._listed):
            if self._samples[place].id == sample_id:
                self.place_cursor(row)
                return True
        return False

    def visible_ids(self) -> list[str]:
        """Return the ids on screen, the one under the cursor first (on its way there or not)."""
        there = {*self.visible_rows(), *range(self.cursor, min(self.cursor + 1, self.row_count))}
        rows = sorted(there, key=lambda row: abs(row - self.cursor))
        return [self._samples[self._listed[row]].id for row in rows]

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Say that other rows are on screen."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.post_message(self.Scrolled())

    def next_wrong(self, start: int, direction: int) -> tuple[int | None, int | None]:
        """Look for a mispredicted sample from row ``start`` on, not counting it.

        Returns ``(row, None)`` if one is known, ``(None, row)`` with the first row on the way
        that has no marks yet, and ``(None, None)`` if there is none.
        """
        row = start + direction
        while 0 <= row < len(self._listed):
            known = self._scores.get(self._samples[self._listed[row]].id)
            if known is None:
                return None, row
            if mispredicted(known):
                return row, None
            row += direction
        return None, None

    def row(self, index: int, width: int) -> list[Run]:
        """Return mark, F1 and question of one sample."""
        sample = self._samples[self._listed[index]]
        known = self._scores.get(sample.id)
        variables = self.app.theme_variables
        if known is None:
            runs: list[Run] = [("·      " if not self._ascii else ".      ", ink(None, dim=True))]
        elif known.scores is None:
            runs = [("!      " if known.error else "-      ", ink(None, dim=True))]
        else:
            colour = variables["text-success" if known.scores.right else "text-error"]
            sign = mark(known.scores, ascii=self._ascii)
            runs = [(f"{sign} {known.scores.f1:.2f} ", ink(colour))]
        if sample.id in self._edited:
            runs.append(("* ", ink(None, bold=True)))
        runs.append((clean(sample.question.strip())[: width * 2], Style.null()))
        return runs

    def _list_all(self) -> None:
        needle = self._query.casefold()
        self._listed = [
            place
            for place, sample in enumerate(self._samples)
            if not needle or _matches(sample, needle)
        ]
        self.set_reactive(LineList.cursor, 0)
        self.scroll_to(y=0, animate=False, immediate=True)
        self._retitle()
        self.rows_changed()

    def _retitle(self) -> None:
        count = len(self._listed)
        title = f"samples {count:,}"
        if self._query:
            title += f" of {len(self._samples):,} with '{clean(self._query)}'"
        self.border_title = title.replace("[", "\\[")
        done = len(self._scores)
        self.border_subtitle = f"{self._wrong:,} wrong of {done:,}" if done else ""


def _matches(sample: QASample, needle: str) -> bool:
    return (
        needle in sample.question.casefold()
        or needle in sample.id.casefold()
        or any(needle in answer.text.casefold() for answer in sample.answers)
        or needle in sample.context.casefold()
    )
