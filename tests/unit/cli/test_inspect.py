"""The verb ``inspect``: what it prints as JSON and as a page, and what it refuses."""

from __future__ import annotations

import json
import re

import pytest

from bertscope_tui import paths
from bertscope_tui.data.probing.qa_facts import facts_of
from bertscope_tui.data.records import Dataset, Origin, QASample, Span
from bertscope_tui.probes import store
from bertscope_tui.probes.run import probe
from tests.shared_files import shared
from tests.tiny_models import tiny_model
from tests.unit.cli.conftest import CONTEXT
from tests.unit.probes.made import QUICK, entities

_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def test_the_object_has_the_fields_that_are_promised(command, model, dataset):
    done = command("inspect", "--model", model, "--dataset", dataset, "--json")
    assert (done.code, done.out.count("\n")) == (0, 1)
    found = done.json
    assert found["schema"] == "bertscope.inspect/1"
    assert {"name", "architecture", "layers", "hidden_size", "head", "base", "device", "dtype"} <= (
        found["model"].keys()
    )
    assert found["model"]["layers"] == 2
    sample = found["sample"]
    assert (sample["id"], sample["dataset"]) == ("apple", "small")
    assert sample["context"] == CONTEXT
    answer = sample["answers"][0]
    assert CONTEXT[answer["start"] : answer["end"]] == answer["text"] == "John"
    assert [CONTEXT[a:b] for a, b in sample["supporting"]] == [CONTEXT[CONTEXT.index("John") :]]
    prediction = found["prediction"]
    assert prediction["text"] == CONTEXT[prediction["start"] : prediction["end"]]
    assert prediction["n_best"][0]["text"] == prediction["text"]
    assert 0 <= prediction["probability"] <= 1
    assert {"exact_match", "f1"} <= prediction.keys()
    window = found["window"]
    assert (window["index"], window["count"], window["start"]) == (0, 1, 0)
    assert window["end"] == len(CONTEXT)


def test_tokens_point_back_into_their_text_and_have_a_place_unless_masked(command, model, dataset):
    found = command("inspect", "--model", model, "--dataset", dataset, "--json").json
    texts = {"question": found["sample"]["question"], "context": CONTEXT}
    for place, token in enumerate(found["tokens"]):
        assert token["index"] == place
        if token["part"] == "special":
            assert (token["role"], token["sentence"], token["masked"]) == ("special", None, True)
        else:
            assert texts[token["part"]][token["start"] : token["end"]] == token["text"]
    shown = [token for token in found["tokens"] if not token["masked"]]
    projection = found["projection"]
    assert (projection["method"], projection["fit"]) == ("pca", "layer")
    assert (projection["aligned"], projection["seed"]) == (True, 0)
    assert [layer["layer"] for layer in projection["layers"]] == [0, 1, 2]
    for layer in projection["layers"]:
        assert len(layer["x"]) == len(layer["y"]) == len(shown)
        assert 0 <= layer["trustworthiness"] <= 1
        first, second = layer["explained_variance"]
        assert 1 >= first >= second >= 0


def test_special_tokens_are_shown_when_asked_for(command, model, dataset):
    base = ("inspect", "--model", model, "--dataset", dataset, "--json", "--layer", "1")
    without, with_them = command(*base).json, command(*base, "--special").json
    special = sum(token["part"] == "special" for token in without["tokens"])
    assert special == 3
    count = len(without["projection"]["layers"][0]["x"])
    assert len(with_them["projection"]["layers"][0]["x"]) == count + special


@pytest.mark.parametrize(("asked", "given"), [("0", [0]), ("2", [2]), ("all", [0, 1, 2])])
def test_layer_chooses_what_is_printed(command, model, dataset, asked, given):
    done = command("inspect", "--model", model, "--dataset", dataset, "--json", "--layer", asked)
    assert [layer["layer"] for layer in done.json["projection"]["layers"]] == given


