"""One inspected sample as a page of text, for a terminal, a file or a pipe.

Everything from data goes through `bertscope_tui.data.hygiene`; the only control sequences in a
page are the colours of the pictures, where they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from bertscope_tui.analysis.phases import Phases
from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.records import Span
from bertscope_tui.engine.roles import Role
from bertscope_tui.inspection.report import notes
from bertscope_tui.inspection.snapshots import Extraction, Pictures
from bertscope_tui.inspection.views import (
    Look,
    answers_line,
    axis_titles,
    legend,
    mark,
    phases_words,
    picture_words,
    points,
    stamps,
    token_label,
)
from bertscope_tui.plots.cells import clusters, width_of
from bertscope_tui.plots.scatter import scatter, to_text

_N_BEST = 5
_INDENT = "  "
_SHORTEST = 40
_MOST_LINES = 3
_BEFORE_TOKEN = 42


def inspect_page(
    pictures: Pictures,
    layers: Sequence[int],
    look: Look,
    phases: Phases,
    *,
    width: int = 80,
    colour: bool = False,
) -> str:
    """Return the page with the pictures of these layers, ``width`` cells wide (40 at least)."""
    width = max(width, _SHORTEST)
    extraction = pictures.extraction
    lines = [
        *_head(extraction, width),
        "",
        "Question",
        *_wrapped(extraction.sample.question, width),
        "",
        "Context",
        *_context(extraction, look, width),
        "",
        *_answers(extraction, look, width),
    ]
    said = notes(extraction)
    if said:
        lines.extend(["", "Notes", *(line for note in said for line in _wrapped(note, width))])
    lines.extend(["", "Tokens", *_tokens(pictures, look, width)])
    lines.extend(["", "Phases", *_wrapped(phases_words(phases), width)])
    for layer in layers:
        lines.extend(["", *_picture(pictures, layer, look, width, colour)])
    return "\n".join(lines) + "\n"


def _head(extraction: Extraction, width: int) -> Iterator[str]:
    info, sample, window = extraction.model, extraction.sample, extraction.window
    head = {"span": "span head", "classification": "class head", None: "no head"}[info.head]
    layers = f"layers 0 to {extraction.layers}, {info.hidden_size} wide"
    yield from _fields(
        [
            ("Model", f"{clean(info.name)} ({clean(info.architecture)}, {head}, {layers})"),
            ("Device", f"{info.device}, {info.dtype}"),
            ("Sample", clean(sample.id)),
            ("From", clean(f"{extraction.dataset or sample.origin.path}, {sample.origin.record}")),
        ],
        width,
    )
    if window.count > 1:
        place = (
            f"{window.index} of 0 to {window.count - 1}, characters {window.start} to {window.end}"
        )
        best = (
            "" if window.best == window.index else f"; the best answer is in window {window.best}"
        )
        yield from _fields([("Window", place + best)], width)


def _fields(fields: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    for name, text in fields:
        first, *rest = _wrapped(text, width, indent=10)
        yield f"{name:<10}{first.lstrip()}"
        yield from rest


def _answers(extraction: Extraction, look: Look, width: int) -> Iterator[str]:
    prediction, scores = extraction.prediction, extraction.scores
    fields = []
    if prediction is None:
        fields.append(("Predicted", "(the model makes no prediction)"))
    else:
        text = prediction.text or "(no answer in the text)"
        after = f"  ({prediction.probability:.3f})"
        fields.append(("Predicted", _shortened(text, width - 10, after=after)))
    fields.append(("Gold", _shortened(answers_line(extraction.sample), width - 10)))
    yield from _fields(fields, width)
    if scores is not None:
        sign = mark(scores, ascii=look.ascii)
        yield f"Score     {sign} exact match {scores.exact_match:.0f}, F1 {scores.f1:.3f}"
    if prediction is not None and len(prediction.n_best) > 1:
        yield ""
        yield "Best answers"
        for candidate in prediction.n_best[:_N_BEST]:
            where = "" if candidate.span is None else f"{candidate.span.start}-{candidate.span.end}"
            text = _shortened(candidate.text or "(no answer)", width - 21)
            first, *rest = _wrapped(text, width, indent=21)
            yield f"{_INDENT}{candidate.probability:6.3f}  {where:<11}{first.lstrip()}"
            yield from rest


def _context(extraction: Extraction, look: Look, width: int) -> Iterator[str]:
    """Yield the context in lines, each with a line of role markers below where there are any."""
    sample, prediction = extraction.sample, extraction.prediction
    marks: list[Role | None] = [None] * len(sample.context)
    layers: list[tuple[Role, Sequence[Span]]] = [
        ("fact", sample.supporting),
        ("gold", [answer.span for answer in sample.answers if answer.span is not None]),
        ("answer", [prediction.span] if prediction and prediction.span else []),
    ]
    for role, spans in layers:
        for span in spans:
            marks[span.start : span.end] = [role] * (span.end - span.start)
    text = clean(sample.context)
    for start, end in _line_breaks(text, width - len(_INDENT)):
        line = text[start:end].rstrip()
        yield f"{_INDENT}{line}"
        below = []
        place = start
        for cluster, cells in clusters(line):
            marked_as = marks[place]
            below.append((look.glyph(marked_as) if marked_as else " ") * cells)
            place += len(cluster)
        marked = "".join(below).rstrip()
        if marked:
            yield f"{_INDENT}{marked}"
    yield ""
    yield from _legend(extraction, look, width)


def _legend(extraction: Extraction, look: Look, width: int) -> Iterator[str]:
    """Yield what the markers mean, with no marker at the end of a line."""
    line = ""
    for glyph, _, meaning in legend(extraction, "roles", look):
        entry = f"{glyph} {meaning}"
        if line and len(_INDENT) + len(line) + 3 + len(entry) > width:
            yield _INDENT + line
            line = ""
        line = f"{line}   {entry}" if line else entry
    yield _INDENT + line


def _wrapped(text: str, width: int, indent: int = len(_INDENT)) -> list[str]:
    """Return clean text in lines of at most ``width`` cells, each indented."""
    cleaned = clean(text)
    return [
        " " * indent + cleaned[start:end].rstrip()
        for start, end in _line_breaks(cleaned, width - indent)
    ] or [""]


def _shortened(text: str, width: int, *, after: str = "", lines: int = _MOST_LINES) -> str:
    """Return clean text that takes at most so many lines of ``width`` cells, ``after`` behind it.

    What had to be cut ends with the number of its characters.
    """
    cleaned = clean(text)
    breaks = list(islice(_line_breaks(cleaned + after, width), lines + 1))
    if len(breaks) <= lines:
        return cleaned + after
    tail = f"… ({len(text):,} characters){after}"
    end = breaks[lines - 1][0]
    room = width - width_of(tail)
    for cluster, cells in clusters(cleaned[end : breaks[lines - 1][1]]):
        room -= cells
        if room < 0:
            break
        end += len(cluster)
    return cleaned[:end] + tail


def _line_breaks(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Yield ``(start, end)`` of lines of at most ``width`` cells, broken at blanks."""
    parts = clusters(text)
    # Marks at the very beginning have nothing to stand on and belong to no cluster.
    start = place = len(text) - sum(len(cluster) for cluster, _ in parts)
    used = 0
    blank: int | None = None
    for cluster, cells in parts:
        if used + cells > width and not cluster.isspace():
            end = blank if blank is not None and blank > start else place
            yield start, end
            used = sum(size for _, size in clusters(text[end:place]))
            start, blank = end, None
        place += len(cluster)
        used += cells
        if cluster.isspace():
            blank = place
    if place > start:
        yield start, place


