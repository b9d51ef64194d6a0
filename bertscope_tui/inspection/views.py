"""What a picture, a list line and a bar say about a snapshot: the words and glyphs, no drawing.

Both front ends use these, so that a page in text and a pane on screen agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from bertscope_tui.analysis.phases import TITLES as PHASE_TITLES
from bertscope_tui.data.hygiene import clean, printable
from bertscope_tui.engine.roles import ROLES, Role
from bertscope_tui.engine.scoring import SampleScore, Scores
from bertscope_tui.inspection.snapshots import Extraction, Pictures
from bertscope_tui.plots.scatter import Point

if TYPE_CHECKING:
    from bertscope_tui.analysis.phases import Phases
    from bertscope_tui.analysis.projection import Fit, Method, Recipe
    from bertscope_tui.data.records import QASample
    from bertscope_tui.inspection.overlays import LayerClusters
    from bertscope_tui.themes import ThemeSpec

ColourMode = Literal["roles", "sentences", "position", "clusters"]
COLOUR_MODES: tuple[ColourMode, ...] = ("roles", "sentences", "position", "clusters")

ROLE_NAMES: dict[Role, str] = {
    "answer": "predicted answer",
    "gold": "gold answer",
    "question": "question",
    "fact": "supporting fact",
    "context": "context",
    "special": "special token",
}

_SENTENCE_GLYPHS = "123456789abcdefghijklmnopqrstuvwxyz"
_QUESTION_GLYPH = "?"
_POSITION_GLYPHS = "0123456789"
CLUSTER_GLYPHS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""Clusters are numbered from 0, as on the page of ``inspect --clusters``."""


@dataclass(frozen=True, slots=True)
class Look:
    """How tokens are drawn: a theme, and whether glyphs must be plain ASCII."""

    theme: ThemeSpec
    ascii: bool = False

    def glyph(self, role: Role) -> str:
        """Return the marker of a role."""
        style = self.theme.roles[role]
        return style.ascii if self.ascii else style.glyph

    def colour(self, role: Role) -> str:
        """Return the colour of a role."""
        return self.theme.roles[role].colour


