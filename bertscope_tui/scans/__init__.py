"""Scans: one model over one data set, what was seen at every layer, kept in a store."""
