"""From labelled characters to the tokens that a probe reads.

An example is one window: a text, or a question and a context as the tokenizer joins them. What
does not fit is cut off at the end, and targets with a span that is not all there are counted. A
span's tokens are those that stand for at least one of its characters, so that a span that ends
inside a token has the whole token; this needs nothing but the offsets of a fast tokenizer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.data.records import Span
from bertscope_tui.engine.encoding import Window
from bertscope_tui.errors import Cancelled, DataError

if TYPE_CHECKING:
    from bertscope_tui.data.probing.records import ProbeData, ProbeExample
    from bertscope_tui.models.loading import LoadedModel

MAX_TOKENS = 512
"""Where a network takes more, windows are still not longer than this."""

_TOGETHER = 256
"""Examples given to the tokenizer at once."""

Offsets = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lost:
    """Targets left out: cut off at the end of the window, or with a span that has no token."""

    truncated: int = 0
    untokenised: int = 0

    @property
    def count(self) -> int:
        """Return how many targets are lost."""
        return self.truncated + self.untokenised


@dataclass(frozen=True, slots=True, eq=False)
class EncodedProbe:
    """The windows of a data set's examples and where the tokens of its spans are.

    ``windows`` has one for each example with a target left. ``tokens`` are the places of the
    window's tokens that are in any span, ascending; ``first_rows`` is the row of a window's first
    such token when those of all windows are counted through, ``rows`` how many there are.
    ``targets`` is ``(targets, 2)``: the place of the example and of the target in it. ``spans`` is
    ``(targets, spans, 2)``: the first row of a span and how many it has.
    """

    windows: tuple[Window, ...]
    tokens: tuple[NDArray[np.int64], ...]
    first_rows: NDArray[np.int64]
    rows: int
    targets: NDArray[np.int64]
    spans: NDArray[np.int64]
    lost: Lost

    def sha256(self) -> str:
        """Return a hash of everything that decides what the network is asked for."""
        digest = hashlib.sha256()
        for window, tokens in zip(self.windows, self.tokens, strict=True):
            for values in (window.input_ids, window.type_ids or (), tokens):
                array = np.asarray(values, dtype=np.int64)
                digest.update(len(array).to_bytes(8, "little"))
                digest.update(array.tobytes())
        return digest.hexdigest()


def encode_probe(
    data: ProbeData,
    model: LoadedModel,
    *,
    max_tokens: int | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> EncodedProbe:
    """Cut every example into one window and find the tokens of its spans.

    ``max_tokens`` is lowered to what the network's positions allow. Raises DataError where no
    target has tokens; Cancelled.
    """
    limit = min(max_tokens or MAX_TOKENS, model.info.max_tokens)
    windows: list[Window] = []
    kept: list[NDArray[np.int64]] = []
    first_rows: list[int] = []
    targets: list[tuple[int, int]] = []
    spans: list[list[tuple[int, int]]] = []
    truncated = untokenised = rows = 0
    for start in range(0, len(data.examples), _TOGETHER):
        if cancelled():
            raise Cancelled
        part = data.examples[start : start + _TOGETHER]
        for place, (window, offsets) in enumerate(_windows(part, model, limit), start=start):
            example = data.examples[place]
            found: list[tuple[int, list[tuple[int, int]]]] = []
            for number, target in enumerate(example.targets):
                ranges = [covering(offsets, span) for span in target.spans]
                if len(window.input_ids) >= limit and _beyond(offsets, target.spans, example):
                    truncated += 1
                elif all(ranges):
                    found.append((number, [one for one in ranges if one is not None]))
                else:
                    untokenised += 1
            if not found:
                continue
            used = np.zeros(len(offsets), dtype=bool)
            for _, own in found:
                for first, end in own:
                    used[first:end] = True
            row_of = rows + np.cumsum(used) - 1
            for number, own in found:
                targets.append((place, number))
                spans.append([(int(row_of[first]), end - first) for first, end in own])
            windows.append(window)
            kept.append(np.flatnonzero(used))
            first_rows.append(rows)
            rows += int(used.sum())
    if not targets:
        raise DataError(
            f"{data.path}: no span of its targets has a token in the windows of {model.info.name}",
            remedy="longer windows (--max-tokens)",
        )
    return EncodedProbe(
        windows=tuple(windows),
        tokens=tuple(kept),
        first_rows=np.asarray(first_rows, dtype=np.int64),
        rows=rows,
        targets=np.asarray(targets, dtype=np.int64),
        spans=np.asarray(spans, dtype=np.int64),
        lost=Lost(truncated, untokenised),
    )


def covering(offsets: Offsets, span: Span) -> tuple[int, int] | None:
    """Return the first and one past the last token that stand for characters of ``span``.

    ``offsets`` is ``(tokens, 2)``, start and end of each token; tokens of no characters (special
    ones have 0, 0) do not count. None where there is no such token.
    """
    held = (offsets[:, 1] > offsets[:, 0]) & (offsets[:, 0] < span.end)
    places = np.flatnonzero(held & (offsets[:, 1] > span.start))
    return (int(places[0]), int(places[-1]) + 1) if len(places) else None


def _beyond(offsets: Offsets, spans: Sequence[Span], example: ProbeExample) -> bool:
    """Say whether characters of a span lie behind the last one that its text has in the window."""
    cut = example.pair or 0
    ends = [int(part.max(initial=0)) for part in _both(offsets, cut)]
    for span in spans:
        end = max(ends[span.start >= cut], span.start)
        if example.text[end : span.end].strip():
            return True
    return False


def _both(offsets: Offsets, cut: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the tokens end that begin before ``cut``, and those that begin after."""
    second = offsets[:, 0] >= cut
    return offsets[~second, 1], offsets[second, 1]


