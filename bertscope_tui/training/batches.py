"""Batches of windows of like length, in an order that only the seed and the epoch decide.

Windows are shuffled, sorted by length within stretches of many batches, cut into batches and the
batches shuffled: little padding, yet another mix in every epoch. The order does not depend on
what was drawn at random before, so a resumed training sees what an unbroken one would have seen.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import Dataset, Sampler

from bertscope_tui.models.weights import Head
from bertscope_tui.training.features import Feature

_STRETCH = 100
"""Batches' worth of windows that are sorted together."""


class FeatureSet(Dataset[Feature]):
    """Features as torch's loader wants them."""

    def __init__(self, rows: Sequence[Feature]) -> None:
        """Hold the rows; nothing is copied."""
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Feature:
        return self.rows[index]


class LengthBatches(Sampler[list[int]]):
    """Yields the indices of one batch after the other, for one process of ``processes``.

    A batch has ``size`` windows or, where ``tokens`` is given, as many as stay within that many
    tokens counted with padding (a longer window is a batch of its own). Every process gets the
    same number of batches each epoch: the last ones are repeated where they do not come out even.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        *,
        size: int,
        tokens: int | None,
        seed: int,
        process: int = 0,
        processes: int = 1,
    ) -> None:
        """Count the batches once: their number is the same in every epoch only where sizes are."""
        self._lengths = lengths
        self._size = size
        self._tokens = tokens
        self._seed = seed
        self._process = process
        self._processes = processes
        self.epoch = 0
        # With a token budget the number of batches may differ a little from epoch to epoch; a
        # schedule needs one number, so every epoch is cut or filled to that of the first.
        self._count = len(self._cut(0))

    def __len__(self) -> int:
        return -(-self._count // self._processes)

    def __iter__(self) -> Iterator[list[int]]:
        batches = self._cut(self.epoch)
        wanted = len(self) * self._processes
        batches = [batches[place % len(batches)] for place in range(wanted)]
        yield from batches[self._process :: self._processes]

    def _cut(self, epoch: int) -> list[list[int]]:
        rng = random.Random(f"{self._seed}:{epoch}")
        order = list(range(len(self._lengths)))
        rng.shuffle(order)
        mean = max(1, sum(self._lengths) // max(1, len(order)))
        each = self._size if self._tokens is None else max(1, self._tokens // mean)
        batches: list[list[int]] = []
        for at in range(0, len(order), each * _STRETCH):
            stretch = sorted(order[at : at + each * _STRETCH], key=lambda i: -self._lengths[i])
            batches.extend(self._stretch(stretch))
        rng.shuffle(batches)
        return batches

    def _stretch(self, order: list[int]) -> Iterator[list[int]]:
        """Cut windows that are sorted by length, the longest first."""
        at = 0
        while at < len(order):
            size = self._size
            if self._tokens is not None:
                size = max(1, self._tokens // self._lengths[order[at]])
            yield order[at : at + size]
            at += size


class Collate:
    """Pads the windows of a batch on the right to the longest, masked, as the engine does."""

    def __init__(self, pad_id: int, head: Head) -> None:
        """``pad_id`` fills up; ``head`` decides which targets go along."""
        self._pad_id = pad_id
        self._head = head

    def __call__(self, rows: Sequence[Feature]) -> dict[str, Any]:
        """Return tensors ``(windows, tokens)`` and targets ``(windows,)``."""
        shape = (len(rows), max(len(row.ids) for row in rows))
        ids = torch.full(shape, self._pad_id, dtype=torch.long)
        mask = torch.zeros(shape, dtype=torch.long)
        types = torch.zeros(shape, dtype=torch.long)
        for place, row in enumerate(rows):
            ids[place, : len(row.ids)] = torch.from_numpy(row.ids)
            mask[place, : len(row.ids)] = 1
            if row.type_ids is not None:
                types[place, : len(row.ids)] = torch.from_numpy(row.type_ids)
        batch: dict[str, Any] = {"input_ids": ids, "attention_mask": mask}
        if all(row.type_ids is not None for row in rows):
            batch["token_type_ids"] = types
        if self._head == "span":
            batch["start"] = torch.tensor([row.start for row in rows])
            batch["end"] = torch.tensor([row.end for row in rows])
        else:
            batch["label"] = torch.tensor([row.label for row in rows])
        return batch
