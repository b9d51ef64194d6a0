"""A second handle on an open model, so that two threads can use its weights at the same time."""

from __future__ import annotations

import copy
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bertscope_tui.models.loading import LoadedModel


def twin(model: LoadedModel) -> LoadedModel:
    """Return a model with the same weights in memory, but modules and a tokenizer of its own.

    Passes through a network put hooks on its modules, and tokenizers keep their settings in
    themselves: neither may be shared between threads. Weights are only read, so they may. To be
    called on the thread that the model belongs to. Raises whatever a network or a tokenizer
    raises that cannot be copied.
    """
    network = model.network
    tensors = itertools.chain(network.parameters(), network.buffers())
    shared = {id(tensor): tensor for tensor in tensors}
    return replace(
        model,
        network=copy.deepcopy(network, shared),
        tokenizer=copy.deepcopy(model.tokenizer),
    )
