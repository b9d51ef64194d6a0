"""What of the inspector is about probes: the pane that shows their scores."""

from __future__ import annotations

from bertscope_tui.tui.screens.panes import InspectorPanes


class ProbeKeys(InspectorPanes):
    """The part of the inspector that shows what the layers of the open model can be asked."""

    def probes_changed(self) -> None:
        """Results came, went or are those of another model."""
        self.show_probes()
