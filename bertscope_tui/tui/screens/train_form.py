"""The form that begins a fine-tuning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from bertscope_tui.data.files import stem
from bertscope_tui.data.hygiene import clean
from bertscope_tui.data.open import VARIANTS, guess_format
from bertscope_tui.errors import BertscopeError
from bertscope_tui.training import detached
from bertscope_tui.training.draft import (
    NUMBERS,
    Data,
    Draft,
    DraftError,
    FieldName,
    check,
    head_of,
    plan_of,
    preferred,
    presets_for,
    splits_of,
    suggested_eval_steps,
    suggested_name,
)
from bertscope_tui.training.plan import DEV_SPLITS
from bertscope_tui.tui.screens.pick import Choice, PickScreen, Typed
from bertscope_tui.tui.widgets.form import ChoiceField, Form, Option, TextField
from bertscope_tui.tui.widgets.line_list import LineList
from bertscope_tui.tui.widgets.picker import DatasetChoice, describe_model

if TYPE_CHECKING:
    from bertscope_tui.models.catalog import ModelEntry
    from bertscope_tui.training.plan import Plan

_HELD_OUT = Option("a tenth of the data, held out", "", None)
_NO_PRESET = Option("none", "", None)
_WHOLE = Option("all of it", "", "")


class TrainFields(Form):
    """The fields of a fine-tuning, and what follows from each."""

    def __init__(
        self,
        models: Sequence[ModelEntry],
        datasets: Sequence[DatasetChoice],
        *,
        taken: Sequence[str],
        base: str | None,
        data: Data | None,
        questions: int,
        keep_yes_no: bool,
        device: str,
        begin: Callable[[Plan], None],
    ) -> None:
        """``taken`` has the names of models and runs; ``base`` and ``data`` are chosen at first;
        the data have so many ``questions`` (0: unknown).

        ``begin`` gets the plan on Enter, once nothing is wrong with it.
        """
        first = Draft("", None)
        if questions:
            first = replace(first, eval_steps=suggested_eval_steps(questions))
        super().__init__(
            [
                ChoiceField("base", "base model", "Space lists, or takes a folder"),
                ChoiceField("data", "data set", "Space lists, or takes a path"),
                ChoiceField("split", "split"),
                ChoiceField("dev", "scored on", "Space lists, or takes a path"),
                ChoiceField("dev_split", "its split"),
                ChoiceField("preset", "preset", "a set-up of the paper"),
                ChoiceField("head", "head", "follows the data set", fixed=True),
                TextField("name", "name", "", "of the new model"),
                TextField("lr", "learning rate", first.lr, "the highest"),
                TextField("batch_size", "batch size", first.batch_size, "windows of text"),
                TextField("epochs", "epochs", first.epochs),
                TextField("max_steps", "max steps", first.max_steps, "empty: no limit"),
                TextField("eval_steps", "score every", first.eval_steps, "steps"),
                TextField("seed", "seed", first.seed),
                TextField("grid", "grid", first.grid, "as lr=2e-5,3e-5 schedule=linear,cosine"),
            ],
            id="train-fields",
            title="fine-tune a model",
        )
        self.border_subtitle = "Enter starts  ↑↓ field  ←→ change  Space lists  Esc cancels"
        self._taken = list(taken)
        self._suggested = ""
        self._keep_yes_no, self._device = keep_yes_no, device
        self._begin = begin
        usable = [model for model in models if model.problem is None]
        self._choice("base").offer([_model_option(model) for model in usable], base)
        self._data = [_data_option(choice) for choice in datasets]
        self._choice("data").offer(self._data, data)
        self.changed("data")

    # -- values ----------------------------------------------------------------------------------

    def draft(self) -> Draft:
        """Return what the fields hold."""
        numbers = {name: self._text(name).text for name in NUMBERS}
        return Draft(
            base=str(self._choice("base").value or ""),
            data=self._data_of("data"),
            split=str(self._choice("split").value or ""),
            dev=self._data_of("dev"),
            dev_split=str(self._choice("dev_split").value or ""),
            preset=self._choice("preset").value,  # type: ignore[arg-type]
            name=self._text("name").text,
            grid=self._text("grid").text,
            keep_yes_no=self._keep_yes_no,
            device=self._device,
            **numbers,
        )

    def _choice(self, name: str) -> ChoiceField:
        field = self.fields[name]
        assert isinstance(field, ChoiceField)
        return field

    def _text(self, name: str) -> TextField:
        field = self.fields[name]
        assert isinstance(field, TextField)
        return field

    def _data_of(self, name: str) -> Data | None:
        value = self._choice(name).value
        return value if isinstance(value, Data) else None

    # -- what follows ----------------------------------------------------------------------------

    def changed(self, name: str) -> None:
        """Offer what goes with the data, and a name after them."""
        if name == "data":
            data = self._data_of("data")
            head = head_of(data)
            self._offer_splits("split", data, "train")
            alike = [
                option
                for option in self._data
                if isinstance(option.value, Data) and head_of(option.value) == head
            ]
            self._choice("dev").offer([_HELD_OUT, *alike], self._choice("dev").value)
            self._offer_splits("dev_split", self._data_of("dev"), *DEV_SPLITS)
            presets = [Option(one.name, one.about, one.name) for one in presets_for(data)]
            self._choice("preset").offer(
                [*presets, _NO_PRESET], presets[0].value if presets else None
            )
            self._choice("head").offer([Option(head, "", head)], head)
            self._suggest(data)
        elif name == "dev":
            self._offer_splits("dev_split", self._data_of("dev"), *DEV_SPLITS)

    def _offer_splits(self, name: str, data: Data | None, *wanted: str) -> None:
        found = splits_of(data)
        options = [Option(split, "", split) for split in found] or [_WHOLE]
        self._choice(name).offer(options, preferred(found, *wanted))

    def _suggest(self, data: Data | None) -> None:
        """Suggest a name, unless the user has given one."""
        field = self._text("name")
        if field.text == self._suggested:
            root = stem(data.path) if data is not None else "model"
            self._suggested = suggested_name(data, root, self._taken)
            field.set(self._suggested)

    def left(self, name: str) -> None:
        """Say at once what is wrong in a field."""
        self._check(name)

    def _check(self, name: str) -> None:
        try:
            check(self.draft(), name)  # type: ignore[arg-type]
        except DraftError as error:
            self.show_error(name, str(error))
        else:
            self.show_error(name, None)

    def submit(self) -> None:
        """Begin the training, or say what is wrong."""
        try:
            plan = plan_of(self.draft())
        except DraftError as error:
            self.wrong(error.field, str(error))
        else:
            self._begin(plan)

    def wrong(self, name: FieldName, message: str) -> None:
        """Go to a field that is wrong and say why."""
        self.show_error(name, message)
        self.go_to(name)

    def list_values(self, field: ChoiceField) -> None:
        """Show the values of a field in a dialog, where a path may be typed for some."""
        typed = {
            "base": "name, or a folder's path",
            "data": "a file's or folder's path",
            "dev": "a file's or folder's path",
        }.get(field.name)
        choices = [
            Choice(option.text, option.remark, option, opened=place == field.index)
            for place, option in enumerate(field.options)
        ]

        def chosen(value: object) -> None:
            if isinstance(value, Typed):
                value = self._typed_option(field.name, value.text)
            if isinstance(value, Option):
                self.choose(field, value)
                self._check(field.name)

        self.app.push_screen(PickScreen(field.label, choices, typed=typed), chosen)

    def _typed_option(self, name: str, text: str) -> Option:
        if name == "base":
            folder = Path(text).expanduser()
            return Option(clean(text), "", str(folder.absolute()) if folder.is_dir() else text)
        path = Path(text).expanduser().absolute()
        try:
            variants = VARIANTS.get(guess_format(path) or "", ())
        except BertscopeError:
            variants = ()  # what is wrong with it is said at the field
        return _data_option(DatasetChoice(path.name, path, variants[0] if variants else None))


def _model_option(model: ModelEntry) -> Option:
    value = str(model.path.absolute()) if model.source == "folder" else model.name
    return Option(model.name, describe_model(model), value)


def _data_option(choice: DatasetChoice) -> Option:
    return Option(choice.title, str(choice.path), Data(choice.path, choice.variant))


class TrainForm(ModalScreen[str]):
    """Asks for a fine-tuning and begins it; returns its name, or None where it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", show=False)]

    def __init__(
        self,
        models: Sequence[ModelEntry],
        datasets: Sequence[DatasetChoice],
        *,
        taken: Sequence[str],
        base: str | None,
        data: Data | None,
        questions: int,
        keep_yes_no: bool,
        device: str,
    ) -> None:
        """See `TrainFields`."""
        super().__init__()
        self._fields = TrainFields(
            models,
            datasets,
            taken=taken,
            base=base,
            data=data,
            questions=questions,
            keep_yes_no=keep_yes_no,
            device=device,
            begin=self._start,
        )

    def compose(self) -> ComposeResult:
        """Hold the fields."""
        with Vertical(id="train-form"):
            yield self._fields

    def on_mount(self) -> None:
        """Keys go to the fields."""
        self._fields.focus()

    @on(LineList.Activated, "#train-fields")
    def _clicked(self) -> None:
        field = self._fields.current
        if isinstance(field, ChoiceField) and len(field.options) > 1:
            self._fields.list_values(field)

    def _start(self, plan: Plan) -> None:
        """Begin a training in the background and go back."""
        try:
            detached.start_detached(plan)
        except BertscopeError as error:
            self._fields.wrong("name", str(error))
        except OSError as error:
            self._fields.wrong("name", f"cannot be begun: {error.strerror or error}")
        else:
            self.dismiss(plan.name)

    def action_cancel(self) -> None:
        """Begin nothing."""
        self.dismiss(None)
