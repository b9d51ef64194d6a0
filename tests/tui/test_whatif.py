"""Editing samples, going back and on, saving what was edited, answers without one layer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key, Paste

from bertscope_tui.data.open import open_dataset
from bertscope_tui.data.records import QASample
from bertscope_tui.engine.answers import Candidate, Prediction
from bertscope_tui.engine.skipping import Skipped
from bertscope_tui.inspection.whatif import outcome
from bertscope_tui.tui.screens.editor import EditorScreen
from bertscope_tui.tui.screens.pick import PickScreen
from bertscope_tui.tui.whatif import Before, History
from tests.tiny_models import tiny_folder
from tests.tui.fakes import dataset_of, extraction_of, model_info, sample_of
from tests.tui.snapshots import compare_text
from tests.tui.support import (
    MEDIUM,
    SMALL,
    check_layout,
    fake_app,
    messages_of,
    press,
    ready,
    real_app,
    settle,
    text_in,
    text_of,
    until,
    write_jsonl,
)

SAMPLES = [sample_of(n) for n in range(4)]


# -- histories -----------------------------------------------------------------------------


@given(st.lists(st.sampled_from(("edit", "undo", "redo")), max_size=40))
def test_undo_and_redo_return_the_very_samples(keys: Sequence[str]) -> None:
    record = sample_of(0)
    history = History.of(record, record)
    past, future, now = [], [], record
    for number, key in enumerate(keys):
        if key == "edit":
            past, future = [*past, now], []
            now = replace(record, question=f"edit {number} ?")
            history = history.edited(now, f"edit {number}")
        elif key == "undo":
            history = history.stepped(-1)
            if past:
                future, now, past = [now, *future], past[-1], past[:-1]
        else:
            history = history.stepped(1)
            if future:
                past, now, future = [*past, now], future[0], future[1:]
        assert history.now is now
        assert history.record is record
        assert [step.sample for step in history.steps] == [*past, now, *future]


# -- editing -------------------------------------------------------------------------------


async def edited_question(pilot, text: str = "Who ?") -> None:
    """Put another question in place of the open sample's and run it."""
    await press(pilot, "E", "ctrl+u", *("space" if c == " " else c for c in text), "ctrl+r")
    await ready(pilot)
    await settle(pilot)


async def test_another_question_is_asked_and_both_answers_are_shown() -> None:
    app, _ = fake_app(datasets=[dataset_of(SAMPLES)], wrong=["s0-edited"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        before = app.session.sample
        await edited_question(pilot)
        now = app.session.sample
        assert now is not None
        assert (now.question, now.id) == ("Who ?", "s0-edited")
        text = text_in(app.inspector.text)
        assert "* edit 1 of 1  question changed" in text
        assert "jetty p 0.75 ✓ F1 1.00 → [" in text
        assert "✗ F1 0.25]" in text
        assert "[-Where is thing 0-]{+Who+} ?" in text
        assert "(before: jetty p 0.75 ✓)" in text_in(app.inspector.layer_bar)
        assert "1/4" in text_in(app.inspector.status)
        assert "edit 1/1" in text_in(app.inspector.status)
        check_layout(app)

        await press(pilot, "u")
        await ready(pilot)
        assert app.session.sample is before
        text = text_in(app.inspector.text)
        assert "edit 0 of 1  as the data have it  (U goes on)" in text
        assert "{+" not in text
        assert "(edited: " in text_in(app.inspector.layer_bar)
        await press(pilot, "U")
        await ready(pilot)
        assert app.session.sample is now


async def test_marks_of_the_list_are_those_of_the_data_and_edited_samples_are_marked() -> None:
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)], wrong=["s0-edited"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await edited_question(pilot)
        lines = text_in(app.inspector.samples).split("\n")
        assert "✓ 1.00 * Where is thing 0 ?" in lines[1]
        assert "*" not in lines[2]
        assert "0 wrong of 4" in lines[-1]
        assert app.inspector.samples.cursor == 0
        assert app.session.dataset is not None
        assert list(app.session.dataset.samples) == SAMPLES
        assert [request.what for request in fake.requests if request.kind == "sample"] == [
            ("s0", None),
            ("s0-edited", None),
        ]


def before_of(sample: QASample) -> Before:
    """Return what the engine finds out about a sample before its edits."""
    extraction = extraction_of(sample)
    found = outcome(extraction.prediction, extraction.scores)
    return Before(((sample, found),), extraction, None)


async def test_edits_are_kept_while_other_samples_are_open() -> None:
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)])
    fake.derived["before"] = before_of(SAMPLES[0])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await edited_question(pilot)
        edited = app.session.sample
        await press(pilot, "j")
        await ready(pilot)
        assert app.session.sample is SAMPLES[1]
        assert "edit" not in text_in(app.inspector.status)
        assert "edit " not in text_in(app.inspector.text)
        assert fake.prefetched[-1] == ["s2", "s0-edited"]
        await press(pilot, "k")
        await until(pilot, lambda: app.session.sample is edited, "the edited sample")
        await ready(pilot)
        assert "jetty p 0.75 ✓ F1 1.00 → [" in text_in(app.inspector.text)
        await press(pilot, "enter")
        assert app.session.sample is edited


