"""Dialogs in which a model, a data set or a theme is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bertscope_tui.tui.screens.pick import Choice, PickScreen, Typed
from bertscope_tui.tui.widgets.picker import DatasetChoice, describe_model

if TYPE_CHECKING:
    from bertscope_tui.tui.app import BertscopeApp


def pick_model(app: BertscopeApp) -> None:
    """Choose a model from the list, or by path or name, and open it."""
    model = app.session.model
    choices = [
        Choice(
            entry.name,
            describe_model(entry),
            entry,
            opened=model is not None and entry.name == model.name,
        )
        for entry in app.listing.models
    ]

    def chosen(value: object) -> None:
        if isinstance(value, Typed):
            app.inspector.open_model(value.text)
        elif value is not None:
            app.inspector.open_model(value)  # type: ignore[arg-type]

    app.push_screen(PickScreen("open a model", choices, typed="name, or a folder's path"), chosen)


def pick_dataset(app: BertscopeApp) -> None:
    """Choose a data set from the list, or by path, and open it."""
    dataset = app.session.dataset
    now = (dataset.path, dataset.variant) if dataset is not None else None
    choices = [
        Choice(
            entry.title,
            str(entry.path),
            entry,
            opened=(str(entry.path), entry.variant) == now,
        )
        for entry in app.listing.datasets
    ]

    def chosen(value: object) -> None:
        if isinstance(value, Typed):
            path = Path(value.text).expanduser()
            app.inspector.open_dataset(DatasetChoice(path.name, path, None))
        elif isinstance(value, DatasetChoice):
            app.inspector.open_dataset(value)

    app.push_screen(
        PickScreen("open a data set", choices, typed="a file's or folder's path"), chosen
    )


def pick_theme(app: BertscopeApp) -> None:
    """Choose a theme and draw in it."""
    choices = [
        Choice(spec.name, spec.title, spec.name, opened=spec is app.look.theme)
        for spec in app.specs.values()
    ]

    def chosen(value: object) -> None:
        if isinstance(value, str):
            app.choose_theme(value)

    app.push_screen(PickScreen("choose a theme", choices, enter="Enter takes it"), chosen)
