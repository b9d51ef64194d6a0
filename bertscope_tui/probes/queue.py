"""Several models and tasks, one after the other: what is kept already is not done again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bertscope_tui.analysis.probing.training import never
from bertscope_tui.models.untrained import untrained
from bertscope_tui.probes import store
from bertscope_tui.probes.identity import options_sha256
from bertscope_tui.probes.records import ProbeOptions, ProbeProgress, ProbeResult, Stage
from bertscope_tui.probes.run import identity_of, probe

if TYPE_CHECKING:
    from bertscope_tui.data.probing.records import ProbeData
    from bertscope_tui.models.catalog import ModelEntry
    from bertscope_tui.models.loading import LoadedModel

_TOLD_EVERY = 0.2
"""Seconds between two words of progress."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A model to probe; ``random`` takes its architecture with weights drawn anew."""

    entry: ModelEntry
    random: bool = False


def probe_all(
    subjects: Sequence[Subject],
    tasks: Sequence[ProbeData],
    options: ProbeOptions,
    *,
    load: Callable[[ModelEntry], LoadedModel],
    draw: Callable[[LoadedModel], LoadedModel] = untrained,
    again: bool = False,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[ProbeProgress], None] | None = None,
) -> Iterator[ProbeResult]:
    """Probe every model for every task; yields each result as soon as it is kept.

    A result that is kept already is yielded as it is, unless ``again``; so what was interrupted
    goes on with the task at which it stopped. Models are opened when they are needed and let go
    before the next one; ``draw`` gives one with random weights. Raises what `run.probe`, ``load``
    and ``draw`` raise.
    """
    jobs = len(subjects) * len(tasks)
    opened: tuple[ModelEntry, LoadedModel] | None = None
    for row, subject in enumerate(subjects):
        drawn: LoadedModel | None = None
        for column, data in enumerate(tasks):
            kept = None if again else _kept(subject, data, options)
            if kept is not None:
                yield kept
                continue
            if opened is None or opened[0] is not subject.entry:
                opened = drawn = None
                opened = subject.entry, load(subject.entry)
            model = opened[1]
            if subject.random:
                drawn = drawn or draw(model)
                model = drawn
            tell = None
            if progress is not None:
                job = row * len(tasks) + column
                tell = _Telling(progress, model.info.name, data, job, jobs)
            probed = probe(
                model, data, options, random=subject.random, cancelled=cancelled, tell=tell
            )
            store.keep(probed)
            yield probed.result


def _kept(subject: Subject, data: ProbeData, options: ProbeOptions) -> ProbeResult | None:
    """Return the result of all the examples asked for, else that of those in the same budget."""
    whole = identity_of(subject.entry.path, data, options, random=subject.random)
    cut = replace(whole, options=options_sha256(options, cut=True))
    return store.find(whole) or store.find(cut)


class _Telling:
    """Says how far a job is, and how long its stage will take at most; not too often."""

    def __init__(
        self,
        progress: Callable[[ProbeProgress], None],
        model: str,
        data: ProbeData,
        job: int,
        jobs: int,
    ) -> None:
        self._progress = progress
        self._where = model, data, job, jobs
        self._stage: Stage | None = None
        self._began = self._told = 0.0

    def __call__(self, stage: Stage, done: int, total: int) -> None:
        """Tell of ``done`` of ``total`` in a stage."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._began = stage, now
        elif now - self._told < _TOLD_EVERY and done < total:
            return
        self._told = now
        model, data, job, jobs = self._where
        spent = now - self._began
        left = spent / done * (total - done) if done and spent > 0 else None
        self._progress(
            ProbeProgress(model, data.task, data.name, job, jobs, stage, done, total, left)
        )
