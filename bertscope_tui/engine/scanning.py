"""Samples in, `Scanned` out: answers, scores and the signals of every layer, in one pass each.

Batches are planned for a whole chunk of the samples, in their order and whatever is finished
already; only those run that hold something unfinished. A scan that was killed and goes on thus
meets the very batches, and gives the very numbers, of one that was not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bertscope_tui.data.records import QASample
from bertscope_tui.engine.batching import length_buckets
from bertscope_tui.engine.encoding import Encoded
from bertscope_tui.engine.forward import default_budget, run_batches
from bertscope_tui.engine.scan_rows import Rows, Seen, failed
from bertscope_tui.engine.scanned import Scanned
from bertscope_tui.engine.scoring import ReadOptions, encode_sample, never
from bertscope_tui.errors import BertscopeError, Cancelled, EngineError
from bertscope_tui.models.devices import free_memory

if TYPE_CHECKING:
    from bertscope_tui.engine.encoding import Window
    from bertscope_tui.engine.forward import DeviceBatch
    from bertscope_tui.models.loading import LoadedModel

_CHUNK_CHARACTERS = 1_000_000
"""Characters of samples that are held encoded at once; a longer sample is a chunk of its own."""

_MEMORY_SHARE = 4
"""A batch's states may take one part in so many of the memory that is free at the start."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Samples that are finished, in the order of their places; ``tokens`` went through for them."""

    rows: list[Scanned]
    tokens: int


@dataclass(slots=True, eq=False)
class _Chunk:
    """Some samples, and how far they are.

    ``encoded`` has one entry for each; the windows of all are ``windows``, as (sample, window);
    ``batches`` holds places in ``windows``, ``batch`` the next of them; ``seen`` is what came out
    for the windows of samples that are not whole. Samples are counted as in the scanner's list.
    """

    start: int
    stop: int
    encoded: list[Encoded | BertscopeError] = field(default_factory=list)
    windows: list[tuple[int, Window]] = field(default_factory=list)
    batches: list[list[int]] | None = None
    batch: int = 0
    seen: dict[int, dict[int, Seen]] = field(default_factory=dict)


