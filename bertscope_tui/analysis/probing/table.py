"""The hidden states of the tokens of spans, in a file that is mapped and never read whole."""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from bertscope_tui.analysis.probing.settings import Pooling

_RELEASE_BYTES = 256 << 20
"""After so much was looked at, pages are given back; the system still has them in its cache."""


@dataclass(slots=True, eq=False)
class SpanStates:
    """Hidden states of span tokens at every layer, and which rows are whose.

    ``states`` is ``(rows, layers + 1, dim)`` float16 or float32, a row for each token that is in
    any span. ``spans`` is ``(targets, spans, 2)`` int64: the first row of a span and how many it
    has, one at least.
    """

    states: NDArray[Any]
    spans: NDArray[np.int64]
    _seen: int = field(default=0)

    @property
    def layers(self) -> int:
        """Return the number of layers, the embeddings included."""
        return int(self.states.shape[1])

    @property
    def dim(self) -> int:
        """Return the width of a hidden state."""
        return int(self.states.shape[2])

    def widths(self) -> NDArray[np.int64]:
        """Return the number of tokens of each target's longest span, ``(targets,)``."""
        widths: NDArray[np.int64] = self.spans[:, :, 1].max(axis=1)
        return widths

    def batch(
        self,
        targets: NDArray[np.int64],
        layers: NDArray[np.int64] | None,
        pooling: Pooling,
        device: torch.device,
    ) -> list[tuple[Tensor, Tensor]]:
        """Return the tokens ``(layers, B, W, dim)`` float32 and mask ``(B, W)`` of each span.

        ``layers`` are those wanted, None for all. Where a span is shorter than the longest its
        last token is repeated, and masked. With ends for pooling ``W`` is 2: the first and the
        last token.
        """
        return [
            self._span(self.spans[targets, place], layers, pooling, device)
            for place in range(self.spans.shape[1])
        ]

    def _span(
        self,
        spans: NDArray[np.int64],
        layers: NDArray[np.int64] | None,
        pooling: Pooling,
        device: torch.device,
    ) -> tuple[Tensor, Tensor]:
        import torch

        first, count = spans[:, :1], spans[:, 1:]
        if pooling == "ends":
            rows = np.concatenate((first, first + count - 1), 1)
            mask = np.ones_like(rows, dtype=bool)
        else:
            place = np.arange(int(count.max()))
            rows = first + np.minimum(place, count - 1)
            mask = place < count
        taken = self._take(rows.reshape(-1), layers)
        found = torch.from_numpy(taken).to(device)
        if found.device.type == "cpu":
            tokens = torch.empty((found.shape[1], *rows.shape, found.shape[2]))
            tokens.view(found.shape[1], -1, found.shape[2]).copy_(found.transpose(0, 1))
        else:
            tokens = found.transpose(0, 1).float().contiguous()
            tokens = tokens.view(found.shape[1], *rows.shape, found.shape[2])
        return tokens, torch.from_numpy(mask).to(device)

    def _take(self, rows: NDArray[np.int64], layers: NDArray[np.int64] | None) -> NDArray[Any]:
        if layers is None or len(layers) == self.layers:
            taken = np.take(self.states, rows, axis=0)
        else:
            taken = self.states[rows[:, None], layers]
        self._seen += taken.nbytes
        if self._seen > _RELEASE_BYTES:
            self._seen = 0
            release(self.states)
        return np.ascontiguousarray(taken)


def release(states: NDArray[Any]) -> None:
    """Give back the memory of a mapped file's pages; without effect on other arrays.

    They stay in the system's cache, so that looking at them again costs no reading.
    """
    mapped = getattr(states, "_mmap", None)
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
