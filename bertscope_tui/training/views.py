"""What lists, facts and curves say about a run: words, glyphs and series, no drawing."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bertscope_tui import paths
from bertscope_tui.data.files import stem
from bertscope_tui.data.hygiene import clean
from bertscope_tui.plots.curves import Series
from bertscope_tui.themes import ThemeSpec
from bertscope_tui.training.plan import Plan, Source
from bertscope_tui.training.runs import DevPoint, Run, State

STATE_MARKS: Final[dict[State, str]] = {
    "waiting": "·",
    "running": "▶",
    "stopped": "■",
    "killed": "✗",
    "failed": "✗",
    "done": "✓",
}

ENDED: Final[frozenset[State]] = frozenset(("stopped", "killed", "failed", "done"))
"""States of a run that no process is at work on any more."""

_ENDINGS: Final[dict[State, str]] = {
    "stopped": "was stopped",
    "killed": "was killed",
    "failed": "has failed",
    "done": "has finished",
}

_GLYPHS = "●◆▲■★○◇△□☆"
_ASCII_GLYPHS = "o#^*x+@%&="
_LONGEST_WAIT = 100 * 24 * 3600


def duration(seconds: float | None) -> str:
    """Return a time as ``1:05:09`` or ``5:09``, a long one in days; ``-`` where it is unknown."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return "-"
    if seconds > _LONGEST_WAIT:
        return ">100 d"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 100:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def progress(run: Run) -> str:
    """Return how far a run is: ``120/500``, with the number of the training in a grid before it."""
    status = run.status
    if not status.steps:
        return "-"
    member = f"{status.member + 1}/{status.members}: " if status.members > 1 else ""
    return f"{member}{status.step:,}/{status.steps:,}"


def share(run: Run) -> float | None:
    """Return the part of all steps of all trainings that is done, None while it is unknown."""
    status = run.status
    if run.status.state == "done":
        return 1.0
    if status.steps <= 0 or status.members <= 0:
        return None
    done = (status.member + status.step / status.steps) / status.members
    return min(max(done, 0.0), 1.0)


def percent(run: Run) -> str:
    """Return the part that is done, rounded down: a hundred means all of it."""
    part = share(run)
    return "-" if part is None else f"{math.floor(part * 100)}%"


def metric(run: Run) -> str:
    """Return the name of the score that decides."""
    classified = run.plan is not None and run.plan.head == "classification"
    return "accuracy" if classified else "F1"


def member_names(plan: Plan | None, *, short: bool = False) -> list[str]:
    """Return what tells the trainings of the grid apart, in their order; one empty name else.

    ``short`` names leave out the keys where there are several: ``3e-5 cosine``.
    """
    if plan is None or not plan.grid:
        return [""]
    keys = [key for key, _ in plan.grid]
    bare = short and len(keys) > 1
    return [
        " ".join(text if bare else f"{key}={text}" for key, text in zip(keys, texts, strict=True))
        for texts in itertools.product(*(texts for _, texts in plan.grid))
    ]


def number(value: float) -> str:
    """Return a setting as people write it: ``3e-5``, not ``3e-05``."""
    return f"{value:g}".replace("e-0", "e-")


def state_word(run: Run) -> str:
    """Return the state in one word; one whose plan cannot be read is damaged."""
    return run.status.state if run.problem is None else "damaged"


def state_mark(run: Run) -> str:
    """Return the state as a sign."""
    return STATE_MARKS[run.status.state if run.problem is None else "failed"]


def news(run: Run) -> str:
    """Return in a few words what became of a run, or how far it is."""
    name = f"training {clean(run.name)}"
    if run.status.state in _ENDINGS:
        return f"{name} {_ENDINGS[run.status.state]}"
    part = share(run)
    return f"{name} is {run.status.state}" + (f" ({percent(run)})" if part is not None else "")


@dataclass(frozen=True, slots=True)
class RunCurves:
    """The curves of a run: training losses and development scores over steps, one for each
    training of the grid; ``steps`` is how far the axis goes."""

    losses: tuple[Series, ...]
    scores: tuple[Series, ...]
    steps: int
    metric: str


