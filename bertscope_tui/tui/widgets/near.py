"""What is near the selected token: in this layer, in its cluster, or in every layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.cells import cell_len, set_cell_size
from rich.style import Style

from bertscope_tui.analysis.geometry import Neighbour
from bertscope_tui.inspection.overlays import LayerClusters, NearByLayer
from bertscope_tui.inspection.snapshots import Extraction
from bertscope_tui.inspection.views import Look, cluster_look, token_label, token_look
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import LineList, Run

_NAME = 12
"""Cells that the token's name may take of the title."""


class Page(Protocol):
    """What the pane can show: lines below a heading, or a few words in place of them."""

    @property
    def title(self) -> str:
        """Return what the pane is called."""

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
        label = set_cell_size(token_label(self.extraction, token), room)
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

    @property
    def title(self) -> str:
        """Return the token and the layer."""
        return f"nearest '{_name(self.extraction, self.token)}' layer {self.layer}"

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

    @property
    def title(self) -> str:
        """Return which cluster it is."""
        glyph, _ = cluster_look(self.number, self.look)
        name = _name(self.extraction, self.token)
        return f"cluster {glyph} of '{name}' layer {self.found.layer}"

    @property
    def subtitle(self) -> str:
        """Return how many there are."""
        return f"of {self.found.clusters.k} clusters"

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
        return f"{count} token{'s' if count != 1 else ''}, in the order of the text"

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

    @property
    def title(self) -> str:
        """Return the token."""
        return f"nearest '{_name(self.extraction, self.found.token)}' by layer"

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
        new = self.found.newcomers(index)
        for one in self.found.layers[index]:
            label = token_label(self.extraction, one.token)
            text = f"{'+' if one.token in new else ' '}{label} "
            if cell_len(text) > room:
                break
            _, colour = token_look(self.extraction, one.token, "roles", self.look)
            runs.append((text, ink(colour, bold=one.token in new)))
            room -= cell_len(text)
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
        self.border_title = page.title.replace("[", "\\[")
        self.border_subtitle = page.subtitle
        self.set_reactive(LineList.cursor, page.cursor + 1 if page.lines else 0)
        if page.cursor == 0:  # the heading as well
            self.scroll_to(y=0, animate=False, immediate=True, force=True)
        self.rows_changed()

    def row(self, index: int, width: int) -> list[Run]:
        """Return the heading or a line."""
        if isinstance(self._page, Hint):
            return self._page.line(index, width)
        if index == 0:
            return [(self._page.heading(width), ink(None, dim=True))]
        return self._page.line(index - 1, width)


def _name(extraction: Extraction, token: int) -> str:
    return token_label(extraction, token)[:_NAME]


def _room(width: int) -> int:
    """Return the cells of a token's name beside two distances."""
    return max(min(15, width - 20), 6)
