"""The part of the plane that a picture shows, and round numbers for its axes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

_MARGIN = 0.04
"""Free space on each side of fitted data, as a fraction of its extent."""

_FLAT = 1e-6
"""Below this fraction of the other extent a component is rounding noise and is drawn flat."""

_FINEST = 1e-9
"""Smallest span that zooming may reach, relative to the size of the coordinates."""

_LARGEST = 1e300
"""Coordinates beyond this are not drawn: their differences would overflow."""

_SMALLEST = 1e-290
"""Spans below this are taken for none: powers of ten run out before floats do."""


def drawable(x: float, y: float) -> bool:
    """Say whether a point has a place in a picture: both coordinates finite and not absurd."""
    return abs(x) <= _LARGEST and abs(y) <= _LARGEST


@dataclass(frozen=True, slots=True)
class View:
    """A rectangle of the data plane, in data units; low is below high on both axes.

    The two axes are scaled apart, so that the picture fills its pane: a unit of the first
    component is not as long on screen as a unit of the second. Distances are to be read from
    the list of neighbours, not from the picture.
    """

    x_low: float
    x_high: float
    y_low: float
    y_high: float

    @classmethod
    def fit(cls, points: Iterable[tuple[float, float]]) -> View:
        """Return the view that holds all ``(x, y)`` with a margin.

        Points that are not finite are left out. No points give the unit square about the
        origin; one point, or equal ones, are put in the middle; a component whose extent is
        mere rounding noise beside the other takes the other's extent.
        """
        kept = [(x, y) for x, y in points if drawable(x, y)]
        if not kept:
            return cls(-1.0, 1.0, -1.0, 1.0)
        x_low, x_high = min(x for x, _ in kept), max(x for x, _ in kept)
        y_low, y_high = min(y for _, y in kept), max(y for _, y in kept)
        x_span, y_span = x_high - x_low, y_high - y_low
        x_low, x_high = _padded(x_low, x_high, y_span)
        y_low, y_high = _padded(y_low, y_high, x_span)
        return cls(x_low, x_high, y_low, y_high)

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the view, in data units."""
        return (self.x_low + self.x_high) / 2, (self.y_low + self.y_high) / 2

    def zoomed(self, factor: float, centre: tuple[float, float] | None = None) -> View:
        """Return a view ``factor`` times closer (below 1: farther) that keeps ``centre`` in place.

        ``centre`` is in data units and defaults to the middle of the view. A factor that is not
        positive, or that would go below what floats can tell apart, changes nothing.
        """
        if not (factor > 0 and math.isfinite(factor)):
            return self
        x, y = self.centre if centre is None else centre
        view = View(
            x - (x - self.x_low) / factor,
            x + (self.x_high - x) / factor,
            y - (y - self.y_low) / factor,
            y + (self.y_high - y) / factor,
        )
        return view if view._usable() else self

    def panned(self, dx: float, dy: float) -> View:
        """Return the view moved right by ``dx`` and up by ``dy``, as fractions of its size."""
        right, up = dx * (self.x_high - self.x_low), dy * (self.y_high - self.y_low)
        view = View(self.x_low + right, self.x_high + right, self.y_low + up, self.y_high + up)
        return view if view._usable() else self

    def _usable(self) -> bool:
        for low, high in ((self.x_low, self.x_high), (self.y_low, self.y_high)):
            size = max(abs(low), abs(high))
            if not size <= _LARGEST or not high - low > max(_FINEST * size, _SMALLEST):
                return False
        return True


def _padded(low: float, high: float, other_span: float) -> tuple[float, float]:
    span = high - low
    size = max(abs(low), abs(high))
    noise = max(_FINEST * size, _SMALLEST)
    if span <= max(_FLAT * other_span, noise):
        half = other_span / 2 if other_span > noise else max(1.0, size * 1e-3)
        middle = low + span / 2
        return middle - half, middle + half
    return low - _MARGIN * span, high + _MARGIN * span


@dataclass(frozen=True, slots=True)
class Tick:
    """One mark on an axis: where it is, as a fraction of the view, and what it says."""

    fraction: float
    label: str


def ticks(low: float, high: float, about: int) -> tuple[Tick, ...]:
    """Return round-numbered ticks within ``low … high``, in rising order.

    Steps are 1, 2 or 5 times a power of ten. There are ``about + 1`` at most, unless that
    would leave a single one, which gives no scale: then up to five. Where floats are too coarse to
    write the numbers apart there are none.
    """
    span = high - low
    if about < 1 or not span > _SMALLEST:
        return ()
    power = 10.0 ** math.floor(math.log10(span / about))
    steps = [m * power for m in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)]
    place = next((n for n in range(3, 7) if steps[n] * about >= span), 6)
    first, last = _multiples(low, high, steps[place])
    if last - first < 1:
        place -= 1
        first, last = _multiples(low, high, steps[place])
    step = steps[place]
    # Beyond this, multiples of the step are no longer floats of their own.
    if last < first or max(abs(first), abs(last)) > 1e15:
        return ()
    values = [number * step for number in range(first, last + 1)]
    labels = _labels(values, step)
    if len(set(labels)) < len(labels):
        return ()
    return tuple(
        Tick((value - low) / span, label) for value, label in zip(values, labels, strict=True)
    )


def _multiples(low: float, high: float, step: float) -> tuple[int, int]:
    return math.ceil(low / step), math.floor(high / step)


def _labels(values: list[float], step: float) -> list[str]:
    largest = max((abs(value) for value in values), default=0.0)
    exponent = math.floor(math.log10(step))
    if largest >= 1e5 or exponent < -3:
        digits = max(0, math.floor(math.log10(largest)) - exponent) if largest else 0
        return [_short_exponent(f"{value:.{digits}e}") if value else "0" for value in values]
    decimals = max(0, -exponent)
    return [f"{value:.{decimals}f}" if value else "0" for value in values]


def _short_exponent(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}"
