"""Pieces of the sentences in which the evidence for a failure is told; sentences count from 1."""

from __future__ import annotations

from collections.abc import Sequence

from bertscope_tui.analysis.readings import Peak


def figure(peak: Peak | None) -> str:
    """Return the height of a peak."""
    return "-" if peak is None else f"{peak.value:.2f}"


def beside(verb: str, distance: int) -> str:
    """Say where something begins or ends, ``distance`` characters after where another does."""
    if distance == 0:
        return f"{verb} where that does"
    noun = "character" if abs(distance) == 1 else "characters"
    return f"{verb} {abs(distance)} {noun} {'before' if distance < 0 else 'after'} it"


def facts_named(places: Sequence[int]) -> str:
    """Name supporting facts by their numbers from 1; from four on they are counted."""
    numbers = [str(place + 1) for place in sorted(places)]
    if len(numbers) == 1:
        return f"the supporting fact (sentence {numbers[0]})"
    if len(numbers) > 3:
        return f"the {len(numbers)} supporting facts"
    return f"the supporting facts (sentences {', '.join(numbers[:-1])} and {numbers[-1]})"


def layers_named(first: int, last: int, end: int) -> str:
    """Name the layers ``first`` to ``last``, both included, of ``0`` to ``end``."""
    if last == end:
        return "at every layer" if first == 0 else f"from layer {first} on"
    return f"at layer {first}" if first == last else f"from layer {first} to {last}"
