"""A list that draws only the lines on screen: the base of the sample, token and picker panes."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

Run = tuple[str, Style]
"""Text and the style it is drawn in, on top of the pane's own colours."""


CUT = "…"
"""What stands where something was cut off; terminals without it get another sign on the way."""


def cut_to(text: str, cells: int) -> str:
    """Return text in exactly so many cells, ending in a sign where it was too long."""
    if cell_len(text) > cells:
        text = f"{set_cell_size(text, max(cells - 1, 0))}{CUT}"
    return set_cell_size(text, cells)


class LineList(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows of one line each, with a cursor; a hundred thousand rows cost what the visible ones do.

    The keys are the screen's, which calls `move`; a click moves the cursor as well.
    """

    ALLOW_MAXIMIZE = True
    WHOLE_ROW: ClassVar[bool] = True
    """Whether the cursor is drawn over its whole row; else the row itself shows it."""

    DEFAULT_CSS = """
    LineList { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """

    cursor: reactive[int] = reactive(0, repaint=False)

    class Moved(Message):
        """The user moved the cursor to row ``index``."""

        def __init__(self, line_list: LineList, index: int) -> None:
            super().__init__()
            self.line_list = line_list
            self.index = index

        @property
        def control(self) -> LineList:
            """The list whose cursor moved."""
            return self.line_list

    class Activated(Moved):
        """The user asked to open row ``index`` (Enter, or a click on it)."""

    def __init__(self, *, id: str, title: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="pane")
        self.border_title = title

    @property
    def row_count(self) -> int:
        """Return how many rows there are; for subclasses to say."""
        raise NotImplementedError

    def row(self, index: int, width: int) -> list[Run]:
        """Return the runs of one row, not necessarily cut to ``width``; for subclasses to say."""
        raise NotImplementedError

    def selectable(self, index: int) -> bool:
        """Say whether the cursor may stand on a row."""
        return True

    def rows_changed(self) -> None:
        """Take notice that the rows are others now."""
        size = Size(self.scrollable_content_region.width, self.row_count)
        laid_out = size == self.virtual_size
        self.virtual_size = size
        self.set_reactive(LineList.cursor, min(max(self.cursor, 0), max(self.row_count - 1, 0)))
        self.refresh()
        if laid_out:
            self.keep_cursor_visible()  # in the same frame
        else:
            # How far the list can scroll is only known once it was laid out with its new length.
            self.call_after_refresh(self.keep_cursor_visible)

    def refresh_row(self, index: int) -> None:
        """Draw one row again, if it is on screen."""
        y = index - self.scroll_offset.y
        if 0 <= y < self.scrollable_content_region.height:
            self.refresh(Region(0, y, self.scrollable_content_region.width, 1))

    def visible_rows(self) -> range:
        """Return the rows that are on screen."""
        top = self.scroll_offset.y
        return range(top, min(top + max(self.scrollable_content_region.height, 1), self.row_count))

    def move(self, step: int) -> bool:
        """Move the cursor by ``step`` selectable rows, stopping at the ends; say if it moved."""
        target = self.cursor
        sign = 1 if step > 0 else -1
        for _ in range(abs(step)):
            following = target + sign
            while 0 <= following < self.row_count and not self.selectable(following):
                following += sign
            if not 0 <= following < self.row_count:
                break
            target = following
        if target == self.cursor:
            return False
        self.cursor = target
        self.post_message(self.Moved(self, target))
        return True

    def page(self, direction: int) -> None:
        """Move the cursor by a screenful."""
        self.move(direction * max(self.scrollable_content_region.height - 1, 1))

    def place_cursor(self, index: int) -> None:
        """Put the cursor on a row without a message."""
        self.cursor = index

    def watch_cursor(self, old: int, new: int) -> None:
        """Draw the two rows again and keep the cursor on screen."""
        self.refresh_row(old)
        self.refresh_row(new)
        self.keep_cursor_visible()

    def keep_cursor_visible(self) -> None:
        """Scroll just far enough that the cursor's row is on screen."""
        height = self.scrollable_content_region.height
        if height <= 0:
            return
        top = self.scroll_offset.y
        # By force: a list that has just become long has no scroll bar before the next layout.
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True, force=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, immediate=True, force=True)

    def on_resize(self, event: events.Resize) -> None:
        """Rows follow the width."""
        self.rows_changed()
        self.keep_cursor_visible()

    def on_focus(self) -> None:
        """The cursor looks different in the focused pane."""
        self.refresh_row(self.cursor)

    def on_blur(self) -> None:
        """The cursor looks different in the focused pane."""
        self.refresh_row(self.cursor)

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor to the row and opens it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        index = offset.y + self.scroll_offset.y
        if 0 <= index < self.row_count and self.selectable(index):
            self.cursor = index
            self.post_message(self.Activated(self, index))

    def render_line(self, y: int) -> Strip:
        """Draw one line of the pane."""
        width = self.scrollable_content_region.width
        base = self.rich_style
        index = y + self.scroll_offset.y
        if not 0 <= index < self.row_count:
            return Strip.blank(width, base)
        strip = Strip([Segment(text, base + style) for text, style in self.row(index, width)])
        if strip.cell_length > width > 0 and strip.crop(width).text.strip():
            strip = Strip([*strip.crop(0, width - 1), Segment(CUT, base)])
        if self.WHOLE_ROW and index == self.cursor and self.selectable(index):
            strip = strip.adjust_cell_length(width, base)
            strip = strip.apply_style(_CURSOR_FOCUSED if self.has_focus else _CURSOR)
        return strip.adjust_cell_length(width, base)


_CURSOR = Style(bold=True, underline=True)
_CURSOR_FOCUSED = Style(bold=True, reverse=True)