def token_look(
    extraction: Extraction,
    token: int,
    mode: ColourMode,
    look: Look,
    numbers: Mapping[int, int] | None = None,
) -> tuple[str, str]:
    """Return the glyph and the colour of a token in a colour mode.

    Every mode tells tokens apart by glyph as well: roles by marker, sentences by number or
    letter, positions by the tenth of the window that the token stands in, clusters by number or
    letter. ``numbers`` are the clusters of tokens; a token without one looks like a special one.
    """
    role = extraction.roles[token]
    if mode == "clusters":
        number = (numbers or {}).get(token)
        if number is None:
            return look.glyph("special"), look.colour("special")
        return cluster_look(number, look)
    if mode == "sentences":
        sentence = extraction.sentences[token]
        if sentence is not None:
            sequence = look.theme.sequence
            glyph = _SENTENCE_GLYPHS[sentence % len(_SENTENCE_GLYPHS)]
            return glyph, sequence[sentence % len(sequence)]
        if extraction.tokens[token].part == "question":
            return _QUESTION_GLYPH, look.colour("question")
        return look.glyph("special"), look.colour("special")
    if mode == "position":
        count = max(len(extraction.tokens), 1)
        ramp = look.theme.ramp
        return _POSITION_GLYPHS[token * 10 // count], ramp[token * len(ramp) // count]
    return look.glyph(role), look.colour(role)


def cluster_look(number: int, look: Look) -> tuple[str, str]:
    """Return the glyph and the colour of a cluster."""
    sequence = look.theme.sequence
    glyph = CLUSTER_GLYPHS[number % len(CLUSTER_GLYPHS)]
    return glyph, sequence[number % len(sequence)]


@dataclass(frozen=True, slots=True)
class Stamp:
    """How one token is drawn in every layer's picture; only its place changes with the layer."""

    token: int
    glyph: str
    colour: str
    priority: int
    label: str


def stamps(
    pictures: Pictures,
    mode: ColourMode,
    look: Look,
    numbers: Mapping[int, int] | None = None,
) -> tuple[Stamp, ...]:
    """Return the look of each token shown, in token order; see `token_look`.

    They are the same for all layers, unless tokens are coloured by the clusters of one.
    """
    extraction = pictures.extraction
    made = []
    for token in pictures.projection.shown.tolist():
        glyph, colour = token_look(extraction, token, mode, look, numbers)
        priority = len(ROLES) - ROLES.index(extraction.roles[token])
        made.append(Stamp(token, glyph, colour, priority, token_label(extraction, token)))
    return tuple(made)


def points(pictures: Pictures, layer: int, looks: Sequence[Stamp]) -> list[Point]:
    """Return the points of one layer's picture, one for each token shown, in token order."""
    coordinates = pictures.projection.coordinates[layer].tolist()
    return [
        Point(stamp.token, x, y, stamp.glyph, stamp.colour, stamp.priority, stamp.label)
        for stamp, (x, y) in zip(looks, coordinates, strict=True)
    ]


def token_label(extraction: Extraction, token: int) -> str:
    """Return a token as it is named in pictures and lists: its text, else its word piece."""
    entry = extraction.tokens[token]
    text = entry.piece if entry.part == "special" else entry.text.strip() or entry.piece
    return _label(text)


@lru_cache(maxsize=8192)
def _label(text: str) -> str:
    return printable(text) or "␣"


def legend(
    extraction: Extraction,
    mode: ColourMode,
    look: Look,
    *,
    shown: Sequence[int] | None = None,
    short: bool = False,
    clusters: LayerClusters | None = None,
) -> list[tuple[str, str, str]]:
    """Return ``(glyph, colour, meaning)`` of the marks, most important first.

    ``shown`` are the tokens in the picture (None: all); ``short`` asks for one word each.
    Clusters have their number of tokens for a meaning.
    """
    if mode == "clusters":
        if clusters is None:
            return []
        found = clusters.clusters
        sizes = [len(found.members(number)) for number in range(found.k)]
        head = ("", look.colour("context"), clusters_words(clusters, short=short))
        return [head, *((*cluster_look(n, look), f"({size})") for n, size in enumerate(sizes))]
    present = range(len(extraction.tokens)) if shown is None else shown
    ramp, sequence = look.theme.ramp, look.theme.sequence
    if mode == "roles":
        roles = {extraction.roles[token] for token in present}
        return [
            (look.glyph(role), look.colour(role), role if short else ROLE_NAMES[role])
            for role in ROLES
            if role in roles
        ]
    if mode == "sentences":
        seen = sorted({n for token in present if (n := extraction.sentences[token]) is not None})
        entries = [
            (_SENTENCE_GLYPHS[n % len(_SENTENCE_GLYPHS)], sequence[n % len(sequence)], "")
            for n in seen[:9]
        ]
        words = "sentence" if len(seen) <= 9 else f"… {len(seen)} sentences"
        question = (_QUESTION_GLYPH, look.colour("question"), "question")
        return [*entries, ("", look.colour("context"), words), question]
    return [
        ("0", ramp[0], "first tokens"),
        ("5", ramp[len(ramp) // 2], "middle"),
        ("9", ramp[-1], "last tokens"),
    ]


WAYS: tuple[tuple[Method, Fit], ...] = (
    ("pca", "layer"),
    ("pca", "joint"),
    ("ica", "layer"),
    ("tsne", "layer"),
)
"""The ways to make pictures that the screens offer, in the order of their key."""

METHOD_NAMES: dict[Method, str] = {"pca": "PCA", "ica": "ICA", "tsne": "t-SNE"}


def axis_titles(pictures: Pictures, layer: int, *, short: bool = False) -> tuple[str, str]:
    """Return the titles of the two axes; those of PCA have the variance that each explains.

    The axes of a picture that was turned are no components any more and are named ``PC1'`` and
    ``PC2'``; the variance is that along them, and adds up to that of the two components.
    """
    projection = pictures.projection
    recipe = projection.recipe
    if recipe.method == "ica":
        return "IC1", "IC2"
    if recipe.method == "tsne":
        return "t-SNE 1", "t-SNE 2"
    first, second = projection.explained[layer].tolist()
    names = ("PC1", "PC2")
    if turned_words(pictures, layer):
        names = ("PC1'", "PC2'")
        spread = (projection.coordinates[layer].astype(float) ** 2).sum(axis=0)
        total = float(spread.sum())
        if total > 0:
            both = first + second
            first, second = (float(part) / total * both for part in spread)
    if short:
        return f"{names[0]} {first:.0%}", f"{names[1]} {second:.0%}"
    return f"{names[0]} {first:.1%} of variance", f"{names[1]} {second:.1%}"


def turned_words(pictures: Pictures, layer: int) -> str:
    """Return what a layer's picture was turned onto, empty where it is as it came out.

    With the embeddings turning begins. A t-SNE begins with the layer that was on screen, and goes
    from there to both ends.
    """
    recipe = pictures.projection.recipe
    if not recipe.aligned or recipe.fit == "joint":
        return ""
    if pictures.onto == "before":
        return "turned onto that before the edit"
    if pictures.onto == "other":
        return "turned onto the other one"
    if recipe.method == "tsne":
        return "turned onto its neighbour"
    return "turned onto the layer below" if layer else ""


def method_name(recipe: Recipe) -> str:
    """Return the name of a way to make pictures, for a title."""
    name = METHOD_NAMES[recipe.method]
    return f"{name} of all layers" if recipe.fit == "joint" else name


def picture_title(pictures: Pictures, layer: int, room: int) -> str:
    """Return `picture_words` in as many words as fit into ``room`` cells (20 take the shortest).

    The shortest has the method (with a stroke where it was turned, as its axes have), the share
    of the variance and the trustworthiness.
    """
    projection = pictures.projection
    recipe = projection.recipe
    name = METHOD_NAMES[recipe.method]
    turned = bool(turned_words(pictures, layer))
    both = float(projection.explained[layer].sum())
    trust = float(projection.trustworthiness[layer])
    share = f"{both:.0%}" if both == both else ""
    joint = recipe.fit == "joint"
    long = picture_words(pictures, layer)
    middle = [name + (", all layers" if joint else ", turned" if turned else "")]
    short = [f"{name} all" if joint else f"{name}'" if turned else name]
    if share:
        middle.append(f"{share} of variance")
        short.append(share)
    if trust == trust:
        middle.append(f"trust {trust:.2f}")
        short.append(f"trust {trust:.2f}")
    for words in (long, "; ".join(middle), " ".join(short)):
        if len(words) <= room:
            return words
    return " ".join(short).replace("trust ", "tr. ")


def picture_words(pictures: Pictures, layer: int) -> str:
    """Return how a layer's picture was made and how far to trust it, in one line."""
    projection = pictures.projection
    recipe = projection.recipe
    words = [METHOD_NAMES[recipe.method]]
    if recipe.fit == "joint":
        words[0] += " of all layers together"
    elif turned := turned_words(pictures, layer):
        words[0] += f", {turned}"
    if recipe.method != "pca":
        words[0] += f", seed {recipe.seed}"
    both = float(projection.explained[layer].sum())
    if both == both:
        words.append(f"{both:.1%} of the variance")
    trust = float(projection.trustworthiness[layer])
    if trust == trust:
        words.append(f"trustworthiness {trust:.2f}")
    return "; ".join(words)


def clusters_words(found: LayerClusters, *, short: bool = False) -> str:
    """Return how many clusters a layer has, how well they fit it, and whether its picture agrees.

    The agreement is the adjusted Rand index with the clusters of the picture by itself.
    """
    clusters = found.clusters
    silhouette = clusters.silhouette
    if short:
        fit = f" sil {silhouette:.2f}" if silhouette == silhouette else ""
        return f"k {clusters.k}{fit} agr {found.agreement:.2f}"
    noun = "cluster" if clusters.k == 1 else "clusters"
    fit = f", silhouette {silhouette:.2f}" if silhouette == silhouette else ""
    how = " as chosen" if found.chosen and clusters.k > 1 else ""
    return f"{clusters.k} {noun}{how}{fit}, picture agrees {found.agreement:.2f}:"


def outlier_words(extraction: Extraction, *, short: bool = False) -> str:
    """Return how large the tokens are that are left out of pictures for their norm."""
    ratio = f"{extraction.outlier_ratio:.0f}"
    return f"hidden, norm {ratio}×" if short else f"hidden: norm {ratio} × the median"


def outlier_message(extraction: Extraction, *, shown: bool) -> str:
    """Return whether a token was left out for its norm, how large that is, and if it is shown."""
    ratio = extraction.outlier_ratio
    if not extraction.outliers:
        return (
            f"no token's norm stands out here: the first one's is at most {ratio:.1f} times "
            "the median"
        )
    state = "shown" if shown else "hidden"
    return f"outlier {state}: its norm is {ratio:.0f} times the median"


def phases_words(phases: Phases) -> str:
    """Return which layers are which phase, or why there are none, in one line."""
    if not phases.found:
        return phases.reason
    return ", ".join(
        f"{PHASE_TITLES[phase]} {first if first == last else f'{first} to {last}'}"
        for phase, first, last in phases.segments()
    )


def mark(scores: Scores | None, *, ascii: bool = False) -> str:  # noqa: A002 - what it says
    """Return one character for right, wrong or not known."""
    if scores is None:
        return "." if ascii else "·"
    if scores.right:
        return "+" if ascii else "✓"
    return "x" if ascii else "✗"


def mispredicted(score: SampleScore) -> bool:
    """Say whether a scored sample counts as wrong for stepping through failures."""
    return score.scores is not None and not score.scores.right


def answers_line(sample: QASample) -> str:
    """Return the gold answers as one line of clean text."""
    if sample.impossible:
        return "(no answer in the text)"
    texts: Sequence[str] = list(dict.fromkeys(a.text for a in sample.answers))
    return clean(" | ".join(texts)) if texts else "(none given)"
