"""Train the bundled model: from a general-purpose BERT encoder to answers on our own stories.

One command makes the stories, prunes the encoder (``shrink``), trains a span head and the whole
network on the stories, scores it on the bundled test files and writes the model folder::

    python sample_data/build/train.py --base PATH/TO/all-MiniLM-L6-v2 \\
        --out sample_data/models/stories-bert --log sample_data/build/train.log

Stories are read by the program's own reader, so what the network sees is what the screen shows:
question, then the story joined by blanks with all possible answers of the task behind it, and the
gold answer where a supporting statement says it.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shrink
import stories
import story_tasks
import torch
import transformers

from bertscope_tui.data.open import open_dataset
from bertscope_tui.data.records import QASample
from bertscope_tui.data.scoring import exact_match, f1

HERE = Path(__file__).resolve().parent
TEST_FOLDER = HERE.parent / "stories"
TOPICS = HERE.parent / "topics.json"

SHARE = {1: 3, 2: 9, 4: 3, 5: 4, 11: 2, 12: 3, 13: 3, 15: 9, 16: 12}
"""How often each task is seen in training, relative to the others: the harder, the more."""


NO_STATEMENT = -1


@dataclass(frozen=True, slots=True)
class Example:
    """One encoded question: token ids, segment ids, first and last token of the gold span.

    ``evidence`` says of each token whether it stands in a supporting statement (1), in another
    statement (0) or in none (``NO_STATEMENT``).
    """

    ids: list[int]
    types: list[int]
    start: int
    end: int
    evidence: list[int]


def encode(samples: Sequence[QASample], tokenizer: Any) -> list[Example]:
    """Encode questions with their contexts as the program does, and find the gold tokens."""
    encoded = tokenizer([s.question for s in samples], [s.context for s in samples])
    examples = []
    for place, sample in enumerate(samples):
        span = sample.answers[0].span
        if span is None:
            raise ValueError(f"{sample.id}: the answer is no part of the context")
        examples.append(
            Example(
                encoded["input_ids"][place],
                encoded["token_type_ids"][place],
                encoded.char_to_token(place, span.start, 1),
                encoded.char_to_token(place, span.end - 1, 1),
                _evidence(sample, encoded, place),
            )
        )
    return examples


def _evidence(sample: QASample, encoded: Any, place: int) -> list[int]:
    marks = [NO_STATEMENT] * len(encoded["input_ids"][place])
    for sentence in sample.sentences:
        first = encoded.char_to_token(place, sentence.start, 1)
        last = encoded.char_to_token(place, sentence.end - 1, 1)
        mark = int(sentence in sample.supporting)
        marks[first : last + 1] = [mark] * (last + 1 - first)
    return marks


def batches(examples: list[Example], size: int, rng: random.Random) -> Iterator[list[Example]]:
    """Yield batches of examples of like length, in random order, each example once."""
    order = sorted(range(len(examples)), key=lambda at: (len(examples[at].ids), rng.random()))
    chunks = [order[at : at + size] for at in range(0, len(order), size)]
    rng.shuffle(chunks)
    for chunk in chunks:
        yield [examples[at] for at in chunk]


def tensors(batch: Sequence[Example]) -> dict[str, torch.Tensor]:
    """Pad a batch to its longest example."""
    longest = max(len(example.ids) for example in batch)

    def padded(rows: Sequence[list[int]], filler: int = 0) -> torch.Tensor:
        return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])

    return {
        "input_ids": padded([example.ids for example in batch]),
        "token_type_ids": padded([example.types for example in batch]),
        "attention_mask": padded([[1] * len(example.ids) for example in batch]),
        "start_positions": torch.tensor([example.start for example in batch]),
        "end_positions": torch.tensor([example.end for example in batch]),
        "evidence": padded([example.evidence for example in batch], NO_STATEMENT),
    }


@torch.inference_mode()
def answers(network: Any, tokenizer: Any, samples: Sequence[QASample]) -> list[str]:
    """Answer each question alone: the best span of up to 8 tokens inside the context."""
    network.eval()
    texts = []
    for sample in samples:
        encoded = tokenizer(
            sample.question, sample.context, return_tensors="pt", return_offsets_mapping=True
        )
        offsets = encoded.pop("offset_mapping")[0].tolist()
        inside = torch.tensor([part == 1 for part in encoded.sequence_ids(0)])
        output = network(**encoded)
        start = output.start_logits[0].masked_fill(~inside, -1e9)
        end = output.end_logits[0].masked_fill(~inside, -1e9)
        scores = (start[:, None] + end[None, :]).triu().tril(7)
        scores = scores.masked_fill(torch.ones_like(scores).triu().tril(7) == 0, -1e9)
        first, last = divmod(int(scores.argmax()), len(offsets))
        texts.append(sample.context[offsets[first][0] : offsets[last][1]])
    return texts


def score(network: Any, tokenizer: Any, samples: Sequence[QASample]) -> dict[str, Any]:
    """Return exact match and F1 (fractions, official rules) over all and by task number."""
    by_task: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for sample, text in zip(samples, answers(network, tokenizer, samples), strict=True):
        golds = [answer.text for answer in sample.answers]
        by_task[sample.task_name or ""].append((exact_match(text, golds), f1(text, golds)))
    every = [pair for pairs in by_task.values() for pair in pairs]

    def mean(pairs: Sequence[tuple[float, float]], which: int) -> float:
        return round(sum(pair[which] for pair in pairs) / len(pairs), 4)

    return {
        "questions": len(every),
        "exact_match": mean(every, 0),
        "f1": mean(every, 1),
        "tasks": {task: mean(pairs, 1) for task, pairs in sorted(by_task.items(), key=_number)},
    }


def _number(item: tuple[str, Any]) -> int:
    return int(item[0])


def read(folder: Path) -> list[QASample]:
    """Read every story file of a folder with the program's own reader."""
    found: list[QASample] = []
    for path in sorted(folder.glob("qa*.txt")):
        found += open_dataset(path, variant="span").samples
    return found


