"""A dialog with the question and the context of a sample, to write others in their place."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from bertscope_tui.data.differences import restored
from bertscope_tui.data.editing import with_context, with_question
from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.records import QASample
from bertscope_tui.errors import InputError

_KEYS = "Ctrl+R runs it  Tab other field  Esc leaves"


class _Text(TextArea):
    """A text to edit that shows nothing which a terminal would obey, pasted text included."""

    def __init__(self, text: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(clean(text), id=id, soft_wrap=True, tab_behavior="focus")
        self.highlight_cursor_line = False

    async def _on_paste(self, event: events.Paste) -> None:
        event.text = "\n".join(map(clean, event.text.splitlines()))
        await super()._on_paste(event)


class EditorScreen(ModalScreen[QASample]):
    """Returns the changed sample, or None where nothing was changed.

    What is shown has its control characters and line breaks replaced, character by character;
    whatever is not touched stays as the data have it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r,f5", "run", "Run", show=False, priority=True),
        Binding("escape", "leave", "Leave", show=False, priority=True),
    ]

    def __init__(self, sample: QASample, *, context: bool = False) -> None:
        """Begin in the context if that is asked for, else in the question."""
        super().__init__()
        self._sample = sample
        self._begin = "#edit-context" if context else "#edit-question"
        self._warned = False
        self._asked = _Text(sample.question, id="edit-question")
        self._text = _Text(sample.context, id="edit-context")

    def compose(self) -> ComposeResult:
        """Hold both texts, the longer one with the more room."""
        with Vertical(id="editor") as box:
            box.border_title = "what if"
            box.border_subtitle = _KEYS
            yield Static("question", classes="edit-name", markup=False)
            yield self._asked
            yield Static("context", classes="edit-name", markup=False)
            yield self._text

    def on_mount(self) -> None:
        """Keys go to the question, at its end, or the context, at its beginning."""
        self._asked.move_cursor(self._asked.document.end)
        self.query_one(self._begin).focus()

    @on(TextArea.Changed)
    def _changed(self) -> None:
        self._warned = False
        self._tell(_KEYS)

    def action_run(self) -> None:
        """Close with the changed sample if it can be one."""
        try:
            changed = self._edited()
        except InputError as error:
            self._tell(str(error))
        else:
            self.dismiss(changed if changed != self._sample else None)

    def action_leave(self) -> None:
        """Change nothing; what was typed is only dropped on a second key."""
        typed = self._asked.text, self._text.text
        if typed != (clean(self._sample.question), clean(self._sample.context)) and not (
            self._warned
        ):
            self._warned = True
            self._tell("not run yet: Ctrl+R runs it, Esc again drops it")
        else:
            self.dismiss(None)

    def _edited(self) -> QASample:
        """Return the sample as it was written; raises InputError for a blank text."""
        sample = self._sample
        question, context = (
            restored(text, clean(text), area.text)
            for text, area in (
                (sample.question, self._asked),
                (sample.context, self._text),
            )
        )
        if question != sample.question:
            sample = with_question(sample, question)
        if context != sample.context:
            sample = with_context(sample, context)
        return sample

    def _tell(self, words: str) -> None:
        self.query_one("#editor").border_subtitle = clean(words).replace("[", "\\[")
