"""The card of a model: written, read back, and refused where it is damaged."""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertscope_tui.errors import DiskError, InputError, ModelError
from bertscope_tui.models.card import (
    CARD,
    SCHEMA,
    Card,
    CardData,
    DataRecord,
    FileRecord,
    Point,
    Scores,
    Trial,
    card_of,
    data_records,
    file_record,
    now,
    read_card,
    weights_sha256,
    write_card,
)

_texts = st.text(max_size=12)
_wholes = st.integers(0, 10**12)
_numbers = st.floats(allow_nan=False, allow_infinity=False)
_fractions = st.floats(0, 1)
_scalars = st.none() | st.booleans() | _texts | st.integers() | _numbers
_settings = st.dictionaries(_texts, _scalars, max_size=4)


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


_files = st.builds(FileRecord, _texts, _wholes, _texts)
_data = st.builds(
    DataRecord,
    name=_maybe(_texts),
    format=_maybe(_texts),
    variant=_maybe(_texts),
    split=_maybe(_texts),
    tasks=st.lists(_texts, max_size=3).map(tuple),
    questions=_maybe(_wholes),
    skipped=_maybe(_wholes),
    files=st.lists(_files, max_size=3).map(tuple),
)
_scores = st.builds(
    Scores,
    questions=_maybe(_wholes),
    exact_match=_maybe(_fractions),
    f1=_maybe(_fractions),
    accuracy=_maybe(_fractions),
    tasks=st.dictionaries(_texts, _fractions, max_size=3),
)
_points = st.builds(
    Point,
    step=_wholes,
    epoch=_maybe(_numbers),
    loss=_maybe(_numbers),
    score=_maybe(_fractions),
    exact_match=_maybe(_fractions),
    f1=_maybe(_fractions),
    accuracy=_maybe(_fractions),
    seconds=_maybe(_numbers),
)
_cards = st.builds(
    Card,
    name=st.text(min_size=1, max_size=12),
    base=_maybe(_texts),
    base_path=_maybe(_texts),
    base_sha256=_maybe(_texts),
    head=st.sampled_from([None, "span", "classification"]),
    architecture=_maybe(_texts),
    preset=_maybe(_texts),
    metric=st.sampled_from([None, "f1", "accuracy"]),
    score=_maybe(_fractions),
    scores=_maybe(_scores),
    data=st.builds(CardData, _maybe(_data), _maybe(_data)),
    settings=_settings,
    seed=_maybe(_wholes),
    command=st.lists(_texts, max_size=4).map(tuple),
    history=st.lists(_points, max_size=3).map(tuple),
    grid=st.lists(st.builds(Trial, _settings, _maybe(_fractions), _maybe(_wholes)), max_size=3).map(
        tuple
    ),
    steps=_maybe(_wholes),
    best_step=_maybe(_wholes),
    seconds=_maybe(_numbers),
    device=_maybe(_texts),
    versions=st.dictionaries(_texts, _texts, max_size=3),
    created=_maybe(st.datetimes().map(lambda time: time.isoformat())),
    licence=_maybe(_texts),
    notes=st.lists(_texts, max_size=3).map(tuple),
)


@given(_cards)
def test_what_is_written_is_read_back(tmp_path_factory, card):
    folder = tmp_path_factory.mktemp("card")
    write_card(folder, card)
    assert read_card(folder) == card
    assert [path.name for path in folder.iterdir()] == [CARD]
    assert json.loads((folder / CARD).read_bytes())["schema"] == SCHEMA


def test_every_field_stands_in_the_file(tmp_path):
    write_card(tmp_path, Card("one"))
    content = json.loads((tmp_path / CARD).read_text())
    assert set(content) == {"schema", *(field.name for field in fields(Card))}


def test_a_path_that_is_no_text_is_kept(tmp_path):
    card = Card("one", base_path=os.fsdecode(b"/models/\xff\xfe"))
    write_card(tmp_path, card)
    assert read_card(tmp_path) == card


def test_numbers_that_are_not_finite_become_null(tmp_path):
    card = Card("one", history=(Point(5, loss=math.nan),), settings={"lr": math.inf})
    write_card(tmp_path, card)
    assert read_card(tmp_path) == replace(card, history=(Point(5),), settings={"lr": None})


def test_a_folder_without_a_card_has_none(tmp_path):
    assert read_card(tmp_path) is None


