"""Paths that begin with what was typed."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from bertscope_tui.data.hygiene import clean

_MOST_READ = 5000
"""Entries of a folder that are looked at: this happens between two letters."""


def completions(text: str) -> list[str]:
    """Return paths that begin with ``text``, in order, folders with a slash behind them.

    There are none where ``text`` has no slash, or its folder cannot be read. Hidden names come only
    after a typed dot, and names that cannot be shown as they are do not come at all.
    """
    head, slash, begin = text.rpartition("/")
    if not slash:
        return []
    try:
        with os.scandir(Path(f"{head}/").expanduser()) as entries:
            names = [
                f"{entry.name}/" if entry.is_dir() else entry.name
                for entry in islice(entries, _MOST_READ)
                if entry.name.startswith(begin)
                and (begin or not entry.name.startswith("."))
                and clean(entry.name) == entry.name
            ]
    except (OSError, RuntimeError, ValueError):  # not there, no such user, no path at all
        return []
    return [f"{head}/{name}" for name in sorted(names)]


def completed(text: str) -> str:
    """Return ``text`` with what all paths have that begin with it."""
    found = completions(text)
    if not found:
        return text
    first, last = found[0], found[-1]  # in order: what these two have all between them have
    same = (n for n, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(same, min(len(first), len(last)))]
