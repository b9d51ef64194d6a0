"""The verb ``finetune``: from a base model and a data set to a model in the local cache."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from bertscope_tui.cli import options
from bertscope_tui.cli.interrupt import EXIT_CODE
from bertscope_tui.cli.output import warn, write_json, write_text

if TYPE_CHECKING:
    from bertscope_tui.training.plan import Plan
    from bertscope_tui.training.run import Outcome

SCHEMA = "bertscope.finetune/1"

_PRESETS = ("squad", "hotpot-distractor", "hotpot-sp", "babi-span", "babi-class")

_WITH_RESUME = ("resume", "background", "force", "allow_download", "cache_dir", "as_json", "debug")

_data = options.stack(
    click.option("--dataset", metavar="NAME|PATH", help="What to learn from."),
    click.option(
        "--dev",
        metavar="NAME|PATH",
        help="What to be scored on.  [default: a tenth of the paragraphs learnt from, held out]",
    ),
    click.option("--variant", metavar="NAME", help="How the data are read, see 'inspect --help'."),
    click.option(
        "--split",
        metavar="NAME",
        help="Part of a bAbI folder: train, test or valid.  [default: train where there is one]",
    ),
    click.option(
        "--dev-split", metavar="NAME", help="The same for --dev.  [default: valid, else test]"
    ),
    click.option("--task", metavar="N,N", help="bAbI tasks, by number.  [default: all]"),
    options.keep_yes_no,
    click.option(
        "--limit",
        type=click.IntRange(min=1),
        metavar="N",
        help="Questions to learn from, spread over the data.",
    ),
    click.option(
        "--dev-limit",
        type=click.IntRange(min=1),
        metavar="N",
        help="Questions to be scored on, spread over the data.",
    ),
)

_settings = options.stack(
    click.option("--lr", type=float, metavar="X", help="Peak learning rate.  [default: 3e-5]"),
    click.option("--batch-size", type=int, metavar="N", help="Windows in a batch.  [default: 16]"),
    click.option(
        "--batch-tokens",
        type=int,
        metavar="N",
        help="Tokens in a batch, padding included, in place of --batch-size.",
    ),
    click.option("--accumulation", type=int, metavar="N", help="Batches in a step.  [default: 1]"),
    click.option(
        "--schedule",
        type=click.Choice(("linear", "cosine", "constant")),
        help="How the learning rate goes on after the warm-up.  [default: linear]",
    ),
    click.option(
        "--warmup",
        type=float,
        metavar="X",
        help="Steps up to the peak; below 1, the part of all steps.  [default: 0.1]",
    ),
    click.option("--epochs", type=float, metavar="X", help="Passes over the data.  [default: 5]"),
    click.option("--max-steps", type=int, metavar="N", help="Steps in all, in place of --epochs."),
    click.option("--weight-decay", type=float, metavar="X", help="[default: 0.01]"),
    click.option("--dropout", type=float, metavar="X", help="[default: that of the base]"),
    click.option(
        "--freeze-embeddings", is_flag=True, default=None, help="Leave word embeddings alone."
    ),
    options.windows,
    click.option(
        "--eval-steps",
        type=int,
        metavar="N",
        help="Steps between two scores on the development data.  [default: 1000]",
    ),
    click.option(
        "--save-steps",
        type=int,
        metavar="N",
        help="Steps between two checkpoints, which are at most ten minutes apart.  [default: 500]",
    ),
    click.option(
        "--log-steps", type=int, metavar="N", help="Steps between two losses.  [default: 25]"
    ),
    click.option("--seed", type=int, metavar="N", help="[default: 0]"),
    click.option(
        "--grid",
        metavar="KEY=V,V…",
        multiple=True,
        help="Train with each value and keep the best, as in lr=2e-5,3e-5; more of them may "
        "follow, all combinations are tried.",
    ),
)


@click.command(short_help="Fine-tune a model on a data set and keep it.")
@click.argument("more_grid", nargs=-1, metavar="[KEY=V,V…]…")
@click.option("--base", metavar="NAME|FOLDER", help="The model to begin with.")
@click.option("--name", metavar="NAME", help="What the new model is called.")
@click.option("--preset", type=click.Choice(_PRESETS), help="A set-up of the paper.")
@click.option(
    "--head",
    type=click.Choice(("span", "classification")),
    help="What the model is to give.  [default: what the variant asks for]",
)
@_data
@_settings
@click.option("--device", metavar="NAME", help="auto, cuda, cuda:1, mps or cpu.")
@click.option(
    "--precision",
    type=click.Choice(("auto", "float32", "bfloat16", "float16")),
    default="auto",
    help="Numbers to train in.  [default: 16 bits on CUDA, else 32]",
)
@click.option("--half", is_flag=True, help="Store the weights in 16 bits.")
@click.option("--allow-download", is_flag=True, help="Fetch the base from the hub if need be.")
@click.option("--force", is_flag=True, help="Replace a model, or an unfinished run, of this name.")
@click.option("--resume", metavar="NAME", help="Go on with a run that was interrupted.")
@click.option("--background", is_flag=True, help="Train in a process of its own and return.")
@options.cache_dir
@options.as_json
@options.debug
@click.pass_context
def finetune(context: click.Context, /, **given: Any) -> int:
    """Train a model on a data set, score it as it learns, and keep the best of it in the cache.

    Ctrl+C stops it where --resume can go on, with the same result in the end.
    """
    if given["resume"] is not None:
        _refuse_changes(context)
    return _finetune(**given)


def _refuse_changes(context: click.Context) -> None:
    """Refuse what a run's plan has said already, whatever value was typed."""
    for parameter in context.command.params:
        typed = context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
        if typed and parameter.name not in _WITH_RESUME:
            raise click.UsageError(f"--resume takes the plan as it is, without {_typed(parameter)}")


