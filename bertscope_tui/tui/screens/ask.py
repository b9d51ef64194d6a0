"""A question that is answered with y or n."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from bertscope_tui.data.hygiene import clean

_LOOK_S = 0.25
"""Seconds between two looks at whether there is still something to ask about."""


class AskScreen(ModalScreen[bool]):
    """Returns True for y only: whatever closes it otherwise is a no.

    It closes by itself, as a no, when ``still`` says that there is nothing to ask about any more:
    what was to be stopped has ended.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,Y", "answer(True)", "Yes", show=False),
        Binding("n,N,escape,q,enter", "answer(False)", "No", show=False),
    ]

    def __init__(self, question: str, still: Callable[[], bool] | None = None) -> None:
        super().__init__()
        self._question = question
        self._still = still

    def compose(self) -> ComposeResult:
        """Hold the question and the two keys."""
        text = Content.assemble(clean(self._question), "  ", ("y", "bold"), " yes  ", ("n", "bold"))
        yield Static(Content.assemble(text, " no"), id="ask", markup=False)

    def on_mount(self) -> None:
        """Begin to look whether the question stands."""
        if self._still is not None:
            self.set_interval(_LOOK_S, self._look)

    def _look(self) -> None:
        # Not while another screen lies over it: only the uppermost can be closed.
        if self.is_current and self._still is not None and not self._still():
            self.dismiss(False)

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        self.dismiss(answer)
