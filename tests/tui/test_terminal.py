"""The program in a terminal of its own: whatever ends it, the terminal is left as it was."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from tests.tiny_models import tiny_folder
from tests.tui.support import write_jsonl

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0
"""How long a program may take before the test fails; it takes a fraction of that."""

FIRST_FRAME = b"Tab: next pane"
ENTERED = b"\x1b[?1049h"
LEFT = b"\x1b[?1049l"
MOUSE_OFF = (b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?1015l", b"\x1b[?1006l")
CURSOR_SHOWN = b"\x1b[?25h"

CRASHING = """
from bertscope_tui.tui.screens.inspector import Inspector

def crash(self):
    raise RuntimeError("provoked \\x1b[31m")

Inspector.action_help = crash
"""

STUBBORN = """
import time
from bertscope_tui.inspection import service

def stubborn(*arguments, **named):
    open(MARK, "w").close()
    end = time.monotonic() + 30
    while time.monotonic() < end:
        time.sleep(0.01)

service.Picturing.run = stubborn
"""

START = """
import sys
from bertscope_tui.__main__ import main

sys.exit(main())
"""


class Terminal:
    """A pseudo-terminal of 80x24 with the program in it as the foreground session."""

    def __init__(self, command: list[str]) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.slave = slave
        self.before = termios.tcgetattr(slave)
        self.output = b""

        def take_terminal() -> None:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env={
                **os.environ,
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "PYTHONPATH": str(ROOT),
            },
            preexec_fn=take_terminal,
        )

    def until(self, wanted: bytes) -> None:
        """Read until ``wanted`` was written."""
        end = monotonic() + PATIENCE_S
        while wanted not in self.output:
            assert monotonic() < end, f"waited in vain for {wanted!r}: {self.output[-2000:]!r}"
            assert self._read(), f"ended before {wanted!r}: {self.output[-2000:]!r}"

    def write(self, keys: bytes) -> None:
        """Type."""
        os.write(self.master, keys)

    def end(self) -> int:
        """Wait until the program has ended, reading what it writes, and return its exit code."""
        end = monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert monotonic() < end, f"the program did not end: {self.output[-2000:]!r}"
            self._read()
        while select.select([self.master], [], [], 0)[0] and self._read():
            pass
        return self.process.returncode

    def assert_as_before(self) -> None:
        """Assert that screen, mouse, cursor and line settings are those from before the start."""
        assert self.output.count(ENTERED) == self.output.count(LEFT) == 1
        after = self.output[self.output.index(LEFT) :]
        assert ENTERED not in after
        for sequence in MOUSE_OFF:
            off = self.output.rindex(sequence)
            assert off > self.output.rindex(sequence[:-1] + b"h"), "the mouse is still reported"
        assert self.output.rindex(CURSOR_SHOWN) > self.output.rindex(b"\x1b[?25l")
        assert self.output.rindex(b"\x1b[?2004l") > self.output.rindex(b"\x1b[?2004h")
        assert termios.tcgetattr(self.slave) == self.before

    def close(self) -> None:
        """Let go of the terminal, and end the program if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for descriptor in (self.master, self.slave):
            if descriptor >= 0:
                os.close(descriptor)

    def _read(self) -> bool:
        if not select.select([self.master], [], [], 0.05)[0]:
            return self.process.poll() is None
        try:
            data = os.read(self.master, 65536)
        except OSError as error:
            if error.errno == errno.EIO:
                return False
            raise
        self.output += data
        return bool(data)


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """Return the options that open a tiny model and a data set of three samples."""
    path = write_jsonl(
        tmp_path,
        [
            {"id": f"s{n}", "question": "Who ?", "context": "Mary left the mill.", "answers": []}
            for n in range(3)
        ],
    )
    return ["--model", str(tiny_folder("bert")), "--dataset", str(path), "--device", "cpu"]


class Start:
    """Starts programs in terminals, and sees that none outlives the test."""

    def __init__(self, folder: Path, arguments: list[str]) -> None:
        self._folder = folder
        self._arguments = arguments
        self._terminals: list[Terminal] = []

    def __call__(self, patch: str | None = None, *, until: bytes = FIRST_FRAME) -> Terminal:
        """Start the program, after ``patch`` where one is given, and wait for what it writes."""
        command = [sys.executable, "-m", "bertscope_tui", *self._arguments]
        if patch is not None:
            script = self._folder / "start.py"
            script.write_text(patch + START, encoding="utf-8")
            command = [sys.executable, str(script), *self._arguments]
        terminal = Terminal(command)
        self._terminals.append(terminal)
        terminal.until(until)
        return terminal

    def close(self) -> None:
        """End them all."""
        for terminal in self._terminals:
            terminal.close()


@pytest.fixture
def start(tmp_path: Path, arguments: list[str]) -> Iterator[Start]:
    made = Start(tmp_path, arguments)
    yield made
    made.close()


def test_q_leaves_the_terminal_as_it_was(start: Start) -> None:
    terminal = start()
    terminal.until(b"PC1")
    terminal.write(b"q")
    assert terminal.end() == 0
    terminal.assert_as_before()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_leaves_the_terminal_as_it_was(
    start: Start, number: signal.Signals, code: int
) -> None:
    terminal = start()
    terminal.process.send_signal(number)
    assert terminal.end() == code
    terminal.assert_as_before()


def test_ctrl_c_leaves(start: Start) -> None:
    terminal = start()
    terminal.write(b"\x03")
    assert terminal.end() == 0
    terminal.assert_as_before()


def test_a_crash_leaves_the_terminal_as_it_was_and_one_line(start: Start) -> None:
    terminal = start(CRASHING)
    terminal.write(b"?")
    assert terminal.end() == 1
    terminal.assert_as_before()
    after = terminal.output[terminal.output.index(LEFT) :].decode()
    said = "bertscope-tui: RuntimeError: provoked ␛[31m (--debug shows the trace)\r\n"
    assert after.endswith(said), "the error is the last thing that is written"
    assert "Traceback" not in after


def test_quitting_in_the_middle_of_a_job_does_not_wait_for_it(start: Start, tmp_path: Path) -> None:
    mark = tmp_path / "job began"
    terminal = start(f"MARK = {str(mark)!r}\n" + STUBBORN)
    end = monotonic() + PATIENCE_S
    while not mark.exists():
        assert monotonic() < end
        assert terminal._read(), terminal.output[-2000:]
    began = monotonic()
    terminal.write(b"q")
    assert terminal.end() == 0
    took = monotonic() - began
    print(f"\nquitting in the middle of a job took {took:.2f} s")
    assert took < 5
    terminal.assert_as_before()


def test_a_terminal_that_goes_away_ends_the_program(start: Start) -> None:
    # In the middle of the first frame: what is left of it cannot be written any more.
    terminal = start(until=b"bertscope")
    os.close(terminal.slave)
    os.close(terminal.master)
    terminal.master = terminal.slave = -1
    assert terminal.process.wait(PATIENCE_S) in (129, -signal.SIGHUP)


def test_output_that_is_no_terminal_gets_a_hint_and_no_control_sequence(
    arguments: list[str],
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bertscope_tui", *arguments],
        cwd=ROOT,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"\x1b" not in done.stderr
    assert b"inspect" in done.stderr
    assert b"--help" in done.stderr
