"""A run's samples as files: JSON lines, CSV for spreadsheets, Markdown for reading.

JSON lines hold every text as it is. The other two are for programs that act on what they show, so
in both control characters (but for line breaks and tabs), direction marks and halves of surrogate
pairs become visible characters, and in both

- CSV: a text whose first character that is not white space is one of ``= + - @``, also in their
  full width, or ``'``, or that begins with a tab or a line break, gets a ``'`` put before it: a
  spreadsheet would take it for a formula. Taking one ``'`` away from the front of every text that
  has one gives the text back. Numbers are left alone.
- Markdown: characters with a meaning in Markdown or HTML are escaped, also those that would make a
  link of an address; white space becomes blanks.

All give one sample at a time, so that any number can be written.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, get_args

from bertscope_tui.data.hygiene import clean, json_text
from bertscope_tui.engine.scanned import SIGNALS
from bertscope_tui.scans.records import Run, SampleRow

Format = Literal["csv", "jsonl", "md"]
FORMATS: tuple[Format, ...] = get_args(Format)

_STEERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20']|[\t\r\n]")
_MARKUP = re.compile(r"[\\`*_\[\]#|~<>&$@]|:(?=//)|(?<=www)\.", re.IGNORECASE)
"""What means something inside a line of Markdown; texts never stand at the beginning of one."""

_FIELDS = (
    "place",
    "id",
    "right",
    "question",
    "prediction",
    "gold",
    "exact_match",
    "f1",
    "confidence",
    "failure",
    "evidence",
    "first_layer",
    "tags",
    "note",
    "group",
    "task",
    "sight",
    "error",
)


def export(run: Run, rows: Iterable[SampleRow], form: Format) -> Iterator[str]:
    """Yield the parts of the file that has these samples of ``run``, in their order."""
    if form == "jsonl":
        return (json_text(sample_object(row)) + "\n" for row in rows)
    return _csv(run, rows) if form == "csv" else _markdown(run, rows)


def sample_object(row: SampleRow) -> dict[str, Any]:
    """Return a sample as a JSON object, with all that is known of it but the pooled vector."""
    scanned = row.scanned
    prediction, scores = scanned.prediction, scanned.scores
    signals = scanned.signals
    return {
        "place": scanned.place,
        "id": scanned.sample_id,
        "question": row.question,
        "prediction": None if prediction is None else prediction.text,
        "gold": list(row.gold),
        "right": scanned.right,
        "exact_match": None if scores is None else scores.exact_match,
        "f1": None if scores is None else scores.f1,
        "confidence": None if prediction is None else prediction.probability,
        "failure": row.failure,
        "evidence": row.evidence,
        "first_layer": row.first_layer,
        "tags": list(row.tags),
        "note": row.note,
        "group": row.group,
        "task": row.task_name,
        "impossible": scanned.impossible,
        "sight": scanned.sight,
        "span": _span(prediction),
        "gold_spans": [[span.start, span.end] for span in scanned.gold_spans],
        "sentences": scanned.sentences,
        "facts": list(scanned.facts),
        "predicted_sentence": scanned.predicted_sentence,
        "window": scanned.window,
        "windows": scanned.windows,
        "n_best": [
            {"text": one.text, "span": _span(one), "probability": one.probability}
            for one in (() if prediction is None else prediction.n_best)
        ],
        "signals": {}
        if signals is None
        else {name: signals[place].tolist() for place, name in enumerate(SIGNALS)},
        "best_sentence": None if scanned.best_sentence is None else scanned.best_sentence.tolist(),
        "lens": None if scanned.lens is None else scanned.lens.tolist(),
        "error": scanned.error,
    }


def _span(answer: Any) -> list[int] | None:
    span = None if answer is None else answer.span
    return None if span is None else [span.start, span.end]


def _csv(run: Run, rows: Iterable[SampleRow]) -> Iterator[str]:
    layers = range(run.layers + 1)
    yield _line([*_FIELDS, *(f"{name}_{layer}" for name in SIGNALS for layer in layers)])
    for row in rows:
        found = sample_object(row)
        found["gold"] = " | ".join(found["gold"])
        found["tags"] = " ".join(found["tags"])
        cells = [found[name] for name in _FIELDS]
        signals = found["signals"]
        cells += [value for name in SIGNALS for value in signals.get(name, [None] * len(layers))]
        yield _line([_cell(value) for value in cells])


def _line(cells: Sequence[Any]) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerow(cells)
    return made.getvalue()


def _cell(value: Any) -> Any:
    """Return a cell: numbers as they are, nothing for what there is none of, safe text."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        return value
    text = _visible(value)
    return f"'{text}" if _FORMULA.match(text) else text


def _visible(text: str) -> str:
    """Return a text in which nothing steers a terminal; line breaks and tabs stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub(lambda match: clean(match[0]), text)
    return _STEERING.sub(lambda match: clean(match[0]), text)


def _markdown(run: Run, rows: Iterable[SampleRow]) -> Iterator[str]:
    yield f"# {_marked(run.name)}\n\nAnswers of {_marked(run.model)} to {_marked(run.dataset)}\n"
    for row in rows:
        found = sample_object(row)
        mark = {True: "✓", False: "✗", None: "?"}[found["right"]]
        yield f"\n## {mark} {found['place'] + 1}: {_marked(found['id'])}\n\n"
        yield "".join(f"- {name}: {value}\n" for name, value in _said(found) if value)
        if found["signals"]:
            yield "\n" + _signal_table(found["signals"])


def _said(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "question", _marked(found["question"])
    if found["error"] is not None:
        yield "not run", _marked(found["error"])
    else:
        yield "predicted", _marked(found["prediction"] or "") or "no answer"
        yield "confidence", f"{found['confidence']:.3f}"
    gold = " / ".join(_marked(text) for text in found["gold"])
    yield "gold", gold or ("no answer" if found["impossible"] else "")
    if found["f1"] is not None:
        yield "F1", f"{found['f1']:.3f}"
    if found["failure"] is not None:
        layer = found["first_layer"]
        where = "" if layer is None else f", shows at layer {layer}"
        yield "failure", f"{_marked(found['failure'])}{where}"
        yield "evidence", _marked(found["evidence"])
    yield "tags", ", ".join(_marked(tag) for tag in found["tags"])
    yield "note", _marked(found["note"])


def _signal_table(signals: dict[str, list[float]]) -> str:
    layers = range(len(next(iter(signals.values()))))
    lines = [
        "| layer | " + " | ".join(str(layer) for layer in layers) + " |",
        "| --- |" + " ---: |" * len(layers),
    ]
    for name, values in signals.items():
        cells = ["" if value != value else f"{value:.3f}" for value in values]
        lines.append(f"| {_marked(name)} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _marked(text: str) -> str:
    """Return a text as Markdown that shows it on one line and means nothing else."""
    plain = " ".join(_visible(text).split())
    return _MARKUP.sub(lambda match: _ESCAPES.get(match[0], f"\\{match[0]}"), plain)


_ESCAPES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
