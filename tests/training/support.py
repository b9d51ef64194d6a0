"""Small stories, plans and listeners for the tests of trainings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bertscope_tui.training.plan import Plan, Settings, Source
from bertscope_tui.training.runs import DevPoint, LossPoint, Status

PEOPLE = ("Mary", "John", "Nobody")
PLACES = ("harbour", "mill", "market", "garden", "kitchen")


def write_stories(path: Path, count: int = 40) -> Path:
    """Write bAbI stories of two statements, in words that the tiny tokenizers know.

    After 75 stories they repeat.
    """
    lines = []
    for number in range(count):
        who = PEOPLE[number % 3]
        place = PLACES[number % 5]
        other = PLACES[(number // 15 + number + 1) % 5]
        lines.append(f"1 {who} walked to the {other}.")
        lines.append(f"2 {who} walked to the {place}.")
        lines.append(f"3 Where did {who} go?\t{place}\t2")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def small_plan(base: Path | str, data: Path, name: str = "small", **changes: Any) -> Plan:
    """Return a plan of a few steps; ``changes`` go to the settings, or to the plan itself."""
    own = {key: changes.pop(key) for key in list(changes) if key in Plan.__slots__}
    head = own.get("head", "span")
    settings = {
        "lr": 1e-3,
        "batch_size": 4,
        "epochs": 2.0,
        "eval_steps": 5,
        "save_steps": 3,
        "log_steps": 2,
        "max_tokens": 64,
        "stride": 8,
        "warmup": 2.0,
        "seed": 3,
        **changes,
    }
    return Plan(
        name=name,
        base=str(base),
        train=Source(str(data), "classification" if head == "classification" else "span"),
        settings=Settings(**settings),
        **{"device": "cpu", "head": head, **own},
    )


class Quiet:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.points: list[LossPoint | DevPoint] = []
        self.states: list[Status] = []
        self.notes: list[str] = []

    def status(self, status: Status) -> None:
        self.states.append(status)

    def point(self, point: LossPoint | DevPoint) -> None:
        self.points.append(point)

    def note(self, text: str) -> None:
        self.notes.append(text)


def never() -> bool:
    return False
