"""What the tests of the verbs share: a small model, a small data set, and the command itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bertscope_tui.cli.run import run
from tests.tiny_models import tiny_folder

CONTEXT = "Mary carried a basket of pears. John left the kitchen and dropped the apple."
NASTY = "Mary\x1b[31m went\x07 home\u202e now\x9b2J. [bold]John[/bold] stayed."


@dataclass(frozen=True)
class Done:
    """How a run of the command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output as JSON; it must be one object and nothing else."""
        return json.loads(self.out)


@pytest.fixture
def command(capsys, monkeypatch) -> Callable[..., Done]:
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: object) -> Done:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return call


@pytest.fixture
def model() -> Path:
    return tiny_folder("bert")


@pytest.fixture
def bare_model() -> Path:
    return tiny_folder("bert", "")


@pytest.fixture
def yes_no(tmp_path: Path) -> Path:
    """Two HotpotQA questions, the first with an answer in the text, the second a yes/no one."""
    records = [
        {
            "_id": name,
            "question": f"{name}?",
            "answer": answer,
            "context": [["Kim", ["Kim has a cat.", " It naps."]]],
            "supporting_facts": [["Kim", 0]],
        }
        for name, answer in (("pet", "cat"), ("asleep", "yes"))
    ]
    path = tmp_path / "hotpot.json"
    path.write_text(json.dumps(records), "utf-8")
    return path


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Three usable records and two broken ones."""
    start = CONTEXT.index("John")
    sentence = [start, len(CONTEXT)]
    records: list[object] = [
        {
            "id": "apple",
            "question": "Who dropped the apple?",
            "context": CONTEXT,
            "answers": [{"text": "John", "start": start}],
            "supporting": [sentence],
        },
        {"id": "no-context", "question": "Who?", "answers": ["x"]},
        {"id": "nasty", "question": "Where\x1b[2J?", "context": NASTY, "answers": ["home"]},
        {"id": "#1", "question": "What was carried?", "context": CONTEXT, "answers": ["pears"]},
        {"id": "apple", "question": "Again?", "context": CONTEXT, "answers": ["John"]},
    ]
    path = tmp_path / "small.jsonl"
    path.write_text("\n".join(json.dumps(record) for record in records) + "\n", "utf-8")
    return path
