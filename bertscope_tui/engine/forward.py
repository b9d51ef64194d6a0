"""Windows through the network: logits and hidden states as numpy arrays without padding.

Short windows are padded on the right and masked; positions count from the left, so a window's
numbers do not depend on its batch, for encoders and decoders alike. A batch that does not fit the
memory is halved and tried again. Cancelling takes effect between batches and between the layers
of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.engine.batching import length_buckets
from bertscope_tui.engine.encoding import Window
from bertscope_tui.errors import BertscopeError, Cancelled, EngineError

if TYPE_CHECKING:
    from bertscope_tui.models.loading import LoadedModel

Floats = NDArray[np.float32]
Result = TypeVar("Result")

_CPU_TOKENS = 2048
_DEVICE_TOKENS = 16_384
_STATE_BYTES = 1 << 30
_SMALL_NETWORK = 30_000_000  # parameters; a larger one gets fewer tokens at once on a CPU


@dataclass(frozen=True, slots=True, eq=False)
class WindowOutput:
    """What the network says about one window.

    ``start_logits`` and ``end_logits`` ``(tokens,)`` with a span head; ``class_logits``
    ``(labels,)`` with a classification head; ``hidden`` ``(layers + 1, tokens, dim)`` where asked
    for. All float32 on the CPU.
    """

    start_logits: Floats | None = None
    end_logits: Floats | None = None
    class_logits: Floats | None = None
    hidden: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DeviceBatch:
    """Windows of one pass, padded on the right, and what came out, on the device.

    ``inputs`` are what the network was called with; logits are ``(windows, tokens)`` with a span
    head and ``(windows, labels)`` with a classification head; ``states`` holds layers + 1
    tensors ``(windows, tokens, dim)``, or none. All in the network's number type.
    """

    windows: list[Window]
    inputs: dict[str, Any]
    start_logits: Any
    end_logits: Any
    class_logits: Any
    states: tuple[Any, ...]


def never() -> bool:
    """Say no: the ``cancelled`` of a job that nobody can cancel."""
    return False


def forward(
    model: LoadedModel,
    windows: Sequence[Window],
    *,
    hidden: bool,
    cancelled: Callable[[], bool] = never,
    token_budget: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[WindowOutput]:
    """Run the windows, in batches of at most ``token_budget`` tokens, and return them in order.

    ``progress`` is told after each batch how many windows are done.
    Raises EngineError where one window alone does not fit the memory, or where the network fails
    on it; Cancelled soon after ``cancelled()`` turns true.
    """
    return run_batches(
        model,
        windows,
        lambda batch: _outputs(batch, hidden),
        hidden=hidden,
        cancelled=cancelled,
        token_budget=token_budget,
        progress=progress,
    )


def run_batches(
    model: LoadedModel,
    windows: Sequence[Window],
    derive: Callable[[DeviceBatch], Sequence[Result]],
    *,
    hidden: bool,
    cancelled: Callable[[], bool] = never,
    token_budget: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Result]:
    """Run the windows in batches and return what ``derive`` makes of them, in order.

    ``derive`` gets each batch while it is still on the device, and gives one result for each of
    its windows. It is asked again, with a part of the batch, where it runs out of memory itself;
    whatever else it raises is passed on. Everything else is as in `forward`.
    """
    import torch

    budget = token_budget if token_budget is not None else default_budget(model, hidden)
    budget = budget if model.batches else 1
    lengths = [len(window.input_ids) for window in windows]
    results: dict[int, Result] = {}
    waiting = length_buckets(lengths, budget)[::-1]
    with torch.inference_mode(), _polling_layers(model.network, cancelled):
        while waiting:
            if cancelled():
                raise Cancelled
            batch = waiting.pop()
            outputs = _try(model, [windows[index] for index in batch], hidden, derive)
            if outputs is not None:
                results.update(zip(batch, outputs, strict=True))
                if progress is not None:
                    progress(len(results))
                continue
            _release(model)
            if len(batch) == 1:
                raise EngineError(
                    f"a window of {lengths[batch[0]]} tokens does not fit the memory of "
                    f"{model.device}",
                    remedy="shorter windows (--max-tokens) or --device cpu",
                )
            # What did not fit once will not fit again: everything left goes in smaller batches.
            rest = batch + [index for other in reversed(waiting) for index in other]
            budget = max(1, len(batch) // 2) * lengths[batch[0]]
            waiting = length_buckets([lengths[index] for index in rest], budget)[::-1]
            waiting = [[rest[place] for place in group] for group in waiting]
    return [results[index] for index in range(len(windows))]


def default_budget(model: LoadedModel, hidden: bool) -> int:
    """Return how many tokens go through the network at once on this device.

    On a CPU large batches gain nothing and cannot be cancelled quickly, so larger networks get
    smaller ones. With hidden states a batch's states stay within one gibibyte.
    """
    info = model.info
    if model.device.type == "cpu":
        budget = _CPU_TOKENS * _SMALL_NETWORK // max(info.parameters, _SMALL_NETWORK)
    else:
        budget = _DEVICE_TOKENS
    if hidden:
        budget = min(budget, _STATE_BYTES // ((info.layers + 1) * info.hidden_size * 4))
    return max(1, budget)


def _try(
    model: LoadedModel,
    batch: list[Window],
    hidden: bool,
    derive: Callable[[DeviceBatch], Sequence[Result]],
) -> Sequence[Result] | None:
    """Run one batch; None where the memory is too small for it.

    The tensors of a failed batch hang on the exception, so it must be gone before the retry.
    """
    try:
        ready = _run(model, batch, hidden)
    except (Cancelled, EngineError):
        raise
    except Exception as exc:  # a network may fail in any way it likes
        if _lacks_memory(exc):
            return None
        line = next(iter(str(exc).splitlines()), type(exc).__name__)[:300]
        raise EngineError(f"{model.info.name}: the network failed on a window: {line}") from exc
    try:
        return derive(ready)
    except Exception as exc:
        if _lacks_memory(exc):
            return None
        raise


def _lacks_memory(exc: Exception) -> bool:
    import torch

    text = str(exc).lower()
    told = "out of memory" in text or "can't allocate memory" in text
    return isinstance(exc, torch.OutOfMemoryError | MemoryError) or (
        told and not isinstance(exc, BertscopeError)
    )


def padded(model: LoadedModel, batch: Sequence[Window]) -> dict[str, Any]:
    """Return what the network is called with for these windows, on its device.

    Raises EngineError where a token is beyond the network's vocabulary.
    """
    import torch

    lengths = [len(window.input_ids) for window in batch]
    shape = (len(batch), max(lengths))
    ids = torch.full(shape, model.pad_id, dtype=torch.long)
    mask = torch.zeros(shape, dtype=torch.long)
    types = torch.zeros(shape, dtype=torch.long)
    for row, window in enumerate(batch):
        ids[row, : lengths[row]] = torch.tensor(window.input_ids)
        mask[row, : lengths[row]] = 1
        if window.type_ids is not None:
            types[row, : lengths[row]] = torch.tensor(window.type_ids)
    inputs: dict[str, Any] = {"input_ids": ids, "attention_mask": mask}
    if all(window.type_ids is not None for window in batch):
        inputs["token_type_ids"] = types
    _check_ids(model, ids)
    return {name: value.to(model.device) for name, value in inputs.items()}


def _run(model: LoadedModel, batch: list[Window], hidden: bool) -> DeviceBatch:
    inputs = padded(model, batch)
    result = model.network(**inputs, output_hidden_states=hidden, return_dict=True)
    head = model.info.head
    return DeviceBatch(
        windows=batch,
        inputs=inputs,
        start_logits=result.start_logits if head == "span" else None,
        end_logits=result.end_logits if head == "span" else None,
        class_logits=result.logits if head == "classification" else None,
        states=tuple(result.hidden_states) if hidden else (),
    )


def logits_of(batch: DeviceBatch) -> list[WindowOutput]:
    """Return each window's logits as arrays on the CPU, without those of the padding."""
    starts = None if batch.start_logits is None else _to_numpy(batch.start_logits)
    ends = None if batch.end_logits is None else _to_numpy(batch.end_logits)
    classes = None if batch.class_logits is None else _to_numpy(batch.class_logits)
    return [
        WindowOutput(
            start_logits=None if starts is None else starts[row, : len(window.input_ids)].copy(),
            end_logits=None if ends is None else ends[row, : len(window.input_ids)].copy(),
            class_logits=None if classes is None else classes[row].copy(),
        )
        for row, window in enumerate(batch.windows)
    ]


