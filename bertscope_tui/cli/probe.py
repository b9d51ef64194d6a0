"""The verb ``probe``: what each layer of a model knows, by small classifiers on its states."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bertscope_tui.cli import options
from bertscope_tui.cli.output import (
    speaks_colour,
    speaks_unicode,
    warn,
    write_json,
    write_text,
)

if TYPE_CHECKING:
    from bertscope_tui.data.probing.records import ProbeData, ProbeTask
    from bertscope_tui.probes.queue import Subject
    from bertscope_tui.probes.records import ProbeOptions, ProbeProgress, ProbeResult

_TASKS = ("nel", "coref", "rel", "ques", "sup")
_POOLINGS = ("attention", "mean", "ends")
_WIDEST = 120
_WORDS = "stopping; results so far are kept, and the same command goes on from there"

_what = options.stack(
    click.option(
        "--model",
        "models",
        metavar="NAME|FOLDER",
        multiple=True,
        help="Model to probe; may be given several times.  [default: the bundled one]",
    ),
    click.option(
        "--task",
        "tasks",
        type=click.Choice(_TASKS),
        multiple=True,
        help="Named entities, coreference, relations, question types, supporting facts; may be "
        "given several times.  [default: all, or what --data holds]",
    ),
    click.option(
        "--data",
        metavar="PATH",
        multiple=True,
        help="Examples of the task, or of each --task in their order.  [default: bundled ones]",
    ),
    click.option("--fine", is_flag=True, help="The fine question types of TREC."),
    click.option(
        "--limit",
        type=click.IntRange(min=1),
        metavar="N",
        help="Only N texts, spread evenly over the data.",
    ),
    click.option(
        "--max-tokens",
        type=click.IntRange(min=8),
        metavar="N",
        help="Longest window in tokens.  [default: 512]",
    ),
)

_how = options.stack(
    click.option(
        "--seeds",
        type=click.IntRange(1, 100),
        default=3,
        show_default=True,
        help="Probes of each layer.",
    ),
    click.option(
        "--pooling",
        type=click.Choice(_POOLINGS),
        default="attention",
        show_default=True,
        help="How the tokens of a span become one vector.",
    ),
    click.option(
        "--random-weights",
        is_flag=True,
        help="Probe each model a second time with weights drawn at random.",
    ),
    click.option(
        "--controls/--no-controls",
        default=True,
        show_default=True,
        help="Control task, code length and mix of layers.",
    ),
    click.option(
        "--features-gb",
        type=click.FloatRange(min=0.01),
        default=8.0,
        show_default=True,
        metavar="X",
        help="Most that cached hidden states may take on the disk.",
    ),
    click.option("--again", is_flag=True, help="Probe anew what was probed before."),
)


@click.command(short_help="Probe every layer for five abilities.")
@_what
@_how
@options.loading
@options.cache_dir
@options.as_json
@options.debug
def probe(
    *,
    models: tuple[str, ...],
    tasks: tuple[ProbeTask, ...],
    data: tuple[str, ...],
    fine: bool,
    limit: int | None,
    max_tokens: int | None,
    seeds: int,
    pooling: Any,
    random_weights: bool,
    controls: bool,
    features_gb: float,
    again: bool,
    device: str | None,
    dtype: str | None,
    allow_download: bool,
    allow_pickle: bool,
    trust_remote_code: bool,
    as_json: bool,
    debug: bool,
) -> int:
    """Train small classifiers on the hidden states of every layer and score them by macro F1.

    Results are kept; what was probed before the same way is shown without probing it again.
    """
    from bertscope_tui.cli.stopping import Stopping
    from bertscope_tui.logs import start_logging
    from bertscope_tui.settings import load_settings

    start_logging(debug=debug)
    settings, warnings = load_settings()
    warn(warnings)
    settings = settings.typed(model=models[0] if models else None, device=device, dtype=dtype)
    from bertscope_tui.models.loading import load_model
    from bertscope_tui.models.threads import set_thread_policy
    from bertscope_tui.probes.queue import probe_all

    set_thread_policy()
    sets = _open_data(tasks, data, fine)
    subjects = _subjects(models or ((settings.model,) if settings.model else ()), allow_download)
    if random_weights:
        subjects = [twin for one in subjects for twin in _with_twin(one)]
    asked = _options(pooling, seeds, controls, max_tokens, limit, features_gb)
    with Stopping(_WORDS) as stopping, _progress() as progress:
        results = list(
            probe_all(
                subjects,
                sets,
                asked,
                load=lambda entry: load_model(
                    entry,
                    device=settings.device,
                    dtype=settings.dtype,
                    allow_pickle=allow_pickle,
                    trust_remote_code=trust_remote_code,
                ),
                again=again,
                cancelled=stopping.asked,
                progress=progress,
            )
        )
    _show(results, as_json)
    return 0


def _show(results: list[ProbeResult], as_json: bool) -> None:
    if as_json:
        from bertscope_tui.probes.report import probe_object

        write_json(probe_object(results))
        return
    from bertscope_tui.probes.pages import probe_page

    width = min(shutil.get_terminal_size().columns, _WIDEST)
    write_text(probe_page(results, width=width, ascii=not speaks_unicode(), colour=speaks_colour()))


def _options(
    pooling: Any,
    seeds: int,
    controls: bool,
    max_tokens: int | None,
    limit: int | None,
    features_gb: float,
) -> ProbeOptions:
    from bertscope_tui.analysis.probing.settings import ProbeSettings
    from bertscope_tui.probes.records import ProbeOptions

    return ProbeOptions(
        settings=ProbeSettings(pooling=pooling),
        seeds=seeds,
        controls=controls,
        max_tokens=max_tokens,
        limit=limit,
        features_bytes=int(features_gb * 1e9),
    )


def _open_data(tasks: tuple[ProbeTask, ...], paths: tuple[str, ...], fine: bool) -> list[ProbeData]:
    """Open the data of every task; bundled examples where no path is given."""
    from bertscope_tui.data.probing.open import bundled_probe_data, open_probe_data
    from bertscope_tui.data.probing.records import PROBE_TASKS

    if not paths:
        return [open_probe_data(bundled_probe_data(task), task) for task in tasks or PROBE_TASKS]
    if len(tasks) > 1 and len(tasks) != len(paths):
        raise click.UsageError(
            f"{len(tasks)} --task and {len(paths)} --data: give one --data for each --task"
        )
    if not tasks:
        wanted: list[ProbeTask | None] = [None] * len(paths)
    else:
        wanted = list(tasks if len(tasks) == len(paths) else tasks * len(paths))
    found = [
        open_probe_data(Path(path), task, fine=fine and (len(paths) == 1 or task == "ques"))
        for path, task in zip(paths, wanted, strict=True)
    ]
    for one in found:
        if one.skipped:
            warn([f"{one.path}: {one.skipped} records skipped; 'probe-data show' lists them"])
    return found


def _subjects(names: tuple[str, ...], allow_download: bool) -> list[Subject]:
    from bertscope_tui.inspection.choice import model_entry
    from bertscope_tui.models.loading import entry_of
    from bertscope_tui.probes.queue import Subject

    if not names:
        return [Subject(model_entry(None))]
    return [Subject(entry_of(name, allow_download, lambda _: None)) for name in names]


def _with_twin(subject: Subject) -> tuple[Subject, Subject]:
    from bertscope_tui.probes.queue import Subject

    return subject, Subject(subject.entry, random=True)


@contextmanager
def _progress() -> Iterator[Callable[[ProbeProgress], None] | None]:
    """Show on a terminal which task and stage it is at, and how long the stage may take still."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from bertscope_tui.data.hygiene import clean

    shown = Progress(
        TextColumn("{task.fields[what]}"),
        BarColumn(),
        TextColumn("{task.fields[left]}"),
        console=Console(stderr=True),
        transient=True,
    )
    line = shown.add_task("", total=None, what="", left="")

    def tell(news: ProbeProgress) -> None:
        what = f"{news.job + 1}/{news.jobs} {news.model} {news.task}: {news.stage}"
        left = "" if news.seconds_left is None else f"at most {_clock(news.seconds_left)} left"
        # No markup: a model may be named anything.
        shown.update(
            line,
            completed=news.done,
            total=news.total or None,
            what=clean(what).replace("[", "("),
            left=left,
        )

    with shown:
        yield tell


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