class Scanner:
    """One pass over samples that can be interrupted anywhere and taken up again."""

    def __init__(
        self,
        model: LoadedModel,
        samples: Sequence[QASample],
        options: ReadOptions,
        *,
        finished: AbstractSet[int] = frozenset(),
        vectors: Callable[[int], bool] = lambda place: False,
        chunk: int = 512,
        places: Sequence[int] | None = None,
        budget: int | None = None,
    ) -> None:
        """Nothing is run yet.

        ``places`` are those of the samples in their data set (0, 1, …), ``finished`` holds the
        ones not to be given again, ``vectors`` says which get their pooled vector. At most
        ``chunk`` samples are held encoded at a time. ``budget`` is how many tokens a batch may
        have, `token_budget` of the model where it is not given; the same samples, ``chunk`` and
        budget make the same batches.
        """
        self._model = model
        self._samples = samples
        self._options = options
        self._finished = set(finished)
        self._vectors = vectors
        self._most = max(1, chunk)
        self._places = range(len(samples)) if places is None else places
        self._budget = token_budget(model) if budget is None else max(1, budget)
        self._fits = sys.maxsize
        self._rows: Rows | None = None
        self._chunk: _Chunk | None = None
        self._next = 0
        self._tokens = 0

    def run(self, cancelled: Callable[[], bool] = never) -> Iterator[Batch]:
        """Scan what is left, batch by batch; a sample that cannot be run is given with its error.

        A batch counts as given once it is yielded. Raises `Cancelled` soon after ``cancelled()``
        turns true; called again, it goes on where it stopped.
        """
        while (chunk := self._current()) is not None:
            if chunk.batches is None:
                self._encode(chunk, cancelled)
                yield from self._given(
                    [
                        failed(self._places[sample], self._samples[sample], error, 0)
                        for sample, error in enumerate(chunk.encoded, chunk.start)
                        if isinstance(error, BertscopeError)
                    ]
                )
            while chunk.batches is not None and chunk.batch < len(chunk.batches):
                if cancelled():
                    raise Cancelled
                rows = self._run_batch(chunk, chunk.batches[chunk.batch], cancelled)
                chunk.batch += 1
                yield from self._given(rows)
            self._chunk = None

    def _given(self, rows: list[Scanned]) -> Iterator[Batch]:
        """Yield those rows that are not finished yet as a batch, if there are any."""
        new = sorted(
            (row for row in rows if row.place not in self._finished), key=lambda row: row.place
        )
        if new:
            self._finished.update(row.place for row in new)
            tokens, self._tokens = self._tokens, 0
            yield Batch(new, tokens)

    def _current(self) -> _Chunk | None:
        """Return the chunk to go on with: the one at hand, else the next with work left in it."""
        while self._chunk is None and self._next < len(self._samples):
            start = stop = self._next
            size = 0
            while stop < len(self._samples) and stop - start < self._most:
                size += len(self._samples[stop].context) + len(self._samples[stop].question)
                if size > _CHUNK_CHARACTERS and stop > start:
                    break
                stop += 1
            self._next = stop
            if any(self._places[sample] not in self._finished for sample in range(start, stop)):
                self._chunk = _Chunk(start, stop)
        return self._chunk

    def _encode(self, chunk: _Chunk, cancelled: Callable[[], bool]) -> None:
        """Encode what is not encoded yet, and plan the batches."""
        for sample in range(chunk.start + len(chunk.encoded), chunk.stop):
            if cancelled():
                raise Cancelled
            try:
                encoded = encode_sample(self._model, self._samples[sample], self._options)
            except BertscopeError as error:
                chunk.encoded.append(error)
                continue
            chunk.encoded.append(encoded)
            chunk.windows.extend((sample, window) for window in encoded.windows)
        lengths = [len(window.input_ids) for _, window in chunk.windows]
        chunk.batches = length_buckets(lengths, self._budget if self._model.batches else 1)

    def _run_batch(
        self, chunk: _Chunk, batch: list[int], cancelled: Callable[[], bool]
    ) -> list[Scanned]:
        """Run one batch of windows; return the samples of which it has the last one."""
        if all(self._places[chunk.windows[index][0]] in self._finished for index in batch):
            return []
        if self._rows is None:
            self._rows = Rows(self._model, self._options)
        found = self._through(chunk, batch, cancelled)
        self._tokens += sum(len(chunk.windows[index][1].input_ids) for index in batch)
        rows = []
        for index, seen in zip(batch, found, strict=True):
            sample, window = chunk.windows[index]
            place, encoded = self._places[sample], chunk.encoded[sample - chunk.start]
            assert not isinstance(encoded, BertscopeError)
            if isinstance(seen, EngineError):
                rows.append(failed(place, encoded.sample, seen, len(encoded.windows)))
                continue
            known = chunk.seen.setdefault(sample, {})
            known[window.index] = seen
            if len(known) == len(encoded.windows):
                ordered = [known[number] for number in range(len(known))]
                rows.append(self._rows.row(place, encoded, ordered))
                del chunk.seen[sample]
        return rows

    def _through(
        self, chunk: _Chunk, batch: list[int], cancelled: Callable[[], bool]
    ) -> list[Seen | EngineError]:
        """Run windows; where the network fails, halves of them until it is known on which."""
        assert self._rows is not None
        rows, windows = self._rows, [chunk.windows[index][1] for index in batch]
        owners = {id(chunk.windows[index][1]): chunk.windows[index][0] for index in batch}
        longest = max(len(window.input_ids) for window in windows)

        def derive(ready: DeviceBatch) -> list[Seen]:
            samples = [owners[id(window)] for window in ready.windows]
            if len(samples) < len(windows):
                # The memory was too small, and will be for the next batch of this size.
                self._fits = min(self._fits, len(samples) * longest)
            encoded = [chunk.encoded[sample - chunk.start] for sample in samples]
            wanted = [self._vectors(self._places[sample]) for sample in samples]
            return rows.seen(
                ready, [one for one in encoded if isinstance(one, Encoded)], wanted, poll
            )

        def poll() -> None:
            if cancelled():
                raise Cancelled

        try:
            return list(
                run_batches(
                    self._model,
                    windows,
                    derive,
                    hidden=True,
                    cancelled=cancelled,
                    token_budget=min(self._fits, len(windows) * longest),
                )
            )
        except EngineError as error:
            if len(batch) == 1:
                return [error]
            half = len(batch) // 2
            return [
                *self._through(chunk, batch[:half], cancelled),
                *self._through(chunk, batch[half:], cancelled),
            ]


def token_budget(model: LoadedModel) -> int:
    """Return how many tokens a batch of a scan may have: what `forward` takes, memory allowing.

    Halved until the states fit, and not fitted closely, so that the batches of two scans of one
    data set are the same unless memory is very short.
    """
    budget = default_budget(model, True)
    free = free_memory(model.device)
    states = (model.info.layers + 1) * model.info.hidden_size * 4
    while free is not None and budget > 1 and budget * states * _MEMORY_SHARE > free:
        budget //= 2
    return max(1, budget)
