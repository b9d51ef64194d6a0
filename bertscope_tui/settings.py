"""What the user prefers: the settings file, the environment, and what was typed.

The file is TOML (see `bertscope_tui.paths.config_file`); a variable ``BERTSCOPE_<KEY>`` beats
it, and an option beats both if it was really typed. A file that is broken, or has keys or values
that make no sense, never stops the program: each defect becomes a warning that names the file,
the key and the reason, and everything else in the file is used.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from bertscope_tui import paths
from bertscope_tui.errors import InputError
from bertscope_tui.replacing import replace_text

DTYPES = ("auto", "float32", "bfloat16", "float16")
"""Number types that a network may be asked to compute in."""

_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d{1,3})?")
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What is in force; None means that the program chooses.

    ``max_tokens`` is the length of a window in tokens and ``stride`` the overlap of neighbouring
    windows, both as in `bertscope_tui.engine.scoring.ReadOptions`.
    """

    theme: str | None = None
    model: str | None = None
    dataset: str | None = None
    device: str = "auto"
    dtype: str = "auto"
    ascii: bool = False
    mouse: bool = True
    max_tokens: int | None = None
    stride: int = 128

    def typed(self, **options: Any) -> Settings:
        """Return the settings with every option that was typed (that is not None) in place."""
        return replace(self, **{name: v for name, v in options.items() if v is not None})


@dataclass(frozen=True, slots=True)
class AppOptions:
    """Everything that the app is started with.

    ``model``, ``dataset`` and ``sample`` are None where the bundled ones (the first sample) are
    meant; ``sample`` is an id or ``#N``, counted from one; ``keep_yes_no`` keeps the questions of
    HotpotQA that have no answer in the text. ``screenshot`` asks for a picture of
    the app at ``size`` (columns, rows) in place of a terminal. ``warnings`` are lines about the
    settings that the app should show once.
    """

    model: str | None = None
    dataset: str | None = None
    variant: str | None = None
    keep_yes_no: bool = False
    sample: str | None = None
    theme: str | None = None
    ascii: bool = False
    mouse: bool = True
    device: str = "auto"
    dtype: str = "auto"
    allow_download: bool = False
    allow_pickle: bool = False
    trust_remote_code: bool = False
    max_tokens: int | None = None
    stride: int = 128
    debug: bool = False
    screenshot: Path | None = None
    size: tuple[int, int] = (160, 48)
    warnings: tuple[str, ...] = ()


class _UnfitError(Exception):
    """A value that a key cannot have; the text says what it should be."""


def load_settings(
    path: Path | None = None, environment: Mapping[str, str] | None = None
) -> tuple[Settings, tuple[str, ...]]:
    """Read the file (which need not exist) and the environment; return settings and warnings."""
    path = path or paths.config_file()
    environment = os.environ if environment is None else environment
    warnings: list[str] = []
    found: dict[str, Any] = {}
    for key, value in _read(path, warnings).items():
        check = _CHECKS.get(key)
        if check is None:
            warnings.append(f"{path}: {key}: no such setting (there are {', '.join(_CHECKS)})")
            continue
        try:
            found[key] = check(value)
        except _UnfitError as reason:
            warnings.append(f"{path}: {key}: {reason}; it is left out")
    for key, check in _CHECKS.items():
        variable = f"BERTSCOPE_{key.upper()}"
        text = environment.get(variable)
        if text:
            try:
                found[key] = check(_from_text(key, text))
            except _UnfitError as reason:
                warnings.append(f"environment variable {variable}: {reason}; it is left out")
    return Settings(**found), tuple(warnings)


def save_setting(key: str, value: str | int | bool, path: Path | None = None) -> None:
    """Write one setting into the file, leaving the rest and its comments as they are.

    The file is replaced in one step, so that a crash leaves the old one or the new one. Raises
    InputError for a key or value that makes no sense, or a file that cannot be read or written.
    """
    path = path or paths.config_file()
    check = _CHECKS.get(key)
    if check is None:
        raise InputError(f"no setting {key!r}", remedy=f"there are {', '.join(_CHECKS)}")
    try:
        check(value)
    except _UnfitError as reason:
        raise InputError(f"{key}: {reason}") from reason
    import tomlkit
    from tomlkit.exceptions import ParseError

    target = path.resolve()
    try:
        text = target.read_text("utf-8") if target.exists() else ""
        document = tomlkit.parse(text)
        document[key] = value
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_text(target, tomlkit.dumps(document))
    except (ParseError, UnicodeDecodeError) as exc:
        raise InputError(f"{path}: not TOML, so {key} was not saved: {exc}") from exc
    except OSError as exc:
        raise InputError(f"{path}: {key} was not saved: {exc.strerror or exc}") from exc


def _read(path: Path, warnings: list[str]) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except OSError as exc:
        warnings.append(f"{path}: not readable ({exc.strerror or exc}); no settings are used")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        warnings.append(f"{path}: not TOML ({exc}); no settings are used")
    return {}


def _from_text(key: str, text: str) -> object:
    """Turn the text of an environment variable into what a TOML file would hold."""
    kind = _KINDS[key]
    if "bool" in kind:
        word = text.strip().lower()
        return True if word in _YES else False if word in _NO else text
    if "int" in kind:
        try:
            return int(text)
        except ValueError:
            return text
    return text


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _UnfitError("should be a text in quotes")
    return value


def _yes_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise _UnfitError("should be true or false")
    return value


def _at_least(least: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise _UnfitError(f"should be a whole number from {least} up")
        return value

    return check


def _device(value: object) -> str:
    if not isinstance(value, str) or not _DEVICE.fullmatch(value):
        raise _UnfitError("should be auto, cuda, cuda:0, mps or cpu")
    return value


def _dtype(value: object) -> str:
    if value not in DTYPES:
        raise _UnfitError(f"should be one of {', '.join(DTYPES)}")
    return str(value)


_KINDS = {field.name: str(field.type) for field in fields(Settings)}
_CHECKS: dict[str, Callable[[object], Any]] = {
    "theme": _text,
    "model": _text,
    "dataset": _text,
    "device": _device,
    "dtype": _dtype,
    "ascii": _yes_no,
    "mouse": _yes_no,
    "max_tokens": _at_least(8),
    "stride": _at_least(0),
}
