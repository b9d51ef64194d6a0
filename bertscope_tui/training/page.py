"""Trainings as text and as JSON: what the screen of the app shows, for any output."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bertscope_tui.plots.curves import Limits, Series, curves
from bertscope_tui.plots.picture import to_text
from bertscope_tui.themes import ThemeSpec
from bertscope_tui.training.plan import plan_object
from bertscope_tui.training.runs import Run
from bertscope_tui.training.views import curves_of, facts

_ROWS = 14


def run_page(
    run: Run,
    theme: ThemeSpec,
    *,
    width: int,
    ascii: bool = False,  # noqa: A002 - named after the option that it follows
    colour: bool = False,
) -> str:
    """Return everything that is known about a run, and its curves, ``width`` cells wide."""
    rows = facts(run)
    label = max(len(what) for what, _ in rows)
    parts = ["\n".join(f"{what:<{label}}  {text}" for what, text in rows)]
    if run.losses or run.scores:
        found = curves_of(run, theme, ascii=ascii)

        def chart(series: tuple[Series, ...], title: str, limits: Limits) -> str:
            picture = curves(
                series,
                width=width,
                height=_ROWS,
                title=title,
                x_title="step",
                x_limits=(0, found.steps),
                y_limits=limits,
                whole_x=True,
                ascii=ascii,
                colour=colour,
            )
            return to_text(picture, colour)

        parts.append(chart(found.losses, "training loss", (0.0, None)))
        parts.append(chart(found.scores, f"dev {found.metric}", (0.0, 1.0)))
    return "\n\n".join(parts)


def run_object(run: Run, *, points: bool) -> dict[str, Any]:
    """Return a run as JSON values; with ``points`` its losses and scores as well."""
    best = run.best
    found: dict[str, Any] = {
        "name": run.name,
        "folder": str(run.folder),
        **asdict(run.status),
        "best_score": None if best is None else best.score,
        "best_step": None if best is None else best.step,
        "best_member": None if best is None else best.member,
        "resumable": run.resumable,
        "problem": run.problem,
    }
    if points:
        found["plan"] = None if run.plan is None else plan_object(run.plan)
        found["losses"] = [asdict(point) for point in run.losses]
        found["scores"] = [asdict(point) for point in run.scores]
    return found
