"""Probe models for tasks: run the network once, train the probes of all layers, score them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertscope_tui.analysis.probing import features, scores
from bertscope_tui.analysis.probing.controls import (
    code_length,
    control_labels,
    mix_of,
    seen_share,
)
from bertscope_tui.analysis.probing.table import SpanStates
from bertscope_tui.analysis.probing.training import (
    Parts,
    Progress,
    TrainedProbes,
    logits_of,
    never,
    train,
)
from bertscope_tui.data.probing.splitting import limited, with_splits
from bertscope_tui.engine.probe_encoding import EncodedProbe, encode_probe
from bertscope_tui.engine.probe_features import extract
from bertscope_tui.errors import DataError
from bertscope_tui.models.card import now, weights_sha256
from bertscope_tui.probes.identity import data_sha256, options_sha256
from bertscope_tui.probes.memory import PeakMemory
from bertscope_tui.probes.records import (
    Baseline,
    Counts,
    MixScore,
    ProbeIdentity,
    ProbeOptions,
    ProbeResult,
    Stage,
)
from bertscope_tui.probes.summary import layer_scores

if TYPE_CHECKING:
    import torch

    from bertscope_tui.data.probing.records import ProbeData
    from bertscope_tui.models.loading import LoadedModel

Tell = Callable[[Stage, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True, eq=False)
class Probed:
    """A result and the probes themselves: those of every layer with the first seed."""

    result: ProbeResult
    probes: TrainedProbes


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """What every kind of probe is trained on."""

    table: SpanStates
    gold: scores.Bools
    parts: Parts
    single: bool
    texts: tuple[str, ...]


def identity_of(
    model_path: Path, data: ProbeData, options: ProbeOptions, *, random: bool
) -> ProbeIdentity:
    """Return what a result of these would be of; reads the weights in a folder for their hash."""
    return ProbeIdentity(
        weights_sha256=weights_sha256(model_path),
        random=random,
        data_sha256=data_sha256(data),
        task=data.task,
        options=options_sha256(options),
    )


def probe(
    model: LoadedModel,
    data: ProbeData,
    options: ProbeOptions,
    *,
    random: bool = False,
    cancelled: Callable[[], bool] = never,
    tell: Tell | None = None,
) -> Probed:
    """Probe every layer of a model for one task.

    ``random`` says that the model's weights were drawn anew, see `models.untrained`. Raises
    DataError where no target is left to train or to test on, `Cancelled`, and what running the
    network and writing the cache may raise.
    """

    def told(stage: Stage) -> Progress:
        return lambda done, total: tell(stage, done, total) if tell is not None else None

    peak = PeakMemory()
    identity = identity_of(Path(model.info.path), data, options, random=random)
    data, encoded, cut = _fitting(model, data, options, cancelled, told("reading"))
    if cut is not None:  # another budget would have given another result
        identity = replace(identity, options=options_sha256(options, cut=True))
    began = time.perf_counter()
    table, made = _states(model, encoded, identity, options, cancelled, told("states"))
    extract_seconds = time.perf_counter() - began if made else 0.0
    work, examples = _prepare(data, encoded, table)
    began = time.perf_counter()
    seeds = list(range(options.seeds))
    settings, device, parts = options.settings, model.device, work.parts
    probes = train(
        table,
        work.gold,
        parts,
        settings,
        seeds=seeds,
        single=work.single,
        device=device,
        cancelled=cancelled,
        progress=told("probes"),
    )
    logits = logits_of(probes, table, parts.test, device=device, cancelled=cancelled)
    control = bits = uniform = mix = seen = None
    if options.controls:
        control = _control(work, options, device, cancelled, told("control"))
        seen = seen_share(work.texts, parts)
        length = code_length(
            table,
            work.gold,
            parts,
            settings,
            single=work.single,
            device=device,
            cancelled=cancelled,
            progress=told("code length"),
        )
        bits, uniform = length.bits, length.uniform
        mix = _mix(work, options, device, cancelled, told("mix"))
    base = scores.majority(work.gold[parts.train], work.gold[parts.test])
    result = ProbeResult(
        identity=identity,
        model=model.info.name,
        model_path=model.info.path,
        base=model.info.base,
        data=data.name,
        data_path=data.path,
        created=now(),
        labels=data.labels,
        spans=data.spans,
        single=work.single,
        examples=examples,
        targets=Counts(len(parts.train), len(parts.dev), len(parts.test)),
        lost_truncated=encoded.lost.truncated,
        lost_untokenised=encoded.lost.untokenised,
        options=options,
        majority=Baseline(base.macro_f1, base.accuracy),
        layers=layer_scores(
            work.gold[parts.test],
            logits,
            data.labels,
            single=work.single,
            control_accuracy=control,
            bits=bits,
        ),
        mix=mix,
        codelength_uniform_bits=uniform,
        control_seen=seen,
        extract_seconds=extract_seconds,
        train_seconds=time.perf_counter() - began,
        peak_memory_bytes=peak.bytes(),
        notes=() if cut is None else (cut,),
    )
    first = {name: weight[:, :1].clone() for name, weight in probes.weights.items()}
    return Probed(result, replace(probes, weights=first))


def _fitting(
    model: LoadedModel,
    data: ProbeData,
    options: ProbeOptions,
    cancelled: Callable[[], bool],
    progress: Progress,
) -> tuple[ProbeData, EncodedProbe, str | None]:
    """Return as many examples as are asked for and as the budget for features has room for.

    With them comes a sentence where that is not all that were asked for.
    """
    cut = None
    whole = len(data.examples)
    data = with_splits(data)
    if options.limit is not None:
        data = limited(data, options.limit)
    progress(0, len(data.examples))
    encoded = encode_probe(data, model, max_tokens=options.max_tokens, cancelled=cancelled)
    each = (model.info.layers + 1) * model.info.hidden_size * 2
    if encoded.rows * each > options.features_bytes:
        share = options.features_bytes / (encoded.rows * each)
        data = limited(data, max(1, int(0.95 * share * len(data.examples))))
        encoded = encode_probe(data, model, max_tokens=options.max_tokens, cancelled=cancelled)
        cut = (
            f"{len(data.examples)} of {whole} examples, spread evenly: the states of all would "
            f"take more than {options.features_bytes / 1e9:.1f} GB"
        )
    progress(len(data.examples), len(data.examples))
    return data, encoded, cut


def _states(
    model: LoadedModel,
    encoded: EncodedProbe,
    identity: ProbeIdentity,
    options: ProbeOptions,
    cancelled: Callable[[], bool],
    progress: Progress,
) -> tuple[SpanStates, bool]:
    """Return the states of all span tokens, from the cache or made now, and whether they were."""
    shape = features.FeatureShape(encoded.rows, model.info.layers + 1, model.info.hidden_size)
    key = features.feature_key(
        weights=identity.weights_sha256,
        random=identity.random,
        dtype=model.info.dtype,
        inputs=encoded.sha256(),
    )
    states = features.cached(key, shape)
    made = states is None
    if states is None:
        states = features.keep(
            key,
            shape,
            lambda write: extract(model, encoded, write, cancelled=cancelled, progress=progress),
            budget=options.features_bytes,
        )
    return SpanStates(states, encoded.spans), made


def _prepare(data: ProbeData, encoded: EncodedProbe, table: SpanStates) -> tuple[_Work, Counts]:
    """Say which labels hold for which target, and which target is in which part."""
    number = {label: place for place, label in enumerate(data.labels)}
    gold = np.zeros((len(encoded.targets), len(data.labels)), dtype=bool)
    texts: list[str] = []
    by_split: dict[str, list[int]] = {"train": [], "dev": [], "test": []}
    examples: dict[str, set[int]] = {name: set() for name in by_split}
    for row, (place, target_place) in enumerate(encoded.targets.tolist()):
        example = data.examples[place]
        target = example.targets[target_place]
        gold[row, [number[label] for label in target.labels]] = True
        texts.append("\n".join(span.of(example.text) for span in target.spans))
        split = example.split or "train"  # all have one by now
        by_split[split].append(row)
        examples[split].add(place)
    parts = Parts(*(np.asarray(by_split[name], dtype=np.int64) for name in by_split))
    for name in ("train", "test"):
        if not by_split[name]:
            raise DataError(
                f"{data.path}: no target is left for {name} of {len(encoded.targets)} in all",
                remedy="more examples or documents",
            )
    single = scores.is_single(gold)
    counts = Counts(*(len(examples[name]) for name in ("train", "dev", "test")))
    return _Work(table, gold, parts, single, tuple(texts)), counts


def _control(
    work: _Work,
    options: ProbeOptions,
    device: torch.device,
    cancelled: Callable[[], bool],
    progress: Progress,
) -> NDArray[np.float64]:
    """Return the accuracy on the control task, ``(layers,)``."""
    labels = control_labels(work.texts, work.gold, work.parts.train, seed=0)
    probes = train(
        work.table,
        labels,
        work.parts,
        options.settings,
        seeds=[0],
        single=work.single,
        device=device,
        cancelled=cancelled,
        progress=progress,
    )
    logits = logits_of(probes, work.table, work.parts.test, device=device, cancelled=cancelled)
    said = scores.predictions(logits[:, 0], single=work.single)
    accuracy: NDArray[np.float64] = (said == labels[work.parts.test]).all(-1).mean(-1)
    return accuracy


def _mix(
    work: _Work,
    options: ProbeOptions,
    device: torch.device,
    cancelled: Callable[[], bool],
    progress: Progress,
) -> MixScore:
    probes = train(
        work.table,
        work.gold,
        work.parts,
        options.settings,
        seeds=list(range(options.seeds)),
        single=work.single,
        mixed=True,
        device=device,
        cancelled=cancelled,
        progress=progress,
    )
    logits = logits_of(probes, work.table, work.parts.test, device=device, cancelled=cancelled)
    said = scores.predictions(logits, single=work.single)
    mix = mix_of(probes)
    return MixScore(
        weights=mix.weights,
        center_of_gravity=mix.center_of_gravity,
        center_of_gravity_std=mix.center_std,
        macro_f1=float(scores.macro_f1(work.gold[work.parts.test], said).mean()),
    )
