"""Everything a key can do, in one table for each screen.

Bindings, the footer, the command palette, the help screen and ``docs/keys.md`` are all made from
them, so that they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from textual.binding import Binding

Group = Literal[
    "Layers",
    "Samples",
    "Tokens",
    "Picture",
    "Panes",
    "Probes",
    "What if",
    "General",
    "Fine-tuning, after f",
    "Scans, after R",
    "Samples of a scan, after Enter on it",
    "Figures of a scan, after o",
    "Two scans compared, after c",
    "Probes, after P",
    "Labels of a probe, after Enter on it",
    "Phases over a data set, after G",
    "Two models side by side, after C",
    "Layers of two models, after K",
]
GROUPS: tuple[Group, ...] = get_args(Group)
TUNING: Group = "Fine-tuning, after f"
SCANS: Group = "Scans, after R"
TRIAGE: Group = "Samples of a scan, after Enter on it"
OVERVIEW: Group = "Figures of a scan, after o"
COMPARISON: Group = "Two scans compared, after c"
PROBING: Group = "Probes, after P"
LABELS: Group = "Labels of a probe, after Enter on it"
PHASE_RUNS: Group = "Phases over a data set, after G"
BESIDE: Group = "Two models side by side, after C"
CKA: Group = "Layers of two models, after K"


@dataclass(frozen=True, slots=True)
class Action:
    """A thing to do. ``footer`` is the short label at the bottom of the screen, or empty.

    ``name`` is the method ``action_<name>`` of the screen; ``keys`` are Textual's key names, and
    ``shown`` how they are written for people.
    """

    name: str
    keys: tuple[str, ...]
    shown: str
    description: str
    group: Group
    footer: str = ""

    def binding(self) -> Binding:
        """Return the binding that the screen registers."""
        return Binding(
            ",".join(self.keys),
            self.name,
            self.footer or self.description,
            show=bool(self.footer),
            key_display=self.shown.split("  ")[0],
            id=f"{self.group.partition(',')[0].lower().replace(' ', '-')}.{self.name}",
        )


ACTIONS: tuple[Action, ...] = (
    Action("layer_next", ("right", "l"), "→  l", "Next layer", "Layers"),
    Action("layer_previous", ("left", "h"), "←  h", "Previous layer", "Layers"),
    Action("layer_first", ("home",), "Home", "Layer 0, the embeddings", "Layers"),
    Action("layer_last", ("end",), "End", "Last layer", "Layers"),
    Action(
        "layer_jump",
        ("g",),
        "0…9 g",
        "Type a number, then g: go to that layer",
        "Layers",
    ),
    Action("play", ("space",), "Space", "Play the layers one after another", "Layers", "play"),
    Action(
        "strips",
        ("i",),
        "i",
        "Strips under the layers: phases, answers by layer, both, none",
        "Layers",
    ),
    Action(
        "move_down",
        ("down", "j"),
        "↓  j",
        "Next sample (in a list: next line)",
        "Samples",
    ),
    Action(
        "move_up",
        ("up", "k"),
        "↑  k",
        "Previous sample (in a list: line above)",
        "Samples",
    ),
    Action(
        "page_down",
        ("pagedown",),
        "PgDn",
        "One page down in the focused pane",
        "Samples",
    ),
    Action("page_up", ("pageup",), "PgUp", "One page up in the focused pane", "Samples"),
    Action(
        "wrong_next",
        ("n",),
        "n",
        "Next mispredicted sample (from a scan: of its list)",
        "Samples",
        "next wrong",
    ),
    Action("wrong_previous", ("N",), "N", "Previous mispredicted sample (likewise)", "Samples"),
    Action("search", ("slash",), "/", "Search the samples", "Samples", "search"),
    Action("window_next", ("w",), "w", "Next window of a long context", "Samples"),
    Action("window_previous", ("W",), "W", "Previous window of a long context", "Samples"),
    Action("problems", ("p",), "p", "Records that could not be used, and why", "Samples"),
    Action("token_cursor", ("t",), "t", "Token cursor on or off", "Tokens", "token"),
    Action("metric", ("e",), "e", "Neighbours by cosine or by Euclidean distance", "Tokens"),
    Action(
        "side",
        ("x",),
        "x",
        "What is listed: nearest, members of the cluster, nearest by layer",
        "Tokens",
    ),
    Action(
        "colour_mode",
        ("c",),
        "c",
        "Colour by role, sentence, position or cluster",
        "Picture",
        "colours",
    ),
    Action(
        "method_next", ("v",), "v", "Next method: PCA, PCA of all layers, ICA, t-SNE", "Picture"
    ),
    Action("method_previous", ("V",), "V", "Method before", "Picture"),
    Action(
        "orientation", ("y",), "y", "Turned onto the layer below, or as it comes out", "Picture"
    ),
    Action(
        "clusters_fewer",
        ("left_square_bracket",),
        "[",
        "One cluster less; below two, as many as fit best",
        "Picture",
    ),
    Action("clusters_more", ("right_square_bracket",), "]", "One cluster more", "Picture"),
    Action("trail", ("a",), "a", "The selected token's trail through the layers", "Picture"),
    Action("special", ("s",), "s", "Show or hide special tokens", "Picture"),
    Action("outliers", ("o",), "o", "Show or hide the outlier token", "Picture"),
    Action("labels", ("b",), "b", "Labels: as many as fit, or only the selected ones", "Picture"),
    Action("zoom_in", ("plus", "equals_sign"), "+", "Zoom in (on the selected token)", "Picture"),
    Action("zoom_out", ("minus",), "-", "Zoom out", "Picture"),
    Action("pan_left", ("shift+left", "H"), "⇧←  H", "Pan left", "Picture"),
    Action("pan_right", ("shift+right", "L"), "⇧→  L", "Pan right", "Picture"),
    Action("pan_up", ("shift+up", "K"), "⇧↑  K", "Pan up", "Picture"),
    Action("pan_down", ("shift+down", "J"), "⇧↓  J", "Pan down", "Picture"),
    Action("view_reset", ("r",), "r", "Reset zoom and pan", "Picture"),
    Action("pane_next", ("tab",), "Tab", "Next pane", "Panes", "pane"),
    Action("pane_previous", ("shift+tab",), "⇧Tab", "Previous pane", "Panes"),
    Action("activate", ("enter",), "Enter", "Open the line under the cursor", "Panes"),
    Action("zoom_pane", ("z",), "z", "Focused pane on the whole screen, and back", "Panes"),
    Action(
        "probes", ("P",), "P", "Probes: what each layer knows of five tasks", "Probes", "probes"
    ),
    Action("probe_heat", ("F",), "F", "Heat map: where in the model each task stands", "Probes"),
    Action("probe_sample", ("A",), "A", "Ask the probes about the sample, or hide them", "Probes"),
    Action("edit", ("E",), "E", "Edit question or context, and run again", "What if"),
    Action(
        "strike", ("X",), "X", "Strike out a sentence: the selected token's, or choose", "What if"
    ),
    Action("undo", ("u",), "u", "Back to before the edit", "What if"),
    Action("redo", ("U",), "U", "On to after it again", "What if"),
    Action("moved", ("M",), "M", "Words that the edits moved most at this layer", "What if"),
    Action("save_edits", ("S",), "S", "Save edited samples as a data set", "What if"),
    Action("skip_layers", ("I",), "I", "Answers without each layer, or hide them", "What if"),
    Action("pick_model", ("m",), "m", "Open a model", "General", "model"),
    Action("pick_dataset", ("d",), "d", "Open a data set", "General", "data"),
    Action(
        "base",
        ("B",),
        "B",
        "The same model without fine-tuning, and back",
        "General",
    ),
    Action("compare", ("C",), "C", "Compare with another model, side by side", "General"),
    Action("training", ("f",), "f", "Fine-tuning: runs and curves", "General", "fine-tune"),
    Action("scans", ("R",), "R", "Scans: what a model gets wrong, and why", "General", "scans"),
    Action("phases", ("G",), "G", "Phases over the open data set, as heat maps", "General"),
    Action("pick_theme", ("T",), "T", "Choose a theme", "General"),
    Action(
        "escape",
        ("escape",),
        "Esc",
        "Cancel what runs; leave what is open, step by step",
        "General",
    ),
    Action("help", ("question_mark",), "?", "All keys", "General", "help"),
    Action("quit", ("q",), "q", "Quit", "General", "quit"),
)
"""Every action of the inspector, in the order in which help lists them."""

TRAINING_ACTIONS: tuple[Action, ...] = (
    Action("move_down", ("down", "j"), "↓  j", "Next training", TUNING),
    Action("move_up", ("up", "k"), "↑  k", "Previous training", TUNING),
    Action("new", ("a",), "a", "Fine-tune a model", TUNING, "new"),
    Action("stop", ("s",), "s", "Stop a training; r goes on with it", TUNING, "stop"),
    Action("resume", ("r",), "r", "Go on with a training", TUNING, "go on"),
    Action("remove", ("x",), "x", "Remove a training (not its model)", TUNING, "remove"),
    Action("open_model", ("enter",), "Enter", "Open the model that came out", TUNING, "open"),
    Action(
        "turn",
        ("tab", "shift+tab"),
        "Tab",
        "Curves or facts, where there is no room for both",
        TUNING,
        "facts",
    ),
    Action("page_down", ("pagedown",), "PgDn", "Scroll the facts down", TUNING),
    Action("page_up", ("pageup",), "PgUp", "Scroll the facts up", TUNING),
    Action("help", ("question_mark",), "?", "All keys", TUNING, "help"),
    Action("back", ("escape", "q"), "Esc  q", "Back to the inspector", TUNING, "back"),
)
"""Every action of the screen of trainings."""

SCAN_ACTIONS: tuple[Action, ...] = (
    Action("move_down", ("down", "j"), "↓  j", "Next scan", SCANS),
    Action("move_up", ("up", "k"), "↑  k", "Previous scan", SCANS),
    Action("open_table", ("enter",), "Enter", "Its samples as a table", SCANS, "samples"),
    Action("new", ("a",), "a", "Scan the open data with the open model", SCANS, "new"),
    Action("stop", ("s",), "s", "Stop a scan; what is done is kept", SCANS, "stop"),
    Action("resume", ("r",), "r", "Go on with a scan that was stopped", SCANS, "go on"),
    Action("overview", ("o",), "o", "Its figures: kinds, curves, early errors", SCANS, "figures"),
    Action("compare", ("c",), "c", "Compare it with another scan of the data", SCANS, "compare"),
    Action("remove", ("x",), "x", "Remove a scan with its tags and notes", SCANS, "remove"),
    Action("page_down", ("pagedown",), "PgDn", "Scroll the facts of the scan down", SCANS),
    Action("page_up", ("pageup",), "PgUp", "Scroll the facts of the scan up", SCANS),
    Action("escape", ("escape",), "Esc", "Stop what runs here if you say so; else back", SCANS),
    Action("help", ("question_mark",), "?", "All keys", SCANS, "help"),
    Action("back", ("q",), "q", "Back to the inspector; a scan goes on", SCANS, "back"),
)
"""Every action of the screen of scans."""

TRIAGE_ACTIONS: tuple[Action, ...] = (
    Action("move_down", ("down", "j"), "↓  j", "Next line", TRIAGE),
    Action("move_up", ("up", "k"), "↑  k", "Previous line", TRIAGE),
    Action("page_down", ("pagedown",), "PgDn", "A page down", TRIAGE),
    Action("page_up", ("pageup",), "PgUp", "A page up", TRIAGE),
    Action("first", ("home",), "Home", "First line", TRIAGE),
    Action("last", ("end",), "End", "Last line", TRIAGE),
    Action("open_sample", ("enter",), "Enter", "Open it where its failure shows", TRIAGE, "open"),
    Action("wrong_next", ("n",), "n", "Next wrong answer", TRIAGE, "wrong"),
    Action("wrong_previous", ("N",), "N", "Previous wrong answer", TRIAGE),
    Action("which", ("f",), "f", "All, only wrong, only right answers", TRIAGE, "filter"),
    Action("which_back", ("F",), "F", "The same, the other way round", TRIAGE),
    Action("kind", ("c",), "c", "Only the next kind of failure", TRIAGE, "kind"),
    Action("kind_back", ("C",), "C", "Only the kind of failure before", TRIAGE),
    Action("tag", ("t",), "t", "Only the samples with the next tag", TRIAGE, "tag"),
    Action("search", ("slash",), "/", "Search questions, answers, tags, notes", TRIAGE, "search"),
    Action(
        "turn_sort",
        ("s",),
        "1…9  s",
        "Sort by a column, by its number; s: the other way round",
        TRIAGE,
        "sort",
    ),
    Action("mark", ("m",), "m", "Mark a sample with tags and a note", TRIAGE, "mark"),
    Action("undo", ("u",), "u", "Take the last mark back", TRIAGE, "undo"),
    Action(
        "export",
        ("E",),
        "E",
        "Export what is listed: CSV, JSON lines, Markdown",
        TRIAGE,
        "export",
    ),
    Action("overview", ("o",), "o", "Figures: kinds, curves, early errors", TRIAGE, "figures"),
    Action("rules", ("i",), "i", "How kinds of failure are told apart", TRIAGE),
    Action(
        "escape",
        ("escape",),
        "Esc",
        "Leave the search, then what was searched, then the table",
        TRIAGE,
    ),
    Action("help", ("question_mark",), "?", "All keys", TRIAGE, "help"),
    Action("back", ("q",), "q", "Back to the list of scans", TRIAGE, "back"),
)
"""Every action of the table of a scan."""

OVERVIEW_ACTIONS: tuple[Action, ...] = (
    Action("move_down", ("down", "j"), "↓  j", "Next kind", OVERVIEW),
    Action("move_up", ("up", "k"), "↑  k", "Previous kind", OVERVIEW),
    Action("open_kind", ("enter",), "Enter", "List the samples of the kind", OVERVIEW, "list"),
    Action("signal_next", ("right", "l"), "→  l", "Curves of the next signal", OVERVIEW),
    Action("signal_previous", ("left", "h"), "←  h", "Curves of the signal before", OVERVIEW),
    Action(
        "turn",
        ("tab", "shift+tab"),
        "Tab",
        "Curves or early errors, where there is no room",
        OVERVIEW,
        "turn",
    ),
    Action("rules", ("i",), "i", "How the kinds are told apart", OVERVIEW, "rules"),
    Action("help", ("question_mark",), "?", "All keys", OVERVIEW, "help"),
    Action("back", ("escape", "q"), "Esc  q", "Back to where you came from", OVERVIEW, "back"),
)
"""Every action of the figures of a scan."""

COMPARISON_ACTIONS: tuple[Action, ...] = (
    Action("move_down", ("down", "j"), "↓  j", "Next question", COMPARISON),
    Action("move_up", ("up", "k"), "↑  k", "Previous question", COMPARISON),
    Action("page_down", ("pagedown",), "PgDn", "A page of questions down", COMPARISON),
    Action("page_up", ("pageup",), "PgUp", "A page of questions up", COMPARISON),
    Action("turn", ("tab", "shift+tab"), "Tab", "Fixed, broken, wrong in both", COMPARISON, "turn"),
    Action("open_sample", ("enter",), "Enter", "Open it with the second model", COMPARISON, "open"),
    Action("open_first", ("b",), "b", "Open it with the first model", COMPARISON, "first model"),
    Action("help", ("question_mark",), "?", "All keys", COMPARISON, "help"),
    Action("back", ("escape", "q"), "Esc  q", "Back to the scans", COMPARISON, "back"),
)
"""Every action of the comparison of two scans."""

PROBE_ACTIONS: tuple[Action, ...] = (
    Action("move_down", ("down", "j"), "↓  j", "Next result", PROBING),
    Action("move_up", ("up", "k"), "↑  k", "Previous result", PROBING),
    Action("open_labels", ("enter",), "Enter", "Its labels and confusions", PROBING, "labels"),
    Action("new", ("a",), "a", "Probe the open model", PROBING, "new"),
    Action("stop", ("s",), "s", "Stop probing; what is done is kept", PROBING, "stop"),
    Action("heat", ("m",), "m", "Heat map of the model, or curves", PROBING, "heat map"),
    Action("intervals", ("i",), "i", "Curves with intervals over seeds, or without", PROBING),
    Action("choose", ("b",), "b", "Show this one in the inspector's bars", PROBING, "in bars"),
    Action(
        "only_open", ("f",), "f", "All results, or those of the open model and its base", PROBING
    ),
    Action("remove", ("x",), "x", "Remove a result with its probes", PROBING, "remove"),
    Action(
        "turn",
        ("tab", "shift+tab"),
        "Tab",
        "Picture or facts, where there is no room for both",
        PROBING,
    ),
    Action("page_down", ("pagedown",), "PgDn", "Scroll the facts of the result down", PROBING),
    Action("page_up", ("pageup",), "PgUp", "Scroll the facts of the result up", PROBING),
    Action("help", ("question_mark",), "?", "All keys", PROBING, "help"),
    Action("back", ("escape", "q"), "Esc  q", "Back; probing goes on", PROBING, "back"),
)
"""Every action of the screen of probes."""

LABEL_ACTIONS: tuple[Action, ...] = (
    Action("layer_next", ("right", "l"), "→  l", "Labels at the next layer", LABELS),
    Action("layer_previous", ("left", "h"), "←  h", "Labels at the layer before", LABELS),
    Action("layer_first", ("home",), "Home", "Labels at layer 0, the embeddings", LABELS),
    Action("layer_last", ("end",), "End", "Labels at the last layer", LABELS),
    Action("layer_best", ("b",), "b", "The layer of the highest macro-F1", LABELS, "best layer"),
    Action("move_down", ("down", "j"), "↓  j", "Next label", LABELS),
    Action("move_up", ("up", "k"), "↑  k", "Previous label", LABELS),
    Action("page_down", ("pagedown",), "PgDn", "A page of labels down", LABELS),
    Action("page_up", ("pageup",), "PgUp", "A page of labels up", LABELS),
    Action("task_next", ("n",), "n", "The model's next task", LABELS, "next task"),
    Action("task_previous", ("N",), "N", "The model's task before", LABELS),
    Action(
        "turn",
        ("tab", "shift+tab"),
        "Tab",
        "Labels or confusions, where there is no room for both",
        LABELS,
        "turn",
    ),
    Action("help", ("question_mark",), "?", "All keys", LABELS, "help"),
    Action("back", ("escape", "q"), "Esc  q", "Back to where you were", LABELS, "back"),
)
"""Every action of the labels of a result of probing."""

PHASE_ACTIONS: tuple[Action, ...] = (
    Action("new", ("a",), "a", "Look for phases over the open data set", PHASE_RUNS, "new"),
    Action("stop", ("s",), "s", "Stop what is under way", PHASE_RUNS, "stop"),
    Action(
        "turn",
        ("tab", "shift+tab"),
        "Tab",
        "All, right, wrong answers, where there is no room",
        PHASE_RUNS,
        "turn",
    ),
    Action(
        "areas",
        ("v",),
        "v",
        "Areas themselves, or from lowest to highest layer",
        PHASE_RUNS,
        "areas",
    ),
    Action("result_next", ("n",), "n", "Next result of this session", PHASE_RUNS, "next"),
    Action("result_previous", ("N",), "N", "Result before", PHASE_RUNS),
    Action("definitions", ("i",), "i", "How phases are told", PHASE_RUNS, "how"),
    Action("help", ("question_mark",), "?", "All keys", PHASE_RUNS, "help"),
    Action("back", ("escape", "q"), "Esc  q", "Back; a search goes on", PHASE_RUNS, "back"),
)
"""Every action of the screen of phases over a data set."""

BESIDE_ACTIONS: tuple[Action, ...] = (
    Action("layer_next", ("right", "l"), "→  l", "Next layer of the model on the left", BESIDE),
    Action("layer_previous", ("left", "h"), "←  h", "Layer before", BESIDE),
    Action("layer_first", ("home",), "Home", "Layer 0 of both", BESIDE),
    Action("layer_last", ("end",), "End", "Last layer of both", BESIDE),
    Action("move_down", ("down", "j"), "↓  j", "Next sample (in a list: next line)", BESIDE),
    Action("move_up", ("up", "k"), "↑  k", "Sample before (in a list: line above)", BESIDE),
    Action("page_down", ("pagedown",), "PgDn", "A page of words down", BESIDE),
    Action("page_up", ("pageup",), "PgUp", "A page of words up", BESIDE),
    Action("wrong_next", ("n",), "n", "Next sample that A has wrong", BESIDE, "next wrong"),
    Action("wrong_previous", ("N",), "N", "Previous sample that A has wrong", BESIDE),
    Action("changed_next", ("d",), "d", "Next sample that only one has right, after K", BESIDE),
    Action("changed_previous", ("D",), "D", "Sample before that only one has right", BESIDE),
    Action("window_next", ("w",), "w", "Next window of a long context", BESIDE),
    Action("window_previous", ("W",), "W", "Previous window of a long context", BESIDE),
    Action("word_cursor", ("t",), "t", "Word cursor on or off", BESIDE, "word"),
    Action(
        "arrange",
        ("a",),
        "a",
        "Words: as in the text, most changed in this layer, in all layers",
        BESIDE,
        "arrange",
    ),
    Action("swap", ("x",), "x", "Swap the sides", BESIDE, "swap"),
    Action("layers", ("K",), "K", "All pairs of layers over the data set (CKA)", BESIDE, "CKA"),
    Action("pick_other", ("m",), "m", "Compare with another model", BESIDE, "model"),
    Action("colour_mode", ("c",), "c", "Colour by role, sentence, position", BESIDE, "colours"),
    Action("method_next", ("v",), "v", "Next method: PCA, PCA of all layers, ICA, t-SNE", BESIDE),
    Action("method_previous", ("V",), "V", "Method before", BESIDE),
    Action("orientation", ("y",), "y", "Turned onto each other, or as they come out", BESIDE),
    Action("special", ("s",), "s", "Show or hide special tokens", BESIDE),
    Action("outliers", ("o",), "o", "Show or hide the outlier token", BESIDE),
    Action("labels", ("b",), "b", "Labels: as many as fit, or only the selected ones", BESIDE),
    Action("zoom_in", ("plus", "equals_sign"), "+", "Zoom in, in both pictures", BESIDE),
    Action("zoom_out", ("minus",), "-", "Zoom out", BESIDE),
    Action("view_reset", ("r",), "r", "Reset the zoom", BESIDE),
    Action("pane_next", ("tab",), "Tab", "Next pane", BESIDE),
    Action("pane_previous", ("shift+tab",), "⇧Tab", "Previous pane", BESIDE),
    Action("zoom_pane", ("z",), "z", "Focused pane on the whole screen, and back", BESIDE, "zoom"),
    Action("take", ("enter",), "Enter", "Go on with the model on the left, alone", BESIDE, "take"),
    Action("escape", ("escape",), "Esc", "Cancel what runs; leave, step by step", BESIDE),
    Action("help", ("question_mark",), "?", "All keys", BESIDE, "help"),
    Action("back", ("q",), "q", "Back to the inspector", BESIDE, "back"),
)
"""Every action of two models side by side."""

CKA_ACTIONS: tuple[Action, ...] = (
    Action("move_right", ("right", "l"), "→  l", "Next layer of B", CKA),
    Action("move_left", ("left", "h"), "←  h", "Layer of B before", CKA),
    Action("move_up", ("up", "k"), "↑  k", "Next layer of A", CKA),
    Action("move_down", ("down", "j"), "↓  j", "Layer of A before", CKA),
    Action("most_alike", ("m",), "m", "The layer of B most like this one of A", CKA, "most alike"),
    Action("start", ("a",), "a", "Compare over the data set, anew", CKA, "compare"),
    Action("stop", ("s",), "s", "Stop the comparison", CKA, "stop"),
    Action("look", ("enter",), "Enter", "See this layer of A side by side", CKA, "see"),
    Action("page_down", ("pagedown",), "PgDn", "Scroll the facts down", CKA),
    Action("page_up", ("pageup",), "PgUp", "Scroll the facts up", CKA),
    Action("help", ("question_mark",), "?", "All keys", CKA, "help"),
    Action("back", ("escape", "q"), "Esc  q", "Back to the pictures", CKA, "back"),
)
"""Every action of the layers of two models over a data set."""

SCREENS: tuple[tuple[Action, ...], ...] = (
    ACTIONS,
    TRAINING_ACTIONS,
    SCAN_ACTIONS,
    TRIAGE_ACTIONS,
    OVERVIEW_ACTIONS,
    COMPARISON_ACTIONS,
    PROBE_ACTIONS,
    LABEL_ACTIONS,
    PHASE_ACTIONS,
    BESIDE_ACTIONS,
    CKA_ACTIONS,
)

PALETTE_KEY = ("Ctrl+P", "Command palette: every action and theme by name")


def bindings() -> list[Binding]:
    """Return the inspector's bindings, with the digits that lead to a layer jump."""
    digits = [Binding(str(d), f"digit('{d}')", show=False) for d in range(10)]
    return [action.binding() for action in ACTIONS] + digits


def spelled(shown: str) -> str:
    """Return the keys of an action in words, for terminals without arrows."""
    return shown.translate(_WORDS)


_WORDS = str.maketrans({"→": "Right", "←": "Left", "↑": "Up", "↓": "Down", "⇧": "Shift+", "…": "-"})


def key_table(first: Group | None = None) -> list[tuple[Group, list[tuple[str, str]]]]:
    """Return ``(group, [(keys, description), …])`` in the order of the help screen.

    The keys of ``first``, the group of the screen that help was asked for on, come first.
    """
    table: list[tuple[Group, list[tuple[str, str]]]] = []
    for group in sorted(GROUPS, key=lambda group: group != first):
        rows = [
            (action.shown, action.description)
            for actions in SCREENS
            for action in actions
            if action.group == group
        ]
        if group == "General":
            rows.append(PALETTE_KEY)
        table.append((group, rows))
    return table