async def test_edits_are_kept_while_another_data_set_is_open_and_a_scan_shows_the_data() -> None:
    other = dataset_of([sample_of(9)], name="other", path="made/other.jsonl")
    app, fake = fake_app(datasets=[dataset_of(SAMPLES), other])
    fake.derived["before"] = before_of(SAMPLES[0])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await edited_question(pilot)
        edited = app.session.sample
        first, second = app.listing.datasets
        app.inspector.open_dataset(second)
        await until(pilot, lambda: app.session.dataset.name == "other", "the other data set")
        await ready(pilot)
        assert "edit" not in text_in(app.inspector.status)
        assert " * " not in text_in(app.inspector.samples)
        app.inspector.open_dataset(first)
        await until(pilot, lambda: app.session.sample is edited, "the edited sample")
        await ready(pilot)
        assert " * " in text_in(app.inspector.samples)
        # A scan was of what the data have, and so is what it leads to.
        app.what_if.rewind(SAMPLES[0])
        app.inspector.open_sample(SAMPLES[0])
        await ready(pilot)
        assert app.session.sample is SAMPLES[0]
        await press(pilot, "U")
        await ready(pilot)
        assert app.session.sample is edited


async def test_a_record_that_is_another_by_now_has_no_edits() -> None:
    app, _ = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await edited_question(pilot)
        again = replace(SAMPLES[0])
        assert app.what_if.now(again) is app.session.sample, "the same record, read again"
        changed = replace(SAMPLES[0], question="Another ?")
        assert app.what_if.now(changed) is changed
        assert app.what_if.edited_ids() == frozenset()


async def test_a_new_edit_takes_the_place_of_what_was_undone() -> None:
    app, _ = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await edited_question(pilot, "One ?")
        await edited_question(pilot, "Two ?")
        assert "edit 2 of 2" in text_in(app.inspector.text)
        await press(pilot, "u")
        await ready(pilot)
        await edited_question(pilot, "Three ?")
        assert "edit 2 of 2" in text_in(app.inspector.text)
        assert app.session.sample is not None
        assert app.session.sample.id == "s0-edited-3", "no id is given twice"
        await press(pilot, "U")
        assert "this is the last edit" in messages_of(app)
        await press(pilot, "u", "u", "u")
        assert "this is the sample as the data have it" in messages_of(app)
        assert app.session.sample is SAMPLES[0]


async def test_the_context_is_edited_and_its_change_marked() -> None:
    app, _ = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "E", "tab", *"Big", "space", "ctrl+r")
        await ready(pilot)
        assert app.session.sample is not None
        assert app.session.sample.context == f"Big {SAMPLES[0].context}"
        text = text_in(app.inspector.text)
        assert "context changed" in text
        assert "{+Big +}amber" in text
        answer = app.session.sample.answers[0]
        assert answer.span is not None
        assert answer.span.of(app.session.sample.context) == answer.text


async def test_the_editor_refuses_blank_texts_and_asks_before_it_drops_what_was_typed() -> None:
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        asked = len(fake.requests)
        await press(pilot, "E", "ctrl+u", "ctrl+r")
        assert "nothing but blanks" in text_of(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, EditorScreen)
        assert "Esc again drops it" in text_of(app)
        await press(pilot, "escape")
        assert app.screen is app.inspector
        await press(pilot, "E", "ctrl+r")
        assert app.screen is app.inspector
        await press(pilot, "E", "escape")
        assert app.screen is app.inspector
        assert len(fake.requests) == asked
        assert app.session.sample is SAMPLES[0]


