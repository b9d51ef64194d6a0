"""A network without one of its layers: what comes in goes out again as it is.

The layers of these networks add to what they are given (He et al. 2016; Veit et al. 2016,
"Residual Networks Behave Like Ensembles of Relatively Shallow Networks", take single layers out and
see how much is lost). Skipping a layer asks whether an answer hangs on what that layer adds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertscope_tui.data.scoring import exact_match
from bertscope_tui.engine.forward import forward, layer_stack, never
from bertscope_tui.engine.scoring import ReadOptions, predict_sample
from bertscope_tui.errors import EngineError

if TYPE_CHECKING:
    from bertscope_tui.engine.answers import Prediction
    from bertscope_tui.engine.encoding import Encoded
    from bertscope_tui.models.loading import LoadedModel


@dataclass(frozen=True, slots=True)
class Skipped:
    """What the network answers without ``layer`` (None: with all of them).

    ``survives`` says whether that is the answer of the whole network, by the rules of SQuAD; None
    for a network that makes no predictions.
    """

    layer: int | None
    prediction: Prediction | None
    survives: bool | None


@contextmanager
def skipping(model: LoadedModel, layer: int | None) -> Iterator[None]:
    """Run the network without ``layer``, from 1 to L, while this is entered; None skips none.

    In networks that call one set of weights again and again (ALBERT) one call is skipped. Raises
    EngineError for a layer that does not exist, and where the network's layers cannot be told
    apart, or do not give what has the shape of what they were given.
    """
    if layer is None:
        yield
        return
    if not 1 <= layer <= model.info.layers:
        raise EngineError(
            f"{model.info.name} has no layer {layer} that could be skipped",
            remedy=f"layers 1 to {model.info.layers}; 0 is the embeddings",
        )
    count = 0

    def begin(*_: object) -> None:
        nonlocal count
        if count not in (0, model.info.layers):
            raise EngineError(
                f"{model.info.name}: {count} layers were called, not {model.info.layers}: "
                "none of them can be skipped"
            )
        count = 0

    def without(module: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            gave = call(*given, **named)
            if count != layer:
                return gave
            before = given[0] if given else named.get("hidden_states")
            after = gave[0] if isinstance(gave, tuple) else gave
            if before is None or getattr(before, "shape", None) != getattr(after, "shape", ()):
                raise EngineError(
                    f"{model.info.name}: layer {layer} ({type(module).__name__}) does not give "
                    "what has the shape of what it was given, so it cannot be skipped"
                )
            return (before, *gave[1:]) if isinstance(gave, tuple) else before

        return run

    # In the place of `forward` and not as a hook on it: transformers takes the hidden states that
    # it gives back from what `forward` returns, before hooks of ours would see it.
    hook = model.network.register_forward_pre_hook(begin)
    changed = _layer_modules(model)
    own = [module.__dict__.get("forward") for module in changed]
    try:
        for module in changed:
            module.forward = without(module, module.forward)
        yield
        begin()
    finally:
        hook.remove()
        for module, before in zip(changed, own, strict=True):
            del module.forward
            if before is not None:
                module.forward = before


def _layer_modules(model: LoadedModel) -> list[Any]:
    """Return the modules that are called as layers, each once."""
    import torch

    stack = layer_stack(model.network)
    if len(stack) < model.info.layers:
        # Groups of layers that are called again and again, a layer inside of each.
        inner = [
            layer
            for group in stack
            for part in group.modules()
            if isinstance(part, torch.nn.ModuleList)
            for layer in part
        ]
        return inner or list(stack)
    return list(stack)


def predict_skipping(
    model: LoadedModel,
    encoded: Encoded,
    layer: int | None,
    *,
    options: ReadOptions | None = None,
    cancelled: Callable[[], bool] = never,
) -> Prediction | None:
    """Return the network's answer to a sample without one layer, None without a head.

    Without ``layer`` it is the answer of the whole network. Raises as `skipping` and
    `bertscope_tui.engine.forward.forward`.
    """
    with skipping(model, layer):
        outputs = forward(model, encoded.windows, hidden=False, cancelled=cancelled)
    return predict_sample(model, encoded, outputs, options or ReadOptions())


def skip_each(
    model: LoadedModel,
    encoded: Encoded,
    *,
    options: ReadOptions | None = None,
    layers: Sequence[int] | None = None,
    cancelled: Callable[[], bool] = never,
) -> Iterator[Skipped]:
    """Yield the answer of the whole network, then that without each of ``layers`` (None: all).

    Raises as `predict_skipping`.
    """
    whole = predict_skipping(model, encoded, None, options=options, cancelled=cancelled)
    yield Skipped(None, whole, None if whole is None else True)
    for layer in range(1, model.info.layers + 1) if layers is None else layers:
        found = predict_skipping(model, encoded, layer, options=options, cancelled=cancelled)
        survives = None
        if whole is not None and found is not None:
            survives = exact_match(found.text, [whole.text]) == 1.0
        yield Skipped(layer, found, survives)
