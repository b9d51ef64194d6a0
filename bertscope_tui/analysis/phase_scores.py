"""How strongly each of the paper's four phases shows in every layer of one sample.

Van Aken et al. 2019, section 5.1, see four phases in pictures; here each is an area under the ROC
curve: the chance that a pair of tokens that the phase would bring near is nearer than one that it
would not. 0.5 is chance and 1 is always, in every layer and model alike. `docs/layers.md` has the
definitions in words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.trust import distances_of
from bertscope_tui.errors import Cancelled

if TYPE_CHECKING:
    from bertscope_tui.data.records import QASample, Span
    from bertscope_tui.engine.encoding import Token

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]

Phase = Literal["semantic", "entity", "match", "answer"]
PHASES: tuple[Phase, ...] = get_args(Phase)
"""In the paper's order: semantic clustering, connecting entities with mentions and attributes,
matching the question with supporting facts, answer extraction."""

NEIGHBOURS = 5

_BLOCK = 2**23
"""Pairs of tokens times deals that are held at once, eight bytes each."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """What the scores need to know of the tokens, one entry for each that counts.

    ``tokens`` are their places in the hidden states; special tokens, outliers and tokens without a
    letter or digit are left out. ``pieces`` are equal for equal entries of the vocabulary,
    ``meaning`` ``(tokens, width)`` is the embedding of each without context or position,
    ``sentences`` the number of its sentence of the context, -1 for the question and outside of
    sentences. The masks say which belong to the question, to the context, to the facts that the
    answer rests on, and to the predicted answer.
    """

    tokens: Ints
    pieces: Ints
    meaning: Doubles
    sentences: Ints
    question: Mask
    context: Mask
    facts: Mask
    answer: Mask


def layout_of(
    tokens: Sequence[Token],
    sample: QASample,
    sentences: Sequence[int | None],
    predicted: Span | None,
    meaning: NDArray[np.floating],
    *,
    left_out: Sequence[int] = (),
) -> Layout:
    """Return the layout of a window.

    ``sentences`` has the sentence of each token, ``meaning`` ``(tokens, width)`` the embeddings
    without context (`bertscope_tui.engine.meaning.meanings`), ``left_out`` the outliers. The facts
    are the supporting sentences if the predicted answer is from one of them; if it is from another
    sentence, that one: a wrong answer has phases of its own. Without a prediction they are the
    supporting sentences.
    """
    kept = [
        token
        for token in tokens
        if token.part != "special"
        and token.index not in left_out
        and any(letter.isalnum() for letter in token.text)
    ]
    numbers: dict[str, int] = {}
    of = np.array([-1 if (n := sentences[t.index]) is None else n for t in kept], dtype=np.int64)
    supporting = {
        place
        for place, sentence in enumerate(sample.sentences)
        if any(sentence.overlaps(span) for span in sample.supporting)
    }
    inside = np.array(
        [
            predicted is not None
            and token.part == "context"
            and token.start < predicted.end
            and predicted.start < token.end
            for token in kept
        ],
        dtype=bool,
    )
    own = {int(number) for number in of[inside] if number >= 0}
    facts = own if own and not own & supporting else supporting
    places = np.array([token.index for token in kept], dtype=np.int64)
    return Layout(
        tokens=places,
        pieces=np.array(
            [numbers.setdefault(token.piece, len(numbers)) for token in kept], dtype=np.int64
        ),
        meaning=np.asarray(meaning, dtype=np.float64)[places],
        sentences=of,
        question=np.array([token.part == "question" for token in kept], dtype=bool),
        context=np.array([token.part == "context" for token in kept], dtype=bool),
        facts=np.isin(of, list(facts)),
        answer=inside,
    )


def phase_scores(
    states: NDArray[np.float32],
    layout: Layout,
    *,
    cancelled: Callable[[], bool] | None = None,
) -> Doubles:
    """Return ``(4, layers + 1)``: each phase's score in every layer, NaN where it has none.

    ``states`` is ``(layers + 1, tokens, dim)``. ``cancelled`` is asked before each layer; raises
    Cancelled.
    """
    found: Doubles = Dealing(states, layout, deals=0).run(cancelled)[0]
    return found


class Dealing:
    """Finds the scores, and those of the roles dealt at random, one layer after the other.

    In each deal the tokens of the context change places as members of sentences, facts and answer,
    and all tokens as neighbours by meaning, the same way in every layer. What the states then show
    is what they show by chance.
    """

    def __init__(
        self, states: NDArray[np.float32], layout: Layout, *, deals: int, seed: int = 0
    ) -> None:
        self._states = states
        self._layout = layout
        self._rng = np.random.default_rng(seed)
        self._deals = deals
        self._found = np.full((1 + deals, len(PHASES), states.shape[0]), np.nan)
        self._layer = 0
        self._dealt: tuple[Ints, _Semantic, _Entity] | None = None

    def run(self, cancelled: Callable[[], bool] | None = None) -> Doubles:
        """Return ``(1 + deals, 4, layers + 1)``, the scores first.

        ``cancelled`` is asked before each layer. Raises Cancelled; called again it goes on there.
        """
        layout, found = self._layout, self._found
        if len(layout.tokens) < 3:
            return found
        if self._dealt is None:
            orders = _orders(layout, self._deals, self._rng)
            semantic = _Semantic(layout, self._deals, self._rng)
            self._dealt = orders, semantic, _Entity(layout, orders)
        orders, semantic, entity = self._dealt
        while self._layer < found.shape[2]:
            if cancelled is not None and cancelled():
                raise Cancelled
            layer = self._layer
            points = self._states[layer, layout.tokens].astype(np.float64)
            self._layer += 1
            if not np.isfinite(points).all():
                continue  # no score, not one that other tokens have by chance
            points -= points.mean(axis=0)
            gram = points @ points.T
            cosines = _cosines(gram)
            found[:, 0, layer] = semantic.scores(cosines)
            found[:, 1, layer] = entity.scores(cosines)
            found[:, 2, layer] = _match(cosines, layout, orders)
            found[:, 3, layer] = _answer(distances_of(gram), layout, orders)
        return found


def _orders(layout: Layout, deals: int, rng: np.random.Generator) -> Ints:
    """Return ``(1 + deals, tokens)``: whose role each token has; context tokens change places."""
    orders = np.tile(np.arange(len(layout.tokens)), (1 + deals, 1))
    context = np.flatnonzero(layout.context)
    for order in orders[1:]:
        order[context] = rng.permutation(context)
    return orders


def _cosines(gram: Doubles) -> Doubles:
    """Return cosines from inner products of centred states; a state without length has 0."""
    lengths = np.sqrt(np.maximum(np.diagonal(gram), 0.0))
    both = np.outer(lengths, lengths)
    # Lengths that are rounding errors beside the others have no direction.
    large = both > 1e-12 * max(float(both.max(initial=0.0)), 1e-300)
    found: Doubles = np.divide(gram, both, out=np.zeros_like(gram), where=large)
    return found


def _ranks(values: Doubles, axis: int | None = None) -> Doubles:
    """Return ranks from 1, those of equal values their mean. Noise in the last digits is equal."""
    from scipy.stats import rankdata

    found: Doubles = rankdata(np.round(values, 9), axis=axis)
    return found


def _area(rank_sums: Doubles, positive: Doubles, total: int) -> Doubles:
    """Return the areas from sums of the positive ranks (Mann and Whitney 1947)."""
    negative = total - positive
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(
            (positive > 0) & (negative > 0),
            (rank_sums / positive - (positive + 1) / 2) / negative,
            np.nan,
        )


class _Semantic:
    """Are the nearest by meaning the nearest here? The mean over tokens."""

    def __init__(self, layout: Layout, deals: int, rng: np.random.Generator) -> None:
        count = len(layout.tokens)
        self._k = min(NEIGHBOURS, count - 2)
        meaning = layout.meaning - layout.meaning.mean(axis=0)
        alike = np.round(_cosines(meaning @ meaning.T), 9)
        np.fill_diagonal(alike, -np.inf)
        near = np.argsort(-alike, axis=1, kind="stable")[:, : self._k]
        self._near = [near]
        for _ in range(deals):
            order = rng.permutation(count)
            dealt = np.empty_like(near)
            dealt[order] = order[near]
            self._near.append(dealt)

    def scores(self, cosines: Doubles) -> Doubles:
        count = len(cosines)
        others = ~np.eye(count, dtype=bool)
        ranks = np.zeros_like(cosines)
        ranks[others] = _ranks(cosines[others].reshape(count, count - 1), axis=1).ravel()
        rows = np.arange(count)[:, None]
        positive = np.full(count, float(self._k))
        return np.array(
            [
                _area(ranks[rows, near].sum(axis=1), positive, count - 1).mean()
                for near in self._near
            ]
        )


class _Entity:
    """Are words of one sentence nearer than those of two, beyond meaning and distance?"""

    def __init__(self, layout: Layout, orders: Ints) -> None:
        inside = np.flatnonzero(layout.context & (layout.sentences >= 0))
        one, other = np.triu_indices(len(inside), 1)
        one, other = inside[one], inside[other]
        different = layout.pieces[one] != layout.pieces[other]
        self._one, self._other = one[different], other[different]
        self._tokens = len(layout.tokens)
        # Places of one sentence, in pairs; in each deal other tokens stand there. There are far
        # fewer of them than of all pairs.
        alike = layout.sentences[:, None] == layout.sentences[None, inside]
        first, second = np.nonzero(alike & (np.arange(self._tokens)[:, None] < inside[None]))
        self._places = first, inside[second]
        holders = np.argsort(orders, axis=1)
        most = max(_BLOCK // max(len(first), 1), 1)
        self._holders = [holders[at : at + most] for at in range(0, len(orders), most)]
        # Made once where they all fit into one block, else anew in each layer.
        self._kept = self._pairs(holders) if len(self._holders) == 1 else None
        self._positive = self._sums(np.ones(len(self._one)))
        if not len(self._one):
            return
        meaning = layout.meaning - layout.meaning.mean(axis=0)
        alike = _cosines(meaning @ meaning.T)[self._one, self._other]
        apart = np.log(np.abs(layout.tokens[self._one] - layout.tokens[self._other]))
        known = np.stack([np.ones_like(alike), alike, apart], axis=1)
        # An orthonormal basis of what is known: what is left of a vector is it less its shadow.
        left, sizes, _ = np.linalg.svd(known, full_matrices=False)
        self._known = left[:, sizes > 1e-9 * sizes[0]]

    def scores(self, cosines: Doubles) -> Doubles:
        if not len(self._one):
            return np.full(len(self._positive), np.nan)
        near = cosines[self._one, self._other]
        rest = near - self._known @ (self._known.T @ near)
        ranks = _ranks(rest)
        return _area(self._sums(ranks), self._positive, len(ranks))

    def _sums(self, values: Doubles) -> Doubles:
        """Return the sum of the pairs' values over those of one sentence, for each deal."""
        table = np.zeros((self._tokens, self._tokens))
        table[self._one, self._other] = table[self._other, self._one] = values
        flat, kept = table.ravel(), self._kept
        blocks = [kept] if kept is not None else (self._pairs(some) for some in self._holders)
        found: Doubles = np.concatenate([flat[block].sum(axis=1) for block in blocks])
        return found

    def _pairs(self, holders: Ints) -> Ints:
        """Return ``(deals, pairs)``: where the tokens that hold the places stand in a table."""
        one, other = self._places
        found: Ints = holders[:, one] * self._tokens + holders[:, other]
        return found


