"""Everything a key can do, in one table for each screen.

Bindings, the footer, the command palette, the help screen and ``docs/keys.md`` are all made from
them, so that they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from textual.binding import Binding

Group = Literal[
    "Layers", "Samples", "Tokens", "Picture", "Panes", "General", "Fine-tuning, after f"
]
GROUPS: tuple[Group, ...] = get_args(Group)
TUNING: Group = "Fine-tuning, after f"


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
            id=f"{self.group.partition(',')[0].lower()}.{self.name}",
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
    Action("wrong_next", ("n",), "n", "Next mispredicted sample", "Samples", "next wrong"),
    Action("wrong_previous", ("N",), "N", "Previous mispredicted sample", "Samples"),
    Action("search", ("slash",), "/", "Search the samples", "Samples", "search"),
    Action("window_next", ("w",), "w", "Next window of a long context", "Samples"),
    Action("window_previous", ("W",), "W", "Previous window of a long context", "Samples"),
    Action("problems", ("p",), "p", "Records that could not be used, and why", "Samples"),
    Action("token_cursor", ("t",), "t", "Token cursor on or off", "Tokens", "token"),
    Action("metric", ("e",), "e", "Neighbours by cosine or by Euclidean distance", "Tokens"),
    Action(
        "colour_mode", ("c",), "c", "Colour by role, by sentence, by position", "Picture", "colours"
    ),
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
    Action("pick_model", ("m",), "m", "Open a model", "General", "model"),
    Action("pick_dataset", ("d",), "d", "Open a data set", "General", "data"),
    Action(
        "base",
        ("B",),
        "B",
        "The same model without fine-tuning, and back",
        "General",
    ),
    Action("training", ("f",), "f", "Fine-tuning: runs and curves", "General", "fine-tune"),
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
            for action in (*ACTIONS, *TRAINING_ACTIONS)
            if action.group == group
        ]
        if group == "General":
            rows.append(PALETTE_KEY)
        table.append((group, rows))
    return table
