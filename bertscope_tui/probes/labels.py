"""What a result says of its labels at one layer: scores, and which are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bertscope_tui.probes.records import LayerScore, ProbeOptions, ProbeResult
from bertscope_tui.probes.views import TASK_NAMES


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One label at a layer: its F1, None where it occurs nowhere and was never said.

    ``share`` is the part of the test targets that have it, counted over all seeds; None where
    targets can have several labels.
    """

    label: str
    f1: float | None
    share: float | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """Of the targets of each label, the share that is said to be of each: rows are gold labels.

    ``labels`` are the most frequent ones; what is said to be of another is in no column, so that
    a row need not add up to 1. A row without targets is of zeros.
    """

    labels: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...]


def label_rows(result: ProbeResult, layer: int) -> tuple[LabelRow, ...]:
    """Return the labels in the order of the result."""
    score = result.layers[layer]
    counts = _gold_counts(score)
    total = sum(counts)
    return tuple(
        LabelRow(
            label,
            score.per_label.get(label),
            counts[place] / total if total else None,
        )
        for place, label in enumerate(result.labels)
    )


def taken_for(result: ProbeResult, layer: int, label: str) -> tuple[tuple[str, float], ...]:
    """Return what targets of a label are said to be, and how many of them, the most first."""
    confusion = result.layers[layer].confusion
    if confusion is None:
        return ()
    row = confusion[result.labels.index(label)]
    total = sum(row)
    said = [
        (other, count / total) for other, count in zip(result.labels, row, strict=True) if count
    ]
    return tuple(sorted(said, key=lambda pair: -pair[1]))


def confusion_of(result: ProbeResult, layer: int, most: int) -> Confusion | None:
    """Return the confusion of the ``most`` labels that are the most frequent, in their order.

    None where targets can have several labels.
    """
    confusion = result.layers[layer].confusion
    if confusion is None:
        return None
    totals = [sum(row) for row in confusion]
    ranked = sorted(range(len(totals)), key=lambda place: (-totals[place], place))
    kept = sorted(ranked[: max(most, 1)])
    return Confusion(
        tuple(result.labels[place] for place in kept),
        tuple(
            tuple(confusion[row][column] / totals[row] if totals[row] else 0.0 for column in kept)
            for row in kept
        ),
    )


def layer_facts(result: ProbeResult, layer: int) -> list[tuple[str, str]]:
    """Return the scores of a layer and what they are to be held against, as ``(label, text)``."""
    score, majority, best = result.layers[layer], result.majority, result.best
    facts = [
        (
            "macro-F1",
            f"{_percent(score.macro_f1)}{_interval(score)}, "
            f"majority {_percent(majority.macro_f1)}, "
            f"best at layer {best.layer} with {_percent(best.macro_f1)}",
        ),
        (
            "accuracy",
            f"{_percent(score.accuracy)}, majority {_percent(majority.accuracy)}; "
            f"micro-F1 {_percent(score.micro_f1)}",
        ),
    ]
    if score.selectivity is not None and score.control_accuracy is not None:
        facts.append(
            (
                "control",
                f"accuracy {_percent(score.control_accuracy)} on the control task, "
                f"selectivity {_percent(score.selectivity)}",
            )
        )
    if score.codelength_bits is not None:
        bits = f"{score.codelength_bits:,.0f} bits"
        if result.codelength_uniform_bits is not None:
            bits += f", {result.codelength_uniform_bits:,.0f} without a model"
        facts.append(("code", bits))
    return facts + mix_facts(result, layer)


def mix_facts(result: ProbeResult, layer: int | None = None) -> list[tuple[str, str]]:
    """Return what a probe of all layers together says, and the weight of ``layer`` in it."""
    mix = result.mix
    if mix is None:
        return []
    text = f"centre of gravity {mix.center_of_gravity:.2f} (std {mix.center_of_gravity_std:.2f})"
    if layer is not None:
        text += f", this layer's weight {mix.weights[layer]:.2f}"
    return [("mix", f"{text}; macro-F1 {_percent(mix.macro_f1)}")]


def seeds_words(options: ProbeOptions) -> str:
    """Return how many probes each layer had."""
    return f"{options.seeds} seed{'s' if options.seeds > 1 else ''}"


def result_facts(result: ProbeResult) -> list[tuple[str, str]]:
    """Return what a result is of and how it was made, as ``(label, text)``."""
    options, settings = result.options, result.options.settings
    targets, texts, best = result.targets, result.examples, result.best
    lost = result.lost_truncated + result.lost_untokenised
    facts = [
        ("task", f"{TASK_NAMES[result.identity.task]}, {len(result.labels)} labels"),
        ("model", f"{result.model}  {result.model_path}"),
        ("data", f"{result.data}  {result.data_path}"),
        (
            "best",
            f"layer {best.layer}: macro-F1 {_percent(best.macro_f1)}{_interval(best)}, "
            f"majority {_percent(result.majority.macro_f1)}",
        ),
        *mix_facts(result),
        ("targets", f"{targets.train:,}/{targets.dev:,}/{targets.test:,} to train/choose/test"),
        ("texts", f"{texts.train:,}/{texts.dev:,}/{texts.test:,}"),
    ]
    if lost:
        facts.append(
            (
                "lost",
                f"{lost:,} target{'' if lost == 1 else 's'}: "
                f"{result.lost_truncated:,} cut off at the end of the window, "
                f"{result.lost_untokenised:,} without a token",
            )
        )
    facts += [
        ("probes", f"{seeds_words(options)}, pooling {settings.pooling}"),
        (
            "time",
            f"{result.extract_seconds:,.0f} s for states, "
            f"{result.train_seconds:,.0f} s for probes, "
            f"{result.peak_memory_bytes / 1e6:,.0f} MB of memory at most",
        ),
        ("made", result.created),
    ]
    return facts + [("note", note) for note in result.notes]


def _gold_counts(score: LayerScore) -> Sequence[int]:
    if score.confusion is None:
        return [0] * len(score.per_label)
    return [sum(row) for row in score.confusion]


def _interval(score: LayerScore) -> str:
    if score.macro_f1_interval is None:
        return ""
    low, high = score.macro_f1_interval
    return f" ({_percent(low)} to {_percent(high)})"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"