def _typed(parameter: click.Parameter) -> str:
    return parameter.opts[-1] if isinstance(parameter, click.Option) else "more words"


def _finetune(
    *,
    resume: str | None,
    background: bool,
    force: bool,
    allow_download: bool,
    as_json: bool,
    debug: bool,
    **given: Any,
) -> int:
    from bertscope_tui.cli.stopping import Stopping
    from bertscope_tui.cli.training_progress import progress
    from bertscope_tui.logs import start_logging
    from bertscope_tui.training.detached import resume_detached

    start_logging(debug=debug)
    plan = _new(given, force, allow_download) if resume is None else _resumed(resume, force)
    if background:
        passed = {"--allow-download": allow_download, "--force": force and resume is not None}
        resume_detached(plan.name, [option for option, given in passed.items() if given])
        if as_json:
            write_json({"schema": SCHEMA, "name": plan.name, "state": "running"})
        else:
            write_text(f"{plan.name} is trained in the background")
        return 0
    stopping = Stopping("stopping after this step; once more to leave at once").install()

    from bertscope_tui.training.run import run_training

    with progress() as watcher:
        outcome = run_training(plan, watcher, stopping.asked, allow_download=allow_download)
    return _tell(plan, outcome, as_json)


def _tell(plan: Plan, outcome: Outcome, as_json: bool) -> int:
    """Print how it ended and return the exit code; processes other than the first say nothing."""
    if os.environ.get("RANK", "0") != "0":
        return 0
    from bertscope_tui.data.hygiene import clean

    if as_json:
        from bertscope_tui.models.card import as_object, read_card

        card = None if outcome.model is None else read_card(outcome.model.path)
        write_json(
            {
                "schema": SCHEMA,
                "name": plan.name,
                "state": "stopped" if outcome.model is None else "done",
                "message": outcome.message,
                "path": None if outcome.model is None else str(outcome.model.path),
                "card": None if card is None else as_object(card),
            }
        )
    elif outcome.model is not None:
        write_text(f"{outcome.message}\n{clean(str(outcome.model.path))}")
    else:
        warn([outcome.message])
    return EXIT_CODE if outcome.model is None else 0


