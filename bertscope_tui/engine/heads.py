"""The model's own head on the hidden states of any layer: what it would answer from there.

"Logit lens" (nostalgebraist 2020, "interpreting GPT: the logit lens"; Belrose et al. 2023,
arXiv:2303.08112) for question-answering heads. Where a network normalises after its last layer
(GPT-2's ``ln_f``, ``norm`` of Llama, ``final_norm`` of ModernBERT), that norm goes first.

Nothing is assumed about what a head is made of: the network's own forward runs, with the part that
gives the last hidden states replaced by the given ones. Which part that is, and which norm follows
the layers, a trial pass tells; what does not give the network's own logits back is not used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bertscope_tui.engine.forward import layer_stack

if TYPE_CHECKING:
    from bertscope_tui.models.loading import LoadedModel


class LayerHead:
    """The head of one open model, to be put on the states of any of its layers.

    ``works`` is False for a network without a head, and for one whose logits the trial does not
    give back.
    """

    def __init__(self, model: LoadedModel) -> None:
        """Run two passes over a few tokens, to find how the head is to be called."""
        import torch

        self._network = model.network
        self._head = model.info.head
        self._norm: Any = None
        self._replaced: Any = None
        self._direct: Any = None
        self.works = False
        if self._head is not None:
            with torch.inference_mode():
                self._find(model)

    def read(self, inputs: Mapping[str, Any], states: Any, *, last: bool = False) -> Any:
        """Return the logits that the head gives for a batch's states of one layer.

        ``inputs`` is what the network was called with, ``states`` ``(windows, tokens, dim)``.
        ``last`` says that they are those of layer L, which have the final norm. Returns
        ``(windows, tokens, 2)``, starts and ends, for a span head, else ``(windows, labels)``.
        """
        import torch

        if self._norm is not None and not last:
            states = self._norm(states)
        if self._direct is not None:
            return self._direct(states)
        with _giving(self._replaced, states):
            result = self._network(**inputs, return_dict=True)
        if self._head == "classification":
            return result.logits
        return torch.stack([result.start_logits, result.end_logits], dim=-1)

    def _find(self, model: LoadedModel) -> None:
        import torch

        inputs = _trial_inputs(model)
        base, stack = model.network.base_model, layer_stack(model.network)
        if not len(stack):
            return
        outside = [module for module in base.modules() if not _within(module, stack)]
        with _watching([*outside, stack[-1]]) as seen:
            real = model.network(**inputs, output_hidden_states=True, return_dict=True)
        last = real.hidden_states[-1]
        layers_gave = seen[stack[-1]][1]
        if not torch.equal(layers_gave, last):
            self._norm = next(
                (
                    module
                    for module, (given, gave) in seen.items()
                    if _same(given, layers_gave) and _same(gave, last) and module is not base
                ),
                None,
            )
            if self._norm is None:
                return
        wanted = (
            real.logits
            if self._head == "classification"
            else torch.stack([real.start_logits, real.end_logits], dim=-1)
        )
        # Heads that pool do so inside the base model, after the module that holds the layers.
        owners = [module for module in outside if stack in module.children()]
        for candidate in (base, *owners):
            self._replaced = candidate
            if self._gives(inputs, layers_gave, wanted):
                self.works = True
                self._shorten(inputs, layers_gave, wanted)
                return

    def _shorten(self, inputs: dict[str, Any], states: Any, wanted: Any) -> None:
        """Call the last module alone where that is the whole head, as it mostly is: quicker."""
        import torch

        last = list(self._network.children())[-1]
        if self._head == "span" and isinstance(last, torch.nn.Linear) and last.out_features == 2:
            self._direct = last
            if not self._gives(inputs, states, wanted):
                self._direct = None

    def _gives(self, inputs: Mapping[str, Any], states: Any, wanted: Any) -> bool:
        import torch

        try:
            found = self.read(inputs, states)
        except Exception:  # a network that is called in an unusual way may fail in any way
            return False
        return found.shape == wanted.shape and torch.allclose(found, wanted, rtol=1e-3, atol=1e-3)


def _trial_inputs(model: LoadedModel) -> dict[str, Any]:
    import torch

    encoding = model.tokenizer("one", "two three", verbose=False)
    ids = [min(place, model.rows - 1) for place in encoding["input_ids"]]
    row = torch.tensor([ids], device=model.device)
    return {"input_ids": row, "attention_mask": torch.ones_like(row)}


def _within(module: Any, stack: Any) -> bool:
    return any(module is other for other in stack.modules())


def _same(one: Any, other: Any) -> bool:
    import torch

    return isinstance(one, torch.Tensor) and one.shape == other.shape and torch.equal(one, other)


@contextmanager
def _watching(modules: list[Any]) -> Iterator[dict[Any, tuple[Any, Any]]]:
    """Note for each module, called last, its first argument and (the first of) what it gave."""
    seen: dict[Any, tuple[Any, Any]] = {}

    def note(module: Any, given: tuple[Any, ...], gave: Any) -> None:
        first = gave[0] if isinstance(gave, tuple) else gave
        seen[module] = (given[0] if given else None, first)

    hooks = [module.register_forward_hook(note) for module in modules]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _giving(module: Any, states: Any) -> Iterator[None]:
    """Let a module give these states, whatever it is called with."""
    from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions

    def forward(*_: object, **__: object) -> Any:
        return BaseModelOutputWithPastAndCrossAttentions(last_hidden_state=states)

    # On the instance, where it goes before the method of the class.
    own = module.__dict__.get("forward")
    module.forward = forward
    try:
        yield
    finally:
        if own is None:
            del module.forward
        else:
            module.forward = own
