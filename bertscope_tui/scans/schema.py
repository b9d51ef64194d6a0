"""The store's file: its tables, how it is opened, and what can be wrong with it, in one line.

Text of users and files is kept as SQLite text, or as bytes where it holds halves of surrogate
pairs, which SQLite text cannot; the columns are therefore of the type ANY. ``n_best`` is JSON
packed by zlib. Arrays are the bytes of their numbers, little-endian: ``signals`` float32
(signals, layers + 1), ``best_sentence`` int16 (layers + 1,), ``lens`` int32 (layers + 1, 2), and
``vector.data`` float16 (layers + 1, dim).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bertscope_tui.data.hygiene import clean
from bertscope_tui.errors import BertscopeError, DiskError, InputError

APPLICATION: Final = 0x42455253
"""What tells the file from those of other programs (``PRAGMA application_id``)."""
VERSION: Final = 1
"""The form of the tables (``PRAGMA user_version``)."""

_PATIENCE = 30.0
_OLDEST = (3, 37, 0)

_TABLES = """
CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  spec TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'stopped', 'done')),
  created TEXT NOT NULL,
  updated TEXT NOT NULL,
  seconds REAL NOT NULL DEFAULT 0,
  tokens INTEGER NOT NULL DEFAULT 0,
  resumed_from INTEGER NOT NULL DEFAULT 0,
  classified INTEGER NOT NULL DEFAULT -1
) STRICT;
CREATE TABLE sample (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  place INTEGER NOT NULL,
  sample_id ANY NOT NULL,
  question ANY NOT NULL,
  gold ANY NOT NULL,
  paragraph ANY NOT NULL,
  task_name TEXT,
  right INTEGER NOT NULL,
  answerable INTEGER NOT NULL,
  exact_match REAL,
  f1 REAL,
  prediction ANY,
  confidence REAL,
  error ANY,
  UNIQUE (run_id, place)
) STRICT;
CREATE TABLE detail (
  sample INTEGER PRIMARY KEY REFERENCES sample ON DELETE CASCADE,
  facts TEXT NOT NULL,
  n_best BLOB,
  signals BLOB,
  best_sentence BLOB,
  lens BLOB
) STRICT;
CREATE TABLE vector (
  sample INTEGER PRIMARY KEY REFERENCES sample ON DELETE CASCADE,
  data BLOB NOT NULL
) STRICT;
CREATE TABLE failure (
  run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  place INTEGER NOT NULL,
  kind TEXT NOT NULL,
  evidence ANY NOT NULL,
  first_layer INTEGER,
  PRIMARY KEY (run_id, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE mark (
  run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  place INTEGER NOT NULL,
  tags TEXT NOT NULL,
  note ANY NOT NULL,
  PRIMARY KEY (run_id, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE summary (
  run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  name TEXT NOT NULL,
  samples INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;
"""


def connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    """Open the store at ``path``; it is made, with its folder, where it is missing.

    For reading only, a missing one counts as empty and nothing is written. Raises DiskError where
    it cannot be made or read, InputError where the file is none of ours or damaged.
    """
    if sqlite3.sqlite_version_info < _OLDEST:
        raise DiskError(
            f"SQLite {sqlite3.sqlite_version} is too old for the store of scans",
            remedy="a Python with SQLite 3.37 or newer",
        )
    with telling(path):
        if readonly:
            return _open_to_read(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise DiskError(
                f"{clean(str(path.parent))}: cannot be made: {exc.strerror or exc}"
            ) from exc
        return _open_to_write(path)


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turn what SQLite raises in the block into errors that name the file and the remedy."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.InterfaceError):
        raise  # a mistake of ours
    except sqlite3.Error as exc:
        raise _told(exc, path) from exc


def damaged(path: Path, what: str) -> InputError:
    """Return the error about a store whose content makes no sense."""
    return InputError(f"{clean(str(path))}: damaged: {what}", remedy="move it away and scan again")


def _open_to_write(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    try:
        _check(connection, path)
        # A file system without shared memory (most of those over a network) takes no
        # write-ahead log; the old journal is slower, and readers may have to wait.
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as exc:
            if _code(exc) not in (sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_IOERR):
                raise
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        if mode == "wal":
            connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        if not _check(connection, path):
            _make(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _make(connection: sqlite3.Connection) -> None:
    """Make the tables, unless another process was faster."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            for statement in _TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _open_to_read(path: Path) -> sqlite3.Connection:
    if not os.path.lexists(path) or _is_empty(path):
        return _nothing()
    place = path.absolute().as_uri()
    # Read-only connections cannot put a write-ahead log in order that a killed process has left,
    # nor open one while its last writer clears it away; so they are only for places that are.
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    for mode in ("mode=rw",) if writable else ("mode=ro", "mode=ro&immutable=1"):
        connection = sqlite3.connect(
            f"{place}?{mode}", uri=True, timeout=_PATIENCE, isolation_level=None
        )
        try:
            connection.execute("PRAGMA query_only = ON")
            if _check(connection, path):
                return connection
            connection.close()
            return _nothing()  # another process has only begun to make it
        except sqlite3.OperationalError as exc:
            connection.close()
            # A write-ahead log wants files beside the store even for reading; where the folder
            # takes none, nobody can be writing there either.
            if _code(exc) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise
            if mode != "mode=ro" or os.access(path.parent, os.W_OK):
                raise
        except BaseException:
            connection.close()
            raise
    raise AssertionError("the second way either opens or raises")


def _nothing() -> sqlite3.Connection:
    """Return a store without a run, which has no file."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    _make(connection)
    return connection


def _is_empty(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size == 0
    except OSError as exc:
        raise DiskError(f"{clean(str(path))}: cannot be read: {exc.strerror or exc}") from exc


def _check(connection: sqlite3.Connection, path: Path) -> bool:
    """Say whether the tables are there; refuse a database of another program or a newer one."""
    # In one transaction: another process may be about to make the tables.
    connection.execute("BEGIN")
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")
    if application != APPLICATION and (application or version or tables):
        raise InputError(
            f"{clean(str(path))}: a database of another program",
            remedy="move it away, or choose another cache with --cache-dir",
        )
    if version > VERSION:
        raise InputError(
            f"{clean(str(path))}: made by a newer version of this program",
            remedy="update, or choose another cache with --cache-dir",
        )
    return bool(version)


def _code(exc: sqlite3.Error) -> int:
    """Return SQLite's primary error code, -1 where the error is one of Python's side."""
    code: int = getattr(exc, "sqlite_errorcode", -1)
    return code if code < 0 else code & 0xFF


def _told(exc: sqlite3.Error, path: Path) -> BertscopeError:
    place, code = clean(str(path)), _code(exc)
    if code == sqlite3.SQLITE_FULL:
        return DiskError(
            f"{place}: cannot be written: no space left",
            remedy="free some space; the same command goes on from what is stored",
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DiskError(f"{place}: another process has kept it busy for {_PATIENCE:.0f} seconds")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return DiskError(
            f"{place}: cannot be opened or written",
            remedy="choose a folder that can be written with --cache-dir or BERTSCOPE_CACHE",
        )
    if code == sqlite3.SQLITE_NOTADB:
        return InputError(f"{place}: not a database", remedy="move it away and scan again")
    if code == sqlite3.SQLITE_IOERR:
        return DiskError(f"{place}: the disk does not read or write it: {clean(str(exc))}")
    if code == sqlite3.SQLITE_CORRUPT or code < 0 or code == sqlite3.SQLITE_ERROR:
        return damaged(path, clean(str(exc)))
    return DiskError(f"{place}: {clean(str(exc))}")
