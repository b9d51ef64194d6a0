"""Trainings that are interrupted at the worst moments, or whose world has changed meanwhile."""

from __future__ import annotations

import resource
import traceback
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from bertscope_tui.errors import DiskError, EngineError, InputError
from bertscope_tui.models.card import read_card
from bertscope_tui.models.catalog import find_model, list_models
from bertscope_tui.models.staging import disk_trouble
from bertscope_tui.training import finish, run, trainer
from bertscope_tui.training.checkpoints import newest_checkpoint, read_best, save_best
from bertscope_tui.training.inputs import read_inputs
from bertscope_tui.training.plan import Plan, parse_grid
from bertscope_tui.training.run import run_training
from bertscope_tui.training.runs import LossPoint, create_run, read_run, run_folder
from tests.tiny_models import copy_of, tiny_folder
from tests.training.support import Quiet, never, small_plan, write_stories


class _Killed(BaseException):
    """Stands in for a kill: nothing of ours is there to take it."""


@pytest.fixture
def stories(tmp_path) -> Path:
    return write_stories(tmp_path / "qa1_walks_train.txt")


def _whole(plan: Plan) -> Quiet:
    create_run(plan)
    watcher = Quiet()
    assert run_training(plan, watcher, never).model is not None
    return watcher


def _killed(*_: object, **__: object) -> None:
    raise _Killed


def _weights(name: str) -> dict[str, torch.Tensor]:
    return load_file(find_model(name).path / "model.safetensors")


def _assert_same(one: str, other: str) -> None:
    before, after = _weights(one), _weights(other)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    scores = [[(p.step, p.score) for p in read_run(name).scores] for name in (one, other)]
    assert scores[0] == scores[1]


@pytest.mark.parametrize("accumulation", [1, 2])
def test_a_stop_at_the_last_step_within_an_epoch_adds_no_step(stories, accumulation):
    settings = {"max_steps": 13, "eval_steps": 100, "log_steps": 1, "accumulation": accumulation}
    base = tiny_folder("bert", "")
    _whole(small_plan(base, stories, name="whole", **settings))
    plan = small_plan(base, stories, name="broken", **settings)
    create_run(plan)
    watcher = Quiet()
    stopped = run_training(plan, watcher, lambda: any(s.step == 13 for s in watcher.states))
    assert stopped.model is None
    assert read_run("broken").status.step == 13
    assert run_training(plan, watcher, never).model is not None
    assert max(point.step for point in watcher.points) == 13
    _assert_same("whole", "broken")


def test_a_stop_while_a_missed_score_is_made_up_does_not_lose_it(stories):
    settings = {"max_steps": 18, "eval_steps": 5, "save_steps": 100, "log_steps": 1, "dropout": 0.2}
    base = tiny_folder("bert", "")
    _whole(small_plan(base, stories, name="whole", **settings))
    plan = small_plan(base, stories, name="broken", **settings)
    create_run(plan)
    watcher = Quiet()
    # The fourth loss is told in step five, before its score.
    run_training(plan, watcher, lambda: sum(isinstance(p, LossPoint) for p in watcher.points) >= 4)
    folder = run_folder("broken") / "members" / "0"
    assert (newest_checkpoint(folder) or Path()).name == "checkpoint-5"
    asked = []

    def once_it_is_made_up() -> bool:
        asked.append(any("on_train_begin" in str(frame) for frame in traceback.extract_stack()))
        return any(asked)

    assert run_training(plan, Quiet(), once_it_is_made_up).model is None
    assert (newest_checkpoint(folder) or Path()).name == "checkpoint-5"
    assert run_training(plan, Quiet(), never).model is not None
    _assert_same("whole", "broken")


def test_a_kill_between_a_score_and_its_weights_does_not_lose_them(stories, monkeypatch):
    settings = {"max_steps": 6, "eval_steps": 100, "log_steps": 1}
    base = tiny_folder("bert", "")
    _whole(small_plan(base, stories, name="whole", **settings))
    plan = small_plan(base, stories, name="broken", **settings)
    create_run(plan)
    watcher = Quiet()
    run_training(plan, watcher, lambda: any(s.step == 6 for s in watcher.states))
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "save_best", _killed)
        with pytest.raises(_Killed):
            run_training(plan, Quiet(), never)
    assert run_training(plan, Quiet(), never).model is not None
    _assert_same("whole", "broken")


def test_a_kill_between_the_renames_of_the_best_weights_keeps_the_old_ones(tmp_path, monkeypatch):
    network = torch.nn.Module()
    network.save_pretrained = lambda folder: Path(folder).mkdir()  # type: ignore[assignment]
    save_best(tmp_path, network, trainer.Best(0.5, 1))
    rename = Path.rename

    def kill_at_the_second(self: Path, target: Path) -> Path:
        if self.name != "best":
            raise _Killed
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", kill_at_the_second)
        with pytest.raises(_Killed):
            save_best(tmp_path, network, trainer.Best(0.7, 2))
    assert read_best(tmp_path) == trainer.Best(0.5, 1)
    save_best(tmp_path, network, trainer.Best(0.7, 2))
    assert read_best(tmp_path) == trainer.Best(0.7, 2)


def test_a_kill_right_after_the_model_was_stored_leaves_it_as_it_is(stories, monkeypatch):
    plan = small_plan(tiny_folder("bert", ""), stories, max_steps=4)
    create_run(plan)
    with monkeypatch.context() as patch:
        patch.setattr(finish, "read_entry", _once_killed(finish.read_entry, 3))
        with pytest.raises(_Killed):
            run_training(plan, Quiet(), never)
    card = read_card(find_model("small").path)
    watcher = Quiet()
    outcome = run_training(plan, watcher, never)
    assert outcome.model is not None
    assert watcher.points == []
    assert read_card(outcome.model.path) == card
    assert read_run("small").status.state == "done"


