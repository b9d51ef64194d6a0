"""A first pass through a network that was just opened: what it really does, not what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bertscope_tui.errors import BertscopeError, ModelError

if TYPE_CHECKING:
    from bertscope_tui.models.loading import LoadedModel


def measure(model: LoadedModel, notes: list[str]) -> None:
    """Run a few tokens, to count the hidden states and see what padding does to them.

    The config is not believed for the one, and for the other there are networks (with
    convolutions or Fourier transforms over the text) that mix padding into every token although it
    is masked: their windows must run one by one. Sets ``batches`` and ``info`` of the model;
    ``notes``, with what is found here, become those of ``info``. Raises ModelError where the
    network does not run on text or has no hidden states.
    """
    info = model.info
    if len(model.tokenizer) > model.rows:
        notes.append(
            f"the tokenizer has {len(model.tokenizer)} pieces, the network {model.rows}: a text "
            "with one of those beyond it cannot be run"
        )
    encoding = model.tokenizer("one", "two three", verbose=False)
    ids = [min(place, model.rows - 1) for place in encoding["input_ids"]]
    alone = _trial(model, ids, 0)
    if not alone or any(state.shape != alone[0].shape for state in alone):
        raise ModelError(f"{info.name}: gives no hidden state of one size for every layer")
    if model.batches:
        padded = _trial(model, ids, 3)
        tolerance = 1e-3 if info.dtype == "float32" else 5e-2
        model.batches = all(
            float((a - b[:, : len(ids)]).abs().max()) <= tolerance * float(a.abs().max() + 1e-6)
            for a, b in zip(alone, padded, strict=True)
        )
        if not model.batches:
            notes.append("padding would change its hidden states: windows are run one at a time")
    if len(alone) != info.layers + 1:
        notes.append(
            f"hidden_states has {len(alone)} entries where the config says {info.layers} layers"
        )
    model.info = replace(
        info, layers=len(alone) - 1, hidden_size=int(alone[0].shape[-1]), notes=tuple(notes)
    )


def _trial(model: LoadedModel, ids: list[int], padding: int) -> tuple[Any, ...]:
    """Return the hidden states of one row with ``padding`` masked tokens at its end."""
    import torch

    row = torch.tensor([[*ids, *[model.pad_id] * padding]], device=model.device)
    mask = torch.ones_like(row)
    mask[:, len(ids) :] = 0
    try:
        with torch.inference_mode():
            result = model.network(
                input_ids=row, attention_mask=mask, output_hidden_states=True, return_dict=True
            )
    except Exception as exc:  # a network may fail on text alone in any way it likes
        raise ModelError(f"{model.info.name}: does not run on text: {first_line(exc)}") from exc
    return tuple(getattr(result, "hidden_states", None) or ())


def first_line(exc: BaseException) -> str:
    """Return what an error of another library says, as one line of at most 300 characters."""
    if isinstance(exc, BertscopeError):
        return exc.message
    text = next((line.strip() for line in str(exc).splitlines() if line.strip()), "")
    return (text or type(exc).__name__)[:300]
