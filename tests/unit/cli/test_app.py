"""What the app is started with: options over environment over file, and what is refused before."""

from __future__ import annotations

import io

import pytest

from bertscope_tui import paths
from bertscope_tui.settings import AppOptions


@pytest.fixture
def started(monkeypatch) -> list[AppOptions]:
    """Stand in for the app and keep what it was started with."""
    calls: list[AppOptions] = []

    def run_app(options: AppOptions) -> int:
        calls.append(options)
        return 7

    monkeypatch.setattr("bertscope_tui.tui.app.run_app", run_app)
    return calls


def test_nothing_typed_leaves_every_choice_to_the_app(command, started, tmp_path):
    picture = tmp_path / "picture.svg"
    assert command("--screenshot", picture).code == 7
    assert started == [AppOptions(screenshot=picture)]


def test_every_option_reaches_the_app(command, started, tmp_path):
    picture = tmp_path / "picture.svg"
    done = command(
        "--model", "m", "--dataset", "d", "--variant", "v", "--keep-yes-no",
        "--sample", "#3", "--theme", "t", "--ascii", "--no-mouse",
        "--device", "cpu", "--dtype", "float32",
        "--allow-download", "--allow-pickle", "--trust-remote-code",
        "--max-tokens", "64", "--stride", "0", "--debug",
        "--screenshot", picture, "--size", "80x24",
    )  # fmt: skip
    assert done.code == 7
    assert started == [
        AppOptions(
            model="m", dataset="d", variant="v", keep_yes_no=True, sample="#3",
            theme="t", ascii=True, mouse=False, device="cpu", dtype="float32",
            allow_download=True, allow_pickle=True, trust_remote_code=True,
            max_tokens=64, stride=0, debug=True, screenshot=picture, size=(80, 24),
        )
    ]  # fmt: skip


def test_an_output_that_lacks_the_markers_is_drawn_in_ascii(
    command, started, tmp_path, monkeypatch
):
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    command("--screenshot", tmp_path / "a.svg")
    assert [options.ascii for options in started] == [True]


def test_settings_count_where_nothing_was_typed_and_their_defects_are_handed_on(
    command, started, tmp_path, monkeypatch
):
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_text('theme = "paper"\nascii = true\nmouse = false\nx = 1\n')
    monkeypatch.setenv("BERTSCOPE_THEME", "contrast")
    command("--screenshot", tmp_path / "a.svg", "--no-ascii")
    (options,) = started
    assert (options.theme, options.ascii, options.mouse) == ("contrast", False, False)
    (warning,) = options.warnings
    assert "x: no such setting" in warning


@pytest.mark.parametrize("size", ["80", "x24", "80x", "axb", "-80x24", "80x24x3", "9999x24", "²x²"])
def test_a_size_that_is_none_is_refused(command, started, tmp_path, size):
    done = command("--screenshot", tmp_path / "a.svg", f"--size={size}")
    assert (done.code, started) == (2, [])
    assert done.err.count("\n") == 1


def test_a_screenshot_into_a_folder_that_is_not_there_is_refused(command, started, tmp_path):
    done = command("--screenshot", tmp_path / "nowhere" / "a.svg")
    assert (done.code, started) == (2, [])
    assert "nowhere" in done.err