def _match(cosines: Doubles, layout: Layout, orders: Ints) -> Doubles:
    """Is the question nearer to the facts than to the rest of the context?"""
    context = np.flatnonzero(layout.context)
    asked = int(layout.question.sum())
    if not asked or not len(context):
        return np.full(len(orders), np.nan)
    ranks = _ranks(cosines[np.ix_(layout.question, layout.context)])
    sums = ranks.reshape(asked, len(context)).sum(axis=0)
    facts = layout.facts[orders][:, context].astype(np.float64)
    return _area(facts @ sums, facts.sum(axis=1) * asked, asked * len(context))


def _answer(squared: Doubles, layout: Layout, orders: Ints) -> Doubles:
    """Is the answer farther from the rest than other tokens are from each other?"""
    count = len(squared)
    one, other = np.triu_indices(count, 1)
    # Relative to the largest, so that what counts as equal does not depend on the scale.
    far = np.sqrt(squared[one, other])
    values = _ranks(far / max(float(far.max(initial=0.0)), 1e-300))
    ranks = np.zeros((count, count))
    ranks[one, other] = ranks[other, one] = values
    inside = layout.answer[orders].astype(np.float64)
    sums = ((inside @ ranks) * (1.0 - inside)).sum(axis=1)
    sizes = inside.sum(axis=1)
    return _area(sums, sizes * (count - sizes), len(one))
