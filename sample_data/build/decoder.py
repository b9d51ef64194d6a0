"""Make a GPT-2 out of a small BERT, as a place to start training from.

Attention, feed-forward neurons, word pieces and positions are taken over as they are. BERT
normalises each sum after it was made, GPT-2 before it is used next, so the scales and shifts of
every normalisation serve one place further on. The two are no equal networks all the same: GPT-2
never normalises the sums themselves, and its tokens do not see those after them.

    python sample_data/build/decoder.py --base sample_data/models/stories-base --out FOLDER
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoModel, AutoTokenizer, BertModel, GPT2Config, GPT2Model

from bertscope_tui.models.card import Card, read_card, weights_sha256, write_card

LAYERS = (0, 2, 4)
"""Which of the encoder's layers are taken; every further one weighs 2.4 MB."""
POSITIONS = 160
"""Tokens that a story with its question and its possible answers can have."""


def decoder(encoder: BertModel, layers: Sequence[int], positions: int) -> GPT2Model:
    """Return a GPT-2 of the encoder's ``layers`` that reads up to ``positions`` tokens."""
    config = encoder.config
    made = GPT2Model(
        GPT2Config(
            vocab_size=config.vocab_size,
            n_positions=positions,
            n_embd=config.hidden_size,
            n_layer=len(layers),
            n_head=config.num_attention_heads,
            n_inner=config.intermediate_size,
            activation_function=config.hidden_act,
            layer_norm_epsilon=config.layer_norm_eps,
            bos_token_id=None,
            eos_token_id=None,
            pad_token_id=0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            resid_pdrop=0.0,
        )
    )
    with torch.no_grad():
        table = encoder.embeddings
        made.wte.weight.copy_(table.word_embeddings.weight)
        # GPT-2 knows no segments: every token counts as one of the first.
        places = table.position_embeddings.weight[:positions]
        made.wpe.weight.copy_(places + table.token_type_embeddings.weight[0])
        norm = table.LayerNorm
        for block, place in zip(made.h, layers, strict=True):
            layer = encoder.encoder.layer[place]
            attention = layer.attention.self
            parts = (attention.query, attention.key, attention.value)
            block.attn.c_attn.weight.copy_(torch.cat([part.weight.T for part in parts], dim=1))
            block.attn.c_attn.bias.copy_(torch.cat([part.bias for part in parts]))
            _copy(norm, block.ln_1)
            _copy(layer.attention.output.dense, block.attn.c_proj)
            _copy(layer.attention.output.LayerNorm, block.ln_2)
            _copy(layer.intermediate.dense, block.mlp.c_fc)
            _copy(layer.output.dense, block.mlp.c_proj)
            norm = layer.output.LayerNorm
        _copy(norm, made.ln_f)
    return made


def _copy(source: Any, target: Any) -> None:
    """Copy scale or matrix and shift; GPT-2 keeps its matrices the other way round."""
    weight = source.weight
    target.weight.copy_(weight.T if weight.ndim == 2 else weight)
    target.bias.copy_(source.bias)


def main() -> None:
    """Make the folder; the command line is described above."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--base", type=Path, required=True, help="folder of the encoder")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the decoder to")
    options = parser.parse_args()
    encoder = AutoModel.from_pretrained(options.base, dtype=torch.float32)
    made = decoder(encoder, LAYERS, POSITIONS)
    tokenizer = AutoTokenizer.from_pretrained(options.base)
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    tokenizer.model_max_length = POSITIONS
    made.half().save_pretrained(options.out)
    tokenizer.save_pretrained(options.out)
    (options.out / "model.safetensors").chmod(0o644)
    card = read_card(options.base)
    write_card(
        options.out,
        Card(
            name=options.out.name,
            base=card.name if card else options.base.name,
            base_sha256=weights_sha256(options.base),
            architecture="GPT2Model",
            settings={"layers": ",".join(map(str, LAYERS)), "positions": POSITIONS},
            versions={
                "python": platform.python_version(),
                "torch": torch.__version__,
                "transformers": transformers.__version__,
            },
            notes=(
                "A BERT encoder's weights in GPT-2 blocks, to begin a training with; nothing was "
                "trained.",
            ),
        ),
    )


if __name__ == "__main__":
    main()
