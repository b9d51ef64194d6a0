"""One sample before and after an edit: answers, pictures and words against each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.alignment import Doubles, quarter_turn_onto, turn_onto
from bertscope_tui.analysis.moved import displacement
from bertscope_tui.data.differences import carried, differences
from bertscope_tui.data.editing import edited, with_context, with_question, without_sentence
from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.records import QASample, Span
from bertscope_tui.engine.answers import Prediction
from bertscope_tui.engine.scoring import Scores
from bertscope_tui.inspection.snapshots import Extraction, Pictures
from bertscope_tui.inspection.views import Look, mark, token_label
from bertscope_tui.plots.cells import clusters as cells
from bertscope_tui.plots.cells import shorten

MOVED = 8
"""Words that are listed as those that moved most."""

Pair = tuple[int, int]
"""A token before the edit, and the token of the same word after it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model answers to a sample: ``scores`` is None where nothing is known to be right."""

    text: str
    probability: float
    scores: Scores | None


def outcome(prediction: Prediction | None, scores: Scores | None) -> Outcome | None:
    """Return what there is to set against another answer; None without a prediction."""
    if prediction is None:
        return None
    return Outcome(prediction.text, prediction.probability, scores)


def outcome_words(found: Outcome | None, look: Look, *, short: bool = False) -> str:
    """Return an answer in a few words: text, probability, right or wrong, F1 if not ``short``."""
    if found is None:
        return "(no prediction)"
    words = f"{clean(found.text) or '(no answer)'} p {found.probability:.2f}"
    if found.scores is not None:
        words += f" {mark(found.scores, ascii=look.ascii)}"
        words += "" if short else f" F1 {found.scores.f1:.2f}"
    return words


def with_edits(
    sample: QASample,
    *,
    question: str | None = None,
    context: str | None = None,
    strike: Iterable[int] = (),
) -> QASample:
    """Return a sample with sentences struck out, then another question or context.

    The sentences are counted from 0 as they are before any is struck. The record has an id of its
    own. Raises InputError as the functions of `bertscope_tui.data.editing`.
    """
    found = sample
    for place in sorted(set(strike), reverse=True):
        found = without_sentence(found, place)
    if question is not None:
        found = with_question(found, question)
    if context is not None:
        found = with_context(found, context)
    return edited(found, (sample.id,))


def common_tokens(before: Extraction, after: Extraction) -> tuple[Pair, ...]:
    """Return the tokens of the words that the edit left, in both windows; no outliers.

    A token whose word is cut otherwise now, or that is in only one of the windows, is in no pair.
    """
    pieces = {
        "question": differences(before.sample.question, after.sample.question),
        "context": differences(before.sample.context, after.sample.context),
    }
    # Several tokens may cover one character: they are told apart by their order.
    there: dict[tuple[str, int, int], list[int]] = {}
    for token in after.tokens:
        if token.part in pieces and token.end > token.start:
            there.setdefault((token.part, token.start, token.end), []).append(token.index)
    pairs = []
    for token in before.tokens:
        if token.part not in pieces or token.end <= token.start:
            continue
        span = carried(Span(token.start, token.end), pieces[token.part])
        waiting = there.get((token.part, span.start, span.end)) if span else None
        if waiting:
            pairs.append((token.index, waiting.pop(0)))
    return tuple(
        (one, other)
        for one, other in pairs
        if one not in before.outliers and other not in after.outliers
    )


def counterpart(before: Extraction, token: int, after: Extraction) -> int | None:
    """Return the token of the same word after an edit, None where there is none."""
    return dict(common_tokens(before, after)).get(token)


def turned_onto(pictures: Pictures, before: Pictures, words: Sequence[Pair]) -> Pictures:
    """Return the pictures of an edited sample, turned onto those of the sample before.

    The tokens of ``words`` (see `common_tokens`) that both show are laid onto each other by
    orthogonal Procrustes, layer by layer: no distance between two tokens changes. What ICA finds is
    its axes, so its pictures get quarter turns and are mirrored; those of a joint fit, whose axes
    are the same in all layers, are mirrored alike in all of them. Raw pictures, and those made
    otherwise than the ones before, come back as they are.
    """
    if not alike(pictures, before) or not pictures.projection.recipe.aligned:
        return pictures
    projection, target = pictures.projection, before.projection
    old = {token: place for place, token in enumerate(target.shown.tolist())}
    new = {token: place for place, token in enumerate(projection.shown.tolist())}
    pairs = [(old[one], new[other]) for one, other in words if one in old and other in new]
    if not pairs:
        return pictures
    ours = projection.coordinates[:, [place for _, place in pairs]].astype(np.float64)
    theirs = target.coordinates[:, [place for place, _ in pairs]].astype(np.float64)
    both = np.isfinite((ours + theirs).sum(axis=(1, 2)))
    turns = np.tile(np.eye(2), (len(both), 1, 1))
    if projection.recipe.fit == "joint":
        turns[:] = _mirrored(_middled(ours[both]), _middled(theirs[both]))
    else:
        turn = quarter_turn_onto if projection.recipe.method == "ica" else turn_onto
        for layer in np.flatnonzero(both):
            turns[layer] = turn(_middled(ours[layer]), _middled(theirs[layer]))
    turned = (projection.coordinates.astype(np.float64) @ turns).astype(np.float32)
    projection = replace(projection, coordinates=turned)
    return replace(pictures, projection=projection, onto="before")


def alike(one: Pictures, other: Pictures) -> bool:
    """Say whether pictures were made in the same way by the same model."""
    return one.choice == other.choice and one.extraction.model == other.extraction.model


def _middled(points: Doubles) -> Doubles:
    found: Doubles = points - points.mean(axis=-2, keepdims=True)
    return found


def _mirrored(points: Doubles, target: Doubles) -> Doubles:
    """Return the best mirror image that leaves each axis where it is."""
    overlap = (points * target).sum(axis=(0, 1))
    mirrored: Doubles = np.diag(np.where(overlap < 0, -1.0, 1.0))
    return mirrored


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """How far the words that an edit left have moved, in every layer.

    ``distances`` is ``(layers + 1, pairs)``, in units of the words' spread in the layer before: see
    `bertscope_tui.analysis.moved.displacement`.
    """

    before: Extraction
    after: Extraction
    pairs: tuple[Pair, ...]
    distances: NDArray[np.float64]

    def most(self, layer: int, count: int | None = None) -> list[tuple[Pair, float]]:
        """Return the pairs with their distances in a layer, those that moved most first."""
        row = self.distances[layer]
        order = np.argsort(-row, kind="stable")[:count]
        return [(self.pairs[place], float(row[place])) for place in order.tolist()]


def moved(before: Extraction, after: Extraction) -> Moved:
    """Return how far the words that both have moved; both are of the same model."""
    pairs = common_tokens(before, after)
    return Moved(before, after, pairs, displacement(before.states, after.states, pairs))


def what_if_object(
    found: Moved, layers: Sequence[int], struck: Iterable[int] = ()
) -> dict[str, Any]:
    """Return the sample and the answer before the edit, and what moved, as JSON.

    ``struck`` are the sentences that were struck out. Tokens are those of the sample before and of
    the edited one.
    """
    return {
        "struck": sorted(set(struck)),
        "before": _side(found.before),
        "moved": [
            {
                "layer": layer,
                "tokens": [
                    {"before": one, "after": other, "distance": distance}
                    for (one, other), distance in found.most(layer)
                ],
            }
            for layer in layers
        ],
    }


def what_if_lines(found: Moved, layers: Sequence[int], look: Look, width: int) -> Iterator[str]:
    """Yield the answers before and after the edit, and which words moved most."""
    before, after = found.before, found.after
    old = outcome_words(outcome(before.prediction, before.scores), look)
    new = outcome_words(outcome(after.prediction, after.scores), look)
    yield "What if (words moved by so many times their spread in the layer before the edit)"
    for name, words in (("before", old), ("after", new)):
        yield "".join(part for part, _ in shorten(cells(f"  {name:<7} {words}"), width, "~"))
    for layer in layers:
        names = "  ".join(
            f"{clean(token_label(after, other))} {distance:.2f}"
            for (_, other), distance in found.most(layer, MOVED)
        )
        line = f"  moved most in layer {layer}: {names or '(no word is in both)'}"
        yield "".join(part for part, _ in shorten(cells(line), width, "~"))


def _side(extraction: Extraction) -> dict[str, Any]:
    sample, prediction, scores = extraction.sample, extraction.prediction, extraction.scores
    span = prediction.span if prediction else None
    return {
        "id": sample.id,
        "question": sample.question,
        "context": sample.context,
        "text": prediction.text if prediction else None,
        "start": span.start if span else None,
        "end": span.end if span else None,
        "probability": prediction.probability if prediction else None,
        "exact_match": scores.exact_match if scores else None,
        "f1": scores.f1 if scores else None,
    }