def training_samples(questions: int, seed: int) -> list[QASample]:
    """Generate training stories, ``questions`` in all, shared out among the tasks by ``SHARE``."""
    with tempfile.TemporaryDirectory() as scratch:
        for task in story_tasks.TASKS:
            count = questions * SHARE[task.number] // sum(SHARE.values())
            stories.write(Path(scratch), "train", count, seed, [task])
        return read(Path(scratch))


def needed_texts(samples: Sequence[QASample]) -> list[str]:
    """Return text that holds every word the stories and the bundled natural text use."""
    words = [*story_tasks.NAMES, *story_tasks.PLACES, *story_tasks.THINGS, *story_tasks.COLOURS]
    words += [
        *story_tasks.ANIMALS,
        *story_tasks.ANIMALS.values(),
        *story_tasks.MOVES,
        *story_tasks.TAKES,
    ]
    texts = [" ".join(words)] + [
        f"{s.question} {s.context}" for s in samples[:: len(samples) // 400]
    ]
    if TOPICS.exists():
        for article in json.loads(TOPICS.read_text(encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                texts.append(paragraph["context"])
                texts += [question["question"] for question in paragraph["qas"]]
    return texts


def rate(step: int, steps: int, warmup: int, decay: float) -> float:
    """Learning rate as a fraction of its peak: warm-up, plateau, linear decay at the end."""
    falling = int(steps * decay)
    return min(1.0, (step + 1) / warmup, (steps - step) / falling)


def train(
    network: Any,
    examples: list[Example],
    arguments: argparse.Namespace,
    report: Callable[[int, float, float, float], None],
) -> None:
    """Run one pass over the examples with AdamW; ``report(step, span loss, evidence loss,
    seconds)`` now and then."""
    decayed = [p for n, p in network.named_parameters() if p.ndim > 1]
    plain = [p for n, p in network.named_parameters() if p.ndim <= 1]
    # Thrown away after training: it only brings a signal to every token of the story.
    judge = torch.nn.Linear(network.config.hidden_size, 1)
    plain += judge.parameters()
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=arguments.lr, betas=(0.9, 0.98), fused=True)
    rng = random.Random(arguments.seed)
    steps = len(examples) // arguments.batch
    began, losses = time.monotonic(), []
    network.train()
    for step, batch in enumerate(
        batches(examples[: steps * arguments.batch], arguments.batch, rng)
    ):
        fraction = rate(step, steps, 100, arguments.decay)
        for group in optimizer.param_groups:
            group["lr"] = arguments.lr * fraction
        inputs = tensors(batch)
        evidence = inputs.pop("evidence")
        output = network(**inputs, output_hidden_states=True)
        told = evidence != NO_STATEMENT
        verdicts = judge(output.hidden_states[-1][told]).squeeze(1)
        doubt = torch.nn.functional.binary_cross_entropy_with_logits(
            verdicts, evidence[told].float()
        )
        (output.loss + arguments.evidence * doubt).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append((output.loss.item(), doubt.item()))
        if (step + 1) % arguments.report == 0 or step + 1 == steps:
            span, fact = (sum(values) / len(losses) for values in zip(*losses, strict=True))
            report(step + 1, span, fact, time.monotonic() - began)
            losses.clear()
            network.train()


def save(network: Any, tokenizer: Any, folder: Path, card: dict[str, Any]) -> None:
    """Write weights in half precision, configuration, tokenizer and card."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.detach().half() for name, value in network.state_dict().items()}
    half = type(network)(network.config).half()
    half.load_state_dict(state)
    half.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # it is written for the owner's eyes only
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    (folder / "bertscope_card.json").write_text(text, encoding="utf-8")


def main() -> None:
    """Make the model as the arguments say; the defaults made the bundled one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--base", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    parser.add_argument("--questions", type=int, default=76800, help="training questions")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--lr", type=float, default=1.5e-4)
    parser.add_argument("--decay", type=float, default=0.5, help="part of the steps that decays")
    parser.add_argument("--evidence", type=float, default=1.0, help="weight of supporting facts")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--width", type=int, default=768, help="feed-forward neurons per layer")
    parser.add_argument("--frequent", type=int, default=2000, help="frequent word pieces to keep")
    parser.add_argument("--seed", type=int, default=stories.DEFAULT_SEED)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--report", type=int, default=50, help="steps between lines of the log")
    parser.add_argument("--log", type=Path, help="also write the lines here")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    samples = training_samples(arguments.questions, arguments.seed)
    test = read(TEST_FOLDER)
    network, tokenizer = shrink.shrink(
        arguments.base,
        needed_texts([*samples, *test]),
        frequent=arguments.frequent,
        width=arguments.width,
        dropout=arguments.dropout,
    )
    examples = encode(samples, tokenizer)
    random.Random(arguments.seed).shuffle(examples)
    lines: list[str] = []

    def note(line: str) -> None:
        lines.append(line)
        print(line, flush=True)
        if arguments.log:
            arguments.log.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def card(scores: dict[str, Any], step: int, seconds: float) -> dict[str, Any]:
        return {
            "name": arguments.out.name,
            "base": "sentence-transformers/all-MiniLM-L6-v2",
            "head": "span",
            "score": scores["f1"],
            "scores": scores,
            "data": {"generator": "sample_data/build/stories.py", "questions": len(examples)},
            "seed": arguments.seed,
            "steps": step,
            "minutes": round(seconds / 60, 1),
            "settings": {
                name: getattr(arguments, name)
                for name in (
                    "batch",
                    "lr",
                    "decay",
                    "evidence",
                    "dropout",
                    "width",
                    "frequent",
                    "threads",
                )
            },
            "licence": "Apache-2.0",
            "versions": {
                "python": platform.python_version(),
                "torch": torch.__version__,
                "transformers": transformers.__version__,
            },
        }

    def report(step: int, loss: float, doubt: float, seconds: float) -> None:
        line = f"step {step:5d}  loss {loss:.3f}  evidence {doubt:.3f}  minutes {seconds / 60:5.1f}"
        if step % (5 * arguments.report) == 0 or step >= len(examples) // arguments.batch:
            scores = score(network, tokenizer, test)
            tasks = "  ".join(f"qa{task} {value:.2f}" for task, value in scores["tasks"].items())
            line += f"  EM {scores['exact_match']:.3f}  F1 {scores['f1']:.3f}  {tasks}"
            save(network, tokenizer, arguments.out, card(scores, step, seconds))
        note(line)

    tokens = sum(len(example.ids) for example in examples)
    note(f"seed {arguments.seed}, {len(examples)} questions of {tokens / len(examples):.0f} tokens")
    note(f"{network.num_parameters()} weights, {network.config.vocab_size} word pieces")
    train(network, examples, arguments, report)


if __name__ == "__main__":
    main()
