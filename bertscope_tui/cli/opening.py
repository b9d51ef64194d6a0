"""What verbs that run a model over a whole data set open, and what they say about it first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bertscope_tui.cli.output import warn

if TYPE_CHECKING:
    from bertscope_tui.data.records import Dataset
    from bertscope_tui.engine.scoring import ReadOptions
    from bertscope_tui.models.loading import LoadedModel

SKIPPED = 3
"""The exit code where records were skipped and ``--strict`` was given."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An open model, the questions for it, and how they are read."""

    model: LoadedModel
    dataset: Dataset
    options: ReadOptions


@dataclass(frozen=True, slots=True)
class _Data:
    """Which data set, and how it is read."""

    variant: str | None
    keep_yes_no: bool
    split: str | None
    tasks: tuple[str, ...]

    def open(self, path: Path, variant: str | None = None) -> Dataset:
        from bertscope_tui.data.open import open_dataset

        return open_dataset(
            path,
            variant=variant or self.variant,
            keep_yes_no=self.keep_yes_no,
            split=self.split,
            tasks=self.tasks,
        )


def open_both(
    *,
    model: str | None,
    dataset: str | None,
    variant: str | None,
    keep_yes_no: bool,
    split: str | None,
    tasks: tuple[str, ...],
    device: str | None,
    dtype: str | None,
    allow_download: bool,
    allow_pickle: bool,
    trust_remote_code: bool,
    max_tokens: int | None,
    stride: int | None,
) -> Opened:
    """Open what the options `source`, `part` (but the limit), `loading` and `windows` name.

    bAbI stories are read as labels for a model that has labels. Warns on standard error of what a
    reader of the scores should know.
    """
    from bertscope_tui.inspection.choice import dataset_path, model_entry
    from bertscope_tui.settings import load_settings

    settings, warnings = load_settings()
    warn(warnings)
    settings = settings.typed(
        model=model,
        dataset=dataset,
        device=device,
        dtype=dtype,
        max_tokens=max_tokens,
        stride=stride,
    )
    path = dataset_path(settings.dataset)
    numbers = tuple(part.strip() for text in tasks for part in text.split(",") if part.strip())
    asked = _Data(variant, keep_yes_no, split, numbers)
    records = asked.open(path)

    from bertscope_tui.engine.scoring import ReadOptions
    from bertscope_tui.models.loading import load_model

    # A name goes to the loader as it is, which may have to ask the hub for it.
    opened = load_model(
        settings.model if settings.model is not None else model_entry(None),
        device=settings.device,
        dtype=settings.dtype,
        allow_download=allow_download,
        allow_pickle=allow_pickle,
        trust_remote_code=trust_remote_code,
    )
    if records.format == "babi" and variant is None and opened.info.head == "classification":
        records = asked.open(path, "classification")
    warn(_remarks(records, opened, path))
    return Opened(opened, records, ReadOptions(settings.max_tokens, settings.stride))


def open_other(
    name: str,
    *,
    device: str | None,
    dtype: str | None,
    allow_download: bool,
    allow_pickle: bool,
    trust_remote_code: bool,
    **_: object,
) -> LoadedModel:
    """Open a second model the way `open_both` opened the first; other options are passed over."""
    from bertscope_tui.models.loading import load_model
    from bertscope_tui.settings import load_settings

    settings, _warned = load_settings()
    settings = settings.typed(device=device, dtype=dtype)
    return load_model(
        name,
        device=settings.device,
        dtype=settings.dtype,
        allow_download=allow_download,
        allow_pickle=allow_pickle,
        trust_remote_code=trust_remote_code,
    )


def _remarks(dataset: Dataset, model: LoadedModel, path: Path) -> Iterator[str]:
    """Yield what a reader of the scores should know about what was scored."""
    from bertscope_tui.data.open import splits_in

    if dataset.skipped:
        yield f"{path}: {dataset.skipped} records skipped; the verb 'datasets check' lists them"
    if dataset.left_out:
        yield (
            f"{path}: {dataset.left_out} yes/no questions left out, as in the paper; "
            "--keep-yes-no keeps them"
        )
    if dataset.format == "babi" and dataset.split is None:
        splits = splits_in(path)
        if len(splits) > 1:
            yield (
                f"{path}: the {' and '.join(splits)} questions are all taken; "
                f"--split {splits[-1]} takes one part"
            )
    head, labels = model.info.head, model.info.labels
    if head is not None and head != dataset.task:
        yield f"{model.info.name} has a {head} head, the data set asks for {dataset.task}"
    elif dataset.task == "classification" and not set(labels) & set(dataset.labels):
        yield f"{model.info.name} knows none of the data set's labels"
