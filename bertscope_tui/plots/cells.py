"""Text cut into what a terminal draws in one go, with the cells that it takes.

plotext counts code points, which is wrong for combining marks and joined emoji; the screen is
laid out by Textual, which measures with ``rich.cells``. Measuring with the same function is
what keeps a row exactly as wide as Textual believes it is.
"""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len

Clusters = tuple[tuple[str, int], ...]
"""Pieces of text that are drawn in one go, each with the cells that it takes."""

_JOINER = "\u200d"


def width_of(text: str) -> int:
    """Return the number of screen cells that ``text`` takes."""
    return cell_len(text)


def cells_of(parts: Clusters) -> int:
    """Return the number of screen cells that all ``parts`` take."""
    return sum([size for _, size in parts])


@lru_cache(maxsize=8192)
def clusters(text: str) -> Clusters:
    """Cut ``text`` into ``(cluster, cells)``; joining them again gives ``text``.

    A cluster is a character with the marks, variation selectors and joined characters that are
    drawn with it; zero-width characters at the very start go with what follows. Only text that
    is drawn as nothing at all gives a cluster of no cells.
    """
    found: list[str] = []
    joining = leading = False
    for character in text:
        if found and (joining or leading or cell_len(character) == 0):
            leading = leading and cell_len(character) == 0
            found[-1] += character
        else:
            leading = cell_len(character) == 0
            found.append(character)
        joining = character == _JOINER
    return tuple((cluster, cell_len(cluster)) for cluster in found)


def shorten(parts: Clusters, cells: int, mark: str) -> Clusters:
    """Return clusters that take at most ``cells``, ending with ``mark`` where some were cut off."""
    if cells_of(parts) <= cells:
        return parts
    kept: list[tuple[str, int]] = []
    room = cells - len(mark)
    for cluster, size in parts:
        if size > room:
            break
        kept.append((cluster, size))
        room -= size
    if not kept:
        return ()
    return (*kept, *((character, 1) for character in mark))