@pytest.mark.parametrize("asked", ["3", "00", "9" * 5000])
def test_a_layer_that_does_not_exist_is_refused_in_one_line(command, model, dataset, asked):
    done = command("inspect", "--model", model, "--dataset", dataset, f"--layer={asked}")
    assert (done.code, done.out) == (2, "")
    *_, last = done.err.splitlines()
    assert last.startswith("bertscope-tui: no layer")
    assert "0 to 2" in last


def test_a_sample_is_named_by_id_or_by_place_and_the_id_wins(command, model, dataset):
    base = ("inspect", "--model", model, "--dataset", dataset, "--json", "--layer", "0")
    assert command(*base, "--sample", "nasty").json["sample"]["id"] == "nasty"
    assert command(*base, "--sample", "#2").json["sample"]["id"] == "nasty"
    assert command(*base, "--sample", "#1").json["sample"]["question"] == "What was carried?"
    assert command(*base).json["sample"]["id"] == "apple"


@pytest.mark.parametrize("asked", ["#0", "#4", "#x", "#" + "9" * 5000, "aple", "\x1b[2J"])
def test_a_sample_that_does_not_exist_is_refused_in_one_line(command, model, dataset, asked):
    done = command("inspect", "--model", model, "--dataset", dataset, "--sample", asked, "--json")
    assert (done.code, done.out) == (2, "")
    *_, last = done.err.splitlines()
    assert last.startswith("bertscope-tui: ")
    assert str(dataset) in last
    assert "\x1b" not in done.err


def test_a_question_and_a_context_take_the_place_of_a_data_set(command, model):
    done = command(
        "inspect", "--model", model, "--question", "Who left?", "--context", CONTEXT,
        "--answer", "john", "--answer", "nobody at all", "--json", "--raw", "--method", "pca",
    )  # fmt: skip
    sample = done.json["sample"]
    assert (sample["dataset"], sample["question"]) == (None, "Who left?")
    first, second = sample["answers"]
    assert CONTEXT[first["start"] : first["end"]] == "John"
    assert (second["start"], second["end"]) == (None, None)
    assert [CONTEXT[a:b] for a, b in sample["supporting"]] == [CONTEXT[CONTEXT.index("John") :]]
    assert len(sample["sentences"]) == 2


@pytest.mark.parametrize("method", ["pca", "ica", "tsne"])
@pytest.mark.parametrize("fit", ["layer", "joint"])
def test_every_method_and_fit_can_be_asked_for_and_says_what_it_is(
    command, model, dataset, method, fit
):
    asked = ("inspect", "--model", model, "--dataset", dataset, "--method", method, "--fit", fit)
    found = command(*asked, "--raw", "--seed", "7", "--json").json["projection"]
    assert {"method": method, "fit": fit, "aligned": False, "seed": 7}.items() <= found.items()
    assert command(*asked, "--raw", "--seed", "7", "--json").json["projection"] == found
    for layer in found["layers"]:
        assert all(value == value for value in (*layer["x"], *layer["y"]))
        assert 0 <= layer["trustworthiness"] <= 1
        for share in layer["explained_variance"]:
            assert (share is None) if method == "tsne" else (0 <= share <= 1)
    page = command(*asked)
    assert page.code == 0
    name = {"pca": "PCA", "ica": "ICA", "tsne": "t-SNE"}[method]
    assert f"Layer 2 of 2: {name}" in page.out
    assert "trustworthiness" in page.out


def test_turning_layers_onto_each_other_changes_no_distance(command, model, dataset):
    asked = ("inspect", "--model", model, "--dataset", dataset, "--json")
    turned, raw = (command(*asked, *more).json["projection"] for more in ((), ("--raw",)))
    assert (turned["aligned"], raw["aligned"]) == (True, False)
    for one, other in zip(turned["layers"], raw["layers"], strict=True):
        places = [
            [complex(x, y) for x, y in zip(layer["x"], layer["y"], strict=True)]
            for layer in (one, other)
        ]
        for first in range(len(places[0])):
            for second in range(first):
                distance, same = (abs(those[first] - those[second]) for those in places)
                assert distance == pytest.approx(same, rel=1e-3, abs=1e-4)
        assert one["explained_variance"] == other["explained_variance"]
        assert one["trustworthiness"] == pytest.approx(other["trustworthiness"], abs=1e-3)


