"""Theme files: colours for the screen, and a colour and a glyph for each role of a token.

A theme is one TOML file (`docs/themes.md` describes it). Files are read by hand-written checks
that name the file and the key: what is wrong with a user's theme is said in one line a file, and
never stops the program.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertscope_tui.paths import resources

DEFAULT_THEME = "dusk"
ROLE_KEYS = ("answer", "gold", "question", "fact", "context", "special")
SEQUENCE_LEAST = 8
RAMP_LEAST = 6

_FIELDS = (
    "primary", "secondary", "warning", "error", "success", "accent", "foreground", "background",
    "surface", "panel", "boost",
)  # fmt: skip
_REQUIRED_FIELDS = ("primary", "foreground", "background", "surface", "panel")
_TOP_KEYS = (
    "name", "title", "dark", "ansi", "sequence", "ramp", "colours", "variables", "roles",
)  # fmt: skip
_ROLE_FIELDS = ("colour", "glyph", "ascii")
_MOST_KEYS = 4
_MOST_FAULTS = 3

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_VARIABLE = re.compile(r"[a-z][a-z0-9-]*")
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_PERCENT = re.compile(r"(.+) (100|[0-9]{1,2})%")
_ANSI_BASE = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_ANSI = frozenset(
    ["ansi_default", *(f"ansi_{b}{name}" for b in ("", "bright_") for name in _ANSI_BASE)]
)
_TEXT_STYLES = frozenset(("none", "bold", "dim", "italic", "reverse", "underline", "strike"))


@dataclass(frozen=True, slots=True)
class RoleStyle:
    """How tokens of a role look: a colour, a glyph of one cell, and a glyph for ASCII terminals."""

    colour: str
    glyph: str
    ascii: str


@dataclass(frozen=True, slots=True)
class ThemeSpec:
    """A theme that passed every check.

    ``colours`` has Textual's theme fields (``primary`` … ``boost``) and, beside them, Textual's
    CSS variables. ``sequence`` are colours for sentences, to be used over again when there are
    more; ``ramp`` runs from the first token of a window to the last. Colours are ``"#rrggbb"``
    or, mostly in ``ansi`` themes, names such as ``"ansi_red"``.
    """

    name: str
    title: str
    dark: bool
    ansi: bool
    colours: Mapping[str, str]
    roles: Mapping[str, RoleStyle]
    sequence: tuple[str, ...]
    ramp: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ThemeProblem:
    """What is wrong with a theme file, all in one line.

    ``name`` is what the theme calls itself, and what the file is called where that cannot be
    read; it is empty for a folder that cannot be listed.
    """

    file: Path
    name: str
    reason: str

    def __str__(self) -> str:
        return f"theme file {str(self.file)!r}: {self.reason}"

    def is_about(self, name: str) -> bool:
        """Say whether this may be why there is no theme of this name, or not the one expected."""
        return not self.name or name in (self.name, self.file.stem)


def bundled_themes() -> dict[str, ThemeSpec]:
    """Return the themes that come with the program, by name."""
    return load_themes([resources("themes")])[0]


def load_themes(folders: Iterable[Path]) -> tuple[dict[str, ThemeSpec], list[ThemeProblem]]:
    """Read every ``*.toml`` of the folders: themes by name, and what was wrong.

    A theme of a later folder replaces one of the same name from an earlier one; within a folder
    the second of a name is a problem. A file with an error in it is passed over; one with merely
    an unknown key is reported and used. There is at most one problem a file. Folders that do not
    exist are skipped. Never raises.
    """
    themes: dict[str, ThemeSpec] = {}
    problems: list[ThemeProblem] = []
    for folder in folders:
        here: dict[str, Path] = {}
        for file in _files(folder, problems):
            theme = _read(file, problems)
            if theme is None:
                continue
            if theme.name in here:
                other = here[theme.name].name
                reason = f"passed over: its name {theme.name!r} is also that of {other!r}"
                problems.append(ThemeProblem(file, theme.name, reason))
                continue
            here[theme.name] = file
            themes[theme.name] = theme
    return themes, problems


def _files(folder: Path, problems: list[ThemeProblem]) -> list[Path]:
    try:
        return sorted(file for file in folder.iterdir() if file.suffix == ".toml")
    except FileNotFoundError:
        return []
    except OSError as error:
        problems.append(ThemeProblem(folder, "", error.strerror or "cannot be read"))
        return []


def _read(file: Path, problems: list[ThemeProblem]) -> ThemeSpec | None:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        problems.append(ThemeProblem(file, file.stem, f"passed over: {_unreadable(error)}"))
        return None
    checks = _Checks(content)
    theme = checks.theme()
    if checks.reason:
        name = content.get("name")
        name = name if isinstance(name, str) and name else file.stem
        problems.append(ThemeProblem(file, name, checks.reason))
    return theme


def _unreadable(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or "cannot be read"
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8"
    return f"is not TOML: {' '.join(str(error).split()) or type(error).__name__}"


class _Checks:
    """The checks of one file; what they found is kept in the order of the checks."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content
        self._missing: list[str] = []
        self._faults: list[str] = []
        self._unknown: list[str] = []

    @property
    def broken(self) -> bool:
        """Whether something in the file cannot be used."""
        return bool(self._missing or self._faults)

    @property
    def reason(self) -> str:
        """What is wrong, in one line with the first few of many faults; empty for nothing."""
        said = []
        if self._missing:
            said.append(f"{_first(self._missing, _MOST_KEYS)} missing")
        if self._faults:
            said.append(_first(self._faults, _MOST_FAULTS, "; "))
        if self._unknown:
            said.append(f"unknown and not used: {_first(self._unknown, _MOST_KEYS)}")
        return ("passed over: " if self.broken else "") + "; ".join(said)

    def theme(self) -> ThemeSpec | None:
        """Return the theme, None if the file is broken."""
        content = self._content
        self._only(content, _TOP_KEYS, "")
        name = self._text(content, "name", "")
        if name is not None and not _NAME.fullmatch(name):
            self._bad("name", f"{name!r} is not lower-case letters, digits, '-' and '_'")
        title = self._text(content, "title", "") if "title" in content else name
        dark = self._flag(content, "dark", None)
        ansi = self._flag(content, "ansi", False)
        colours = self._colours()
        colours |= self._variables()
        roles = self._roles()
        sequence = self._list("sequence", SEQUENCE_LEAST)
        ramp = self._list("ramp", RAMP_LEAST)
        if self.broken or name is None or title is None:
            return None
        return ThemeSpec(
            name=name,
            title=title,
            dark=dark,
            ansi=ansi,
            colours=colours,
            roles=roles,
            sequence=sequence,
            ramp=ramp,
        )

    def _bad(self, key: str, reason: str) -> None:
        self._faults.append(f"{key}: {reason}")

    def _only(self, table: Mapping[str, Any], known: Iterable[str], prefix: str) -> None:
        self._unknown.extend(f"{prefix}{_shown(key)}" for key in table if key not in known)

    def _text(self, table: Mapping[str, Any], key: str, prefix: str) -> str | None:
        value = table.get(key)
        if value is None:
            self._missing.append(f"{prefix}{key}")
            return None
        if not isinstance(value, str) or not value or not value.isprintable():
            self._bad(f"{prefix}{key}", f"{_shown(value)} is not a line of text")
            return None
        return value

    def _flag(self, table: Mapping[str, Any], key: str, default: bool | None) -> bool:
        value = table.get(key, default)
        if isinstance(value, bool):
            return value
        if value is None:
            self._missing.append(key)
        else:
            self._bad(key, f"{_shown(value)} is not true or false")
        return False

    def _table(self, table: Mapping[str, Any], key: str, prefix: str = "") -> Mapping[str, Any]:
        value = table.get(key)
        if isinstance(value, dict):
            return value
        if value is None:
            self._missing.append(f"{prefix}{key}")
        else:
            self._bad(f"{prefix}{key}", f"{_shown(value)} is not a table")
        return {}

    def _colour(self, value: object, key: str) -> str:
        if isinstance(value, str) and (_HEX.fullmatch(value) or value in _ANSI):
            return value
        if value is None:
            self._missing.append(key)
        else:
            self._bad(key, f"{_shown(value)} is not '#rrggbb' or an ANSI name")
        return "#000000"

    def _colours(self) -> dict[str, str]:
        table = self._table(self._content, "colours")
        self._only(table, _FIELDS, "colours.")
        wanted = [key for key in _FIELDS if key in table or key in _REQUIRED_FIELDS]
        if not table:
            return {}
        return {key: self._colour(table.get(key), f"colours.{key}") for key in wanted}

    def _variables(self) -> dict[str, str]:
        if "variables" not in self._content:
            return {}
        found = {}
        for key, value in self._table(self._content, "variables").items():
            place = f"variables.{_shown(key)}"
            if not _VARIABLE.fullmatch(key) or key in _FIELDS:
                self._bad(place, "is not the name of a Textual variable")
            elif not isinstance(value, str) or not _is_variable_value(value):
                self._bad(place, f"{_shown(value)} is neither a colour nor a text style")
            else:
                found[key] = value
        return found

    def _roles(self) -> dict[str, RoleStyle]:
        table = self._table(self._content, "roles")
        self._only(table, ROLE_KEYS, "roles.")
        if not table:
            return {}
        roles = {}
        for role in ROLE_KEYS:
            prefix = f"roles.{role}."
            fields = self._table(table, role, "roles.")
            if not fields:
                continue
            self._only(fields, _ROLE_FIELDS, prefix)
            roles[role] = RoleStyle(
                colour=self._colour(fields.get("colour"), f"{prefix}colour"),
                glyph=self._glyph(fields, "glyph", prefix),
                ascii=self._glyph(fields, "ascii", prefix),
            )
        for field in ("glyph", "ascii"):
            self._distinct(roles, field)
        return roles

    def _glyph(self, fields: Mapping[str, Any], key: str, prefix: str) -> str:
        from rich.cells import cell_len

        value = self._text(fields, key, prefix)
        if value is None:
            return ""
        if len(value) != 1 or value == " " or cell_len(value) != 1:
            self._bad(f"{prefix}{key}", f"{value!r} is not one character of one cell")
        elif key == "ascii" and not value.isascii():
            self._bad(f"{prefix}{key}", f"{value!r} is not ASCII")
        return value

    def _distinct(self, roles: Mapping[str, RoleStyle], field: str) -> None:
        taken: dict[str, str] = {}
        for role, style in roles.items():
            glyph = getattr(style, field)
            if glyph and glyph in taken:
                key = f"roles.{role}.{field}"
                self._bad(key, f"{glyph!r} is that of {taken[glyph]!r}; roles must differ")
            taken[glyph] = role

    def _list(self, key: str, least: int) -> tuple[str, ...]:
        value = self._content.get(key)
        if value is None:
            self._missing.append(key)
            return ()
        if not isinstance(value, list):
            self._bad(key, "is not a list of colours")
            return ()
        if len(value) < least:
            self._bad(key, f"has {len(value)} colours where {least} are needed")
        return tuple(self._colour(item, f"{key}[{place}]") for place, item in enumerate(value))


def _first(items: Sequence[str], most: int, between: str = ", ") -> str:
    """Return the first items in a line, and how many there are beyond them."""
    more = len(items) - most
    return between.join(items[:most]) + (f"{between}and {more} more" if more > 0 else "")


def _is_variable_value(value: str) -> bool:
    words = value.split()
    if words and set(words) <= _TEXT_STYLES:
        return True
    share = _PERCENT.fullmatch(value)
    colour = share[1] if share else value
    return bool(_HEX.fullmatch(colour)) or colour in _ANSI


def _shown(value: object) -> str:
    """Return a value as it may be printed: control characters escaped, and not too long."""
    text = value if isinstance(value, str) and _VARIABLE.fullmatch(value) else repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
