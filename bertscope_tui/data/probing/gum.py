"""Read GUM and OntoGUM (Zeldes 2017; Zhu et al. 2021): entity types and coreference.

Two layouts: CoNLL columns of number, token and brackets, ``(1(2)`` in OntoGUM and
``(person-1-Name(place-2)`` in GUM, without sentence breaks; and CoNLL-U with ``Entity=`` in its
last column, with sentences, blanks and words inside words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bertscope_tui.data.files import read_text
from bertscope_tui.data.probing.collecting import Found, Source, covering, joined
from bertscope_tui.data.probing.columns import Row, blocks, place, undecodable
from bertscope_tui.data.probing.mentions import Brackets, Mention, pairs_of
from bertscope_tui.data.probing.records import ProbeSplit, ProbeTarget
from bertscope_tui.data.records import Span

_BEGIN = re.compile(r"# begin document ?(.*)", re.DOTALL)
_NEW = re.compile(r"# newdoc id *= *(.*)", re.DOTALL)
_FIELDS = re.compile(r"# global\.Entity *= *(\S+)\s*")
_CELL = re.compile(
    r"\((?:(?P<kind>[A-Za-z_]+)-)?(?P<key>[0-9]+)(?:-[^()]*)?(?P<both>\))?"
    r"|(?:[A-Za-z_]+-)?(?P<end>[0-9]+)(?:-[^()]*)?\)"
)
_MISC = re.compile(r"\((?P<fields>[^()]+)(?P<both>\))?|(?P<end>[^()]+)\)")
_RANGE = re.compile(r"([0-9]+)-([0-9]+)")
_SECTION = re.compile(r"## +(train|dev|test)[0-9]*\s*")
_LISTED = re.compile(r"\s*\* +(\S+)\s*")
_SENTENCE_ENDS = frozenset((".", "?", "!", "...", "…", "?!", "!!"))
_CLOSERS = frozenset(('"', "''", "”", "’", "'", ")", "]", "»"))
_LONGEST = 128
"""Tokens after which a text without an end of a sentence is cut all the same."""
_PARENTS = 5

Marked = tuple[int, int, str, str]
"""First token, last token (included), entity, type ("" where none is marked)."""


@dataclass(frozen=True, slots=True)
class _Text:
    where: str
    name: str
    text: str
    mentions: tuple[tuple[Mention, str], ...]
    notes: tuple[str, ...] = ()


def is_gum(line: str) -> bool:
    """Say whether a line begins a document of the layout in columns."""
    return line.startswith("# begin document")


def is_conllu(head: str) -> bool:
    """Say whether the beginning of a file is CoNLL-U with entities."""
    return "Entity=" in head and any(
        line[:1].isdigit() and line.count("\t") == 9 for line in head.split("\n")
    )


def published_splits(path: Path) -> dict[str, ProbeSplit]:
    """Return the split of each document by the ``splits.md`` in a folder above, {} without one."""
    for folder in list(path.absolute().parents)[:_PARENTS]:
        listed = folder / "splits.md"
        if listed.is_file():
            splits: dict[str, ProbeSplit] = {}
            current: ProbeSplit | None = None
            for line in read_text(listed).split("\n"):
                section, document = _SECTION.fullmatch(line), _LISTED.fullmatch(line)
                if section is not None:
                    current = _split_named(section[1])
                elif line.startswith("#"):
                    current = None
                elif document is not None and current is not None:
                    splits[document[1]] = current
            return splits
    return {}


def _split_named(name: str) -> ProbeSplit:
    return "train" if name == "train" else "dev" if name == "dev" else "test"


def read_gum(
    lines: Iterable[str],
    source: Source,
    found: Found,
    *,
    negatives: float | None,
    seed: int,
    splits: dict[str, ProbeSplit],
) -> None:
    """Add the texts of documents in columns, cut into sentences after ``.``, ``?`` and ``!``.

    A document without an id goes by the file's name, a second one by that and its number.
    """
    document, begun = source.name, 0
    texts: list[_Text] = []

    def flush() -> None:
        _add(texts, document, source, found, negatives, seed, splits)
        texts.clear()

    for block in blocks(lines, comment="#"):
        if isinstance(block, list):
            texts.extend(_cut(block, source, found, len(texts)))
            continue
        begin = _BEGIN.fullmatch(block[1])
        if begin is not None:
            flush()
            begun += 1
            alone = source.name if begun == 1 else f"{source.name}#{begun}"
            document = begin[1].strip() or alone
    flush()


def read_conllu(
    lines: Iterable[str],
    source: Source,
    found: Found,
    *,
    negatives: float | None,
    seed: int,
    splits: dict[str, ProbeSplit],
) -> None:
    """Add the sentences of CoNLL-U with the entities of the last column (``Entity=``)."""
    document, order = source.name, ("GRP", "etype")
    texts: list[_Text] = []

    def flush() -> None:
        _add(texts, document, source, found, negatives, seed, splits)
        texts.clear()

    # Mentions do not cross sentences, but entities are those of the whole document.
    for block in blocks(lines, comment="#"):
        if isinstance(block, list):
            found.step()
            text = _sentence(block, order, f"s{len(texts) + 1}")
            if isinstance(text, str):
                found.skip(source.path, place(block), text)
            else:
                texts.append(text)
            continue
        new, fields = _NEW.fullmatch(block[1]), _FIELDS.fullmatch(block[1])
        if new is not None:
            flush()
            document = new[1].strip() or source.name
        elif fields is not None:
            order = tuple(fields[1].split("-"))
    flush()


def _add(
    texts: list[_Text],
    document: str,
    source: Source,
    found: Found,
    negatives: float | None,
    seed: int,
    splits: dict[str, ProbeSplit],
) -> None:
    """Add the texts of one document, for the task that is asked for."""
    source = replace(source, split=splits.get(document, source.split))
    if found.task == "coref":
        pairs = pairs_of(
            [[mention for mention, _ in text.mentions] for text in texts],
            negatives=negatives,
            seed=f"{seed} {document}",
        )
        chosen = list(pairs)
    else:
        chosen = [
            tuple(
                ProbeTarget((span,), (kind,))
                for span, kind in sorted({(one.span, kind) for one, kind in text.mentions if kind})
            )
            for text in texts
        ]
    for text, targets in zip(texts, chosen, strict=True):
        found.add_text(
            source,
            text.where,
            text.text,
            targets,
            name=f"{document}/{text.name}",
            document=document,
            notes=text.notes,
        )


def _cut(rows: list[Row], source: Source, found: Found, before: int) -> Iterator[_Text]:
    """Cut a run of tokens into texts, if it can be helped not inside a mention.

    ``before`` counts the document's texts so far; the names of these go on from there.
    """
    usable: list[Row] = []
    for row in rows:
        if undecodable([row]) or len(row.columns) < 3 or not row.columns[1]:
            what = "number, token and brackets expected; passed over"
            found.note(source.path, f"line {row.line}", what)
        else:
            usable.append(row)
    brackets = Brackets()
    marked: list[Marked] = []
    for token, row in enumerate(usable):
        marked.extend(_marks(row, token, brackets))
    brackets.finish()
    inside = {token for first, last, *_ in marked for token in range(first, last)}
    cuts: list[int] = []
    for token, row in enumerate(usable):
        start = cuts[-1] if cuts else 0
        after = usable[token + 1].columns[1] if token + 1 < len(usable) else ""
        closes = row.columns[1] in _CLOSERS and token > 0
        ended = row.columns[1] in _SENTENCE_ENDS or (
            closes and usable[token - 1].columns[1] in _SENTENCE_ENDS
        )
        goes_on = after in _CLOSERS or token in inside
        if token - start + 1 >= _LONGEST or (ended and not goes_on):
            cuts.append(token + 1)
    if usable and (not cuts or cuts[-1] < len(usable)):
        cuts.append(len(usable))
    lost = list(brackets.lost)
    by_start = sorted(marked)
    start = taken = 0
    for number, end in enumerate(cuts, start=before + 1):
        found.step()
        text, words = joined(row.columns[1] for row in usable[start:end])
        mentions: list[tuple[Mention, str]] = []
        while taken < len(by_start) and by_start[taken][0] < end:
            first, last, key, kind = by_start[taken]
            taken += 1
            if last < end:
                span = covering(words, first - start, last - start)
                mentions.append((Mention(span, key), kind))
            else:
                lost.append(f"a mention of {key} is cut in two")
        where = place(usable[start:end])
        yield _Text(where, f"s{number}", text, tuple(mentions), tuple(lost))
        lost = []
        start = end


def _marks(row: Row, token: int, brackets: Brackets) -> Iterator[Marked]:
    """Yield the mentions that end at a token of the layout in columns."""
    cell = row.columns[2]
    if cell in ("_", "-", ""):
        return
    read = 0
    for mark in _CELL.finditer(cell):
        if mark.start() != read:
            break
        read = mark.end()
        if mark["key"] is not None:
            brackets.opened(mark["key"], token, mark["kind"] or "")
        if mark["both"] or mark["end"] is not None:
            closed = brackets.closed(mark["key"] or mark["end"], token)
            if closed is not None:
                yield closed
    if read != len(cell):
        brackets.lost.append(f"line {row.line}: brackets that cannot be read")


def _sentence(rows: list[Row], order: tuple[str, ...], name: str) -> _Text | str:
    """Return a sentence of CoNLL-U, or why it cannot be used.

    A word inside another (``n't`` in ``don't``) has its own characters where the parts spell the
    whole, else those of the whole. Empty nodes have no characters and are passed over.
    """
    wrong = undecodable(rows)
    if wrong is not None:
        return wrong
    pieces: list[str] = []
    spans: list[Span] = []
    numbers: list[str] = []
    marks: list[str] = []
    length = 0
    inside, whole, shared = 0, Span(0, 0), 0
    for row in rows:
        columns = row.columns
        if len(columns) != 10 or not columns[1]:
            return f"line {row.line}: {len(columns)} columns where ten were expected"
        number, form, misc = columns[0], columns[1], columns[9].split("|")
        if "." in number:
            continue
        range_ = _RANGE.fullmatch(number)
        if range_ is None and not (number.isascii() and number.isdigit()):
            return f"line {row.line}: no word number"
        if range_ is None and int(number) <= inside:
            start = whole.start + shared
            if "".join(pieces)[start : whole.end].startswith(form):
                spans.append(Span(start, start + len(form)))
                shared += len(form)
            else:
                spans.append(whole)
        else:
            span = Span(length, length + len(form))
            pieces.append(form)
            length += len(form)
            if "SpaceAfter=No" not in misc:
                pieces.append(" ")
                length += 1
            if range_ is not None:
                inside, whole, shared = int(range_[2]), span, 0
                continue
            spans.append(span)
        numbers.append(number)
        marks.append(next((one[7:] for one in misc if one.startswith("Entity=")), ""))
    brackets = Brackets()
    mentions: list[tuple[Mention, str]] = []
    for token, cell in enumerate(marks):
        for first, last, key, kind in _entities(cell, token, order, brackets):
            span = Span(spans[first].start, max(spans[first].end, spans[last].end))
            mentions.append((Mention(span, key), kind))
    brackets.finish()
    text = "".join(pieces).rstrip()
    return _Text(place(rows), name, text, tuple(mentions), tuple(brackets.lost))


def _entities(
    cell: str, token: int, order: tuple[str, ...], brackets: Brackets
) -> Iterator[Marked]:
    """Yield the mentions that end at a word of CoNLL-U."""
    group = order.index("GRP") if "GRP" in order else 0
    etype = order.index("etype") if "etype" in order else 1
    for mark in _MISC.finditer(cell):
        if mark["fields"] is not None:
            fields = mark["fields"].split("-")
            key = fields[group] if group < len(fields) else ""
            kind = fields[etype] if etype < len(fields) else ""
            if "[" in key:
                brackets.lost.append(f"a mention of {key} is in several parts")
                continue
            brackets.opened(key, token, kind)
            if not mark["both"]:
                continue
        else:
            key = mark["end"]
            if "[" in key:
                continue
        closed = brackets.closed(key, token)
        if closed is not None:
            yield closed