def test_the_phases_of_the_sample_are_told_with_their_scores(command, model, dataset):
    asked = ("inspect", "--model", model, "--dataset", dataset)
    found = command(*asked, "--json").json["phases"]
    assert len(found["layers"]) == 3
    assert set(found["scores"]) == {"semantic", "entity", "match", "answer"}
    assert found["scores"]["semantic"][0] > 0.5
    assert found["found"] is any(found["layers"])
    assert (found["reason"] is None) is found["found"]
    page = command(*asked).out
    assert "\nPhases\n" in page


def test_clusters_and_skipped_layers_are_told_when_asked_for(command, model, dataset):
    asked = ("inspect", "--model", model, "--dataset", dataset)
    plain = command(*asked, "--json").json
    assert not {"clusters", "skipping"} & plain.keys()
    found = command(*asked, "--clusters", "3", "--skip", "--json").json
    shown = sum(not token["masked"] for token in found["tokens"])
    assert [one["layer"] for one in found["clusters"]] == [0, 1, 2]
    for one in found["clusters"]:
        assert (one["k"], len(one["labels"])) == (3, shown)
        assert -1 <= one["agreement"] <= 1
    whole, *without = found["skipping"]
    assert (whole["layer"], whole["survives"]) == (None, True)
    assert whole["text"] == found["prediction"]["text"]
    assert whole["probability"] == pytest.approx(found["prediction"]["probability"], abs=1e-6)
    assert [one["layer"] for one in without] == [1, 2]
    best = command(*asked, "--layer", "1", "--clusters", "--json").json["clusters"]
    assert [one["layer"] for one in best] == [1]
    tried = dict(map(tuple, best[0]["tried"]))
    assert tried[best[0]["k"]] == max(tried.values())
    page = command(*asked, "--clusters", "--skip").out
    assert "Clusters of layer 2" in page
    assert "without 2" in page
    assert not _CONTROL.search(page)


def test_answers_by_layer_are_told_when_asked_for(command, model, bare_model, dataset):
    asked = ("inspect", "--dataset", dataset, "--model")
    assert "lens" not in command(*asked, model, "--json").json
    found = command(*asked, model, "--lens", "--json").json
    lens, prediction = found["lens"], found["prediction"]
    assert [one["layer"] for one in lens["layers"]] == [0, 1, 2]
    last = lens["layers"][-1]
    keys = ("text", "start", "end", "probability", "n_best")
    assert {key: last[key] for key in keys} == {key: prediction[key] for key in keys}
    assert {one["agreement"] for one in lens["layers"]} <= {"right", "same", "other"}
    assert (lens["reason"], lens["leads_from"] in (0, 1, 2)) == (None, True)
    page = command(*asked, model, "--lens").out
    assert "Answers by layer" in page
    line = next(line for line in page.splitlines() if line.startswith("    2 "))
    assert prediction["text"][:8] in line
    assert f" {prediction['probability']:.2f}" in line
    assert not _CONTROL.search(page)
    bare = command(*asked, bare_model, "--lens", "--json").json["lens"]
    assert (bare["leads_from"], bare["layers"][0]["text"]) == (None, None)
    assert "no head" in bare["reason"]
    assert "no head" in command(*asked, bare_model, "--lens").out


def test_a_method_that_cannot_be_had_for_so_few_tokens_says_why(command, model):
    asked = ("inspect", "--model", model, "--question", "a", "--context", "a", "--json")
    done = command(*asked, "--method", "tsne")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "3 tokens at least" in done.err
    for method in ("pca", "ica"):
        assert command(*asked, "--method", method).code == 0
    assert command(*asked, "--method", "tsne", "--special").code == 0


