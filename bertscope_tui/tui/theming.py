"""Theme files as Textual themes, and their colours as styles for drawn lines."""

from __future__ import annotations

import os
from functools import lru_cache

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from bertscope_tui.themes import ThemeSpec


def textual_theme(spec: ThemeSpec) -> Theme:
    """Return the Textual theme of a theme file; role colours are its ``role-…`` variables."""
    fields = {
        "primary", "secondary", "warning", "error", "success", "accent", "foreground",
        "background", "surface", "panel", "boost",
    }  # fmt: skip
    variables = {key: value for key, value in spec.colours.items() if key not in fields}
    variables |= {f"role-{role}": style.colour for role, style in spec.roles.items()}
    known = {key: value for key, value in spec.colours.items() if key in fields}
    primary = known.pop("primary")
    return Theme(
        name=spec.name,
        primary=primary,
        dark=spec.dark,
        ansi=spec.ansi,
        variables=variables,
        **known,  # type: ignore[arg-type]
    )


def in_colour() -> bool:
    """Say whether colours are shown, so that a picture need not do without them."""
    return "NO_COLOR" not in os.environ


@lru_cache(maxsize=512)
def ink(
    colour: str | None,
    *,
    bold: bool = False,
    dim: bool = False,
    reverse: bool = False,
    underline: bool = False,
) -> Style:
    """Return the style of text in a theme colour, to be laid over a pane's own colours.

    Only what is asked for is set: a style that said "not bold" would undo what lies below.
    """
    return Style(
        color=None if colour is None else Color.parse(colour).rich_color,
        bold=bold or None,
        dim=dim or None,
        reverse=reverse or None,
        underline=underline or None,
    )
