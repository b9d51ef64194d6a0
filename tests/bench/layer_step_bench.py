"""Key press to changed screen when stepping layers: 512 tokens, 25 layers, in a real terminal.

Prints one JSON object. The times are in milliseconds; ``ratio`` is the median against that of the
smallest program on the same toolkit that repaints a screen of the same size on every key, measured
in the same run on the same machine. Run: ``python -m tests.bench.layer_step_bench [COLUMNSxROWS]``.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

_OFFLINE = {"HF_HUB_OFFLINE": "1"}
_QUIET_S = 0.04
_QUIET_LONG_S = 8.0
_STEPS = 80
_ROOMY, _TO_BOTH = 30, 2
"""Terminals of fewer rows show phases only, until the key is pressed twice."""

REFERENCE = """
from rich.segment import Segment
from textual.app import App
from textual.strip import Strip
from textual.widget import Widget

class Page(Widget):
    count = 0
    def render_line(self, y):
        text = "".join(chr(33 + (x + y + self.count) % 90) for x in range(self.size.width))
        return Strip([Segment(text, self.rich_style)])

class Reference(App):
    def compose(self):
        yield Page()
    def on_key(self, event):
        page = self.query_one(Page)
        page.count += 1
        page.refresh()

Reference().run()
"""


class Terminal:
    """A program in a pseudo-terminal of a given size."""

    def __init__(self, arguments: list[str], size: tuple[int, int]) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(_OFFLINE, TERM="xterm-256color")
            os.environ.pop("COLORTERM", None)
            os.execv(sys.executable, [sys.executable, *arguments])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def read(self, quiet_s: float, limit_s: float) -> tuple[bytes, float | None]:
        """Read until nothing came for a while; return it and when its last byte arrived."""
        data, last, end = b"", None, time.perf_counter() + limit_s
        while time.perf_counter() < end:
            wait = quiet_s if last is not None else limit_s
            ready, _, _ = select.select([self.fd], [], [], wait)
            if not ready:
                break
            data += os.read(self.fd, 1 << 16)
            last = time.perf_counter()
        return data, last

    def step(self, key: bytes) -> tuple[float, int]:
        """Press a key; return milliseconds to the last changed byte, and how many bytes."""
        start = time.perf_counter()
        os.write(self.fd, key)
        data, last = self.read(_QUIET_S, 2.0)
        assert last is not None, "the screen did not change"
        return (last - start) * 1000, len(data)

    def drain(self) -> None:
        """Read until the program is gone."""
        while True:
            try:
                if not os.read(self.fd, 1 << 16):
                    break
            except OSError:
                break
        os.waitpid(self.pid, 0)
        os.close(self.fd)

    def close(self) -> None:
        """End the program."""
        os.kill(self.pid, signal.SIGTERM)
        self.drain()


def build(folder: Path, *, layers: int = 24, tokens: int = 512) -> tuple[Path, Path]:
    """Make a random BERT of that many layers and a sample of that many tokens."""
    import torch
    from transformers import BertConfig, BertForQuestionAnswering, BertTokenizerFast

    words = [f"w{number}" for number in range(200)]
    (folder / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words])
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=205, hidden_size=128, num_hidden_layers=layers, num_attention_heads=4,
        intermediate_size=256, max_position_embeddings=512,
    )  # fmt: skip
    model = folder / "model"
    BertForQuestionAnswering(config).save_pretrained(model)
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(model)
    context = " ".join(words[(7 * number) % 200] for number in range(tokens - 6))
    record = {"id": "one", "question": "w1 w2 w3", "context": context, "answers": ["w7"]}
    data = folder / "data.jsonl"
    data.write_text(json.dumps(record) + "\n")
    return model, data


def probe(model: Path) -> None:
    """Train some probes of the model, so that there is something to ask about the sample."""
    wanted = ["--task", "sup", "--task", "ques", "--limit", "40", "--seeds", "1", "--no-controls"]
    command = [sys.executable, "-m", "bertscope_tui", "probe", "--model", str(model), *wanted]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **_OFFLINE})


def measure(terminal: Terminal, keys: list[bytes]) -> dict[str, float]:
    """Press keys one by one and describe the times."""
    times, sizes = zip(*(terminal.step(key) for key in keys), strict=True)
    ordered = sorted(times)
    return {
        "median_ms": round(statistics.median(times), 2),
        "p95_ms": round(ordered[int(0.95 * (len(ordered) - 1))], 2),
        "bytes": round(statistics.median(sizes)),
    }


def run(size: tuple[int, int]) -> dict[str, object]:
    """Measure the app plain, with a token selected, with strips, and with overlays as well."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, data = build(folder)
        os.environ["BERTSCOPE_CACHE"] = str(folder / "cache")
        os.environ["BERTSCOPE_CONFIG"] = str(folder / "config.toml")
        probe(model)
        app = Terminal(
            ["-m", "bertscope_tui", "--model", str(model), "--dataset", str(data),
             "--max-tokens", "512"], size,
        )  # fmt: skip
        shown = b""
        while not re.search(rb"PC1", shown):
            more, last = app.read(0.5, 30)
            assert last is not None, "the app drew nothing"
            shown += more
        app.read(1.0, 5)
        steps = ([b"h"] * 20 + [b"l"] * 20) * (_STEPS // 40)
        plain = measure(app, steps)
        app.step(b"t")
        app.read(0.3, 2)
        selected = measure(app, steps)
        app.step(b"t")
        for _ in range(_TO_BOTH if size[1] < _ROOMY else 0):
            app.step(b"i")
        app.read(_QUIET_LONG_S, 60)  # phases of 512 tokens in 25 layers take some seconds
        strips = measure(app, steps)
        for key in (b"t", b"c", b"c", b"c", b"a", b"x", b"x", b"A"):
            app.step(key)
            app.read(0.5, 2)
        app.read(1.0, 10)  # the probes' answers
        measure(app, steps)  # so that the clusters of all layers are there
        overlays = measure(app, steps)
        app.close()
        script = folder / "reference.py"
        script.write_text(REFERENCE)
        bare = Terminal([str(script)], size)
        bare.read(0.5, 10)
        reference = measure(bare, [b"x"] * _STEPS)
        bare.close()
    return {
        "bench": "layer_step", "size": f"{size[0]}x{size[1]}", "tokens": 512, "layers": 25,
        "step": plain, "step_with_selection": selected, "step_with_strips": strips,
        "step_with_everything": overlays,
        "reference": reference,
        "ratio": round(plain["median_ms"] / reference["median_ms"], 2),
    }  # fmt: skip


if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 else "160x48"
    columns, rows = wanted.split("x")
    print(json.dumps(run((int(columns), int(rows)))))
