"""Keys that open something: a model, a data set, a dialog, another screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertscope_tui.data.hygiene import clean
from bertscope_tui.inspection.scanning import ScanEnded
from bertscope_tui.inspection.views import Look
from bertscope_tui.tui.screens.picture_keys import PictureKeys
from bertscope_tui.tui.widgets.picker import DatasetChoice

if TYPE_CHECKING:
    from bertscope_tui.models.catalog import ModelEntry


class OpeningKeys(PictureKeys):
    """The part of the inspector that puts something else in place of what is open, or over it."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._tuned: ModelEntry | None = None

    def open_model(self, entry: ModelEntry | str) -> None:
        """Open a model in place of the present one."""
        self.wrong_direction = 0
        self._tuned = None
        self.session.open_model(entry)

    def open_dataset(self, choice: DatasetChoice) -> None:
        """Open a data set in place of the present one."""
        self.wrong_direction = 0
        self.session.open_dataset(choice.path, choice.variant)

    def action_problems(self) -> None:
        """List the records that could not be used."""
        self.app.action_problems()  # type: ignore[attr-defined]

    def action_pick_model(self) -> None:
        """Choose a model in a dialog."""
        self.app.action_pick_model()  # type: ignore[attr-defined]

    def action_pick_dataset(self) -> None:
        """Choose a data set in a dialog."""
        self.app.action_pick_dataset()  # type: ignore[attr-defined]

    def action_pick_theme(self) -> None:
        """Choose a theme in a dialog."""
        self.app.action_pick_theme()  # type: ignore[attr-defined]

    def action_base(self) -> None:
        """Open what the model was before fine-tuning, with the same sample and layer, or go back.

        What was come from is gone back to as long as nothing else was opened.
        """
        from bertscope_tui.models.catalog import find_base

        entry = self.session.model_entry
        if self.session.opening_model:
            self.notify("the model is still being opened", markup=False)
        elif self.session.model is None or entry is None:
            self.notify("no model is open: m opens one", markup=False)
        elif self._tuned is not None:
            self.notify(f"back to {clean(self._tuned.name)}", markup=False)
            self.open_model(self._tuned)
        elif (base := find_base(entry)) is not None:
            name = clean(entry.name)
            self.notify(f"{name} without fine-tuning; B goes back", markup=False)
            self.open_model(base)
            self._tuned = entry
        elif entry.base is not None:
            base_name = clean(entry.base)
            self.notify(
                f"{clean(entry.name)} comes from {base_name}, which is not on this machine",
                severity="warning",
                markup=False,
            )
        else:
            self.notify(
                f"{clean(entry.name)} has no card that names a model it was fine-tuned from",
                markup=False,
            )

    def action_compare(self) -> None:
        """Show another model beside the open one."""
        self.app.comparing.ask()  # type: ignore[attr-defined]

    def action_training(self) -> None:
        """Show the fine-tunings."""
        self.app.action_training()  # type: ignore[attr-defined]

    def action_scans(self) -> None:
        """Show the scans."""
        self.app.action_scans()  # type: ignore[attr-defined]

    def scan_ended(self, ended: ScanEnded) -> None:
        """A scan of ours is over: it is told, and shown where scans are."""
        self.app.scans.ended(ended)  # type: ignore[attr-defined]

    def leave_for_scans(self) -> None:
        """Go back to where the sample was chosen, else ask whether what runs is to stop."""
        scans, probes = self.app.scans, self.app.probes  # type: ignore[attr-defined]
        if not scans.go_back() and not scans.ask_to_stop():
            probes.ask_to_stop()

    def action_help(self) -> None:
        """Show all keys."""
        self.app.action_help()  # type: ignore[attr-defined]

    async def action_quit(self) -> None:
        """Leave."""
        await self.app.action_quit()
