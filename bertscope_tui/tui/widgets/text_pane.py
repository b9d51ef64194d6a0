"""Question, answers and context, with the tokens' roles in colour and by mark."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content, Span
from textual.style import Style
from textual.widgets import Static

from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.records import QASample
from bertscope_tui.inspection.probe_views import FactMark
from bertscope_tui.inspection.snapshots import Extraction
from bertscope_tui.inspection.views import Look, answers_line, mark

_ANSWER_ROOM = 160
"""Characters of an answer shown above the context."""

_ROOM = 12_000
"""Characters of context shown around the window; a longer text has its ends cut off."""


class TextPane(VerticalScroll, can_focus=True, inherit_bindings=False):
    """The open sample as text. Offsets survive because cleaning keeps every text's length."""

    ALLOW_MAXIMIZE = True

    def __init__(self, look: Look) -> None:
        super().__init__(id="text", classes="pane")
        self.border_title = "text"
        self._look = look
        self._sample: QASample | None = None
        self._extraction: Extraction | None = None
        self._selected: int | None = None
        self._context_place = 0
        self._probes = ""
        self._marks: tuple[FactMark, ...] = ()
        self._body = Static("", id="text-body", markup=False)

    def compose(self) -> ComposeResult:
        """Hold one static text that scrolls."""
        yield self._body

    def show_sample(self, sample: QASample | None, *, message: str = "") -> None:
        """Show a record before the model has seen it, or a message where there is none."""
        self._sample, self._extraction, self._selected = sample, None, None
        self._probes, self._marks = "", ()
        self.border_subtitle = ""
        self.border_title = "text" if sample is None else f"text {_title(sample)}"
        self.scroll_home(animate=False)
        self._body.update(Content(message) if sample is None else self._content(sample))

    def show(self, extraction: Extraction) -> None:
        """Show a sample with what the model made of it."""
        self._sample, self._extraction = extraction.sample, extraction
        self._body.update(self._content(extraction.sample))
        self.call_after_refresh(self._reveal)

    def show_probes(self, words: str, marks: tuple[FactMark, ...], title: str = "") -> None:
        """Show what probes say of the sample, and a mark before each sentence, or nothing.

        Each sentence begins on a line of its own where there are marks. ``title`` is the part
        that stays in sight wherever the text is scrolled to.
        """
        self.border_subtitle = clean(title).replace("[", "\\[")
        if (words, marks) != (self._probes, self._marks):
            moved = bool(marks) != bool(self._marks)
            self._probes, self._marks = words, marks
            self._redraw()
            if moved:
                self.call_after_refresh(self._reveal)

    def show_look(self, look: Look) -> None:
        """Draw with another theme."""
        self._look = look
        self._redraw()

    def select(self, token: int | None) -> None:
        """Mark the selected token in the text."""
        if token != self._selected:
            self._selected = token
            self._redraw()
            self.call_after_refresh(self._reveal)

    def _redraw(self) -> None:
        if self._sample is not None:
            self._body.update(self._content(self._sample))

    def _reveal(self) -> None:
        """Scroll to the selected token, else to the answer, if it is out of sight."""
        extraction, sample = self._extraction, self._sample
        width, height = self.scrollable_content_region.size
        if extraction is None or sample is None or not height:
            return
        sought = self._selected
        if sought is None:
            marked = [r for r in ("answer", "gold") if r in extraction.roles]
            sought = extraction.roles.index(marked[0]) if marked else None
        if sought is None:
            return
        token = extraction.tokens[sought]
        if token.part == "special":  # it has no place in the text
            return
        above = 0
        if token.part == "context":
            end = self._context_place + token.start + self._before(sample, token.start)
            lines = self._content(sample)[:end].wrap(width)
            above = len(lines) - 1
        # No farther than needed: the question and the answers above the context are read first.
        if above < self.scroll_offset.y:
            self.scroll_to(y=above, animate=False)
        elif above >= self.scroll_offset.y + height:
            self.scroll_to(y=above - height + 2, animate=False)

    def page(self, direction: int) -> None:
        """Scroll by a page."""
        self.scroll_relative(
            y=direction * max(self.scrollable_content_region.height - 1, 1), animate=False
        )

    def _content(self, sample: QASample) -> Content:
        extraction = self._extraction
        low, high = self._shown(sample)
        head = Content.assemble(
            (f"{self._look.glyph('question')} ", self._style("question", bold=True)),
            self._marked(sample, "question", 0, len(sample.question)),
        )
        gold = Content.assemble(
            (f"{self._look.glyph('gold')} gold      ", self._style("gold", bold=True)),
            _cut(answers_line(sample)),
        )
        notes = [
            Content.assemble((f"! {clean(note)}", "italic"))
            for note in (extraction.notes if extraction else ())
        ]
        if self._probes:
            notes.insert(0, Content.assemble(("probes ", "bold"), clean(self._probes)))
        lines = [head, *self._predicted(), gold, *self._runners_up(), *notes, Content("")]
        above = Content("\n").join([*lines, Content("")])
        self._context_place = len(above) - low
        context = self._marked(sample, "context", low, high)
        return above + self._with_marks(sample, context)

    def _with_marks(self, sample: QASample, context: Content) -> Content:
        """Put the mark of each sentence before it, where the shown context has its beginning."""
        low = self._shown(sample)[0]
        parts, done = [], 0
        for place, words in self._shown_marks(sample):
            start = sample.sentences[place].start - low
            style = self._style("fact", bold=True) if self._marks[place].said else "dim"
            parts += [context[done:start], Content.assemble((words, style))]
            done = start
        return Content("").join([*parts, context[done:]]) if parts else context

    def _shown_marks(self, sample: QASample) -> list[tuple[int, str]]:
        """Return the place and the mark of each sentence that begins in the shown context."""
        low, high = self._shown(sample)
        return [
            (place, ("\n" if sentence.start > low else "") + f"{self._marks[place].text.strip()} ")
            for place, sentence in enumerate(sample.sentences[: len(self._marks)])
            if low <= sentence.start < high
        ]

    def _before(self, sample: QASample, place: int) -> int:
        """Return how many characters the marks of sentences that begin up to ``place`` take."""
        return sum(
            len(words)
            for sentence, words in self._shown_marks(sample)
            if sample.sentences[sentence].start <= place
        )

    def _runners_up(self) -> list[Content]:
        if self._extraction is None or self._extraction.prediction is None:
            return []
        others = [
            f"{_cut(clean(candidate.text)) or '(no answer)'} {candidate.probability:.2f}"
            for candidate in self._extraction.prediction.n_best[1:4]
        ]
        return [Content.assemble(("  then      " + "  |  ".join(others), "dim"))] if others else []

    def _predicted(self) -> list[Content]:
        extraction = self._extraction
        if extraction is None:
            return []
        prediction, scores = extraction.prediction, extraction.scores
        if prediction is None:
            return [Content.assemble(("this model makes no prediction", "italic"))]
        text = _cut(clean(prediction.text)) or "(no answer)"
        sign = mark(scores, ascii=self._look.ascii)
        figures = f"  p {prediction.probability:.2f}"
        if scores is not None:
            figures += f"  {sign} EM {scores.exact_match:.0f} F1 {scores.f1:.2f}"
        found = Content.assemble(
            (f"{self._look.glyph('answer')} predicted ", self._style("answer", bold=True)),
            (text, "bold"),
            figures,
        )
        return [found]

    def _shown(self, sample: QASample) -> tuple[int, int]:
        length = len(sample.context)
        if length <= _ROOM:
            return 0, length
        if self._extraction is None:
            return 0, _ROOM
        window = self._extraction.window
        spare = max(_ROOM - (window.end - window.start), 0) // 2
        low = max(window.start - spare, 0)
        return low, min(low + _ROOM, length)

    def _marked(self, sample: QASample, part: str, low: int, high: int) -> Content:
        """Return a slice of question or context with its tokens' roles as styles."""
        extraction = self._extraction
        text = clean((sample.question if part == "question" else sample.context)[low:high])
        spans = []
        if part == "context":
            fact = self._style("fact")
            spans += [Span(s.start - low, s.end - low, fact) for s in sample.supporting]
            if extraction is None:
                spans += [
                    Span(answer.span.start - low, answer.span.end - low, self._style("gold"))
                    for answer in sample.answers
                    if answer.span is not None
                ]
        if extraction is not None:
            spans += self._token_spans(extraction, part, low)
            if part == "context":
                text, spans = self._windowed(extraction, text, spans, low, high)
        inside = [
            Span(max(span.start, 0), min(span.end, len(text)), span.style)
            for span in spans
            if span.end > 0 and span.start < len(text)
        ]
        return Content(text, spans=inside)

    def _token_spans(self, extraction: Extraction, part: str, low: int) -> list[Span]:
        spans = []
        for token in extraction.tokens:
            if token.part != part or token.end <= token.start:
                continue
            role = extraction.roles[token.index]
            if role in ("answer", "gold"):
                style = self._style(role, bold=True, underline=True)
                spans.append(Span(token.start - low, token.end - low, style))
        if self._selected is not None:
            token = extraction.tokens[self._selected]
            if token.part == part and token.end > token.start:
                spans.append(Span(token.start - low, token.end - low, Style(reverse=True)))
        return spans

    def _windowed(
        self, extraction: Extraction, text: str, spans: list[Span], low: int, high: int
    ) -> tuple[str, list[Span]]:
        """Dim what the shown window does not cover and say where a cut text goes on."""
        start, end = extraction.window.start - low, extraction.window.end - low
        dim = Style(dim=True)
        if start > 0:
            spans.append(Span(0, start, dim))
        if end < len(text):
            spans.append(Span(end, len(text), dim))
        if high < len(extraction.sample.context):
            text += f"\n… {len(extraction.sample.context) - high:,} characters more"
        return text, spans

    def _style(self, role: str, *, bold: bool = False, underline: bool = False) -> Style:
        colour = self._look.theme.roles[role].colour
        return Style.parse(
            " ".join([*(["bold"] if bold else []), *(["underline"] if underline else []), colour])
        )


def _cut(text: str) -> str:
    """Return an answer that leaves room for the rest of the pane."""
    if len(text) <= _ANSWER_ROOM:
        return text
    return f"{text[:_ANSWER_ROOM]}… ({len(text):,} characters)"


def _title(sample: QASample) -> str:
    return clean(sample.id)[:40].replace("[", "\\[")
