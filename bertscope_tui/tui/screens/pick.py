"""A dialog to choose one of a list, or to type a path where that makes sense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from bertscope_tui.data.hygiene import clean
from bertscope_tui.tui.completing import completed, completions
from bertscope_tui.tui.widgets.entry import Entry

_MOST_PATHS = 100
"""Paths that are listed: of more only the first are."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A line of the dialog: its name, a remark, and the value that is returned.

    ``opened`` says that it is what is open now.
    """

    name: str
    remark: str
    value: object
    opened: bool = False


@dataclass(frozen=True, slots=True)
class Typed:
    """What the user typed instead of choosing a line."""

    text: str


class PickScreen(ModalScreen[object]):
    """Choose with the arrows and Enter; typing narrows the list. Returns a value or None.

    Where a path may be typed, a slash lists what begins so, and Tab completes it. Enter then takes
    what was typed, unless the arrows have chosen a line.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("shift+tab", "stay", show=False),
    ]

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        typed: str | None = None,
        enter: str = "Enter opens",
    ) -> None:
        """``typed`` says what may be typed in place of a line, None if nothing.

        ``enter`` says what Enter does with a line.
        """
        super().__init__()
        self._enter = enter
        self._title = title
        self._choices = list(choices)
        self._typed = typed
        self._listed: list[Choice] = []
        self._query = ""

    def compose(self) -> ComposeResult:
        """Hold a line to type in and the list below it."""
        with Vertical(id="pick") as box:
            box.border_title = self._title.replace("[", "\\[")
            tab = "" if self._typed is None else "Tab completes a path  "
            box.border_subtitle = f"{self._enter}  {tab}Esc cancels"
            yield Entry(
                placeholder=self._typed or "type to narrow the list",
                enter=self._submit,
                arrow=self._move,
                tab=self._complete,
            )
            yield OptionList(id="pick-list")

    def on_mount(self) -> None:
        """List everything."""
        self._list("")

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        if event.value != self._query:
            self._list(event.value)

    def _submit(self, value: str) -> None:
        if value != self._query:  # the list has not followed the typing yet
            self._list(value)
        options = self.query_one(OptionList)
        text = value.strip()
        chosen = options.highlighted is not None
        if self._typed is not None and text and not (self._listed and chosen):
            self.dismiss(Typed(text))
        elif self._listed:
            self.dismiss(self._listed[options.highlighted or 0].value)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._listed[event.option_index].value)

    def _move(self, step: int) -> None:
        """Move in the list while the cursor stays in the line above."""
        options = self.query_one(OptionList)
        if step > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def _complete(self) -> None:
        """Complete the path that is typed as far as it can only go on one way."""
        entry = self.query_one(Entry)
        if self._typed is not None:
            entry.value = completed(entry.value)
            entry.action_end()

    def action_stay(self) -> None:
        """Keep the focus where typing goes."""

    def action_cancel(self) -> None:
        """Choose nothing."""
        self.dismiss(None)

    def _list(self, query: str) -> None:
        self._query = query
        needle = query.strip().casefold()
        self._listed = [
            choice
            for choice in self._choices
            if needle in f"{choice.name} {choice.remark}".casefold()
        ]
        path = self._typed is not None and "/" in query
        if path:
            found = completions(query.strip())[:_MOST_PATHS]
            self._listed += [Choice(one, "", Typed(one.rstrip("/"))) for one in found]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(
            Option(
                Content.assemble(
                    ("> " if choice.opened else "  ", "bold"),
                    clean(choice.name),
                    (f"  {clean(choice.remark)}", "dim"),
                )
            )
            for choice in self._listed
        )
        if self._listed and not path:
            options.highlighted = max(
                range(len(self._listed)), key=lambda place: self._fits(self._listed[place], needle)
            )

    def _fits(self, choice: Choice, needle: str) -> tuple[bool, bool, bool]:
        """Say how well a line fits what was typed: its name, a part of it, else its remark."""
        name = choice.name.casefold()
        return name == needle, needle in name, choice.opened
