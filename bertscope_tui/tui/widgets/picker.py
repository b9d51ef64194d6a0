"""The models and data sets at hand, the open ones marked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bertscope_tui.data.hygiene import clean
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import LineList, Run

if TYPE_CHECKING:
    from bertscope_tui.models.catalog import ModelEntry


@dataclass(frozen=True, slots=True)
class DatasetChoice:
    """A data set in one of its variants."""

    name: str
    path: Path
    variant: str | None

    @property
    def title(self) -> str:
        """Return how the choice is written in lists."""
        return self.name if self.variant is None else f"{self.name} ({self.variant})"


_METRICS = {"f1": "F1", "accuracy": "accuracy"}


def describe_model(entry: ModelEntry) -> str:
    """Return what is worth knowing of a model in half a line."""
    if entry.problem:
        return clean(entry.problem)
    parts = [entry.model_type or "", f"{entry.layers} layers" if entry.layers else ""]
    parts.append(entry.head or "no head")
    if entry.score is not None:
        parts.append(f"{_METRICS.get(entry.metric or '', 'score')} {entry.score:.2f}")
    if entry.base is not None:
        # A base may be a folder: what it is called says enough here.
        parts.append(
            f"from {Path(entry.base).name if Path(entry.base).is_absolute() else entry.base}"
        )
    return clean(", ".join(part for part in parts if part))


class PickerPane(LineList):
    """Two short lists under headings; Enter or a click opens a line."""

    def __init__(self) -> None:
        super().__init__(id="picker", title="models and data")
        self._lines: list[ModelEntry | DatasetChoice | str] = ["(looking for models and data)"]
        self._open_model: str | None = None
        self._open_dataset: tuple[str, str | None] | None = None

    @property
    def row_count(self) -> int:
        """Return the number of lines, headings included."""
        return len(self._lines)

    def show(self, models: list[ModelEntry], datasets: list[DatasetChoice]) -> None:
        """List what there is."""
        under = self._lines[self.cursor]
        self._lines = ["models", *models, "data sets", *datasets]
        first = next((row for row in range(len(self._lines)) if self.selectable(row)), 0)
        place = self._lines.index(under) if under in self._lines else first
        self.set_reactive(LineList.cursor, place if self.selectable(place) else first)
        self.rows_changed()

    def mark_open(self, model: str | None, dataset: tuple[str, str | None] | None) -> None:
        """Mark the open model (by name) and data set (by path and variant)."""
        self._open_model, self._open_dataset = model, dataset
        self.refresh()

    def selectable(self, index: int) -> bool:
        """Headings cannot be chosen."""
        return not isinstance(self._lines[index], str)

    def choice(self, index: int) -> ModelEntry | DatasetChoice | None:
        """Return what a row stands for."""
        line = self._lines[index]
        return None if isinstance(line, str) else line

    def row(self, index: int, width: int) -> list[Run]:
        """Return one line: a mark for what is open, the name, and a few facts."""
        line = self._lines[index]
        if isinstance(line, str):
            return [(line, ink(None, bold=True, dim=True))]
        if isinstance(line, DatasetChoice):
            opened = (str(line.path), line.variant) == self._open_dataset
            return [
                ("> " if opened else "  ", ink(None, bold=True)),
                (clean(line.title), ink(None, bold=opened)),
            ]
        opened = line.name == self._open_model
        return [
            ("> " if opened else "  ", ink(None, bold=True)),
            (clean(line.name), ink(None, bold=opened, dim=bool(line.problem))),
            (f"  {describe_model(line)}", ink(None, dim=True)),
        ]
