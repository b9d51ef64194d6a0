"""Options that several verbs share, each declared once.

Every one defaults to None, which means "not typed": only then do the environment and the settings
file count (`bertscope_tui.settings.Settings.typed`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from bertscope_tui.settings import DTYPES

Function = TypeVar("Function", bound=Callable[..., Any])
Decorator = Callable[[Function], Function]


def stack(*decorators: Callable[[Any], Any]) -> Callable[[Function], Function]:
    """Return one decorator that applies several, the first the outermost."""

    def apply(function: Function) -> Function:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


keep_yes_no = click.option(
    "--keep-yes-no",
    is_flag=True,
    help="Keep the yes/no questions of HotpotQA, which have no answer in the text.",
)

data = stack(
    click.option(
        "--dataset",
        metavar="NAME|PATH",
        help="Data set to open.  [default: the bundled stories]",
    ),
    click.option(
        "--variant",
        metavar="NAME",
        help="How to read the data set: distractor or support-only (HotpotQA), "
        "span or classification (bAbI).",
    ),
    keep_yes_no,
)
"""Which data set."""

source = stack(
    click.option(
        "--model", metavar="NAME|FOLDER", help="Model to open.  [default: the bundled one]"
    ),
    data,
)
"""Which model and data set."""

part = stack(
    click.option("--split", metavar="NAME", help="Questions of train, valid or test files (bAbI)."),
    click.option(
        "--task",
        "tasks",
        metavar="N,N",
        multiple=True,
        help="Only these bAbI tasks, by number.  [default: all]",
    ),
    click.option(
        "--limit",
        type=click.IntRange(min=1),
        metavar="N",
        help="Only N samples, spread evenly over the data set.",
    ),
)
"""Which of its questions."""

what = stack(
    source,
    click.option("--sample", metavar="ID|#N", help="Sample, by its id or its place from #1."),
)
"""Which model, data set and sample."""

loading = stack(
    click.option("--device", metavar="NAME", help="auto, cuda, cuda:1, mps or cpu."),
    click.option("--dtype", type=click.Choice(DTYPES), help="Number type of the network."),
    click.option(
        "--allow-download",
        is_flag=True,
        help="Fetch a model that is not on this machine from the Hugging Face hub.",
    ),
    click.option(
        "--allow-pickle",
        is_flag=True,
        help="Open pickled weights. Such a file can hold a program: only from people you trust.",
    ),
    click.option(
        "--trust-remote-code",
        is_flag=True,
        help="Run the program code that some models bring. Only from people you trust.",
    ),
)
"""How a model is opened."""

windows = stack(
    click.option(
        "--max-tokens",
        type=click.IntRange(min=8),
        metavar="N",
        help="Length of a window in tokens.  [default: what the data set asks for, 384 or 512]",
    ),
    click.option(
        "--stride",
        type=click.IntRange(min=0),
        metavar="N",
        help="Overlap of neighbouring windows in tokens.  [default: 128]",
    ),
)
"""How long contexts are cut."""

looks = stack(
    click.option("--theme", metavar="NAME", help="Theme: its markers and colours."),
    click.option("--ascii/--no-ascii", "ascii", default=None, help="Markers in plain ASCII."),
)
"""How things are drawn."""

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")

strict = click.option("--strict", is_flag=True, help="Exit with 3 if any record was skipped.")

debug = click.option(
    "--debug", is_flag=True, help="Print the trace of an error; write a detailed log."
)


def _use_cache(context: click.Context, parameter: click.Parameter, folder: Any) -> None:
    """Let this process and those it starts use ``folder`` as the cache."""
    if folder is not None:
        import os

        os.environ["BERTSCOPE_CACHE"] = os.path.abspath(os.path.expanduser(folder))


cache_dir = click.option(
    "--cache-dir",
    metavar="FOLDER",
    expose_value=False,
    is_eager=True,
    callback=_use_cache,
    help="Where models, trainings and results are kept.  [default: BERTSCOPE_CACHE]",
)
"""Which cache is used; before anything looks there."""
