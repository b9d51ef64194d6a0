"""BERT question answering from the files up, without transformers and without this project.

Tokens come from ``tokenizers`` alone, one text at a time; windows are cut by hand; the network is
written out in numpy from the names in the weight file; spans are found with two loops. Slow and
plain on purpose: what it has in common with the program is the model folder.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass
class Piece:
    """A token: vocabulary id, name, and where it comes from."""

    id: int
    name: str
    part: str
    start: int
    end: int


class ReferenceBert:
    """A BERT with a span head, read from ``config.json``, ``tokenizer.json`` and safetensors."""

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        self.config = json.loads((folder / "config.json").read_text())
        self.weights = {
            name: value.astype(np.float32)
            for name, value in load_file(folder / "model.safetensors").items()
        }
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()

    def windows(self, question: str, context: str, size: int, stride: int) -> list[list[Piece]]:
        """Cut the context into windows that share ``stride`` tokens."""
        asked = self._pieces(question, "question")
        told = self._pieces(context, "context")
        room = size - len(asked) - 3
        windows, at = [], 0
        while True:
            part = told[at : at + room]
            cls, sep = self._special("[CLS]"), self._special("[SEP]")
            windows.append([cls, *asked, sep, *part, sep])
            if at + room >= len(told):
                return windows
            at += room - stride

    def run(self, window: list[Piece]) -> tuple[Any, Any, Any]:
        """Return start logits, end logits and the hidden states ``(layers + 1, tokens, dim)``."""
        w = self.weights
        first_sep = next(i for i, piece in enumerate(window) if piece.name == "[SEP]")
        kinds = np.array([0 if i <= first_sep else 1 for i in range(len(window))])
        x = (
            w["bert.embeddings.word_embeddings.weight"][[piece.id for piece in window]]
            + w["bert.embeddings.position_embeddings.weight"][np.arange(len(window))]
            + w["bert.embeddings.token_type_embeddings.weight"][kinds]
        )
        x = self._norm(x, "bert.embeddings.LayerNorm")
        states = [x]
        for layer in range(self.config["num_hidden_layers"]):
            at = f"bert.encoder.layer.{layer}"
            mixed = self._attend(x, f"{at}.attention.self")
            x = self._norm(
                x + self._linear(mixed, f"{at}.attention.output.dense"),
                f"{at}.attention.output.LayerNorm",
            )
            inner = _gelu(self._linear(x, f"{at}.intermediate.dense"))
            x = self._norm(x + self._linear(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
            states.append(x)
        logits = self._linear(x, "qa_outputs")
        return logits[:, 0], logits[:, 1], np.stack(states)

    def _attend(self, x: Any, at: str) -> Any:
        heads = self.config["num_attention_heads"]
        tokens, width = x.shape

        def split(name: str) -> Any:
            return self._linear(x, f"{at}.{name}").reshape(tokens, heads, -1).transpose(1, 0, 2)

        query, key, value = split("query"), split("key"), split("value")
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(width // heads)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = scores / scores.sum(axis=-1, keepdims=True) @ value
        return mixed.transpose(1, 0, 2).reshape(tokens, width)

    def _linear(self, x: Any, name: str) -> Any:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _norm(self, x: Any, name: str) -> Any:
        mean = x.mean(axis=-1, keepdims=True)
        spread = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
        scaled = (x - mean) / np.sqrt(spread + self.config["layer_norm_eps"])
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def _pieces(self, text: str, part: str) -> list[Piece]:
        found = self.tokenizer.encode(text, add_special_tokens=False)
        return [
            Piece(identity, name, part, start, end)
            for identity, name, (start, end) in zip(
                found.ids, found.tokens, found.offsets, strict=True
            )
        ]

    def _special(self, name: str) -> Piece:
        return Piece(self.tokenizer.token_to_id(name), name, "special", 0, 0)


def best_span(
    windows: list[list[Piece]], logits: list[tuple[Any, Any]], longest: int = 30
) -> tuple[float, int, int]:
    """Return score, start and end of the best valid span over all windows, by exhaustion."""
    best = (-math.inf, 0, 0)
    for window, (starts, ends) in zip(windows, logits, strict=True):
        for first, piece in enumerate(window):
            if piece.part != "context":
                continue
            for last in range(first, min(first + longest, len(window))):
                if window[last].part != "context":
                    break
                score = float(starts[first]) + float(ends[last])
                if score > best[0]:
                    best = (score, piece.start, window[last].end)
    return best


def _gelu(x: Any) -> Any:
    from scipy.special import erf

    return 0.5 * x * (1.0 + erf(x / math.sqrt(2.0)))
