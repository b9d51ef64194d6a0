"""A fine-tuning while it is still being written down, field by field, as texts.

What a form holds: `plan_of` turns it into a plan, or says which field is wrong and why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from bertscope_tui.data.open import splits_in
from bertscope_tui.errors import BertscopeError, DataError, InputError
from bertscope_tui.models.cache import LONGEST_NAME, check_name, ensure_free
from bertscope_tui.models.catalog import find_model
from bertscope_tui.models.weights import Head
from bertscope_tui.training.plan import PRESETS, Plan, Preset, Settings, Source, parse_grid
from bertscope_tui.training.runs import read_run, run_folder
from bertscope_tui.training.views import number

FieldName = Literal[
    "base",
    "data",
    "split",
    "dev",
    "dev_split",
    "preset",
    "name",
    "lr",
    "batch_size",
    "epochs",
    "max_steps",
    "eval_steps",
    "seed",
    "grid",
]

NUMBERS: Final[dict[FieldName, type[int] | type[float]]] = {
    "lr": float,
    "batch_size": int,
    "epochs": float,
    "max_steps": int,
    "eval_steps": int,
    "seed": int,
}
"""The fields that are settings of the plan, and what they are."""

_OPTIONAL: Final = frozenset(("max_steps",))
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


class DraftError(InputError):
    """What is wrong in one field."""

    def __init__(self, name: FieldName, message: str) -> None:
        super().__init__(message)
        self.field: FieldName = name


@dataclass(frozen=True, slots=True)
class Data:
    """A data set in one of its variants."""

    path: Path
    variant: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """The fields of a form. ``dev`` is None where a part of the data is to be held out.

    ``split`` and ``dev_split`` are empty where the data set has no splits. Numbers and the grid
    are texts as typed; an empty ``max_steps`` sets no limit.
    """

    base: str
    data: Data | None
    split: str = ""
    dev: Data | None = None
    dev_split: str = ""
    preset: str | None = None
    name: str = ""
    lr: str = number(Settings().lr)
    batch_size: str = str(Settings().batch_size)
    epochs: str = f"{Settings().epochs:g}"
    max_steps: str = ""
    eval_steps: str = str(Settings().eval_steps)
    seed: str = str(Settings().seed)
    grid: str = ""
    keep_yes_no: bool = False
    device: str = "auto"

    @property
    def head(self) -> Head:
        """Return the head that the data ask for."""
        return head_of(self.data)


def head_of(data: Data | None) -> Head:
    """Return the head for a data set: answers as labels are classes, all others are spans."""
    return "classification" if data is not None and data.variant == "classification" else "span"


def presets_for(data: Data | None) -> list[Preset]:
    """Return the set-ups of the paper that read data in this variant, the likeliest first."""
    variant = data.variant if data is not None else None
    return [preset for preset in PRESETS.values() if preset.variant == variant]


def splits_of(data: Data | None) -> tuple[str, ...]:
    """Return the splits to choose from, none where there is nothing to choose."""
    try:
        found = splits_in(data.path) if data is not None else ()
    except (DataError, OSError):
        return ()
    return found if len(found) > 1 else ()


def preferred(splits: Iterable[str], *wanted: str) -> str:
    """Return the first of ``wanted`` that there is, else the first split, else an empty text."""
    there = list(splits)
    return next((split for split in (*wanted, *there) if split in there), "")


def suggested_name(data: Data | None, stem: str, taken: Iterable[str]) -> str:
    """Return a name for a model after its data set that no model or run has (``stories-2``)."""
    root = _UNFIT.sub("-", stem).strip("-.") or "model"
    if head_of(data) == "classification":
        root += "-labels"
    root = root[: LONGEST_NAME - 8]
    used = {name.casefold() for name in taken}
    number = 1
    while (name := root if number == 1 else f"{root}-{number}").casefold() in used:
        number += 1
    return name


def suggested_eval_steps(questions: int) -> str:
    """Return steps between scores that give about ten of them, at most what the paper has.

    Counted for the default number of epochs and batch size, and rounded down to 1, 2 or 5 times
    a power of ten.
    """
    usual = Settings()
    wanted = questions * usual.epochs / usual.batch_size / 10
    power = 10
    while power * 10 <= wanted:
        power *= 10
    step = max(times * power for times in (1, 2, 5) if times == 1 or times * power <= wanted)
    return str(min(step, usual.eval_steps))


def plan_of(draft: Draft) -> Plan:
    """Return the plan; raises DraftError for the first field that is wrong."""
    for name in CHECKS:
        check(draft, name)
    assert draft.data is not None
    preset = PRESETS.get(draft.preset or "")
    train = _source(draft, draft.data, draft.split)
    dev = None if draft.dev is None else _source(draft, draft.dev, draft.dev_split)
    settings = _settings(draft)
    settings = replace(
        settings,
        max_tokens=_window(draft.data, preset),
        # Some losses between two scores, so that short trainings have a curve as well.
        log_steps=min(settings.log_steps, max(settings.eval_steps // 10, 1)),
    )

    def make() -> Plan:
        return Plan(
            name=draft.name.strip(),
            base=_base(draft.base),
            head=draft.head,
            train=train,
            dev=dev,
            preset=draft.preset,
            settings=settings,
            grid=parse_grid(draft.grid.split()),
            device=draft.device,
        )

    # Of all that a plan checks only the values of the grid are left to be wrong.
    return _at("grid", make)  # type: ignore[no-any-return]


def check(draft: Draft, name: FieldName) -> None:
    """Raise DraftError if a field is wrong, seen for itself."""
    if name in CHECKS:
        _at(name, lambda: CHECKS[name](draft))


def _check_base(draft: Draft) -> None:
    if not draft.base:
        raise InputError("no model to begin with is given")
    entry = find_model(draft.base)
    if entry.problem is not None:
        raise InputError(f"{entry.name}: {entry.problem}")


def _check_data(draft: Draft) -> None:
    if draft.data is None:
        raise InputError("no data set is given")
    if not draft.data.path.exists():
        raise InputError(f"{draft.data.path}: not there")


def _check_dev(draft: Draft) -> None:
    if draft.dev is None:
        return
    if not draft.dev.path.exists():
        raise InputError(f"{draft.dev.path}: not there")
    if head_of(draft.dev) != draft.head:
        wanted = "answers as labels" if draft.head == "classification" else "answers as spans"
        raise InputError(f"needs {wanted}, as the data learnt from")
    if (draft.dev, draft.dev_split) == (draft.data, draft.split):
        raise InputError("the same questions as those learnt from")


def _check_name(draft: Draft) -> None:
    name = draft.name.strip()
    if not name:
        raise InputError("a name is needed")
    check_name(name)
    try:
        ensure_free(name, force=False)
    except InputError as error:
        raise InputError(error.message) from error  # its remedy is an option of the command line
    run = read_run(name) if run_folder(name).is_dir() else None
    if run is not None and run.status.state != "done":
        raise InputError(f"a training of this name is {run.status.state}")


def _check_grid(draft: Draft) -> None:
    parse_grid(draft.grid.split())


def _number(name: FieldName) -> Callable[[Draft], None]:
    def check_number(draft: Draft) -> None:
        replace(Settings(), **_given(draft, name))

    return check_number


def _given(draft: Draft, name: FieldName) -> dict[str, Any]:
    """Return a number that was typed under the name of its setting; none where it may be left."""
    text = getattr(draft, name).strip()
    if not text and name in _OPTIONAL:
        return {}
    try:
        return {name: NUMBERS[name](text)}
    except ValueError as exc:
        kind = "a whole number" if NUMBERS[name] is int else "a number"
        raise InputError(f"{text!r} is not {kind}" if text else f"{kind} is needed") from exc


def _settings(draft: Draft) -> Settings:
    made: dict[str, Any] = {}
    for name in NUMBERS:
        made |= _given(draft, name)
    return Settings(**made)


CHECKS: Final[dict[FieldName, Callable[[Draft], None]]] = {
    "base": _check_base,
    "data": _check_data,
    "dev": _check_dev,
    "name": _check_name,
    **{name: _number(name) for name in NUMBERS},
    "grid": _check_grid,
}


def _at(name: FieldName, work: Callable[[], Any]) -> Any:
    """Do ``work`` and say of what goes wrong that it is this field."""
    try:
        return work()
    except DraftError:
        raise
    except BertscopeError as error:
        raise DraftError(name, str(error)) from error


def _base(text: str) -> str:
    """Return a base as a plan names it: by its name, a folder by its absolute path."""
    entry = find_model(text)
    return str(entry.path.absolute()) if entry.source == "folder" else entry.name


def _source(draft: Draft, data: Data, split: str) -> Source:
    return Source(
        path=str(data.path.absolute()),
        variant=data.variant,
        split=split or None,
        keep_yes_no=draft.keep_yes_no,
    )


def _window(data: Data, preset: Preset | None) -> int:
    """Return how many tokens a window takes: those of the set-up, else what the paper gives it."""
    if preset is not None:
        return preset.max_tokens
    return max((one.max_tokens for one in presets_for(data)), default=Settings().max_tokens)
