"""Stored results, back from JSON; whatever is not exactly one is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

from bertscope_tui.analysis.probing.settings import POOLINGS, ProbeSettings
from bertscope_tui.data.probing.records import PROBE_TASKS
from bertscope_tui.errors import ModelError
from bertscope_tui.probes.records import (
    Baseline,
    Counts,
    LayerScore,
    MixScore,
    ProbeIdentity,
    ProbeOptions,
    ProbeResult,
)

Value = TypeVar("Value")
Object = dict[str, Any]

_ROUNDING = 1e-6
"""A mean or a sum of 32-bit shares may be this much above 1."""


def result_of(content: Object, where: str) -> ProbeResult:
    """Return the result that `report.result_object` made ``content`` of; ModelError otherwise."""
    try:
        return _result(content)
    except (LookupError, TypeError, ValueError, OverflowError, AttributeError) as exc:
        raise ModelError(f"{where}: not a stored result of probing") from exc


def _result(content: Object) -> ProbeResult:
    lost, seconds = content["lost"], content["seconds"]
    result = ProbeResult(
        identity=_identity(content["identity"]),
        model=_text(content["model"]),
        model_path=_text(content["model_path"]),
        base=_maybe(_text, content["base"]),
        data=_text(content["data"]),
        data_path=_text(content["data_path"]),
        created=_text(content["created"]),
        labels=tuple(_text(label) for label in content["labels"]),
        spans=_whole(content["spans"]),
        single=_truth(content["single_label"]),
        examples=_counts(content["examples"]),
        targets=_counts(content["targets"]),
        lost_truncated=_whole(lost["truncated"]),
        lost_untokenised=_whole(lost["untokenised"]),
        options=_options(content["options"]),
        majority=Baseline(
            _share(content["majority"]["macro_f1"]), _share(content["majority"]["accuracy"])
        ),
        layers=tuple(_layer(one, place) for place, one in enumerate(content["layers"])),
        mix=_maybe(_mix, content["mix"]),
        codelength_uniform_bits=_maybe(_number, content["codelength_uniform_bits"]),
        control_seen=_maybe(_share, content["control_seen"]),
        extract_seconds=_number(seconds["extract"]),
        train_seconds=_number(seconds["train"]),
        peak_memory_bytes=_whole(content["peak_memory_bytes"]),
        notes=tuple(_text(note) for note in content["notes"]),
    )
    _agree(result)
    return result


def _agree(result: ProbeResult) -> None:
    """Raise ValueError where the parts are not of one result: what shows it relies on that."""
    labels, layers, mix = result.labels, result.layers, result.mix
    fits = bool(labels and layers) and len(set(labels)) == len(labels)
    fits = fits and result.options.seeds > 0 and result.spans in (1, 2)
    for one in layers:
        rows = one.confusion
        fits = fits and set(one.per_label) == set(labels) and (rows is not None) == result.single
        fits = fits and (rows is None or [len(row) for row in rows] == [len(labels)] * len(labels))
    if not fits or (mix is not None and len(mix.weights) != len(layers)):
        raise ValueError("parts that do not belong together")


def _identity(content: Object) -> ProbeIdentity:
    return ProbeIdentity(
        weights_sha256=_text(content["weights_sha256"]),
        random=_truth(content["random"]),
        data_sha256=_text(content["data_sha256"]),
        task=_one_of(content["task"], PROBE_TASKS),
        options=_text(content["options"]),
    )


def _options(content: Object) -> ProbeOptions:
    settings = content["settings"]
    low, high = settings["round_steps"]
    return ProbeOptions(
        settings=ProbeSettings(
            pooling=_one_of(settings["pooling"], POOLINGS),
            projection=_whole(settings["projection"]),
            hidden=_whole(settings["hidden"]),
            dropout=_number(settings["dropout"]),
            loss=_one_of(settings["loss"], ("sigmoid", "softmax")),
            batch=_whole(settings["batch"]),
            learning_rate=_number(settings["learning_rate"]),
            mix_rate=_number(settings["mix_rate"]),
            rounds=_whole(settings["rounds"]),
            patience=_whole(settings["patience"]),
            round_steps=(_whole(low), _whole(high)),
        ),
        seeds=_whole(content["seeds"]),
        controls=_truth(content["controls"]),
        max_tokens=_maybe(_whole, content["max_tokens"]),
        limit=_maybe(_whole, content["limit"]),
        features_bytes=_whole(content["features_bytes"]),
    )


def _layer(content: Object, place: int) -> LayerScore:
    if _whole(content["layer"]) != place:
        raise ValueError("layers out of order")
    interval, confusion = content["macro_f1_interval"], content["confusion"]
    return LayerScore(
        layer=place,
        macro_f1=_share(content["macro_f1"]),
        macro_f1_std=_number(content["macro_f1_std"]),
        macro_f1_interval=None if interval is None else (_share(interval[0]), _share(interval[1])),
        macro_f1_seeds=tuple(_share(value) for value in content["macro_f1_seeds"]),
        micro_f1=_share(content["micro_f1"]),
        accuracy=_share(content["accuracy"]),
        per_label={
            _text(label): _maybe(_share, value) for label, value in content["per_label"].items()
        },
        confusion=None
        if confusion is None
        else tuple(tuple(_whole(value) for value in row) for row in confusion),
        control_accuracy=_maybe(_share, content["control_accuracy"]),
        selectivity=_maybe(_number, content["selectivity"]),
        codelength_bits=_maybe(_number, content["codelength_bits"]),
    )


def _mix(content: Object) -> MixScore:
    return MixScore(
        weights=tuple(_share(value) for value in content["weights"]),
        center_of_gravity=_number(content["center_of_gravity"]),
        center_of_gravity_std=_number(content["center_of_gravity_std"]),
        macro_f1=_share(content["macro_f1"]),
    )


def _counts(content: Object) -> Counts:
    return Counts(_whole(content["train"]), _whole(content["dev"]), _whole(content["test"]))


def _maybe(read: Callable[[Any], Value], value: object) -> Value | None:
    return None if value is None else read(value)


def _one_of(value: object, known: tuple[Value, ...]) -> Value:
    for one in known:
        if value == one:
            return one
    raise ValueError("not one of those that are known")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not true or false")
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError("not a whole number from 0 on")
    return value


def _share(value: object) -> float:
    number = _number(value)
    if not 0 <= number <= 1 + _ROUNDING:
        raise ValueError("not a share of a whole")
    return number


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number
