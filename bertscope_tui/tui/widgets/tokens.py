"""The token list with its cursor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from bertscope_tui.data.hygiene import clean
from bertscope_tui.engine.roles import Role
from bertscope_tui.inspection.probe_views import SURE
from bertscope_tui.inspection.snapshots import Extraction
from bertscope_tui.inspection.views import (
    ROLE_NAMES,
    ColourMode,
    Look,
    outlier_words,
    token_label,
    token_look,
)
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import LineList, Run, cut_to

if TYPE_CHECKING:
    from bertscope_tui.inspection.probing import SampleProbes

_MOST_TEXT = 24
_LEAST_TEXT = 8
_FIGURE = 4
_ENTITY = 9
"""Cells of an entity label where there is little room."""
_BEFORE_TEXT = 7
_AFTER_TEXT = 1 + 1 + _FIGURE + 1 + 1 + _FIGURE
"""Blank, blank behind the label, its chance, blank, glyph and chance of the sentence."""


class TokenList(LineList):
    """Every token of the open window, in order, with glyph and role."""

    def __init__(self) -> None:
        super().__init__(id="tokens", title="tokens")
        self._extraction: Extraction | None = None
        self._look: Look | None = None
        self._mode: ColourMode = "roles"
        self._numbers: Mapping[int, int] = {}
        self._masked: frozenset[int] = frozenset()
        self._selected: int | None = None
        self._near: frozenset[int] = frozenset()
        self._probes: SampleProbes | None = None
        self._layer = 0

    @property
    def row_count(self) -> int:
        """Return the number of tokens."""
        return len(self._extraction.tokens) if self._extraction else 0

    def show(
        self,
        extraction: Extraction | None,
        look: Look,
        mode: ColourMode,
        masked: Sequence[int],
        numbers: Mapping[int, int] | None = None,
    ) -> None:
        """Show the tokens of an extraction; ``masked`` are those not in the picture.

        ``numbers`` are their clusters, for the colour mode that shows them.
        """
        fresh = extraction is not self._extraction
        self._extraction, self._look, self._mode = extraction, look, mode
        self._masked, self._numbers = frozenset(masked), numbers or {}
        if fresh:
            self._selected, self._near, self._probes = None, frozenset(), None
            self.set_reactive(LineList.cursor, 0)
            self.scroll_to(y=0, animate=False, immediate=True)
        self.border_title = f"tokens {self.row_count}"
        self._show_subtitle()
        self.rows_changed()

    def show_probes(self, probes: SampleProbes | None, layer: int) -> None:
        """Show what probes say of each token's word and sentence at a layer, in place of roles."""
        if probes is not self._probes or (probes is not None and layer != self._layer):
            self._probes, self._layer = probes, layer
            self._show_subtitle()
            self.refresh()

    def _show_subtitle(self) -> None:
        names = [] if self._probes is None or self._probes.entities is None else ["entity"]
        if self._probes is not None and self._probes.facts is not None:
            names.append("fact")
        self.border_subtitle = f"{', '.join(names)}, layer {self._layer}" if names else ""

    def select(self, token: int | None, near: Sequence[int]) -> None:
        """Mark the selected token and its neighbours."""
        before = self._near | ({self._selected} if self._selected is not None else set())
        self._selected, self._near = token, frozenset(near)
        after = self._near | ({token} if token is not None else set())
        for row in before ^ after | {r for r in (token,) if r is not None}:
            self.refresh_row(row)
        if token is not None and token != self.cursor:
            self.place_cursor(token)

    def row(self, index: int, width: int) -> list[Run]:
        """Return glyph, text and role of one token."""
        assert self._extraction is not None
        assert self._look is not None
        glyph, colour = token_look(self._extraction, index, self._mode, self._look, self._numbers)
        role = self._extraction.roles[index]
        label = token_label(self._extraction, index)
        masked = index in self._masked
        flag = ">" if index == self._selected else "~" if index in self._near else " "
        start: list[Run] = [
            (f"{flag}{index:>3} ", ink(None, bold=index == self._selected, dim=True)),
            (f"{glyph} ", ink(colour, bold=True)),
        ]
        if self._probes is not None:
            room = width - _BEFORE_TEXT - _AFTER_TEXT
            cells = min(max(room - _ENTITY, _LEAST_TEXT), _MOST_TEXT)
            text = (f"{cut_to(label, cells)} ", ink(colour, dim=masked))
            return [*start, text, *self._probed(self._probes, index, max(room - cells, 0))]
        why = self._said(index, masked)
        least = 0 if index in self._extraction.outliers else 14
        words = f"{cut_to(label, max(least, min(cell_len(label), _MOST_TEXT)))} "
        last = why or ROLE_NAMES[role]
        return [*start, (words, ink(colour, dim=masked)), (last, ink(None, dim=True))]

    def _probed(self, probes: SampleProbes, token: int, room: int) -> list[Run]:
        """Return the entity label of a token's word in ``room`` cells, its chance, and its fact."""
        assert self._extraction is not None
        assert self._look is not None
        runs: list[Run] = []
        entity = probes.entity(self._layer, token)
        if entity is not None:
            name, chance = clean(entity[0]), entity[1]
            sure = chance >= SURE
            runs = [
                (f"{cut_to(name, room)} ", ink(None, bold=sure, dim=not sure)),
                (f"{chance:.2f} ", ink(None, bold=sure, dim=not sure)),
            ]
        else:
            hidden = "hidden" if token in self._masked else ""
            runs = [(f"{set_cell_size(hidden, room + 1 + _FIGURE)} ", ink(None, dim=True))]
        fact = probes.fact(self._layer, self._extraction.sentences[token])
        if fact is not None:
            role: Role = "fact" if fact >= SURE else "context"
            colour = self._look.colour(role)
            runs.append((f"{self._look.glyph(role)}{fact:.2f}", ink(colour, bold=fact >= SURE)))
        return runs

    def _said(self, index: int, masked: bool) -> str:
        """Return why a token is not in the picture, and how large one is that may hide others."""
        assert self._extraction is not None
        if index not in self._extraction.outliers:
            return "hidden" if masked else ""
        words = outlier_words(self._extraction, short=True)
        return words if masked else words.removeprefix("hidden, ")
