"""A form of one line for each field, edited in place.

The whole form is one widget that takes all keys itself: what is typed ahead goes into the field
that is the current one by then, which could not be said of a widget for each field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.strip import Strip

from bertscope_tui.data.hygiene import clean
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import LineList, Run
from bertscope_tui.tui.widgets.wrapping import broken

_LABEL = 15
_INDENT = 4
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Option:
    """One of the values of a field: its name, a remark for the list, what it stands for."""

    text: str
    remark: str
    value: object


class ChoiceField:
    """A field with one of several values; ``fixed`` ones follow another field."""

    def __init__(self, name: str, label: str, hint: str = "", *, fixed: bool = False) -> None:
        self.name, self.label, self.hint, self.fixed = name, label, hint, fixed
        self.options: list[Option] = []
        self.index = 0

    @property
    def value(self) -> object:
        """Return what is chosen, None where there is nothing to choose."""
        return self.options[self.index].value if self.options else None

    @property
    def text(self) -> str:
        """Return what is chosen as it is written."""
        return self.options[self.index].text if self.options else "-"

    def offer(self, options: Sequence[Option], value: object) -> None:
        """Offer other values and choose ``value``, else the first."""
        self.options = list(options)
        values = [option.value for option in self.options]
        self.index = values.index(value) if value in values else 0

    def step(self, by: int) -> bool:
        """Choose the next value or the one before, round about; say whether it is another."""
        if len(self.options) < 2 or self.fixed:
            return False
        self.index = (self.index + by) % len(self.options)
        return True


class TextField:
    """A field to type in, with a cursor between its characters."""

    def __init__(self, name: str, label: str, text: str, hint: str = "") -> None:
        self.name, self.label, self.hint, self.text = name, label, hint, text
        self.cursor = len(text)

    def set(self, text: str) -> None:
        """Put another text in place of what is there."""
        self.text, self.cursor = text, len(text)

    def insert(self, text: str) -> bool:
        """Type at the cursor; say whether the text is another now."""
        text = clean(text)[: _LONGEST - len(self.text)]
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)
        return bool(text)

    def press(self, key: str) -> bool | None:
        """Take an editing key; say whether the text is another now, None for no such key."""
        before = self.text
        if key == "left":
            self.cursor = max(self.cursor - 1, 0)
        elif key == "right":
            self.cursor = min(self.cursor + 1, len(self.text))
        elif key == "home":
            self.cursor = 0
        elif key == "end":
            self.cursor = len(self.text)
        elif key == "backspace":
            start = max(self.cursor - 1, 0)
            self.text = self.text[:start] + self.text[self.cursor :]
            self.cursor = start
        elif key == "delete":
            self.text = self.text[: self.cursor] + self.text[self.cursor + 1 :]
        elif key == "ctrl+u":
            self.set("")
        else:
            return None
        return self.text != before


Field = ChoiceField | TextField


class Form(LineList):
    """Fields by line. Subclasses say what follows from a change, from leaving a field, from Enter.

    Up, Down and Tab go from field to field; Left and Right change a choice or move in a text;
    Space lists the values of a choice.
    """

    def __init__(self, fields: Sequence[Field], *, id: str, title: str) -> None:  # noqa: A002
        super().__init__(id=id, title=title)
        self.fields = {field.name: field for field in fields}
        self._names = list(self.fields)
        self._errors: dict[str, str] = {}
        self._lines: list[tuple[str, str | None]] = [(name, None) for name in self._names]

    # -- for subclasses ------------------------------------------------------------------------

    def changed(self, name: str) -> None:
        """Take notice of another value in a field."""

    def left(self, name: str) -> None:
        """Take notice that another field is the current one now."""

    def submit(self) -> None:
        """Do what the form is for."""

    def list_values(self, field: ChoiceField) -> None:
        """Show all values of a field to choose from."""

    # -- fields --------------------------------------------------------------------------------

    @property
    def current(self) -> Field:
        """Return the field that keys go to."""
        return self.fields[self._lines[self.cursor][0]]

    @property
    def row_count(self) -> int:
        """Return the number of lines, those of what is wrong included."""
        return len(self._lines)

    def selectable(self, index: int) -> bool:
        """Fields can be gone to; what is wrong in them cannot."""
        name, wrong = self._lines[index]
        field = self.fields[name]
        return wrong is None and not (isinstance(field, ChoiceField) and field.fixed)

    def show_error(self, name: str, message: str | None) -> None:
        """Say below a field what is wrong with it, or that nothing is any more."""
        if self._errors.get(name) == message:
            return
        if message is None:
            del self._errors[name]
        else:
            self._errors[name] = message
        self._break_lines()
        super().rows_changed()

    def rows_changed(self) -> None:
        """Break what is wrong anew: the width is another."""
        self._break_lines()
        super().rows_changed()

    def _break_lines(self) -> None:
        now, room = self.current.name, max(self.scrollable_content_region.width - _INDENT - 2, 20)
        self._lines = []
        for name in self._names:
            self._lines.append((name, None))
            if name in self._errors:
                text = broken(clean(self._errors[name]), room)
                self._lines += [(name, line) for line in text]
        self.set_reactive(LineList.cursor, self._lines.index((now, None)))

    def go_to(self, name: str) -> None:
        """Make a field the current one."""
        self.place_cursor(self._lines.index((name, None)))

    def show_fields(self) -> None:
        """Draw again: values were changed from outside."""
        self.refresh()

    def move(self, step: int) -> bool:
        """Go to another field; the one that was left is looked at."""
        before = self.current.name
        moved = super().move(step)
        if moved:
            self.left(before)
        return moved

    # -- keys ----------------------------------------------------------------------------------

    async def _on_key(self, event: events.Key) -> None:
        if self._press(event):
            event.stop()
            event.prevent_default()

    def _press(self, event: events.Key) -> bool:
        field, key = self.current, event.key
        if key == "enter":
            self.submit()
        elif key in ("down", "tab"):
            self.move(1)
        elif key in ("up", "shift+tab"):
            self.move(-1)
        elif key in ("pagedown", "pageup"):
            self.page(1 if key == "pagedown" else -1)
        elif isinstance(field, ChoiceField):
            if key in ("left", "right"):
                if field.step(1 if key == "right" else -1):
                    self._touched(field)
            elif key == "space":
                self.list_values(field)
            else:
                return False
        else:
            edited = field.press(key)
            if edited is None and event.character and event.is_printable:
                edited = field.insert(event.character)
            if edited is None:
                return False
            self._touched(field, edited=edited)
        return True

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        field = self.current
        if isinstance(field, TextField):
            self._touched(field, edited=field.insert(" ".join(event.text.split())))

    def choose(self, field: ChoiceField, option: Option) -> None:
        """Choose a value, which is offered from now on if it was not before."""
        if option not in field.options:
            field.options.append(option)
        field.index = field.options.index(option)
        self._touched(field)

    def _touched(self, field: Field, *, edited: bool = True) -> None:
        if edited:
            self.show_error(field.name, None)
            self.changed(field.name)
        self.refresh()

    # -- drawing -------------------------------------------------------------------------------

    def watch_cursor(self, old: int, new: int) -> None:
        """Labels and hints change with the current field."""
        super().watch_cursor(old, new)
        self.refresh()

    def row(self, index: int, width: int) -> list[Run]:
        """Return a line: the label, and the value with the cursor in it or arrows about it."""
        name, wrong = self._lines[index]
        field = self.fields[name]
        if wrong is not None:
            first = self._lines[index - 1] == (name, None)
            return [(f"{'! ' if first else '':>{_INDENT}}{wrong}", ink(None, bold=True))]
        here = index == self.cursor
        runs: list[Run] = [
            ("> " if here else "  ", ink(None, bold=True)),
            (f"{field.label:<{_LABEL}}", ink(None, bold=here, dim=not here)),
        ]
        room = width - _LABEL - 2
        if isinstance(field, TextField):
            runs += self._typed(field, room, here=here)
        elif field.fixed or not here or len(field.options) < 2:
            runs.append((f"  {clean(field.text)}", ink(None, bold=here, dim=field.fixed)))
        else:
            runs.append((f"◂ {clean(field.text)} ▸", ink(None, bold=True)))
        used = sum(cell_len(text) for text, _ in runs)
        fixed = isinstance(field, ChoiceField) and field.fixed
        if field.hint and (here or fixed) and used + len(field.hint) + 3 <= width:
            runs.append((f"   {field.hint}", ink(None, dim=True)))
        return runs

    def _typed(self, field: TextField, room: int, *, here: bool) -> list[Run]:
        """Return a text, its beginning cut off where the cursor would not be seen otherwise."""
        text, cursor = field.text, field.cursor
        if not here:
            return [(f"  {clean(text)}", ink(None))]
        start = 0
        while start < cursor and cell_len(text[start:cursor]) > room - 4:
            start += 1
        at, after = text[cursor : cursor + 1] or " ", text[cursor + 1 :]
        return [
            (f"  {clean(text[start:cursor])}", ink(None, bold=True)),
            (clean(at), ink(None, bold=True, reverse=True)),
            (clean(after), ink(None, bold=True)),
        ]

    def render_line(self, y: int) -> Strip:
        """Draw one line; the current field is marked by its row itself."""
        width, base = self.scrollable_content_region.width, self.rich_style
        index = y + self.scroll_offset.y
        if not 0 <= index < self.row_count:
            return Strip.blank(width, base)
        strip = Strip([Segment(text, base + style) for text, style in self.row(index, width)])
        return strip.adjust_cell_length(width, base)
