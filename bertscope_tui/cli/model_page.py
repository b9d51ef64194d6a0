"""A model's card as a page of text."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence

from bertscope_tui.data.hygiene import clean
from bertscope_tui.models.card import Card, DataRecord, Point, Scalar
from bertscope_tui.models.catalog import ModelEntry
from bertscope_tui.models.provenance import Provenance, State
from bertscope_tui.plots.columns import table

_MOST_POINTS = 20
_TASKS_IN_A_ROW = 6
_BASE_WORDS: dict[State | None, str] = {
    "unchanged": "with the weights that the training began with",
    "changed": "but with other weights now",
    "unreadable": "but its weights cannot be read",
    None: "",
}


def model_page(found: Provenance) -> str:
    """Return everything that is known of a model, made safe for a terminal."""
    entry, card = found.entry, found.card
    lines = [clean(f"{entry.name} ({entry.source})"), *_pairs(_facts(found))]
    if card is None:
        lines += ["", clean(f"no usable card: {found.problem}") if found.problem else "no card"]
        return "\n".join(lines)
    lines += _section("Data", _data_lines(found, card))
    lines += _section("Settings", _pairs((key, _value(v)) for key, v in card.settings.items()))
    lines += _section("Scores on the dev set over time", _history(card))
    lines += _section("Accuracy by task", _tasks(card))
    lines += _section("Grid", _grid(card))
    lines += _section("Versions", _pairs(card.versions.items()))
    lines += _section("Notes", [f"  {clean(note)}" for note in card.notes])
    lines += _section("Made again by", [f"  {command_line(card.command)}"] if card.command else [])
    return "\n".join(lines)


def base_name(entry: ModelEntry) -> str:
    """Return the base of a model in a few characters: of a folder only its last part."""
    base = entry.base
    if base is None:
        return "-"
    is_path = base.startswith((os.sep, ".", "~"))
    return clean(os.path.basename(base.rstrip(os.sep)) or base if is_path else base)


def command_line(arguments: Sequence[str]) -> str:
    """Return a command as a shell takes it, with nothing in it that a terminal obeys."""
    return " ".join(map(_quoted, arguments))


def _quoted(argument: str) -> str:
    if clean(argument) == argument:
        return shlex.quote(argument)
    letters = (
        f"\\{letter}"
        if letter in "\\'"
        else letter
        if clean(letter) == letter
        else "".join(f"\\x{byte:02x}" for byte in _bytes_of(letter))
        for letter in argument
    )
    return f"$'{''.join(letters)}'"


def _bytes_of(letter: str) -> bytes:
    """Return a character as a file name has it; half of a pair that stands for no byte as it is."""
    escaped = "\udc80" <= letter <= "\udcff"
    return letter.encode("utf-8", "surrogateescape" if escaped else "surrogatepass")


def _facts(found: Provenance) -> Iterable[tuple[str, str]]:
    entry, card = found.entry, found.card
    yield "folder", str(entry.path)
    if entry.problem:
        yield "problem", entry.problem
    network = [entry.architecture or "unknown architecture"]
    if entry.layers is not None:
        network.append(f"{entry.layers} layers")
    if entry.hidden_size is not None:
        network.append(f"hidden size {entry.hidden_size}")
    yield "network", ", ".join([*network, f"{entry.bytes / 1e6:.1f} MB"])
    yield "head", entry.head or "none"
    if card is None:
        return
    if card.base or card.base_path:
        yield "base", _base(found, card)
    if card.score is not None:
        yield "dev score", f"{card.score:.4f}{f' ({card.metric})' if card.metric else ''}"
    if card.scores is not None:
        yield "as saved", _scores(card)
    if card.steps is not None:
        best = "" if card.best_step is None else f", the best at {card.best_step}"
        yield "steps", f"{card.steps}{best}"
    if card.seconds is not None:
        yield "time", f"{_duration(card.seconds)}{f' on {card.device}' if card.device else ''}"
    for name, value in (
        ("preset", card.preset),
        ("seed", None if card.seed is None else str(card.seed)),
        ("created", card.created),
        ("licence", card.licence),
    ):
        if value is not None:
            yield name, value


def _base(found: Provenance, card: Card) -> str:
    name = card.base or card.base_path or ""
    base = found.base
    if base is None:
        return f"{name}, not on this machine"
    where = base.name if base.source != "folder" else str(base.path)
    known = f"{name}, here" if where == name else f"{name}, here as {where}"
    words = _BASE_WORDS.get(found.base_state, "")
    return f"{known} {words}".rstrip()


def _scores(card: Card) -> str:
    scores = card.scores
    if scores is None:
        return ""
    parts = [
        f"{name} {value:.4f}"
        for name, value in (
            ("exact match", scores.exact_match),
            ("F1", scores.f1),
            ("accuracy", scores.accuracy),
        )
        if value is not None
    ]
    if scores.questions is not None:
        parts.append(f"{scores.questions} questions")
    return ", ".join(parts)


def _data_lines(found: Provenance, card: Card) -> list[str]:
    lines = []
    for part, data in (("train", card.data.train), ("dev", card.data.dev)):
        if data is None:
            continue
        lines.append(clean(f"  {part}: {_data(data)}"))
        if part == "dev" and card.data.train is not None and data.files == card.data.train.files:
            lines.append("    the same files")  # a part of the data was held out
            continue
        lines += [
            clean(f"    {one.state:<10} {one.file.path} ({one.file.bytes} bytes)")
            for one in found.files
            if one.part == part
        ]
    return lines


def _data(data: DataRecord) -> str:
    parts = [data.name or "?", *(one for one in (data.format, data.variant) if one)]
    if data.split:
        parts.append(f"split {data.split}")
    if data.tasks:
        parts.append(f"tasks {' '.join(data.tasks)}")
    if data.questions is not None:
        parts.append(f"{data.questions} questions")
    if data.skipped:
        parts.append(f"{data.skipped} skipped")
    return ", ".join(parts)


def _history(card: Card) -> list[str]:
    """Return the scores as a table: at most twenty points, the best and the last among them."""
    points = _thinned(card.history, card.best_step)
    if not points:
        return []
    columns: list[tuple[str, list[str]]] = [
        (" ", ["*" if point.step == card.best_step else " " for point in points]),
        ("step", [str(point.step) for point in points]),
    ]
    for head, values, digits in (
        ("epoch", [point.epoch for point in points], 2),
        ("loss", [point.loss for point in points], 4),
        ("score", [point.score for point in points], 4),
        ("exact match", [point.exact_match for point in points], 4),
        ("F1", [point.f1 for point in points], 4),
        ("accuracy", [point.accuracy for point in points], 4),
        ("seconds", [point.seconds for point in points], 0),
    ):
        if any(value is not None for value in values):
            # A loss can be of any size.
            form = f".{digits}g" if head == "loss" else f".{digits}f"
            columns.append((head, ["-" if v is None else f"{v:{form}}" for v in values]))
    heads = [head for head, _ in columns]
    rows = list(zip(*(cells for _, cells in columns), strict=True))
    lines = table(heads, rows, right=range(1, len(heads))).splitlines()
    if len(points) < len(card.history):
        lines.append(f"  {len(points)} of {len(card.history)} points (--json has them all)")
    return lines


def _thinned(points: Sequence[Point], best: int | None) -> list[Point]:
    count = len(points)
    if count <= _MOST_POINTS:
        return list(points)
    kept = {round(place * (count - 1) / (_MOST_POINTS - 1)) for place in range(_MOST_POINTS)}
    kept |= {place for place, point in enumerate(points) if point.step == best}
    return [points[place] for place in sorted(kept)]


def _tasks(card: Card) -> list[str]:
    tasks = {} if card.scores is None else card.scores.tasks
    # Numbers by their size, other names after them.
    names = sorted(tasks, key=lambda name: (not name.isdecimal(), len(name), name))
    cells = [f"{clean(name):>4} {tasks[name]:.4f}" for name in names]
    return [
        "  ".join(cells[start : start + _TASKS_IN_A_ROW])
        for start in range(0, len(cells), _TASKS_IN_A_ROW)
    ]


def _grid(card: Card) -> list[str]:
    if not card.grid:
        return []
    names = list(dict.fromkeys(name for trial in card.grid for name in trial.settings))
    rows = [
        (
            *(clean(_value(trial.settings[n])) if n in trial.settings else "-" for n in names),
            "-" if trial.score is None else f"{trial.score:.4f}",
            _whole(trial.best_step),
        )
        for trial in card.grid
    ]
    heads = (*map(clean, names), "score", "best step")
    return [f"  {line}" for line in table(heads, rows, right=range(len(heads))).splitlines()]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, *lines] if lines else []


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[str]:
    cleaned = [(clean(name), clean(value)) for name, value in pairs]
    width = max((len(name) for name, _ in cleaned), default=0)
    return [f"  {name:<{width}}  {value}".rstrip() for name, value in cleaned]


def _value(value: Scalar) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _whole(value: int | None) -> str:
    return "-" if value is None else str(value)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
