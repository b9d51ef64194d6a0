"""What is imported when: the slow libraries wait until they are needed.

Each test imports in a process of its own and looks at what came along; in this process
everything has been imported by some other test.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "sklearn", "scipy", "plotext", "sentencex", "tokenizers")
FOR_SCREENS = ("textual", "rich")


def _imported_by(code: str) -> set[str]:
    program = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def _call(*arguments: str) -> str:
    return (
        "import sys, io\n"
        "from bertscope_tui.cli.run import run\n"
        "out, sys.stdout = sys.stdout, io.TextIOWrapper(io.BytesIO(), encoding='utf-8')\n"
        f"code = run({list(arguments)!r})\n"
        "sys.stdout = out\n"
        "assert code == 0, code"
    )


@pytest.mark.parametrize(
    "code",
    [
        "import bertscope_tui.__main__",
        "import bertscope_tui.cli.main",
        _call("--help"),
        _call("inspect", "--help"),
        _call("evaluate", "--help"),
        _call("scan", "--help"),
        _call("runs", "show", "--help"),
        _call("--version"),
    ],
    ids=[
        "entry",
        "group",
        "help",
        "inspect help",
        "evaluate help",
        "scan help",
        "runs help",
        "version",
    ],
)
def test_help_needs_neither_numbers_nor_networks_nor_screens(code):
    came = _imported_by(code)
    assert not came & {*HEAVY, *FOR_SCREENS, "numpy", "tomlkit"}


@pytest.mark.parametrize(
    "arguments", [("models", "--json"), ("models",), ("models", "show", "stories-bert")]
)
def test_models_are_listed_and_shown_without_opening_any_library_for_networks(arguments):
    assert not _imported_by(_call(*arguments)) & {*HEAVY, "textual", "numpy"}


def test_runs_are_listed_without_any_library_for_networks():
    assert not _imported_by(_call("runs", "--json")) & {*HEAVY, "textual"}


def test_the_table_is_shown_without_any_library_for_networks():
    assert not _imported_by(_call("evaluate", "--table")) & {*HEAVY, "textual"}


@pytest.mark.parametrize("arguments", [("datasets", "--json"), ("datasets",)])
def test_data_sets_are_listed_without_any_library_for_networks(arguments):
    heavy = set(HEAVY) - {"sentencex"}
    assert not _imported_by(_call(*arguments)) & {*heavy, "textual"}


@pytest.mark.parametrize(
    "module",
    [
        "bertscope_tui.inspection.service",
        "bertscope_tui.inspection.views",
        "bertscope_tui.models.catalog",
        "bertscope_tui.models.loading",
        "bertscope_tui.plots.scatter",
        "bertscope_tui.tui.app",
    ],
)
def test_the_first_picture_of_the_app_waits_for_no_slow_library(module):
    assert importlib.util.find_spec(module) is not None
    came = _imported_by(f"import {module}")
    assert not came & set(HEAVY)


def test_nothing_below_the_screens_brings_textual_along():
    came = _imported_by(
        "import bertscope_tui.inspection.service, bertscope_tui.inspection.page\n"
        "import bertscope_tui.plots.scatter, bertscope_tui.cli.main, bertscope_tui.themes"
    )
    assert "textual" not in came
