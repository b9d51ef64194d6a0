"""Read GAP (Webster et al. 2018): which of two names a pronoun means, in Wikipedia texts.

The three published parts are for development, validation and test; a probe is trained on the
first, stopped on the second.
"""

from __future__ import annotations

from collections.abc import Iterable

from bertscope_tui.data.fields import FieldError
from bertscope_tui.data.files import UNDECODABLE
from bertscope_tui.data.hygiene import shown
from bertscope_tui.data.probing.collecting import Found, Source
from bertscope_tui.data.probing.mentions import DIFFERENT, SAME
from bertscope_tui.data.probing.records import ProbeSplit, ProbeTarget
from bertscope_tui.data.records import Span

_HEADER = (
    "ID", "Text", "Pronoun", "Pronoun-offset", "A", "A-offset", "A-coref", "B", "B-offset",
    "B-coref", "URL",
)  # fmt: skip
_SPLITS: dict[str, ProbeSplit] = {"development": "train", "validation": "dev", "test": "test"}
_VERDICTS = {"true": SAME, "false": DIFFERENT}


def is_gap(line: str) -> bool:
    """Say whether a line is the header of such a file."""
    return line.split("\t")[:4] == list(_HEADER[:4])


def read_gap(lines: Iterable[str], source: Source, found: Found) -> None:
    """Add each text with two pairs, pronoun and name A, pronoun and name B; a page is a document.

    Quotation marks in the text are part of it: the file knows no quoting.
    """
    named = [split for word, split in _SPLITS.items() if word in source.path.name.lower()]
    for number, line in enumerate(lines, start=1):
        if not line.strip() or is_gap(line):
            continue
        found.step()
        where = f"line {number}"
        try:
            fields = _fields(line)
            targets = _targets(fields)
        except FieldError as error:
            found.skip(source.path, where, str(error))
            continue
        found.add_text(
            source,
            where,
            fields["Text"],
            targets,
            name=fields["ID"],
            document=fields["URL"] or fields["ID"],
            split=named[0] if named else None,
        )


def _fields(line: str) -> dict[str, str]:
    if UNDECODABLE in line:
        raise FieldError("not valid UTF-8")
    columns = line.split("\t")
    if len(columns) != len(_HEADER):
        raise FieldError(f"{len(columns)} columns where {len(_HEADER)} were expected")
    fields = dict(zip(_HEADER, columns, strict=True))
    if not fields["ID"].strip():
        raise FieldError("ID: empty")
    return fields


def _targets(fields: dict[str, str]) -> list[ProbeTarget]:
    pronoun = _span(fields, "Pronoun")
    targets: list[ProbeTarget] = []
    for name in ("A", "B"):
        verdict = _VERDICTS.get(fields[f"{name}-coref"].strip().lower())
        if verdict is None:
            value = shown(fields[f"{name}-coref"])
            raise FieldError(f"{name}-coref: {value} where TRUE or FALSE was expected")
        targets.append(ProbeTarget((pronoun, _span(fields, name)), (verdict,)))
    return targets


def _span(fields: dict[str, str], name: str) -> Span:
    words, offset, text = fields[name], fields[f"{name}-offset"].strip(), fields["Text"]
    if not (offset.isascii() and offset.isdigit() and len(offset) < 10):
        raise FieldError(f"{name}-offset: {shown(offset)} is no number")
    start = int(offset)
    if not words or not text.startswith(words, start):
        there = shown(text[start : start + len(words)])
        raise FieldError(f"{name}-offset: {start} has {there} there, not {shown(words)}")
    return Span(start, start + len(words))
