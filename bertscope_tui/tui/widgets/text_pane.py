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
from bertscope_tui.tui.widgets.edits import (
    Changes,
    Edits,
    Insert,
    Part,
    Placed,
    part_of,
    put_into,
)

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
        self._sentence: int | None = None
        self._edits = Edits()
        self._changes: dict[Part, Changes] = {"question": Changes(), "context": Changes()}
        self._context_place = 0
        self._probes = self._probes_title = ""
        self._marks: tuple[FactMark, ...] = ()
        self._behind = False
        self._placed = Placed(Content(""))
        self._body = Static("", id="text-body", markup=False)

    def compose(self) -> ComposeResult:
        """Hold one static text that scrolls."""
        yield self._body

    def show_sample(self, sample: QASample | None, *, message: str = "") -> None:
        """Show a record before the model has seen it, or a message where there is none."""
        self._sample, self._extraction, self._selected = sample, None, None
        self._probes, self._marks = "", ()
        self._sentence, self._probes_title = None, ""
        self._retitle()
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
        self._probes_title = title
        self._retitle()
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

    def set_edits(self, edits: Edits) -> None:
        """Say from now on what was done to the sample; what is on screen is drawn again."""
        self._edits = edits
        self._redraw()

    # -- the sentence cursor -------------------------------------------------------------------

    @property
    def sentence(self) -> int | None:
        """Return the sentence under the cursor, counted from 0; None without a cursor."""
        return self._sentence

    def show_sentence(self, sentence: int | None) -> None:
        """Put the cursor on a sentence of the sample that is shown, or take it away."""
        self._sentence = sentence
        self._retitle()
        self._redraw()
        self.call_after_refresh(self._reveal)

    def move_sentence(self, step: int) -> None:
        """Move the cursor by sentences, stopping at both ends."""
        if self._sentence is not None and self._sample is not None:
            last = len(self._sample.sentences) - 1
            self.show_sentence(min(max(self._sentence + step, 0), last))

    def _retitle(self) -> None:
        """Say on the border which sentence the cursor is on, else what probes say."""
        title = self._probes_title
        if self._sentence is not None and self._sample is not None:
            count = len(self._sample.sentences)
            title = f"sentence {self._sentence + 1} of {count}: X strikes it out, Esc"
        self.border_subtitle = clean(title).replace("[", "\\[")

    def _redraw(self) -> None:
        """Show the sample anew; the panes are laid out again only where it takes other lines.

        While another pane has its place, only when it comes back.
        """
        if self._sample is None:
            return
        if not self.is_on_screen:
            self._behind = True
            return
        content, size = self._content(self._sample), self._body.size
        self._body.update(content, layout=len(content.wrap(max(size.width, 1))) != size.height)

    def on_show(self) -> None:
        """Catch up with what happened while the pane was out of sight."""
        if self._behind and self._sample is not None:
            self._behind = False
            self._body.update(self._content(self._sample))
            self.call_after_refresh(self._reveal)

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
        place: int | None = None
        if self._sentence is not None:
            place = sample.sentences[self._sentence].start
        elif sought is not None:
            token = extraction.tokens[sought]
            if token.part == "special":  # it has no place in the text
                return
            place = token.start if token.part == "context" else None
        else:
            return
        above = 0
        if place is not None:
            text = self._content(sample)
            before = self._context_place + self._placed.place(place - self._shown(sample)[0])
            above = len(text[:before].wrap(width)) - 1
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
            self._edited(
                self._marked(sample, "question", 0, len(sample.question)), sample, "question", 0
            ).content,
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
        lines = [*self._edits.lines, head, *self._predicted(), gold, *self._runners_up(), *notes]
        above = Content("\n").join([*lines, Content(""), Content("")])
        self._context_place = len(above)
        context = self._marked(sample, "context", low, high)
        self._placed = self._edited(context, sample, "context", low)
        return above + self._placed.content

    def _edited(self, content: Content, sample: QASample, part: Part, low: int) -> Placed:
        """Put marks into a slice of question or context: of its sentences, and of the edits."""
        marks = self._sentence_marks(sample) if part == "context" else []
        base = self._edits.base
        if base is None:
            return put_into(content, marks)
        changes = self._changes[part].between(part_of(base, part), part_of(sample, part))
        return put_into(*changes.marked(content, low, marks))

    def _sentence_marks(self, sample: QASample) -> list[Insert]:
        """Return the mark of each sentence that begins in the shown context."""
        low, high = self._shown(sample)
        made = []
        for one, sentence in zip(self._marks, sample.sentences, strict=False):
            if low <= sentence.start < high:
                words = ("\n" if sentence.start > low else "") + f"{one.text.strip()} "
                style = self._style("fact", bold=True) if one.said else "dim"
                made.append(Insert(sentence.start - low, Content.assemble((words, style))))
        return made

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
            if self._sentence is not None and self._sentence < len(sample.sentences):
                at = sample.sentences[self._sentence]
                spans.append(Span(at.start - low, at.end - low, Style(reverse=True)))
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
