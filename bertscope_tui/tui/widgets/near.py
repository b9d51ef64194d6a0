"""What is near the selected token: in this layer, in its cluster, or in every layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.cells import cell_len
from rich.style import Style
from textual import events

from bertscope_tui.analysis.geometry import Neighbour
from bertscope_tui.inspection.overlays import LayerClusters, NearByLayer
from bertscope_tui.inspection.snapshots import Extraction
from bertscope_tui.inspection.views import Look, cluster_look, token_label, token_look
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import CUT, LineList, Run, cut_to

_NAME = 6, 24
"""Fewest and most cells that the token's name may take of the title."""


class Page(Protocol):
    """What the pane can show: lines below a heading, or a few words in place of them."""

    def titled(self, room: int) -> str:
        """Return what the pane is called, in about ``room`` cells."""

    @property
    def subtitle(self) -> str:
        """Return what is said on its lower border."""

    @property
    def lines(self) -> int:
        """Return how many lines there are below the heading."""

    @property
    def cursor(self) -> int:
        """Return the line on which the cursor begins, counted from 0."""

    def heading(self, width: int) -> str:
        """Return the line above the lines."""

    def line(self, index: int, width: int) -> list[Run]:
        """Return one line."""

    def token_at(self, index: int) -> int | None:
        """Return the token that a line is about, None if it is about a layer."""

    def layer_at(self, index: int) -> int | None:
        """Return the layer that a line is about, None if it is about a token."""


class _Tokens:
    """What pages of tokens have in common; the tokens are those of the lines."""

    extraction: Extraction
    look: Look

    @property
    def cursor(self) -> int:
        """Return the line on which the cursor begins."""
        return 0

    def layer_at(self, index: int) -> int | None:
        """Return None: lines are about tokens."""
        return None

    def _named(self, token: int, room: int) -> list[Run]:
        glyph, colour = token_look(self.extraction, token, "roles", self.look)
        label = cut_to(token_label(self.extraction, token), room)
        return [(f"{glyph} ", ink(colour, bold=True)), (f"{label} ", ink(colour))]


@dataclass(frozen=True, slots=True, eq=False)
class NearestPage(_Tokens):
    """The nearest tokens in the full space at one layer, with both distances."""

    extraction: Extraction
    look: Look
    token: int
    layer: int
    metric: str
    found: tuple[Neighbour, ...]

    def titled(self, room: int) -> str:
        """Return the token and the layer."""
        words = "nearest '{}' layer " + str(self.layer)
        return _with_name(words, self.extraction, self.token, room)

    @property
    def subtitle(self) -> str:
        """Return what the order is by."""
        return f"by {self.metric}"

    @property
    def lines(self) -> int:
        """Return the number of neighbours."""
        return len(self.found)

    def heading(self, width: int) -> str:
        """Return what the columns are."""
        return f"{'token':<{_room(width) + 3}}cos.sim. distance"

    def line(self, index: int, width: int) -> list[Run]:
        """Return one neighbour: token, cosine and Euclidean distance."""
        one = self.found[index]
        figures = f"{one.cosine:>8.3f} {one.euclidean:>8.2f}"
        return [*self._named(one.token, _room(width)), (figures, Style.null())]

    def token_at(self, index: int) -> int | None:
        """Return a neighbour."""
        return self.found[index].token


@dataclass(frozen=True, slots=True, eq=False)
class MembersPage(_Tokens):
    """The tokens of one cluster of a layer."""

    extraction: Extraction
    look: Look
    found: LayerClusters
    number: int
    token: int

    def titled(self, room: int) -> str:
        """Return which cluster it is."""
        glyph, _ = cluster_look(self.number, self.look)
        return _with_name(f"cluster {glyph} of '{{}}'", self.extraction, self.token, room)

    @property
    def subtitle(self) -> str:
        """Return how many there are, and where."""
        return f"of {self.found.clusters.k} clusters, layer {self.found.layer}"

    @property
    def _members(self) -> tuple[int, ...]:
        return self.found.clusters.members(self.number)

    @property
    def lines(self) -> int:
        """Return the number of members."""
        return len(self._members)

    @property
    def cursor(self) -> int:
        """Return the line of the selected token."""
        return self._members.index(self.token)

    def heading(self, width: int) -> str:
        """Return how many tokens there are."""
        count = self.lines
        tokens = f"{count} token{'s' if count != 1 else ''}"
        words = f"{tokens}, in the order of the text"
        return words if len(words) <= width else f"{tokens}, in text order"

    def line(self, index: int, width: int) -> list[Run]:
        """Return one member with its place among the tokens."""
        token = self._members[index]
        return [(f"{token:>4} ", ink(None, dim=True)), *self._named(token, max(width - 8, 6))]

    def token_at(self, index: int) -> int | None:
        """Return a member."""
        return self._members[index]


