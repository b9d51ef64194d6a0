"""The store of scans: an SQLite file in the cache that many processes write and read at once.

Every finished sample is there for good as soon as `Store.add` returns, and samples that were
added together are there together or not at all, whatever kills the process. Reading never waits
for writing where the file system allows a write-ahead log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.data.hygiene import clean, shown
from bertscope_tui.data.records import QASample
from bertscope_tui.engine.scanned import SIGNALS, Scanned
from bertscope_tui.errors import InputError
from bertscope_tui.models.card import now
from bertscope_tui.scans import coding
from bertscope_tui.scans.coding import DAMAGE, DETAIL, SAMPLE, text_in, text_out
from bertscope_tui.scans.locking import check_name, is_running, lock, store_path
from bertscope_tui.scans.records import Columns, Mark, Run, RunSpec, SampleRow, State
from bertscope_tui.scans.schema import connect, damaged, telling

if TYPE_CHECKING:
    from bertscope_tui.analysis.failures import FailureKind

__all__ = ["Store", "is_running", "lock"]

_AT_ONCE = 500
"""Places named in one statement; older builds of SQLite take 999 parameters."""

_FREE_TO_CHANGE = frozenset(
    ("model", "model_path", "device", "dataset", "dataset_path", "skipped", "vectors", "name")
)
"""What may differ where a run goes on: where things lie and what they are called, not what they
are. The number of vectors stays that which the run was begun with."""

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


class Store:
    """One connection to the store, for one thread; a context manager that closes it.

    Every method raises DiskError or InputError, in one line that names the file, where the store
    cannot be read or written or is damaged.
    """

    def __init__(self, path: Path | None = None, *, readonly: bool = False) -> None:
        """Open the store of the cache, or the one at ``path``; see `schema.connect`."""
        self.path = path or store_path()
        self._database = connect(self.path, readonly=readonly)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; nothing is lost."""
        self._database.close()

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
        self._set_state(run_id, "done")

    def stop(self, run_id: int) -> None:
        """Say that nobody is at work on a run that is not whole."""
        self._set_state(run_id, "stopped")

    # -- samples ------------------------------------------------------------------------------

    def finished(self, run_id: int) -> set[int]:
        """Return the places of the finished samples."""
        rows = self._all("SELECT place FROM sample WHERE run_id = ?", run_id)
        return {place for (place,) in rows}

    def count(self, run_id: int) -> int:
        """Return the number of finished samples."""
        ((count,),) = self._all("SELECT count(*) FROM sample WHERE run_id = ?", run_id)
        return int(count)

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
                "UPDATE run SET seconds = seconds + ?, tokens = tokens + ?, updated = ?,"
                " classified = 0 WHERE id = ?",
                (seconds, tokens, now(), run_id),
            )
            if changed.rowcount == 0:
                raise InputError("the run was removed while it was worked on")
            for scanned, sample in rows:
                self._add(run_id, scanned, sample)

    def rows(
        self, run_id: int, places: Sequence[int] | None = None, *, batch: int = 1000
    ) -> Iterator[SampleRow]:
        """Yield finished samples in the order of their places, or those at ``places`` in theirs.

        At most ``batch`` are held at a time. Places without a finished sample are passed over.
        """
        if places is None:
            yield from self._rows_in_order(run_id, batch)
            return
        size = min(batch, _AT_ONCE)
        for begin in range(0, len(places), size):
            part = [int(place) for place in places[begin : begin + size]]
            marks = ", ".join("?" * len(part))
            found = self._rows(f"sample.place IN ({marks})", "", run_id, *part)
            by_place = {row.scanned.place: row for row in found}
            yield from (by_place[place] for place in part if place in by_place)

    def columns(self, run_id: int) -> Columns:
        """Return what a table of all finished samples needs."""
        return self.columns_since(run_id, 0)[0]

    def columns_since(self, run_id: int, after: int) -> tuple[Columns, int]:
        """Return the columns of the samples finished since ``after``, and the next ``after``.

        Begin with 0. Failures and marks of samples told before may have changed since.
        """
        values = self._all(
            "SELECT sample.place, sample_id, question, prediction, gold, right, f1, confidence,"
            " kind, first_layer, evidence, tags, note, sample.id FROM sample"
            " LEFT JOIN failure USING (run_id, place) LEFT JOIN mark USING (run_id, place)"
            " WHERE sample.run_id = ? AND sample.id > ? ORDER BY sample.place",
            run_id,
            after,
        )
        with self._reading():
            columns = _columns(values)
        return columns, max((row[13] for row in values), default=after)

    def signals(
        self, run_id: int
    ) -> tuple[
        NDArray[np.int32],
        NDArray[np.float32],
        NDArray[np.int8],
        NDArray[np.float32],
        list[str],
    ]:
        """Return places ``(n,)``, signals ``(n, len(SIGNALS), layers + 1)``, right ``(n,)``,
        confidence ``(n,)`` and groups of the samples that could be run, in the order of places.

        ``right`` is 1, 0, or -1 where no gold answer is known.
        """
        values = self._all(
            "SELECT place, signals, right, confidence, paragraph FROM sample"
            " JOIN detail ON detail.sample = sample.id"
            " WHERE run_id = ? AND signals IS NOT NULL ORDER BY place",
            run_id,
        )
        with self._reading():
            flat = b"".join(row[1] for row in values)
            signals = (
                coding.array_of(flat, "<f4", (len(values), len(SIGNALS), -1))
                if values
                else np.zeros((0, len(SIGNALS), 0), np.float32)
            )
            return (
                np.array([row[0] for row in values], np.int32),
                signals,
                np.array([row[2] for row in values], np.int8),
                _floats([row[3] for row in values]),
                [text_out(row[4]) for row in values],
            )

    def vectors(self, run_id: int, layer: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return places ``(n,)`` and pooled vectors of one layer ``(n, dim)`` where they are kept.

        Raises ValueError for a layer that the run has not.
        """
        layers, width = self._shape(run_id)
        if not 0 <= layer <= layers:
            raise ValueError(f"no layer {layer} of {layers}")
        values = self._all(
            "SELECT place, substr(data, ?, ?) FROM sample JOIN vector ON vector.sample = sample.id"
            " WHERE run_id = ? ORDER BY place",
            layer * width * 2 + 1,
            width * 2,
            run_id,
        )
        with self._reading():
            flat = b"".join(row[1] for row in values)
            found = coding.array_of(flat, "<f2", (len(values), width))
        return np.array([row[0] for row in values], np.int32), found.astype(np.float32)

    def pooled(
        self, run_id: int, places: Sequence[int]
    ) -> tuple[NDArray[np.int32], NDArray[np.float16]]:
        """Return the vectors of all layers at some places: those kept, and ``(n, L + 1, dim)``.

        Quicker than `vectors` for each layer where few of many samples are looked at.
        """
        layers, width = self._shape(run_id)
        found: list[tuple[int, bytes]] = []
        for begin in range(0, len(places), _AT_ONCE):
            part = [int(place) for place in places[begin : begin + _AT_ONCE]]
            marks = ", ".join("?" * len(part))
            found += self._all(
                "SELECT place, data FROM sample JOIN vector ON vector.sample = sample.id"
                f" WHERE run_id = ? AND place IN ({marks})",
                run_id,
                *part,
            )
        found.sort()
        with self._reading():
            flat = b"".join(data for _, data in found)
            array = coding.array_of(flat, "<f2", (len(found), layers + 1, width))
        return np.array([place for place, _ in found], np.int32), array

    # -- what was made of them ----------------------------------------------------------------

    def set_failures(
        self, run_id: int, found: Iterable[tuple[int, FailureKind, str, int | None]]
    ) -> None:
        """Replace all failures (place, kind, evidence, first layer); the run is classified."""
        with self._writing():
            self._database.execute("DELETE FROM failure WHERE run_id = ?", (run_id,))
            self._database.executemany(
                "INSERT INTO failure (run_id, place, kind, evidence, first_layer)"
                " VALUES (?, ?, ?, ?, ?)",
                (
                    (run_id, int(place), kind, text_in(evidence), layer)
                    for place, kind, evidence, layer in found
                ),
            )
            self._database.execute("UPDATE run SET classified = 1 WHERE id = ?", (run_id,))

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

    def summary(self, run_id: int, name: str) -> dict[str, Any] | None:
        """Return a kept result, or None where there is none for the samples finished by now."""
        rows = self._all(
            "SELECT value FROM summary WHERE run_id = ? AND name = ? AND samples ="
            " (SELECT count(*) FROM sample WHERE sample.run_id = summary.run_id)",
            run_id,
            name,
        )
        if not rows:
            return None
        with self._reading():
            value: dict[str, Any] = json.loads(rows[0][0])
            return value

    def keep_summary(self, run_id: int, name: str, value: dict[str, Any]) -> None:
        """Keep a small result as JSON, valid until another sample is finished."""
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

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Say of content that makes no sense that the store is damaged."""
        try:
            yield
        except DAMAGE as exc:
            raise damaged(self.path, f"{type(exc).__name__}: {clean(str(exc))[:80]}") from exc

    def _all(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with telling(self.path):
            return self._database.execute(statement, values).fetchall()

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

    def _rows_in_order(self, run_id: int, batch: int) -> Iterator[SampleRow]:
        """Read in pieces: a statement left open would keep the write-ahead log from shrinking."""
        last = -1
        while True:
            found = self._rows(
                "sample.place > ?", "ORDER BY sample.place LIMIT ?", run_id, last, batch
            )
            yield from found
            if len(found) < batch:
                return
            last = found[-1].scanned.place

    def _rows(self, where: str, order: str, run_id: int, *values: Any) -> list[SampleRow]:
        names = ", ".join(f"sample.{name.strip()}" for name in SAMPLE.split(","))
        found = self._all(
            f"SELECT {names}, {DETAIL}, kind, evidence, first_layer, tags, note FROM sample"
            " JOIN detail ON detail.sample = sample.id"
            " LEFT JOIN failure USING (run_id, place) LEFT JOIN mark USING (run_id, place)"
            f" WHERE sample.run_id = ? AND {where} {order}",
            run_id,
            *values,
        )
        with self._reading():
            return [coding.row_out(row) for row in found]

    def _shape(self, run_id: int) -> tuple[int, int]:
        rows = self._all("SELECT * FROM run WHERE id = ?", run_id)
        if not rows:
            return 0, 0
        spec = self._spec(rows[0])
        return spec.layers, spec.hidden_size

    def _spec(self, row: Sequence[Any]) -> RunSpec:
        with self._reading():
            return replace(coding.spec_out(row[2]), name=row[1])

    def _run(self, row: Sequence[Any]) -> Run:
        spec = self._spec(row)
        run_id, name, _, state, created, updated, seconds, tokens, resumed_from, classified = row
        exact, f1, scored, errors, done = 0.0, 0.0, 0, 0, 0
        # Summed up here and in order, so that the scores are those of `evaluate` to the last bit.
        for right, answerable, own_exact, own_f1 in self._database.execute(
            "SELECT right, answerable, exact_match, f1 FROM sample WHERE run_id = ? ORDER BY place",
            (run_id,),
        ):
            done += 1
            errors += right == -2
            if answerable:
                scored += 1
                exact += own_exact or 0.0
                f1 += own_f1 or 0.0
        if state == "running" and not is_running(name, self.path):
            state = "stopped"
        shared = {one.name for one in fields(RunSpec)} - {"asks_accuracy"}
        return Run(
            **{name: getattr(spec, name) for name in shared},
            id=run_id,
            done=done,
            state=state if state in get_args(State) else "stopped",
            exact_match=exact / scored if scored else None,
            f1=f1 / scored if scored else None,
            accuracy=exact / scored if scored and spec.asks_accuracy else None,
            created=created,
            updated=updated,
            seconds=seconds,
            tokens=tokens,
            resumed_from=resumed_from,
            classified=bool(classified),
            errors=errors,
        )


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


def _columns(values: Sequence[tuple[Any, ...]]) -> Columns:
    return Columns(
        places=np.array([row[0] for row in values], np.int32),
        ids=[text_out(row[1]) for row in values],
        questions=[text_out(row[2]) for row in values],
        predictions=["" if row[3] is None else text_out(row[3]) for row in values],
        golds=[" | ".join(coding.words_out(row[4])) for row in values],
        right=np.array([row[5] for row in values], np.int8),
        f1=_floats([row[6] for row in values]),
        confidence=_floats([row[7] for row in values]),
        failures=[row[8] for row in values],
        first_layers=np.array([-1 if row[9] is None else row[9] for row in values], np.int16),
        evidence=["" if row[10] is None else text_out(row[10]) for row in values],
        tags=[() if row[11] is None else coding.words_out(row[11]) for row in values],
        notes=["" if row[12] is None else text_out(row[12]) for row in values],
    )


def _floats(values: Sequence[float | None]) -> NDArray[np.float32]:
    return np.array([np.nan if value is None else value for value in values], np.float32)
