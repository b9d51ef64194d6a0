"""The verb ``evaluate``: scores, files, exit codes, and the table."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bertscope_tui.evaluation import store
from tests.reference.squad_evaluation import babi_file_scores, squad_file_scores
from tests.shared_files import shared
from tests.tiny_models import tiny_folder
from tests.unit.data.test_parts import FILES, story

SAMPLE_DATA = Path(__file__).resolve().parents[3] / "sample_data"
FIELDS = {"model", "dataset", "count", "skipped", "exact_match", "f1", "accuracy", "intervals"}


@pytest.fixture
def stories(tmp_path: Path) -> Path:
    folder = tmp_path / "tales"
    folder.mkdir()
    for name, answers in FILES.items():
        (folder / name).write_text(story(answers), "utf-8")
    return folder


def test_scores_are_printed_as_one_object(command, model, dataset):
    done = command("evaluate", "--model", model, "--dataset", dataset, "--json")
    found = done.json
    assert done.code == 0
    assert found["schema"] == "bertscope.evaluate/1"
    assert set(found) >= FIELDS | {"tasks"}
    assert (found["model"], found["dataset"]) == (model.name, "small")
    assert (found["count"], found["skipped"], found["accuracy"]) == (3, 2, None)
    assert set(found["intervals"]) == {"exact_match", "f1", "accuracy"}
    low, high = found["intervals"]["f1"]
    assert 0 <= low <= found["f1"] <= high <= 1
    assert "2 records skipped" in done.err


def test_skipped_records_count_where_it_is_strict(command, model, dataset):
    arguments = ("evaluate", "--model", model, "--dataset", dataset)
    assert command(*arguments).code == 0
    assert command(*arguments, "--strict").code == 3
    clean = dataset.with_name("clean.jsonl")
    clean.write_text(dataset.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    assert command("evaluate", "--model", model, "--dataset", clean, "--strict").code == 0


def test_the_page_has_percent_and_shows_nothing_raw(command, model, dataset, stories):
    done = command("evaluate", "--model", model, "--dataset", dataset)
    assert "3 questions, 2 records skipped" in done.out
    assert "95 % interval" in done.out
    assert "accuracy" not in done.out
    done = command("evaluate", "--model", model, "--dataset", stories, "--split", "test")
    assert "task  questions  accuracy %" in done.out
    assert "\x1b" not in done.out + done.err


def test_parts_of_a_folder_and_the_answer_to_asking_for_none(command, model, stories):
    arguments = ("evaluate", "--model", model, "--dataset", stories, "--json")
    whole = command(*arguments)
    assert "train and valid and test" in whole.err
    assert set(whole.json["tasks"]) == {"1", "2"}
    test = command(*arguments, "--split", "test")
    assert (test.json["count"], test.json["split"], test.err) == (3, "test", "")
    second = command(*arguments, "--task", "2,1", "--split", "valid")
    assert (second.code, "no task '1'" in second.err) == (2, True)
    second = command(*arguments, "--task", "2", "--task", "1", "--split", "train")
    assert set(second.json["tasks"]) == {"1", "2"}
    assert command(*arguments, "--task", "two").code == 2


def test_yes_and_no_are_said_to_be_left_out(command, model, yes_no):
    arguments = ("evaluate", "--model", model, "--dataset", yes_no)
    done = command(*arguments, "--json")
    assert (done.json["count"], done.json["left_out"]) == (1, 1)
    assert "1 yes/no questions left out" in done.err
    assert command(*arguments, "--json", "--keep-yes-no").json["count"] == 2
    assert "1 yes/no questions left out" in command(*arguments).out


def test_a_model_with_labels_reads_stories_as_labels(command, stories):
    labels = tiny_folder("bert", "classification")
    done = command("evaluate", "--model", labels, "--dataset", stories, "--split", "test", "--json")
    assert (done.json["variant"], done.json["accuracy"]) == ("classification", 0)
    assert "knows none of the data set's labels" in done.err
    done = command("evaluate", "--model", labels, "--dataset", stories, "--variant", "span")
    assert "has a classification head, the data set asks for span" in done.err


def test_predictions_are_written_in_one_step_or_not_at_all(command, model, dataset, tmp_path):
    arguments = ("evaluate", "--model", model, "--dataset", dataset, "--predictions")
    path = tmp_path / "out.json"
    path.write_text("before", "utf-8")
    assert command(*arguments, path).code == 0
    found = json.loads(path.read_text("utf-8"))
    assert set(found) == {"apple", "nasty", "#1"}
    assert all(isinstance(text, str) for text in found.values())
    assert sorted(one.name for one in tmp_path.iterdir() if "out.json" in one.name) == ["out.json"]
    for bad in (tmp_path, tmp_path / "missing" / "out.json", "/dev/null"):
        done = command(*arguments, bad)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


def test_a_limit_is_not_kept_and_a_whole_data_set_is(command, model, dataset):
    arguments = ("evaluate", "--model", model, "--dataset", dataset)
    assert command(*arguments, "--limit", 2, "--json").json["count"] == 2
    assert store.stored() == ([], [])
    assert command(*arguments).code == 0
    (kept,), _ = store.stored()
    assert (kept.count, kept.model.name) == (3, model.name)
    assert command(*arguments, "--limit", 0).code == 2


def test_a_store_that_cannot_be_written_loses_no_scores(command, model, dataset):
    store.folder().parent.mkdir(parents=True, exist_ok=True)
    store.folder().write_text("in the way", "utf-8")
    done = command("evaluate", "--model", model, "--dataset", dataset, "--json")
    assert (done.code, done.json["count"]) == (0, 3)
    assert "not kept for --table" in done.err


def test_a_model_without_a_head_is_refused_in_one_line(command, bare_model, dataset):
    done = command("evaluate", "--model", bare_model, "--dataset", dataset)
    assert (done.code, done.out) == (2, "")
    assert "no question-answering head" in done.err


def test_the_table_has_the_figures_of_the_paper_and_our_own(command, model, tmp_path):
    topics = SAMPLE_DATA / "topics.json"
    score = command("evaluate", "--model", model, "--dataset", topics, "--json").json
    page = command("evaluate", "--table")
    assert page.code == 0
    lines = page.out.splitlines()
    for name, figures in (
        ("BERT", ["87.9", "56.8", "80.4", "93.4"]),
        ("GPT-2", ["74.9", "54.0", "64.6", "99.9"]),
    ):
        (line,) = [one for one in lines if one.startswith(f"{name} (the paper)")]
        assert line.split()[-4:] == figures
    assert any(
        line.startswith("[1] ") and "topics" in line and f"{score['count']} questions" in line
        for line in lines
    )
    (own,) = [one for one in lines if one.startswith(model.name)]
    assert f"{100 * score['f1']:.1f} [1]" in own
    found = command("evaluate", "--table", "--json").json
    assert found["schema"] == "bertscope.table/1"
    row = next(one for one in found["rows"] if one["model"] == model.name)
    assert row["cells"]["squad"]["value"] == score["f1"]
    assert row["cells"]["babi"] is None


def test_the_table_runs_nothing(command, dataset):
    done = command("evaluate", "--table", "--dataset", dataset)
    assert (done.code, done.out) == (2, "")
    assert "--dataset does not go with --table" in done.err


def test_damaged_results_are_named_beside_the_table(command):
    store.folder().mkdir(parents=True)
    (store.folder() / "bad\x1b[2J.json").write_text("{", "utf-8")
    done = command("evaluate", "--table", "--json")
    assert done.code == 0
    assert len(done.json["rows"]) >= 2
    assert "passed over" in done.err
    assert "\x1b" not in done.err


# -- the same numbers as the official scripts ----------------------------------------------------


def _agree(found, expected):
    assert found["count"] == expected.count
    assert found["exact_match"] == pytest.approx(expected.exact_match, abs=1e-12)
    assert found["f1"] == pytest.approx(expected.f1, abs=1e-12)


def test_bundled_topics_score_as_by_the_official_script(command, model, tmp_path):
    predictions, topics = tmp_path / "p.json", SAMPLE_DATA / "topics.json"
    done = command(
        "evaluate", "--model", model, "--dataset", topics, "--predictions", predictions, "--json"
    )
    _agree(done.json, squad_file_scores(topics, predictions))


def test_bundled_stories_score_as_counted_from_the_files(command, tmp_path):
    predictions = tmp_path / "p.json"
    done = command(
        "evaluate", "--model", "stories-bert", "--dataset", "stories",
        "--predictions", predictions, "--json",
    )  # fmt: skip
    expected = babi_file_scores(sorted((SAMPLE_DATA / "stories").glob("*.txt")), predictions)
    _agree(done.json, expected.pop(""))
    assert done.json["accuracy"] == done.json["exact_match"]
    assert set(done.json["tasks"]) == set(expected)
    for task, scores in expected.items():
        assert done.json["tasks"][task]["count"] == scores.count
        assert done.json["tasks"][task]["accuracy"] == pytest.approx(scores.exact_match)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "limit"), [("xquad/xquad.en.json", 40), ("squad/dev-v2.0.json", 40)]
)
def test_real_questions_score_as_by_the_official_script(command, tmp_path, name, limit):
    predictions, path = tmp_path / "p.json", shared(f"data/{name}")
    done = command(
        "evaluate", "--model", shared("models/minilm-l6-squad"), "--dataset", path,
        "--limit", limit, "--predictions", predictions, "--json",
    )  # fmt: skip
    only = set(json.loads(predictions.read_text("utf-8")))
    assert len(only) == limit
    _agree(done.json, squad_file_scores(path, predictions, only))
    assert done.json["f1"] > 0.2


# -- on a terminal -------------------------------------------------------------------------------


def test_a_terminal_sees_progress_and_ctrl_c_leaves_it_in_order(tmp_path):
    record = {
        "question": "Who dropped the apple?",
        "context": "John left the kitchen and dropped the apple. " * 8,
        "answers": ["John"],
    }
    path = tmp_path / "many.jsonl"
    lines = (json.dumps({"id": str(place), **record}) for place in range(60_000))
    path.write_text("\n".join(lines), "utf-8")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bertscope_tui", "evaluate", "--model", tiny_folder("bert"),
         "--dataset", path, "--json"],
        stderr=theirs, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    try:
        deadline = time.monotonic() + 120
        while b"samples/s" not in seen and time.monotonic() < deadline:
            seen += os.read(ours, 65536)
        assert b"evaluating" in seen
        assert b"/60000" in seen
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
    assert seen.rfind(b"\x1b[?25h") > seen.rfind(b"\x1b[?25l")
    assert not store.folder().exists()
