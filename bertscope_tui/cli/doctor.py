"""The verb ``doctor``: what this machine, this installation and this terminal can do.

It looks, and never fails for what it finds: a missing torch is an answer like any other.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from bertscope_tui import __version__, paths
from bertscope_tui.cli import options
from bertscope_tui.cli.output import speaks_unicode, write_json, write_text

SCHEMA = "bertscope.doctor/1"
PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "huggingface_hub",
    "textual",
    "rich",
    "plotext",
    "click",
    "platformdirs",
    "numpy",
    "scipy",
    "sentencex",
    "tomlkit",
)
_LITTLE_MEMORY = 2 * 10**9
_SMALLEST = (60, 20)


@dataclass(slots=True)
class Findings:
    """What was found; ``problems`` are dictionaries of ``where``, ``what`` and ``remedy``."""

    packages: dict[str, str | None] = field(default_factory=dict)
    devices: list[dict[str, Any]] = field(default_factory=list)
    caches: dict[str, dict[str, Any]] = field(default_factory=dict)
    terminal: dict[str, Any] = field(default_factory=dict)
    problems: list[dict[str, str | None]] = field(default_factory=list)

    def complain(self, where: str, what: str, remedy: str | None = None) -> None:
        """Note a problem and what to do about it."""
        self.problems.append({"where": where, "what": what, "remedy": remedy})


@click.command(short_help="Look at torch, devices, caches and the terminal.")
@options.cache_dir
@options.as_json
@options.debug
def doctor(as_json: bool, debug: bool) -> None:
    """Look at torch, devices, memory, caches and the terminal, and say what to mend."""
    found = examine()
    if as_json:
        write_json(
            {
                "schema": SCHEMA,
                "version": __version__,
                "python": sys.version.split()[0],
                "packages": found.packages,
                "devices": found.devices,
                "caches": found.caches,
                "terminal": found.terminal,
                "problems": found.problems,
            }
        )
    else:
        write_text(_page(found))


def examine() -> Findings:
    """Look at everything."""
    found = Findings()
    _look_at_packages(found)
    _look_at_devices(found)
    _look_at_files(found)
    _look_at_terminal(found)
    return found


def _look_at_packages(found: Findings) -> None:
    from importlib.metadata import PackageNotFoundError, version

    for name in PACKAGES:
        try:
            found.packages[name] = version(name)
        except PackageNotFoundError:
            found.packages[name] = None
            found.complain(name, "not installed", "install the program again: pip install .")


def _look_at_devices(found: Findings) -> None:
    total, free = _main_memory()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found.devices.append(
        {"name": "cpu", "what": f"{cores} cores", "total_bytes": total, "free_bytes": free}
    )
    if free is not None and free < _LITTLE_MEMORY:
        found.complain(
            "memory",
            f"{free / 1e9:.1f} GB free",
            "close other programs, or stay with small models",
        )
    if found.packages.get("torch") is None:
        return
    try:
        found.devices.extend(_accelerators())
    except Exception as error:  # a broken installation of torch fails in many ways
        found.complain(
            "torch",
            f"cannot be used: {type(error).__name__}: {error}",
            "install torch again, for this machine's device",
        )


def _accelerators() -> Iterator[dict[str, Any]]:
    import torch

    for number in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        free, total = torch.cuda.mem_get_info(number)
        yield {
            "name": f"cuda:{number}",
            "what": torch.cuda.get_device_name(number),
            "total_bytes": int(total),
            "free_bytes": int(free),
        }
    if torch.backends.mps.is_available():
        yield {"name": "mps", "what": "Apple GPU", "total_bytes": None, "free_bytes": None}


def _main_memory() -> tuple[int | None, int | None]:
    """Return total and free bytes of main memory, None where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        sizes = {
            name: int(rest.split()[0]) * 1024 for name, _, rest in (x.partition(":") for x in lines)
        }
        return sizes.get("MemTotal"), sizes.get("MemAvailable")
    except (OSError, ValueError, IndexError):
        pass
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        return page * os.sysconf("SC_PHYS_PAGES"), None
    except (AttributeError, ValueError, OSError):
        return None, None


