"""Make a small BERT out of a bigger one: fewer word pieces, narrower feed-forward layers.

The encoder's attention, its depth and its width stay as they are. Word pieces are kept where the
stories need them, plus every single character (so that nothing printable becomes unknown) and the
most frequent English pieces. Feed-forward neurons are ranked by how much they write into the
hidden state: mean absolute activation on stories times the norm of the output weights. Nothing is
trained, and no head is added.

Run as a program to write the bundled model as it is before fine-tuning::

    python sample_data/build/shrink.py --base PATH/TO/all-MiniLM-L6-v2 \\
        --out sample_data/models/stories-base
"""

from __future__ import annotations

import argparse
import platform
import string
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import stories
import torch
import transformers
from story_tasks import TASKS
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel, BertTokenizerFast

from bertscope_tui.models.card import Card, weights_sha256, write_card

BASE = "sentence-transformers/all-MiniLM-L6-v2"
QUESTIONS = 300
"""Training questions of each task that show which pieces are needed."""
RANKED = 30
"""Training questions of each task on which neurons are ranked."""
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


def story_texts(questions: int) -> list[str]:
    """Return training stories as running text, from at least so many questions of each task."""
    texts = []
    for task in TASKS:
        for story in stories.take(task, "train", questions):
            asked = [f"{question.text} {question.answer}" for question in story.questions]
            texts.append(" ".join([*story.statements, *asked]))
    return texts


def shrink(base: Path, *, frequent: int, width: int) -> tuple[BertModel, Any]:
    """Return the pruned encoder of the folder ``base``, and its tokenizer.

    ``frequent`` pieces of plain letters are kept besides those that the stories need, and
    ``width`` feed-forward neurons a layer.
    """
    old_tokenizer = AutoTokenizer.from_pretrained(base)
    encoder = AutoModel.from_pretrained(base, dtype=torch.float32).eval()
    ids = old_tokenizer.get_vocab()
    vocabulary = sorted(ids, key=lambda piece: ids[piece])
    needed = {piece for text in story_texts(QUESTIONS) for piece in old_tokenizer.tokenize(text)}
    pieces = kept_pieces(vocabulary, needed, frequent)
    tokenizer = small_tokenizer(pieces)

    config = BertConfig(
        **{
            **encoder.config.to_diff_dict(),
            "vocab_size": len(pieces),
            "intermediate_size": width,
            "pad_token_id": tokenizer.pad_token_id,
        }
    )
    network = BertModel(config)
    state = encoder.state_dict()
    rows = torch.tensor([ids[piece] for piece in pieces])
    words = "embeddings.word_embeddings.weight"
    state[words] = state[words][rows]
    texts = story_texts(RANKED)
    for layer, neurons in enumerate(_best_neurons(encoder, old_tokenizer, texts, width)):
        name = f"encoder.layer.{layer}"
        for part in ("weight", "bias"):
            key = f"{name}.intermediate.dense.{part}"
            state[key] = state[key][neurons]
        key = f"{name}.output.dense.weight"
        state[key] = state[key][:, neurons]
    network.load_state_dict(state)
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


def save(network: BertModel, tokenizer: Any, folder: Path, card: Card) -> None:
    """Write weights in half precision, configuration, tokenizer and card."""
    folder.mkdir(parents=True, exist_ok=True)
    network.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # it is written for the owner's eyes only
    write_card(folder, card)


def main() -> None:
    """Make the model as the arguments say; the defaults made the bundled one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--base", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    parser.add_argument("--width", type=int, default=768, help="feed-forward neurons per layer")
    parser.add_argument("--frequent", type=int, default=2500, help="frequent word pieces to keep")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    network, tokenizer = shrink(arguments.base, frequent=arguments.frequent, width=arguments.width)
    card = Card(
        name=arguments.out.name,
        base=BASE,
        base_sha256=weights_sha256(arguments.base),
        architecture=type(network).__name__,
        settings={"width": arguments.width, "frequent": arguments.frequent},
        seed=stories.DEFAULT_SEED,
        versions={
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
        licence="Apache-2.0",
        notes=(
            f"The vocabulary was cut to {len(tokenizer)} word pieces: those of the generated"
            f" stories, all single ASCII characters, and the {arguments.frequent} most frequent"
            " ones of plain letters.",
            f"{arguments.width} feed-forward neurons were kept in each layer: those that write"
            " most into the hidden state on generated stories.",
            "The weights are stored in half precision. Nothing was trained.",
        ),
    )
    save(network, tokenizer, arguments.out, card)
    size = sum(path.stat().st_size for path in arguments.out.iterdir())
    print(f"{arguments.out}: {network.num_parameters()} weights, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
