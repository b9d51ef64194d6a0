"""The app on tiny random networks: the whole way from files to the screen."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bertscope_tui.engine.jobs import JobResult
from bertscope_tui.inspection.lens import read_lens
from bertscope_tui.inspection.marking import SamplesScored
from bertscope_tui.inspection.pipeline import phases as find_phases
from bertscope_tui.inspection.strip_views import no_phases_words
from bertscope_tui.tui.app import BertscopeApp
from tests.tiny_models import LABELS, copy_of, tiny_folder, tiny_model
from tests.tui import support
from tests.tui.support import (
    MEDIUM,
    SMALL,
    check_layout,
    messages_of,
    press,
    ready,
    settle,
    text_in,
    text_of,
    until,
    write_jsonl,
)

CONTEXT = (
    "The lantern maker walked to the mill. Mary carried a basket of pears. "
    "John left the kitchen and dropped the apple."
)


def records(count: int = 4, context: str = CONTEXT) -> list[dict[str, object]]:
    """Return records of our own format about one context."""
    return [
        {
            "id": f"q{n}",
            "question": f"Where did the lantern maker go {n} ?",
            "context": context,
            "answers": ["the mill"],
        }
        for n in range(count)
    ]


Make = Callable[..., BertscopeApp]


@pytest.fixture
def real_app() -> Iterator[Make]:
    """Make apps whose engines come to an end with the test."""
    apps: list[BertscopeApp] = []

    def make(*arguments: Any, **options: Any) -> BertscopeApp:
        apps.append(support.real_app(*arguments, **options))
        return apps[-1]

    yield make
    for app in apps:
        assert app.session.close(20.0), "the engine's thread did not end"


async def scored(pilot: Any, app: BertscopeApp, count: int) -> None:
    """Wait until so many samples have their marks."""
    await until(pilot, lambda: app.inspector.samples.scored >= count, "the marks")
    await settle(pilot)


@cache
def deep_model() -> Path:
    """Return a folder with a BERT of 24 layers, each as small as can be."""
    import tempfile

    import torch
    from transformers import AutoTokenizer, BertConfig, BertForQuestionAnswering

    folder = Path(tempfile.mkdtemp(prefix="bertscope-deep-"))
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder("bert"))
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=24,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=512,
    )
    BertForQuestionAnswering(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


async def test_a_model_and_a_data_set_are_opened_and_every_pane_is_filled(
    tmp_path: Path, real_app: Make
) -> None:
    app = real_app(tiny_folder("bert"), write_jsonl(tmp_path, records()))
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await scored(pilot, app, 4)
        screen = app.inspector
        extraction = app.session.extraction
        assert extraction is not None
        assert extraction.sample.id == "q0"
        assert extraction.layers == 2
        assert "layer 2/2" in text_in(screen.layer_bar)
        assert "The lantern maker walked" in text_in(screen.text)
        assert "◇ gold      the mill" in text_in(screen.text)
        assert f"tokens {len(extraction.tokens)}" in text_in(screen.tokens)
        assert " wrong of 4" in text_in(screen.samples)
        assert "of variance" in text_in(screen.scatter)
        assert "bert-span" in text_of(app).splitlines()[0]
        await press(pilot, "t", "e", "c", "home", "s")
        await ready(pilot)
        check_layout(app)
        assert messages_of(app) == ["special tokens shown"]
        await press(pilot, "escape", "escape", "j", "j")
        await until(pilot, lambda: app.session.pictures is not None, "the third sample")
        assert app.session.extraction is not None
        assert app.session.extraction.sample.id == "q2"


async def test_the_strips_are_the_phases_and_the_answers_of_the_open_sample(
    tmp_path: Path, real_app: Make
) -> None:
    app = real_app(tiny_folder("bert"), write_jsonl(tmp_path, records()))
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        for key in ("home", "j", "k"):
            await press(pilot, key)
            await ready(pilot)
            await until(pilot, lambda: app.session.settled, "the strips")
            extraction = app.session.extraction
            assert extraction is not None
            _, phases, answers, more, _ = text_in(app.inspector.layer_bar).split("\n")
            found = find_phases(extraction)
            assert (no_phases_words(found) in phases) == (not found.found)
            lens = read_lens(tiny_model("bert"), extraction)
            now = lens.layers[app.inspector.at_layer or 0]
            assert now is not None
            assert f" {now.probability:.2f}" in answers
            assert more.split()[2] == now.text.split()[0]
        assert not [note for note in app._notifications if note.severity == "error"]


async def test_the_sample_that_was_asked_for_is_opened_and_scored_first(
    tmp_path: Path, real_app: Make
) -> None:
    app = real_app(tiny_folder("bert"), write_jsonl(tmp_path, records(120)), sample="#100")
    first: list[str] = []
    handle = app.session.handle

    def watch(event: Any) -> None:
        if isinstance(event, JobResult) and isinstance(event.value, SamplesScored) and not first:
            first.extend(one.sample_id for one in event.value.scores)
        handle(event)

    app.session.handle = watch  # type: ignore[method-assign]
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert app.session.sample is not None
        assert app.session.sample.id == "q99"
        await scored(pilot, app, 2)
        assert "q99" in first


async def test_a_sample_that_there_is_none_of_is_reported_and_the_first_is_opened(
    tmp_path: Path, real_app: Make
) -> None:
    app = real_app(tiny_folder("bert"), write_jsonl(tmp_path, records(2)), sample="nosuch")
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        assert app.session.sample is not None
        assert app.session.sample.id == "q0"
        assert any("nosuch" in message for message in messages_of(app))


async def test_twenty_four_layers_are_all_projected_at_once(tmp_path: Path, real_app: Make) -> None:
    app = real_app(deep_model(), write_jsonl(tmp_path, records(1)))
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        assert app.session.pictures is not None
        assert app.session.pictures.projection.coordinates.shape[0] == 25
        await press(pilot, "2", "3", "g", "l", "l")
        assert "layer 24/24" in text_in(app.inspector.layer_bar)


async def test_a_long_context_is_shown_window_by_window(tmp_path: Path, real_app: Make) -> None:
    path = write_jsonl(tmp_path, records(1, context=" ".join([CONTEXT] * 12)))
    app = real_app(tiny_folder("bert"), path, max_tokens=96, stride=16)
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        extraction = app.session.extraction
        assert extraction is not None
        count, first = extraction.window.count, extraction.window.index
        assert count > 2
        assert first == extraction.window.best
        await press(pilot, "w")
        await ready(pilot)
        assert app.session.extraction is not None
        assert app.session.extraction.window.index == (first + 1) % count
        assert f"window {(first + 1) % count + 1}/{count}" in text_in(app.inspector.layer_bar)


async def test_a_classification_model_shows_its_label(tmp_path: Path, real_app: Make) -> None:
    app = real_app(tiny_folder("bert", "classification"), write_jsonl(tmp_path, records(2)))
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await scored(pilot, app, 2)
        extraction = app.session.extraction
        assert extraction is not None
        assert extraction.prediction is not None
        assert extraction.prediction.text in LABELS
        assert f"◆ {extraction.prediction.text}" in text_in(app.inspector.layer_bar)
        assert "answer" not in extraction.roles
        await press(pilot, "t")
        assert app.inspector.selected == 0, "without an answer in the text the first token"


async def test_a_bare_model_shows_hidden_states_and_says_that_it_predicts_nothing(
    tmp_path: Path, real_app: Make
) -> None:
    app = real_app(tiny_folder("gpt2", ""), write_jsonl(tmp_path, records(2)))
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        assert "no prediction" in text_in(app.inspector.layer_bar)
        assert any("no question-answering head" in message for message in messages_of(app))
        assert app.inspector.samples.scored == 0
        await press(pilot, "n", "left", "t")
        check_layout(app)


async def test_what_could_not_be_read_of_a_data_set_is_reported(
    tmp_path: Path, real_app: Make
) -> None:
    path = write_jsonl(tmp_path, [*records(2), {"id": "x", "question": "no context"}])
    app = real_app(tiny_folder("bert"), path)
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        (message,) = [m for m in messages_of(app) if "not everything could be read" in m]
        assert "1 records skipped" in message or "1 record skipped" in message
        assert "line 3" in message
        assert "context" in message
        assert app.inspector.samples.row_count == 2


async def test_a_model_that_cannot_be_opened_is_one_line_and_another_can_be_opened(
    tmp_path: Path, real_app: Make
) -> None:
    damaged = copy_of(tiny_folder("bert"), tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"no weights at all")
    app = real_app(damaged, write_jsonl(tmp_path, records(2)))
    async with app.run_test(size=MEDIUM) as pilot:
        await until(pilot, lambda: messages_of(app), "the error")
        (message,) = messages_of(app)
        assert message.startswith("that did not work: ")
        assert "damaged" in message
        assert "\n" not in message
        await until(pilot, lambda: app.session.sample is not None, "the data set")
        await press(pilot, "j", "t", "n", "home")
        assert "Where did the lantern maker go 1" in text_in(app.inspector.text)
        app.inspector.open_model(str(tiny_folder("bert")))
        await ready(pilot)
        assert app.session.extraction is not None
        assert app.session.extraction.sample.id == "q1"


@pytest.mark.parametrize("what", ["missing", "nothing usable", "only left out"])
async def test_a_data_set_that_cannot_be_opened_is_one_line_and_the_open_one_stays(
    tmp_path: Path, real_app: Make, what: str
) -> None:
    app = real_app(tiny_folder("bert"), write_jsonl(tmp_path, records(2)))
    other = tmp_path / "other.json"
    if what == "nothing usable":
        other.write_text('{"question": 1}\n', encoding="utf-8")
    elif what == "only left out":
        other.write_text(
            '[{"_id": "1", "question": "Is it ?", "answer": "yes", "type": "bridge", '
            '"supporting_facts": [["T", 0]], "context": [["T", ["It is so."]]], "level": "hard"}]',
            encoding="utf-8",
        )
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        app.session.open_dataset(other, None)
        await until(pilot, lambda: messages_of(app), "the error")
        await settle(pilot)
        assert "\n" not in messages_of(app)[0]
        if what != "only left out":
            assert app.inspector.samples.row_count == 2
            await press(pilot, "j")
            await ready(pilot)
            assert app.session.sample is not None
            assert app.session.sample.id == "q1"
        assert app.is_running


async def test_texts_of_every_kind_go_the_whole_way(tmp_path: Path, real_app: Make) -> None:
    texts = {
        "tiny": "a b c",
        "emoji": "👍🏽 the mill ❤️ 👨‍👩‍👧 was 🇩🇪 here",
        "wide": "北京 the mill 日本語のテキスト",
        "rtl": "שלום the mill مرحبا",
        "marks": "the mill e\u0301te\u0301 नमस्ते",
        "escapes": "the \x1b[31mmill\x1b[2J\x07 \x00\x9b5m [bold]x[/] \u202e end",
        "long": "the mill " + "was far away and the maker walked on ." * 2700,
    }
    path = write_jsonl(
        tmp_path,
        [
            {"id": name, "question": f"{text[:40]} ?", "context": text, "answers": []}
            for name, text in texts.items()
        ],
    )
    assert len(texts["long"]) > 100_000
    app = real_app(tiny_folder("bert"), path)
    async with app.run_test(size=SMALL) as pilot:
        for name in texts:
            await until(
                pilot,
                lambda name=name: (
                    app.session.pictures is not None
                    and app.session.pictures.extraction.sample.id == name
                ),
                f"sample {name}",
            )
            await settle(pilot)
            check_layout(app)
            await press(pilot, "j")


async def test_the_model_and_its_states_are_let_go_when_another_is_opened(
    tmp_path: Path, real_app: Make
) -> None:
    def alive(kind: str) -> int:
        gc.unfreeze()
        gc.collect()
        return sum(type(thing).__name__ == kind for thing in gc.get_objects())

    before = alive("BertForQuestionAnswering"), alive("ElectraForQuestionAnswering")
    app = real_app(tiny_folder("bert"), write_jsonl(tmp_path, records(1)))
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await scored(pilot, app, 1)
        app.inspector.open_model(str(tiny_folder("electra")))
        await ready(pilot)
        await scored(pilot, app, 1)
        assert alive("ElectraForQuestionAnswering") == before[1] + 1
        assert alive("BertForQuestionAnswering") == before[0]


async def test_of_many_samples_stepped_through_quickly_the_last_is_shown(
    tmp_path: Path, real_app: Make
) -> None:
    app = real_app(tiny_folder("bert"), write_jsonl(tmp_path, records(40)))
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        for _ in range(25):
            app.inspector.action_move_down()
        await ready(pilot)
        assert app.session.extraction is not None
        assert app.session.extraction.sample.id == "q25"
        assert "go 25" in text_in(app.inspector.text)
        app.inspector.open_model(str(tiny_folder("distilbert")))
        app.inspector.action_move_down()
        app.inspector.open_model(str(tiny_folder("electra")))
        app.inspector.action_move_down()
        await ready(pilot)
        assert app.session.extraction is not None
        assert app.session.extraction.sample.id == "q27"
        assert "Electra" in app.session.extraction.model.architecture
