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


_ACTIONS = {
    key: binding.action
    for binding in TextArea.BINDINGS
    if isinstance(binding, Binding)
    for key in binding.key.split(",")
}
"""What the keys of a text do that are no letters."""


class _Text(TextArea):
    """A text to edit that shows nothing which a terminal would obey, pasted text included.

    Keys take effect in the order in which they were pressed. Textual takes letters in on the spot,
    and runs bindings only after the key went up to the app: of keys that wait together, as on a
    slow line, a backspace would come after the letters behind it.
    """

    def __init__(self, text: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(clean(text), id=id, soft_wrap=True, tab_behavior="focus")
        self.highlight_cursor_line = False

    async def _on_key(self, event: events.Key) -> None:
        screen = self.screen
        assert isinstance(screen, EditorScreen)
        await screen.take(event)

    async def take(self, event: events.Key) -> None:
        """Do what a key does to this text, whether it has the focus yet or not."""
        action = _ACTIONS.get(event.key)
        if action is None:
            await super()._on_key(event)
        else:
            event.stop()
            event.prevent_default()
            await self.run_action(action)

    def on_mouse_down(self) -> None:
        """A click brings the keys here."""
        screen = self.screen
        assert isinstance(screen, EditorScreen)
        screen.go_to(self)

    async def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()  # else Textual hands it to the class above as well
        event.text = "\n".join(map(clean, event.text.splitlines()))
        await super()._on_paste(event)


class EditorScreen(ModalScreen[QASample]):
    """Returns the changed sample, or None where nothing was changed.

    What is shown has its control characters and line breaks replaced, character by character;
    whatever is not touched stays as the data have it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r,f5", "run", "Run", show=False),
        Binding("escape", "leave", "Leave", show=False),
    ]

    def __init__(self, sample: QASample, *, context: bool = False) -> None:
        """Begin in the context if that is asked for, else in the question."""
        super().__init__()
        self._sample = sample
        self._warned: tuple[str, str] | None = None
        self._leaving = False
        self._asked = _Text(sample.question, id="edit-question")
        self._text = _Text(sample.context, id="edit-context")
        self._here = self._text if context else self._asked

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
        self._here.focus()

    def go_to(self, text: _Text) -> None:
        """Have keys go to a text from the next one on; the focus follows when it can."""
        self._here = text
        text.focus()

    async def take(self, event: events.Key) -> None:
        """Do what a key does, at once and to the text that keys go to by now."""
        key = event.key
        if not self.is_current:  # it was closed by a key before
            pass
        elif key in ("tab", "shift+tab"):
            self.go_to(self._text if self._here is self._asked else self._asked)
        elif key in ("ctrl+r", "f5") or (key == "enter" and self._here is self._asked):
            self.action_run()
        elif key == "escape":
            self.action_leave()
        else:
            await self._here.take(event)
            return
        event.stop()
        event.prevent_default()

    async def on_key(self, event: events.Key) -> None:
        """Take keys that come before the focus is in a text, or after a click beside both."""
        if self.focused is None:
            await self.take(event)

    @on(TextArea.Changed)
    def _changed(self) -> None:
        if self._typed() != self._warned:  # news of it may come after the key that follows
            self._tell(_KEYS)

    def _typed(self) -> tuple[str, str]:
        return self._asked.text, self._text.text

    def _warn(self, words: str) -> None:
        self._warned = self._typed()
        self._tell(words)

    def action_run(self) -> None:
        """Close with the changed sample if it can be one."""
        try:
            changed = self._edited()
        except InputError as error:
            self._leaving = False
            self._warn(str(error))
        else:
            self.dismiss(changed if changed != self._sample else None)

    def action_leave(self) -> None:
        """Change nothing; what was typed is only dropped on a second key."""
        typed = self._typed()
        untouched = clean(self._sample.question), clean(self._sample.context)
        if typed == untouched or (typed == self._warned and self._leaving):
            self.dismiss(None)
        else:
            self._leaving = True
            self._warn("not run yet: Ctrl+R runs it, Esc again drops it")

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
