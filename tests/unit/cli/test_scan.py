"""The verbs ``scan`` and ``runs``: what they print, keep, refuse, and how they stop."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bertscope_tui.analysis.failures import KINDS
from bertscope_tui.scans.locking import store_path
from bertscope_tui.scans.records import Mark
from bertscope_tui.scans.store import Store, is_running, lock
from tests.permissions import needs_permissions
from tests.tiny_models import tiny_folder
from tests.unit.data.test_parts import FILES, story
from tests.unit.scans.made import dump

FIELDS = {
    *("schema", "run", "model", "dataset", "count", "skipped", "exact_match", "f1", "accuracy"),
    *("failures", "layers", "confidence_auroc", "errors", "seconds", "samples_per_second"),
    *("tokens_per_second", "resumed_from"),
}
SIGNALS = {
    *("fact_match", "predicted_match", "answer_separation", "gold_separation", "homogeneity"),
    "lens_correct",
}


@pytest.fixture
def scan(command, model, dataset):
    """Scan the small data set, with more options if any."""

    def call(*more: object):
        return command("scan", "--model", model, "--dataset", dataset, *more)

    return call


@pytest.fixture
def stories(tmp_path: Path) -> Path:
    folder = tmp_path / "tales"
    folder.mkdir()
    for name, answers in FILES.items():
        (folder / name).write_text(story(answers), "utf-8")
    return folder


def test_a_scan_is_printed_as_one_object(scan, model):
    done = scan("--json")
    found = done.json
    assert done.code == 0
    assert found["schema"] == "bertscope.scan/1"
    assert set(found) >= FIELDS
    assert (found["run"], found["model"], found["dataset"]) == (
        f"{model.name}-small",
        model.name,
        "small",
    )
    assert (found["count"], found["skipped"], found["errors"]) == (3, 2, [])
    assert set(found["failures"]) == set(KINDS)
    assert [one["layer"] for one in found["layers"]] == [0, 1, 2]
    for one in found["layers"]:
        assert set(one["signals"]) >= SIGNALS
        assert all(set(pair) == {"right", "wrong"} for pair in one["signals"].values())
        assert {"error_auroc", "error_auroc_interval"} <= set(one)
    assert "2 records skipped" in done.err
    assert "3 samples" in done.err


def test_scores_are_those_of_evaluate(command, model, dataset, stories, yes_no):
    for data, more in ((dataset, ()), (stories, ("--split", "test")), (yes_no, ("--keep-yes-no",))):
        arguments = ("--model", model, "--dataset", data, *more, "--json")
        scanned, evaluated = (command(verb, *arguments).json for verb in ("scan", "evaluate"))
        for name in ("exact_match", "f1", "accuracy", "skipped"):
            assert scanned[name] == evaluated[name], (data, name)


def test_predictions_are_those_of_evaluate(command, scan, model, dataset, tmp_path):
    out = tmp_path / "answers.json"
    command("evaluate", "--model", model, "--dataset", dataset, "--predictions", out)
    run = scan("--json").json["run"]
    rows = command("runs", "export", run, "--format", "jsonl").out.splitlines()
    found = {row["id"]: row["prediction"] for row in map(json.loads, rows)}
    assert found == json.loads(out.read_text("utf-8"))


def test_the_same_command_again_runs_nothing_and_force_begins_anew(scan):
    first = scan("--json").json
    again = scan("--json")
    assert again.json == first
    anew = scan("--json", "--force").json
    assert anew["seconds"] != first["seconds"]
    assert anew["exact_match"] == first["exact_match"]


def test_another_model_or_other_data_of_the_name_are_refused(command, scan, model, dataset):
    assert scan("--name", "mine").code == 0
    other = tiny_folder("roberta")
    done = command("scan", "--model", other, "--dataset", dataset, "--name", "mine")
    assert (done.code, done.out) == (2, "")
    assert "weights have changed" in done.err
    assert "--force" in done.err
    for option in (("--limit", 1), ("--stride", 9), ("--max-tokens", 64)):
        done = scan("--name", "mine", *option)
        assert (done.code, "cannot go on" in done.err) == (2, True), option
    dataset.write_text(dataset.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    assert "files have changed" in scan("--name", "mine").err
    assert scan("--name", "mine", "--force").code == 0


def test_skipped_records_count_where_it_is_strict(scan):
    assert scan("--strict").code == 3
    assert scan().code == 0


def test_bad_arguments_are_told_in_one_line(command, scan, bare_model, dataset):
    for bad in (("--name", "../x"), ("--limit", 0), ("--vectors-budget", -1), ("--task", "two")):
        done = scan(*bad)
        assert (done.code, done.out) == (2, ""), bad
        assert len(done.err.splitlines()) == 1, done.err
    done = command("scan", "--model", bare_model, "--dataset", dataset)
    assert (done.code, "no question-answering head" in done.err) == (2, True)
    assert not store_path().exists()


def test_pages_show_nothing_raw(command, scan):
    done = scan()
    run = command("runs", "--json").json["runs"][0]["run"]
    export = command("runs", "export", run, "--format", "md")
    for text in (done.out, done.err, command("runs", "show", run).out, export.out):
        assert "\x1b" not in text
        assert "\u202e" not in text


# -- the verb runs ---------------------------------------------------------------------------------


def test_runs_are_listed_shown_and_removed(command, scan):
    assert command("runs").out.startswith("no runs")
    assert command("runs", "list", "--json").json == {"schema": "bertscope.runs/1", "runs": []}
    assert not store_path().exists(), "looking makes no store"
    scan("--name", "one")
    scan("--name", "two", "--limit", 2)
    found = command("runs", "--json").json["runs"]
    assert [(run["run"], run["count"], run["state"]) for run in found] == [
        ("two", 2, "done"),
        ("one", 3, "done"),
    ]
    assert set(found[0]) >= {"model", "dataset", "exact_match", "f1", "created"}
    lines = command("runs").out.splitlines()
    assert [line.split()[0] for line in lines] == ["run", "two", "one"]
    shown = command("runs", "show", "one", "--json").json
    assert (shown["schema"], shown["count"]) == ("bertscope.scan/1", 3)
    assert command("runs", "--json", "show", "one").json == shown
    done = command("runs", "remove", "one")
    assert (done.code, "--yes" in done.err) == (2, True)
    with lock("one"):
        assert "is running" in command("runs", "remove", "one", "--yes").err
    assert command("runs", "remove", "one", "--yes", "--json").json["removed"] is True
    assert [run["run"] for run in command("runs", "--json").json["runs"]] == ["two"]
    for verb in ("show", "export", "remove"):
        done = command("runs", verb, "one", *(["--yes"] if verb == "remove" else []))
        assert (done.code, done.out) == (2, "")
        assert "no run 'one'" in done.err
        assert "there are: two" in done.err


def test_two_runs_are_compared(command, scan, dataset):
    scan("--name", "one")
    other = tiny_folder("roberta")
    command("scan", "--model", other, "--dataset", dataset, "--name", "two")
    found = command("runs", "compare", "one", "two", "--json").json
    assert found["schema"] == "bertscope.compare/1"
    assert found["samples"] == 3
    assert {"models", "dataset", "fixed", "broken", "mcnemar_p"} <= set(found)
    assert "McNemar" in command("runs", "compare", "one", "two").out
    assert command("runs", "compare", "one", "one").code == 2
    assert command("runs", "compare", "one", "three").code == 2


def test_exports_are_filtered(command, scan):
    scan("--name", "one")
    with Store() as store:
        run = store.run("one")
        store.mark(run.id, 1, Mark(("look",), "=SUM(A1)"))

    def exported(*more: str) -> list[dict[str, str]]:
        text = command("runs", "export", "one", *more).out
        return list(csv.DictReader(io.StringIO(text, newline="")))

    assert [row["id"] for row in exported()] == ["apple", "nasty", "#1"]
    assert [row["id"] for row in exported("--tag", "look")] == ["nasty"]
    assert exported("--tag", "look")[0]["note"] == "'=SUM(A1)"
    assert [row["id"] for row in exported("--text", "CARRIED")] == ["#1"]
    right, wrong = exported("--filter", "right"), exported("--filter", "wrong")
    assert len(right) + len(wrong) == 3
    assert all(row["failure"] for row in wrong)
    kind = wrong[0]["failure"]
    assert all(row["failure"] == kind for row in exported("--kind", kind))
    assert exported("--text", "no such thing") == []
    for known in KINDS:
        assert command("runs", "export", "one", "--kind", known).code == 0
    assert command("runs", "export", "one", "--kind", "nonsense").code == 2


def test_an_export_is_written_in_one_step_or_not_at_all(command, scan, tmp_path):
    scan("--name", "one")
    path = tmp_path / "out.jsonl"
    path.write_text("before", "utf-8")
    done = command("runs", "export", "one", "--format", "jsonl", "--out", path)
    assert (done.code, "3 samples" in done.out) == (0, True)
    assert len(path.read_text("utf-8").splitlines()) == 3
    assert [one.name for one in tmp_path.iterdir() if "out" in one.name] == ["out.jsonl"]
    for bad in (tmp_path, tmp_path / "none" / "out.csv", "/dev/null"):
        done = command("runs", "export", "one", "--out", bad)
        assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)


def test_a_store_that_is_none_is_told_in_one_line_by_every_verb(command, scan):
    store_path().parent.mkdir(parents=True, exist_ok=True)
    store_path().write_text("nothing of the kind" * 300, "utf-8")
    calls = (("show", "x"), ("export", "x"), ("remove", "x", "--yes"), ("compare", "x", "y"))
    for done in (scan(), command("runs"), *(command("runs", *call) for call in calls)):
        assert (done.code, done.out) == (2, "")
        assert "not a database" in done.err.splitlines()[-1]
        assert "move it away" in done.err


@needs_permissions
def test_a_cache_that_cannot_be_written_is_shown_and_not_scanned_into(command, scan):
    scan("--name", "one")
    folder = store_path().parent
    modes = {path: path.stat().st_mode for path in (store_path(), folder)}
    store_path().chmod(0o400)
    folder.chmod(0o500)
    try:
        for call in (("list",), ("show", "one"), ("export", "one")):
            assert command("runs", *call).code == 0, call
        done = scan("--name", "two")
        assert (done.code, done.out) == (1, "")
        assert "--cache-dir" in done.err.splitlines()[-1]
    finally:
        for path, mode in reversed(modes.items()):
            path.chmod(mode)


# -- stopping and going on -------------------------------------------------------------------------


def _command(cache: Path, *arguments: object) -> list[str]:
    everything = ("scan", "--cache-dir", cache, "--name", "tales", *arguments)
    return [sys.executable, "-m", "bertscope_tui", *(str(one) for one in everything)]


def _count(cache: Path) -> int:
    with Store(cache / "store.sqlite", readonly=True) as store:
        return max((run.done for run in store.runs()), default=0)


def _wait_for(process: subprocess.Popen[Any], happened: Callable[[], bool]) -> bool:
    """Wait until something has happened; False where the process has ended before."""
    while process.poll() is None:
        if happened():
            return True
        time.sleep(0.01)
    return False


@pytest.mark.slow
def test_a_scan_of_the_stories_killed_ten_times_is_the_same_as_an_unbroken_one(tmp_path):
    """Half of the times it is killed before it has kept anything, half after a batch or so."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run(_command(whole, "--json"), check=True, capture_output=True)
    draw, killed = random.Random(4), 0
    while True:
        before = _count(broken)
        process = subprocess.Popen(
            _command(broken, "--json"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

        def begun() -> bool:
            return is_running("tales", broken / "store.sqlite")

        def kept(before: int = before) -> bool:
            return _count(broken) > before

        if killed < 10 and _wait_for(process, kept if killed % 2 else begun):
            time.sleep(draw.random() / 20)
            os.kill(process.pid, signal.SIGKILL)
        out = process.communicate()[0]
        assert _count(broken) >= before, "a finished sample was lost"
        if process.returncode == 0:
            break
        killed += 1
    assert killed == 10
    found = json.loads(out)
    assert found["count"] == found["total"]
    assert dump(broken / "store.sqlite") == dump(whole / "store.sqlite")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_with_what_is_done_kept(tmp_path, number):
    cache = tmp_path / "cache"
    process = subprocess.Popen(
        _command(cache), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert _wait_for(process, lambda: _count(cache) > 0)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    kept = _count(cache)
    assert f"{kept:,} samples are kept in the run tales; the same command goes on" in err
    with Store(cache / "store.sqlite", readonly=True) as store:
        assert store.run("tales").state == "stopped"
    done = subprocess.run(_command(cache, "--json"), check=True, capture_output=True)
    found = json.loads(done.stdout)
    assert (found["resumed_from"], found["count"]) == (kept, found["total"])


def test_on_a_terminal_a_live_line_comes_and_goes(tmp_path, model, dataset):
    primary, secondary = pty.openpty()
    process = subprocess.Popen(
        _command(tmp_path / "cache", "--model", model, "--dataset", dataset, "--json"),
        stdout=subprocess.PIPE,
        stderr=secondary,
        env=os.environ | {"TERM": "xterm"},
    )
    os.close(secondary)
    out = process.communicate(timeout=120)[0]
    shown = b""
    while True:
        try:
            part = os.read(primary, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(primary)
    assert process.returncode == 0
    assert json.loads(out)["count"] == 3
    assert b"3/3" in shown
    assert shown.rstrip().endswith((b"\x1b[2K", b"\x1b[?25h", b"\x1b[1A\x1b[2K"))
