"""Models made of a few bytes, without torch: whole by their headers, of no use for running."""

from __future__ import annotations

import json
from pathlib import Path


def weight_file(name: str, shape: tuple[int, ...] = (4,)) -> bytes:
    """Return a safetensors file with one tensor of bytes."""
    size = 1
    for side in shape:
        size *= side
    entry = {name: {"dtype": "U8", "shape": list(shape), "data_offsets": [0, size]}}
    header = json.dumps(entry).encode()
    return len(header).to_bytes(8, "little") + header + bytes(size)


def write_model(folder: Path, mark: str = "") -> Path:
    """Write a span model into ``folder``, with a file ``mark`` that says which one it is."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "architectures": ["BertForQuestionAnswering"],
        "model_type": "bert",
        "num_hidden_layers": 2,
        "hidden_size": 8,
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "mark").write_text(mark)
    (folder / "model.safetensors").write_bytes(weight_file("qa_outputs.weight"))
    return folder


def hand_made(folder: Path) -> bool:
    """Say whether all of a model is there."""
    names = ("config.json", "tokenizer.json", "mark", "model.safetensors")
    return all((folder / name).is_file() for name in names)
