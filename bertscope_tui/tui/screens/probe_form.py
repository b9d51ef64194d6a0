"""The form that begins to probe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from bertscope_tui.analysis.probing.settings import POOLINGS, ProbeSettings
from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.probing.records import PROBE_TASKS
from bertscope_tui.inspection.probe_run import ProbeRequest, ProbeSource
from bertscope_tui.probes.records import ProbeOptions
from bertscope_tui.probes.views import TASK_NAMES
from bertscope_tui.tui.screens.pick import Choice, PickScreen, Typed
from bertscope_tui.tui.widgets.form import ChoiceField, Field, Form, Option, TextField
from bertscope_tui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from collections.abc import Callable

    from bertscope_tui.models.catalog import ModelEntry

_BUNDLED = Option("bundled examples", "a few hundred, enough to see it at work", "bundled")
_NOT = Option("-", "not this task", None)
_YES, _NO = Option("yes", "", True), Option("no", "", False)
_COARSE, _FINE = Option("coarse", "", False), Option("fine", "", True)
_MOST_SEEDS = 100
_SHORT = {"sup": "support. facts"}


class ProbeFields(Form):
    """Where each task's examples come from, what is probed beside the model, and how."""

    def __init__(
        self,
        entry: ModelEntry,
        base: ModelEntry | None,
        last: ProbeRequest | None,
        begin: Callable[[ProbeRequest], None],
    ) -> None:
        """``base`` is what the model was fine-tuned from, None where that is not here.

        The choices of the ``last`` request are made already, so that one that was stopped goes on.
        ``begin`` gets the request on Enter, once nothing is wrong with it.
        """
        self._entry, self._base, self._begin = entry, base, begin
        tasks: list[Field] = [
            ChoiceField(task, _SHORT.get(task, TASK_NAMES[task]), "Space lists, or takes a path")
            for task in PROBE_TASKS
        ]
        super().__init__(
            [
                *tasks,
                ChoiceField("fine", "TREC labels", "where question types come from TREC"),
                ChoiceField("base", "its base", fixed=base is None),
                ChoiceField("random", "random weights", "the same architecture, untrained"),
                TextField("seeds", "seeds", "3", "probes of each layer"),
                ChoiceField("controls", "controls", "control task, code length, mix of layers"),
                ChoiceField("pooling", "pooling", "of a span's tokens"),
                TextField("limit", "texts", "", "empty: all; else spread over the data"),
                ChoiceField("again", "again", "probe anew what was probed before"),
            ],
            id="probe-fields",
            title=f"probe {clean(entry.name)}".replace("[", "\\["),
        )
        self.border_subtitle = "Enter starts  ↑↓ field  ←→ change  Space lists  Esc cancels"
        for task in PROBE_TASKS:
            self._choice(task).offer([_BUNDLED, _NOT], "bundled")
        self._choice("fine").offer([_COARSE, _FINE], False)
        if base is None:
            here = "not on this machine" if entry.base else "it has none"
            self._choice("base").offer([Option(here, "", False)], False)
        else:
            self._choice("base").offer([Option(f"yes, {clean(base.name)}", "", True), _NO], True)
        self._choice("random").offer([_NO, _YES], False)
        self._choice("controls").offer([_YES, _NO], True)
        self._choice("pooling").offer([Option(one, "", one) for one in POOLINGS], POOLINGS[0])
        self._choice("again").offer([_NO, _YES], False)
        if last is not None:
            self._choose_as(last)

    def _choose_as(self, last: ProbeRequest) -> None:
        """Make the choices of another request; a base is this model's own."""
        sources = {source.task: source for source in last.sources}
        for task in PROBE_TASKS:
            source, field = sources.get(task), self._choice(task)
            if source is None:
                field.offer(field.options, None)
            elif source.path is not None:
                field.offer([*field.options, _path_option(source.path)], source.path)
                if source.fine:
                    self._choice("fine").offer([_COARSE, _FINE], True)
        options = last.options
        if self._base is not None and last.entry.path == self._entry.path:
            field = self._choice("base")
            field.offer(field.options, last.base is not None)
        self._choice("random").offer([_NO, _YES], last.random)
        self._choice("controls").offer([_YES, _NO], options.controls)
        field = self._choice("pooling")
        field.offer(field.options, options.settings.pooling)
        self._text_field("seeds").set(str(options.seeds))
        self._text_field("limit").set("" if options.limit is None else str(options.limit))

    def _choice(self, name: str) -> ChoiceField:
        field = self.fields[name]
        assert isinstance(field, ChoiceField)
        return field

    def _text_field(self, name: str) -> TextField:
        field = self.fields[name]
        assert isinstance(field, TextField)
        return field

    def _text(self, name: str) -> str:
        return self._text_field(name).text.strip()

    # -- what follows --------------------------------------------------------------------------

    def left(self, name: str) -> None:
        """Say at once what is wrong in a field."""
        self.show_error(name, self._wrong(name))

    def _wrong(self, name: str) -> str | None:
        """Return what is wrong with a field, None where nothing is."""
        if name == "seeds" and self._whole("seeds", _MOST_SEEDS) is None:
            return f"a whole number from 1 to {_MOST_SEEDS}"
        if name == "limit" and self._text("limit") and self._whole("limit", 10**9) is None:
            return "a whole number from 1 on, or nothing for all of them"
        value = self._choice(name).value if name in PROBE_TASKS else None
        if isinstance(value, Path) and not value.exists():
            return "there is no such file or folder"
        return None

    def _whole(self, name: str, most: int) -> int | None:
        """Return the number in a field, None where it is none from 1 to ``most``."""
        text = self._text(name).replace(",", "").replace("_", "")
        if not (text.isdecimal() and text.isascii() and len(text) < 10):
            return None
        return int(text) if 1 <= int(text) <= most else None

    def submit(self) -> None:
        """Begin, or say what is wrong."""
        for name in self.fields:
            wrong = self._wrong(name)
            if wrong is not None:
                self.show_error(name, wrong)
                self.go_to(name)
                return
        sources = tuple(self._sources())
        if not sources:
            self.show_error(PROBE_TASKS[0], "one task at least")
            self.go_to(PROBE_TASKS[0])
            return
        seeds = self._whole("seeds", _MOST_SEEDS)
        assert seeds is not None  # looked at above
        pooling = self._choice("pooling").value
        settings = ProbeSettings(pooling=pooling)  # type: ignore[arg-type]
        self._begin(
            ProbeRequest(
                entry=self._entry,
                sources=sources,
                options=ProbeOptions(
                    settings=settings,
                    seeds=seeds,
                    controls=bool(self._choice("controls").value),
                    limit=self._whole("limit", 10**9),
                ),
                base=self._base if self._choice("base").value else None,
                random=bool(self._choice("random").value),
                again=bool(self._choice("again").value),
            )
        )

    def _sources(self) -> list[ProbeSource]:
        found = []
        for task in PROBE_TASKS:
            value = self._choice(task).value
            if isinstance(value, Path):
                fine = task == "ques" and bool(self._choice("fine").value)
                found.append(ProbeSource(task, value, fine))
            elif value is not None:
                found.append(ProbeSource(task))
        return found

    def list_values(self, field: ChoiceField) -> None:
        """Show the values of a field in a dialog, where a path may be typed for a task."""
        typed = "a file's or folder's path" if field.name in PROBE_TASKS else None
        choices = [
            Choice(option.text, option.remark, option, opened=place == field.index)
            for place, option in enumerate(field.options)
        ]

        def chosen(value: object) -> None:
            if isinstance(value, Typed):
                value = _path_option(Path(value.text).expanduser().absolute())
            if isinstance(value, Option):
                self.choose(field, value)
                self.left(field.name)

        self.app.push_screen(PickScreen(field.label, choices, typed=typed), chosen)


def _path_option(path: Path) -> Option:
    return Option(clean(str(path)), "", path)


class ProbeForm(ModalScreen["ProbeRequest"]):
    """Asks what to probe; returns the request, or None where it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", show=False)]

    def __init__(
        self, entry: ModelEntry, base: ModelEntry | None, last: ProbeRequest | None
    ) -> None:
        """See `ProbeFields`."""
        super().__init__()
        self._fields = ProbeFields(entry, base, last, self._start)

    def compose(self) -> ComposeResult:
        """Hold the fields."""
        with Vertical(id="probe-form"):
            yield self._fields

    def on_mount(self) -> None:
        """Keys go to the fields."""
        self._fields.focus()

    @on(LineList.Activated, "#probe-fields")
    def _clicked(self) -> None:
        field = self._fields.current
        if isinstance(field, ChoiceField) and len(field.options) > 1:
            self._fields.list_values(field)

    def _start(self, request: ProbeRequest) -> None:
        self.dismiss(request)

    def action_cancel(self) -> None:
        """Begin nothing."""
        self.dismiss(None)
