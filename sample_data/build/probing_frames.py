"""Frames: sentences with gaps, filled so that the places of the gaps are known.

Frames of one label are dealt out to train, dev and test, so that no probe is scored on a sentence
that differs from one it was trained on in a name alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bertscope_tui.data.probing.records import ProbeSplit, ProbeTarget
from bertscope_tui.data.records import Span

_GAP = re.compile(r"\{([a-z0-9]+)\}")
_DEALT: tuple[ProbeSplit, ...] = ("train", "test", "train", "dev", "train")


@dataclass(frozen=True)
class Made:
    """A text with its targets, and the frame that it comes from."""

    text: str
    targets: tuple[ProbeTarget, ...]
    frame: str
    split: ProbeSplit


def filled(frame: str, **words: str) -> tuple[str, dict[str, Span]]:
    """Fill the gaps of a frame, begin it with a capital; return the text and the gaps' spans.

    Of a gap that occurs twice the last place counts.
    """
    parts: list[str] = []
    spans: dict[str, Span] = {}
    end = length = 0
    for gap in _GAP.finditer(frame):
        parts += (frame[end : gap.start()], words[gap[1]])
        start = length + gap.start() - end
        length = start + len(words[gap[1]])
        spans[gap[1]] = Span(start, length)
        end = gap.end()
    text = "".join(parts) + frame[end:]
    return text[:1].upper() + text[1:], spans


def dealt(frames: Sequence[str]) -> Iterator[tuple[str, ProbeSplit]]:
    """Yield frames with their splits: of five in a row three are for training."""
    for place, frame in enumerate(frames):
        yield frame, _DEALT[place % len(_DEALT)]
