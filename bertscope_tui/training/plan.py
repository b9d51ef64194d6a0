"""What a fine-tuning is to do, written down before it begins: it can be resumed from this alone.

A plan is plain data, so the app and the command line make the same ones, and nothing here imports
torch. The presets are the set-ups of van Aken et al. 2019 (section 4, "Training Modalities"):
five epochs, development scores every 1,000 steps, the best of them kept, and learning rate, batch
size and schedule by grid.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal

from bertscope_tui.errors import InputError
from bertscope_tui.models.weights import Head

Schedule = Literal["linear", "cosine", "constant"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]

SCHEDULES: Final[tuple[Schedule, ...]] = ("linear", "cosine", "constant")
PRECISIONS: Final[tuple[Precision, ...]] = ("auto", "float32", "bfloat16", "float16")

DEV_SPLITS: Final = ("valid", "test")
"""What is scored on of a bAbI folder, if nothing else is asked for: what it has for that."""

SCHEMA = "bertscope.plan/1"


@dataclass(frozen=True, slots=True)
class Settings:
    """The hyper-parameters of one training.

    ``epochs`` passes over the training windows, or, where ``max_steps`` is set, that many optimiser
    steps, however many passes they are. A step takes ``batch_size`` windows, or, where
    ``batch_tokens`` is set, as many as stay within that many tokens with padding;
    ``accumulation`` such batches make one step.
    ``lr`` is the peak learning rate, reached after ``warmup`` (a fraction of all steps below 1,
    else a number of steps), from where ``schedule`` leads on. ``dropout`` replaces that of the
    base (None: as it is). ``freeze_embeddings`` leaves the word embeddings as they are.
    ``max_tokens`` and ``stride`` cut windows, in tokens. ``eval_steps``, ``save_steps`` and
    ``log_steps`` count optimiser steps between development scores, checkpoints and log lines.
    """

    lr: float = 3e-5
    batch_size: int = 16
    batch_tokens: int | None = None
    accumulation: int = 1
    schedule: Schedule = "linear"
    warmup: float = 0.1
    epochs: float = 5.0
    max_steps: int | None = None
    weight_decay: float = 0.01
    dropout: float | None = None
    freeze_embeddings: bool = False
    max_tokens: int = 384
    stride: int = 128
    eval_steps: int = 1000
    save_steps: int = 500
    log_steps: int = 25
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that no training can be run with; InputError names the value."""
        for name, check, wanted in _LIMITS:
            value = getattr(self, name)
            if value is not None and not check(value):
                raise InputError(f"{name.replace('_', '-')}: {value} is not {wanted}")
        if self.schedule not in SCHEDULES:
            raise InputError(f"schedule: {self.schedule!r} is none of {', '.join(SCHEDULES)}")


