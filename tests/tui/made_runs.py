"""Run folders as a training leaves them, made by formulas."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bertscope_tui import paths
from bertscope_tui.training.plan import Plan, Settings, Source
from bertscope_tui.training.runs import (
    LOG,
    STATE,
    DevPoint,
    LossPoint,
    Status,
    create_run,
    write_json,
)
from bertscope_tui.tui.app import BertscopeApp
from bertscope_tui.tui.widgets.runs import RunList
from tests.tui.support import text_in

GRID = (("lr", ("2e-5", "3e-5", "5e-5")), ("schedule", ("linear", "cosine")))


def plan_named(name: str, **changes: Any) -> Plan:
    """Return a plan on data that need not be there."""
    given: dict[str, Any] = {
        "base": "stories-base",
        "head": "span",
        "train": Source("/data/stories", "span", "train"),
        "dev": Source("/data/stories", "span", "test"),
        "preset": "babi-span",
        "settings": Settings(max_steps=2000, eval_steps=250),
        "device": "cpu",
    }
    return Plan(name=name, **{**given, **changes})


def points_of(member: int, steps: int, *, every: int = 25) -> list[LossPoint | DevPoint]:
    """Return the log of one training: losses that fall, and scores that rise every 250 steps."""
    speed = 300 + 120 * member
    made: list[LossPoint | DevPoint] = []
    for step in range(every, steps + 1, every):
        loss = 5 * math.exp(-step / speed) + 0.3 + 0.1 * math.sin(step * (member + 1))
        made.append(LossPoint(member, step, loss, 3e-5, step * 0.4))
        if step % 250 == 0:
            f1 = 1 - math.exp(-step / (2 * speed))
            made.append(DevPoint(member, step, step / 400, f1, f1 - 0.02, f1, step * 0.4))
    return made


def write_log(folder: Path, points: Sequence[LossPoint | DevPoint]) -> None:
    """Write a log as the process at work does."""
    lines = [
        json.dumps({"kind": "loss" if isinstance(p, LossPoint) else "dev", **asdict(p)}) + "\n"
        for p in points
    ]
    (folder / LOG).write_text("".join(lines), encoding="utf-8")


def write_state(folder: Path, **changes: Any) -> None:
    """Write the last word of the process at work."""
    given: dict[str, Any] = {"steps": 2000, "device": "cpu", "pid": 4242, "updated": 1000.0}
    write_json(folder / STATE, asdict(Status(**{**given, **changes})))


def make_run(name: str, state: str, step: int, **changes: Any) -> Path:
    """Make the folder of a run of one training that is in ``state`` after ``step`` steps."""
    folder = create_run(plan_named(name, **changes.pop("plan", {})))
    write_log(folder, points_of(0, step))
    write_state(
        folder,
        **{
            "state": state,
            "step": step,
            "seconds": step * 0.4,
            "step_seconds": 0.4,
            "eta_seconds": (2000 - step) * 0.4 if state == "running" else None,
            **changes,
        },
    )
    return folder


def make_grid(name: str, state: str = "running", *, member: int = 3, step: int = 900) -> Path:
    """Make the folder of a run over a grid of six, at work on one of them."""
    folder = create_run(plan_named(name, grid=GRID))
    points = [point for number in range(member) for point in points_of(number, 2000)]
    write_log(folder, [*points, *points_of(member, step)])
    write_state(
        folder,
        state=state,
        member=member,
        members=6,
        step=step,
        seconds=2760.0,
        step_seconds=0.4,
        eta_seconds=2040.0 if state == "running" else None,
    )
    return folder


def made_model(name: str) -> Path:
    """Put a folder that the catalogue takes for a model where finished ones go."""
    folder = paths.cached_models_dir() / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"architectures": ["BertModel"]}')
    (folder / "tokenizer.json").write_text("{}")
    header = b'{"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}'
    weights = len(header).to_bytes(8, "little") + header + b"\0\0\0\0"
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def row_of(app: BertscopeApp, name: str) -> str:
    """Return the line of a training in the list."""
    lines = text_in(app.screen.query_one(RunList)).splitlines()
    return next(line for line in lines if f" {name} " in line and "best" not in line)
