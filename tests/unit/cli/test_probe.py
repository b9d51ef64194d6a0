"""The verb ``probe``: scores of every layer, kept and shown again."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from bertscope_tui.probes import store


@pytest.fixture
def typed(tmp_path):
    """Questions whose type a small network can tell from their first word."""
    words = {"HUM:ind": "Who", "LOC:city": "Where", "NUM:date": "When"}
    names = ["Mary", "John", "the lantern", "the apple", "the mill", "the garden", "honey", "bread"]
    path = tmp_path / "questions.label"
    path.write_text(
        "".join(
            f"{label} {word} {verb} {name} ?\n"
            for verb in ("is", "was", "left", "opened")
            for name in names
            for label, word in words.items()
        ),
        encoding="latin-1",
    )
    return path


def probe(command, model, data, *more):
    return command(
        "probe", "--model", model, "--task", "ques", "--data", data, "--seeds", 2,
        "--device", "cpu", *more,
    )  # fmt: skip


def test_every_layer_is_scored_with_what_it_has_to_beat(command, model, typed):
    done = probe(command, model, typed, "--json")
    assert done.code == 0, done.err
    found = done.json
    assert found["schema"] == "bertscope.probe/1"
    (result,) = found["results"]
    assert (result["task"], result["labels"]) == ("ques", ["HUM", "LOC", "NUM"])
    assert sum(result["examples"].values()) == 96
    assert (result["lost_spans"], result["seeds"], result["pooling"]) == (0, 2, "attention")
    assert [layer["layer"] for layer in result["layers"]] == [0, 1, 2]
    for layer in result["layers"]:
        assert 0 <= layer["macro_f1"] <= 1
        assert set(layer["per_label"]) == {"HUM", "LOC", "NUM"}
        assert layer["codelength_bits"] > 0
        assert layer["selectivity"] == pytest.approx(
            layer["accuracy"] - layer["control_accuracy"], abs=1e-6
        )
    assert max(layer["macro_f1"] for layer in result["layers"]) > result["majority"]["macro_f1"]
    assert sum(result["mix"]["weights"]) == pytest.approx(1, abs=1e-5)
    assert 0 <= result["mix"]["center_of_gravity"] <= 2
    assert result["peak_memory_bytes"] > 0


def test_what_was_probed_before_is_shown_again_and_the_same_seed_gives_the_same(
    command, model, typed
):
    first = probe(command, model, typed, "--no-controls", "--json").json["results"]
    again = probe(command, model, typed, "--no-controls", "--json").json["results"]
    assert again == first
    anew = probe(command, model, typed, "--no-controls", "--again", "--json").json["results"]
    scores = [[layer["macro_f1"] for layer in one[0]["layers"]] for one in (first, anew)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)


def test_the_page_names_task_layers_and_scores(command, model, typed):
    done = probe(command, model, typed, "--no-controls")
    assert done.code == 0
    assert "question type" in done.out
    assert "\x1b" not in done.out


def test_data_of_another_task_is_refused_in_one_line(command, model, typed):
    done = command("probe", "--model", model, "--task", "rel", "--data", typed, "--device", "cpu")
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert "ques" in done.err or "question" in done.err


def test_each_task_has_its_data_or_else_the_bundled_ones(command, model, typed):
    few = ("--limit", 40, "--seeds", 1, "--no-controls", "--device", "cpu")
    done = command("probe", "--model", model, "--task", "nel", "--task", "sup", *few, "--json")
    assert done.code == 0, done.err
    assert [one["task"] for one in done.json["results"]] == ["nel", "sup"]
    assert {one["pooling"] for one in done.json["results"]} == {"attention"}
    wrong = command(
        "probe", "--model", model, "--task", "nel", "--task", "ques", "--task", "rel",
        "--data", typed, "--data", typed, *few,
    )  # fmt: skip
    assert wrong.code == 2
    assert "one --data for each --task" in wrong.err


def test_random_weights_are_probed_beside_the_model(command, model, typed):
    done = probe(command, model, typed, "--no-controls", "--random-weights", "--json")
    first, second = done.json["results"]
    assert (first["random_weights"], second["random_weights"]) == (False, True)
    assert second["model"] == f"{first['model']} (random weights)"
    assert second["data"] == first["data"]


def test_settings_change_what_is_probed_and_not_what_was(command, model, typed):
    one = probe(command, model, typed, "--no-controls", "--pooling", "mean", "--json").json
    two = probe(command, model, typed, "--no-controls", "--pooling", "ends", "--json").json
    assert [found["results"][0]["pooling"] for found in (one, two)] == ["mean", "ends"]
    assert len(store.stored()[0]) == 2
    fine = probe(command, model, typed, "--no-controls", "--fine", "--json").json
    assert fine["results"][0]["labels"] == ["HUM:ind", "LOC:city", "NUM:date"]


@pytest.mark.parametrize(
    ("option", "value"),
    [("--seeds", 0), ("--pooling", "sum"), ("--task", "pos"), ("--features-gb", 0)],
)
def test_values_that_make_no_sense_are_bad_arguments(command, model, typed, option, value):
    done = command("probe", "--model", model, "--data", typed, option, value)
    assert done.code == 2
    assert done.out == ""


def test_ctrl_c_stops_within_a_task_and_keeps_those_before(model, typed, tmp_path):
    many = tmp_path / "many.label"
    lines = typed.read_text("latin-1").splitlines()
    many.write_text("".join(f"{line} {n}\n" for n in range(40) for line in lines), "latin-1")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bertscope_tui", "probe", "--model", model, "--task", "ques",
         "--data", typed, "--data", many, "--seeds", "8", "--no-controls", "--device", "cpu",
         "--json"],
        stderr=theirs, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    try:
        deadline = time.monotonic() + 120
        while b"2/2" not in seen and time.monotonic() < deadline:
            seen += os.read(ours, 65536)
        process.send_signal(signal.SIGINT)
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # the other end was closed
                break
            if not chunk:
                break
            seen += chunk
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert process.returncode == 130
    assert out == b""
    assert b"goes on from there" in seen
    assert [one.data for one in store.stored()[0]] == ["questions"]


def test_names_that_would_steer_the_terminal_are_shown(command, model, tmp_path):
    path = tmp_path / "odd.jsonl"
    records = [
        {
            "id": f"q{place}", "task": "ques", "document": f"d{place}",
            "split": ("train", "dev", "test")[place % 3],
            "text": "Who left ?", "targets": [{"spans": [[0, 8]], "labels": [label]}],
        }
        for place, label in enumerate(["a\x1b[31m", "b"] * 6)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    done = command(
        "probe", "--model", model, "--data", path, "--no-controls", "--seeds", 1,
        "--device", "cpu",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "\x1b" not in done.out + done.err
