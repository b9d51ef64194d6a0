"""What a screen does where its panes do not fit: fold them, or say so where nothing helps."""

from __future__ import annotations

from typing import Any

from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

SMALLEST = (60, 20)
UNFOLDED = (120, 36)


def fit(screen: Screen[Any], size: Size) -> bool:
    """Set the screen's classes ``-tiny`` and ``-folded``; say whether it is too small for anything.

    The screen has a ``Static`` with the id ``too-small``, which the style sheet shows then.
    """
    width, height = size
    tiny = width < SMALLEST[0] or height < SMALLEST[1]
    screen.set_class(tiny, "-tiny")
    screen.set_class(width < UNFOLDED[0] or height < UNFOLDED[1], "-folded")
    if tiny:
        screen.query_one("#too-small", Static).update(
            f"This terminal is {width}×{height}.\n"
            f"bertscope-tui needs at least {SMALLEST[0]}×{SMALLEST[1]}."
        )
    return tiny