def test_a_kill_while_tidying_up_leaves_a_finished_run(stories, monkeypatch):
    plan = small_plan(tiny_folder("bert", ""), stories, max_steps=4)
    create_run(plan)
    monkeypatch.setattr(run, "_remove_tree", _killed)
    with pytest.raises(_Killed):
        run_training(plan, Quiet(), never)
    assert (run_folder("small") / "members" / "0" / "best").exists()
    assert find_model("small").problem is None


def test_the_same_training_again_replaces_the_model_and_its_card(stories):
    plan = small_plan(tiny_folder("bert", ""), stories, max_steps=4)
    _whole(plan)
    before = read_card(find_model("small").path)
    _whole(small_plan(tiny_folder("bert", ""), stories, max_steps=4, eval_steps=2, force=True))
    after = read_card(find_model("small").path)
    assert before is not None
    assert after is not None
    assert len(after.history) > len(before.history)


def test_a_run_is_not_gone_on_with_on_other_data_or_another_base(stories, tmp_path):
    base = copy_of(tiny_folder("bert", ""), tmp_path / "base")
    plan = small_plan(base, stories, max_steps=8, log_steps=1)
    create_run(plan)
    watcher = Quiet()
    run_training(plan, watcher, lambda: bool(watcher.points))
    content = stories.read_text()
    stories.write_text(content.replace("walked", "went"))
    with pytest.raises(InputError, match=r"qa1_walks_train\.txt: not what it was") as caught:
        run_training(plan, Quiet(), never)
    assert "--force" in str(caught.value)
    stories.write_text(content)
    tensors = load_file(base / "model.safetensors")
    save_file({key: value + 1 for key, value in tensors.items()}, base / "model.safetensors")
    with pytest.raises(InputError, match="other weights"):
        run_training(plan, Quiet(), never)
    save_file(tensors, base / "model.safetensors", {"format": "pt"})
    inputs = read_inputs(run_folder("small"))
    assert inputs is not None
    assert inputs.processes == 1


def test_data_may_be_mended_before_the_first_step(stories):
    content = stories.read_text()
    stories.write_text("1 Mary walked to the mill.\n2 Where did Mary go?\tmill\t1\n")
    plan = small_plan(tiny_folder("bert", ""), stories, max_steps=2)
    create_run(plan)
    with pytest.raises(InputError, match="too few"):
        run_training(plan, Quiet(), never)
    stories.write_text(content)
    assert run_training(plan, Quiet(), never).model is not None


def test_the_card_has_the_data_as_they_were_when_the_training_began(stories, monkeypatch):
    before = stories.stat().st_size

    def changed(*given: object, **named: object) -> object:
        stories.write_text(stories.read_text() * 2)
        return store(*given, **named)  # type: ignore[arg-type]

    store = run.store_model
    monkeypatch.setattr(run, "store_model", changed)
    _whole(small_plan(tiny_folder("bert", ""), stories, max_steps=2))
    card = read_card(find_model("small").path)
    assert card is not None
    assert card.data.train is not None
    assert [file.bytes for file in card.data.train.files] == [before]
    assert card.settings["processes"] == 1


def test_the_card_counts_the_steps_of_the_training_that_was_kept(stories):
    grid = parse_grid(["epochs=1,2"])
    _whole(small_plan(tiny_folder("bert", ""), stories, lr=1e-9, grid=grid))
    card = read_card(find_model("small").path)
    assert card is not None
    assert card.settings["epochs"] == 1.0  # equal scores: the first is kept
    assert card.steps == 9


def test_weights_that_are_no_numbers_are_not_stored(stories, monkeypatch):
    monkeypatch.setattr(trainer, "span_loss", lambda starts, *_: starts.sum() * float("nan"))
    plan = small_plan(tiny_folder("bert", ""), stories, max_steps=4)
    create_run(plan)
    with pytest.raises(EngineError, match="went astray") as caught:
        run_training(plan, Quiet(), never)
    assert "--lr" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert not [entry for entry in list_models() if entry.name == "small"]


def test_a_disk_that_is_full_is_told_in_one_line_and_can_be_gone_on_with(stories):
    plan = small_plan(tiny_folder("bert", ""), stories, max_steps=4)
    create_run(plan)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(DiskError, match="free some space"):
            run_training(plan, Quiet(), never)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    status = read_run("small").status
    assert status.state == "failed"
    assert "free some space" in status.message
    assert run_training(plan, Quiet(), never).model is not None


@pytest.mark.parametrize(
    "said",
    [
        "[enforce fail at inline_container.cc:672] . unexpected pos 112000 vs 111888",
        "PytorchStreamWriter failed writing file data/1: file write failed",
        "Error while serializing: I/O error: No space left on device (os error 28)",
    ],
)
def test_what_the_libraries_say_of_a_full_disk_is_understood(said, tmp_path):
    told = disk_trouble(RuntimeError(said), tmp_path, tmp_path)
    assert told is not None
    assert "free some space" in str(told)
    assert disk_trouble(RuntimeError("shapes do not fit"), tmp_path, tmp_path) is None


def _once_killed(call, number):
    """Return ``call`` but killed at the ``number``-th time."""
    times = []

    def counted(*given: object) -> object:
        times.append(given)
        if len(times) == number:
            raise _Killed
        return call(*given)

    return counted
