"""What is meant by a name, by no name at all, and by a sample's place."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from bertscope_tui import paths
from bertscope_tui.data.hygiene import clean
from bertscope_tui.errors import DataError, InputError, ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bertscope_tui.data.records import Dataset, QASample
    from bertscope_tui.models.catalog import ModelEntry
    from bertscope_tui.themes import ThemeSpec

STORIES = "stories"
"""The bundled data set that the bundled model was made for."""


def model_entry(name: str | None) -> ModelEntry:
    """Return the model of this name, or for None the first bundled one that gives answers.

    Raises ModelError.
    """
    from bertscope_tui.models.catalog import find_model, list_models

    if name is not None:
        return find_model(name)
    bundled = [entry for entry in list_models() if entry.source == "bundled"]
    if not bundled:
        raise ModelError(
            f"no bundled model in {paths.resources('sample_data') / 'models'}",
            remedy="name one with --model",
        )
    # The model before fine-tuning is bundled as well, and has no head to answer with.
    return min(bundled, key=lambda entry: (entry.problem is not None, entry.head is None))


def dataset_path(name: str | None) -> Path:
    """Return the path of the data set of this name, or of the bundled stories for None.

    Raises DataError where there is none.
    """
    from bertscope_tui.data.catalog import find_dataset, list_datasets

    if name is not None:
        return find_dataset(name)
    bundled = list_datasets()
    if not bundled:
        raise DataError(
            f"no bundled data set in {paths.resources('sample_data')}",
            remedy="name one with --dataset",
        )
    return next((found for found in bundled if found.name == STORIES), bundled[0]).path


def find_sample(dataset: Dataset, wanted: str | None) -> QASample:
    """Return the sample with this id, or at this place (``#1`` is the first, None the same).

    An id wins over a place. Raises DataError where there is none.
    """
    if not dataset.samples:
        raise DataError(
            f"{dataset.path}: no usable record",
            remedy="the verb 'datasets check' says what is wrong with each",
        )
    if wanted is None:
        return dataset.samples[0]
    place = dataset.place(wanted)
    if place is not None:
        return dataset.samples[place]
    count = len(dataset.samples)
    number = wanted.removeprefix("#")
    if number != wanted and number.isascii() and number.isdigit():
        if len(number) < 10 and 1 <= int(number) <= count:
            return dataset.samples[int(number) - 1]
        raise DataError(f"{dataset.path}: no sample {wanted[:12]}: there are {count}")
    close = difflib.get_close_matches(wanted, [sample.id for sample in dataset.samples[:5000]], 2)
    hint = (
        f", close to it: {', '.join(close)}" if close else f"; the first is {dataset.samples[0].id}"
    )
    raise DataError(f"{dataset.path}: no sample {clean(wanted)!r} among {count}{hint}, or give #N")


def theme_folders() -> tuple[Path, ...]:
    """Return the folders of theme files; a later one may replace a theme of an earlier one."""
    return paths.resources("themes"), paths.config_file().parent / "themes"


def available_themes() -> tuple[dict[str, ThemeSpec], tuple[str, ...]]:
    """Return all themes by name, and lines about theme files that were passed over.

    Raises InputError where there is none at all.
    """
    from bertscope_tui.themes import load_themes

    themes, problems = load_themes(theme_folders())
    if not themes:
        raise _no_themes()
    return themes, tuple(str(problem) for problem in problems)


def theme_to_print(name: str | None, *, insist: bool = False) -> tuple[ThemeSpec, tuple[str, ...]]:
    """Return the theme of this name as `choose_theme` does, and lines about it.

    Of the theme files with faults only those count that may hold this theme: who asked for none
    of them has no use for their faults. Raises InputError, with the fault as its reason, where a
    name was typed (``insist``) and there is no theme of it.
    """
    from bertscope_tui.themes import load_themes

    themes, problems = load_themes(theme_folders())
    if not themes:
        raise _no_themes()
    about = tuple(str(one) for one in problems if name is not None and one.is_about(name))
    if insist and about and name not in themes:
        raise InputError(f"no theme {name!r}: {'; '.join(about)}")
    theme, unknown = choose_theme(themes, name, insist=insist)
    return theme, (*about, *unknown)


def choose_theme(
    themes: Mapping[str, ThemeSpec], name: str | None, *, insist: bool = False
) -> tuple[ThemeSpec, tuple[str, ...]]:
    """Return the theme of this name (None: the default one), and a line if there is none.

    A name that was typed (``insist``) and that there is none of raises InputError.
    """
    from bertscope_tui.themes import DEFAULT_THEME

    if name is not None and name in themes:
        return themes[name], ()
    default = themes.get(DEFAULT_THEME) or next(iter(themes.values()))
    if name is None:
        return default, ()
    known = f"there are {', '.join(sorted(themes))}"
    if insist:
        raise InputError(f"no theme {name!r}", remedy=known)
    return default, (f"no theme {name!r} ({known})",)


def _no_themes() -> InputError:
    return InputError(f"{theme_folders()[0]}: no theme there", remedy="install the program again")
