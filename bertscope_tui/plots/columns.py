"""Rows of text set in columns, for pages that a terminal, a file or a pipe may get."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> str:
    """Return rows set in columns, with the columns in ``right`` set flush right.

    Widths are screen cells, so that wide characters do not move what follows.
    """
    from rich.cells import cell_len

    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(head))]
    flush = set(right)
    made = []
    for line in lines:
        cells = []
        for column, text in enumerate(line):
            blank = " " * (widths[column] - cell_len(text))
            cells.append(blank + text if column in flush else text + blank)
        made.append("  ".join(cells).rstrip())
    return "\n".join(made)
