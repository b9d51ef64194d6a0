"""A model to be fine-tuned: the base's encoder with a head that may be new.

The same folders and names are opened as for looking (`bertscope_tui.models.loading`), but in
float32 whatever was stored, and a head that is missing is made instead of refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bertscope_tui.errors import ModelError
from bertscope_tui.models.catalog import ModelEntry
from bertscope_tui.models.devices import choose_device
from bertscope_tui.models.loading import (
    LoadedModel,
    describe,
    entry_of,
    is_head,
    read_config,
    read_tokenizer,
    refuse_if_too_big,
)
from bertscope_tui.models.quiet import quieten
from bertscope_tui.models.threads import set_thread_policy
from bertscope_tui.models.trial import first_line, measure
from bertscope_tui.models.weights import Head, read_weights

_DROPOUTS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "classifier_dropout_prob",
    "dropout",
    "attention_dropout",
    "activation_dropout",
    "qa_dropout",
    "seq_classif_dropout",
    "classifier_dropout",
    "embd_pdrop",
    "attn_pdrop",
    "resid_pdrop",
    "embedding_dropout",
    "mlp_dropout",
    "pooler_dropout",
)
"""What configs of the various families call their dropout rates."""


def load_trainable(
    base: ModelEntry | str | Path,
    *,
    head: Head,
    labels: Sequence[str] = (),
    dropout: float | None = None,
    freeze_embeddings: bool = False,
    seed: int = 0,
    device: str = "auto",
    allow_download: bool = False,
    stage: Callable[[str], None] | None = None,
) -> LoadedModel:
    """Open ``base`` with a head for ``head``, to be trained on ``device``.

    A head of the same kind (and, for classification, for the very same labels) that was saved with
    the base is kept; any other is drawn anew with ``seed``. ``dropout`` sets every dropout rate of
    the network. ``info.notes`` says what is new. Raises ModelError for everything that can be
    wrong with the base, weights that are missing from its encoder included.
    """
    import torch

    def at(text: str) -> None:
        if stage is not None:
            stage(text)

    set_thread_policy()
    quieten()
    entry = entry_of(base, allow_download, at)
    if entry.problem is not None:
        raise ModelError(f"{entry.name}: {entry.problem}")
    weights = read_weights(entry.path)
    place = choose_device(device)
    refuse_if_too_big(entry, weights, torch.float32, place)
    local = {"local_files_only": True, "trust_remote_code": False}
    config = read_config(entry, local)
    at("reading the tokenizer")
    tokenizer = read_tokenizer(entry, local)
    others = head == "classification" and _labels(config) != tuple(labels)
    _prepare(config, tokenizer, head, labels, dropout)
    at("reading weights")
    torch.manual_seed(seed)
    network, made = _network(entry, config, head, local)
    if others and not made:
        _draw_head(network)
        made = True
    if freeze_embeddings:
        network.get_input_embeddings().weight.requires_grad_(False)
    network = network.to(place).eval()
    model = describe(entry, weights, tokenizer, network, place, head)
    notes = [f"the {head} head is new" if made else f"the {head} head is that of the base"]
    measure(model, notes)
    return model


def _prepare(
    config: Any, tokenizer: Any, head: Head, labels: Sequence[str], dropout: float | None
) -> None:
    """Put into the config what the head, the padding and the dropout need."""
    if head == "span":
        config.num_labels = 2
    else:
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: place for place, label in enumerate(labels)}
        config.problem_type = "single_label_classification"
    text = config.get_text_config()
    if getattr(text, "pad_token_id", None) is None:
        # A decoder's classification head finds the end of a padded text by this token alone.
        pads = (tokenizer.pad_token_id, tokenizer.eos_token_id)
        text.pad_token_id = next((pad for pad in pads if pad is not None), None)
    if dropout is not None:
        for name in _DROPOUTS:
            for part in (config, text):
                if isinstance(getattr(part, name, None), int | float):
                    setattr(part, name, dropout)


def _labels(config: Any) -> tuple[str, ...]:
    """Return the labels that a config names, in the order of their numbers."""
    names = dict(getattr(config, "id2label", None) or {})
    return tuple(str(names[place]) for place in sorted(names))


def _draw_head(network: Any) -> None:
    """Draw the weights of a head anew: those of the base stand for other labels."""
    import torch

    spread = float(getattr(network.config, "initializer_range", None) or 0.02)
    for name, weight in network.named_parameters():
        if is_head(name, network):
            if weight.ndim > 1:
                torch.nn.init.normal_(weight, std=spread)
            elif name.endswith("bias"):
                torch.nn.init.zeros_(weight)


def _network(entry: ModelEntry, config: Any, head: Head, local: dict[str, Any]) -> tuple[Any, bool]:
    """Return the network in float32 and whether its head (or a part of it) is new."""
    import torch
    from transformers import AutoModelForQuestionAnswering, AutoModelForSequenceClassification

    factory = (
        AutoModelForQuestionAnswering if head == "span" else AutoModelForSequenceClassification
    )
    try:
        network, report = factory.from_pretrained(
            entry.path,
            config=config,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
            use_safetensors=True,
            dtype=torch.float32,
            **local,
        )
    except MemoryError as exc:
        raise ModelError(f"{entry.name}: not enough memory to open it") from exc
    except Exception as exc:  # torch, safetensors and transformers each have their own
        raise ModelError(
            f"{entry.name}: cannot be opened with a {head} head: {first_line(exc)}"
        ) from exc
    mismatched = {_key(item) for item in report["mismatched_keys"]}
    fresh = sorted(set(map(str, report["missing_keys"])) | mismatched)
    lost = [name for name in fresh if not is_head(name, network) and "pooler" not in name]
    if lost:
        raise ModelError(
            f"{entry.name}: {len(lost)} weights of its encoder are not in its files or have "
            f"another shape (the first: {lost[0]})"
        )
    return network, any(is_head(name, network) for name in fresh)


def _key(item: Any) -> str:
    """Return the weight's name of an entry of ``mismatched_keys``, which also tells the shapes."""
    return str(item if isinstance(item, str) else item[0])
