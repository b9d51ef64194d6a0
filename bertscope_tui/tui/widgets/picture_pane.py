"""A pane with one picture drawn in characters, or a few sentences in its place."""

from __future__ import annotations

from textual.strip import Strip

from bertscope_tui.plots.picture import Picture
from bertscope_tui.tui.widgets.strip_pane import StripPane


class PicturePane(StripPane):
    """Draws its picture anew when `redraw` says so, the size or the theme changes; only then."""

    def draw(self, width: int, height: int) -> Picture | str:
        """Return the picture in this room, or what to say instead; for subclasses."""
        raise NotImplementedError

    def make_strips(self) -> list[Strip]:
        """Return the lines of the picture, or of what is said instead."""
        found = self.draw(*self.size)
        return self.words(found) if isinstance(found, str) else self.rows(found)
