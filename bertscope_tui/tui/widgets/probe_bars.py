"""Bars of what the probes of the open model score at the current layer."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.style import Style

from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.probing.records import ProbeTask
from bertscope_tui.inspection.views import Look
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import LineList, Run

if TYPE_CHECKING:
    from bertscope_tui.tui.probing import TaskBars

_NAME = 6
_NUMBER = 6
_LEAST_BAR = 6
_WIDE_LEGEND = 36
_FULL = 8
_EIGHTHS = " ▏▎▍▌▋▊▉"
_LONGEST_BASE = 20


class ProbeBars(LineList):
    """A line for each task: the bar of macro-F1, marks of what it is held against, the numbers.

    The cursor marks the task's name alone, and leaves the bar its colour.
    """

    WHOLE_ROW = False

    def __init__(self, *, ascii_only: bool) -> None:
        super().__init__(id="probes", title="probes")
        self._bars: tuple[TaskBars, ...] = ()
        self._layer = 0
        self._look: Look | None = None
        self._base_name: str | None = None
        self._more = False
        self._message: tuple[str, ...] = ("no model is open",)
        self._full, self._base, self._majority = "#o|" if ascii_only else "█◆│"
        self._ascii = ascii_only

    @property
    def row_count(self) -> int:
        """Return the number of lines: a legend and the tasks, or sentences."""
        return len(self._bars) + 1 if self._bars else len(self._message)

    def task_at(self, index: int) -> ProbeTask | None:
        """Return the task of a row, None for the legend or a sentence."""
        return self._bars[index - 1].task if self._bars and index > 0 else None

    def selectable(self, index: int) -> bool:
        """Tasks can be chosen, the legend and sentences cannot."""
        return bool(self._bars) and index > 0

    def show(
        self,
        bars: Sequence[TaskBars],
        layer: int,
        look: Look,
        *,
        base: str | None = None,
        more: bool = False,
    ) -> None:
        """Show the tasks at a layer, drawing only the lines that are others.

        ``base`` is the name of what the model was fine-tuned from, if that is known; ``more`` says
        that it is being probed.
        """
        bars, self._base_name = tuple(bars), base
        other, self._more = more != self._more, more
        if other or bars != self._bars or look is not self._look or self._message:
            self._bars, self._layer, self._look, self._message = bars, layer, look, ()
            self.set_reactive(LineList.cursor, max(self.cursor, 1))
            self._show_titles()
            self.rows_changed()
        elif layer != self._layer:
            self._layer = layer
            self._show_titles()
            for row in range(1, len(bars) + 1):
                self.refresh_row(row)

    def say(self, *lines: str) -> None:
        """Show sentences in place of bars."""
        if lines != self._message:
            self._bars, self._message = (), lines
            self.border_title, self.border_subtitle = "probes", ""
            self.rows_changed()

    def _show_titles(self) -> None:
        bases = sorted({one.base.model for one in self._bars if one.base is not None})
        self.border_title = f"probes, layer {self._layer}"
        names = clean(", ".join(bases) or self._base_name or "")
        cut = "~" if self._ascii else "…"
        if len(names) > _LONGEST_BASE:
            names = f"{names[: _LONGEST_BASE - 1]}{cut}"
        if not bases and names:
            names += ": not probed on this"
        self.border_subtitle = f"{self._base} {names}".replace("[", "\\[") if names else ""

    def row(self, index: int, width: int) -> list[Run]:
        """Return the legend, or a task with its bar, its marks and its numbers."""
        if not self._bars:
            return [(self._message[index], ink(None, dim=True))]
        if index == 0:
            return self._legend(width)
        return self._row_of(self._bars[index - 1], width)

    def _legend(self, width: int) -> list[Run]:
        own, base = self._colours()
        short = width < _WIDE_LEGEND
        runs: list[Run] = [
            (self._full, ink(own)),
            (" F1  " if short else " macro-F1  ", ink(None, dim=True)),
        ]
        if any(one.base is not None for one in self._bars):
            runs += [(self._base, ink(base)), (" not tuned  ", ink(None, dim=True))]
        return [*runs, (self._majority, ink(None)), (" majority", ink(None, dim=True))]

    def _row_of(self, one: TaskBars, width: int) -> list[Run]:
        here = self._bars[self.cursor - 1] is one if self.cursor else False
        style = ink(None, bold=True, reverse=here and self.has_focus, underline=here)
        name: list[Run] = [(one.task.upper(), style), (" " * (_NAME - len(one.task)), Style.null())]
        if one.own is None:
            words = "not probed yet" if self._more else "not probed yet: P, then a"
            return [*name, (words, ink(None, dim=True))]
        base = self._colours()[1]
        layer = min(self._layer, len(one.own.layers) - 1)
        score = one.own.layers[layer].macro_f1
        majority = one.own.majority.macro_f1
        before = None
        if one.base is not None:
            before = one.base.layers[min(layer, len(one.base.layers) - 1)].macro_f1
        others: list[list[Run]] = []
        if any(bar.base is not None for bar in self._bars):
            mark = [(f" {self._base}", ink(base)), (_percent(before), ink(None))]
            others.append([("      ", Style.null())] if before is None else mark)
        mark = [(f" {self._majority}", ink(None)), (_percent(majority), ink(None, dim=True))]
        others.append(mark)
        # Where there is little room the bar's marks have to do without their numbers.
        free = width - _NAME - _LEAST_BAR - (_NUMBER - 1)
        others = others[: max(free // _NUMBER, 0)]
        room = max(width - _NAME - (_NUMBER - 1) - _NUMBER * len(others), _LEAST_BAR)
        numbers = [(f" {_percent(score)}", ink(None, bold=True)), *itertools.chain(*others)]
        return [*name, *self._bar(score, before, majority, room), *numbers]

    def _bar(self, score: float, before: float | None, majority: float, room: int) -> list[Run]:
        """Return the bar from 0 to 1 in ``room`` cells; marks lie over it, the base's on top."""
        own, base = self._colours()
        eighths = round(score * room * _FULL)
        whole, rest = divmod(eighths, _FULL)
        cells: list[Run] = [(self._full, ink(own))] * whole
        if whole < room:
            part = (self._full if rest >= _FULL // 2 else " ") if self._ascii else _EIGHTHS[rest]
            cells.append((part, ink(own)))
        cells += [(" ", Style.null())] * (room - len(cells))
        cells[_cell(majority, room)] = (self._majority, ink(None))
        if before is not None:
            cells[_cell(before, room)] = (self._base, ink(base, bold=True))
        return cells

    def _colours(self) -> tuple[str | None, str | None]:
        """Return the colours of the model and of its base."""
        assert self._look is not None
        colours = self._look.theme.colours
        return colours.get("primary"), colours.get("warning")


def _cell(value: float, room: int) -> int:
    """Return the cell that a mark at ``value`` stands in: that where a bar to it would end."""
    return min(int(value * room), room - 1)


def _percent(value: float | None) -> str:
    """Return a fraction in percent, in four cells."""
    if value is None:
        return "   -"
    text = f"{100 * value:.1f}"
    return f"{text:>4}" if len(text) <= 4 else " 100"
