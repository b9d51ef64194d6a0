"""A page of text over the inspector: help, and what was wrong in a data set."""

from __future__ import annotations

from dataclasses import asdict
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from bertscope_tui.analysis.failures import THRESHOLDS, Levels
from bertscope_tui.analysis.phase_scores import PHASES
from bertscope_tui.analysis.phases import TITLES as PHASE_TITLES
from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.records import Dataset
from bertscope_tui.engine.roles import ROLES
from bertscope_tui.inspection.phase_words import (
    PHASE_DEFINITIONS,
    PHASE_INTRODUCTION,
    PHASE_RULES,
)
from bertscope_tui.inspection.strip_views import AGREEMENT_NAMES, agreement_glyph
from bertscope_tui.inspection.views import ROLE_NAMES, Look
from bertscope_tui.scans.pages import rule_rows
from bertscope_tui.tui.actions import Group, key_table, spelled

_LISTED = 2000
"""Problems shown on the page; ``datasets check`` prints all of them."""


class PageScreen(ModalScreen[None]):
    """A titled page that scrolls with the arrows, the page keys, j and k."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss", "Close", show=False),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, title: str, content: Content) -> None:
        super().__init__()
        self._title = title
        self._content = content

    def compose(self) -> ComposeResult:
        """Hold one scrolling page."""
        with VerticalScroll(id="page") as page:
            page.border_title = self._title.replace("[", "\\[")
            page.border_subtitle = "Esc closes"
            yield Static(self._content, markup=False)

    def action_scroll(self, step: int) -> None:
        """Scroll by lines, for those who keep their hands on j and k."""
        self.query_one("#page").scroll_relative(y=step, animate=False)


def help_page(look: Look, first: Group | None = None) -> PageScreen:
    """Return the page of every key, made from the table of actions, and of the marks.

    The keys of the group ``first`` come first.
    """
    parts: list[Content] = []
    for group, rows in key_table(first):
        parts.append(Content.styled(group, "bold"))
        for keys, description in rows:
            shown = f"{spelled(keys):<14} " if look.ascii else f"{keys:<9}"
            parts.append(Content.assemble((f"  {shown}", "bold"), description))
        parts.append(Content(""))
    parts.append(Content.styled("Marks", "bold"))
    for role in ROLES:
        mark = (f"  {look.glyph(role)}        ", f"bold {look.colour(role)}")
        parts.append(Content.assemble(mark, ROLE_NAMES[role]))
    for agreement, meaning in AGREEMENT_NAMES.items():
        sign = (f"  {agreement_glyph(agreement, look)}        ", "bold")
        parts.append(Content.assemble(sign, f"under the layers: {meaning}"))
    parts.append(
        Content(
            "\nLayer 0 is the embeddings. A picture shows the hidden states of one layer in two\n"
            "dimensions, by PCA unless v chose otherwise. It is turned and mirrored onto the\n"
            "layer below, which changes no distance, so that stepping does not make it jump;\n"
            "y shows it as it comes out. Its title says how far to trust it. Distances to\n"
            "trust are in the list of nearest tokens, which are found in all dimensions (the\n"
            "cosine after centring on the layer's mean). Coloured by sentence, a point is its\n"
            "sentence's number; coloured by position, it is the tenth of the text that it\n"
            "stands in; coloured by cluster, it is its cluster's number. Clusters are found in\n"
            "all dimensions, as many (k) as have the best silhouette (sil: 1 is far apart, 0 is\n"
            "none). The picture agrees (agr) with them fully at 1 and by chance at 0 (the\n"
            "adjusted Rand index with the clusters of the picture by itself). Tr. or trust is\n"
            "the trustworthiness: 1 where the five nearest in the picture are near indeed.\n\n"
            "Edited samples have a * in the list. Above the text of one stand the answers\n"
            "before and after, the one that is looked at in [brackets]; in the text {+this+}\n"
            "was put in and [-this-] taken out. The strip of answers without each layer has\n"
            "the signs of the answers from each layer: same answer or another."
        )
    )
    return PageScreen("help", Content("\n").join(parts))


def rules_page(levels: Levels | None = None) -> PageScreen:
    """Return the page of how kinds of failure are told apart, with a scan's levels if given."""
    parts = [
        Content(
            "A wrong answer is of the first kind whose rule holds. These are judgements by\n"
            "thresholds: look at the sample before you believe one.\n"
        )
    ]
    for kind, rule in rule_rows(levels):
        parts += [Content.styled(kind, "bold"), Content(f"  {rule}\n")]
    thresholds = asdict(THRESHOLDS)
    parts.append(Content.styled("Thresholds", "bold"))
    parts += [
        Content(f"  {name.replace('_', ' ')}: {value:.3g}") for name, value in thresholds.items()
    ]
    if levels is not None:
        source = f"{levels.samples:,} right answers" if levels.samples else "fixed values"
        parts += [
            Content(""),
            Content.styled(f"As in right answers of this scan ({source})", "bold"),
            Content(f"  match at its peak {levels.match:.2f}"),
            Content(f"  separation at the last layer {levels.separation:.2f}"),
            Content(f"  the lens gives the answer from layer {levels.stable_from} on"),
        ]
    return PageScreen("kinds of failure", Content("\n").join(parts))


def phases_page() -> PageScreen:
    """Return the page of how phases are told: their scores, the segments, when there are none."""
    parts = [Content(f"{PHASE_INTRODUCTION}\n")]
    for phase in PHASES:
        parts += [
            Content.styled(PHASE_TITLES[phase], "bold"),
            Content(f"  {PHASE_DEFINITIONS[phase]}\n"),
        ]
    for title, text in PHASE_RULES:
        parts += [Content.styled(title, "bold"), Content(f"  {text}\n")]
    return PageScreen("phases", Content("\n").join(parts))


def problems_page(dataset: Dataset) -> PageScreen:
    """Return the page of what could not be used of a data set, with place and reason."""
    lines = [Content(f"{dataset.skipped:,} records skipped, {len(dataset.samples):,} usable.")]
    if dataset.left_out:
        lines.append(Content(f"{dataset.left_out:,} yes/no questions left out."))
    lines.append(Content(""))
    for problem in dataset.problems[:_LISTED]:
        lines.append(Content.assemble((clean(problem.where), "bold"), f"  {clean(problem.what)}"))
    if len(dataset.problems) > _LISTED:
        lines.append(Content(f"and {len(dataset.problems) - _LISTED:,} more"))
    return PageScreen(clean(dataset.name), Content("\n").join(lines))
