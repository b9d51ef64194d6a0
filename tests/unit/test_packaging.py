"""The wheel carries all that the program needs, and works away from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Installed:
    """A clean environment with the package from its wheel; only the dependencies are borrowed."""

    wheel: Path
    folder: Path
    elsewhere: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
        }
        program = self.folder / "bin" / command[0]
        return subprocess.run(
            [str(program), *command[1:]],
            cwd=self.elsewhere,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    base = tmp_path_factory.mktemp("packaging")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", base, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = base.glob("*.whl")
    folder = base / "clean"
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    subprocess.run(
        [*pip, "--python", python, "install", "--no-deps", "--no-index", wheel],
        check=True,
        capture_output=True,
    )
    # Dependencies come from this environment: path files inside a borrowed folder are not read,
    # so that the link to the checkout, which is one, does not come along.
    (site,) = (folder / "lib").glob("python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    elsewhere = base / "elsewhere"
    elsewhere.mkdir()
    return Installed(wheel, folder, elsewhere)


def test_the_wheel_has_the_resources_and_the_licences_and_nothing_of_the_tests(installed):
    names = zipfile.ZipFile(installed.wheel).namelist()
    resources = "bertscope_tui/_resources"
    assert sum(name.startswith(f"{resources}/themes/") for name in names) >= 5
    assert any(name.startswith(f"{resources}/sample_data/stories/") for name in names)
    assert any(name.endswith(".safetensors") for name in names)
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert any(name.endswith("NOTICE") for name in names)
    assert any(name.endswith(".tcss") for name in names)
    top = {name.partition("/")[0] for name in names}
    assert all(name == "bertscope_tui" or name.endswith(".dist-info") for name in top)
    assert not any("__pycache__" in name for name in names)


def test_the_package_is_the_one_from_the_wheel(installed):
    done = installed.run("python", "-c", "import bertscope_tui; print(bertscope_tui.__file__)")
    assert Path(done.stdout.strip()).is_relative_to(installed.folder)


def test_the_installed_command_inspects_the_bundled_sample_from_another_folder(installed):
    done = installed.run("bertscope-tui", "inspect", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["schema"] == "bertscope.inspect/1"
    assert found["model"]["head"] == "span"
    assert found["prediction"]["text"]
    page = installed.run("bertscope-tui", "inspect", "--theme", "paper")
    assert (page.returncode, page.stderr) == (0, "")
    assert "Layer" in page.stdout


def test_the_installed_command_lists_what_came_with_it(installed):
    models = json.loads(installed.run("bertscope-tui", "models", "--json").stdout)["models"]
    datasets = json.loads(installed.run("bertscope-tui", "datasets", "--json").stdout)["datasets"]
    problems = [model["problem"] for model in models if model["source"] == "bundled"]
    assert problems
    assert not any(problems)
    for entry in datasets:
        assert Path(entry["path"]).is_relative_to(installed.folder)
        assert entry["count"] > 0
    found = json.loads(installed.run("bertscope-tui", "doctor", "--json").stdout)
    assert found["problems"] == []
