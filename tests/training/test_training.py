"""Whole trainings of tiny models: that they learn, stop, die, go on, and end in the cache."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from bertscope_tui.data.open import open_dataset
from bertscope_tui.errors import BertscopeError, InputError, ModelError
from bertscope_tui.evaluation.evaluate import evaluate
from bertscope_tui.models.cache import new_model
from bertscope_tui.models.card import read_card
from bertscope_tui.models.catalog import find_model, list_models
from bertscope_tui.models.loading import load_model
from bertscope_tui.models.trainable import load_trainable
from bertscope_tui.training import trainer
from bertscope_tui.training.checkpoints import newest_checkpoint
from bertscope_tui.training.data import hold_out, read_data, read_options
from bertscope_tui.training.plan import Plan, Source, parse_grid
from bertscope_tui.training.run import own_device, run_training
from bertscope_tui.training.runs import create_run, read_run, run_folder
from bertscope_tui.training.trainer import span_loss
from tests.tiny_models import KINDS, LABELS, tiny_folder
from tests.training.support import Quiet, never, small_plan, write_stories


@pytest.fixture
def stories(tmp_path) -> Path:
    return write_stories(tmp_path / "qa1_walks_train.txt")


def _run(plan: Plan, stopping=never) -> Quiet:
    if not run_folder(plan.name).exists():
        create_run(plan)
    watcher = Quiet()
    run_training(plan, watcher, stopping)
    return watcher


def _weights(name: str) -> dict[str, torch.Tensor]:
    return load_file(find_model(name).path / "model.safetensors")


def _same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("kind", KINDS)
def test_every_architecture_learns_spans_and_is_opened_from_the_cache(kind, stories):
    plan = small_plan(tiny_folder(kind, ""), stories, max_steps=4, eval_steps=4)
    _run(plan)
    entry = find_model("small")
    assert entry.problem is None
    assert entry.head == "span"
    model = load_model(entry, device="cpu")
    assert model.info.head == "span"
    before = load_file(tiny_folder(kind, "") / "model.safetensors")
    assert any(
        not torch.equal(after, before[key.partition(".")[2]])
        for key, after in _weights("small").items()
        if key.partition(".")[2] in before and before[key.partition(".")[2]].ndim == 2
    )


@pytest.mark.parametrize("kind", ["bert", "gpt2", "llama", "modernbert"])
def test_labels_are_learnt_too(kind, stories):
    plan = small_plan(
        tiny_folder(kind, ""), stories, head="classification", max_steps=4, eval_steps=4
    )
    _run(plan)
    model = load_model(find_model("small"), device="cpu")
    assert model.info.labels == ("garden", "harbour", "kitchen", "market", "mill")
    card = read_card(find_model("small").path)
    assert card is not None
    assert card.metric == "accuracy"
    assert card.scores is not None
    assert card.score == card.scores.accuracy


def test_a_training_learns_what_it_is_taught(stories):
    plan = small_plan(
        tiny_folder("bert", ""), stories, epochs=40.0, batch_size=8, eval_steps=40, lr=3e-3
    )
    watcher = _run(plan)
    losses = [point.loss for point in watcher.points if hasattr(point, "loss")]
    assert losses[-1] < 0.5 * losses[0]
    run = read_run("small")
    assert run.status.state == "done"
    assert run.best is not None
    assert run.best.score == max(point.score for point in run.scores)


def test_the_card_tells_the_scores_of_the_weights_as_stored(stories):
    plan = small_plan(tiny_folder("bert", ""), stories, max_steps=10, half=True)
    _run(plan)
    entry = find_model("small")
    card = read_card(entry.path)
    assert card is not None
    assert all(w.dtype == torch.float16 for w in _weights("small").values())
    data = read_data(plan)
    again = evaluate(
        load_model(entry, device="cpu"), data.dev, options=read_options(data.dev, plan.settings)
    )
    assert card.scores is not None
    assert card.scores.f1 == again.totals.f1
    assert card.score == entry.score == again.totals.f1
    assert card.scores.questions == len(data.dev.samples)
    assert card.base == str(tiny_folder("bert", ""))
    assert card.settings["lr"] == 1e-3
    assert card.steps == 10
    assert [point.step for point in card.history] == [5, 10]
    assert card.data.train is not None
    assert Path(card.data.train.files[0].path) == stories
    assert card.data.dev is not None
    assert card.data.dev.split == "held out of the training data"
    assert not (run_folder("small") / "members" / "0").exists()


def test_the_same_plan_gives_the_same_weights(stories):
    for name in ("one", "two"):
        _run(small_plan(tiny_folder("bert", ""), stories, name=name))
    assert _same(_weights("one"), _weights("two"))


def test_another_seed_gives_other_weights(stories):
    _run(small_plan(tiny_folder("bert", ""), stories, name="one", max_steps=2))
    _run(small_plan(tiny_folder("bert", ""), stories, name="two", max_steps=2, seed=4))
    assert not _same(_weights("one"), _weights("two"))


@pytest.mark.parametrize("accumulation", [1, 2])
def test_a_training_stopped_at_any_step_ends_as_an_unbroken_one(stories, accumulation):
    settings = {"dropout": 0.2, "accumulation": accumulation, "epochs": 4.0}
    base = tiny_folder("bert", "")
    _run(small_plan(base, stories, name="whole", **settings))
    plan = small_plan(base, stories, name="broken", **settings)
    total = read_run("whole").status.steps
    asked = 0

    def stopping() -> bool:  # asked again and again: now while learning, now while scoring
        nonlocal asked
        asked += 1
        return asked % 53 == 0

    create_run(plan)
    stops = 0
    while read_run("broken").status.state != "done":
        assert stops < 100
        outcome = run_training(plan, Quiet(), stopping)
        if outcome.model is None:
            stops += 1
            assert read_run("broken").status.state == "stopped"
            assert "--resume broken" in outcome.message
    assert stops >= 3
    assert total == read_run("broken").status.steps
    assert _same(_weights("whole"), _weights("broken"))
    whole, broken = read_run("whole"), read_run("broken")
    assert [(p.step, p.score) for p in whole.scores] == [(p.step, p.score) for p in broken.scores]


def test_a_killed_training_goes_on_to_the_same_weights(stories, tmp_path):
    base = tiny_folder("bert", "")
    settings = {"dropout": 0.1, "epochs": 4.0, "save_steps": 2}
    _run(small_plan(base, stories, name="whole", **settings))
    plan = small_plan(base, stories, name="killed", **settings)
    folder = create_run(plan)
    program = "from bertscope_tui.__main__ import main; raise SystemExit(main())"
    command = [sys.executable, "-c", program, "finetune", "--resume", "killed"]
    kills = 0
    for wait in (0, 3, 9, 15):
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if f"step {2 * wait}" in line or (wait == 0 and "windows" in line):
                    process.kill()
                    kills += 1
                    break
        if read_run("killed").status.state == "done":
            break
        assert read_run("killed").status.state == "killed"
        assert not [entry for entry in list_models() if entry.name == "killed"]
    assert kills >= 2
    (folder / "members" / "0" / "checkpoint-999").mkdir(parents=True)  # one cut short
    if read_run("killed").status.state != "done":
        _run(plan)
    assert _same(_weights("whole"), _weights("killed"))


def test_a_termination_signal_leaves_a_resumable_run_and_says_how(stories):
    plan = small_plan(tiny_folder("bert", ""), stories, epochs=400.0, log_steps=1)
    create_run(plan)
    program = "from bertscope_tui.__main__ import main; raise SystemExit(main())"
    command = [sys.executable, "-c", program, "finetune", "--resume", "small"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "step 3 " in line:
                process.send_signal(signal.SIGTERM)
                break
        rest = process.stderr.read()
        code = process.wait()
    assert code == 130
    assert "finetune --resume small" in rest
    run = read_run("small")
    assert run.status.state == "stopped"
    assert newest_checkpoint(run.folder / "members" / "0") is not None


def test_a_training_outlives_the_reader_of_its_progress(stories):
    plan = small_plan(tiny_folder("bert", ""), stories, max_steps=30, log_steps=1)
    create_run(plan)
    program = "from bertscope_tui.__main__ import main; raise SystemExit(main())"
    command = [sys.executable, "-c", program, "finetune", "--resume", "small"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.close()
        process.wait()
    assert read_run("small").status.state == "done"


def test_a_grid_keeps_the_best_and_lists_the_others(stories):
    plan = small_plan(
        tiny_folder("bert", ""),
        stories,
        max_steps=6,
        eval_steps=3,
        grid=parse_grid(["lr=1e-6,3e-3", "seed=1,2"]),
    )
    _run(plan)
    card = read_card(find_model("small").path)
    assert card is not None
    assert [trial.settings for trial in card.grid] == [
        {"lr": 1e-6, "seed": 1},
        {"lr": 1e-6, "seed": 2},
        {"lr": 3e-3, "seed": 1},
        {"lr": 3e-3, "seed": 2},
    ]
    scores = [trial.score for trial in card.grid]
    assert None not in scores
    chosen = {"lr": card.settings["lr"], "seed": card.settings["seed"]}
    best = max(range(4), key=lambda place: scores[place] or 0.0)
    assert dict(card.grid[best].settings) == chosen
    assert read_run("small").status.members == 4


def test_a_grid_that_was_stopped_does_not_repeat_what_is_done(stories):
    plan = small_plan(
        tiny_folder("bert", ""), stories, max_steps=4, eval_steps=4, grid=parse_grid(["seed=1,2"])
    )
    create_run(plan)
    first = Quiet()

    def stopping() -> bool:
        return any(point.member == 1 for point in first.points)

    run_training(plan, first, stopping)
    assert read_run("small").status.state == "stopped"
    second = Quiet()
    run_training(plan, second, never)
    assert {point.member for point in second.points} == {1}
    assert read_run("small").status.state == "done"


def test_frozen_embeddings_stay_as_they_are(stories):
    base = tiny_folder("bert", "")
    _run(small_plan(base, stories, max_steps=3, freeze_embeddings=True))
    before = load_file(base / "model.safetensors")["embeddings.word_embeddings.weight"]
    after = _weights("small")["bert.embeddings.word_embeddings.weight"]
    assert torch.equal(before, after)


def test_dropout_is_that_of_the_plan():
    model = load_trainable(tiny_folder("bert", ""), head="span", dropout=0.25, device="cpu")
    rates = {m.p for m in model.network.modules() if isinstance(m, torch.nn.Dropout)}
    assert rates == {0.25}


def test_a_head_of_the_same_kind_is_kept_and_another_made_anew():
    kept = load_trainable(tiny_folder("bert", "span"), head="span", device="cpu")
    saved = load_file(tiny_folder("bert", "span") / "model.safetensors")
    assert torch.equal(kept.network.qa_outputs.weight, saved["qa_outputs.weight"])
    assert "that of the base" in kept.info.notes[0]
    made = load_trainable(
        tiny_folder("bert", "span"), head="classification", labels=("a", "b"), device="cpu"
    )
    assert "new" in made.info.notes[0]
    assert made.info.labels == ("a", "b")


def test_a_base_without_its_encoder_is_refused(tmp_path):
    from safetensors.torch import save_file

    from tests.tiny_models import copy_of

    folder = copy_of(tiny_folder("bert", ""), tmp_path / "broken")
    tensors = load_file(folder / "model.safetensors")
    lost = next(key for key in tensors if "layer.1" in key)
    save_file({k: v for k, v in tensors.items() if k != lost}, folder / "model.safetensors")
    with pytest.raises(ModelError, match="not in its files"):
        load_trainable(folder, head="span", device="cpu")


def test_held_out_questions_share_no_story_with_those_learnt_from(stories):
    dataset = open_dataset(stories, variant="span")
    train, dev = hold_out(dataset, 0)
    assert len(dev.samples) == round(0.1 * len(dataset.samples))
    assert not {s.group for s in train.samples} & {s.group for s in dev.samples}
    assert len(train.samples) + len(dev.samples) == len(dataset.samples)
    assert dev.place(dev.samples[-1].id) == len(dev.samples) - 1
    assert hold_out(dataset, 1)[1].samples != dev.samples


def test_questions_without_a_gold_answer_count_for_no_score(stories, tmp_path):
    path = tmp_path / "some.jsonl"
    lines = [
        {"id": str(n), "question": "Where did Mary go?", "context": f"Mary went to the mill {n}."}
        for n in range(12)
    ]
    path.write_text(
        "".join(
            json.dumps({**line, "answers": ["mill"] if n % 3 else []}) + "\n"
            for n, line in enumerate(lines)
        )
    )
    plan = small_plan(tiny_folder("bert", ""), stories, max_steps=2, dev=Source(str(path)))
    _run(plan)
    card = read_card(find_model("small").path)
    assert card is not None
    assert card.scores is not None
    assert card.scores.questions == 8
    assert card.history[-1].f1 == pytest.approx(card.scores.f1)
    path.write_text("".join(json.dumps({**line, "answers": []}) + "\n" for line in lines))
    nothing = small_plan(tiny_folder("bert", ""), stories, name="nothing", dev=Source(str(path)))
    with pytest.raises(InputError, match="gold answer"):
        _run(nothing)


def test_questions_on_both_sides_are_told(stories):
    plan = small_plan(tiny_folder("bert", ""), stories, dev=Source(str(stories), "span", limit=7))
    told = "7 of the 7 questions to score on are among those to learn from"
    assert told in read_data(plan).notes


def test_a_data_set_of_another_kind_than_the_head_is_refused(stories):
    plan = small_plan(tiny_folder("bert", ""), stories)
    wrong = Plan(
        name="small",
        base=plan.base,
        head="span",
        train=Source(str(stories), "classification"),
        settings=plan.settings,
    )
    create_run(wrong)
    with pytest.raises(InputError, match="must agree"):
        run_training(wrong, Quiet(), never)
    run = read_run("small")
    assert run.status.state == "failed"
    assert "must agree" in run.status.message
    assert run.resumable


def test_a_name_taken_meanwhile_fails_at_the_end_without_losing_the_training(stories):
    plan = small_plan(tiny_folder("bert", ""), stories, max_steps=2, eval_steps=2)
    with new_model("small") as folder:
        (folder / "config.json").write_text("{}")
    create_run(plan)
    with pytest.raises(BertscopeError, match="small"):
        run_training(plan, Quiet(), never)
    assert read_run("small").status.state == "failed"
    assert (run_folder("small") / "members" / "0" / "best" / "config.json").exists()


def test_the_loss_is_that_of_the_library_and_padding_takes_no_part():
    torch.manual_seed(0)
    starts, ends = torch.randn(3, 7), torch.randn(3, 7)
    mask = torch.tensor([[1] * 7, [1] * 5 + [0] * 2, [1] * 4 + [0] * 3])
    start, end = torch.tensor([1, 2, 3]), torch.tensor([4, 2, 3])
    alone = torch.stack(
        [
            span_loss(
                starts[i : i + 1, :n],
                ends[i : i + 1, :n],
                mask[i : i + 1, :n],
                start[i : i + 1],
                end[i : i + 1],
            )
            for i, n in enumerate((7, 5, 4))
        ]
    )
    assert torch.allclose(span_loss(starts, ends, mask, start, end), alone.mean())
    full = torch.ones_like(mask)
    reference = (
        -starts.log_softmax(1)[range(3), start] - ends.log_softmax(1)[range(3), end]
    ).mean() / 2
    assert torch.allclose(span_loss(starts, ends, full, start, end), reference)


def _launched(*words: object) -> subprocess.CompletedProcess[str]:
    """Run the verb in two processes, by what accelerate's launcher starts them with.

    The launcher itself starts more than one only where there are as many devices.
    """
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2",
        "-m", "bertscope_tui", "finetune", *map(str, words),
    ]  # fmt: skip
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=240,
        check=False,
    )


@pytest.mark.slow
def test_two_processes_train_together_under_the_launcher(stories):
    done = _launched(
        "--base", tiny_folder("bert", ""), "--dataset", stories,
        "--preset", "babi-span", "--name", "pair", "--max-steps", 6, "--eval-steps", 3,
        "--save-steps", 2, "--log-steps", 1, "--batch-size", 4, "--max-tokens", 64,
        "--stride", 8, "--device", "cpu", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["state"] == "done"
    assert found["card"]["settings"]["processes"] == 2
    assert found["card"]["history"][-1]["epoch"] == 6 / 5  # nine batches, five steps for two
    assert done.stderr.count("reading the training data") == 1
    run = read_run("pair")
    assert [point.step for point in run.scores] == [3, 6]
    assert [point.step for point in run.losses] == [1, 2, 3, 4, 5, 6]


@pytest.mark.slow
def test_two_processes_that_were_one_do_not_go_on(stories):
    plan = small_plan(tiny_folder("bert", ""), stories, max_steps=6, log_steps=1)
    create_run(plan)
    watcher = Quiet()
    run_training(plan, watcher, lambda: bool(watcher.points))
    done = _launched("--resume", "small")
    assert done.returncode != 0
    assert "began with 1 processes, this is 2" in done.stderr
    assert read_run("small").status.state == "failed"
    assert run_training(plan, Quiet(), never).model is not None


def test_a_training_in_the_background_goes_on_without_who_began_it(stories):
    from bertscope_tui.training.detached import start_detached, stop_run

    plan = small_plan(tiny_folder("bert", ""), stories, epochs=400.0, log_steps=1)
    start_detached(plan)
    deadline = time.monotonic() + 90
    while not read_run("small").losses and time.monotonic() < deadline:
        time.sleep(0.2)
    run = read_run("small")
    assert run.status.state == "running", (run.folder / "output.log").read_text()
    assert os.getsid(run.status.pid) == run.status.pid
    stop_run("small")
    while read_run("small").status.state == "running" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert read_run("small").status.state == "stopped"
    with pytest.raises(InputError, match="not running"):
        stop_run("small")


@pytest.mark.parametrize(
    ("asked", "environment", "device", "seen"),
    [
        ("auto", {}, "auto", None),
        ("cpu", {}, "cpu", None),
        ("cuda", {"CUDA_VISIBLE_DEVICES": "3"}, "cuda", "3"),
        ("cuda:1", {}, "cuda", "1"),
        ("cuda:1", {"CUDA_VISIBLE_DEVICES": "4,6"}, "cuda", "6"),
        ("cpu", {"LOCAL_RANK": "1"}, "cpu", None),
    ],
)
def test_one_process_sees_the_device_that_was_asked_for(
    asked, environment, device, seen, monkeypatch
):
    # Set first, so that what the call changes is undone as well.
    for name in ("CUDA_VISIBLE_DEVICES", "LOCAL_RANK"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert own_device(asked) == device
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == seen


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("precision", ["bfloat16", "float16", "float32"])
def test_a_cuda_device_trains_in_every_precision_and_goes_on_after_a_stop(stories, precision):
    plan = small_plan(
        tiny_folder("bert", ""), stories, device="cuda", precision=precision, max_steps=12
    )
    create_run(plan)
    watcher = Quiet()
    first = run_training(plan, watcher, lambda: len(watcher.points) >= 3)
    assert first.model is None
    assert run_training(plan, watcher, never).model is not None
    card = read_card(find_model("small").path)
    assert card is not None
    assert (card.device or "").startswith("cuda")
    assert all(torch.isfinite(weight).all() for weight in _weights("small").values())


def test_sixteen_bit_floats_are_refused_without_a_device_for_them(stories):
    plan = small_plan(tiny_folder("bert", ""), stories, precision="float16")
    create_run(plan)
    with pytest.raises(InputError, match="float16"):
        run_training(plan, Quiet(), never)


def test_bfloat16_arithmetic_on_the_cpu_trains(stories):
    _run(small_plan(tiny_folder("bert", ""), stories, precision="bfloat16", max_steps=2))
    assert all(weight.dtype == torch.float32 for weight in _weights("small").values())


def test_a_head_for_other_labels_is_drawn_anew_though_there_are_as_many():
    saved = load_file(tiny_folder("bert", "classification") / "model.safetensors")
    own = load_trainable(
        tiny_folder("bert", "classification"), head="classification", labels=LABELS, device="cpu"
    )
    assert torch.equal(own.network.classifier.weight, saved["classifier.weight"])
    other = load_trainable(
        tiny_folder("bert", "classification"),
        head="classification",
        labels=("a", "b", "c"),
        device="cpu",
    )
    assert not torch.equal(other.network.classifier.weight, saved["classifier.weight"])
    assert "new" in other.info.notes[0]
    assert torch.equal(
        other.network.bert.embeddings.word_embeddings.weight,
        saved["bert.embeddings.word_embeddings.weight"],
    )


def test_no_question_that_is_learnt_from_is_scored_on_though_stories_repeat(tmp_path):
    dataset = open_dataset(write_stories(tmp_path / "qa1_walks_train.txt", 150), variant="span")
    train, dev = hold_out(dataset, 0)
    assert 0 < len(dev.samples) < 15  # every story comes twice, few of them both times held out
    learnt = {(sample.question, sample.context) for sample in train.samples}
    assert not learnt & {(sample.question, sample.context) for sample in dev.samples}


def test_a_training_of_a_grid_that_goes_astray_leaves_the_others(stories, monkeypatch):
    plan = small_plan(
        tiny_folder("bert", ""), stories, max_steps=8, grid=parse_grid(["lr=0.9,1e-3"])
    )
    real, broken = trainer.span_loss, [True]
    monkeypatch.setattr(
        trainer,
        "span_loss",
        lambda *words: real(*words) * (float("nan") if broken else 1.0),
    )

    class Mending(Quiet):
        """Lets the second training be."""

        def note(self, text: str) -> None:
            if "went astray" in text:
                broken.clear()

    create_run(plan)
    run_training(plan, Mending(), never)
    card = read_card(find_model("small").path)
    assert card is not None
    assert card.settings["lr"] == 1e-3
    assert card.grid[0].score == 0.0
