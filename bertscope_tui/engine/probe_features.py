"""The hidden states of span tokens at every layer, batch by batch, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.engine.batching import length_buckets
from bertscope_tui.engine.forward import default_budget, forward, never
from bertscope_tui.errors import EngineError

if TYPE_CHECKING:
    from bertscope_tui.engine.probe_encoding import EncodedProbe
    from bertscope_tui.models.loading import LoadedModel

_MOST_TOKENS = 4096
"""Tokens whose states are held at once."""

Write = Callable[[int, NDArray[np.float32]], None]
"""Told the first row and the states ``(rows, layers + 1, dim)`` of the rows from there on."""


def extract(
    model: LoadedModel,
    encoded: EncodedProbe,
    write: Write,
    *,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Run the network once over all windows and give ``write`` the states of span tokens.

    ``progress`` is told after each batch how many tokens are done, and of how many. Raises
    EngineError where the network fails, or where its states are not finite; Cancelled.
    """
    lengths = [len(window.input_ids) for window in encoded.windows]
    budget = min(default_budget(model, hidden=True), _MOST_TOKENS)
    total, done = sum(lengths), 0
    for batch in length_buckets(lengths, budget):
        windows = [encoded.windows[place] for place in batch]
        outputs = forward(model, windows, hidden=True, cancelled=cancelled)
        for place, output in zip(batch, outputs, strict=True):
            assert output.hidden is not None  # asked for
            states = output.hidden[:, encoded.tokens[place]].transpose(1, 0, 2)
            if not np.isfinite(states).all():
                layer = int(np.flatnonzero(~np.isfinite(states).all((0, 2)))[0])
                raise EngineError(
                    f"{model.info.name}: the states of layer {layer} are not finite",
                    remedy="--dtype float32",
                )
            write(int(encoded.first_rows[place]), states)
        done += sum(lengths[place] for place in batch)
        if progress is not None:
            progress(done, total)
