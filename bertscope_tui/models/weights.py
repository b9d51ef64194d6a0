"""What can be learnt about weight files from their headers alone, without torch.

A safetensors file starts with eight bytes (the length of a JSON header, little-endian) and the
header, which gives every tensor's name, type, shape and byte range. That is enough to list the
tensors, count the parameters, tell which head was saved and see that a file was cut short.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bertscope_tui.errors import ModelError

Head = Literal["span", "classification"]

INDEX = "model.safetensors.index.json"
_SINGLE = "model.safetensors"
_LARGEST_HEADER = 100_000_000  # bytes; the format's own limit


@dataclass(frozen=True, slots=True)
class Weights:
    """The weight files of a model folder.

    ``tensors`` maps names to shapes (empty for pickle files, which are never opened here);
    ``parameters`` is the number of elements, ``bytes`` the size of the files on disk.
    """

    files: tuple[Path, ...]
    pickle: bool
    bytes: int
    parameters: int
    tensors: dict[str, tuple[int, ...]]


def read_weights(folder: Path) -> Weights:
    """Find the weight files of ``folder`` and read their headers.

    Raises ModelError, in one line, where there are none or where a file is damaged or may not be
    read. Safetensors win over pickle files where a folder has both.
    """
    try:
        return _read_weights(folder)
    except OSError as exc:
        where = exc.filename or folder
        raise ModelError(f"{where}: cannot be read: {exc.strerror or exc}") from exc


def _read_weights(folder: Path) -> Weights:
    files = _safetensors_files(folder)
    if files:
        tensors: dict[str, tuple[int, ...]] = {}
        for file in files:
            tensors.update(_read_header(file))
        return Weights(
            files=tuple(files),
            pickle=False,
            bytes=sum(file.stat().st_size for file in files),
            parameters=sum(math.prod(shape) for shape in tensors.values()),
            tensors=tensors,
        )
    pickles = sorted(folder.glob("pytorch_model*.bin"))
    if pickles:
        size = sum(file.stat().st_size for file in pickles)
        return Weights(tuple(pickles), True, size, 0, {})
    raise ModelError(
        f"{folder}: no weights", remedy="a model folder needs model.safetensors beside config.json"
    )


def saved_head(weights: Weights, promised: Head | None) -> Head | None:
    """Return the head that was saved with the network.

    ``promised`` is the one that the class name in the config stands for: some heads have a name of
    their own (``qa_outputs``), others share one with other tasks (``classifier``), and the names
    in a pickle file are not known here, so that the promise has to be believed.
    """
    if weights.pickle:
        return promised
    names = {part for tensor in weights.tensors for part in tensor.split(".")[:-1]}
    if "qa_outputs" in names:
        return "span"
    if promised == "span" and names & {"classifier", "splinter_qss"}:
        return "span"
    if promised == "classification" and names & {"classifier", "score", "logits_proj"}:
        return "classification"
    return None


def _safetensors_files(folder: Path) -> list[Path]:
    index = folder / INDEX
    if (folder / _SINGLE).exists():
        return [folder / _SINGLE]
    if not index.exists():
        return []
    try:
        names = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
        files = [folder / str(name) for name in names]
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as exc:
        raise ModelError(f"{index}: not a list of weight files") from exc
    for file in files:
        if file.parent != folder:
            raise ModelError(f"{index}: names a file outside its folder")
        if not file.exists():
            raise ModelError(f"{file}: missing", remedy="a part of the weights was not copied")
    return files


def _read_header(file: Path) -> dict[str, tuple[int, ...]]:
    if not file.is_file():  # reading a pipe would wait for ever
        raise ModelError(f"{file}: not a regular file")
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or not 2 <= length <= min(size - 8, _LARGEST_HEADER):
            raise ModelError(f"{file}: damaged or cut short (no readable header)")
        raw = stream.read(length)
    try:
        header: dict[str, Any] = json.loads(raw)
        header.pop("__metadata__", None)
        tensors = {name: tuple(map(int, entry["shape"])) for name, entry in header.items()}
        end = max((int(entry["data_offsets"][1]) for entry in header.values()), default=0)
    except (LookupError, ValueError, AttributeError, TypeError, RecursionError) as exc:
        raise ModelError(f"{file}: damaged (its header is not a list of tensors)") from exc
    if 8 + length + end != size:
        raise ModelError(
            f"{file}: damaged or cut short ({size} bytes, {8 + length + end} expected)"
        )
    return tensors
