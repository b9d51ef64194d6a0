"""Read named entities from BIO columns: CrossNER, WNUT-17, CoNLL-2003, and others of their kind.

The token is the first column and the tag the last (Liu et al. 2020; Derczynski et al. 2017). The
text of a sentence is its tokens with a blank between them.
"""

from __future__ import annotations

from collections.abc import Iterable

from bertscope_tui.data.hygiene import shown
from bertscope_tui.data.probing.collecting import Found, Source, covering, joined
from bertscope_tui.data.probing.columns import Row, blocks, place, undecodable
from bertscope_tui.data.probing.records import ProbeTarget
from bertscope_tui.data.probing.tags import runs_of

_DOCUMENT = "-DOCSTART-"


def read_bio(lines: Iterable[str], source: Source, found: Found) -> None:
    """Add each sentence with an entity; a sentence with a line that cannot be used is skipped.

    Documents are those that ``-DOCSTART-`` lines begin; without them each sentence is one.
    """
    documents = sentences = 0
    for rows in blocks(lines):
        if not isinstance(rows, list):
            continue
        if rows[0].columns[0] == _DOCUMENT:
            documents += 1
            rows = rows[1:]
            if not rows:
                continue
        found.step()
        sentences += 1
        name = f"s{sentences}"
        document = f"{source.name}:{f'd{documents}' if documents else name}"
        _read_sentence(rows, source, found, name, document)


def _read_sentence(rows: list[Row], source: Source, found: Found, name: str, document: str) -> None:
    where = place(rows)
    wrong = undecodable(rows)
    for row in rows:
        if len(row.columns) < 2 or not row.columns[0]:
            wrong = wrong or f"line {row.line}: a token and its tag expected"
    if wrong is not None:
        found.skip(source.path, where, wrong)
        return
    text, words = joined(row.columns[0] for row in rows)
    try:
        runs = runs_of([row.columns[-1] for row in rows])
    except ValueError as error:
        token, tag = error.args
        found.skip(source.path, where, f"line {rows[token].line}: {shown(tag)} is no BIO tag")
        return
    targets = [ProbeTarget((covering(words, first, last),), (kind,)) for first, last, kind in runs]
    found.add_text(source, where, text, targets, name=name, document=document)
