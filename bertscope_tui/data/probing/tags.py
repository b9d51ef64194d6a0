"""Entity tags of tokens (BIO and its relatives) as runs of tokens with a type."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TAG = re.compile(r"([BIOESLUM])[-_](.+)", re.DOTALL)
_STARTS = frozenset("BSU")
_ENDS = frozenset("ESLU")
OUTSIDE = frozenset(("O", "_", ""))

Run = tuple[int, int, str]
"""First token, last token (included), type."""


def is_tag(text: str) -> bool:
    """Say whether a column could be a BIO tag (or one of BIOES, BILOU)."""
    return text == "O" or _TAG.fullmatch(text) is not None


def runs_of(tags: Sequence[str]) -> list[Run]:
    """Return the entities that a row of tags marks, in order.

    As the CoNLL evaluation does, an inside tag that continues nothing of its type begins an entity
    (files in the older IOB1 scheme mark most entities so). Raises ``ValueError`` with the token's
    place and the tag where a tag is none.
    """
    runs: list[Run] = []
    first, kind = -1, ""
    for place, tag in enumerate(tags):
        if tag in OUTSIDE:
            if first >= 0:
                runs.append((first, place - 1, kind))
                first = -1
            continue
        match = _TAG.fullmatch(tag)
        if match is None or match[1] == "O":
            raise ValueError(place, tag)
        if first >= 0 and (match[1] in _STARTS or match[2] != kind):
            runs.append((first, place - 1, kind))
            first = -1
        if first < 0:
            first, kind = place, match[2]
        if match[1] in _ENDS:
            runs.append((first, place, kind))
            first = -1
    if first >= 0:
        runs.append((first, len(tags) - 1, kind))
    return runs
