"""What the screens, the command line and the exports are given: frozen, without a network in it.

A snapshot never changes after it was made, so any thread may read it. Arrays are float32 and
belong to the snapshot alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bertscope_tui.analysis.projection import Projection, Recipe
    from bertscope_tui.data.records import QASample
    from bertscope_tui.engine.answers import Prediction
    from bertscope_tui.engine.encoding import Token
    from bertscope_tui.engine.roles import Role
    from bertscope_tui.engine.scoring import Scores
    from bertscope_tui.models.loading import ModelInfo


Onto = Literal["layers", "before", "other"]
"""What pictures were turned onto: each other, those before an edit, those of another model."""


@dataclass(frozen=True, slots=True)
class WindowPlace:
    """Which window of the sample a picture shows; ``start`` and ``end`` are context characters."""

    index: int
    count: int
    start: int
    end: int
    best: int


@dataclass(frozen=True, slots=True)
class PictureChoice:
    """What pictures show and how they are made, whichever sample is open."""

    recipe: Recipe
    special: bool = False
    outliers: bool = False


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Extraction:
    """One sample as one model sees it, in one window.

    ``sample`` is the record as fitted to the model (its context may be shorter than the file's).
    ``states`` is float32 ``(layers + 1, tokens, dim)`` without padding; ``tokens``, ``roles`` and
    ``sentences`` have one entry per token. ``outliers`` are the tokens left out of pictures for
    their norm; ``outlier_ratio`` is the largest norm of the first of them, or else of the first
    token, in units of the other tokens' median.
    ``notes`` are plain sentences about what was done to the input. ``meaning`` ``(tokens, width)``
    are the embeddings of the tokens without context or position, None where they were not kept.
    """

    model: ModelInfo
    dataset: str | None
    sample: QASample
    window: WindowPlace
    tokens: tuple[Token, ...]
    roles: tuple[Role, ...]
    sentences: tuple[int | None, ...]
    outliers: tuple[int, ...]
    outlier_ratio: float
    prediction: Prediction | None
    scores: Scores | None
    states: NDArray[np.float32]
    notes: tuple[str, ...] = ()
    meaning: NDArray[np.float32] | None = None

    @property
    def layers(self) -> int:
        """Return the number of the last layer; layer 0 is the embeddings."""
        return int(self.states.shape[0]) - 1

    def shown(self, *, special: bool, outliers: bool) -> tuple[int, ...]:
        """Return the tokens that a picture shows, in order; if none would be left, all of them."""
        kept = tuple(
            token.index
            for token in self.tokens
            if (special or token.part != "special" or token.index in self.outliers)
            and (outliers or token.index not in self.outliers)
        )
        return kept or tuple(range(len(self.tokens)))


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """The projection of one extraction, with what was shown when it was made.

    Layers may still be missing from it: see `bertscope_tui.analysis.projection.Projection.has`.
    ``onto`` says what they were turned onto, where the recipe asks for it.
    """

    extraction: Extraction
    projection: Projection
    special: bool
    outliers: bool
    onto: Onto = "layers"

    @property
    def choice(self) -> PictureChoice:
        """Return what was asked for to get these pictures."""
        return PictureChoice(self.projection.recipe, self.special, self.outliers)

    @property
    def complete(self) -> bool:
        """Say whether every layer is there."""
        return all(map(self.projection.has, range(self.extraction.layers + 1)))
