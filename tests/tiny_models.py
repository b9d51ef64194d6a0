"""Small randomly initialised models of every architecture, with a tokenizer of the right kind.

Built once per test process in a temporary folder that goes away with it. The vocabularies are made
here from a few sentences, the same each time; nothing is downloaded. The weights are drawn wide
enough for a wrong mask or position to show in the numbers.
"""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bertscope_tui.models.loading import LoadedModel, load_model

LABELS = ("no", "maybe", "yes")
POSITIONS = 160
LAYERS = 2
WIDTH = 32

_CORPUS = [
    "The lantern maker walked from the harbour to the old mill before sunrise.",
    "Where did the lantern maker go? He went to the mill, and later to the market.",
    "Nobody knew which of the seven keys opened the garden gate in winter.",
    "Mary carried a basket of pears; John left the kitchen and dropped the apple.",
    "A café on the corner sold 42 kinds of bread, cheese and honey in 1893.",
]
_WORDS = re.findall(r"\w+|[^\w\s]", " ".join(_CORPUS))
_BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@cache
def _root() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="bertscope-tiny-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@dataclass(frozen=True)
class _Kind:
    """How to build one architecture: its tokenizer and the names of its classes and settings."""

    tokenizer: Callable[[], Any]
    config: str
    stem: str
    settings: tuple[tuple[str, Any], ...]


def _wordpiece() -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    letters = sorted({letter for word in _WORDS for letter in word.lower()} - {"é"})
    pieces = [*_BERT_SPECIALS, *letters, *(f"##{letter}" for letter in letters)]
    pieces += sorted({word.lower() for word in _WORDS if word.isalpha()} - set(pieces))
    vocabulary = {piece: place for place, piece in enumerate(pieces)}
    raw = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    raw.normalizer = normalizers.BertNormalizer(lowercase=True)
    raw.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    raw.decoder = decoders.WordPiece()
    return _wrap_like_bert(raw)


def _unigram() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    letters = sorted({letter for word in _WORDS for letter in word} | {"▁"})
    scored = [(special, 0.0) for special in _BERT_SPECIALS]
    scored += [(letter, -10.0 - place / 100) for place, letter in enumerate(letters)]
    scored += [(f"▁{word}", -3.0 - place / 100) for place, word in enumerate(sorted(set(_WORDS)))]
    raw = Tokenizer(models.Unigram(scored, unk_id=1))
    raw.pre_tokenizer = pre_tokenizers.Metaspace()
    raw.decoder = decoders.Metaspace()
    return _wrap_like_bert(raw)