def test_a_sentence_is_struck_out_and_both_answers_are_given(command, model, dataset):
    asked = ("inspect", "--model", model, "--dataset", dataset, "--sample", "#1")
    plain = command(*asked, "--json").json
    assert "what_if" not in plain
    found = command(*asked, "--strike", "1", "--strike", "1", "--json").json
    sample, before = plain["sample"], found["what_if"]["before"]
    start, end = sample["sentences"][1]
    left = sample["context"][:start].strip(), sample["context"][end:].strip()
    assert found["sample"]["context"] == " ".join(left).strip()
    assert found["sample"]["id"] == f"{sample['id']}-edited"
    keys = ("text", "start", "end", "probability", "exact_match", "f1")
    assert {key: before[key] for key in keys} == {key: plain["prediction"][key] for key in keys}
    assert (before["id"], before["context"]) == (sample["id"], sample["context"])
    assert found["what_if"]["struck"] == [1]
    assert [one["layer"] for one in found["what_if"]["moved"]] == [0, 1, 2]
    for one in found["what_if"]["moved"]:
        distances = [word["distance"] for word in one["tokens"]]
        assert distances == sorted(distances, reverse=True)
        for word in one["tokens"]:
            old, new = plain["tokens"][word["before"]], found["tokens"][word["after"]]
            assert (old["text"], old["part"]) == (new["text"], new["part"])
    page = command(*asked, "--strike", "1").out
    assert "What if" in page
    assert f"p {plain['prediction']['probability']:.2f}" in page
    assert f"p {found['prediction']['probability']:.2f}" in page
    assert "moved most in layer 2: " in page
    assert "times their spread" in page, "what the numbers are"
    assert not _CONTROL.search(page)


def test_a_sample_is_asked_something_else_and_given_another_context(command, model, dataset):
    asked = ("inspect", "--model", model, "--dataset", dataset, "--sample", "#1", "--json")
    plain = command(*asked).json["sample"]
    found = command(*asked, "--question", "Who?").json
    assert (found["sample"]["question"], found["sample"]["context"]) == ("Who?", plain["context"])
    assert found["what_if"]["before"]["question"] == plain["question"]
    found = command(*asked, "--context", CONTEXT).json
    assert found["sample"]["context"] == CONTEXT
    assert found["sample"]["dataset"] == plain["dataset"]
    for wrong in (
        ("--strike", "99"),
        ("--strike", "0", "--context", "text"),
        ("--question", " "),
        ("--answer", "x", "--question", "Who?"),
    ):
        done = command(*asked, *wrong)
        assert (done.code, done.out) == (2, ""), wrong


def test_without_gold_answers_there_is_no_score(command, model):
    done = command(
        "inspect", "--model", model, "--question", "Who?", "--context", CONTEXT, "--json"
    )
    assert done.json["prediction"]["exact_match"] is None
    assert done.json["prediction"]["f1"] is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("--question", "Who?"),
        ("--context", "text"),
        ("--answer", "x"),
        ("--question", "Who?", "--context", "text", "--dataset", "x"),
        ("--question", "Who?", "--context", "text", "--sample", "x"),
        ("--question", "Who?", "--context", "text", "--keep-yes-no"),
        ("--question", " ", "--context", "text"),
        ("--question", "Who?", "--context", "\n"),
        ("--question", "Who?", "--context", "text", "--answer", ""),
        ("--method", "umap"),
        ("--fit", "both"),
        ("--clusters", "0"),
        ("--clusters", "many"),
        ("--seed", "-1"),
        ("--window", "-1"),
        ("--layer", "last"),
        ("--layer=-1",),
        ("--layer", "²"),
        ("--layer", ""),
        ("--no-such-option",),
    ],
)
def test_arguments_that_make_no_sense_are_refused_in_one_line(command, model, arguments):
    done = command("inspect", "--model", model, *arguments, "--json")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("bertscope-tui: ")


def test_a_model_without_a_head_shows_states_and_predicts_nothing(command, bare_model, dataset):
    done = command("inspect", "--model", bare_model, "--dataset", dataset, "--json")
    assert (done.code, done.json["prediction"], done.json["model"]["head"]) == (0, None, None)
    assert any("no prediction" in note for note in done.json["notes"])
    page = command("inspect", "--model", bare_model, "--dataset", dataset).out
    assert "makes no prediction" in page


