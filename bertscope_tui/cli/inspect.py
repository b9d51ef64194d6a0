"""The verb ``inspect``: one sample as a model sees it, layer by layer."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from bertscope_tui.cli import options
from bertscope_tui.cli.output import speaks_colour, speaks_unicode, warn, write_json, write_text

if TYPE_CHECKING:
    from bertscope_tui.analysis.projection import Fit, Method
    from bertscope_tui.data.records import Dataset, QASample
    from bertscope_tui.inspection.pipeline import Reading
    from bertscope_tui.inspection.probing import SampleProbes
    from bertscope_tui.inspection.snapshots import Extraction, Pictures
    from bertscope_tui.inspection.views import Look
    from bertscope_tui.settings import Settings

_WIDEST = 160


class _Clusters(click.ParamType[int]):
    """A number of clusters, or ``auto``, which is 0."""

    name = "N"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """Return the number; fails with a usage error."""
        text = str(value)
        if text == "auto":
            return 0
        if text.isascii() and text.isdigit() and 1 <= int(text) <= 64:
            return int(text)
        self.fail(f"{text!r} is no number from 1 to 64", param, ctx)


@click.command(short_help="Show one sample: answers, scores, tokens, layers.")
@options.what
@click.option(
    "--question",
    metavar="TEXT",
    help="Ask this in place of a data set's sample; with --sample, in place of its question.",
)
@click.option(
    "--context",
    metavar="TEXT",
    help="Text to find the answer in; with --sample, in place of its context.",
)
@click.option(
    "--strike",
    type=click.IntRange(min=0),
    multiple=True,
    metavar="N",
    help="Strike out sentence N of the context, from 0; may be repeated.",
)
@click.option("--answer", metavar="TEXT", multiple=True, help="Gold answer; may be repeated.")
@click.option(
    "--layer",
    metavar="N|all",
    help="Layer; 0 is the embeddings.  [default: the last one, with --json all]",
)
@click.option(
    "--method",
    type=click.Choice(("pca", "ica", "tsne")),
    default="pca",
    show_default=True,
    help="How the hidden states are brought to two dimensions.",
)
@click.option(
    "--fit",
    type=click.Choice(("layer", "joint")),
    default="layer",
    show_default=True,
    help="Axes for each layer, or one pair for all of them.",
)
@click.option(
    "--raw",
    is_flag=True,
    help="Leave every layer's picture as it comes, not turned onto the layer below.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0, max=2**32 - 1),
    default=0,
    show_default=True,
    metavar="N",
    help="Seed of ICA and t-SNE.",
)
@click.option(
    "--window",
    type=click.IntRange(min=0),
    metavar="N",
    help="Window of a long context, from 0.  [default: that of the best answer]",
)
@click.option(
    "--clusters",
    type=_Clusters(),
    is_flag=False,
    flag_value="auto",
    metavar="[N]",
    help="Cluster the layers shown in the full space, into N or as many as fit best.",
)
@click.option("--lens", is_flag=True, help="What the model's head would answer from each layer.")
@click.option("--skip", is_flag=True, help="Answer again without each of the layers in turn.")
@click.option(
    "--probe",
    is_flag=True,
    help="What the probes trained for the model say of the sample in each layer shown.",
)
@click.option("--special", is_flag=True, help="Show special tokens in the picture.")
@click.option("--outliers", is_flag=True, help="Show tokens whose norm hides the others.")
@options.looks
@options.loading
@options.windows
@options.as_json
@options.debug
def inspect(**given: Any) -> None:
    """Show one sample: answers, scores, tokens with roles, and the picture of a layer.

    Without --model and --dataset it shows the bundled ones, without --sample the first sample.
    """
    _inspect(**given)


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the sample is from: a data set, or texts that were typed."""

    dataset: str | None
    variant: str | None
    keep_yes_no: bool
    sample: str | None
    question: str | None
    context: str | None
    answer: tuple[str, ...]
    strike: tuple[int, ...]

    @property
    def edits(self) -> bool:
        """Say whether a sample is to be changed, and looked at before and after that."""
        typed = self.question is not None or self.context is not None
        return bool(self.strike) or (typed and self.sample is not None)

    def check(self) -> None:
        """Refuse options that contradict each other, before anything slow is done."""
        if self.question is None and self.context is None:
            if self.answer:
                raise click.UsageError("--answer goes with --question and --context")
            return
        if self.strike and self.context is not None:
            raise click.UsageError("--strike does not go with --context")
        if self.sample is not None:
            if self.answer:
                raise click.UsageError("--answer does not go with --sample")
            return
        if self.question is None or self.context is None:
            raise click.UsageError("--question and --context go together, or with --sample")
        for name in ("dataset", "variant"):
            if getattr(self, name) is not None:
                raise click.UsageError(f"--{name} does not go with --question and --context")
        if self.keep_yes_no:
            raise click.UsageError("--keep-yes-no does not go with --question and --context")

    def read(self, settings: Settings) -> tuple[QASample, Dataset | None]:
        """Return the sample, and the data set if it is from one."""
        if self.question is not None and self.context is not None and self.sample is None:
            from bertscope_tui.inspection.typed import typed_sample

            return typed_sample(self.question, self.context, self.answer), None
        from bertscope_tui.data.open import open_dataset
        from bertscope_tui.inspection.choice import dataset_path, find_sample

        path = dataset_path(settings.dataset)
        dataset = open_dataset(path, variant=self.variant, keep_yes_no=self.keep_yes_no)
        sample = find_sample(dataset, self.sample)
        if dataset.skipped:
            warn(
                [f"{path}: {dataset.skipped} records skipped; the verb 'datasets check' lists them"]
            )
        return sample, dataset


