"""The same architecture with the weights it had before any training."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bertscope_tui.errors import ModelError
from bertscope_tui.models.trial import first_line

if TYPE_CHECKING:
    from bertscope_tui.models.loading import LoadedModel


def untrained(model: LoadedModel, seed: int = 0) -> LoadedModel:
    """Return a model that differs from ``model`` only in its weights: drawn anew by ``seed``.

    They are drawn as the architecture's own first weights are. Raises ModelError where its class
    cannot be built from its config alone.
    """
    import torch

    network = model.network
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            drawn = type(network)(network.config)
        except Exception as exc:  # a network's own code may fail in any way it likes
            raise ModelError(
                f"{model.info.name}: cannot be built with random weights: {first_line(exc)}"
            ) from exc
    drawn = drawn.to(device=model.device, dtype=network.dtype).eval()
    return replace(
        model, network=drawn, info=replace(model.info, name=f"{model.info.name} (random weights)")
    )
