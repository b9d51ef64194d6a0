"""Read TREC question types (Li and Roth 2002): ``COARSE:fine question``, one a line.

The published file is ISO-8859-1; a copy in UTF-8 is taken as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from bertscope_tui.data.hygiene import shown
from bertscope_tui.data.probing.collecting import Found, Source
from bertscope_tui.data.probing.records import ProbeTarget
from bertscope_tui.data.records import Span

_LINE = re.compile(r"\s*([A-Z]{2,}):([A-Za-z]+)[ \t]+(.*\S)\s*", re.DOTALL)


def is_trec(line: str) -> bool:
    """Say whether a line is a labelled question."""
    return _LINE.fullmatch(line) is not None


def read_trec(lines: Iterable[str], source: Source, found: Found, *, fine: bool) -> None:
    """Add each question, labelled as a whole with its coarse or (``fine``) ``COARSE:fine`` type.

    A question that is asked again belongs to the document of its first line, so that both go to
    the same split; one with two different types is listed.
    """
    if source.split is None and source.path.name.upper().startswith("TREC_10"):
        source = replace(source, split="test")
    first: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found.step()
        where = f"line {number}"
        match = _LINE.fullmatch(line)
        if match is None:
            what = f"no 'COARSE:fine question': {shown(line.strip())}"
            found.skip(source.path, where, what)
            continue
        label = f"{match[1]}:{match[2]}" if fine else match[1]
        text = match[3]
        number_before, label_before = first.setdefault(text.casefold(), (number, label))
        notes = []
        if label_before != label:
            notes.append(f"question: {label} here, but {label_before} in line {number_before}")
        target = ProbeTarget((Span(0, len(text)),), (label,))
        found.add_text(
            source,
            where,
            text,
            (target,),
            name=f"q{number}",
            document=f"{source.name}:q{number_before}",
            notes=notes,
        )
