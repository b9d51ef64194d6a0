"""Files of one token a line, with an empty line between sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bertscope_tui.data.files import UNDECODABLE


@dataclass(frozen=True, slots=True)
class Row:
    """One token's line: its number in the file and its columns."""

    line: int
    columns: tuple[str, ...]


Comment = tuple[int, str]


def cut(line: str) -> tuple[str, ...]:
    """Cut a line into columns: at TABs where it has one, else at any run of white space.

    Cut at TABs, a column may be empty, and so is the last one of a line that ends in a TAB.
    """
    if "\t" in line:
        return tuple(column.strip() for column in line.split("\t"))
    return tuple(line.split())


def blocks(lines: Iterable[str], *, comment: str | None = None) -> Iterator[list[Row] | Comment]:
    """Yield each run of token lines as a list, and each line that starts with ``comment``.

    Lines of nothing but white space, such as a lone TAB, end a run.
    """
    rows: list[Row] = []
    for number, line in enumerate(lines, start=1):
        is_comment = comment is not None and line.startswith(comment)
        if line.strip() and not is_comment:
            rows.append(Row(number, cut(line)))
            continue
        if rows:
            yield rows
            rows = []
        if is_comment:
            yield number, line
    if rows:
        yield rows


def place(rows: list[Row]) -> str:
    """Name a run of lines, for messages and as a record's place."""
    first, last = rows[0].line, rows[-1].line
    return f"line {first}" if first == last else f"lines {first} to {last}"


def undecodable(rows: list[Row]) -> str | None:
    """Say which line holds bytes that are no UTF-8, or return None."""
    for row in rows:
        if any(UNDECODABLE in column for column in row.columns):
            return f"line {row.line}: not valid UTF-8"
    return None
