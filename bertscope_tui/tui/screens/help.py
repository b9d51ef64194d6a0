"""Every key on one page, made from the table of actions."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from bertscope_tui.engine.roles import ROLES
from bertscope_tui.inspection.views import ROLE_NAMES, Look
from bertscope_tui.tui.actions import key_table, spelled


class HelpScreen(ModalScreen[None]):
    """The keys, and what the marks mean."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss", "Close", show=False),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look

    def compose(self) -> ComposeResult:
        """Hold one scrolling page."""
        with VerticalScroll(id="help") as page:
            page.border_title = "help"
            page.border_subtitle = "Esc closes"
            yield Static(self._content(), markup=False)

    def action_scroll(self, step: int) -> None:
        """Scroll by lines, for those who keep their hands on j and k."""
        self.query_one("#help").scroll_relative(y=step, animate=False)

    def _content(self) -> Content:
        parts: list[Content] = []
        for group, rows in key_table():
            parts.append(Content.styled(group, "bold"))
            for keys, description in rows:
                shown = f"{spelled(keys):<14} " if self._look.ascii else f"{keys:<9}"
                parts.append(Content.assemble((f"  {shown}", "bold"), description))
            parts.append(Content(""))
        parts.append(Content.styled("Marks", "bold"))
        for role in ROLES:
            style = self._look.theme.roles[role]
            parts.append(
                Content.assemble(
                    (f"  {self._look.glyph(role)}        ", f"bold {style.colour}"),
                    ROLE_NAMES[role],
                )
            )
        parts.append(
            Content(
                "\nLayer 0 is the embeddings. A picture is a PCA of the hidden states of one\n"
                "layer, so axes differ from layer to layer; distances to trust are in the list\n"
                "of nearest tokens, which are found in all dimensions (the cosine after centring\n"
                "on the layer's mean). Coloured by sentence, a point is its sentence's number;\n"
                "coloured by position, it is the tenth of the text that it stands in."
            )
        )
        return Content("\n").join(parts)
