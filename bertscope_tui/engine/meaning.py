"""The embeddings of a window's tokens before context and position have any part in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from bertscope_tui.engine.encoding import Window
    from bertscope_tui.models.loading import LoadedModel


def meanings(model: LoadedModel, window: Window) -> NDArray[np.float32]:
    """Return the rows of the network's table of word pieces, ``(tokens, width)``.

    The width is not that of the hidden states in networks that widen them afterwards (ELECTRA,
    ALBERT).
    """
    import torch

    table = model.network.get_input_embeddings().weight
    with torch.inference_mode():
        rows = table[torch.tensor(window.input_ids, device=table.device)]
        found: NDArray[np.float32] = rows.to(device="cpu", dtype=torch.float32).numpy()
    return found
