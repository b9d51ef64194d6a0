"""Plans: presets, grids, and the way to a file and back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.errors import InputError
from bertscope_tui.training.plan import (
    GRID_KEYS,
    PRESETS,
    Plan,
    Settings,
    Source,
    parse_grid,
    plan_command,
    plan_object,
    read_plan,
)


def _plan(**more: object) -> Plan:
    return Plan(name="n", base="b", head="span", train=Source("/data"), **more)  # type: ignore[arg-type]


def test_the_presets_are_the_set_ups_of_the_paper():
    assert set(PRESETS) == {"squad", "hotpot-distractor", "hotpot-sp", "babi-span", "babi-class"}
    assert {name: preset.max_tokens for name, preset in PRESETS.items()} == {
        "squad": 384,
        "hotpot-distractor": 512,
        "hotpot-sp": 512,
        "babi-span": 384,
        "babi-class": 384,
    }
    assert PRESETS["babi-class"].head == "classification"
    assert Settings().epochs == 5
    assert Settings().eval_steps == 1000


def test_a_grid_makes_one_training_for_every_combination_in_a_fixed_order():
    plan = _plan(grid=parse_grid(["lr=2e-5,3e-5", "batch-size=16,32", "schedule=linear,cosine"]))
    members = list(plan.members())
    assert len(members) == 8
    assert (members[0].lr, members[0].batch_size, members[0].schedule) == (2e-5, 16, "linear")
    assert (members[-1].lr, members[-1].batch_size, members[-1].schedule) == (3e-5, 32, "cosine")
    assert plan.differences(members[1]) == {"lr": 2e-5, "batch-size": 16, "schedule": "cosine"}


def test_a_plan_without_a_grid_is_one_training():
    assert list(_plan().members()) == [Settings()]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("lr", "KEY=VALUE"),
        ("lr=", "KEY=VALUE"),
        ("lr=1e-5,,2e-5", "KEY=VALUE"),
        ("rate=1", "no setting 'rate'"),
        ("lr=fast", "no number"),
        ("lr=2", "between 0 and 1"),
        ("batch-size=0", "1 or more"),
        ("batch-size=1.5", "no number"),
        ("schedule=steep", "none of linear"),
        ("dropout=1.5", "from 0 up to 1"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused_with_the_reason(word, said):
    with pytest.raises(InputError, match=said):
        parse_grid([word])


def test_a_grid_key_given_twice_is_refused():
    with pytest.raises(InputError, match="given twice"):
        parse_grid(["lr=1e-5", "lr=2e-5"])


@pytest.mark.parametrize(
    "changes",
    [{"lr": 0.0}, {"lr": float("nan")}, {"epochs": 0.0}, {"seed": -1}, {"warmup": float("inf")}],
)
def test_settings_that_no_training_can_have_are_refused(changes):
    with pytest.raises(InputError):
        Settings(**changes)


@given(
    st.builds(
        Plan,
        name=st.text(),
        base=st.text(),
        head=st.sampled_from(["span", "classification"]),
        train=st.builds(Source, path=st.text(), tasks=st.lists(st.text()).map(tuple)),
        dev=st.none() | st.builds(Source, path=st.text(), limit=st.none() | st.integers(1, 9)),
        preset=st.none() | st.sampled_from(sorted(PRESETS)),
        settings=st.builds(
            Settings,
            lr=st.floats(1e-6, 0.5),
            warmup=st.floats(0, 100),
            dropout=st.none() | st.floats(0, 0.9),
            epochs=st.floats(0.5, 9),
            seed=st.integers(0, 2**31),
        ),
        grid=st.lists(
            st.sampled_from([("lr", ("1e-5", "2e-5")), ("seed", ("1",))]), unique=True
        ).map(tuple),
    )
)
def test_a_plan_comes_back_from_its_file_as_it_was(plan):
    text = json.dumps(plan_object(plan))

    class Place:
        """A path that holds the text; what ``read_plan`` needs of one."""

        def read_text(self, encoding: str) -> str:
            return text

    assert read_plan(Place()) == plan  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"schema": "other"}', "\x00", '{"schema": 1}']
)
def test_a_damaged_plan_is_one_line(tmp_path, content):
    path = tmp_path / "plan.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"plan\.json"):
        read_plan(path)


def test_the_command_of_a_plan_makes_the_same_plan_again(tmp_path):
    from bertscope_tui.cli.finetune import finetune, plan_of
    from tests.tiny_models import tiny_folder
    from tests.training.support import write_stories

    data = write_stories(tmp_path / "qa1_walks_train.txt")
    plan = Plan(
        name="again",
        base=str(tiny_folder("bert", "")),
        head="span",
        train=Source(str(data), "span", "train", ("1",), False, 30),
        preset="babi-span",
        settings=Settings(dropout=0.0, freeze_embeddings=True, batch_tokens=500, warmup=7),
        grid=(("lr", ("1e-5", "2e-5")),),
        half=True,
    )
    words = list(plan_command(plan))
    assert words[:2] == ["bertscope-tui", "finetune"]
    context = finetune.make_context("finetune", words[2:])
    given = {key: value for key, value in context.params.items() if key != "force"}
    assert plan_of(given, force=False) == plan


def test_every_key_of_a_grid_is_a_setting():
    assert {key.replace("-", "_") for key in GRID_KEYS} <= set(Settings.__slots__)