async def test_keys_that_wait_together_take_effect_in_their_order() -> None:
    app, _ = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "E")
        keys = ["ctrl+u", *"Whx", "backspace", *"o?", "tab", *"AB", "left", "left", "delete"]
        for key in [*keys, "home", "escape", "!", "escape", "enter", "left", "delete", "ctrl+r"]:
            app.post_message(Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: app.screen is app.inspector, "the edit")
        await ready(pilot)
        sample = app.session.sample
        assert sample is not None
        assert sample.question == "Who?"
        assert sample.context == f"!B{SAMPLES[0].context}"


async def test_what_is_pasted_has_nothing_that_a_terminal_obeys() -> None:
    app, _ = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "E", "tab")
        app.post_message(Paste("one\x1b[31m\ttwo\n"))
        await settle(pilot)
        assert "\x1b" not in text_of(app)
        await press(pilot, "ctrl+r")
        await ready(pilot)
        assert app.session.sample is not None
        assert app.session.sample.context == f"one␛[31m two{SAMPLES[0].context}"


async def test_hostile_text_is_shown_harmless_in_the_editor_and_kept_as_it_is() -> None:
    context = "Mary\twent \x1b[31mred\u202e. [b]She[/b] ran.\nJohn slept."
    sample = sample_of(0, context=context, question="Who \x07?", answers=["Mary"])
    app, _ = fake_app(datasets=[dataset_of([sample])])
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "E")
        shown = text_of(app)
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "[b]She[/b]" in shown
        await press(pilot, "tab", "end", "!", "ctrl+r")
        await ready(pilot)
        assert app.session.sample is not None
        assert app.session.sample.context == f"{context}!"
        assert app.session.sample.question == sample.question
        assert "\x1b" not in text_of(app)


# -- striking out --------------------------------------------------------------------------


async def test_the_sentence_of_the_selected_token_is_struck_out() -> None:
    app, _ = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        extraction = app.session.extraction
        assert extraction is not None
        app.inspector.select(extraction.sentences.index(1))
        await press(pilot, "X")
        await ready(pilot)
        sample = app.session.sample
        assert sample is not None
        first, _, third = (span.of(SAMPLES[0].context) for span in SAMPLES[0].sentences)
        assert sample.context == f"{first}{third}"
        text = text_in(app.inspector.text)
        assert "sentence 2 struck out" in text
        assert "[-" in text
        assert "-]" in text


async def test_a_cursor_chooses_the_sentence_in_the_text_pane() -> None:
    app, _ = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "tab")
        assert app.inspector.active == "text"
        await press(pilot, "X")
        assert app.inspector.text.sentence == 0
        assert "sentence 1 of 3" in text_in(app.inspector.text)
        await press(pilot, "escape")
        assert app.inspector.text.sentence is None
        await press(pilot, "X", "down", "down", "down", "up")
        assert app.inspector.text.sentence == 1
        await press(pilot, "down", "X")
        await ready(pilot)
        assert app.session.sample is not None
        assert app.session.sample.id == "s0-edited"
        assert len(app.session.sample.sentences) == 2
        assert app.inspector.text.sentence is None
        await press(pilot, "X", "enter")
        await ready(pilot)
        assert len(app.session.sample.sentences) == 1
        await press(pilot, "X")
        assert messages_of(app)[-1] == "there is no other sentence that would be left"


async def test_elsewhere_a_list_chooses_the_sentence() -> None:
    app, _ = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "X")
        assert isinstance(app.screen, PickScreen)
        await press(pilot, "down", "down", "enter")
        await ready(pilot)
        assert app.session.sample is not None
        assert SAMPLES[0].context.startswith(app.session.sample.context.rstrip())
        assert len(app.session.sample.sentences) == 2


async def test_a_long_sentence_of_the_list_shows_that_it_goes_on() -> None:
    sample = sample_of(0, context=" ".join(f"{'word' * 10}{n}" for n in range(16)))
    app, _ = fake_app(datasets=[dataset_of([sample])])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "X")
        listed = text_in(app.screen.query_one("#pick"))
        assert listed.count("…") == 2, "one for each of the two sentences"
        assert "strike out a sentence" in text_of(app)


