"""The verb ``probe``: scores of every layer, kept and shown again."""

from __future__ import annotations

import pytest


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