def _outputs(batch: DeviceBatch, hidden: bool) -> list[WindowOutput]:
    outputs = logits_of(batch)
    if not hidden:
        return outputs
    states = _states(batch.states, [len(window.input_ids) for window in batch.windows])
    return [replace(output, hidden=state) for output, state in zip(outputs, states, strict=True)]


def _states(layers: Sequence[Any], lengths: list[int]) -> list[Floats]:
    """Cut the padding off the hidden states: ``(layers + 1, tokens, dim)`` for each window."""
    width = layers[0].shape[-1]
    out = [np.empty((len(layers), length, width), dtype=np.float32) for length in lengths]
    for layer, state in enumerate(layers):
        values = _to_numpy(state)
        for row, length in enumerate(lengths):
            out[row][layer] = values[row, :length]
    return out


def _to_numpy(tensor: Any) -> Floats:
    import torch

    array: Floats = tensor.to(device="cpu", dtype=torch.float32).numpy()
    return array


def _check_ids(model: LoadedModel, ids: Any) -> None:
    if int(ids.max()) >= model.rows:
        raise EngineError(
            f"{model.info.name}: the tokenizer gives piece {int(ids.max())}, "
            f"the network has {model.rows}"
        )


def _release(model: LoadedModel) -> None:
    import torch

    if model.device.type == "cuda":
        torch.cuda.empty_cache()


def layer_stack(network: Any) -> Any:
    """Return the ``ModuleList`` of the network's layers (the longest there is; maybe empty)."""
    import torch

    stacks = [module for module in network.modules() if isinstance(module, torch.nn.ModuleList)]
    return max(stacks, key=len, default=torch.nn.ModuleList())


@contextmanager
def _polling_layers(network: Any, cancelled: Callable[[], bool]) -> Iterator[None]:
    """Ask ``cancelled`` before every layer: one batch of a large network takes seconds on a CPU."""

    def poll(*_: object) -> None:
        if cancelled():
            raise Cancelled

    hooks = [layer.register_forward_pre_hook(poll) for layer in layer_stack(network)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
