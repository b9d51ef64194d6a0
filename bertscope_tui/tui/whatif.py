"""Edits of samples: a history for each, and what comes out before and after.

A history is kept for as long as the app runs, whatever is opened in between. The data set itself
never changes: an edited sample is a record of its own, with an id that no other has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bertscope_tui.data.editing import edited
from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.records import QASample
from bertscope_tui.data.saving import append_jsonl, write_jsonl
from bertscope_tui.engine.scoring import score
from bertscope_tui.inspection.pipeline import extract, project, read
from bertscope_tui.inspection.snapshots import Extraction, Pictures
from bertscope_tui.inspection.whatif import (
    Moved,
    Outcome,
    Pair,
    alike,
    common_tokens,
    moved,
    outcome,
    turned_onto,
)
from bertscope_tui.tui.background import Answer, Background

if TYPE_CHECKING:
    from bertscope_tui.engine.jobs import Job
    from bertscope_tui.models.loading import LoadedModel
    from bertscope_tui.tui.app import BertscopeApp
    from bertscope_tui.tui.screens.save_form import Saving

BEFORE = "before"
"""The kind of derived work that looks at a sample as it was before it was edited."""

_Key = tuple[str, str | None, str]
"""Data set, variant and id of a sample as the data have it."""


@dataclass(frozen=True, slots=True)
class Step:
    """A sample as it was at one time, and what had been done to it then."""

    sample: QASample
    what: str


@dataclass(frozen=True, slots=True)
class History:
    """What was done to one sample, one edit on top of the other.

    ``steps`` begin with the record as the data have it, ``at`` is the step that is looked at.
    ``base`` is the record as the first edit found it, which may be shorter than the record: parts
    that may be left out are, where a model has no room for them.
    """

    base: QASample
    steps: tuple[Step, ...]
    at: int = 0

    @classmethod
    def of(cls, record: QASample, base: QASample) -> History:
        """Return the history of a record to which nothing was done yet."""
        return cls(base, (Step(record, ""),))

    @property
    def record(self) -> QASample:
        """Return the record as the data have it."""
        return self.steps[0].sample

    @property
    def now(self) -> QASample:
        """Return the sample that is looked at."""
        return self.steps[self.at].sample

    def edited(self, sample: QASample, what: str) -> History:
        """Return the history with another edit, in place of those that were undone."""
        steps = (*self.steps[: self.at + 1], Step(sample, what))
        return replace(self, steps=steps, at=self.at + 1)

    def stepped(self, by: int) -> History:
        """Return the history ``by`` steps on (negative: back), stopping at both ends."""
        return replace(self, at=min(max(self.at + by, 0), len(self.steps) - 1))


@dataclass(frozen=True, slots=True, eq=False)
class Before:
    """What the engine found out about the steps of a history that was not known.

    ``extraction`` and ``pictures`` are of the sample before all edits; None where they were known,
    or nothing is to be turned onto them.
    """

    outcomes: tuple[tuple[QASample, Outcome | None], ...]
    extraction: Extraction | None
    pictures: Pictures | None


class WhatIf:
    """The histories of all samples, and the open one's answers and pictures."""

    def __init__(self, app: BertscopeApp) -> None:
        self._app = app
        self._histories: dict[_Key, History] = {}
        self._owners: dict[str, _Key] = {}
        self._outcomes: dict[QASample, Outcome | None] = {}
        self._before: Extraction | None = None
        self._pictures: list[Pictures] = []
        self._words: tuple[Extraction, Extraction, tuple[Pair, ...]] | None = None

        def hand_over(call: Callable[[], None]) -> None:
            app.post_message(Answer(call))

        self._files = Background("saving", hand_over)

    # -- histories ---------------------------------------------------------------------------

    def _key(self, sample_id: str) -> _Key | None:
        dataset = self._app.session.dataset
        return None if dataset is None else (dataset.path, dataset.variant, sample_id)

    def history_of(self, sample: QASample | None) -> History | None:
        """Return what was done to a sample of the open data set, given as it is at any step."""
        key = None if sample is None else self._key(sample.id)
        if sample is None or key is None:
            return None
        owner = self._owners.get(sample.id)
        if key not in self._histories and owner is not None and owner[:2] == key[:2]:
            key = owner
        return self._histories.get(key)

    @property
    def history(self) -> History | None:
        """Return what was done to the open sample, None if nothing was."""
        return self.history_of(self._app.session.sample)

    def now(self, sample: QASample) -> QASample:
        """Return a sample of the open data set as it was left: edited, or as the data have it."""
        history = self.history_of(sample)
        if history is None or sample.id != history.record.id:
            return sample
        if sample != history.record:  # the file has another record by this name now
            self._histories = {
                key: other for key, other in self._histories.items() if other is not history
            }
            return sample
        return history.now

    def record_of(self, sample: QASample) -> QASample:
        """Return the record that a sample was made from: itself, unless it was edited."""
        history = self.history_of(sample)
        return sample if history is None else history.record

    def rewind(self, record: QASample) -> None:
        """Have a sample of the open data set opened as the data have it; its edits are kept."""
        key = self._key(record.id)
        if key is not None and key in self._histories:
            self._histories[key] = replace(self._histories[key], at=0)

    def edit(self, base: QASample, changed: QASample, what: str) -> QASample:
        """Take in an edit of the open sample and return the record that is to be opened.

        ``base`` is what was edited: the open sample, or what the model was given of it.
        """
        session = self._app.session
        dataset, sample = session.dataset, session.sample
        assert dataset is not None
        assert sample is not None
        record = self.record_of(sample)
        key = (dataset.path, dataset.variant, record.id)
        history = self._histories.get(key) or History.of(record, base)
        made = edited(changed, {*self._owners, *(one.id for one in dataset.samples)})
        self._owners[made.id] = key
        self._histories[key] = history.edited(made, what)
        return made

    def step(self, by: int) -> QASample | None:
        """Go back or on in the history of the open sample; None where there is nothing."""
        history = self.history
        if history is None or history.stepped(by).at == history.at:
            return None
        key = self._key(history.record.id)
        assert key is not None
        self._histories[key] = history.stepped(by)
        return self._histories[key].now

    def _open_histories(self) -> list[History]:
        """Return the histories of the open data set, of records that it still has."""
        dataset = self._app.session.dataset
        if dataset is None:
            return []
        found = []
        for (path, variant, name), history in self._histories.items():
            place = (
                dataset.place(name) if (path, variant) == (dataset.path, dataset.variant) else None
            )
            if place is not None and dataset.samples[place] == history.record:
                found.append(history)
        return found

    def edited_ids(self) -> frozenset[str]:
        """Return the ids of the samples of the open data set that there are edits of."""
        return frozenset(history.record.id for history in self._open_histories())

    def to_save(self) -> list[QASample]:
        """Return the edited samples of the open data set, each as it was left."""
        return [history.now for history in self._open_histories() if history.at]

    def save(self, saving: Saving) -> None:
        """Write edited samples to a file, which can be opened as a data set then."""
        app, path, samples = self._app, saving.path, saving.samples

        def work(_: Callable[[], bool]) -> None:
            if saving.add:
                append_jsonl(path, samples)
            else:
                write_jsonl(path, samples)

        def done(_: None) -> None:
            where = path.absolute()
            app.listing.add_dataset(where)
            count = f"{len(samples):,} sample{'s' if len(samples) > 1 else ''}"
            app.notify(
                f"{count} saved to {clean(str(where))}; d opens it as a data set", markup=False
            )

        self._files.submit(work, done, app.inspector.failed)

    def close(self) -> None:
        """Write nothing more."""
        self._files.close()

    # -- answers and pictures ------------------------------------------------------------------

    def forget_model(self) -> None:
        """Drop what another model made of the samples."""
        self._outcomes.clear()
        self._pictures.clear()
        self._before = self._words = None

    def known(self, sample: QASample) -> bool:
        """Say whether the open model was asked about a step's sample."""
        return sample in self._outcomes

    def outcome(self, sample: QASample) -> Outcome | None:
        """Return what the open model answers to a step's sample: None for one without a head."""
        return self._outcomes.get(sample)

    def extracted(self, extraction: Extraction) -> None:
        """Take in the answer to the open sample, and have those to its other steps looked up."""
        history, sample = self.history, self._app.session.sample
        assert sample is not None
        if self._before is not None and self._before.sample.id != self.record_of(sample).id:
            self.forget_model()
        self._outcomes[sample] = outcome(extraction.prediction, extraction.scores)
        if history is None or not history.at:
            # It may be edited next: this is the sample before the edit then.
            self._before = extraction
        if history is not None:
            self._ask(history)

    def turned(self, pictures: Pictures) -> Pictures:
        """Take in pictures of the open sample and return them as they are to be shown."""
        history = self.history
        if history is None or not history.at:
            self._pictures = [one for one in self._pictures if not alike(one, pictures)]
            self._pictures.append(pictures)
            return pictures
        found = (one for one in self._pictures if one.complete and alike(one, pictures))
        before = next(found, None)
        if before is None:
            self._ask(history, pictures)
            return pictures
        return turned_onto(pictures, before, self._common(before.extraction, pictures.extraction))

    def take(self, found: Before) -> None:
        """Take in what was looked up."""
        self._outcomes.update(found.outcomes)
        if found.extraction is not None:
            self._before = found.extraction
        if found.pictures is not None:
            self._pictures.append(found.pictures)

    def moved(self) -> Moved | None:
        """Return how far words moved by the edits of the open sample; None while not known."""
        history, extraction = self.history, self._app.session.extraction
        if history is None or not history.at or extraction is None or self._before is None:
            return None
        return moved(self._before, extraction)

    def _common(self, before: Extraction, after: Extraction) -> tuple[Pair, ...]:
        """Return the words that both have; pictures of one sample come in many parts."""
        kept = self._words
        if kept is None or kept[0] is not before or kept[1] is not after:
            kept = self._words = before, after, common_tokens(before, after)
        return kept[2]

    def _ask(self, history: History, pictures: Pictures | None = None) -> None:
        """Have looked up what is not known of the steps, and what ``pictures`` are turned onto.

        A t-SNE is turned only where that of the sample before was looked at: it takes too long.
        """
        session = self._app.session
        if session.deriving(BEFORE):
            return
        steps = [step.sample for step in history.steps]
        unknown = [one for one in steps if one is not session.sample and not self.known(one)]
        recipe = None if pictures is None else pictures.projection.recipe
        turning = recipe is not None and recipe.aligned and recipe.method != "tsne"
        before = self._before
        if not unknown and (not history.at or before is not None) and not turning:
            return
        dataset, options = session.dataset, self._app.read_options
        if dataset is not None:
            options = options.for_dataset(dataset)

        def work(job: Job, model: LoadedModel) -> Before:
            outcomes, extraction = [], before
            lacking = unknown if extraction is not None else [*unknown, history.record]
            for sample in dict.fromkeys(lacking):
                reading = read(model, sample, options=options, cancelled=job.cancelled)
                scores = score(reading.prediction, reading.encoded.sample)
                outcomes.append((sample, outcome(reading.prediction, scores)))
                if sample is history.record:
                    name = None if dataset is None else dataset.name
                    extraction = extract(model, reading, dataset=name, cancelled=job.cancelled)
            made = None
            if extraction is not None and pictures is not None and turning:
                choice = pictures.choice
                made = project(
                    extraction,
                    choice.recipe,
                    special=choice.special,
                    outliers=choice.outliers,
                    cancelled=job.cancelled,
                )
            return Before(tuple(outcomes), extraction, made)

        session.derive(BEFORE, "looking at the sample before the edit", work)
