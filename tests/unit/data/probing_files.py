"""Write small files of probing data, and say what was read from them."""

from __future__ import annotations

from pathlib import Path

from bertscope_tui.data.probing.records import ProbeData


def written(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    """Write a file, with the folders above it, and return its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def covered(data: ProbeData) -> list[tuple[list[str], tuple[str, ...]]]:
    """Return for each target what its spans cover, and its labels."""
    return [
        ([span.of(example.text) for span in target.spans], target.labels)
        for example in data.examples
        for target in example.targets
    ]
