"""The verbs below ``models``: showing, importing and removing, and where the cache is."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bertscope_tui import paths
from bertscope_tui.cli.model_page import command_line
from bertscope_tui.data.hygiene import clean
from bertscope_tui.models.card import (
    Card,
    CardData,
    DataRecord,
    Point,
    Scores,
    Trial,
    as_object,
    file_record,
    weights_sha256,
    write_card,
)
from tests.models_by_hand import weight_file, write_model


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write_model(tmp_path / "base")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "train data.json"
    path.write_text("some data")
    return path


@pytest.fixture
def card(base: Path, data: Path) -> Card:
    """A card with something in every field."""
    return Card(
        "tuned",
        base="../base",
        base_path=str(base),
        base_sha256=weights_sha256(base),
        head="span",
        architecture="BertForQuestionAnswering",
        preset="squad",
        metric="f1",
        score=0.8791,
        scores=Scores(120, 0.8, 0.8791, None, {"2": 0.5, "15": 1.0, "1": 0.75}),
        data=CardData(
            DataRecord(
                "stories", "babi", "span", "train", ("1", "2"), 900, 3, (file_record(data),)
            ),
            DataRecord("stories", questions=100),
        ),
        settings={"lr": 3e-5, "half": False, "dropout": None, "schedule": "linear"},
        seed=7,
        command=("bertscope-tui", "finetune", "--dataset", str(data), "--name", "it's"),
        history=tuple(
            Point(step, step / 100, 1 / step, step / 10_000, f1=step / 10_000, seconds=step)
            for step in range(100, 5100, 100)
        ),
        grid=(Trial({"lr": 3e-5}, 0.8, 400), Trial({"lr": 5e-5, "seed": 1})),
        steps=5000,
        best_step=4300,
        seconds=7500.0,
        device="cuda:0",
        versions={"python": "3.11.7", "torch": "2.9"},
        created="2026-01-02T03:04:05+00:00",
        licence="Apache-2.0",
        notes=("a note",),
    )


@pytest.fixture
def tuned(card: Card) -> Path:
    folder = write_model(paths.cached_models_dir() / "tuned")
    write_card(folder, card)
    return folder


def test_show_prints_everything_on_the_card(command, tuned, base, data):
    done = command("models", "show", "tuned")
    assert (done.code, done.err) == (0, "")
    for words in (
        "tuned (cache)",
        f"../base, here as {base} with the weights that the training began with",
        "0.8791 (f1)",
        "exact match 0.8000, F1 0.8791, 120 questions",
        "5000, the best at 4300",
        "2 h 5 min on cuda:0",
        "train: stories, babi, span, split train, tasks 1 2, 900 questions, 3 skipped",
        f"unchanged  {data} (9 bytes)",
        "dev: stories, 100 questions",
        "lr        3e-05",
        "half      no",
        "dropout   -",
        "   1 0.7500     2 0.5000    15 1.0000",
        "torch   2.9",
        "2026-01-02T03:04:05+00:00",
        "Apache-2.0",
        "a note",
        f"bertscope-tui finetune --dataset '{data}' --name 'it'\"'\"'s'",
    ):
        assert words in done.out
    assert "accuracy" not in done.out.split("Scores on the dev set")[1].split("Accuracy by")[0]


def test_the_scores_over_time_are_thinned_but_keep_the_best_and_the_last(command, tuned):
    page = command("models", "show", "tuned").out
    section = page.split("Scores on the dev set over time\n")[1].split("\n\n")[0].splitlines()
    steps = [line.replace("*", " ").split()[0] for line in section[1:-1]]
    assert len(steps) in (20, 21)
    assert (steps[0], steps[-1]) == ("100", "5000")
    assert [line.split()[1] for line in section if line.startswith("*")] == ["4300"]
    assert "of 50 points" in section[-1]


def test_show_as_json_has_the_whole_card(command, tuned, card, base, data):
    done = command("models", "show", "tuned", "--json").json
    assert done["schema"] == "bertscope.model/1"
    assert (done["name"], done["source"], done["score"], done["metric"]) == (
        "tuned",
        "cache",
        0.8791,
        "f1",
    )
    assert done["card"] == json.loads(json.dumps(as_object(card)))
    assert done["base_model"] == {"name": "base", "source": "folder", "path": str(base)}
    assert done["base_state"] == "unchanged"
    assert done["files"] == [{"part": "train", "path": str(data), "state": "unchanged"}]


def test_show_says_what_is_not_as_it_was(command, tuned, base, data):
    def states() -> tuple[str, str]:
        done = command("models", "show", "tuned", "--json").json
        return done["files"][0]["state"], done["base_state"]

    data.write_text("same size"[::-1])
    (base / "model.safetensors").write_bytes(weight_file("other"))
    assert states() == ("changed", "changed")
    assert "but with other weights now" in command("models", "show", "tuned").out
    data.write_text("longer than before")
    (base / "model.safetensors").write_bytes(b"")
    assert states() == ("changed", "unreadable")
    data.unlink()
    data.mkdir()
    assert states()[0] == "changed"
    data.rmdir()
    (base / "config.json").unlink()
    assert states() == ("gone", "gone")
    assert "not on this machine" in command("models", "show", "tuned").out


def test_show_of_a_model_without_or_with_a_damaged_card(command, tuned):
    (tuned / "bertscope_card.json").write_text('{"name": "x", "score": 3}')
    done = command("models", "show", "tuned")
    assert done.code == 0
    assert "score is not a number from 0 to 1" in done.out
    found = command("models", "show", "tuned", "--json").json
    assert (found["card"], found["layers"]) == (None, 2)
    assert "bertscope_card.json" in found["problem"]
    (tuned / "bertscope_card.json").unlink()
    assert command("models", "show", tuned).out.endswith("\nno card\n")


def test_a_card_cannot_steer_the_terminal(command, tuned, card):
    nasty = "a\x1b[2Jb\u202ec\x9b"
    hostile = replace(
        card,
        base=nasty,
        device=nasty,
        notes=(nasty,),
        settings={nasty: nasty},
        versions={nasty: nasty},
        command=("x", nasty),
        grid=(Trial({nasty: nasty}),),
        scores=Scores(tasks={nasty: 1.0}),
        data=CardData(DataRecord(nasty)),
    )
    write_card(tuned, hostile)
    for arguments in (("show", "tuned"), ("list",)):
        out = command("models", *arguments).out
        assert clean(out.replace("\n", " ")) == out.replace("\n", " ")


def test_an_unknown_model_is_one_line(command):
    done = command("models", "show", "nothing")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


@given(st.lists(st.text(st.characters(exclude_characters="\x00"), max_size=8), min_size=1))
@example(["\ud800"])
@example(["\udcff"])
def test_a_printed_command_is_taken_by_a_shell_as_it_was(arguments):
    line = command_line(arguments)
    assert clean(line) == line
    if all(clean(word) == word for word in arguments):
        assert shlex.split(line) == list(arguments)


def test_a_printed_command_with_escapes_is_taken_by_bash_as_it_was():
    words = ["a\nb", "it's\x1b[2J", "\\x41\t", "\u202eé", os.fsdecode(b"\xff/x")]
    script = f"printf '%s\\0' {command_line(words)}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    assert done.stdout == b"".join(os.fsencode(word) + b"\0" for word in words)


def test_the_list_has_the_base_in_short(command, tuned):
    page = command("models").out
    (row,) = (line for line in page.splitlines() if line.startswith("tuned "))
    assert row.split()[-2:] == ["0.879", "base"]
    (found,) = (m for m in command("models", "--json").json["models"] if m["name"] == "tuned")
    assert (found["base"], found["metric"]) == ("../base", "f1")


def test_damaged_models_are_listed_with_the_reason_and_hurt_no_other(command, tuned):
    parent = paths.cached_models_dir()
    (parent / "empty").mkdir()
    (parent / "a\x1b[2Jfile").write_text("")
    (write_model(parent / "cut") / "model.safetensors").write_bytes(b"1")
    write_model(parent / ".staging-half-1-0123abcd")
    found = {m["name"]: m["problem"] for m in command("models", "--json").json["models"]}
    assert found["tuned"] is None
    assert found["empty"] == "no config.json"
    assert "cut short" in found["cut"]
    assert "a\x1b[2Jfile" in found
    assert not any("half" in name for name in found)
    page = command("models").out
    assert "! empty: no config.json" in page
    assert "\x1b" not in page


def test_import_lists_shows_and_removes(command, base):
    done = command("models", "import", base, "--name", "mine")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("mine: ")
    again = command("models", "import", base, "--name", "mine", "--json")
    assert (again.code, again.out) == (2, "")
    assert "--force replaces it" in again.err
    forced = command("models", "import", base, "--name", "mine", "--force", "--json").json
    assert (forced["schema"], forced["name"]) == ("bertscope.model/1", "mine")
    assert forced["card"]["notes"][0] == f"imported from {base}"
    assert "mine" in {m["name"] for m in command("models", "--json").json["models"]}
    gone = command("models", "remove", "mine", "--yes", "--json").json
    assert (gone["name"], gone["removed"]) == ("mine", True)
    assert not (paths.cached_models_dir() / "mine").exists()


def test_import_of_what_is_nowhere_says_how_to_ask_the_hub(command):
    done = command("models", "import", "somebody/bert")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "--allow-download" in done.err


def test_import_leaves_the_signals_as_they_were(command, base):
    before = signal.getsignal(signal.SIGINT)
    command("models", "import", base)
    command("models", "import", base)
    assert signal.getsignal(signal.SIGINT) is before


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_remove_asks_on_a_terminal(command, tuned, monkeypatch):
    for answer, code in (("n\n", 1), ("\n", 1), ("", 130)):
        monkeypatch.setattr(sys, "stdin", _Terminal(answer))
        done = command("models", "remove", "tuned")
        assert (done.code, done.out) == (code, "")
        assert "Remove tuned (" in done.err
        assert tuned.exists()
    monkeypatch.setattr(sys, "stdin", _Terminal("y\n"))
    done = command("models", "remove", "tuned")
    assert (done.code, done.out) == (0, "tuned: removed\n")
    assert not tuned.exists()


def test_remove_without_a_terminal_needs_yes(command, tuned, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    done = command("models", "remove", "tuned")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "--yes" in done.err
    assert tuned.exists()


@pytest.mark.parametrize("name", ["stories-bert", "nothing", "../models/tuned", ""])
def test_only_cached_models_are_removed(command, tuned, name):
    done = command("models", "remove", name, "--yes")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert tuned.exists()


@pytest.mark.parametrize("place", ["before", "behind", "last"])
def test_the_cache_folder_can_be_typed_anywhere(command, tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "own" / "models" / "elsewhere")
    option = ("--cache-dir", "own")
    done = {
        "before": lambda: command(*option, "models", "list", "--json"),
        "behind": lambda: command("models", *option, "list", "--json"),
        "last": lambda: command("models", "list", "--json", *option),
    }[place]()
    assert "elsewhere" in {model["name"] for model in done.json["models"]}
    assert os.environ["BERTSCOPE_CACHE"] == str(tmp_path / "own")


def test_doctor_takes_the_cache_folder(command, tmp_path):
    done = command("doctor", "--cache-dir", tmp_path / "own", "--json")
    assert done.json["caches"]["cache"]["path"] == str(tmp_path / "own")


def test_a_cache_that_cannot_be_written_is_one_line(command, base, tmp_path):
    (tmp_path / "file").write_text("")
    done = command("models", "import", base, "--cache-dir", tmp_path / "file")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert "cannot be written" in done.err
