"""Copying a model into the cache: what is taken, what is refused, and the card it gets."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path

import pytest

from bertscope_tui import paths
from bertscope_tui.errors import DiskError, InputError, ModelError
from bertscope_tui.models import importing
from bertscope_tui.models.card import Card, read_card, write_card
from bertscope_tui.models.catalog import find_model, list_models
from bertscope_tui.models.importing import import_model
from tests.models_by_hand import weight_file, write_model
from tests.permissions import needs_permissions

SMALL = {"config.json", "tokenizer.json", "bertscope_card.json"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_model(tmp_path / "from" / "my-bert")


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_folder_is_copied_with_what_a_model_needs_and_nothing_else(source):
    for name in (
        "tokenizer_config.json",
        "vocab.txt",
        "merges.txt",
        "generation_config.json",
        "label_map.json",
        "LICENSE",
        "pytorch_model.bin",
        "optimizer.pt",
        "modeling_own.py",
        "training_args.bin",
        "tf_model.h5",
        ".gitattributes",
    ):
        (source / name).write_text("x")
    (source / "checkpoint-500").mkdir()
    os.mkfifo(source / "vocab.json")
    entry = import_model(source)
    assert (entry.name, entry.source, entry.problem) == ("my-bert", "cache", None)
    assert entry.path == paths.cached_models_dir() / "my-bert"
    assert _names(entry.path) == SMALL | {
        "model.safetensors",
        "tokenizer_config.json",
        "vocab.txt",
        "merges.txt",
        "generation_config.json",
        "label_map.json",
        "LICENSE",
    }
    assert find_model("my-bert") == entry
    original = source / "model.safetensors"
    assert (entry.path / "model.safetensors").read_bytes() == original.read_bytes()


def test_a_model_without_a_card_gets_one_that_says_where_it_came_from(source):
    card = read_card(import_model(source, "mine").path)
    digest = hashlib.sha256((source / "model.safetensors").read_bytes()).hexdigest()
    assert card is not None
    assert (card.name, card.base, card.head) == ("mine", None, "span")
    assert card.architecture == "BertForQuestionAnswering"
    assert card.created is not None
    assert card.notes == (f"imported from {source}", f"SHA-256 of the weights: {digest}")


def test_a_card_comes_along_under_the_new_name(source):
    write_card(source, Card("my-bert", base="bert-base-uncased", score=0.9, metric="f1"))
    before = (source / "bertscope_card.json").read_bytes()
    entry = import_model(source)
    assert (entry.base, entry.score, entry.metric) == ("bert-base-uncased", 0.9, "f1")
    assert (entry.path / "bertscope_card.json").read_bytes() == before
    renamed = read_card(import_model(source, "other").path)
    assert renamed == Card("other", base="bert-base-uncased", score=0.9, metric="f1")


def test_all_parts_of_weights_in_several_files_come_along(source):
    (source / "model.safetensors").rename(source / "model-00001-of-00002.safetensors")
    (source / "model-00002-of-00002.safetensors").write_bytes(weight_file("bert.pooler"))
    (source / "stray.safetensors").write_bytes(weight_file("stray"))
    parts = {
        "qa_outputs.weight": "model-00001-of-00002.safetensors",
        "bert.pooler": "model-00002-of-00002.safetensors",
    }
    index = "model.safetensors.index.json"
    (source / index).write_text(json.dumps({"weight_map": parts}))
    entry = import_model(source)
    assert entry.problem is None
    assert _names(entry.path) == SMALL | set(parts.values()) | {index}


def test_links_are_followed_as_in_the_hub_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    blobs = write_model(tmp_path / "hub" / "models--some--bert" / "blobs")
    snapshot = tmp_path / "hub" / "models--some--bert" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    for path in blobs.iterdir():
        (snapshot / path.name).symlink_to(path)
    entry = import_model("some/bert")
    assert (entry.name, entry.source) == ("bert", "cache")
    assert not any(path.is_symlink() for path in entry.path.iterdir())
    card = read_card(entry.path)
    assert card is not None
    assert card.notes[0] == "imported from some/bert"


def test_the_hub_is_asked_only_when_allowed(source, monkeypatch):
    import huggingface_hub

    asked = []

    def download(name: str, **_: object) -> str:
        asked.append(name)
        return str(source)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(ModelError, match="--allow-download"):
        import_model("some/bert")
    assert asked == []
    assert import_model("some/bert", allow_download=True).name == "bert"
    assert asked == ["some/bert"]


def test_a_name_in_use_is_refused_before_anything_is_copied_and_replaced_with_force(
    source, monkeypatch
):
    import_model(source, "mine")
    with monkeypatch.context() as patch:
        patch.setattr(importing, "_copy", lambda *_: pytest.fail("copied"))
        with pytest.raises(InputError, match="--force replaces it"):
            import_model(source, "mine")
    (source / "LICENSE").write_text("free")
    assert "LICENSE" in _names(import_model(source, "mine", force=True).path)
    # A model can also be replaced by itself.
    again = import_model(paths.cached_models_dir() / "mine", force=True)
    assert "LICENSE" in _names(again.path)
    assert [entry.name for entry in list_models() if entry.source == "cache"] == ["mine"]


def test_a_folder_whose_name_is_no_good_asks_for_another(tmp_path):
    odd = write_model(tmp_path / "my model")
    with pytest.raises(InputError, match="--name"):
        import_model(odd)
    assert import_model(odd, "mine").name == "mine"


def test_models_that_could_not_be_opened_are_refused_with_the_reason(source):
    def refused(reason: str) -> None:
        with pytest.raises(ModelError, match=reason):
            import_model(source)

    weights = source / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1])
    refused("damaged or cut short")
    weights.unlink()
    refused("no weights")
    (source / "pytorch_model.bin").write_bytes(b"x")
    refused(r"only pickle weights.*save it as safetensors")
    weights.write_bytes(whole)
    (source / "bertscope_card.json").write_text("{")
    refused("bertscope_card.json")
    (source / "bertscope_card.json").unlink()
    (source / "tokenizer.json").unlink()
    refused("no tokenizer files")
    (source / "config.json").write_text("{")
    refused("config.json")
    (source / "config.json").unlink()
    refused("no config.json")
    assert not paths.cached_models_dir().exists()


def test_a_file_that_changes_while_it_is_copied_is_noticed(source, monkeypatch):
    def short(origin: Path, target: Path) -> None:
        target.write_bytes(origin.read_bytes()[:-1])

    monkeypatch.setattr(importing, "_copy", short)
    with pytest.raises(ModelError, match="changed while it was copied"):
        import_model(source)
    assert list(paths.cached_models_dir().iterdir()) == []


def test_a_disk_that_fills_up_leaves_nothing(source, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(DiskError, match="No space left on device"):
        import_model(source)
    assert list(paths.cached_models_dir().iterdir()) == []


def test_an_interrupted_copy_leaves_nothing(source, monkeypatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.copyfileobj", interrupt)
    with pytest.raises(KeyboardInterrupt):
        import_model(source)
    assert list(paths.cached_models_dir().iterdir()) == []


@needs_permissions
def test_a_file_that_may_not_be_read_is_named(source):
    (source / "tokenizer.json").chmod(0)
    with pytest.raises(ModelError, match=r"tokenizer\.json: cannot be read: Permission denied"):
        import_model(source)
