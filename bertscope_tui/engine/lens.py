"""What the model's own head reads from each layer of a batch: the answer lens.

The rules of `engine.answers` on the device: the best valid span by start and end logit, for all
windows and layers at once. See `engine.heads` for the method and its sources.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bertscope_tui.engine.forward import DeviceBatch, WindowOutput, logits_of, padded

if TYPE_CHECKING:
    from bertscope_tui.engine.encoding import Window
    from bertscope_tui.engine.heads import LayerHead
    from bertscope_tui.engine.marks import Layout
    from bertscope_tui.models.loading import LoadedModel


@dataclass(frozen=True, slots=True, eq=False)
class SpanReading:
    """What a span head reads from the layers of one window, float32; spans are characters.

    ``spans`` ``(layers, 2)`` is the best valid span, ``best`` ``(layers,)`` its score (-inf where
    there is none), ``total`` the logarithm of the sum of ``exp(score)`` over all valid spans,
    ``null`` the score of "no answer" (-inf where the window has no classification token).
    """

    spans: NDArray[np.int64]
    best: NDArray[np.float32]
    total: NDArray[np.float32]
    null: NDArray[np.float32]


def read_spans(
    head: LayerHead,
    batch: DeviceBatch,
    layouts: Sequence[Layout],
    longest: int,
    *,
    poll: Callable[[], None] = lambda: None,
) -> list[SpanReading]:
    """Read the answer of each window of a batch from each layer, the last one's logits as given.

    Only the last layer is read where ``head`` does not work, so ``layers`` of the results is
    either 1 or layers + 1. ``longest`` is the most tokens an answer may have.
    """
    import torch

    own = torch.stack([batch.start_logits, batch.end_logits], dim=-1)
    logits = torch.stack([*_earlier_layers(head, batch, poll), own]).float()
    poll()
    context = [np.flatnonzero(layout.context) for layout in layouts]
    most = max(1, *(len(places) for places in context))
    reach = min(max(1, longest), most)
    at = np.zeros((len(layouts), most), dtype=np.int64)
    # What is no context begins after every end and ends before every beginning: never valid.
    begins = np.full((len(layouts), most), np.iinfo(np.int64).max)
    ends = np.full((len(layouts), most + reach - 1), -1, dtype=np.int64)
    for row, (layout, places) in enumerate(zip(layouts, context, strict=True)):
        at[row, : len(places)] = places
        begins[row, : len(places)] = layout.begins[places]
        ends[row, : len(places)] = layout.ends[places]
    valid = sliding_window_view(ends, reach, axis=1) > begins[..., None]
    best, total, place = _best(logits, at, valid)
    null = _null(logits, [window.cls for window in batch.windows])
    first, last = place // reach, place // reach + place % reach
    rows = np.arange(len(layouts))
    spans = np.stack([begins[rows, first], ends[rows, last]], axis=-1)
    return [SpanReading(spans[:, row], best[:, row], total[:, row], null[:, row]) for row in rows]


def read_labels(
    head: LayerHead, batch: DeviceBatch, *, poll: Callable[[], None] = lambda: None
) -> list[NDArray[np.float32]]:
    """Return the class logits ``(layers, labels)`` of each window, layers as in `read_spans`."""
    import torch

    logits = torch.stack([*_earlier_layers(head, batch, poll), batch.class_logits])
    values = logits.float().cpu().numpy()
    return [values[:, row] for row in range(values.shape[1])]


def earlier_outputs(
    head: LayerHead, batch: DeviceBatch, *, poll: Callable[[], None] = lambda: None
) -> list[list[WindowOutput]]:
    """Return the logits of each layer but the last, as if it were the last, for each window.

    The result is ``[layer][window]``, empty where ``head`` does not work.
    """
    found = []
    for logits in _earlier_layers(head, batch, poll):
        if batch.class_logits is not None:
            read = replace(batch, class_logits=logits)
        else:
            read = replace(batch, start_logits=logits[..., 0], end_logits=logits[..., 1])
        found.append(logits_of(read))
    return found


def batch_of_states(
    model: LoadedModel, window: Window, states: NDArray[np.float32], head: LayerHead
) -> DeviceBatch:
    """Return a batch of one window whose hidden states ``(layers + 1, tokens, dim)`` are known.

    Its logits are what ``head``, which has to work, gives for the last layer.
    """
    import torch

    dtype = next(model.network.parameters()).dtype
    inputs = padded(model, [window])
    kept = [torch.from_numpy(layer)[None].to(model.device, dtype) for layer in states]
    logits = head.read(inputs, kept[-1], last=True)
    spans = model.info.head == "span"
    return DeviceBatch(
        windows=[window],
        inputs=inputs,
        start_logits=logits[..., 0] if spans else None,
        end_logits=logits[..., 1] if spans else None,
        class_logits=None if spans else logits,
        states=tuple(kept),
    )


def _earlier_layers(head: LayerHead, batch: DeviceBatch, poll: Callable[[], None]) -> list[Any]:
    """Return what the head gives for every layer but the last one."""
    found = []
    for states in batch.states[:-1] if head.works else ():
        poll()
        found.append(head.read(batch.inputs, states))
    return found


def _best(
    logits: Any, at: NDArray[np.int64], valid: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Return score, log-sum and place of the best span, each ``(layers, windows)``.

    ``logits`` is ``(layers, windows, tokens, 2)``, ``at`` ``(windows, c)`` the context tokens;
    ``valid[w, i, k]`` says whether the span from context token i to i + k may be an answer. The
    place is that in a window's flattened ``valid``.
    """
    import torch

    device, reach = logits.device, valid.shape[2]
    places = torch.from_numpy(at).to(device)
    told = logits.gather(2, places[None, :, :, None].expand(len(logits), -1, -1, 2))
    bias = torch.zeros(valid.shape, device=device)
    bias.masked_fill_(~torch.from_numpy(valid).to(device), -torch.inf)
    stops = torch.nn.functional.pad(told[..., 1], (0, reach - 1)).unfold(2, reach, 1)
    scores = (told[..., 0, None] + stops).add_(bias).flatten(2)
    best, place = scores.max(2)
    total = scores.logsumexp(2)
    return best.cpu().numpy(), total.cpu().numpy(), place.cpu().numpy()


def _null(logits: Any, cls: Sequence[int | None]) -> NDArray[np.float32]:
    """Return the score of "no answer" of each layer and window."""
    import torch

    rows = torch.arange(len(cls), device=logits.device)
    at = torch.tensor([place or 0 for place in cls], device=logits.device)
    found: NDArray[np.float32] = logits[:, rows, at].sum(-1).cpu().numpy()
    found[:, [place is None for place in cls]] = -np.inf
    return found
