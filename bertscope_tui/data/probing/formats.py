"""Tell the format of a file for probing from its beginning, never from its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Final, Literal

from bertscope_tui.data.fields import FieldError
from bertscope_tui.data.files import read_head, read_lines
from bertscope_tui.data.jsonl import parse_line
from bertscope_tui.data.open import guess_format
from bertscope_tui.data.probing.columns import cut
from bertscope_tui.data.probing.conll2012 import is_conll2012
from bertscope_tui.data.probing.gap import is_gap
from bertscope_tui.data.probing.gum import is_conllu, is_gum
from bertscope_tui.data.probing.litbank import is_litbank
from bertscope_tui.data.probing.records import PROBE_TASKS, ProbeTask
from bertscope_tui.data.probing.semeval import is_semeval
from bertscope_tui.data.probing.tags import is_tag
from bertscope_tui.data.probing.trec import is_trec

ProbeFormat = Literal[
    "probing", "edge-probing", "trec", "semeval", "conll2012", "bio", "litbank", "gum", "conllu",
    "gap", "squad", "hotpotqa", "babi", "jsonl",
]  # fmt: skip

FACTS: Final = frozenset(("squad", "hotpotqa", "babi", "jsonl"))
"""Question-answering formats, which have supporting facts."""

TASKS: Final[dict[ProbeFormat, tuple[ProbeTask, ...]]] = {
    "probing": PROBE_TASKS,
    "edge-probing": PROBE_TASKS,
    "trec": ("ques",),
    "semeval": ("rel",),
    "conll2012": ("nel", "coref"),
    "bio": ("nel",),
    "litbank": ("nel",),
    "gum": ("nel", "coref"),
    "conllu": ("nel", "coref"),
    "gap": ("coref",),
    "squad": ("sup",),
    "hotpotqa": ("sup",),
    "babi": ("sup",),
    "jsonl": ("sup",),
}
"""The tasks that files of each format have examples of."""

_TRIED = 200


def guess_probe_format(path: Path) -> ProbeFormat | None:
    """Tell the format from the first 64 KiB of a file, or None if it is none that is known.

    Raises ``DataError`` where the file cannot be read.
    """
    head = read_head(path)
    lines = [line.removesuffix("\r") for line in head.split("\n", _TRIED)[:_TRIED]]
    filled = [line for line in lines if line.strip()]
    if not filled:
        return None
    first = filled[0].lstrip()
    known = guess_format(path)
    if known not in FACTS and first.startswith("{"):
        record = first_record(path)
        if record is not None and isinstance(record.get("targets"), list):
            return "probing" if "task" in record else "edge-probing"
    if is_conll2012(first):
        return "conll2012"
    if is_gum(first):
        return "gum"
    if is_conllu(head):
        return "conllu"
    if is_gap(first):
        return "gap"
    if any(map(is_semeval, filled[:8])):
        return "semeval"
    if _most(filled, is_trec):
        return "trec"
    for name in ("squad", "hotpotqa", "babi", "jsonl"):
        if known == name:
            return name
    if all(is_litbank(line) for line in filled[:-1] or filled):
        return "litbank"
    return "bio" if _most(filled, _is_tagged) else None


def first_record(path: Path) -> Mapping[str, object] | None:
    """Return the first of the JSON objects, one a line, that a file begins with, or None."""
    for line in islice(read_lines(path), _TRIED):
        if line.lstrip()[:1] == "{":
            try:
                value = parse_line(line)
            except FieldError:
                continue
            return value if isinstance(value, dict) else None
        if line.strip():
            return None
    return None


def _is_tagged(line: str) -> bool:
    columns = cut(line)
    return len(columns) > 1 and is_tag(columns[-1])


def _most(lines: list[str], is_one: Callable[[str], bool]) -> bool:
    """Say whether nearly all lines are of a kind: one in twenty may be damaged."""
    return sum(map(is_one, lines)) >= 0.95 * len(lines)