def test_long_contexts_are_cut_into_windows_of_which_one_is_shown(command, model):
    context = " ".join(f"{CONTEXT} Number {n}." for n in range(20))
    base = (
        "inspect", "--model", model, "--question", "Who?", "--context", context,
        "--max-tokens", "64", "--stride", "16", "--json", "--layer", "0",
    )  # fmt: skip
    found = command(*base, "--window", "1").json
    window = found["window"]
    assert window["index"] == 1
    assert window["count"] > 3
    inside = [token for token in found["tokens"] if token["part"] == "context"]
    assert window["start"] <= inside[0]["start"] < inside[-1]["end"] <= window["end"]
    assert len(found["tokens"]) <= 64
    chosen = command(*base).json["window"]
    assert chosen["index"] == chosen["best"]
    done = command(*base, "--window", "99")
    assert (done.code, done.out) == (2, "")
    assert "window 99" in done.err


def test_skipped_records_are_told_on_standard_error(command, model, dataset):
    done = command("inspect", "--model", model, "--dataset", dataset, "--json")
    assert "2 records skipped" in done.err
    assert json.loads(done.out)


def test_the_page_has_everything_and_no_control_characters(command, model, dataset):
    done = command("inspect", "--model", model, "--dataset", dataset, "--sample", "nasty")
    assert done.code == 0
    assert not _CONTROL.search(done.out)
    assert not _CONTROL.search(done.err)
    for heading in ("Question", "Context", "Predicted", "Gold", "Score", "Tokens", "Layer 2 of 2"):
        assert heading in done.out
    assert "[bold]John[/bold]" in done.out
    assert "PC1" in done.out


def test_json_escapes_what_a_terminal_could_act_on_and_keeps_the_rest(command, model, dataset):
    done = command("inspect", "--model", model, "--dataset", dataset, "--sample", "nasty", "--json")
    assert not _CONTROL.search(done.out)
    assert "\x1b[31m" in done.json["sample"]["context"]
    assert "\u202e" in done.json["sample"]["context"]
    kept = command(
        "inspect", "--model", model, "--question", "où?", "--context", "À 東京.", "--json"
    )
    assert "À 東京." in kept.out


def test_half_a_surrogate_pair_does_not_break_the_output(command, model, tmp_path):
    path = tmp_path / "half.jsonl"
    path.write_text(
        '{"id": "a", "question": "Who?", "context": "Mary \\ud83d went.", "answers": ["Mary"]}\n'
    )
    assert command("inspect", "--model", model, "--dataset", path).code == 0
    done = command("inspect", "--model", model, "--dataset", path, "--json")
    assert done.code == 0
    assert done.json["schema"] == "bertscope.inspect/1"


def test_all_layers_are_drawn_when_asked_for(command, model, dataset):
    page = command("inspect", "--model", model, "--dataset", dataset, "--layer", "all").out
    assert re.findall(r"^Layer (\d) of 2", page, re.MULTILINE) == ["0", "1", "2"]


def test_ascii_pages_are_ascii(command, model, dataset):
    page = command("inspect", "--model", model, "--dataset", dataset, "--ascii").out
    assert page.isascii()


def test_the_marks_below_the_context_stand_below_the_right_characters(command, model, dataset):
    page = command(
        "inspect", "--model", model, "--dataset", dataset, "--ascii", "--sample", "apple"
    )
    lines = page.out.splitlines()
    legend = next(line for line in lines if "supporting fact" in line)
    fact = legend.split(" supporting fact")[0][-1]
    at = next(n for n, line in enumerate(lines) if line.startswith("  Mary carried"))
    text, marks = lines[at], lines[at + 1].ljust(len(lines[at]))
    start = text.index("John")
    assert text.endswith("apple.")
    assert fact not in marks[:start]
    assert fact in marks[start:]
    assert " " not in marks[start:]


