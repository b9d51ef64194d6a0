"""The verbs ``models`` and ``datasets``."""

from __future__ import annotations

import json

import pytest

from tests.tiny_models import copy_of, tiny_folder


def test_models_lists_a_folder_of_models_and_keeps_the_broken_ones(command, tmp_path):
    copy_of(tiny_folder("bert"), tmp_path / "good")
    bad = copy_of(tiny_folder("bert"), tmp_path / "bad")
    (bad / "config.json").write_text("{")
    done = command("models", "list", tmp_path, "--json")
    found = {model["name"]: model for model in done.json["models"]}
    assert (done.code, done.json["schema"]) == (0, "bertscope.models/1")
    assert found["good"]["head"] == "span"
    assert found["good"]["problem"] is None
    assert "config.json" in found["bad"]["problem"]
    fields = {"name", "source", "architecture", "layers", "hidden_size", "head", "base", "bytes"}
    assert fields | {"score", "problem"} <= found["good"].keys()
    page = command("models", "list", tmp_path)
    assert page.code == 0
    assert "! bad: " in page.out


@pytest.mark.parametrize("verb", ["models", "datasets"])
@pytest.mark.parametrize(
    "arguments", [("--json",), ("list", "--json"), ("--json", "list")], ids=" ".join
)
def test_a_bare_verb_lists(command, verb, arguments):
    done = command(verb, *arguments)
    assert done.code == 0
    assert set(done.json) == {"schema", verb}
    assert done.json["schema"] == f"bertscope.{verb}/1"


def test_datasets_lists_the_bundled_stories_with_their_counts(command):
    found = {entry["name"]: entry for entry in command("datasets", "--json").json["datasets"]}
    stories = found["stories"]
    assert (stories["format"], stories["variant"], stories["skipped"]) == ("babi", "span", 0)
    assert stories["count"] > 100
    assert "stories" in command("datasets").out


def test_check_lists_every_record_that_was_skipped(command, dataset):
    done = command("datasets", "check", dataset, "--json")
    assert done.code == 0
    (found,) = done.json["datasets"]
    assert (found["count"], found["skipped"]) == (3, 2)
    assert (found["format"], found["path"]) == ("jsonl", str(dataset))
    assert len(found["problems"]) >= 2
    assert all(problem["where"] and problem["what"] for problem in found["problems"])
    page = command("datasets", "check", dataset)
    assert "3 samples, 2 skipped" in page.out
    assert "context" in page.out


def test_yes_no_questions_are_checked_as_well_when_asked_for(command, yes_no):
    counts = [
        (found["count"], found["left_out"])
        for more in ((), ("--keep-yes-no",))
        for found in command("datasets", "check", yes_no, "--json", *more).json["datasets"]
    ]
    assert counts == [(1, 1), (2, 0)]


@pytest.mark.parametrize(
    ("verb", "function"),
    [
        ("models", "bertscope_tui.models.catalog.list_models"),
        ("datasets", "bertscope_tui.data.catalog.list_datasets"),
    ],
)
def test_an_empty_list_names_only_what_the_verb_can_do(command, monkeypatch, verb, function):
    monkeypatch.setattr(function, lambda *_: [])
    done = command(verb)
    assert (done.code, done.out.count("\n")) == (0, 1)
    assert f"'{verb} list " in done.out
    assert "--" not in done.out


def test_strict_tells_by_the_exit_code_that_records_were_skipped(command, dataset, tmp_path):
    done = command("datasets", "check", dataset, "--strict", "--json")
    assert done.code == 3
    assert done.json["datasets"][0]["skipped"] == 2
    good = tmp_path / "good.jsonl"
    good.write_text(json.dumps({"id": "1", "question": "q?", "context": "c d", "answers": ["c"]}))
    assert command("datasets", "check", good, "--strict").code == 0


@pytest.mark.parametrize("content", [b"", b"not a data set", b"\xff\xfe\x00", b'{"data": ['])
def test_a_file_that_is_no_data_set_is_refused_in_one_line(command, tmp_path, content):
    path = tmp_path / "odd.json"
    path.write_bytes(content)
    done = command("datasets", "check", path, "--json")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert str(path) in done.err or path.name in done.err


def test_an_unknown_variant_is_refused_with_the_ones_there_are(command, dataset):
    done = command("datasets", "check", dataset, "--variant", "upside-down")
    assert (done.code, done.out) == (2, "")
    assert "upside-down" in done.err


def test_folders_that_do_not_exist_are_refused(command, tmp_path):
    for verb in ("models", "datasets"):
        done = command(verb, "list", tmp_path / "nowhere")
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