async def test_the_selected_word_stays_selected_and_the_view_as_near() -> None:
    app, _ = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        extraction = app.session.extraction
        assert extraction is not None
        word = max(n for n, sentence in enumerate(extraction.sentences) if sentence == 2)
        app.inspector.select(extraction.sentences.index(0))
        await press(pilot, "3", "g", "X")
        await ready(pilot)
        assert app.inspector.selected is None, "its sentence is gone"
        await press(pilot, "u")
        await ready(pilot)
        app.inspector.select(word)
        await press(pilot, "plus", "U")
        await ready(pilot)
        now, selected = app.session.extraction, app.inspector.selected
        assert now is not None
        assert selected is not None
        assert now.tokens[selected].text == extraction.tokens[word].text
        assert selected == word - 8
        assert app.inspector.scatter.zoom > 1
        assert app.inspector.at_layer == 3


async def test_words_are_listed_by_how_far_they_moved() -> None:
    app, _ = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "M")
        assert "nothing to compare" in messages_of(app)[-1]
        app.inspector.select(8)
        await press(pilot, "X")
        await ready(pilot)
        await press(pilot, "M")
        assert "moved most at layer 12" in text_of(app)
        assert re.search(r"moved \d+\.\d\d, (question|sentence \d)", text_of(app))
        await press(pilot, "enter")
        assert app.inspector.selected is not None
        await press(pilot, "u", "M")
        assert "U goes on to the edit" in messages_of(app)[-1]


async def test_while_the_answer_after_the_edit_is_on_its_way_m_says_so() -> None:
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)])
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        app.inspector.select(8)
        fake.held.add("sample")
        await press(pilot, "X", "M")
        assert messages_of(app)[-1] == "before and after are still on their way"


# -- pictures ------------------------------------------------------------------------------


STORY = (
    "The lantern maker walked to the mill. Mary carried a basket of pears. "
    "John left the kitchen and dropped the apple."
)


def records(count: int = 2) -> list[dict[str, object]]:
    """Return records of our own format about one story."""
    return [
        {"id": f"q{n}", "question": f"Where is Mary {n} ?", "context": STORY, "answers": ["mill"]}
        for n in range(count)
    ]


async def test_pictures_before_and_after_lie_on_each_other_and_edits_go_to_another_model(
    tmp_path: Path,
) -> None:
    import numpy as np

    app = real_app(tiny_folder("bert"), write_jsonl(tmp_path, records()))
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await until(pilot, lambda: app.session.settled, "everything")
        await press(pilot, "X", "down", "enter")
        await until(pilot, lambda: app.session.pictures is not None, "the pictures")
        now, kept = app.session.pictures, app.what_if.outcome(app.session.dataset.samples[0])
        words = dict(app.what_if.moved().pairs)
        await press(pilot, "u")
        await until(pilot, lambda: app.session.pictures is not None, "the pictures")
        old = app.session.pictures
        ours, theirs = [], []
        for one, other in words.items():
            ours.append(now.projection.coordinates[:, now.projection.shown.tolist().index(other)])
            theirs.append(old.projection.coordinates[:, old.projection.shown.tolist().index(one)])
        for layer in range(now.extraction.layers + 1):
            x = np.array([row[layer] for row in ours], dtype=float)
            y = np.array([row[layer] for row in theirs], dtype=float)
            overlap = (x - x.mean(axis=0)).T @ (y - y.mean(axis=0))
            np.testing.assert_allclose(overlap, overlap.T, atol=1e-2)  # as far as turning goes
            assert np.linalg.eigvalsh((overlap + overlap.T) / 2).min() >= -1e-2
        await press(pilot, "U")
        await ready(pilot)

        app.inspector.open_model(str(tiny_folder("roberta")))
        await until(pilot, lambda: app.session.settled and app.session.pictures, "the other model")
        await settle(pilot)
        assert app.session.sample.id == "q0-edited"
        assert app.session.extraction.model.name != kept
        other = app.what_if.outcome(app.session.dataset.samples[0])
        assert other is not None
        assert f"{other.text} p {other.probability:.2f}" in text_in(app.inspector.text)
        assert app.what_if.moved() is not None