def _wrap_like_bert(raw: Any) -> Any:
    from tokenizers.processors import TemplateProcessing

    raw.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return _wrap(
        raw,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def _byte_level(specials: list[str], pair: str | None, **names: str) -> Any:
    """Build byte-level BPE whose merges put the words of the corpus together from the left."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges: dict[tuple[str, str], None] = {}
    words = sorted(word for word in set(_WORDS) if word.isascii())
    # The blank before a word must be merged before the word's own letters are.
    for spelling in [f"Ġ{word}" for word in words] + words:
        for cut in range(1, len(spelling)):
            merges[spelling[:cut], spelling[cut]] = None
    pieces = list(dict.fromkeys([*specials, *alphabet, *("".join(pair) for pair in merges)]))
    vocabulary = {piece: place for place, piece in enumerate(pieces)}
    raw = Tokenizer(models.BPE(vocabulary, list(merges)))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    if pair is None:
        raw.post_processor = processors.ByteLevel(trim_offsets=False)
    else:
        raw.post_processor = processors.TemplateProcessing(
            single=pair.partition(" $B")[0],
            pair=pair,
            special_tokens=[(name, specials.index(name)) for name in specials],
        )
    return _wrap(raw, **names)


def _gpt2_tokenizer() -> Any:
    end = "<|endoftext|>"
    return _byte_level([end], None, bos_token=end, eos_token=end, unk_token=end)


def _qwen_tokenizer() -> Any:
    end = "<|endoftext|>"
    return _byte_level([end], None, eos_token=end, pad_token=end)


def _llama_tokenizer() -> Any:
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    return _byte_level(["<unk>", "<s>", "</s>"], "<s> $A $B", **names)


def _roberta_tokenizer() -> Any:
    return _byte_level(
        ["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        "<s> $A </s> </s> $B </s>",
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
    )


def _modernbert_tokenizer() -> Any:
    return _byte_level(
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
        "[CLS] $A [SEP] $B [SEP]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        unk_token="[UNK]",
        mask_token="[MASK]",
    )


def _wrap(raw: Any, **names: Any) -> Any:
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(tokenizer_object=raw, **names)


_ENCODER = (
    ("hidden_size", WIDTH),
    ("num_hidden_layers", LAYERS),
    ("num_attention_heads", 4),
    ("intermediate_size", 48),
    ("max_position_embeddings", POSITIONS),
    ("initializer_range", 0.4),
)
_DECODER = (*_ENCODER, ("num_key_value_heads", 2), ("head_dim", 8))

_KINDS = {
    "bert": _Kind(_wordpiece, "BertConfig", "Bert", (*_ENCODER, ("pad_token_id", 0))),
    "distilbert": _Kind(
        _wordpiece,
        "DistilBertConfig",
        "DistilBert",
        (
            ("dim", WIDTH),
            ("n_layers", LAYERS),
            ("n_heads", 4),
            ("hidden_dim", 48),
            ("max_position_embeddings", POSITIONS),
            ("initializer_range", 0.4),
        ),
    ),
    "electra": _Kind(
        _wordpiece, "ElectraConfig", "Electra", (*_ENCODER, ("embedding_size", WIDTH // 2))
    ),
    "roberta": _Kind(
        _roberta_tokenizer,
        "RobertaConfig",
        "Roberta",
        (
            *_ENCODER,
            ("max_position_embeddings", POSITIONS + 2),
            ("pad_token_id", 1),
            ("type_vocab_size", 1),
        ),
    ),
    "albert": _Kind(
        _unigram,
        "AlbertConfig",
        "Albert",
        (*_ENCODER, ("embedding_size", WIDTH // 2), ("classifier_dropout_prob", 0.0)),
    ),
    "deberta-v2": _Kind(
        _unigram,
        "DebertaV2Config",
        "DebertaV2",
        (
            *_ENCODER,
            ("relative_attention", True),
            ("pos_att_type", ["p2c", "c2p"]),
            ("position_biased_input", False),
            ("norm_rel_ebd", "layer_norm"),
            ("share_att_key", True),
            ("position_buckets", 16),
            ("type_vocab_size", 0),
            ("pooler_hidden_size", WIDTH),
        ),
    ),
    "modernbert": _Kind(
        _modernbert_tokenizer,
        "ModernBertConfig",
        "ModernBert",
        (
            *_ENCODER,
            ("num_hidden_layers", 4),
            ("local_attention", 16),
            ("pad_token_id", 0),
            ("cls_token_id", 2),
            ("sep_token_id", 3),
            ("bos_token_id", 2),
            ("eos_token_id", 3),
        ),
    ),
    "convbert": _Kind(_wordpiece, "ConvBertConfig", "ConvBert", (*_ENCODER, ("pad_token_id", 0))),
    "gpt2": _Kind(
        _gpt2_tokenizer,
        "GPT2Config",
        "GPT2",
        (
            ("n_embd", WIDTH),
            ("n_layer", LAYERS),
            ("n_head", 4),
            ("n_positions", POSITIONS),
            ("initializer_range", 0.4),
            ("bos_token_id", 0),
            ("eos_token_id", 0),
        ),
    ),
    "llama": _Kind(_llama_tokenizer, "LlamaConfig", "Llama", _DECODER),
    "qwen2": _Kind(_qwen_tokenizer, "Qwen2Config", "Qwen2", _DECODER),
    "qwen3": _Kind(_qwen_tokenizer, "Qwen3Config", "Qwen3", _DECODER),
}

MIXES_PADDING = "convbert"
"""Its convolutions run over masked tokens too, so that it must not be padded."""
KINDS = tuple(kind for kind in _KINDS if kind != MIXES_PADDING)
DECODERS = ("gpt2", "llama", "qwen2", "qwen3")

_SUFFIX = {
    "span": "ForQuestionAnswering",
    "classification": "ForSequenceClassification",
    "": "Model",
}


@cache
def tiny_folder(kind: str, head: str = "span") -> Path:
    """Return a folder with a saved model; ``head`` is ``span``, ``classification`` or empty."""
    import torch
    import transformers
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    recipe = _KINDS[kind]
    tokenizer = recipe.tokenizer()
    settings = dict(recipe.settings)
    if head == "classification":
        settings["id2label"] = dict(enumerate(LABELS))
        settings["label2id"] = {label: place for place, label in enumerate(LABELS)}
    config = getattr(transformers, recipe.config)(vocab_size=len(tokenizer), **settings)
    torch.manual_seed(len(kind) + len(head))
    network = getattr(transformers, recipe.stem + _SUFFIX[head])(config)
    folder = _root() / f"{kind}-{head or 'bare'}"
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@cache
def tiny_model(kind: str, head: str = "span") -> LoadedModel:
    """Return the model of ``tiny_folder``, opened on the CPU. Shared: do not change it."""
    return load_model(tiny_folder(kind, head), device="cpu")


def copy_of(folder: Path, target: Path) -> Path:
    """Copy a tiny model to a place where a test may damage it."""
    return Path(shutil.copytree(folder, target))
