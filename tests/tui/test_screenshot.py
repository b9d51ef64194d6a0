"""``--screenshot``: a picture of the app without a terminal, or the reason why there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tiny_models import tiny_folder
from tests.tui.support import write_jsonl

RECORD = {"id": "a", "question": "Who went?", "context": "Mary went home.", "answers": ["Mary"]}


def take(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command with these arguments; it must end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "bertscope_tui", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env=dict(os.environ),
    )


def test_a_screenshot_is_an_svg_of_the_finished_screen(tmp_path: Path) -> None:
    data, picture = write_jsonl(tmp_path, [RECORD]), tmp_path / "a.svg"
    model = tiny_folder("bert")
    done = take("--model", model, "--dataset", data, "--screenshot", picture, "--size", "100x30")
    assert (done.returncode, done.stdout) == (0, "")
    svg = picture.read_text("utf-8")
    assert svg.startswith("<svg")
    assert "PC1" in svg
    assert "cancels" not in svg


@pytest.mark.parametrize("broken", ["model", "dataset", "sample"])
def test_a_screenshot_of_what_cannot_be_opened_ends_with_one_line(
    tmp_path: Path, broken: str
) -> None:
    given = {"model": tiny_folder("bert"), "dataset": write_jsonl(tmp_path, [RECORD])}
    options = {**given, broken: tmp_path / "nothing-here"}
    picture = tmp_path / "a.svg"
    arguments = [text for name, value in options.items() for text in (f"--{name}", value)]
    done = take(*arguments, "--screenshot", picture)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "nothing-here" in done.stderr
    assert not picture.exists()


def test_a_screenshot_in_a_theme_that_there_is_none_of_ends_with_one_line(tmp_path: Path) -> None:
    done = take("--theme", "nosuch", "--screenshot", tmp_path / "a.svg")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "no theme 'nosuch'" in done.stderr