def curves_of(run: Run, theme: ThemeSpec, *, ascii: bool = False) -> RunCurves:  # noqa: A002
    """Return the curves of a run; the training at work, else the best one, is the strong one."""
    names = member_names(run.plan, short=True)
    best = run.best
    strong = run.status.member
    if run.status.state in ENDED and best is not None:
        strong = best.member
    losses: dict[int, list[tuple[int, float]]] = {}
    scores: dict[int, list[tuple[int, float]]] = {}
    for loss in run.losses:
        losses.setdefault(loss.member, []).append((loss.step, loss.loss))
    for score in run.scores:
        scores.setdefault(score.member, []).append((score.step, score.score))
    members = sorted({*losses, *scores})
    glyphs = _ASCII_GLYPHS if ascii else _GLYPHS

    def series(member: int, points: Sequence[tuple[int, float]]) -> Series:
        name = names[member] if 0 <= member < len(names) else f"training {member + 1}"
        return Series(
            name,
            [step for step, _ in points],
            [value for _, value in points],
            glyphs[member % len(glyphs)],
            theme.sequence[member % len(theme.sequence)],
            strong=len(members) > 1 and member == strong,
        )

    every = [*losses.values(), *scores.values()]
    last = max((step for points in every for step, _ in points), default=0)
    return RunCurves(
        losses=tuple(series(member, losses.get(member, ())) for member in members),
        scores=tuple(series(member, scores.get(member, ())) for member in members),
        steps=max(run.status.steps, last, 1),
        metric=metric(run),
    )


def model_folder(run: Run) -> Path:
    """Return where the model of a run is, once it is done."""
    return paths.cached_models_dir() / run.name


def facts(run: Run) -> list[tuple[str, str]]:
    """Return ``(what, text)`` of everything that is known about a run, in clean text."""
    plan, status = run.plan, run.status
    rows = [("state", _state(run))]
    if run.problem is not None:
        rows.append(("problem", run.problem))
    if plan is not None:
        rows += [
            ("base", plan.base),
            ("head", plan.head + (f", preset {plan.preset}" if plan.preset else "")),
            ("data", _source(plan.train)),
            ("dev data", "held out of the data" if plan.dev is None else _source(plan.dev)),
            ("settings", _settings(plan)),
        ]
        if plan.grid:
            rows.append(("grid", _grid(plan)))
    if run.best is not None:
        rows.append(("best", _score(run, run.best)))
    if run.scores and run.scores[-1] is not run.best:
        rows.append(("last", _score(run, run.scores[-1])))
    rows.append(("time", _time(run)))
    if status.device:
        rows.append(("device", status.device))
    rows.append(("model", _model(run)))
    rows.append(("folder", str(run.folder)))
    return [(what, clean(text)) for what, text in rows]


def _state(run: Run) -> str:
    status = run.status
    text = f"{status.state}, step {progress(run)}" if status.steps else status.state
    return f"{text}: {status.message}" if status.message else text


def _source(source: Source) -> str:
    parts = [part for part in (source.variant, source.split) if part]
    if source.tasks:
        parts.append(f"tasks {', '.join(source.tasks)}")
    if source.limit is not None:
        parts.append(f"{source.limit:,} questions")
    inside = f" ({', '.join(parts)})" if parts else ""
    return f"{stem(Path(source.path))}{inside}  {source.path}"


def _settings(plan: Plan) -> str:
    settings = plan.settings
    batch = (
        f"batch {settings.batch_size}"
        if settings.batch_tokens is None
        else f"batches of {settings.batch_tokens:,} tokens"
    )
    if settings.accumulation > 1:
        batch += f" x {settings.accumulation}"
    length = f"{settings.epochs:g} epochs"
    if settings.max_steps is not None:
        length = f"{settings.max_steps:,} steps"
    parts = [
        f"lr {number(settings.lr)} {settings.schedule}",
        f"warm-up {settings.warmup:g}",
        batch,
        length,
        f"weight decay {settings.weight_decay:g}",
        f"{settings.max_tokens} tokens",
        f"scored every {settings.eval_steps:,} steps",
        f"seed {settings.seed}",
    ]
    if settings.dropout is not None:
        parts.append(f"dropout {settings.dropout:g}")
    if settings.freeze_embeddings:
        parts.append("embeddings left alone")
    return ", ".join(parts)


def _grid(plan: Plan) -> str:
    words = " ".join(f"{key}={','.join(texts)}" for key, texts in plan.grid)
    return f"{words} ({len(member_names(plan))} trainings)"


def _score(run: Run, point: DevPoint) -> str:
    names = member_names(run.plan)
    of = f" of {names[point.member]}" if 0 <= point.member < len(names) and len(names) > 1 else ""
    if metric(run) == "accuracy":
        return f"accuracy {point.score:.3f} at step {point.step:,}{of}"
    return f"F1 {point.f1:.3f}, exact match {point.exact_match:.3f} at step {point.step:,}{of}"


def _time(run: Run) -> str:
    status = run.status
    parts = [f"{duration(status.seconds)} of work"]
    if status.step_seconds is not None:
        parts.append(f"{status.step_seconds:.3g} s a step")
    if status.state == "running":
        parts.append(f"{duration(status.eta_seconds)} to go")
    return ", ".join(parts)


def _model(run: Run) -> str:
    folder = model_folder(run)
    if run.status.state != "done":
        return f"not there yet; it will be in {folder}"
    if not (folder / "config.json").is_file():
        return f"not there any more: {folder}"
    return f"{folder}  (Enter opens it)"