def test_no_line_of_the_page_is_wider_than_the_terminal(command, model, dataset, monkeypatch):
    from rich.cells import cell_len

    for columns in ("40", "61", "120"):
        monkeypatch.setenv("COLUMNS", columns)
        context = "\u0301" + "東京 " * 60 + "e\u0301 " + "x" * 300
        page = command(
            "inspect", "--model", model, "--question", "質問" * 40, "--context", context
        ).out
        before, tokens = page.split("\nTokens\n")
        picture = tokens[tokens.index("\nLayer 2") :]
        assert max(map(cell_len, [*before.splitlines(), *picture.splitlines()])) <= int(columns)


def test_a_yes_no_question_is_shown_when_asked_for(command, model, yes_no):
    base = ("inspect", "--model", model, "--dataset", yes_no, "--sample", "asleep", "--json")
    assert command(*base).code == 2
    done = command(*base, "--keep-yes-no")
    assert done.code == 0
    assert done.json["sample"]["answers"] == [{"text": "yes", "start": None, "end": None}]


def test_texts_that_would_flood_the_page_are_cut_there_and_whole_in_json(command, model):
    long = "x" * 20_000
    base = ("inspect", "--model", model, "--question", "Who?", "--context", long, "--answer", long)
    page = command(*base).out
    after = page[page.index("\nPredicted ") + 1 : page.index("\nLayer 2")]
    assert max(len(line) for line in after.splitlines()) < 110
    fields = after[: after.index("\nScore")]
    predicted, gold = fields.split("\nGold ")
    assert predicted.count("\n") <= 2
    assert gold.count("\n") <= 2
    assert gold.endswith("… (20,000 characters)")
    if (candidates := after.partition("Best answers\n")[2].partition("\nTokens")[0]).strip():
        assert len(candidates.splitlines()) <= 5 * 3
    found = command(*base, "--json").json
    assert found["sample"]["answers"][0]["text"] == long
    assert found["prediction"]["text"] in long
    assert "…" not in found["prediction"]["text"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [((), 0), (("--theme", "paper"), 0), (("--theme", "dusk2"), 1), (("--theme", "evening"), 1)],
)
def test_a_broken_theme_file_is_spoken_of_only_where_its_theme_was_asked_for(
    command, model, dataset, asked, said
):
    folder = paths.config_file().parent / "themes"
    folder.mkdir(parents=True)
    (folder / "evening.toml").write_text('name = "dusk2"\ncolours = 3\n')
    done = command("inspect", "--model", model, "--dataset", dataset, *asked)
    assert done.err.count("evening.toml") == said
    assert done.code == (2 if said else 0)
    if said:
        assert done.err.count("\n") == 1
        assert "colours: 3 is not a table" in done.err


def test_a_broken_theme_file_of_the_settings_is_a_warning(command, model, dataset, monkeypatch):
    folder = paths.config_file().parent / "themes"
    folder.mkdir(parents=True)
    (folder / "paper.toml").write_text('name = "paper"\n')
    monkeypatch.setenv("BERTSCOPE_THEME", "paper")
    done = command("inspect", "--model", model, "--dataset", dataset)
    assert done.code == 0
    assert done.err.count("paper.toml") == 1
    assert "passed over: dark, " in done.err


def test_a_folder_that_is_no_model_is_refused_without_talk_of_the_hub(command, tmp_path):
    for more in ((), ("--allow-download",)):
        done = command("inspect", "--model", tmp_path, *more)
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert "no config.json" in done.err
        assert "None" not in done.err
        assert "hub" not in done.err
    assert "--allow-download" in command("inspect", "--model", "somebody/no-such").err


def test_a_theme_that_was_typed_must_exist(command, model, dataset):
    done = command("inspect", "--model", model, "--dataset", dataset, "--theme", "no-such")
    assert (done.code, done.out) == (2, "")
    assert "no-such" in done.err