def _inspect(
    *,
    model: str | None,
    layer: str | None,
    window: int | None,
    special: bool,
    outliers: bool,
    theme: str | None,
    ascii: bool | None,  # noqa: A002 - the option's name
    device: str | None,
    dtype: str | None,
    allow_download: bool,
    allow_pickle: bool,
    trust_remote_code: bool,
    max_tokens: int | None,
    stride: int | None,
    as_json: bool,
    debug: bool,
    method: Method,
    fit: Fit,
    raw: bool,
    seed: int,
    clusters: int | None,
    lens: bool,
    skip: bool,
    probe: bool,
    **source: Any,
) -> None:
    from bertscope_tui.logs import start_logging
    from bertscope_tui.settings import load_settings

    asked = _Source(**source)
    asked.check()
    if layer is not None and layer != "all" and not (layer.isascii() and layer.isdigit()):
        raise click.UsageError("--layer: give a number from 0 up, or all")
    start_logging(debug=debug)
    settings, warnings = load_settings()
    warn(warnings)
    settings = settings.typed(
        model=model,
        dataset=asked.dataset,
        theme=theme,
        ascii=ascii,
        device=device,
        dtype=dtype,
        max_tokens=max_tokens,
        stride=stride,
    )
    look = None if as_json else _look(settings, insist=theme is not None)
    record, dataset = asked.read(settings)

    from bertscope_tui.analysis.projection import Recipe
    from bertscope_tui.engine.scoring import ReadOptions
    from bertscope_tui.engine.skipping import skip_each
    from bertscope_tui.inspection import whatif
    from bertscope_tui.inspection.choice import model_entry
    from bertscope_tui.inspection.pipeline import extract, project, read
    from bertscope_tui.inspection.pipeline import phases as find_phases
    from bertscope_tui.inspection.report import chosen_layers, inspect_object
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
    last = opened.info.layers
    layers = chosen_layers(layer, last, default=range(last + 1) if look is None else (last,))
    cutting = ReadOptions(max_tokens=settings.max_tokens, stride=settings.stride)
    cutting = cutting if dataset is None else cutting.for_dataset(dataset)
    recipe = Recipe(method, fit, aligned=not raw, seed=seed)
    before: Pictures | None = None

    def look_at(sample: QASample) -> tuple[Reading, Pictures]:
        found = read(opened, sample, options=cutting)
        name = None if dataset is None else dataset.name
        # A window of an edited sample is one of the edited sample's.
        chosen = window if before is not None or not asked.edits else None
        seen = extract(opened, found, dataset=name, window=chosen)
        return found, project(seen, recipe, special=special, outliers=outliers)

    reading, pictures = look_at(record)
    if asked.edits:
        before = pictures
        edited = whatif.with_edits(
            before.extraction.sample,
            question=asked.question,
            context=asked.context,
            strike=asked.strike,
        )
        reading, pictures = look_at(edited)
        words = whatif.common_tokens(before.extraction, pictures.extraction)
        pictures = whatif.turned_onto(pictures, before, words)
    extraction = pictures.extraction
    moved = None if before is None else whatif.moved(before.extraction, extraction)
    phases = find_phases(extraction)

    from bertscope_tui.inspection import extras, probe_views
    from bertscope_tui.inspection.lens import lens_object, read_lens
    from bertscope_tui.inspection.overlays import layer_clusters
    from bertscope_tui.inspection.strip_views import lens_lines

    said = _said_by_probes(extraction) if probe else None
    grouped = () if clusters is None else layer_clusters(pictures, layers, clusters or None)
    read_layers = read_lens(opened, extraction, options=cutting) if lens else None
    skipped = tuple(skip_each(opened, reading.encoded, options=cutting)) if skip else ()
    if look is None:
        made = inspect_object(pictures, layers, phases)
        if moved is not None:
            made["what_if"] = whatif.what_if_object(moved, layers, asked.strike)
        if clusters is not None:
            made["clusters"] = extras.clusters_object(grouped)
        if read_layers is not None:
            made["lens"] = lens_object(read_layers)
        if skip:
            made["skipping"] = extras.skipping_object(skipped)
        if said is not None:
            made["probes"] = probe_views.probes_object(said, extraction, layers)
        write_json(made)
        return
    from bertscope_tui.inspection.page import inspect_page

    width = min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)
    page = inspect_page(pictures, layers, look, phases, width=width, colour=speaks_colour())
    parts = [] if moved is None else [whatif.what_if_lines(moved, layers, look, width)]
    parts += [extras.cluster_lines(one, pictures, width) for one in grouped]
    if read_layers is not None:
        parts.append(lens_lines(read_layers, look, width))
    if skip:
        parts.append(extras.skipping_lines(skipped, look, width))
    if said is not None:
        parts += [probe_views.probe_lines(said, extraction, one, look, width) for one in layers]
    write_text("\n".join([page, *("\n".join(part) + "\n" for part in parts)]))


