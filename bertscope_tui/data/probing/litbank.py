"""Read LitBank's entity files (Bamman et al. 2019): a token, and a BIO column for each nesting.

LitBank's coreference files have the columns of CoNLL-2012 and are read by ``conll2012``.
"""

from __future__ import annotations

from collections.abc import Iterable

from bertscope_tui.data.hygiene import shown
from bertscope_tui.data.probing.collecting import Found, Source, covering, joined
from bertscope_tui.data.probing.columns import Row, blocks, place, undecodable
from bertscope_tui.data.probing.records import ProbeTarget
from bertscope_tui.data.probing.tags import OUTSIDE, is_tag, runs_of

_FEWEST_LAYERS = 2


def is_litbank(line: str) -> bool:
    """Say whether a line is a token with several BIO columns (the last of them may be empty)."""
    _, *layers = line.split("\t")
    return len(layers) > _FEWEST_LAYERS and all(is_tag(tag.strip() or "O") for tag in layers)


def read_litbank(lines: Iterable[str], source: Source, found: Found) -> None:
    """Add each sentence of a book with its entities, nested ones too; the file is the document."""
    number = 0
    for rows in blocks(lines):
        if not isinstance(rows, list):
            continue
        found.step()
        number += 1
        _read_sentence(rows, source, found, f"s{number}")


def _read_sentence(rows: list[Row], source: Source, found: Found, name: str) -> None:
    where = place(rows)
    wrong = undecodable(rows)
    for row in rows:
        if len(row.columns) < 2 or not row.columns[0]:
            wrong = wrong or f"line {row.line}: a token and its tags expected"
    if wrong is not None:
        found.skip(source.path, where, wrong)
        return
    text, words = joined(row.columns[0] for row in rows)
    runs: set[tuple[int, int, str]] = set()
    for layer in range(1, max(len(row.columns) for row in rows)):
        tags = [row.columns[layer] if layer < len(row.columns) else "" for row in rows]
        if all(tag in OUTSIDE for tag in tags):
            continue
        try:
            runs.update(runs_of(tags))
        except ValueError as error:
            token, tag = error.args
            found.skip(source.path, where, f"line {rows[token].line}: {shown(tag)} is no BIO tag")
            return
    targets = [
        ProbeTarget((covering(words, first, last),), (kind,)) for first, last, kind in sorted(runs)
    ]
    found.add_text(source, where, text, targets, name=name, document=source.name)
