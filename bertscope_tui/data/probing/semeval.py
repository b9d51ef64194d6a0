"""Read SemEval-2010 Task 8 (Hendrickx et al. 2010): relations between two marked nominals.

A record is a numbered sentence in quotation marks with ``<e1>`` and ``<e2>`` in it, a line with
the relation, whose arguments tell its direction, and a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bertscope_tui.data.fields import FieldError
from bertscope_tui.data.files import UNDECODABLE
from bertscope_tui.data.hygiene import shown
from bertscope_tui.data.probing.collecting import Found, Source
from bertscope_tui.data.probing.records import ProbeTarget
from bertscope_tui.data.records import Span

_SENTENCE = re.compile(r"\s*([0-9]{1,9})[\t ]+(\".*)", re.DOTALL)
_LABEL = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*(?:\((?:e1,e2|e2,e1)\))?")
_TAG = re.compile(r"<(/?)(e[12])>")


def is_semeval(line: str) -> bool:
    """Say whether a line is a numbered sentence with marked nominals."""
    return _SENTENCE.fullmatch(line) is not None and "<e1>" in line and "<e2>" in line


def read_semeval(lines: Iterable[str], source: Source, found: Found) -> None:
    """Add each sentence with the spans of its two nominals (e1, then e2) and its relation."""
    for number, sentence, following in _records(lines):
        found.step()
        where = f"line {number}"
        match = _SENTENCE.fullmatch(sentence)
        if match is None:
            what = f"no numbered sentence in quotation marks: {shown(sentence.strip())}"
            found.skip(source.path, where, what)
            continue
        try:
            text, spans = unmarked(match[2])
            label = _label(following)
        except FieldError as error:
            found.skip(source.path, where, f"sentence {match[1]}: {error}")
            continue
        name = str(int(match[1]))
        target = ProbeTarget(spans, (label,))
        found.add_text(source, where, text, (target,), name=name, document=f"{source.name}:{name}")


def unmarked(quoted: str) -> tuple[str, tuple[Span, Span]]:
    """Take the outer quotation marks and the tags out; return the text and both nominals' spans.

    Blanks stay where they are, also where a tag has none beside it, and quotation marks inside
    the sentence stay too. ``FieldError`` where a tag is missing, doubled or out of place.
    """
    if UNDECODABLE in quoted:
        raise FieldError("not valid UTF-8")
    body = quoted.strip().removeprefix('"').removesuffix('"')
    parts: list[str] = []
    marks: dict[str, int] = {}
    length = end = 0
    for tag in _TAG.finditer(body):
        parts.append(body[end : tag.start()])
        length += tag.start() - end
        end = tag.end()
        if tag[0] in marks:
            raise FieldError(f"{tag[0]} stands twice")
        marks[tag[0]] = length
    parts.append(body[end:])
    text = "".join(parts)
    spans: list[Span] = []
    for name in ("e1", "e2"):
        start, stop = marks.get(f"<{name}>"), marks.get(f"</{name}>")
        if start is None or stop is None:
            raise FieldError(f"<{name}>…</{name}> is missing")
        if start > stop or not text[start:stop].strip():
            raise FieldError(f"<{name}>…</{name}> marks nothing")
        inner = text[start:stop]
        start += len(inner) - len(inner.lstrip())
        spans.append(Span(start, start + len(inner.strip())))
    if spans[0].overlaps(spans[1]):
        raise FieldError("<e1> and <e2> overlap")
    return text, (spans[0], spans[1])


def _label(following: list[str]) -> str:
    if not following or following[0].startswith("Comment:"):
        raise FieldError("the line with the relation is missing")
    label = following[0].strip()
    if _LABEL.fullmatch(label) is None:
        raise FieldError(f"{shown(label)} is no relation")
    return label


def _records(lines: Iterable[str]) -> Iterator[tuple[int, str, list[str]]]:
    """Yield line number, first line and further lines of each record.

    Records end at an empty line, and also where the next numbered sentence begins.
    """
    number, first, following = 0, "", list[str]()
    for place, line in enumerate(lines, start=1):
        blank = not line.strip()
        if number and (blank or _SENTENCE.fullmatch(line) is not None):
            yield number, first, following
            number = 0
        if blank:
            continue
        if number:
            following.append(line)
        else:
            number, first, following = place, line, []
    if number:
        yield number, first, following