def test_a_card_needs_only_its_name_and_unknown_fields_are_passed_over():
    card = card_of({"name": "x", "colour": "red", "data": {"generator": "g"}}, Path("card"))
    assert card == Card("x")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({}, "no name"),
        ({"name": ""}, "no name"),
        ({"name": 3}, "name is not text"),
        ({"name": "x", "schema": "bertscope.card/9"}, "schema"),
        ({"name": "x", "score": "high"}, "score is not a number"),
        ({"name": "x", "score": True}, "score is not a number"),
        ({"name": "x", "score": 87.9}, "score is not a number from 0 to 1"),
        ({"name": "x", "seconds": 10**400}, "seconds is not a finite number"),
        ({"name": "x", "head": "mask"}, "head is not span or classification"),
        ({"name": "x", "metric": "bleu"}, "metric is not f1 or accuracy"),
        ({"name": "x", "seed": -1}, "seed is not a whole number"),
        ({"name": "x", "settings": {"lr": [1]}}, "settings.lr is not a single value"),
        ({"name": "x", "settings": []}, "settings is not an object"),
        ({"name": "x", "command": "finetune"}, "command is not a list"),
        ({"name": "x", "notes": [1]}, "notes is not a list of texts"),
        ({"name": "x", "versions": {"torch": 2}}, "versions is not an object of texts"),
        ({"name": "x", "history": [3]}, "history is not a list of objects"),
        ({"name": "x", "history": [{"step": 1}, {}]}, r"history\[1\]: step is not there"),
        ({"name": "x", "scores": {"tasks": {"1": 2}}}, "scores: tasks.1 is not"),
        ({"name": "x", "data": {"train": {"files": [{"path": "p"}]}}}, "bytes is not there"),
        ({"name": "x", "created": "yesterday"}, "created is not a time"),
    ],
)
def test_a_damaged_card_is_refused_naming_the_field(tmp_path, content, reason):
    (tmp_path / CARD).write_text(json.dumps(content))
    with pytest.raises(ModelError, match=f"{CARD}.*{reason}"):
        read_card(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"name": NaN}', "[" * 10**5, '{"name": "\udc80"']
)
def test_a_file_that_is_no_json_object_is_refused(tmp_path, text):
    (tmp_path / CARD).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError, match=CARD):
        read_card(tmp_path)


def test_a_card_that_is_a_folder_a_pipe_or_a_dangling_link_is_refused(tmp_path):
    for kind, make in {
        "folder": Path.mkdir,
        "pipe": os.mkfifo,
        "link": lambda path: path.symlink_to("gone"),
    }.items():
        (tmp_path / kind).mkdir()
        make(tmp_path / kind / CARD)
        with pytest.raises(ModelError, match=CARD):
            read_card(tmp_path / kind)


_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([field.name for field in fields(Card)]), _json))
def test_any_json_object_is_a_card_or_a_model_error(content):
    try:
        card = card_of({"name": "x", **content}, Path("card"))
    except ModelError as error:
        message = error.message
    else:
        message = card.name
    assert message.splitlines() == [message]


def test_a_card_that_cannot_be_written_is_one_line_and_leaves_the_old_one(tmp_path, monkeypatch):
    write_card(tmp_path, Card("old"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskError, match="No space left"):
        write_card(tmp_path, Card("new"))
    assert read_card(tmp_path) == Card("old")
    assert [path.name for path in tmp_path.iterdir()] == [CARD]
    with pytest.raises(DiskError, match="cannot be written"):
        write_card(tmp_path / "nowhere", Card("new"))


def test_a_file_record_has_the_hash_of_the_bytes(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(b"x" * 3_000_000)
    wanted = hashlib.sha256(b"x" * 3_000_000).hexdigest()
    assert file_record(path) == FileRecord(str(path), 3_000_000, wanted)
    with pytest.raises(InputError, match="nowhere"):
        file_record(tmp_path / "nowhere")


def test_the_records_of_a_folder_are_those_of_its_stories(tmp_path):
    story = "1 Mary went home.\n2 Where is Mary?\thome\t1\n"
    for name in ("qa2_b_train.txt", "qa1_a_train.txt"):
        (tmp_path / name).write_text(story)
    (tmp_path / "LICENSE").write_text("free")
    (tmp_path / ".qa3_c_train.txt").write_text(story)
    (tmp_path / "UTF-16").write_bytes("no story".encode("utf-16"))  # cannot be read as data
    (tmp_path / "more").mkdir()
    names = [Path(one.path).name for one in data_records(tmp_path)]
    assert names == ["qa1_a_train.txt", "qa2_b_train.txt"]
    assert data_records(tmp_path / "LICENSE") == (file_record(tmp_path / "LICENSE"),)


def _weights(path: Path, name: str) -> None:
    header = json.dumps({name: {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"x")


def test_the_hash_of_weights_is_that_of_the_file_or_of_the_list_of_files(tmp_path):
    _weights(tmp_path / "model.safetensors", "a")
    single = file_record(tmp_path / "model.safetensors").sha256
    assert weights_sha256(tmp_path) == single
    (tmp_path / "model.safetensors").rename(tmp_path / "one.safetensors")
    _weights(tmp_path / "two.safetensors", "b")
    index = {"weight_map": {"b": "two.safetensors", "a": "one.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    second = file_record(tmp_path / "two.safetensors").sha256
    lines = f"{single}  one.safetensors\n{second}  two.safetensors\n"
    assert weights_sha256(tmp_path) == hashlib.sha256(lines.encode()).hexdigest()


def test_now_is_a_time_with_its_offset():
    assert card_of({"name": "x", "created": now()}, Path("card")).created is not None
    assert now().endswith("+00:00")
