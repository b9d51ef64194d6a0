"""Labelled spans for edge probing: readers of the public formats, and one record for all."""
