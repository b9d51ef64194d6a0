"""Data sets: records, one reader each, and what is computed from text alone."""
