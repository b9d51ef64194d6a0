"""Keys of the inspector that are about probes, and the pane that shows them."""

from __future__ import annotations

from textual import on

from bertscope_tui.tui.screens.panes import InspectorPanes
from bertscope_tui.tui.widgets.line_list import LineList


class ProbeKeys(InspectorPanes):
    """The part of the inspector that shows what the layers of the open model can be asked."""

    def probes_changed(self) -> None:
        """Results came, went or are those of another model."""
        self.show_probes()

    def action_probes(self) -> None:
        """Show the screen of probes."""
        self.app.action_probes()  # type: ignore[attr-defined]

    def action_probe_heat(self) -> None:
        """Show the heat map of the open model's probes."""
        self.app.action_probes(heat=True)  # type: ignore[attr-defined]

    @on(LineList.Activated, "#probes")
    def _task_chosen(self, event: LineList.Activated) -> None:
        task = self.probes.task_at(event.index)
        if task is not None:
            self.app.probes.open_task(task, self.at_layer)  # type: ignore[attr-defined]
