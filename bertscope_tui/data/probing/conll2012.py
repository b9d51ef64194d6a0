"""Read CoNLL-2012 columns (Pradhan et al. 2012), as OntoNotes 5.0 is spread in, and LitBank's.

Columns: document, part, number, word, part of speech, parse, lemma, frame set, sense, speaker,
named entity, predicates…, coreference. They are cut at runs of blanks, or at TABs (LitBank), where
the last column may be empty. Entities of parts are not those of other parts of a document,
but the whole document belongs to one split.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bertscope_tui.data.fields import FieldError
from bertscope_tui.data.hygiene import shown
from bertscope_tui.data.probing.collecting import Found, Source, covering, joined
from bertscope_tui.data.probing.columns import Row, blocks, place, undecodable
from bertscope_tui.data.probing.mentions import Brackets, Mention, pairs_of
from bertscope_tui.data.probing.records import ProbeTarget
from bertscope_tui.data.records import Span

_BEGIN = re.compile(r"#begin document \((.*)\)(?:;\s*part\s+([0-9]+))?\s*", re.DOTALL)
_PARTS = re.compile(r"\(?[^()|\s]+\)?")
_ENTITY = re.compile(r"(?:\(([^()*\s]+))?\*?(\))?")
_ESCAPES = {
    "-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}",
    "/.": ".", "/?": "?", "/-": "-", "/,": ",", "\\/": "/", "\\*": "*",
}  # fmt: skip
_NOTHING = frozenset(("-", "_", "*", ""))
_FEWEST = 12
_WORD, _NAMED = 3, 10
_HIDDEN = "[WORD]"


@dataclass(frozen=True, slots=True)
class _Sentence:
    where: str
    name: str
    text: str
    words: tuple[Span, ...]
    mentions: tuple[Mention, ...]
    notes: tuple[str, ...]


def is_conll2012(line: str) -> bool:
    """Say whether a line begins a document of this format."""
    return line.startswith("#begin document")


def read_conll2012(
    lines: Iterable[str],
    source: Source,
    found: Found,
    *,
    negatives: float | None,
    seed: int,
    seen: set[tuple[str, str]],
) -> None:
    """Add each sentence with its named entities, or with its pairs of mentions (coreference).

    ``seen`` holds the documents of earlier files; one that comes again is passed over and noted.
    Sentences that cannot be used are skipped.
    """
    document, part, again = source.name, "0", False
    sentences: list[_Sentence] = []
    number = 0

    def flush() -> None:
        _add_pairs(sentences, document, part, source, found, negatives, seed)
        sentences.clear()

    for block in blocks(lines, comment="#"):
        if not isinstance(block, list):
            begin = _BEGIN.fullmatch(block[1])
            if begin is not None:
                flush()
                document, part, number = begin[1].strip(), str(int(begin[2] or 0)), 0
                again = (document, part) in seen
                seen.add((document, part))
                if again:
                    what = f"{shown(document)}, part {part}, was read before; passed over"
                    found.note(source.path, f"line {block[0]}", what)
            continue
        if again:
            continue
        number += 1
        found.step()
        name = f"{document}/{part}/s{number}"
        try:
            if found.task == "coref":
                sentences.append(_with_mentions(block, name))
            else:
                text, targets = _with_entities(block)
                found.add_text(source, place(block), text, targets, name=name, document=document)
        except FieldError as error:
            found.skip(source.path, place(block), str(error))
    flush()


def _add_pairs(
    sentences: list[_Sentence],
    document: str,
    part: str,
    source: Source,
    found: Found,
    negatives: float | None,
    seed: int,
) -> None:
    pairs = pairs_of(
        [sentence.mentions for sentence in sentences],
        negatives=negatives,
        seed=f"{seed} {document} {part}",
    )
    for sentence, targets in zip(sentences, pairs, strict=True):
        found.add_text(
            source,
            sentence.where,
            sentence.text,
            targets,
            name=sentence.name,
            document=document,
            notes=sentence.notes,
        )


def _words(rows: list[Row]) -> tuple[str, tuple[Span, ...]]:
    wrong = undecodable(rows)
    if wrong is not None:
        raise FieldError(wrong)
    for row in rows:
        if len(row.columns) < _FEWEST or not row.columns[_WORD]:
            raise FieldError(
                f"line {row.line}: {len(row.columns)} columns where at least {_FEWEST} "
                "with a word in the fourth were expected"
            )
    if all(row.columns[_WORD] == _HIDDEN for row in rows):
        raise FieldError("words: left out of this file ([WORD]); put them back from OntoNotes")
    return joined(_ESCAPES.get(row.columns[_WORD], row.columns[_WORD]) for row in rows)


def _with_entities(rows: list[Row]) -> tuple[str, list[ProbeTarget]]:
    """Return the text of a sentence and its named entities: ``(DATE*``, ``*``, ``*)``."""
    text, words = _words(rows)
    targets: list[ProbeTarget] = []
    kind, first = "", -1
    for token, row in enumerate(rows):
        column = row.columns[_NAMED]
        if column in _NOTHING:
            continue
        match = _ENTITY.fullmatch(column)
        if match is None or bool(match[1]) == (first >= 0):
            raise FieldError(f"line {row.line}: {shown(column)} is out of place as named entity")
        if match[1]:
            kind, first = match[1], token
        if match[2]:
            targets.append(ProbeTarget((covering(words, first, token),), (kind,)))
            first = -1
    if first >= 0:
        raise FieldError(f"line {rows[first].line}: the named entity does not end")
    return text, targets


def _with_mentions(rows: list[Row], name: str) -> _Sentence:
    """Return a sentence with its mentions: ``(3``, ``3)``, ``(3)``, several joined by ``|``."""
    text, words = _words(rows)
    brackets = Brackets()
    mentions: list[Mention] = []
    for token, row in enumerate(rows):
        column = row.columns[-1]
        if column in _NOTHING:
            continue
        for mark in column.split("|"):
            if _PARTS.fullmatch(mark) is None or not (mark[0] == "(" or mark[-1] == ")"):
                raise FieldError(f"line {row.line}: {shown(column)} is no coreference column")
            key = mark.strip("()")
            if mark[0] == "(":
                brackets.opened(key, token)
            if mark[-1] == ")":
                closed = brackets.closed(key, token)
                if closed is not None:
                    mentions.append(Mention(covering(words, closed[0], closed[1]), key))
    brackets.finish()
    return _Sentence(place(rows), name, text, words, tuple(mentions), tuple(brackets.lost))
