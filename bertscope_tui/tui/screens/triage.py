"""The screen of one scan: its samples as a table, and what is known of the one under the cursor."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input, Static

from bertscope_tui.data.hygiene import clean
from bertscope_tui.inspection.views import Look
from bertscope_tui.scans.records import Mark
from bertscope_tui.scans.table import COLUMNS
from bertscope_tui.tui.actions import TRIAGE, TRIAGE_ACTIONS, Group
from bertscope_tui.tui.screens.fitting import fit
from bertscope_tui.tui.screens.triage_forms import export_form, mark_form
from bertscope_tui.tui.widgets.bars import KeyBar, StatusBar
from bertscope_tui.tui.widgets.entry import Entry
from bertscope_tui.tui.widgets.line_list import LineList
from bertscope_tui.tui.widgets.scan_list import progress
from bertscope_tui.tui.widgets.triage_detail import DetailPane
from bertscope_tui.tui.widgets.triage_table import FilterBar, TableHead, TableList

if TYPE_CHECKING:
    from bertscope_tui.tui.scanning import Scans
    from bertscope_tui.tui.triaging import Triage


class TriageScreen(Screen[None]):
    """Filter, heading, lines, and a few lines about the sample under the cursor."""

    AUTO_FOCUS = "#table"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(action.binding() for action in TRIAGE_ACTIONS),
        *(
            Binding(f"{number}", f"sort('{column}')", show=False)
            for number, column in enumerate(COLUMNS, start=1)
        ),
    ]
    ACTIONS = TRIAGE_ACTIONS
    GROUP: ClassVar[Group] = TRIAGE

    def __init__(self, look: Look, scans: Scans, triage: Triage) -> None:
        super().__init__()
        self._look = look
        self._scans = scans
        self.triage = triage
        self.ready = False

    def compose(self) -> ComposeResult:
        """Lay out the lines; the style sheet places them."""
        yield StatusBar()
        yield FilterBar(ascii_only=self._look.ascii)
        yield TableHead()
        yield TableList(ascii_only=self._look.ascii)
        yield DetailPane(ascii_only=self._look.ascii)
        yield Entry(placeholder="search questions, answers, ids, kinds, tags, notes", id="search")
        yield KeyBar(TRIAGE_ACTIONS, [("↑↓", "", "move_down")])
        yield Static("", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Show what is known by now."""
        self.status = self.query_one(StatusBar)
        self.filter = self.query_one(FilterBar)
        self.head = self.query_one(TableHead)
        self.list = self.query_one(TableList)
        self.detail = self.query_one(DetailPane)
        self.search = self.query_one("#search", Input)
        self.ready = True
        self.show()

    def on_resize(self, event: events.Resize) -> None:
        """Fold the panes where they do not fit; columns follow the width."""
        if not fit(self, event.size) and not self.search.has_class("-open"):
            self.list.focus()
        self.call_after_refresh(self._show_head)

    # -- what is shown -------------------------------------------------------------------------

    def show(self) -> None:
        """Show the table as it is now."""
        triage = self.triage
        self.list.show(triage.table, triage.rows, triage.cursor, triage.message)
        self.filter.show(triage.table, triage.wanted, len(triage.rows))
        self._show_head()
        self.show_run()
        self._show_detail()

    def show_run(self) -> None:
        """Show how far the scan is."""
        run = self.triage.run
        arrow = " > " if self._look.ascii else " ▸ "
        right = progress(run) if run.state == "running" else f"{run.done:,} samples"
        if run.state == "stopped":
            right = f"stopped at {run.done:,}/{run.total:,}"
        if run.exact_match is not None and run.f1 is not None:
            right += f"  EM {run.exact_match:.3f}  F1 {run.f1:.3f}"
        left = f" bertscope{arrow}scans{arrow}{clean(run.name)}"
        self.status.show(left, clean(right), busy=run.state == "running")

    def show_look(self, look: Look) -> None:
        """Draw with another theme."""
        self._look = look
        self.list.refresh()

    def _show_head(self) -> None:
        self.head.show(self.list.layout_now, self.triage.sort)

    def _show_detail(self) -> None:
        self.detail.show(self.triage.table, self.triage.selected)

    # -- moving --------------------------------------------------------------------------------

    def action_move_down(self) -> None:
        """Go one line down."""
        self._move(1)

    def action_move_up(self) -> None:
        """Go one line up."""
        self._move(-1)

    def action_page_down(self) -> None:
        """Go a page down."""
        self._move(self._page())

    def action_page_up(self) -> None:
        """Go a page up."""
        self._move(-self._page())

    def action_first(self) -> None:
        """Go to the first line."""
        self._place(0)

    def action_last(self) -> None:
        """Go to the last line."""
        self._place(len(self.triage.rows) - 1)

    def _page(self) -> int:
        return max(self.list.scrollable_content_region.height - 1, 1)

    def _move(self, step: int) -> None:
        self._place(self.triage.cursor + step)

    def _place(self, line: int) -> None:
        """Put the cursor on a line, the nearest there is."""
        self.triage.put_cursor(line)
        self.list.place_cursor(self.triage.cursor)
        self._show_detail()

    def action_wrong_next(self) -> None:
        """Go to the next wrong answer."""
        self._to_wrong(1, "after")

    def action_wrong_previous(self) -> None:
        """Go to the wrong answer before."""
        self._to_wrong(-1, "before")

    def _to_wrong(self, direction: int, way: str) -> None:
        if self.triage.next_wrong(direction):
            self._place(self.triage.cursor)
        else:
            self.notify(f"no wrong answer is listed {way} this one", markup=False)

    @on(LineList.Activated, "#table")
    def _clicked(self, event: LineList.Activated) -> None:
        """A click only goes there: the line below would be another after a key."""
        self._place(event.index)

    @on(KeyBar.KeyClicked)
    async def _key_clicked(self, event: KeyBar.KeyClicked) -> None:
        await self.run_action(event.action)

    def action_open_sample(self) -> None:
        """Open the sample in the inspector, at the layer where its failure first shows."""
        if self.triage.selected is not None:
            self.triage.stay()
            self._scans.open_sample(self.triage)

    # -- filter and order ----------------------------------------------------------------------

    def action_which(self, step: int = 1) -> None:
        """List all, only the wrong, only the right ones."""
        self.triage.next_which(step)
        self.show()

    def action_kind(self, step: int = 1) -> None:
        """List the next failure kind."""
        self.triage.next_kind(step)
        self.show()

    def action_tag(self) -> None:
        """List the samples of the next tag."""
        if self.triage.table is not None and not self.triage.table.tags():
            self.notify("no sample has a tag: m gives one", markup=False)
        self.triage.next_tag(1)
        self.show()

    def action_which_back(self) -> None:
        """As `action_which`, the other way round."""
        self.action_which(-1)

    def action_kind_back(self) -> None:
        """As `action_kind`, the other way round."""
        self.action_kind(-1)

    def action_sort(self, column: str) -> None:
        """Sort by a column, or the other way round."""
        self.triage.sort_by(next(one for one in COLUMNS if one == column))
        self.show()

    def action_turn_sort(self) -> None:
        """Sort the other way round."""
        self.triage.turn()
        self.show()

    @on(TableHead.Clicked)
    def _head_clicked(self, event: TableHead.Clicked) -> None:
        self.action_sort(event.column)

    def action_search(self) -> None:
        """Open the search line."""
        self.search.add_class("-open")
        self.search.value = self.triage.wanted.text
        self.search.focus()

    @on(Input.Changed, "#search")
    def _search_changed(self) -> None:
        if self.search.has_class("-open"):
            self._search_for(self.search.value)

    @on(Input.Submitted, "#search")
    def _search_submitted(self, event: Input.Submitted) -> None:
        self._search_for(event.value)
        self._close_search()
        self.triage.stay()
        if not len(self.triage.rows):
            self.notify("no sample that is listed has that", severity="warning", markup=False)

    def _search_for(self, text: str) -> None:
        if text.strip() != self.triage.wanted.text:
            self.triage.show_only(replace(self.triage.wanted, text=text.strip()))
            self.show()

    def _close_search(self) -> None:
        self.search.remove_class("-open")
        self.list.focus()

    # -- marks and the rest --------------------------------------------------------------------

    def action_mark(self) -> None:
        """Ask for the tags and the note of the sample under the cursor."""
        triage = self.triage
        table, row = triage.table, triage.selected
        if table is None or row is None:
            return
        triage.stay()
        place = int(table.columns.places[row])

        def answered(mark: Mark | None) -> None:
            # The table may be another by now: a scan that runs extends it.
            now = None if triage.table is None else triage.table.row_of(place)
            if mark is not None and now is not None:
                triage.mark(now, mark)
                self.show()

        known = [tag for tag, _ in table.tags()]
        title = f"mark {table.columns.ids[row][:40]}"
        self.app.push_screen(mark_form(title, triage.mark_of(row), known), answered)

    def action_undo(self) -> None:
        """Take the last mark back."""
        place = self.triage.undo()
        if place is None:
            self.notify("there is no mark to take back", markup=False)
        else:
            self.notify(f"the mark of sample {place + 1:,} is as before", markup=False)
        self.show()

    def action_export(self) -> None:
        """Ask for a file and write what is listed, in this order."""
        triage = self.triage
        if not len(triage.rows):
            self.notify("nothing is listed that could be exported", markup=False)
            return
        places = triage.places()
        self.app.push_screen(
            export_form(triage.run.name, len(places)),
            lambda path: None if path is None else self._scans.export(triage.run, places, path),
        )

    def action_overview(self) -> None:
        """Show the figures of the scan."""
        self._scans.open_overview(self.triage.run, self.triage)

    def action_rules(self) -> None:
        """Show how failure kinds are told apart."""
        self._scans.show_rules()

    def action_help(self) -> None:
        """Show all keys."""
        self.app.action_help()  # type: ignore[attr-defined]

    def action_escape(self) -> None:
        """Leave what is open, step by step: the search line, what was searched, the table."""
        if self.search.has_class("-open"):
            self.search.value = ""
            self._search_for("")
            self._close_search()
        elif self.triage.wanted.text:
            self._search_for("")
        else:
            self.action_back()

    def action_back(self) -> None:
        """Go back to the list of scans."""
        self._scans.open(self.triage.run.name)
