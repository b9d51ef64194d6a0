"""From a sample to the windows a network reads, with the characters every token stands for.

Windows are those of the tokenizer itself: question and context as a pair, only the context cut,
neighbouring windows sharing ``stride`` tokens. Offsets always point into the original texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bertscope_tui.data.fitting import fit
from bertscope_tui.data.records import QASample
from bertscope_tui.errors import DataError

if TYPE_CHECKING:
    from bertscope_tui.models.loading import LoadedModel

Part = Literal["question", "context", "special"]

_SURROGATE = re.compile("[\ud800-\udfff]")
_SMALLEST_ROOM = 2
"""A window must have room for this many context tokens, or windows would never move on."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a window.

    ``piece`` is the entry of the vocabulary (``##ing``, ``Ġthe``); ``text`` the characters of the
    original that it covers, ``[start, end)`` of the question or the context as ``part`` says,
    without blanks around them. Some tokens cover nothing (``start == end``). A special token has
    the offsets 0, 0 and its piece as text.
    """

    index: int
    piece: str
    text: str
    part: Part
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the network, special tokens included and nothing padded.

    ``start`` and ``end`` are the context characters covered; ``type_ids`` is None where the
    network takes none; ``cls`` is the place of the classification token, or None.
    """

    index: int
    count: int
    input_ids: tuple[int, ...]
    type_ids: tuple[int, ...] | None
    tokens: tuple[Token, ...]
    start: int
    end: int
    cls: int | None = None


@dataclass(frozen=True, slots=True)
class Encoded:
    """A sample (as fitted: optional parts may be gone) and its windows, one at least.

    ``notes`` are plain sentences about what had to be changed for it to fit.
    """

    sample: QASample
    windows: tuple[Window, ...]
    notes: tuple[str, ...] = ()


def encode(
    sample: QASample, model: LoadedModel, *, max_tokens: int = 384, stride: int = 128
) -> Encoded:
    """Cut a sample into windows of at most ``max_tokens`` tokens that share ``stride`` of them.

    ``max_tokens`` is lowered to what the network's positions allow. Optional parts of the context
    are dropped first, as far as is needed for one window. A question that would take more than
    half of the window is cut to half, with a note. ``stride`` is lowered, with a note, where it
    would leave less than half of the context's room new in each window.
    Raises DataError where the context has no token or the window has no room for one.
    """
    tokenizer = model.tokenizer
    limit = min(max_tokens, model.info.max_tokens)
    specials = int(tokenizer.num_special_tokens_to_add(pair=True))
    if limit - specials < 2 * _SMALLEST_ROOM:
        raise DataError(
            f"a window of {limit} tokens has no room for a question and a context",
            remedy=f"at least {specials + 2 * _SMALLEST_ROOM} tokens",
        )
    notes: list[str] = []
    question, length = _cut_question(sample.question, tokenizer, (limit - specials) // 2)
    if len(question) < len(sample.question):
        notes.append(
            f"the question is cut to its first {length} tokens so that half of the window is left "
            "for the context"
        )
    if sample.optional:
        fitted = fit(sample, lambda _, text: _count(tokenizer, question, text), limit)
        if fitted is not sample:
            dropped = len(sample.optional) - len(fitted.optional)
            noun = "paragraph is" if dropped == 1 else "paragraphs are"
            notes.append(f"{dropped} distracting {noun} left out to fit the window")
        sample = fitted
    room = limit - specials - length
    if stride > room // 2 and _count(tokenizer, question, sample.context) > limit:
        notes.append(f"windows share {room // 2} tokens instead of {stride}: the window is small")
    encoding = tokenizer(
        _clean(question),
        _clean(sample.context),
        truncation="only_second",
        max_length=limit,
        stride=max(0, min(stride, room // 2)),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        verbose=False,
    )
    count = len(encoding["input_ids"])
    windows = tuple(_window(encoding, place, count, sample, model) for place in range(count))
    if not any(token.part == "context" for window in windows for token in window.tokens):
        raise DataError(
            f"{sample.origin.path}, {sample.origin.record}, context: the tokenizer of "
            f"{model.info.name} finds no token in it"
        )
    return Encoded(sample, windows, tuple(notes))


def _window(encoding: Any, place: int, count: int, sample: QASample, model: LoadedModel) -> Window:
    ids = encoding["input_ids"][place]
    parts = encoding.sequence_ids(place)
    offsets = encoding["offset_mapping"][place]
    pieces = encoding.tokens(place)
    tokens: list[Token] = []
    first, last = len(sample.context), 0
    for index, (piece, part, (start, end)) in enumerate(zip(pieces, parts, offsets, strict=True)):
        if part is None:
            tokens.append(Token(index, piece, piece, "special", 0, 0))
            continue
        text = sample.context if part else sample.question
        covered = text[start:end]
        if covered != covered.strip():
            start, end = _trim(text, start, end)
            covered = text[start:end]
        tokens.append(Token(index, piece, covered, "context" if part else "question", start, end))
        if part:
            first, last = min(first, start), max(last, end)
    cls_id = model.tokenizer.cls_token_id
    return Window(
        index=place,
        count=count,
        input_ids=tuple(ids),
        type_ids=_type_ids(encoding, place, model),
        tokens=tuple(tokens),
        start=min(first, last),
        end=last,
        cls=next(
            (
                token.index
                for token in tokens
                if token.part == "special" and ids[token.index] == cls_id
            ),
            None,
        ),
    )


def _type_ids(encoding: Any, place: int, model: LoadedModel) -> tuple[int, ...] | None:
    if not model.type_ids or "token_type_ids" not in encoding:
        return None
    ids = tuple(encoding["token_type_ids"][place])
    known = getattr(model.network.config, "type_vocab_size", None)
    return None if known is not None and max(ids) >= known else ids


def _cut_question(question: str, tokenizer: Any, limit: int) -> tuple[str, int]:
    """Return the beginning of the question that has at most ``limit`` tokens, and how many."""
    while True:
        encoding = tokenizer(
            _clean(question), add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        offsets = encoding["offset_mapping"]
        if len(offsets) <= limit:
            return question, len(offsets)
        # A prefix may come out in more tokens than it had inside the whole, so look again.
        question = question[: min(offsets[limit - 1][1], len(question) - 1)]


def _count(tokenizer: Any, question: str, context: str) -> int:
    return len(tokenizer(_clean(question), _clean(context), verbose=False)["input_ids"])


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Take the blanks off a token: byte-level BPE counts the one before a word as part of it."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _clean(text: str) -> str:
    """Replace half surrogates, which JSON may hold and no tokenizer takes, one for one."""
    return _SURROGATE.sub("\ufffd", text)