def _tokens(pictures: Pictures, look: Look, width: int) -> Iterator[str]:
    extraction = pictures.extraction
    shown = set(pictures.projection.shown.tolist())
    room = max(width - _BEFORE_TOKEN, _SHORTEST)
    yield f"{_INDENT}{'#':>4}  {'role':<10}{'characters':>12}  {'sentence':>8}  token"
    for token, role, sentence in zip(
        extraction.tokens, extraction.roles, extraction.sentences, strict=True
    ):
        where = "" if token.part == "special" else f"{token.start}-{token.end}"
        of = "" if sentence is None else str(sentence)
        label = _shortened(token_label(extraction, token.index), room, lines=1)
        hidden = "" if token.index in shown else "  (not in the picture)"
        yield (
            f"{_INDENT}{token.index:>4}  {look.glyph(role)} {role:<8}{where:>12}  {of:>8}  "
            f"{label}{hidden}"
        )


def _picture(pictures: Pictures, layer: int, look: Look, width: int, colour: bool) -> Iterator[str]:
    extraction = pictures.extraction
    name = " (embeddings)" if layer == 0 else ""
    heading = f"Layer {layer} of {extraction.layers}{name}: {picture_words(pictures, layer)}"
    yield from _wrapped(heading, width, indent=0)
    x_title, y_title = axis_titles(pictures, layer)
    picture = scatter(
        points(pictures, layer, stamps(pictures, "roles", look)),
        width=width,
        height=max(12, min(30, width // 4)),
        x_title=x_title,
        y_title=y_title,
        ascii=look.ascii,
        colour=colour,
    )
    yield to_text(picture, colour)
    yield from _legend(extraction, look, width)
