"""Models: what there is, and how one is opened."""