async def test_pictures_by_another_method_are_turned_onto_those_before_as_well(
    tmp_path: Path,
) -> None:
    import numpy as np

    from bertscope_tui.inspection.pipeline import project
    from bertscope_tui.inspection.whatif import common_tokens, turned_onto

    app = real_app(tiny_folder("bert"), write_jsonl(tmp_path, records()))
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        before = app.session.extraction
        assert before is not None
        await press(pilot, "X", "down", "enter")
        await until(pilot, lambda: app.session.settled and app.session.pictures, "the edit")
        seen = set()
        for _ in range(4):
            now = app.session.pictures
            assert now is not None
            seen.add((now.choice.recipe.method, now.choice.recipe.fit))
            if now.choice.recipe.method != "tsne":
                fresh = project(now.extraction, now.choice.recipe)
                words = common_tokens(before, now.extraction)
                expected = turned_onto(fresh, project(before, now.choice.recipe), words)
                np.testing.assert_allclose(
                    now.projection.coordinates, expected.projection.coordinates, atol=1e-4
                )
            await press(pilot, "v")
            await until(pilot, lambda: app.session.settled and app.session.pictures, "pictures")
            await settle(pilot)
        assert len(seen) == 4


# -- saving --------------------------------------------------------------------------------


async def typed(pilot, text: str) -> None:
    """Type into the field that keys go to, in place of what is there."""
    await press(pilot, "ctrl+u", *text)


async def test_edited_samples_are_saved_to_a_data_set_that_opens(tmp_path: Path) -> None:
    app, _ = fake_app(datasets=[dataset_of(SAMPLES)])
    path = tmp_path / "mine.jsonl"
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "S")
        assert "nothing is edited" in messages_of(app)[-1]
        await edited_question(pilot)
        await press(pilot, "j")
        await ready(pilot)
        await press(pilot, "X", "down", "enter")
        await ready(pilot)
        await press(pilot, "S")
        check_words = text_of(app)
        assert "save edited samples" in check_words
        assert "the one that is open" in check_words
        await typed(pilot, str(path))
        await press(pilot, "enter")
        await until(pilot, path.exists, "the file")
        await until(pilot, lambda: "d opens it" in " ".join(messages_of(app)), "the word")
        kept = open_dataset(path)
        assert [one.id for one in kept.samples] == ["s1-edited"]
        assert kept.samples[0].context == app.session.sample.context
        assert path in {one.path for one in app.listing.datasets}

        await press(pilot, "S")
        await typed(pilot, str(path))
        await press(pilot, "down", "right", "enter")
        assert "it is there already" in text_of(app)
        await press(pilot, "down", "right", "enter")
        await until(pilot, lambda: len(messages_of(app)) > 2, "an answer")
        assert "has a sample 's1-edited' already" in " ".join(messages_of(app))
        await press(pilot, "S")
        await typed(pilot, str(path))
        await press(pilot, "down", "right", "down", "right", "right", "enter")
        await until(pilot, lambda: len(open_dataset(path).samples) == 2, "both samples")
        kept = open_dataset(path)
        assert [(one.id, one.question) for one in kept.samples] == [
            ("s0-edited", "Who ?"),
            ("s1-edited", "Where is thing 1 ?"),
        ]


async def test_a_file_of_another_kind_a_folder_and_the_open_data_are_not_written(
    tmp_path: Path,
) -> None:
    path = write_jsonl(tmp_path, records())
    app, _ = fake_app(datasets=[dataset_of(SAMPLES, path=str(path))])
    (tmp_path / "folder.jsonl").mkdir()
    before = path.read_text("utf-8")
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await edited_question(pilot)
        await press(pilot, "S")
        await typed(pilot, "a.csv")
        await press(pilot, "enter")
        assert "the name ends in .jsonl" in text_of(app)
        await typed(pilot, str(tmp_path / "folder.jsonl"))
        await press(pilot, "enter")
        assert "this is a folder" in text_of(app)
        await typed(pilot, str(path))
        await press(pilot, "down", "down", "left", "enter")
        assert "the data set that is open" in text_of(app)
        await press(pilot, "escape")
        assert app.screen is app.inspector
    assert path.read_text("utf-8") == before


# -- skipping ------------------------------------------------------------------------------


def skipped(layers: int = 12) -> tuple[Skipped, ...]:
    """Return answers without each layer: those without an even one survive."""
    made = []
    for layer in (None, *range(1, layers + 1)):
        same = layer is None or layer % 2 == 0
        best = Candidate("jetty" if same else "barn", None, 0.75 if same else 0.38, 0)
        made.append(Skipped(layer, Prediction(best.text, None, best.probability, 0, (best,)), same))
    return tuple(made)


