"""Terminals that show ASCII only: every line the app draws, with its signs replaced.

Borders, scroll bars, dots and arrows are drawn in many places, some of them in the toolkit's own
widgets. They are replaced on the way to the terminal, so that none can be forgotten. Letters
of data are left as they are: a text that needs more than ASCII cannot be read without it.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_SIGNS = {
    "─━═┄┈╌▔▁⎯": "-",
    "│┃║┆┊╎▌▐▏▎▍▋▊▉▕": "|",
    "┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛┣┫┳┻╋╔╗╚╝▛▜▙▟▖▗▘▝": "+",
    "▂▃▄▅▆▇▀": " ",
    "█■": "#",
    "·•": ".",
    "…": "~",
    "→▸▶": ">",
    "←◂◀": "<",
    "↑▲": "^",
    "↓▼": "v",
    "–—": "-",
    "×✗": "x",
    "✓": "+",
    "●○": "o",
    "␣": "_",
    "🔎": "> ",  # as many cells as the sign
}
_TABLE = str.maketrans({sign: plain for signs, plain in _SIGNS.items() for sign in signs})


class AsciiFilter(LineFilter):
    """Replace the app's own signs by ASCII ones that take as many cells."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments of a line with plain signs."""
        return [
            segment
            if segment.text.isascii()
            else Segment(segment.text.translate(_TABLE), segment.style, segment.control)
            for segment in segments
        ]
