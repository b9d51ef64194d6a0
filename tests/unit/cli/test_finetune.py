"""The verb ``finetune`` from its words: plans, refusals, what it prints, and going on."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertscope_tui.models.cache import new_model
from bertscope_tui.training import detached
from bertscope_tui.training.runs import create_run, list_runs, read_run, run_folder
from tests.tiny_models import copy_of
from tests.training.support import small_plan, write_stories

SMALL = (
    "--max-steps", "3", "--eval-steps", "2", "--log-steps", "1", "--save-steps", "1",
    "--max-tokens", "64", "--stride", "8", "--batch-size", "4", "--device", "cpu",
)  # fmt: skip


@pytest.fixture
def stories(tmp_path) -> Path:
    return write_stories(tmp_path / "stories" / "qa1_walks_train.txt")


def test_a_model_is_trained_stored_and_told(command, bare_model, stories):
    words = ("finetune", "--base", bare_model, "--dataset", stories, "--preset", "babi-span")
    done = command(*words, "--name", "walks", *SMALL, "--json")
    assert done.code == 0, done.err
    found = done.json
    assert found["schema"] == "bertscope.finetune/1"
    assert (found["name"], found["state"]) == ("walks", "done")
    assert found["card"]["steps"] == 3
    assert [point["step"] for point in found["card"]["history"]] == [2, 3]
    listed = {model["name"]: model for model in command("models", "--json").json["models"]}
    assert listed["walks"]["score"] == found["card"]["score"]
    assert listed["walks"]["base"] == str(bare_model)
    assert "step 2  exact match" in done.err
    assert "\x1b" not in done.err


def test_without_json_the_model_and_its_place_are_printed(command, bare_model, stories):
    words = ("finetune", "--base", bare_model, "--dataset", stories, "--head", "classification")
    done = command(*words, "--name", "labels", *SMALL)
    assert done.code == 0, done.err
    first, second = done.out.splitlines()
    assert first.startswith("model labels, ")
    assert Path(second).name == "labels"
    assert command("models", "show", "labels", "--json").json["card"]["head"] == "classification"


def test_a_name_that_is_taken_is_refused_before_any_work(command, bare_model, stories):
    words = ("finetune", "--base", bare_model, "--dataset", stories, "--name", "walks", *SMALL)
    assert command(*words).code == 0
    again = command(*words)
    assert again.code == 2
    assert "--force" in again.err
    assert command(*words, "--force").code == 0


def test_the_words_of_a_grid_may_follow_one_another(command, bare_model, stories, monkeypatch):
    started = []
    monkeypatch.setattr(detached.subprocess, "Popen", lambda *a, **k: started.append(a[0]))
    done = command(
        "finetune", "--base", bare_model, "--dataset", stories, "--name", "grid", "--background",
        "--grid", "lr=2e-5,3e-5", "batch-size=4,8", "schedule=linear,cosine", *SMALL,
    )  # fmt: skip
    assert done.code == 0, done.err
    plan = read_run("grid").plan
    assert plan is not None
    assert len(list(plan.members())) == 8
    assert started[0][-3:] == ["finetune", "--resume", "grid"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--base is needed"),
        (("--base", "x"), "--dataset is needed"),
        (("--base", "nothing", "--dataset", "stories", "--name", "n"), "no model 'nothing'"),
        (("--base", "B", "--dataset", "nothing", "--name", "n"), "nothing"),
        (("--base", "B", "--dataset", "D"), "--name is needed"),
        (("--base", "B", "--dataset", "D", "--name", "../n"), "cannot be the name"),
        (("--base", "B", "--dataset", "D", "--name", "n", "--lr", "7"), "lr"),
        (("--base", "B", "--dataset", "D", "--name", "n", "--grid", "lr"), "KEY=VALUE"),
        (("--base", "B", "--dataset", "D", "--name", "n", "lr=1e-5"), "unexpected"),
        (("--base", "B", "--dataset", "D", "--name", "n", "--dev-limit", "3"), "--dev-limit"),
        (
            ("--base", "B", "--dataset", "D", "--name", "n", "--preset", "squad", "--head",
             "classification"),
            "does not go with",
        ),
        (("--resume", "nothing"), "no training named nothing"),
        (("--resume", "../nothing"), "no training named ../nothing"),
        (("--resume", "nothing", "--lr", "1e-5"), "without --lr"),
        (("--resume", "nothing", "--seed", "0"), "without --seed"),
        (("--resume", "nothing", "--precision", "auto"), "without --precision"),
        (("--resume", "nothing", "--dev-limit", "3"), "without --dev-limit"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line_and_leaves_no_run(
    command, bare_model, stories, words, said
):
    places = {"B": bare_model, "D": stories}
    done = command("finetune", *(places.get(word, word) for word in words))
    assert done.code == 2
    assert said in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert list_runs() == []


def test_a_folder_with_several_splits_stands_for_its_training_files(
    command, bare_model, stories, monkeypatch
):
    monkeypatch.setattr(detached.subprocess, "Popen", lambda *a, **k: None)
    write_stories(stories.parent / "qa1_walks_test.txt", 5)
    folder = stories.parent
    words = ("finetune", "--base", bare_model, "--dataset", folder, "--dev", folder)
    assert command(*words, "--name", "both", "--background").code == 0
    plan = read_run("both").plan
    assert plan is not None
    assert plan.train.split == "train"
    assert plan.dev is not None
    assert plan.dev.split == "test"
    write_stories(stories.parent / "qa1_walks_valid.txt", 5)
    assert command(*words, "--name", "three", "--background").code == 0
    plan = read_run("three").plan
    assert plan is not None
    assert plan.dev is not None
    assert plan.dev.split == "valid"
    (stories.parent / "qa1_walks_test.txt").unlink()
    assert command(*words, "--name", "no-test", "--background").code == 0
    plan = read_run("no-test").plan
    assert plan is not None
    assert plan.dev is not None
    assert plan.dev.split == "valid"


def test_hotpotqa_gets_windows_of_512_tokens(command, bare_model, yes_no, monkeypatch):
    monkeypatch.setattr(detached.subprocess, "Popen", lambda *a, **k: None)
    for name, options in (
        ("preset", ("--preset", "hotpot-sp")),
        ("variant", ("--variant", "distractor")),
    ):
        words = ("finetune", "--base", bare_model, "--dataset", yes_no, "--name", name)
        assert command(*words, *options, "--background").code == 0
        plan = read_run(name).plan
        assert plan is not None
        assert plan.settings.max_tokens == 512


def test_a_data_set_without_spans_fails_with_the_reason(command, bare_model, tmp_path):
    path = tmp_path / "yes.jsonl"
    lines = [
        f'{{"id": "{n}", "question": "q?", "context": "Mary left {n}.", "answers": ["yes"]}}\n'
        for n in range(20)
    ]
    path.write_text("".join(lines))
    done = command("finetune", "--base", bare_model, "--dataset", path, "--name", "n", *SMALL)
    assert done.code == 2
    assert "no question to learn from" in done.err
    assert read_run("n").status.state == "failed"


def test_a_run_whose_name_was_taken_meanwhile_can_replace_the_model(command, bare_model, stories):
    create_run(small_plan(bare_model, stories, name="walks", max_steps=3))
    with new_model("walks") as folder:
        (folder / "config.json").write_text("{}")
    refused = command("finetune", "--resume", "walks")
    assert refused.code == 2
    assert "--force replaces it" in refused.err
    done = command("finetune", "--resume", "walks", "--force", "--json")
    assert done.code == 0, done.err
    assert done.json["card"]["steps"] == 3


def test_a_run_in_a_folder_of_another_name_is_not_gone_on_with(command, bare_model, stories):
    create_run(small_plan(bare_model, stories, name="one"))
    run_folder("one").rename(run_folder("two"))
    refused = command("finetune", "--resume", "two")
    assert refused.code == 2
    assert "holds the training one" in refused.err


def test_a_damaged_base_is_refused_before_there_is_a_run(command, bare_model, stories, tmp_path):
    base = copy_of(bare_model, tmp_path / "cut")
    (base / "model.safetensors").write_bytes(b"")
    words = ("finetune", "--base", base, "--dataset", stories, "--name", "walks", *SMALL)
    refused = command(*words)
    assert refused.code == 2
    assert "damaged" in refused.err
    assert list_runs() == []


def test_what_failed_before_its_first_step_is_in_nobodys_way(command, bare_model, stories):
    words = ("finetune", "--base", bare_model, "--name", "walks", *SMALL, "--dataset", stories)
    failed = command(*words, "--dev", bare_model / "config.json")
    assert failed.code == 2
    assert read_run("walks").status.state == "failed"
    done = command(*words)
    assert done.code == 0, done.err


def test_a_base_on_the_hub_is_fetched_only_where_that_is_allowed(
    command, bare_model, stories, monkeypatch
):
    monkeypatch.setattr(detached.subprocess, "Popen", lambda *a, **k: None)
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *a, **k: str(bare_model))
    words = ("finetune", "--base", "some/model", "--dataset", stories, "--name", "walks")
    refused = command(*words, "--background")
    assert refused.code == 2
    assert "--allow-download" in refused.err
    assert command(*words, "--background", "--allow-download").code == 0
    plan = read_run("walks").plan
    assert plan is not None
    assert plan.base == "some/model"