@pytest.mark.parametrize("size", [(60, 20), SMALL, MEDIUM])
async def test_answers_without_each_layer_stand_under_the_ticks(size: tuple[int, int]) -> None:
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)])
    fake.derived["skipping"] = skipped()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        lines = len(text_in(app.inspector.layer_bar).split("\n"))
        await press(pilot, "I")
        bar = text_in(app.inspector.layer_bar).split("\n")
        assert len(bar) == lines + 1
        strip = bar[-2]
        assert strip.startswith(" without")
        ticks = [place for place, sign in enumerate(bar[0]) if sign in "┼●"]
        assert [strip[place] for place in ticks] == [" ", *"·●·●·●·●·●·●"]
        assert "jetty 0.75" in strip
        await press(pilot, "1", "1", "g")
        strip = text_in(app.inspector.layer_bar).split("\n")[-2]
        assert "barn 0.38" in strip
        assert "other" in strip
        if size == MEDIUM:
            assert "without layer 11: barn 0.38, other" in strip
        check_layout(app)
        await press(pilot, "home")
        assert "jetty 0.75" in text_in(app.inspector.layer_bar).split("\n")[-2]
        await press(pilot, "I")
        assert len(text_in(app.inspector.layer_bar).split("\n")) == lines
        await press(pilot, "I", "j")
        await ready(pilot)
        assert len(text_in(app.inspector.layer_bar).split("\n")) == lines


async def test_an_edited_sample_as_a_whole_in_ascii() -> None:
    samples = [sample_of(n, words=48) for n in range(8)]
    app, fake = fake_app(
        datasets=[dataset_of(samples)], wrong=["s0-edited"], options={"ascii": True}
    )
    fake.derived["skipping"] = skipped()
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "X", "down", "down", "enter")
        await ready(pilot)
        await press(pilot, "I", "7", "g")
        app.inspector.text.scroll_home(animate=False)
        await settle(pilot)
        assert text_of(app).isascii()
        compare_text(app, "edited-ascii")


async def test_skipping_can_be_cancelled_and_says_how_far_it_is() -> None:
    app, fake = fake_app(datasets=[dataset_of(SAMPLES)], held=["skipping"])
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "I")
        assert "0 of 13" in text_in(app.inspector.layer_bar)
        assert "answering without each layer" in text_in(app.inspector.status)
        await press(pilot, "escape")
        fake.answer(fake.last("skipping"))
        await settle(pilot)
        assert "stopped" in text_in(app.inspector.layer_bar)
        assert "cancelled: answering without each layer" in messages_of(app)
        await press(pilot, "I")
        assert "without" not in text_in(app.inspector.layer_bar)


async def test_a_model_without_a_head_has_no_answer_that_could_survive() -> None:
    app, _ = fake_app(datasets=[dataset_of(SAMPLES)], models=[model_info(head=None)])
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await press(pilot, "I")
        assert "this model makes no prediction that could survive" in messages_of(app)
        await edited_question(pilot)
        assert "(no prediction)" not in text_in(app.inspector.layer_bar)
        assert app.session.sample.question == "Who ?"


@pytest.mark.parametrize(
    ("kind", "head"), [("bert", "span"), ("bert", "classification"), ("gpt2", "span")]
)
async def test_skipping_no_layer_is_the_prediction(tmp_path: Path, kind: str, head: str) -> None:
    app = real_app(tiny_folder(kind, head), write_jsonl(tmp_path, records()))
    async with app.run_test(size=MEDIUM) as pilot:
        await ready(pilot)
        await press(pilot, "I")
        await until(pilot, lambda: app.session.settled, "the layers")
        await settle(pilot)
        strip = app.inspector._skip_strip()
        prediction = app.session.extraction.prediction
        assert [one.layer for one in strip.found] == [
            None,
            *range(1, app.session.extraction.layers + 1),
        ]
        assert strip.at(None).prediction.text == prediction.text
        assert strip.at(None).prediction.probability == pytest.approx(
            prediction.probability, abs=1e-6
        )
        await press(pilot, "X", "enter")
        await until(pilot, lambda: app.session.settled and app.session.pictures, "the edit")
        assert app.inspector._skip_strip() is None


async def test_nothing_can_be_edited_before_a_sample_is_open() -> None:
    app, _ = fake_app(held=["dataset"])
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "E", "X", "u", "S", "I")
        assert app.screen is app.inspector
        assert "no sample is open" in messages_of(app)


async def test_a_sample_that_is_on_its_way_is_said_to_be() -> None:
    app, fake = fake_app(held=["sample"])
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "I")
        assert messages_of(app)[-1] == "the sample is still on its way"
        fake.answer(fake.last("sample"))
        await settle(pilot)
