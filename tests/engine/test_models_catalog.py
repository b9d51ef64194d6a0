from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bertscope_tui import paths
from bertscope_tui.errors import ModelError
from bertscope_tui.models.card import Card, write_card
from bertscope_tui.models.catalog import (
    ModelEntry,
    find_base,
    find_model,
    list_models,
    read_entry,
)
from bertscope_tui.models.places import hub_cache
from tests.permissions import needs_permissions
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
    write_card(folder, Card("tuned", base="minilm-l6", score=0.93, metric="f1"))
    entry = read_entry(folder, "tuned", "folder")
    assert (entry.base, entry.score, entry.metric) == ("minilm-l6", 0.93, "f1")
    assert entry.problem is None


@pytest.mark.parametrize("text", ["[]", "{", "{}", '{"name": "x", "score": "high"}'])
def test_a_damaged_card_is_the_models_problem_with_a_remedy(text: str, tmp_path: Path) -> None:
    folder = _put(tmp_path / "tuned")
    (folder / "bertscope_card.json").write_text(text)
    entry = read_entry(folder, "tuned", "folder")
    assert (entry.base, entry.score, entry.layers) == (None, None, LAYERS)
    assert "bertscope_card.json" in (entry.problem or "")
    assert "delete this file" in (entry.problem or "")


def test_everything_in_the_cache_has_a_row_whatever_it_is(tmp_path: Path) -> None:
    models = tmp_path / "cache" / "models"
    _put(models / "whole")
    (_put(models / "bad-config") / "config.json").write_text("[]")
    (_put(models / "no-config") / "config.json").unlink()
    (_put(models / "no-tokenizer") / "tokenizer.json").unlink()
    cut = _put(models / "cut-weights") / "model.safetensors"
    cut.write_bytes(cut.read_bytes()[:-1])
    (_put(models / "no-weights") / "model.safetensors").unlink()
    pipe = _put(models / "pipe") / "model.safetensors"
    pipe.unlink()
    os.mkfifo(pipe)
    config = _put(models / "pipe-config") / "config.json"
    config.unlink()
    os.mkfifo(config)
    deep = _put(models / "deep-header") / "model.safetensors"
    deep.write_bytes((10**5).to_bytes(8, "little") + b"[" * 10**5)
    (models / "file").write_text("hello")
    (models / "empty").mkdir()
    (models / "loop").symlink_to("loop")
    (models / "dangling").symlink_to(tmp_path / "gone")
    shutil.copytree(_put(tmp_path / "run"), models / "foreign" / "checkpoint-500")
    half = models / ".staging-half-1-0123abcd"
    _put(half)
    (models / ".hidden").write_text("")
    entries = {entry.name: entry for entry in list_models() if entry.source == "cache"}
    problems = {name: entry.problem or "" for name, entry in entries.items()}
    wanted = {
        "whole": "",
        "bad-config": "not a JSON object",
        "no-config": "no config.json",
        "no-tokenizer": "no tokenizer files",
        "cut-weights": "damaged or cut short",
        "no-weights": "no weights",
        "pipe": "not a regular file",
        "pipe-config": "not a regular file",
        "deep-header": "damaged",
        "file": "a file where a model folder was expected",
        "empty": "no config.json",
        "loop": "which is not there",
        "dangling": "which is not there",
        "foreign": "no config.json",
    }
    assert set(problems) == set(wanted)
    assert not problems.pop("whole")
    assert {name: wanted[name] for name in problems if wanted[name] not in problems[name]} == {}
    assert all(problem.count("\n") == 0 for problem in problems.values())


@needs_permissions
def test_a_folder_that_may_not_be_read_hides_no_other(tmp_path: Path) -> None:
    models = tmp_path / "cache" / "models"
    _put(models / "whole")
    _put(models / "shut").chmod(0)
    (_put(models / "shut-weights") / "model.safetensors").chmod(0)
    found = {entry.name: entry.problem or "" for entry in list_models()}
    (models / "shut").chmod(0o700)
    assert not found.pop("whole")
    assert "permission" in found["shut"].lower()
    assert "permission" in found["shut-weights"].lower()


def test_an_error_of_the_disk_while_reading_weights_is_the_models_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _put(tmp_path / "m")
    usual = Path.open

    def failing(path: Path, *arguments: Any, **more: Any) -> Any:
        if path.suffix == ".safetensors":
            raise OSError(5, "Input/output error", str(path))
        return usual(path, *arguments, **more)

    monkeypatch.setattr(Path, "open", failing)
    problem = read_entry(folder, "m", "folder").problem or ""
    assert problem.endswith("model.safetensors: cannot be read: Input/output error")


def _tuned(folder: Path, **card: Any) -> ModelEntry:
    write_card(_put(folder), Card(folder.name, **card))
    return read_entry(folder, folder.name, "cache")


def test_the_base_is_found_by_its_name_in_the_catalogue(tmp_path: Path) -> None:
    base = _put(tmp_path / "cache" / "models" / "base")
    _put_in_hub(tmp_path, "models--somebody--bert", "abc")
    models = tmp_path / "cache" / "models"
    found = find_base(_tuned(models / "one", base="base"))
    assert found is not None
    assert (found.name, found.source, found.path) == ("base", "cache", base)
    found = find_base(_tuned(models / "two", base="somebody/bert"))
    assert found is not None
    assert (found.name, found.source) == ("somebody/bert", "huggingface")


def test_the_base_is_found_in_the_folder_where_it_was(tmp_path: Path) -> None:
    base = _put(tmp_path / "elsewhere" / "base", "gpt2")
    models = tmp_path / "cache" / "models"
    for card in ({"base": "./base", "base_path": str(base)}, {"base": str(base)}):
        found = find_base(_tuned(models / f"by-{len(card)}", **card))
        assert found is not None
        assert (found.name, found.source, found.path) == ("base", "folder", base)
    cached = _put(models / "kept")
    found = find_base(_tuned(models / "three", base="kept-as", base_path=str(cached)))
    assert found is not None
    assert (found.name, found.source) == ("kept", "cache")


def test_a_base_that_is_not_here_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = tmp_path / "cache" / "models"
    monkeypatch.chdir(tmp_path)
    _put(tmp_path / "here")
    for number, card in enumerate(
        (
            {},
            {"base": "somebody/gone"},
            {"base": "gone", "base_path": str(tmp_path / "gone")},
            {"base": "here"},  # relative to a folder that is not known
            {"base": "own-4"},  # itself is no base
        )
    ):
        assert find_base(_tuned(models / f"own-{number}", **card)) is None
    bare = _put(models / "without-a-card")
    assert find_base(read_entry(bare, "bare", "cache")) is None
    (bare / "bertscope_card.json").write_text("{")
    assert find_base(read_entry(bare, "bare", "cache")) is None


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
