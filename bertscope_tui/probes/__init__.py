"""Probing as a piece of work: run it, keep what came out, show it."""
