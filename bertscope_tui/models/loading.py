"""From a name or a folder to a network that is ready to run, with what the user should know.

Which head a model has is decided by what was saved, never by the class name alone: transformers
would fill a missing head with random numbers, and its predictions would be made up.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertscope_tui.errors import Cancelled, ModelError
from bertscope_tui.models.catalog import ModelEntry, find_model, head_by_name, read_entry
from bertscope_tui.models.devices import choose_device, choose_dtype, free_memory
from bertscope_tui.models.quiet import quieten
from bertscope_tui.models.threads import set_thread_policy
from bertscope_tui.models.trial import first_line, measure
from bertscope_tui.models.weights import Head, Weights, read_weights, saved_head

if TYPE_CHECKING:
    import torch

NO_LIMIT = 1_000_000
"""``max_tokens`` of a network whose positions are not limited."""

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?", re.ASCII)
_HUB_FILES = ("*.json", "*.safetensors", "*.txt", "*.model")


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the screens and the command line say about an open model.

    ``layers`` is the number of hidden states less one, counted on a real pass; ``hidden_size``
    their width; ``max_tokens`` the longest window that the positions allow (``NO_LIMIT`` where
    they do not); ``labels`` the classes in the order of the logits; ``parameters`` counts the
    weights in memory and ``bytes`` is the size of their files; ``notes`` are plain sentences
    for the user.
    """

    name: str
    path: str
    architecture: str
    model_type: str
    layers: int
    hidden_size: int
    head: Head | None
    base: str | None
    device: str
    dtype: str
    max_tokens: int
    parameters: int
    bytes: int
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(eq=False, slots=True)
class LoadedModel:
    """An open model: the description, the tokenizer, the network and where it runs.

    ``type_ids`` says whether the network takes the tokenizer's token types; ``pad_id`` is what
    short windows are filled up with in a batch (and masked). ``batches`` is False where padding
    would change a window's numbers, for one with classification heads of decoders that have no
    padding token and take the last token of each row for the end of the text. ``rows`` is the
    size of the network's vocabulary.
    """

    info: ModelInfo
    tokenizer: Any
    network: Any
    device: torch.device
    type_ids: bool
    pad_id: int
    batches: bool
    rows: int


