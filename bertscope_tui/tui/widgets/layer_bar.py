"""The row that says where in the network the picture is, and what the model predicts."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from bertscope_tui.data.hygiene import clean
from bertscope_tui.inspection.snapshots import Extraction
from bertscope_tui.inspection.views import Look, answers_line, mark
from bertscope_tui.tui.theming import ink


class LayerBar(Widget):
    """Two lines: the layers as a row of ticks, and the prediction against the gold answer."""

    class LayerClicked(Message):
        """The user clicked a layer."""

        def __init__(self, layer: int) -> None:
            super().__init__()
            self.layer = layer

    def __init__(self, look: Look) -> None:
        super().__init__(id="layer-bar")
        self._look = look
        self._layer = 0
        self._layers: int | None = None
        self._extraction: Extraction | None = None
        self._state = ""
        self._ticks: dict[int, int] = {}

    def show(
        self,
        layer: int,
        layers: int | None,
        extraction: Extraction | None,
        *,
        look: Look,
        state: str = "",
    ) -> None:
        """Show a layer of ``0 … layers``; ``state`` is a short word such as ``playing``."""
        self._layer, self._layers, self._extraction = layer, layers, extraction
        self._look, self._state = look, state
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the layers (first line) or the prediction (second)."""
        width, base = self.size.width, self.rich_style
        runs = self._layer_line(width) if y == 0 else self._answer_line(width)
        strip = Strip([Segment(text, base + style) for text, style in runs])
        return strip.adjust_cell_length(width, base)

    def on_click(self, event: events.Click) -> None:
        """A click on the row of layers goes there."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y == 0 and offset.x in self._ticks:
            self.post_message(self.LayerClicked(self._ticks[offset.x]))

    def _layer_line(self, width: int) -> list[tuple[str, Style]]:
        if self._layers is None:
            return [(" layer –", ink(None, dim=True))]
        last = self._layers
        name = " (embeddings)" if self._layer == 0 else ""
        head = f" layer {self._layer:>{len(str(last))}}/{last} "
        tail = f"{name} {self._state}".rstrip()
        room = width - len(head) - len(" (embeddings) ") - max(len(self._state), 4) - 2
        line, dot, here = ("-", "+", "O") if self._look.ascii else ("─", "┼", "●")
        step = max(min((room - 1) // max(last, 1), 6), 1)
        every = -(-last // max(room - 1, 1)) if last * step + 1 > room else 1
        cells: dict[int, tuple[str, int]] = {}
        for layer in range(last + 1):
            x = (layer // every) * step
            cells.setdefault(x, (dot, layer))
            if layer == self._layer:
                cells[x] = (here, layer)
        length = max(cells) + 1
        self._ticks = {}
        runs: list[tuple[str, Style]] = [(head, ink(None, bold=True))]
        accent = self.app.theme_variables["primary"]
        for x in range(length):
            glyph, layer = cells.get(x, (line, -1))
            owner = layer if layer >= 0 else cells[(x // step) * step][1]
            self._ticks[len(head) + x] = owner
            style = ink(accent, bold=True) if glyph == here else ink(None, dim=True)
            runs.append((glyph, style))
        runs.append((f" {tail.strip()}" if tail else "", ink(None, dim=True)))
        return runs

    def _answer_line(self, width: int) -> list[tuple[str, Style]]:
        extraction = self._extraction
        if extraction is None:
            return []
        look = self._look
        prediction, scores = extraction.prediction, extraction.scores
        gold = answers_line(extraction.sample)
        window = extraction.window
        place = f"  | window {window.index + 1}/{window.count}" if window.count > 1 else ""
        if prediction is None:
            return [
                (" no prediction (no question-answering head)", Style.null()),
                (f"  {look.glyph('gold')} {gold}", ink(look.colour("gold"))),
                (place, ink(None, bold=True)),
            ]
        room = max((width - len("  p 0.00  ? F1 0.00") - len(place) - 8) // 2, 8)
        text = clean(prediction.text) or "(no answer)"
        runs = [
            (
                f" {look.glyph('answer')} {_short(text, room)}",
                ink(look.colour("answer"), bold=True),
            ),
            (f"  p {prediction.probability:.2f}", Style.null()),
        ]
        if scores is not None:
            colour = self.app.theme_variables["text-success" if scores.right else "text-error"]
            runs.append((f"  {mark(scores, ascii=look.ascii)} F1 {scores.f1:.2f}", ink(colour)))
            if not scores.right:
                runs.append(
                    (
                        f"  {look.glyph('gold')} {_short(gold, room)}",
                        ink(look.colour("gold"), bold=True),
                    )
                )
        runs.append((place, ink(None, bold=True)))
        return runs


def _short(text: str, room: int) -> str:
    return text if cell_len(text) <= room else f"{set_cell_size(text, room - 1)}…"
