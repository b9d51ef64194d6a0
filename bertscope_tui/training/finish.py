"""The end of a fine-tuning: the best weights become a model of the cache, with their card."""

from __future__ import annotations

import filecmp
import platform
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from bertscope_tui import paths
from bertscope_tui.data.records import Dataset
from bertscope_tui.errors import EngineError, ModelError
from bertscope_tui.evaluation.evaluate import evaluate
from bertscope_tui.models.cache import new_model
from bertscope_tui.models.card import (
    CARD,
    Card,
    CardData,
    DataRecord,
    FileRecord,
    Metric,
    Point,
    Scores,
    Trial,
    now,
    read_card,
    write_card,
)
from bertscope_tui.models.catalog import ModelEntry, read_entry
from bertscope_tui.models.loading import load_model
from bertscope_tui.training.checkpoints import Result, best_folder
from bertscope_tui.training.data import TrainingData, read_options
from bertscope_tui.training.inputs import Inputs
from bertscope_tui.training.plan import Plan, Settings, Source, plan_command
from bertscope_tui.training.runs import Run
from bertscope_tui.training.trainer import number_type

FINISHED = "finished"
"""Where in a run's folder the model lies as it will be stored, until the run is done."""

_PACKAGES = ("torch", "transformers", "accelerate", "tokenizers", "safetensors", "bertscope-tui")


def store_model(
    plan: Plan,
    data: TrainingData,
    inputs: Inputs,
    *,
    weights: Path,
    settings: Settings,
    results: Sequence[Result],
    chosen: int,
    run: Run,
    seconds: float,
    device: str,
    stopping: Callable[[], bool],
) -> ModelEntry:
    """Put the best weights of the training in ``weights`` into the cache and return the model.

    The scores of the card are those of the weights as they are stored (in half precision where
    that was asked for), opened like any other model. Where the model is in the cache already, from
    a call that was killed before it could say so, nothing is done. Raises Cancelled, and
    EngineError for weights that are no numbers; then nothing is in the cache.
    """
    finished, place = run.folder / FINISHED, paths.cached_models_dir() / plan.name
    if _is_stored(finished, place):
        return read_entry(place, plan.name, "cache")
    base = read_entry(Path(inputs.base_path), plan.base, "folder")
    # Scoring takes its time; only then, and quickly, a folder of the cache is written.
    shutil.rmtree(finished, ignore_errors=True)
    _write_weights(best_folder(weights), finished, half=plan.half)
    _write_tokenizer(base, finished)
    stored = load_model(read_entry(finished, plan.name, "cache"), device=device)
    options = read_options(data.dev, settings)
    found = evaluate(stored, data.dev, options=options, cancelled=stopping)
    dev = found.totals
    if len(found.failures) == len(found.predictions):
        raise astray(plan.name, found.failures[0].reason)
    metric: Metric = "accuracy" if plan.head == "classification" else "f1"
    scores = Scores(
        questions=dev.count,
        exact_match=dev.exact_match,
        f1=dev.f1,
        accuracy=dev.accuracy,
        tasks={number: task.accuracy for number, task in dev.tasks.items()},
    )
    card = Card(
        name=plan.name,
        base=plan.base,
        base_path=inputs.base_path,
        base_sha256=inputs.base_sha256,
        head=plan.head,
        architecture=stored.info.architecture,
        preset=plan.preset,
        metric=metric,
        score=scores.accuracy if metric == "accuracy" else scores.f1,
        scores=scores,
        data=CardData(
            train=_record(plan.train, data.train, inputs.train),
            dev=_record(plan.dev or plan.train, data.dev, inputs.dev, held_out=plan.dev is None),
        ),
        settings={
            **asdict(settings),
            "precision": number_type(plan.precision, stored.device.type),
            "half": plan.half,
            "processes": inputs.processes,
        },
        seed=settings.seed,
        command=plan_command(plan),
        history=_history(run, chosen),
        grid=tuple(
            Trial(plan.differences(member), result.score, result.step)
            for member, result in zip(plan.members(), results, strict=True)
        )
        if plan.grid
        else (),
        steps=results[chosen].steps,
        best_step=results[chosen].step,
        seconds=round(seconds, 1),
        device=run.status.device,
        versions={"python": platform.python_version(), **{n: version(n) for n in _PACKAGES}},
        created=now(),
        licence=_licence(base),
        notes=data.notes,
    )
    write_card(finished, card)
    with new_model(plan.name, force=plan.force) as folder:
        shutil.copytree(finished, folder, dirs_exist_ok=True)
    return read_entry(place, plan.name, "cache")


def _is_stored(finished: Path, place: Path) -> bool:
    """Say whether the model in ``place`` is the one in ``finished``: no two cards are the same."""
    try:
        return filecmp.cmp(finished / CARD, place / CARD, shallow=False)
    except OSError:
        return False


def astray(name: str, reason: str) -> EngineError:
    """Return the error for a training that no model came out of."""
    return EngineError(
        f"{name}: its training went astray: {reason}",
        remedy="begin anew with a lower --lr, more --warmup or --precision float32",
    )


def _write_weights(source: Path, folder: Path, *, half: bool) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForQuestionAnswering
    from transformers import AutoModelForSequenceClassification as Classifier

    config = AutoConfig.from_pretrained(source, local_files_only=True)
    spans = any("QuestionAnswering" in name for name in config.architectures or ())
    factory = AutoModelForQuestionAnswering if spans else Classifier
    kind = torch.float16 if half else torch.float32
    network = factory.from_pretrained(source, local_files_only=True, dtype=kind)
    network.save_pretrained(folder)


def _write_tokenizer(base: ModelEntry, folder: Path) -> None:
    from transformers import AutoTokenizer

    AutoTokenizer.from_pretrained(base.path, local_files_only=True).save_pretrained(folder)


def _record(
    source: Source, dataset: Dataset, files: tuple[FileRecord, ...], *, held_out: bool = False
) -> DataRecord:
    split = "held out of the training data" if held_out else source.split
    return DataRecord(
        name=dataset.name,
        format=dataset.format,
        variant=dataset.variant,
        split=split,
        tasks=source.tasks,
        questions=len(dataset.samples),
        skipped=dataset.skipped,
        files=files,
    )


def _history(run: Run, chosen: int) -> tuple[Point, ...]:
    """Return the development scores of the chosen training with the mean loss since the last."""
    losses = [point for point in run.losses if point.member == chosen]
    points: list[Point] = []
    before = 0
    for dev in (point for point in run.scores if point.member == chosen):
        since = [point.loss for point in losses if before < point.step <= dev.step]
        points.append(
            Point(
                step=dev.step,
                epoch=dev.epoch,
                loss=sum(since) / len(since) if since else None,
                score=dev.score,
                exact_match=dev.exact_match,
                f1=dev.f1,
                seconds=dev.seconds,
            )
        )
        before = dev.step
    return tuple(points)


def _licence(base: ModelEntry) -> str | None:
    try:
        card = read_card(base.path)
    except ModelError:
        return None
    return None if card is None else card.licence
