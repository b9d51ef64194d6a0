"""Hidden states of labelled spans by transformers alone, one text at a time.

The same layout as a table of span states: ``(rows, layers + 1, dim)`` and, for each target, the
first row and the number of rows of each span. Tokens are those of the tokenizer whose characters
a span shares; nothing is taken from the package but the examples' texts, spans and labels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer


def states_of(
    folder: Path, examples: Any, limit: int = 512
) -> tuple[np.ndarray, np.ndarray, list[tuple[int, int]]]:
    """Return states, spans and which targets they are of: place of the example, of the target.

    Targets with a character behind the end of the window are left out.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    rows: list[np.ndarray] = []
    spans: list[list[tuple[int, int]]] = []
    targets: list[tuple[int, int]] = []
    begin = 0
    for place, one in enumerate(examples):
        cut = one.pair
        texts = [one.text] if cut is None else [one.text[:cut].rstrip(), one.text[cut:]]
        encoding = tokenizer(
            *texts,
            truncation="longest_first" if cut is not None else True,
            max_length=limit,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        parts = encoding.sequence_ids(0)
        offsets = encoding.pop("offset_mapping")[0].tolist()
        own = [
            (start + (cut or 0 if part else 0), end + (cut or 0 if part else 0))
            if part is not None
            else (0, 0)
            for part, (start, end) in zip(parts, offsets, strict=True)
        ]
        with torch.inference_mode():
            hidden = network(**encoding, output_hidden_states=True).hidden_states
        states = torch.stack(hidden)[:, 0].transpose(0, 1).numpy()
        full = len(own) >= limit
        for number, target in enumerate(one.targets):
            found = []
            for span in target.spans:
                second = cut is not None and span.start >= cut
                last = max(
                    (end for part, (_, end) in zip(parts, own, strict=True) if part == int(second)),
                    default=0,
                )
                touched = [
                    token
                    for token, (start, end) in enumerate(own)
                    if end > start and start < span.end and end > span.start
                ]
                if not touched or (full and one.text[max(last, span.start) : span.end].strip()):
                    break
                found.append(touched)
            else:
                spans.append([])
                targets.append((place, number))
                for touched in found:
                    rows.append(states[touched])
                    spans[-1].append((begin, len(touched)))
                    begin += len(touched)
    return np.concatenate(rows), np.asarray(spans, dtype=np.int64), targets
