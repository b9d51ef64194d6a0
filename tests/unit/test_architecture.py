"""The arrows between the floors of the package point one way."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_contracts_about_imports_are_kept():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_every_module_of_the_package_stands_on_one_of_the_floors():
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    (floors,) = [one["layers"] for one in contracts if one["type"] == "layers"]
    named = {part.strip() for floor in floors for part in floor.replace(":", "|").split("|")}
    package = ROOT / "bertscope_tui"
    found = {
        f"bertscope_tui.{path.stem}"
        for path in package.iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").exists()
    }
    assert found <= named
