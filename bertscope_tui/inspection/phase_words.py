"""How phases are told, in the words of a page; `docs/layers.md` says the same at more length."""

from __future__ import annotations

from typing import Final

from bertscope_tui.analysis.phase_scores import NEIGHBOURS, Phase
from bertscope_tui.analysis.phases import (
    DEALS,
    ENOUGH,
    LARGEST_P,
    LEAST_AREA,
    LEAST_RUN_AREA,
    RESAMPLES,
)

PHASE_INTRODUCTION: Final = (
    "Van Aken et al. 2019 (section 5.1) see four phases in pictures of layers. Here each is a "
    "number in every layer, an area under the ROC curve: how often a pair of tokens that the "
    "phase would bring near is nearer than one that it would not. 0.5 is chance, 1 is always. "
    "Special tokens, outliers and punctuation have no part in it; cosines are taken after "
    "centring on the mean of the layer's tokens."
)

PHASE_DEFINITIONS: Final[dict[Phase, str]] = {
    "semantic": (
        f"Are the {NEIGHBOURS} tokens nearest to a token by the embeddings of their word pieces, "
        "without position or context, nearer to it than the others in this layer? Cosine; the "
        "mean over tokens."
    ),
    "entity": (
        "Are tokens of one sentence nearer to each other than tokens of different sentences, "
        "beyond what their meaning and their distance in the text explain? Of each pair of "
        "different word pieces, the cosine less its least-squares fit by the cosine of the "
        "embeddings and the logarithm of the distance."
    ),
    "match": (
        "Are tokens of the question nearer to those of the supporting facts than to the rest of "
        "the context? Cosine. Where the predicted answer is from another sentence, that one takes "
        "the place of the facts: a wrong answer has phases of its own."
    ),
    "answer": (
        "Are tokens of the predicted answer farther from all other tokens than those are from "
        "each other? Euclidean distance."
    ),
}

PHASE_RULES: Final[tuple[tuple[str, str], ...]] = (
    (
        "Stretched scores",
        "Each phase from 0 at its lowest layer to 1 at its highest, as in the paper's Figure 6. "
        "A phase that hardly changes is stretched as well: look at the areas too.",
    ),
    (
        "Segments",
        "The layers are cut into segments in the paper's order so that the sum of the scores, in "
        "each layer that of its phase less its mean, is the largest. Phases may be left out.",
    ),
    (
        "Which phases show",
        f"In one sample: a peak that at most {LARGEST_P:.0%} of {DEALS + 1} deals of the roles "
        f"reach, and a mean of {LEAST_AREA} or more in its layers. Over a data set: above chance "
        f"and above its other layers in nearly all of {RESAMPLES:,} bootstrap resamples of the "
        f"samples, and a mean of {LEAST_RUN_AREA} or more.",
    ),
    (
        "No phases",
        f"A result like any other: {ENOUGH} phases must show where that many have a score, else "
        "all that have one, two at least.",
    ),
    (
        "Support",
        "The part of the resamples in which a layer has the same phase. The order that fits best "
        "is that of all orders of the phases that are clearly above chance somewhere.",
    ),
)
