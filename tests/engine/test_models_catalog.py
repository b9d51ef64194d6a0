from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bertscope_tui import paths
from bertscope_tui.errors import ModelError
from bertscope_tui.models.catalog import find_model, hub_cache, list_models, read_entry
from tests.tiny_models import LAYERS, WIDTH, copy_of, tiny_folder


@pytest.fixture(autouse=True)
def _empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point every place where models are looked for at an empty folder."""
    monkeypatch.setenv("BERTSCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(paths, "resources", lambda kind: tmp_path / "resources" / kind)


def _put(folder: Path, kind: str = "bert", head: str = "span") -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    return copy_of(tiny_folder(kind, head), folder)


def _put_in_hub(root: Path, repository: str, revision: str, kind: str = "bert") -> Path:
    return _put(root / "hub" / repository / "snapshots" / revision, kind)


def test_models_of_every_place_are_listed(tmp_path: Path) -> None:
    _put(tmp_path / "resources" / "sample_data" / "models" / "tales")
    _put(tmp_path / "cache" / "models" / "mine", "distilbert")
    _put_in_hub(tmp_path, "models--somebody--gpt2-small", "abc", "gpt2")
    _put(tmp_path / "many" / "one", "albert", "classification")
    _put(tmp_path / "many" / "two", "electra", "")
    single = _put(tmp_path / "single", "llama")
    entries = list_models([tmp_path / "many", single])
    assert [(e.name, e.source, e.model_type, e.head) for e in entries] == [
        ("tales", "bundled", "bert", "span"),
        ("mine", "cache", "distilbert", "span"),
        ("somebody/gpt2-small", "huggingface", "gpt2", "span"),
        ("one", "folder", "albert", "classification"),
        ("two", "folder", "electra", None),
        ("single", "folder", "llama", "span"),
    ]
    assert {(e.layers, e.hidden_size, e.problem) for e in entries} == {(LAYERS, WIDTH, None)}
    assert all(e.bytes > 1000 for e in entries)


def test_an_empty_machine_has_no_models() -> None:
    assert list_models() == []


def test_a_folder_reached_twice_is_listed_once(tmp_path: Path) -> None:
    folder = _put(tmp_path / "models" / "bert")
    assert len(list_models([folder, folder.parent, folder])) == 1


def test_a_damaged_folder_keeps_its_row_and_the_others_theirs(tmp_path: Path) -> None:
    _put(tmp_path / "m" / "b-good")
    (_put(tmp_path / "m" / "a-bad") / "config.json").write_text("{")
    (_put(tmp_path / "m" / "c-bad") / "model.safetensors").write_bytes(b"123")
    (_put(tmp_path / "m" / "d-bad") / "tokenizer.json").unlink()
    entries = {e.name: e for e in list_models([tmp_path / "m"])}
    assert "not readable as JSON" in (entries["a-bad"].problem or "")
    assert entries["b-good"].problem is None
    assert "damaged or cut short" in (entries["c-bad"].problem or "")
    assert entries["c-bad"].layers == LAYERS
    assert entries["d-bad"].problem == "no tokenizer files"


@pytest.mark.parametrize(
    "config",
    [
        {"architectures": "BertModel", "num_hidden_layers": "many", "model_type": 7},
        {"architectures": [], "hidden_size": True},
        {"architectures": [None]},
    ],
)
def test_odd_values_in_a_config_are_passed_over(config: dict[str, object], tmp_path: Path) -> None:
    folder = _put(tmp_path / "odd")
    (folder / "config.json").write_text(json.dumps(config))
    entry = read_entry(folder, "odd", "folder")
    assert (entry.architecture, entry.layers, entry.hidden_size) == (None, None, None)


def test_the_card_tells_the_base_and_the_score(tmp_path: Path) -> None:
    folder = _put(tmp_path / "tuned")
    card = folder / "bertscope_card.json"
    card.write_text(json.dumps({"base": "minilm-l6", "score": 0.93}))
    entry = read_entry(folder, "tuned", "folder")
    assert (entry.base, entry.score) == ("minilm-l6", 0.93)
    for text in ("[]", "{", '{"base": 3, "score": "high"}', '{"score": true}'):
        card.write_text(text)
        entry = read_entry(folder, "tuned", "folder")
        assert (entry.base, entry.score, entry.problem) == (None, None, None)


def test_the_hub_cache_shows_the_snapshot_that_main_names(tmp_path: Path) -> None:
    named = _put_in_hub(tmp_path, "models--a--b", "old")
    _put_in_hub(tmp_path, "models--a--b", "new", "gpt2")
    os.utime(named, (1, 1))
    assert find_model("a/b").model_type == "gpt2"
    refs = tmp_path / "hub" / "models--a--b" / "refs"
    refs.mkdir()
    (refs / "main").write_text("old")
    assert find_model("a/b").path == named


def test_broken_places_in_the_hub_cache_are_passed_over(tmp_path: Path) -> None:
    hub = tmp_path / "hub"
    (hub / "models--no--snapshots").mkdir(parents=True)
    (hub / "models--empty--snapshot" / "snapshots" / "abc").mkdir(parents=True)
    (hub / "models--a-file").write_text("")
    _put_in_hub(tmp_path, "models--fine", "abc")
    assert [e.name for e in list_models()] == ["fine"]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"HF_HUB_CACHE": "/a/b"}, "/a/b"),
        ({"HUGGINGFACE_HUB_CACHE": "/old"}, "/old"),
        ({"HF_HOME": "/home/hf"}, "/home/hf/hub"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/huggingface/hub"),
    ],
)
def test_the_hub_cache_is_where_that_library_says(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert hub_cache() == Path(expected)


def test_a_name_is_found_exactly_then_in_any_case(tmp_path: Path) -> None:
    models = tmp_path / "cache" / "models"
    _put(models / "Tales")
    _put(models / "tales", "gpt2")
    assert find_model("tales").model_type == "gpt2"
    assert find_model("TALES").name == "Tales"


def test_a_folder_wins_over_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _put(tmp_path / "cache" / "models" / "tales")
    here = _put(tmp_path / "here" / "tales", "gpt2")
    monkeypatch.chdir(here.parent)
    assert find_model("tales").source == "folder"
    assert find_model(here).name == "tales"


def test_an_unknown_name_is_refused_with_names_like_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="give a model folder"):
        find_model("tails")
    _put(tmp_path / "cache" / "models" / "tales")
    with pytest.raises(ModelError, match=r"no model 'tails'.*: tales"):
        find_model("tails")
    with pytest.raises(ModelError, match="no model"):
        find_model("x" * 5000)


def test_listing_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys; from bertscope_tui.models import catalog, loading; "
        "from bertscope_tui.engine import encoding, forward, answers, roles; "
        "from bertscope_tui.analysis import projection, outliers, geometry; "
        "catalog.list_models(); "
        "print([m for m in ('torch', 'transformers', 'scipy', 'sklearn', 'huggingface_hub', "
        "'textual') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