@dataclass(frozen=True, slots=True, eq=False)
class LayersPage:
    """The nearest tokens in every layer, as many as there is room for."""

    extraction: Extraction
    look: Look
    found: NearByLayer
    layer: int

    def titled(self, room: int) -> str:
        """Return the token."""
        return _with_name("nearest '{}' by layer", self.extraction, self.found.token, room)

    @property
    def subtitle(self) -> str:
        """Return what the order is by, and what the sign before a token means."""
        return f"by {self.found.by}; + new here"

    @property
    def lines(self) -> int:
        """Return the number of layers."""
        return len(self.found.layers)

    @property
    def cursor(self) -> int:
        """Return the layer on screen."""
        return self.layer

    def heading(self, width: int) -> str:
        """Return what the columns are."""
        return "layer  nearest first"

    def line(self, index: int, width: int) -> list[Run]:
        """Return one layer and its nearest tokens, those that are new in it marked."""
        here = index == self.layer
        runs: list[Run] = [(f"{'>' if here else ' '}{index:>3}  ", ink(None, bold=here))]
        room = width - 6
        new, found = self.found.newcomers(index), self.found.layers[index]
        for place, one in enumerate(found):
            label = token_label(self.extraction, one.token)
            text = f"{'+' if one.token in new else ' '}{label}"
            # Behind all but the last one a blank, and room for the sign that there are more.
            last = place == len(found) - 1
            if cell_len(text) + (0 if last else 2) > room:
                if place == 0:
                    runs.append((cut_to(text, max(room, 1)), ink(None)))
                else:
                    runs.append((CUT, ink(None, dim=True)))
                break
            _, colour = token_look(self.extraction, one.token, "roles", self.look)
            runs.append((f"{text} ", ink(colour, bold=one.token in new)))
            room -= cell_len(text) + 1
        return runs

    def token_at(self, index: int) -> int | None:
        """Return None: lines are about layers."""
        return None

    def layer_at(self, index: int) -> int | None:
        """Return the layer of a line."""
        return index


@dataclass(frozen=True, slots=True)
class Hint:
    """Words in place of lines: what there would be, and how to get it or why it is not there."""

    title: str
    words: Sequence[str]
    subtitle: str = ""
    lines: int = 0
    cursor: int = 0

    def titled(self, room: int) -> str:
        """Return the title as it is."""
        return self.title

    def heading(self, width: int) -> str:
        """Return nothing: there are only words."""
        return ""

    def line(self, index: int, width: int) -> list[Run]:
        """Return one line of the words."""
        return [(self.words[index], ink(None, dim=True))]

    def token_at(self, index: int) -> int | None:
        """Return None."""
        return None

    def layer_at(self, index: int) -> int | None:
        """Return None."""
        return None


class NeighbourList(LineList):
    """The pane beside the picture that lists what is near the selected token."""

    def __init__(self) -> None:
        super().__init__(id="neighbours", title="nearest")
        self._page: Page = Hint("nearest", ())

    @property
    def row_count(self) -> int:
        """Return the number of lines with the heading, or of the words in their place."""
        if isinstance(self._page, Hint):
            return len(self._page.words)
        return self._page.lines + 1

    def selectable(self, index: int) -> bool:
        """Only lines can be chosen, not the heading and not a hint."""
        return not isinstance(self._page, Hint) and index > 0

    def token_at(self, index: int) -> int | None:
        """Return the token of a row, None if it is about a layer."""
        return self._page.token_at(index - 1)

    def layer_at(self, index: int) -> int | None:
        """Return the layer of a row, None if it is about a token."""
        return self._page.layer_at(index - 1)

    def show(self, page: Page) -> None:
        """Show a page, the cursor where it says."""
        self._page = page
        self._show_title()
        self.border_subtitle = page.subtitle
        self.set_reactive(LineList.cursor, page.cursor + 1 if page.lines else 0)
        if page.cursor == 0:  # the heading as well
            self.scroll_to(y=0, animate=False, immediate=True, force=True)
        self.rows_changed()

    def on_resize(self, event: events.Resize) -> None:
        """The title has room for more or less of the token."""
        self._show_title()

    def _show_title(self) -> None:
        # A blank beside each corner and each end of the words.
        self.border_title = self._page.titled(self.size.width - 4).replace("[", "\\[")

    def row(self, index: int, width: int) -> list[Run]:
        """Return the heading or a line."""
        if isinstance(self._page, Hint):
            return self._page.line(index, width)
        if index == 0:
            return [(self._page.heading(width), ink(None, dim=True))]
        return self._page.line(index - 1, width)


def _with_name(words: str, extraction: Extraction, token: int, room: int) -> str:
    """Return words with a token's name in the place of the braces, cut to leave room for them."""
    least, most = _NAME
    label = token_label(extraction, token)
    cells = max(min(room - len(words.replace("{}", "")), most), least)
    return words.replace("{}", cut_to(label, min(cell_len(label), cells)))


def _room(width: int) -> int:
    """Return the cells of a token's name beside two distances."""
    return max(min(15, width - 20), 6)
