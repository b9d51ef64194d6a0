"""The store of scans: an SQLite file in the cache that many processes write and read at once.

Every finished sample is there for good as soon as `Store.add` returns, and samples that were
added together are there together or not at all, whatever kills the process. Reading never waits
for writing where the file system allows a write-ahead log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from bertscope_tui.data.hygiene import clean, shown
from bertscope_tui.data.records import QASample
from bertscope_tui.engine.scanned import Scanned
from bertscope_tui.errors import InputError
from bertscope_tui.models.card import now
from bertscope_tui.scans import coding
from bertscope_tui.scans.coding import DETAIL, SAMPLE, text_in, text_out
from bertscope_tui.scans.locking import check_name, is_running, lock, store_path
from bertscope_tui.scans.reading import Reader
from bertscope_tui.scans.records import NOT_RUN, Mark, Run, RunSpec, State
from bertscope_tui.scans.schema import connect, telling

if TYPE_CHECKING:
    from bertscope_tui.analysis.failures import FailureKind

__all__ = ["Store", "is_running", "lock"]

_SUMS = "sums-1"

_FREE_TO_CHANGE = frozenset(
    (
        *("name", "model", "model_path", "device", "dataset", "dataset_path", "skipped"),
        *("vectors", "batch_tokens"),
    )
)
"""What may differ where a run goes on: where things lie and what they are called, not what they
are. The number of vectors and the size of batches stay those which the run was begun with."""

_WORDS = {
    "model_sha256": "the model's weights have changed",
    "data_sha256": "the data set's files have changed",
    "variant": "the variant of the data is another",
    "split": "the split is another",
    "tasks": "the tasks are others",
    "keep_yes_no": "yes/no questions are kept in only one of the two",
    "limit": "the limit is another",
    "options": "windows are cut or answers are read in another way",
    "dtype": "the network's numbers are of another type",
}


class Store(Reader):
    """One connection to the store, for one thread; a context manager that closes it.

    Every method raises DiskError or InputError, in one line that names the file, where the store
    cannot be read or written or is damaged.
    """

    def __init__(self, path: Path | None = None, *, readonly: bool = False) -> None:
        """Open the store of the cache, or the one at ``path``; see `schema.connect`."""
        place = path or store_path()
        super().__init__(place, connect(place, readonly=readonly))
        self._readonly = readonly

    # -- runs ---------------------------------------------------------------------------------

    def runs(self) -> list[Run]:
        """Return all runs, the newest first."""
        with telling(self.path):
            rows = self._database.execute("SELECT * FROM run ORDER BY id DESC").fetchall()
            return [self._run(row) for row in rows]

    def run(self, name: str) -> Run:
        """Return the run of this name; raises InputError with the names there are."""
        with telling(self.path):
            row = self._database.execute(
                "SELECT * FROM run WHERE name = ?", (text_in(name),)
            ).fetchone()
            if row is not None:
                return self._run(row)
            names = self._database.execute("SELECT name FROM run ORDER BY id DESC").fetchall()
        known = clean(", ".join(one for (one,) in names)) or "none; 'bertscope-tui scan' makes one"
        raise InputError(f"no run {shown(name)}", remedy=f"there are: {known}")

    def create(self, spec: RunSpec, *, force: bool = False) -> Run:
        """Return a new run, or the one of this name if it is of the same model and data.

        The caller holds its `lock`. A run of the name that is not the same raises InputError,
        unless ``force``, which throws it away with its tags, the same one too.
        """
        check_name(spec.name)
        with self._writing():
            row = self._database.execute(
                "SELECT * FROM run WHERE name = ?", (spec.name,)
            ).fetchone()
            if row is not None and not force:
                found = self._run(row)
                _same_or_refused(self._spec(row), spec)
                if found.state != "done":
                    self._database.execute(
                        "UPDATE run SET state = 'running', resumed_from = ?, updated = ?"
                        " WHERE id = ?",
                        (found.done, now(), found.id),
                    )
            else:
                if row is not None:
                    self._database.execute("DELETE FROM run WHERE id = ?", (row[0],))
                moment = now()
                self._database.execute(
                    "INSERT INTO run (name, spec, state, created, updated)"
                    " VALUES (?, ?, 'running', ?, ?)",
                    (spec.name, coding.spec_in(spec), moment, moment),
                )
        return self.run(spec.name)

    def remove(self, name: str) -> None:
        """Delete a run with its tags; raises InputError where there is none or it is running."""
        run = self.run(name)
        with lock(name, self.path), self._writing():
            self._database.execute("DELETE FROM run WHERE id = ?", (run.id,))

    def finish(self, run_id: int) -> None:
        """Say that all samples of a run are there."""
        self.keep_summary(run_id, _SUMS, self._exact_sums(run_id))
        self._set_state(run_id, "done")

    def stop(self, run_id: int) -> None:
        """Say that nobody is at work on a run that is not whole."""
        self._set_state(run_id, "stopped")

    # -- samples ------------------------------------------------------------------------------

    def add(
        self,
        run_id: int,
        rows: Sequence[tuple[Scanned, QASample]],
        *,
        seconds: float,
        tokens: int,
    ) -> None:
        """Keep finished samples, all or none of them; those that are there already stay.

        ``seconds`` and ``tokens`` are added to the run's. Raises InputError where the run is gone.
        """
        with self._writing():
            changed = self._database.execute(
                "UPDATE run SET seconds = seconds + ?, tokens = tokens + ?, updated = ?"
                " WHERE id = ?",
                (seconds, tokens, now(), run_id),
            )
            if changed.rowcount == 0:
                raise InputError("the run was removed while it was worked on")
            for scanned, sample in rows:
                self._add(run_id, scanned, sample)

    # -- what was made of them ----------------------------------------------------------------

    def set_failures(
        self,
        run_id: int,
        found: Iterable[tuple[int, FailureKind, str, int | None]],
        *,
        samples: int | None = None,
    ) -> None:
        """Replace all failures (place, kind, evidence, first layer); the run is classified.

        ``samples`` is how many finished samples were looked at for it, None all there are now; it
        is classified until another one is finished.
        """
        rows = list(found)  # before the transaction, which keeps others from writing
        with self._writing():
            self._database.execute("DELETE FROM failure WHERE run_id = ?", (run_id,))
            self._database.executemany(
                "INSERT INTO failure (run_id, place, kind, evidence, first_layer)"
                " VALUES (?, ?, ?, ?, ?)",
                (
                    (run_id, int(place), kind, text_in(evidence), layer)
                    for place, kind, evidence, layer in rows
                ),
            )
            self._database.execute(
                "UPDATE run SET classified = coalesce("
                "?, (SELECT count(*) FROM sample WHERE run_id = run.id)) WHERE id = ?",
                (samples, run_id),
            )

    def mark(self, run_id: int, place: int, mark: Mark) -> Mark:
        """Set a sample's tags and note and return those before, so that undo is the same call."""
        with self._writing():
            row = self._database.execute(
                "SELECT tags, note FROM mark WHERE run_id = ? AND place = ?", (run_id, place)
            ).fetchone()
            with self._reading():
                before = Mark() if row is None else Mark(coding.words_out(row[0]), text_out(row[1]))
            if mark == Mark():
                self._database.execute(
                    "DELETE FROM mark WHERE run_id = ? AND place = ?", (run_id, place)
                )
            else:
                self._database.execute(
                    "INSERT INTO mark (run_id, place, tags, note) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (run_id, place) DO UPDATE SET tags = excluded.tags,"
                    " note = excluded.note",
                    (run_id, place, coding.words_in(mark.tags), text_in(mark.note)),
                )
        return before

    def keep_summary(self, run_id: int, name: str, value: dict[str, Any]) -> None:
        """Keep a small result as JSON, valid until another sample is finished.

        Where the store is open for reading only it is not kept, and made again another time.
        """
        if self._readonly:
            return
        with self._writing():
            self._database.execute(
                "INSERT INTO summary (run_id, name, samples, value) VALUES (?, ?,"
                " (SELECT count(*) FROM sample WHERE run_id = ?), ?)"
                " ON CONFLICT (run_id, name) DO UPDATE SET samples = excluded.samples,"
                " value = excluded.value",
                (run_id, name, run_id, json.dumps(value)),
            )

    # -- inside -------------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Make all of a block one transaction."""
        with telling(self.path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def _add(self, run_id: int, scanned: Scanned, sample: QASample) -> None:
        columns = coding.sample_in(scanned, sample)
        marks = ", ".join("?" * (len(columns) + 1))
        added = self._database.execute(
            f"INSERT OR IGNORE INTO sample (run_id, {SAMPLE}) VALUES ({marks})",
            (run_id, *columns),
        )
        if added.rowcount == 0:
            return
        self._database.execute(
            f"INSERT INTO detail (sample, {DETAIL}) VALUES (?, ?, ?, ?, ?, ?)",
            (added.lastrowid, *coding.detail_in(scanned)),
        )
        vector = coding.bytes_of(scanned.vector, "<f2")
        if vector is not None:
            self._database.execute(
                "INSERT INTO vector (sample, data) VALUES (?, ?)", (added.lastrowid, vector)
            )

    def _set_state(self, run_id: int, state: State) -> None:
        with self._writing():
            self._database.execute(
                "UPDATE run SET state = ?, updated = ? WHERE id = ?", (state, now(), run_id)
            )

    def _run(self, row: Sequence[Any]) -> Run:
        spec = self._spec(row)
        run_id, name, _, state, created, updated, seconds, tokens, resumed_from, classified = row
        sums = self.summary(run_id, _SUMS) or self._sums(run_id)
        scored, done = sums["scored"], sums["done"]
        if state == "running" and not is_running(name, self.path):
            state = "stopped"
        shared = {one.name for one in fields(RunSpec)} - {"asks_accuracy"}
        return Run(
            **{name: getattr(spec, name) for name in shared},
            id=run_id,
            done=done,
            state=state if state in get_args(State) else "stopped",
            exact_match=sums["exact_match"] / scored if scored else None,
            f1=sums["f1"] / scored if scored else None,
            accuracy=sums["exact_match"] / scored if scored and spec.asks_accuracy else None,
            created=created,
            updated=updated,
            seconds=seconds,
            tokens=tokens,
            resumed_from=resumed_from,
            classified=classified == done,
            errors=sums["errors"],
        )

    def _sums(self, run_id: int) -> dict[str, Any]:
        """Return the sums that scores are made of; quick, for runs that are looked at often."""
        (row,) = self._all(
            "SELECT count(*), coalesce(sum(right = ?), 0), coalesce(sum(answerable), 0),"
            " coalesce(sum(iif(answerable, exact_match, 0)), 0),"
            " coalesce(sum(iif(answerable, f1, 0)), 0) FROM sample WHERE run_id = ?",
            NOT_RUN,
            run_id,
        )
        return dict(zip(("done", "errors", "scored", "exact_match", "f1"), row, strict=True))

    def _exact_sums(self, run_id: int) -> dict[str, Any]:
        """Return the same, added up in order, so that scores are those of `evaluate` to the bit."""
        rows = self._all(
            "SELECT exact_match, f1 FROM sample WHERE run_id = ? AND answerable ORDER BY place",
            run_id,
        )
        return self._sums(run_id) | {
            "exact_match": sum(exact or 0.0 for exact, _ in rows),
            "f1": sum(f1 or 0.0 for _, f1 in rows),
        }


def _same_or_refused(found: RunSpec, wanted: RunSpec) -> None:
    """Raise InputError where a run cannot go on as ``wanted``."""
    for field in fields(RunSpec):
        if field.name in _FREE_TO_CHANGE:
            continue
        if getattr(found, field.name) != getattr(wanted, field.name):
            why = _WORDS.get(field.name, f"{field.name.replace('_', ' ')} is another")
            raise InputError(
                f"there is a run {found.name}, and it cannot go on: {why}",
                remedy="--force begins it anew, --name makes another",
            )
