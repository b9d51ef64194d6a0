"""A question that is answered with y or n."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from bertscope_tui.data.hygiene import clean


class AskScreen(ModalScreen[bool]):
    """Returns True for y only: whatever closes it otherwise is a no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,Y", "answer(True)", "Yes", show=False),
        Binding("n,N,escape,q,enter", "answer(False)", "No", show=False),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Hold the question and the two keys."""
        text = Content.assemble(clean(self._question), "  ", ("y", "bold"), " yes  ", ("n", "bold"))
        yield Static(Content.assemble(text, " no"), id="ask", markup=False)

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        self.dismiss(answer)
