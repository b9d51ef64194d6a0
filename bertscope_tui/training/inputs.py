"""What a training was begun with: one that goes on must find the same, or it is another training.

``inputs.json`` in the folder of a run has the hashes of the base's weights and of the data files as
they were before the first step, and the number of processes. The card has them from there: days
may pass until it is written, and files may change.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bertscope_tui.errors import InputError
from bertscope_tui.models.card import FileRecord, data_records, weights_sha256
from bertscope_tui.training.plan import DAMAGE, Plan, record
from bertscope_tui.training.runs import write_json

_INPUTS: Final = "inputs.json"
_ANEW: Final = "put back what it was, or begin anew with --force"


@dataclass(frozen=True, slots=True)
class Inputs:
    """The base's folder and the hash of its weights, the data files (those of ``dev`` are those
    of ``train`` where a part of it is held out), and how many processes share a step."""

    base_path: str
    base_sha256: str
    processes: int
    train: tuple[FileRecord, ...]
    dev: tuple[FileRecord, ...]


def settle_inputs(folder: Path, plan: Plan, base: Path, processes: int) -> Inputs:
    """Write down what the run in ``folder`` begins with, or hold it against what was written.

    ``base`` is the folder of the base model. Raises InputError, naming what has changed, where
    the run was begun with something else.
    """
    train = data_records(Path(plan.train.path))
    dev = train if plan.dev is None else data_records(Path(plan.dev.path))
    found = Inputs(str(base.absolute()), weights_sha256(base), processes, train, dev)
    before = read_inputs(folder)
    if before is None:
        write_json(folder / _INPUTS, asdict(found))
        return found
    if found.base_sha256 != before.base_sha256:
        raise InputError(
            f"{base}: other weights than those that training {plan.name} began with", remedy=_ANEW
        )
    if processes != before.processes:
        raise InputError(
            f"training {plan.name} began with {before.processes} processes, this is {processes}",
            remedy="start as many as before, or begin anew with --force",
        )
    for now, then in ((found.train, before.train), (found.dev, before.dev)):
        changed = sorted({one.path for one in set(now) ^ set(then)})
        if changed:
            raise InputError(
                f"{changed[0]}: not what it was when training {plan.name} began", remedy=_ANEW
            )
    return before


def read_inputs(folder: Path) -> Inputs | None:
    """Return what a run was begun with, None before its first step; InputError if damaged."""
    path = folder / _INPUTS
    try:
        content = json.loads(path.read_text("utf-8"))
        for part in ("train", "dev"):
            content[part] = tuple(record(FileRecord, one) for one in content[part])
        inputs: Inputs = record(Inputs, content)
    except FileNotFoundError:
        return None
    except (OSError, *DAMAGE) as exc:
        raise InputError(
            f"{path}: cannot be read ({exc})", remedy="begin anew with --force"
        ) from exc
    return inputs
