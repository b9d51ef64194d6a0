"""Pictures of the open sample on their way: layer by layer, put down for others, and kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from time import monotonic
from typing import TYPE_CHECKING
from weakref import ref

from bertscope_tui.engine.jobs import GaveWay, Job, Priority
from bertscope_tui.inspection.snapshots import Extraction, PictureChoice, Pictures

if TYPE_CHECKING:
    from bertscope_tui.analysis.projection import LayerPicture, Projection

_KEPT_BYTES = 64 * 2**20
"""Coordinates of pictures that were made stay in memory up to this much."""

_PAUSE_S = 0.15
"""The least time between two reports of how far the pictures are."""


class PictureStore:
    """Pictures that were made, for going back to them; the oldest go first. For one thread."""

    def __init__(self, budget: int = _KEPT_BYTES) -> None:
        self._budget = budget
        # An extraction that nobody holds any more takes its pictures with it.
        self._kept: OrderedDict[tuple[ref[Extraction], PictureChoice], Projection] = OrderedDict()

    def get(self, extraction: Extraction, choice: PictureChoice) -> Pictures | None:
        """Return the pictures of an extraction, None where they are not kept."""
        key = ref(extraction), choice
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return Pictures(extraction, self._kept[key], choice.special, choice.outliers)

    def keep(self, pictures: Pictures) -> None:
        """Keep pictures, and drop the oldest where there is no room for all."""
        self._kept[ref(pictures.extraction), pictures.choice] = pictures.projection
        for key in [key for key in self._kept if key[0]() is None]:
            del self._kept[key]
        size = sum(one.coordinates.nbytes for one in self._kept.values())
        while size > self._budget and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            size -= dropped.coordinates.nbytes

    def clear(self) -> None:
        """Drop everything."""
        self._kept.clear()


class Picturing:
    """The work of making the pictures of one extraction, the layer ``first`` before all others.

    As soon as that one is there, the rest goes on behind whatever else the user asks for.
    """

    def __init__(
        self, extraction: Extraction, choice: PictureChoice, first: int, store: PictureStore
    ) -> None:
        self._extraction = extraction
        self._choice = choice
        self._first = min(max(first, 0), extraction.layers)
        self._store = store
        self._made: list[LayerPicture] = []
        self._coming: Iterator[LayerPicture] | None = None

    def run(self, job: Job, title: str, tell: Callable[[Pictures], None]) -> None:
        """Go on with the pictures and ``tell`` those that are there, several times.

        Called again after it gave way, it goes on where it was. Raises GaveWay, Cancelled, and as
        `bertscope_tui.analysis.projection.by_layer`.
        """
        from bertscope_tui.analysis.projection import by_layer, gathered

        extraction, choice = self._extraction, self._choice
        kept = self._store.get(extraction, choice)
        if kept is not None:
            tell(kept)
            return
        shown = extraction.shown(special=choice.special, outliers=choice.outliers)
        if self._coming is None:
            self._coming = by_layer(
                extraction.states,
                shown,
                choice.recipe,
                first=self._first,
                cancelled=job.cancelled,
            )
        count, told = extraction.layers + 1, 0.0
        for picture in self._coming:
            self._made.append(picture)
            done = len(self._made)
            if done in (1, count) or monotonic() - told >= _PAUSE_S:
                told = monotonic()
                projection = gathered(count, shown, choice.recipe, self._made)
                pictures = Pictures(extraction, projection, choice.special, choice.outliers)
                tell(pictures)
                job.progress(title, done, count)
                if done == count:
                    self._store.keep(pictures)
            job.priority = Priority.PREFETCH
            if done < count and job.preempted():
                job.check()
                raise GaveWay
