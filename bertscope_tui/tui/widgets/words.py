"""What two models read of a text, word by word, and what is near a word in each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from textual import events

from bertscope_tui.analysis.geometry import Neighbour
from bertscope_tui.data.hygiene import printable
from bertscope_tui.inspection.views import ColourMode, Look, token_look
from bertscope_tui.plots.cells import clusters, shorten
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import LineList, Run

if TYPE_CHECKING:
    from bertscope_tui.inspection.pairing import Pair, Side

Arrangement = Literal["text", "layer", "all"]
ARRANGEMENTS: tuple[Arrangement, ...] = ("text", "layer", "all")
ARRANGEMENT_WORDS: dict[Arrangement, str] = {
    "text": "as in the text",
    "layer": "most changed here first",
    "all": "most changed first",
}

_BARS = "▁▂▃▄▅▆▇█"
_DIGITS = "0123456789"
_SHORTEST_WORD = 6
_LONGEST_WORD = 14
_FIXED = len("> ?? ") + len(" .00 ")
"""Cells of a line beside the word and the bars of its layers."""


def arranged(pair: Pair, side: Side, layer: int, how: Arrangement) -> list[int]:
    """Return the units of a pair in the order in which they are listed.

    ``layer`` is one of ``side``. Units that changed alike stay in the order of the text, and so do
    all of them where nothing is known of their neighbours.
    """
    changes = pair.changes[side]
    places = list(range(len(pair.units)))
    if how == "text" or not len(places):
        return places
    by = changes[layer] if how == "layer" else changes.mean(axis=0)
    amounts = [0.0 if math.isnan(value) else round(float(value), 9) for value in by]
    return sorted(places, key=lambda unit: -amounts[unit])


class WordList(LineList):
    """Every word that both models read, with how much its neighbours differ, layer by layer."""

    def __init__(self) -> None:
        super().__init__(id="words", title="words")
        self._pair: Pair | None = None
        self._look: Look | None = None
        self._side: Side = 0
        self._layer = 0
        self._mode: ColourMode = "roles"
        self._order: list[int] = []
        self._selected: int | None = None
        self._message = ""

    @property
    def row_count(self) -> int:
        """Return the number of words and the heading; one line where there is no word."""
        return len(self._order) + 1

    def selectable(self, index: int) -> bool:
        """Only words can be chosen, not the heading."""
        return index > 0

    def unit_at(self, row: int) -> int | None:
        """Return the unit of a row."""
        return self._order[row - 1] if 1 <= row <= len(self._order) else None

    def show(
        self,
        pair: Pair | None,
        side: Side,
        layer: int,
        look: Look,
        mode: ColourMode,
        how: Arrangement,
        selected: int | None,
        message: str,
    ) -> None:
        """List the words as ``side``, which is on the left, has them in ``layer``."""
        self._pair, self._side, self._layer = pair, side, layer
        self._look, self._mode, self._message = look, mode, message
        self._order = [] if pair is None else arranged(pair, side, layer, how)
        self._selected = selected
        self.border_subtitle = ARRANGEMENT_WORDS[how]
        self._show_title()
        row = 1 if selected is None else self._order.index(selected) + 1
        self.set_reactive(LineList.cursor, min(row, len(self._order)))
        self.rows_changed()

    def on_resize(self, event: events.Resize) -> None:
        """Say as much in the title as fits."""
        self._show_title()

    def _show_title(self) -> None:
        title = f"words {len(self._order)}" if self._pair else "words"
        if self._order:
            whole = f"{title}: neighbours changed"
            title = whole if cell_len(whole) <= self.outer_size.width - 4 else title
        self.border_title = title

    def row(self, index: int, width: int) -> list[Run]:
        """Return a word: its glyphs on both sides, its change here and in every layer."""
        pair, look = self._pair, self._look
        if pair is None or look is None or not self._order:
            return [(self._message, ink(None, dim=True))]
        layers = pair.changes[self._side].shape[0]
        room = max(min(width - _FIXED - layers, _LONGEST_WORD), _SHORTEST_WORD)
        if index == 0:
            head = f"     {set_cell_size('word', room)} here"
            head += " by layer" if cell_len(f"{head} by layer") <= width else ""
            return [(head, ink(None, dim=True))]
        unit = self._order[index - 1]
        here = unit == self._selected
        runs: list[Run] = [(">" if here else " ", ink(None, bold=True)), (" ", Style.null())]
        colours = []
        for side in self._sides():
            token = pair.tokens(side, unit)[0]
            glyph, colour = token_look(pair.extraction(side), token, self._mode, look)
            colours.append(colour)
            runs.append((glyph, ink(colour, bold=True)))
        word = printable(pair.text(unit).strip()) or "␣"
        runs.append((f" {_fitted(word, room, look)} ", ink(colours[0], bold=here)))
        change = float(pair.changes[self._side][self._layer, unit])
        runs.append((f"{_number(change)} ", ink(None, bold=True)))
        runs += self._by_layer(pair, unit, max(width - _FIXED - room, 1))
        return runs

    def _sides(self) -> tuple[Side, Side]:
        return (0, 1) if self._side == 0 else (1, 0)

    def _by_layer(self, pair: Pair, unit: int, room: int) -> list[Run]:
        """Return one bar for each layer, or for so many neighbouring ones that they fit."""
        assert self._look is not None
        values = pair.changes[self._side][:, unit].tolist()
        each = math.ceil(len(values) / room)
        signs = _DIGITS if self._look.ascii else _BARS
        ramp = self._look.theme.ramp
        runs: list[Run] = []
        for start in range(0, len(values), each):
            part = values[start : start + each]
            value = sum(part) / len(part)
            here = start <= self._layer < start + each
            if math.isnan(value):
                runs.append(("?", ink(None, dim=True)))
                continue
            colour = ramp[min(int(value * len(ramp)), len(ramp) - 1)]
            sign = signs[min(int(value * len(signs)), len(signs) - 1)]
            runs.append((sign, ink(colour, bold=here, underline=here)))
        return runs


class NearList(LineList):
    """The nearest words of the selected one in each model, those of both marked."""

    def __init__(self) -> None:
        super().__init__(id="near", title="nearest")
        self._pair: Pair | None = None
        self._look: Look | None = None
        self._sides: tuple[Side, Side] = (0, 1)
        self._heads = ("", "")
        self._chosen = False
        self._columns: tuple[Sequence[Neighbour], Sequence[Neighbour]] = ((), ())

    @property
    def row_count(self) -> int:
        """Return the number of neighbours and the heading."""
        return max(len(self._columns[0]) + 1, 2)

    def selectable(self, index: int) -> bool:
        """Only neighbours can be chosen, not the heading."""
        return 0 < index <= len(self._columns[0])

    def unit_at(self, row: int) -> int:
        """Return the unit of a row, on the left."""
        return self._columns[0][row - 1].token

    def show(
        self,
        pair: Pair | None,
        look: Look,
        sides: tuple[Side, Side],
        unit: int | None,
        heads: tuple[str, str],
        columns: tuple[Sequence[Neighbour], Sequence[Neighbour]],
    ) -> None:
        """Show the neighbours of ``unit`` on the left and on the right, under these headings."""
        self._pair, self._look, self._sides = pair, look, sides
        self._heads, self._columns = heads, columns
        self.border_title, self.border_subtitle = "nearest", ""
        self._chosen = pair is not None and unit is not None
        if pair is not None and unit is not None:
            word = _fitted(printable(pair.text(unit).strip()), 12, look).rstrip()
            word = word.replace("[", "\\[")
            self.border_title = f"nearest '{word}'"
            shared = self._shared()
            if columns[0]:
                self.border_subtitle = f"{len(shared)} of {len(columns[0])} in both"
        self.set_reactive(LineList.cursor, 1 if columns[0] else 0)
        self.rows_changed()

    def _shared(self) -> set[int]:
        left, right = ({one.token for one in column} for column in self._columns)
        return left & right

    def row(self, index: int, width: int) -> list[Run]:
        """Return the neighbours of one rank: word and centred cosine, on both sides."""
        pair, look = self._pair, self._look
        if pair is None or look is None or not self._columns[0]:
            hints = ("t, then ↑ ↓: choose a word,", "or click one in a picture")
            if self._chosen:
                hints = ("too few words here:", "a word needs two others to be near")
            return [(hints[min(index, 1)], ink(None, dim=True))]
        half = max(width // 2, 12)
        if index == 0:
            return [(_fitted(f"  {head}", half, look), ink(None, dim=True)) for head in self._heads]
        shared = self._shared()
        runs: list[Run] = []
        for side, column in zip(self._sides, self._columns, strict=True):
            found = column[index - 1]
            glyph, colour = token_look(
                pair.extraction(side), pair.tokens(side, found.token)[0], "roles", look
            )
            both = found.token in shared
            word = printable(pair.text(found.token).strip()) or "␣"
            room = max(half - len("= ? ") - len(" -.00 "), 2)
            runs += [
                ("= " if both else "  ", ink(None, bold=True)),
                (f"{glyph} ", ink(colour, bold=True)),
                (_fitted(word, room, look), ink(colour, bold=both)),
                (f" {_number(found.cosine):>4} ", Style.null()),
            ]
        return runs


def _fitted(text: str, room: int, look: Look) -> str:
    """Return a text in exactly so many cells, with a sign where some of it was cut off."""
    parts = shorten(clusters(text), room, "~" if look.ascii else "…")
    return set_cell_size("".join(part for part, _ in parts), room)


def _number(value: float) -> str:
    """Return a number from -1 to 1 without its leading zero: ``.62``, ``1.0``."""
    if math.isnan(value):
        return "  ?"
    text = f"{value:.2f}"
    return text.replace("0.", ".", 1) if abs(value) < 0.995 else f"{value:.1f}"
