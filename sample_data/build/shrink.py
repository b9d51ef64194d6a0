"""Make a small BERT out of a bigger one: fewer word pieces, narrower feed-forward layers.

The encoder's attention, its depth and its width stay as they are. Word pieces are kept where the
sample needs them, plus every single character (so that nothing printable becomes unknown) and the
most frequent English pieces. Feed-forward neurons are ranked by how much they write into the
hidden state: mean absolute activation on given text times the norm of the output weights.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModel,
    AutoTokenizer,
    BertConfig,
    BertForQuestionAnswering,
    BertTokenizerFast,
)

TYPOGRAPHIC = "“”‘’–—…°£€"
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def kept_pieces(vocabulary: Sequence[str], needed: Iterable[str], frequent: int) -> list[str]:
    """Return the pieces to keep, in their old order.

    ``vocabulary`` lists the pieces by id; BERT's list has the frequent ones first, so the
    ``frequent`` lowest-numbered pieces of plain letters are taken on top of ``needed``.
    """
    keep = set(SPECIAL) | set(needed)
    for character in string.digits + string.ascii_lowercase + string.punctuation:
        keep |= {character, f"##{character}"}
    plain = [piece for piece in vocabulary if len(piece) > 1 and _is_plain(piece)]
    keep |= set(plain[:frequent]) | set(TYPOGRAPHIC)
    return [piece for piece in vocabulary if piece in keep]


def _is_plain(piece: str) -> bool:
    letters = piece.removeprefix("##")
    return letters.isascii() and letters.isalpha()


def shrink(
    base: Path, texts: Sequence[str], *, frequent: int, width: int, dropout: float
) -> tuple[BertForQuestionAnswering, Any]:
    """Return a pruned network with a fresh span head, and its tokenizer, from the folder ``base``.

    The head is drawn from torch's generator: seed it first. ``texts`` decides which pieces are
    needed and on which text the neurons are ranked. ``frequent`` pieces of plain letters are kept
    besides, and ``width`` feed-forward neurons a layer; ``dropout`` goes into the configuration.
    """
    old_tokenizer = AutoTokenizer.from_pretrained(base)
    encoder = AutoModel.from_pretrained(base, dtype=torch.float32).eval()
    ids = old_tokenizer.get_vocab()
    vocabulary = sorted(ids, key=lambda piece: ids[piece])
    needed = {piece for text in texts for piece in old_tokenizer.tokenize(text)}
    pieces = kept_pieces(vocabulary, needed, frequent)

    tokenizer = small_tokenizer(pieces)

    old = encoder.config
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=old.hidden_size,
        num_hidden_layers=old.num_hidden_layers,
        num_attention_heads=old.num_attention_heads,
        intermediate_size=width,
        hidden_act=old.hidden_act,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        max_position_embeddings=old.max_position_embeddings,
        type_vocab_size=old.type_vocab_size,
        layer_norm_eps=old.layer_norm_eps,
        pad_token_id=tokenizer.pad_token_id,
    )
    network = BertForQuestionAnswering(config)
    state = {
        name: value for name, value in encoder.state_dict().items() if not name.startswith("pooler")
    }
    rows = torch.tensor([ids[piece] for piece in pieces])
    words = "embeddings.word_embeddings.weight"
    state[words] = state[words][rows]
    for layer, neurons in enumerate(_best_neurons(encoder, old_tokenizer, texts, width)):
        name = f"encoder.layer.{layer}"
        for part in ("weight", "bias"):
            key = f"{name}.intermediate.dense.{part}"
            state[key] = state[key][neurons]
        key = f"{name}.output.dense.weight"
        state[key] = state[key][:, neurons]
    missing, unexpected = network.bert.load_state_dict(state, strict=False)
    unwanted = [name for name in [*missing, *unexpected] if not name.endswith("position_ids")]
    if unwanted:
        raise SystemExit(f"{base}: weights do not fit a BERT encoder: {', '.join(unwanted)}")
    return network, tokenizer


def small_tokenizer(pieces: Sequence[str]) -> Any:
    """Build a fast lower-casing BERT tokenizer over ``pieces``, numbered in their order."""
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    return BertTokenizerFast(vocab=vocabulary, do_lower_case=True, model_max_length=512)


@torch.inference_mode()
def _best_neurons(
    encoder: Any, tokenizer: Any, texts: Sequence[str], width: int
) -> list[torch.Tensor]:
    """Rank the feed-forward neurons of each layer on ``texts``; return the ``width`` best."""
    layers = encoder.encoder.layer
    sums = [torch.zeros(layer.intermediate.dense.out_features) for layer in layers]

    def adding(place: int) -> Any:
        def hook(_module: Any, _inputs: Any, output: torch.Tensor) -> None:
            sums[place] += output.abs().sum(dim=(0, 1))

        return hook

    hooks = [
        layer.intermediate.register_forward_hook(adding(place))
        for place, layer in enumerate(layers)
    ]
    for text in texts:
        encoder(**tokenizer(text, return_tensors="pt", truncation=True, max_length=512))
    for hook in hooks:
        hook.remove()
    chosen = []
    for layer, total in zip(layers, sums, strict=True):
        score = total * layer.output.dense.weight.norm(dim=0)
        chosen.append(score.topk(width).indices.sort().values)
    return chosen
