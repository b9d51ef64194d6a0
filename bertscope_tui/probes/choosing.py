"""Which of the results there are belong to a model, and what they are to be compared with."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from bertscope_tui.data.probing.records import PROBE_TASKS
from bertscope_tui.errors import BertscopeError
from bertscope_tui.models.card import read_card, weights_sha256
from bertscope_tui.models.catalog import ModelEntry, find_base
from bertscope_tui.probes.records import ProbeIdentity, ProbeResult


@dataclass(frozen=True, slots=True)
class Lineage:
    """The hashes by which results of a model and of what it was fine-tuned from are found.

    ``own`` is None where the model has no weights to be read, ``base`` where it comes from
    nothing that is known. ``base_name`` is what the card calls the base.
    """

    own: str | None
    base: str | None = None
    base_name: str | None = None


def lineage_of(entry: ModelEntry) -> Lineage:
    """Hash the weights of a model and of its base; that of a base that is gone is on the card.

    Reads whole files, which takes a second for each half gigabyte.
    """
    base = find_base(entry)
    try:
        own = weights_sha256(entry.path)
    except BertscopeError:
        return Lineage(None)  # not a model any more: nothing is of it
    if base is not None:
        return Lineage(own, _sha256(base.path), base.name)
    try:
        card = read_card(entry.path)
    except BertscopeError:
        return Lineage(own)  # a damaged card, which the catalogue tells of
    return Lineage(own) if card is None else Lineage(own, card.base_sha256, card.base)


def of_weights(
    results: Iterable[ProbeResult], sha256: str | None, *, random: bool = False
) -> tuple[ProbeResult, ...]:
    """Return the results of these weights, or of their architecture with ``random`` ones."""
    return tuple(
        one
        for one in results
        if one.identity.weights_sha256 == sha256 and one.identity.random == random
    )


def one_for_each_task(
    results: Iterable[ProbeResult], chosen: Collection[ProbeIdentity] = ()
) -> tuple[ProbeResult, ...]:
    """Return one result of each task, in the paper's order: a ``chosen`` one, else the newest."""
    ordered = sorted(results, key=lambda one: one.created)
    ordered.sort(key=lambda one: one.identity in chosen)
    last = {one.identity.task: one for one in ordered}
    return tuple(last[task] for task in PROBE_TASKS if task in last)


def counterpart(result: ProbeResult, among: Iterable[ProbeResult]) -> ProbeResult | None:
    """Return the result to hold another one against: of the same task and the same data.

    Of several the one that was made in the same way is taken, else the newest.
    """
    alike = [
        one
        for one in among
        if one.identity.task == result.identity.task
        and one.identity.data_sha256 == result.identity.data_sha256
    ]
    same = result.identity.options
    return max(alike, key=lambda one: (one.identity.options == same, one.created), default=None)


def _sha256(folder: Path) -> str | None:
    try:
        return weights_sha256(folder)
    except BertscopeError:
        return None
