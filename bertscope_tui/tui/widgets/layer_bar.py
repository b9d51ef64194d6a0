"""The row that says where in the network the picture is, and what the model predicts."""

from __future__ import annotations

from typing import Literal

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
from bertscope_tui.tui.widgets.skip_strip import SkipStrip, skip_line
from bertscope_tui.tui.widgets.strips import (
    Strips,
    Ticks,
    answer_line,
    phase_line,
    runners_up_line,
)

_Line = Literal["layers", "phases", "answers", "runners-up", "skipping", "prediction"]

_WITH_TICKS: tuple[_Line, ...] = ("layers", "phases", "answers", "skipping")


class LayerBar(Widget):
    """The layers as a row of ticks, the strips below it, the prediction against the gold answer."""

    class LayerClicked(Message):
        """The user clicked a layer."""

        def __init__(self, bar: LayerBar, layer: int) -> None:
            super().__init__()
            self.bar = bar
            self.layer = layer

        @property
        def control(self) -> LayerBar:
            """The bar that was clicked."""
            return self.bar

    def __init__(self, look: Look, *, id: str = "layer-bar") -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="layer-bar")
        self._prefix = ""
        self._look = look
        self._layer = 0
        self._layers: int | None = None
        self._extraction: Extraction | None = None
        self._state = ""
        self._strips = Strips()
        self._skipping: SkipStrip | None = None
        self._beside = ""

    def show(
        self,
        layer: int,
        layers: int | None,
        extraction: Extraction | None,
        *,
        look: Look,
        state: str = "",
        head: str = "",
    ) -> None:
        """Show a layer of ``0 … layers``; ``state`` is a short word such as ``playing``.

        ``head`` comes before the layers, where there is more than one bar.
        """
        self._prefix = f" {head}" if head else ""
        self._layer, self._layers, self._extraction = layer, layers, extraction
        self._look, self._state = look, state
        self.refresh()

    def show_strips(self, strips: Strips) -> None:
        """Show these strips between the layers and the prediction."""
        self._strips = strips
        self._fit()

    def show_what_if(self, skipping: SkipStrip | None, beside: str) -> None:
        """Show the answers without one layer in a strip, and words ``beside`` the prediction."""
        self._skipping, self._beside = skipping, beside
        self._fit()

    def _fit(self) -> None:
        """Take as many lines as there are."""
        height = 2 + self._strips.height + int(self._skipping is not None)
        if self.styles.height is None or self.styles.height.value != height:
            self.styles.height = height
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the layers, a strip, or the prediction."""
        width, base = self.size.width, self.rich_style
        strip = Strip([Segment(text, base + style) for text, style in self._runs(y, width)])
        return strip.adjust_cell_length(width, base)

    def on_click(self, event: events.Click) -> None:
        """A click on the row of layers or a strip goes to the layer."""
        offset = event.get_content_offset(self)
        ticks = self._ticks(self.size.width)
        if offset is None or ticks is None:
            return
        layer = ticks.owner(offset.x, self._layer)
        if layer is not None and self._line(offset.y) in _WITH_TICKS:
            self.post_message(self.LayerClicked(self, layer))

    def _line(self, y: int) -> _Line | None:
        """Return what stands in a line."""
        lines: list[_Line] = ["layers"]
        if self._strips.has_phases:
            lines.append("phases")
        if self._strips.has_answers:
            lines += ["answers", "runners-up"]
        if self._skipping is not None:
            lines.append("skipping")
        lines.append("prediction")
        return lines[y] if y < len(lines) else None

    def _runs(self, y: int, width: int) -> list[tuple[str, Style]]:
        line, ticks = self._line(y), self._ticks(width)
        if line == "layers":
            return self._layer_line(ticks)
        if line == "prediction":
            return self._answer_line(width)
        if ticks is None or self._extraction is None:
            return []
        strips, layer, look = self._strips, self._layer, self._look
        if line == "phases":
            return phase_line(strips, ticks, layer, look, width)
        if line == "answers":
            return answer_line(strips, ticks, layer, look, width)
        if line == "skipping" and self._skipping is not None:
            return skip_line(self._skipping, ticks, layer, look, width)
        return runners_up_line(strips, ticks, layer, width)

    def _ticks(self, width: int) -> Ticks | None:
        """Return where the layers stand, None where there are none."""
        if self._layers is None:
            return None
        left = len(self._head(self._layers))
        room = width - left - len(" (embeddings) ") - max(len(self._state), 4) - 2
        return Ticks.fitting(self._layers, left, room)

    def _head(self, last: int) -> str:
        return f"{self._prefix} layer {self._layer:>{len(str(last))}}/{last} "

    def _layer_line(self, ticks: Ticks | None) -> list[tuple[str, Style]]:
        if ticks is None:
            return [(f"{self._prefix} layer –", ink(None, dim=True))]
        line, dot, here = ("-", "+", "O") if self._look.ascii else ("─", "┼", "●")
        runs: list[tuple[str, Style]] = [(self._head(ticks.last), ink(None, bold=True))]
        accent, faint = ink(self.app.theme_variables["primary"], bold=True), ink(None, dim=True)
        for group, layer in enumerate(ticks.layers(self._layer)):
            if group:
                runs.append((line * (ticks.step - 1), faint))
            runs.append((here, accent) if layer == self._layer else (dot, faint))
        name = "(embeddings) " if self._layer == 0 else ""
        runs.append((f" {name}{self._state}".rstrip(), faint))
        return runs

    def _answer_line(self, width: int) -> list[tuple[str, Style]]:
        extraction = self._extraction
        if extraction is None:
            return []
        look = self._look
        prediction, scores = extraction.prediction, extraction.scores
        gold = answers_line(extraction.sample)
        place = _window_words(extraction)
        if prediction is None:
            said = " no prediction (no question-answering head)"
            room = max(width - cell_len(said) - len(place) - 4, 8)
            return [
                (said, Style.null()),
                (f"  {look.glyph('gold')} {_short(gold, room)}", ink(look.colour("gold"))),
                (place, ink(None, bold=True)),
            ]
        texts = 3 if self._beside else 2
        room = max((width - len("  p 0.00  ? F1 0.00") - len(place) - 8) // texts, 8)
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
        if self._beside:
            runs.append((f"  ({_short(self._beside, max(room, 24))})", Style.null()))
        if scores is not None and not scores.right:
            style = ink(look.colour("gold"), bold=True)
            runs.append((f"  {look.glyph('gold')} {_short(gold, room)}", style))
        runs.append((place, ink(None, bold=True)))
        return runs


def _window_words(extraction: Extraction) -> str:
    """Return which window is shown, and where the answer is if not in it; "" if all is in one."""
    window, prediction = extraction.window, extraction.prediction
    if window.count < 2:
        return ""
    words = f"  | window {window.index + 1}/{window.count}"
    span = None if prediction is None else prediction.span
    if span is not None and not (window.start <= span.start and span.end <= window.end):
        words += f", answer in {window.best + 1}"
    return words


def _short(text: str, room: int) -> str:
    return text if cell_len(text) <= room else f"{set_cell_size(text, room - 1)}…"