def _resumed(name: str, force: bool) -> Plan:
    """Return the plan of a run that is to go on; with ``force`` it may replace a model."""
    from bertscope_tui.errors import InputError
    from bertscope_tui.training.runs import PLAN, read_run, run_folder

    folder = run_folder(name)
    if not (folder / PLAN).exists():
        raise InputError(
            f"no training named {name} in {folder.parent}",
            remedy="'bertscope-tui trainings' lists them",
        )
    run = read_run(name)
    if run.plan is None:
        raise InputError(
            run.problem or f"{folder}: damaged", remedy="begin anew with --name and --force"
        )
    if run.plan.name != name:
        raise InputError(f"{folder}: holds the training {run.plan.name}", remedy="rename it back")
    if not run.resumable and os.environ.get("RANK", "0") == "0":
        raise InputError(f"training {name} is {run.status.state}: there is nothing to go on with")
    return replace(run.plan, force=run.plan.force or force)


def _new(given: dict[str, Any], force: bool, allow_download: bool) -> Plan:
    """Make the plan that was typed, and its folder."""
    from bertscope_tui.models.cache import ensure_free
    from bertscope_tui.training.runs import create_run

    plan = plan_of(given, force, allow_download)
    ensure_free(plan.name, force)
    if os.environ.get("RANK", "0") == "0":
        create_run(plan)
    return plan


def plan_of(given: dict[str, Any], force: bool, allow_download: bool = False) -> Plan:
    """Turn the options into a plan, those that were not typed filled in."""
    from bertscope_tui.errors import ModelError
    from bertscope_tui.models.loading import entry_of
    from bertscope_tui.training.data import resolve
    from bertscope_tui.training.plan import DEV_SPLITS, PRESETS, Plan, Settings, Source, parse_grid

    if given["more_grid"] and not given["grid"]:
        raise click.UsageError(f"unexpected {given['more_grid'][0]!r}")
    for needed in ("base", "dataset", "name"):
        if given[needed] is None:
            raise click.UsageError(f"--{needed} is needed (or --resume)")
    preset = PRESETS.get(given["preset"] or "")
    head = given["head"] or (preset.head if preset else None)
    variant = given["variant"] or (preset.variant if preset else None)
    if head is None:
        head = "classification" if variant == "classification" else "span"
    if preset is not None and head != preset.head:
        raise click.UsageError(f"--head {head} does not go with --preset {preset.name}")
    if head == "classification" and variant is None:
        variant = "classification"
    tasks = tuple(part.strip() for part in (given["task"] or "").split(",") if part.strip())
    typed = {
        entry.name: given[entry.name]
        for entry in fields(Settings)
        if given.get(entry.name) is not None
    }
    typed.setdefault("max_tokens", preset.max_tokens if preset else _window(variant))
    train = resolve(
        Source(
            given["dataset"], variant, given["split"], tasks, given["keep_yes_no"], given["limit"]
        )
    )
    dev = None
    if given["dev"] is not None:
        dev = resolve(
            replace(train, path=given["dev"], split=given["dev_split"], limit=given["dev_limit"]),
            DEV_SPLITS,
        )
    elif given["dev_split"] is not None:
        dev = replace(train, split=given["dev_split"], limit=given["dev_limit"])
    elif given["dev_limit"] is not None:
        raise click.UsageError("--dev-limit goes with --dev or --dev-split")
    base = entry_of(given["base"], allow_download, lambda _: None)
    if base.problem is not None:
        raise ModelError(f"{given['base']}: {base.problem}")
    return Plan(
        name=given["name"],
        # A run goes on from any folder.
        base=str(base.path.absolute()) if base.source == "folder" else base.name,
        head=head,
        train=train,
        dev=dev,
        preset=given["preset"],
        settings=Settings(**typed),
        grid=parse_grid([*given["grid"], *given["more_grid"]]),
        device=given["device"] or "auto",
        precision=given["precision"],
        half=given["half"],
        force=force,
    )


def _window(variant: str | None) -> int:
    """Return the paper's window: 512 tokens for HotpotQA, whose variants tell it, else 384."""
    return 512 if variant in ("distractor", "support-only") else 384
