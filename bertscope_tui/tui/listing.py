"""The models and data sets there are to choose from, and which of them is opened first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bertscope_tui.engine.jobs import Event, Job, JobEnded, JobResult
from bertscope_tui.errors import BertscopeError
from bertscope_tui.inspection.choice import STORIES, dataset_path
from bertscope_tui.inspection.service import CatalogListed
from bertscope_tui.tui.widgets.picker import DatasetChoice

if TYPE_CHECKING:
    from bertscope_tui.models.catalog import ModelEntry
    from bertscope_tui.tui.app import BertscopeApp


class Listing:
    """What the picker and the dialogs offer; lives on the app."""

    def __init__(self, app: BertscopeApp) -> None:
        """Nothing is looked for yet."""
        self._app = app
        self.models: list[ModelEntry] = []
        self.datasets: list[DatasetChoice] = []
        self._job: Job | None = None
        self._listed = False

    def look(self) -> None:
        """Look for models and data sets; there may be new ones."""
        self._job = self._app.service.list_catalogs()

    def take(self, event: Event) -> bool:
        """Take what was found, or why nothing was; False where the event is of something else."""
        if isinstance(event, JobResult) and isinstance(event.value, CatalogListed):
            self._found(event.value)
            return True
        own = self._job is not None and event.job == self._job.id
        if own and isinstance(event, JobEnded) and event.error:
            self._app.inspector.failed(event.error, event.code)
            return True
        return False

    def _found(self, found: CatalogListed) -> None:
        """Show what there is; the first time, open what was asked for."""
        self.models = list(found.models)
        self.datasets = [
            DatasetChoice(entry.name, entry.path, variant)
            for entry in found.datasets
            for variant in entry.variants or (None,)
        ]
        self.add_opened()
        if not self._listed:
            self._listed = True
            self._open_first()

    def add_opened(self) -> None:
        """List what there is, and what was opened by its path."""
        from bertscope_tui.data.open import VARIANTS

        session = self._app.session
        entry, dataset = session.model_entry, session.dataset
        if entry is not None and entry.name not in {listed.name for listed in self.models}:
            self.models.append(entry)
        if dataset is not None and dataset.path not in {str(one.path) for one in self.datasets}:
            for variant in VARIANTS.get(dataset.format) or (None,):
                self.datasets.append(DatasetChoice(dataset.name, Path(dataset.path), variant))
        self._show()

    def add_dataset(self, path: Path) -> None:
        """List a data set of our own format that was just written."""
        if path not in {one.path for one in self.datasets}:
            self.datasets.append(DatasetChoice(path.stem, path, None))
        self._show()

    def _show(self) -> None:
        self._app.inspector.picker.show(self.models, self.datasets)

    def _open_first(self) -> None:
        """Open what was asked for, else what comes first.

        The data set comes first: it is quick.
        """
        options, session, inspector = self._app.options, self._app.session, self._app.inspector
        try:
            if options.dataset is not None:
                session.open_dataset(dataset_path(options.dataset), options.variant)
            elif self.datasets:
                stories = (one for one in self.datasets if one.name == STORIES)
                first = next(stories, self.datasets[0])
                session.open_dataset(first.path, options.variant)
            else:
                inspector.failed("no data set here; give one with --dataset PATH", 2)
        except BertscopeError as error:
            inspector.failed(str(error), error.exit_code)
        usable = [entry for entry in self.models if entry.problem is None]
        if options.model is not None:
            session.open_model(options.model)
        elif usable:
            # A model without a head has no answers to show.
            session.open_model(next((one for one in usable if one.head), usable[0]))
        else:
            inspector.failed("no model here; give one with --model PATH", 2)
