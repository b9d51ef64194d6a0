"""One pane, one module. Panes are given snapshots and post messages; they start no work."""