def _said_by_probes(extraction: Extraction) -> SampleProbes:
    """Apply the probes that are kept for the model, the newest of each task.

    Raises InputError where there are none, which is known at once.
    """
    from pathlib import Path

    from bertscope_tui.errors import InputError
    from bertscope_tui.inspection.probe_views import APPLIED
    from bertscope_tui.inspection.probing import probe_sample
    from bertscope_tui.models.card import weights_sha256
    from bertscope_tui.probes import store
    from bertscope_tui.probes.choosing import of_weights, one_for_each_task

    found, problems = store.stored()
    warn(problems)
    info = extraction.model
    own = of_weights(found, weights_sha256(Path(info.path))) if found else ()
    results = [one for one in one_for_each_task(own) if one.identity.task in APPLIED]
    if not results:
        raise InputError(
            f"--probe: no probes for question types, entities or supporting facts are kept of "
            f"{info.name}",
            remedy=f"bertscope-tui probe --model {info.name}",
        )
    return probe_sample(extraction, results)


def _look(settings: Settings, *, insist: bool) -> Look:
    from bertscope_tui.inspection.choice import theme_to_print
    from bertscope_tui.inspection.views import Look

    theme, warnings = theme_to_print(settings.theme, insist=insist)
    warn(warnings)
    return Look(theme, ascii=settings.ascii or not speaks_unicode())