def _look_at_files(found: Findings) -> None:
    from bertscope_tui.errors import BertscopeError
    from bertscope_tui.inspection.choice import dataset_path, model_entry, theme_folders
    from bertscope_tui.models.places import hub_cache
    from bertscope_tui.settings import load_settings
    from bertscope_tui.themes import load_themes

    cache = paths.cache_dir()
    for name, path in (
        ("cache", cache),
        ("huggingface", hub_cache()),
        ("log", paths.log_file()),
        ("settings", paths.config_file()),
    ):
        found.caches[name] = {"path": str(path), "exists": path.exists(), "bytes": _size(path)}
    ground = next(folder for folder in (cache, *cache.parents) if folder.exists())
    found.caches["cache"]["free_bytes"] = shutil.disk_usage(ground).free
    if not os.access(ground, os.W_OK | os.X_OK):
        found.complain(str(cache), "cannot be written", "set BERTSCOPE_CACHE to another folder")
    for warning in load_settings()[1]:
        found.complain("settings", warning, "mend or delete the line")
    for problem in load_themes(theme_folders())[1]:
        found.complain("themes", str(problem), "mend or delete the file")
    try:
        entry = model_entry(None)
        if entry.problem is not None:
            found.complain(f"bundled model {entry.name}", entry.problem, "install again")
        dataset_path(None)
    except BertscopeError as error:
        found.complain("bundled files", error.message, "install the program again")


def _size(path: Path) -> int:
    """Return the bytes of a file or of everything below a folder, links not followed."""
    try:
        if not path.is_dir():
            return path.lstat().st_size
    except OSError:
        return 0
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except OSError:  # gone since it was listed
                continue
    return total


def _look_at_terminal(found: Findings) -> None:
    environment = os.environ
    is_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    size = shutil.get_terminal_size((0, 0)) if is_terminal else None
    encoding = getattr(sys.stdout, "encoding", None)
    found.terminal = {
        "is_terminal": is_terminal,
        "term": environment.get("TERM"),
        "colorterm": environment.get("COLORTERM"),
        "colours": _colours(),
        "no_color": bool(environment.get("NO_COLOR")),
        "columns": size.columns if size else None,
        "rows": size.lines if size else None,
        "encoding": encoding,
        "locale": environment.get("LC_ALL")
        or environment.get("LC_CTYPE")
        or environment.get("LANG"),
        "unicode": speaks_unicode(),
        "multiplexer": "tmux"
        if "TMUX" in environment
        else "screen"
        if "STY" in environment
        else None,
        "ssh": "SSH_CONNECTION" in environment,
    }
    if not speaks_unicode():
        found.complain(
            "terminal",
            f"encoding {encoding} lacks the markers",
            "choose a UTF-8 locale, such as LANG=C.UTF-8, and unset PYTHONIOENCODING",
        )
    if not is_terminal:
        return
    if environment.get("TERM", "dumb") == "dumb":
        found.complain(
            "terminal", "TERM is not set or says dumb", "set TERM, for instance to xterm-256color"
        )
    if size is not None and (size.columns < _SMALLEST[0] or size.lines < _SMALLEST[1]):
        found.complain(
            "terminal",
            f"{size.columns}x{size.lines} is too small for the app",
            f"make it {_SMALLEST[0]}x{_SMALLEST[1]} at least",
        )


def _colours() -> str:
    """Return how many colours the environment promises: ``none``, 16, 256 or 16 million."""
    term = os.environ.get("TERM", "")
    if os.environ.get("NO_COLOR") or term in ("", "dumb"):
        return "none"
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith(
        "-direct"
    ):
        return "16 million"
    return "256" if "256" in term else "16"


def _page(found: Findings) -> str:
    from bertscope_tui.data.hygiene import clean

    lines = [f"bertscope-tui {__version__}, Python {sys.version.split()[0]}, {sys.platform}", ""]
    lines.append("Packages")
    lines.extend(f"  {name:<16} {number or 'missing'}" for name, number in found.packages.items())
    lines.extend(["", "Devices"])
    for device in found.devices:
        memory = " of ".join(
            f"{size / 1e9:.1f} GB{word}"
            for size, word in ((device["free_bytes"], " free"), (device["total_bytes"], ""))
            if size is not None
        )
        lines.append(f"  {device['name']:<16} {device['what']}{', ' + memory if memory else ''}")
    lines.extend(["", "Files"])
    for name, entry in found.caches.items():
        size = f"{entry['bytes'] / 1e6:.1f} MB" if entry["exists"] else "not there yet"
        lines.append(f"  {name:<16} {entry['path']} ({size})")
    lines.extend(["", "Terminal"])
    for name, value in found.terminal.items():
        word = {True: "yes", False: "no", None: "-"}.get(value, value)
        lines.append(f"  {name.replace('_', ' '):<16} {word}")
    lines.extend(["", "Problems" if found.problems else "No problems found."])
    for problem in found.problems:
        lines.append(f"  {problem['where']}: {problem['what']}")
        if problem["remedy"]:
            lines.append(f"    {problem['remedy']}")
    return "\n".join(map(clean, lines))
