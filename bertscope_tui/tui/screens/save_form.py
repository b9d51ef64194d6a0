"""The dialog that asks where edited samples are saved to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bertscope_tui.data.records import QASample
from bertscope_tui.tui.screens.triage_forms import FormScreen
from bertscope_tui.tui.widgets.form import ChoiceField, Field, Form, Option, TextField

_SUFFIX = ".jsonl"


@dataclass(frozen=True, slots=True)
class Saving:
    """Samples to be written to ``path``, behind what is there if ``add`` says so."""

    path: Path
    samples: tuple[QASample, ...]
    add: bool = False


class _SaveFields(Form):
    """The file, which samples, and what becomes of a file that is there."""

    def __init__(
        self, name: str, this: QASample | None, every: Sequence[QASample], opened: Path | None
    ) -> None:
        self._opened = opened
        which = ChoiceField("which", "samples")
        options = [Option("the one that is open", "", (this,))] if this is not None else []
        if this is None or len(every) > 1:
            options.append(Option(f"all {len(every):,} edited ones", "", tuple(every)))
        which.offer(options, options[0].value)
        there = ChoiceField("there", "if it is there")
        there.offer(
            [
                Option("leave it alone", "", "refuse"),
                Option("add to it", "", "add"),
                Option("replace it", "", "replace"),
            ],
            "refuse",
        )
        fields: list[Field] = [TextField("path", "file", name, _SUFFIX), which, there]
        super().__init__(fields, id="small-fields", title="save edited samples")
        self.border_subtitle = "Enter saves  Tab field  Esc cancels"

    def changed(self, name: str) -> None:
        """What was wrong with the file may be right now."""
        self.show_error("path", None)

    def submit(self) -> None:
        """Close with what is to be written if the file can be written to."""
        typed, which, there = self.fields["path"], self.fields["which"], self.fields["there"]
        assert isinstance(typed, TextField)
        assert isinstance(which, ChoiceField)
        assert isinstance(there, ChoiceField)
        path = Path(typed.text.strip()).expanduser()
        wrong = self._wrong(path, str(there.value))
        if wrong is not None:
            self.show_error("path", wrong)
            return
        screen = self.screen
        assert isinstance(screen, FormScreen)
        samples = which.value
        assert isinstance(samples, tuple)
        screen.dismiss(Saving(path, samples, add=there.value == "add"))

    def _wrong(self, path: Path, there: str) -> str | None:
        if path.suffix.lower() != _SUFFIX:
            return f"the name ends in {_SUFFIX}"
        if path.is_dir():
            return "this is a folder"
        if path.exists() and there == "refuse":
            return "it is there already: add to it or replace it, below"
        if path.absolute() == self._opened and there == "replace":
            return "this is the data set that is open: add to it, or name another file"
        return None


def save_form(
    name: str, this: QASample | None, every: Sequence[QASample], opened: Path | None
) -> FormScreen[Saving]:
    """Return the dialog, with ``name`` as the file to begin with.

    ``this`` is the open sample if it is edited, ``every`` has all edited ones; there is at least
    one of either. ``opened`` is the file of the open data set.
    """
    return FormScreen(_SaveFields(name, this, every, opened))