_LIMITS: Final[tuple[tuple[str, Callable[[Any], bool], str], ...]] = (
    ("lr", lambda v: 0 < v < 1, "between 0 and 1"),
    ("batch_size", lambda v: v >= 1, "1 or more"),
    ("batch_tokens", lambda v: v >= 8, "8 or more"),
    ("accumulation", lambda v: v >= 1, "1 or more"),
    ("warmup", lambda v: v >= 0 and math.isfinite(v), "0 or more"),
    ("epochs", lambda v: 0 < v <= 10_000, "above 0"),
    ("max_steps", lambda v: v >= 1, "1 or more"),
    ("weight_decay", lambda v: 0 <= v < 1, "from 0 up to 1"),
    ("dropout", lambda v: 0 <= v < 1, "from 0 up to 1"),
    ("max_tokens", lambda v: v >= 8, "8 or more"),
    ("stride", lambda v: v >= 0, "0 or more"),
    ("eval_steps", lambda v: v >= 1, "1 or more"),
    ("save_steps", lambda v: v >= 1, "1 or more"),
    ("log_steps", lambda v: v >= 1, "1 or more"),
    ("seed", lambda v: 0 <= v < 2**32, "from 0 up to 2^32"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """A data set to train on or to be scored on, and which part of it.

    ``path`` is absolute. ``limit`` takes that many questions, spread evenly over the data set.
    """

    path: str
    variant: str | None = None
    split: str | None = None
    tasks: tuple[str, ...] = ()
    keep_yes_no: bool = False
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole fine-tuning: one training for each point of the ``grid``, the best one kept.

    ``base`` is a name of the catalogue or a folder. Without ``dev`` a part of the training
    paragraphs is held out (see `bertscope_tui.training.data`). ``half`` stores the weights in 16
    bits. ``force`` replaces a model of the same name.
    """

    name: str
    base: str
    head: Head
    train: Source
    dev: Source | None = None
    preset: str | None = None
    settings: Settings = field(default_factory=Settings)
    grid: tuple[tuple[str, tuple[str, ...]], ...] = ()
    device: str = "auto"
    precision: Precision = "auto"
    half: bool = False
    force: bool = False

    def __post_init__(self) -> None:
        """Refuse a grid with an unknown key or value, before any work is done."""
        for _ in self.members():
            pass

    def members(self) -> Iterator[Settings]:
        """Yield the settings of every training of the grid, in a fixed order; one without grid."""
        keys = [_setting(key) for key, _ in self.grid]
        for values in itertools.product(*(texts for _, texts in self.grid)):
            changes = {key: _value(key, text) for key, text in zip(keys, values, strict=True)}
            yield replace(self.settings, **changes)

    def differences(self, member: Settings) -> dict[str, Any]:
        """Return what tells a training of the grid from the others: the grid's keys."""
        return {key: getattr(member, _setting(key)) for key, _ in self.grid}


@dataclass(frozen=True, slots=True)
class Preset:
    """A set-up of the paper: the head, how the data are read, and the length of windows."""

    name: str
    about: str
    head: Head
    variant: str | None
    max_tokens: int


PRESETS: Final[dict[str, Preset]] = {
    preset.name: preset
    for preset in (
        Preset("squad", "SQuAD, spans, 384 tokens", "span", None, 384),
        Preset(
            "hotpot-distractor",
            "HotpotQA with distractors, spans, 512 tokens",
            "span",
            "distractor",
            512,
        ),
        Preset(
            "hotpot-sp",
            "HotpotQA, supporting facts only, spans, 512 tokens",
            "span",
            "support-only",
            512,
        ),
        Preset("babi-span", "bAbI, possible answers appended, spans", "span", "span", 384),
        Preset("babi-class", "bAbI, answers as labels", "classification", "classification", 384),
    )
}
"""The paper's set-ups by name."""

GRID_KEYS: Final[tuple[str, ...]] = (
    "lr",
    "batch-size",
    "batch-tokens",
    "accumulation",
    "schedule",
    "warmup",
    "epochs",
    "weight-decay",
    "dropout",
    "seed",
)
"""What ``--grid`` may vary."""


def parse_grid(words: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Turn words such as ``lr=2e-5,3e-5`` into a grid; InputError names what is wrong in one."""
    grid: list[tuple[str, tuple[str, ...]]] = []
    for word in words:
        key, equals, text = word.partition("=")
        values = tuple(value.strip() for value in text.split(","))
        if not equals or not all(values):
            raise InputError(
                f"grid: {word!r} is not KEY=VALUE,VALUE", remedy="for instance lr=2e-5,3e-5"
            )
        if key in {earlier for earlier, _ in grid}:
            raise InputError(f"grid: {key} is given twice")
        for value in values:
            _value(_setting(key), value)
        grid.append((key, values))
    return tuple(grid)


def _setting(key: str) -> str:
    """Return the name of the setting that a grid's key stands for."""
    if key not in GRID_KEYS:
        raise InputError(f"grid: no setting {key!r}", remedy=f"there are {', '.join(GRID_KEYS)}")
    return key.replace("-", "_")


_KINDS = {entry.name: str(entry.type) for entry in fields(Settings)}


def _value(name: str, text: str) -> Any:
    """Read one value of a grid as the setting's type; limits are checked by ``Settings``."""
    kind = _KINDS[name]
    if kind == "Schedule":
        value: Any = text
    else:
        try:
            value = int(text) if "int" in kind else float(text)
        except ValueError as exc:
            raise InputError(f"grid: {name.replace('_', '-')}={text} is no number") from exc
    return getattr(replace(Settings(), **{name: value}), name)


def plan_command(plan: Plan) -> tuple[str, ...]:
    """Return the arguments that make the model of a plan again, every setting spelled out."""
    words = ["bertscope-tui", "finetune", "--base", plan.base, "--name", plan.name]
    words += ["--head", plan.head, "--dataset", plan.train.path]
    if plan.preset is not None:
        words += ["--preset", plan.preset]
    words += _source_options(plan.train, "")
    if plan.dev is not None:
        words += ["--dev", plan.dev.path, *_source_options(plan.dev, "dev-")]
    for entry in fields(Settings):
        value = getattr(plan.settings, entry.name)
        option = f"--{entry.name.replace('_', '-')}"
        if isinstance(value, bool):
            words += [option] if value else []
        elif value is not None:
            words += [option, str(value)]
    for key, values in plan.grid:
        words += ["--grid", f"{key}={','.join(values)}"]
    if plan.device != "auto":
        words += ["--device", plan.device]
    if plan.precision != "auto":
        words += ["--precision", plan.precision]
    return (*words, *(["--half"] if plan.half else []))


def _source_options(source: Source, side: str) -> list[str]:
    words: list[str] = []
    for option, value in (("split", source.split), ("limit", source.limit)):
        if value is not None:
            words += [f"--{side}{option}", str(value)]
    if not side:
        if source.variant is not None:
            words += ["--variant", source.variant]
        if source.tasks:
            words += ["--task", ",".join(source.tasks)]
        if source.keep_yes_no:
            words.append("--keep-yes-no")
    return words


def plan_object(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON values."""
    return {"schema": SCHEMA, **asdict(plan)}


def read_plan(path: Path) -> Plan:
    """Read a plan that ``plan_object`` made; InputError where the file is damaged."""
    try:
        content = json.loads(path.read_text("utf-8"))
        if content.pop("schema") != SCHEMA:
            raise ValueError("another schema")
        plan: Plan = record(
            Plan,
            {
                **content,
                "train": _source(content["train"]),
                "dev": None if content["dev"] is None else _source(content["dev"]),
                "settings": record(Settings, content["settings"]),
                "grid": tuple((key, tuple(values)) for key, values in content["grid"]),
            },
        )
    except (OSError, *DAMAGE) as exc:
        raise InputError(f"{path}: not a readable plan of a training ({exc})") from exc
    return plan


def _source(content: Mapping[str, Any]) -> Source:
    source: Source = record(Source, {**content, "tasks": tuple(content["tasks"])})
    return source


DAMAGE: Final = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What reading a file raises that holds other JSON than was written."""

_JSON_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    **dict.fromkeys(("str", "Head", "Schedule", "Precision", "State"), (str,)),
}

_LARGEST_INT = 2**53


def record(kind: type[Any], content: Mapping[str, Any]) -> Any:
    """Make a dataclass of JSON values; TypeError where a plain one has another type than it says.

    Whole numbers that a float cannot tell from their neighbours are refused as well.
    """
    made = kind(**content)
    for entry in fields(kind):
        value = getattr(made, entry.name)
        words = str(entry.type).split(" | ")
        types = _JSON_TYPES.get(words[0])
        if types is None or (value is None and "None" in words):
            continue
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise TypeError(f"{entry.name} is no {words[0]}")
        if isinstance(value, int) and abs(value) > _LARGEST_INT:
            raise ValueError(f"{entry.name} is too large")
    return made
