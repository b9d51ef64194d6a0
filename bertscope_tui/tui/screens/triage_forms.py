"""What scans and searches are begun with, how a sample is marked, where a list is exported to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from bertscope_tui.data.hygiene import clean
from bertscope_tui.errors import InputError
from bertscope_tui.scans.export import FORMATS
from bertscope_tui.scans.locking import check_name
from bertscope_tui.scans.records import Mark
from bertscope_tui.tui.widgets.form import ChoiceField, Field, Form, Option, TextField

_T = TypeVar("_T")

_SUFFIXES = tuple(f".{one}" for one in FORMATS)


class FormScreen(ModalScreen[_T]):
    """A form in a frame; returns what the form was submitted with, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", show=False)]

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form

    def compose(self) -> ComposeResult:
        """Hold the fields."""
        with Vertical(id="small-form"):
            yield self.form

    def on_mount(self) -> None:
        """Keys go to the fields."""
        self.form.focus()

    def action_cancel(self) -> None:
        """Do nothing."""
        self.dismiss(None)


class _Fields(Form):
    """Fields of text, and what is done with them on Enter."""

    def __init__(self, fields: Sequence[Field], title: str, enter: str) -> None:
        super().__init__(fields, id="small-fields", title=clean(title).replace("[", "\\["))
        self.border_subtitle = f"Enter {enter}  Tab field  Esc cancels"

    def text(self, name: str) -> str:
        """Return what was typed into a field."""
        field = self.fields[name]
        assert isinstance(field, TextField)
        return field.text.strip()

    def limit(self, samples: int) -> int:
        """Return the number in the field ``limit``: 0 for all samples, -1 where it makes no sense.

        What is wrong with it is shown there.
        """
        typed = self.text("limit").replace(",", "").replace("_", "")
        if not typed:
            return 0
        problem = ""
        if not (typed.isdecimal() and typed.isascii() and len(typed) < 10):
            problem = "a whole number, or nothing for all of them"
        elif int(typed) == 0:
            problem = "one sample at least"
        if problem:
            self.show_error("limit", problem)
            self.go_to("limit")
            return -1
        return 0 if int(typed) >= samples else int(typed)

    def done(self, value: object) -> None:
        """Close the dialog with a value."""
        screen = self.screen
        assert isinstance(screen, FormScreen)
        screen.dismiss(value)


class ScanFields(_Fields):
    """The name of a scan and how many samples it takes."""

    def __init__(self, what: str, name: str, samples: int, taken: Sequence[str]) -> None:
        self._samples, self._taken = samples, taken
        super().__init__(
            [
                TextField("name", "name", name),
                TextField("limit", "samples", "", f"empty: all {samples:,}"),
            ],
            f"scan {what}",
            "starts",
        )

    def submit(self) -> None:
        """Close with ``(name, limit)`` if both make sense."""
        try:
            check_name(self.text("name"))
        except InputError as error:
            self.show_error("name", str(error))
            self.go_to("name")
            return
        if self.text("name") in self._taken:
            self.show_error("name", "there is such a scan: Esc, then r goes on with it")
            self.go_to("name")
            return
        limit = self.limit(self._samples)
        if limit >= 0:
            self.done((self.text("name"), limit or None))


class LimitFields(_Fields):
    """Over how many samples something is looked for."""

    def __init__(self, what: str, samples: int, offered: int | None) -> None:
        self._samples = samples
        typed = "" if offered is None else str(offered)
        hint = f"spread evenly; empty: all {samples:,}"
        super().__init__([TextField("limit", "samples", typed, hint)], what, "starts")

    def submit(self) -> None:
        """Close with ``(limit,)`` if it makes sense."""
        limit = self.limit(self._samples)
        if limit >= 0:
            self.done((limit or None,))


class MarkFields(_Fields):
    """The tags and the note of a sample; tags in use elsewhere are offered."""

    def __init__(self, title: str, mark: Mark, known: Sequence[str]) -> None:
        offered = ChoiceField("known", "known tags", "Space adds it, or takes it away")
        offered.offer([Option(tag, "", tag) for tag in known], None)
        tags = TextField("tags", "tags", ", ".join(mark.tags), "separated by commas")
        fields: list[Field] = [tags]
        if known:
            fields.append(offered)
        super().__init__([*fields, TextField("note", "note", mark.note)], title, "marks")

    def list_values(self, field: ChoiceField) -> None:
        """Add the chosen tag to those of the sample, or take it away."""
        tags, chosen = list(self._tags()), str(field.value)
        if chosen in tags:
            tags.remove(chosen)
        else:
            tags.append(chosen)
        typed = self.fields["tags"]
        assert isinstance(typed, TextField)
        typed.set(", ".join(tags))
        self.show_fields()

    def submit(self) -> None:
        """Close with the mark."""
        self.done(Mark(self._tags(), self.text("note")))

    def _tags(self) -> tuple[str, ...]:
        """Return the tags that were typed, each once, in their order."""
        words = (" ".join(word.split()) for word in self.text("tags").split(","))
        return tuple(dict.fromkeys(word for word in words if word))


class ExportFields(_Fields):
    """The file that a list is exported to; its suffix says in which format."""

    def __init__(self, name: str, samples: int) -> None:
        self._warned: str | None = None
        super().__init__(
            [TextField("path", "file", f"{name}.csv", ", ".join(_SUFFIXES))],
            f"export {samples:,} samples",
            "writes",
        )

    def submit(self) -> None:
        """Close with the path; a file that is there is only replaced on a second Enter."""
        typed = self.text("path")
        path = Path(typed).expanduser()
        if path.suffix.lower() not in _SUFFIXES:
            self.show_error("path", f"which format? The name ends in {' or '.join(_SUFFIXES)}")
        elif path.is_dir():
            self.show_error("path", "this is a folder")
        elif path.exists() and self._warned != typed:
            self._warned = typed
            self.show_error("path", "it is there already: Enter again replaces it")
        else:
            self.done(path)


def scan_form(
    what: str, name: str, samples: int, taken: Sequence[str]
) -> FormScreen[tuple[str, int | None]]:
    """Return the dialog that begins a scan: ``(name, limit)``, the limit None for all samples.

    ``taken`` has the names of the scans there are.
    """
    return FormScreen(ScanFields(what, name, samples, taken))


def limit_form(what: str, samples: int, offered: int | None) -> FormScreen[tuple[int | None]]:
    """Return the dialog that asks over how many samples: ``(limit,)``, None for all of them.

    ``offered`` stands in the field at first.
    """
    return FormScreen(LimitFields(what, samples, offered))


def mark_form(title: str, mark: Mark, known: Sequence[str]) -> FormScreen[Mark]:
    """Return the dialog that marks a sample."""
    return FormScreen(MarkFields(title, mark, known))


def export_form(name: str, samples: int) -> FormScreen[Path]:
    """Return the dialog that asks for the file of an export."""
    return FormScreen(ExportFields(name, samples))
