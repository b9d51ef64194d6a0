"""Results that are kept: back as they were, refused where damaged, found by what they are of."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from bertscope_tui.analysis.probing.table import SpanStates
from bertscope_tui.analysis.probing.training import logits_of
from bertscope_tui.data.records import Span
from bertscope_tui.engine.encoding import Token
from bertscope_tui.engine.forward import forward
from bertscope_tui.engine.probe_encoding import covering, encode_probe
from bertscope_tui.errors import ModelError
from bertscope_tui.probes import store
from bertscope_tui.probes.applying import offsets_of, open_probes
from bertscope_tui.probes.report import probe_object, result_object
from bertscope_tui.probes.run import identity_of, probe
from tests.tiny_models import LAYERS, tiny_folder, tiny_model
from tests.unit.probes.made import QUICK, SMALL, entities, pairs


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTSCOPE_CACHE", str(tmp_path_factory.mktemp("cache")))
        return probe(tiny_model("bert"), entities(), SMALL)


def test_a_result_comes_back_as_it_was(probed):
    path = store.keep(probed)
    assert store.find(probed.result.identity) == probed.result
    assert store.stored() == ([probed.result], [])
    assert path.name.startswith("bert-span--nel--made--")
    for name, weight in store.read_weights(probed.result).items():
        torch.testing.assert_close(weight, probed.probes.weights[name])


def test_a_result_takes_the_place_of_that_under_another_name(probed):
    before = store.keep(probed)
    renamed = replace(probed, result=replace(probed.result, model="renamed", data="moved"))
    after = store.keep(renamed)
    try:
        assert store.stored() == ([renamed.result], [])
        assert after.name != before.name
        assert sorted(after.parent.iterdir()) == sorted([after, after.with_suffix(".safetensors")])
    finally:
        store.remove(renamed.result)


def test_what_a_result_is_of_changes_with_weights_data_and_settings_but_not_with_names(probed):
    def identity(kind="bert", data=None, options=SMALL, random=False):
        return identity_of(tiny_folder(kind), data or entities(), options, random=random)

    same = identity()
    assert same == probed.result.identity
    assert identity(data=entities(name="another")) == same
    assert identity(options=replace(SMALL, features_bytes=SMALL.features_bytes // 2)) == same
    mean = replace(SMALL.settings, pooling="mean")
    others = [
        identity("gpt2"),
        identity(data=pairs()),
        identity(data=entities(split=False)),
        identity(options=replace(SMALL, settings=mean)),
        identity(options=replace(SMALL, seeds=3)),
        identity(options=replace(SMALL, max_tokens=64)),
        identity(random=True),
    ]
    assert len({same, *others}) == 1 + len(others)


def test_the_json_object_has_the_fields_that_were_promised(probed):
    found = json.loads(json.dumps(probe_object([probed.result])))
    assert found["schema"] == "bertscope.probe/1"
    (result,) = found["results"]
    assert set(result) >= {
        "model", "base", "task", "data", "labels", "examples", "lost_spans", "pooling", "seeds",
        "majority", "layers", "mix", "seconds", "peak_memory_bytes",
    }  # fmt: skip
    assert set(result["examples"]) == {"train", "dev", "test"}
    assert set(result["majority"]) == {"macro_f1", "accuracy"}
    assert set(result["seconds"]) == {"extract", "train"}
    assert set(result["mix"]) >= {"weights", "center_of_gravity"}
    assert len(result["mix"]["weights"]) == len(result["layers"]) == LAYERS + 1
    for layer in result["layers"]:
        assert set(layer) >= {
            "layer", "macro_f1", "macro_f1_std", "micro_f1", "accuracy", "per_label",
            "control_accuracy", "selectivity", "codelength_bits",
        }  # fmt: skip
        assert set(layer["per_label"]) == {"person", "thing"}


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"accuracy": ', '"accuracy": "', 1),
        lambda text: text.replace('"macro_f1": ', '"macro_f1": NaN, "x": ', 1),
        lambda text: text.replace('"layer": 1', '"layer": 7'),
        lambda text: text.replace('"pooling": "attention"', '"pooling": "sum"'),
        lambda text: text.replace('"layers": [', '"layers": [null, '),
        lambda text: "[]",
    ],
)
def test_a_damaged_result_is_named_and_taken_for_none(probed, damage):
    path = store.keep(probed)
    path.write_text(damage(path.read_text("utf-8")), "utf-8")
    assert store.find(probed.result.identity) is None
    results, problems = store.stored()
    assert results == []
    assert len(problems) == 1
    assert path.name in problems[0]


def _without_layers(content):
    content["layers"] = []


def _without_a_label(content):
    content["labels"] = content["labels"][:1]


def _with_a_shorter_confusion(content):
    content["layers"][0]["confusion"].pop()


def _with_half_an_interval(content):
    content["layers"][0]["macro_f1_interval"] = [0.5]


def _above_one(content):
    content["majority"]["macro_f1"] = 1.5


def _of_no_seeds(content):
    content["options"]["seeds"] = 0


@pytest.mark.parametrize(
    "change",
    [
        _without_layers,
        _without_a_label,
        _with_a_shorter_confusion,
        _with_half_an_interval,
        _above_one,
        _of_no_seeds,
    ],
)
def test_parts_that_are_not_of_one_result_are_taken_for_none(probed, change):
    path = store.keep(probed)
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")
    results, problems = store.stored()
    assert results == []
    assert len(problems) == 1
    assert path.name in problems[0]


def test_half_a_write_is_never_seen(probed):
    path = store.keep(probed)
    path.unlink()  # as after a kill between the probes and their result
    assert store.find(probed.result.identity) is None
    assert store.stored() == ([], [])


def test_kept_probes_say_of_a_window_what_they_said_of_the_data():
    model, data = tiny_model("bert"), entities()
    one_seed = probe(model, data, replace(QUICK, seeds=1))
    store.keep(one_seed)
    probes = open_probes(store.find(one_seed.result.identity))
    encoded = encode_probe(data, model)
    said = []
    for place, window in enumerate(encoded.windows):
        if data.examples[place].split != "test":
            continue
        (output,) = forward(model, [window], hidden=True)
        tokens = encoded.tokens[place]
        targets = [
            [(int(tokens[first]), int(tokens[first + count - 1]) + 1)]
            for first, count in encoded.spans[encoded.targets[:, 0] == place, 0]
            - [encoded.first_rows[place], 0]
        ]
        said.append(probes.probabilities(output.hidden, targets))
    chances = np.concatenate(said, axis=1)
    assert chances.shape == (LAYERS + 1, 30, 2)
    assert ((chances >= 0) & (chances <= 1)).all()
    accuracy = (chances.argmax(2) == [0, 1] * 15).mean(1)
    assert accuracy.tolist() == pytest.approx([one.accuracy for one in one_seed.result.layers])
    assert accuracy[0] > 0.9


def test_probes_of_no_target_say_nothing_and_other_states_are_refused(probed):
    store.keep(probed)
    probes = open_probes(probed.result)
    states = np.zeros((LAYERS + 1, 5, 32), np.float32)
    assert probes.probabilities(states, []).shape == (LAYERS + 1, 0, 2)
    with pytest.raises(ModelError, match="layers"):
        probes.probabilities(states[1:], [[(0, 1)]])


def test_probes_that_are_gone_are_said_to_be(probed):
    path = store.keep(probed)
    path.with_suffix(".safetensors").unlink()
    with pytest.raises(ModelError, match="cannot be read") as error:
        open_probes(probed.result)
    assert "--again" in error.value.remedy


@pytest.mark.parametrize("name", ["project0", "out_bias", "hidden"])
def test_probes_of_other_sizes_than_their_result_says_are_refused(probed, name):
    path = store.keep(probed).with_suffix(".safetensors")
    weights = load_file(path)
    for changed in ({name: weights[name][..., :1]}, {}):
        rest = {key: one for key, one in weights.items() if key != name}
        save_file({**rest, **{key: one.contiguous() for key, one in changed.items()}}, path)
        with pytest.raises(ModelError, match="do not belong to their result"):
            open_probes(probed.result)


def test_characters_of_a_question_or_context_are_found_among_its_own_tokens():
    covered = (
        ("[CLS]", "special", 0, 0),
        ("who", "question", 0, 3),
        ("left", "question", 4, 8),
        ("[SEP]", "special", 0, 0),
        ("Mary", "context", 0, 4),
        ("left", "context", 5, 9),
    )
    tokens = tuple(
        Token(index, text, text, part, start, end)
        for index, (text, part, start, end) in enumerate(covered)
    )
    assert covering(offsets_of(tokens, "question"), Span(4, 8)) == (2, 3)
    assert covering(offsets_of(tokens, "context"), Span(0, 9)) == (4, 6)
    assert covering(offsets_of(tokens, "context"), Span(20, 22)) is None


def test_labels_that_exclude_each_other_have_probabilities_that_add_up_to_one(probed):
    settings = replace(QUICK.settings, loss="softmax")
    made = probe(tiny_model("bert"), entities(), replace(QUICK, settings=settings))
    store.keep(made)
    states = np.random.default_rng(0).normal(size=(LAYERS + 1, 6, 32)).astype(np.float32)
    targets = [[(0, 1)], [(2, 6)]]
    table = SpanStates(states.transpose(1, 0, 2), np.asarray([[(0, 1)], [(2, 4)]]))
    logits = torch.from_numpy(logits_of(made.probes, table, np.arange(2))[:, 0])
    chances = open_probes(made.result).probabilities(states, targets)
    np.testing.assert_allclose(chances, logits.softmax(-1).numpy(), atol=1e-6)
    store.keep(probed)
    apart = open_probes(probed.result).probabilities(states, targets)
    assert np.abs(apart.sum(-1) - 1).max() > 1e-3  # each label for itself


def test_pairs_are_kept_and_opened_with_both_spans():
    probed = probe(tiny_model("bert"), pairs(), QUICK)
    store.keep(probed)
    probes = open_probes(probed.result)
    states = np.random.default_rng(0).normal(size=(LAYERS + 1, 6, 32)).astype(np.float32)
    chances = probes.probabilities(states, [[(0, 1), (2, 6)], [(3, 5), (5, 6)]])
    assert chances.shape == (LAYERS + 1, 2, 2)
    assert result_object(probed.result)["spans"] == 2
