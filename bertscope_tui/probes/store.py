"""Results that are kept: for each model, data set and way of probing one JSON file and the probes.

They lie in ``<cache>/probes``. The probes of the first seed are beside the result, as safetensors
of the same name; they are written first, so that a result that is there is whole. A result is
found again by what it is of (`ProbeIdentity`), so it follows a model or a file that is moved.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING

from bertscope_tui import paths
from bertscope_tui.data.hygiene import clean
from bertscope_tui.errors import InputError, ModelError
from bertscope_tui.evaluation.report import write_aside
from bertscope_tui.models.jsonfile import read_object
from bertscope_tui.models.staging import disk_error, disk_trouble
from bertscope_tui.probes.reading import result_of
from bertscope_tui.probes.records import ProbeIdentity, ProbeResult
from bertscope_tui.probes.report import result_object

if TYPE_CHECKING:
    from torch import Tensor

    from bertscope_tui.probes.run import Probed


ANEW = "probe again with --again; in the app P, then x and a"
"""What to do about a result whose probes are gone."""


def folder() -> Path:
    """Return the folder of the results; it may not be there yet."""
    return paths.cache_dir() / "probes"


def keep(probed: Probed) -> Path:
    """Write a result and its probes and return the file of the result; raises `DiskError`.

    It takes the place of one of the same identity, whatever model and data were called then.
    """
    from safetensors.torch import save_file

    result = probed.result
    place = folder()
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise disk_error(exc, place) from exc
    path = place / _file_name(result)
    aside = path.with_suffix(f".{result.identity.options[:8]}.part")
    try:
        save_file({name: one.contiguous() for name, one in probed.probes.weights.items()}, aside)
        aside.replace(path.with_suffix(".safetensors"))
    except Exception as exc:  # safetensors has errors of its own
        trouble = disk_trouble(exc, place, path)
        if trouble is None:
            raise
        raise trouble from exc
    finally:
        aside.unlink(missing_ok=True)
    write_aside(path, json.dumps(result_object(result), ensure_ascii=False))
    for other in _files(f"*--{_digest(result.identity)}.json"):
        if other != path:  # of the same, when its model or data had another name
            _delete(other)
    return path


def find(identity: ProbeIdentity) -> ProbeResult | None:
    """Return the result of this identity, or None where there is none."""
    for path in _files(f"*--{_digest(identity)}.json"):
        try:
            found = result_of(read_object(path), str(path))
        except ModelError:
            continue  # stored() tells of it
        if found.identity == identity:
            return found
    return None


def stored() -> tuple[list[ProbeResult], list[str]]:
    """Return all results, the newest first, and a line for each file that is none."""
    found: list[ProbeResult] = []
    problems: list[str] = []
    for path in _files("*.json"):
        try:
            found.append(result_of(read_object(path), str(path)))
        except ModelError as error:
            problems.append(error.message)
    return sorted(found, key=lambda one: one.created, reverse=True), problems


def remove(result: ProbeResult) -> None:
    """Delete a result and its probes; raises `DiskError`. One that is gone already is no error.

    The result goes first: whatever is cut short, none is there without its probes.
    """
    _delete(folder() / _file_name(result))


def _delete(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
        path.with_suffix(".safetensors").unlink(missing_ok=True)
    except OSError as exc:
        raise disk_error(exc, path) from exc


def read_weights(result: ProbeResult) -> dict[str, Tensor]:
    """Return the weights of a result's probes, ``(layers, 1, …)``.

    Raises ModelError where they are gone or damaged.
    """
    from safetensors.torch import load_file

    path = (folder() / _file_name(result)).with_suffix(".safetensors")
    try:
        return load_file(path)
    except Exception as exc:  # safetensors has errors of its own
        raise ModelError(f"{clean(str(path))}: cannot be read: {exc}", remedy=ANEW) from exc


def _files(pattern: str) -> list[Path]:
    try:
        return sorted(path for path in folder().glob(pattern) if not path.name.startswith("."))
    except OSError as exc:
        reason = exc.strerror or exc
        raise InputError(f"{clean(str(folder()))}: cannot be read: {reason}") from exc


def _digest(identity: ProbeIdentity) -> str:
    return hashlib.sha256(json.dumps(astuple(identity)).encode()).hexdigest()[:16]


def _file_name(result: ProbeResult) -> str:
    """Name the file so that people can tell what it is, and other models and data differ."""
    names = (result.model, result.identity.task, result.data)
    words = [re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:50] for name in names]
    return f"{words[0].lstrip('.')}--{words[1]}--{words[2]}--{_digest(result.identity)}.json"
