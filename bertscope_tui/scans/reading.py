"""Reading what is in the store: samples, columns of a table, signals and vectors of a run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.data.hygiene import clean
from bertscope_tui.engine.scanned import SIGNALS
from bertscope_tui.scans import coding
from bertscope_tui.scans.coding import DAMAGE, DETAIL, SAMPLE, text_out
from bertscope_tui.scans.records import Columns, RunSpec, SampleRow
from bertscope_tui.scans.schema import damaged, telling

_AT_ONCE = 500
"""Places named in one statement; older builds of SQLite take 999 parameters."""


class Reader:
    """What an open store tells of a run's samples; one connection, for one thread.

    Every method raises DiskError or InputError, in one line that names the file, where the store
    cannot be read or is damaged.
    """

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        """``database`` is the open connection to the store at ``path``."""
        self.path = path
        self._database = database

    def __enter__(self) -> Self:
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

    def finished(self, run_id: int) -> set[int]:
        """Return the places of the finished samples."""
        rows = self._all("SELECT place FROM sample WHERE run_id = ?", run_id)
        return {place for (place,) in rows}

    def count(self, run_id: int) -> int:
        """Return the number of finished samples."""
        ((count,),) = self._all("SELECT count(*) FROM sample WHERE run_id = ?", run_id)
        return int(count)

    def errors(self, run_id: int) -> list[tuple[str, str]]:
        """Return the ids of the samples that could not be run, and the reasons."""
        rows = self._all(
            "SELECT sample_id, error FROM sample WHERE run_id = ? AND error IS NOT NULL"
            " ORDER BY place",
            run_id,
        )
        return [(text_out(sample_id), text_out(error)) for sample_id, error in rows]

    def tally(self, run_id: int) -> dict[tuple[int, str | None], int]:
        """Return the number of finished samples for each mark (of ``Columns.right``) and kind."""
        rows = self._all(
            "SELECT right, kind, count(*) FROM sample LEFT JOIN failure USING (run_id, place)"
            " WHERE sample.run_id = ? GROUP BY right, kind",
            run_id,
        )
        return {(int(right), kind): int(count) for right, kind, count in rows}

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
