"""The verbs ``compare`` and ``phases``: two models, or one, over a data set, layer by layer."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from bertscope_tui.analysis.similarity import shared_units
from bertscope_tui.data.open import open_dataset
from bertscope_tui.engine.encoding import encode
from bertscope_tui.engine.forward import forward
from tests.shared_files import shared
from tests.tiny_models import copy_of, tiny_folder, tiny_model
from tests.unit.cli.conftest import CONTEXT


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.jsonl"
    texts = ["Who took the apple?", "Where is John?", "What was dropped?", "Who left?"]
    with path.open("w") as file:
        for number, text in enumerate(texts):
            context = f"Number {number}. {CONTEXT}"
            record = {"id": f"q{number}", "question": text, "context": context, "answers": ["John"]}
            file.write(json.dumps(record) + "\n")
    return path


def _direct_cka(x, y):
    """Return linear CKA by its formula on features, in one go."""
    x, y = (a.astype(np.float64) - a.astype(np.float64).mean(axis=0) for a in (x, y))
    return np.linalg.norm(y.T @ x) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))


@pytest.mark.parametrize("names", [("bert", "bert"), ("bert", "gpt2"), ("roberta", "distilbert")])
def test_the_similarity_of_layers_is_that_of_all_states_at_once(command, questions, names):
    folders = [tiny_folder(name) for name in names]
    done = command("compare", *folders, "--dataset", questions, "--device", "cpu", "--json")
    assert done.code == 0
    found = done.json
    assert found["schema"] == "bertscope.compare/1"
    assert (found["dataset"], found["samples"], found["failures"]) == ("questions", 4, [])
    states = ([], [])
    for sample in open_dataset(questions).samples:
        models = [tiny_model(name) for name in names]
        windows = [encode(sample, model).windows[0] for model in models]
        hidden = [
            forward(model, [window], hidden=True)[0].hidden
            for model, window in zip(models, windows, strict=True)
        ]
        for unit in shared_units(windows[0].tokens, windows[1].tokens):
            states[0].append(hidden[0][:, list(unit.first)].mean(axis=1))
            states[1].append(hidden[1][:, list(unit.second)].mean(axis=1))
    assert found["units"] == len(states[0])
    first, second = (np.stack(side, axis=1) for side in states)
    expected = [[_direct_cka(x, y) for y in second] for x in first]
    np.testing.assert_allclose(found["cka"], expected, atol=1e-3)
    assert len(found["neighbourhood_change"]) == 3
    if names[0] == names[1]:
        assert found["fixed"] == found["broken"] == []
        assert found["mcnemar_p"] == 1.0
        assert not any(found["neighbourhood_change"])


def test_answers_that_change_sides_are_those_of_the_predictions(command, questions):
    folders = [tiny_folder(name) for name in ("bert", "electra")]
    right = []
    for folder in folders:
        kept = {}
        for number in range(4):
            done = command(
                "inspect", "--model", folder, "--dataset", questions, "--sample", f"q{number}",
                "--device", "cpu", "--json",
            )  # fmt: skip
            kept[f"q{number}"] = done.json["prediction"]["exact_match"] == 1.0
        right.append(kept)
    found = command("compare", *folders, "--dataset", questions, "--json").json
    assert found["scored"] == 4
    assert found["right"] == [sum(kept.values()) for kept in right]
    assert found["fixed"] == [name for name in right[0] if right[1][name] and not right[0][name]]
    assert found["broken"] == [name for name in right[0] if right[0][name] and not right[1][name]]
    assert 0 <= found["mcnemar_p"] <= 1


def test_a_model_without_a_head_is_compared_by_its_layers_alone(command, questions):
    asked = ("compare", tiny_folder("bert", ""), tiny_folder("bert"), "--dataset", questions)
    found = command(*asked, "--json").json
    assert (found["right"], found["mcnemar_p"], found["scored"]) == (None, None, 0)
    assert np.isfinite(found["cka"]).all()
    page = command(*asked, "--ascii")
    assert page.code == 0
    assert page.out.isascii()
    assert "Right of" not in page.out
    assert "Right: not known of both: one makes no predictions" in page.out
    for layer in range(3):
        assert f"A {layer}+" in page.out


def test_the_page_of_a_comparison_says_who_is_right(command, questions):
    asked = ("compare", tiny_folder("bert"), tiny_folder("gpt2"), "--dataset", questions)
    page = command(*asked, "--limit", "2")
    assert page.code == 0
    assert "2 samples" in page.out
    assert "McNemar's exact p" in page.out
    assert "layer of B" in page.out


def test_text_without_neighbours_is_said_to_have_none(command, tmp_path):
    path = tmp_path / "short.jsonl"
    path.write_text('{"id": "a", "question": "?", "context": "x", "answers": []}\n')
    asked = ("compare", tiny_folder("bert"), tiny_folder("electra"), "--dataset", path)
    page = command(*asked)
    assert page.code == 0
    assert "nan" not in page.out
    assert "not known: no sample has three pieces of text that both read" in page.out
    assert command(*asked, "--json").json["neighbourhood_change"] == [None] * 3


def test_models_and_data_that_cannot_be_compared_are_refused(command, questions, tmp_path):
    asked = ("compare", tiny_folder("bert"))
    assert command(*asked, "--dataset", questions).code == 2
    done = command(*asked, tmp_path / "nothing", "--dataset", questions, "--json")
    assert (done.code, done.out) == (2, "")
    done = command(*asked, tiny_folder("bert"), "--dataset", tmp_path / "nothing", "--json")
    assert (done.code, done.out) == (2, "")


def test_samples_that_cannot_be_run_are_told_and_hold_up_no_other(command, questions):
    record = {"id": "odd", "question": "Who?", "context": "\x01\x02", "answers": []}
    line = json.dumps(record) + "\n"
    with questions.open("a") as file:
        file.write(line)
    asked = ("--dataset", questions, "--json")
    found = command("compare", tiny_folder("bert"), tiny_folder("bert"), *asked).json
    assert found["samples"] == 4
    assert [one["id"] for one in found["failures"]] == ["odd"]
    page = command("phases", "--model", tiny_folder("bert"), "--dataset", questions)
    assert page.code == 0
    assert "! odd: " in page.out
    questions.write_text(line)
    done = command("phases", "--model", tiny_folder("bert"), *asked)
    assert (done.code, done.out) == (2, "")
    assert "no sample that the model can be run on" in done.err


def test_states_that_are_no_numbers_are_a_failure_of_the_sample(command, questions, tmp_path):
    from safetensors.torch import load_file, save_file

    broken = copy_of(tiny_folder("bert"), tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    name = next(name for name in weights if name.endswith("layer.1.output.dense.bias"))
    weights[name][0] = math.inf
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    done = command("compare", tiny_folder("bert"), broken, "--dataset", questions, "--json")
    assert (done.code, done.out) == (2, "")
    assert "finite" in done.err


def test_phases_over_a_data_set_are_told_for_all_right_and_wrong_answers(command, questions):
    asked = ("phases", "--model", tiny_folder("bert"), "--dataset", questions)
    found = command(*asked, "--json").json
    assert found["schema"] == "bertscope.phases/1"
    assert found["all"]["count"] == 4
    assert len(found["all"]["layers"]) == 3
    for name, scores in found["all"]["scores"].items():
        assert name in ("semantic", "entity", "match", "answer")
        assert all(score is None or 0 <= score <= 1 for score in scores)
    counts = [found[part]["count"] for part in ("right", "wrong") if found[part]]
    assert sum(counts) <= 4
    page = command(*asked, "--limit", "3")
    assert page.code == 0
    assert "All samples (3)" in page.out
    assert max(map(len, page.out.splitlines())) <= 80


def test_the_bundled_model_clusters_by_meaning_first_and_sets_the_answer_apart_last(command):
    found = command("phases", "--limit", "40", "--device", "cpu", "--json").json["all"]
    assert found["found"]
    assert (found["layers"][0], found["layers"][-1]) == ("semantic", "answer")
    assert (found["order"][0], found["order"][-1]) == ("semantic", "answer")
    assert found["scores"]["answer"][-1] > 0.9


def test_a_fine_tuned_model_drifts_from_its_base_towards_the_last_layers(command):
    found = command(
        "compare", "stories-base", "stories-bert", "--limit", "12", "--device", "cpu", "--json"
    ).json
    likeness = np.diag(found["cka"])
    assert likeness[0] > 0.9
    assert likeness[-1] < likeness[0]
    assert not any(math.isnan(value) for value in found["neighbourhood_change"])


@pytest.mark.real
def test_real_models_are_compared_on_real_questions(command):
    found = command(
        "compare", shared("models/minilm-l6"), shared("models/minilm-l6-squad"),
        "--dataset", shared("data/xquad/xquad.en.json"), "--limit", "6", "--json",
    )  # fmt: skip
    likeness = np.array(found.json["cka"])
    assert likeness.shape == (7, 7)
    assert likeness[0, 0] > 0.95