def test_a_theme_of_the_settings_that_does_not_exist_is_a_warning(
    command, model, dataset, monkeypatch
):
    monkeypatch.setenv("BERTSCOPE_THEME", "no-such")
    done = command("inspect", "--model", model, "--dataset", dataset)
    assert done.code == 0
    assert "no theme 'no-such'" in done.err


def test_settings_choose_model_and_data_set_until_something_is_typed(
    command, model, bare_model, dataset, monkeypatch
):
    monkeypatch.setenv("BERTSCOPE_MODEL", str(bare_model))
    monkeypatch.setenv("BERTSCOPE_DATASET", str(dataset))
    assert command("inspect", "--json").json["model"]["head"] is None
    assert command("inspect", "--json", "--model", model).json["model"]["head"] == "span"


@pytest.mark.real
def test_a_real_model_answers_a_real_question(command):
    done = command(
        "inspect", "--model", shared("models/minilm-l6-squad"),
        "--dataset", shared("data/xquad/xquad.en.json"), "--sample", "#3", "--json",
    )  # fmt: skip
    found = done.json
    assert found["prediction"]["text"] == "118"
    assert (found["prediction"]["exact_match"], found["prediction"]["f1"]) == (1.0, 1.0)
    roles = {token["role"] for token in found["tokens"]}
    assert {"answer", "question", "fact", "context", "special"} <= roles


def test_probes_that_are_kept_say_something_of_the_sample(command, model, dataset):
    for data in (entities(), _facts()):
        store.keep(probe(tiny_model("bert"), data, QUICK))
    arguments = ("inspect", "--model", model, "--dataset", dataset, "--probe")
    found = command(*arguments, "--layer", "1", "--json").json["probes"]
    assert found["question"] is None
    assert found["notes"] == []
    assert len(found["facts"]["macro_f1"]) == 3
    (facts,) = found["facts"]["layers"]
    assert facts["layer"] == 1
    assert len(facts["probabilities"]) == 2
    assert all(0 <= chance <= 1 for chance in facts["probabilities"])
    words = found["entities"]["spans"]
    (said,) = found["entities"]["layers"]
    assert len(words) == len(said["labels"]) == len(said["probabilities"])
    assert {"person", "thing"} >= set(said["labels"])
    texts = [one["text"] for one in words if one["name"] == "word" and one["part"] == "context"]
    assert texts == CONTEXT.replace(".", "").split()
    for one in words:
        if one["part"] == "context":
            assert CONTEXT[one["start"] : one["end"]] == one["text"]
        first, end = one["tokens"]
        assert 0 <= first < end
    page = command(*arguments, "--layer", "all", "--ascii").out
    assert [f"Probes at layer {layer} of 2" in page for layer in range(4)] == [True] * 3 + [False]
    # The second sentence is named by the data, the first one not.
    assert re.search(r"^   [.o]\d\.\d\d    0  Mary carried", page, re.MULTILINE)
    assert re.search(r"^  \[[.o]\d\.\d\d\]   1  John left", page, re.MULTILINE)
    assert "words have a label of 0.5 or more, as if all were names" in page
    assert max(map(len, page.splitlines())) <= 80


def test_without_probes_of_the_model_it_is_said_how_to_get_some(command, model, dataset):
    store.keep(probe(tiny_model("gpt2"), entities(), QUICK))
    done = command("inspect", "--model", model, "--dataset", dataset, "--probe")
    assert (done.code, done.out) == (2, "")
    assert "no probes" in done.err
    assert "bertscope-tui probe --model" in done.err


def _facts():
    def sample(number):
        told = f"Mary carried {number} pears. John left the kitchen."
        middle = told.index(" John")
        spans = (Span(0, middle), Span(middle + 1, len(told)))
        return QASample(
            id=f"s{number}",
            question=f"Who {('carried', 'left')[number % 2]} something?",
            context=told,
            answers=(),
            sentences=spans,
            supporting=(spans[number % 2],),
            origin=Origin("made.jsonl", f"line {number}"),
            group=f"g{number}",
        )

    samples = tuple(sample(number) for number in range(30))
    return facts_of(Dataset("made", "made.jsonl", "jsonl", None, samples))
