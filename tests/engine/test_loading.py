from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from bertscope_tui.errors import Cancelled, ModelError
from bertscope_tui.models import loading
from bertscope_tui.models.catalog import find_model
from bertscope_tui.models.loading import NO_LIMIT, load_model
from tests.shared_files import shared
from tests.tiny_models import DECODERS, KINDS, LABELS, POSITIONS, copy_of, tiny_folder, tiny_model

NO_HEAD = "no question-answering head: hidden states only, no prediction"


@pytest.fixture
def bert(tmp_path: Path) -> Path:
    """Return a copy of the small BERT with a span head, to be damaged."""
    return copy_of(tiny_folder("bert"), tmp_path / "bert")


def _edit(path: Path, **changes: Any) -> None:
    content = json.loads(path.read_text())
    content.update(changes)
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not None}))


def _drop(folder: Path, *beginnings: str) -> None:
    """Take tensors out of the weight file."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    kept = {name: t for name, t in tensors.items() if not name.startswith(beginnings)}
    assert len(kept) < len(tensors)
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize("kind", KINDS)
def test_every_architecture_opens_with_its_span_head(kind: str) -> None:
    info = tiny_model(kind).info
    assert info.head == "span"
    assert info.architecture.endswith("ForQuestionAnswering")
    assert (info.device, info.dtype, info.max_tokens) == ("cpu", "float32", POSITIONS)
    assert info.notes == ()
    assert info.labels == ()
    assert info.parameters > 1000
    assert info.bytes == (tiny_folder(kind) / "model.safetensors").stat().st_size
    assert find_model(tiny_folder(kind)).head == "span"


@pytest.mark.parametrize("kind", KINDS)
def test_every_architecture_opens_as_a_classifier_with_its_labels(kind: str) -> None:
    info = tiny_model(kind, "classification").info
    assert (info.head, info.labels, info.notes) == ("classification", LABELS, ())
    assert find_model(tiny_folder(kind, "classification")).head == "classification"


@pytest.mark.parametrize("kind", KINDS)
def test_every_bare_network_opens_and_says_that_it_predicts_nothing(kind: str) -> None:
    info = tiny_model(kind, "").info
    assert (info.head, info.notes) == (None, (NO_HEAD,))
    assert find_model(tiny_folder(kind, "")).head is None


@pytest.mark.parametrize("kind", ["bert", "gpt2", "llama"])
def test_a_promised_head_that_was_not_saved_is_not_made_up(kind: str, tmp_path: Path) -> None:
    folder = copy_of(tiny_folder(kind), tmp_path / kind)
    _drop(folder, "qa_outputs")
    info = load_model(folder).info
    assert info.head is None
    assert "was not saved" in info.notes[0]


def test_half_a_head_is_no_head(bert: Path) -> None:
    _drop(bert, "qa_outputs.bias")
    assert load_model(bert).info.head is None


def test_a_classification_head_that_was_not_saved_is_not_made_up(tmp_path: Path) -> None:
    folder = copy_of(tiny_folder("bert", "classification"), tmp_path / "bert")
    _drop(folder, "classifier")
    info = load_model(folder).info
    assert info.head is None
    assert "classification head was not saved" in info.notes[0]


def test_a_saved_span_head_counts_whatever_the_config_says(bert: Path) -> None:
    _edit(
        bert / "config.json",
        architectures=["BertForMaskedLM"],
        id2label={"0": "a", "1": "b", "2": "c"},
        label2id={"a": 0, "b": 1, "c": 2},
    )
    assert find_model(bert).head == "span"
    info = load_model(bert).info
    assert (info.head, info.labels) == ("span", ())


def test_a_network_with_missing_layers_is_refused(bert: Path) -> None:
    _drop(bert, "bert.encoder.layer.1.")
    with pytest.raises(ModelError, match=r"weights are not in its files .*random numbers"):
        load_model(bert)


def test_weights_of_another_shape_are_refused(bert: Path) -> None:
    _edit(bert / "config.json", intermediate_size=64)
    with pytest.raises(ModelError, match="bert: "):
        load_model(bert)


def test_a_half_precision_checkpoint_is_computed_in_single_precision(bert: Path) -> None:
    from safetensors.torch import load_file, save_file

    halves = {k: v.half() for k, v in load_file(bert / "model.safetensors").items()}
    save_file(halves, bert / "model.safetensors", metadata={"format": "pt"})
    _edit(bert / "config.json", dtype="float16")
    model = load_model(bert, device="cpu")
    assert model.info.dtype == "float32"
    assert {p.dtype for p in model.network.parameters()} == {torch.float32}
    assert load_model(bert, device="cpu", dtype="bfloat16").info.dtype == "bfloat16"


def test_dropout_is_off() -> None:
    assert not any(module.training for module in tiny_model("bert").network.modules())


@pytest.mark.parametrize("kind", DECODERS)
def test_decoders_without_positions_to_run_out_of_have_no_limit(kind: str, tmp_path: Path) -> None:
    folder = copy_of(tiny_folder(kind), tmp_path / kind)
    _edit(folder / "tokenizer_config.json", model_max_length=77)
    assert load_model(folder).info.max_tokens == 77
    assert NO_LIMIT > 100_000


def test_stages_are_told_in_order_and_can_be_cancelled(bert: Path) -> None:
    told: list[str] = []
    load_model(bert, device="cpu", stage=told.append)
    assert told[0] == "importing torch"
    assert "reading weights" in told
    assert "moving to cpu" in told
    asked: list[str] = []
    with pytest.raises(Cancelled):
        load_model(bert, stage=asked.append, cancelled=lambda: len(asked) == 2)
    assert len(asked) == 2


def test_nothing_is_written_to_the_terminal(
    bert: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoFile(io.StringIO):
        def fileno(self) -> int:
            return -1

    screen = NoFile()
    monkeypatch.setattr(sys, "stderr", screen)
    _drop(bert, "qa_outputs")
    load_model(bert)
    captured = capfd.readouterr()
    assert (captured.out, captured.err, screen.getvalue()) == ("", "", "")


def test_a_folder_that_is_not_there_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model .*\(give a folder .*\)$"):
        load_model(tmp_path / "nowhere")


def test_a_folder_without_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json"):
        load_model(tmp_path)


def _no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def _cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def _cut_in_the_header(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:50])


def _empty(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"")


def _garbage(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x10" + bytes(7) + b"no header at all" * 4)


def _pointer(folder: Path) -> None:
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n" * 3)


def _part_missing(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    parts = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    index = {"metadata": {}, "weight_map": parts}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def _outside(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder.parent / "model.safetensors")
    index = {"weight_map": {"a": "../model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def _bad_config(folder: Path) -> None:
    (folder / "config.json").write_text("{not json")


def _list_config(folder: Path) -> None:
    (folder / "config.json").write_text("[1, 2]")


def _no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def _bad_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"version": "1.0", "model": {"type": "Nothing"}}')


def _slow_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("a\nb\n")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "CanineTokenizer"}')


def _unknown_type(folder: Path) -> None:
    _edit(folder / "config.json", model_type="perceptron-9")


def _no_type(folder: Path) -> None:
    _edit(folder / "config.json", model_type=None)


def _own_code(folder: Path) -> None:
    (folder / "modeling_own.py").write_text("raise SystemExit('remote code was run')")
    _edit(
        folder / "config.json",
        model_type="own",
        auto_map={"AutoConfig": "modeling_own.Config", "AutoModel": "modeling_own.Model"},
    )


DAMAGE = [
    (_no_weights, "no weights"),
    (_cut, "damaged or cut short"),
    (_cut_in_the_header, "damaged or cut short"),
    (_empty, "damaged or cut short"),
    (_garbage, "damaged"),
    (_pointer, "damaged"),
    (_part_missing, "00002-of-00002.safetensors: missing"),
    (_outside, "outside its folder"),
    (_bad_config, r"config\.json: not readable as JSON"),
    (_list_config, r"config\.json: not a JSON object"),
    (_no_tokenizer, "no tokenizer files"),
    (_bad_tokenizer, "cannot read its tokenizer"),
    (_slow_tokenizer, "no fast version"),
    (_unknown_type, "'perceptron-9' is not known"),
    (_no_type, "names no model_type"),
    (_own_code, "needs program code of its own"),
]


@pytest.mark.parametrize(
    ("damage", "message"), DAMAGE, ids=lambda item: getattr(item, "__name__", "")
)
def test_a_damaged_model_is_refused_in_one_line(damage: Any, message: str, bert: Path) -> None:
    damage(bert)
    with pytest.raises(ModelError, match=message) as caught:
        load_model(bert)
    assert "\n" not in str(caught.value)


def test_encoder_decoders_are_refused_with_the_reason(tmp_path: Path) -> None:
    from transformers import T5Config, T5ForQuestionAnswering

    config = T5Config(vocab_size=60, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)
    T5ForQuestionAnswering(config).save_pretrained(tmp_path / "t5")
    copy_of(tiny_folder("bert"), tmp_path / "bert")
    (tmp_path / "bert" / "tokenizer.json").rename(tmp_path / "t5" / "tokenizer.json")
    with pytest.raises(ModelError, match="encoder-decoder networks"):
        load_model(tmp_path / "t5")


def _as_pickle(folder: Path) -> None:
    from safetensors.torch import load_file

    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def test_pickle_weights_are_opened_only_when_allowed(bert: Path) -> None:
    _as_pickle(bert)
    with pytest.raises(ModelError, match="--allow-pickle"):
        load_model(bert)
    model = load_model(bert, allow_pickle=True)
    assert model.info.head == "span"
    ours = model.network.state_dict()["qa_outputs.weight"]
    assert torch.equal(ours, tiny_model("bert").network.state_dict()["qa_outputs.weight"])


def test_a_pickle_without_the_promised_head_gives_no_prediction(bert: Path) -> None:
    _drop(bert, "qa_outputs")
    _as_pickle(bert)
    assert load_model(bert, allow_pickle=True).info.head is None


def test_a_model_larger_than_the_memory_is_refused_before_it_is_read(
    bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "free_memory", lambda device: 1000)
    with pytest.raises(ModelError, match="GB of cpu memory"):
        load_model(bert, device="cpu")


@pytest.mark.parametrize("device", ["tpu", "cuda:x", "cpu:1", ""])
def test_an_unknown_device_is_refused_with_the_choice(device: str, bert: Path) -> None:
    with pytest.raises(ModelError, match="auto, cuda, mps, cpu"):
        load_model(bert, device=device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_here_is_refused(bert: Path) -> None:
    with pytest.raises(ModelError, match="no cuda on this machine"):
        load_model(bert, device="cuda")


def test_an_unknown_number_type_is_refused(bert: Path) -> None:
    with pytest.raises(ModelError, match="no number type 'int4'"):
        load_model(bert, dtype="int4")


def test_the_hub_is_asked_only_when_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    asked: list[str] = []

    def download(name: str, **_: Any) -> str:
        asked.append(name)
        return str(tiny_folder("bert"))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(ModelError, match="--allow-download"):
        load_model("somebody/some-model")
    assert asked == []
    info = load_model("somebody/some-model", allow_download=True).info
    assert asked == ["somebody/some-model"]
    assert info.name == "somebody/some-model"


def test_a_failed_download_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def download(name: str, **_: Any) -> str:
        raise OSError("cannot reach the hub\nmore text")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(ModelError, match=r"not to be had from the hub: cannot reach the hub$"):
        load_model("somebody/some-model", allow_download=True)


def test_a_count_of_layers_other_than_the_config_is_noted(
    bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = torch.nn.Module.__call__

    def with_one_more(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(self, *args, **kwargs)
        if type(self).__name__ == "BertForQuestionAnswering":
            result.hidden_states = (*result.hidden_states, result.hidden_states[-1])
        return result

    monkeypatch.setattr(torch.nn.Module, "__call__", with_one_more)
    info = load_model(bert).info
    assert info.layers == 3
    assert info.notes == ("hidden_states has 4 entries where the config says 2 layers",)


@pytest.mark.real
def test_the_real_encoder_without_head_makes_no_prediction() -> None:
    info = load_model(shared("models/minilm-l6"), device="cpu").info
    assert (info.head, info.layers, info.hidden_size, info.dtype) == (None, 6, 384, "float32")
    assert info.notes == (NO_HEAD,)
