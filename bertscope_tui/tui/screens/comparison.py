"""Two scans of the same data: what one has right that the other has wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Static

from bertscope_tui.data.hygiene import clean
from bertscope_tui.inspection.views import Look
from bertscope_tui.scans.compare import Change, Comparison, compare
from bertscope_tui.scans.records import Run
from bertscope_tui.scans.store import Store
from bertscope_tui.tui.actions import COMPARISON, COMPARISON_ACTIONS, Group
from bertscope_tui.tui.screens.fitting import fit
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.bars import KeyBar, PaneTabs, StatusBar
from bertscope_tui.tui.widgets.line_list import LineList
from bertscope_tui.tui.widgets.line_list import Run as TextRun
from bertscope_tui.tui.widgets.runs import FactsPane

if TYPE_CHECKING:
    from bertscope_tui.tui.scanning import Scans

_TABS = ("fixed", "broken", "both_wrong")
_NAMES = {"fixed": "fixed", "broken": "broken", "both_wrong": "wrong in both"}


@dataclass(frozen=True, slots=True)
class At:
    """Where the user is in a comparison: which list, and which line."""

    tab: str = "fixed"
    line: int = 0


class ChangeList(LineList):
    """Questions with both answers."""

    def __init__(self, *, ascii_only: bool) -> None:
        super().__init__(id="changes", title="")
        self._arrow, self._cut = ("->", "~") if ascii_only else ("→", "…")
        self._changes: Sequence[Change] = ()
        self._message = "comparing …"

    @property
    def row_count(self) -> int:
        """Return the number of questions; a sentence where there are none."""
        return max(len(self._changes), 1)

    @property
    def selected(self) -> Change | None:
        """Return the question under the cursor."""
        return self._changes[self.cursor] if self.cursor < len(self._changes) else None

    def show(self, changes: Sequence[Change], line: int, message: str) -> None:
        """List these questions with the cursor on a line."""
        self._changes, self._message = changes, message
        self.set_reactive(LineList.cursor, min(max(line, 0), max(len(changes) - 1, 0)))
        self.rows_changed()

    def selectable(self, index: int) -> bool:
        """Questions can be chosen, the sentence in their place cannot."""
        return index < len(self._changes)

    def row(self, index: int, width: int) -> list[TextRun]:
        """Return a question and what the two models answered."""
        if not self._changes:
            return [(self._message, ink(None, dim=True))]
        change = self._changes[index]
        answer = max((width - 5) // 5, 8)
        question = max(width - 2 * answer - 5, 8)
        line = (
            f"{self._fitted(change.question, question)} "
            f"{self._fitted(change.before or '(none)', answer)} {self._arrow} "
            f"{self._fitted(change.after or '(none)', answer)}"
        )
        return [(line, ink(None))]

    def _fitted(self, text: str, room: int) -> str:
        text = clean(text.strip()[: 2 * room])
        if cell_len(text) > room:
            text = f"{set_cell_size(text, room - 1)}{self._cut}"
        return set_cell_size(text, room)


class ComparisonScreen(Screen[None]):
    """Three lists by turns, the test's result above them, the question in full below."""

    AUTO_FOCUS = "#changes"
    BINDINGS: ClassVar[list[BindingType]] = [action.binding() for action in COMPARISON_ACTIONS]
    ACTIONS = COMPARISON_ACTIONS
    GROUP: ClassVar[Group] = COMPARISON

    def __init__(
        self,
        look: Look,
        scans: Scans,
        a: Run,
        b: Run,
        found: Comparison | None = None,
        at: At | None = None,
    ) -> None:
        """``found`` and ``at`` are those of the screen that is come back to."""
        super().__init__()
        self._look = look
        self._scans = scans
        self._a, self._b = a, b
        self._found = found
        self._at = at or At()

    def compose(self) -> ComposeResult:
        """Lay out the lines; the style sheet places them."""
        yield StatusBar()
        yield Static("", id="result", markup=False)
        yield PaneTabs(tuple(_NAMES.items()))
        yield ChangeList(ascii_only=self._look.ascii)
        yield FactsPane()
        yield KeyBar(COMPARISON_ACTIONS, [("↑↓", "", "move_down")])
        yield Static("", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Have the two compared, unless that is known."""
        self.list = self.query_one(ChangeList)
        self.facts = self.query_one(FactsPane)
        self.facts.border_title = "question"
        arrow, between = (" > ", " -> ") if self._look.ascii else (" ▸ ", " → ")
        names = f"{clean(self._a.name)}{between}{clean(self._b.name)}"
        self.query_one(StatusBar).show(f" bertscope{arrow}scans{arrow}{names}", "", busy=False)
        if self._found is None:
            self._compute()
        else:
            self._show()

    def on_resize(self, event: events.Resize) -> None:
        """Fold the panes where they do not fit."""
        if not fit(self, event.size):
            self.list.focus()

    def show_look(self, look: Look) -> None:
        """Draw with another theme."""
        self._look = look

    def _compute(self) -> None:
        a, b = self._a, self._b

        def work(cancelled: Callable[[], bool]) -> Comparison:
            with Store(readonly=True) as store:
                return compare(store, a, b)

        def done(found: Comparison) -> None:
            if self.is_attached:
                self._found = found
                self._show()

        def failed(message: str) -> None:
            self._scans.failed(message)
            if self.is_attached:
                self.list.show((), 0, message)

        self._scans.figures.submit(work, done, failed)

    # -- what is shown -------------------------------------------------------------------------

    def _show(self) -> None:
        found = self._found
        assert found is not None
        shares = found.shares
        exact = "" if shares is None else f"exact match {shares[0]:.3f} and {shares[1]:.3f}, "
        self.query_one("#result", Static).update(
            f" {found.samples:,} questions in both, {exact}{found.both_right:,} right in both, "
            f"{len(found.fixed):,} fixed, {len(found.broken):,} broken, "
            f"{len(found.both_wrong):,} wrong in both. McNemar's exact test: "
            f"p = {found.p_value:.3g}"
        )
        self._show_tab()

    def _show_tab(self) -> None:
        self.query_one(PaneTabs).show(self._at.tab)
        self.list.show(self._changes(), self._at.line, "no question is so")
        self._show_facts()

    def _changes(self) -> Sequence[Change]:
        if self._found is None:
            return ()
        changes: Sequence[Change] = getattr(self._found, self._at.tab)
        return changes

    def _show_facts(self) -> None:
        change = self.list.selected
        if change is None:
            self.facts.show(())
            return
        kinds = [f"  ({kind})" if kind else "" for kind in change.failures]
        facts = [
            ("question", change.question),
            ("gold", change.gold or "(no answer)"),
            ("before", f"{change.before or '(no answer)'}{kinds[0]}  {self._a.model}"),
            ("after", f"{change.after or '(no answer)'}{kinds[1]}  {self._b.model}"),
            ("id", change.sample_id),
        ]
        self.facts.show([(label, clean(text)) for label, text in facts])

    # -- keys ----------------------------------------------------------------------------------

    @on(KeyBar.KeyClicked)
    async def _key_clicked(self, event: KeyBar.KeyClicked) -> None:
        await self.run_action(event.action)

    @on(PaneTabs.PaneClicked)
    def _tab_clicked(self, event: PaneTabs.PaneClicked) -> None:
        self._at = At(event.pane)
        self._show_tab()

    @on(LineList.Activated, "#changes")
    def _clicked(self, event: LineList.Activated) -> None:
        self._go_to(event.index)

    def action_move_down(self) -> None:
        """Go to the next question."""
        self._go_to(self._at.line + 1)

    def action_move_up(self) -> None:
        """Go to the question before."""
        self._go_to(self._at.line - 1)

    def action_page_down(self) -> None:
        """Go a page down."""
        self._go_to(self._at.line + self._page())

    def action_page_up(self) -> None:
        """Go a page up."""
        self._go_to(self._at.line - self._page())

    def _page(self) -> int:
        return max(self.list.scrollable_content_region.height - 1, 1)

    def _go_to(self, line: int) -> None:
        last = max(len(self._changes()) - 1, 0)
        self._at = At(self._at.tab, min(max(line, 0), last))
        self.list.place_cursor(self._at.line)
        self._show_facts()

    def action_turn(self) -> None:
        """Show the next list."""
        self._at = At(_TABS[(_TABS.index(self._at.tab) + 1) % len(_TABS)])
        self._show_tab()

    def action_open_sample(self) -> None:
        """Open the question with the second model."""
        self._open(self._b)

    def action_open_first(self) -> None:
        """Open the question with the first model."""
        self._open(self._a)

    def _open(self, run: Run) -> None:
        change = self.list.selected
        if change is not None:
            a, b, found, at = self._a, self._b, self._found, self._at
            self._scans.inspect(
                run,
                change.sample_id,
                run.layers,
                lambda: self._scans.open_comparison(a, b, found, at),
            )

    def action_help(self) -> None:
        """Show all keys."""
        self.app.action_help()  # type: ignore[attr-defined]

    def action_back(self) -> None:
        """Go back to the scans."""
        self._scans.open(self._b.name)