def load_model(
    entry_or_name: ModelEntry | str | Path,
    *,
    device: str = "auto",
    dtype: str = "auto",
    allow_download: bool = False,
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
    stage: Callable[[str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> LoadedModel:
    """Open a model from a folder, by a name of ``list_models``, or (only if allowed) from the hub.

    ``stage`` is called with a few words before each slow step, and ``cancelled`` asked then.
    Raises ModelError, in one line, for everything that can be wrong with a model; Cancelled.
    """

    def at(text: str) -> None:
        if cancelled is not None and cancelled():
            raise Cancelled
        if stage is not None:
            stage(text)

    set_thread_policy()
    entry = entry_of(entry_or_name, allow_download, at)
    folder = entry.path
    if entry.problem is not None and not (entry.problem.startswith("only pickle") and allow_pickle):
        raise ModelError(f"{entry.name}: {entry.problem}")
    weights = read_weights(folder)
    at("importing torch")
    place = choose_device(device)
    kind = choose_dtype(dtype, place)
    refuse_if_too_big(entry, weights, kind, place)
    at("importing transformers")
    quieten()
    local = {"local_files_only": True, "trust_remote_code": trust_remote_code}
    config = read_config(entry, local)
    at("reading the tokenizer")
    tokenizer = read_tokenizer(entry, local)
    at("reading weights")
    notes: list[str] = []
    options = {**local, "use_safetensors": not weights.pickle, "dtype": kind}
    network, head = _read_network(entry, weights, config, options, notes)
    at(f"moving to {place.type}")
    try:
        network = network.to(place).eval()
    except (RuntimeError, MemoryError) as exc:
        raise ModelError(
            f"{entry.name}: does not fit the memory of {place}", remedy="try --device cpu"
        ) from exc
    model = describe(entry, weights, tokenizer, network, place, head)
    at("trying a first pass")
    measure(model, notes)
    return model


def entry_of(
    entry_or_name: ModelEntry | str | Path, allow_download: bool, at: Callable[[str], None]
) -> ModelEntry:
    """Find a model, where allowed on the hub; ``at`` is told before something slow.

    Raises ModelError where there is none.
    """
    if isinstance(entry_or_name, ModelEntry):
        return entry_or_name
    try:
        return find_model(entry_or_name)
    except ModelError as exc:
        name = str(entry_or_name)
        if not _may_be_on_the_hub(name):
            raise
        if not allow_download:
            hint = "--allow-download to ask the Hugging Face hub"
            remedy = f"{exc.remedy}, or {hint}" if exc.remedy else f"give {hint}"
            raise ModelError(exc.message, remedy=remedy) from exc
    at("downloading")
    quieten()
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(name, allow_patterns=list(_HUB_FILES))
    except Exception as exc:  # the hub client raises errors of many libraries
        raise ModelError(f"{name}: not to be had from the hub: {first_line(exc)}") from exc
    return read_entry(Path(folder), name, "huggingface")


def _may_be_on_the_hub(name: str) -> bool:
    """Say whether a name has the form of a repository and is nothing on this machine."""
    return bool(_REPOSITORY.fullmatch(name)) and not os.path.exists(name)


def refuse_if_too_big(
    entry: ModelEntry, weights: Weights, dtype: torch.dtype, device: torch.device
) -> None:
    """Refuse before reading: where memory runs out on Linux the process is killed unasked."""
    free = free_memory(device)
    need = weights.parameters * dtype.itemsize
    if free is not None and need > free:
        raise ModelError(
            f"{entry.name}: needs {need / 1e9:.1f} GB of {device} memory, "
            f"{free / 1e9:.1f} GB are free",
            remedy="try a smaller model, or --dtype bfloat16",
        )


def read_config(entry: ModelEntry, local: dict[str, Any]) -> Any:
    """Read the config of a network that can be run here; ModelError says why it cannot be."""
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(entry.path, **local)
    except Exception as exc:  # transformers passes on the errors of many readers
        if "trust_remote_code" in str(exc):
            raise ModelError(
                f"{entry.name}: needs program code of its own",
                remedy="--trust-remote-code runs it; do so only if you trust its author",
            ) from exc
        if entry.model_type is None:
            raise ModelError(f"{entry.path / 'config.json'}: names no model_type") from exc
        raise ModelError(
            f"{entry.name}: model type {entry.model_type!r} is not known to transformers: "
            f"{first_line(exc)}"
        ) from exc
    if getattr(config, "is_encoder_decoder", False):
        raise ModelError(
            f"{entry.name}: encoder-decoder networks ({config.model_type}) are not supported",
            remedy="their answers are written, not marked in the context",
        )
    return config


def read_tokenizer(entry: ModelEntry, local: dict[str, Any]) -> Any:
    """Read a tokenizer that knows the characters of its tokens; ModelError where there is none."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(entry.path, use_fast=True, **local)
    except Exception as exc:  # tokenizers raises bare Exception for a broken file
        raise ModelError(f"{entry.name}: cannot read its tokenizer: {first_line(exc)}") from exc
    if not tokenizer.is_fast:
        raise ModelError(
            f"{entry.name}: its tokenizer ({type(tokenizer).__name__}) has no fast version, which "
            "alone says what characters a token stands for",
            remedy="convert it to a tokenizer.json",
        )
    return tokenizer


def _read_network(
    entry: ModelEntry,
    weights: Weights,
    config: Any,
    options: dict[str, Any],
    notes: list[str],
) -> tuple[Any, Head | None]:
    """Return the network without any part that was not saved, and the head that it then has."""
    promised = head_by_name(entry.architecture)
    head = saved_head(weights, promised) or promised
    network, missing = _from_pretrained(entry, config, options, head)
    if head is None:
        notes.append("no question-answering head: hidden states only, no prediction")
    elif any(is_head(name, network) for name in missing):
        what = "question-answering" if head == "span" else "classification"
        notes.append(
            f"{type(network).__name__}, but its {what} head was not saved: "
            "hidden states only, no prediction"
        )
        missing = [name for name in missing if not is_head(name, network)]
        network, head = network.base_model, None
    _refuse_if_incomplete(entry, network, missing)
    return network, head


def _from_pretrained(
    entry: ModelEntry, config: Any, options: dict[str, Any], head: Head | None
) -> tuple[Any, list[str]]:
    from transformers import (
        AutoModel,
        AutoModelForQuestionAnswering,
        AutoModelForSequenceClassification,
    )

    factory = {
        "span": AutoModelForQuestionAnswering,
        "classification": AutoModelForSequenceClassification,
        None: AutoModel,
    }[head]
    if head == "span":
        # Two logits a token, whatever label map a file that names another class carries.
        config.num_labels = 2
    try:
        network, report = factory.from_pretrained(
            entry.path, config=config, output_loading_info=True, **options
        )
    except MemoryError as exc:
        raise ModelError(f"{entry.name}: not enough memory to open it") from exc
    except Exception as exc:  # torch, safetensors and transformers each have their own
        raise ModelError(f"{entry.name}: cannot read its weights: {first_line(exc)}") from exc
    if report["mismatched_keys"]:
        first = next(iter(sorted(map(str, report["mismatched_keys"]))))
        raise ModelError(f"{entry.name}: weights and config.json do not belong together ({first})")
    return network, sorted(report["missing_keys"])


def is_head(name: str, network: Any) -> bool:
    """Say whether a weight belongs to the head and not to the encoder or its pooler."""
    return not name.startswith(f"{network.base_model_prefix}.") and "pooler" not in name


def _refuse_if_incomplete(entry: ModelEntry, network: Any, missing: list[str]) -> None:
    """Refuse a network with random weights in it; a pooler is not used for anything shown."""
    classifies = type(network).__name__.endswith("ForSequenceClassification")
    lost = [name for name in missing if classifies or "pooler" not in name]
    if lost:
        raise ModelError(
            f"{entry.name}: {len(lost)} weights are not in its files (the first: {lost[0]}); "
            "the network would run on random numbers"
        )


def describe(
    entry: ModelEntry,
    weights: Weights,
    tokenizer: Any,
    network: Any,
    device: torch.device,
    head: Head | None,
) -> LoadedModel:
    """Describe a network that is on its device, as far as its config and tables tell."""
    config = network.config
    config.use_cache = False  # a decoder would keep keys and values that nobody asks for again
    text = config.get_text_config()
    padding = getattr(text, "pad_token_id", None)
    try:
        rows = int(network.get_input_embeddings().weight.shape[0])
    except (NotImplementedError, AttributeError) as exc:
        raise ModelError(f"{entry.name}: has no table of word pieces to read text with") from exc
    pad = next(
        (
            value
            for value in (padding, tokenizer.pad_token_id, tokenizer.eos_token_id)
            if isinstance(value, int) and 0 <= value < rows
        ),
        0,
    )
    takes_types = "token_type_ids" in inspect.signature(network.forward).parameters
    names = config.id2label if head == "classification" else {}
    info = ModelInfo(
        name=entry.name,
        path=str(entry.path),
        architecture=type(network).__name__,
        model_type=config.model_type,
        layers=int(getattr(text, "num_hidden_layers", 0)),
        hidden_size=int(getattr(text, "hidden_size", 0)),
        head=head,
        base=entry.base,
        device=str(device),
        dtype=str(network.dtype).removeprefix("torch."),
        max_tokens=_position_limit(network, tokenizer),
        parameters=sum(weight.numel() for weight in network.parameters()),
        bytes=weights.bytes,
        labels=tuple(str(names[place]) for place in sorted(names)),
    )
    # Encoders pool their first token; only a decoder's head has to find the last one.
    pools_last = hasattr(network, "score")
    batches = not pools_last or padding is not None
    return LoadedModel(info, tokenizer, network, device, takes_types, pad, batches, rows)


def _position_limit(network: Any, tokenizer: Any) -> int:
    """Return the longest window: the smallest limit of the tokenizer, config and position table.

    RoBERTa and its kin start counting positions after the padding index, so that two of the 514
    rows of their table can never be reached.
    """
    import torch

    limits = [NO_LIMIT, int(tokenizer.model_max_length)]
    configured = getattr(network.config, "max_position_embeddings", None)
    if isinstance(configured, int) and configured > 0:
        limits.append(configured)
    for name, module in network.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            skipped = 0 if module.padding_idx is None else module.padding_idx + 1
            limits.append(module.num_embeddings - skipped)
    return min(limits)
