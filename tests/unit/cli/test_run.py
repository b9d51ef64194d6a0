"""The command as a process: exit codes, what goes where, interruption, and no terminal."""

from __future__ import annotations

import errno
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from bertscope_tui import __version__, paths
from bertscope_tui.cli.main import root
from bertscope_tui.errors import Cancelled, EngineError
from tests.tiny_models import tiny_folder

PROGRAM = [sys.executable, "-m", "bertscope_tui"]


def test_version_and_help_are_no_errors(command):
    assert command("--version").out == f"bertscope-tui {__version__}\n"
    for verb in (
        (),
        ("inspect",),
        ("evaluate",),
        ("models",),
        ("datasets",),
        ("datasets", "check"),
        ("doctor",),
    ):
        done = command(*verb, "--help")
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("Usage: bertscope-tui")


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("--nonsense",), ("--model",), ("datasets", "check"), ("--size", "big")],
)
def test_bad_usage_is_one_line_and_exit_code_2(command, arguments):
    done = command(*arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("bertscope-tui: ")
    assert "--help" in done.err


def test_options_of_the_app_before_a_verb_are_refused_instead_of_ignored(command):
    done = command("--model", "x", "models")
    assert (done.code, done.out) == (2, "")
    assert "--model" in done.err


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (EngineError("the network\nbroke\x1b[2J", remedy="try less"), 1, "the network broke␛[2J"),
        (KeyboardInterrupt(), 130, ""),
        (Cancelled(), 130, ""),
        (RuntimeError("surprise"), 1, "internal error: RuntimeError: surprise"),
    ],
)
def test_every_way_to_end_has_its_exit_code(command, monkeypatch, error, code, line):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(root.commands["doctor"], "callback", fail)
    done = command("doctor", "--json")
    assert (done.code, done.out) == (code, "")
    assert line in done.err
    assert "Traceback" not in done.err
    assert "\x1b" not in done.err


def test_the_trace_goes_to_the_log_and_with_debug_to_standard_error(command, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("surprise\x1b[2J")

    monkeypatch.setattr(root.commands["doctor"], "callback", fail)
    command("doctor")
    assert "RuntimeError: surprise" in paths.log_file().read_text("utf-8")
    assert "Traceback" in paths.log_file().read_text("utf-8")
    shown = command("doctor", "--debug").err
    assert "Traceback" in shown
    assert "\x1b" not in shown


def test_a_log_that_cannot_be_written_disturbs_nobody(command, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BERTSCOPE_CACHE", str(tmp_path / "file" / "below"))
    done = command("inspect", "--model", tmp_path / "nowhere")
    assert (done.code, done.err.count("\n")) == (2, 1)


def test_without_a_terminal_the_app_gives_a_hint_and_no_control_sequence():
    done = subprocess.run(PROGRAM, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    text = done.stderr.decode()
    assert "\x1b" not in text
    assert text.count("\n") == 1
    for verb in ("inspect", "models", "datasets", "doctor"):
        assert verb in text


def test_output_to_a_pipe_is_enough_to_be_no_terminal():
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(PROGRAM, stdin=theirs, capture_output=True, check=False)
    finally:
        os.close(ours)
        os.close(theirs)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"standard output" in done.stderr


@pytest.mark.parametrize("arguments", ["datasets --json", "doctor", "--help", "--version"])
def test_an_output_that_is_full_is_an_error_of_the_output_in_one_line(arguments):
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*PROGRAM, *arguments.split()], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert done.stderr == (b"bertscope-tui: cannot write the output: No space left on device\n")


def test_a_closed_output_is_an_error_of_the_output_in_one_line(command, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    done = command("datasets", "--json")
    assert done.code == 1
    assert done.err == "bertscope-tui: cannot write the output: standard output is closed\n"


def test_a_disk_that_is_full_elsewhere_is_not_taken_for_the_output(command, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/some/file")

    monkeypatch.setattr(root.commands["doctor"], "callback", fail)
    assert "internal error" in command("doctor").err


def test_a_reader_that_stops_early_is_no_error_to_speak_of():
    script = f"{sys.executable} -m bertscope_tui datasets --json | head -c 1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=False)
    assert (done.stdout, done.stderr) == (b"{", b"")


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.6, 1.2])
def test_interrupting_a_verb_ends_with_130(seconds):
    child = subprocess.Popen(
        [*PROGRAM, "inspect", "--model", str(tiny_folder("bert")), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    time.sleep(seconds)
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=60)
    assert (child.returncode, out) == (130, b"")


@pytest.mark.slow
def test_pages_have_colour_on_a_terminal_only_and_not_with_no_color(tmp_path):
    arguments = [
        *PROGRAM, "inspect", "--model", str(tiny_folder("bert")),
        "--question", "Who?", "--context", "Mary went.",
    ]  # fmt: skip
    for extra, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        environment = {**os.environ, "TERM": "xterm-256color", **extra}
        ours, theirs = pty.openpty()
        child = subprocess.Popen(
            arguments, stdout=theirs, stderr=subprocess.DEVNULL, env=environment
        )
        os.close(theirs)
        parts = []
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            parts.append(part)
        os.close(ours)
        assert child.wait() == 0
        text = b"".join(parts)
        assert b"Tokens" in text
        assert (b"\x1b[" in text) is coloured