def _windows(
    examples: Sequence[ProbeExample], model: LoadedModel, limit: int
) -> list[tuple[Window, Offsets]]:
    """Return a window for each example, and its tokens' characters in the example's own text."""
    found: list[tuple[Window, Offsets] | None] = [None] * len(examples)
    for paired in (False, True):
        places = [n for n, one in enumerate(examples) if (one.pair is not None) == paired]
        if not places:
            continue
        encoding = _tokenized([examples[n] for n in places], model, limit, paired)
        for row, place in enumerate(places):
            found[place] = _window(encoding, row, examples[place], model)
    return [one for one in found if one is not None]


def _tokenized(
    examples: Sequence[ProbeExample], model: LoadedModel, limit: int, paired: bool
) -> Any:
    specials = int(model.tokenizer.num_special_tokens_to_add(pair=paired))
    if limit < specials + 2:
        raise DataError(f"a window of {limit} tokens has no room for text")
    texts = [_whole(one.text) for one in examples]
    if not paired:
        return model.tokenizer(
            texts,
            truncation=True,
            max_length=limit,
            return_offsets_mapping=True,
            verbose=False,
        )
    # The blank between the two belongs to neither: byte-level pieces would make a token of it.
    questions = [text[: one.pair].rstrip() for text, one in zip(texts, examples, strict=True)]
    contexts = [text[one.pair :] for text, one in zip(texts, examples, strict=True)]
    return model.tokenizer(
        questions,
        contexts,
        truncation="longest_first",
        max_length=limit,
        return_offsets_mapping=True,
        verbose=False,
    )


def _window(
    encoding: Any, row: int, example: ProbeExample, model: LoadedModel
) -> tuple[Window, Offsets]:
    ids = tuple(encoding["input_ids"][row])
    offsets = np.asarray(encoding["offset_mapping"][row], dtype=np.int64).reshape(-1, 2)
    parts = encoding.sequence_ids(row)
    second = np.asarray([part == 1 for part in parts], dtype=bool)
    offsets[second] += example.pair or 0
    for token, (start, end) in enumerate(offsets.tolist()):
        # Byte-level pieces count the blank before a word as part of it.
        while start < end and example.text[start].isspace():
            start += 1
        offsets[token, 0] = start
    offsets[[part is None for part in parts]] = 0
    types: tuple[int, ...] | None = None
    if model.type_ids and "token_type_ids" in encoding:
        types = tuple(encoding["token_type_ids"][row])
        known = getattr(model.network.config, "type_vocab_size", None)
        if known is not None and max(types, default=0) >= known:
            types = None
    window = Window(
        index=0, count=1, input_ids=ids, type_ids=types, tokens=(), start=0, end=len(example.text)
    )
    return window, offsets


def _whole(text: str) -> str:
    """Replace half surrogates, which JSON may hold and no tokenizer takes, one for one."""
    return "".join("\ufffd" if "\ud800" <= one <= "\udfff" else one for one in text)
